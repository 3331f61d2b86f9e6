"""Seals events a few seconds after they were stored, in the order of the log, and signs heads over the seals.

Beside the log and never in a transaction that appends, so that no delivery waits for it. Two processes may seal at
once: the next seal begins at one position only, and whoever comes second finds it taken.
"""

from dataclasses import dataclass
from datetime import timedelta

import anyio
import structlog

from adapters.store import Ledger, RowsRefused, Statement
from domain.errors import SiteLedgerError
from hub.audit.chain import FIRST, Seal, sealed
from hub.audit.heads import Heads
from hub.audit.keys import NotSigned

log: structlog.stdlib.BoundLogger = structlog.get_logger()

PAGE = 1000
"""Events of one seal at most: 32 kB of leaves, and no lock is held for longer than a moment."""

PAUSE = 3.0
"""Seconds between turns: what happens together is sealed together."""

_LAST = "SELECT last_position, hash FROM audit_seal ORDER BY first_position DESC LIMIT 1"
_PUT = "INSERT INTO audit_seal (first_position, last_position, previous, hash, leaves) VALUES (?, ?, ?, ?, ?)"


class SealsDamaged(SiteLedgerError):
    """The next seal has no place behind the ones that are there."""


async def seal(ledger: Ledger, upto: int | None = None) -> int:
    """Seal all that is in the ledger by now; the position up to which everything is sealed.

    Raises  StoreUnavailable, SealsDamaged.
    """
    end = await ledger.last_position() if upto is None else upto
    position, previous = await last_seal(ledger)
    while position < end:
        rows = await ledger.read(position, PAGE)
        if not rows:
            break
        made = sealed(previous, rows)
        try:
            await ledger.change([Statement(_PUT, (_row(made),))])
        except RowsRefused:
            before = position
            position, previous = await last_seal(ledger)  # another process was faster
            if position <= before:
                message = (
                    f"The seals can't be continued behind {position}: they were changed. Run `siteledger audit verify`."
                )
                raise SealsDamaged(message) from None
        else:
            position, previous = made.last, made.hash
    return position


async def last_seal(ledger: Ledger) -> tuple[int, bytes]:
    """The last position that is sealed, and the hash of that seal."""
    rows = await ledger.rows(_LAST)
    return (int(rows[0][0]), bytes(rows[0][1])) if rows else (0, FIRST)


def _row(made: Seal) -> tuple[int, int, bytes, bytes, bytes]:
    return made.first, made.last, made.previous, made.hash, made.leaves


@dataclass
class Sealer:
    """Seals for as long as a service runs; signs a head where the last one is older than `every`.

    `trouble` says why no head is signed, empty where all is well.
    """

    ledger: Ledger
    heads: Heads
    every: timedelta
    trouble: str = ""

    async def run(self) -> None:
        """Seals until cancelled. What can't be done now is said and tried again: records are carried all the same."""
        position = 0
        while True:
            await self.ledger.wait(position, timeout=self.every.total_seconds())
            try:
                position = await self.turn()
            except SiteLedgerError as error:
                log.warning("not_sealed", reason=str(error))
            await anyio.sleep(PAUSE)

    async def turn(self) -> int:
        """Seal once, sign if it is time; the position up to which everything is sealed."""
        position = await seal(self.ledger)
        try:
            await self.heads.sign_if_older(self.every)
        except NotSigned as error:
            if self.trouble != str(error):
                log.warning("head_not_signed", reason=str(error))
            self.trouble = str(error)
        else:
            self.trouble = ""
        return position
