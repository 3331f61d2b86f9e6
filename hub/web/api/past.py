"""The past of one record, what differs between its sides, what changed, and where each field comes from."""

import msgspec
from aiohttp import web

from hub.access import Action
from hub.operations.changes import Changes, Wanted, what_changed
from hub.operations.past import differs
from hub.operations.provenance import provenance
from hub.web.answers import json
from hub.web.asking import cursor, listed, record_of
from hub.web.contract import BASE
from hub.web.keys import service
from hub.web.routes import Route, allowed


async def _diff(request: web.Request) -> web.Response:
    _, record = await record_of(request)
    return json(msgspec.to_builtins(await differs(service(request).hub, record, request.query.get("asof", ""))))


async def _changes(request: web.Request) -> web.Response:
    connection, record = await record_of(request)
    since, until = _span(request)
    return await _told(request, Wanted(records=(record,), connections=(connection,), since=since, until=until))


async def _of_project(request: web.Request) -> web.Response:
    number = request.match_info["number"]
    since, until = _span(request)
    return await _told(request, Wanted(project=number, connections=allowed(request), since=since, until=until))


async def _told(request: web.Request, wanted: Wanted) -> web.Response:
    found: Changes = await what_changed(service(request).hub, wanted, cursor=cursor(request))
    return listed(request, found.items, found.next_cursor, found.until, since=found.since)


async def _provenance(request: web.Request) -> web.Response:
    _, record = await record_of(request)
    wanted = {name: request.query[name] for name in ("field", "part", "asof") if name in request.query}
    found = await provenance(service(request).hub, record, cursor=cursor(request), **wanted)
    return listed(request, found.items, found.next_cursor, found.asof)


def _span(request: web.Request) -> tuple[str, str]:
    return request.query.get("since", ""), request.query.get("until", "")


ROUTES = (
    Route("GET", f"{BASE}/records/{{id}}/diff", _diff, Action.SEE),
    Route("GET", f"{BASE}/records/{{id}}/changes", _changes, Action.SEE),
    Route("GET", f"{BASE}/records/{{id}}/provenance", _provenance, Action.SEE),
    Route("GET", f"{BASE}/projects/{{number}}/changes", _of_project, Action.SEE),
)
