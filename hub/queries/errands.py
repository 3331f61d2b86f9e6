"""What people sent the service to do in the background, the latest first."""

from collections.abc import Collection
from typing import Any

import msgspec

from adapters.store import Ledger
from domain.errors import Unknown
from hub.queries.pages import Page, page
from hub.queries.records import Wanted, visible
from projections.errand import ERRAND

_JSON = ("asked_for", "figures", "unread")


async def errands(ledger: Ledger, wanted: Wanted, *, sort: str = "") -> Page:
    """Errands of the connections that may be seen, of one sort where it is named.

    Raises  WrongInput.
    """
    query = visible(ledger, wanted)
    query.equal("sort", sort)
    return await page(
        ledger,
        ERRAND.name,
        ERRAND.names,
        query,
        order=("position",),
        descending=True,
        changed="position",
        cursor=wanted.cursor,
        limit=wanted.limit,
        asof=wanted.asof,
        shape=_shown,
    )


async def errand(ledger: Ledger, id_: str, connections: Collection[str]) -> dict[str, Any]:
    """One errand.

    Raises  Unknown, also for one of a connection that may not be seen.
    """
    rows = await ledger.rows(f"SELECT {', '.join(ERRAND.names)} FROM errand WHERE errand = ?", (id_.lower(),))  # noqa: S608 - our own names
    found = [dict(zip(ERRAND.names, row, strict=True)) for row in rows]
    if not found or found[0]["connection"] not in connections:
        raise Unknown(f"There is no errand {id_[:60]}.")
    return _shown(found[0])


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    read = {name: msgspec.json.decode(row[name]) for name in _JSON}
    asked = {name: value for name, value in read["asked_for"].items() if value}
    return {**row, **read, "asked_for": asked, "ended_at": row["ended_at"] or None}
