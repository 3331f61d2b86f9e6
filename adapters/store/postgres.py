"""The ledger in a schema of a PostgreSQL database."""
# ruff: noqa: S608 - only names from our own constants stand in the SQL, every value is bound

import zlib
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager, suppress
from typing import Any
from uuid import UUID

import psycopg
from eventsourcing.persistence import (
    DataError,
    IntegrityError,
    InterfaceError,
    PersistenceError,
    ProgrammingError,
)
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL, Identifier

from adapters.store import schema
from adapters.store.contents import PackedContent
from adapters.store.copying import begin
from adapters.store.database import Conflict, Entry, Filling, Release, Row, Snapshot, StoredState
from adapters.store.errors import READ_ONLY, ConnectionLost, Locked, RowsRefused, StoreUnavailable
from adapters.store.postgres_copy import PostgresFilling, PostgresSnapshot
from adapters.store.postgres_recorder import LedgerDatastore, PostgresRecorder
from adapters.store.statements import PostgresDialect, Statement, numbered
from adapters.store.threads import READERS

SCHEMA = "siteledger"

TRANSIENT = frozenset({"08000", "08003", "08006", "40001", "40P01", "57P01", "57P02", "57P03"})
"""States after which the same transaction may succeed: a broken connection, a restart, a deadlock.

Source  https://www.postgresql.org/docs/current/errcodes-appendix.html
"""

SAYS = {
    "53100": "The disk of the PostgreSQL server is full. Nothing is lost; make room there.",
    "53300": "The PostgreSQL server has no connection left. SiteLedger needs up to ten for each process.",
    "28000": "The PostgreSQL server refuses this user.",
    "28P01": "The PostgreSQL server refuses this password.",
    "3D000": "This PostgreSQL database does not exist.",
    "42501": "The PostgreSQL user lacks a right. It must be allowed to create a schema in this database and use it.",
    "25006": "The PostgreSQL server is read-only, such as a standby.",
    "55P03": "The PostgreSQL server could not give a lock in time.",
}


class PostgresDatabase:
    """One writing connection, a few that only read, and one for each lock that is held."""

    def __init__(self, conninfo: str, schema_name: str = SCHEMA) -> None:
        self.dialect = PostgresDialect()
        try:
            parts = conninfo_to_dict(conninfo)
        except psycopg.ProgrammingError as error:
            message = f"The store URL is not one that PostgreSQL understands: {error}"
            raise StoreUnavailable(message) from None
        self._conninfo = conninfo
        self._place = f"{parts.get('dbname') or 'the default database'} on {parts.get('host') or 'this computer'}"
        self._schema = schema_name
        self._writing = LedgerDatastore(conninfo, schema=schema_name)
        self._reading = LedgerDatastore(conninfo, schema=schema_name, read_only=True, pool_size=READERS)
        self._recorder = PostgresRecorder(self._writing)
        self._reader = PostgresRecorder(self._reading)

    def upgrade(self, at: str, *, everything: bool = False) -> tuple[int, int]:
        """Bring the schema up to date in one transaction under an advisory lock."""
        with self._alone() as cursor:
            return schema.apply(_Session(cursor), self._upgrades(), at, everything=everything)

    def _upgrades(self) -> tuple[schema.Upgrade, ...]:
        tables = tuple(statement.as_string() for statement in self._recorder.sql_create_statements)
        return schema.upgrades(self.dialect, tables)

    @contextmanager
    def _alone(self) -> Generator[psycopg.Cursor[Any]]:
        with self._translated(), psycopg.connect(self._conninfo) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", _lock_key(self._schema, "upgrade"))
            # Looked up first, because CREATE SCHEMA IF NOT EXISTS asks for the right to create even when it exists.
            if not cursor.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", (self._schema,)).fetchall():
                cursor.execute(SQL("CREATE SCHEMA {}").format(Identifier(self._schema)))
            cursor.execute(SQL("SET LOCAL search_path TO {}").format(Identifier(self._schema)))
            yield cursor

    @contextmanager
    def snapshot(self) -> Generator[Snapshot]:
        """One transaction that reads, at one moment, on a connection of its own."""
        with self._translated(), psycopg.connect(self._conninfo) as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            with connection.cursor() as cursor:
                cursor.execute(SQL("SET LOCAL search_path TO {}").format(Identifier(self._schema)))
                yield PostgresSnapshot(cursor)

    @contextmanager
    def filling(self, number: int, at: str) -> Generator[Filling]:
        """One transaction that writes, under the lock for upgrades."""
        with self._alone() as cursor:
            begin(_Session(cursor), self._upgrades(), number, at)
            yield PostgresFilling(cursor)
            schema.apply(_Session(cursor), self._upgrades(), at)

    def append(self, events: Sequence[Entry], contents: Sequence[PackedContent], also: Sequence[Statement]) -> int:
        """Store all in one transaction; the position of the last event, 0 where there is none."""
        with self._translated():
            last = self._recorder.insert_entries(events, contents, also)
            return last if events else 0

    def last_position(self) -> int:
        """The position of the newest event, 0 in an empty ledger."""
        return self.rows(f"SELECT coalesce(max(notification_id), 0) FROM {schema.EVENTS}", ())[0][0]

    def read(self, after: int, limit: int) -> list[Row]:
        """Events in order of their positions."""
        with self._translated():
            return self._reader.select_rows(after, limit)

    def load(self, streams: Sequence[tuple[UUID, int]]) -> list[StoredState]:
        """Events of streams, each after a version."""
        sql = (
            "SELECT uuid_send(e.originator_id), e.topic, e.state FROM unnest(?::uuid[], ?::bigint[])"
            f" AS wanted(stream, version) JOIN {schema.EVENTS} AS e ON e.originator_id = wanted.stream"
            " AND e.originator_version > wanted.version ORDER BY e.originator_id, e.originator_version"
        )
        return self.rows(sql, [list(column) for column in zip(*streams, strict=True)])  # type: ignore[return-value]

    def stored(self, stream: UUID, versions: Sequence[int]) -> dict[int, tuple[int, str, bytes]]:
        """Position, topic and JSON of events of a stream, by version."""
        sql = (
            f"SELECT originator_version, notification_id, topic, state FROM {schema.EVENTS}"
            " WHERE originator_id = ? AND originator_version = ANY(?)"
        )
        return {row[0]: (row[1], row[2], row[3]) for row in self.rows(sql, (stream, list(versions)))}

    def versions(self, streams: Iterable[UUID]) -> dict[UUID, int]:
        """The newest version of each stream that exists."""
        sql = (
            f"SELECT originator_id, max(originator_version) FROM {schema.EVENTS}"
            " WHERE originator_id = ANY(?) GROUP BY originator_id"
        )
        return {row[0]: row[1] for row in self.rows(sql, (list(streams),))}

    def contents(self, shas: Sequence[str]) -> list[PackedContent]:
        """Bodies under these names, as they are stored."""
        sql = "SELECT sha256, zipped, body FROM contents WHERE sha256 = ANY(?)"
        return self.rows(sql, ([bytes.fromhex(sha) for sha in shas],))  # type: ignore[return-value]

    def rows(self, sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Rows of a query, on a connection that can't write."""
        with self._translated(), self._reading.plain() as cursor:
            try:
                return cursor.execute(numbered(sql), values, prepare=True).fetchall()
            except psycopg.errors.ReadOnlySqlTransaction as error:
                raise RowsRefused(READ_ONLY) from error

    def lock(self, name: str) -> Release:
        """Take an advisory lock on a connection of its own; the server drops it when the connection is lost."""
        with self._translated():
            connection = psycopg.connect(self._conninfo, autocommit=True)
            try:
                key = _lock_key(self._schema, f"lock {name}")
                row = connection.execute("SELECT pg_try_advisory_lock(%s, %s)", key).fetchone()
                if row == (True,):
                    return lambda: _unlock(connection, key)
            except BaseException:
                connection.close()
                raise
            connection.close()
            raise Locked(name)

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
        except (ProgrammingError, DataError) as error:
            if _state(error.__cause__) in SAYS:
                raise self._unavailable(error.__cause__) from error
            message = f"A statement of this transaction can't be run; nothing was stored ({error})."
            raise RowsRefused(message) from error
        except InterfaceError as error:
            raise self._unavailable(error.__cause__, lost=True) from error
        except PersistenceError as error:
            raise self._unavailable(error.__cause__, lost=_state(error.__cause__) is None) from error
        except psycopg.Error as error:
            # Only from the connections that are opened here, so nothing was under way that could be lost.
            raise self._unavailable(error) from error

    def _unavailable(self, error: BaseException | None, *, lost: bool = False) -> StoreUnavailable:
        state = _state(error)
        detail = str(error or "no answer").strip().splitlines()[0]
        text = SAYS.get(state or "", "The PostgreSQL server can't be used.")
        message = f"{text} Database {self._place}: {detail}"
        return ConnectionLost(message) if lost or state in TRANSIENT else StoreUnavailable(message)


def _unlock(connection: psycopg.Connection[Any], key: tuple[int, int]) -> None:
    """Gives the lock back and waits for the server to say so: after a mere close it is held for a moment longer."""
    # Where the connection is lost, the server has dropped the lock with it.
    with suppress(psycopg.OperationalError), connection:
        connection.execute("SELECT pg_advisory_unlock(%s, %s)", key)


class _Session:
    def __init__(self, cursor: psycopg.Cursor[Any]) -> None:
        self._cursor = cursor

    def fetch(self, sql: str) -> list[tuple[int]]:
        return self._cursor.execute(numbered(sql), ()).fetchall()

    def run(self, sql: str, values: tuple[str | int, ...] = ()) -> None:
        if values:
            self._cursor.execute(numbered(sql), values)
        else:
            self._cursor.execute(sql.encode())


def _state(error: BaseException | None) -> str | None:
    return error.sqlstate if isinstance(error, psycopg.Error) else None


def _lock_key(schema_name: str, name: str) -> tuple[int, int]:
    """Two signed numbers of 32 bits, as PostgreSQL takes them."""
    return _signed(zlib.crc32(schema_name.encode())), _signed(zlib.crc32(name.encode()))


def _signed(number: int) -> int:
    return number - (1 << 31)
