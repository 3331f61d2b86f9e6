"""Lists of what proves the ledger, and of who did what."""

from typing import Any

from msgspec import Struct

from adapters.store import Ledger
from hub.queries.pages import Page, Query, page

_HEADS = ("hash", "moment", "key", "signature", "event_position")
_KEYS = "SELECT key, public, predecessor, since, position FROM audit_key ORDER BY position"
_ACTS = ("at", "connection", "actor", "action", "object", "record", "before", "after", "reason", "summary")
_CHECK = ("position", "at", "actor", "start", "through", "findings", "words")


class Acts(Struct, frozen=True, kw_only=True):
    """Which acts are asked for. `connections` may be seen; with `whole` those on the hub itself too.

    Shape   `since` and `until` ISO 8601, UTC; `until` is left out. `action` may be the beginning of a name.
    """

    connections: tuple[str, ...]
    whole: bool
    actor: str = ""
    action: str = ""
    object: str = ""
    since: str = ""
    until: str = ""
    cursor: str = ""
    limit: int = 100
    asof: str = ""


async def heads(ledger: Ledger, *, cursor: str, limit: int, asof: str) -> Page:
    """Signed heads, the newest first.

    Raises  WrongInput.
    """
    return await page(
        ledger,
        "audit_head",
        ("position", *_HEADS),
        Query(),
        order=("position",),
        descending=True,
        changed="event_position",
        lasting=True,
        cursor=cursor,
        limit=limit,
        asof=asof,
    )


async def keys(ledger: Ledger) -> list[dict[str, Any]]:
    """The keys that signed, the oldest first."""
    names = ("key", "public", "predecessor", "since", "position")
    return [dict(zip(names, row, strict=True)) for row in await ledger.rows(_KEYS)]


async def acts(ledger: Ledger, wanted: Acts) -> Page:
    """Who did what, the newest first.

    Raises  WrongInput.
    """
    query = Query()
    query.one_of(ledger, "connection", [*wanted.connections, *([""] if wanted.whole else [])])
    query.equal("actor", wanted.actor)
    query.equal("object", wanted.object)
    if wanted.action:
        # A range and no LIKE, so that the index serves.
        query.where("action >= ? AND action < ?", wanted.action, f"{wanted.action}\U0010ffff")
    if wanted.since:
        query.where("at >= ?", wanted.since)
    if wanted.until:
        query.where("at < ?", wanted.until)
    return await page(
        ledger,
        "act",
        ("position", *_ACTS),
        query,
        order=("position",),
        descending=True,
        changed="position",
        lasting=True,
        cursor=wanted.cursor,
        limit=wanted.limit,
        asof=wanted.asof,
    )


async def last_check(ledger: Ledger) -> dict[str, Any] | None:
    """How the last verification ended, None before the first."""
    rows = await ledger.rows(f"SELECT {', '.join(_CHECK)} FROM audit_check ORDER BY position DESC LIMIT 1")  # noqa: S608 - our own names
    return _shown(dict(zip(_CHECK, rows[0], strict=True))) if rows else None


async def checks(ledger: Ledger, *, cursor: str, limit: int, asof: str) -> Page:
    """Verifications of the ledger, the newest first.

    Raises  WrongInput.
    """
    return await page(
        ledger,
        "audit_check",
        _CHECK,
        Query(),
        order=("position",),
        descending=True,
        changed="position",
        lasting=True,
        cursor=cursor,
        limit=limit,
        asof=asof,
        shape=_shown,
    )


def _shown(check: dict[str, Any]) -> dict[str, Any]:
    return {**check, "valid": not check["findings"], "words": str(check["words"]).splitlines()}
