"""What the read models said of one record alone: its own events up to a position, folded again in memory."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from adapters.store import Ledger
from domain.events import Event
from projections.projection import Key, Projection, Row, Rows, plain

Placed = tuple[int, Event]
"""Position and event."""


async def events_of(ledger: Ledger, records: Iterable[UUID], until: int) -> dict[UUID, list[Placed]]:
    """Everything that happened to these records up to a position, each event with its own position."""
    wanted = list(dict.fromkeys(records))
    condition, parameter = ledger.in_list("record", [str(id_) for id_ in wanted])
    rows = await ledger.rows(
        f"SELECT record, version, position FROM event_log WHERE {condition} AND position <= ?",  # noqa: S608 - a name of our own
        (parameter, until),
    )
    places = {(record, version): position for record, version, position in rows}
    found: dict[UUID, list[Placed]] = {}
    for id_, happened in (await ledger.load(wanted)).items():
        known = ((places.get((str(id_), event.originator_version)), event) for event in happened)
        found[id_] = [(position, event) for position, event in known if position is not None]
    return found


def told_by(projection: Projection, happened: Sequence[Placed]) -> dict[str, list[Row]]:
    """Table -> its rows after these events, when nothing else ever happened."""
    placed = [(position, event) for position, event in happened if event.TOPIC in projection.topics]
    loaded: dict[str, dict[Key, Key | None]] = {table.name: {} for table in projection.tables}
    for _, event in placed:
        for table, key in projection.keys(event):
            loaded[table.name][plain(key)] = None
    if projection.further is not None:
        get = Rows(projection.tables, loaded).get
        for table, key in projection.further([event for _, event in placed], get):
            loaded[table.name][plain(key)] = None
    rows = Rows(projection.tables, loaded)
    for position, event in placed:
        projection.fold(rows, event, position)
    found: dict[str, list[Row]] = {table.name: [] for table in projection.tables}
    for changes in rows.changes():
        names: Sequence[Any] = changes.table.names
        found[changes.table.name] = [dict(zip(names, values, strict=True)) for values in [*changes.put, *changes.added]]
    return found
