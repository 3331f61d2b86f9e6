"""`links`: which record of one system is which of the other, since when, and who joined them; a page at a time."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from domain.errors import WrongInput
from domain.events import Adopted, Linked
from hub.app import Hub, open_hub
from hub.asof import position_at
from hub.cursors import cursor_of, foreign, place_in
from hub.operations.failures import on_connections
from hub.queries.pages import Query, place_of
from hub.queries.past import page_at
from hub.report import ExitStatus, Progress, Report
from hub.settings import Settings
from projections.cross_reference import CROSS_REFERENCE
from projections.history import LINK_HISTORY

if TYPE_CHECKING:
    from rich.console import Console

MOST = 1000
USUAL = 100
_NAMES = (
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
    "state",
)
_ORDER = (*_NAMES[:5], "bc_id")
_KEY = 6
"""Columns that order the pairs; a cursor is their values."""


class LinkFilter(Struct, frozen=True, kw_only=True):
    """Which pairs are wanted; empty for no limit.

    query  an id or number of either system, whole
    role   such as `adopted`: linked by hand, and not carried yet
    gone   only pairs of which the record is no longer in its source
    within connections that whoever asks may see, None for every one
    """

    connection: str = ""
    flow: str = ""
    query: str = ""
    project: str = ""
    role: str = ""
    gone: bool = False
    within: tuple[str, ...] | None = None


class Pairing(Struct, frozen=True, kw_only=True):
    """One pair, as `cross_reference` holds it, and where its record stands now.

    how  `by hand` or `by its flow`; `by` is who signed the event that joined it last
    """

    connection: str
    flow: str
    record: str
    role: str
    bc_set: str
    bc_id: str
    bc_number: str
    procore_resource: str
    procore_id: str
    procore_parent_id: str
    since: str
    state: str
    how: str
    by: str


class Pairings(Struct, frozen=True):
    """A page of pairs; `next_cursor` is None on the last one. `asof` is the least position that they show."""

    items: tuple[Pairing, ...]
    next_cursor: str | None
    asof: int


async def list_links(
    settings: Settings,
    *,
    wanted: LinkFilter,
    asof: str = "",
    cursor: str | None,
    limit: int,
    progress: Progress,  # noqa: ARG001 - one page is quick
) -> Report:
    """The command `links`."""
    async with open_hub(settings) as hub:
        page = await pairings(hub, wanted, cursor=cursor, limit=limit, asof=asof)

    def render(console: "Console") -> None:
        for each in page.items:
            pair = f"{each.bc_set or each.flow} {each.bc_number} = {each.procore_resource} {each.procore_id}"
            told = f"{each.role}, {each.state}, {each.how} ({each.by}) since {each.since[:19]}"
            console.print(f"{pair}  {told}", markup=False, soft_wrap=True)
        if page.next_cursor:
            console.print(f"more: --cursor {page.next_cursor}", markup=False, soft_wrap=True)

    return Report(msgspec.to_builtins(page), ExitStatus.DONE, render)


async def pairings(
    hub: Hub,
    wanted: LinkFilter = LinkFilter(),  # noqa: B008 - frozen
    *,
    cursor: str | None = None,
    limit: int = USUAL,
    asof: str = "",
) -> Pairings:
    """The pairs that fit, in a lasting order; with `asof`, those that were joined at a position or an instant.

    Raises  WrongInput for a cursor that none of these pages gave, and for a past that is not known.
    """
    await hub.projector.catch_up()
    if asof:
        return await _pairings_then(hub, wanted, cursor or "", limit, asof)
    position = await hub.ledger.last_position()
    condition, values = _condition(hub, wanted)
    if cursor:
        condition += " AND (x.connection, x.flow, x.record, x.role, x.bc_set, x.bc_id) > (?, ?, ?, ?, ?, ?)"
        values += _place(cursor)
    size = max(1, min(limit, MOST))
    rows = await hub.ledger.rows(_PAIRS.format(condition=condition), (*values, size + 1))
    page = rows[:size]
    signed = await _signed(hub, [row[2] for row in page], position)
    items = tuple(_pairing(row, signed) for row in page)
    return Pairings(items, cursor_of(page[-1][:_KEY]) if len(rows) > size else None, position)


async def _pairings_then(hub: Hub, wanted: LinkFilter, cursor: str, limit: int, asof: str) -> Pairings:
    """As the pairs were, and where their records stood then."""
    if wanted.gone:
        raise WrongInput("asof", "which records had gone then is not asked of the past", "Leave out one of the two.")
    names = [name for name in hub.settings.connections if wanted.within is None or name in wanted.within]
    query = Query()
    query.equal("flow", wanted.flow)
    query.equal("role", wanted.role)
    if wanted.query:
        query.where("(bc_number = ? OR bc_id = ? OR procore_id = ?)", wanted.query, wanted.query.lower(), wanted.query)
    if wanted.project:
        place = place_of(cursor, _ORDER)
        at = place.asof if place else await position_at(hub.ledger, asof)
        query.where(_OF_PROJECT, wanted.project, at, wanted.project, at, at)
    page = await page_at(
        hub.ledger,
        (CROSS_REFERENCE, LINK_HISTORY),
        _NAMES[:-1],
        [name for name in names if wanted.connection in {"", name}],
        query,
        order=_ORDER,
        cursor=cursor,
        limit=limit,
        asof=asof,
        narrow=bool(wanted.query),
    )
    records = [row["record"] for row in page.items]
    signed, states = await _signed(hub, records, page.asof), await _states(hub, records, page.asof)
    rows = [(*row.values(), states.get((row["record"], row["flow"]))) for row in page.items]
    return Pairings(tuple(_pairing(row, signed) for row in rows), page.next_cursor, page.asof)


async def _states(hub: Hub, records: Sequence[str], position: int) -> dict[tuple[str, str], str]:
    """Record and flow -> where it stood at a position."""
    of, parameter = hub.ledger.in_list("record", list(dict.fromkeys(records)))
    rows = await hub.ledger.rows(
        f"SELECT record, flow, state FROM record_state WHERE {of} AND valid_from <= ?"  # noqa: S608 - built from columns
        f" UNION ALL SELECT record, flow, state FROM state_history WHERE {of} AND valid_from <= ? AND valid_until > ?",
        (parameter, position, parameter, position, position),
    )
    return {(record, flow): state for record, flow, state in rows}


def _condition(hub: Hub, wanted: LinkFilter) -> tuple[str, list[Any]]:
    condition, values = on_connections(hub, wanted.connection, wanted.within, "x.connection")
    parts = [condition]
    for column, value in (
        ("x.flow", wanted.flow),
        ("r.project", wanted.project),
        ("x.role", wanted.role),
    ):
        if value:
            parts.append(f" AND {column} = ?")
            values.append(value)
    if wanted.gone:
        parts.append(" AND (r.vanished = 1 OR s.state = 'deleted')")
    if wanted.query:
        parts.append(" AND (x.bc_number = ? OR x.bc_id = ? OR x.procore_id = ?)")
        values += [wanted.query, wanted.query.lower(), wanted.query]
    return "".join(parts), values


async def _signed(hub: Hub, records: Sequence[str], position: int) -> dict[tuple[str, str], tuple[str, str]]:
    """Record and flow -> how it was joined, and who did it; a link by hand outlives the flow's own word."""
    of, parameter = hub.ledger.in_list("record", list(dict.fromkeys(records)))
    kinds, topics = hub.ledger.in_list("event", [Adopted.TOPIC, Linked.TOPIC])
    rows = await hub.ledger.rows(
        f"SELECT record, flow, event, actor, position FROM event_log WHERE {of} AND {kinds} AND position <= ?"  # noqa: S608 - built from columns
        " ORDER BY position",
        (parameter, topics, position),
    )
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for record, flow, event, actor, _ in rows:
        if event == Adopted.TOPIC:
            found[record, flow] = ("by hand", actor)
        elif found.get((record, flow), ("", ""))[0] != "by hand":
            found[record, flow] = ("by its flow", actor)
    return found


def _pairing(row: tuple[Any, ...], signed: dict[tuple[str, str], tuple[str, str]]) -> Pairing:
    fields = dict(zip(_NAMES, row, strict=True))
    how, by = signed.get((fields["record"], fields["flow"]), ("by its flow", "system"))
    return Pairing(**{**fields, "state": fields["state"] or ""}, how=how, by=by)


def _place(cursor: str) -> list[str]:
    place = place_in(cursor, list[str])
    if len(place) != _KEY:
        raise foreign()
    return place


_OF_PROJECT = (
    "record IN (SELECT r.record FROM record r WHERE r.project = ? AND r.position <= ?"
    " UNION SELECT h.record FROM record_history h WHERE h.project = ? AND h.valid_from <= ? AND h.valid_until > ?)"
)

_PAIRS = """
SELECT x.connection, x.flow, x.record, x.role, x.bc_set, x.bc_id, x.bc_number, x.procore_resource, x.procore_id,
       x.procore_parent_id, x.since, s.state
FROM cross_reference x
LEFT JOIN record r ON r.record = x.record
LEFT JOIN record_state s ON s.record = x.record AND s.flow = x.flow
WHERE 1 = 1{condition}
ORDER BY x.connection, x.flow, x.record, x.role, x.bc_set, x.bc_id
LIMIT ?
"""
