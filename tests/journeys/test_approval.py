"""The accounting gate: nothing is sent before a person accepted exactly that, and then it is sent once."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import anyio
import pytest

from adapters.sandbox.request_log import Entry
from domain.errors import Misconfigured
from hub.operations.approvals import ApprovalFilter, Request, Review, counted, listed, review
from hub.operations.approving import Answer, approve, decide_all, decide_many, decline, resend, retrieve, status_of
from hub.report import ExitStatus, Halted
from tests.journeys.cli import called, written
from tests.journeys.death import PHASES, Fate, Phase
from tests.journeys.harness import World, differences, line, sqlite, world
from tests.journeys.quick import quick, run
from tests.journeys.test_killed import died

pytestmark = pytest.mark.journey

FLOW = "purchase-order-to-commitment"
GATE: Mapping[str, Any] = {FLOW: {"approval": "approver"}}
FOUR_EYES: Mapping[str, Any] = {FLOW: {"approval": "approver", "four_eyes": True}}
ANN, BOB = "user:ann", "user:bob"


def made_for_orders(it: World, since: int = 0) -> list[Entry]:
    """Writes to contracts, and to what is made only because an order needs it: budget codes, the project's vendors."""
    own = ("_contracts", "wbs_codes", "vendors/actions/add", "/vendors")
    return [entry for entry in it.writes(since=since) if any(each in entry.path for each in own)]


async def waiting(it: World, **wanted: Any) -> list[Request]:
    async with it.hub() as hub:
        return (await listed(hub, ApprovalFilter(**wanted))).items


async def look(it: World, id_: str = "PO1", actor: str = ANN) -> Review:
    async with it.hub() as hub:
        return await review(hub, id_, actor)


async def accept(it: World, id_: str = "PO1", actor: str = ANN, **more: str) -> Answer:
    async with it.hub() as hub:
        return await approve(hub, id_, actor=actor, **more)


async def refuse(it: World, comment: str, id_: str = "PO1", actor: str = ANN) -> Answer:
    async with it.hub() as hub:
        return await decline(hub, id_, actor=actor, comment=comment)


@pytest.mark.requirement("C-28", "ER-10", "ER-29", "BX-03")
@quick
async def test_nothing_is_sent_for_an_order_before_it_is_accepted_and_then_exactly_that(tmp_path: Path) -> None:
    free, gated = tmp_path / "free", tmp_path / "gated"
    free.mkdir()
    gated.mkdir()
    async with world(sqlite(free)) as it:
        it.typical()
        await it.sync()
        wanted = it.exports()
    async with world(sqlite(gated), flows=GATE) as it:
        it.typical()
        report = await it.sync()

        assert report.status == ExitStatus.DONE
        assert report.document["states"][FLOW] == {"awaiting-approval": 1}
        assert made_for_orders(it) == []
        assert "waits for an accounting approver" in await it.reasons("PO1")

        (request,) = await waiting(it)
        answer = await accept(it, request.id, hash=request.hash, comment="fine")
        assert (answer.done, answer.outcome) == (True, "accepted")
        assert (await it.sync()).status == ExitStatus.DONE
        assert await it.state("PO1") == "synced"
        assert differences(it.exports(), wanted) == []
        assert [each.state for each in await waiting(it)] == ["exported"]


@pytest.mark.requirement("C-28", "ER-29")
@quick
async def test_what_waits_is_asked_once_however_many_rounds_pass(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path), flows=GATE) as it:
        it.typical()
        await it.sync()
        places = it.places()
        await it.sync()
        await it.sync(full=True)

        assert it.written(places) == 0
        assert await it.ask("SELECT COUNT(*) FROM event_log WHERE event LIKE 'approval%'") == [(1,)]


@pytest.mark.requirement("ER-10")
@quick
async def test_a_review_shows_the_document_its_total_and_every_row_that_will_be_sent(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path), flows=GATE) as it:
        it.typical()
        await it.sync()
        found = await look(it)

        assert found.request.amount == found.document.total == "40.02"
        assert found.document.header["vendorNumber"] == "V1"
        assert [row["body"].get("amount") for row in found.parts] == [None, "20.00", "20.02", None]
        assert found.parts[0]["body"]["vendor_id"] == "@vendor V1"
        assert found.parts[-1]["body"] == {"status": "Approved"}
        assert (found.whole, found.differences) == (True, [])
        assert found.allowed == {
            "accept": "",
            "decline": "",
            "retrieve": "",
            "resend": "it lies before the approvers already",
        }


@pytest.mark.requirement("C-28", "ER-29")
@quick
async def test_a_change_between_the_look_and_the_word_is_refused_and_asked_anew(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path), flows=GATE) as it:
        it.typical(release=False)
        await it.sync()
        seen = (await look(it)).request.hash
        it.update("purchaseOrders", {"number": "PO1"}, yourReference="Concrete, again")
        await it.sync()
        answer = await accept(it, hash=seen)

        assert (answer.done, answer.outcome, status_of([answer])) == (False, "changed", ExitStatus.CHANGED)
        await it.sync()
        assert made_for_orders(it) == []

        found = await look(it)
        assert found.request.hash != seen
        assert found.request.why == "what was requested changed"
        assert (await accept(it, hash=found.request.hash)).done
        await it.sync()
        assert [row["title"] for row in it.contracts()] == ["Concrete, again"]


@pytest.mark.requirement("C-28")
@quick
async def test_a_change_that_nobody_read_before_the_word_is_not_sent_under_it(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path), flows=GATE) as it:
        it.typical(release=False)
        await it.sync()
        it.update("purchaseOrderLines", {"lineNumber": 10000}, quantity=Decimal(900))
        assert (await accept(it)).done
        await it.sync()

        assert made_for_orders(it) == []
        assert await it.state("PO1") == "awaiting-approval"
        assert (await look(it)).request.why == "what was accepted changed"


@pytest.mark.requirement("ER-29")
@quick
async def test_a_declined_order_is_not_sent_until_it_changes_and_is_accepted(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path), flows=GATE) as it:
        it.typical(release=False)
        await it.sync()
        with pytest.raises(Halted, match="needs a comment"):
            await refuse(it, "  ")
        assert (await refuse(it, "wrong cost type")).done
        report = await it.sync(full=True)

        assert report.status == ExitStatus.DONE
        assert made_for_orders(it) == []
        assert "declined by user:ann: wrong cost type" in await it.reasons("PO1")
        assert [(each.state, each.comment) for each in await waiting(it)] == [("declined", "wrong cost type")]

        it.update("purchaseOrderLines", {"lineNumber": 10000}, costTypeCode="L")
        await it.sync()
        assert [each.state for each in await waiting(it)] == ["ready"]
        assert [step.deed for step in (await look(it)).story] == ["requested", "declined", "requested"]
        assert (await accept(it)).done
        await it.sync()
        assert await it.state("PO1") == "synced"


@pytest.mark.requirement("ER-29")
@quick
async def test_a_source_that_moves_and_comes_back_stays_declined(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path), flows=GATE) as it:
        it.typical(release=False)
        await it.sync()
        await refuse(it, "not this month")
        for title in ("other", ""):
            it.update("purchaseOrders", {"number": "PO1"}, yourReference=title)
            if title:
                continue
            await it.sync()

        assert [each.state for each in await waiting(it)] == ["declined"]
        assert made_for_orders(it) == []


@pytest.mark.requirement("ER-29")
@quick
async def test_what_was_retrieved_or_declined_can_be_sent_again_as_it_is(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path), flows=GATE) as it:
        it.typical()
        await it.sync()
        async with it.hub() as hub:
            assert (await retrieve(hub, "PO1", actor=BOB)).done
            assert (await approve(hub, "PO1", actor=ANN)).outcome == "decided"
            assert (await resend(hub, "PO1", actor=BOB)).done
            assert (await decline(hub, "PO1", actor=ANN, comment="who is this for")).done
            assert (await resend(hub, "PO1", actor=BOB, comment="gate 3")).done
            (request,) = (await listed(hub, ApprovalFilter(states=("resent",)))).items
            assert (request.requested_by, request.comment) == (BOB, "gate 3")
            assert (await approve(hub, "PO1", actor=ANN)).done
            assert (await retrieve(hub, "PO1", actor=BOB)).outcome == "decided"
        await it.sync()

        assert await it.state("PO1") == "synced"
        assert len(it.contracts()) == 1


@pytest.mark.requirement("ER-29")
@quick
async def test_of_taking_back_and_accepting_at_once_exactly_one_counts(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path), flows=GATE) as it:
        it.typical()
        await it.sync()
        answers: list[Answer] = []

        async def ann() -> None:
            answers.append(await accept(it))

        async def bob() -> None:
            async with it.hub() as hub:
                answers.append(await retrieve(hub, "PO1", actor=BOB))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ann)
            tasks.start_soon(bob)
        await it.sync()

        assert sorted(answer.done for answer in answers) == [False, True]
        won = next(answer.outcome for answer in answers if answer.done)
        assert len(it.contracts()) == (1 if won == "accepted" else 0)


@pytest.mark.requirement("BX-20", "ER-29")
@quick
async def test_with_four_eyes_nobody_accepts_what_they_sent_again(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path), flows=FOUR_EYES) as it:
        it.typical()
        await it.sync()
        async with it.hub() as hub:
            await retrieve(hub, "PO1", actor=BOB)
            await resend(hub, "PO1", actor=BOB)
            for same in (BOB, "cli:Bob"):
                answer = await approve(hub, "PO1", actor=same)
                assert (answer.outcome, status_of([answer])) == ("own", ExitStatus.NOT_PERMITTED)
            assert "four eyes" in (await review(hub, "PO1", BOB)).allowed["accept"]
            assert (await approve(hub, "PO1", actor=ANN)).done


@pytest.mark.requirement("ER-10", "C-28")
@quick
async def test_a_change_of_what_was_carried_asks_again_and_shows_the_difference(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path), flows=GATE) as it:
        it.typical()
        await it.sync()
        await accept(it)
        await it.sync()
        it.reopen("PO1")
        it.update("purchaseOrderLines", {"lineNumber": 10000}, quantity=Decimal(5))
        it.release("PO1")
        place = it.last()
        await it.sync()

        assert it.writes(since=place) == []
        assert len(it.contracts(status="Approved")) == 1
        found = await look(it)
        told = {each["field"]: (each["before"], each["now"]) for each in found.differences}
        assert told["purchaseOrderLines[10000].quantity"] == ("2", "5")
        assert [row["body"].get("status", row["body"].get("amount")) for row in found.parts] == [
            "Draft",
            "50.00",
            "Approved",
        ]

        assert (await accept(it)).done
        await it.sync()
        assert await it.state("PO1") == "synced"
        assert sorted(Decimal(str(row["amount"])) for row in it.lines()) == [Decimal("20.02"), Decimal(50)]


@pytest.mark.requirement("C-28", "ER-22")
@quick
async def test_a_gate_that_is_taken_away_lets_go_what_waits(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path), flows=GATE) as it:
        it.typical()
        await it.sync()
        it.more = {}
        await it.sync()

        assert await it.state("PO1") == "synced"
        assert [each.state for each in await waiting(it)] == ["withdrawn"]


@pytest.mark.requirement("ER-22")
@quick
async def test_the_mode_of_workflows_is_refused_and_never_read_as_off(tmp_path: Path) -> None:
    flows = {"change-order-to-change-order": {"approval": "workflow"}}
    async with world(sqlite(tmp_path), flows=flows) as it:
        it.typical()
        with pytest.raises(Misconfigured, match="workflow"):
            await it.sync()

        assert it.written() == 0


@pytest.mark.requirement("C-28", "ER-29")
@quick
async def test_many_requests_are_answered_at_once_each_by_its_own_hash(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path), flows=GATE) as it:
        it.typical(release=False)
        for number in ("PO2", "PO3"):
            it.order(number, "JOB1", [line("01-100", "SITE", "M", "1", "5")])
        await it.sync()
        chosen = [(request.id, request.hash) for request in await waiting(it)]
        it.update("purchaseOrders", {"number": "PO2"}, yourReference="moved")
        await it.sync()
        async with it.hub() as hub:
            answers = await decide_many(hub, "accept", chosen, actor=ANN)
            assert {answer.number: answer.outcome for answer in answers} == {
                "PO1": "accepted",
                "PO2": "changed",
                "PO3": "accepted",
            }
            assert await counted(hub) == {FLOW: {"accepted": 2, "ready": 1}}
            rest = await decide_all(
                hub, "decline", ApprovalFilter(flow=FLOW, states=("ready",)), actor=ANN, comment="no"
            )
            assert [answer.number for answer in rest] == ["PO2"]
        await it.sync()

        assert {row["number"] for row in it.contracts()} == {"PO1", "PO3"}


@pytest.mark.requirement("ER-29")
@quick
async def test_pages_hold_every_request_once(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path), flows=GATE) as it:
        it.typical(release=False)
        for number in ("PO2", "PO3"):
            it.order(number, "JOB1", [line("01-100", "SITE", "M", "1", "5")])
        await it.sync()
        async with it.hub() as hub:
            first = await listed(hub, ApprovalFilter(), limit=2)
            assert first.next_cursor is not None
            second = await listed(hub, ApprovalFilter(), first.next_cursor, limit=2)

        assert [len(first.items), len(second.items), second.next_cursor] == [2, 1, None]
        assert {each.number for each in (*first.items, *second.items)} == {"PO1", "PO2", "PO3"}


@pytest.mark.requirement("C-28")
@pytest.mark.parametrize("phase", PHASES)
@quick
async def test_killed_between_the_word_and_the_last_write_it_is_still_sent_once(tmp_path: Path, phase: Phase) -> None:
    deaths, number = 0, 8 + 4 * PHASES.index(phase)  # the phases share the requests among them
    while True:
        folder = tmp_path / str(number)
        folder.mkdir()
        async with world(sqlite(folder), flows=GATE) as it:
            it.typical()
            await it.sync()
            await accept(it)
            fate = Fate(number, phase)
            await died(it, fate)
            report = await it.settle()

            assert report.status == ExitStatus.DONE
            assert await it.state("PO1") == "synced"
            assert (len(it.contracts()), len(it.lines())) == (1, 2)
        if not fate.dead:
            break
        deaths, number = deaths + 1, number + 12

    assert deaths >= 1


@pytest.mark.requirement("ER-29", "DC-07")
def test_the_story_of_a_request_is_the_same_on_both_databases_and_after_a_rebuild(store_url: str) -> None:
    async def story() -> None:
        async with world(store_url, flows=FOUR_EYES) as it:
            it.typical()
            await it.sync()
            async with it.hub() as hub:
                (request,) = (await listed(hub, ApprovalFilter(connection="main", states=("ready", "resent")))).items
                assert (await decline(hub, request.id, actor=ANN, comment="ä\0 wrong")).done
                assert (await resend(hub, request.record, actor=BOB)).done
                assert (await approve(hub, "PO1", actor=BOB)).outcome == "own"
                assert (await approve(hub, request.id, actor=ANN, hash=request.hash)).done
                assert (await approve(hub, request.id, actor=ANN, hash=request.hash)).outcome == "accepted"
            await it.sync()
            before = await it.ask("SELECT * FROM approval")
            async with it.hub() as hub:
                await hub.projector.rebuild("approval")

            assert await it.state("PO1") == "synced"
            assert await it.ask("SELECT * FROM approval") == before
            assert [step.deed for step in (await look(it)).story] == ["requested", "declined", "resent", "accepted"]

    run(story)


@pytest.mark.requirement("ER-29", "C-28")
async def test_the_gate_on_the_command_line(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path), flows=GATE) as it:
        it.typical()
        await it.sync()
        file = written(it, tmp_path)
        listing = await called("approvals", "--json", config=file)
        (item,) = listing.document["items"]
        shown = await called("approvals", "PO1", config=file)

        assert (listing.status, item["number"], item["state"], item["amount"]) == (0, "PO1", "ready", "40.02")
        assert "total 40.02" in shown.out
        assert item["hash"] in shown.out
        assert "siteledger approve ID" in (await it.told("PO1"))[0]["flows"][0]["next"]
        assert (await called("approve", "PO1", "--hash", "0" * 64, config=file)).status == 7

        declined = await called("decline", "PO1", "--comment", "gate 3", "--json", config=file)
        assert [each["outcome"] for each in declined.document["answers"]] == ["declined"]
        assert (await called("resend", "PO1", config=file)).status == 0
        accepted = await called("approve", "--all", "--flow", FLOW, "--json", config=file)
        assert (accepted.status, accepted.document["done"]) == (0, 1)
        await it.sync()
        assert await it.state("PO1") == "synced"
