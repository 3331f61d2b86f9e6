"""The check before posting gives the answer of the later sync, at once, and asks nobody but the ledger."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest

from domain.delivery import Listing
from domain.errors import Unreadable
from domain.flows.project_journal_to_direct_cost import NOT_BUDGET
from domain.values import BUSINESS_CENTRAL, Json
from hub.operations.validate import Answer, document_of, validate
from hub.records import canonical_json
from hub.report import ExitStatus, Halted
from tests.journeys.harness import COMMENT, World, line, sqlite, world
from tests.journeys.journals import FLOW as JOURNAL
from tests.journeys.journals import entered, journal_line
from tests.journeys.quick import quick

pytestmark = [pytest.mark.journey, pytest.mark.requirement("BX-14", "C-07")]

ORDER = "purchase-order-to-commitment"
DOCUMENTS = 40
JOBS = ("JOB1", "JOB1", "JOB1", "OFF", "NEVER", "")


@asynccontextmanager
async def company(tmp_path: Path, **connection: Any) -> AsyncIterator[World]:
    """A project that is carried, one whose flag was taken back, and one that never had it."""
    async with world(sqlite(tmp_path), **connection) as it:
        it.basics(vendors=("V1",))
        it.vendor("V2", in_procore=False)
        for number in ("JOB1", "OFF", "NEVER"):
            it.project(number, tasks=("01-100",), segments=("SITE",), sendToProcore=number != "NEVER")
        it.task("JOB1", "09-999", kind="Total")
        await it.settle()
        it.update("projects", {"number": "OFF"}, sendToProcore=False)
        await it.settle()
        yield it


async def asked(it: World, flow: str, *documents: object, body: bytes | None = None) -> Answer:
    """The answer of a hub that reaches nobody."""
    question = documents[0] if len(documents) == 1 else {"items": list(documents)}
    places = it.places()
    async with it.hub() as hub:
        answer = await validate(hub, "main", flow, canonical_json(question) if body is None else body)
    assert it.places() == places
    return answer


async def rows(it: World, entity_set: str, expand: str = "") -> list[Json]:
    """All rows of a set as the connector API shows them."""
    query = (("$expand", expand),) if expand else ()
    async with it.hub() as hub, hub.pair("main") as pair:
        return await pair.targets[BUSINESS_CENTRAL].list(Listing(entity_set, BUSINESS_CENTRAL, entity_set, query))


async def outcome(it: World, flow: str) -> Mapping[str, tuple[str, list[str]]]:
    """State and reasons of every record after the sync, by its id in the source."""
    found = await it.ask(
        "SELECT r.source_id, s.state, s.reasons FROM record_state s JOIN record r ON r.record = s.record"
        " WHERE s.flow = ?",
        flow,
    )
    return {row[0]: (row[1], msgspec.json.decode(row[2])) for row in found}


def against(state: str, reasons: list[str]) -> list[str]:
    """What the sync says against a record; waiting and being left out on purpose is nothing against it."""
    said = state in ("rejected", "conflict") or (state == "excluded" and reasons == ["project flag off"])
    return reasons if said else []


def some_line(chance: Random) -> dict[str, Any]:
    given = line(
        chance.choice(("01-100", "01-100", "01-100", "09-999", "")),
        chance.choice(("SITE", "SITE", "SITE", "")),
        chance.choice(("M", "L", "")),
        chance.choice(("1", "2.5")),
        chance.choice(("10", "0.01")),
        sendToProcore=chance.random() < 0.8,
    )
    return dict(COMMENT) if chance.random() < 0.1 else given


def some_entry(chance: Random, at: int) -> dict[str, Any]:
    return journal_line(
        chance.choice(("100", "0.01", "0", "-5")),
        entryType=chance.choice(("Budget", "Budget", "Budget", "Usage")),
        jobNumber=chance.choice(JOBS),
        jobTaskNumber=chance.choice(("01-100", "01-100", "09-999", "")),
        segmentCode=chance.choice(("SITE", "SITE", "")),
        costTypeCode=chance.choice(("M", "L", "")),
        documentNumber=f"J{at:04}",
        sendToProcore=chance.random() < 0.9,
    )


@pytest.mark.parametrize("seed", [1, 2])
@quick
async def test_orders_get_the_answer_of_the_later_sync(tmp_path: Path, seed: int) -> None:
    async with company(tmp_path) as it:
        chance = Random(seed)
        for at in range(DOCUMENTS):
            lines = [some_line(chance) for _ in range(chance.randint(1, 3))]
            vendor, job = chance.choice(("V1", "V1", "V2", "")), chance.choice(JOBS)
            it.order(f"PO{at:02}", job, lines, vendor=vendor, older=True, sendToProcore=chance.random() < 0.9)
        documents = await rows(it, "purchaseOrders", "purchaseOrderLines")
        answers = {row["id"]: await asked(it, ORDER, row) for row in documents}
        await it.sync()
        states = await outcome(it, ORDER)

        told = {id_: [each.message for each in answer.failures] for id_, answer in answers.items()}
        assert told == {id_: against(*states.get(id_, ("", []))) for id_ in answers}
        assert len({tuple(each) for each in told.values()}) > 8
        assert {answer.valid for answer in answers.values()} == {True, False}


@pytest.mark.requirement("PP-44", "PP-45", "PP-46", "PP-47", "PP-48", "PP-49")
@pytest.mark.parametrize("negative", [False, True])
@quick
async def test_entries_get_the_answer_of_the_later_sync(tmp_path: Path, negative: bool) -> None:  # noqa: FBT001 - a setting
    async with company(tmp_path, flows={JOURNAL: {"allow_negative": negative}}) as it:
        chance = Random(7)
        entered(it, *(some_entry(chance, at) for at in range(DOCUMENTS)))
        documents = await rows(it, "projectLedgerEntries")
        answers = {row["id"]: await asked(it, JOURNAL, row) for row in documents}
        await it.sync()
        states = await outcome(it, JOURNAL)

        told = {id_: [each.message for each in answer.failures] for id_, answer in answers.items()}
        assert told == {id_: against(*states.get(id_, ("", []))) for id_ in answers}
        assert len({tuple(each) for each in told.values()}) > 6
        assert {answer.valid for answer in answers.values()} == {True, False}


@pytest.mark.requirement("PP-49")
@quick
async def test_a_batch_goes_whole_or_not_at_all(tmp_path: Path) -> None:
    async with company(tmp_path) as it:
        entered(it, journal_line("10"), journal_line("20"), journal_line("30", entryType="Usage"))
        documents = await rows(it, "projectLedgerEntries")
        batch = await asked(it, JOURNAL, *documents)
        good = await asked(it, JOURNAL, *documents[:2])
        await it.sync()
        states = await outcome(it, JOURNAL)
        # Once the ledger knows the bad one, its group is as it is.
        later = await asked(it, JOURNAL, *documents[:2])

        assert [(each.item, each.rule, each.message) for each in batch.failures] == [(2, "PP-44", NOT_BUDGET)]
        assert good.valid
        assert {state for state, _ in states.values()} == {"rejected"}
        assert [(each.item, each.message) for each in later.failures] == [(0, NOT_BUDGET), (1, NOT_BUDGET)]


@pytest.mark.requirement("PP-44")
@quick
async def test_a_journal_is_checked_before_it_is_posted(tmp_path: Path) -> None:
    async with company(tmp_path) as it:
        fields = {**journal_line("10"), "amount": Decimal(10)}
        batch = {
            "name": "DEFAULT",
            "projectJournalLines": [
                {**fields, "lineNumber": 10000},
                {**fields, "lineNumber": 20000, "entryType": "Usage", "amount": Decimal(-5)},
            ],
        }
        answer = await asked(it, JOURNAL, batch)

        assert document_of(answer) == {
            "valid": False,
            "failures": [
                {"item": 0, "line": 20000, "field": "Entry Type", "rule": "PP-44", "message": NOT_BUDGET},
                {
                    "item": 0,
                    "line": 20000,
                    "field": "Amount",
                    "rule": "PP-48",
                    "message": "Amount is -5.00; it must be greater than 0",
                },
            ],
        }
        assert await it.ask("SELECT 1 FROM record WHERE kind = 'journal_entry'") == []


@pytest.mark.requirement("BX-17")
@quick
async def test_the_own_currency_is_known_without_asking(tmp_path: Path) -> None:
    async with company(tmp_path) as it:
        fields = {**journal_line("10"), "amount": Decimal(10)}
        foreign = await asked(it, JOURNAL, {**fields, "currencyCode": "EUR"})
        own = await asked(it, JOURNAL, {**fields, "currencyCode": "USD"})

        assert [(each.rule, each.field) for each in foreign.failures] == [("BX-17", "Currency Code")]
        assert own.valid


@quick
async def test_a_flow_that_is_off_stands_in_the_way_of_nothing(tmp_path: Path) -> None:
    async with company(tmp_path, flows={JOURNAL: {"enabled": False}}) as it:
        assert (await asked(it, JOURNAL, journal_line("0", entryType="Usage"))).valid


@quick
async def test_every_flow_from_business_central_answers(tmp_path: Path) -> None:
    async with company(tmp_path) as it:
        it.order("PO1", "JOB1", [line("01-100", "SITE", "M")], release=True)
        sets = {
            "vendor-to-company": "vendors",
            "cost-type-to-line-item-type": "costTypes",
            "segment-to-segment-item": "segments",
            "project-to-project": "projects",
            "project-segment-to-sub-job": "projectSegments",
            "project-task-to-cost-code": "projectTasks",
        }
        for flow, entity_set in sets.items():
            states = await outcome(it, flow)
            documents = await rows(it, entity_set)
            answer = await asked(it, flow, *documents)
            told = [(each.item, each.message) for each in answer.failures]
            wanted = [
                (item, reason)
                for item, row in enumerate(documents)
                for reason in against(*states.get(row["id"], ("", [])))
            ]
            assert told == wanted, flow


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "no JSON"),
        (b"{", "no JSON"),
        (b"[]", "one entity"),
        (b'"text"', "one entity"),
        (b'{"items": {}}', "one entity"),
        (b'{"items": [1]}', "item 0 is no object"),
        (b'{"items": [{}, {"quantity": "many"}]}', 'item 1: "quantity"'),
        (b'{"id": "no guid"}', "no GUID"),
        (b'{"sendToProcore": "yes"}', "neither true nor false"),
        (b'{"projectJournalLines": [3]}', "no list of objects"),
        (b'{"projectJournalLines": null}', "no list of objects"),
        (b'{"jobNumber": ["JOB1"]}', "is a list"),
        (b"\xff\xfe", "no JSON"),
    ],
)
@quick
async def test_what_cannot_be_read_is_said_to_be_so(tmp_path: Path, body: bytes, words: str) -> None:
    async with world(sqlite(tmp_path)) as it:
        with pytest.raises(Unreadable, match=words):
            await asked(it, JOURNAL, body=body)


@pytest.mark.parametrize("body", [b"{}", b'{"items": [{}, {}]}', b'{"amount": null}', b'{"amount": 1e300}'])
@pytest.mark.parametrize("flow", [ORDER, JOURNAL])
@quick
async def test_documents_without_fields_are_answered_or_refused_but_never_a_fault(
    tmp_path: Path, flow: str, body: bytes
) -> None:
    async with world(sqlite(tmp_path)) as it:
        try:
            answer = await asked(it, flow, body=body)
        except Unreadable:
            return
        assert not answer.valid


@quick
async def test_an_unknown_flow_or_connection_is_wrong_use(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it, it.hub() as hub:
        for connection, flow in (("main", "nonsense"), ("main", "time-sheet-to-crew-time-sheet"), ("other", ORDER)):
            with pytest.raises(Halted) as refused:
                await validate(hub, connection, flow, b"{}")
            assert refused.value.status == ExitStatus.WRONG_USE
