"""The schedule: round after round of every connection, at its pace, and sooner when something is heard of it."""

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta

import anyio
import structlog

from adapters.store import Locked, StoreUnavailable
from domain.errors import SiteLedgerError
from hub.app import Hub
from hub.connection import Pair
from hub.due import EVERYTHING
from hub.groups import single_error
from hub.report import Quiet
from hub.round import Outcome
from hub.window import Window

log: structlog.stdlib.BoundLogger = structlog.get_logger()

REST = timedelta(seconds=1)
"""Between two rounds at least, so that a system that announces without end is not read without end."""


class Schedule:
    """Runs rounds until it is cancelled. A connection in trouble holds up no other.

    `every` names the pace at which each connection is read whole, begin to begin; a round that takes longer is followed
    at once. `told` hears how each round ended.
    """

    def __init__(
        self,
        hub: Hub,
        every: Mapping[str, timedelta],
        *,
        wait: timedelta = timedelta(seconds=60),
        told: Callable[[str, Outcome | SiteLedgerError], None] | None = None,
    ) -> None:
        self._hub = hub
        self._every = every
        self._wait = wait
        self._told = told
        self._hints = {name: anyio.Event() for name in every}
        self._heard: dict[str, frozenset[str] | None] = dict.fromkeys(every, frozenset())
        self._busy: dict[str, anyio.Event] = {}
        self._stopped = False

    def hint(self, connection: str, kinds: Iterable[str] = ()) -> None:
        """Something happened there: the next round begins now, or right after the present one.

        It reads these kinds alone; with none named, everything.
        """
        heard, named = self._heard[connection], frozenset(kinds)
        self._heard[connection] = heard | named if named and heard is not None else None
        self._hints[connection].set()

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
            due = anyio.current_time()
            while not self._stopped:
                window, due = self._next(name, due)
                self._busy[name] = anyio.Event()
                try:
                    await self._round(pair, window)
                finally:
                    self._busy.pop(name).set()
                await anyio.sleep(REST.total_seconds())
                with anyio.move_on_after(due - anyio.current_time()):
                    await self._hints[name].wait()

    def _next(self, name: str, due: float) -> tuple[Window, float]:
        """What to read now, and when to read everything the next time."""
        heard, self._heard[name] = self._heard[name], frozenset()
        self._hints[name] = anyio.Event()
        now = anyio.current_time()
        if heard and now < due:
            return Window(cause="notice", kinds=heard), due
        return Window(cause="poll" if now >= due else "notice"), now + self._every[name].total_seconds()

    async def _round(self, pair: Pair, window: Window) -> None:
        try:
            outcome = await self._hub.round(pair, Quiet(), window=window, narrow=EVERYTHING, wait=self._wait)
        except StoreUnavailable:
            raise
        except Locked:
            log.info("round_left_out", connection=pair.name, reason="another process is at work on it")
        except SiteLedgerError as error:
            log.warning("round_failed", connection=pair.name, reason=str(error))
            self._tell(pair.name, error)
        else:
            log.info("round_ended", connection=pair.name, observed=outcome.observed, delivered=dict(outcome.delivered))
            self._tell(pair.name, outcome)

    def _tell(self, name: str, outcome: Outcome | SiteLedgerError) -> None:
        if self._told is not None:
            self._told(name, outcome)
