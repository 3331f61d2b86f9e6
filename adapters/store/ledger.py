"""The ledger: the one way in and out of the store for everybody else."""
# ruff: noqa: S608 - only names from our own constants stand in the SQL, every value is bound

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from uuid import UUID

import anyio
from anyio.abc import TaskStatus

from adapters.ports import Clock
from adapters.store.contents import unpacked
from adapters.store.database import Database, Reader, Row, Snapshot
from adapters.store.errors import ConnectionLost, StoreUnavailable
from adapters.store.events import Event, Registry
from adapters.store.sqlite import SqliteDatabase
from adapters.store.statements import Dialect, Statement, Value
from adapters.store.threads import Threads
from adapters.store.writer import PAUSES, Member, Writer
from domain.values import chunks

T = TypeVar("T")

CHUNK = 500
"""Streams or contents of one query: few round trips, and no database's limit of parameters is near."""

POLL = 0.25
"""Seconds between looks for events that another process stored."""


class Ledger:
    """All streams, contents and rows. Made by `open_ledger`.

    Raises  StoreUnavailable from every method.
    """

    def __init__(self, database: Database, events: Registry, clock: Clock, threads: Threads) -> None:
        self.events = events
        self.clock = clock
        self._database = database
        self._threads = threads
        self._writer = Writer(database, threads)
        self._position = 0
        self._news = anyio.Event()

    @property
    def dialect(self) -> Dialect:
        """How the database spells what differs."""
        return self._database.dialect

    @property
    def threads(self) -> Threads:
        """Where its blocking calls run."""
        return self._threads

    # -- writing -----------------------------------------------------------------------------------

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Gather what many want to append into common transactions, until cancelled.

        Without it every `append` is a transaction of its own, which is right for a single command.
        """
        await self._writer.run(task_status=task_status)

    async def append(
        self,
        events: Sequence[Event],
        contents: Mapping[str, bytes] | None = None,
        also: Sequence[Statement] = (),
    ) -> int:
        """Store events of any streams, bodies under their SHA-256 and other rows in one transaction.

        Durable when it returns, and finished even if the caller is cancelled meanwhile. Returns the position of the
        last of these events.
        Raises  StreamMoved (load again, decide again), RowsRefused.
        """
        encode = self.events.encode
        stored = [(event.originator_id, event.originator_version, event.TOPIC, encode(event)) for event in events]
        position = await self._writer.append(Member(stored, contents or {}, also))
        if position > self._position:
            self._announce(position)
        return position

    async def change(self, statements: Sequence[Statement]) -> None:
        """Run statements in a transaction of their own, beside the events.

        After a lost connection they may run twice: let them put rows, or guard them by `touches`.
        Raises  RowsRefused.
        """
        await self._writer.alone(Member((), {}, statements))

    # -- reading -----------------------------------------------------------------------------------

    async def load(self, ids: Sequence[UUID], after: Mapping[UUID, int] | None = None) -> dict[UUID, list[Any]]:
        """Events of many streams, in order; an empty list for a stream that does not exist.

        `after` names versions, such as those of snapshots: only newer events are read.
        Raises  UnknownEvent.
        """
        known = after or {}
        found: dict[UUID, list[Any]] = {id_: [] for id_ in ids}
        for chunk in chunks(found, CHUNK):
            wanted = [(id_, known.get(id_, 0)) for id_ in chunk]
            found.update(await self._read(lambda: self._load(wanted)))  # noqa: B023 - awaited before the next turn
        return found

    def _load(self, wanted: Sequence[tuple[UUID, int]]) -> dict[UUID, list[Any]]:
        decode = self.events.decode
        found: dict[bytes, list[Any]] = {}
        for stream, topic, state in self._database.load(wanted):
            found.setdefault(stream, []).append(decode(topic, state))
        return {UUID(bytes=stream): events for stream, events in found.items()}

    async def read(self, after: int, limit: int) -> list[Row]:
        """Raw events behind a position, in order; nothing that is committed later comes before them.

        Shape   (position, 16 bytes of the stream's id, version, topic, JSON), undecoded, as most readers need few.
        """
        rows = await self._read(lambda: self._database.read(after, limit))
        if rows and rows[-1][0] > self._position:
            self._announce(rows[-1][0])
        return rows

    async def last_position(self) -> int:
        """The position of the newest event, 0 in an empty ledger."""
        return await self._read(self._database.last_position)

    async def wait(self, after: int, timeout: float | None = None) -> bool:  # noqa: ASYNC109 - part of the answer
        """Wait until there are events behind a position. False when the time is over.

        Units   `timeout` in seconds, None for ever. Own events wake at once, those of other processes within `POLL`.
        """
        with anyio.move_on_after(timeout):
            while True:
                if self._position > after:
                    return True
                news = self._news
                with anyio.move_on_after(POLL):
                    await news.wait()
                if self._position <= after and (position := await self.last_position()) > self._position:
                    self._announce(position)
        return self._position > after

    async def contents(self, shas: Sequence[str]) -> dict[str, bytes]:
        """Bodies by the hexadecimal SHA-256 that names them; those that are not there are left out."""
        found: dict[str, bytes] = {}
        for chunk in chunks(dict.fromkeys(shas), CHUNK):
            found.update(await self._read(lambda: unpacked(self._database.contents(chunk))))  # noqa: B023 - as in load
        return found

    async def rows(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Rows of a query with `?` for each value, on a connection that can't write."""
        return await self._read(lambda: self._database.rows(sql, params))

    async def reading(self, call: Callable[[Reader], T]) -> T:
        """Read and compute beside the event loop, in one go: for work that reads much and returns little."""
        return await self._read(lambda: call(self._database))

    async def at_one_moment(self, call: Callable[[Snapshot], T]) -> T:
        """Read as much as one likes, all of it as it was at one moment, beside the event loop and while others write.

        Raises  what the call raises; it is not tried again, as it may have written a part of what it reads.
        """

        def read() -> T:
            with self._database.snapshot() as snapshot:
                return call(snapshot)

        return await self._threads.read(read)

    def in_list(self, column: str, values: Sequence[Value]) -> tuple[str, Any]:
        """A condition for `rows` that a column holds one of these values, and the one parameter that it takes."""
        return self.dialect.in_list(column, values)

    # -- snapshots ---------------------------------------------------------------------------------

    async def snapshots(self, ids: Sequence[UUID]) -> dict[UUID, tuple[int, str, bytes]]:
        """The newest snapshot of each stream that has one: version, topic and bytes."""
        found: dict[UUID, tuple[int, str, bytes]] = {}
        for chunk in chunks(ids, CHUNK):
            condition, parameter = self.in_list("stream", [str(id_) for id_ in chunk])
            sql = f"SELECT stream, version, topic, state FROM snapshots WHERE {condition}"
            found.update({UUID(row[0]): (row[1], row[2], row[3]) for row in await self.rows(sql, (parameter,))})
        return found

    async def save_snapshot(self, id: UUID, version: int, topic: str, state: bytes) -> None:
        """Keep a snapshot instead of an older one; a newer one stays."""
        sql = (
            "INSERT INTO snapshots (stream, version, topic, state) VALUES (?, ?, ?, ?) ON CONFLICT (stream) DO UPDATE"
            " SET version = excluded.version, topic = excluded.topic, state = excluded.state"
            " WHERE snapshots.version < excluded.version"
        )
        await self.append((), also=(Statement(sql, ((str(id), version, topic, state),)),))

    # -- running it --------------------------------------------------------------------------------

    @asynccontextmanager
    async def exclusive(self, name: str) -> AsyncGenerator[None]:
        """Hold a lock among all processes of this ledger. It ends with the process, however that ends.

        Raises  Locked at once when another holds it.
        """
        release = await self._threads.read(lambda: self._database.lock(name))
        try:
            yield
        finally:
            with anyio.CancelScope(shield=True):
                await self._threads.read(release)

    async def upgrade(self) -> tuple[int, int]:
        """Add what is new to the schema; from which number to which. Safe while other processes start.

        What does more than add is refused in words: that is for `siteledger upgrade`.
        """
        at = self.clock.now().isoformat()
        return await self._threads.write(lambda: self._database.upgrade(at))

    async def _read(self, call: Callable[[], T]) -> T:
        for pause in PAUSES:
            try:
                return await self._threads.read(call)
            except ConnectionLost:
                await anyio.sleep(pause)
        return await self._threads.read(call)

    def _announce(self, position: int) -> None:
        self._position = position
        self._news.set()
        self._news = anyio.Event()


@asynccontextmanager
async def open_ledger(url: str, *, events: Registry, clock: Clock, threads: Threads) -> AsyncGenerator[Ledger]:
    """The ledger behind a URL, its schema brought up to date where that only adds to it.

    Shape   `sqlite:///relative/path`, `sqlite:////absolute/path`, `sqlite:///:memory:`, or `postgresql://…` as libpq
            takes it.
    Raises  StoreUnavailable.
    """
    database = database_at(url)
    try:
        ledger = Ledger(database, events, clock, threads)
        await ledger.upgrade()
        yield ledger
    finally:
        with anyio.CancelScope(shield=True):
            await threads.write(database.close)


def database_at(url: str) -> Database:
    """The database behind a URL, as it is.

    Raises  StoreUnavailable.
    """
    scheme, mark, rest = url.partition("://")
    if mark and scheme == "sqlite" and rest.startswith("/") and len(rest) > 1:
        return SqliteDatabase(rest[1:])
    if scheme in {"postgresql", "postgres"}:
        # Its driver takes a fifth of a second to load, which every command on SQLite would wait for.
        from adapters.store.postgres import PostgresDatabase  # noqa: PLC0415

        return PostgresDatabase(url)
    message = f"The store URL must begin with sqlite:/// or postgresql://, not with {scheme!r}."
    raise StoreUnavailable(message)
