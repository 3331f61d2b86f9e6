"""Folds events into tables in memory, page by page, as the projector does against a database."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from domain.events import Event
from projections.projection import Key, Projection, Row, Rows, plain
from tests.ledger_story import Command, Story


class Tables:
    """The tables of one projection."""

    def __init__(self, projection: Projection, bodies: Mapping[str, bytes] | None = None) -> None:
        self._projection = projection
        self._bodies = bodies or {}
        self._rows: dict[str, dict[Key, Key]] = {table.name: {} for table in projection.tables}
        self._position = 0

    def take(self, events: Sequence[Event], page: int = 1) -> "Tables":
        """Folds events of the topics that the projection asks for."""
        for start in range(0, len(events), page):
            self._take_page(events[start : start + page])
        return self

    def rows(self, table: str | None = None) -> list[Row]:
        """The rows of a table, of the first one unless it is named, by key."""
        found = next(it for it in self._projection.tables if table in (None, it.name))
        return [dict(zip(found.names, values, strict=True)) for _, values in sorted(self._rows[found.name].items())]

    def row(self, table: str | None = None) -> Row:
        """The only row of a table."""
        (row,) = self.rows(table)
        return row

    def _take_page(self, page: Sequence[Event]) -> None:
        placed: list[tuple[int, Event]] = []
        for event in page:
            self._position += 1
            if event.TOPIC in self._projection.topics and self._is_read(event):
                placed.append((self._position, event))
        loaded: dict[str, dict[Key, Key | None]] = {name: {} for name in self._rows}
        for _, event in placed:
            for table, key in self._projection.keys(event):
                kept, begin = self._rows[table.name], plain(key)
                loaded[table.name][begin] = kept.get(begin)
                if len(begin) < len(table.key):
                    loaded[table.name].update((it, row) for it, row in kept.items() if it[: len(begin)] == begin)
        if self._projection.further is not None:
            get = Rows(self._projection.tables, loaded).get
            for table, key in self._projection.further([event for _, event in placed], get):
                loaded[table.name][plain(key)] = self._rows[table.name].get(plain(key))
        bodies_of = self._projection.bodies or (lambda _: ())
        named = {sha for _, event in placed for sha in bodies_of(event)}
        bodies = {sha: body for sha, body in self._bodies.items() if sha in named}
        rows = Rows(self._projection.tables, loaded, body=bodies.__getitem__)
        for position, event in placed:
            self._projection.fold(rows, event, position)
        for changes in rows.changes():
            self._write(changes)

    def _is_read(self, event: Event) -> bool:
        words, stored = self._projection.mentions, msgspec.json.encode(event)
        return not words or any(word.encode() in stored for word in words)

    def _write(self, changes: Any) -> None:
        kept, names, key = self._rows[changes.table.name], changes.table.names, changes.table.key
        places = [names.index(name) for name in key]
        for prefix in changes.cleared:
            for known in [it for it in kept if it[: len(prefix)] == prefix]:
                del kept[known]
        for gone in changes.deleted:
            kept.pop(gone, None)
        for values in [*changes.put, *changes.added]:
            kept[tuple(values[place] for place in places)] = values


def told(*commands: Command, story: Story | None = None) -> Sequence[Event]:
    """The events that these commands lead to."""
    return (story or Story()).when(*commands).events


def folded(projection: Projection, *commands: Command) -> Tables:
    """The tables after these commands."""
    return Tables(projection).take(told(*commands))
