"""Timesheets of a project, and the company's view of all time by worker (T1, T3, T5, F8)."""

from collections.abc import Iterable
from datetime import timedelta

from adapters.sandbox.procore.directory import company_of
from adapters.sandbox.procore.kernel import Answer, Call, Problem, Route, listed, not_found, ordered, page
from adapters.sandbox.procore.people import PEOPLE, as_party
from adapters.sandbox.procore.projects import PROJECTS
from adapters.sandbox.procore.state import Row
from adapters.sandbox.procore.timecard_views import asked_days, on_days, show, show_flat, within
from adapters.sandbox.procore.timecards import (
    ENTRIES,
    SHEET_STATUSES,
    SHEETS,
    gone_entries,
    set_sheet_status,
    the_account,
    write_sheet,
)
from adapters.sandbox.procore.worked_time import today
from domain.values import Json

TOOL = "timesheets"


def _shown(call: Call, sheet: Row, entries: Iterable[Row] | None = None) -> Json:
    """A timesheet with its entries; those in progress are hidden (T6, said of another list)."""
    if entries is None:
        entries = call.state.rows(ENTRIES, timesheet_id=sheet["id"], in_progress=False)
    return {**sheet, "timecard_entries": [show(call.state, entry) for entry in entries]}


def _found(call: Call, id: int) -> Row:
    sheet = call.state.get(SHEETS, id, project_id=call.project["id"])
    if sheet is None:
        raise not_found("timesheet")
    return sheet


def _list_project(call: Call) -> Answer:
    """`filters[date]` takes a range, and one day alone, which stands for that day."""
    if call.one("filters[deleted_at]") is not None:
        return _list_gone(call)
    rows, headers = page(call, _asked(call, listed(call, call.state.rows(SHEETS, project_id=call.project["id"]))))
    return Answer([_shown(call, sheet) for sheet in rows], headers=headers)


def _list_gone(call: Call) -> Answer:
    """`filters[deleted_at]`: timesheets that lost an entry in that time, or went themselves, with what was deleted.

    The description speaks of deleted items only. A sheet has no `deleted_at` of its own to show (inferred).
    """
    span = call.one("filters[deleted_at]")
    entries = within(gone_entries(call.state, project_id=call.project["id"]), "deleted_at", span)
    sheets = [row for row in call.state.table(SHEETS).values() if row["project_id"] == call.project["id"]]
    hit = {entry["timesheet_id"] for entry in entries} | {sheet["id"] for sheet in within(sheets, "deleted_at", span)}
    rows, headers = page(call, _asked(call, listed(call, [sheet for sheet in sheets if sheet["id"] in hit])))
    lost = [(sheet, [entry for entry in entries if entry["timesheet_id"] == sheet["id"]]) for sheet in rows]
    return Answer([_shown(call, sheet, gone) for sheet, gone in lost], headers=headers)


def _asked(call: Call, rows: Iterable[Row]) -> list[Row]:
    wanted = call.one("filters[date]")
    span = wanted if wanted is None or "..." in wanted else f"{wanted}...{wanted}"
    return ordered(call, within(rows, "date", span))


def _show_one(call: Call) -> Answer:
    return Answer(_shown(call, _found(call, call.path["id"])))


def _create(call: Call) -> Answer:
    """A day may have more than one timesheet, as their names are numbered (T1)."""
    day = call.body["timesheet"]["date"]
    return Answer(write_sheet(call.state, call.project["id"], day, the_account(call.state)))


def _update_approval(call: Call) -> Answer:
    """T3: all or none; the answer is a list of what the description shows as one (Z1). Refusals are a 400 here."""
    wanted = [(_found(call, each.get("id")), each.get("status")) for each in call.body["timesheets"]]
    if any(status not in SHEET_STATUSES for _, status in wanted):
        raise Problem(400, {"errors": {"status": ["is not included in the list"]}})
    sheets = [_shown(call, set_sheet_status(call.state, sheet, status)) for sheet, status in wanted]
    return Answer(sheets)


def _list_company(call: Call) -> Answer:
    """One row for each worker. Without dates the current work week, Monday to Sunday (F8; its first day is not stated).

    `other_hours` is empty: it has whole hours of other projects, and all projects are listed here anyway. Neither
    timesheet nor sub job nor status is named (Z2).
    """
    company_of(call)
    state = call.state
    monday = today(state) - timedelta(days=today(state).weekday())
    span = call.one("filters[deleted_at]")
    everything = state.rows(ENTRIES, in_progress=False) if span is None else gone_entries(state)
    permitted = {project["id"] for project in state.rows(PROJECTS, permitted=True)}
    rows = on_days(everything, asked_days(call, (monday, monday + timedelta(days=6))))
    rows = within(listed(call, rows), "deleted_at", span)
    by_worker: dict[int, list[Row]] = {}
    for row in sorted(rows, key=lambda entry: entry["id"]):
        if row["project_id"] in permitted:
            by_worker.setdefault(row["party_id"], []).append(row)
    shown, headers = page(call, [{"party_id": id, "rows": by_worker[id]} for id in sorted(by_worker)])
    full: list[Json] = [
        {
            "party": as_party(state.get(PEOPLE, worker["party_id"])),
            "other_hours": [],
            "timecard_entries": [show_flat(state, row) for row in worker["rows"]],
        }
        for worker in shown
    ]
    return Answer(full, headers=headers)


_PROJECT = "/rest/v1.0/projects/{project_id}/timesheets"

ROUTES = (
    Route("GET", _PROJECT, _list_project, project="path", tool=TOOL),
    Route("POST", _PROJECT, _create, project="path", tool=TOOL),
    Route("PATCH", f"{_PROJECT}/update_approval", _update_approval, project="path", tool=TOOL),
    Route("GET", f"{_PROJECT}/{{id}}", _show_one, project="path", tool=TOOL),
    Route("GET", "/rest/v1.0/companies/{company_id}/timesheets", _list_company),
)
