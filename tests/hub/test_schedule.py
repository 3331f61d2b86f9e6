"""Round after round at each connection's pace, at once when something is heard, and never two at a time."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import time, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import anyio
import pytest

from adapters.store import Locked, StoreUnavailable
from domain.errors import Misconfigured
from hub.due import EVERYTHING, Narrow
from hub.groups import single_error
from hub.pauses import Pause, Paused
from hub.round import Outcome
from hub.schedule import TRIES, GivenUp, Schedule
from hub.timetable import Timetable
from hub.window import Window
from tests.simulation.loop import START, VirtualClock, run_virtually

MINUTE = timedelta(minutes=1)


@dataclass
class Named:
    """A connection that is known by its name alone."""

    name: str
    clock: VirtualClock = field(default_factory=VirtualClock)


@dataclass
class Hub:
    """Notes when rounds begin; each takes so many seconds, and some fail."""

    took: float = 5.0
    fails: dict[str, Exception] = field(default_factory=dict[str, Exception])
    began: list[tuple[str, float]] = field(default_factory=list[tuple[str, float]])
    windows: list[tuple[Window, Narrow]] = field(default_factory=list[tuple[Window, Narrow]])
    delayed: timedelta | None = None
    ended: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    carried_for: list[timedelta] = field(default_factory=list[timedelta])

    @asynccontextmanager
    async def pair(self, name: str) -> AsyncGenerator[Named]:
        yield Named(name)

    async def round(self, pair: Named, _progress: Any, *, window: Window, narrow: Narrow, **how: Any) -> Outcome:
        self.began.append((pair.name, anyio.current_time()))
        self.carried_for.append(how["carry_for"])
        self.windows.append((window, narrow))
        await anyio.sleep(self.took)
        if pair.name in self.fails:
            raise self.fails[pair.name]
        delayed, self.delayed = self.delayed, None
        how_it_ended = self.ended.pop(0) if self.ended else {}
        return Outcome(START, START, next_attempt=pair.clock.now() + delayed if delayed else None, **how_it_ended)


def rounds(
    hub: Hub,
    every: dict[str, timedelta],
    until: float,
    meanwhile: Callable[[Schedule], Any] | None = None,
    timetables: dict[str, Timetable] | None = None,
    given_up: GivenUp | None = None,
) -> None:
    """Lets the schedule work until a moment, in seconds."""

    async def work(schedule: Schedule) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(schedule.run)
            if meanwhile is not None:
                tasks.start_soon(meanwhile, schedule)

    async def story() -> None:
        with single_error(), anyio.move_on_after(until):
            await work(Schedule(hub, every, timetables=timetables, given_up=given_up))  # type: ignore[arg-type]

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


@pytest.mark.requirement("PF-06")
def test_a_notice_has_the_kinds_read_that_it_concerns_and_the_next_poll_reads_everything() -> None:
    async def tell(schedule: Schedule) -> None:
        await anyio.sleep(20)
        schedule.hint("main", ("commitment",))
        await anyio.sleep(1)
        schedule.hint("main", ("time_sheet",))
        schedule.hint("main", ("time_sheet", "project"))

    hub = Hub()
    rounds(hub, {"main": MINUTE}, 70, tell)

    assert [(window.cause, window.kinds) for window, _ in hub.windows] == [
        ("poll", None),
        ("notice", frozenset({"commitment"})),
        ("notice", frozenset({"time_sheet", "project"})),
        ("poll", None),
    ]


@pytest.mark.requirement("LE-35", "LE-36", "LE-37")
def test_what_people_ask_for_runs_after_the_present_round_and_never_beside_it() -> None:
    day = Window(since=START - timedelta(days=1), until=START)
    job = Narrow(project="JOB1")

    async def ask(schedule: Schedule) -> None:
        await anyio.sleep(2)
        schedule.ask("main", day, EVERYTHING)
        schedule.ask("main", Window(full=True), job)

    hub = Hub()
    rounds(hub, {"main": MINUTE}, 59, ask)

    assert moments(hub, "main") == [0, 6, 12]
    assert hub.windows[1:] == [(day, EVERYTHING), (Window(full=True), job)]


def test_a_delayed_delivery_has_its_round_when_it_falls_due_and_reads_nothing() -> None:
    hub = Hub(delayed=timedelta(seconds=15))
    rounds(hub, {"main": MINUTE}, 59)

    assert moments(hub, "main") == [0, 20]
    assert (hub.windows[1][0].cause, hub.windows[1][0].kinds) == ("retry", frozenset())


@pytest.mark.requirement("ER-21")
def test_a_kind_with_times_of_its_own_is_read_then_and_at_the_start() -> None:
    table = Timetable({"project": "always", "payment": "hourly", "invoice": "never"}, ZoneInfo("UTC"), time(2))
    hub = Hub()
    rounds(hub, {"main": timedelta(minutes=20)}, 3601, timetables={"main": table})

    read = [window.kinds for window, _ in hub.windows]
    assert read == [frozenset({"project", "payment"}), *[frozenset({"project"})] * 2, frozenset({"project", "payment"})]


@pytest.mark.requirement("PF-06", "DC-11")
def test_what_was_heard_and_could_not_be_read_is_read_soon_and_not_with_the_next_poll_alone() -> None:
    async def tell(schedule: Schedule) -> None:
        await anyio.sleep(20)
        schedule.hint("main", ("commitment",))

    hub = Hub(ended=[{}, {"cut_short": True}, {"cut_short": True}, {}])
    rounds(hub, {"main": timedelta(days=1)}, 3600, tell)

    assert moments(hub, "main") == [0, 20, 85, 210]
    assert [window.kinds for window, _ in hub.windows[1:]] == [frozenset({"commitment"})] * 3


@pytest.mark.requirement("DC-11")
def test_a_poll_that_fails_is_made_up_for_ever_more_slowly_and_within_the_hour() -> None:
    hub = Hub(fails={"main": Misconfigured("wrong secret")})
    rounds(hub, {"main": timedelta(days=1)}, 5 * 3600)

    pauses = [after - before for before, after in pairwise(moments(hub, "main"))]
    assert pauses[:3] == [65, 125, 245]
    assert max(pauses) == 3605


@pytest.mark.requirement("BX-18")
def test_a_round_whose_time_is_over_is_gone_on_with_at_once_and_what_was_heard_meanwhile_is_read() -> None:
    async def tell(schedule: Schedule) -> None:
        await anyio.sleep(2)
        schedule.hint("main", ("time_sheet",))

    hub = Hub(ended=[{"unfinished": True}, {"unfinished": True}, {}])
    rounds(hub, {"main": timedelta(days=1)}, 600, tell)

    assert moments(hub, "main") == [0, 6, 12]
    assert [window.cause for window, _ in hub.windows] == ["poll", "notice", "retry"]
    assert set(hub.carried_for) == {timedelta(minutes=2)}


def test_stopping_begins_no_round_and_waits_for_the_one_under_way() -> None:
    ended: list[float] = []

    async def stop(schedule: Schedule) -> None:
        await anyio.sleep(2)
        await schedule.stop()
        ended.append(round(anyio.current_time()))

    hub = Hub()
    rounds(hub, {"main": timedelta(seconds=1)}, 30, stop)

    assert ended == [5]
    assert moments(hub, "main") == [0]


@pytest.mark.requirement("LE-35", "LE-36")
@pytest.mark.parametrize("error", [Misconfigured("wrong secret"), Locked("connection main")])
def test_what_people_asked_for_and_could_not_be_done_is_in_line_again_and_holds_up_no_poll(error: Exception) -> None:
    job = Narrow(project="JOB1")
    hub = Hub()

    async def ask(schedule: Schedule) -> None:
        await anyio.sleep(10)
        hub.fails["main"] = error
        schedule.ask("main", Window(full=True), job)
        await anyio.sleep(130)
        hub.fails.clear()

    rounds(hub, {"main": MINUTE}, 260, ask)

    asked = [at for (_, at), (_, narrow) in zip(hub.began, hub.windows, strict=True) if narrow == job]
    polls = [at for (_, at), (window, _) in zip(hub.began, hub.windows, strict=True) if window.cause == "poll"]
    assert [round(at) for at in asked][:2] == [10, 66]
    assert 140 < asked[-1] < 200
    assert [round(at) for at in polls] == [0, 60, 120, 180, 240]


@pytest.mark.requirement("LE-35", "LE-36")
@pytest.mark.parametrize("error", [Misconfigured("wrong secret"), Locked("connection main")])
def test_what_people_asked_for_is_given_up_after_some_failures_but_never_for_another_process(
    error: Exception,
) -> None:
    run, ended = uuid4(), list[tuple[str, UUID, int, str]]()
    hub = Hub(fails={"main": error})

    async def ask(schedule: Schedule) -> None:
        schedule.ask("main", Window(full=True, asked=run), EVERYTHING)

    async def note(*how: Any) -> None:
        ended.append(how)

    rounds(hub, {"main": MINUTE}, 500, ask, given_up=note)

    tried = sum(window.asked == run for window, _ in hub.windows)
    if isinstance(error, Locked):
        assert tried > TRIES
        assert ended == []
    else:
        assert tried == TRIES
        assert ended == [("main", run, TRIES, "wrong secret")]


def test_a_paused_connection_does_nothing_and_makes_up_for_it_once_it_is_resumed() -> None:
    asked = Window(cause="manual", asked=uuid4())

    async def tell(schedule: Schedule) -> None:
        await anyio.sleep(70)
        schedule.hint("main", ("commitment",))
        schedule.ask("main", asked, EVERYTHING)
        await anyio.sleep(100)
        hub.fails.clear()  # somebody resumes it
        schedule.hint("main")

    pause = Pause(connection="main", paused=True, since=START.isoformat(), actor="user:anna", reason="go-live moved")
    hub = Hub(took=0, fails={"main": Paused(pause)})
    rounds(hub, {"main": MINUTE}, 185, tell)

    worked = [window for (_, at), (window, _) in zip(hub.began, hub.windows, strict=True) if at >= 170]
    assert len(hub.began) - len(worked) <= 8, "a pause must not be asked about without end"
    assert [(window.cause, window.kinds) for window in worked[:1]] == [("notice", None)]
    assert [window for window in worked if window.asked == asked.asked]
