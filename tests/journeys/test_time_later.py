"""What happens to time after it was carried, and when something breaks on the way: no hour is lost, none is doubled."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters.sandbox.faults import Fault
from domain.values import BUSINESS_CENTRAL, System
from hub.report import ExitStatus
from tests.journeys.death import PHASES, Fate, Phase
from tests.journeys.quick import quick, run
from tests.journeys.test_killed import died
from tests.journeys.timecards import DAY, FLOW, NEXT_DAY, Site, site, total

pytestmark = pytest.mark.journey

SHEET = "TIME000001"
LINES = "crewTimeSheetLines"
ANNA = {"number": "R-ANNA"}


async def typical(there: Site) -> list[int]:
    """Three workers on one day, carried."""
    sheet = there.sheet()
    entries = [
        there.entry(sheet, name, hours) for name, hours in zip(there.people, ("8.0", "7.5", "4.25"), strict=True)
    ]
    await there.it.sync()
    assert len(there.lines()) == 3
    return entries


class Meanwhile(httpx.AsyncBaseTransport):
    """Lets somebody act in Business Central right before the first call of a sort arrives there."""

    def __init__(self, path: str, act: Callable[[], object]) -> None:
        self._path, self._act, self._usual = path, [act], Fate().networks()

    def ways(self) -> dict[System, httpx.AsyncBaseTransport]:
        """The ways to both systems."""
        return {**self._usual, BUSINESS_CENTRAL: self}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self._act and request.method != "GET" and self._path in request.url.path:
            self._act.pop()()
        return await self._usual[BUSINESS_CENTRAL].handle_async_request(request)

    async def aclose(self) -> None:
        await self._usual[BUSINESS_CENTRAL].aclose()


# -- changes --------------------------------------------------------------------------------------------


@pytest.mark.requirement("C-19", "PP-92")
@quick
async def test_changes_reach_the_line_while_its_sheet_is_open(tmp_path: Path) -> None:
    async with site(tmp_path) as there:
        anna, bert, cora = await typical(there)
        there.it.procore.time.change(anna, hours="6.75", cost_code="03-300", sub_job="BLDG", cost_type="M")
        there.it.procore.time.change(bert, description="Pouring", party_id=there.people["Cora"])
        places = there.it.places()
        await there.it.sync()
        by_entry = {row["timeSheetLineId"]: row for row in there.lines()}

        assert by_entry[anna]["hours"] == Decimal("6.75")
        codes = ("jobTaskNumber", "segmentCode", "costTypeCode")
        assert [by_entry[anna][name] for name in codes] == ["03-300", "BLDG", "M"]
        assert [by_entry[bert][name] for name in ("description", "resourceNumber")] == ["Pouring", "R-CORA"]
        assert by_entry[cora]["hours"] == Decimal("4.25")
        written = [each for each in there.it.writes("business_central", places[0]) if not each.path.endswith("$batch")]
        assert [each.method for each in written] == ["PATCH", "PATCH"]


@pytest.mark.requirement("C-32")
@quick
async def test_a_later_approval_sends_no_line_again(tmp_path: Path) -> None:
    async with site(tmp_path) as there:
        sheet = there.sheet()
        entry = there.entry(sheet, "Anna", status="pending")
        await there.it.sync()
        places = there.it.places()
        there.it.procore.time.approve(sheet)
        report = await there.it.sync()

        assert report.document["observed"] == 1
        assert there.it.written(places) == 0
        assert await there.state(entry) == "synced"
        assert len(there.lines()) == 1


@pytest.mark.requirement("C-32", "PP-87")
@quick
async def test_an_approval_before_the_row_is_processed_reaches_the_buffer(tmp_path: Path) -> None:
    async with site(tmp_path) as there:
        sheet = there.sheet()
        entry = there.entry(sheet, "Anna", status="pending")
        off = Meanwhile("NAV.process", lambda: there.it.update("resources", ANNA, useCrewTimeSheet=False))
        await there.it.sync(networks=off.ways())

        assert [(row["procoreStatus"], row["processingStatus"]) for row in there.buffer()] == [("Pending", "Skipped")]
        assert "does not use crew time sheets" in await there.why(entry)

        there.it.procore.time.approve(sheet)
        there.it.update("resources", ANNA, useCrewTimeSheet=True)
        await there.it.sync()

        assert [(row["procoreStatus"], row["processingStatus"]) for row in there.buffer()] == [
            ("Approved", "Processed")
        ]


@pytest.mark.requirement("C-19", "PP-97")
@quick
async def test_a_change_after_the_sheet_was_submitted_is_a_conflict_and_writes_nothing(tmp_path: Path) -> None:
    async with site(tmp_path) as there:
        anna, bert, _ = await typical(there)
        there.submit(SHEET)
        places = there.it.places()
        there.it.procore.time.change(anna, hours="6.75")
        await there.it.sync()

        assert there.it.written(places) == 0
        assert await there.state(anna) == "conflict"
        assert f"crew time sheet {SHEET} is Submitted: hours 8 there, 6.75 in Procore" in await there.why(anna)
        assert await there.state(bert) == "synced"

        there.it.procore.time.change(anna, hours="8.0")
        await there.it.sync()

        assert await there.state(anna) == "synced"
        assert there.it.written(places) == 0


@pytest.mark.requirement("C-19", "PP-97")
@quick
async def test_a_sheet_that_is_submitted_right_before_the_change_arrives_is_left_alone(tmp_path: Path) -> None:
    async with site(tmp_path) as there:
        anna, *_ = await typical(there)
        there.it.procore.time.change(anna, hours="6.75")
        await there.it.sync(networks=Meanwhile(LINES, lambda: there.submit(SHEET)).ways())

        assert [row["hours"] for row in there.lines(timeSheetLineId=anna)] == [8]
        assert await there.state(anna) == "conflict"


@quick
async def test_a_line_that_somebody_touches_meanwhile_is_decided_anew_and_set_right(tmp_path: Path) -> None:
    async with site(tmp_path) as there:
        anna, *_ = await typical(there)
        there.it.procore.time.change(anna, hours="6.75")
        where = {"timeSheetLineId": anna}
        touch = Meanwhile(LINES, lambda: there.it.update(LINES, where, description="Seen by the office"))
        report = await there.it.sync(networks=touch.ways())

        assert report.status == ExitStatus.DONE
        assert [(row["hours"], row["description"]) for row in there.lines(**where)] == [(Decimal("6.75"), "")]


@pytest.mark.requirement("C-19")
@quick
async def test_a_deleted_entry_is_closed_and_its_line_stays(tmp_path: Path) -> None:
    async with site(tmp_path) as there:
        anna, *_ = await typical(there)
        places = there.it.places()
        there.it.procore.time.remove(anna)
        await there.it.sync()

        assert await there.state(anna) == "deleted"
        assert there.it.written(places) == 0
        assert len(there.lines()) == 3
        assert (await there.it.sync()).document["observed"] == 0


@quick
async def test_a_deleted_timesheet_closes_all_its_entries(tmp_path: Path) -> None:
    async with site(tmp_path) as there:
        entries = await typical(there)
        there.it.procore.time.remove_sheet(there.it.procore.find("timesheets")["id"])
        await there.it.sync()

        assert [await there.state(each) for each in entries] == ["deleted"] * 3


@quick
async def test_hours_that_become_none_are_none_in_the_line_too(tmp_path: Path) -> None:
    async with site(tmp_path) as there:
        anna, *_ = await typical(there)
        there.it.procore.time.change(anna, hours="0")
        await there.it.sync()

        assert total(there.lines()) == Decimal("11.75")
        assert await there.state(anna) == "synced"


@quick
async def test_a_timesheet_that_moved_has_its_other_entries_read_again(tmp_path: Path) -> None:
    async with site(tmp_path) as there:
        anna, *_ = await typical(there)
        there.it.clock.skip(timedelta(hours=1))
        tables = there.it.procore.state
        tables.table("timecard_entries")[anna]["hours"] = "5.0"  # a change that left the entry's own time alone
        next(iter(tables.table("timesheets").values()))["updated_at"] = tables.stamp()
        await there.it.sync()
        places = there.it.places()
        await there.it.sync()
        asked = [entry for entry in there.it.procore.log if entry.sequence > places[1] and not entry.token]

        assert [line["hours"] for line in there.lines(timeSheetLineId=anna)] == [5]
        assert len(asked) <= 6


@pytest.mark.requirement("PP-96")
@quick
async def test_time_on_a_code_of_an_npc_child_goes_to_the_job_of_the_project(tmp_path: Path) -> None:
    async with site(tmp_path) as there:
        there.it.project("JOB1-1", parentProjectNumber="JOB1", projectClass="NPC Change Order", tasks=("01-100", "07"))
        await there.it.sync()
        there.entry(there.sheet(), "Anna")
        extra = there.entry(there.sheet(NEXT_DAY), "Bert", cost_code="07")
        await there.it.sync()

        assert {row["jobNumber"] for row in there.lines()} == {"JOB1"}
        assert "belongs to project JOB1-1" in await there.why(extra)


# -- what breaks on the way -----------------------------------------------------------------------------


@pytest.mark.requirement("PP-83", "PP-91")
@pytest.mark.parametrize("kind", ["lost_reply", "truncated", "drop_before"])
@pytest.mark.parametrize("path", [r"timeSheetBufferEntries$", "NAV.process", r"crewTimeSheetLines\(", r"\$batch"])
def test_a_lost_reply_neither_loses_nor_doubles_an_hour(tmp_path: Path, kind: Any, path: str) -> None:
    async def story() -> None:
        async with site(tmp_path) as there:
            names = ("Anna", "Bert") if "batch" in path else ("Anna",)
            sheet = there.sheet()
            there.it.bc.faults.add(Fault(kind=kind, method="" if "batch" in path else "POST", path=path, times=2))
            entries = [there.entry(sheet, name) for name in names]
            await there.it.settle()
            there.it.bc.faults.clear()
            there.it.bc.faults.add(Fault(kind=kind, method="PATCH", path=path))
            for entry in entries:
                there.it.procore.time.change(entry, hours="6.0")
            report = await there.it.settle()

            assert report.status == ExitStatus.DONE
            assert [row["hours"] for row in there.lines()] == [6] * len(names)
            assert len(there.buffer()) == len(names)
            assert len(there.sheets()) == 1

    run(story)


@pytest.mark.requirement("PP-83")
@pytest.mark.parametrize("phase", PHASES)
def test_killed_between_buffer_and_sheet_the_rows_are_kept_and_the_sheet_is_built_once(
    tmp_path: Path, phase: Phase
) -> None:
    async def story() -> None:
        for number in range(1, 40):
            folder = tmp_path / str(number)
            folder.mkdir()
            async with site(folder) as there:
                sheet = there.sheet()
                for name, hours in zip(there.people, ("8.0", "7.5", "4.25"), strict=True):
                    there.entry(sheet, name, hours)
                fate = Fate()
                if number == 1:
                    assert not await died(there.it, fate)
                    writes[:] = [at for at, (_, made) in enumerate(fate.made, 1) if made.method != "GET"]
                    continue
                if number - 2 >= len(writes):
                    return
                assert await died(there.it, Fate(writes[number - 2], phase))
                report = await there.it.settle()

                assert report.status == ExitStatus.DONE
                assert (len(there.buffer()), len(there.lines()), len(there.sheets())) == (3, 3, 1)
                assert total(there.lines()) == Decimal("19.75")

    writes: list[int] = []
    run(story)

    assert len(writes) == 2


@pytest.mark.requirement("PP-83", "C-54")
@quick
async def test_what_business_central_refuses_for_its_own_reasons_is_tried_again_within_the_hour(tmp_path: Path) -> None:
    async with site(tmp_path) as there:
        task = {"taskNumber": "01-100"}
        entry = there.entry(there.sheet(), "Anna")
        change = Meanwhile("NAV.process", lambda: there.it.update("projectTasks", task, taskType="Total"))
        await there.it.sync(networks=change.ways())
        there.it.update("projectTasks", task, taskType="Posting")
        places = there.it.places()
        report = await there.it.sync()

        assert report.status == ExitStatus.DONE
        assert "Task 01-100 of project JOB1 is not a posting task." in await there.why(entry)
        assert [each for each in there.it.writes("business_central", places[0]) if "process" in each.path] == []

        there.it.clock.skip(timedelta(days=1))
        await there.it.sync()

        assert await there.state(entry) == "synced"


@pytest.mark.requirement("PP-82")
@quick
async def test_a_project_without_the_timesheets_tool_holds_up_no_time(tmp_path: Path) -> None:
    async with site(tmp_path) as there:
        await typical(there)
        there.it.procore.faults.add(Fault(kind="forbidden", path="/timesheets", times=0))
        late = there.entry(there.sheet(NEXT_DAY), "Anna", "2.0")
        report = await there.it.sync()

        assert report.status == ExitStatus.DONE
        assert await there.state(late) == "synced"
        assert report.document["states"][FLOW] == {"synced": 4}
        assert {row["workDate"] for row in there.lines()} == {DAY, NEXT_DAY}
