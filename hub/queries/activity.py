"""How much was carried, hour by hour or day by day, and what was changed meanwhile that may explain a bend."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from msgspec import Struct

from adapters.store import Ledger
from domain import events
from hub.asof import position_at
from hub.queries.pages import Query
from projections.activity import COUNTED

Span = Literal["day", "week", "month"]
STEPS: dict[Span, tuple[timedelta, int]] = {
    "day": (timedelta(hours=1), 24),
    "week": (timedelta(hours=6), 28),
    "month": (timedelta(days=1), 30),
}
"""Span -> the length of a step, and how many of them."""
COUNTS = ("observed", "delivered", "delayed", "refused")
_COUNTED = {event.TOPIC: column for event, column in COUNTED.items()}
"""Topic -> the column in which the read model counts it."""
_HOUR = timedelta(hours=1)
MOST_MARKS = 20
_MARKS = (events.MappingPublished.TOPIC, events.MappingReverted.TOPIC, events.Configured.TOPIC)


class Step(Struct, frozen=True, kw_only=True):
    """What was done in one step; `at` is its beginning, UTC."""

    at: datetime
    observed: int = 0
    delivered: int = 0
    delayed: int = 0
    refused: int = 0


class Mark(Struct, frozen=True, kw_only=True):
    """Somebody published maps or started the hub with another configuration; `at` is ISO 8601, UTC."""

    at: str
    connection: str
    summary: str
    actor: str


class Activity(Struct, frozen=True, kw_only=True):
    """Steps from the oldest to the present one, those in which nothing happened too."""

    span: Span
    steps: list[Step]
    marks: list[Mark]


async def activity(
    ledger: Ledger, connections: Collection[str], span: Span, now: datetime, *, upto: int | None = None
) -> Activity:
    """What these connections did until now; with `upto` until the moment of that position, and nothing behind it."""
    step, many = STEPS[span]
    since = _floor(now, step) - step * (many - 1)
    query = Query()
    query.one_of(ledger, "connection", connections)
    query.where("hour >= ?", since.isoformat())
    if upto is not None:  # the hour that had not ended is counted anew
        query.where("hour < ?", _floor(now, _HOUR).isoformat())
    sums = ", ".join(f"SUM({name})" for name in COUNTS)
    sql = f"SELECT hour, {sums} FROM activity WHERE {query.sql} GROUP BY hour ORDER BY hour"  # noqa: S608 - own columns
    found: dict[datetime, list[int]] = {since + step * place: [0] * len(COUNTS) for place in range(many)}
    rows = await ledger.rows(sql, query.values)
    if upto is not None:
        rows.append(await _part_of_hour(ledger, connections, _floor(now, _HOUR), upto))
    for hour, *counts in rows:
        totals = found.get(_floor(datetime.fromisoformat(hour), step))
        if totals is not None:  # a clock that ran ahead told of an hour that is yet to come
            totals[:] = [total + int(count) for total, count in zip(totals, counts, strict=True)]
    steps = [Step(at=at, **dict(zip(COUNTS, counts, strict=True))) for at, counts in found.items()]
    return Activity(span=span, steps=steps, marks=await _marks(ledger, connections, since, upto))


async def _part_of_hour(ledger: Ledger, connections: Collection[str], hour: datetime, upto: int) -> tuple[Any, ...]:
    """What was done in an hour up to a position, as a row of `activity`. Moments may overlap, but not for an hour."""
    query = Query()
    query.one_of(ledger, "connection", connections)
    query.one_of(ledger, "event", _COUNTED)
    query.where("position > ?", await position_at(ledger, (hour - _HOUR).isoformat()))
    query.where("position <= ?", upto)
    query.where("at >= ?", hour.isoformat())
    sql = f"SELECT event, COUNT(*) FROM event_log WHERE {query.sql} GROUP BY event"  # noqa: S608 - own columns
    found = {_COUNTED[event]: count for event, count in await ledger.rows(sql, query.values)}
    return (hour.isoformat(), *(found.get(name, 0) for name in COUNTS))


async def _marks(ledger: Ledger, connections: Collection[str], since: datetime, upto: int | None) -> list[Mark]:
    query = Query()
    query.one_of(ledger, "connection", connections)
    query.one_of(ledger, "event", _MARKS)
    if upto is not None:
        query.where("position <= ?", upto)
    names = ", ".join(Mark.__struct_fields__)
    sql = f"SELECT {names} FROM event_log WHERE {query.sql} ORDER BY position DESC LIMIT {MOST_MARKS}"  # noqa: S608 - own columns
    marks = [
        Mark(**dict(zip(Mark.__struct_fields__, row, strict=True))) for row in await ledger.rows(sql, query.values)
    ]
    return [mark for mark in marks if mark.at >= since.isoformat()]


def _floor(at: datetime, step: timedelta) -> datetime:
    """The beginning of the step that a moment lies in; steps are counted from midnight, UTC."""
    at = at.astimezone(UTC)
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + (at - midnight) // step * step
