"""Trouble at each of the three steps of a direct cost ends with one for each journal line, whole and locked."""

from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from adapters.sandbox.faults import Fault
from hub.report import ExitStatus
from tests.contract import procore_contract as procore
from tests.journeys.harness import sqlite, world
from tests.journeys.journals import (
    FLOW,
    assert_each_once,
    cost_lines,
    costs,
    entered,
    entries,
    journal_line,
    post,
    stage,
    to_costs,
)
from tests.journeys.quick import quick, run

pytestmark = pytest.mark.journey

HEADS, LINES = "direct_costs/sync", "direct_costs/line_items/sync"
STEPS = {"heads": (HEADS, 0), "lines": (LINES, 0), "lock": (HEADS, 1)}


@pytest.mark.requirement("PP-50", "PF-05")
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(
    "trouble",
    [
        {"kind": "lost_reply"},
        {"kind": "drop_before"},
        {"kind": "status", "status": 504, "handled": True},
        {"kind": "malformed_json"},
        {"kind": "conflict"},
        {"kind": "status", "status": 503, "parts": True, "handled": True},
    ],
    ids=str,
)
def test_each_step_survives_a_reply_that_never_came(tmp_path: Path, step: str, trouble: dict[str, Any]) -> None:
    async def story() -> None:
        async with world(sqlite(tmp_path)) as it:
            stage(it)
            await it.sync()
            path, skip = STEPS[step]
            of_parts = trouble.get("parts", False)
            it.procore.faults.add(Fault(**trouble, path=path, skip=3 * skip if of_parts else skip))
            post(it, journal_line("1"), journal_line("2"), journal_line("3"))
            report = await it.settle()

            assert report.status == ExitStatus.DONE, report.document["problems"]
            assert it.procore.faults.plain() == []
            assert_each_once(it)

    run(story)


@pytest.mark.requirement("DC-08")
@pytest.mark.parametrize("step", STEPS)
def test_a_row_that_is_refused_at_any_step_goes_on_when_it_is_tried_again(tmp_path: Path, step: str) -> None:
    async def story() -> None:
        async with world(sqlite(tmp_path)) as it:
            stage(it)
            await it.sync()
            path, skip = STEPS[step]
            it.procore.faults.add(Fault(kind="status", status=422, parts=True, path=path, skip=2 * skip))
            post(it, journal_line("1"), journal_line("2"))
            report = await it.settle()

            assert report.status == ExitStatus.NEEDS_PERSON
            assert len([entry for entry in entries(it) if entry["procoreDirectCostId"]]) == 1

            await it.sync(full=True)

            assert_each_once(it)

    run(story)


@pytest.mark.requirement("PP-50")
@quick
async def test_a_record_that_is_in_use_is_tried_again_after_growing_waits(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it)
        await it.sync()
        it.procore.faults.add(Fault(kind="conflict", path=LINES, times=4))
        post(it, journal_line())
        place = it.procore.log.last
        await it.settle()
        at = [each.started_at for each in it.writes(since=place) if LINES in each.path]
        waits = [(after - before).total_seconds() for before, after in pairwise(at)]

        assert len(waits) == 4
        assert waits[-1] > 2 * waits[0]
        assert_each_once(it)


@quick
async def test_the_twins_of_a_call_that_was_carried_out_twice_are_removed(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it)
        await it.sync()
        it.procore.faults.add(Fault(kind="duplicate", path=HEADS))
        post(it, journal_line("1"), journal_line("2"))
        await it.settle()

        assert_each_once(it)
        assert len([each for each in to_costs(it) if each.method == "DELETE"]) == 2


@pytest.mark.requirement("PP-49")
@quick
async def test_a_bad_line_that_comes_too_late_holds_back_nothing_that_set_out(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it)
        await it.sync()
        it.procore.faults.add(Fault(kind="conflict", path=LINES, times=0))
        post(it, journal_line("1"))
        await it.sync(wait=timedelta())
        late = entered(it, journal_line("2", entryType="Usage"), journal_line("3"))
        it.procore.faults.clear()
        it.clock.skip(timedelta(hours=1))
        await it.settle()

        assert [Decimal(line["amount"]) for line in cost_lines(it)] == [1]
        assert [cost["status"] for cost in costs(it)] == ["approved"]
        assert [await it.state(str(row["entryNumber"]), FLOW) for row in late] == ["rejected"] * 2


@pytest.mark.requirement("PF-03")
@pytest.mark.skipif(not procore.present(), reason=procore.MISSING)
@quick
async def test_every_call_is_as_the_catalogue_describes_it(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path), flows={FLOW: {"allow_negative": True}}) as it:
        stage(it)
        it.procore.faults.add(Fault(kind="duplicate", path=HEADS), Fault(kind="lost_reply", path=LINES))
        entered(it, journal_line("1"), journal_line("0.33333", quantity=Decimal(3)), journal_line("-5", description=""))
        await it.settle()
        asked = [each for each in it.procore.log if "direct_costs" in each.path and not each.fault]

        assert {each.method for each in asked} == {"GET", "PATCH", "DELETE"}
        assert procore.validate_exchanges(asked) == len(asked)


@pytest.mark.requirement("DC-07")
@quick
async def test_an_empty_ledger_finds_what_an_earlier_one_made(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it)
        post(it, journal_line("1"), journal_line("2"))
        await it.sync()
        before = costs(it)
        (tmp_path / "other").mkdir()
        it.store = sqlite(tmp_path / "other")
        await it.settle()

        assert costs(it) == before
        assert [await it.state(str(entry["entryNumber"]), FLOW) for entry in entries(it)] == ["synced"] * 2
