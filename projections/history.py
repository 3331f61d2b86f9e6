"""How rows of the read models were before: each with the positions from and until which it read so.

The rows of today stay where they are, with the position since which they read so; only what is over comes here. So
whoever asks for the past reads the rows of today that are old enough, and the rows here that were true then.
A record that changes writes one row more, and one that says the same again writes none.
"""

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

from projections.projection import Column, Row, Rows, Table

FROM = Column("valid_from", "bigint", "position of the event since which it reads so")
_UNTIL = Column("valid_until", "bigint", "position of the event that ended it")
_SPAN = (Column("valid_from", "bigint", "position of the event since which it read so"), _UNTIL)

RECORD_HISTORY = Table(
    name="record_history",
    doc="What the hub knew of each record before its source showed it otherwise; `record` holds what it knows now.",
    columns=(
        Column("record", "text", "UUID of the record"),
        *_SPAN,
        Column("connection", "text", "connection that it belongs to"),
        Column("kind", "text", "kind of business object"),
        Column("number", "text", "number or code by which people and other records knew it"),
        Column("title", "text", "name or description"),
        Column("project", "text", "number of its project"),
        Column("facet", "text", "sort within its kind"),
        Column("marks", "text", "its switches, each between blanks"),
        Column("member_of", "text", "group that it belonged to"),
        Column("source_id", "text", "immutable id in the origin"),
        Column("content", "text", "SHA-256 of what the origin held"),
        Column("demanded", "bigint", "1 when another record's need brought it in"),
        Column("vanished", "bigint", "1 when the origin had removed it"),
        Column("at", "text", "when it was seen so, UTC"),
    ),
    key=("record", "valid_from"),
    indexes=(("connection", "kind", "number"),),
)

STATE_HISTORY = Table(
    name="state_history",
    doc="Where each record stood in each flow before; `record_state` holds where it stands now.",
    columns=(
        Column("record", "text", "UUID of the record"),
        Column("flow", "text", "name of the flow"),
        *_SPAN,
        Column("connection", "text", "connection that it belongs to"),
        Column("kind", "text", "kind of business object"),
        Column("number", "text", "number in its source"),
        Column("title", "text", "name or description"),
        Column("project", "text", "number of its project"),
        Column("state", "text", "one of the eleven states"),
        Column("reasons", "text", "JSON list of texts: why it was in this state"),
        Column("cause", "text", "cause of what went wrong last, empty when nothing did"),
        Column("waits_for", "text", "JSON list of {kind, key, text}: what a parked record waited for"),
        Column("retry_at", "text", "next attempt of a failed record, UTC, else empty"),
        Column("since", "text", "when it entered this state, UTC"),
    ),
    key=("record", "flow", "valid_from"),
    indexes=(
        # A look at a moment goes along the side of it on which less happened, and passes over what was not true then.
        ("connection", "valid_from", "valid_until", "state"),
        ("connection", "valid_until", "valid_from", "state"),
        ("connection", "project", "valid_from"),
    ),
)

LINK_HISTORY = Table(
    name="link_history",
    doc="Pairs that were cut, forgotten or told otherwise; `cross_reference` holds those that are joined now.",
    columns=(
        Column("connection", "text", "connection that the pair belongs to"),
        Column("flow", "text", "flow that joined it"),
        Column("record", "text", "UUID of the record"),
        Column("role", "text", "as in `cross_reference`"),
        Column("bc_set", "text", "entity set in Business Central"),
        Column("bc_id", "text", "id in Business Central"),
        Column("bc_number", "text", "number or code in Business Central"),
        Column("procore_resource", "text", "resource in Procore"),
        Column("procore_id", "text", "id in Procore"),
        Column("procore_parent_id", "text", "id of the project or contract above it in Procore, empty for none"),
        Column("since", "text", "when the pair was joined, UTC"),
        *_SPAN,
    ),
    key=("connection", "flow", "record", "role", "bc_set", "bc_id", "valid_from"),
    indexes=(("record",), ("connection", "procore_id"), ("connection", "bc_id"), ("connection", "bc_number")),
)

_KEPT: dict[str, Sequence[Any]] = {
    table.name: tuple(name for name in table.names if name not in {"valid_from", "valid_until"})
    for table in (RECORD_HISTORY, STATE_HISTORY, LINK_HISTORY)
}
_shown: Callable[[Row], tuple[Any, ...]] = itemgetter(*_KEPT[STATE_HISTORY.name])


def over(rows: Rows, table: Table, old: Row, position: int, began: str = "valid_from") -> None:
    """A row ends with this event; `began` names the column of the old row that holds its beginning."""
    kept = {name: old[name] for name in _KEPT[table.name]}
    rows.append(table, {**kept, "valid_from": old[began], "valid_until": position})


def past_of(table: Table, name: str, doc: str, *indexes: tuple[str, ...]) -> Table:
    """The table of rows that are over, of a table whose rows hold `valid_from`."""
    columns = tuple(column for column in table.columns if column.name != FROM.name)
    return Table(name=name, doc=doc, columns=(*columns, *_SPAN), key=(*table.key, FROM.name), indexes=indexes)


def replaced(rows: Rows, tables: tuple[Table, Table], old: Row | None, new: Row, position: int) -> None:
    """A row of the first table reads otherwise from this event on; how it read before goes to the second."""
    table, past = tables
    if old is not None:
        kept = {name: old[name] for name in past.names if name in old}
        rows.append(past, {**kept, "valid_from": old["valid_from"], "valid_until": position})
    rows.put(table, {**new, "valid_from": position})


def moved(rows: Rows, old: Row | None, new: Row, position: int) -> int:
    """A record stands in a flow as `new` says; the position since which it does. What it said before is kept."""
    if old is None:
        return position
    if _shown(old) == _shown(new):
        return old["valid_from"]
    over(rows, STATE_HISTORY, old, position)
    return position
