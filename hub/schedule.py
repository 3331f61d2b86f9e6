"""The schedule: round after round of every connection, at its pace, and sooner when something is heard of it."""

from collections.abc import Callable, Mapping
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

    `every` names the pace of each connection, begin to begin; a round that takes longer is followed at once. `told`
    hears of each round that ended.
    """

    def __init__(
        self,
        hub: Hub,
        every: Mapping[str, timedelta],
        *,
        wait: timedelta = timedelta(seconds=60),
        told: Callable[[str, Outcome], None] | None = None,
    ) -> None:
        self._hub = hub
        self._every = every
        self._wait = wait
        self._told = told
        self._hints = {name: anyio.Event() for name in every}

    def hint(self, connection: str) -> None:
        """Something happened there, whatever it was: the next round begins now, or right after the present one."""
        self._hints[connection].set()

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
            while True:
                began = anyio.current_time()
                self._hints[name] = anyio.Event()
                await self._round(pair)
                await anyio.sleep(REST.total_seconds())
                with anyio.move_on_after(began + self._every[name].total_seconds() - anyio.current_time()):
                    await self._hints[name].wait()

    async def _round(self, pair: Pair) -> None:
        try:
            outcome = await self._hub.round(pair, Quiet(), window=Window(), narrow=EVERYTHING, wait=self._wait)
        except StoreUnavailable:
            raise
        except Locked:
            log.info("round_left_out", connection=pair.name, reason="another process is at work on it")
        except SiteLedgerError as error:
            log.warning("round_failed", connection=pair.name, reason=str(error))
        else:
            log.info("round_ended", connection=pair.name, observed=outcome.observed, delivered=dict(outcome.delivered))
            if self._told is not None:
                self._told(pair.name, outcome)
