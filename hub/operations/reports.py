"""`report`: what accounting asks at month end, a page at a time or as a file, from the ledger alone."""

import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from adapters.store import Snapshot
from domain.errors import Unknown, WrongInput
from hub.app import Hub, open_hub
from hub.asof import position_at
from hub.cursors import cursor_of
from hub.files import Format, Options, write_rows
from hub.moments import moment_in
from hub.operations.exports import Exported, sha256_of, to_file
from hub.queries.pages import MOST, USUAL, Page, Place, Query, moment_at, place_of
from hub.report import ExitStatus, Progress, Report
from hub.reports import REPORTS, Asked, ReportOf
from hub.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console

_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")
_JOURNALS, _INVOICES = "project-journal-to-direct-cost", "posted-invoice-to-commitment-invoice"


class ReportFilter(Struct, frozen=True, kw_only=True):
    """What a report is narrowed to; empty for no limit.

    month   as `2026-03`; without it the present one, by the clock of each connection
    since   moments as RFC 3339 writes them, `until` left out
    asof    a position or a moment of the past
    within  connections that whoever asks may see, None for every one
    """

    connection: str = ""
    project: str = ""
    month: str = ""
    since: str = ""
    until: str = ""
    asof: str = ""
    within: tuple[str, ...] | None = None


def report_named(name: str) -> ReportOf:
    """The report of this name.

    Raises  Unknown.
    """
    found = REPORTS.get(name)
    if found is None:
        raise Unknown(f"There is no report '{name[:60]}'; there are: {', '.join(REPORTS)}.")
    return found


async def report(hub: Hub, name: str, wanted: ReportFilter, cursor: str = "", limit: int = USUAL) -> Page:
    """One page of a report.

    Raises  Unknown, WrongInput, StoreUnavailable.
    """
    of = report_named(name)
    place = place_of(cursor, of.key)
    asked = await _asked(hub, of, wanted, place)
    size = max(1, min(limit, MOST))
    rows = await hub.ledger.at_one_moment(
        lambda snapshot: list(islice(_rows(hub, of, asked, place, snapshot), size + 1))
    )
    items = [dict(zip(of.names, row, strict=True)) for row in rows[:size]]
    more = len(rows) > size
    after = tuple(items[-1][key] for key in of.key) if more else ()
    return Page(items, cursor_of(Place(asked.position, after)) if more else None, asked.position)


async def report_file(
    hub: Hub, name: str, format: Format, out: IO[bytes], wanted: ReportFilter, options: Options | None = None
) -> Exported:
    """A whole report, into a file that is open for reading and writing, at its beginning.

    Raises  Unknown, WrongInput, StoreUnavailable, OSError.
    """
    of = report_named(name)
    asked = await _asked(hub, of, wanted, None)

    def written(snapshot: Snapshot) -> tuple[int, str]:
        rows = _rows(hub, of, asked, None, snapshot)
        count = write_rows(format, of.columns, rows, out, options or Options(sheet=of.name))
        return count, sha256_of(out)

    count, sha256 = await hub.ledger.at_one_moment(written)
    return Exported(view=of.name, format=format, rows=count, position=asked.position, bytes=out.tell(), sha256=sha256)


def _rows(hub: Hub, of: ReportOf, asked: Asked, place: Place | None, snapshot: Snapshot) -> Iterator[tuple[Any, ...]]:
    where = Query()
    if not of.whole:
        where.one_of(hub.ledger, "connection", asked.connections)
    if place is not None and place.after:
        marks = ", ".join("?" for _ in of.key)
        where.where(f"({', '.join(of.places or of.key)}) > ({marks})", *place.after)
    selected = of.select(asked, where, hub.ledger.dialect)
    with closing(snapshot.select(selected.sql, selected.values)) as rows:
        yield from of.made(rows, asked)


async def _asked(hub: Hub, of: ReportOf, wanted: ReportFilter, place: Place | None) -> Asked:
    """What is asked for, checked; a page that follows is as of the position of the first one."""
    known = (*of.filters, *(() if of.whole else ("connection",)), *(("asof",) if of.asof else ()))
    for name in wanted.__struct_fields__:
        if name != "within" and getattr(wanted, name) and name not in known:
            mend = f"It knows {', '.join(known)}." if known else "It is told whole."
            raise WrongInput(name, f"the report {of.name} can't be narrowed by it", mend)
    if wanted.month and not _MONTH.fullmatch(wanted.month):
        raise WrongInput("month", f"'{wanted.month[:20]}' is no month", "Give 2026-03.")
    last = await hub.projector.catch_up()
    position = place.asof if place else (await position_at(hub.ledger, wanted.asof) if wanted.asof else last)
    everywhere = hub.settings.connections
    names = tuple(name for name in everywhere if wanted.within is None or name in wanted.within)
    if wanted.connection:
        names = tuple(name for name in names if name == wanted.connection)
    since, until = moment_in("since", wanted.since), moment_in("until", wanted.until)
    return Asked(
        connections=names,
        project=wanted.project,
        months=await _months(hub, wanted, position) if "month" in of.filters else {},
        since=since.isoformat() if since else "",
        until=until.isoformat() if until else "",
        position=min(position, last),
        by_flow={name: _flows_of(hub.settings, name) for name in names},
    )


async def _months(hub: Hub, wanted: ReportFilter, position: int) -> Mapping[str, str]:
    """The month that is meant on each connection: the one of the moment, on its own clock."""
    told = await moment_at(hub.ledger, position) if wanted.asof else ""
    moment = datetime.fromisoformat(told) if told else hub.clock.now()
    return {
        name: wanted.month or f"{moment.astimezone(ZoneInfo(connection.time_zone)):%Y-%m}"
        for name, connection in hub.settings.connections.items()
    }


def _flows_of(settings: Settings, connection: str) -> tuple[str, ...]:
    """Journals always become direct costs, posted invoices by setting (C-06)."""
    flows = settings.connections[connection].flows.model_dump(by_alias=True)
    direct = flows[_INVOICES]["posted_invoice_target"] == "direct_cost"
    return (_JOURNALS, _INVOICES) if direct else (_JOURNALS,)


# -- the command -----------------------------------------------------------------------------------


async def report_command(
    settings: Settings, *, name: str, wanted: ReportFilter, cursor: str, limit: int, progress: Progress
) -> Report:
    """A page of a report on the screen."""
    of = report_named(name)
    async with open_hub(settings) as hub:
        progress.start("report")
        page = await report(hub, name, wanted, cursor, limit)
        progress.finish("report")
    document = {"report": name, **msgspec.to_builtins(page)}

    def render(console: "Console") -> None:
        from rich.table import Table  # noqa: PLC0415 - for people at a terminal alone

        table = Table(title=of.about, show_lines=False)
        shown = [column for column in of.columns if column.name not in {"record", "position"}]
        for column in shown:
            table.add_column(column.name.replace("_", " "), justify="left" if column.type == "text" else "right")
        for item in page.items:
            table.add_row(*("" if item[each.name] is None else str(item[each.name]) for each in shown))
        console.print(table)
        if page.next_cursor:
            console.print(f"more: --cursor {page.next_cursor}", markup=False, soft_wrap=True)

    return Report(document, ExitStatus.DONE, render)


async def report_to_file(
    settings: Settings,
    *,
    name: str,
    format: str,
    out: Path | None,
    wanted: ReportFilter,
    bom: bool,
    force: bool,
    progress: Progress,
) -> Report:
    """A whole report as a file, whole or not at all.

    Raises  Halted where the file can't be written; as `report_file`.
    """
    of = report_named(name)

    async def write(hub: Hub, kind: Format, draft: IO[bytes]) -> Exported:
        return await report_file(hub, name, kind, draft, wanted, Options(bom=bom, sheet=of.name))

    return await to_file(settings, write, name=of.name, format=format, out=out, force=force, progress=progress)
