"""Segment of a Business Central project -> sub job of the Procore project.

Why     Amounts are kept per segment; Procore keeps them per sub job.
Owner   Business Central owns code and name.
Rules   PP-05, PP-06, C-15, C-16, C-47, C-52: a segment that only lines use gets its row in Business Central first.
Source  Connector API projectSegments; Procore sub_jobs/sync (W3, W6; the list has no origin filter, F5).
"""

from collections.abc import Iterable
from uuid import uuid5

from domain import endpoints
from domain.delivery import Listing
from domain.events import LinkRow, Wait
from domain.flow import Context, Flow, Origin, Part, Plan, Reference, Subject
from domain.flows.common import (
    joined,
    logged,
    of_the_parent,
    of_this_company,
    only,
    ours,
    parents_own,
    project_reference,
    shares_its_project,
    write_back_of,
)
from domain.values import LEDGER, Json, origin_id, text

NAME = "project-segment-to-sub-job"
HUB_MADE = "madeBySiteLedger"
_ROW, _SUB_JOB = "row", "sub-job"


def needed(job: str, segment: str, context: Context) -> Reference:
    """The sub job of a segment that a line uses; naming it brings the missing row forth (C-52)."""
    row_id = str(uuid5(LEDGER, f"{context.connection}/projectSegments/{joined(job, segment)}"))
    return Reference(
        kind="project_segment",
        key=joined(job, segment),
        text=f"waiting for segment {segment} of project {job}",
        content={
            "id": row_id,
            "projectNumber": job,
            "segmentCode": segment,
            "description": "",
            "blocked": False,
            HUB_MADE: True,
        },
    )


def references(source: Json, _context: Context) -> Iterable[Reference]:
    """Its project."""
    return (project_reference(text(source, "projectNumber")),)


def listings(subject: Subject) -> Iterable[Listing]:
    """The sub jobs that are there: Procore may have made ours meanwhile (PP-06)."""
    if subject.memory.target_id(_SUB_JOB):
        return ()
    return (endpoints.sub_jobs(subject.link("project", text(subject.source, "projectNumber")).procore_id),)


def plan(subject: Subject) -> Plan:
    """The row in Business Central where it is missing, the sub job, the way back."""
    source, memory = subject.source, subject.memory
    project_id = subject.link("project", text(source, "projectNumber")).procore_id
    mine = origin_id(subject.context.bc_company, "projectSegments", subject.source_id)
    parts: list[Part] = []
    if source.get(HUB_MADE):
        parts.append(_row(subject))
    sub_job_id = memory.target_id(_SUB_JOB)
    adopted = ""
    if not sub_job_id:
        shared = parents_own(subject, "project_segment", text(source, "segmentCode"))
        if isinstance(shared, Wait):
            return Plan(waits=[shared])
        if shared:
            return _shared(subject, shared, project_id)
        rows = subject.facts[endpoints.sub_jobs(project_id)]
        code = text(source, "segmentCode").upper()
        same = [row for row in rows if text(row, "code").upper() == code]
        if same and shares_its_project(subject) and of_this_company(subject, same[0], "projectSegments"):
            return _shared(subject, str(same[0]["id"]), project_id)
        # Its number is the row's key here, so another row of ours that made it is gone, or a child's that came first.
        made = bool(same) and of_this_company(subject, same[0], "projectSegments")
        if same and ours(same[0], mine) == "foreign" and not made:
            words = f"sub job {code} ({same[0]['id']}) belongs to another record (origin id {same[0]['origin_id']})"
            return Plan(conflict=words)
        if same and ours(same[0], mine) != "ours":
            adopted = str(same[0]["id"])
    body = {"code": text(source, "segmentCode"), "name": text(source, "description") or text(source, "segmentCode")}
    parts.append(
        Part(
            name=_SUB_JOB,
            endpoint="sub_jobs",
            stage=1,
            scope={"project_id": project_id},
            key=mine,
            target_id=adopted,
            body={**body, "origin_id": mine} if adopted else body,
            meaning=body,
        )
    )
    if sub_job_id:
        parts += _way_back(subject, sub_job_id)
    return Plan(
        parts=parts,
        links=lambda known: [
            LinkRow(
                "projectSegments", subject.source_id, subject.number, "sub_jobs", known.target_id(_SUB_JOB), project_id
            )
        ],
        link_stage=1,
    )


def _shared(subject: Subject, sub_job_id: str, project_id: str) -> Plan:
    """The parent's sub job serves the job that lives in its project too (C-03)."""
    number = subject.number
    link = LinkRow("projectSegments", subject.source_id, number, "sub_jobs", sub_job_id, project_id, role="derived")
    return Plan(parts=_way_back(subject, sub_job_id), links=lambda _memory: [link], link_stage=-1)


def _way_back(subject: Subject, sub_job_id: str) -> list[Part]:
    source = subject.source
    made = subject.memory.parts.get(_ROW)
    row = {**source, "@odata.etag": made.etag} if made is not None and source.get(HUB_MADE) else source
    return [
        write_back_of(subject.context, "projectSegments", row, 2, procoreSubJobId=sub_job_id),
        logged(subject, "projectSegments", "sub_jobs", sub_job_id, 2, [_SUB_JOB]),
    ]


def _row(subject: Subject) -> Part:
    source = subject.source
    body = {
        "id": text(source, "id"),
        "projectNumber": text(source, "projectNumber"),
        "segmentCode": text(source, "segmentCode"),
    }
    return Part(name=_ROW, endpoint="bc.projectSegments.create", stage=0, key=text(source, "id"), body=body)


def _blocked(source: Json, _context: Context) -> str:
    return "blocked" if source.get("blocked") else ""


FLOW = Flow(
    name=NAME,
    kind="project_segment",
    after=("project-to-project",),
    origin=Origin(
        entity_set="projectSegments",
        reach="project",
        number_field="segmentCode",
        number=lambda row: joined(text(row, "projectNumber"), text(row, "segmentCode")),
        title=lambda row: text(row, "description"),
        project=lambda row: text(row, "projectNumber"),
        relevant=lambda row: only(row, ("projectNumber", "segmentCode", "description", "blocked")),
    ),
    counts=lambda _source, _demanded: True,
    excludes=_blocked,
    references=references,
    further=lambda subject: of_the_parent(subject, "project_segment", text(subject.source, "segmentCode")),
    listings=listings,
    plan=plan,
)
