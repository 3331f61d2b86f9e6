"""Records in their flows, and the pairs of identities: lists and one record's whole story."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct

from adapters.store import Ledger
from domain.errors import Unknown, WrongInput
from hub.cursors import cursor_of
from hub.operations.explain import find, story
from hub.queries.pages import USUAL, Page, Place, Query, page
from hub.queries.past import page_at, positions_at
from projections.cross_reference import CROSS_REFERENCE
from projections.history import LINK_HISTORY, STATE_HISTORY
from projections.record_state import RECORD_STATE

_STATE = (
    "record",
    "connection",
    "flow",
    "kind",
    "number",
    "title",
    "project",
    "state",
    "reasons",
    "waits_for",
    "retry_at",
    "since",
    "valid_from",
)
_ORDER = ("valid_from", "record", "flow")
_PAIR = (
    "connection",
    "flow",
    "record",
    "role",
    "bc_set",
    "bc_id",
    "bc_number",
    "procore_resource",
    "procore_id",
    "procore_parent_id",
    "since",
)
_TIMELINE = (
    "position",
    "at",
    "connection",
    "record",
    "version",
    "event",
    "flow",
    "summary",
    "actor",
    "correlation_id",
    "causation_id",
)
MOST_FOUND = 50


class Wanted(Struct, frozen=True, kw_only=True):
    """What a list is narrowed to; empty fields narrow nothing. `connections` are those that may be seen."""

    connections: Collection[str]
    connection: str = ""
    flow: str = ""
    state: str = ""
    kind: str = ""
    project: str = ""
    q: str = ""
    cursor: str = ""
    limit: int = USUAL
    asof: str = ""


async def records(ledger: Ledger, wanted: Wanted) -> Page:
    """Records in their flows, what changed last first.

    Raises  WrongInput.
    """
    return await page_at(
        ledger,
        (RECORD_STATE, STATE_HISTORY),
        _STATE,
        seen(wanted),
        _narrowed(ledger, wanted),
        order=_ORDER,
        descending=True,
        cursor=wanted.cursor,
        limit=wanted.limit,
        asof=wanted.asof,
        narrow=bool(wanted.project),
        shape=_state,
    )


class Block(Struct, frozen=True):
    """A part of a list behind its first page: the cursor that leads there, and how many rows it has."""

    cursor: str
    rows: int


class Blocks(Struct, frozen=True):
    """How long a list is, and the parts behind its first page. `capped`: it is longer than what was counted."""

    total: int
    capped: bool
    behind: list[Block]


async def blocks(ledger: Ledger, wanted: Wanted, first: Page, most: int) -> Blocks:
    """The whole list behind a first page, in blocks of about its length: one query, however long the list is.

    A block ends where the position changes, so rows that begin at the same one are never torn apart.
    """
    positions = await positions_at(
        ledger,
        (RECORD_STATE, STATE_HISTORY),
        seen(wanted),
        _narrowed(ledger, wanted),
        asof=first.asof,
        narrow=bool(wanted.project),
        most=most,
    )
    total, start, cursor = min(len(positions), most), len(first.items), first.next_cursor
    behind: list[Block] = []
    while cursor is not None and start < total:
        end = min(start + wanted.limit, total)
        while end < total and positions[end] == positions[end - 1]:
            end += 1
        behind.append(Block(cursor, end - start))
        start = end
        cursor = cursor_of(Place(first.asof, (positions[end - 1], "", ""))) if end < total else None
    return Blocks(total, len(positions) > most, behind)


async def now(ledger: Ledger, ids: Collection[str], connections: Collection[str]) -> list[dict[str, Any]]:
    """The rows of these records as they are."""
    query = Query()
    query.one_of(ledger, "record", ids)
    query.one_of(ledger, "connection", connections)
    sql = f"SELECT {', '.join(_STATE)} FROM record_state WHERE {query.sql} ORDER BY record, flow"  # noqa: S608 - own columns
    return [_state(dict(zip(_STATE, row, strict=True))) for row in await ledger.rows(sql, query.values)]


async def connections_of(ledger: Ledger, ids: Collection[str]) -> dict[str, str]:
    """Record -> its connection, of those that there are."""
    condition, parameter = ledger.in_list("record", sorted(ids))
    rows = await ledger.rows(f"SELECT record, connection FROM record WHERE {condition}", (parameter,))  # noqa: S608 - ours
    return {row[0]: row[1] for row in rows}


def _narrowed(ledger: Ledger, wanted: Wanted) -> Query:
    query = Query()
    query.equal("flow", wanted.flow)
    if "," in wanted.state:
        query.one_of(ledger, "state", wanted.state.split(","))
    query.equal("state", "" if "," in wanted.state else wanted.state)
    query.equal("kind", wanted.kind)
    query.equal("project", wanted.project)
    if wanted.q:
        text = like(wanted.q.upper())
        query.where("(UPPER(number) LIKE ? ESCAPE '!' OR UPPER(title) LIKE ? ESCAPE '!')", f"{text}%", f"%{text}%")
    return query


async def cross_references(ledger: Ledger, wanted: Wanted) -> Page:
    """Pairs of identities, by connection, flow and number; `q` is any id or number of either system.

    Raises  WrongInput.
    """
    query = Query()
    query.equal("flow", wanted.flow)
    if wanted.q:
        query.where("(bc_id = ? OR bc_number = ? OR procore_id = ?)", wanted.q.lower(), wanted.q.upper(), wanted.q)
    return await page_at(
        ledger,
        (CROSS_REFERENCE, LINK_HISTORY),
        _PAIR,
        seen(wanted),
        query,
        order=("connection", "flow", "bc_number", "record", "role", "bc_set", "bc_id"),
        cursor=wanted.cursor,
        limit=wanted.limit,
        asof=wanted.asof,
    )


async def record(ledger: Ledger, id: str, connections: Collection[str]) -> dict[str, Any]:
    """The whole story of one record.

    Raises  Unknown, also for one of a connection that may not be seen.
    """
    rows = await ledger.rows("SELECT connection FROM record WHERE record = ?", (_uuid(id),))
    if not rows or rows[0][0] not in connections:
        raise Unknown(f"No record has the id {id[:60]}.")
    return await story(ledger, _uuid(id))


async def timeline(ledger: Ledger, id: str, wanted: Wanted) -> Page:
    """What happened to one record, in order.

    Raises  Unknown, WrongInput.
    """
    rows = await ledger.rows("SELECT connection FROM record WHERE record = ?", (_uuid(id),))
    if not rows or rows[0][0] not in wanted.connections:
        raise Unknown(f"No record has the id {id[:60]}.")
    query = Query()
    query.equal("record", _uuid(id))
    return await _events(ledger, query, wanted)


async def events(ledger: Ledger, wanted: Wanted) -> Page:
    """Everything that happened, in order.

    Raises  WrongInput.
    """
    query = visible(ledger, wanted)
    query.equal("flow", wanted.flow)
    return await _events(ledger, query, wanted)


async def _events(ledger: Ledger, query: Query, wanted: Wanted) -> Page:
    return await page(
        ledger,
        "event_log",
        _TIMELINE,
        query,
        order=("position",),
        changed="position",
        cursor=wanted.cursor,
        limit=wanted.limit,
        asof=wanted.asof,
        lasting=True,
    )


async def found(ledger: Ledger, words: str, connections: Collection[str]) -> list[dict[str, Any]]:
    """Records by any id or number of either system."""
    query = Query()
    query.one_of(ledger, "record", await find(ledger, words.strip()))
    query.one_of(ledger, "connection", connections)
    names = ("record", "connection", "kind", "number", "title", "project")
    rows = await ledger.rows(
        f"SELECT {', '.join(names)} FROM record WHERE {query.sql} ORDER BY kind, number, record LIMIT {MOST_FOUND}",  # noqa: S608 - built from columns
        query.values,
    )
    return [dict(zip(names, row, strict=True)) for row in rows]


def visible(ledger: Ledger, wanted: Wanted) -> Query:
    """The condition that every list begins with: connections that may be seen, and of these the wanted one."""
    query = Query()
    query.one_of(ledger, "connection", seen(wanted))
    return query


def seen(wanted: Wanted) -> list[str]:
    """The connections that may be seen, and of these the wanted one."""
    asked = [wanted.connection] if wanted.connection else sorted(wanted.connections)
    return [name for name in asked if name in wanted.connections]


def like(words: str) -> str:
    """Words for LIKE, in which `!` escapes."""
    return words.replace("!", "!!").replace("%", "!%").replace("_", "!_")


def _state(row: dict[str, Any]) -> dict[str, Any]:
    lists = {name: msgspec.json.decode(row[name]) for name in ("reasons", "waits_for")}
    position = row.pop("valid_from")
    return {**row, **lists, "retry_at": row["retry_at"] or None, "position": position}


def _uuid(id: str) -> str:
    try:
        return str(UUID(id))
    except ValueError:
        raise WrongInput("id", f"'{id[:60]}' is no UUID", "Ask `find` for the record's id.") from None
