"""One huge piece of work holds up nobody: what a person waits for passes it while it is still under way."""

from decimal import Decimal
from pathlib import Path

import anyio
import pytest

from adapters.sandbox.faults import Fault
from tests.journeys.harness import World
from tests.journeys.timecards import Site
from tests.simulation.loop import run_virtually
from tests.simulation.running import TURNS, running, worlds

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]

JOBS = tuple(f"JOB{at}" for at in range(1, 26))
TASKS = tuple(f"{at:02}-{100 * each}" for at in range(1, 11) for each in range(1, 4))
LINES = 3000
SLOW = 40.0
"""Seconds that Procore takes for one call of budget lines."""
HOUR = 3600.0
NEXT_SLICES = 360.0
"""Seconds: two slices of two minutes each, what couriers have in hand at their end, and the reading."""


def a_huge_budget(it: World) -> Decimal:
    """Three thousand planning lines of 750 budget codes; what they come to."""
    for at in range(LINES):
        it.insert(
            "projectPlanningLines",
            projectNumber=JOBS[at % len(JOBS)],
            taskNumber=TASKS[at // len(JOBS) % len(TASKS)],
            type="G/L Account",
            number="5200",
            quantity=Decimal(1),
            unitCost=Decimal(at % 90 + 1),
            segmentCode="SITE",
            costTypeCode="M",
            sendBudgetLineToProcore=True,
        )
    return sum((Decimal(at % 90 + 1) for at in range(LINES)), Decimal(0))


def budget(it: World) -> Decimal:
    """What the budgets in Procore come to so far."""
    return sum((Decimal(row["original_budget_amount"]) for row in it.procore.rows("budget_line_items")), Decimal(0))


@pytest.mark.requirement("BX-18")
def test_a_time_sheet_arrives_in_the_next_slice_while_a_huge_budget_is_under_way(tmp_path: Path) -> None:
    async def story() -> None:
        it = worlds()
        it.basics()
        for job in JOBS:
            it.project(job, tasks=TASKS)
        there = Site(it)
        there.worker("Anna")
        async with running(it, tmp_path, start_date="2026-03-01", poll_every="1d") as service:
            await service.until(lambda: it.procore.count("projects") >= len(JOBS), 600)
            await anyio.sleep(2 * HOUR)  # everything else has arrived, and all projects were asked to tell
            wanted = a_huge_budget(it)
            it.procore.faults.add(Fault(kind="latency", seconds=SLOW, path="/budget_line_items/sync", times=0))
            began = await service.until(lambda: budget(it) > 0, HOUR)

            there.entry(there.sheet(), "Anna", "8.0")
            arrived = await service.until(there.lines, HOUR)

            assert budget(it) < wanted * 3 / 4
            assert arrived - began < NEXT_SLICES
            await service.until(lambda: budget(it) == wanted, HOUR)

    run_virtually(1, story, TURNS)
