"""Every refusal is recorded, and a flood of them fills neither the ledger nor the memory."""

from datetime import datetime, timedelta

import anyio

from adapters.ports import Clock, Rng
from adapters.store import Ledger
from domain.events import AccessRefused
from hub.access.signing import signed, stream_of

WINDOW = timedelta(minutes=1)
"""For so long the same refusal is counted instead of recorded once more."""

DISTINCT = 16
"""Different refusals of a window that are recorded each by itself; further ones are counted together."""

LONGEST = 100
"""Characters of an actor or a reason: they may come from outside."""

Refusal = tuple[str, str, str, str]
"""Actor, action, connection, reason."""

OTHERS: Refusal = ("unknown", "any", "", "many different refusals within a minute")


class Refusals:
    """Records the first of each kind of refusal at once, and how many more there were when its minute is over.

    A process that is killed loses the counts of its last minute, never the first of a kind.
    """

    def __init__(self, ledger: Ledger, clock: Clock, rng: Rng) -> None:
        self._ledger = ledger
        self._clock = clock
        self._rng = rng
        self._began = clock.now()
        self._more: dict[Refusal, int] = {}

    async def record(self, actor: str, action: str, connection: str | None, reason: str) -> None:
        """Note that somebody was refused."""
        due = self._turned()
        refusal = (actor[:LONGEST], action[:LONGEST], connection or "", reason[:LONGEST])
        if refusal in self._more:
            self._more[refusal] += 1
        elif len(self._more) < DISTINCT:
            self._more[refusal] = 0
            due.append(self._event(refusal, 1))
        else:
            self._more[OTHERS] = self._more.get(OTHERS, 0) + 1
        if due:
            await self._ledger.append(due)

    async def flush(self) -> None:
        """Record what was only counted so far, such as before the hub stops."""
        due = [self._event(refusal, more) for refusal, more in self._more.items() if more]
        self._more = {}
        if due:
            await self._ledger.append(due)

    async def run(self) -> None:
        """Record counts as minutes end, until cancelled; then what is left."""
        try:
            while True:
                await anyio.sleep(WINDOW.total_seconds())
                await self.flush()
        finally:
            with anyio.CancelScope(shield=True):
                await self.flush()

    def _turned(self) -> list[AccessRefused]:
        now: datetime = self._clock.now()
        if now - self._began < WINDOW:
            return []
        due = [self._event(refusal, more) for refusal, more in self._more.items() if more]
        self._began, self._more = now, {}
        return due

    def _event(self, refusal: Refusal, count: int) -> AccessRefused:
        actor, action, connection, reason = refusal
        # A stream of its own, so that two processes never wait for each other to say no.
        stream = stream_of("refusal", f"{self._rng.getrandbits(128):032x}")
        return signed(
            AccessRefused,
            self._clock,
            actor,
            stream,
            connection=connection,
            action=action,
            reason=reason,
            count=count,
        )
