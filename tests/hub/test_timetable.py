"""Times of a place's clock: over days of 23 and 25 hours, and after a night in which nothing ran."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from hub.timetable import Every, Timetable, last_time

BERLIN = ZoneInfo("Europe/Berlin")
"""Goes an hour ahead on 2026-03-29 at 02:00, and an hour back on 2026-10-25 at 03:00."""


def utc(day: int, hour: int, minute: int = 0, month: int = 3) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


@pytest.mark.requirement("ER-21")
@pytest.mark.parametrize(
    ("every", "now", "expected"),
    [
        ("hourly", utc(10, 7, 59), utc(10, 7)),
        ("2 hours", utc(10, 8, 30), utc(10, 7)),  # 09:30 in Berlin, so since 08:00
        ("4 hours", utc(10, 8, 30), utc(10, 7)),
        ("daily", utc(10, 0, 59), utc(9, 1)),  # 01:59 in Berlin: the last was yesterday at 02:00
        ("daily", utc(10, 1), utc(10, 1)),
        ("daily", utc(29, 12), utc(29, 1)),  # 02:00 does not exist on that day; the clock shows 03:00
        ("daily", utc(30, 0), utc(30, 0)),  # from then on an hour earlier
        ("hourly", utc(25, 1, 30, month=10), utc(25, 1, month=10)),  # 02:30 for the second time
        ("hourly", utc(25, 0, 30, month=10), utc(25, 0, month=10)),  # and for the first time
        ("always", utc(10, 7, 59), utc(10, 7, 59)),
        ("never", utc(10, 7, 59), None),
    ],
)
def test_the_last_time_at_which_something_was_due(every: Every, now: datetime, expected: datetime | None) -> None:
    assert last_time(every, now, BERLIN, time(2)) == expected


@pytest.mark.requirement("ER-21")
def test_a_time_that_was_missed_is_made_up_for_once() -> None:
    table = Timetable({"invoice": "daily"}, BERLIN, time(2))
    table.was_read(None, utc(10, 6))

    assert table.due(utc(10, 23)) == frozenset()
    assert table.due(utc(13, 9)) is None
    table.was_read(None, utc(13, 9))
    assert table.due(utc(13, 10)) == frozenset()


@pytest.mark.requirement("ER-21")
def test_never_means_never_not_even_at_the_start() -> None:
    table = Timetable({"invoice": "never", "project": "always"}, BERLIN, time(2))

    assert table.due(utc(10, 6)) == frozenset({"project"})
