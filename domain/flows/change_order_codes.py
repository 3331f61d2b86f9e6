"""Budget codes of change orders: what their lines stand on in Business Central, and what is missing there.

Rules   PP-61, C-23 (by the project's pattern, never by position), C-52 (a segment that only lines use).
"""

from collections.abc import Iterable

from domain import codes
from domain.change_order import lines_of, segments_of
from domain.delivery import Listing
from domain.endpoints import changes
from domain.events import Wait
from domain.flow import THERE, Context, Reference, Subject
from domain.flows.common import FACT, fact, joined, project_reference
from domain.flows.project_segment_to_sub_job import needed as needed_sub_job
from domain.values import Json, text


def references(order: Json, _context: Context) -> Iterable[Reference]:
    """The project; what the hub knows of the budget codes of the lines, and of the commitment."""
    yield project_reference(text(order, "jobNumber"))
    for code in dict.fromkeys(text(line, "wbsCodeId") for line in lines_of(order)):
        yield Reference(kind="budget_code", key=f"{THERE}{code}", text="", loose=True)
    if text(order, "side") == "commitment":
        yield Reference(kind="commitment", key=f"{THERE}{text(order, 'contractId')}", text="", loose=True)


def further(subject: Subject) -> Iterable[Reference]:
    """Task, cost type and segment of every budget code, as far as Business Central has them.

    A segment that the project lacks gets its row there first (C-52), if Business Central knows it at all.
    """
    job = text(subject.source, "jobNumber")
    for line in lines_of(subject.source):
        code = code_of(subject, line)
        if code is None:
            continue
        segment, task, cost_type = code
        yield Reference(kind="project_task", key=joined(job, task), text="", loose=True)
        if cost_type:
            yield Reference(kind="cost_type", key=cost_type, text="", loose=True)
        if segment:
            yield Reference(kind="segment", key=segment, text="", loose=True)
            needed = needed_sub_job(job, segment, subject.context)
            state = subject.known(needed.kind, needed.key).state
            # A blocked segment has its row; what was deleted there is not made again, and is waited for by name.
            if state in ("excluded", "deleted") or not _is_made(subject, job, segment):
                needed = Reference(kind=needed.kind, key=needed.key, text="", loose=True)
            yield needed


def _is_made(subject: Subject, job: str, segment: str) -> bool:
    """The project has the segment, or gets it because Business Central knows it."""
    known = subject.known("project_segment", joined(job, segment))
    if known.record:
        return known.state != "deleted"
    return _is_there(subject, "segment", segment)


def _is_there(subject: Subject, kind: str, key: str) -> bool:
    """Business Central has the record, whatever became of it in Procore."""
    known = subject.known(kind, key)
    return bool(known.record) and known.state != "deleted"


def code_of(subject: Subject, line: Json) -> tuple[str, str, str] | None:
    """Segment, task and cost type of a line; None as long as nobody can say what its code is made of.

    A code that the hub made is known by its pair; any other one is taken apart by the project's pattern (C-23).
    """
    code = text(line, "wbsCodeId")
    known = subject.known("budget_code", f"{THERE}{code}").link
    if known is not None:
        _, segment, task, cost_type = known.bc_number.split("|")
        return segment.upper(), task.upper(), cost_type.upper()
    for row in subject.facts.get(_wbs_codes(subject), ()):
        if str(row["id"]) == code:
            segment, task, cost_type = segments_of(codes.taken_apart(row))
            cost_type = subject.context.mapping.back("costTypes", "code", cost_type)
            return segment.upper(), task.upper(), cost_type.upper()
    return None


def _wbs_codes(subject: Subject) -> Listing:
    return changes.wbs_codes(text(subject.source, "procoreProjectId"))


def listings(subject: Subject) -> Iterable[Listing]:
    """The project's budget codes, where the hub did not make every code of the lines itself."""
    known = (
        subject.known("budget_code", f"{THERE}{text(line, 'wbsCodeId')}").link for line in lines_of(subject.source)
    )
    if any(link is None for link in known):
        yield _wbs_codes(subject)


def unknown(subject: Subject) -> list[Wait]:
    """What Business Central lacks of the budget codes; the whole order waits for it (PP-61)."""
    job = text(subject.source, "jobNumber")
    waits: dict[tuple[str, str], Wait] = {}
    for line in lines_of(subject.source):
        name, code = text(line, "flatCode") or text(line, "wbsCodeId"), code_of(subject, line)
        if code is None:
            words = f"budget code {name} is not among the codes of the project in Procore"
            waits[FACT, f"code:{name}"] = fact(f"code:{name}", words)
            continue
        for wait in _missing(subject, job, name, *code):
            waits[wait.kind, wait.key] = wait
    return list(waits.values())


def _missing(subject: Subject, job: str, name: str, segment: str, task: str, cost_type: str) -> Iterable[Wait]:
    known = subject.known("project_task", joined(job, task))
    if not task:
        yield fact(f"code:{name}", f"budget code {name} names no cost code")
    elif not _is_there(subject, "project_task", joined(job, task)):
        words = f"project task {task} of budget code {name} does not exist in project {job}"
        yield Wait("project_task", joined(job, task), words)
    elif known.facet != "Posting":
        words = f"project task {task} of budget code {name} is of type {known.facet}; only Posting can be used"
        yield fact(f"task:{joined(job, task)}", words)
    if cost_type and not _is_there(subject, "cost_type", cost_type):
        yield Wait("cost_type", cost_type, f"cost type {cost_type} of budget code {name} does not exist")
    if segment and not _is_made(subject, job, segment):
        words = f"segment {segment} of budget code {name} is not among the segments of project {job}"
        yield Wait("project_segment", joined(job, segment), words)
