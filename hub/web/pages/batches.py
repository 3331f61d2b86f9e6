"""What people did to many records at once: all of it, and of one batch how far it is and what came of each record."""

from collections.abc import Sequence
from datetime import datetime

from aiohttp import web
from msgspec import Struct

from hub.access import Action
from hub.app import Hub
from hub.operations import batches as work
from hub.operations.batches import BatchView
from hub.operations.batches_then import batches_then, results_then
from hub.operations.failures import LIMIT
from hub.queries.pages import moment_at
from hub.report import Halted
from hub.tail import Happening
from hub.web.api.failures import batch_of
from hub.web.asking import cursor, following_page
from hub.web.keys import service
from hub.web.pages.forms import done
from hub.web.pages.frame import frame_of, render, show
from hub.web.problems import Refused
from hub.web.routes import UUIDS, Route, allowed, principal

RESULTS = ("done", "fine", "barred")
OPEN = ("frozen", "running")
"""States of a batch that goes on."""


class Pace(Struct, frozen=True):
    """How fast a batch goes: members a minute, and the seconds that are left at this pace; 0 while nobody knows."""

    minute: int
    left: int


async def _list(request: web.Request) -> web.Response:
    hub, asof = service(request).hub, frame_of(request).asof
    if asof:
        page, _ = await batches_then(hub, cursor(request), LIMIT, asof, allowed(request))
    else:
        page = await work.batches(hub, "", cursor(request), within=allowed(request))
    return show(request, "batches/page.html", items=page.items, next_cursor=following_page(request, page.next_cursor))


async def _batch(request: web.Request) -> web.Response:
    hub, result, asof = service(request).hub, request.query.get("result", ""), frame_of(request).asof
    batch, now = await batch_of(request, asof), hub.clock.now()
    if result not in ("", *RESULTS):
        raise Refused(404, "a batch has no such results")
    if asof:
        page, position = await results_then(hub, batch.batch, result, cursor(request), asof=asof)
        now = datetime.fromisoformat(await moment_at(hub.ledger, position))
    else:
        page = await work.results(hub, batch.batch, result, cursor(request))
    return show(
        request,
        "batches/one.html",
        batch=batch,
        pace=_pace(batch, now),
        result=result,
        results=RESULTS,
        items=page.items,
        next_cursor=following_page(request, page.next_cursor),
    )


async def _resume(request: web.Request) -> web.Response:
    batch = await batch_of(request)
    if batch.state not in OPEN:
        raise Refused(409, f"the batch is {batch.state}, so there is nothing to go on with")
    service(request).work(batch.batch)
    return done(f"/batches/{batch.batch}", "The batch goes on.")


async def _cancel(request: web.Request) -> web.Response:
    batch = await batch_of(request)
    after = await work.cancel(service(request).hub, batch.batch, actor=principal(request).actor)
    said = f"Called off; {after.remaining} were not touched." if after.state == "cancelled" else "It was over already."
    return done(f"/batches/{batch.batch}", said)


async def live(request: web.Request, happened: Sequence[Happening]) -> str:
    """How far a batch is, when something happened to it or to one of its members."""
    hub, batch = service(request).hub, request.query.get("batch", "")
    try:
        view = await work.view(hub, batch)
    except Halted:
        return ""
    if view.connection not in allowed(request) or not await _touched(hub, batch, happened):
        return ""
    return render("batches/changed.html", frame_of(request), batch=view, pace=_pace(view, hub.clock.now()))


async def live_list(request: web.Request, happened: Sequence[Happening]) -> str:
    """The rows of batches that went on."""
    hub, frame = service(request).hub, frame_of(request)
    rows: list[str] = []
    for batch in dict.fromkeys(item.record for item in happened if item.event.startswith("batch.")):
        view = await work.view(hub, batch)
        if view.connection in allowed(request):
            rows.append(render("batches/changed_row.html", frame, item=view))
    return "".join(rows)


async def _touched(hub: Hub, batch: str, happened: Sequence[Happening]) -> bool:
    """Whether anything of this happened to a batch or to a member that had its turn."""
    if any(batch in (item.record, item.correlation_id) for item in happened):
        return True
    these, parameter = hub.ledger.in_list("record", sorted({item.record for item in happened}))
    sql = f"SELECT 1 FROM batch_record WHERE batch = ? AND {these} LIMIT 1"  # noqa: S608 - built from columns
    return bool(await hub.ledger.rows(sql, (batch, parameter)))


def _pace(batch: BatchView, now: datetime) -> Pace:
    """By the time from the making of a batch to its last step."""
    turns = batch.total - batch.remaining
    until = datetime.fromisoformat(batch.moved) if batch.state not in OPEN else now
    seconds = (until - datetime.fromisoformat(batch.created)).total_seconds()
    if not turns or seconds <= 0:
        return Pace(0, 0)
    return Pace(round(turns * 60 / seconds), round(batch.remaining * seconds / turns))


ROUTES = (
    Route("GET", "/batches", _list, Action.SEE, past=True),
    Route("GET", "/batches/{id}", _batch, Action.SEE, ids=UUIDS, past=True),
    Route("POST", "/batches/{id}/resume", _resume, Action.OPERATE, ids=UUIDS),
    Route("POST", "/batches/{id}/cancel", _cancel, Action.OPERATE, ids=UUIDS),
)
