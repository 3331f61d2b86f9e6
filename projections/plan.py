"""Answers which plans were made, and what became of each."""

import msgspec

from domain import events
from domain.events import Event
from projections.history import FROM, past_of, replaced
from projections.projection import Column, Keys, Projection, Rows, Table

PLAN = Table(
    name="plan",
    doc="What would have been written at some moment, for review, and whether it was carried out.",
    columns=(
        Column("plan", "text", "hash of the plan"),
        Column("connection", "text", "connection that it belongs to"),
        Column("made_at", "text", "when it was made last, UTC"),
        Column("actor", "text", "who asked for it"),
        Column("expires_at", "text", "it is not carried out at this moment or later, UTC"),
        Column("writes", "bigint", "rows that it writes"),
        Column("calls", "text", "JSON object: system -> HTTP calls that write"),
        Column("content", "text", "SHA-256 of the whole plan"),
        Column("state", "text", "made, started, done, stopped or refused"),
        Column("sent", "bigint", "rows that were written when it was carried out"),
        Column("why", "text", "why it was stopped or refused, else empty"),
        Column("ended_at", "text", "when it was carried out or refused, UTC, else empty"),
        Column("ended_by", "text", "who had it carried out, else empty"),
        Column("version", "bigint", "events that the plan's own stream holds"),
        Column("position", "bigint", "position of the event that made it last"),
        FROM,
    ),
    key=("plan",),
    indexes=(("connection", "position"),),
)


PLAN_HISTORY = past_of(
    PLAN,
    "plan_history",
    "How each plan stood before; `plan` holds how it stands now.",
    ("connection", "valid_until", "valid_from"),
)
BOTH = (PLAN, PLAN_HISTORY)


def keys(event: Event) -> Keys:
    """Rows that an event changes."""
    if isinstance(event, events.PlanMade | events.PlanStarted | events.PlanEnded):
        yield PLAN, (event.plan,)


def fold(rows: Rows, event: Event, position: int) -> None:
    """Assigns what an event says."""
    match event:
        case events.PlanMade():
            replaced(rows, BOTH, rows.get(PLAN, (event.plan,)), _made(event, position), position)
        case events.PlanStarted():
            _change(rows, event, position, state="started")
        case events.PlanEnded():
            _change(
                rows,
                event,
                position,
                state=event.result,
                sent=event.sent,
                why=event.why,
                ended_at=event.at.isoformat(),
                ended_by=event.actor,
            )
        case _:
            return


def _made(event: events.PlanMade, position: int) -> dict[str, str | int]:
    return {
        "plan": event.plan,
        "connection": event.connection,
        "made_at": event.at.isoformat(),
        "actor": event.actor,
        "expires_at": event.expires.isoformat(),
        "writes": event.writes,
        "calls": msgspec.json.encode(event.calls, order="sorted").decode(),
        "content": event.content,
        "state": "made",
        "sent": 0,
        "why": "",
        "ended_at": "",
        "ended_by": "",
        "version": event.originator_version,
        "position": position,
    }


def _change(rows: Rows, event: events.PlanStarted | events.PlanEnded, position: int, **fields: str | int) -> None:
    old = rows.get(PLAN, (event.plan,))
    if old is not None:
        replaced(rows, BOTH, old, {**old, **fields, "version": event.originator_version}, position)


PLANS = Projection(
    name="plan",
    version=2,
    tables=BOTH,
    topics=(events.PlanMade.TOPIC, events.PlanStarted.TOPIC, events.PlanEnded.TOPIC),
    keys=keys,
    fold=fold,
)
