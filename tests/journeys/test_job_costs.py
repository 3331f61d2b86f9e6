"""What the job cost report says is what Business Central holds, to the cent, after a round against both stand-ins."""

from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pytest

from hub.operations.reports import ReportFilter, report
from tests.journeys.harness import World, sqlite, world
from tests.journeys.journals import entered, journal_line
from tests.journeys.posting import post, stage
from tests.journeys.quick import quick
from tests.journeys.test_budget import planned

pytestmark = pytest.mark.journey

FIGURES = ("original_estimate", "approved_changes", "commitments", "invoiced", "job_to_date", "month_to_date")


def held(it: World, month: str) -> dict[tuple[str, str, str], dict[str, Decimal]]:
    """The same figures from the tables of Business Central, by task, segment and cost type."""
    found: dict[tuple[str, str, str], dict[str, Decimal]] = defaultdict(lambda: dict.fromkeys(FIGURES, Decimal(0)))

    def add(row: dict[str, object], task: str, amount: str, *figures: str) -> None:
        code = (str(row[task]), str(row["segmentCode"]), str(row["costTypeCode"]))
        for figure in figures:
            found[code][figure] += Decimal(str(row[amount]))

    for row in it.bc.tables.rows("projectPlanningLines"):
        add(row, "taskNumber", "totalCost", "approved_changes" if row["changeOrderNumber"] else "original_estimate")
    for row in it.bc.tables.rows("purchaseOrderLines"):
        add(row, "jobTaskNumber", "amount", "commitments")
    posted = {row["number"]: str(row["postingDate"]) for row in it.bc.tables.rows("postedPurchaseInvoices")}
    for row in it.bc.tables.rows("postedPurchaseInvoiceLines"):
        now = ("month_to_date",) if posted[row["documentNumber"]].startswith(month) else ()
        add(row, "jobTaskNumber", "amount", "invoiced", "job_to_date", *now)
    for row in it.bc.tables.rows("projectLedgerEntries"):
        if row["sendToProcore"]:
            now = ("month_to_date",) if str(row["postingDate"]).startswith(month) else ()
            add(row, "jobTaskNumber", "amount", "job_to_date", *now)
    return dict(found)


async def reported(it: World, month: str, asof: str = "") -> tuple[dict[tuple[str, str, str], dict[str, Decimal]], int]:
    """The figures of the report, and the position that they are as of."""
    async with it.hub() as hub:
        page = await report(hub, "job-costs", ReportFilter(month=month, asof=asof), limit=1000)
    rows = {
        (row["task"], row["segment"], row["cost_type"]): {figure: Decimal(row[figure]) for figure in FIGURES}
        for row in page.items
    }
    return rows, page.asof


@pytest.mark.requirement("ER-40")
@quick
async def test_the_report_equals_business_central_now_and_as_it_was(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it, "10.00", "20.25")
        planned(it, "JOB1", "M", cost="1000.10")
        planned(it, "JOB1", "M", cost="0.90")
        planned(it, "JOB1", "L", cost="55.55")
        entered(it, journal_line("33.33"), journal_line("-7.77", costTypeCode="M"))
        await it.sync()
        post(it, to_invoice={10000: "1"})
        await it.sync()
        first, position = await reported(it, "2026-03")
        assert first == held(it, "2026-03")
        assert any(figures["invoiced"] for figures in first.values())

        planned(it, "JOB1", "L", cost="4.45")
        entered(it, journal_line("0.01", postingDate="2026-04-01"))
        await it.sync()
        for month in ("2026-04", "2026-05"):
            assert (await reported(it, month))[0] == held(it, month)
        assert (await reported(it, "2026-03", str(position)))[0] == first


@pytest.mark.requirement("ER-41", "ER-30", "C-10")
@quick
async def test_every_entry_is_a_direct_cost_or_told_with_its_reason(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it)
        rows = entered(it, journal_line("33.33"), journal_line("-7.77"), journal_line("5", documentNumber="J2"))
        await it.sync()
        async with it.hub() as hub:
            unsent = (await report(hub, "unsyncable-direct-costs", ReportFilter())).items
        sent = {row["id"] for row in it.bc.tables.rows("projectLedgerEntries") if row["procoreDirectCostId"]}

        numbers = {str(row["entryNumber"]) for row in rows if row["id"] not in sent}
        assert {row["number"] for row in unsent} == numbers
        assert len(unsent) == len(numbers) == 2  # the document with one bad entry sends nothing
        assert all(row["reason"] for row in unsent)
        total = sum((Decimal(str(row["amount"])) for row in rows), Decimal(0))
        carried = sum((Decimal(str(row["amount"])) for row in rows if row["id"] in sent), Decimal(0))
        assert carried + sum((Decimal(row["amount"]) for row in unsent), Decimal(0)) == total
