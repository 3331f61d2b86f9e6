"""What people who plan a job do in Business Central."""

import asyncio
from decimal import Decimal
from random import Random
from typing import Any

from tests.simulation.office import PRICES, QUANTITIES
from tests.simulation.people import SEGMENTS, TASKS, TYPES, People, action

LINE, SUM = "planning-line-to-budget-line", "budget-code-to-budget-line"


def _fields(them: People, rng: Random, project: str) -> dict[str, Any]:
    """A planning line of a project, on a task of its own; segments and cost types may be unknown to it."""
    task = them.pick(rng, "projectTasks", projectNumber=project, taskType="Posting")
    segment, cost_type = them.pick(rng, "segments"), them.pick(rng, "costTypes")
    return {
        "taskNumber": task["taskNumber"] if task else rng.choice(TASKS),
        "type": "G/L Account",
        "number": "5200",
        "lineType": rng.choice(("Budget", "Budget", "Both Budget and Billable", "Billable")),
        "quantity": Decimal(rng.choice((*QUANTITIES, "0", "-2"))),
        "unitCost": Decimal(rng.choice(PRICES)),
        "unitOfMeasureCode": rng.choice(("EA", "EA", "BAG", "")),
        "segmentCode": segment["code"] if segment else rng.choice(SEGMENTS),
        "costTypeCode": cost_type["code"] if cost_type else rng.choice(TYPES),
        "sendBudgetLineToProcore": rng.random() < 0.7,
    }


@action("planning lines are made", 6, LINE, SUM, "budget-code-to-wbs-code")
def _(them: People, rng: Random) -> str:
    project = them.pick(rng, "projects")
    if project is None:
        return ""
    count = rng.randint(1, 4)
    for _ in range(count):
        them.it.insert("projectPlanningLines", projectNumber=project["number"], **_fields(them, rng, project["number"]))
    return f"{count} planning lines of {project['number']}"


@action("a planning line changes", 6, LINE, SUM)
def _(them: People, rng: Random) -> str:
    row = them.pick(rng, "projectPlanningLines")
    if row is None:
        return ""
    what = rng.choice(
        (
            {"quantity": Decimal(rng.choice(QUANTITIES))},
            {"unitCost": Decimal(rng.choice(PRICES))},
            {"unitOfMeasureCode": rng.choice(("EA", "BAG"))},
            {"lineType": rng.choice(("Budget", "Billable"))},
        )
    )
    return them.change("projectPlanningLines", row, **what)


@action("a planning line moves to another code", 3, LINE, SUM)
def _(them: People, rng: Random) -> str:
    row, segment = them.pick(rng, "projectPlanningLines"), them.pick(rng, "segments")
    if row is None or segment is None:
        return ""
    what = rng.choice(({"segmentCode": segment["code"]}, {"costTypeCode": rng.choice(TYPES)}, {"segmentCode": ""}))
    return them.change("projectPlanningLines", row, **what)


@action("a planning line is flagged or unflagged", 2, LINE)
def _(them: People, rng: Random) -> str:
    row = them.pick(rng, "projectPlanningLines")
    if row is None:
        return ""
    return them.change("projectPlanningLines", row, sendBudgetLineToProcore=not row["sendBudgetLineToProcore"])


@action("a project's budget is flagged or unflagged", 3, LINE, "project-to-project")
def _(them: People, rng: Random) -> str:
    row = them.pick(rng, "projects")
    if row is None:
        return ""
    return them.change("projects", row, sendBudgetLineToProcore=not row["sendBudgetLineToProcore"])


@action("a planning line is deleted", 2, LINE, SUM)
def _(them: People, rng: Random) -> str:
    row = them.pick(rng, "projectPlanningLines")
    return "" if row is None else them.drop("projectPlanningLines", row)


@action("a long planning session ends later", 1, LINE)
def _(them: People, rng: Random) -> str:
    row = them.pick(rng, "projectPlanningLines")
    if row is None:
        return ""
    work = them.it.bc.open_transaction()
    work.update("projectPlanningLines", row["id"], unitCost=Decimal(rng.choice(PRICES)))
    them.sessions.append(work)
    asyncio.get_running_loop().call_later(rng.uniform(1, 900), them.commit, work)
    return f"planning line {row['lineNumber']} of {row['projectNumber']} will change, stamped now and seen later"
