"""How timecard entries of Procore are read: the timesheets of each project, joined with the entries of the company.

Rows of a project's timesheets name no worker, sub job or cost type, the company's entries do (Procore Z2). A timesheet
that moved has all its entries read again (T7). Entries in progress are hidden, and stay so (T6).
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import cast

from domain.delivery import Listing
from domain.endpoints import time as endpoints
from domain.flow import Feed, Reading
from domain.time_sheet import NotExact, hours_of
from domain.values import Json, text

AHEAD = timedelta(days=7)
"""Time may be entered before it is worked: a crew's week is planned on Monday."""
MOST_NAMED = 100
"""Ids in one address, so that it stays far below what servers take."""


def listings(reading: Reading) -> Iterable[Listing]:
    """Timesheets that moved, entries that moved, entries that went; then the other entries of those timesheets."""
    yield _entries(reading)
    yield _deleted(reading)
    if _is_whole(reading):
        return
    sheets = [_sheets(reading, project.procore_id) for project in reading.projects]
    yield from sheets
    if all(listing in reading.facts or listing in reading.refused for listing in (*sheets, _entries(reading))):
        yield from _rest(reading)


def documents(reading: Reading) -> Iterable[Json]:
    """One document for each entry, of joined projects or not: those of others wait until they are joined (PP-82)."""
    moved = {str(sheet["id"]): text(sheet, "updated_at") for sheet in _moved_sheets(reading)}
    rows: dict[str, Json] = {}
    for listing in (_entries(reading), *_rest(reading)):
        for row in reading.facts.get(listing, ()):
            rows[str(row["id"])] = row
    for row in rows.values():
        if row.get("in_progress") is not True:
            yield _document(row, moved, reading)


def gone(reading: Reading) -> Iterable[str]:
    """Deleted entries show only when they are asked for (T6)."""
    return [str(row["id"]) for row in reading.facts.get(_deleted(reading), ())]


def _is_whole(reading: Reading) -> bool:
    """Everything is read: the first time, or because a project joined, as the company's list has no project filter."""
    return reading.since is None or any(project.since is None for project in reading.projects)


def _days(reading: Reading) -> tuple[str, str]:
    """First and last day; somebody who fetches by hand may go back beyond the start (C-50)."""
    first: date = reading.start if reading.since is None else min(reading.start, reading.since.date())
    return first.isoformat(), (reading.until + AHEAD).date().isoformat()


def _span(reading: Reading) -> str:
    begin = reading.since or datetime.combine(reading.start, time.min, UTC)
    return f"{_second(begin)}...{_second(reading.until)}"


def _second(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _entries(reading: Reading) -> Listing:
    window = () if _is_whole(reading) else (("filters[updated_at]", _span(reading)),)
    return endpoints.timecard_entries(reading.context.procore_company, *_days(reading), *window)


def _deleted(reading: Reading) -> Listing:
    window = ("filters[deleted_at]", _span(reading))
    return endpoints.timecard_entries(reading.context.procore_company, *_days(reading), window)


def _sheets(reading: Reading, project_id: str) -> Listing:
    return endpoints.timesheets(project_id, _span(reading))


def _moved_sheets(reading: Reading) -> list[Json]:
    return [
        sheet
        for project in reading.projects
        for sheet in reading.facts.get(_sheets(reading, project.procore_id), ())
        if text(sheet, "date") >= _days(reading)[0]
    ]


def _rest(reading: Reading) -> list[Listing]:
    """Entries of timesheets that moved which did not move themselves."""
    if _is_whole(reading):
        return []
    there = {str(row["id"]) for row in reading.facts.get(_entries(reading), ())}
    ids = [str(row["id"]) for sheet in _moved_sheets(reading) for row in sheet.get("timecard_entries") or ()]
    left = [each for each in dict.fromkeys(ids) if each not in there]
    company, days = reading.context.procore_company, _days(reading)
    return [
        endpoints.timecard_entries(company, *days, *endpoints.named(left[start : start + MOST_NAMED]))
        for start in range(0, len(left), MOST_NAMED)
    ]


def _document(row: Json, moved: dict[str, str], reading: Reading) -> Json:
    sheet, project = _part(row, "timesheet"), _part(row, "project")
    project_id = text(project, "id")
    fault, hours = "", ""
    try:
        worked = hours_of(row)
        hours = "" if worked is None else format(worked, "f")
    except NotExact as error:
        fault = str(error)
    return {
        "id": text(row, "id"),
        # The place moves with the timesheet too, or a mere approval would be read again in every round.
        "updated_at": _latest([text(row, "updated_at"), moved.get(text(sheet, "id"), "")], reading.until),
        "timesheetId": text(sheet, "id"),
        "timesheetName": text(sheet, "name"),
        "timesheetStatus": text(sheet, "status"),
        "approvalStatus": text(row, "approval_status"),
        "workDate": text(row, "date")[:10],
        "hours": hours,
        "description": text(row, "description"),
        "workerId": text(_part(row, "party"), "id"),
        "workerName": text(_part(row, "party"), "name") or text(_part(row, "login_information"), "name"),
        "loginId": text(_part(row, "login_information"), "id"),
        "costCodeId": text(_part(row, "cost_code"), "id"),
        "costCodeName": text(_part(row, "cost_code"), "name"),
        "subJobId": text(_part(row, "sub_job"), "id"),
        "subJobCode": text(_part(row, "sub_job"), "code"),
        "lineItemTypeId": text(row, "line_item_type_id"),
        "timeType": text(_part(row, "timecard_time_type"), "time_type"),
        "procoreProjectId": project_id,
        "projectName": text(project, "name"),
        "jobNumber": reading.numbers.get(project_id, ""),
        **({"fault": fault} if fault else {}),
    }


def _latest(moments: Sequence[str], until: datetime) -> str:
    """The last of these, but no later than what was asked for: what moves after that belongs to the next reading."""
    read = [at for at in map(_moment, moments) if at is not None]
    return _second(min(max(read), until)) if read else ""


def _moment(value: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return None
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


def _part(row: Json, name: str) -> Json:
    """An object inside a row; some lists have text there instead (T11)."""
    value: object = row.get(name)
    return cast("Json", value) if isinstance(value, dict) else {}


def _without_tool(listing: Listing) -> bool:
    """A project may do without the timesheets tool; the company's entries are there all the same."""
    return listing.name == endpoints.TIMESHEETS


FEED = Feed(listings=listings, documents=documents, gone=gone, by_project=False, expected=_without_tool)
