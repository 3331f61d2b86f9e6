"""The schedule: round after round of every connection, at its pace, and sooner when something is heard of it."""

from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

import anyio
import structlog

from adapters.store import Locked, StoreUnavailable
from domain.errors import SiteLedgerError
from hub.app import Hub
from hub.connection import Pair
from hub.due import EVERYTHING, Narrow
from hub.groups import single_error
from hub.pauses import Paused
from hub.report import Quiet
from hub.round import Outcome
from hub.timetable import Timetable
from hub.window import Window

log: structlog.stdlib.BoundLogger = structlog.get_logger()

SLICE, LONGEST_SLICE = timedelta(seconds=30), timedelta(minutes=2)
"""What a round may carry at least, and at most, before the next one reads what was heard meanwhile."""
AGAIN, LATEST = timedelta(minutes=1), timedelta(hours=1)
"""Until a round that could not read everything is made up for; twice as long after each failure, up to the latest."""
TRIES = 5
"""Times that a round which a person asked for may fail as a whole, each behind a poll. To wait for another process that
is at work on the connection does not count."""
REST = timedelta(seconds=1)
"""Between two rounds at least, so that a system that announces without end is not read without end."""


GivenUp = Callable[[str, UUID, int, str], Awaitable[None]]
"""Records that a round that was asked for is not tried again: connection, run, attempts, and why the last failed."""


class Schedule:
    """Runs rounds until it is cancelled. A connection in trouble holds up no other.

    `every` names the pace at which each connection is read whole, begin to begin; a round that takes longer is followed
    at once. `told` hears how each round ended. `pairs` are the connections at work, with what their systems said last.
    """

    def __init__(
        self,
        hub: Hub,
        every: Mapping[str, timedelta],
        *,
        wait: timedelta = timedelta(seconds=5),
        told: Callable[[str, Outcome | SiteLedgerError], None] | None = None,
        timetables: Mapping[str, Timetable] | None = None,
        given_up: GivenUp | None = None,
    ) -> None:
        self._hub = hub
        self._every = every
        self._wait = wait
        self._told = told
        self._hints = {name: anyio.Event() for name in every}
        self._heard: dict[str, frozenset[str] | None] = dict.fromkeys(every, frozenset())
        self._asked: dict[str, deque[tuple[Window, Narrow]]] = {name: deque() for name in every}
        self._left: dict[str, list[tuple[Window, Narrow]]] = {name: [] for name in every}
        self._tables = timetables or {}
        self._given_up = given_up
        self._tries: Counter[UUID] = Counter()
        self._busy: dict[str, anyio.Event] = {}
        self._failures = dict.fromkeys(every, 0)
        self._stopped = False
        self.pairs: dict[str, Pair] = {}

    def hint(self, connection: str, kinds: Iterable[str] = ()) -> None:
        """Something happened there: the next round begins now, or right after the present one.

        It reads these kinds alone; with none named, everything.
        """
        heard, named = self._heard[connection], frozenset(kinds)
        self._heard[connection] = heard | named if named and heard is not None else None
        self._hints[connection].set()

    def carry(self, connection: str) -> None:
        """There is something to decide or to carry: the next round begins now, or right after the present one.

        Nothing is read for it.
        """
        self._hints[connection].set()

    async def pause(self, connection: str) -> None:
        """Until no round of this connection is under way; the next one begins a moment later at the earliest."""
        if (ended := self._busy.get(connection)) is not None:
            await ended.wait()

    def ask(self, connection: str, window: Window, narrow: Narrow) -> None:
        """A round of its own, right after the present one: what a person asked for."""
        self._asked[connection].append((window, narrow))
        self._hints[connection].set()

    def is_busy(self, connection: str) -> bool:
        """A round of this connection is under way, or about to begin."""
        return connection in self._busy or self._hints[connection].is_set()

    async def stop(self) -> None:
        """Begins no further round, and waits for those under way."""
        self._stopped = True
        for ended in list(self._busy.values()):
            await ended.wait()

    async def run(self) -> None:
        """Works until cancelled.

        Raises  StoreUnavailable, for without its ledger a hub must not go on; Misconfigured for a connection that is
                set up in a way that this version cannot keep.
        """
        with single_error():
            async with anyio.create_task_group() as tasks:
                for name in self._every:
                    tasks.start_soon(self._rounds, name)

    async def _rounds(self, name: str) -> None:
        # One pair for all rounds: its tokens last, and so does a pause that a system asked for.
        async with self._hub.pair(name) as pair:
            self.pairs[name] = pair
            due = anyio.current_time()
            while not self._stopped:
                window, narrow, due = self._next(pair, due)
                self._busy[name] = anyio.Event()
                try:
                    again = await self._round(pair, window, narrow)
                finally:
                    self._busy.pop(name).set()
                await anyio.sleep(REST.total_seconds())
                rest = due - anyio.current_time()
                if again is not None:
                    rest = min(rest, (again - pair.clock.now()).total_seconds())
                with anyio.move_on_after(max(rest, 0)):
                    await self._hints[name].wait()

    def _next(self, pair: Pair, due: float) -> tuple[Window, Narrow, float]:
        """What to do now, and when to poll the next time."""
        name, now = pair.name, anyio.current_time()
        self._hints[name] = anyio.Event()
        if self._asked[name]:
            if len(self._asked[name]) > 1 or self._heard[name] != frozenset():
                self._hints[name].set()
            return *self._asked[name].popleft(), due
        heard, self._heard[name] = self._heard[name], frozenset()
        if now < due:
            if heard == frozenset():  # nobody said anything: a delayed delivery falls due
                return Window(cause="retry", kinds=heard), EVERYTHING, due
            return Window(cause="notice", kinds=heard), EVERYTHING, due
        table, at = self._tables.get(name), pair.clock.now()
        kinds = table.due(at) if table else None
        if table:
            table.was_read(kinds, at)
        if self._left[name]:
            self._asked[name].extend(self._left[name])
            self._left[name].clear()
            self._hints[name].set()
        wanted = None if kinds is None or heard is None else kinds | heard
        return Window(cause="poll", kinds=wanted), EVERYTHING, now + self._every[name].total_seconds()

    async def _round(self, pair: Pair, window: Window, narrow: Narrow) -> datetime | None:
        """One round, and when the next is needed: now, for what is left, for a delayed delivery, or to read again."""
        # A round that carries for long ends after a while, so that what happened meanwhile is read; the next goes on.
        carry_for = min(max(self._every[pair.name], SLICE), LONGEST_SLICE)
        try:
            outcome = await self._hub.round(
                pair, Quiet(), window=window, narrow=narrow, wait=self._wait, carry_for=carry_for
            )
        except StoreUnavailable:
            raise
        except Locked:
            log.info("round_left_out", connection=pair.name, reason="another process is at work on it")
        except Paused as error:
            return self._held(pair, window, narrow, error)
        except SiteLedgerError as error:
            log.warning("round_failed", connection=pair.name, reason=str(error))
            self._tell(pair.name, error)
            if await self._is_given_up(pair.name, window, str(error)):
                return self._read_again(pair, window)
        else:
            return self._ended(pair, window, outcome)
        if window.cause == "manual":  # it did nothing, so it is in line again behind the next poll
            self._left[pair.name].append((window, narrow))
        return self._read_again(pair, window)

    def _ended(self, pair: Pair, window: Window, outcome: Outcome) -> datetime | None:
        log.info("round_ended", connection=pair.name, observed=outcome.observed, delivered=dict(outcome.delivered))
        self._tell(pair.name, outcome)
        if window.asked is not None:
            self._tries.pop(window.asked, None)
        again = self._read_again(pair, window) if outcome.cut_short else None
        if not outcome.cut_short:
            self._failures[pair.name] = 0
        if outcome.unfinished:
            return pair.clock.now()
        return min((at for at in (again, outcome.next_attempt) if at is not None), default=None)

    def _held(self, pair: Pair, window: Window, narrow: Narrow, why: Paused) -> None:
        """Keeps what was to be done. Whoever resumes it here hints; if another process does, the next poll sees it."""
        log.info("round_left_out", connection=pair.name, reason=str(why))
        self._keep(pair, window)
        if window.cause == "manual":
            self._left[pair.name].append((window, narrow))

    async def _is_given_up(self, name: str, window: Window, why: str) -> bool:
        """Whether a round that a person asked for failed so often that it is not in line again."""
        if window.asked is None or self._given_up is None:
            return False
        self._tries[window.asked] += 1
        if self._tries[window.asked] < TRIES:
            return False
        await self._given_up(name, window.asked, self._tries.pop(window.asked), why)
        return True

    def _read_again(self, pair: Pair, window: Window) -> datetime:
        """Keeps what a round was to read and could not, so that nothing heard waits for the next poll; and until when.

        A round that a person asked for and that ended is told with its troubles, and theirs to ask again.
        """
        name = pair.name
        self._keep(pair, window)
        wait = min(AGAIN * 2 ** min(self._failures[name], 10), LATEST)
        self._failures[name] += 1
        return pair.clock.now() + wait

    def _keep(self, pair: Pair, window: Window) -> None:
        """What was to be read is read by the next round that can."""
        if window.cause != "manual":
            heard = self._heard[pair.name]
            self._heard[pair.name] = None if heard is None or window.kinds is None else heard | window.kinds

    def _tell(self, name: str, outcome: Outcome | SiteLedgerError) -> None:
        if self._told is not None:
            self._told(name, outcome)
