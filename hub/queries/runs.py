"""Rounds that did something or were asked for, the latest first."""

from collections.abc import Collection
from typing import Any

import msgspec

from adapters.store import Ledger
from hub.asof import position_at
from hub.queries.pages import MOST, Page, page
from hub.queries.records import Wanted, visible

_COLUMNS = (
    "run",
    "connection",
    "asked_by",
    "asked_for",
    "started",
    "finished",
    "cause",
    "observed",
    "delivered",
    "calls",
    "given_up",
    "position",
)
_JSON = ("asked_for", "delivered", "calls")


async def runs(ledger: Ledger, wanted: Wanted, *, cause: str = "", before: str = "") -> Page:
    """Rounds of the connections that may be seen.

    Shape   `cause` is poll, notice, retry or manual; `before` a position or a moment: rounds that ended up to then.
    Raises  WrongInput.
    """
    query = visible(ledger, wanted)
    query.equal("cause", cause)
    if before:
        query.where("position <= ?", await position_at(ledger, before))
    return await page(
        ledger,
        "run",
        _COLUMNS,
        query,
        order=("position",),
        descending=True,
        changed="position",
        cursor=wanted.cursor,
        limit=wanted.limit,
        asof=wanted.asof,
        shape=_shown,
    )


async def newer(ledger: Ledger, wanted: Wanted, position: int) -> int:
    """How many rounds ended or were asked for behind a position."""
    query = visible(ledger, wanted)
    query.where("position > ?", position)
    return (await ledger.rows(f"SELECT COUNT(*) FROM run WHERE {query.sql}", query.values))[0][0]  # noqa: S608 - built from columns


async def waiting(ledger: Ledger, names: Collection[str]) -> list[dict[str, Any]]:
    """Rounds that somebody asked for and that did not end yet, in their order."""
    condition, parameter = ledger.in_list("connection", sorted(names))
    rows = await ledger.rows(
        f"SELECT {', '.join(_COLUMNS)} FROM run WHERE {condition} AND finished = '' ORDER BY position LIMIT ?",  # noqa: S608 - built from columns
        (parameter, MOST),
    )
    return [_shown(dict(zip(_COLUMNS, row, strict=True))) for row in rows]


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    read = {name: msgspec.json.decode(row[name]) for name in _JSON}
    return {**row, **read, "started": row["started"] or None, "finished": row["finished"] or None}
