"""The past of one record, what differs between its sides, what changed, and where each field comes from."""

import msgspec
from aiohttp import web

from hub.access import Action
from hub.operations.changes import Changes, Wanted, what_changed
from hub.operations.past import differs
from hub.operations.provenance import provenance
from hub.queries.records import connections_of
from hub.web.answers import json
from hub.web.asking import cursor, listed, record_of
from hub.web.bodies import guarded
from hub.web.contract import BASE
from hub.web.keys import service
from hub.web.routes import Route, allowed, principal


async def _diff(request: web.Request) -> web.Response:
    connection, record = await record_of(request)
    hub = service(request).hub
    found = msgspec.to_builtins(await differs(hub, record, request.query.get("asof", "")))
    return json(guarded(hub, principal(request), connection, found))


async def _changes(request: web.Request) -> web.Response:
    connection, record = await record_of(request)
    since, until = _span(request)
    return await _told(request, Wanted(records=(record,), connections=(connection,), since=since, until=until))


async def _of_project(request: web.Request) -> web.Response:
    number = request.match_info["number"]
    since, until = _span(request)
    return await _told(request, Wanted(project=number, connections=allowed(request), since=since, until=until))


async def _told(request: web.Request, wanted: Wanted) -> web.Response:
    hub, who = service(request).hub, principal(request)
    found: Changes = await what_changed(hub, wanted, cursor=cursor(request))
    at = await connections_of(hub.ledger, {change.record for change in found.items})
    items = [guarded(hub, who, at[each.record], msgspec.to_builtins(each)) for each in found.items]
    return listed(request, items, found.next_cursor, found.until, since=found.since)


async def _provenance(request: web.Request) -> web.Response:
    connection, record = await record_of(request)
    hub = service(request).hub
    wanted = {name: request.query[name] for name in ("field", "part", "asof") if name in request.query}
    found = await provenance(hub, record, cursor=cursor(request), **wanted)
    items = guarded(hub, principal(request), connection, msgspec.to_builtins(found.items))
    return listed(request, items, found.next_cursor, found.asof)


def _span(request: web.Request) -> tuple[str, str]:
    return request.query.get("since", ""), request.query.get("until", "")


ROUTES = (
    Route("GET", f"{BASE}/records/{{id}}/diff", _diff, Action.SEE),
    Route("GET", f"{BASE}/records/{{id}}/changes", _changes, Action.SEE),
    Route("GET", f"{BASE}/records/{{id}}/provenance", _provenance, Action.SEE),
    Route("GET", f"{BASE}/projects/{{number}}/changes", _of_project, Action.SEE),
)
