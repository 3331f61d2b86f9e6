"""Records in their flows: the list of everything, narrowed by the address, whole behind one scrollbar."""

from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web

from domain.flows import FLOWS
from domain.states import STATES
from hub.access import Action
from hub.queries import records
from hub.queries.records import Wanted
from hub.tail import Happening
from hub.web.answers import told
from hub.web.keys import service
from hub.web.pages.frame import address, frame_of, narrowed, render, show
from hub.web.problems import Refused
from hub.web.routes import Route, allowed

BLOCK = 200
"""Rows of one block, and a few more where several begin at one position."""
LARGEST = 1000
MOST = 100_000
"""Rows behind one scrollbar; more are reached by narrowing."""
_FILTERS = ("connection", "flow", "state", "kind", "project", "q")


async def _list(request: web.Request) -> web.Response:
    frame, filters = frame_of(request), narrowed(request.query, _FILTERS)
    ledger = await told(request)
    wanted = Wanted(connections=allowed(request), **filters, asof=frame.asof, limit=BLOCK)
    first = await records.records(ledger, wanted)
    blocks = await records.blocks(ledger, wanted, first, MOST)
    place = address("/records", {**filters, "asof": frame.asof})
    return show(
        request,
        "records/page.html",
        "records/list.html",
        headers={"HX-Push-Url": place} if frame.partial else None,
        filters=filters,
        page=first,
        blocks=blocks,
        flows=[flow.name for flow in FLOWS],
        states=STATES,
        most=MOST,
    )


async def _block(request: web.Request) -> web.Response:
    """The rows behind one place of the scrollbar."""
    rows = request.query.get("rows", "")
    if not (rows.isascii() and rows.isdecimal() and len(rows) <= len(str(LARGEST)) and 0 < int(rows) <= LARGEST):
        raise Refused(422, "rows: use a number that this list gave out")
    cursor = request.query.get("cursor", "")
    wanted = Wanted(connections=allowed(request), **narrowed(request.query, _FILTERS), cursor=cursor, limit=int(rows))
    page = await records.records(service(request).hub.ledger, wanted)
    return show(request, "records/block.html", page=page)


async def live(request: web.Request, happened: Sequence[Happening]) -> str:
    """The rows of records that something happened to, and the word that there is more to see."""
    touched = {item.record for item in happened}
    rows = await records.now(service(request).hub.ledger, touched, allowed(request))
    frame, filters = frame_of(request), narrowed(request.query, _FILTERS)
    return render("records/changed.html", frame, changed=[(row, not _fits(row, filters)) for row in rows])


def _fits(row: Mapping[str, Any], filters: Mapping[str, str]) -> bool:
    """Whether a row is still what its list is narrowed to; it stays where it is until somebody asks anew."""
    return all(
        row[name] in value.split(",") if name == "state" else row[name] == value
        for name, value in filters.items()
        if name != "q"
    )


ROUTES = (
    Route("GET", "/records", _list, Action.SEE, past=True),
    Route("GET", "/records/block", _block, Action.SEE, past=True),
)
