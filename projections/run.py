"""Answers what the rounds did: one row for each that did something, and for each that somebody asked for."""

import msgspec

from domain import events
from domain.events import Event
from projections.projection import Column, Keys, Projection, Rows, Table

RUN = Table(
    name="run",
    doc="Every round that did something, and every one that somebody asked for.",
    columns=(
        Column("run", "text", "UUID of the round; its stream in the ledger"),
        Column("connection", "text", "connection"),
        Column("asked_by", "text", "who asked for it, empty for rounds that began by themselves"),
        Column("asked_for", "text", "JSON object: since, until, project, flow and full, as they were asked for"),
        Column("started", "text", "UTC; empty while it waits"),
        Column("finished", "text", "UTC; empty while it waits or works"),
        Column("cause", "text", "what began it: poll, notice, retry or manual"),
        Column("observed", "bigint", "records that changed"),
        Column("delivered", "text", "JSON object: system -> deliveries confirmed"),
        Column("calls", "text", "JSON object: reads and writes for each system"),
        Column("position", "bigint", "position of its last event"),
    ),
    key=("run",),
    indexes=(("connection", "position"), ("connection", "finished")),
)


def keys(event: Event) -> Keys:
    """The row of a round that was asked for is filled when it ends."""
    if isinstance(event, events.RoundEnded):
        yield RUN, (str(event.originator_id),)


def fold(rows: Rows, event: Event, position: int) -> None:
    """Assigns what an event says."""
    fresh = {
        "run": event.originator_id,
        "connection": event.connection,
        "asked_by": "",
        "asked_for": "{}",
        "started": "",
        "finished": "",
        "cause": "manual",
        "observed": 0,
        "delivered": "{}",
        "calls": "{}",
    }
    match event:
        case events.RunAsked():
            asked = {name: getattr(event, name) for name in ("since", "until", "project", "flow", "full")}
            row = {**fresh, "asked_by": event.actor, "asked_for": _json(asked)}
        case events.RoundEnded():
            row = {
                **fresh,
                **(rows.get(RUN, (str(event.originator_id),)) or {}),
                "started": event.started,
                "finished": event.at,
                "cause": event.cause,
                "observed": event.observed,
                "delivered": _json(event.delivered),
                "calls": _json({"reads": event.reads, "writes": event.writes}),
            }
        case _:
            return
    rows.put(RUN, {**row, "position": position})


def _json(value: object) -> str:
    return msgspec.json.encode(value, order="sorted").decode()


RUNS = Projection(
    name="run",
    version=1,
    tables=(RUN,),
    topics=(events.RunAsked.TOPIC, events.RoundEnded.TOPIC),
    keys=keys,
    fold=fold,
)
