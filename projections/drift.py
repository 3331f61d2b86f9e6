"""Answers what somebody changed in what the hub wrote, what was said of it, and which records a notice marked."""

from typing import Any

import msgspec

from domain import events
from domain.concerns import concern_in
from domain.events import DriftField, Event, Settlement
from projections.history import FROM, past_of, replaced
from projections.projection import Column, Keys, Projection, Rows, Table

DRIFT_FIELD = Table(
    name="drift_field",
    doc="What the target holds otherwise than the hub wrote it, field by field, and what people said of it.",
    columns=(
        Column("connection", "text", "connection that it belongs to"),
        Column("record", "text", "UUID of the record"),
        Column("flow", "text", "flow that wrote it"),
        Column("part", "text", "piece of the record; empty for the record as a whole"),
        Column("field", "text", "field as it is written; empty for the row as a whole"),
        Column("kind", "text", "kind of business object"),
        Column("number", "text", "number in its source"),
        Column("project", "text", "number of its project, empty for company-wide records"),
        Column("system", "text", "target: business_central or procore"),
        Column("endpoint", "text", "address of the target, by its name"),
        Column("target_id", "text", "id of the row in the target"),
        Column("verdict", "text", "target, conflict, gone or source-deleted"),
        Column("state", "text", "open; accepted: the target's stands; mended: both agree, or the source is sent again"),
        Column("base", "text", "value that both agreed on last; empty for personal fields"),
        Column("source", "text", "value that the source asks for; empty for personal fields"),
        Column("target", "text", "value in the target; empty for personal fields"),
        Column("found_at", "text", "when it was found first, UTC"),
        Column("settled_at", "text", "when it was settled, UTC, else empty"),
        Column("choice", "text", "keep-source, keep-target or merge; empty where nobody chose"),
        Column("actor", "text", "who chose, else empty"),
        Column("reason", "text", "why"),
        Column("position", "bigint", "position of the last event about it"),
        FROM,
    ),
    key=("connection", "record", "flow", "part", "field"),
    indexes=(("connection", "state", "project"), ("record",)),
)

DRIFT_HISTORY = past_of(
    DRIFT_FIELD,
    "drift_field_history",
    "How each field stood before it was found otherwise, settled, or cut; `drift_field` holds how it stands now.",
    ("connection", "valid_until", "valid_from"),
)
FIELDS = (DRIFT_FIELD, DRIFT_HISTORY)

DRIFT_MARK = Table(
    name="drift_mark",
    doc="Rows of a target that somebody changed, as a notice told; the next look for drift begins with them.",
    columns=(
        Column("connection", "text", "connection that it belongs to"),
        Column("system", "text", "target: business_central or procore"),
        Column("resource_id", "text", "id of the row in the target"),
        Column("resource", "text", "what sort of row, as the notice names it"),
        Column("project_id", "text", "project of Procore that it belongs to, empty for none"),
        Column("at", "text", "when it was heard, UTC"),
        Column("position", "bigint", "position of the event"),
    ),
    key=("connection", "system", "resource_id"),
)

DRIFT_LOOK = Table(
    name="drift_look",
    doc="When everything that was written was compared last with what stands, and how much of it.",
    columns=(
        Column("connection", "text", "connection that was looked over"),
        Column("looked_at", "text", "when the look ended, UTC"),
        Column("compared", "bigint", "rows that were compared"),
        Column("found", "bigint", "fields that were found to be changed by others"),
        Column("settled", "bigint", "fields that agreed again"),
        Column("unread", "text", "JSON list of what could not be read, and so was not compared"),
        Column("position", "bigint", "position of the event"),
        FROM,
    ),
    key=("connection",),
)

DRIFT_LOOK_HISTORY = past_of(
    DRIFT_LOOK,
    "drift_look_history",
    "The looks over a whole connection before the last one, which is in `drift_look`.",
    ("connection", "valid_until"),
)
LOOKS = (DRIFT_LOOK, DRIFT_LOOK_HISTORY)


def keys(event: Event) -> Keys:
    """Rows that an event may change."""
    match event:
        case events.DriftFound():
            for found in event.fields:
                yield DRIFT_FIELD, _key(event, found.part, found.field)
        case events.DriftSettled():
            for part, name in event.fields:
                yield DRIFT_FIELD, _key(event, part, name)
        case events.DriftResolved():
            for said in event.settlements:
                yield DRIFT_FIELD, _key(event, said.part, said.field)
        case events.Unlinked() | events.Reset():
            yield DRIFT_FIELD, _of(event)
        case events.DriftLooked():
            yield DRIFT_LOOK, (event.connection,)
        case _:
            return


def fold(rows: Rows, event: Event, position: int) -> None:
    """Assigns what an event says; what was cut or reset has nothing left to compare, and goes to the history."""
    match event:
        case events.DriftFound():
            for found in event.fields:
                _found(rows, event, found, position)
        case events.DriftSettled():
            for part, name in event.fields:
                _settled(rows, event, _key(event, part, name), position, state="mended")
        case events.DriftResolved():
            for said in event.settlements:
                told = {"choice": event.choice, "actor": event.actor, "reason": event.reason}
                key = _key(event, said.part, said.field)
                _settled(rows, event, key, position, state=_state(said), **told)
        case events.Unlinked() | events.Reset():
            _cut(rows, event, position)
        case events.NoticeHeard():
            _marked(rows, event, position)
        case events.DriftLooked():
            _looked(rows, event, position)
        case _:
            return


def _cut(rows: Rows, event: events.Unlinked | events.Reset, position: int) -> None:
    for old in rows.under(DRIFT_FIELD, _of(event)):
        rows.append(DRIFT_HISTORY, {**old, "valid_until": position})
    rows.clear(DRIFT_FIELD, _of(event))


def _looked(rows: Rows, event: events.DriftLooked, position: int) -> None:
    for system, resource_id in event.marks:
        rows.delete(DRIFT_MARK, (event.connection, system, resource_id))
    if event.flow or event.project or event.marked:
        return
    replaced(
        rows,
        LOOKS,
        rows.get(DRIFT_LOOK, (event.connection,)),
        {
            "connection": event.connection,
            "looked_at": event.at.isoformat(),
            "compared": event.rows,
            "found": event.found,
            "settled": event.settled,
            "unread": msgspec.json.encode(event.unread).decode(),
            "position": position,
        },
        position,
    )


def _found(rows: Rows, event: events.DriftFound, found: DriftField, position: int) -> None:
    old = rows.get(DRIFT_FIELD, _key(event, found.part, found.field))
    first = old["found_at"] if old is not None and old["state"] == "open" else event.at.isoformat()
    replaced(
        rows,
        FIELDS,
        old,
        {
            "connection": event.connection,
            "record": str(event.originator_id),
            "flow": event.flow,
            "part": found.part,
            "field": found.field,
            "kind": event.kind,
            "number": event.number,
            "project": event.project,
            "system": event.system,
            "endpoint": found.endpoint,
            "target_id": found.target_id,
            "verdict": found.verdict,
            "state": "open",
            "base": found.was,
            "source": found.wanted,
            "target": found.there,
            "found_at": first,
            "settled_at": "",
            "choice": "",
            "actor": "",
            "reason": "",
            "position": position,
        },
        position,
    )


def _settled(rows: Rows, event: events.FlowEvent, key: tuple[str, ...], position: int, **fields: Any) -> None:
    old = rows.get(DRIFT_FIELD, key)
    if old is not None:
        new = {**old, **fields, "settled_at": event.at.isoformat(), "position": position}
        replaced(rows, FIELDS, old, new, position)


def _state(said: Settlement) -> str:
    return "accepted" if said.take == "target" else "mended"


def _marked(rows: Rows, event: events.NoticeHeard, position: int) -> None:
    """Somebody else changed what the hub wrote; what is new there concerns nothing that it wrote."""
    if event.own or event.reason == "create" or not event.resource_id:
        return
    concern = concern_in(event.system, event.resource)
    if concern is not None and not concern.origin:
        rows.put(
            DRIFT_MARK,
            {
                "connection": event.connection,
                "system": event.system,
                "resource_id": event.resource_id,
                "resource": event.resource,
                "project_id": event.project_id,
                "at": event.at.isoformat(),
                "position": position,
            },
        )


def _of(event: events.FlowEvent) -> tuple[str, ...]:
    """Begins the keys of all fields of a record in a flow."""
    return (event.connection, str(event.originator_id), event.flow)


def _key(event: events.FlowEvent, part: str, name: str) -> tuple[str, ...]:
    return (*_of(event), part, name)


DRIFTS = Projection(
    name="drift",
    version=2,
    tables=(*FIELDS, *LOOKS, DRIFT_MARK),
    topics=tuple(
        kind.TOPIC
        for kind in (
            events.DriftFound,
            events.DriftSettled,
            events.DriftResolved,
            events.DriftLooked,
            events.Unlinked,
            events.Reset,
            events.NoticeHeard,
        )
    ),
    keys=keys,
    fold=fold,
)
