"""Timecard entries of a project and of the company, and the company's time types (T4 to T12)."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, tzinfo

from adapters.sandbox.procore.contract import moment
from adapters.sandbox.procore.directory import company_of
from adapters.sandbox.procore.kernel import Answer, Call, Problem, Route, listed, not_found, ordered, page
from adapters.sandbox.procore.projects import PROJECTS
from adapters.sandbox.procore.state import Invalid, Row, State
from adapters.sandbox.procore.timecard_views import (
    asked_days,
    on_days,
    read_day,
    show,
    show_company,
    show_flat,
    within,
)
from adapters.sandbox.procore.timecards import ENTRIES, TIME_TYPES, gone_entries, remove, the_account, write
from adapters.sandbox.procore.worked_time import today
from domain.values import Json

TOOL = "timecards"

COMPACT = ("id", "date", "time_in", "time_out")
"""`serializer_view=compact_with_date_range`; which fields it has is printed nowhere, so as little as its name says."""

_TIMES = ("created_at", "updated_at", "deleted_at", "time_in", "time_out")


def _found(call: Call, project_id: int | None = None) -> Row:
    row = call.state.get(ENTRIES, call.path["id"], **({} if project_id is None else {"project_id": project_id}))
    if row is None or call.state.get(PROJECTS, row["project_id"], permitted=True) is None:
        raise not_found("timecard entry")
    return row


# Of a project: the description names 400 for a refused entry, not 422


def _written(call: Call, row: Row | None, values: Json, look: Callable[[State, Row], Json]) -> Answer:
    try:
        written = write(call.state, call.project, row, values, the_account(call.state))
    except Invalid as broken:
        raise Problem(400, {"errors": broken.errors}) from broken
    return Answer(look(call.state, written))


def _list_project(call: Call) -> Answer:
    """F7: today's rows when no date is named. Nothing but the days narrows by time here."""
    day = call.one("log_date")
    days = asked_days(call, (today(call.state), today(call.state)))
    if day is not None:
        days = (read_day("log_date", day), read_day("log_date", day))
    rows = on_days(call.state.rows(ENTRIES, project_id=call.project["id"], in_progress=False), days)
    if call.many("filters[daily_log_segment_id]") is not None:
        rows = []  # the stand-in has no such segments
    writers = call.many("filters[created_by_id]")
    if writers is not None:
        rows = [row for row in rows if str(row["created_by"]["id"]) in writers]
    shown, headers = page(call, ordered(call, rows))
    return Answer([show(call.state, row) for row in shown], headers=headers)


def _show_project(call: Call) -> Answer:
    return Answer(show(call.state, _found(call, call.project["id"])))


def _create(call: Call) -> Answer:
    return _written(call, None, call.body["timecard_entry"], show)


def _create_flat(call: Call) -> Answer:
    """v1.1: the fields stand in the body itself, and the answer is a 200."""
    return _written(call, None, call.body, show_flat)


def _update_project(call: Call) -> Answer:
    return _written(call, _found(call, call.project["id"]), call.body["timecard_entry"], show)


def _delete(call: Call) -> Answer:
    remove(call.state, _found(call, call.project["id"]))
    return Answer()


# Of the company


def _list_company(call: Call) -> Answer:
    """F7: a window of `updated_at` or `deleted_at` does not lift the rule that only today's rows come without dates.

    A range of `time_in` names days as well, so that it does (inferred).
    """
    company_of(call)
    rows: Iterable[Row] = _visible(call)
    timed = {"start_time_in", "end_time_in"} & set(call.query)
    if not timed or {"start_date", "end_date"} & set(call.query):
        rows = on_days(rows, asked_days(call, (today(call.state), today(call.state))))
    if timed:
        rows = _by_time_in(call, rows)
    rows = within(listed(call, rows, "party_id"), "deleted_at", call.one("filters[deleted_at]"))
    shown, headers = page(call, ordered(call, rows))
    full = [_in_zone(call, show_company(call.state, row)) for row in shown]
    view = call.one("serializer_view")
    if view is not None:
        names = ("id",) if view == "ids_only" else COMPACT
        full = [{name: row[name] for name in names} for row in full]
    return Answer(full, sparse=view is not None, headers=headers)


def _visible(call: Call) -> Iterable[Row]:
    """Rows of permitted projects. Deleted ones come alone and only when asked for; so do those in progress (T6)."""
    permitted = {project["id"] for project in call.state.rows(PROJECTS, permitted=True)}
    gone = call.one("filters[deleted_at]") is not None
    only, too = call.flag("filters[in_progress_only]"), call.flag("filters[include_in_progress]")
    for row in gone_entries(call.state) if gone else call.state.rows(ENTRIES):
        unfinished = row["in_progress"]
        if row["project_id"] in permitted and (unfinished if only else too or not unfinished):
            yield row


def _by_time_in(call: Call, rows: Iterable[Row]) -> list[Row]:
    begin, end = _bound(call, "start_time_in"), _bound(call, "end_time_in")
    timed = [(row, moment(row["time_in"] or "")) for row in rows]
    return [
        row for row, at in timed if at is not None and (begin is None or begin <= at) and (end is None or at <= end)
    ]


def _bound(call: Call, name: str) -> datetime | None:
    text = call.one(name)
    at = None if text is None else moment(text.replace(" ", "+"))  # a plus sign that was not encoded
    if text is not None and at is None:
        raise Problem(400, {"errors": f"{name} is not a time"})
    return at


def _in_zone(call: Call, row: Json) -> Json:
    """`use_filter_tz`: all times in the zone of `start_time_in` or `end_time_in`, else UTC."""
    asked = call.one("start_time_in") or call.one("end_time_in")
    if call.one("use_filter_tz") is None or asked is None:
        return row
    zone: tzinfo = datetime.fromisoformat(asked.replace(" ", "+")).tzinfo or UTC
    moments = {name: moment(row[name]) for name in _TIMES if row.get(name)}
    return row | {name: at.astimezone(zone).isoformat() for name, at in moments.items() if at is not None}


def _show_company(call: Call) -> Answer:
    company_of(call)
    return Answer(show_company(call.state, _found(call)))


def _update_company(call: Call) -> Answer:
    """The body names the project that the entry belongs to; refusals are a 422 here."""
    company_of(call)
    row = _found(call, call.project["id"])
    changed = write(call.state, call.project, row, call.body["timecard_entry"], the_account(call.state))
    return Answer(show_company(call.state, changed))


def _list_time_types(call: Call) -> Answer:
    """P3: not paged; the list has ids and names alone."""
    company_of(call)
    return Answer([*call.state.rows(TIME_TYPES)])


_PROJECT = "/rest/v1.0/projects/{project_id}/timecard_entries"
_COMPANY = "/rest/v1.0/companies/{company_id}/timecard_entries"

ROUTES = (
    Route("GET", _PROJECT, _list_project, project="path", tool=TOOL),
    Route("POST", _PROJECT, _create, project="path", tool=TOOL),
    Route("GET", f"{_PROJECT}/{{id}}", _show_project, project="path", tool=TOOL),
    Route("PATCH", f"{_PROJECT}/{{id}}", _update_project, project="path", tool=TOOL),
    Route("DELETE", f"{_PROJECT}/{{id}}", _delete, project="path", tool=TOOL),
    Route(
        "POST",
        "/rest/v1.1/projects/{project_id}/project_timecard_entries",
        _create_flat,
        project="path",
        tool=TOOL,
    ),
    Route("GET", _COMPANY, _list_company),
    Route("GET", f"{_COMPANY}/{{id}}", _show_company),
    Route("PATCH", f"{_COMPANY}/{{id}}", _update_company, project="body", tool=TOOL),
    Route("GET", "/rest/v1.0/companies/{company_id}/timecard_time_types", _list_time_types),
)
