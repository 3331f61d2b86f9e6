"""Pauses of connections: while one lasts, no round reads or carries anything. Notices are heard and kept meanwhile."""

from msgspec import Struct

from adapters.store import Ledger
from hub.report import ExitStatus, Halted


class Pause(Struct, frozen=True, kw_only=True):
    """How a connection stands: a row of `pause`. `since`, ISO 8601 UTC, `actor` and `reason` are of the last change."""

    connection: str
    paused: bool = False
    since: str = ""
    actor: str = ""
    reason: str = ""
    version: int = 0

    @property
    def words(self) -> str:
        """Why nothing goes on, and the mend."""
        told = f"{self.connection} was paused by {self.actor} at {self.since[:19]} UTC: {self.reason}"
        return f"{told}. Resume it with `siteledger resume --connection {self.connection}`."


class Paused(Halted):
    """The connection is paused; somebody has to resume it."""

    def __init__(self, pause: Pause) -> None:
        super().__init__(pause.words, ExitStatus.TRY_LATER)


async def pause_of(ledger: Ledger, connection: str) -> Pause:
    """As far as the read models are."""
    rows = await ledger.rows(
        "SELECT paused, since, actor, reason, version FROM pause WHERE connection = ?", (connection,)
    )
    if not rows:
        return Pause(connection=connection)
    paused, since, actor, reason, version = rows[0]
    return Pause(connection=connection, paused=bool(paused), since=since, actor=actor, reason=reason, version=version)


async def refuse_paused(ledger: Ledger, connection: str) -> None:
    """Nothing goes on while a connection is paused.

    Raises  Paused.
    """
    pause = await pause_of(ledger, connection)
    if pause.paused:
        raise Paused(pause)
