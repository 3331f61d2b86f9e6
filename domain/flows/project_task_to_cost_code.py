"""Project task of Business Central -> cost code of the Procore project.

Why     The task is where the accounts keep cost; the cost code is where the site does.
Owner   Business Central owns code and name.
Rules   PP-16, C-48 (posting tasks; headings only as parents), C-53 (no tier is invented), W10, W11.
Source  Connector API projectTasks; Procore cost_codes/sync (`code` is the last tier only, parents in an earlier call).
"""

from collections.abc import Iterable

from domain import endpoints
from domain.delivery import Listing
from domain.events import LinkRow, Violation, Wait
from domain.flow import Context, Flow, Origin, Part, Plan, Reference, Subject
from domain.flows.common import (
    excluded_by_setting,
    given,
    joined,
    logged,
    of_the_parent,
    of_this_company,
    only,
    ours,
    parents_own,
    plain,
    project_reference,
    shares_its_project,
    written_back,
)
from domain.values import Json, origin_id, text

NAME = "project-task-to-cost-code"
POSTING = "Posting"
HEADINGS = ("Heading", "Begin-Total")
_CODE = "cost-code"


def _parents(source: Json) -> list[str]:
    """Numbers that a heading above this task could have, longest first: `01-100` may stand below `01` (W7, W10)."""
    tiers = text(source, "taskNumber").split("-")
    return ["-".join(tiers[:count]) for count in range(len(tiers) - 1, 0, -1)]


def references(source: Json, _context: Context) -> Iterable[Reference]:
    """Its project, and the headings above it where Business Central has them."""
    job = text(source, "projectNumber")
    yield project_reference(job)
    for number in _parents(source):
        yield Reference(
            kind="project_task",
            key=joined(job, number),
            text=f"waiting for heading {number} of project {job}",
            if_facet=HEADINGS,
        )


def listings(subject: Subject) -> Iterable[Listing]:
    """The codes that the project has, until ours is among them."""
    if subject.memory.target_id(_CODE):
        return ()
    return (endpoints.cost_codes(subject.link("project", text(subject.source, "projectNumber")).procore_id),)


def plan(subject: Subject) -> Plan:
    """The code below its heading, then the way back."""
    source, memory = subject.source, subject.memory
    project_id = subject.link("project", text(source, "projectNumber")).procore_id
    mine = origin_id(subject.context.bc_company, "projectTasks", subject.source_id)
    code_id, adopted = memory.target_id(_CODE), ""
    if not code_id:
        shared = parents_own(subject, "project_task", text(source, "taskNumber"))
        if isinstance(shared, Wait):
            return Plan(waits=[shared])
        if shared:
            return _shared(subject, shared, project_id)
        rows = subject.facts[endpoints.cost_codes(project_id)]
        number = text(source, "taskNumber").upper()
        same = [row for row in rows if text(row, "full_code").upper() == number]
        if same and shares_its_project(subject) and of_this_company(subject, same[0], "projectTasks"):
            return _shared(subject, str(same[0]["id"]), project_id)
        # Its number is the row's key here, so another row of ours that made it is gone, or a child's that came first.
        made = bool(same) and of_this_company(subject, same[0], "projectTasks")
        if same and ours(same[0], mine) == "foreign" and not made:
            words = f"cost code {number} ({same[0]['id']}) belongs to another record (origin id {same[0]['origin_id']})"
            return Plan(conflict=words)
        if same and ours(same[0], mine) != "ours":
            adopted = str(same[0]["id"])
    body = _body(subject)
    parts = [
        Part(
            name=_CODE,
            endpoint="cost_codes",
            stage=0,
            scope={"project_id": project_id},
            key=mine,
            target_id=adopted,
            body={**body, "origin_id": mine} if adopted else body,
            meaning=body,
        )
    ]
    if code_id:
        parts += [
            written_back(subject, "projectTasks", 1, procoreCostCodeId=code_id),
            logged(subject, "projectTasks", "cost_codes", code_id, 1, [_CODE]),
        ]
    return Plan(
        parts=parts,
        links=lambda known: [
            LinkRow("projectTasks", subject.source_id, subject.number, "cost_codes", known.target_id(_CODE), project_id)
        ],
    )


def _shared(subject: Subject, code_id: str, project_id: str) -> Plan:
    """The parent's cost code serves the job that lives in its project too (C-03)."""
    number = subject.number
    link = LinkRow("projectTasks", subject.source_id, number, "cost_codes", code_id, project_id, role="derived")
    parts = [
        written_back(subject, "projectTasks", 1, procoreCostCodeId=code_id),
        logged(subject, "projectTasks", "cost_codes", code_id, 1, []),
    ]
    return Plan(parts=parts, links=lambda _memory: [link], link_stage=-1)


def _body(subject: Subject) -> dict[str, object]:
    source = subject.source
    number = text(source, "taskNumber")
    name = text(source, "description") or number
    for heading in _parents(source):
        known = subject.references.get(("project_task", joined(text(source, "projectNumber"), heading)))
        if known is not None and known.link is not None and known.facet in HEADINGS:
            return given(
                {"code": number.removeprefix(f"{heading}-"), "name": name, "parent_id": int(known.link.procore_id)}
            )
    return given({"code": number, "name": name})


def _counts(source: Json, demanded: bool) -> bool:  # noqa: FBT001 - the registry's signature
    kind = plain(source, "taskType")
    return kind == POSTING or (demanded and kind in HEADINGS)


def _whole_number(source: Json, _context: Context) -> Iterable[Violation]:
    if not text(source, "taskNumber"):
        yield Violation("PP-16", "Project Task No.", "Project Task No. is missing")


FLOW = Flow(
    name=NAME,
    kind="project_task",
    after=("project-to-project",),
    origin=Origin(
        entity_set="projectTasks",
        reach="project",
        number_field="taskNumber",
        number=lambda row: joined(text(row, "projectNumber"), text(row, "taskNumber")),
        title=lambda row: text(row, "description"),
        project=lambda row: text(row, "projectNumber"),
        relevant=lambda row: only(row, ("projectNumber", "taskNumber", "description", "taskType")),
        facet=lambda row: plain(row, "taskType"),
        keep=lambda row: plain(row, "taskType") != POSTING,
    ),
    counts=_counts,
    excludes=excluded_by_setting,
    rules=(_whole_number,),
    references=references,
    further=lambda subject: of_the_parent(subject, "project_task", text(subject.source, "taskNumber")),
    listings=listings,
    plan=plan,
)
