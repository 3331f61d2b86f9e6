"""Medians of rates that are taken side by side, so that a slow phase of the machine hits both."""

import gc
import statistics
import time
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass

Rate = Callable[[], Awaitable[float]]
"""One run from an empty store: units a second."""


@dataclass(frozen=True)
class Result:
    """One row of the table. `target` is what `value` must reach, or stay under where `at_most`; None only informs."""

    name: str
    value: float | None
    target: float | None
    detail: str
    unit: str = "x"
    at_most: bool = False

    @property
    def met(self) -> str:
        """Whether the target is reached, in one word."""
        if self.value is None:
            return "skipped"
        if self.target is None:
            return ""
        return "yes" if (self.value <= self.target if self.at_most else self.value >= self.target) else "NO"


class Stopwatch:
    """Seconds of a block, without what the garbage of the run before costs."""

    seconds = 0.0

    @contextmanager
    def running(self) -> Generator[None]:
        """Time the block."""
        gc.collect()
        start = time.perf_counter()
        yield
        self.seconds = time.perf_counter() - start


async def compare(
    name: str, target: float | None, ours: Rate, theirs: Rate, *, runs: int, unit: str = "events/s"
) -> Result:
    """The ratio of the medians of both rates, run in turns after one warm-up each."""
    rates: tuple[list[float], list[float]] = ([], [])
    for number in range(runs + 1):
        for place, rate in enumerate((ours, theirs)):
            value = await rate()
            if number:
                rates[place].append(value)
    mine, other = (statistics.median(values) for values in rates)
    spread = "  ".join(f"[{min(values):,.0f} .. {max(values):,.0f}]" for values in rates)
    return Result(name, mine / other, target, f"{mine:,.0f} against {other:,.0f} {unit}  {spread}")
