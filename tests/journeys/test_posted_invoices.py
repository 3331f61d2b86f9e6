"""Posted invoices and what becomes of them in Procore: one record each, equal to the cent, and why one is not there."""

from decimal import Decimal
from pathlib import Path

import pytest

from hub.report import ExitStatus
from tests.journeys.harness import COMMENT, kinds, line, sqlite, world
from tests.journeys.posting import FLOW, billed, origin, post, requisitions, stage, to_invoices
from tests.journeys.quick import quick

pytestmark = pytest.mark.journey


@pytest.mark.requirement("PP-35", "PP-38", "PP-40", "PP-42")
@quick
async def test_a_posted_order_is_billed_in_procore_and_knows_it(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it)
        await it.sync()
        posted = post(it)
        place = it.last()
        report = await it.sync()

        assert report.status == ExitStatus.DONE, report.document["problems"]
        (row,) = requisitions(it)
        assert (row["status"], row["origin_id"]) == ("approved", origin(it, posted))
        assert (row["invoice_number"], row["billing_date"]) == ("INV-1", posted["postingDate"])
        assert row["commitment_id"] == it.contracts(number="PO1")[0]["id"]
        assert billed(it, row) == [Decimal(20), Decimal(40)]
        assert it.row("postedPurchaseInvoices")["procoreInvoiceId"] == row["id"]
        ids = {each["id"] for each in it.procore.rows("requisition_items")}
        assert {each["procoreInvoiceLineId"] for each in it.bc.tables.rows("postedPurchaseInvoiceLines")} == ids
        assert [entry.method for entry in to_invoices(it, place)] == ["POST", "PATCH", "PATCH"]
        logged = it.row("syncLogEntries", entitySetName="postedPurchaseInvoices")
        assert (logged["procoreId"], logged["recordNumber"]) == (row["id"], posted["number"])

        places = it.places()
        await it.sync()
        await it.sync(full=True)

        assert it.written(places) == 0


@pytest.mark.requirement("PP-35")
@quick
async def test_the_posting_of_an_order_without_flag_writes_nothing(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it, sendToProcore=False)
        post(it)
        it.insert("purchaseInvoices", vendorNumber="V1", vendorInvoiceNumber="DIRECT-1")
        report = await it.sync()

        assert to_invoices(it) == []
        assert FLOW not in report.document["states"]


@pytest.mark.requirement("PP-39", "PP-42")
@quick
async def test_each_partial_posting_is_a_record_of_its_own(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it)
        await it.sync()
        first = post(it, to_invoice={10000: "1"})
        second = post(it)
        report = await it.sync()

        assert report.status == ExitStatus.DONE, report.document["problems"]
        rows = requisitions(it)
        assert [row["origin_id"] for row in rows] == [origin(it, first), origin(it, second)]
        assert [billed(it, row) for row in rows] == [[Decimal(10), Decimal(0)], [Decimal(10), Decimal(40)]]
        assert it.bc.tables.rows("purchaseOrders") == []
        places = it.places()
        await it.sync()

        assert it.written(places) == 0


@pytest.mark.requirement("PP-36")
@quick
async def test_a_posting_before_its_order_is_in_procore_waits_and_follows_by_itself(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it)
        it.update("vendors", {"number": "V1"}, number="V9")  # nobody in Procore is called so
        posted = post(it, to_invoice={10000: "1"})
        report = await it.sync()

        assert report.status == ExitStatus.DONE
        assert to_invoices(it) == []
        assert await it.state(posted["number"], FLOW) == "parked"
        assert "waiting for the commitment of order PO1" in await it.reasons(posted["number"], FLOW)

        it.procore.add_vendor("Somebody", origin_code="V9")
        await it.sync()

        assert await it.state(posted["number"], FLOW) == "synced"
        assert [billed(it, row) for row in requisitions(it)] == [[Decimal(10), Decimal(0)]]


@pytest.mark.requirement("C-56", "PP-37")
@quick
async def test_lines_that_are_not_in_the_commitment_are_told_and_not_sent(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.basics()
        it.project("JOB1")
        rows = [COMMENT, line("01-100", "SITE", "M"), line("01-100", "SITE", "L", cost="33", sendToProcore=False)]
        it.order("PO1", "JOB1", rows, release=True)
        await it.sync()
        posted = post(it)
        await it.sync()

        (row,) = requisitions(it)
        assert billed(it, row) == [Decimal(100)]
        assert await it.state(posted["number"], FLOW) == "synced"
        assert "line 30000 (33.00) was not sent" in await it.reasons(posted["number"], FLOW)


@pytest.mark.requirement("PP-40")
@quick
async def test_discount_and_tax_leave_the_amount_before_tax(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.basics()
        it.project("JOB1")
        it.bc.tables.facts.tax_rates["STATE"] = Decimal("0.0825")
        it.insert("taxAreas", code="STATE")
        rows = [line("01-100", "SITE", "M", "3", "33.333", lineDiscountPercent=Decimal(10), taxAreaCode="STATE")]
        it.order("PO1", "JOB1", rows, release=True)
        await it.sync()
        posted = post(it)
        await it.sync()

        (row,) = requisitions(it)
        assert billed(it, row) == [Decimal("90.00")] == [posted["amount"]]


@pytest.mark.requirement("PP-37", "DC-06")
@quick
async def test_an_invoice_of_hundreds_of_lines_is_filled_in_one_call(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it, *[f"{at}.01" for at in range(1, 301)])
        await it.sync()
        post(it)
        place = it.last()
        report = await it.sync()

        assert report.status == ExitStatus.DONE, report.document["problems"]
        (row,) = requisitions(it)
        assert len(billed(it, row)) == 300
        assert sum(billed(it, row)) == it.row("postedPurchaseInvoices")["amount"]
        written = kinds(to_invoices(it, place))
        assert written == {
            "POST /rest/v1.1/requisitions": 1,
            "PATCH /rest/v1.0/requisitions/{id}/bulk_item_update": 1,
            "PATCH /rest/v1.1/requisitions/{id}": 1,
        }


@pytest.mark.requirement("C-50")
@quick
async def test_what_was_posted_before_the_set_up_is_left_alone(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it)
        posted = post(it, to_invoice={10000: "1"}, postingDate="2026-01-15")
        await it.sync()

        assert to_invoices(it) == []
        assert await it.ask("SELECT COUNT(*) FROM record WHERE number = ?", posted["number"]) == [(0,)]


@pytest.mark.requirement("C-60")
@quick
async def test_a_project_whose_flag_is_off_is_billed_when_it_is_on_again(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it)
        await it.sync()
        it.update("projects", {"number": "JOB1"}, sendToProcore=False)
        posted = post(it)
        await it.sync()

        assert await it.state(posted["number"], FLOW) == "excluded"
        assert to_invoices(it) == []

        it.update("projects", {"number": "JOB1"}, sendToProcore=True)
        await it.sync()

        assert len(requisitions(it)) == 1
        assert await it.state(posted["number"], FLOW) == "synced"


@pytest.mark.requirement("C-14", "PP-39")
@quick
async def test_an_order_that_is_split_by_job_is_billed_contract_by_contract(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path), flows={"purchase-order-to-commitment": {"split_by_job": True}}) as it:
        it.basics()
        it.project("JOB1")
        it.project("JOB2")
        rows = [line("01-100", "SITE", "M", cost="10"), line("01-100", "SITE", "M", cost="20", jobNumber="JOB2")]
        it.order("PO1", "JOB1", rows, release=True)
        await it.sync()
        posted = post(it)
        report = await it.sync()

        assert report.status == ExitStatus.DONE, report.document["problems"]
        found = {row["origin_id"]: billed(it, row) for row in requisitions(it)}
        assert found == {origin(it, posted): [Decimal(10)], origin(it, posted, ":JOB2"): [Decimal(20)]}
        assert len({row["project_id"] for row in requisitions(it)}) == 2
        own = next(row for row in requisitions(it) if row["origin_id"] == origin(it, posted))
        assert it.row("postedPurchaseInvoices")["procoreInvoiceId"] == own["id"]
