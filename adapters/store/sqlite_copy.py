"""All rows of a SQLite store out of it, and into an empty one."""
# ruff: noqa: S608 - only names from our own constants stand in the SQL, every value is bound

import sqlite3
from collections.abc import Generator, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from adapters.store.copying import CHUNK
from adapters.store.schema import FOUND, Kept
from adapters.store.statements import Columns


class SqliteSnapshot:
    """All tables at one moment; the transaction is the caller's."""

    def __init__(self, cursor: sqlite3.Cursor) -> None:
        self._cursor = cursor
        # A transaction of SQLite begins to see its moment at the first read.
        exists = "SELECT 1 FROM sqlite_schema WHERE name = 'schema_version'"
        found = cursor.execute(exists).fetchall() and cursor.execute(FOUND).fetchall()
        self.number: int = found[0][0] if found else 0

    def rows(self, table: Kept) -> Iterator[tuple[Any, ...]]:
        """Rows of a table by its key."""
        names = ", ".join(name for name, _ in table.columns)
        return self.select(f"SELECT {names} FROM {table.name} ORDER BY {', '.join(table.key)}")

    def select(self, sql: str, values: Sequence[Any] = ()) -> Generator[tuple[Any, ...]]:
        """Rows of a query, on a cursor of their own."""
        cursor = self._cursor.connection.cursor()
        cursor.row_factory = None  # bare tuples, as the caller's
        try:
            cursor.execute(sql, values)
            while page := cursor.fetchmany(CHUNK):
                yield from page
        finally:
            cursor.close()


class SqliteFilling:
    """A store that is being filled; the transaction is the caller's."""

    def __init__(self, cursor: sqlite3.Cursor) -> None:
        self._cursor = cursor

    def put(self, table: Kept, columns: Columns, rows: Iterable[tuple[Any, ...]]) -> None:
        """Insert rows."""
        names = ", ".join(name for name, _ in columns)
        sql = f"INSERT INTO {table.name} ({names}) VALUES ({', '.join('?' * len(columns))})"
        left = iter(rows)
        while page := list(islice(left, CHUNK)):
            self._cursor.executemany(sql, page)
