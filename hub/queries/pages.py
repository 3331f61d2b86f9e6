"""Pages of a list: a cursor that names the last row, and the position of the ledger that the list is as of.

A row that changed after `asof` is left out of the pages that follow, so that a list that is read to its end never shows
one row twice; its newest state is on the first page of the next reading.
"""
# ruff: noqa: S608 - only names from our own constants stand in the SQL, every value is bound

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from msgspec import Struct

from adapters.store import Ledger
from domain.errors import WrongInput
from hub.asof import position_at
from hub.cursors import cursor_of, foreign, place_in

MOST = 1000
USUAL = 100
_NUMBERS = ("position", "valid_from", "asked")
"""Columns of an order that hold a number."""


class Page(Struct, frozen=True):
    """A part of a list. Without `next_cursor` it is the last one; `asof` is a position of the ledger."""

    items: list[dict[str, Any]]
    next_cursor: str | None
    asof: int


class Place(Struct, frozen=True, array_like=True):
    """Where a reader stands in a list."""

    asof: int
    after: tuple[str | int, ...] = ()


@dataclass
class Query:
    """The conditions of a list, each with its parameters. Column names come from our own code, values are bound."""

    conditions: list[str] = field(default_factory=list[str])
    values: list[Any] = field(default_factory=list[Any])

    def where(self, condition: str, *values: Any) -> None:
        """One more condition."""
        self.conditions.append(condition)
        self.values += values

    def equal(self, column: str, value: str) -> None:
        """A column holds a value; an empty one asks for nothing."""
        if value:
            self.where(f"{column} = ?", value)

    def one_of(self, ledger: Ledger, column: str, values: Collection[str]) -> None:
        """A column holds one of these values."""
        condition, parameter = ledger.in_list(column, sorted(values))
        self.where(condition, parameter)

    @property
    def sql(self) -> str:
        """All conditions, joined."""
        return " AND ".join(self.conditions) or "1 = 1"


async def moment_at(ledger: Ledger, position: int) -> str:
    """When the event at a position was stored, ISO 8601 in UTC; empty before the first.

    Asks the ledger itself: a table that is no read model must not seem to be behind because read models are.
    """
    for found, _, _, topic, state in await ledger.read(position - 1, 1) if position else ():
        if found == position:
            return ledger.events.decode(topic, state).at.isoformat()
    rows = await ledger.rows("SELECT at FROM event_log WHERE position <= ? ORDER BY position DESC LIMIT 1", (position,))
    return rows[0][0] if rows else ""


def place_of(cursor: str, order: Sequence[str]) -> Place | None:
    """Where a cursor points; nothing for no cursor.

    Raises  WrongInput for anything that no page gave out.
    """
    if not cursor:
        return None
    place = place_in(cursor, Place)
    if not 0 <= place.asof < 1 << 63 or len(place.after) != len(order) or not all(map(_fits, order, place.after)):
        raise foreign()
    return place


def _fits(column: str, value: str | int) -> bool:
    if isinstance(value, int):
        return column in _NUMBERS and 0 <= value < 1 << 63
    return column not in _NUMBERS and "\0" not in value


async def page(  # noqa: PLR0913 - the parts of one query
    ledger: Ledger,
    table: str,
    columns: Sequence[str],
    query: Query,
    *,
    order: Sequence[str],
    descending: bool = False,
    changed: str,
    cursor: str,
    limit: int,
    asof: str,
    moments: bool = False,
    lasting: bool = False,
    shape: Callable[[dict[str, Any]], dict[str, Any]] = dict,
) -> Page:
    """One page of a list.

    Shape   `order` names columns that tell every row from every other. `changed` is the column, or an expression, that
            holds the position of a row's last change, or with `moments` its moment. Rows of a `lasting` list never
            change; of any other it is not known how they were before they did.
    Raises  WrongInput, also for a past that is not known.
    """
    place = place_of(cursor, order)
    at = place.asof if place else await position_at(ledger, asof)
    until = await moment_at(ledger, at) if moments else at
    if at and asof and not place and not lasting:  # at 0 there was nothing
        await _refuse_unknown_past(ledger, table, changed, until)
    query.where(f"{changed} <= ?", until)
    if place:
        marks = ", ".join("?" for _ in order)
        query.where(f"({', '.join(order)}) {'<' if descending else '>'} ({marks})", *place.after)
    sort = ", ".join(f"{name} {'DESC' if descending else 'ASC'}" for name in order)
    wanted = max(1, min(limit, MOST))
    rows = await ledger.rows(
        f"SELECT {', '.join((*columns, *order))} FROM {table} WHERE {query.sql} ORDER BY {sort} LIMIT ?",
        (*query.values, wanted + 1),
    )
    more, rows = len(rows) > wanted, rows[:wanted]
    after = cursor_of(Place(at, tuple(rows[-1][len(columns) :]))) if more else None
    return Page([shape(dict(zip(columns, row, strict=False))) for row in rows], after, at)


async def _refuse_unknown_past(ledger: Ledger, table: str, changed: str, until: str | int) -> None:
    """What changed meanwhile is not answered with what it is today."""
    if await ledger.rows(f"SELECT 1 FROM {table} WHERE {changed} > ? LIMIT 1", (until,)):
        raise WrongInput(
            "asof",
            "this list changed since, and how it was then is not kept",
            "Leave it out, or read `events` as of then.",
        )
