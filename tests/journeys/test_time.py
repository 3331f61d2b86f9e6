"""Time from the site becomes lines of crew time sheets: every hour once, on the right job, worker and day."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from adapters.sandbox.request_log import Entry
from hub.report import ExitStatus
from tests.journeys.harness import kinds
from tests.journeys.quick import quick
from tests.journeys.timecards import DAY, FLOW, NEXT_DAY, Site, site, total

pytestmark = pytest.mark.journey

BUFFER_COLUMNS = (
    *("entryNumber", "procoreTimesheetId", "timesheetName", "procoreStatus", "description", "workDate"),
    *("procoreProjectId", "resourceNumber", "procoreTimecardEntryId"),
)


def of_time(there: Site, since: int = 0) -> list[Entry]:
    """Writes to the buffer and to crew time sheets."""
    return [entry for entry in there.it.writes("business_central", since) if "ime" in entry.path.rpartition("/")[2]]


def figures(there: Site) -> dict[str, tuple[Any, ...]]:
    """Lines of crew time sheets by resource."""
    names = ("workDate", "hours", "jobNumber", "jobTaskNumber", "segmentCode", "costTypeCode")
    return {row["resourceNumber"]: tuple(row[name] for name in names) for row in there.lines()}


@pytest.mark.requirement("PP-83", "PP-89", "PP-90", "PP-92", "PP-93", "PP-94", "PP-95", "PP-97", "C-20", "C-22")
@quick
async def test_two_timesheets_of_three_workers_become_two_crew_time_sheets(tmp_path: Path) -> None:
    async with site(tmp_path) as there:
        first, second = there.sheet(DAY), there.sheet(NEXT_DAY)
        there.entry(first, "Anna", "8.0", description="Forming")
        there.entry(first, "Bert", "7.25", cost_code="03-300", cost_type="M", sub_job="BLDG", status="pending")
        there.entry(second, "Cora", "6.5", sub_job="", cost_type="")
        before = there.it.last("procore")
        report = await there.it.sync()

        assert report.status == ExitStatus.DONE
        assert report.document["states"][FLOW] == {"synced": 3}
        assert figures(there) == {
            "R-ANNA": (DAY, Decimal(8), "JOB1", "01-100", "SITE", "L"),
            "R-BERT": (DAY, Decimal("7.25"), "JOB1", "03-300", "BLDG", "M"),
            "R-CORA": (NEXT_DAY, Decimal("6.5"), "JOB1", "01-100", "", ""),
        }
        heads = [(row["timeSheetHeaderId"], row["description"], row["startingDate"]) for row in there.sheets()]
        assert heads == [(first, f"{DAY} - 01", DAY), (second, f"{NEXT_DAY} - 01", NEXT_DAY)]
        assert all(row["number"] and row["endingDate"] == row["startingDate"] for row in there.sheets())
        assert [row["procoreStatus"] for row in there.buffer()] == ["Approved", "Pending", "Approved"]
        assert all(row[name] for row in there.buffer()[:1] for name in BUFFER_COLUMNS)
        assert all(row["resourceName"] and row["unitCost"] for row in there.lines())
        assert not [entry for entry in of_time(there) if "submit" in entry.path or "generate" in entry.path]
        assert there.it.writes("procore", before) == []


@pytest.mark.requirement("PP-85", "PP-91", "PP-92")
@quick
async def test_a_second_run_writes_nothing_and_all_hours_are_there_once(tmp_path: Path) -> None:
    async with site(tmp_path) as there:
        sheet = there.sheet()
        hours = ("0.25", "7.33", "11.99")
        for name, worked in zip(there.people, hours, strict=True):
            there.entry(sheet, name, worked)
        await there.it.sync()
        places = there.it.places()
        report = await there.it.sync()
        await there.it.sync(full=True)

        assert there.it.written(places) == 0
        assert report.document["observed"] == 0
        assert total(there.lines()) == total(there.buffer()) == Decimal("19.57")
        assert {row["timeSheetHeaderId"] for row in there.lines()} == {sheet}
        assert len({row["timeSheetLineId"] for row in there.lines()}) == 3


@pytest.mark.requirement("PP-85", "C-21")
@quick
async def test_a_line_that_comes_later_extends_the_sheet_that_is_there(tmp_path: Path) -> None:
    async with site(tmp_path) as there:
        sheet = there.sheet()
        there.entry(sheet, "Anna")
        await there.it.sync()
        there.entry(sheet, "Bert", "4.0")
        await there.it.sync()

        assert len(there.sheets()) == 1
        assert [row["lineNumber"] for row in there.lines()] == [10000, 20000]


@pytest.mark.requirement("PP-82")
@quick
async def test_time_of_an_unlinked_project_waits_until_it_is_linked(tmp_path: Path) -> None:
    async with site(tmp_path) as there:
        elsewhere = there.it.procore.add_project("Bridge", project_number="JOB2", sub_jobs=True)["id"]
        sheet = there.it.procore.time.add_sheet(elsewhere, DAY)["id"]
        code = there.it.procore.add_cost_code(elsewhere, "01-100", "Task 01-100")
        there.it.procore.add_sub_job(elsewhere, "SITE", "Site")
        entry = there.entry(sheet, "Anna", "8.0")
        await there.it.sync()

        assert of_time(there) == []
        assert await there.state(entry) == "parked"
        assert f"waiting for Procore project Bridge ({elsewhere})" in await there.why(entry)

        job = there.it.project("JOB2")
        mine = f"bc:{there.it.bc.company_id}:projects:{job['id']}"
        there.it.procore.set_any("projects", elsewhere, origin_id=mine)  # how a person links the two
        await there.it.sync()

        assert await there.state(entry) == "synced"
        assert [row["jobNumber"] for row in there.lines()] == ["JOB2"]
        assert code["id"] == there.it.row("projectTasks", projectNumber="JOB2")["procoreCostCodeId"]


@pytest.mark.requirement("PP-82", "C-60")
@quick
async def test_time_of_a_project_that_is_switched_off_waits_for_it_to_be_on_again(tmp_path: Path) -> None:
    async with site(tmp_path) as there:
        there.it.project("JOB2")
        await there.it.sync()
        there.it.update("projects", {"number": "JOB2"}, sendToProcore=False)
        entry = there.entry(there.sheet(project="JOB2"), "Anna")
        await there.it.sync()

        assert of_time(there) == []
        assert await there.state(entry) == "excluded"

        there.it.update("projects", {"number": "JOB2"}, sendToProcore=True)
        await there.it.sync()

        assert await there.state(entry) == "synced"


@pytest.mark.requirement("PP-84", "PP-92", "C-19")
@quick
async def test_other_statuses_entries_in_progress_and_no_hours_write_nothing(tmp_path: Path) -> None:
    async with site(tmp_path) as there:
        sheet = there.sheet()
        reviewed = there.entry(sheet, "Anna", status="reviewed")
        completed = there.entry(sheet, "Bert", status="completed")
        nothing = there.entry(sheet, "Cora", "0.0")
        running = there.entry(sheet, "Cora", "3.0", in_progress=True)
        await there.it.sync()

        assert of_time(there) == []
        assert [await there.state(each) for each in (reviewed, completed, nothing)] == ["excluded"] * 3
        assert "status reviewed" in await there.why(reviewed)
        assert "0 hours" in await there.why(nothing)
        assert await there.state(running) == ""

        there.it.procore.time.set_status(reviewed, "approved")
        there.it.procore.time.change(running, in_progress=False)
        await there.it.sync()

        assert {row["timeSheetLineId"] for row in there.lines()} == {reviewed, running}


@pytest.mark.requirement("C-19")
@quick
async def test_a_setting_brings_in_completed_time_and_overtime(tmp_path: Path) -> None:
    flows = {FLOW: {"statuses": {"completed": "Approved"}, "work_types": {"Overtime": "OT"}}}
    async with site(tmp_path, flows=flows) as there:
        sheet = there.sheet()
        late = there.entry(sheet, "Anna", status="completed", time_type="Overtime")
        pending = there.entry(sheet, "Bert", status="pending")
        await there.it.sync()

        assert [row["workTypeCode"] for row in there.lines(timeSheetLineId=late)] == ["OT"]
        assert await there.state(pending) == "excluded"


@pytest.mark.requirement("PP-92")
@quick
async def test_overtime_that_rules_split_off_waits_for_its_work_type_and_the_rest_goes(tmp_path: Path) -> None:
    async with site(tmp_path) as there:
        day = there.entry(there.sheet(), "Anna", "10.0")
        late = there.it.procore.time.split(day, hours="2.0")["id"]
        await there.it.sync()

        assert [(row["timeSheetLineId"], row["hours"]) for row in there.lines()] == [(day, 8)]
        assert "time type Overtime has no Work Type Code" in await there.why(late)


@pytest.mark.requirement("PP-92", "PF-13")
@quick
async def test_hours_from_start_and_stop_are_exact(tmp_path: Path) -> None:
    async with site(tmp_path) as there:
        there.it.procore.time.record_by(there.project_id(), "start_stop")
        sheet = there.sheet()
        there.entry(sheet, "Anna", None, time_in="08:00", time_out="16:30", lunch=30)
        there.entry(sheet, "Bert", None, time_in="22:00", time_out="05:20", lunch=0)
        await there.it.sync()

        assert {row["resourceNumber"]: row["hours"] for row in there.lines()} == {
            "R-ANNA": Decimal(8),
            "R-BERT": Decimal("7.33"),
        }
        assert {row["workDate"] for row in there.lines()} == {DAY}


@pytest.mark.requirement("PP-86", "C-54")
@quick
async def test_an_unknown_worker_is_named_and_goes_as_soon_as_there_is_a_resource(tmp_path: Path) -> None:
    async with site(tmp_path) as there:
        dora = there.worker("Dora", resource=False)
        entry = there.entry(there.sheet(), "Dora")
        await there.it.sync()

        assert of_time(there) == []
        assert f"worker {dora} is no resource of Business Central" in await there.why(entry)

        there.resource("Dora")
        there.it.insert("employees", number="E-DORA", givenName="Dora", surname="Lund", resourceNumber="R-DORA")
        await there.it.sync()

        assert await there.state(entry) == "synced"
        assert [row["resourceNumber"] for row in there.lines()] == ["R-DORA"]


@pytest.mark.requirement("PP-87")
@quick
async def test_one_worker_of_three_without_crew_time_sheets_holds_up_nobody_else(tmp_path: Path) -> None:
    async with site(tmp_path) as there:
        there.it.update("resources", {"number": "R-BERT"}, useCrewTimeSheet=False)
        sheet = there.sheet()
        entries = [there.entry(sheet, name) for name in there.people]
        report = await there.it.sync()

        assert report.document["states"][FLOW] == {"synced": 2, "parked": 1}
        assert {row["resourceNumber"] for row in there.lines()} == {"R-ANNA", "R-CORA"}
        assert "resource R-BERT of worker" in await there.why(entries[1])

        there.it.update("resources", {"number": "R-BERT"}, useCrewTimeSheet=True)
        await there.it.sync()

        assert len(there.lines()) == 3
        assert len(there.sheets()) == 1


@pytest.mark.requirement("PP-88", "C-24")
@quick
async def test_time_in_a_closed_period_waits_until_it_is_opened(tmp_path: Path) -> None:
    async with site(tmp_path) as there:
        closed = there.it.row("accountingPeriods", startingDate="2026-03-01")
        there.it.bc.tables.update("accountingPeriods", closed["id"], closed=True)
        march, april = there.entry(there.sheet(DAY), "Anna"), there.entry(there.sheet("2026-04-01"), "Anna")
        await there.it.sync()

        assert [row["timeSheetLineId"] for row in there.lines()] == [april]
        assert f"the accounting period of {DAY} is closed" in await there.why(march)

        there.it.bc.tables.update("accountingPeriods", closed["id"], closed=False)
        await there.it.sync()

        assert {row["timeSheetLineId"] for row in there.lines()} == {march, april}


@pytest.mark.requirement("C-50")
@quick
async def test_time_before_the_start_date_is_not_touched(tmp_path: Path) -> None:
    async with site(tmp_path) as there:
        old, new = there.entry(there.sheet("2026-02-27"), "Anna"), there.entry(there.sheet("2026-03-01"), "Anna")
        await there.it.sync()

        assert (await there.state(old), await there.state(new)) == ("", "synced")


@pytest.mark.requirement("PP-83")
@quick
async def test_five_hundred_entries_go_in_batches_of_a_hundred(tmp_path: Path) -> None:
    async with site(tmp_path) as there:
        days = [f"2026-03-{day:02}" for day in range(3, 13)]
        for day in days:
            sheet = there.sheet(day)
            for at in range(50):
                there.entry(sheet, ("Anna", "Bert", "Cora")[at % 3], f"0.{at + 1:02}")
        places = there.it.places()
        report = await there.it.sync()
        central = [entry for entry in there.it.bc.log if entry.sequence > places[0] and entry.part_of is None]
        calls = kinds(central)

        assert report.document["states"][FLOW] == {"synced": 500}
        assert total(there.lines()) == 10 * sum((Decimal(at + 1) / 100 for at in range(50)), Decimal(0))
        assert len(there.sheets()) == 10
        assert calls["POST $batch"] == 10
        assert calls["GET crewTimeSheetLines"] == calls["GET timeSheetBufferEntries"] <= 30
