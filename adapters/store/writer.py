"""Group commit: many callers, one transaction at a time.

While one transaction is in the database, what others want to append piles up and becomes the next one, so an idle
ledger waits for nothing and a busy one syncs the disk once for many. Whoever appended learns the fate of his own
events alone: a group that meets a taken key is repeated member by member.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import anyio
import anyio.lowlevel
from anyio.abc import TaskStatus

from adapters.store.contents import packed
from adapters.store.database import Conflict, Database, Entry
from adapters.store.errors import ConnectionLost, RowsRefused, StoreUnavailable, StreamMoved
from adapters.store.statements import Statement
from adapters.store.threads import Threads

MOST_EVENTS = 1000
"""Events of one transaction: beyond this the gain is flat, and everybody in it waits longer."""

MOST_BYTES = 8 * 1024 * 1024
"""Bytes of contents of one transaction, so that memory stays bounded."""

PAUSES = (0.0, 0.1, 0.2, 0.5, 1.0, 2.0, 4.0)
"""Seconds before each try to settle what a lost connection left open: a restart of the database takes a few."""


@dataclass(eq=False)
class Member:
    """What one caller wants in one transaction."""

    events: Sequence[Entry]
    contents: Mapping[str, bytes]
    also: Sequence[Statement]
    done: anyio.Event = field(default_factory=anyio.Event)
    position: int = 0
    error: Exception | None = None

    @property
    def size(self) -> int:
        """Bytes of its contents."""
        return sum(map(len, self.contents.values()))


class Writer:
    """The only way into the database for events."""

    def __init__(self, database: Database, threads: Threads) -> None:
        self._database = database
        self._threads = threads
        self._waiting: deque[Member] = deque()
        self._wake = anyio.Event()
        self._running = False

    async def append(self, member: Member) -> int:
        """Wait until the member is stored, whatever happens to the caller; the position of its last event.

        Raises  StreamMoved, RowsRefused, StoreUnavailable.
        """
        await anyio.lowlevel.checkpoint_if_cancelled()
        with anyio.CancelScope(shield=True):
            if self._running:
                self._waiting.append(member)
                self._wake.set()
                await member.done.wait()
            else:
                await self._commit([member])
        if member.error is not None:
            raise member.error
        return member.position

    async def alone(self, member: Member) -> None:
        """Store a member in a transaction of its own, so that events do not wait for many other rows.

        Raises  RowsRefused, StoreUnavailable.
        """
        await anyio.lowlevel.checkpoint_if_cancelled()
        with anyio.CancelScope(shield=True):
            await self._commit([member])
        if member.error is not None:
            raise member.error

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Commit groups until cancelled; what is waiting then is still committed."""
        self._running = True
        task_status.started()
        try:
            while True:
                if not self._waiting:
                    self._wake = anyio.Event()
                    await self._wake.wait()
                await self._commit_waiting()
        finally:
            self._running = False
            with anyio.CancelScope(shield=True):
                while self._waiting:
                    await self._commit_waiting()

    async def _commit_waiting(self) -> None:
        group: list[Member] = []
        events = size = 0
        while self._waiting and (not group or (events < MOST_EVENTS and size < MOST_BYTES)):
            member = self._waiting.popleft()
            group.append(member)
            events += len(member.events)
            size += member.size
        # Shielded: a hub that stops must still learn what became of this commit.
        with anyio.CancelScope(shield=True):
            await self._commit(group)
        for member in group:
            member.done.set()

    async def _commit(self, group: list[Member]) -> None:
        lost = False
        problem: Exception | None = None
        for pause in PAUSES:
            if pause:
                await anyio.sleep(pause)
            attempt = _Attempt(self._database, after_loss=lost)
            try:
                await self._threads.write(lambda: attempt.commit(group))  # noqa: B023 - awaited before the next turn
            except ConnectionLost as error:
                lost, problem = True, error
                group = [member for member in group if not member.position and member.error is None]
            except StoreUnavailable as error:
                problem = error
                break
            except Exception as error:  # noqa: BLE001 - a bug, and each caller must see it instead of waiting for ever
                problem = error
                break
            else:
                return
        for member in group:
            if not member.position and member.error is None:
                member.error = problem


class _Attempt:
    """One try to commit a group, in a thread. After a lost connection it first looks what is there already."""

    def __init__(self, database: Database, *, after_loss: bool) -> None:
        self._database = database
        self._after_loss = after_loss

    def commit(self, group: Sequence[Member]) -> None:
        """Commit all together, or each alone when one of them is in the way."""
        if self._after_loss:
            group = [member for member in group if not self._found(member)]
        if not group:
            return
        try:
            last = self._database.append(
                [event for member in group for event in member.events],
                packed({sha: body for member in group for sha, body in member.contents.items()}),
                [statement for member in group for statement in member.also],
            )
        except (Conflict, RowsRefused) as error:
            if len(group) > 1:
                for member in group:
                    self.commit([member])
            else:
                self._explain(group[0], error)
            return
        for member in reversed(group):
            member.position = last
            last -= len(member.events)

    def _explain(self, member: Member, error: Exception) -> None:
        if self._after_loss and self._found(member):
            return  # the first try went through after all
        first: dict[UUID, int] = {}
        for stream, version, _, _ in member.events:
            first.setdefault(stream, version)
        newest = self._database.versions(first)
        moved = [stream for stream, version in newest.items() if version >= first[stream]]
        if isinstance(error, Conflict) and moved:
            member.error = StreamMoved(moved)
        elif isinstance(error, RowsRefused):
            member.error = error
        else:
            member.error = RowsRefused(f"A row of this transaction exists already; nothing was stored ({error}).")

    def _found(self, member: Member) -> bool:
        """The member's own events are in the ledger, to the byte: its transaction was committed."""
        if not member.events:
            return False
        stream, version, topic, state = member.events[-1]
        row = self._database.stored(stream, [version]).get(version)
        if row is None or row[1:] != (topic, state):
            return False
        member.position = row[0]
        return True
