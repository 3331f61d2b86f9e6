"""Planning lines and the budget of Procore: every budget code holds what its planning lines come to, to the cent."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from adapters.sandbox.request_log import Entry
from hub.report import ExitStatus
from tests.journeys.harness import World, sqlite, world
from tests.journeys.quick import quick

pytestmark = pytest.mark.journey

FLOW, SUM = "planning-line-to-budget-line", "budget-code-to-budget-line"


def planned(it: World, job: str, cost_type: str = "M", quantity: str = "1", cost: str = "100", **more: Any) -> int:
    """A planning line of a job, flagged unless told otherwise; its line number."""
    given = {
        "taskNumber": "01-100",
        "type": "G/L Account",
        "number": "5200",
        "quantity": Decimal(quantity),
        "unitCost": Decimal(cost),
        "segmentCode": "SITE",
        "costTypeCode": cost_type,
        "sendBudgetLineToProcore": True,
        **more,
    }
    return it.insert("projectPlanningLines", projectNumber=job, **given)["lineNumber"]


def budget_of(it: World, job: str = "JOB1") -> dict[str, Decimal]:
    """Budget code -> original amount in Procore."""
    project = it.procore.find("projects", project_number=job)["id"]
    rows = it.procore.rows("budget_line_items", project_id=project)
    return {it.procore.flat_code(row["wbs_code_id"]): Decimal(row["original_budget_amount"]) for row in rows}


def to_budget(it: World, since: int = 0) -> list[Entry]:
    """Writes to budgets."""
    return [entry for entry in it.writes(since=since) if "budget" in entry.path]


def stage(it: World, *jobs: str, **fields: Any) -> None:
    """Jobs with two tasks; every planning line of theirs counts by its own flag."""
    it.basics()
    for job in jobs or ("JOB1",):
        it.project(job, tasks=("01-100", "03-300"), segments=("SITE", "BLDG"), **fields)


@pytest.mark.requirement("PP-12", "PP-13", "C-17")
@quick
async def test_a_line_goes_by_its_own_flag_or_by_its_projects(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.basics()
        for job, project_flag in (("JOB1", False), ("JOB2", True)):
            it.project(job, sendBudgetLineToProcore=project_flag)
            planned(it, job, "M", cost="10", sendBudgetLineToProcore=True)
            planned(it, job, "L", cost="20", sendBudgetLineToProcore=False)
        report = await it.sync()

        assert report.status == ExitStatus.DONE, report.document["problems"]
        assert budget_of(it, "JOB1") == {"SITE.01-100.M": 10}
        assert budget_of(it, "JOB2") == {"SITE.01-100.M": 10, "SITE.01-100.L": 20}


@pytest.mark.requirement("PP-12", "C-17")
@quick
async def test_the_projects_flag_starts_the_budget_and_ends_it_without_removals(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it)
        planned(it, "JOB1", cost="10", sendBudgetLineToProcore=False)
        await it.sync()
        assert to_budget(it) == []

        it.update("projects", {"number": "JOB1"}, sendBudgetLineToProcore=True)
        await it.sync()
        assert budget_of(it) == {"SITE.01-100.M": 10}

        it.update("projects", {"number": "JOB1"}, sendBudgetLineToProcore=False)
        number = it.row("projectPlanningLines")["lineNumber"]
        it.update("projectPlanningLines", {"lineNumber": number}, unitCost=Decimal(99))
        places = it.places()
        await it.sync()

        assert to_budget(it, places[1]) == []
        assert budget_of(it) == {"SITE.01-100.M": 10}
        assert await it.state(f"JOB1|01-100|{number}", FLOW) == "excluded"

        it.update("projects", {"number": "JOB1"}, sendBudgetLineToProcore=True)
        await it.sync()

        assert budget_of(it) == {"SITE.01-100.M": 99}


@pytest.mark.requirement("PP-12", "C-54")
@quick
async def test_the_budget_waits_for_its_project(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it, sendToProcore=False, sendBudgetLineToProcore=True)
        number = planned(it, "JOB1", cost="10")
        await it.sync()
        assert await it.state(f"JOB1|01-100|{number}", FLOW) == "parked"

        it.update("projects", {"number": "JOB1"}, sendToProcore=True)
        await it.sync()

        assert budget_of(it) == {"SITE.01-100.M": 10}


@pytest.mark.requirement("C-60")
@quick
async def test_what_changed_while_the_project_was_off_arrives_when_it_is_on_again(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it)
        number = planned(it, "JOB1", cost="10")
        planned(it, "JOB1", cost="5")
        await it.sync()
        it.update("projects", {"number": "JOB1"}, sendToProcore=False)
        await it.sync()
        it.update("projectPlanningLines", {"lineNumber": number}, unitCost=Decimal(70))
        places = it.places()
        await it.sync()
        assert it.written(places) == 0
        assert await it.state(f"JOB1|01-100|{number}", FLOW) == "excluded"

        it.update("projects", {"number": "JOB1"}, sendToProcore=True)
        await it.sync()

        assert budget_of(it) == {"SITE.01-100.M": 75}


@pytest.mark.requirement("PP-14", "PP-15", "C-18")
@quick
async def test_the_amount_is_the_sum_to_the_cent_and_every_line_knows_its_budget_line(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it)
        odd = [("3", "33.333"), ("0.333", "17.49"), ("-1", "0.005"), ("0", "12"), ("7", "1234.565")]
        for quantity, cost in odd:
            planned(it, "JOB1", "M", quantity, cost, unitOfMeasureCode="EA")
        planned(it, "JOB1", "L", "8", "62.50", unitOfMeasureCode="ea")
        planned(it, "JOB1", "L", "2", "62.50", unitOfMeasureCode="EA")
        await it.sync()
        lines = it.bc.tables.rows("projectPlanningLines")
        total = sum(row["totalCost"] for row in lines if row["costTypeCode"] == "M")

        assert budget_of(it) == {"SITE.01-100.M": total, "SITE.01-100.L": Decimal(625)}
        labour = next(row for row in it.procore.rows("budget_line_items") if row["calculation_strategy"] == "automatic")
        assert (labour["quantity"], labour["unit_cost"], labour["uom"]) == ("10.0", "62.5", "ea")
        ids = {row["id"] for row in it.procore.rows("budget_line_items")}
        assert {row["procoreBudgetLineItemId"] for row in lines} == ids
        assert it.bc.tables.rows("syncLogEntries") == [
            row for row in it.bc.tables.rows("syncLogEntries") if row["entitySetName"] != "projectPlanningLines"
        ]
        places = it.places()
        await it.sync()

        assert it.written(places) == 0


@pytest.mark.requirement("PP-18")
@quick
async def test_equal_codes_of_two_projects_never_mix(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it, "JOB1", "JOB2")
        planned(it, "JOB1", cost="10.01")
        planned(it, "JOB2", cost="20.02")
        await it.sync()

        assert budget_of(it, "JOB1") == {"SITE.01-100.M": Decimal("10.01")}
        assert budget_of(it, "JOB2") == {"SITE.01-100.M": Decimal("20.02")}


@pytest.mark.requirement("PP-14")
@quick
async def test_the_lines_of_a_child_meet_its_parents_in_one_budget_line(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it)
        planned(it, "JOB1", cost="10")
        await it.sync()  # the parent is at work when a change order makes the child
        it.project("JOB1-1", projectClass="NPC Change Order", parentProjectNumber="JOB1")
        planned(it, "JOB1-1", cost="5.50")
        await it.sync()

        assert budget_of(it) == {"SITE.01-100.M": Decimal("15.50")}
        assert len({row["procoreBudgetLineItemId"] for row in it.bc.tables.rows("projectPlanningLines")}) == 1
        places = it.places()
        await it.sync()

        assert it.written(places) == 0


@pytest.mark.requirement("PP-19", "PP-20")
@quick
async def test_changes_moves_and_deletions_update_the_same_budget_line(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it)
        first, second, third = (planned(it, "JOB1", cost=cost) for cost in ("10", "20", "40"))
        await it.sync()
        known = it.row("projectPlanningLines", lineNumber=first)["procoreBudgetLineItemId"]

        it.update("projectPlanningLines", {"lineNumber": first}, unitCost=Decimal(11))
        it.update("projectPlanningLines", {"lineNumber": second}, segmentCode="BLDG")
        await it.sync()
        assert budget_of(it) == {"SITE.01-100.M": 51, "BLDG.01-100.M": 20}
        assert it.row("projectPlanningLines", lineNumber=first)["procoreBudgetLineItemId"] == known
        assert it.row("projectPlanningLines", lineNumber=second)["procoreBudgetLineItemId"] != known

        it.delete("projectPlanningLines", lineNumber=third)
        await it.sync()
        assert budget_of(it) == {"SITE.01-100.M": 11, "BLDG.01-100.M": 20}

        it.delete("projectPlanningLines", lineNumber=first)
        await it.sync()
        assert budget_of(it) == {"SITE.01-100.M": 11, "BLDG.01-100.M": 20}
        assert await it.state(f"JOB1|01-100|{first}", FLOW) == "deleted"

        it.update("projectPlanningLines", {"lineNumber": second}, segmentCode="SITE")
        await it.sync()

        assert budget_of(it) == {"SITE.01-100.M": 20, "BLDG.01-100.M": 0}
        assert [entry for entry in it.procore.log.writes() if entry.method == "DELETE"] == []


@pytest.mark.requirement("PP-20")
@quick
async def test_a_line_that_is_made_again_under_its_number_replaces_the_old_one(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it)
        number = planned(it, "JOB1", cost="10")
        await it.sync()
        it.delete("projectPlanningLines", lineNumber=number)
        planned(it, "JOB1", cost="25", lineNumber=number)
        await it.sync()

        assert budget_of(it) == {"SITE.01-100.M": 25}
        assert len(list(it.procore.rows("budget_line_items"))) == 1


@pytest.mark.requirement("C-51", "PP-15")
@quick
async def test_lines_of_several_units_become_a_lump_sum_without_unit(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it)
        planned(it, "JOB1", "M", "2", "10", unitOfMeasureCode="EA")
        await it.sync()
        planned(it, "JOB1", "M", "3", "5.25", unitOfMeasureCode="CY")
        await it.sync()

        (row,) = it.procore.rows("budget_line_items")
        assert (row["uom"], row["quantity"], row["original_budget_amount"]) == (None, "1.0", "35.75")


@pytest.mark.requirement("PP-17", "MA-18", "C-51")
@quick
async def test_what_is_no_original_budget_stays_out(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it, sendBudgetLineToProcore=True)
        planned(it, "JOB1", "M", cost="10", unitOfMeasureCode="BAG")
        planned(it, "JOB1", "L", cost="10", lineType="Both Budget and Billable")
        planned(it, "JOB1", "M", cost="500", lineType="Billable")
        it.insert("projectPlanningLines", projectNumber="JOB1", taskNumber="01-100", type="Text", description="Note")
        with it.bc.tables.older_data():
            planned(it, "JOB1", "M", cost="900", changeOrderNumber="CO-1")
        await it.sync()

        assert budget_of(it) == {"SITE.01-100.M": 10, "SITE.01-100.L": 10}
        assert "of change order CO-1" in str(await it.ask("SELECT reasons FROM record_state WHERE state = 'excluded'"))
        told = str(await it.ask("SELECT reasons FROM record_state WHERE flow = ?", SUM))
        assert "unit BAG is unknown in Procore and was left out" in told


@pytest.mark.requirement("PP-14", "PP-17")
@quick
async def test_a_line_names_what_it_lacks(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it)
        with it.bc.tables.older_data():
            number = planned(it, "JOB1", "", cost="10", segmentCode="")
        report = await it.sync()

        assert report.status == ExitStatus.NEEDS_PERSON
        told = await it.reasons(f"JOB1|01-100|{number}", FLOW)
        assert "Segment Code is missing" in told
        assert "Cost Type is missing" in told
        assert to_budget(it) == []


@pytest.mark.requirement("PP-14")
@quick
async def test_a_budget_line_that_is_there_already_is_adopted(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it)
        await it.sync()
        project = it.procore.find("projects", project_number="JOB1")["id"]
        code = it.procore.add_wbs_code(project, "01-100", "M", "SITE")
        there = it.procore.budget.set_line(project, code["id"], original_budget_amount=Decimal(5))
        planned(it, "JOB1", cost="10")
        await it.sync()

        (row,) = it.procore.rows("budget_line_items")
        assert (row["id"], Decimal(row["original_budget_amount"])) == (there["id"], 10)


@pytest.mark.requirement("BX-18")
@quick
async def test_many_planning_lines_take_few_calls(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.basics()
        tasks = [f"{at:02}-100" for at in range(1, 41)]
        it.project("JOB1", tasks=tasks, sendBudgetLineToProcore=True)
        for at in range(300):
            planned(it, "JOB1", "LM"[at % 2], "2", f"{at}.25", taskNumber=tasks[at % 40])
        await it.sync()
        calls = [entry for entry in it.procore.log.requests() if "budget" in entry.path]

        assert sum(budget_of(it).values()) == sum(row["totalCost"] for row in it.bc.tables.rows("projectPlanningLines"))
        assert sorted(entry.path.rpartition("/")[2] for entry in calls) == [
            "budget",
            "budget_views",
            "detail_rows",
            "sync",
        ]
        back = [entry for entry in it.bc.log if entry.batch and "projectPlanningLines" in str(entry.body)]
        assert len(back) == 3
