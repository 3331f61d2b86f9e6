"""A link is cut when the accounts let it go, or reset at once; what was cut or deleted does not come back by itself."""

import functools
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.report import ExitStatus, Halted
from tests.journeys import changes
from tests.journeys.changes import joined
from tests.journeys.death import PHASES, Fate, Phase
from tests.journeys.hands import (
    COMMITMENTS,
    PERSON,
    PROJECTS,
    VENDORS,
    emptied,
    linked,
    order_of,
    pairs,
    removed,
    reset_by_hand,
    said,
    staged,
    unlinked,
)
from tests.journeys.harness import World, line, sqlite, world
from tests.journeys.posting import FLOW as INVOICES
from tests.journeys.posting import post, requisitions, stage
from tests.journeys.quick import quick, run
from tests.journeys.test_killed import died

pytestmark = pytest.mark.journey

NUMBER = "JOB1|PCCO #001"


async def rounds(it: World, count: int = 3) -> None:
    """Full rounds, an hour apart."""
    for _ in range(count):
        it.clock.skip(timedelta(hours=1))
        await it.sync(full=True)


async def refused(it: World, identifier: object, words: str, flow: str) -> None:
    """An unlink is refused in these very words, the link is kept, nothing is written, and the ledger has it."""
    places, before = it.places(), await pairs(it, flow=flow)
    answer = await unlinked(it, identifier)

    assert (answer.done, answer.message) == (False, words)
    assert await pairs(it, flow=flow) == before
    assert it.written(places) == 0
    assert (PERSON, f"unlink refused: {words}") in await said(it, answer.number)


# -- unlink ------------------------------------------------------------------------------------------


@pytest.mark.requirement("ER-33", "ER-62", "C-39", "BX-12")
@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_a_commitment_is_unlinked_when_its_order_is_gone_and_is_never_made_again(
    tmp_path: Path, request: pytest.FixtureRequest, database: str
) -> None:
    store = sqlite(tmp_path) if database == "sqlite" else request.getfixturevalue("postgres_url")
    run(functools.partial(_a_commitment_is_unlinked, store))


async def _a_commitment_is_unlinked(store: str) -> None:
    async with world(store) as it:
        await staged(it)
        order_of(it, "10.00")
        await it.sync()
        contract = it.contracts()[0]
        words = "The commitment is still in Business Central. Please delete it before retrying"
        await refused(it, "PO1", words, COMMITMENTS)
        await refused(it, contract["id"], words, COMMITMENTS)

        it.reopen("PO1")
        it.delete("purchaseOrders", number="PO1")
        places = it.places()
        done = await unlinked(it, contract["id"], reason="ordered elsewhere")

        assert (done.done, done.message) == (True, "Successful Unlinked")
        assert it.written(places) == 0
        assert await pairs(it, flow=COMMITMENTS) == []
        assert await it.state("PO1") == "deleted"
        assert "ordered elsewhere" in await it.reasons("PO1")
        assert (await said(it, "PO1"))[-1][1].startswith("unlinked: PO1 = purchase_order_contracts")

        places = it.places()
        await rounds(it)

        assert it.written(places) == 0
        assert await it.state("PO1") == "deleted"
        assert [row["id"] for row in it.contracts()] == [contract["id"]]


@pytest.mark.requirement("ER-33", "ER-36")
@quick
async def test_a_commitment_with_invoices_and_an_invoice_that_is_posted_keep_their_links(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it)
        await it.sync()
        posted = post(it)
        await it.sync()
        contract, (requisition,) = it.contracts()[0], requisitions(it)

        words = "The requisition is still in Business Central. Please delete it before retrying."
        await refused(it, requisition["id"], words, INVOICES)
        answer = await unlinked(it, contract["id"])
        assert not answer.done
        assert answer.message.endswith(f"(it was posted as {posted['number']})")

        it.bc.tables.delete("postedPurchaseInvoices", posted["id"])
        done = await unlinked(it, requisition["id"])
        assert (done.done, done.message) == (True, "Successfully Unlinked")
        assert await pairs(it, flow=INVOICES) == []
        places = it.places()
        await rounds(it, 2)
        assert it.written(places) == 0


@pytest.mark.requirement("ER-33")
@quick
async def test_a_commitment_that_was_invoiced_on_the_site_is_not_unlinked(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it)
        await it.sync()
        contract = it.contracts()[0]
        it.procore.billing.add_requisition(contract["id"], invoice_number="SUB-1")
        it.reopen("PO1")
        it.delete("purchaseOrders", number="PO1")

        words = f"commitment PO1 ({contract['id']}) has 1 invoices in Procore (SUB-1); unlink and remove them first"
        await refused(it, "PO1", words, COMMITMENTS)


@pytest.mark.requirement("ER-32", "ER-35")
@pytest.mark.parametrize(
    ("side", "words", "success"),
    [
        ("prime", "The PCCO is still in ERP. Please delete it before retrying", "Successfully Unlinked"),
        ("commitment", "The CCO is still in Business Central. Please delete it before retrying", "Successful Unlinked"),
    ],
)
def test_a_change_order_is_unlinked_when_its_order_in_business_central_is_gone(
    tmp_path: Path, side: Any, words: str, success: str
) -> None:
    async def story() -> None:
        async with world(sqlite(tmp_path), flows={changes.FLOW: {"side": "both"}}) as it:
            changes.stage(it)
            await joined(it)
            changes.order(it, "100.00", side=side)
            await it.sync()
            (made,) = changes.here(it)
            await refused(it, made["number"], words, changes.FLOW)

            it.bc.tables.delete("changeOrders", made["id"])
            done = await unlinked(it, made["number"])
            places = it.places()
            await rounds(it)

            assert (done.done, done.message) == (True, success)
            assert await pairs(it, flow=changes.FLOW) == []
            assert changes.here(it) == []
            assert it.written(places) == 0
            assert (await it.told(done.record))[0]["flows"][0]["state"] == "deleted"

    run(story)


@pytest.mark.requirement("ER-37")
@quick
async def test_a_company_is_cut_off_only_while_no_commitment_names_it(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        await staged(it)
        order_of(it, "10.00")
        it.vendor("V2")
        await it.sync()
        used, unused = (it.procore.find("vendors", origin_code=code)["id"] for code in ("V1", "V2"))
        await refused(it, used, f"company {used} is used by synced commitments (PO1); unlink those first", VENDORS)
        places, count = it.places(), len(it.bc.tables.rows("vendors"))
        done = await unlinked(it, unused)
        it.update("vendors", {"number": "V2"}, displayName="Vendor Two")
        await rounds(it)

        assert done.message == "Successfully Unlinked"
        assert it.written(places) == 0
        assert (it.procore.count("vendors"), len(it.bc.tables.rows("vendors"))) == (2, count)
        assert await it.state("V2", VENDORS) == "deleted"

        assert (await linked(it, VENDORS, "V2", unused)).done
        await it.sync()
        assert await it.state("V2", VENDORS) == "synced"


@pytest.mark.requirement("C-39")
@quick
async def test_a_project_is_not_cut_off_from_what_stands_below_it(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        await staged(it)
        await refused(
            it, "JOB1", "The project is still in Business Central. Please delete it before retrying", PROJECTS
        )
        assert not (await unlinked(it, "JOB1|01-100")).done
        with pytest.raises(Halted, match="Nothing in the ledger is called NOBODY") as halted:
            await unlinked(it, "NOBODY")
        assert halted.value.status == ExitStatus.WRONG_USE


# -- what was deleted --------------------------------------------------------------------------------


@pytest.mark.requirement("BX-12", "PP-20")
@quick
async def test_what_was_deleted_on_either_side_stays_so_over_full_rounds(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        await staged(it)
        order_of(it, "10.00", release=False)
        it.order("PO2", "JOB1", [line("01-100", "SITE", "M", "2", "10.00")])
        await it.sync()
        it.delete("purchaseOrders", number="PO1")
        second = it.contracts(number="PO2")[0]
        it.procore.remove("purchase_order_contracts", second["id"])
        await it.sync()
        places = it.places()
        await rounds(it, 4)

        assert await it.state("PO1") == "deleted"
        assert [row["number"] for row in it.contracts(deleted_at=None)] == ["PO1"]
        assert [entry for entry in it.writes(since=places[1]) if entry.status < 400 and entry.method == "POST"] == []


# -- reset -------------------------------------------------------------------------------------------


@pytest.mark.requirement("ER-44", "ER-62", "C-39", "BX-12")
@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_a_reset_writes_nothing_and_waits_until_the_counterpart_is_removed(
    tmp_path: Path, request: pytest.FixtureRequest, database: str
) -> None:
    store = sqlite(tmp_path) if database == "sqlite" else request.getfixturevalue("postgres_url")
    run(functools.partial(_a_reset_waits, store))


async def _a_reset_waits(store: str) -> None:
    async with world(store) as it:
        await staged(it)
        order_of(it, "10.00", release=False)
        await it.sync()
        contract = it.contracts()[0]
        places = it.places()
        done = await reset_by_hand(it, "PO1", reason="wrong from the start")

        assert done.done
        assert done.warning == (
            f"Nothing was changed in Procore: remove purchase order contracts {contract['id']} there by hand"
            " before the record is sent again."
        )
        assert await pairs(it, flow=COMMITMENTS) == []
        assert (PERSON, f"reset: {done.warning} (wrong from the start)") in await said(it, "PO1")

        await rounds(it)

        assert it.written(places) == 0
        assert await it.state("PO1") == "parked"
        assert f"purchase order contracts {contract['id']} still stands in Procore" in await it.reasons("PO1")

        removed(it, contract["id"])
        report = await it.sync()
        anew = it.contracts(deleted_at=None)

        assert report.status == ExitStatus.DONE, report.document["problems"]
        assert len(anew) == 1
        assert anew[0]["id"] != contract["id"]
        assert it.row("purchaseOrders", number="PO1")["procoreCommitmentId"] == anew[0]["id"]
        assert [pair.procore_id for pair in await pairs(it, query="PO1")] == [str(anew[0]["id"])]


@pytest.mark.requirement("ER-44", "C-55")
@quick
async def test_what_was_reset_can_be_linked_again_with_what_still_stands(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        await staged(it)
        order_of(it, "10.00", "20.00", release=False)
        await it.sync()
        contract, lines = it.contracts()[0], {row["id"] for row in it.lines()}
        await reset_by_hand(it, "PO1")
        await it.sync()
        assert (await linked(it, COMMITMENTS, "PO1", contract["id"])).done
        report = await it.sync()

        assert report.status == ExitStatus.DONE, report.document["problems"]
        assert {row["id"] for row in it.lines()} == lines
        assert it.procore.count("contracts") == 1


@pytest.mark.requirement("ER-44")
@quick
async def test_a_change_order_is_reset_without_a_write_and_goes_anew_once_it_is_removed(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        changes.stage(it)
        await joined(it)
        changes.order(it, "100.00")
        await it.sync()
        (made,) = changes.here(it)
        places = it.places()
        done = await reset_by_hand(it, made["number"])
        await rounds(it, 2)

        assert "in Business Central: remove changeOrders" in done.warning
        assert it.written(places) == 0
        assert await it.state(NUMBER, changes.FLOW) == "parked"

        it.bc.tables.delete("changeOrders", made["id"])
        await it.sync()

        assert changes.sums(it) == [100]
        assert await it.state(NUMBER, changes.FLOW) == "synced"


@pytest.mark.requirement("C-57", "C-39")
@quick
async def test_a_project_moves_to_another_kind_of_invoice_by_a_reset_of_what_it_has(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it)
        await it.sync()
        post(it)
        await it.sync()
        (requisition,) = requisitions(it)
        it.more = {"flows": {INVOICES: {"posted_invoice_target": "direct_cost"}}}
        await it.sync()
        assert len(requisitions(it)) == 1
        invoice = it.row("postedPurchaseInvoices")["number"]
        assert (await reset_by_hand(it, invoice)).done
        await it.sync()

        assert it.procore.count("direct_costs") == 0
        assert f"requisitions {requisition['id']} still stands" in await it.reasons(invoice, INVOICES)

        it.procore.remove("requisitions", requisition["id"])
        await it.sync()

        assert await it.state(invoice, INVOICES) == "synced"
        assert it.procore.count("direct_costs") == 1


@pytest.mark.requirement("C-39", "C-57", "BX-12")
@quick
async def test_a_project_is_reset_with_everything_below_it_and_stands_whole_in_its_next_one(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        old = await staged(it)
        order_of(it, "10.00", release=False)
        await it.sync()
        done = await reset_by_hand(it, "JOB1")

        assert done.done
        assert done.also == {
            "project-segment-to-sub-job": 1,
            "project-task-to-cost-code": 2,
            "budget-code-to-wbs-code": 1,
            "vendor-to-project-directory": 1,
            COMMITMENTS: 1,
        }
        places = it.places()
        await rounds(it, 2)
        assert it.written(places) == 0
        assert f"projects {old} still stands in Procore" in await it.reasons("JOB1", PROJECTS)

        new = it.procore.add_project("The next one", project_number="JOB1-B")
        too_early = await linked(it, PROJECTS, "JOB1", new["id"])
        assert f"{old} still carries the origin id of JOB1" in too_early.message
        emptied(it, old)
        assert (await linked(it, PROJECTS, "JOB1", new["id"])).done
        report = await it.settle()

        assert report.status == ExitStatus.DONE, report.document["problems"]
        assert len(list(it.procore.rows("cost_codes", project_id=new["id"]))) == 2
        (contract,) = it.contracts(deleted_at=None)
        assert contract["project_id"] == new["id"]
        assert it.row("purchaseOrders", number="PO1")["procoreCommitmentId"] == contract["id"]


@pytest.mark.requirement("ER-44")
@quick
async def test_what_was_never_sent_is_not_reset(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.basics(vendors=())
        it.vendor("V1", in_procore=False)
        await it.sync()
        answer = await reset_by_hand(it, "V1")

        assert (answer.done, answer.message) == (False, "V1 was never sent, so there is nothing to reset")
        assert await said(it, "V1") == [(PERSON, f"reset refused: {answer.message}")]
        assert await it.state("V1", VENDORS) == "parked"


@pytest.mark.requirement("ER-44", "BX-02", "DC-12")
@pytest.mark.parametrize("phase", PHASES)
def test_a_hub_that_dies_while_it_sends_a_reset_order_anew_makes_nothing_twice(tmp_path: Path, phase: Phase) -> None:
    async def whole(folder: Path, number: int) -> bool:
        async with world(sqlite(folder)) as it:
            await staged(it)
            order_of(it, "10.00", release=False)
            await it.sync()
            await reset_by_hand(it, "PO1")
            removed(it, it.contracts()[0]["id"])
            ended = await died(it, Fate(number, phase))
            await it.settle()

            assert await it.state("PO1") == "synced", number
            assert len(it.contracts(deleted_at=None)) == 1, number
            return ended

    # The phases share the requests among them: each takes every third of those that are chosen.
    number, ended = 1 + 4 * PHASES.index(phase), True
    while ended:
        folder = tmp_path / str(number)
        folder.mkdir()
        ended = run(functools.partial(whole, folder, number))
        number += 12
    assert number > 10
