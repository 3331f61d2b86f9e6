"""What the ledger asks of a database. Blocking calls; the ledger runs them in threads."""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol
from uuid import UUID

from eventsourcing.persistence import StoredEvent

from adapters.store.contents import PackedContent
from adapters.store.schema import Kept
from adapters.store.statements import Columns, Dialect, Statement

Row = tuple[int, bytes, int, str, bytes]
"""One event as it is stored: position, the 16 bytes of the stream's id, version, topic, and the JSON of the event."""

Entry = tuple[UUID, int, str, bytes]
"""An event that is to be stored: stream, version, topic and JSON. A tuple, because many thousands pass each second."""

StoredState = tuple[bytes, str, bytes]
"""The 16 bytes of a stream's id, topic and JSON of one of its events."""

Release = Callable[[], None]


class Conflict(Exception):
    """A key of the transaction is taken already; nothing of it was stored. Never leaves this folder."""


def entry(event: StoredEvent) -> Entry:
    """An event of the library as ours; it also allows text as an id, ours are always UUIDs."""
    stream = event.originator_id
    return (stream if isinstance(stream, UUID) else UUID(stream)), event.originator_version, event.topic, event.state


class Reader(Protocol):
    """What a computation beside the event loop may read.

    Raises  StoreUnavailable from every call.
    """

    @property
    def dialect(self) -> Dialect:
        """How the database spells what differs."""
        ...

    def read(self, after: int, limit: int) -> list[Row]:
        """Events in order of their positions. What is missing at its end is not committed yet; nothing before it is."""
        ...

    def rows(self, sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Rows of a query, on a connection that can't write."""
        ...

    def contents(self, shas: Sequence[str]) -> list[PackedContent]:
        """Bodies under these names, as they are stored."""
        ...


class Snapshot(Protocol):
    """All tables at one moment."""

    @property
    def number(self) -> int:
        """The schema's number, 0 where there is none."""
        ...

    def rows(self, table: Kept) -> Iterator[tuple[Any, ...]]:
        """Rows of a table by its key, one after the other; ids as 16 bytes."""
        ...

    def select(self, sql: str, values: Sequence[Any] = ()) -> Generator[tuple[Any, ...]]:
        """Rows of a query with `?` for each value, one after the other; a page of them is in memory at a time."""
        ...


class Filling(Protocol):
    """A store that is being filled."""

    def put(self, table: Kept, columns: Columns, rows: Iterable[tuple[Any, ...]]) -> None:
        """Insert rows with these columns; ids as 16 bytes."""
        ...


class Database(Reader, Protocol):
    """One database with the ledger in it.

    Raises  StoreUnavailable from every call; ConnectionLost where the outcome is unknown.
    """

    def upgrade(self, at: str, *, everything: bool = False) -> tuple[int, int]:
        """Bring the schema up to date, alone among all processes; from which number to which.

        Without `everything` only upgrades that add are applied; others are refused in words.
        """
        ...

    def snapshot(self) -> AbstractContextManager[Snapshot]:
        """Everything that the store holds at one moment, while others go on writing."""
        ...

    def filling(self, number: int, at: str) -> AbstractContextManager[Filling]:
        """Fill an empty store, made with the schema of this number; all of it is committed at the end, or nothing.

        Raises  StoreUnavailable when the store is not empty, or of another schema.
        """
        ...

    def append(self, events: Sequence[Entry], contents: Sequence[PackedContent], also: Sequence[Statement]) -> int:
        """Store all in one transaction; the position of the last event, 0 where there is none.

        Raises  Conflict, RowsRefused.
        """
        ...

    def last_position(self) -> int:
        """The position of the newest event, 0 in an empty ledger."""
        ...

    def load(self, streams: Sequence[tuple[UUID, int]]) -> list[StoredState]:
        """Events of streams, each after a version, in the order of the streams' versions."""
        ...

    def stored(self, stream: UUID, versions: Sequence[int]) -> dict[int, tuple[int, str, bytes]]:
        """Position, topic and JSON of events of a stream, by version."""
        ...

    def versions(self, streams: Iterable[UUID]) -> dict[UUID, int]:
        """The newest version of each stream that exists."""
        ...

    def lock(self, name: str) -> Release:
        """Take a lock that ends with the process.

        Raises  Locked.
        """
        ...

    def close(self) -> None:
        """Give all connections back."""
        ...
