"""Answers what people sent the service to do in the background, how far that is, and what came of it."""

import msgspec

from domain import events
from domain.events import Event
from projections.projection import Column, Keys, Projection, Rows, Table

ERRAND = Table(
    name="errand",
    doc="What people sent the service to do in the background: comparisons, proposals, looks for drift, counts.",
    columns=(
        Column("errand", "text", "UUID of the errand"),
        Column("connection", "text", "connection that it belongs to"),
        Column("sort", "text", "reconciliation, adoption, drift or completeness"),
        Column("asked_by", "text", "who sent the service"),
        Column("asked_for", "text", "JSON object: what was asked for, by its name"),
        Column("begun_at", "text", "UTC"),
        Column("state", "text", "running, done, failed, or interrupted where the process ended in the middle"),
        Column("ended_at", "text", "UTC; empty while it runs"),
        Column("outcome", "text", "what came of it, in one word of its sort; empty unless it is done"),
        Column(
            "result",
            "text",
            "run of a reconciliation, hash of a proposal or of what was counted; empty for none",
        ),
        Column("figures", "text", "JSON object: what was counted, by its name"),
        Column("unread", "text", "JSON list of what could not be read"),
        Column("why", "text", "why it was not done; empty otherwise"),
        Column("position", "bigint", "position of its last event"),
    ),
    key=("errand",),
    indexes=(("connection", "position"), ("state",)),
)


def keys(event: Event) -> Keys:
    """The row of an errand is filled when it ends."""
    if isinstance(event, events.ErrandEnded):
        yield ERRAND, (str(event.originator_id),)


def fold(rows: Rows, event: Event, position: int) -> None:
    """Assigns what an event says."""
    match event:
        case events.ErrandBegun():
            row = {
                "errand": str(event.originator_id),
                "connection": event.connection,
                "sort": event.sort,
                "asked_by": event.actor,
                "asked_for": _json(event.asked),
                "begun_at": event.at.isoformat(),
                "state": "running",
                "ended_at": "",
                "outcome": "",
                "result": "",
                "figures": "{}",
                "unread": "[]",
                "why": "",
            }
        case events.ErrandEnded():
            known = rows.get(ERRAND, (str(event.originator_id),))
            if known is None:
                return
            row = {
                **known,
                "state": event.state,
                "ended_at": event.at.isoformat(),
                "outcome": event.outcome,
                "result": event.result,
                "figures": _json(event.figures),
                "unread": _json(event.unread),
                "why": event.why,
            }
        case _:
            return
    rows.put(ERRAND, {**row, "position": position})


def _json(value: object) -> str:
    return msgspec.json.encode(value, order="sorted").decode()


ERRANDS = Projection(
    name="errand",
    version=1,
    tables=(ERRAND,),
    topics=(events.ErrandBegun.TOPIC, events.ErrandEnded.TOPIC),
    keys=keys,
    fold=fold,
)
