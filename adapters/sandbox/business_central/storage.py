"""Rows in memory: one counter of versions for the whole database, indexes on demand, transactions that roll back."""

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from adapters.sandbox.business_central.values import moment_text

Row = dict[str, Any]
"""One record; never changed once stored, only replaced."""

FIRST_VERSION = 1000
_BLOCK = 1000


@dataclass
class _Table:
    rows: dict[str, Row] = field(default_factory=dict[str, Row])
    indexes: dict[tuple[str, ...], dict[tuple[Any, ...], dict[str, None]]] = field(
        default_factory=dict[tuple[str, ...], dict[tuple[Any, ...], dict[str, None]]]
    )

    def index(self, fields: tuple[str, ...]) -> dict[tuple[Any, ...], dict[str, None]]:
        if fields not in self.indexes:
            self.indexes[fields] = {}
            for row in self.rows.values():
                self.indexes[fields].setdefault(_key(row, fields), {})[row["id"]] = None
        return self.indexes[fields]

    def set(self, row_id: str, row: Row | None) -> Row | None:
        before = self.rows.pop(row_id, None) if row is None else self.rows.get(row_id)
        if row is not None:
            self.rows[row_id] = row
        for fields, index in self.indexes.items():
            if before is not None:
                index[_key(before, fields)].pop(row_id, None)
            if row is not None:
                index.setdefault(_key(row, fields), {})[row_id] = None
        return before


@dataclass(frozen=True, slots=True)
class Change:
    """One committed change of a record."""

    entity_set: str
    record_id: str
    kind: Literal["created", "updated", "deleted"]


class Database:
    """All tables of the company database.

    Shape   `on_commit` is told what was committed, in order.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._tables: dict[str, _Table] = {}
        self._undo: list[tuple[str, str, Row | None]] = []
        self._open: list[int] = []
        self._depth = 0
        self._early: tuple[Iterator[int], str] | None = None
        self.last_version = FIRST_VERSION
        self.on_commit: Callable[[list[Change]], None] | None = None

    def next_version(self) -> int:
        """One growing counter for all tables together (BC 7.4)."""
        if self._early is not None:
            return next(self._early[0])
        self.last_version += 1
        return self.last_version

    def moment(self) -> str:
        """The present moment as the platform stamps it (BC 7.1)."""
        return moment_text(self._now()) if self._early is None else self._early[1]

    @property
    def minimum_active_version(self) -> int:
        """The lowest version of an uncommitted row; everything below is committed (BC 7.4)."""
        return min([*self._open, self.last_version + 1])

    def hold(self) -> int:
        """Begin a transaction of another session: a block of versions that stays uncommitted until `let_go`."""
        first = self.last_version + 1
        self.last_version += _BLOCK
        self._open.append(first)
        return first

    def let_go(self, first: int) -> None:
        """End the transaction that held a block."""
        self._open.remove(first)

    @contextmanager
    def stamped(self, versions: Iterator[int], moment: str) -> Generator[None]:
        """Store rows under versions and a moment that were taken earlier (BC 7.2)."""
        self._early = (versions, moment)
        try:
            yield
        finally:
            self._early = None

    def put(self, entity_set: str, row: Row) -> Row:
        """Store a row under a new version and stamp."""
        stored = {**row, "rowVersion": self.next_version(), "lastModifiedDateTime": self.moment()}
        self._undo.append((entity_set, row["id"], self._table(entity_set).set(row["id"], stored)))
        self._settle()
        return stored

    def drop(self, entity_set: str, row_id: str) -> None:
        """Remove a row."""
        self._undo.append((entity_set, row_id, self._table(entity_set).set(row_id, None)))
        self._settle()

    def get(self, entity_set: str, row_id: str) -> Row | None:
        """The row with this SystemId."""
        return self._table(entity_set).rows.get(row_id)

    def all(self, entity_set: str) -> list[Row]:
        """All rows, in order of insertion."""
        return list(self._table(entity_set).rows.values())

    def find(self, entity_set: str, **equals: object) -> list[Row]:
        """Rows with these stored values, by an index that is made on first use."""
        table = self._table(entity_set)
        fields = tuple(equals)
        return [table.rows[it] for it in table.index(fields).get(tuple(equals.values()), {})]

    def first(self, entity_set: str, **equals: object) -> Row | None:
        """The only row with these values where they are a key."""
        return next(iter(self.find(entity_set, **equals)), None)

    @contextmanager
    def transaction(self) -> Generator[None]:
        """All or nothing; may be nested, then the inner one is a savepoint."""
        mark = len(self._undo)
        self._depth += 1
        try:
            yield
        except BaseException:
            self.roll_back(mark)
            raise
        finally:
            self._depth -= 1
            self._settle()

    def mark(self) -> int:
        """A savepoint inside a transaction."""
        return len(self._undo)

    def roll_back(self, mark: int) -> None:
        """Undo what came after a savepoint; versions that were used stay used."""
        while len(self._undo) > mark:
            entity_set, row_id, before = self._undo.pop()
            self._table(entity_set).set(row_id, before)

    def _settle(self) -> None:
        if self._depth or not self._undo:
            return
        done, self._undo = self._undo, []
        if self.on_commit is not None:
            self.on_commit(self._net(done))

    def _net(self, done: list[tuple[str, str, Row | None]]) -> list[Change]:
        """What a transaction did to each record in the end."""
        first: dict[tuple[str, str], Row | None] = {}
        for entity_set, record_id, before in done:
            first.setdefault((entity_set, record_id), before)
        changes: list[Change] = []
        for (entity_set, record_id), before in first.items():
            after = self.get(entity_set, record_id)
            if before is None and after is not None:
                changes.append(Change(entity_set, record_id, "created"))
            elif before is not None:
                changes.append(Change(entity_set, record_id, "deleted" if after is None else "updated"))
        return changes

    def _table(self, entity_set: str) -> _Table:
        table = self._tables.get(entity_set)
        if table is None:
            table = self._tables[entity_set] = _Table()
        return table


def _key(row: Row, fields: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple(row[name] for name in fields)
