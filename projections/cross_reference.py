"""Answers which record of one system is which record of the other."""

from collections.abc import Iterable

from msgspec.structs import replace

from domain import events
from domain.events import Event, LinkRow
from projections.history import FROM, LINK_HISTORY, over
from projections.projection import Column, Keys, Projection, Rows, Table

CROSS_REFERENCE = Table(
    name="cross_reference",
    doc="Which record of one system is which record of the other.",
    columns=(
        Column("connection", "text", "connection that the pair belongs to"),
        Column("flow", "text", "flow that joined it"),
        Column("record", "text", "UUID of the record"),
        Column(
            "role",
            "text",
            "primary, derived for a job that shares its parent's Procore project, adopted while a link by hand is not"
            " carried yet, or the part of a record that has several counterparts",
        ),
        Column("bc_set", "text", "entity set in Business Central, empty for derived records"),
        Column("bc_id", "text", "id in Business Central"),
        Column("bc_number", "text", "number or code in Business Central; parts joined with |"),
        Column("procore_resource", "text", "resource in Procore"),
        Column("procore_id", "text", "id in Procore"),
        Column("procore_parent_id", "text", "id of the project or contract above it in Procore, empty for none"),
        Column("since", "text", "when the pair was joined, UTC"),
        FROM,
    ),
    key=("connection", "flow", "record", "role", "bc_set", "bc_id"),
    indexes=(
        ("connection", "flow", "bc_number"),
        ("record",),
        ("connection", "procore_id"),
        ("connection", "bc_id"),
        ("connection", "flow", "procore_parent_id"),
    ),
)

ADOPTED = "adopted"
"""Role of a pair that a person joined and that no delivery has confirmed yet."""


def keys(event: Event) -> Keys:
    """Rows that an event may change."""
    if isinstance(event, events.Linked | events.Adopted):
        for link in _joined(event):
            yield CROSS_REFERENCE, _key(event, link)
            yield CROSS_REFERENCE, _key(event, replace(link, role=ADOPTED))
    if isinstance(event, events.Unlinked | events.Reset):
        yield CROSS_REFERENCE, _of(event)


def fold(rows: Rows, event: Event, position: int) -> None:
    """A pair keeps the moment at which it was first joined; one that was cut or reset goes to the history."""
    match event:
        case events.Linked() | events.Adopted():
            for link in _joined(event):
                _join(rows, event, link, position)
        case events.Unlinked() | events.Reset():
            for pair in rows.under(CROSS_REFERENCE, _of(event)):
                over(rows, LINK_HISTORY, pair, position)
            rows.clear(CROSS_REFERENCE, _of(event))
        case _:
            return


def _joined(event: events.Linked | events.Adopted) -> Iterable[LinkRow]:
    """The pairs of an event. What a person joined is a pair of its own kind until the flow carried it."""
    if isinstance(event, events.Linked):
        return event.links
    return (replace(event.link, role=ADOPTED) if event.part else event.link,)


def _join(rows: Rows, event: events.Linked | events.Adopted, link: LinkRow, position: int) -> None:
    old = rows.get(CROSS_REFERENCE, _key(event, link))
    same = old is not None and old["procore_id"] == link.procore_id
    if link.role != ADOPTED:
        adopted = replace(link, role=ADOPTED)
        by_hand = rows.get(CROSS_REFERENCE, _key(event, adopted))
        if by_hand is not None:
            over(rows, LINK_HISTORY, by_hand, position)
            rows.delete(CROSS_REFERENCE, _key(event, adopted))
    row = {
        "connection": event.connection,
        "flow": event.flow,
        "record": str(event.originator_id),
        "role": link.role,
        "bc_set": link.bc_set,
        "bc_id": link.bc_id,
        "bc_number": link.bc_number,
        "procore_resource": link.procore_resource,
        "procore_id": link.procore_id,
        "procore_parent_id": link.procore_parent_id,
        "since": old["since"] if same and old is not None else event.at.isoformat(),
    }
    if old is not None:
        if all(old[name] == value for name, value in row.items()):
            return
        over(rows, LINK_HISTORY, old, position)
    rows.put(CROSS_REFERENCE, {**row, "valid_from": position})


def _of(event: events.FlowEvent) -> tuple[str, str, str]:
    """Begins the keys of all pairs of a record in a flow."""
    return (event.connection, event.flow, str(event.originator_id))


def _key(event: events.FlowEvent, link: LinkRow) -> tuple[str, ...]:
    return (event.connection, event.flow, str(event.originator_id), link.role, link.bc_set, link.bc_id)


CROSS_REFERENCES = Projection(
    name="cross_reference",
    version=2,
    tables=(CROSS_REFERENCE, LINK_HISTORY),
    topics=tuple(kind.TOPIC for kind in (events.Linked, events.Adopted, events.Unlinked, events.Reset)),
    keys=keys,
    fold=fold,
)
