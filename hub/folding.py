"""A page of events folded for several projections at once, and the statements that write what came of it.

Runs beside the event loop; it reads the rows that the folds ask for and is pure otherwise.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from adapters.store import Reader, Registry, Row, Snapshot, Statement, UnknownEvent
from adapters.store.contents import unpacked
from adapters.store.statements import Columns, Dialect
from domain.errors import SiteLedgerError
from projections.projection import Changes, Key, Normal, Projection, Rows, Table, UndeclaredKey, plain, without_nul

SHADOW = "__new"
"""Ends the names of tables that a rebuild fills."""

NUL = rb"\u0000"
"""How JSON writes the character NUL."""

BODIES = 50
"""Contents that are in memory at a time."""

Decode = Callable[[bytes], Any]
Placed = tuple[int, Any]
"""Position and event."""


class ProjectionFailed(SiteLedgerError):
    """A projection can't read an event and is not allowed to leave it out."""

    def __init__(self, projection: str, position: int, topic: str, error: Exception) -> None:
        super().__init__(
            f"The projection '{projection}' can't read event {position} ({topic}): {type(error).__name__}: {error}."
            " The ledger is unharmed. Install the version that wrote it, or a corrected one; it goes on from there."
        )


@dataclass
class Target:
    """A projection and the tables that it fills: the ones that people read, or their shadows."""

    projection: Projection
    generation: int
    position: int
    suffix: str = ""
    decoders: Mapping[str, Decode] = field(default_factory=dict[str, Decode])

    @property
    def checkpoint(self) -> str:
        """Name of its row among the checkpoints."""
        return self.projection.name + self.suffix

    def table(self, table: Table) -> str:
        """Name of the table that it fills."""
        return table.name + self.suffix


def decoders_of(projection: Projection, registry: Registry) -> dict[str, Decode]:
    """How a projection reads each stored topic, old ones too."""
    topics = projection.topics or registry.topics()
    return {
        stored: _decoder(registry, stored, projection.views.get(registry.current(stored)))
        for stored in registry.stored_topics(topics)
    }


def _decoder(registry: Registry, topic: str, view: type[Any] | None) -> Decode:
    return registry.decoder(topic, registry.type_of(topic) if view is None else view)


@dataclass(frozen=True)
class _Poison:
    """An event that could not be decoded."""

    error: Exception


def fold_page(reader: Reader, group: Sequence[Target], events: Sequence[Row]) -> list[Statement]:
    """What the next events do to targets that stand right before them.

    Raises  ProjectionFailed.
    """
    last = events[-1][0]
    topics = {position: topic for position, _, _, topic, _ in events}
    stored = without_nul if any(NUL in event[4] for event in events) else plain
    statements: list[Statement] = []
    for target, decoded in zip(group, _decoded(events, group), strict=True):
        changes, poisoned = _fold(reader, target, decoded, topics, stored)
        # The checkpoint comes first: when another process was here, nothing else is even tried.
        statements.append(_move(target, last))
        for change in changes:
            statements += _write(reader.dialect, target, change)
        statements += _park(target, poisoned, topics)
    return statements


def _decoded(events: Sequence[Row], group: Sequence[Target]) -> list[list[Placed]]:
    """The events of each target. What several read the same way is decoded once."""
    lists: list[list[Placed]] = [[] for _ in group]
    plan: dict[str, list[_Readers]] = {}
    for position, _, _, topic, state in events:
        readers = plan.get(topic)
        if readers is None:
            readers = plan[topic] = _readers(topic, group, lists)
        for each in readers:
            asked = each.choosy
            choosy = [sink for words, sink in asked if any(word in state for word in words)] if asked else ()
            if not (each.always or choosy):
                continue
            try:
                event = each.decode(state)
            except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to this event and is told with it
                event = _Poison(error)
            placed = (position, event)
            for sink in each.always:
                sink.append(placed)
            for sink in choosy:
                sink.append(placed)
    return lists


@dataclass
class _Readers:
    """Lists of those who read events of one topic in one way: all of them, or those that hold one of some words."""

    decode: Decode
    always: list[list[Placed]] = field(default_factory=list[list[Placed]])
    choosy: list[tuple[Sequence[bytes], list[Placed]]] = field(
        default_factory=list[tuple[Sequence[bytes], list[Placed]]]
    )


def _readers(topic: str, group: Sequence[Target], lists: Sequence[list[Placed]]) -> list[_Readers]:
    """Who wants the events of a topic, gathered by the way in which they read it."""
    found: dict[Decode, _Readers] = {}
    for target, sink in zip(group, lists, strict=True):
        decode = target.decoders.get(topic)
        if decode is None:
            if target.projection.topics:
                continue
            decode = _unknown(topic)
        readers = found.setdefault(decode, _Readers(decode))
        words = [word.encode() for word in target.projection.mentions]
        if words:
            readers.choosy.append((words, sink))
        else:
            readers.always.append(sink)
    return list(found.values())


def _unknown(topic: str) -> Decode:
    def fail(_: bytes) -> Any:
        raise UnknownEvent(topic)

    return fail


class MissingContents(LookupError):
    """The ledger does not hold what events name: it was damaged, as both are stored in one transaction."""

    def __init__(self, shas: Iterable[str]) -> None:
        self.shas = frozenset(shas)
        super().__init__(f"the ledger does not hold {len(self.shas)} contents, such as {min(self.shas)}")


class _BadEvent(Exception):
    """A fold can't take this event."""

    def __init__(self, position: int, error: Exception) -> None:
        super().__init__(str(error))
        self.position = position
        self.error = error


def _fold(
    reader: Reader, target: Target, events: list[Placed], topics: Mapping[int, str], stored: Normal
) -> tuple[list[Changes], dict[int, Exception]]:
    """What the events do to the tables, and which of them can't be read."""
    projection = target.projection
    poisoned: dict[int, Exception] = {}
    while True:
        try:
            wanted = _wanted(projection, events, stored)
            loaded = _load(reader, target, wanted)
            if projection.further is not None:
                _load_further(reader, target, loaded, events, stored)
            rows = Rows(projection.tables, loaded, stored, _Bodies(reader, projection, events).get)
            _fold_all(projection, rows, events)
        except _BadEvent as bad:
            if not projection.skippable:
                topic = topics[bad.position]
                raise ProjectionFailed(projection.name, bad.position, topic, bad.error) from bad.error
            # The fold left the rows half changed, so the page is folded again without this event.
            poisoned[bad.position] = bad.error
            if isinstance(bad.error, MissingContents):
                # All that name one of these at once: a page that lacks many is not folded once for each.
                missing = bad.error.shas
                poisoned.update(
                    (position, bad.error)
                    for position, event in events
                    if not missing.isdisjoint(_bodies_of(projection, position, event))
                )
            events = [placed for placed in events if placed[0] not in poisoned]
        else:
            return list(rows.changes()), poisoned


def _wanted(projection: Projection, events: Iterable[Placed], stored: Normal) -> dict[str, dict[Key, None]]:
    """The rows to read, by table and key."""
    wanted: dict[str, dict[Key, None]] = {table.name: {} for table in projection.tables}
    for position, event in events:
        if isinstance(event, _Poison):
            raise _BadEvent(position, event.error)
        try:
            for table, key in projection.keys(event):
                wanted[table.name][stored(key)] = None
        except Exception as error:
            raise _BadEvent(position, error) from error
    return wanted


def _load_further(
    reader: Reader,
    target: Target,
    loaded: dict[str, dict[Key, Key | None]],
    events: Sequence[Placed],
    stored: Normal,
) -> None:
    """Read the rows too that only the rows of this page name."""
    projection = target.projection
    if projection.further is None:
        return
    wanted: dict[str, dict[Key, None]] = {table.name: {} for table in projection.tables}
    get = Rows(projection.tables, loaded, stored).get
    for table, key in projection.further([event for _, event in events], get):
        if stored(key) not in loaded[table.name]:
            wanted[table.name][stored(key)] = None
    for name, found in _load(reader, target, wanted).items():
        loaded[name].update(found)


class _Bodies:
    """The contents that a page of events names, a few at a time: documents may be large."""

    def __init__(self, reader: Reader, projection: Projection, events: Iterable[Placed]) -> None:
        self._reader = reader
        every = events if projection.bodies is not None else ()
        named = [(position, sha) for position, event in every for sha in _bodies_of(projection, position, event)]
        self._wanted = list(dict.fromkeys(sha for _, sha in named))
        self._places = {sha: place for place, sha in enumerate(self._wanted)}
        self._held: Mapping[str, bytes] = {}

    def get(self, sha: str) -> bytes:
        """Events are folded in order, so what is asked for next is what was named next.

        Raises  UndeclaredKey, MissingContents.
        """
        if sha not in self._held:
            if sha not in self._places:
                raise UndeclaredKey("contents", (sha,))
            self._held = self._loaded(self._places[sha])
        if sha not in self._held:
            places = range(0, len(self._wanted), BODIES)
            raise MissingContents({sha}.union(*(self._lacking(place) for place in places)))
        return self._held[sha]

    def _loaded(self, place: int) -> Mapping[str, bytes]:
        return unpacked(self._reader.contents(self._wanted[place : place + BODIES]))

    def _lacking(self, place: int) -> set[str]:
        return set(self._wanted[place : place + BODIES]).difference(self._loaded(place))


def _bodies_of(projection: Projection, position: int, event: Any) -> list[str]:
    if projection.bodies is None:
        return []
    try:
        return list(projection.bodies(event))
    except Exception as error:
        raise _BadEvent(position, error) from error


def _fold_all(projection: Projection, rows: Rows, events: Iterable[Placed]) -> None:
    fold = projection.fold
    for position, event in events:
        try:
            fold(rows, event, position)
        except Exception as error:
            raise _BadEvent(position, error) from error


def _load(reader: Reader, target: Target, wanted: Mapping[str, dict[Key, None]]) -> dict[str, dict[Key, Key | None]]:
    loaded: dict[str, dict[Key, Key | None]] = {}
    for table in target.projection.tables:
        keys = wanted[table.name]
        found: dict[Key, Key | None] = dict.fromkeys(keys)
        places = [table.names.index(name) for name in table.key]
        for length in {len(key) for key in keys}:  # a shorter key means all rows under it
            sql, values = reader.dialect.select(
                target.table(table),
                table.names,
                _columns(table, table.key[:length]),
                [key for key in keys if len(key) == length],
            )
            for row in reader.rows(sql, values):
                found[tuple([row[place] for place in places])] = row
        loaded[table.name] = found
    return loaded


def _columns(table: Table, names: Iterable[str]) -> Columns:
    types = {column.name: "bigint" if column.type == "bigint" else "text" for column in table.columns}
    return [(name, types[name]) for name in names]


def _write(dialect: Dialect, target: Target, changes: Changes) -> list[Statement]:
    table = changes.table
    name = target.table(table)
    columns = _columns(table, table.names)
    key = _columns(table, table.key)
    lengths = sorted({len(prefix) for prefix in changes.cleared})
    statements = [
        dialect.delete(name, key[:length], [prefix for prefix in changes.cleared if len(prefix) == length])
        for length in lengths
    ]
    if changes.deleted:
        statements.append(dialect.delete(name, key, changes.deleted))
    if changes.put:
        statements.append(dialect.put(name, columns, table.key, changes.put))
    if changes.added:
        statements.append(dialect.add(name, columns, changes.added))
    return statements


def tables(dialect: Dialect, target: Target) -> list[Statement]:
    """Create the tables of a target."""
    return [
        Statement(dialect.table(target.table(table), _columns(table, table.names), table.key))
        for table in target.projection.tables
    ]


def begin(target: Target) -> Statement:
    """Set the checkpoint before the first event."""
    names = " ".join(table.name for table in target.projection.tables)
    return Statement(
        "INSERT INTO projection_checkpoint (name, version, generation, position, tables) VALUES (?, ?, ?, 0, ?)",
        [(target.checkpoint, target.projection.version, target.generation, names)],
    )


def _move(target: Target, position: int) -> Statement:
    return Statement(
        "UPDATE projection_checkpoint SET position = ?"
        " WHERE name = ? AND version = ? AND generation = ? AND position = ?",
        [(position, target.checkpoint, target.projection.version, target.generation, target.position)],
        touches=1,
    )


def _park(target: Target, poisoned: Mapping[int, Exception], topics: Mapping[int, str]) -> list[Statement]:
    if not poisoned:
        return []
    rows = [
        (target.checkpoint, position, topics[position], f"{type(error).__name__}: {error}")
        for position, error in poisoned.items()
    ]
    return [Statement("INSERT INTO projection_errors (projection, position, topic, error) VALUES (?, ?, ?, ?)", rows)]


def indexes(target: Target) -> list[Statement]:
    """Create the indexes. Their names carry the generation, as the old ones still exist when the new are made."""
    return [
        Statement(
            f"CREATE INDEX {table.name}_ix{place}_g{target.generation} ON {target.table(table)} ({', '.join(names)})"
        )
        for table in target.projection.tables
        for place, names in enumerate(table.indexes, 1)
    ]


def differing(snapshot: Snapshot, shadow: Target) -> dict[str, int] | None:
    """Table -> rows that stand in one of the two and not in the other; None while they are at different positions."""
    live = shadow.projection.name
    sql = "SELECT name, position FROM projection_checkpoint WHERE name IN (?, ?)"
    positions = dict(snapshot.select(sql, (live, shadow.checkpoint)))
    if positions.get(live) != positions.get(shadow.checkpoint):
        return None
    return {table.name: sum(_missing(snapshot, table, shadow)) for table in shadow.projection.tables}


def _missing(snapshot: Snapshot, table: Table, shadow: Target) -> Iterable[int]:
    names, there = ", ".join(table.names), shadow.table(table)
    for one, other in ((table.name, there), (there, table.name)):
        rows = f"SELECT {names} FROM {one} EXCEPT SELECT {names} FROM {other}"  # noqa: S608 - our own tables
        sql = f"SELECT COUNT(*) FROM ({rows}) AS missing"  # noqa: S608 - as above
        yield next(iter(snapshot.select(sql)))[0]


def drop(shadow: Target) -> list[Statement]:
    """Remove what a rebuild that was interrupted left behind."""
    return [
        Statement("DELETE FROM projection_checkpoint WHERE name = ?", [(shadow.checkpoint,)]),
        Statement("DELETE FROM projection_errors WHERE projection = ?", [(shadow.checkpoint,)]),
        *(Statement(f"DROP TABLE IF EXISTS {shadow.table(table)}") for table in shadow.projection.tables),
    ]


def shared(dialect: Dialect, target: Target) -> list[Statement]:
    """Let those who read by a role of the database read the tables of a target."""
    return [Statement(sql) for sql in dialect.share([target.table(table) for table in target.projection.tables])]


def swap(dialect: Dialect, shadow: Target, old_tables: Sequence[str]) -> list[Statement]:
    """Put shadow tables in the place of the old ones, unless those have moved on past them."""
    live = replace(shadow, suffix="")
    names = " ".join(table.name for table in shadow.projection.tables)
    return [
        Statement(
            "UPDATE projection_checkpoint SET version = ?, generation = ?, position = ?, tables = ?"
            " WHERE name = ? AND position <= ?",
            [(shadow.projection.version, shadow.generation, shadow.position, names, live.checkpoint, shadow.position)],
            touches=1,
        ),
        Statement("DELETE FROM projection_checkpoint WHERE name = ?", [(shadow.checkpoint,)], touches=1),
        Statement("DELETE FROM projection_errors WHERE projection = ?", [(live.checkpoint,)]),
        Statement(
            "UPDATE projection_errors SET projection = ? WHERE projection = ?", [(live.checkpoint, shadow.checkpoint)]
        ),
        *(Statement(f"DROP TABLE IF EXISTS {table}") for table in old_tables),
        *(Statement(f"ALTER TABLE {shadow.table(table)} RENAME TO {table.name}") for table in shadow.projection.tables),
        *shared(dialect, live),
    ]
