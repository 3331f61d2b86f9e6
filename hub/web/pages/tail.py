"""The live tail: every event as it happens, narrowed by the address; held still it counts what it misses."""

from collections.abc import Sequence

from aiohttp import web

from domain.events import EVENTS
from domain.flows import FLOWS
from hub.access import Action
from hub.cursors import position_in
from hub.queries.latest import Narrowed, latest
from hub.tail import Happening
from hub.web.keys import service
from hub.web.pages.frame import frame_of, narrowed, render, show
from hub.web.routes import Route, allowed

SHOWN = 200
"""Events at first, and of an older page."""
MOST = 500
"""Rows that a page keeps while more come."""


async def _tail(request: web.Request) -> web.Response:
    hub, cursor = service(request).hub, request.query.get("cursor", "")
    filters = narrowed(request.query, Narrowed.__struct_fields__)
    before = position_in(cursor) if cursor else await hub.ledger.last_position() + 1
    wanted = Narrowed(**filters)
    rows = await latest(hub.ledger, allowed(request), wanted, before=before, limit=SHOWN)
    return show(
        request,
        "tail/page.html",
        rows=rows,
        filters=filters,
        older=str(rows[-1].position) if len(rows) == SHOWN else "",
        is_latest=not cursor,
        flows=[flow.name for flow in FLOWS],
        events=sorted(EVENTS),
        most=MOST,
    )


async def live(request: web.Request, happened: Sequence[Happening]) -> str:
    """What happened, each on top of what happened before."""
    wanted = Narrowed(**narrowed(request.query, Narrowed.__struct_fields__))
    rows = [item for item in happened if wanted.fits(item)]
    return render("tail/changed.html", frame_of(request), rows=rows) if rows else ""


ROUTES = (Route("GET", "/tail", _tail, Action.SEE),)
