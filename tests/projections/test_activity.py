"""Each hour in which something was carried is one row that says how much, and how much of it failed."""

from projections.activity import ACTIVITIES
from tests.ledger_story import CONNECTION, START, claimed, confirmed, delayed, observed, parked, refused, requested
from tests.projections.folded import folded


def test_an_hour_counts_what_was_seen_confirmed_delayed_and_refused() -> None:
    once = (observed(), requested(), claimed(), delayed(), claimed(), confirmed())
    row = folded(ACTIVITIES, *once, observed("v2"), requested("b"), claimed(), refused()).row()

    assert (row["connection"], row["hour"]) == (CONNECTION, START.replace(minute=0).isoformat())
    assert {name: row[name] for name in ("observed", "delivered", "delayed", "refused")} == {
        "observed": 2,
        "delivered": 1,
        "delayed": 1,
        "refused": 1,
    }


def test_the_next_hour_is_a_row_of_its_own() -> None:
    """Every step of a story is a minute after the one before, and the first is at the full hour."""
    sights = [observed(f"v{step}") for step in range(70)]
    rows = folded(ACTIVITIES, *sights).rows()

    assert [row["observed"] for row in rows] == [60, 10]
    assert [row["position"] for row in rows] == [60, 70]


def test_what_carries_nothing_counts_nowhere() -> None:
    assert folded(ACTIVITIES, parked("V1")).rows() == []
