"""What a projection is: a named, versioned fold of events into tables, and the rows that it may use.

A fold is pure. The projector reads the rows under `keys` for a whole page of events at once, folds in memory, and
writes the last state of each row together with the checkpoint, so a fold may look only at rows that it asked for.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from operator import itemgetter
from typing import Any, Literal
from uuid import UUID

ColumnType = Literal["text", "bigint", "numeric"]
"""`numeric` is an amount: decimal text on both databases, so that nothing is rounded. Text sorts by code points."""

Value = str | int | None
Key = tuple[Value, ...]
Row = dict[str, Any]
Normal = Callable[[Sequence[Any]], Key]
"""How values become what is stored: `plain` or `without_nul`."""

_PLAIN = frozenset({str, int, type(None)})


@dataclass(frozen=True)
class Column:
    """One column of the documented read schema. `doc` says what it holds, in which unit."""

    name: str
    type: ColumnType
    doc: str


@dataclass(frozen=True)
class Table:
    """One table of the documented read schema.

    Shape   `key` names the columns that make a row unique; `indexes` are tuples of columns to search by.
    Raises  ValueError when a name is used twice or is no column.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    indexes: tuple[tuple[str, ...], ...] = ()
    doc: str = ""

    def __post_init__(self) -> None:
        """Check the names, so that a slip shows at import and not in SQL."""
        names = [column.name for column in self.columns]
        unknown = {name for group in (self.key, *self.indexes) for name in group} - set(names)
        if len(names) != len(set(names)) or unknown or not self.key:
            message = f"table {self.name}: a column twice, no key, or no such column: {sorted(unknown)}"
            raise ValueError(message)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return tuple(column.name for column in self.columns)


Keys = Iterable[tuple[Table, Sequence[Any]]]
"""Rows by table and key; a key that is only the beginning of one means all rows `under` it."""


@dataclass(frozen=True)
class Projection:
    """A fold of some topics into some tables. A new `version` is rebuilt at the next start.

    Shape   `fold(rows, event, position)`. `keys(event)` yields (table, key) of every row that `fold` may `get`; rows
            that it only puts, appends, deletes or clears need no key. `further(events, get)` is asked once for a page,
            with the rows of `keys` at hand, for rows that only these name, such as the group that a row belongs to. No
            `topics` means all. `views` maps a topic to a
            type with fewer fields, which is read many times faster; other topics are read as the registry says.
            `bodies(event)` names the contents, by their digests, that `fold` reads for it. A
            `skippable` projection sets an event aside that it can't read; any other stops there. With `mentions`, only
            events whose stored JSON holds one of these texts are read at all: names of flows, where others are folded
            into nothing anyway.
    """

    name: str
    version: int
    tables: tuple[Table, ...]
    fold: Callable[["Rows", Any, int], None]
    keys: Callable[[Any], Keys] = field(default=lambda _: ())
    further: Callable[[Sequence[Any], Callable[[Table, Sequence[Any]], Row | None]], Keys] | None = None
    bodies: Callable[[Any], Iterable[str]] | None = None
    topics: tuple[str, ...] = ()
    mentions: tuple[str, ...] = ()
    views: Mapping[str, type[Any]] = field(default_factory=dict[str, type[Any]])
    skippable: bool = False
    doc: str = ""


class UndeclaredKey(LookupError):
    """A fold looked at a row that its `keys` does not name for this event: a fault of the projection."""

    def __init__(self, table: str, key: Key) -> None:
        super().__init__(f"{table} {key} was not asked for; name it in `keys` or `further`")


@dataclass(frozen=True)
class Changes:
    """What a page of events did to one table, in the order in which it must be written."""

    table: Table
    cleared: list[Key]
    deleted: list[Key]
    put: list[Key]
    added: list[Key]


class Rows:
    """The rows that a fold sees and changes.

    Shape   a row is a dict with every column of its table; `Decimal`, `UUID`, `datetime`, `date` and truth values may
            stand in it and become text or numbers.
    """

    def __init__(
        self,
        tables: Iterable[Table],
        loaded: Mapping[str, Mapping[Key, Key | None]] | None = None,
        stored: Normal | None = None,
        body: Callable[[str], bytes] | None = None,
    ) -> None:
        self._stored = stored or plain
        self._body = body
        found = loaded or {}
        self._tables = {table.name: _Buffer(table, found.get(table.name, {}), self._stored) for table in tables}

    def get(self, table: Table, key: Sequence[Any]) -> Row | None:
        """A copy of the row under a key, None where there is none.

        Raises  UndeclaredKey.
        """
        return self._tables[table.name].get(self._stored(key))

    def under(self, table: Table, key_prefix: Sequence[Any]) -> list[Row]:
        """Copies of all rows whose key begins like this, by key; `keys` named the prefix.

        Raises  UndeclaredKey.
        """
        return self._tables[table.name].under(self._stored(key_prefix))

    def body(self, digest: str) -> bytes:
        """A content that the projection's `bodies` names.

        Raises  UndeclaredKey, LookupError when the ledger does not hold it.
        """
        if self._body is None:
            raise UndeclaredKey("contents", (digest,))
        return self._body(digest)

    def put(self, table: Table, row: Row) -> None:
        """Insert a row, or replace the one under the same key.

        Raises  ValueError when columns are missing or too many.
        """
        self._tables[table.name].put(row)

    def append(self, table: Table, row: Row) -> None:
        """Insert a row under a key that is surely new, such as the position. Cheaper than `put`.

        Raises  ValueError when columns are missing or too many.
        """
        self._tables[table.name].append(row)

    def delete(self, table: Table, key: Sequence[Any]) -> None:
        """Remove the row under a key, if there is one."""
        self._tables[table.name].delete(self._stored(key))

    def clear(self, table: Table, key_prefix: Sequence[Any]) -> None:
        """Remove all rows whose key begins like this."""
        self._tables[table.name].clear(self._stored(key_prefix))

    def changes(self) -> Iterator[Changes]:
        """What is to be written, for each table that changed."""
        return (changes for buffer in self._tables.values() if (changes := buffer.changes()) is not None)


class _Buffer:
    """The rows of one table during one page."""

    def __init__(self, table: Table, loaded: Mapping[Key, Key | None], stored: Normal) -> None:
        self._table = table
        self._stored = stored
        self._names = table.names
        self._width = len(self._names)
        self._pick = _picker(self._names)
        self._key_of = _picker(tuple(self._names.index(name) for name in table.key))
        self._loaded = loaded
        self._now: dict[Key, Key | None] = {}
        self._added: list[Key] = []
        self._cleared: dict[Key, None] = {}
        self._by_prefix: dict[int, dict[Key, set[Key]]] = {}

    def get(self, key: Key) -> Row | None:
        if key in self._now:
            values = self._now[key]
        elif self._is_cleared(key):
            return None
        elif key in self._loaded:
            values = self._loaded[key]
        else:
            raise UndeclaredKey(self._table.name, key)
        return None if values is None else dict(zip(self._names, values, strict=True))

    def under(self, prefix: Key) -> list[Row]:
        length = len(prefix)
        if prefix not in self._loaded:
            raise UndeclaredKey(self._table.name, prefix)
        found = {key: None if self._is_cleared(key) else values for key, values in self._loaded.items()} | self._now
        rows = ((key, values) for key, values in found.items() if key[:length] == prefix and values is not None)
        return [dict(zip(self._names, values, strict=True)) for _, values in sorted(rows, key=itemgetter(0))]

    def put(self, row: Row) -> None:
        values = self._values(row)
        self._set(self._key_of(values), values)

    def append(self, row: Row) -> None:
        self._added.append(self._values(row))

    def delete(self, key: Key) -> None:
        self._set(key, None)

    def clear(self, prefix: Key) -> None:
        length = len(prefix)
        if length not in self._by_prefix:
            groups: dict[Key, set[Key]] = {}
            for key in self._now:
                groups.setdefault(key[:length], set()).add(key)
            self._by_prefix[length] = groups
        for key in self._by_prefix[length].pop(prefix, ()):
            self._now.pop(key, None)
        if self._added:
            self._added = [values for values in self._added if self._key_of(values)[:length] != prefix]
        self._cleared[prefix] = None

    def changes(self) -> Changes | None:
        if not (self._now or self._added or self._cleared):
            return None
        return Changes(
            self._table,
            cleared=list(self._cleared),
            deleted=[key for key, values in self._now.items() if values is None],
            put=[values for values in self._now.values() if values is not None],
            added=self._added,
        )

    def _set(self, key: Key, values: Key | None) -> None:
        self._now[key] = values
        for length, groups in self._by_prefix.items():
            groups.setdefault(key[:length], set()).add(key)

    def _is_cleared(self, key: Key) -> bool:
        return bool(self._cleared) and any(key[:length] in self._cleared for length in range(len(key) + 1))

    def _values(self, row: Row) -> Key:
        if len(row) != self._width:
            message = f"{self._table.name} has the columns {self._names}, not {tuple(row)}"
            raise ValueError(message)
        try:
            return self._stored(self._pick(row))
        except KeyError as error:
            message = f"{self._table.name}: the row lacks {error}"
            raise ValueError(message) from error


def plain(values: Sequence[Any]) -> Key:
    """Values as both databases keep them.

    Raises  TypeError for a value that no column holds, such as a float.
    """
    if _PLAIN.issuperset(map(type, values)):
        return tuple(values)
    return tuple(value if type(value) in _PLAIN else _plain(value) for value in values)


def without_nul(values: Sequence[Any]) -> Key:
    """As `plain`, for events with the character NUL in them, which PostgreSQL refuses in text.

    Raises  TypeError, as `plain`.
    """
    return tuple(value.replace("\0", "\ufffd") if isinstance(value, str) else value for value in plain(values))


def _plain(value: Any) -> Value:
    match value:
        case int():
            return int(value)
        case Decimal():
            return format(value, "f")
        case UUID():
            return str(value)
        case date() | datetime():
            return value.isoformat()
        case str():
            return str(value)
        case _:
            message = f"a column can't hold {value!r}; amounts are Decimal"
            raise TypeError(message)


def _picker(names: Sequence[Any]) -> Callable[[Any], Key]:
    if len(names) == 1:
        (name,) = names
        return lambda row: (row[name],)
    return itemgetter(*names)
