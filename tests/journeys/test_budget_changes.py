"""A locked budget whose new figures go as approved budget changes, where the setting says so, and never twice."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from adapters.sandbox.faults import Fault
from hub.report import ExitStatus
from tests.journeys.harness import World, sqlite, world
from tests.journeys.quick import quick
from tests.journeys.test_budget import FLOW, budget_of, planned, stage, to_budget

pytestmark = [pytest.mark.journey, pytest.mark.requirement("PP-15", "PP-19")]

SETTING: dict[str, Any] = {"flows": {FLOW: {"when_locked": "budget_change"}}}


def project_id(it: World) -> int:
    """The project in Procore."""
    return it.procore.find("projects", project_number="JOB1")["id"]


def revised(it: World) -> dict[str, Decimal]:
    """Budget code -> original amount and approved changes in Procore."""
    figures = it.procore.budget.figures(project_id(it))
    return {it.procore.flat_code(code): Decimal(row["Revised Budget"]) for code, row in figures.items()}


def changes(it: World) -> list[tuple[str, str]]:
    """Title and status of the budget changes."""
    return [(row["title"], row["status"]) for row in it.procore.rows("budget_changes")]


@quick
async def test_the_difference_goes_as_a_budget_change_up_and_down_and_the_original_stays(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path), **SETTING) as it:
        stage(it)
        number = planned(it, "JOB1", cost="100")
        await it.sync()
        it.procore.budget.lock(project_id(it))
        for cost in ("150.01", "90", "90", "90.5"):
            it.update("projectPlanningLines", {"lineNumber": number}, unitCost=Decimal(cost))
            report = await it.sync()

            assert report.status == ExitStatus.DONE
            assert revised(it) == {"SITE.01-100.M": Decimal(cost)}
            assert await it.state(f"JOB1|01-100|{number}", FLOW) == "synced"

        assert budget_of(it) == {"SITE.01-100.M": 100}
        assert [status for _, status in changes(it)] == ["approved"] * 3
        assert len({title for title, _ in changes(it)}) == 3
        places = it.places()
        await it.sync()

        assert it.written(places) == 0


@quick
async def test_a_code_without_budget_line_gets_its_budget_by_a_change_too(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path), **SETTING) as it:
        stage(it)
        await it.sync()
        it.procore.budget.lock(project_id(it))
        number = planned(it, "JOB1", cost="33.33")
        await it.sync()

        assert revised(it) == {"SITE.01-100.M": Decimal("33.33")}
        line = it.row("projectPlanningLines", lineNumber=number)
        assert line["procoreBudgetLineItemId"] == next(it.procore.rows("budget_line_items"))["id"]


@quick
async def test_after_the_unlock_what_was_moved_is_not_counted_twice(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path), **SETTING) as it:
        stage(it)
        number = planned(it, "JOB1", cost="100")
        await it.sync()
        it.procore.budget.lock(project_id(it))
        it.update("projectPlanningLines", {"lineNumber": number}, unitCost=Decimal(150))
        await it.sync()
        it.procore.budget.unlock(project_id(it))
        it.update("projectPlanningLines", {"lineNumber": number}, unitCost=Decimal(170))
        await it.sync()

        assert revised(it) == {"SITE.01-100.M": 170}
        assert budget_of(it) == {"SITE.01-100.M": 120}


@pytest.mark.parametrize("kind", ["lost_reply", "drop_before"])
def test_a_lost_reply_makes_no_second_change(tmp_path: Path, kind: Any) -> None:
    @quick
    async def story() -> None:
        async with world(sqlite(tmp_path), **SETTING) as it:
            stage(it)
            number = planned(it, "JOB1", cost="100")
            await it.sync()
            it.procore.budget.lock(project_id(it))
            it.procore.faults.add(Fault(kind=kind, method="POST", path="/budget_changes"))
            it.update("projectPlanningLines", {"lineNumber": number}, unitCost=Decimal(150))
            report = await it.settle()

            assert report.status == ExitStatus.DONE
            assert it.procore.faults.plain() == []
            assert len(changes(it)) == 1
            assert revised(it) == {"SITE.01-100.M": 150}

    story()


@quick
async def test_without_the_setting_nothing_is_moved(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it)
        number = planned(it, "JOB1", cost="100")
        await it.sync()
        it.procore.budget.lock(project_id(it))
        it.update("projectPlanningLines", {"lineNumber": number}, unitCost=Decimal(150))
        places = it.places()
        await it.sync()

        assert to_budget(it, places[1]) == []
        assert changes(it) == []
