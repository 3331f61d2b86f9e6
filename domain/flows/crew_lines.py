"""What an entry should be in Business Central: its buffer row, and its line once there is one.

Source  connector API: a processed row takes no change any more, a line does; the order of fields is that of its tables.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import uuid5

from msgspec.structs import replace

from domain.endpoints import time as endpoints
from domain.events import Wait
from domain.flow import THERE, Part, Plan, Subject, row_by
from domain.flows.common import fact, joined, plain
from domain.flows.crew_workers import may_be_booked_on, period_waits, resource_of, work_type_of, worker_of
from domain.time_sheet import STATUSES
from domain.values import LEDGER, Json, money, read_json, text

ROW, PROCESS, LINE = "buffer-row", "process", "crew-line"
_VALUES = "buffer-row-values"
_ROW_TEXT, _LINE_TEXT = 250, 100
"""Characters of a description; Business Central refuses longer ones and cuts nothing."""
_POSTING = ("", "Posting")

Values = Mapping[str, Any]


def sheet_of(subject: Subject) -> str:
    """The timesheet that the entry's line was made from, which it may have left since; else its own."""
    made = (link.procore_parent_id for link in subject.memory.links.values())
    return next(made, text(subject.source, "timesheetId"))


def job_of(subject: Subject) -> str:
    """Number of the job that the entry's Procore project is joined with (PP-96)."""
    return subject.link("project", THERE + text(subject.source, "procoreProjectId")).bc_number


def wanted_of(subject: Subject, row: Json | None, line: Json | None) -> Values | Plan:
    """What the buffer row should hold, or everything that holds it up."""
    source = subject.source
    answers: dict[str, str | Plan] = {
        "jobTaskNumber": _code(subject, "project_task", "costCodeId", "cost code"),
        "segmentCode": _code(subject, "project_segment", "subJobId", "sub job"),
        "costTypeCode": _cost_type(subject),
        "resourceNumber": _resource(subject, row, line),
        "workTypeCode": work_type_of(subject),
    }
    held = [answer for answer in answers.values() if isinstance(answer, Plan)]
    if held:
        return Plan(
            conflict=next((each.conflict for each in held if each.conflict), ""),
            waits=[wait for each in held for wait in each.waits],
        )
    statuses: Mapping[str, str] = subject.context.settings.get("statuses", STATUSES)
    return {
        "procoreStatus": statuses[text(source, "approvalStatus")],
        "workDate": text(source, "workDate"),
        "hours": money(text(source, "hours")),
        "description": text(source, "description")[:_ROW_TEXT].strip(),
        "procoreProjectId": int(text(source, "procoreProjectId")),
        "procoreWorkerId": int(worker_of(subject)),
        "jobNumber": job_of(subject),
        **answers,
    }


def built(subject: Subject, row: Json | None, wanted: Values) -> Plan:
    """The row under an id of our own, so that there is one however often it is sent; then the line from it (PP-83)."""
    waits = period_waits(subject)
    if waits:
        return Plan(waits=waits)
    parts: list[Part] = []
    id_ = subject.memory.target_id(ROW)
    if row is not None:
        id_ = text(row, "id")
        if not _shows(row, wanted):
            parts.append(_part(_VALUES, "bc.timeSheetBufferEntries", 0, row, wanted, wanted))
    elif not id_:
        id_ = str(uuid5(LEDGER, f"{subject.context.connection}/timeSheetBufferEntries/{subject.source_id}"))
        parts.append(_made(subject, id_, wanted))
    process = Part(
        name=PROCESS,
        endpoint="bc.timeSheetBufferEntries.process",
        stage=1,
        key=id_,
        target_id=id_,
        body={},
        meaning={"row": wanted, "on": _standing(subject, wanted)},
    )
    if subject.memory.holds(PROCESS, process.digest):
        return Plan(waits=[_refusal(subject, row)])
    return Plan(parts=[*parts, process], warnings=_cut(subject))


def adjusted(subject: Subject, line: Json, wanted: Values) -> Plan:
    """The line as it should be, while its crew time sheet is open; else the difference is for people to settle.

    What people settled of it already is no difference, whatever becomes of the sheet.
    """
    fields = begun(wanted)
    kept = subject.memory.kept_of(LINE, fields)
    agreed = {name: read_json(each.value.encode()) if each.value else line.get(name) for name, each in kept.items()}
    differing = {name: value for name, value in {**fields, **agreed}.items() if not _shows(line, {name: value})}
    if not differing:
        return Plan(warnings=_cut(subject), followed=fields)
    status = _status_of(line)
    if status != _OPEN:
        told = [
            f"{_LINE_FIELDS[name]} {line[name] or 'blank'} there, {value or 'none'} in Procore"
            for name, value in differing.items()
        ]
        words = f"crew time sheet {text(line, 'crewTimeSheetNumber')} is {status}: {'; '.join(told)}"
        return Plan(conflict=words)
    waits = period_waits(subject)
    if waits:
        return Plan(waits=waits)
    change = replace(_part(LINE, "bc.crewTimeSheetLines", 0, line, differing, fields), kept=tuple(kept))
    return Plan(parts=[change], warnings=_cut(subject), followed=fields)


_LINE_FIELDS = {
    "resourceNumber": "resource",
    "workDate": "date",
    "hours": "hours",
    "jobTaskNumber": "task",
    "costTypeCode": "cost type",
    "segmentCode": "segment",
    "workTypeCode": "work type",
    "description": "description",
}
"""Fields of a line that follow the entry, in the order of the page, and what people call them."""


def begun(sent: Values) -> dict[str, Any]:
    """The fields with which a line stands that was made of these, or changed by them."""
    fields = {name: sent[name] for name in _LINE_FIELDS if name in sent}
    if "description" in fields:
        fields["description"] = text(fields, "description")[:_LINE_TEXT].strip()
    return fields


def is_open(line: Json) -> bool:
    """The line may still be changed, and so it can drift.

    A sheet that was submitted is people's own until it is posted: the hub changes none of its lines (C-19, PP-97), so
    a difference there is told when its entry is decided, and not as drift.
    Source  connector API: crewTimeSheetStatus (Open, Submitted, Rejected, Approved), crewTimeSheetLines.posted;
            `submit` leads from Open to Submitted.
    """
    return _status_of(line) == _OPEN


def _status_of(line: Json) -> str:
    return "posted" if line.get("posted") else plain(line, "status")


_OPEN = "Open"


def _part(name: str, endpoint: str, stage: int, row: Json, body: Values, wanted: Values) -> Part:
    """A change of what is there; it is due again whenever somebody else changed the row since."""
    etag = text(row, "@odata.etag")
    meaning = {"wanted": wanted, "seen": etag}
    id_ = text(row, "id")
    return Part(
        name=name, endpoint=endpoint, stage=stage, key=id_, target_id=id_, if_match=etag, body=body, meaning=meaning
    )


def _made(subject: Subject, id_: str, wanted: Values) -> Part:
    source = subject.source
    body = {
        "id": id_,
        "procoreTimesheetId": int(text(source, "timesheetId")),
        "procoreTimecardEntryId": int(subject.source_id),
        "timesheetName": text(source, "timesheetName")[:100],
        **wanted,
    }
    return Part(name=ROW, endpoint="bc.timeSheetBufferEntries.create", stage=0, key=id_, body=body)


def _standing(subject: Subject, wanted: Values) -> list[str]:
    """What a refused row may be processed again for: its resource changed, or a day has passed.

    Business Central names its reasons in words alone, so the day stands for all that cannot be seen from here.
    """
    resource = row_by(subject.facts[endpoints.RESOURCES], "number", str(wanted["resourceNumber"]))
    return [text(resource or {}, "@odata.etag"), subject.context.now.strftime("%Y-%m-%d")]


def _refusal(subject: Subject, row: Json | None) -> Wait:
    words = text(row or {}, "errorMessage") or "Business Central did not say yet what became of the buffer row"
    return fact(f"buffer:{subject.source_id}", words)


def _resource(subject: Subject, row: Json | None, line: Json | None) -> str | Plan:
    """Once the line is made, only another worker leads to another resource than that of the buffer row.

    Names and switches may have changed: where that resource can't be booked on any more, the line's own stands.
    """
    if line is not None and row is not None and text(row, "procoreWorkerId") == worker_of(subject):
        booked = row_by(subject.facts[endpoints.RESOURCES], "number", text(row, "resourceNumber"))
        return text(row if may_be_booked_on(booked) else line, "resourceNumber")
    found = resource_of(subject)
    return found if isinstance(found, Plan) else text(found, "number")


def _code(subject: Subject, kind: str, field: str, caption: str) -> str | Plan:
    """The code of the entry's own job for an id of Procore; a child job's may have brought it forth (PP-96)."""
    id_ = text(subject.source, field)
    if not id_:
        return ""
    known = subject.known(kind, THERE + id_)
    owner, _, code = subject.link(kind, THERE + id_).bc_number.partition("|")
    job = job_of(subject)
    if owner != job:
        known = subject.known(kind, joined(job, code))
        if subject.link(kind, joined(job, code)).procore_id != id_:
            words = f"{caption} {code} ({id_}) belongs to project {owner}, the time to project {job}"
            return Plan(waits=[fact(f"{kind}:{id_}", words)])
    if kind == "project_task" and known.facet not in _POSTING:
        words = f"task {code} of project {job} is of type {known.facet}; time is booked on Posting tasks alone"
        return Plan(waits=[fact(f"{kind}:{id_}", words)])
    return code


def _cost_type(subject: Subject) -> str:
    id_ = text(subject.source, "lineItemTypeId")
    return subject.link("cost_type", THERE + id_).bc_number if id_ else ""


def _shows(row: Json, wanted: Values) -> bool:
    """Whether a row of Business Central holds these values; codes are upper case there."""
    return all(_equal(row.get(name), value) for name, value in wanted.items())


def _equal(there: object, value: object) -> bool:
    if isinstance(value, Decimal | int):
        return money(there or 0) == value
    return str(there or "").strip().upper() == str(value).strip().upper()


def _cut(subject: Subject) -> list[str]:
    length = len(text(subject.source, "description"))
    return [f"the description is cut to {_LINE_TEXT} characters"] if length > _LINE_TEXT else []
