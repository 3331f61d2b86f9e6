"""Lists as they were at a position: the rows of today that are old enough, and those of the past that were true then.

Every page of a reading is as of the same position, so a list that is read to its end is exactly the list of that
moment, whatever happens meanwhile.
"""
# ruff: noqa: S608 - only names from our own constants stand in the SQL, every value is bound

from collections.abc import Callable, Collection, Sequence
from typing import Any

from adapters.store import Ledger
from hub.asof import position_at, told_to
from hub.cursors import cursor_of
from hub.queries.pages import MOST, Page, Place, Query, place_of
from projections.cross_reference import CROSS_REFERENCES
from projections.event_log import EVENT_LOGS
from projections.history import STATE_HISTORY
from projections.projection import Table
from projections.record_state import RECORD_STATES

_TOLD = (RECORD_STATES.name, CROSS_REFERENCES.name, EVENT_LOGS.name)


async def page_at(  # noqa: PLR0913 - the parts of one query
    ledger: Ledger,
    tables: tuple[Table, Table],
    columns: Sequence[str],
    connections: Collection[str],
    query: Query,
    *,
    order: Sequence[str],
    descending: bool = False,
    cursor: str,
    limit: int,
    asof: str,
    narrow: bool = False,
    shape: Callable[[dict[str, Any]], dict[str, Any]] = dict,
) -> Page:
    """One page of a list as it was.

    Shape   `tables` are that of today and that of the past; both have the columns and `valid_from`, the past also
            `valid_until`. `query` holds for both; `narrow` says that it has an index of its own, such as by project.
    Raises  WrongInput.
    """
    place = place_of(cursor, order)
    last = await told_to(ledger, _TOLD)
    at = place.asof if place else (min(await position_at(ledger, asof), last) if asof else last)
    wanted = max(1, min(limit, MOST))
    picked = ", ".join((*columns, *(f"{name} AS o{place}" for place, name in enumerate(order))))
    way = "DESC" if descending else "ASC"
    parts: list[str] = []
    values: list[Any] = []
    for connection in connections:
        for table in tables if at < last else tables[:1]:
            true_then, by = true_at(table, at, last, narrow=narrow)
            behind, after = _behind(by(order), place, descending=descending)
            sort = ", ".join(f"{name} {way}" for name in by(order))
            parts.append(
                f"SELECT * FROM (SELECT {picked} FROM {table.name} WHERE connection = ? AND {true_then} AND {query.sql}"
                f"{behind} ORDER BY {sort} LIMIT ?) AS p{len(parts)}"
            )
            values += [connection, *([at] if table is tables[0] else [at, at]), *query.values, *after, wanted + 1]
    if not parts:
        return Page([], None, at)
    sort = ", ".join(f"o{place} {way}" for place in range(len(order)))
    rows = await ledger.rows(f"{' UNION ALL '.join(parts)} ORDER BY {sort} LIMIT ?", (*values, wanted + 1))
    more, rows = len(rows) > wanted, rows[:wanted]
    following = cursor_of(Place(at, tuple(rows[-1][len(columns) :]))) if more else None
    return Page([shape(dict(zip(columns, row, strict=False))) for row in rows], following, at)


async def positions_at(
    ledger: Ledger,
    tables: tuple[Table, Table],
    connections: Collection[str],
    query: Query,
    *,
    asof: int,
    narrow: bool = False,
    most: int,
) -> list[int]:
    """Since when each row of a list holds that was true at a position, the newest first, so many and one at most.

    Where a list goes by these positions they are its scale: indexes hold them, so no row is looked at.
    """
    last = await told_to(ledger, _TOLD)
    found: list[int] = []
    for connection in connections:
        for table in tables if asof < last else tables[:1]:
            true_then, by = true_at(table, asof, last, narrow=narrow)
            sql = (
                f"SELECT valid_from FROM {table.name} WHERE connection = ? AND {true_then} AND {query.sql}"
                f" ORDER BY {by(('valid_from',))[0]} DESC LIMIT ?"
            )
            until = (asof,) if table is tables[0] else (asof, asof)
            found += [row[0] for row in await ledger.rows(sql, (connection, *until, *query.values, most + 1))]
    found.sort(reverse=True)  # parts are in order, which the sort finds out by itself
    return found[: most + 1]


async def states_at(ledger: Ledger, connections: Collection[str], position: int) -> dict[str, dict[str, int]]:
    """Flow -> state -> records of these connections, at a position.

    Of a young position only what changed since is read: today's counts, without what began later and with what was over
    by then. One statement, so that what happens meanwhile is counted on both sides or on none.
    """
    last = await told_to(ledger, _TOLD)
    over, _ = true_at(STATE_HISTORY, position, last, narrow=False)
    parts = [("", "state_history", over)]
    if position * 2 <= last:
        parts.append(("", "record_state", "valid_from <= ?"))
    else:
        parts += [("", "record_state", "1 = 1"), ("-", "record_state", "valid_from > ?")]
    counted: list[str] = []
    values: list[Any] = []
    for connection in connections:
        for sign, table, when in parts:
            sql = f"SELECT flow, state, {sign}COUNT(*) AS n FROM {table} WHERE connection = ? AND {when}"
            counted.append(f"{sql} GROUP BY state, flow")
            values += [connection, *[position] * when.count("?")]
    if not counted:
        return {}
    every = " UNION ALL ".join(counted)
    rows = await ledger.rows(
        f"SELECT flow, state, SUM(n) FROM ({every}) AS stood GROUP BY flow, state HAVING SUM(n) <> 0", values
    )
    found: dict[str, dict[str, int]] = {}
    for flow, state, number in rows:
        found.setdefault(flow, {})[state] = int(number)
    return found


Order = Callable[[Sequence[str]], Sequence[str]]


def true_at(table: Table, at: int, last: int, *, narrow: bool) -> tuple[str, Order]:
    """The condition that a row was true at a position, and how to spell its order.

    What began before and what ended after are two long ranges that no index joins: the index of the shorter one is
    used, and a plus keeps the database from using the other one.
    """
    if "valid_until" not in table.names:
        return "valid_from <= ?", list
    if narrow or at * 2 <= last:
        return "valid_from <= ? AND +valid_until > ?", list
    return "+valid_from <= ? AND valid_until > ?", lambda names: [
        f"+{name}" if name == "valid_from" else name for name in names
    ]


def _behind(names: Sequence[str], place: Place | None, *, descending: bool) -> tuple[str, Sequence[Any]]:
    if place is None:
        return "", ()
    marks = ", ".join("?" for _ in names)
    return f" AND ({', '.join(names)}) {'<' if descending else '>'} ({marks})", place.after
