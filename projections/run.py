"""Answers what the rounds did: one row for each round that observed or delivered something."""

import msgspec

from domain import events
from domain.events import Event
from projections.projection import Column, Projection, Rows, Table

RUN = Table(
    name="run",
    doc="Every round that did something.",
    columns=(
        Column("run", "text", "UUID of the round; its stream in the ledger"),
        Column("connection", "text", "connection"),
        Column("started", "text", "UTC"),
        Column("finished", "text", "UTC"),
        Column("cause", "text", "what began it: poll, notice, retry or manual"),
        Column("observed", "bigint", "records that changed"),
        Column("delivered", "text", "JSON object: system -> deliveries confirmed"),
        Column("calls", "text", "JSON object: reads and writes for each system"),
        Column("position", "bigint", "position of the event that ended it"),
    ),
    key=("run",),
    indexes=(("connection", "position"),),
)


def fold(rows: Rows, event: Event, position: int) -> None:
    """Assigns what an event says."""
    if not isinstance(event, events.RoundEnded):
        return
    rows.put(
        RUN,
        {
            "run": event.originator_id,
            "connection": event.connection,
            "started": event.started,
            "finished": event.at,
            "cause": event.cause,
            "observed": event.observed,
            "delivered": msgspec.json.encode(event.delivered, order="sorted").decode(),
            "calls": msgspec.json.encode({"reads": event.reads, "writes": event.writes}, order="sorted").decode(),
            "position": position,
        },
    )


RUNS = Projection(name="run", version=1, tables=(RUN,), topics=(events.RoundEnded.TOPIC,), fold=fold)
