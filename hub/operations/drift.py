"""`drift`: what somebody changed in what the hub wrote, and looking afresh. The list asks the ledger alone."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from hub.app import Hub, open_hub
from hub.cursors import cursor_of, foreign, place_in
from hub.drift.looking import Look, Looked
from hub.due import Narrow
from hub.operations.failures import on_connections
from hub.operations.link import only_connection
from hub.report import ExitStatus, Progress, Quiet, Report
from hub.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console

MOST = 1000
USUAL = 100
_KEY = 5
"""Columns that order the list; a cursor is their values."""


class DriftFilter(Struct, frozen=True, kw_only=True):
    """Which fields are meant; empty for no limit.

    state   open, accepted or mended
    verdict target, conflict, gone or source-deleted
    within  connections that whoever asks may see, None for every one
    """

    connection: str = ""
    flow: str = ""
    project: str = ""
    record: str = ""
    state: str = "open"
    verdict: str = ""
    within: tuple[str, ...] | None = None


class DriftRow(Struct, frozen=True, kw_only=True):
    """One field: a row of the table `drift_field`."""

    connection: str
    record: str
    flow: str
    part: str
    field: str
    kind: str
    number: str
    project: str
    system: str
    endpoint: str
    target_id: str
    verdict: str
    state: str
    base: str
    source: str
    target: str
    found_at: str
    settled_at: str
    choice: str
    actor: str
    reason: str
    position: int


class Drifts(Struct, frozen=True):
    """A page of fields; `next_cursor` is None on the last one. `asof` is the least position that they show."""

    items: tuple[DriftRow, ...]
    next_cursor: str | None
    asof: int


async def drifts(
    hub: Hub,
    wanted: DriftFilter = DriftFilter(),  # noqa: B008 - frozen
    *,
    cursor: str | None = None,
    limit: int = USUAL,
) -> Drifts:
    """The fields that fit, in a lasting order.

    Raises  Halted (2) for a cursor that none of these pages gave.
    """
    await hub.projector.catch_up()
    asof = await hub.ledger.last_position()
    condition, values = condition_of(hub, wanted)
    if cursor:
        condition += " AND (connection, record, flow, part, field) > (?, ?, ?, ?, ?)"
        values += _place(cursor)
    size = max(1, min(limit, MOST))
    names = DriftRow.__struct_fields__
    rows = await hub.ledger.rows(
        f"SELECT {', '.join(names)} FROM drift_field WHERE 1 = 1{condition}"  # noqa: S608 - built from columns
        " ORDER BY connection, record, flow, part, field LIMIT ?",
        (*values, size + 1),
    )
    page = tuple(DriftRow(**dict(zip(names, row, strict=True))) for row in rows[:size])
    return Drifts(page, _cursor(page[-1]) if len(rows) > size else None, asof)


def condition_of(hub: Hub, wanted: DriftFilter) -> tuple[str, list[Any]]:
    """The SQL condition on `drift_field`, and its parameters."""
    condition, values = on_connections(hub, wanted.connection, wanted.within)
    for name in ("flow", "project", "record", "state", "verdict"):
        value = getattr(wanted, name)
        if value:
            condition += f" AND {name} = ?"
            values.append(value)
    return condition, values


async def look(
    hub: Hub,
    *,
    connection: str | None = None,
    flow: str = "",
    project: str = "",
    marked: bool = False,
    actor: str,
    progress: Progress | None = None,
) -> Looked:
    """Compares everything that was written with what stands now; of one flow, one project, or what notices marked.

    Reads both systems, writes to neither.
    Raises  Halted (2) for an unknown connection; what the systems raise before anything could be read.
    """
    name = only_connection(hub, connection)
    async with hub.pair(name) as pair:
        return await Look(hub, pair, Narrow(flow, project), progress or Quiet()).run(marked=marked, actor=actor)


def _cursor(row: DriftRow) -> str:
    place = (row.connection, row.record, row.flow, row.part, row.field)
    return cursor_of(place)


def _place(cursor: str) -> list[str]:
    place = place_in(cursor, list[str])
    if len(place) != _KEY:
        raise foreign()
    return place


# -- the command -----------------------------------------------------------------------------------


async def list_drift(
    settings: Settings,
    *,
    wanted: DriftFilter,
    fresh: bool,
    cursor: str | None,
    limit: int,
    actor: str,
    progress: Progress,
) -> Report:
    """The command `drift`; with `fresh` it looks first, and tells what could not be read."""
    looked: dict[str, Looked] = {}
    async with open_hub(settings) as hub:
        if fresh:
            for name in [wanted.connection] if wanted.connection else list(settings.connections):
                where = (wanted.flow, wanted.project)
                looked[name] = await _looked(hub, name, where, actor, progress)
        page = await drifts(hub, wanted, cursor=cursor, limit=limit)
    return told(page, looked, _status(page, looked))


def told(page: Drifts, looked: Mapping[str, Looked], status: ExitStatus) -> Report:
    """A page of fields as a report, and what looks before it came to."""
    document: dict[str, Any] = msgspec.to_builtins(page)
    if looked:
        document["looked"] = msgspec.to_builtins(looked)

    def render(console: "Console") -> None:
        _render_page(console, page, looked)

    return Report(document, status, render)


async def _looked(hub: Hub, name: str, where: tuple[str, str], actor: str, progress: Progress) -> Looked:
    flow, project = where
    return await look(hub, connection=name, flow=flow, project=project, actor=actor, progress=progress)


def _status(page: Drifts, looked: Mapping[str, Looked]) -> ExitStatus:
    unread = [each for each in looked.values() if each.unread]
    if any(each.unreachable for each in unread):
        return ExitStatus.REMOTE
    asks = unread or any(each.state == "open" for each in page.items)
    return ExitStatus.NEEDS_PERSON if asks else ExitStatus.DONE


def _render_page(console: "Console", page: Drifts, looked: Mapping[str, Looked]) -> None:
    for name, each in looked.items():
        words = f"{each.rows} rows of {each.records} records compared in {each.reads} reads"
        console.print(f"{name}: {words}", markup=False, soft_wrap=True)
        for trouble in each.unread:
            console.print(f"  not compared: {trouble}", style="red", markup=False, soft_wrap=True)
    for row in page.items:
        _render(console, row)
    if not page.items:
        console.print("Nothing stands otherwise than it was written, as far as was looked.", soft_wrap=True)
    if page.next_cursor:
        console.print(f"more: --cursor {page.next_cursor}", markup=False, soft_wrap=True)


def _render(console: "Console", row: DriftRow) -> None:
    what = f"{row.flow} {row.number} {row.part} {row.field}".rstrip()
    match row.verdict:
        case "gone":
            told = f"{row.target_id} is no longer to be seen in {row.system.replace('_', ' ')}"
        case "source-deleted":
            told = f"its source is gone, and {row.target_id} stands in {row.system.replace('_', ' ')}"
        case _ if not (row.base or row.target or row.source):
            told = "a personal field was changed"
        case "conflict":
            told = f"both sides changed {row.base!r}: {row.target!r} there, {row.source!r} in its source"
        case _:
            told = f"{row.base!r} is {row.target!r} there"
    settled = "" if row.state == "open" else f" ({row.state}, {row.choice or 'by itself'} {row.actor})".rstrip()
    console.print(f"{row.verdict}  {what}: {told}{settled}  {row.record}", markup=False, soft_wrap=True)
