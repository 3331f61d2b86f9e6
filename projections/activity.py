"""Answers how much was carried in each hour, and how much of it failed: the numbers behind a chart."""

from datetime import UTC, datetime

from domain import events
from domain.events import Event
from projections.projection import Column, Keys, Projection, Row, Rows, Table

ACTIVITY = Table(
    name="activity",
    doc="What each connection did in each hour in which it did anything.",
    columns=(
        Column("connection", "text", "connection"),
        Column("hour", "text", "beginning of the hour, UTC"),
        Column("observed", "bigint", "records that were seen to be new or changed"),
        Column("delivered", "bigint", "writes that a system confirmed"),
        Column("delayed", "bigint", "attempts that failed and are made again by themselves"),
        Column("refused", "bigint", "writes that a system refused for good"),
        Column("position", "bigint", "position of the last event that is counted"),
    ),
    key=("connection", "hour"),
)
COUNTED: dict[type[Event], str] = {
    events.Observed: "observed",
    events.Confirmed: "delivered",
    events.Delayed: "delayed",
    events.Refused: "refused",
}
"""Event -> the column that counts it."""


def keys(event: Event) -> Keys:
    """The row of its hour."""
    yield ACTIVITY, (event.connection, _hour(event.at))


def fold(rows: Rows, event: Event, position: int) -> None:
    """Counts an event in its hour."""
    hour = _hour(event.at)
    new = {"connection": event.connection, "hour": hour, **dict.fromkeys(COUNTED.values(), 0)}
    row: Row = rows.get(ACTIVITY, (event.connection, hour)) or new
    column = COUNTED[type(event)]
    rows.put(ACTIVITY, {**row, column: row[column] + 1, "position": position})


def _hour(at: datetime) -> str:
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0).isoformat()


ACTIVITIES = Projection(
    name="activity",
    version=1,
    tables=(ACTIVITY,),
    topics=tuple(event.TOPIC for event in COUNTED),
    keys=keys,
    fold=fold,
)
