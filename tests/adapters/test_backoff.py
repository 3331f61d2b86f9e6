"""Waiting between attempts doubles, has a bound, and is spread so that no two come back at once."""

from datetime import timedelta
from itertools import pairwise

import pytest

from adapters.backoff import delay_before
from adapters.ports import seeded_rng

FIRST_BASES = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]


@pytest.mark.parametrize(("attempt", "base"), list(enumerate(FIRST_BASES, 1)))
def test_a_wait_is_between_half_and_the_whole_of_its_base(attempt: int, base: int) -> None:
    rng = seeded_rng(attempt)
    waits = [delay_before(attempt, rng) for _ in range(200)]

    assert timedelta(seconds=base / 2) <= min(waits) <= max(waits) <= timedelta(seconds=base)
    assert len(set(waits)) > 100


def test_no_wait_is_ever_longer_than_fifteen_minutes() -> None:
    rng = seeded_rng(1)

    assert max(delay_before(attempt, rng) for attempt in range(1, 2000, 7)) <= timedelta(minutes=15)


def test_every_later_base_is_at_least_as_long() -> None:
    longest = [max(delay_before(attempt, seeded_rng(n)) for n in range(50)) for attempt in range(1, 11)]

    assert all(earlier < later for earlier, later in pairwise(longest))


@pytest.mark.parametrize("attempt", [0, -3])
def test_an_attempt_that_was_never_made_waits_like_the_first(attempt: int) -> None:
    assert delay_before(attempt, seeded_rng(1)) == delay_before(1, seeded_rng(1))


def test_the_same_chance_gives_the_same_wait() -> None:
    assert delay_before(5, seeded_rng(3)) == delay_before(5, seeded_rng(3))
