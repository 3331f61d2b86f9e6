"""Clock and chance: what the outside decides and the hub hands in, so that a run can be repeated exactly.

Monotonic time comes from `anyio.current_time` and waiting from `anyio.sleep`: both follow the event loop, which a
simulation replaces.
"""

from collections.abc import MutableSequence
from datetime import UTC, datetime, timedelta
from random import Random, SystemRandom
from typing import Any, Protocol


class Clock(Protocol):
    """The wall clock."""

    def now(self) -> datetime:
        """The present moment.

        Units   UTC, with its offset.
        """
        ...


class Rng(Protocol):
    """Chance; `random.Random` fits."""

    def random(self) -> float:
        """At least 0, below 1."""
        ...

    def uniform(self, a: float, b: float) -> float:
        """Between `a` and `b`."""
        ...

    def getrandbits(self, k: int, /) -> int:
        """A number of `k` random bits."""
        ...

    def shuffle(self, x: MutableSequence[Any]) -> None:
        """Put a list into random order, in place."""
        ...


class SystemClock:
    """The clock of this computer."""

    def now(self) -> datetime:
        """The present moment, UTC."""
        return datetime.now(UTC)


class LateClock:
    """The clock of this computer, so much behind as is said: for demonstrations that begin weeks ago and catch up."""

    def __init__(self, behind: timedelta = timedelta(0)) -> None:
        self.behind = behind

    def now(self) -> datetime:
        """The moment so long ago, UTC."""
        return datetime.now(UTC) - self.behind


class FixedClock:
    """A clock that stands still until it is set: for demonstrations, rehearsals and tests."""

    def __init__(self, at: datetime) -> None:
        self.at = at.astimezone(UTC)

    def now(self) -> datetime:
        """The moment that was set, UTC."""
        return self.at


def system_rng() -> Random:
    """Chance of the operating system, which nobody can foretell."""
    return SystemRandom()


def seeded_rng(seed: int) -> Random:
    """Chance that repeats itself for the same seed."""
    return Random(seed)  # noqa: S311 - spreads waiting times and orders; secrets come from `system_rng`
