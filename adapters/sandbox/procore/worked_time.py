"""How long someone worked: a project records either hours or start and stop (T4, D6)."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal
from zoneinfo import ZoneInfo

from adapters.sandbox.procore.contract import moment
from adapters.sandbox.procore.kernel import amount, decimal, decimal_text
from adapters.sandbox.procore.state import Invalid, Row, State
from domain.values import Json

SETTINGS = "timesheet_settings"

Manner = Literal["hours", "start_stop"]

HOURS = "hours"
START_STOP = ("time_in", "time_out", "lunch_time")

_CLOCK = "00:00"
_NAMED_ZONES = {
    "Eastern Time (US & Canada)": "America/New_York",
    "Central Time (US & Canada)": "America/Chicago",
    "Mountain Time (US & Canada)": "America/Denver",
    "Pacific Time (US & Canada)": "America/Los_Angeles",
}


def recorded_by(state: State, project_id: int) -> Manner:
    """How a project records time; a new one records hours (which one is not stated)."""
    setting = state.find(SETTINGS, project_id=project_id)
    return setting["manner"] if setting else HOURS


def record_by(state: State, project_id: int, manner: Manner) -> None:
    """Switches a project to hours or to start and stop; entries that exist stay as they are."""
    setting = state.find(SETTINGS, project_id=project_id)
    if setting is None:
        state.insert(SETTINGS, {"project_id": project_id, "manner": manner})
    else:
        state.change(SETTINGS, setting, {"manner": manner})


def worked(state: State, project: Row, day: str | None, row: Row | None, values: Json) -> Json:
    """Hours and times of an entry as they are stored, from those that are sent.

    Shape   `hours` text such as `8.0`, `time_in` and `time_out` UTC, `lunch_time` whole minutes; empty for a change
            that touches none of them. An entry in progress may lack what only its end tells.
    Raises  Invalid when the form does not fit the setting of the project. That Procore refuses it is inferred.
    """
    sent = {name: values[name] for name in (HOURS, *START_STOP) if values.get(name) not in (None, "")}
    unfinished = bool(values.get("in_progress", (row or {}).get("in_progress")))
    if row is not None and not sent and not (row["in_progress"] and not unfinished):
        return {}
    if recorded_by(state, project["id"]) == HOURS:
        return _hours(sent, row, unfinished=unfinished)
    return _start_stop(project, day, sent, row, unfinished=unfinished)


def _hours(sent: Json, row: Row | None, *, unfinished: bool) -> Json:
    wrong = [name for name in START_STOP if name in sent]
    if wrong:
        raise Invalid(**dict.fromkeys(wrong, "cannot be set: the project records hours"))
    hours = decimal(sent, HOURS) if HOURS in sent else decimal(row or {}, HOURS)
    if hours is None and not unfinished:
        raise Invalid(hours="can't be blank")
    if hours is not None and hours < 0:
        raise Invalid(hours="must be greater than or equal to 0")
    return {HOURS: decimal_text(hours), **dict.fromkeys(START_STOP)}


def _start_stop(project: Row, day: str | None, sent: Json, row: Row | None, *, unfinished: bool) -> Json:
    if HOURS in sent:
        raise Invalid(hours="cannot be set: the project records start and stop")
    both = {name: sent.get(name, (row or {}).get(name)) for name in START_STOP}
    blank = [name for name, value in both.items() if value is None and (name == "time_in" or not unfinished)]
    if blank:
        raise Invalid(**dict.fromkeys(blank, "can't be blank"))
    start = _moment(project, day, "time_in", both["time_in"])
    lunch = _minutes(both["lunch_time"])
    if both["time_out"] is None:
        return {HOURS: None, "time_in": _text(start), "time_out": None, "lunch_time": lunch}
    stop = _moment(project, day, "time_out", both["time_out"])
    if stop < start and _is_clock(both["time_out"]):
        stop += timedelta(days=1)  # a shift over midnight: the clock alone does not say on which day it ended
    length = stop - start - timedelta(minutes=lunch)
    if length < timedelta():
        raise Invalid(time_out="must be after time_in and the lunch break")
    hours = amount(Decimal(int(length.total_seconds())) / 3600)
    return {HOURS: decimal_text(hours), "time_in": _text(start), "time_out": _text(stop), "lunch_time": lunch}


def _minutes(value: object) -> int:
    text = str(value if value is not None else 0)
    if not text.isdigit():
        raise Invalid(lunch_time="is not a number of minutes")
    return int(text)


def _is_clock(value: Any) -> bool:
    return isinstance(value, str) and len(value) == len(_CLOCK) and value[2] == ":"


def _moment(project: Row, day: str | None, name: str, value: Any) -> datetime:
    """`08:00` on the day of the entry, in the project's time zone (inferred from D6), or a whole timestamp."""
    read = moment(f"{day}T{value}") if _is_clock(value) else moment(value or "")
    if read is None:
        raise Invalid(**{name: "is not a time"})
    return read.replace(tzinfo=zone(project)).astimezone(UTC) if _is_clock(value) else read


def zone(project: Row) -> ZoneInfo:
    """The time zone of a project; D3's list has names of its own for some."""
    named = project.get("time_zone") or "UTC"
    return ZoneInfo(_NAMED_ZONES.get(named, named))


def _text(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def parts(row: Row, second: Decimal) -> tuple[Json, Json]:
    """The time of an entry cut in two, the second part of `second` hours.

    Raises  Invalid when nothing would be left of the first
    """
    first = Decimal(row[HOURS]) - second
    if first <= 0 or second <= 0:
        raise Invalid(hours="must be more than 0 and less than those of the entry")
    hours = {HOURS: decimal_text(first)}, {HOURS: decimal_text(second)}
    if row["time_in"] is None:
        return hours
    stop = moment(row["time_out"])
    if stop is None:
        raise Invalid(time_out="can't be blank")
    cut = _text(stop - timedelta(seconds=int(second * 3600)))
    later: Json = {"time_in": cut, "time_out": row["time_out"], "lunch_time": 0}
    return hours[0] | {"time_out": cut}, hours[1] | later


def today(state: State) -> date:
    """The present day, in UTC as all times here; whose day Procore means is not stated."""
    return state.now().astimezone(UTC).date()
