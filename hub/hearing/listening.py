"""Takes notices: proves who sends them, stores them, and hints at what has to be read. Nothing is fetched here.

A notice that came before is known by its stream in the ledger, so repeats and fan-out have one effect. One that is lost
costs time only: polling finds what it would have told.
"""

from collections.abc import Callable, Sequence
from hmac import compare_digest
from uuid import UUID, uuid5

import structlog

from adapters.outbound.secrets import Secret
from adapters.store import StreamMoved
from domain import events
from domain.concerns import concern_of, is_muted
from domain.errors import Unreadable
from domain.notices import Notice, is_own, read_business_central, read_procore, state_fits
from domain.values import BUSINESS_CENTRAL, LEDGER, PROCORE, System, sha256_of
from hub.access import Access
from hub.acting import SYSTEM, moment_of
from hub.app import Hub
from hub.hearing.words import secret_name

log: structlog.stdlib.BoundLogger = structlog.get_logger()

KEPT = 64 * 1024
"""Bytes of an unreadable body that are kept; a hint needs less than one thousand."""
Told = Callable[[str, System, str, int], None]
"""Hears connection, system, what became of notices, and how many: accepted, ignored, duplicate, unauthenticated,
invalid."""


class Listening:
    """The ears of all connections. `hint` begins a round of a connection that reads some kinds."""

    def __init__(self, hub: Hub, access: Access, hint: Callable[[str, Sequence[str]], None]) -> None:
        self._hub = hub
        self._access = access
        self._hint = hint
        self._secrets: dict[tuple[System, str], Secret] = {}
        self._carried = {
            name: frozenset(flow.kind for flow in hub.unreached(name).flows) for name in hub.settings.connections
        }
        self.told: Told = _nobody

    def forget_secrets(self) -> None:
        """Have the secrets read anew, as one was changed."""
        self._secrets.clear()

    async def is_procore(self, connection: str, authorization: str) -> bool:
        """Whether a delivery shows the connection's secret; one that does not is recorded."""
        secret = await self._secret(PROCORE, connection)
        if secret is not None and compare_digest(authorization.encode(), f"Bearer {secret.reveal()}".encode()):
            return True
        await self._refused(PROCORE, connection, "a delivery without the connection's secret")
        return False

    async def from_procore(self, connection: str, body: bytes) -> None:
        """A delivery of Procore that showed the secret: stored, readable or not."""
        try:
            notice = read_procore(body)
        except Unreadable as error:
            await self._set_aside(PROCORE, connection, str(error), body)
        else:
            await self.store(connection, [notice], "webhook")

    async def from_business_central(self, connection: str, body: bytes) -> None:
        """A call of Business Central; items without the secret are refused, and nothing of it is told to the caller."""
        secret = await self._secret(BUSINESS_CENTRAL, connection)
        try:
            told = read_business_central(body)
        except Unreadable as error:
            if secret is not None:
                await self._set_aside(BUSINESS_CENTRAL, connection, str(error), body)
            return
        good = [each for each in told.notices if secret is not None and state_fits(each, secret.reveal())]
        if len(good) < len(told.notices) or secret is None:
            await self._refused(BUSINESS_CENTRAL, connection, "a notification without the connection's secret")
        if told.faults and good:
            await self._set_aside(BUSINESS_CENTRAL, connection, "; ".join(told.faults), body)
        await self.store(connection, good, "webhook")

    async def store(self, connection: str, notices: Sequence[Notice], via: str) -> int:
        """Keeps what was not heard before, and hints at it; how many that were."""
        news = list({each.id: self._event(connection, each, via) for each in notices}.values())
        known = {event.notice for event in await self._repeated(news)}
        for notice in notices:
            heard = "ignored" if self._ignored(connection, notice) else "accepted"
            self.told(connection, notice.system, "duplicate" if notice.id in known else heard, 1)
        heeded = [it for it in notices if it.id not in known and not self._ignored(connection, it)]
        concerns = [concern_of(it) for it in heeded if not self._own(connection, it)]
        kinds = dict.fromkeys(kind for concern in concerns if concern is not None for kind in concern.kinds)
        if kinds:
            self._hint(connection, tuple(kinds))
        return len(news) - len(known)

    async def _repeated(self, news: Sequence[events.NoticeHeard]) -> list[events.NoticeHeard]:
        """Keeps them in one transaction; those that were there already, where it meets any, come back."""
        try:
            if news:
                await self._hub.ledger.append(news)
        except StreamMoved:
            if len(news) == 1:
                return list(news)
            half = len(news) // 2
            return [*await self._repeated(news[:half]), *await self._repeated(news[half:])]
        return []

    def _event(self, connection: str, notice: Notice, via: str) -> events.NoticeHeard:
        moment = moment_of(self._hub.clock, SYSTEM, connection)
        return events.NoticeHeard(
            originator_id=_stream(connection, notice.system, notice.id),
            originator_version=1,
            at=moment.at,
            connection=connection,
            correlation_id=moment.cause.correlation_id,
            causation_id=moment.cause.causation_id,
            actor=moment.cause.actor,
            system=notice.system,
            notice=notice.id,
            reason=notice.reason,
            resource=notice.resource,
            resource_id=notice.resource_id,
            project_id=notice.project_id,
            changed_at=notice.at.isoformat() if notice.at else "",
            own=self._own(connection, notice),
            via=via,
            ignored=self._ignored(connection, notice),
        )

    def _ignored(self, connection: str, notice: Notice) -> str:
        """Why nothing is read for a notice, whoever made the change."""
        muted = self._hub.settings.connections[connection].procore.muted
        if notice.system == PROCORE and is_muted(notice.resource, muted):
            return "muted"
        concern = concern_of(notice)
        return "" if concern is not None and self._carried[connection].intersection(concern.kinds) else "unused"

    def _own(self, connection: str, notice: Notice) -> bool:
        return is_own(notice, self._hub.settings.connections[connection].procore.client_id, "")

    async def _set_aside(self, system: System, connection: str, why: str, body: bytes) -> None:
        """What could not be read is kept as it came, once."""
        kept = body[:KEPT]
        digest = sha256_of(kept)
        moment = moment_of(self._hub.clock, SYSTEM, connection)
        event = events.DeadLettered(
            originator_id=_stream(connection, system, f"unreadable/{digest}"),
            originator_version=1,
            at=moment.at,
            connection=connection,
            correlation_id=moment.cause.correlation_id,
            causation_id=moment.cause.causation_id,
            actor=moment.cause.actor,
            side=system,
            entity_set="webhook",
            source_id="",
            reason=why,
            content=digest,
        )
        self.told(connection, system, "invalid", 1)
        try:
            await self._hub.ledger.append([event], {digest: kept})
        except StreamMoved:
            log.debug("unreadable_again", connection=connection, system=system)

    async def _refused(self, system: System, connection: str, reason: str) -> None:
        known = connection if connection in self._hub.settings.connections else ""
        self.told(known, system, "unauthenticated", 1)
        await self._access.refusals.record("unknown", f"notice from {system}", known, reason)

    async def _secret(self, system: System, connection: str) -> Secret | None:
        """The secret of a connection; none for a connection that does not exist or was never set up."""
        if connection not in self._hub.settings.connections:
            return None
        known = self._secrets.get((system, connection))
        if known is None:
            stored = await self._hub.vault.get(secret_name(system, connection))
            if stored is None:
                return None
            known = self._secrets[system, connection] = Secret(stored.get_secret_value())
        return known


def _nobody(_connection: str, _system: System, _outcome: str, _count: int) -> None:
    """Nobody counts."""


def _stream(connection: str, system: System, notice: str) -> UUID:
    return uuid5(LEDGER, f"{connection}/notice/{system}/{notice}")
