"""Answers from when on a project that was in progress on both sides is carried, and what both came to then."""

import msgspec

from domain import events
from domain.events import Event
from projections.projection import Column, Projection, Rows, Table

BASELINE = Table(
    name="baseline",
    doc="Projects that were joined while in progress: where their history begins, and what both systems came to then.",
    columns=(
        Column("connection", "text", "connection that it belongs to"),
        Column("project", "text", "number of the project"),
        Column("procore_id", "text", "its project in Procore"),
        Column("proposal", "text", "SHA-256 of the proposal that was confirmed"),
        Column("joined", "bigint", "records that were joined with it"),
        Column("totals", "text", "JSON object: what was summed -> [Business Central, Procore], decimal text"),
        Column("accepted", "text", "why a difference was accepted, empty where there was none"),
        Column("actor", "text", "who confirmed it"),
        Column("at", "text", "when, UTC"),
        Column("position", "bigint", "position of the event; the history of the project begins behind it"),
    ),
    key=("connection", "project"),
)


def fold(rows: Rows, event: Event, position: int) -> None:
    """The last baseline of a project counts."""
    if isinstance(event, events.ProjectBaselined):
        rows.put(
            BASELINE,
            {
                "connection": event.connection,
                "project": event.project,
                "procore_id": event.procore_id,
                "proposal": event.proposal,
                "joined": event.joined,
                "totals": msgspec.json.encode(event.totals, order="sorted").decode(),
                "accepted": event.accepted,
                "actor": event.actor,
                "at": event.at.isoformat(),
                "position": position,
            },
        )


BASELINES = Projection(
    name="baseline", version=1, tables=(BASELINE,), topics=(events.ProjectBaselined.TOPIC,), fold=fold
)
