"""`TimeSheet`: one timecard entry of Procore and its line in a crew time sheet, with the rules of hours.

The timesheet groups entries of one project and one day (Procore T1): the entry decides the line, its timesheet decides
whether a crew time sheet is made or extended (C-21).
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import ClassVar

from domain.record import Record
from domain.values import Json, cents, money, text

STATUSES: Mapping[str, str] = {"pending": "Pending", "approved": "Approved"}
"""Status of an entry -> status in the buffer; the others are left out unless a setting says what they stand for."""
REGULAR = "Regular"
"""The time type that every company has for ordinary hours (Procore T12)."""
WORK_TYPES: Mapping[str, str] = {REGULAR: ""}
"""Time type -> Work Type Code; ordinary hours need none."""
NO_HOURS = "0 hours"

_HOUR = timedelta(hours=1)
_MINUTE = timedelta(minutes=1)


class TimeSheet(Record):
    """One timecard entry."""

    KIND: ClassVar[str] = "time_sheet"


class NotExact(Exception):
    """The time of an entry cannot be read."""


def hours_of(row: Json) -> Decimal | None:
    """Hours that an entry stands for; None while nobody entered any.

    An entry carries `hours`, or `time_in`, `time_out` and minutes of `lunch_time` (Procore T4, PF-13).
    Units   hours, rounded to two decimals, five away from zero: that is what the buffer takes.
    Raises  NotExact with what cannot be read.
    """
    if text(row, "hours"):
        try:
            hours = money(text(row, "hours"))
        except InvalidOperation:
            raise NotExact(f"hours {text(row, 'hours')!r} are no number") from None
        if not hours.is_finite():
            raise NotExact(f"hours {text(row, 'hours')!r} are no number")
        return cents(hours)
    if not text(row, "time_in") or not text(row, "time_out"):
        return None
    lunch = text(row, "lunch_time") or "0"
    try:
        begin, end = (datetime.fromisoformat(text(row, name)) for name in ("time_in", "time_out"))
        length = end - begin - int(lunch) * _MINUTE
    except (ValueError, TypeError):
        words = f"{text(row, 'time_in')} to {text(row, 'time_out')} with a break of {lunch}"
        raise NotExact(f"{words} is no span of time") from None
    seconds = Decimal(length.days * 86400 + length.seconds)
    return cents(seconds / Decimal(int(_HOUR.total_seconds())))


def is_day(value: str) -> bool:
    """A plain date."""
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def left_out(entry: Json, statuses: Mapping[str, str]) -> str:
    """Why an entry makes no line, empty where it makes one (C-19: what its own status says counts, Procore T2)."""
    status = text(entry, "approvalStatus")
    if status not in statuses:
        return f"status {status or 'blank'}"
    hours = text(entry, "hours")
    return NO_HOURS if hours and not money(hours) else ""
