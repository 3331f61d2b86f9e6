"""Hours are exact to two decimals, whichever way the site records them, and only what counts makes a line."""

from decimal import Decimal
from typing import Any

import pytest

from domain.time_sheet import STATUSES, NotExact, hours_of, left_out


@pytest.mark.requirement("PP-92", "PF-13")
@pytest.mark.parametrize(
    ("entry", "hours"),
    [
        ({"hours": "8.0"}, "8.00"),
        ({"hours": "0.0"}, "0.00"),
        ({"hours": "7.125"}, "7.13"),
        ({"hours": "7.124"}, "7.12"),
        ({"hours": 8}, "8.00"),
        ({"time_in": "2026-03-30T12:00:00Z", "time_out": "2026-03-30T20:30:00Z", "lunch_time": 30}, "8.00"),
        ({"time_in": "2026-03-30T12:00:00Z", "time_out": "2026-03-30T20:30:00Z", "lunch_time": "45"}, "7.75"),
        ({"time_in": "2026-03-30T12:00:00Z", "time_out": "2026-03-30T12:20:00Z", "lunch_time": None}, "0.33"),
        ({"time_in": "2026-03-30T22:00:00Z", "time_out": "2026-03-31T06:00:00Z"}, "8.00"),
        ({"time_in": "2026-03-30T08:00:00-04:00", "time_out": "2026-03-30T20:00:00Z"}, "8.00"),
        ({"time_in": "2026-03-30T12:00:00Z", "time_out": "2026-03-30T12:20:00Z", "lunch_time": 60}, "-0.67"),
        ({"hours": "6.5", "time_in": "2026-03-30T12:00:00Z", "time_out": "2026-03-30T20:00:00Z"}, "6.50"),
    ],
)
def test_hours_are_taken_as_entered_or_from_in_and_out_without_the_break(entry: dict[str, Any], hours: str) -> None:
    assert hours_of(entry) == Decimal(hours)


@pytest.mark.parametrize("entry", [{}, {"hours": None}, {"time_in": "2026-03-30T12:00:00Z", "time_out": None}])
def test_an_entry_may_have_no_hours_yet(entry: dict[str, Any]) -> None:
    assert hours_of(entry) is None


@pytest.mark.parametrize(
    "entry",
    [
        {"hours": "eight"},
        {"hours": "NaN"},
        {"time_in": "noon", "time_out": "2026-03-30T12:20:00Z"},
        {"time_in": "2026-03-30T12:00:00Z", "time_out": "2026-03-30T12:20:00Z", "lunch_time": "half"},
        {"time_in": "2026-03-30T12:00:00", "time_out": "2026-03-30T12:20:00Z"},
    ],
)
def test_what_is_no_time_is_never_guessed(entry: dict[str, Any]) -> None:
    with pytest.raises(NotExact, match=r"hours|span of time"):
        hours_of(entry)


@pytest.mark.requirement("PP-84", "C-19")
@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ({"approvalStatus": "pending", "hours": "8.00"}, ""),
        ({"approvalStatus": "approved", "hours": "8.00"}, ""),
        ({"approvalStatus": "reviewed", "hours": "8.00"}, "status reviewed"),
        ({"approvalStatus": "completed", "hours": "8.00"}, "status completed"),
        ({"approvalStatus": "", "hours": "8.00"}, "status blank"),
        ({"approvalStatus": "approved", "hours": "0.00"}, "0 hours"),
        ({"approvalStatus": "approved", "hours": ""}, ""),
    ],
)
def test_only_pending_and_approved_hours_are_counted(entry: dict[str, Any], why: str) -> None:
    assert left_out(entry, STATUSES) == why
