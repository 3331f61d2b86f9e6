"""When the last call will have its answer, by what the headers left."""

from datetime import UTC, datetime, timedelta

import pytest

from adapters.outbound.calls import Quota
from adapters.outbound.forecast import HOUR, SPIKE, finish

pytestmark = pytest.mark.requirement("BX-18")

NOW = datetime(2026, 3, 31, 22, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def test_a_system_that_says_nothing_is_called_one_call_after_the_other() -> None:
    assert finish(30, Quota(), NOW, SECOND) == NOW + 30 * SECOND


def test_what_fits_into_the_window_waits_for_nothing() -> None:
    quota = Quota(limit=100, remaining=30, reset=NOW + HOUR)

    assert finish(30, quota, NOW, SECOND) == NOW + 30 * SECOND


def test_one_call_more_than_is_left_waits_for_the_next_window() -> None:
    quota = Quota(limit=100, remaining=30, reset=NOW + timedelta(minutes=20))

    assert finish(31, quota, NOW, SECOND) == NOW + timedelta(minutes=20) + SECOND


def test_many_calls_take_one_window_after_the_other() -> None:
    quota = Quota(limit=100, remaining=0, reset=NOW + timedelta(minutes=20))

    assert finish(100, quota, NOW, SECOND) == NOW + timedelta(minutes=20) + 100 * SECOND
    assert finish(250, quota, NOW, SECOND) == NOW + timedelta(minutes=20) + 2 * HOUR + 50 * SECOND


def test_a_window_that_ends_within_seconds_is_the_short_one() -> None:
    quota = Quota(limit=5, remaining=0, reset=NOW + timedelta(seconds=4))

    assert finish(11, quota, NOW, SECOND) == NOW + timedelta(seconds=4) + 2 * SPIKE + SECOND


def test_a_pause_in_force_is_sat_out_first() -> None:
    quota = Quota(paused_until=NOW + timedelta(minutes=2))

    assert finish(3, quota, NOW, SECOND) == NOW + timedelta(minutes=2) + 3 * SECOND


def test_a_window_that_is_over_sets_no_limit() -> None:
    assert finish(5, Quota(limit=5, remaining=0, reset=NOW), NOW, SECOND) == NOW + 5 * SECOND
