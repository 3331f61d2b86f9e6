"""The ledger in one SQLite file."""
# ruff: noqa: S608 - only names from our own constants stand in the SQL, every value is bound

import fcntl
import itertools
import os
import sqlite3
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from eventsourcing.persistence import DataError, IntegrityError, PersistenceError, ProgrammingError

from adapters.store import schema
from adapters.store.contents import PackedContent
from adapters.store.copying import begin
from adapters.store.database import Conflict, Entry, Filling, Release, Row, Snapshot, StoredState
from adapters.store.errors import READ_ONLY, Locked, RowsRefused, StoreUnavailable
from adapters.store.sqlite_copy import SqliteFilling, SqliteSnapshot
from adapters.store.sqlite_recorder import LedgerDatastore, SqliteRecorder
from adapters.store.statements import SqliteDialect, Statement
from adapters.store.threads import READERS

MEMORY = ":memory:"

LOCK_TIMEOUT = 5
"""Seconds to wait while another process writes: a backup or a big transaction takes one or two."""

_memories = itertools.count(1)


class SqliteDatabase:
    """One file, one writing connection, a few that only read.

    `:memory:` is a ledger that ends with the process, for trials and tests.
    """

    def __init__(self, path: str, *, lock_timeout: int = LOCK_TIMEOUT) -> None:
        self.dialect = SqliteDialect()
        self._path = None if path == MEMORY else Path(path).absolute()
        self._held: set[str] = set()
        if self._path is None:
            name = f"file:siteledger-{next(_memories)}?mode=memory&cache=shared"
            self._writing = self._reading = LedgerDatastore(name)
        else:
            name = self._path.as_uri()
            self._writing = LedgerDatastore(name, lock_timeout=lock_timeout, pool_size=1)
            self._reading = LedgerDatastore(name, read_only=True, lock_timeout=lock_timeout, pool_size=READERS)
        self._recorder = SqliteRecorder(self._writing)
        self._reader = SqliteRecorder(self._reading)

    def upgrade(self, at: str, *, everything: bool = False) -> tuple[int, int]:
        """Bring the schema up to date; the transaction is the lock."""
        with self._translated(), self._writing.plain(commit=True) as cursor:
            return schema.apply(_Session(cursor), self._upgrades(), at, everything=everything)

    def _upgrades(self) -> tuple[schema.Upgrade, ...]:
        return schema.upgrades(self.dialect, tuple(self._recorder.create_table_statements))

    @contextmanager
    def snapshot(self) -> Generator[Snapshot]:
        """One transaction that reads: in WAL mode it sees one moment and holds up nobody."""
        with self._translated(), self._reading.plain() as cursor:
            yield SqliteSnapshot(cursor)

    @contextmanager
    def filling(self, number: int, at: str) -> Generator[Filling]:
        """One transaction that writes."""
        with self._translated(), self._writing.plain(commit=True) as cursor:
            begin(_Session(cursor), self._upgrades(), number, at)
            yield SqliteFilling(cursor)
            schema.apply(_Session(cursor), self._upgrades(), at)

    def append(self, events: Sequence[Entry], contents: Sequence[PackedContent], also: Sequence[Statement]) -> int:
        """Store all in one transaction; the position of the last event, 0 where there is none."""
        with self._translated():
            last = self._recorder.insert_entries(events, contents, also)
            return last if events else 0

    def last_position(self) -> int:
        """The position of the newest event, 0 in an empty ledger."""
        with self._translated():
            return self._reader.max_notification_id() or 0

    def read(self, after: int, limit: int) -> list[Row]:
        """Events in order of their positions."""
        with self._translated():
            return self._reader.select_rows(after, limit)

    def load(self, streams: Sequence[tuple[UUID, int]]) -> list[StoredState]:
        """Events of streams, each after a version."""
        # CROSS JOIN keeps SQLite from scanning the events first: few streams, many events.
        wanted = ", ".join(["(?, ?)"] * len(streams))
        sql = (
            f"WITH wanted (stream, version) AS (VALUES {wanted}) SELECT e.originator_id, e.topic, e.state"
            f" FROM wanted CROSS JOIN {schema.EVENTS} AS e ON e.originator_id = wanted.stream"
            " AND e.originator_version > wanted.version ORDER BY e.originator_id, e.originator_version"
        )
        return self.rows(sql, [value for stream, version in streams for value in (stream.bytes, version)])  # type: ignore[return-value]

    def stored(self, stream: UUID, versions: Sequence[int]) -> dict[int, tuple[int, str, bytes]]:
        """Position, topic and JSON of events of a stream, by version."""
        condition, parameter = self.dialect.in_list("originator_version", versions)
        sql = (
            f"SELECT originator_version, notification_id, topic, state FROM {schema.EVENTS}"
            f" WHERE originator_id = ? AND {condition}"
        )
        return {row[0]: (row[1], row[2], row[3]) for row in self.rows(sql, (stream.bytes, parameter))}

    def versions(self, streams: Iterable[UUID]) -> dict[UUID, int]:
        """The newest version of each stream that exists."""
        keys = [stream.bytes for stream in streams]
        sql = (
            f"SELECT originator_id, max(originator_version) FROM {schema.EVENTS}"
            f" WHERE originator_id IN ({', '.join('?' * len(keys))}) GROUP BY originator_id"
        )
        return {UUID(bytes=key): version for key, version in self.rows(sql, keys)}

    def contents(self, shas: Sequence[str]) -> list[PackedContent]:
        """Bodies under these names, as they are stored."""
        sql = f"SELECT sha256, zipped, body FROM contents WHERE sha256 IN ({', '.join('?' * len(shas))})"
        return self.rows(sql, [bytes.fromhex(sha) for sha in shas])  # type: ignore[return-value]

    def rows(self, sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Rows of a query, on a connection that can't write."""
        with self._translated(), self._reading.plain() as cursor:
            try:
                return cursor.execute(sql, values).fetchall()
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode == sqlite3.SQLITE_READONLY:
                    raise RowsRefused(READ_ONLY) from error
                raise

    def lock(self, name: str) -> Release:
        """Take a lock beside the database file; the operating system drops it with the process."""
        if self._path is None:
            if name in self._held:
                raise Locked(name)
            self._held.add(name)
            return lambda: self._held.discard(name)
        try:
            file = os.open(f"{self._path}.{name}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            message = f"The lock file beside {self._path} can't be opened: {error.strerror}."
            raise StoreUnavailable(message) from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            raise Locked(name) from None
        return lambda: os.close(file)

    def close(self) -> None:
        """Give all connections back."""
        self._reading.close()
        self._writing.close()

    @contextmanager
    def _translated(self) -> Generator[None]:
        try:
            yield
        except IntegrityError as error:
            raise Conflict(str(error)) from error
        except PersistenceError as error:
            code = getattr(error.__cause__, "sqlite_errorcode", None)
            # The primary code stands in the low byte of an extended one (https://sqlite.org/rescode.html).
            primary = code & 0xFF if isinstance(code, int) else None
            if primary == sqlite3.SQLITE_ERROR or isinstance(error, ProgrammingError | DataError):
                message = f"A statement of this transaction can't be run; nothing was stored ({error})."
                raise RowsRefused(message) from error
            raise StoreUnavailable(self._says(primary, error)) from error

    def _says(self, code: int | None, error: Exception) -> str:
        file = self._path or "The ledger in memory"
        match code:
            case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
                text = f"{file} is locked by another program. Close what else has it open, then try again."
            case sqlite3.SQLITE_FULL:
                text = f"The disk under {file} is full. Nothing is lost; make room, then start again."
            case sqlite3.SQLITE_CANTOPEN:
                text = f"{file} can't be opened. Check that its folder exists and may be written."
            case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM:
                text = f"{file} can't be written. Check its permissions and those of its folder."
            case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
                text = f"{file} is damaged or no SiteLedger database. Restore the last backup."
            case sqlite3.SQLITE_IOERR:
                text = f"The disk under {file} reports errors. Check it before anything else."
            case _:
                text = f"{file} can't be used: {error}."
        return text


class _Session:
    def __init__(self, cursor: sqlite3.Cursor) -> None:
        self._cursor = cursor

    def fetch(self, sql: str) -> list[tuple[int]]:
        return self._cursor.execute(sql).fetchall()

    def run(self, sql: str, values: tuple[str | int, ...] = ()) -> None:
        self._cursor.execute(sql, values)
