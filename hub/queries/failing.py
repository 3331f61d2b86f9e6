"""What stands beside the groups of failures: records by the day on which they stopped, and what is over."""

from collections.abc import Collection
from datetime import date, timedelta

from adapters.store import Ledger
from domain.causes import UNSETTLED

DAYS = 14
"""Days of a trend."""


async def per_day(
    ledger: Ledger, connections: Collection[str], causes: Collection[str], today: date
) -> dict[tuple[str, str], list[int]]:
    """Connection and cause -> the records that it hits now, by the day on which they stopped; the last one is today."""
    days = [(today - timedelta(days=DAYS - 1 - place)).isoformat() for place in range(DAYS)]
    of_cause, names = ledger.in_list("cause", sorted(causes))
    of_connection, mine = ledger.in_list("connection", sorted(connections))
    rows = await ledger.rows(
        "SELECT connection, cause, SUBSTR(since, 1, 10), COUNT(*) FROM failure"  # noqa: S608 - built from columns
        f" WHERE {of_cause} AND {of_connection} AND since >= ? GROUP BY connection, cause, SUBSTR(since, 1, 10)",
        (names, mine, days[0]),
    )
    found: dict[tuple[str, str], list[int]] = {}
    for connection, cause, day, count in rows:
        if day in days:
            found.setdefault((connection, cause), [0] * DAYS)[days.index(day)] = count
    return found


async def last_said(ledger: Ledger, connections: Collection[str]) -> str:
    """When a failure was said last, whether it is over or not; empty when there never was one."""
    mine, names = ledger.in_list("connection", sorted(connections))
    states, failing = ledger.in_list("state", sorted(UNSETTLED))
    rows = await ledger.rows(
        f"SELECT MAX(last_seen) FROM failure_group WHERE {mine} AND {states}",  # noqa: S608 - built from columns
        (names, failing),
    )
    return rows[0][0] or ""


async def over(ledger: Ledger, connections: Collection[str], limit: int = 200) -> list[tuple[str, str]]:
    """Connection and cause of what hits nothing any more, the latest first."""
    mine, names = ledger.in_list("connection", sorted(connections))
    return [
        (row[0], row[1])
        for row in await ledger.rows(
            f"SELECT connection, cause FROM failure_group WHERE {mine} AND records = 0"  # noqa: S608 - built from columns
            " ORDER BY last_seen DESC, connection, cause LIMIT ?",
            (names, limit),
        )
    ]


async def unreadable(ledger: Ledger, connections: Collection[str], *, upto: int | None = None) -> int:
    """How many rows could not be read at all; up to a position, or up to now."""
    mine, names = ledger.in_list("connection", sorted(connections))
    until, values = (" AND position <= ?", [upto]) if upto is not None else ("", [])
    return (await ledger.rows(f"SELECT COUNT(*) FROM dead_letter WHERE {mine}{until}", (names, *values)))[0][0]  # noqa: S608 - built from columns
