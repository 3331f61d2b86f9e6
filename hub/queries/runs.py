"""Rounds that did something or were asked for, the latest first."""

from typing import Any

import msgspec

from adapters.store import Ledger
from hub.queries.pages import Page, page
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


async def runs(ledger: Ledger, wanted: Wanted) -> Page:
    """Rounds of the connections that may be seen.

    Raises  WrongInput.
    """
    return await page(
        ledger,
        "run",
        _COLUMNS,
        visible(ledger, wanted),
        order=("position",),
        descending=True,
        changed="position",
        cursor=wanted.cursor,
        limit=wanted.limit,
        asof=wanted.asof,
        shape=_shown,
    )


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    read = {name: msgspec.json.decode(row[name]) for name in _JSON}
    return {**row, **read, "started": row["started"] or None, "finished": row["finished"] or None}
