"""Users and tokens as lists, by name."""

from collections.abc import Collection
from typing import Any

import msgspec

from adapters.store import Ledger
from hub.access import Action, Principal, Right, Role, may
from hub.queries.pages import MOST, Page, Query, page
from hub.queries.records import Wanted

_USER = ("name", "source", "roles", "rights", "changed_at")
_TOKEN = ("name", "owner", "role", "connections", "approve", "created_at", "expires_at", "used_at", "revoked_at")


async def users(ledger: Ledger, wanted: Wanted) -> Page:
    """Everybody who may sign in.

    Raises  WrongInput.
    """
    query = Query()
    query.where("active = ?", 1)
    return await page(
        ledger,
        "access_user",
        _USER,
        query,
        order=("name",),
        changed="changed_at",
        moments=True,
        cursor=wanted.cursor,
        limit=wanted.limit,
        asof=wanted.asof,
        shape=_user,
    )


async def tokens(ledger: Ledger, wanted: Wanted) -> Page:
    """All tokens, those that are over too, without what opens anything.

    Raises  WrongInput.
    """
    return await page(
        ledger,
        "access_token",
        _TOKEN,
        Query(),
        order=("name",),
        changed="created_at",
        moments=True,
        cursor=wanted.cursor,
        limit=wanted.limit,
        asof=wanted.asof,
        shape=_token,
    )


async def approvers(ledger: Ledger, connections: Collection[str]) -> list[str]:
    """Who may push to accounting on one of these connections, by name: for whoever may not and asks for somebody."""
    rows = await ledger.rows(
        "SELECT name, roles FROM access_user WHERE active = 1 AND rights LIKE ? ORDER BY name LIMIT ?",
        (f'%"{Right.PUSH_TO_ACCOUNTING}"%', MOST),
    )
    found: list[str] = []
    for name, roles in rows:
        levels = {place: Role.named(word) for place, word in msgspec.json.decode(roles).items()}
        holder = Principal(f"user:{name}", levels, frozenset({Right.PUSH_TO_ACCOUNTING}), name)
        if any(may(holder, Action.APPROVE, each) for each in connections):
            found.append(name)
    return found


def _user(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "roles": msgspec.json.decode(row["roles"]), "rights": msgspec.json.decode(row["rights"])}


def _token(row: dict[str, Any]) -> dict[str, Any]:
    return {
        **row,
        "connections": msgspec.json.decode(row["connections"]),
        "approve": bool(row["approve"]),
        "used_at": row["used_at"] or None,
        "revoked_at": row["revoked_at"] or None,
    }
