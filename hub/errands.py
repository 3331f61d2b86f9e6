"""What people send the service to do and that takes minutes: it goes on when they have gone, and its end is recorded.

One errand of a sort is under way on a connection at a time, whichever process it runs in: a lock that ends with its
process says so. Whoever gets the lock therefore knows that an errand without an end was interrupted, and records it.
"""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import Any, get_args
from uuid import UUID, uuid5

import anyio
import msgspec
import structlog
from msgspec import Struct

from adapters.store import Locked, StreamMoved
from domain import events
from domain.errors import SiteLedgerError
from domain.events.errand import End, Sort
from domain.record import Moment
from domain.values import LEDGER, sha256_of
from hub.acting import SYSTEM, moment_of
from hub.app import Hub
from hub.groups import single_error
from hub.report import ExitStatus, Halted
from hub.works import Works

log: structlog.stdlib.BoundLogger = structlog.get_logger()

SORTS: tuple[Sort, ...] = get_args(Sort)
WORDS: Mapping[Sort, str] = {
    "reconciliation": "a comparison of both companies",
    "adoption": "a proposal for an adoption",
    "drift": "a look for drift",
    "completeness": "a count of what is there",
}
STOPPED = "the service stopped in the middle; ask again"
MOST_WORDS = 2000

_RUNNING = "SELECT errand FROM errand WHERE connection = ? AND sort = ? AND state = 'running' ORDER BY position"


class Found(Struct, frozen=True, kw_only=True):
    """What came of an errand; as `ErrandEnded` keeps it. A `document` is kept whole, and its name is the result."""

    outcome: str
    result: str = ""
    figures: dict[str, int] = {}
    unread: tuple[str, ...] = ()
    document: Struct | None = None


Errand = Callable[[], Awaitable[Found]]


@dataclass(frozen=True)
class _Underway:
    """An errand that this process began, and its lock."""

    id: UUID
    connection: str
    sort: Sort
    lock: AsyncExitStack


@dataclass
class Errands:
    """The errands of one service."""

    hub: Hub
    works: Works
    _underway: dict[UUID, _Underway] = field(default_factory=dict[UUID, _Underway])
    _closed: bool = False

    async def begin(self, sort: Sort, connection: str, asked: Mapping[str, str], errand: Errand, actor: str) -> UUID:
        """Records that somebody sent the service, and begins in the background.

        Raises  Halted (75) while another errand of this sort is under way on the connection; StoreUnavailable.
        """
        if self._closed:
            raise Halted("the service is stopping; ask again when it is back", ExitStatus.TRY_LATER)
        lock = AsyncExitStack()
        try:
            await lock.enter_async_context(self.hub.ledger.exclusive(_lock(sort, connection)))
        except Locked:
            message = f"{WORDS[sort]} is under way on {connection}; see `errands`, and ask again when it has ended"
            raise Halted(message, ExitStatus.TRY_LATER) from None
        try:
            await self._end_interrupted(sort, connection)
            moment = moment_of(self.hub.clock, actor, connection)
            unlike = f"{actor}/{moment.at.isoformat()}/{self.hub.rng.getrandbits(64)}"
            id_ = uuid5(LEDGER, f"{connection}/errand/{unlike}")
            begun = events.ErrandBegun(**_common(id_, 1, connection, moment), sort=sort, asked=dict(asked))
            await self.hub.ledger.append([begun])
        except BaseException:
            with anyio.CancelScope(shield=True):
                await lock.aclose()
            raise
        known = self._underway[id_] = _Underway(id_, connection, sort, lock)
        self.works.begin(f"errand {id_}", partial(self._run, known, errand))
        return id_

    async def tidy(self) -> None:
        """At the start of a service: records which errands were interrupted with the process that ran them."""
        await self.hub.projector.catch_up()
        for connection in self.hub.settings.connections:
            for sort in SORTS:
                if not await self.hub.ledger.rows(_RUNNING, (connection, sort)):
                    continue
                try:
                    async with self.hub.ledger.exclusive(_lock(sort, connection)):
                        await self._end_interrupted(sort, connection)
                except Locked:
                    log.info("errand_elsewhere", connection=connection, sort=sort)

    async def close(self) -> None:
        """At the end of a service: what never had its turn was interrupted too."""
        self._closed = True
        for known in list(self._underway.values()):
            try:
                await self._end(known, "interrupted", why=STOPPED)
            except SiteLedgerError as error:
                log.warning("errand_end_not_kept", errand=str(known.id), reason=str(error))

    async def _run(self, known: _Underway, errand: Errand) -> None:
        ended = partial(self._end, known, "interrupted", why=STOPPED)
        try:
            with single_error():
                found = await errand()
            ended = partial(self._end, known, "done", found)
        except SiteLedgerError as error:
            ended = partial(self._end, known, "failed", why=str(error))
            log.warning("errand_failed", sort=known.sort, connection=known.connection, reason=str(error))
        except Exception as error:
            # Its text may hold anything; whoever runs the work logs it by its kind.
            ended = partial(self._end, known, "failed", why=f"internal error: {type(error).__name__}")
            raise
        finally:
            with anyio.CancelScope(shield=True):
                await ended()

    async def _end(self, known: _Underway, state: End, found: Found | None = None, why: str = "") -> None:
        if self._underway.pop(known.id, None) is None:
            return
        async with known.lock:
            await self._record(known.id, known.connection, known.sort, state, found, why)

    async def _end_interrupted(self, sort: Sort, connection: str) -> None:
        """With the lock in hand: no process is at work on those that have no end."""
        await self.hub.projector.catch_up()
        for (id_,) in await self.hub.ledger.rows(_RUNNING, (connection, sort)):
            await self._record(UUID(id_), connection, sort, "interrupted", None, STOPPED)

    async def _record(self, id_: UUID, connection: str, sort: Sort, state: End, found: Found | None, why: str) -> None:
        told = found or Found(outcome="")
        bodies: dict[str, bytes] = {}
        if told.document is not None:
            raw = msgspec.json.encode(told.document)
            bodies[sha256_of(raw)] = raw
        content = next(iter(bodies), "")
        moment = moment_of(self.hub.clock, SYSTEM, connection)
        ended = events.ErrandEnded(
            **_common(id_, 2, connection, moment),
            sort=sort,
            state=state,
            outcome=told.outcome,
            result=told.result or content,
            figures=told.figures,
            unread=told.unread,
            why=why[:MOST_WORDS],
            content=content,
        )
        try:
            await self.hub.ledger.append([ended], bodies)
        except StreamMoved:
            log.info("errand_ended_already", errand=str(id_))
        await self.hub.projector.catch_up()


def _lock(sort: Sort, connection: str) -> str:
    return f"errand {sort} {connection}"


def _common(id_: UUID, version: int, connection: str, moment: Moment) -> dict[str, Any]:
    return {
        "originator_id": id_,
        "originator_version": version,
        "at": moment.at,
        "connection": connection,
        "correlation_id": moment.cause.correlation_id,
        "causation_id": moment.cause.causation_id,
        "actor": moment.cause.actor,
    }
