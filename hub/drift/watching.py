"""Looks for drift by itself: at the hours of `drift_every`, and soon after a notice tells of somebody's change."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import anyio
import structlog

from adapters.store import StoreUnavailable
from domain.errors import SiteLedgerError
from hub.acting import SYSTEM
from hub.app import Hub
from hub.drift.looking import Look, Looked
from hub.due import EVERYTHING
from hub.pauses import pause_of
from hub.report import Quiet
from hub.schedule import Schedule
from hub.timetable import last_time

log: structlog.stdlib.BoundLogger = structlog.get_logger()

PAUSE = timedelta(minutes=5)
"""Between two looks at least, so that people who are at work in Procore cause one look and not a hundred."""


class Watching:
    """The looks of one process. Whoever else looks at the same time does no harm: what is found is found once."""

    def __init__(self, hub: Hub, schedule: Schedule) -> None:
        self._hub = hub
        self._schedule = schedule

    async def run(self, connection: str) -> None:
        """Looks until cancelled; not at all where `drift_every` is `never`.

        Raises  StoreUnavailable.
        """
        if self._hub.settings.connections[connection].drift_every == "never":
            return
        while True:
            await anyio.sleep(PAUSE.total_seconds())
            try:
                await self.turn(connection)
            except StoreUnavailable:
                raise
            except SiteLedgerError as error:
                log.warning("drift_look_failed", connection=connection, reason=str(error))

    async def turn(self, connection: str) -> Looked | None:
        """One look if one is due: at everything, or at what notices marked.

        None where there was nothing to do, or where the connection is paused.
        """
        whole = await self._is_due(connection)
        if not whole and not await self._is_marked(connection):
            return None
        if (await pause_of(self._hub.ledger, connection)).paused:
            return None
        async with self._hub.pair(connection) as pair:
            looked = await Look(self._hub, pair, EVERYTHING, Quiet()).run(marked=not whole, actor=SYSTEM)
        log.info("drift_looked", connection=connection, rows=looked.rows, found=looked.found, unread=len(looked.unread))
        if looked.found:
            self._schedule.carry(connection)  # what a policy settled goes at once
        return looked

    async def _is_due(self, connection: str) -> bool:
        table = self._hub.settings.connections[connection]
        now = self._hub.clock.now()
        wanted = last_time(table.drift_every, now, ZoneInfo(table.time_zone), table.daily_at)
        sql = "SELECT looked_at FROM drift_look WHERE connection = ?"
        rows = await self._hub.ledger.rows(sql, (connection,))
        return wanted is not None and (not rows or datetime.fromisoformat(rows[0][0]) < wanted)

    async def _is_marked(self, connection: str) -> bool:
        sql = "SELECT 1 FROM drift_mark WHERE connection = ? LIMIT 1"
        return bool(await self._hub.ledger.rows(sql, (connection,)))
