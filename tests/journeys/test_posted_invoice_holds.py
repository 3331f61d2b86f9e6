"""What holds a posted invoice, and how it goes on by itself: periods, refusals, cancelling, another setting."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hub.operations.check import check
from hub.report import ExitStatus, Quiet
from tests.journeys.harness import World, sqlite, world
from tests.journeys.posting import FLOW, billed, cancelled, origin, post, requisitions, stage, to_invoices
from tests.journeys.quick import quick

pytestmark = pytest.mark.journey

DIRECT: dict[str, Any] = {"flows": {FLOW: {"posted_invoice_target": "direct_cost"}}}


def month(it: World, number: int, status: Any = "open") -> int:
    """A billing period of the project in Procore."""
    start, end = date(2026, number, 1), date(2026, number, {2: 28, 3: 31, 4: 30}[number])
    project = it.procore.find("projects", project_number="JOB1")["id"]
    id_: int = it.procore.billing.add_period(project, start, end, end, status)["id"]
    return id_


@pytest.mark.requirement("PF-12", "C-56")
@quick
async def test_a_closed_period_holds_the_invoice_and_its_opening_releases_it(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it)
        await it.sync()
        march, _ = month(it, 3, "closed"), month(it, 4)
        posted = post(it, postingDate="2026-03-31")
        report = await it.sync()

        assert report.status == ExitStatus.DONE
        assert to_invoices(it) == []
        assert await it.state(posted["number"], FLOW) == "parked"
        assert "2026-03-01 to 2026-03-31 of project JOB1 is closed" in await it.reasons(posted["number"], FLOW)

        it.procore.billing.open(march)
        await it.sync()

        assert [row["period_id"] for row in requisitions(it)] == [march]
        assert await it.state(posted["number"], FLOW) == "synced"


@pytest.mark.requirement("PF-12", "C-56")
@quick
async def test_a_missing_period_is_waited_for_and_never_made(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it)
        await it.sync()
        month(it, 4)
        posted = post(it, postingDate="2026-03-31")
        await it.sync()

        assert "no billing period of project JOB1 in Procore holds 2026-03-31" in await it.reasons(
            posted["number"], FLOW
        )
        assert it.procore.count("billing_periods") == 1

        march = month(it, 3)
        await it.sync()

        assert [row["period_id"] for row in requisitions(it)] == [march]


@pytest.mark.requirement("PP-38")
@quick
async def test_a_commitment_that_is_no_longer_approved_holds_its_invoices(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it)
        await it.sync()
        contract = it.contracts(number="PO1")[0]["id"]
        it.procore.set_status(contract, "Draft")
        posted = post(it)
        await it.sync()

        assert "is Draft in Procore" in await it.reasons(posted["number"], FLOW)
        assert to_invoices(it) == []

        it.procore.set_status(contract, "Approved")
        await it.sync()

        assert len(requisitions(it)) == 1


@pytest.mark.requirement("PP-38")
@quick
async def test_over_billing_waits_with_the_words_of_procore_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it)
        await it.sync()
        contract = it.contracts(number="PO1")[0]["id"]
        first = it.lines(contract_id=contract)[0]["id"]
        by_hand = it.procore.billing.add_requisition(contract, {first: Decimal(15)})
        posted = post(it)
        report = await it.sync()

        assert report.status == ExitStatus.DONE
        assert await it.state(posted["number"], FLOW) == "parked"
        assert "cannot exceed the scheduled value" in await it.reasons(posted["number"], FLOW)

        place = it.last()
        await it.sync()

        assert it.writes(since=place) == []  # nothing changed, nothing is tried

        it.procore.billing.bill(by_hand["id"], first, work_completed_this_period="0.0")
        await it.sync()

        assert await it.state(posted["number"], FLOW) == "synced"
        assert billed(it, requisitions(it, origin_id=origin(it, posted))[0]) == [Decimal(20), Decimal(40)]


@pytest.mark.requirement("PF-12")
@quick
async def test_a_second_invoice_in_a_period_waits_where_procore_takes_one_only(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.procore.settings.one_requisition_per_period = True
        stage(it)
        await it.sync()
        month(it, 3)
        post(it, to_invoice={10000: "1"}, postingDate="2026-03-31")
        await it.sync()
        second = post(it, postingDate="2026-03-31")
        await it.sync()

        assert await it.state(second["number"], FLOW) == "parked"
        assert "already has an invoice in this billing period" in await it.reasons(second["number"], FLOW)
        assert len(requisitions(it)) == 1

        it.procore.settings.one_requisition_per_period = False
        await it.sync()
        assert len(requisitions(it)) == 1  # what no list shows is tried again when everything is

        await it.sync(full=True)

        assert [row["status"] for row in requisitions(it)] == ["approved", "approved"]
        assert await it.state(second["number"], FLOW) == "synced"


@pytest.mark.requirement("LE-40", "PP-40")
@quick
async def test_a_unit_contract_is_billed_by_quantity(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it, "10.00")
        await it.sync()
        it.contracts(number="PO1")[0]["accounting_method"] = "unit"
        post(it, to_invoice={10000: "1"})
        await it.sync()

        (row,) = requisitions(it)
        (item,) = it.procore.rows("requisition_items")
        assert (item["work_completed_this_period_quantity"], billed(it, row)) == ("1.0", [Decimal(10)])


# -- cancelled ---------------------------------------------------------------------------------------------


@pytest.mark.requirement("PP-41")
@quick
async def test_a_cancelled_invoice_that_is_billed_waits_for_a_person(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it)
        await it.sync()
        posted = post(it)
        await it.sync()
        cancelled(it, posted["number"])
        places = it.places()
        await it.sync()

        assert await it.state(posted["number"], FLOW) == "parked"
        assert "invoice was cancelled in Business Central" in await it.reasons(posted["number"], FLOW)
        assert it.written(places) == 0


@pytest.mark.requirement("PP-41")
@quick
async def test_an_invoice_that_was_cancelled_before_it_was_sent_is_left_out(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it)
        await it.sync()
        month(it, 4)
        posted = post(it, postingDate="2026-03-31")
        await it.sync()
        cancelled(it, posted["number"])
        await it.sync()

        assert await it.state(posted["number"], FLOW) == "excluded"
        assert "invoice was cancelled in Business Central" in await it.reasons(posted["number"], FLOW)
        assert to_invoices(it) == []


@pytest.mark.requirement("PP-41", "C-06")
@quick
async def test_a_cancelled_direct_cost_is_taken_back_by_one_other(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path), **DIRECT) as it:
        stage(it)
        await it.sync()
        posted = post(it)
        await it.sync()
        cancelled(it, posted["number"])
        report = await it.sync()

        assert report.status == ExitStatus.DONE, report.document["problems"]
        totals = {
            row["origin_id"]: sum(
                Decimal(each["amount"]) for each in it.procore.rows("direct_cost_line_items", direct_cost_id=row["id"])
            )
            for row in it.procore.rows("direct_costs")
        }
        assert totals == {origin(it, posted): Decimal(60), origin(it, posted, ":reversal"): Decimal(-60)}
        roles = await it.ask(
            "SELECT role FROM cross_reference WHERE flow = ? AND bc_set = ? ORDER BY role",
            FLOW,
            "postedPurchaseInvoices",
        )
        assert roles == [("primary",), ("reversal",)]
        places = it.places()
        await it.sync()

        assert it.written(places) == 0


# -- requisition or direct cost ----------------------------------------------------------------------------


@pytest.mark.requirement("C-06", "PP-38", "PP-40")
@quick
async def test_as_a_direct_cost_an_invoice_is_one_record_and_no_requisition(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path), **DIRECT) as it:
        stage(it, *[f"{at}.01" for at in range(1, 131)])
        await it.sync()
        posted = post(it)
        report = await it.sync()

        assert report.status == ExitStatus.DONE, report.document["problems"]
        (row,) = it.procore.rows("direct_costs")
        assert (row["direct_cost_type"], row["status"], row["origin_id"]) == (
            "invoice",
            "approved",
            origin(it, posted),
        )
        amounts = [Decimal(each["amount"]) for each in it.procore.rows("direct_cost_line_items")]
        assert (len(amounts), sum(amounts)) == (130, posted["amount"])
        assert requisitions(it) == []
        assert it.row("postedPurchaseInvoices")["procoreInvoiceId"] == row["id"]
        assert f"Purchase order PO1, posted invoice {posted['number']}" == row["description"]


@pytest.mark.requirement("C-57", "C-06")
@quick
async def test_a_project_keeps_its_kind_of_record_when_the_setting_changes(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it)
        await it.sync()
        post(it, to_invoice={10000: "1"})
        await it.sync()
        it.more = DIRECT
        post(it)
        await it.sync()

        assert len(requisitions(it)) == 2
        assert it.procore.count("direct_costs") == 0
        report = await check(it.settings, connection=None, progress=Quiet())
        (told,) = [each["why"] for each in report.document["findings"] if each["what"] == "posted_invoice_target"]
        assert told.startswith("1 projects used the other kind first and keep it")
