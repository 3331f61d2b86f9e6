"""The check tells a wrong clock and a spent allowance, and says what to do."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from adapters.outbound.calls import Quota
from adapters.outbound.findings import clock_finding, quota_finding, trouble
from adapters.ports import FixedClock
from domain.errors import NeedsDecision, RetryLater

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(("minutes", "ok"), [(0, True), (1, True), (3, False), (-3, False), (600, False)])
def test_a_clock_that_is_minutes_off_is_found(minutes: int, ok: bool) -> None:  # noqa: FBT001 - a column
    headers = {"date": format_datetime(NOW + timedelta(minutes=minutes), usegmt=True)}

    finding = clock_finding("Procore", headers, FixedClock(NOW))

    assert finding.ok is ok
    assert bool(finding.remedy) is not ok


def test_an_answer_without_a_date_says_nothing_against_the_clock() -> None:
    assert clock_finding("Procore", {}, FixedClock(NOW)).ok
    assert clock_finding("Procore", {"date": "yesterday"}, FixedClock(NOW)).ok


@pytest.mark.parametrize(
    ("quota", "ok", "why"),
    [
        (Quota(), True, "No limit was told."),
        (Quota(limit=600, remaining=599), True, "599 of 600 calls left."),
        (Quota(remaining=0, reset=NOW), False, "0 calls left."),
    ],
)
def test_a_spent_allowance_is_found(quota: Quota, ok: bool, why: str) -> None:  # noqa: FBT001 - a column
    finding = quota_finding("Procore", quota)

    assert (finding.ok, finding.why) == (ok, why)


def test_trouble_that_may_pass_is_not_blamed_on_a_setting() -> None:
    assert trouble("x", NeedsDecision("no"), "Do this.").remedy == "Do this."
    assert "Try again later" in trouble("x", RetryLater("silence"), "Do this.").remedy
