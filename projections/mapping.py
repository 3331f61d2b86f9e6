"""Answers which maps were proposed and published, by whom, and which are in force since when."""

from typing import Any

from domain import events
from domain.events import Event
from projections.projection import Column, Keys, Projection, Rows, Table

MAPPING = Table(
    name="mapping",
    doc="Which version of its maps each connection works by.",
    columns=(
        Column("connection", "text", "connection"),
        Column("newest", "bigint", "version that was published last, 0 for none"),
        Column("in_force", "bigint", "version that everything is read through, 0 for none"),
        Column("file", "text", "SHA-256 of the maps that a file brought last, empty for none"),
        Column("version", "bigint", "events that the maps' own stream holds"),
        Column("position", "bigint", "position of the last of them"),
    ),
    key=("connection",),
)
MAPPING_VERSION = Table(
    name="mapping_version",
    doc="Every published version of the maps of a connection.",
    columns=(
        Column("connection", "text", "connection that it belongs to"),
        Column("mapping", "bigint", "its number, from 1"),
        Column("content", "text", "SHA-256 of the maps"),
        Column("source", "text", "draft, file or revert"),
        Column("draft", "text", "draft that it came from, else empty"),
        Column("reverts_to", "bigint", "version whose maps these are once more, 0 for none"),
        Column("note", "text", "why, in the words of who published it"),
        Column("at", "text", "when it was published, UTC"),
        Column("actor", "text", "who published it"),
        Column("position", "bigint", "position of that event"),
        Column("taken_at", "text", "when a round first worked by it, UTC, empty as long as none did"),
        Column("taken_from", "bigint", "position from which on it is in force, 0 as long as it is not"),
        Column("changed", "bigint", "records that were read differently for it"),
    ),
    key=("connection", "mapping"),
    indexes=(("connection", "taken_from"),),
)
MAPPING_DRAFT = Table(
    name="mapping_draft",
    doc="Maps that somebody proposed.",
    columns=(
        Column("draft", "text", "its id"),
        Column("connection", "text", "connection that it belongs to"),
        Column("content", "text", "SHA-256 of the maps"),
        Column("base", "bigint", "version that was the newest when it was proposed, 0 for none"),
        Column("note", "text", "why, in the words of who proposed it"),
        Column("at", "text", "when, UTC"),
        Column("actor", "text", "who"),
        Column("published", "bigint", "version that it became, 0 as long as it is a proposal"),
        Column("position", "bigint", "position of the event that proposed it"),
    ),
    key=("draft",),
    indexes=(("connection", "position"),),
)


def keys(event: Event) -> Keys:
    """Rows that an event changes in part."""
    yield MAPPING, (event.connection,)
    match event:
        case events.MappingPublished() if event.draft:
            yield MAPPING_DRAFT, (event.draft,)
        case events.MappingTaken():
            yield MAPPING_VERSION, (event.connection, event.mapping)
        case _:
            return


def fold(rows: Rows, event: Event, position: int) -> None:
    """Assigns what an event says."""
    match event:
        case events.MappingDrafted():
            _stands(rows, event, position)
            rows.put(
                MAPPING_DRAFT, {**_said(event, position), "draft": event.draft, "base": event.base, "published": 0}
            )
        case events.MappingPublished():
            _stands(rows, event, position, newest=event.mapping, **({"file": event.file} if event.file else {}))
            _published(rows, event, position, source=event.source, draft=event.draft, reverts_to=0)
            draft = rows.get(MAPPING_DRAFT, (event.draft,)) if event.draft else None
            if draft is not None:
                rows.put(MAPPING_DRAFT, {**draft, "published": event.mapping})
        case events.MappingReverted():
            _stands(rows, event, position, newest=event.mapping)
            _published(rows, event, position, source="revert", draft="", reverts_to=event.to)
        case events.MappingTaken():
            _stands(rows, event, position, in_force=event.mapping)
            version = rows.get(MAPPING_VERSION, (event.connection, event.mapping))
            if version is not None:
                taken = {"taken_at": event.at.isoformat(), "taken_from": position, "changed": event.changed}
                rows.put(MAPPING_VERSION, {**version, **taken})
        case _:
            return


def _stands(rows: Rows, event: Event, position: int, **fields: Any) -> None:
    new = {"connection": event.connection, "newest": 0, "in_force": 0, "file": ""}
    known = rows.get(MAPPING, (event.connection,)) or new
    rows.put(MAPPING, {**known, **fields, "version": event.originator_version, "position": position})


def _said(
    event: events.MappingDrafted | events.MappingPublished | events.MappingReverted, position: int
) -> dict[str, Any]:
    return {
        "connection": event.connection,
        "content": event.content,
        "note": event.note,
        "at": event.at.isoformat(),
        "actor": event.actor,
        "position": position,
    }


def _published(
    rows: Rows, event: events.MappingPublished | events.MappingReverted, position: int, **fields: Any
) -> None:
    fresh = {"taken_at": "", "taken_from": 0, "changed": 0}
    rows.put(MAPPING_VERSION, {**_said(event, position), "mapping": event.mapping, **fresh, **fields})


MAPPINGS = Projection(
    name="mapping",
    version=1,
    tables=(MAPPING, MAPPING_VERSION, MAPPING_DRAFT),
    topics=(
        events.MappingDrafted.TOPIC,
        events.MappingPublished.TOPIC,
        events.MappingReverted.TOPIC,
        events.MappingTaken.TOPIC,
    ),
    keys=keys,
    fold=fold,
)
