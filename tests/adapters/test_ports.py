"""Clock and chance are handed in, and a run with the same ones is the same run."""

from datetime import UTC, datetime, timedelta, timezone

from adapters.ports import FixedClock, SystemClock, seeded_rng, system_rng


def test_the_clock_tells_utc() -> None:
    now = SystemClock().now()

    assert now.utcoffset() == timedelta(0)


def test_a_fixed_clock_stands_still_and_tells_utc() -> None:
    clock = FixedClock(datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=2))))

    assert clock.now() == clock.now() == datetime(2026, 1, 1, 10, tzinfo=UTC)
    assert clock.now().tzinfo is UTC


def test_the_same_seed_gives_the_same_chance() -> None:
    first, second = seeded_rng(5), seeded_rng(5)

    assert [first.random() for _ in range(5)] == [second.random() for _ in range(5)]


def test_the_chance_of_the_system_cannot_be_foretold() -> None:
    assert system_rng().getrandbits(128) != system_rng().getrandbits(128)
