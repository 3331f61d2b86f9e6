"""Virtual time: an event loop that never sleeps and takes ready callbacks in an order drawn from a seed.

Same seed, same order, same trace. Nothing here may depend on addresses in memory or on the time of this computer.
"""

import asyncio
import gc
import selectors
from collections.abc import Awaitable, Callable, Coroutine, Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from adapters.ports import seeded_rng

T = TypeVar("T")

START = datetime(2026, 3, 31, 5, 0, tzinfo=UTC)
"""The last day of a month, early: the day, the month and the quarter end within every longer run."""


class Deadlock(RuntimeError):
    """Everybody waits for somebody and no timer will wake one of them."""


class Livelock(RuntimeError):
    """Everybody is busy and nothing comes of it."""


class _Selector(selectors.DefaultSelector):
    """Never waits: when nobody is ready, the clock jumps to the next timer."""

    loop: "VirtualLoop"

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise Deadlock("everybody waits, and nothing is scheduled")
        if timeout > 0:
            self.loop.now += timeout
        return []


class _Task(asyncio.Task[Any]):
    """A task whose place in a set follows from when it was made, not from where it lies in memory."""

    def __init__(self, number: int, coro: Coroutine[Any, Any, Any], **options: Any) -> None:
        self.number = number
        super().__init__(coro, **options)

    def __hash__(self) -> int:
        return self.number


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop for simulations. Threads are refused: what a thread would do comes to nobody's order."""

    def __init__(self, seed: int, most_turns: float) -> None:
        self.now = 0.0
        self.most_turns = most_turns
        self._rng = seeded_rng(seed)
        self._tasks = 0
        self.turns = 0
        selector = _Selector()
        selector.loop = self
        super().__init__(selector)
        self.set_task_factory(self._task)

    def time(self) -> float:
        return self.now

    def run_in_executor(self, *_args: Any) -> Any:
        raise RuntimeError("threads are not allowed in a simulation; hand in what runs inline")

    def _task(self, _loop: Any, coro: Any, **options: Any) -> _Task:
        self._tasks += 1
        return _Task(self._tasks, coro, loop=self, **options)

    def _run_once(self) -> None:
        self.turns += 1
        if self.turns > self.most_turns:
            self.most_turns = float("inf")  # whoever is to end now needs turns for it
            raise Livelock(f"{self.turns} turns of the event loop, and no end")
        ready: Any = self._ready  # type: ignore[attr-defined]
        if len(ready) > 1:
            callbacks = list(ready)
            self._rng.shuffle(callbacks)
            ready.clear()
            ready.extend(callbacks)
        super()._run_once()  # type: ignore[misc]


class VirtualClock:
    """The wall clock of one machine on a virtual loop; `ahead` is how wrong it goes."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        """The present moment as this machine sees it, UTC."""
        return START + timedelta(seconds=asyncio.get_running_loop().time()) + self.ahead


def run_virtually(seed: int, story: Callable[[], Awaitable[T]], most_turns: float) -> T:
    """Run a coroutine function to its end in virtual time.

    Raises  Deadlock, Livelock.
    """

    async def whole() -> T:
        return await story()

    with _same_order_in_every_process(), asyncio.Runner(loop_factory=lambda: VirtualLoop(seed, most_turns)) as runner:
        return runner.run(whole())


@contextmanager
def _same_order_in_every_process() -> Generator[None]:
    """Sets of cancel scopes keep the order of their making, and nothing is finalised at a moment of its own choice."""
    scopes: Any = _scope_class()
    plain = scopes.__hash__
    collecting = gc.isenabled()
    gc.collect()
    gc.freeze()  # what lives on needs no look before the next run
    gc.disable()
    scopes.__hash__ = lambda _scope: 0
    try:
        yield
    finally:
        scopes.__hash__ = plain
        if collecting:
            gc.enable()


def _scope_class() -> type:
    """The class of anyio's cancel scopes on asyncio; `CancelScope` itself only chooses among backends."""
    from anyio._backends._asyncio import CancelScope as OnAsyncio  # noqa: PLC0415 - private, so looked up late

    return OnAsyncio
