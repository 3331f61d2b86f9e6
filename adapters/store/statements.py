"""SQL that is the same on both databases, but for a few spellings that stand here."""
# ruff: noqa: S608 - only names from our own constants stand in the SQL, every value is bound

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

Value = str | int | bytes | None
"""What a column may hold. Amounts are decimal text, moments ISO 8601 text in UTC."""

READERS = (
    "SELECT DISTINCT r.rolname FROM pg_class AS c CROSS JOIN LATERAL aclexplode(c.relacl) AS a JOIN pg_roles AS r"
    " ON r.oid = a.grantee WHERE c.oid = 'projection_checkpoint'::regclass AND a.privilege_type = 'SELECT'"
    " AND r.oid <> c.relowner ORDER BY 1"
)
"""Roles of PostgreSQL that read the read schema: those that were granted the checkpoints."""

Columns = Sequence[tuple[str, str]]
"""Names with types: `text`, `bigint` or `bytea`."""


@dataclass(frozen=True)
class Statement:
    """One statement of a transaction, with `?` for each value.

    Shape   `rows` holds the values of each run; with `as_arrays` the statement runs once and each item of `rows` is a
            column. `touches` is the number of rows that it must change in all, or the transaction is refused.
    """

    sql: str
    rows: Sequence[Sequence[Value]] = ((),)
    touches: int | None = None
    as_arrays: bool = False


class Dialect(Protocol):
    """The spellings of one database."""

    name: str

    def table(self, name: str, columns: Columns, key: Sequence[str]) -> str:
        """Statement that creates a table."""
        ...

    def in_list(self, column: str, values: Sequence[Value]) -> tuple[str, Any]:
        """Condition that a column holds one of these values, and its one parameter."""
        ...

    def select(
        self, table: str, columns: Sequence[str], key: Columns, keys: Sequence[Sequence[Value]]
    ) -> tuple[str, Sequence[Any]]:
        """Query for the rows under these keys, and its parameters."""
        ...

    def put(self, table: str, columns: Columns, key: Sequence[str], rows: Sequence[Sequence[Value]]) -> Statement:
        """Statement that inserts rows or replaces the ones under the same keys."""
        ...

    def add(self, table: str, columns: Columns, rows: Sequence[Sequence[Value]]) -> Statement:
        """Statement that inserts rows."""
        ...

    def delete(self, table: str, key: Columns, keys: Sequence[Sequence[Value]]) -> Statement:
        """Statement that removes all rows whose columns hold one of these tuples."""
        ...

    def share(self, tables: Sequence[str]) -> Sequence[str]:
        """Statements that let the readers of this store read tables that are new, none where there are no readers."""
        ...


def _names(columns: Columns) -> str:
    return ", ".join(name for name, _ in columns)


def _on_conflict(columns: Columns, key: Sequence[str]) -> str:
    rest = [name for name, _ in columns if name not in key]
    action = f"UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in rest)}" if rest else "NOTHING"
    return f"ON CONFLICT ({', '.join(key)}) DO {action}"


class SqliteDialect:
    """SQLite 3.35 or newer."""

    name = "sqlite"

    def table(self, name: str, columns: Columns, key: Sequence[str]) -> str:
        """Statement that creates a table."""
        body = ", ".join(f"{column} {'BLOB' if kind == 'bytea' else kind.upper()}" for column, kind in columns)
        return f"CREATE TABLE {name} ({body}, PRIMARY KEY ({', '.join(key)}))"

    def in_list(self, column: str, values: Sequence[Value]) -> tuple[str, Any]:
        """Condition that a column holds one of these values; one parameter, as SQLite limits their number."""
        return f"{column} IN (SELECT value FROM json_each(?))", json.dumps(list(values))

    def select(
        self, table: str, columns: Sequence[str], key: Columns, keys: Sequence[Sequence[Value]]
    ) -> tuple[str, Sequence[Any]]:
        """Query for the rows under these keys."""
        picks = ", ".join(f"json_extract(value, '$[{place}]')" for place in range(len(key)))
        sql = f"SELECT {', '.join(columns)} FROM {table} WHERE ({_names(key)}) IN (SELECT {picks} FROM json_each(?))"
        return sql, (json.dumps([list(item) for item in keys]),)

    def put(self, table: str, columns: Columns, key: Sequence[str], rows: Sequence[Sequence[Value]]) -> Statement:
        """Statement that inserts rows or replaces the ones under the same keys."""
        marks = ", ".join("?" * len(columns))
        return Statement(f"INSERT INTO {table} ({_names(columns)}) VALUES ({marks}) {_on_conflict(columns, key)}", rows)

    def add(self, table: str, columns: Columns, rows: Sequence[Sequence[Value]]) -> Statement:
        """Statement that inserts rows."""
        marks = ", ".join("?" * len(columns))
        return Statement(f"INSERT INTO {table} ({_names(columns)}) VALUES ({marks})", rows)

    def delete(self, table: str, key: Columns, keys: Sequence[Sequence[Value]]) -> Statement:
        """Statement that removes all rows whose columns hold one of these tuples."""
        where = " AND ".join(f"{name} = ?" for name, _ in key)
        return Statement(f"DELETE FROM {table} WHERE {where}", keys)

    def share(self, tables: Sequence[str]) -> Sequence[str]:  # noqa: ARG002 - a file has no roles
        """Nothing: whoever may read the file reads all of it."""
        return ()


class PostgresDialect:
    """PostgreSQL 14 or newer; many rows travel as one array for each column, in one round trip."""

    name = "postgresql"

    def table(self, name: str, columns: Columns, key: Sequence[str]) -> str:
        """Statement that creates a table; text sorts by code points, as on SQLite."""
        body = ", ".join(
            f'{column} TEXT COLLATE "C"' if kind == "text" else f"{column} {kind.upper()}" for column, kind in columns
        )
        return f"CREATE TABLE {name} ({body}, PRIMARY KEY ({', '.join(key)}))"

    def in_list(self, column: str, values: Sequence[Value]) -> tuple[str, Any]:
        """Condition that a column holds one of these values."""
        return f"{column} = ANY(?)", list(values)

    def select(
        self, table: str, columns: Sequence[str], key: Columns, keys: Sequence[Sequence[Value]]
    ) -> tuple[str, Sequence[Any]]:
        """Query for the rows under these keys."""
        picks = ", ".join(f"t.{column}" for column in columns)
        match = " AND ".join(f"t.{name} = k.{name}" for name, _ in key)
        sql = f"SELECT {picks} FROM {_unnest(key)} AS k({_names(key)}) JOIN {table} AS t ON {match}"
        return sql, [list(column) for column in zip(*keys, strict=True)]

    def put(self, table: str, columns: Columns, key: Sequence[str], rows: Sequence[Sequence[Value]]) -> Statement:
        """Statement that inserts rows or replaces the ones under the same keys."""
        sql = f"INSERT INTO {table} ({_names(columns)}) SELECT * FROM {_unnest(columns)} {_on_conflict(columns, key)}"
        return Statement(sql, _transposed(rows), as_arrays=True)

    def add(self, table: str, columns: Columns, rows: Sequence[Sequence[Value]]) -> Statement:
        """Statement that inserts rows."""
        sql = f"INSERT INTO {table} ({_names(columns)}) SELECT * FROM {_unnest(columns)}"
        return Statement(sql, _transposed(rows), as_arrays=True)

    def delete(self, table: str, key: Columns, keys: Sequence[Sequence[Value]]) -> Statement:
        """Statement that removes all rows whose columns hold one of these tuples."""
        match = " AND ".join(f"t.{name} = k.{name}" for name, _ in key)
        sql = f"DELETE FROM {table} AS t USING {_unnest(key)} AS k({_names(key)}) WHERE {match}"
        return Statement(sql, _transposed(keys), as_arrays=True)

    def share(self, tables: Sequence[str]) -> Sequence[str]:
        """Grants end with their table, so whoever may read the checkpoints is granted each table anew."""
        grant = f"EXECUTE format('GRANT SELECT ON {', '.join(tables)} TO %I', reader)"
        return (f"DO $$ DECLARE reader name; BEGIN FOR reader IN {READERS} LOOP {grant}; END LOOP; END $$",)


def _unnest(columns: Columns) -> str:
    return f"unnest({', '.join(f'?::{kind}[]' for _, kind in columns)})"


def _transposed(rows: Sequence[Sequence[Value]]) -> list[list[Value]]:
    return [list(column) for column in zip(*rows, strict=True)]


@lru_cache(maxsize=512)
def numbered(sql: str) -> bytes:
    """`?` outside of quotes becomes psycopg's binary placeholder, and `%` is doubled."""
    parts = sql.replace("%", "%%").split("'")
    parts[::2] = [part.replace("?", "%b") for part in parts[::2]]
    return "'".join(parts).encode()
