"""How a timecard entry looks: each operation cuts out what its description names (Z2)."""

from collections.abc import Iterable
from datetime import date

from adapters.sandbox.procore import crews
from adapters.sandbox.procore.contract import Mismatch, moment, window
from adapters.sandbox.procore.cost_codes import COST_CODES, full_code
from adapters.sandbox.procore.crews import CREWS
from adapters.sandbox.procore.kernel import Call, Problem
from adapters.sandbox.procore.people import PEOPLE, as_party, as_user
from adapters.sandbox.procore.projects import PROJECTS
from adapters.sandbox.procore.state import Row, State
from adapters.sandbox.procore.sub_jobs import SUB_JOBS
from adapters.sandbox.procore.timecards import SHEETS, TIME_TYPES
from domain.values import Json


def show(state: State, row: Row) -> Json:
    """An entry with an object as `cost_code`.

    `timesheet_status` is the old name of the status and null here (T2). Parts of a split are entries of their own and
    not repeated inside the first, as Procore names them on creation only (T7).
    """
    worker = state.get(PEOPLE, row["party_id"])
    crew = state.get(CREWS, row["crew_id"])
    project = state.table(PROJECTS)[row["project_id"]]
    code, job = state.get(COST_CODES, row["cost_code_id"]), state.get(SUB_JOBS, row["sub_job_id"])
    return {
        **row,
        "party": as_party(worker),
        "login_information": as_user(worker),
        "crew": crews.show(state, crew) if crew else None,
        "project": {"id": project["id"], "name": project["name"]},
        "timesheet": state.table(SHEETS).get(row["timesheet_id"]),
        "cost_code": {"id": code["id"], "name": code["name"]} if code else None,
        "sub_job": {"id": job["id"], "name": job["name"], "code": job["code"]} if job else None,
        "timecard_time_type": state.get(TIME_TYPES, row["timecard_time_type_id"]),
        "signed": False,
        "custom_fields": {name: value for name, value in row.items() if name.startswith("custom_field_")},
    }


def show_flat(state: State, row: Row) -> Json:
    """An entry with text as `cost_code` (T11): the full code, as in `01-100`; what the text holds is not documented."""
    shown = show(state, row)
    code = state.get(COST_CODES, row["cost_code_id"])
    return shown | {"cost_code": full_code(state, code) if code else None, "full_cost_code": shown["cost_code"]}


def show_company(state: State, row: Row) -> Json:
    """An entry of the company's list, where the break is text."""
    lunch = row["lunch_time"]
    return show(state, row) | {"lunch_time": None if lunch is None else str(lunch)}


# What lists of time are asked for


def read_day(name: str, text: str) -> str:
    """A day of the query.

    Raises  Problem 400
    """
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise Problem(400, {"errors": f"{name} is not a date"}) from None


def asked_days(call: Call, usual: tuple[date, date]) -> tuple[str, str]:
    """First and last day that a list is asked for, both inclusive (F7).

    Raises  Problem 400 for one end without the other: they are to be used together
    """
    begin, end = call.one("start_date"), call.one("end_date")
    if begin is None and end is None:
        return usual[0].isoformat(), usual[1].isoformat()
    if begin is None or end is None:
        raise Problem(400, {"errors": "start_date and end_date are used together"})
    return read_day("start_date", begin), read_day("end_date", end)


def on_days(rows: Iterable[Row], days: tuple[str, str]) -> list[Row]:
    """Rows of these days; one without a day is on none."""
    return [row for row in rows if row["date"] is not None and days[0] <= row["date"] <= days[1]]


def within(rows: Iterable[Row], name: str, span: str | None) -> list[Row]:
    """Rows whose moment `name` lies in a range of the form `A...B`; all of them when none is asked for.

    Raises  Problem 400
    """
    if span is None:
        return list(rows)
    try:
        begin, end = window(span)
    except Mismatch as mismatch:
        raise Problem(400, {"errors": str(mismatch)}) from None
    return [row for row in rows if (at := moment(row.get(name) or "")) is not None and begin <= at <= end]
