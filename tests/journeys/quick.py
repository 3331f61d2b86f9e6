"""Time for journeys: real sockets and real threads, but nobody sits through a wait.

While something happens, time runs as it does; when nothing is ready, it runs `HASTE` times as fast until the next
timer is due.
"""

import asyncio
import functools
import selectors
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

START = datetime(2026, 3, 31, 22, 0, tzinfo=UTC)
"""Near the end of a month, and in the evening: a day that moves through a zone would show."""

GLANCE = 0.01
"""Real seconds without any event that count as nobody having anything to do."""
HASTE = 200
"""A wait of a minute takes a third of a second; a worker thread may still take so long without being timed out."""


class _Selector(selectors.DefaultSelector):
    loop: "QuickLoop"

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None or timeout <= 0:
            return super().select(timeout)
        ready = super().select(min(timeout, GLANCE))
        if not ready:
            self.loop.ahead += min(timeout, GLANCE * HASTE)
        return ready


class QuickLoop(asyncio.SelectorEventLoop):
    """An event loop whose idle minutes pass in no time."""

    def __init__(self) -> None:
        self.ahead = 0.0
        selector = _Selector()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        return super().time() + self.ahead


class QuickClock:
    """The wall clock of a quick loop, for the hub and for both stand-ins; `skip` lets time pass between two rounds."""

    def __init__(self, start: datetime = START) -> None:
        self._start = start
        self._zero = asyncio.get_running_loop().time()

    def now(self) -> datetime:
        """The present moment, UTC."""
        return self._start + timedelta(seconds=asyncio.get_running_loop().time() - self._zero)

    def skip(self, wait: timedelta) -> None:
        """Let time pass."""
        self._start += wait


def quick(story: Callable[P, Awaitable[None]]) -> Callable[P, None]:
    """Run an async test in quick time."""

    @functools.wraps(story)
    def test(*args: P.args, **kwargs: P.kwargs) -> None:
        run(lambda: story(*args, **kwargs))

    return test


def run(story: Callable[[], Awaitable[T]]) -> T:
    """Run a coroutine function to its end in quick time."""

    async def whole() -> T:
        return await story()

    with asyncio.Runner(loop_factory=QuickLoop) as runner:
        return runner.run(whole())
