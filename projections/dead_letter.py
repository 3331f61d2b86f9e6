"""Answers what could not be read at all, why, and where its bytes are."""

from domain import events
from projections.projection import Column, Projection, Rows, Table

DEAD_LETTER = Table(
    name="dead_letter",
    doc="What a source sent that could not be read at all; the raw body is kept.",
    columns=(
        Column("letter", "text", "UUID of the dead letter; its stream in the ledger"),
        Column("connection", "text", "connection that it belongs to"),
        Column("at", "text", "when it came, UTC"),
        Column("side", "text", "system that sent it"),
        Column("entity_set", "text", "set of the source"),
        Column("source_id", "text", "id in the source, empty where even that could not be read"),
        Column("reason", "text", "why it could not be read"),
        Column("content", "text", "SHA-256 of the raw body"),
        Column("position", "bigint", "position of its event in the ledger"),
    ),
    key=("letter",),
    indexes=(("connection", "position"),),
)


def fold(rows: Rows, event: events.DeadLettered, position: int) -> None:
    """One row for each."""
    rows.put(
        DEAD_LETTER,
        {
            "letter": str(event.originator_id),
            "connection": event.connection,
            "at": event.at.isoformat(),
            "side": event.side,
            "entity_set": event.entity_set,
            "source_id": event.source_id,
            "reason": event.reason,
            "content": event.content,
            "position": position,
        },
    )


DEAD_LETTERS = Projection(
    name="dead_letter", version=1, tables=(DEAD_LETTER,), topics=(events.DeadLettered.TOPIC,), fold=fold
)
