"""Live parts of pages: what happened becomes the HTML of the rows and numbers that it changed.

A page has one stream. Each message holds parts that say which element they replace; an element that is not on the page
is left out by the browser, so a stream need not know what a page shows. It begins behind the position at which its page
was asked for (`frame.position`), so nothing is missed between the page and its stream.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from aiohttp import web

from hub.access import Action
from hub.tail import Happening
from hub.web.api.live import streamed
from hub.web.pages import (
    approvals,
    batches,
    connections,
    drift,
    failures,
    overview,
    reconcile,
    record,
    records,
    runs,
    tail,
)
from hub.web.problems import Refused
from hub.web.routes import Route

Parts = Callable[[web.Request, Sequence[Happening]], Awaitable[str]]
"""Parts of a page that changed by what happened, as HTML; empty for nothing."""

PARTS: Mapping[str, Parts] = {
    "approvals": approvals.live,
    "batch": batches.live,
    "batches": batches.live_list,
    "connections": connections.live,
    "drift": drift.live,
    "failures": failures.live,
    "overview": overview.live,
    "reconcile": reconcile.live,
    "record": record.live,
    "records": records.live,
    "runs": runs.live,
    "tail": tail.live,
}
"""Page -> its parts."""

PACES: Mapping[str, float] = {"overview": 3.0, "records": 0.05, "tail": 0.05, "approvals": 0.05}
USUAL_PACE = 1.0
"""Units  seconds between two messages: rows follow at once, sums once a second however much happens."""


async def _live(request: web.Request) -> web.StreamResponse:
    parts = PARTS.get(request.match_info["page"])
    if parts is None:
        raise Refused(404, "nothing on this page changes by itself")

    async def told(page: Sequence[Happening]) -> Sequence[tuple[str, int]]:
        changed = await parts(request, page) if page else ""
        return [(changed, page[-1].position)] if changed else []

    pace = PACES.get(request.match_info["page"], USUAL_PACE)
    return await streamed(request, told, pace, request.query.get("after", ""))


ROUTES = (Route("GET", "/live/{page}", _live, Action.SEE),)
