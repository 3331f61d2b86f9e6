"""Budgets that are locked, calls that are refused or cut off: nothing is tried in vain, and nothing stays undone."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from adapters.sandbox.faults import Fault
from adapters.sandbox.procore import budget
from adapters.sandbox.procore.state import State
from hub.report import ExitStatus
from tests.journeys.harness import sqlite, world
from tests.journeys.quick import quick
from tests.journeys.test_budget import FLOW, SUM, budget_of, planned, stage, to_budget

pytestmark = pytest.mark.journey


@pytest.mark.requirement("PP-15", "C-54")
@quick
async def test_a_locked_budget_waits_without_a_call_and_goes_on_when_it_is_unlocked(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it)
        number = planned(it, "JOB1", cost="10")
        await it.sync()
        project = it.procore.find("projects", project_number="JOB1")["id"]
        it.procore.budget.lock(project)
        it.update("projectPlanningLines", {"lineNumber": number}, unitCost=Decimal(12))
        places = it.places()
        await it.sync()
        await it.sync()

        assert to_budget(it, places[1]) == []
        assert await it.state(f"JOB1|01-100|{number}", FLOW) == "parked"
        assert "the budget is locked in Procore" in await it.reasons(f"JOB1|01-100|{number}", FLOW)

        it.procore.budget.unlock(project)
        await it.sync()

        assert budget_of(it) == {"SITE.01-100.M": 12}
        assert await it.state(f"JOB1|01-100|{number}", FLOW) == "synced"


@pytest.mark.requirement("PP-15")
def test_a_budget_that_is_locked_between_look_and_write_waits_with_the_words_of_procore(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @quick
    async def story() -> None:
        async with world(sqlite(tmp_path)) as it:
            stage(it)
            await it.sync()
            number = planned(it, "JOB1", cost="10")
            looks = iter((False,))

            def is_locked(_state: State, _project_id: int) -> bool:
                return next(looks, True)

            with monkeypatch.context() as patch:
                patch.setattr(budget, "is_locked", is_locked)
                await it.sync()
                told = str(await it.ask("SELECT reasons FROM record_state WHERE flow = ?", SUM))
                await it.sync()

                assert "cannot be created while the budget is locked" in told
                assert len(to_budget(it)) == 1
                assert await it.state(f"JOB1|01-100|{number}", FLOW) == "parked"

            await it.sync()

            assert budget_of(it) == {"SITE.01-100.M": 10}

    story()


@pytest.mark.requirement("PP-15")
@pytest.mark.parametrize("kind", ["lost_reply", "drop_before"])
def test_a_lost_reply_leaves_one_budget_line(tmp_path: Path, kind: Any) -> None:
    @quick
    async def story() -> None:
        async with world(sqlite(tmp_path)) as it:
            stage(it)
            planned(it, "JOB1", cost="10")
            it.procore.faults.add(Fault(kind=kind, method="POST", path="/rest/v1.0/budget_line_items/sync"))
            report = await it.settle()

            assert report.status == ExitStatus.DONE
            assert it.procore.faults.plain() == []
            assert budget_of(it) == {"SITE.01-100.M": 10}
            assert len(list(it.procore.rows("budget_line_items"))) == 1

    story()


@pytest.mark.requirement("PP-14")
@quick
async def test_a_bad_row_does_not_hold_up_the_others_of_its_call(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.basics(cost_types=("L", "M", "S", "E"))
        it.project("JOB1")
        await it.sync()
        project = it.procore.find("projects", project_number="JOB1")["id"]
        bad = it.procore.add_wbs_code(project, "01-100", "S", "SITE")
        it.procore.set_any("wbs_codes", bad["id"], status="inactive")
        for cost_type in ("L", "M", "S", "E"):
            planned(it, "JOB1", cost_type, cost="10")
        report = await it.sync()

        assert report.status == ExitStatus.NEEDS_PERSON
        assert budget_of(it) == {f"SITE.01-100.{each}": 10 for each in ("L", "M", "E")}
