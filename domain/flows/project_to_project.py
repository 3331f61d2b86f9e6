"""Business Central project -> Procore project.

Why     The site starts to work in Procore on the day that the accounts open the job.
Owner   Business Central owns name, number, description, dates and address; everything else is Procore's.
Rules   PP-02, PP-07 to PP-11, PP-19, C-01, C-03, C-15, C-47, C-55, ER-63.
Source  Connector API projects; Procore POST /projects, one at a time (section 10 advises against sync for creating);
        the project's pattern gets the sub job segment right after (W3).
"""

from collections.abc import Iterable, Sequence

from domain import endpoints
from domain.delivery import Listing
from domain.events import LinkRow
from domain.flow import Context, Flow, Origin, Part, Plan, Reference, Subject
from domain.flows.common import (
    code_of,
    day,
    excluded_by_setting,
    fact,
    given,
    logged,
    of_this_company,
    only,
    ours,
    plain,
    project_reference,
    required,
    written_back,
)
from domain.project import CHILD, is_npc_child
from domain.values import Json, origin_id, text

NAME = "project-to-project"
_PROJECT, _PATTERN = "project", "pattern"
_RELEVANT = (
    "number",
    "displayName",
    "description2",
    "customerNumber",
    "startingDate",
    "endingDate",
    "addressLine1",
    "addressLine2",
    "city",
    "state",
    "postalCode",
    "country",
    "projectClass",
    "parentProjectNumber",
    "procoreChangeOrderId",
    "sendToProcore",
    "sendBudgetLineToProcore",
)


def references(source: Json, _context: Context) -> Iterable[Reference]:
    """Every segment of its structure (PP-02); for a child made from a change order, its parent (C-03)."""
    if is_npc_child(source):
        yield project_reference(text(source, "parentProjectNumber"))
        return
    for row in source.get("projectSegments", ()):
        code = text(row, "segmentCode")
        yield Reference(kind="segment", key=code, text=f"waiting for segment {code}", optional=True)


def listings(subject: Subject) -> Iterable[Listing]:
    """Before it is made: the company's projects and pattern; right after: the project's own pattern."""
    memory, company = subject.memory, subject.context.procore_company
    if _joined_to(subject) or is_npc_child(subject.source):
        return ()
    project_id = memory.target_id(_PROJECT)
    if not project_id or memory.is_adopting(_PROJECT):
        return (endpoints.projects(company), endpoints.company_segments(company))
    if _PATTERN in memory.parts:
        return ()
    return (endpoints.company_segments(company), endpoints.project_segments(project_id))


def plan(subject: Subject) -> Plan:
    """One project, its pattern with sub jobs, then the way back."""
    source = subject.source
    if is_npc_child(source):
        parent = subject.link("project", text(source, "parentProjectNumber"))
        return Plan(links=lambda _memory: [_link(subject, parent.procore_id, role="derived")], link_stage=-1)
    mine = origin_id(subject.context.bc_company, "projects", subject.source_id)
    known_id = subject.memory.target_id(_PROJECT) or _joined_to(subject)
    project_id = known_id
    if not project_id:
        refusal, project_id = _before_creation(subject, mine)
        if refusal is not None:
            return refusal
    elif subject.memory.is_adopting(_PROJECT):
        refusal = _before_adoption(subject, project_id, mine)
        if refusal is not None:
            return refusal
        return Plan(parts=[_project(subject, mine, project_id)], link_stage=1, warnings=_warnings(source))
    parts = [_project(subject, mine, project_id)]
    if known_id:
        parts += _pattern(subject, project_id)
        parts += [
            written_back(subject, "projects", 2, procoreProjectId=project_id),
            logged(subject, "projects", "projects", project_id, 2, [_PROJECT, _PATTERN]),
        ]
    return Plan(
        parts=parts,
        links=lambda known: [_link(subject, known.target_id(_PROJECT) or project_id)],
        link_stage=1,
        warnings=_warnings(source),
    )


def _joined_to(subject: Subject) -> str:
    """The Procore project of its own, empty for none: one that it shares with its parent is not its own (C-03)."""
    link = subject.memory.links.get(f"projects/{subject.source_id}/primary")
    return "" if link is None else link.procore_id


def _before_creation(subject: Subject, mine: str) -> tuple[Plan | None, str]:
    """Nobody may hold the number (C-55), and the company's pattern must know sub jobs (C-47)."""
    company, number = subject.context.procore_company, subject.number
    rows = subject.facts[endpoints.projects(company)]
    own = [row for row in rows if text(row, "origin_id") == mine]
    if own:
        return None, str(own[0]["id"])
    for row in rows:
        if text(row, "project_number").upper() != number.upper():
            continue
        if ours(row, mine) == "foreign":
            words = f"Procore project {row['id']} has number {number} and belongs to another record or integration"
            return Plan(conflict=f"{words} (origin id {row['origin_id']})"), ""
        words = f"number {number} exists in Procore (project {row['id']}), link or rename"
        return Plan(waits=[fact(f"project:{number}", words)]), ""
    return _without_sub_jobs(subject), ""


def _before_adoption(subject: Subject, project_id: str, mine: str) -> Plan | None:
    """What a person joined must still be there and be nobody else's (ER-63)."""
    rows = subject.facts[endpoints.projects(subject.context.procore_company)]
    row = next((each for each in rows if str(each["id"]) == project_id), None)
    if row is None:
        words = f"project {project_id} is no longer visible in Procore; it was deleted, or the permission is missing"
        return Plan(waits=[fact(f"project:{subject.number}", words)])
    if ours(row, mine) == "foreign" and not of_this_company(subject, row, "projects"):
        words = f"Procore project {project_id} belongs to another integration (origin id {row['origin_id']})"
        return Plan(conflict=words)
    return _without_sub_jobs(subject)


def _without_sub_jobs(subject: Subject) -> Plan | None:
    if _sub_job_segment(subject.facts[endpoints.company_segments(subject.context.procore_company)]):
        return None
    words = "the company's work breakdown pattern has no Sub Job segment; add it in Procore"
    return Plan(waits=[fact("company pattern", words)])


def _project(subject: Subject, mine: str, project_id: str) -> Part:
    body = _body(subject.source)
    scope = {"company_id": subject.context.procore_company}
    if project_id:
        known = _PROJECT in subject.memory.parts
        sent = body if known else {**body, "origin_id": mine}
        return Part(
            name=_PROJECT,
            endpoint="projects.update",
            stage=0,
            scope=scope,
            key=mine,
            target_id=project_id,
            body=sent,
            meaning=body,
        )
    return Part(
        name=_PROJECT,
        endpoint="projects",
        stage=0,
        scope=scope,
        key=mine,
        # Cost codes come from the project's tasks, so Procore's standard ones stay away (Procore J5).
        body={**body, "origin_id": mine, "enable_copy_of_standard_cost_codes": False},
        meaning=body,
    )


def _pattern(subject: Subject, project_id: str) -> list[Part]:
    if _joined_to(subject) or _PATTERN in subject.memory.parts:
        return []
    company = subject.context.procore_company
    included = [
        row
        for row in subject.facts[endpoints.project_segments(project_id)]
        if text(row, "type") == "sub_job" and row.get("is_included_in_project_pattern") is not False
    ]
    if included:
        return []
    segment = _sub_job_segment(subject.facts[endpoints.company_segments(company)])
    if not segment:
        return []
    return [
        Part(
            name=_PATTERN,
            endpoint="project_pattern_segments",
            stage=1,
            scope={"project_id": project_id},
            key=segment,
            target_id=segment,
            body={"segment_id": int(segment)},
        )
    ]


def _sub_job_segment(rows: Sequence[Json]) -> str:
    return next((str(row["id"]) for row in rows if text(row, "type") == "sub_job"), "")


def _body(source: Json) -> dict[str, object]:
    address = ", ".join(part for part in (text(source, "addressLine1"), text(source, "addressLine2")) if part)
    return given(
        {
            "name": text(source, "displayName"),
            "project_number": text(source, "number"),
            "description": text(source, "description2"),
            "start_date": day(source, "startingDate"),
            "completion_date": day(source, "endingDate"),
            "address": address,
            "city": text(source, "city"),
            "state_code": code_of(text(source, "state")),
            "country_code": code_of(text(source, "country")),
            "zip": text(source, "postalCode"),
        }
    )


def _warnings(source: Json) -> list[str]:
    warnings: list[str] = []
    customer = text(source, "customerNumber")
    if customer:
        warnings.append(
            f"customer {customer} is not part of a Procore project; it is carried by customer-to-company only"
        )
    for field, caption in (("state", "State"), ("country", "Country")):
        value = text(source, field)
        if value and not code_of(value):
            warnings.append(f"{caption} {value} is no two-letter code and was left out")
    return warnings


def _link(subject: Subject, project_id: str, role: str = "primary") -> LinkRow:
    return LinkRow("projects", subject.source_id, subject.number, "projects", project_id, role=role)


def _relevant(row: Json) -> Json:
    segments: Sequence[Json] = row.get("projectSegments", ())
    return {**only(row, _RELEVANT), "projectSegments": sorted(text(segment, "segmentCode") for segment in segments)}


def _marks(row: Json) -> tuple[str, ...]:
    """Its budget lines are called in (PP-12), and it is a child of another job."""
    budget = ("budget",) if row.get("sendBudgetLineToProcore") is True else ()
    return (*budget, CHILD) if text(row, "parentProjectNumber") else budget


FLOW = Flow(
    name=NAME,
    kind="project",
    after=("segment-to-segment-item",),
    origin=Origin(
        entity_set="projects",
        expand="projectSegments",
        child_set="projectSegments",
        child_key="projectNumber",
        reach="flagged",
        number=lambda row: text(row, "number"),
        title=lambda row: text(row, "displayName"),
        project=lambda row: text(row, "number"),
        relevant=_relevant,
        facet=lambda row: plain(row, "projectClass"),
        marks=_marks,
        member_of=lambda row: text(row, "parentProjectNumber"),
    ),
    counts=lambda source, _demanded: bool(source.get("sendToProcore")),
    stays_deleted=True,
    excludes=excluded_by_setting,
    rules=(required("displayName", "Name", "PP-09"), required("number", "No.", "PP-08")),
    references=references,
    listings=listings,
    plan=plan,
)
