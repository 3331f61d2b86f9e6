"""The library's PostgreSQL recorder with one round trip for each append and positions without gaps.

Differs from its base in four ways: one function takes binary arrays and stores events and contents; an advisory lock
keeps the order of positions and commits the same, where the base's table lock would wait for every VACUUM and ANALYZE;
the position is counted up under that lock, so a rolled-back append leaves no gap; and nothing is notified in the
transaction, because PostgreSQL lets only one notifying transaction commit at a time.
"""
# ruff: noqa: S608 - only names from our own constants stand in the SQL, every value is bound

import zlib
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from eventsourcing.persistence import Notification, ProcessRecorder, StoredEvent
from eventsourcing.postgres import (
    PostgresApplicationRecorder,
    PostgresDatastore,
    PostgresFactory,
    PostgresTrackingRecorder,
)
from psycopg import Connection, Cursor
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import dict_row, tuple_row
from psycopg.sql import SQL, Composed, Identifier, Literal

from adapters.store.contents import UNREDACT, PackedContent
from adapters.store.database import Entry, Row, entry
from adapters.store.errors import RowsRefused
from adapters.store.schema import EVENTS
from adapters.store.statements import Statement, numbered

IDLE_TIMEOUT = 60.0
"""Seconds that a transaction may stand idle: none of ours computes for longer between two statements."""

Plain = Cursor[tuple[Any, ...]]


class LedgerDatastore(PostgresDatastore):
    """The library's data store over a libpq connection string, in one schema."""

    def __init__(
        self,
        conninfo: str,
        *,
        schema: str,
        read_only: bool = False,
        composites: bool = False,
        pool_size: int = 1,
        timeout: float = 5.0,
    ) -> None:
        self._read_only = read_only
        self._composites = composites
        super().__init__(
            dbname="",
            host="",
            port="",
            user="",
            password="",
            schema=schema,
            connect_timeout=timeout,
            idle_in_transaction_session_timeout=IDLE_TIMEOUT,
            pool_size=pool_size,
        )
        # Everything that libpq understands counts, not only the five parts that the base names.
        self.pool.kwargs = {**conninfo_to_dict(conninfo), "row_factory": dict_row}

    def after_connect_func(self) -> Callable[[Connection[Any]], None]:
        """What every new connection is told."""
        configure = super().after_connect_func()
        schema = self.schema
        read_only = self._read_only

        def after_connect(connection: Connection[Any]) -> None:
            configure(connection)
            connection.execute(SQL("SET search_path TO {}").format(Identifier(schema)))
            # The append function must see what was committed while it waited for the lock.
            connection.execute("SET default_transaction_isolation TO 'read committed'")
            if read_only:
                connection.execute("SET default_transaction_read_only TO on")

        return after_connect

    def register_type_adapters(self) -> None:
        """Nothing to register for our recorder, whose arrays are of base types, unlike the library's own."""
        if self._composites:
            super().register_type_adapters()

    @contextmanager
    def plain(self, *, transaction: bool = False) -> Generator[Plain]:
        """A cursor of binary values and bare tuples, each statement by itself unless `transaction`."""
        with self.get_connection() as connection:
            cursor = connection.cursor(binary=True, row_factory=tuple_row)
            if transaction:
                with connection.transaction(), cursor:
                    yield cursor
            else:
                with cursor:
                    yield cursor


class PostgresRecorder(PostgresApplicationRecorder):
    """Events, contents and statements of one transaction, in and out of PostgreSQL."""

    datastore: LedgerDatastore

    def __init__(self, datastore: LedgerDatastore, *, events_table_name: str = EVENTS) -> None:
        super().__init__(datastore, events_table_name=events_table_name)
        schema = datastore.schema
        self._table = SQL("{}.{}").format(Identifier(schema), Identifier(events_table_name)).as_string()
        function = SQL("{}.{}").format(Identifier(schema), Identifier(f"{events_table_name}_append")).as_string()
        # One ledger, one lock: ledgers in other schemas never wait for this one.
        key = zlib.crc32(f"{schema}.{events_table_name}".encode())
        four = "%b::uuid[], %b::bigint[], %b::text[], %b::bytea[]"
        self._append = f"SELECT {function}({four})"
        self._append_with_contents = f"SELECT {function}({four}, %b::bytea[], %b::bigint[], %b::bytea[])"
        self.sql_create_statements = self._create_statements(Identifier(schema), Literal(key))

    def _create_statements(self, schema: Identifier, key: Literal) -> list[Composed]:
        names = {
            "schema": schema,
            "table": Identifier(self.events_table_name),
            "function": Identifier(f"{self.events_table_name}_append"),
            "contents": Identifier("contents"),
            "unredact": SQL(UNREDACT),
            "key": key,
        }
        return [
            SQL(
                "CREATE TABLE IF NOT EXISTS {schema}.{table} (notification_id bigint PRIMARY KEY,"
                " originator_id uuid NOT NULL, originator_version bigint NOT NULL, topic text NOT NULL,"
                " state bytea NOT NULL, UNIQUE (originator_id, originator_version))"
                # The log only grows: vacuum it rarely, keep its statistics fresh.
                " WITH (autovacuum_vacuum_insert_threshold = 1000000, autovacuum_analyze_scale_factor = 0.02)"
            ).format(**names),
            SQL(
                "CREATE OR REPLACE FUNCTION {schema}.{function}(streams uuid[], versions bigint[], topics text[],"
                " states bytea[], shas bytea[] DEFAULT NULL, zips bigint[] DEFAULT NULL, bodies bytea[] DEFAULT NULL)"
                " RETURNS bigint LANGUAGE plpgsql AS $body$"
                " DECLARE last bigint;"
                " BEGIN"
                "   PERFORM pg_advisory_xact_lock({key});"
                "   SELECT coalesce(max(notification_id), 0) INTO last FROM {schema}.{table};"
                "   INSERT INTO {schema}.{table} (notification_id, originator_id, originator_version, topic, state)"
                "     SELECT last + n, i, v, t, s"
                "     FROM unnest(streams, versions, topics, states) WITH ORDINALITY AS e(i, v, t, s, n);"
                "   IF shas IS NOT NULL THEN"
                "     INSERT INTO {schema}.{contents} SELECT * FROM unnest(shas, zips, bodies)"
                "       {unredact};"
                "   END IF;"
                "   RETURN last;"
                " END $body$"
            ).format(**names),
        ]

    def insert_entries(
        self, entries: Sequence[Entry], contents: Sequence[PackedContent] = (), also: Sequence[Statement] = ()
    ) -> int:
        """Store events and what belongs to them in one transaction; the last position in the ledger then."""
        with self.datastore.plain(transaction=bool(also)) as cursor:
            last = self._insert_entries(cursor, entries, contents) if entries or contents else 0
            for statement in also:
                run(cursor, statement)
            return last

    def _insert_entries(self, cursor: Plain, entries: Sequence[Entry], contents: Sequence[PackedContent] = ()) -> int:
        columns: list[list[Any]] = [list(column) for column in zip(*entries, strict=True)] or [[], [], [], []]
        sql = self._append
        if contents:
            sql = self._append_with_contents
            columns += [list(column) for column in zip(*contents, strict=True)]
        return cursor.execute(sql.encode(), columns, prepare=True).fetchall()[0][0] + len(entries)

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        """Store events the library's way; their positions.

        Not repeated here after a lost connection, as the base does: the first try may have been committed.
        """
        if not (stored_events or kwargs):
            return []
        with self.datastore.plain(transaction=bool(kwargs)) as cursor:
            last = self._insert_entries(cursor, [entry(event) for event in stored_events]) if stored_events else 0
            self._insert_more(cursor, **kwargs)
        return list(range(last - len(stored_events) + 1, last + 1))

    def _insert_more(self, cursor: Plain, **kwargs: Any) -> None:
        """What a subclass adds to the transaction."""

    def select_rows(self, after: int, limit: int) -> list[Row]:
        """Events as bare rows, in order."""
        with self.datastore.plain() as cursor:
            cursor.execute(
                "SELECT notification_id, uuid_send(originator_id), originator_version, topic, state"
                f" FROM {self._table} WHERE notification_id > %b ORDER BY notification_id LIMIT %b".encode(),
                (after, limit),
                prepare=True,
            )
            return cursor.fetchall()  # type: ignore[return-value]  # the columns named above

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
        sql = f"SELECT originator_version, topic, state FROM {self._table} WHERE originator_id = %b"
        values: list[UUID | str | int] = [originator_id]
        if gt is not None:
            sql += " AND originator_version > %b"
            values.append(gt)
        if lte is not None:
            sql += " AND originator_version <= %b"
            values.append(lte)
        sql += f" ORDER BY originator_version {'DESC' if desc else 'ASC'}"
        if limit is not None:
            sql += " LIMIT %b"
            values.append(limit)
        with self.datastore.plain() as cursor:
            rows = cursor.execute(sql.encode(), values, prepare=True).fetchall()
        return [StoredEvent(originator_id, *row) for row in rows]

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
        sql = (
            "SELECT originator_id, originator_version, topic, state, notification_id"
            f" FROM {self._table} WHERE notification_id >= %b"
        )
        values: list[Any] = [(start or 0) + (0 if inclusive_of_start else 1)]
        if stop is not None:
            sql += " AND notification_id <= %b"
            values.append(stop)
        if topics:
            sql += " AND topic = ANY(%b)"
            values.append(list(topics))
        sql += " ORDER BY notification_id LIMIT %b"
        values.append(limit)
        with self.datastore.plain() as cursor:
            return [Notification(*row) for row in cursor.execute(sql.encode(), values, prepare=True).fetchall()]


class PostgresTracker(PostgresTrackingRecorder):
    """The library's tracking, unchanged."""


class PostgresProcess(PostgresTracker, PostgresRecorder, ProcessRecorder):
    """Events and tracking in one transaction, for the library's own process applications."""

    def __init__(
        self, datastore: LedgerDatastore, *, events_table_name: str = EVENTS, tracking_table_name: str = "tracking"
    ) -> None:
        super().__init__(datastore, tracking_table_name=tracking_table_name, events_table_name=events_table_name)

    def _insert_more(self, cursor: Plain, **kwargs: Any) -> None:
        if (tracking := kwargs.get("tracking")) is not None:
            self._insert_tracking(cursor, tracking)  # pyright: ignore[reportArgumentType] - it reads no row by name


class LedgerFactory(PostgresFactory):
    """Lets the library's `Application` run on these recorders: `PERSISTENCE_MODULE` names this class."""

    application_recorder_class = PostgresRecorder
    tracking_recorder_class = PostgresTracker
    process_recorder_class = PostgresProcess

    def __init__(self, env: Any) -> None:
        super().__init__(env)
        theirs = self.datastore
        parts = {name: value for name, value in dict(theirs.pool.kwargs).items() if name != "row_factory"}
        theirs.close()
        self.datastore = LedgerDatastore(
            make_conninfo(**parts),
            schema=theirs.schema,
            composites=True,
            pool_size=theirs.pool.min_size,
            timeout=theirs.pool.timeout,
        )


def run(cursor: Plain, statement: Statement) -> None:
    """Run a statement for all its rows.

    Raises  RowsRefused when it changed another number of rows than it must.
    """
    sql = numbered(statement.sql)
    if statement.as_arrays:
        if statement.rows:
            cursor.execute(sql, statement.rows, prepare=True)
    elif len(statement.rows) == 1:
        cursor.execute(sql, statement.rows[0])
    else:
        cursor.executemany(sql, statement.rows)
    if statement.touches is not None and cursor.rowcount != statement.touches:
        message = f"Expected to change {statement.touches} rows, changed {cursor.rowcount}; nothing was stored."
        raise RowsRefused(message)
