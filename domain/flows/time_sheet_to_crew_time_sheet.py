"""Procore timecard entry -> buffer row -> line of a crew time sheet in Business Central.

Why     Hours are entered once, on the site, and cost the right project, task and worker in the accounts.
Owner   Procore owns the hours, the day, the worker, the codes and the description. While the crew time sheet is open a
        later change is carried, and one that the office makes on its line is drift; once it is submitted, a
        difference is a conflict and nothing is written. A line that people removed is not made again. Submitting,
        time entries and posting stay with people in Business Central (PP-97). Procore is never written to: which entry
        became which line the hub itself knows (Procore T8).
Rules   PP-82 to PP-97, C-19 to C-24, C-32, C-50, PF-13. The entry's own status counts, not its timesheet's (T2); a
        later approval changes nothing in Business Central, whose processed rows and lines take no status (C-32).
        Overtime and other time types wait until a setting says which Work Type Code they are: booked as ordinary
        hours they would cost and pay the wrong amount. No entry goes to the sync log: the buffer is the log, with one
        row for each entry that says what became of it.
Source  Procore guide 17, Z2; connector API timeSheetBufferEntries, crewTimeSheetLines, resources, accountingPeriods.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from msgspec.structs import replace

from domain.delivery import Listing
from domain.endpoints import time as endpoints
from domain.events import LinkRow, Violation
from domain.flow import THERE, Context, Flow, Origin, Plan, Reference, Subject, row_by
from domain.flows.common import joined, only
from domain.flows.crew_lines import LINE, adjusted, begun, built, is_open, job_of, sheet_of, wanted_of
from domain.flows.crew_workers import people
from domain.flows.time_sheet_reading import FEED
from domain.followed import Followed
from domain.memory import FlowMemory
from domain.time_sheet import NO_HOURS, STATUSES, TimeSheet, is_day, left_out
from domain.values import PROCORE, Json, digest, text

NAME = "time-sheet-to-crew-time-sheet"

_USED = (
    *("timesheetId", "approvalStatus", "workDate", "hours", "description", "workerId", "workerName", "loginId"),
    *("costCodeId", "subJobId", "lineItemTypeId", "timeType", "procoreProjectId", "jobNumber"),
)

_ASKED = (
    *("workDate", "hours", "description", "workerId", "loginId"),
    *("costCodeId", "subJobId", "lineItemTypeId", "timeType"),
)
"""Fields of an entry that its line says."""


def references(source: Json, context: Context) -> Iterable[Reference]:
    """The project, and the codes of an entry that makes a line, by their ids and never by their text (C-23)."""
    project = f"{text(source, 'projectName')} ({text(source, 'procoreProjectId')})"
    yield Reference(
        kind="project",
        key=THERE + text(source, "procoreProjectId"),
        text=f"waiting for Procore project {project} to be linked",
    )
    if left_out(source, _statuses(context)):
        return
    for kind, field, caption in _CODES:
        if text(source, field):
            name = text(source, _NAMES.get(field, ""))
            yield Reference(
                kind=kind,
                key=THERE + text(source, field),
                text=f"waiting for {caption} {f'{name} ({text(source, field)})' if name else text(source, field)}",
            )


_CODES = (
    ("project_task", "costCodeId", "cost code"),
    ("project_segment", "subJobId", "sub job"),
    ("cost_type", "lineItemTypeId", "cost type"),
)
_NAMES: Mapping[str, str] = {"costCodeId": "costCodeName", "subJobId": "subJobCode"}


def further(subject: Subject) -> Iterable[Reference]:
    """The same task and segment of the entry's own job, where a child's job brought the code forth first (PP-96)."""
    if left_out(subject.source, _statuses(subject.context)):
        return
    job = job_of(subject)
    for kind, field, caption in _CODES[:2]:
        if not text(subject.source, field):
            continue
        owner, _, code = subject.link(kind, THERE + text(subject.source, field)).bc_number.partition("|")
        if owner != job:
            words = f"{caption} {code} belongs to project {owner}; waiting for the same one of project {job}"
            yield Reference(kind=kind, key=joined(job, code), text=words)


def listings(subject: Subject) -> Iterable[Listing]:
    """Who time is booked on, the periods, and what Business Central holds of the timesheet (PP-85)."""
    if left_out(subject.source, _statuses(subject.context)) and not subject.memory.links:
        return
    yield endpoints.RESOURCES
    yield endpoints.PERIODS
    yield from people(subject)
    yield endpoints.buffer_rows(sheet_of(subject))
    lines = endpoints.crew_lines(sheet_of(subject))
    yield lines
    if lines in subject.facts and _made_line(subject) is None:
        yield from (endpoints.crew_line(id_) for id_ in _joined_with(subject))


def plan(subject: Subject) -> Plan:
    """The buffer row and its processing; from then on the line, in step as long as its crew time sheet is open."""
    why = left_out(subject.source, _statuses(subject.context))
    if why and not subject.memory.links:
        return Plan(excluded=why)
    row = row_by(subject.facts[endpoints.buffer_rows(sheet_of(subject))], "procoreTimecardEntryId", subject.source_id)
    line = _made_line(subject) or _line_by_hand(subject)
    if line is None and (subject.memory.links or (row is not None and text(row, "processingStatus") == "Processed")):
        if _is_left_away(subject):
            return Plan(warnings=["its line was removed from the crew time sheet, and was said to stay so"])
        return Plan(conflict="its line was removed from the crew time sheet in Business Central; it is not made again")
    if line is not None and why:
        keeps = Plan(warnings=[f"{why} is not carried; the line keeps what it was given"])
        plan = adjusted(subject, line, {"hours": Decimal(0)}) if why == NO_HOURS else keeps
        return _paired(subject, row, line, plan)
    wanted = wanted_of(subject, row, line)
    if isinstance(wanted, Plan):
        return wanted
    if line is None:
        return built(subject, row, wanted)
    return _paired(subject, row, line, adjusted(subject, line, wanted))


def _is_left_away(subject: Subject) -> bool:
    """Somebody accepted that the line is gone, and nothing that it would say changed since (BX-06)."""
    said = subject.memory.kept.get(LINE, {}).get("")
    return said is not None and said.source == digest(_asked(subject.source))


def _asked(source: Json) -> Json:
    return only(source, _ASKED)


def _made_line(subject: Subject) -> Json | None:
    """The line that was made from the entry."""
    return row_by(subject.facts[endpoints.crew_lines(sheet_of(subject))], "timeSheetLineId", subject.source_id)


def _line_by_hand(subject: Subject) -> Json | None:
    """The line that people entered, and that was joined with the entry (BX-13)."""
    found = (subject.facts.get(endpoints.crew_line(id_), ()) for id_ in _joined_with(subject))
    return next((row for rows in found for row in rows if not int(row.get("timeSheetLineId") or 0)), None)


def _joined_with(subject: Subject) -> list[str]:
    return [link.bc_id for link in subject.memory.links.values() if link.bc_set == "crewTimeSheetLines"]


def _paired(subject: Subject, row: Json | None, line: Json, plan: Plan) -> Plan:
    """The plan with both identities of the entry: its buffer row, and its line (PP-91)."""
    number = joined(text(line, "crewTimeSheetNumber"), text(line, "lineNumber"))
    sheet, entry = sheet_of(subject), subject.source_id
    links = [LinkRow("crewTimeSheetLines", text(line, "id"), number, "timecard_entries", entry, sheet, role="line")]
    if row is not None:
        first = text(row, "entryNumber")
        links.insert(0, LinkRow("timeSheetBufferEntries", text(row, "id"), first, "timecard_entries", entry, sheet))
    moved = text(subject.source, "timesheetId") != sheet
    words = [f"the entry moved to another timesheet; its line stays at {number}"] if moved else []

    def pairs(_memory: FlowMemory) -> Iterable[LinkRow]:
        return links

    return replace(plan, links=pairs, link_stage=-1, warnings=[*plan.warnings, *words])


def whole(source: Json, context: Context) -> Iterable[Violation]:
    """Every field that a line cannot do without; what is left out need not be whole."""
    if left_out(source, _statuses(context)):
        return
    for field, caption, rule in _NEEDED:
        if not text(source, field):
            yield Violation(rule, caption, f"{caption} is missing; fill it in Procore")
    if not text(source, "workerId") and not text(source, "loginId"):
        yield Violation("PP-86", "Employee", "Employee is missing; fill it in Procore")
    if text(source, "workDate") and not is_day(text(source, "workDate")):
        yield Violation("PP-88", "Date", f"Date {text(source, 'workDate')} is no date")
    if text(source, "hours").startswith("-"):
        yield Violation("PP-92", "Hours", f"Hours {text(source, 'hours')} are less than none")


_NEEDED = (
    ("timesheetId", "Timesheet", "PP-91"),
    ("workDate", "Date", "PP-88"),
    ("hours", "Hours", "PP-92"),
    ("costCodeId", "Cost Code", "PP-89"),
)


def _statuses(context: Context) -> Mapping[str, str]:
    return context.settings.get("statuses", STATUSES)


def _counts(_source: Json, _demanded: bool) -> bool:  # noqa: FBT001 - the registry's signature
    return True


def _title(row: Json) -> str:
    # Without the worker's name: titles stand in events, which are never redacted.
    return f"{text(row, 'timesheetName')}, {text(row, 'hours') or 'no'} hours"


FLOW = Flow(
    name=NAME,
    kind=TimeSheet.KIND,
    after=("project-to-project", "project-task-to-cost-code", "project-segment-to-sub-job"),
    origin=Origin(
        system=PROCORE,
        feed=FEED,
        entity_set="timecard_entries",
        number=lambda row: text(row, "id"),
        title=_title,
        project=lambda row: text(row, "jobNumber"),
        relevant=lambda row: only(row, _USED),
    ),
    counts=_counts,
    rules=(whole,),
    references=references,
    further=further,
    listings=listings,
    plan=plan,
    follows=Followed(
        role="line",
        part=LINE,
        endpoint="bc.crewTimeSheetLines",
        is_open=is_open,
        begun=begun,
        asked=_asked,
        alone=endpoints.crew_line,
        lost=(
            "A line that was removed from a crew time sheet is not made again: its buffer row is processed, and the"
            " sheet is people's own. Enter it there by hand and keep the target."
        ),
    ),
    lane="first",
)
