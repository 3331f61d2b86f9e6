"""Combination of segment, task and cost type that a line uses -> budget code (WBS code) of the Procore project.

Why     Amounts in Procore stand on budget codes; a line names its code by the three dimensions of Business Central.
Owner   The combination is its own key; Procore makes it once, however often it is asked for (W13).
Rules   C-23 (by the project's pattern, never by position), C-47, W2, W7, W17.
Source  Procore wbs_codes/bulk_create; items of the project's segments (`legacy` records have items of their own ids).
"""

from collections.abc import Iterable, Sequence

from domain import codes, endpoints
from domain.delivery import Listing
from domain.events import LinkRow
from domain.flow import Context, Flow, Origin, Part, Plan, Reference, Subject
from domain.flows.common import fact, joined, project_reference
from domain.flows.project_segment_to_sub_job import needed as needed_sub_job
from domain.values import Json, text

NAME = "budget-code-to-wbs-code"
_CODE = "wbs-code"


def needed(job: str, segment: str, task: str, cost_type: str) -> Reference:
    """The budget code of a line; naming it brings it forth."""
    return Reference(
        kind="budget_code",
        key=joined(job, segment, task, cost_type),
        text=f"waiting for budget code {segment} / {task} / {cost_type} of project {job}",
        content={"projectNumber": job, "segmentCode": segment, "taskNumber": task, "costTypeCode": cost_type},
    )


def references(source: Json, context: Context) -> Iterable[Reference]:
    """Project, cost type, task, and the sub job, whose row may be missing in Business Central (C-52)."""
    job, task, cost_type = (text(source, field) for field in ("projectNumber", "taskNumber", "costTypeCode"))
    yield project_reference(job)
    yield Reference(kind="cost_type", key=cost_type, text=f"waiting for cost type {cost_type}")
    yield Reference(
        kind="project_task",
        key=joined(job, task),
        text=f"waiting for project task {task} of project {job}",
        only=("Posting",),
        rule="PP-28",
        field="Project Task No.",
    )
    yield needed_sub_job(job, text(source, "segmentCode"), context)


def listings(subject: Subject) -> Iterable[Listing]:
    """The project's pattern, then the items of its segments, until the code is made."""
    if subject.memory.target_id(_CODE):
        return
    project_id = _project_id(subject)
    pattern = endpoints.project_segments(project_id)
    yield pattern
    for segment in _used(subject.facts.get(pattern, ())):
        yield endpoints.segment_items(project_id, str(segment["id"]))


def plan(subject: Subject) -> Plan:
    """One row: the items of its segments in the order of the project's pattern."""
    project_id = _project_id(subject)
    if subject.memory.target_id(_CODE):
        return Plan(links=lambda known: [_link(subject, known.target_id(_CODE), project_id)])
    wanted = {
        "sub_job": text(subject.source, "segmentCode"),
        "cost_code": text(subject.source, "taskNumber"),
        # The type has the code in Procore that the maps of the connection give it there.
        "line_item_type": subject.context.mapping.code("costTypes", "code", text(subject.source, "costTypeCode")),
    }
    pattern = subject.facts[endpoints.project_segments(project_id)]
    items: list[dict[str, int]] = []
    for segment in _used(pattern):
        kind = text(segment, "type")
        if kind not in wanted:
            name = segment["name"]
            words = f"the pattern of the project requires segment {name}, which no line of Business Central carries"
            return Plan(waits=[fact(f"pattern:{project_id}", words)])
        rows = subject.facts[endpoints.segment_items(project_id, str(segment["id"]))]
        item = codes.item_of(rows, wanted[kind])
        if item is None:
            words = f"{wanted[kind]} is not among the items of segment {segment['name']} in Procore yet"
            return Plan(waits=[fact(f"{project_id}:{wanted[kind]}", words)])
        items.append({"segment_id": int(segment["id"]), "segment_item_id": int(item["id"])})
    part = Part(
        name=_CODE,
        endpoint="wbs_codes",
        stage=0,
        scope={"project_id": project_id},
        key=subject.number,
        body={"segment_items": items},
        meaning=wanted,
    )
    return Plan(parts=[part], links=lambda known: [_link(subject, known.target_id(_CODE), project_id)])


def _used(pattern: Sequence[Json]) -> list[Json]:
    """The segments that make up a budget code of this project: the three of Business Central, and required others."""
    inside = [row for row in pattern if row.get("is_included_in_project_pattern") is not False]
    known = ("sub_job", "cost_code", "line_item_type")
    used = [row for row in inside if text(row, "type") in known or row.get("required")]
    return sorted(used, key=lambda row: int(row.get("position") or 0))


def _project_id(subject: Subject) -> str:
    return subject.link("project", text(subject.source, "projectNumber")).procore_id


def _link(subject: Subject, code_id: str, project_id: str) -> LinkRow:
    return LinkRow("", subject.source_id, subject.number, "wbs_codes", code_id, project_id)


def _counts(_source: Json, _demanded: bool) -> bool:  # noqa: FBT001 - the registry's signature
    return True


def _number(row: Json) -> str:
    return joined(*(text(row, field) for field in ("projectNumber", "segmentCode", "taskNumber", "costTypeCode")))


def _context_free(row: Json) -> Json:
    return {"number": _number(row)}


FLOW = Flow(
    name=NAME,
    kind="budget_code",
    after=("project-segment-to-sub-job", "project-task-to-cost-code", "cost-type-to-line-item-type"),
    origin=Origin(
        number=_number,
        title=lambda row: " / ".join(text(row, field) for field in ("segmentCode", "taskNumber", "costTypeCode")),
        project=lambda row: text(row, "projectNumber"),
        relevant=_context_free,
    ),
    counts=_counts,
    references=references,
    listings=listings,
    plan=plan,
)
