"""Mutes of causes: for a while, what a cause hits raises no alarm. It stays in every list, and everything else goes on.

A mute ends by its time alone or by a person, so it is asked for with the moment: no event says that a time is over.
"""

from datetime import UTC, datetime

from msgspec import Struct

from adapters.store import Ledger
from domain.states import NEEDS_A_PERSON

Place = tuple[str, str]
"""Connection and cause."""

_COLUMNS = "connection, cause, until, at, actor, reason"


class Muted(Struct, frozen=True, kw_only=True):
    """Until when a cause raises no alarm, and who said so, when and why. Moments are UTC."""

    until: str
    at: str
    actor: str
    reason: str


async def muted(ledger: Ledger, now: datetime) -> dict[Place, Muted]:
    """The causes that are muted at this moment; as far as the read models are."""
    rows = await ledger.rows(f"SELECT {_COLUMNS} FROM cause_mute WHERE until > ?", (_text(now),))  # noqa: S608 - own columns
    return _by_place(rows)


async def muted_then(ledger: Ledger, position: int, moment: str) -> dict[Place, Muted]:
    """The causes that were muted at a position, whose moment is this one, ISO 8601 in UTC."""
    rows = await ledger.rows(
        f"SELECT {_COLUMNS} FROM cause_mute WHERE valid_from <= ? AND until > ?"  # noqa: S608 - own columns
        f" UNION ALL SELECT {_COLUMNS} FROM cause_mute_history"
        " WHERE valid_from <= ? AND valid_until > ? AND until > ?",
        (position, moment, position, position, moment),
    )
    return _by_place(rows)


async def records_muted(ledger: Ledger, now: datetime) -> dict[str, int]:
    """Connection -> the records that need a person and that a cause hits which is muted now; a few rows are read."""
    states, parameter = ledger.in_list("g.state", sorted(NEEDS_A_PERSON))
    rows = await ledger.rows(
        "SELECT g.connection, SUM(g.records) FROM failure_group g"  # noqa: S608 - own columns
        " JOIN cause_mute m ON m.connection = g.connection AND m.cause = g.cause"
        f" WHERE m.until > ? AND {states} GROUP BY g.connection",
        (_text(now), parameter),
    )
    return {connection: int(count) for connection, count in rows}


def _by_place(rows: list[tuple[str, ...]]) -> dict[Place, Muted]:
    return {
        (connection, cause): Muted(until=until, at=at, actor=actor, reason=reason)
        for connection, cause, until, at, actor, reason in rows
    }


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
