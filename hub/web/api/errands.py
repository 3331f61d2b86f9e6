"""Errands: what people sent the service to do in the background, how far that is, and what came of it."""

from typing import Any
from uuid import UUID

from aiohttp import web

from hub.access import Action
from hub.queries import errands
from hub.service import Service
from hub.web.answers import json, wanted
from hub.web.contract import BASE
from hub.web.keys import service
from hub.web.routes import Route, allowed

PATH = f"{BASE}/errands"
_PLACES = {
    "reconciliation": (f"{BASE}/reconciliation", "result"),
    "adoption": (f"{BASE}/adoptions", "result"),
    "completeness": (f"{BASE}/completeness", "errand"),
}
"""Where what an errand made is told, by its sort, and the name of it there."""


async def begun(it: Service, id_: UUID) -> web.Response:
    """The answer to whoever sent the service: it goes on when they have gone."""
    await it.hub.projector.catch_up()
    row = await errands.errand(it.hub.ledger, str(id_), tuple(it.hub.settings.connections))
    return json(_shown(row), 202, {"Location": f"{PATH}/{id_}"})


async def _errands(request: web.Request) -> web.Response:
    found = await errands.errands(service(request).hub.ledger, wanted(request))
    items = [_shown(row) for row in found.items]
    return json({"items": items, "next_cursor": found.next_cursor, "asof": found.asof})


async def _errand(request: web.Request) -> web.Response:
    return json(_shown(await errands.errand(service(request).hub.ledger, request.match_info["id"], allowed(request))))


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    if not row["result"] or row["sort"] not in _PLACES:
        return {**row, "location": None}
    place, name = _PLACES[row["sort"]]
    return {**row, "location": f"{place}/{row[name]}"}


ROUTES = (
    Route("GET", PATH, _errands, Action.SEE),
    Route("GET", f"{PATH}/{{id}}", _errand, Action.SEE),
)
