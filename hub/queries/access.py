"""Users and tokens as lists, by name, and where somebody is signed in."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from adapters.store import Ledger
from hub.access import ABSOLUTE, IDLE, Action, Principal, Right, Role, may
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


class Presence(Struct, frozen=True, kw_only=True):
    """Where a user is signed in, and when they were seen last; empty where nobody knows."""

    sessions: int = 0
    seen_at: str = ""


class SignedIn(Struct, frozen=True, kw_only=True):
    """One browser of a user. `key` tells sessions apart and opens nothing."""

    key: bytes
    created_at: str
    seen_at: str


async def presence(ledger: Ledger, names: Collection[str], now: datetime) -> dict[str, Presence]:
    """User -> where they are signed in, and when they were seen or signed in or out last."""
    condition, found = ledger.in_list("user_name", sorted(names))
    since = (now - ABSOLUTE).isoformat()
    alive = f"SELECT user_name, COUNT(*), MAX(seen_at) FROM access_session WHERE {condition}"  # noqa: S608 - ours
    rows = await ledger.rows(
        f"{alive} AND created_at > ? AND seen_at > ? GROUP BY user_name", (found, since, (now - IDLE).isoformat())
    )
    here = {row[0]: (row[1], row[2]) for row in rows}
    condition, found = ledger.in_list("object", [f"session of {name}" for name in sorted(names)])
    acts = await ledger.rows(f"SELECT object, MAX(at) FROM act WHERE {condition} GROUP BY object", (found,))  # noqa: S608 - ours
    last = {row[0].removeprefix("session of "): row[1] for row in acts}
    return {
        name: Presence(sessions=here.get(name, (0, ""))[0], seen_at=max(here.get(name, (0, ""))[1], last.get(name, "")))
        for name in names
    }


async def sessions(ledger: Ledger, name: str, now: datetime) -> list[SignedIn]:
    """Where a user is signed in, the newest first."""
    rows = await ledger.rows(
        "SELECT sha256, created_at, seen_at FROM access_session WHERE user_name = ? AND created_at > ? AND seen_at > ?"
        " ORDER BY created_at DESC LIMIT 100",
        (name, (now - ABSOLUTE).isoformat(), (now - IDLE).isoformat()),
    )
    return [SignedIn(key=bytes(row[0]), created_at=row[1], seen_at=row[2]) for row in rows]


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
