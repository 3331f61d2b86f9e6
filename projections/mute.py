"""Answers which causes of failures raise no alarm for a while, who said so and why."""

from domain import events
from domain.events import Event
from projections.history import FROM, past_of, replaced
from projections.projection import Column, Keys, Projection, Rows, Table

MUTE = Table(
    name="cause_mute",
    doc="What was said last of each cause of failures: that it raises no alarm for a while, or that it does again.",
    columns=(
        Column("connection", "text", "connection"),
        Column("cause", "text", "stable code of the cause"),
        Column("until", "text", "until when it raises no alarm, UTC; empty once somebody ended that before the time"),
        Column("at", "text", "when it was said, UTC"),
        Column("actor", "text", "who said it"),
        Column("reason", "text", "why, in their words"),
        Column("version", "bigint", "events that the stream of its mutes holds"),
        FROM,
    ),
    key=("connection", "cause"),
)

MUTE_HISTORY = past_of(
    MUTE,
    "cause_mute_history",
    "What was said of each cause before; `cause_mute` holds what was said last.",
    ("connection", "valid_until"),
)
BOTH = (MUTE, MUTE_HISTORY)


def keys(event: Event) -> Keys:
    """The row of the cause."""
    if isinstance(event, events.CauseMuted | events.CauseUnmuted):
        yield MUTE, (event.connection, event.cause)


def fold(rows: Rows, event: Event, position: int) -> None:
    """Assigns what an event says."""
    match event:
        case events.CauseMuted() | events.CauseUnmuted():
            new = {
                "connection": event.connection,
                "cause": event.cause,
                "until": event.until.isoformat() if isinstance(event, events.CauseMuted) else "",
                "at": event.at.isoformat(),
                "actor": event.actor,
                "reason": event.reason,
                "version": event.originator_version,
            }
            replaced(rows, BOTH, rows.get(MUTE, (event.connection, event.cause)), new, position)
        case _:
            return


MUTES = Projection(
    name="mute",
    version=1,
    tables=BOTH,
    topics=(events.CauseMuted.TOPIC, events.CauseUnmuted.TOPIC),
    keys=keys,
    fold=fold,
)
