"""Answers what the rounds did: one row for each that did something, and for each that somebody asked for."""

import msgspec

from domain import events
from domain.events import Event
from projections.projection import Column, Keys, Projection, Row, Rows, Table

RUN = Table(
    name="run",
    doc="Every round that did something, and every one that somebody asked for.",
    columns=(
        Column("run", "text", "UUID of the round; its stream in the ledger"),
        Column("connection", "text", "connection"),
        Column("asked_by", "text", "who asked for it, empty for rounds that began by themselves"),
        Column("asked_for", "text", "JSON object: since, until, project, flow and full, as they were asked for"),
        Column("started", "text", "UTC; empty while it waits, and when it was given up"),
        Column("finished", "text", "UTC; empty while it waits or works"),
        Column("cause", "text", "what began it: poll, notice, retry or manual"),
        Column("observed", "bigint", "records that changed"),
        Column("delivered", "text", "JSON object: system -> deliveries confirmed"),
        Column("calls", "text", "JSON object: reads and writes for each system"),
        Column(
            "given_up", "text", "why it failed as a whole the last time it was tried; empty when it was not given up"
        ),
        Column("position", "bigint", "position of its last event"),
    ),
    key=("run",),
    indexes=(("connection", "position"), ("connection", "finished")),
)


def keys(event: Event) -> Keys:
    """The row of a round that was asked for is filled when it ends, however it ends."""
    if isinstance(event, events.RoundEnded | events.RunGivenUp):
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
        "given_up": "",
    }
    match event:
        case events.RunAsked():
            asked = {name: getattr(event, name) for name in ("since", "until", "project", "flow", "full")}
            row = {**fresh, "asked_by": event.actor, "asked_for": _json(asked)}
        case events.RoundEnded():
            row = {
                **fresh,
                **_known(rows, event),
                "started": event.started,
                "finished": event.at,
                "cause": event.cause,
                "observed": event.observed,
                "delivered": _json(event.delivered),
                "calls": _json({"reads": event.reads, "writes": event.writes}),
            }
        case events.RunGivenUp():
            row = {**fresh, **_known(rows, event), "finished": event.at, "given_up": event.why}
        case _:
            return
    rows.put(RUN, {**row, "position": position})


def _known(rows: Rows, event: Event) -> Row:
    return rows.get(RUN, (str(event.originator_id),)) or {}


def _json(value: object) -> str:
    return msgspec.json.encode(value, order="sorted").decode()


RUNS = Projection(
    name="run",
    version=2,
    tables=(RUN,),
    topics=(events.RunAsked.TOPIC, events.RoundEnded.TOPIC, events.RunGivenUp.TOPIC),
    keys=keys,
    fold=fold,
)
