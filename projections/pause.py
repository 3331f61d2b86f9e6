"""Answers which connections people stopped, since when and why."""

from domain import events
from domain.events import Event
from projections.projection import Column, Keys, Projection, Rows, Table

PAUSE = Table(
    name="pause",
    doc="Whether each connection is paused; without a row it never was.",
    columns=(
        Column("connection", "text", "connection"),
        Column("paused", "bigint", "1 while no round of it reads or carries anything, else 0"),
        Column("since", "text", "when it was paused or resumed last, UTC"),
        Column("actor", "text", "who did it"),
        Column("reason", "text", "why, in their words"),
        Column("version", "bigint", "events that the stream of its pauses holds"),
        Column("position", "bigint", "position of the last of them"),
    ),
    key=("connection",),
)


def keys(_event: Event) -> Keys:
    """An event tells the whole row."""
    return ()


def fold(rows: Rows, event: Event, position: int) -> None:
    """Assigns what an event says."""
    match event:
        case events.ConnectionPaused() | events.ConnectionResumed():
            rows.put(
                PAUSE,
                {
                    "connection": event.connection,
                    "paused": int(isinstance(event, events.ConnectionPaused)),
                    "since": event.at.isoformat(),
                    "actor": event.actor,
                    "reason": event.reason,
                    "version": event.originator_version,
                    "position": position,
                },
            )
        case _:
            return


PAUSES = Projection(
    name="pause",
    version=1,
    tables=(PAUSE,),
    topics=(events.ConnectionPaused.TOPIC, events.ConnectionResumed.TOPIC),
    keys=keys,
    fold=fold,
)
