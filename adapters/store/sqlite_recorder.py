"""The library's SQLite recorder with positions that are never used twice, and one statement for many events.

Differs from its base in four ways: a transaction that writes takes the lock at its begin, because SQLite refuses a
late one without waiting; positions are an AUTOINCREMENT key, because SQLite may renumber bare row ids; many events
are one `executemany`; contents and other statements can join the transaction.
"""
# ruff: noqa: S608 - only names from our own constants stand in the SQL, every value is bound

import sqlite3
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from threading import Event, Lock
from typing import Any
from uuid import UUID

from eventsourcing.persistence import (
    ApplicationRecorder,
    InterfaceError,
    ListenNotifySubscription,
    Notification,
    OperationalError,
    ProcessRecorder,
    StoredEvent,
    Subscription,
)
from eventsourcing.sqlite import (
    SQLITE3_DEFAULT_LOCK_TIMEOUT,
    SQLiteApplicationRecorder,
    SQLiteConnection,
    SQLiteConnectionPool,
    SQLiteCursor,
    SQLiteDatastore,
    SQLiteFactory,
    SQLiteTrackingRecorder,
    SQLiteTransaction,
)

from adapters.store.contents import UNREDACT, PackedContent
from adapters.store.database import Entry, Row, entry
from adapters.store.errors import RowsRefused
from adapters.store.schema import EVENTS
from adapters.store.statements import Statement

WRITER_CACHE_KIB = 32 * 1024
READER_CACHE_KIB = 8 * 1024


class _Transaction(SQLiteTransaction):
    def __enter__(self) -> SQLiteCursor:
        cursor = self.connection.cursor()
        try:
            cursor.execute("BEGIN IMMEDIATE" if self.commit else "BEGIN")
        except sqlite3.OperationalError as error:
            raise OperationalError(error) from error
        return cursor


class LedgerConnection(SQLiteConnection):
    """A connection whose writing transactions wait for their turn at the begin, and which is never closed in use."""

    def __init__(self, sqlite_conn: sqlite3.Connection, max_age: float | None) -> None:
        super().__init__(sqlite_conn, max_age)
        self._busy = Lock()

    @contextmanager
    def transaction(self, *, commit: bool) -> Generator[SQLiteCursor]:
        """A transaction, rolled back unless `commit`."""
        with self._busy, _Transaction(self, commit=commit) as cursor, cursor:
            yield cursor

    def _close(self) -> None:
        # A pool closes connections that another thread is reading from, and Python crashes when it does.
        with self._busy:
            super()._close()


class LedgerPool(SQLiteConnectionPool):
    """Connections that sync every commit to the disk; read-only ones refuse to write."""

    def __init__(self, *, read_only: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self._read_only = read_only

    def _create_connection(self) -> SQLiteConnection:
        try:
            raw = sqlite3.connect(
                self.db_name,
                uri=True,
                check_same_thread=False,
                isolation_level=None,
                timeout=self.lock_timeout or SQLITE3_DEFAULT_LOCK_TIMEOUT,
            )
        except sqlite3.Error as error:
            raise InterfaceError(error) from error
        try:
            if not self.is_sqlite_memory_mode:
                raw.execute("PRAGMA journal_mode=WAL")
            # Group commit pays for the sync, so nothing is lost when the power fails.
            raw.execute("PRAGMA synchronous=FULL")
            cache = READER_CACHE_KIB if self._read_only else WRITER_CACHE_KIB
            raw.execute(f"PRAGMA cache_size=-{cache}")
            # In memory, sorting a long table for an index, or removing one, would hold as much as the table is long.
            raw.execute("PRAGMA temp_store=FILE")
            raw.execute("PRAGMA wal_autocheckpoint=4000")
            if self._read_only:
                raw.execute("PRAGMA query_only=ON")
        except sqlite3.Error as error:
            raw.close()
            raise OperationalError(error) from error
        raw.row_factory = sqlite3.Row  # the library reads rows by name
        return LedgerConnection(raw, max_age=self.max_age)


class LedgerDatastore(SQLiteDatastore):
    """The library's data store over our pool."""

    def __init__(
        self, db_name: str, *, read_only: bool = False, lock_timeout: int | None = None, pool_size: int = 5
    ) -> None:
        super().__init__(db_name, lock_timeout=lock_timeout, pool_size=pool_size)
        self.pool.close()
        self.pool = LedgerPool(
            read_only=read_only, db_name=db_name, lock_timeout=lock_timeout, pool_size=pool_size, pool_timeout=30.0
        )

    @contextmanager
    def plain(self, *, commit: bool = False) -> Generator[sqlite3.Cursor]:
        """A transaction whose rows are bare tuples, which are much cheaper than named rows."""
        with self.transaction(commit=commit) as cursor:
            cursor.sqlite_cursor.row_factory = None
            yield cursor.sqlite_cursor


class InProcessSubscription(ListenNotifySubscription["SqliteRecorder"]):
    """The library's subscription, woken by the same recorder's writes; the hub itself pulls by checkpoint."""

    def __init__(self, recorder: "SqliteRecorder", gt: int | None, topics: Sequence[str]) -> None:
        super().__init__(recorder=recorder, gt=gt, topics=topics)
        recorder.listeners.add(self._has_been_notified)

    def stop(self) -> None:
        """End the subscription."""
        super().stop()
        self._recorder.listeners.discard(self._has_been_notified)


class SqliteRecorder(SQLiteApplicationRecorder):
    """Events, contents and statements of one transaction, in and out of SQLite."""

    datastore: LedgerDatastore

    def __init__(self, datastore: LedgerDatastore, events_table_name: str = EVENTS) -> None:
        super().__init__(datastore, events_table_name)
        self.listeners: set[Event] = set()
        self.select_max_notification_id_statement = f"SELECT MAX(notification_id) FROM {events_table_name}"

    def construct_create_table_statements(self) -> list[str]:
        """Statements that create the table of events."""
        table = self.events_table_name
        return [
            (
                f"CREATE TABLE IF NOT EXISTS {table} (notification_id INTEGER PRIMARY KEY AUTOINCREMENT,"
                " originator_id BLOB NOT NULL, originator_version INTEGER NOT NULL, topic TEXT NOT NULL,"
                " state BLOB NOT NULL)"
            ),
            f"CREATE UNIQUE INDEX IF NOT EXISTS {table}_stream ON {table} (originator_id, originator_version)",
        ]

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        """Store events and what belongs to them; their positions."""
        positions = super().insert_events(stored_events, **kwargs)
        for listener in tuple(self.listeners):
            listener.set()
        return positions

    def insert_entries(
        self, entries: Sequence[Entry], contents: Sequence[PackedContent] = (), also: Sequence[Statement] = ()
    ) -> int:
        """Store events and what belongs to them in one transaction; the last position in the ledger then."""
        with self.datastore.plain(commit=True) as cursor:
            last = self._insert_entries(cursor, entries)
            if contents:
                cursor.executemany(f"INSERT INTO contents VALUES (?, ?, ?) {UNREDACT}", contents)
            for statement in also:
                run(cursor, statement)
            return last

    def _insert_entries(self, cursor: sqlite3.Cursor, entries: Sequence[Entry]) -> int:
        table = self.events_table_name
        last: int = cursor.execute(f"SELECT coalesce(max(notification_id), 0) FROM {table}").fetchone()[0]
        cursor.executemany(
            f"INSERT INTO {table} VALUES (?, ?, ?, ?, ?)",
            [
                (position, stream.bytes, version, topic, state)
                for position, (stream, version, topic, state) in enumerate(entries, last + 1)
            ],
        )
        return last + len(entries)

    def _insert_events(self, c: SQLiteCursor, stored_events: Sequence[StoredEvent], **_: Any) -> Sequence[int]:
        last = self._insert_entries(c.sqlite_cursor, [entry(event) for event in stored_events])
        return list(range(last - len(stored_events) + 1, last + 1))

    def select_rows(self, after: int, limit: int) -> list[Row]:
        """Events as bare rows, in order."""
        with self.datastore.plain() as cursor:
            cursor.execute(
                f"SELECT * FROM {self.events_table_name} WHERE notification_id > ? ORDER BY notification_id LIMIT ?",
                (after, limit),
            )
            return cursor.fetchall()

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """Events of one stream."""
        sql = f"SELECT originator_version, topic, state FROM {self.events_table_name} WHERE originator_id = ?"
        stream = originator_id if isinstance(originator_id, UUID) else UUID(originator_id)
        values: list[bytes | int] = [stream.bytes]
        if gt is not None:
            sql += " AND originator_version > ?"
            values.append(gt)
        if lte is not None:
            sql += " AND originator_version <= ?"
            values.append(lte)
        sql += f" ORDER BY originator_version {'DESC' if desc else 'ASC'}"
        if limit is not None:
            sql += " LIMIT ?"
            values.append(limit)
        with self.datastore.plain() as cursor:
            return [StoredEvent(originator_id, *row) for row in cursor.execute(sql, values)]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """Events in order, as the library's readers want them."""
        sql = f"SELECT * FROM {self.events_table_name} WHERE notification_id >= ?"
        values: list[str | int] = [(start or 0) + (0 if inclusive_of_start else 1)]
        if stop is not None:
            sql += " AND notification_id <= ?"
            values.append(stop)
        if topics:
            sql += f" AND topic IN ({', '.join('?' * len(topics))})"
            values += topics
        sql += " ORDER BY notification_id LIMIT ?"
        values.append(limit)
        with self.datastore.plain() as cursor:
            return [
                Notification(UUID(bytes=stream), version, topic, state, position)
                for position, stream, version, topic, state in cursor.execute(sql, values)
            ]

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> Subscription[ApplicationRecorder]:
        """New events of this recorder as they are stored."""
        return InProcessSubscription(self, gt, topics)


class SqliteTrackingRecorder(SQLiteTrackingRecorder):
    """The library's tracking, unchanged but for the pool."""


class SqliteProcessRecorder(SqliteTrackingRecorder, SqliteRecorder, ProcessRecorder):
    """Events and tracking in one transaction, for the library's own process applications."""

    def __init__(self, datastore: LedgerDatastore, *, events_table_name: str = EVENTS) -> None:
        super().__init__(datastore, events_table_name=events_table_name)

    def _insert_events(self, c: SQLiteCursor, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int]:
        positions = super()._insert_events(c, stored_events, **kwargs)
        if (tracking := kwargs.get("tracking")) is not None:
            self._insert_tracking(c, tracking)
        return positions


class SqliteFactory(SQLiteFactory):
    """Lets the library's `Application` run on these recorders: `PERSISTENCE_MODULE` names this class."""

    application_recorder_class = SqliteRecorder
    tracking_recorder_class = SqliteTrackingRecorder
    process_recorder_class = SqliteProcessRecorder

    def __init__(self, env: Any) -> None:
        super().__init__(env)
        pool = self.datastore.pool
        self.datastore.close()
        self.datastore = LedgerDatastore(pool.db_name, lock_timeout=pool.lock_timeout)


def run(cursor: sqlite3.Cursor, statement: Statement) -> None:
    """Run a statement for all its rows.

    Raises  RowsRefused when it changed another number of rows than it must.
    """
    if len(statement.rows) == 1:
        cursor.execute(statement.sql, statement.rows[0])
    else:
        cursor.executemany(statement.sql, statement.rows)
    if statement.touches is not None and cursor.rowcount != statement.touches:
        message = f"Expected to change {statement.touches} rows, changed {cursor.rowcount}; nothing was stored."
        raise RowsRefused(message)
