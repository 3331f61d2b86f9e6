"""All rows of a PostgreSQL store out of it, and into an empty one, by COPY."""
# ruff: noqa: S608 - only names from our own constants stand in the SQL

from collections.abc import Generator, Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID

import psycopg

from adapters.store.copying import CHUNK
from adapters.store.schema import FOUND, Kept
from adapters.store.statements import Columns, numbered

TYPES = {"text": "text", "bigint": "int8", "bytea": "bytea", "uuid": "uuid"}


class PostgresSnapshot:
    """All tables at one moment; the transaction is the caller's."""

    def __init__(self, cursor: psycopg.Cursor[Any]) -> None:
        self._cursor = cursor
        exists = "SELECT 1 FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'schema_version'"
        found = cursor.execute(exists).fetchall() and cursor.execute(FOUND.encode()).fetchall()
        self.number: int = found[0][0] if found else 0

    def rows(self, table: Kept) -> Iterator[tuple[Any, ...]]:
        """Rows of a table by its key."""
        names = ", ".join(f"uuid_send({name})" if kind == "uuid" else name for name, kind in table.columns)
        order = ", ".join(table.key)
        sql = f"COPY (SELECT {names} FROM {table.name} ORDER BY {order}) TO STDOUT (FORMAT BINARY)"
        with self._cursor.copy(sql.encode()) as copy:
            copy.set_types(["bytea" if kind == "uuid" else TYPES[kind] for _, kind in table.columns])
            yield from copy.rows()

    def select(self, sql: str, values: Sequence[Any] = ()) -> Generator[tuple[Any, ...]]:
        """Rows of a query, by a cursor that the server keeps."""
        with self._cursor.connection.cursor("rows") as cursor:
            cursor.itersize = CHUNK
            cursor.execute(numbered(sql), values)
            yield from cursor


class PostgresFilling:
    """A store that is being filled; the transaction is the caller's."""

    def __init__(self, cursor: psycopg.Cursor[Any]) -> None:
        self._cursor = cursor

    def put(self, table: Kept, columns: Columns, rows: Iterable[tuple[Any, ...]]) -> None:
        """Insert rows."""
        names = ", ".join(name for name, _ in columns)
        ids = [place for place, (_, kind) in enumerate(columns) if kind == "uuid"]
        with self._cursor.copy(f"COPY {table.name} ({names}) FROM STDIN (FORMAT BINARY)".encode()) as copy:
            copy.set_types([TYPES[kind] for _, kind in columns])
            for row in rows:
                copy.write_row(_with_ids(row, ids) if ids else row)


def _with_ids(row: tuple[Any, ...], places: list[int]) -> tuple[Any, ...]:
    return tuple(UUID(bytes=value) if place in places else value for place, value in enumerate(row))
