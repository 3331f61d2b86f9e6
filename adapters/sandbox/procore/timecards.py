"""What timesheets and timecard entries may hold, and how one moves the other (section 17)."""

from collections.abc import Iterable
from datetime import date

from adapters.sandbox.procore.company import COST_TYPES
from adapters.sandbox.procore.cost_codes import COST_CODES
from adapters.sandbox.procore.crews import CREWS
from adapters.sandbox.procore.people import PEOPLE
from adapters.sandbox.procore.state import Invalid, Row, State
from adapters.sandbox.procore.sub_jobs import SUB_JOBS
from adapters.sandbox.procore.worked_time import START_STOP, today, worked
from domain.values import Json

SHEETS = "timesheets"
ENTRIES = "timecard_entries"
TIME_TYPES = "timecard_time_types"

SHEET_STATUSES = ("pending", "approved")  # T1
ENTRY_STATUSES = ("pending", "reviewed", "approved", "completed")  # T2

_NOT_KEPT = frozenset(
    {"hours", *START_STOP, "login_information_id", "datetime", "set_timecard_time_type_automatically"}
    | {"clock_in_time", "clock_out_time"}
)
"""Keys of the wire that are stored under other names, or that only the time clock and overtime rules read."""

_UNKNOWN_KINDS = ("location_id", "daily_log_segment_id", "clock_in_id", "clock_out_id", "procore_signature_id")
"""References to records that the stand-in has none of, so that any id is unknown."""


def the_account(state: State) -> Json:
    """Who wrote what comes over the API."""
    return {"id": state.service_user_id, "login": "dmsa@sandbox.example", "name": "SiteLedger"}


def start_time(state: State) -> None:
    """The time types that every company has (T12 names these two)."""
    for name, short in (("Regular", "REG"), ("Overtime", "OT")):
        add_time_type(state, name, short, everywhere=True)


def add_time_type(state: State, name: str, short: str = "", *, everywhere: bool = False) -> Row:
    """A time type of the company, or one that all companies have.

    Raises  Invalid
    """
    if state.find(TIME_TYPES, time_type=name) is not None:
        raise Invalid(time_type="has already been taken")
    shown = {"time_type": name, "abbreviated_time_type": short or name[:2].upper()}
    owner = {"global": everywhere, "company_id": None if everywhere else state.company_id}
    return state.insert(TIME_TYPES, shown | owner)


def write_sheet(state: State, project_id: int, day: str, by: Json) -> Row:
    """A timesheet of one project and one day. A day may have several, numbered from 01 (T1).

    Raises  Invalid
    """
    try:
        day = date.fromisoformat(day).isoformat()
    except ValueError:
        raise Invalid(date="is not a date") from None
    sheets = state.table(SHEETS).values()
    number = 1 + sum(1 for sheet in sheets if (sheet["project_id"], sheet["date"]) == (project_id, day))
    named = {"date": day, "number": number, "name": f"{day} - {number:02}"}
    return state.insert(SHEETS, {"project_id": project_id, "status": "pending", "created_by": by} | named)


def set_sheet_status(state: State, sheet: Row, status: str) -> Row:
    """Approves a timesheet or opens it again (T3); its entries follow, those completed stay.

    That entries follow, and that an approved sheet may still be changed, is inferred: neither is documented.
    Raises  Invalid
    """
    if status not in SHEET_STATUSES:
        raise Invalid(status="is not included in the list")
    for entry in state.rows(ENTRIES, timesheet_id=sheet["id"]):
        if entry["approval_status"] not in {"completed", status}:
            state.change(ENTRIES, entry, {"approval_status": status})
            touch(state, sheet["id"])
    return state.change(SHEETS, sheet, {"status": status})


def write(state: State, project: Row, row: Row | None, values: Json, by: Json) -> Row:
    """Makes or changes a timecard entry; the timesheets that it leaves and enters move their `updated_at` (inferred).

    Raises  Invalid
    """
    kept = {name: value for name, value in values.items() if name not in _NOT_KEPT}
    old: Row = row or {}
    sheet = _sheet(state, project["id"], kept.get("timesheet_id", old.get("timesheet_id")))
    kept["date"] = _day(state, sheet, old, values)
    kept |= _worker(state, row, values)
    _check(state, project["id"], old, kept)
    kept |= worked(state, project, kept["date"], row, values)
    if row is None:
        usual: Json = {
            "project_id": project["id"],
            "timesheet_id": None,
            "description": None,
            "billable": True,
            "injured": False,
            "approval_status": "pending",
            "in_progress": False,
            "cost_code_id": None,
            "sub_job_id": None,
            "line_item_type_id": None,
            "timecard_time_type_id": None,
            "crew_id": None,
            "origin_id": None,
            "origin_data": None,
            "created_by": by,
        }
        row = state.insert(ENTRIES, usual | kept)
        touch(state, row["timesheet_id"])
    elif any(row.get(name) != value for name, value in kept.items()):
        before = row["timesheet_id"]
        state.change(ENTRIES, row, kept)
        touch(state, before)
        touch(state, row["timesheet_id"])
    return row


def touch(state: State, sheet_id: int | None) -> None:
    """An entry came, changed or went: a reader of timesheets by `updated_at` would miss it otherwise (inferred)."""
    if sheet_id is not None:
        state.table(SHEETS)[sheet_id]["updated_at"] = state.stamp()


def remove(state: State, row: Row) -> None:
    """Deletes an entry; it stays listed under `filters[deleted_at]` (T6)."""
    state.remove(ENTRIES, row, keep=True)
    touch(state, row["timesheet_id"])


def _sheet(state: State, project_id: int, id: int | None) -> Row | None:
    """An entry without timesheet is allowed by schema."""
    sheet = state.get(SHEETS, id, project_id=project_id)
    if id is not None and sheet is None:
        raise Invalid(timesheet_id="is not a timesheet of the project")
    return sheet


def _day(state: State, sheet: Row | None, old: Row, values: Json) -> str | None:
    """The day of an entry: as sent, else that of its timesheet, else today; null for one that cannot be read (D2)."""
    if values.get("date") and values.get("datetime"):
        raise Invalid(datetime="and date exclude each other")
    sent = values.get("date") or (values.get("datetime") or "")[:10] or None
    if sent is None and sheet is not None:
        sent = sheet["date"]
    elif sent is None and "date" not in values:
        sent = old["date"] if old else today(state).isoformat()
    if sheet is not None and sent != sheet["date"]:  # T1
        raise Invalid(date="differs from the day of the timesheet")
    return sent


def _worker(state: State, row: Row | None, values: Json) -> Json:
    """T10: a person by `party_id`, or a user by `login_information_id`. That one is needed is inferred."""
    party, login = values.get("party_id"), values.get("login_information_id")
    if party is not None:
        person = state.get(PEOPLE, party)
        if person is None or login not in (None, person["user_id"]):
            raise Invalid(party_id="is not a person of the company")
    elif login is not None:
        person = state.find(PEOPLE, user_id=login)
        if person is None:
            raise Invalid(login_information_id="is not a user of the company")
    elif row is None or "party_id" in values:
        raise Invalid(party_id="can't be blank")
    else:
        return {}
    return {"party_id": person["id"]}


def _check(state: State, project_id: int, old: Row, kept: Json) -> None:
    """Refuses what the project or the company does not have."""
    tables: dict[str, tuple[str, Json]] = {
        "cost_code_id": (COST_CODES, {"project_id": project_id}),
        "sub_job_id": (SUB_JOBS, {"project_id": project_id}),
        "crew_id": (CREWS, {"project_id": project_id}),
        "line_item_type_id": (COST_TYPES, {}),
        "timecard_time_type_id": (TIME_TYPES, {}),
    }
    for name, (table, home) in tables.items():
        if kept.get(name) is not None and state.get(table, kept[name], **home) is None:
            raise Invalid(**{name: "is not in the project or company"})
    strangers = [name for name in _UNKNOWN_KINDS if kept.get(name) is not None]
    if strangers:
        raise Invalid(**dict.fromkeys(strangers, "does not exist"))
    if kept.get("approval_status", "pending") not in ENTRY_STATUSES:
        raise Invalid(approval_status="is not included in the list")
    code = state.get(COST_CODES, kept.get("cost_code_id", old.get("cost_code_id")))
    holder = code["sub_job_id"] if code else None
    if holder is not None and holder != kept.get("sub_job_id", old.get("sub_job_id")):  # W16
        raise Invalid(cost_code_id="belongs to another sub job")


def gone_entries(state: State, **equal: object) -> Iterable[Row]:
    """Deleted entries whose fields equal the given values (T6)."""
    for row in state.table(ENTRIES).values():
        if row.get("deleted_at") is not None and all(row.get(name) == value for name, value in equal.items()):
            yield row
