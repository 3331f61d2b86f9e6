"""Round after round at each connection's pace, at once when something is heard, and never two at a time."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import anyio
import pytest

from adapters.store import Locked, StoreUnavailable
from domain.errors import Misconfigured
from hub.groups import single_error
from hub.round import Outcome
from hub.schedule import Schedule
from tests.simulation.loop import START, run_virtually

MINUTE = timedelta(minutes=1)


@dataclass
class Named:
    """A connection that is known by its name alone."""

    name: str


@dataclass
class Hub:
    """Notes when rounds begin; each takes so many seconds, and some fail."""

    took: float = 5.0
    fails: dict[str, Exception] = field(default_factory=dict[str, Exception])
    began: list[tuple[str, float]] = field(default_factory=list[tuple[str, float]])

    @asynccontextmanager
    async def pair(self, name: str) -> AsyncGenerator[Named]:
        yield Named(name)

    async def round(self, pair: Named, _progress: Any, **_how: Any) -> Outcome:
        self.began.append((pair.name, anyio.current_time()))
        await anyio.sleep(self.took)
        if pair.name in self.fails:
            raise self.fails[pair.name]
        return Outcome(START, START)


def rounds(
    hub: Hub, every: dict[str, timedelta], until: float, meanwhile: Callable[[Schedule], Any] | None = None
) -> None:
    """Lets the schedule work until a moment, in seconds."""

    async def work(schedule: Schedule) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(schedule.run)
            if meanwhile is not None:
                tasks.start_soon(meanwhile, schedule)

    async def story() -> None:
        with single_error(), anyio.move_on_after(until):
            await work(Schedule(hub, every))  # type: ignore[arg-type]

    run_virtually(1, story, 10_000)


def moments(hub: Hub, name: str) -> list[float]:
    return [round(at) for called, at in hub.began if called == name]


def test_rounds_begin_at_the_pace_of_their_connection() -> None:
    hub = Hub()
    rounds(hub, {"main": MINUTE, "north": 5 * MINUTE}, 301)

    assert moments(hub, "main") == [0, 60, 120, 180, 240, 300]
    assert moments(hub, "north") == [0, 300]


def test_a_round_that_takes_longer_than_the_pace_is_never_overtaken() -> None:
    hub = Hub(took=150)
    rounds(hub, {"main": MINUTE}, 400)

    assert moments(hub, "main") == [0, 151, 302]


@pytest.mark.requirement("PF-06")
def test_what_is_heard_begins_a_round_now_and_what_is_heard_during_one_the_next() -> None:
    async def tell(schedule: Schedule) -> None:
        await anyio.sleep(20)
        schedule.hint("main")
        await anyio.sleep(2)
        schedule.hint("main")
        schedule.hint("main")

    hub = Hub()
    rounds(hub, {"main": MINUTE}, 60, tell)

    assert moments(hub, "main") == [0, 20, 26]


@pytest.mark.requirement("DC-11")
@pytest.mark.parametrize("error", [Misconfigured("wrong secret"), Locked("connection main")])
def test_a_round_that_fails_holds_up_neither_the_next_nor_another_connection(error: Exception) -> None:
    hub = Hub(fails={"main": error})
    rounds(hub, {"main": MINUTE, "north": MINUTE}, 130)

    assert moments(hub, "main") == [0, 60, 120]
    assert moments(hub, "north") == [0, 60, 120]


def test_without_its_ledger_it_stops() -> None:
    with pytest.raises(StoreUnavailable, match="disk"):
        rounds(Hub(fails={"main": StoreUnavailable("the disk is full")}), {"main": MINUTE, "north": MINUTE}, 130)
