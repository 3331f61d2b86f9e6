"""Verifies by itself while a service runs: what is new since the last time, and everything from time to time.

What is new is verified behind the seal that was seen last, which must still be there: whoever changes what was verified
before, and seals it anew, is found by that already. An event or a body that is changed under its old seal is found by
the next whole verification.
"""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import anyio
import structlog

from adapters.store import Locked, StoreUnavailable
from domain.errors import SiteLedgerError
from hub.acting import SYSTEM
from hub.app import Hub
from hub.audit.heads import happened
from hub.audit.standing import Standing, standing
from hub.audit.verifying import Anchor, Verified, keep_check, verify
from hub.timetable import Every, last_time

log: structlog.stdlib.BoundLogger = structlog.get_logger()

PAUSE = timedelta(minutes=1)
"""Between two looks whether something is due, and before the first, so that a start is quick."""
LOCK = "audit"
_AT = time(3)
"""When a day begins for what is due daily, UTC."""


class Verifying:
    """The verifications of one process. `at` says when the last one ended here, kept as an event or not."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._every: Every = hub.settings.server.verify_every
        self._whole = timedelta(days=hub.settings.server.verify_whole_days)
        self.at: datetime | None = None

    async def run(self) -> None:
        """Verifies until cancelled; not at all where `server.verify_every` is `never`.

        Raises  StoreUnavailable.
        """
        if self._every == "never":
            return
        while True:
            await anyio.sleep(PAUSE.total_seconds())
            try:
                await self.turn()
            except StoreUnavailable:
                raise
            except Locked:
                log.info("verification_left_out", reason="another process is at it")
            except SiteLedgerError as error:
                log.warning("verification_failed", reason=str(error))

    async def turn(self) -> Verified | None:
        """One verification, if one is due; None otherwise.

        Where nothing was found and nothing but proofs happened since, no event is kept: an idle ledger does not grow.
        Raises  Locked while another process verifies; StoreUnavailable.
        """
        now = self._hub.clock.now()
        stands = await standing(self._hub.ledger)
        if not self._is_due(stands, now):
            return None
        async with self._hub.ledger.exclusive(LOCK):
            await self._hub.projector.catch_up()
            stands = await standing(self._hub.ledger)  # another process may have been faster
            if not self._is_due(stands, now):
                return None
            whole = self._is_whole_due(stands, now)
            anchors = [Anchor(stands.sealed, stands.seal)] if stands.seal else []
            start = 1 if whole else stands.begin
            verified = await verify(self._hub, actor=SYSTEM, start=start, anchors=anchors, keep=False)
            if whole or not (stands.valid and verified.sound) or await self._happened(verified):
                await keep_check(self._hub, verified, SYSTEM, follows=True)
                await self._hub.projector.catch_up()
        self.at = self._hub.clock.now()
        told = {"start": verified.start, "position": verified.position, "findings": verified.findings}
        if verified.sound:
            log.info("ledger_verified", **told)
        else:
            log.error("ledger_was_changed", **told)
        return verified

    def _is_due(self, stands: Standing, now: datetime) -> bool:
        latest = max((at for at in (stands.at, self.at) if at is not None), default=None)
        wanted = last_time(self._every, now, ZoneInfo("UTC"), _AT)
        return (
            latest is None
            or (wanted is not None and latest.astimezone(UTC) < wanted)
            or self._is_whole_due(stands, now)
        )

    async def _happened(self, verified: Verified) -> bool:
        return await happened(self._hub.ledger, verified.start - 1, verified.position)

    def _is_whole_due(self, stands: Standing, now: datetime) -> bool:
        if stands.whole_at is None:
            return True
        return bool(self._whole) and now - stands.whole_at >= self._whole
