"""Rounds that did something, the latest first."""

from typing import Any

import msgspec

from adapters.store import Ledger
from hub.queries.pages import Page, page
from hub.queries.records import Wanted, visible

_COLUMNS = ("run", "connection", "started", "finished", "cause", "observed", "delivered", "calls", "position")


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
    return {**row, "delivered": msgspec.json.decode(row["delivered"]), "calls": msgspec.json.decode(row["calls"])}
