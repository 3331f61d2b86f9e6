"""When the records of a kind are read by themselves: with every poll, or at fixed times of a place's clock.

Pure. Times are those of the wall clock in a time zone, so a day of 23 or 25 hours has them where people expect them; a
time that is missed, such as over night, is made up for once.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

Every = Literal["always", "hourly", "2 hours", "4 hours", "daily", "never"]
EAGERNESS: tuple[Every, ...] = ("always", "hourly", "2 hours", "4 hours", "daily", "never")
_HOURS: Mapping[str, int] = {"hourly": 1, "2 hours": 2, "4 hours": 4}


def last_time(every: Every, now: datetime, zone: ZoneInfo, daily_at: time) -> datetime | None:
    """The latest moment, up to now, at which something was due; none for what is never due.

    Units   UTC.
    """
    if every == "never":
        return None
    if every == "always":
        return now
    local = now.astimezone(zone)
    if every == "daily":
        today = _at(local.date(), daily_at, zone)
        return today if today <= now else _at(local.date() - timedelta(days=1), daily_at, zone)
    hours = _HOURS[every]
    start = local.replace(hour=local.hour - local.hour % hours, minute=0, second=0, microsecond=0)
    return start.astimezone(UTC)


def _at(day: date, moment: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, moment, zone).astimezone(UTC)


class Timetable:
    """What is due, for the kinds of one connection."""

    def __init__(self, every: Mapping[str, Every], zone: ZoneInfo, daily_at: time) -> None:
        self._every = every
        self._zone = zone
        self._daily_at = daily_at
        self._read: dict[str, datetime] = {}

    def due(self, now: datetime) -> frozenset[str] | None:
        """Kinds to be read now; None for all of them."""
        found = frozenset(kind for kind, every in self._every.items() if self._is_due(kind, every, now))
        return None if len(found) == len(self._every) else found

    def was_read(self, kinds: Iterable[str] | None, now: datetime) -> None:
        """These were read now; None for all of them."""
        self._read.update(dict.fromkeys(self._every if kinds is None else kinds, now))

    def _is_due(self, kind: str, every: Every, now: datetime) -> bool:
        latest = last_time(every, now, self._zone, self._daily_at)
        return latest is not None and (kind not in self._read or self._read[kind] < latest or every == "always")
