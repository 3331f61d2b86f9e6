"""Business Central project planning line -> its share of a Procore budget line.

Why     The site sees the budget of the job as the office plans it: quantity and cost, by segment, task and cost type.
Owner   Business Central owns the figures; the budget line itself is written by budget-code-to-budget-line.
Rules   PP-12 to PP-15, PP-17 to PP-20, C-17, C-18, C-23, C-51, C-60, MA-18: lines of change orders stay out, because
        Procore has them as approved change orders; texts and purely billable lines are no budget.
Source  Connector API projectPlanningLines; Procore budget_line_items (B3).
"""

from collections.abc import Iterable

from domain import budget
from domain.events import LinkRow
from domain.flow import THERE, Context, Flow, Origin, Plan, Reference, Subject
from domain.flows import budget_code_to_budget_line as budget_line
from domain.flows import budget_code_to_wbs_code as budget_code
from domain.flows.common import (
    excluded_by_setting,
    in_local_currency,
    joined,
    only,
    project_reference,
    required,
    written_back,
)
from domain.values import Json, text

NAME = "planning-line-to-budget-line"
_RELEVANT = (
    "projectNumber",
    "taskNumber",
    "lineNumber",
    "lineType",
    "type",
    "number",
    "description",
    "quantity",
    "unitOfMeasureCode",
    "unitCost",
    "totalCost",
    "currencyCode",
    "segmentCode",
    "costTypeCode",
    "changeOrderNumber",
    "sendBudgetLineToProcore",
)


def references(line: Json, _context: Context) -> Iterable[Reference]:
    """Project, task, and the budget code that its three dimensions make."""
    job, segment, task, cost_type = _dimensions(line)
    yield project_reference(job)
    yield Reference(
        kind="project_task",
        key=joined(job, task),
        text=f"waiting for project task {task} of project {job}",
        only=("Posting",),
        rule="PP-14",
        field="Project Task No.",
    )
    yield budget_code.needed(job, segment, task, cost_type)


def further(subject: Subject) -> Iterable[Reference]:
    """The budget line of its code, which belongs to the job that has the Procore project for its own (C-03)."""
    job, segment, task, cost_type = _dimensions(subject.source)
    code = subject.link("budget_code", joined(job, segment, task, cost_type))
    owner = f"{THERE}{code.procore_parent_id}"
    yield Reference(kind="project", key=owner, text=f"waiting for the owner of project {job}", loose=True)
    if ("project", owner) in subject.references:
        link = subject.known("project", owner).link
        codes = f"{segment} / {task} / {cost_type}"
        yield budget_line.needed(code.procore_id, code.procore_parent_id, link.bc_number if link else job, codes)


def plan(subject: Subject) -> Plan:
    """The id of the budget line, and nothing else: several planning lines may share it."""
    code = subject.link("budget_code", joined(*_dimensions(subject.source)))
    line = subject.link("budget_line", code.procore_id)
    return Plan(
        parts=[written_back(subject, "projectPlanningLines", 0, procoreBudgetLineItemId=line.procore_id)],
        links=lambda _known: [
            LinkRow(
                "projectPlanningLines",
                subject.source_id,
                subject.number,
                "budget_line_items",
                line.procore_id,
                code.procore_parent_id,
            )
        ],
        link_stage=-1,
    )


def _dimensions(line: Json) -> tuple[str, str, str, str]:
    return text(line, "projectNumber"), text(line, "segmentCode"), text(line, "taskNumber"), text(line, "costTypeCode")


def _excludes(line: Json, context: Context) -> str:
    """Only the original budget goes (MA-18): what a change order brought about Procore has by that change order."""
    order = text(line, "changeOrderNumber")
    return f"of change order {order}" if order else excluded_by_setting(line, context)


FLOW = Flow(
    name=NAME,
    kind="planning_line",
    after=("project-to-project", "budget-code-to-wbs-code", "budget-code-to-budget-line"),
    origin=Origin(
        entity_set="projectPlanningLines",
        reach="flagged",
        flag="sendBudgetLineToProcore",
        called_by="budget",
        number=budget.number_of,
        title=lambda row: text(row, "description"),
        project=lambda row: text(row, "projectNumber"),
        relevant=lambda row: only(row, _RELEVANT),
        member_of=lambda row: joined(*_dimensions(row)),
        numbers=("lineNumber", "quantity", "unitCost", "totalCost"),
    ),
    counts=budget.counts,
    excludes=_excludes,
    rules=(
        required("taskNumber", "Project Task No.", "PP-14"),
        required("segmentCode", "Segment Code", "PP-14"),
        required("costTypeCode", "Cost Type", "PP-17"),
        in_local_currency("planning line", "lines"),
    ),
    references=references,
    further=further,
    plan=plan,
    carried=True,
    lane="bulk",
)
