"""Two systems that were filled independently are joined: nothing is made twice, and what differs is said before."""

from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from domain.linking import CHANGES, COMMITMENTS, INVOICES, JOURNALS, TIME
from hub.operations.adoption import Confirmed, Proposed, confirm, propose
from hub.operations.drift import look
from hub.operations.reconcile import reconcile
from hub.report import ExitStatus, Halted, Quiet
from tests.journeys import journals
from tests.journeys.harness import World, line, sqlite, world
from tests.journeys.posting import post
from tests.journeys.quick import quick
from tests.journeys.timecards import DAY, Site

pytestmark = pytest.mark.journey

ANN = "user:ann"


async def proposed(it: World, **more: Any) -> Proposed:
    async with it.hub() as hub:
        return await propose(hub, actor=ANN, **more)


async def confirmed(it: World, hash: str, **more: Any) -> Confirmed:
    async with it.hub() as hub:
        return await confirm(hub, hash, actor=ANN, **more)


def stage(it: World, *, amount: str = "40.00") -> int:
    """A project with one order on both sides, entered by two people who never spoke: numbers are written otherwise."""
    it.basics(vendors=())
    it.insert("vendors", number="V1", displayName="North Concrete Inc.", sendToProcore=True)
    it.project("JOB1", tasks=("01-100",), displayName="Lakeside Medical Center")
    lines = [line("01-100", "SITE", "M", "2", "20", description="Rebar")]
    it.order("PO-0001", "JOB1", lines, release=True, yourReference="Rebar")
    company = it.procore.add_vendor("North Concrete LLC", origin_code="V-1")
    site = it.procore.add_project("Lakeside Medical Center", sub_jobs=True, project_number="JOB-01")["id"]
    it.procore.add_project_vendor(site, company["id"])
    for code in ("L", "M"):
        it.procore.add_cost_type(code, f"Cost {code}")
    it.procore.add_cost_code(site, "01-100", "Their concrete")
    it.procore.add_sub_job(site, "SITE", "Their site")
    code = it.procore.add_wbs_code(site, "01-100", "M", sub_job="SITE")
    figures = {"quantity": "2", "unit_cost": str(Decimal(amount) / 2), "amount": amount}
    rows = [{"wbs_code_id": code["id"], "description": "Rebar", **figures}]
    it.procore.add_commitment(site, lines=rows, number="PO-1", title="Rebar", vendor_id=company["id"])
    return site


@pytest.mark.requirement("BX-13")
@quick
async def test_projects_in_progress_are_joined_and_nothing_is_made_twice(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        site = stage(it)
        places = it.places()
        found = await proposed(it)

        assert it.written(places) == 0
        assert [(each.flow, each.number) for each in found.proposal.pairs] == [
            ("project-to-project", "JOB1"),
            ("vendor-to-company", "V1"),
            ("purchase-order-to-commitment", "PO-0001"),
        ]
        assert found.proposal.unclear == ()
        assert all(each.equal for each in found.proposal.totals)
        assert (await proposed(it)).hash == found.hash

        done = await confirmed(it, found.hash)
        assert (sum(done.joined.values()), done.held, done.baselines) == (3, 0, ("JOB1",))
        assert it.written(places) == 0

        before = {name: it.procore.count(name) for name in MADE}
        report = await it.sync()
        assert report.status == ExitStatus.DONE, report.document["problems"]
        assert {name: it.procore.count(name) for name in MADE} == before
        assert [(row["id"], row["name"]) for row in it.procore.rows("projects")] == [(site, "Lakeside Medical Center")]
        assert await it.state("PO-0001") == "synced"
        assert [Decimal(each["amount"]) for each in it.lines()] == [40]
        assert (await proposed(it)).proposal.pairs == ()
        rows = await it.ask("SELECT project, procore_id, joined, totals, actor FROM baseline")
        assert rows == [("JOB1", str(site), 2, '{"committed":["40.00","40.00"]}', ANN)]

        places = it.places()
        await it.sync(full=True)
        assert it.written(places) == 0


MADE = ("projects", "vendors", "purchase_order_contracts", "line_items", "cost_codes", "wbs_codes")


@pytest.mark.requirement("BX-13")
@quick
async def test_what_differs_is_said_and_goes_live_only_with_a_reason_and_what_is_not_clear_is_held_back(
    tmp_path: Path,
) -> None:
    async with world(sqlite(tmp_path)) as it:
        site = stage(it, amount="42.00")
        it.order("PO-0002", "JOB1", [line("01-100", "SITE", "M", "1", "9", description="Gate")])
        vendor = it.procore.find("vendors")["id"]
        it.procore.add_commitment(site, lines=(), number="PO-2", title="Gate A", vendor_id=vendor)
        it.procore.add_commitment(site, lines=(), number="PO 02", title="Gate B", vendor_id=vendor)
        found = await proposed(it)
        assert [each.number for each in found.proposal.unclear] == ["PO-0002"]
        assert len(found.proposal.unclear[0].candidates) == 2

        with pytest.raises(Halted, match=r"PO-0001 .* 40\.00, .* to 42\.00") as refused:
            await confirmed(it, found.hash)
        assert refused.value.status == ExitStatus.NEEDS_PERSON
        with pytest.raises(Halted, match="There is no proposal"):
            await confirmed(it, "0" * 64)

        it.update("vendors", {"number": "V1"}, displayName="North Concrete Works")
        with pytest.raises(Halted) as moved:
            await confirmed(it, found.hash, accept_differences="the site's price is old")
        assert moved.value.status == ExitStatus.CHANGED

        again = await proposed(it)
        done = await confirmed(it, again.hash, accept_differences="the site's price is old")
        assert (done.held, done.accepted) == (1, "the site's price is old")
        await it.sync()
        assert await it.state("PO-0002") == "excluded"
        assert "it could be" in await it.reasons("PO-0002")
        assert len(it.contracts()) == 3

        last = await proposed(it, project="JOB1")
        chosen = last.proposal.unclear[0].candidates[1].procore_id
        with pytest.raises(Halted, match="is no candidate"):
            await confirmed(it, last.hash, take={"PO-0002": "17"})
        done = await confirmed(it, last.hash, take={"po-0002": chosen}, accept_differences="as before")
        assert (done.joined, done.held) == ({"purchase-order-to-commitment": 1}, 0)
        await it.sync()
        assert await it.state("PO-0002") == "synced"
        assert len(it.contracts()) == 3
        assert await it.ask("SELECT procore_id FROM cross_reference WHERE bc_number = 'PO-0002'") == [(chosen,)]


def in_progress(it: World) -> Site:
    """A project that both companies ran for a month: an order that was billed, a journal, a change, a crew's day."""
    site = stage(it)
    there = Site(it)
    post(it, "PO-0001", {10000: "1"}, vendorInvoiceNumber="INV-0007", postingDate="2026-03-20")
    journals.post(it, journals.journal_line("100", postingDate="2026-03-31", description="Site office"))
    contract = it.procore.find("contracts", number="PO-1")
    it.procore.set_status(contract["id"], "Approved")
    (row,) = it.lines()
    it.procore.billing.add_requisition(
        contract["id"], {row["id"]: Decimal(20)}, invoice_number="INV-7", billing_date="2026-03-20", status="approved"
    )
    code = it.procore.add_wbs_code(site, "01-100", "L", sub_job="SITE")
    cost = {"description": "Site office", "direct_cost_date": "2026-03-31", "status": "approved"}
    it.procore.costs.add(site, lines=[{"wbs_code_id": code["id"], "manual_amount": "100.00"}], **cost)

    main = it.procore.changes.add_prime_contract(site, number="1", title="Main", grand_total="10000.00")
    added = [{"wbs_code_id": code["id"], "amount": "500.00"}]
    it.procore.changes.add(site, contract_id=main["id"], title="Added footing", lines=added, status="approved")
    with it.bc.tables.older_data():
        it.insert(
            "changeOrders",
            projectNumber="JOB1",
            changeOrderType="Regular",
            procoreChangeOrderNumber="1",
            title="Added footing",
            procoreProjectId=0,
            procoreChangeOrderId=0,
            changeOrderLines=[
                {"jobTaskNumber": "01-100", "segmentCode": "SITE", "costTypeCode": "L", "amount": Decimal(500)}
            ],
        )

    there.worker("Anna")
    sheet = it.procore.time.add_sheet(site, DAY)["id"]
    there.entry(sheet, "Anna", cost_type="L")
    crew = it.insert("crewTimeSheets", jobNumber="JOB1", startingDate=DAY, endingDate=DAY)
    it.insert(
        "crewTimeSheetLines",
        crewTimeSheetNumber=crew["number"],
        resourceNumber="R-ANNA",
        workDate=DAY,
        hours=Decimal(8),
        jobNumber="JOB1",
        jobTaskNumber="01-100",
        segmentCode="SITE",
        costTypeCode="L",
    )
    return there


DOCUMENT_FLOWS = (COMMITMENTS, INVOICES, JOURNALS, CHANGES, TIME)
DOCUMENTS = ("contracts", "line_items", "requisitions", "direct_costs", "direct_cost_line_items")
HERE = ("changeOrders", "changeOrderLines", "crewTimeSheets", "crewTimeSheetLines", "timeSheetBufferEntries")


@pytest.mark.requirement("BX-13")
@quick
async def test_what_was_billed_booked_changed_and_worked_is_joined_and_nothing_of_it_is_made_twice(
    tmp_path: Path,
) -> None:
    async with world(sqlite(tmp_path), start_date="2026-03-01") as it:
        in_progress(it)
        found = await proposed(it)

        told = Counter(each.flow for each in found.proposal.pairs)
        assert {flow: told[flow] for flow in DOCUMENT_FLOWS} == dict.fromkeys(DOCUMENT_FLOWS, 1)
        assert found.proposal.unclear == ()
        assert {each.what: each.equal for each in found.proposal.totals} == {
            "committed": True,
            "approved_changes": True,
            "invoiced": True,
            "direct_cost": True,
        }

        before = {name: it.procore.count(name) for name in DOCUMENTS}
        here = {name: len(list(it.bc.tables.rows(name))) for name in HERE}
        await confirmed(it, found.hash)
        report = await it.settle()
        assert report.status == ExitStatus.DONE, report.document["problems"]
        assert {name: it.procore.count(name) for name in DOCUMENTS} == before
        assert {name: len(list(it.bc.tables.rows(name))) for name in HERE} == here
        rows = await it.ask("SELECT flow, state FROM record_state WHERE state <> 'excluded'")
        assert {state for _, state in rows} == {"synced"}
        assert {flow for flow, _ in rows} >= set(DOCUMENT_FLOWS)

        places = it.places()
        await it.sync(full=True)
        assert it.written(places) == 0

        async with it.hub() as hub:
            assert (await reconcile(hub, "main", actor=ANN, progress=Quiet())).result == "equal"

        time = "time-sheet-to-crew-time-sheet"
        async with it.hub() as hub:
            seen = await look(hub, flow=time, actor=ANN)
            assert (seen.found, seen.reads) == (0, 5)  # the line by its id is not asked for twice
            (line,) = it.bc.tables.rows("crewTimeSheetLines")
            it.bc.tables.update("crewTimeSheetLines", line["id"], description="By the office")
            assert (await look(hub, flow=time, actor=ANN)).found == 1

        it.reopen("PO-0001")
        it.update("purchaseOrderLines", {"documentNumber": "PO-0001"}, directUnitCost=Decimal(25))
        await it.sync()
        assert await it.state("PO-0001") == "parked"
        assert "change it by a commitment change order" in await it.reasons("PO-0001")
        assert [Decimal(each["amount"]) for each in it.lines()] == [40]
