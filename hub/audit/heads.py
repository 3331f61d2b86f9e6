"""Signed heads: on a schedule, the hash of the last seal under a key that does not stand beside it in the clear."""

from datetime import datetime, timedelta

from adapters.ports import Clock
from adapters.store import Ledger, StreamMoved
from domain.events import HeadSigned
from hub.access.signing import signed, stream_of
from hub.acting import SYSTEM
from hub.audit.keys import SigningKeys, head_message

_NEWEST = "SELECT last_position, hash FROM audit_seal ORDER BY first_position DESC LIMIT 1"
_LAST = "SELECT position, moment FROM audit_head ORDER BY position DESC LIMIT 1"


class Heads:
    """Signs heads of one ledger."""

    def __init__(self, ledger: Ledger, keys: SigningKeys, clock: Clock) -> None:
        self._ledger = ledger
        self._keys = keys
        self._clock = clock
        self._last: tuple[int, datetime] | None = None

    async def sign_if_older(self, than: timedelta) -> HeadSigned | None:
        """A head over the newest seal, if the last one is older than this and something happened since.

        A head and its own seal are no news: an idle ledger signs nothing.
        Raises  NotSigned.
        """
        last = self._last or await self._read()
        if last is not None and self._clock.now() - last[1] < than:
            return None
        rows = await self._ledger.rows(_NEWEST)
        if not rows or (last is not None and not await happened(self._ledger, last[0], rows[0][0])):
            return None
        return await self._sign(rows[0][0], bytes(rows[0][1]).hex())

    async def _sign(self, position: int, hash: str) -> HeadSigned | None:
        try:
            signer = await self._keys.signer(SYSTEM)
            moment = self._clock.now().isoformat()
            head = signed(
                HeadSigned,
                self._clock,
                SYSTEM,
                stream_of("audit", f"head {position}"),
                position=position,
                hash=hash,
                moment=moment,
                key=signer.id,
                signature=signer.sign(head_message(position, hash, moment, signer.id)),
            )
            await self._ledger.append([head])
        except StreamMoved:
            self._last = None
            return None  # another process signed this at the same moment
        self._last = position, self._clock.now()
        return head

    async def _read(self) -> tuple[int, datetime] | None:
        rows = await self._ledger.rows(_LAST)
        return (rows[0][0], datetime.fromisoformat(rows[0][1])) if rows else None


_PROOFS = 16
"""Events that may have been proofs alone."""


async def happened(ledger: Ledger, after: int, upto: int) -> bool:
    """Whether anything but proofs was stored behind a position, up to another."""
    if upto - after > _PROOFS:
        return True
    rows = await ledger.read(after, _PROOFS)
    return any(not topic.startswith("audit.") for position, _, _, topic, _ in rows if position <= upto)
