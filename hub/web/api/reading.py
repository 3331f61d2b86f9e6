"""Reading: records, pairs, events, flows, connections, runs, and finding by any id."""

import msgspec
from aiohttp import web

from domain.flows import FLOWS
from hub.access import Action
from hub.app import flow_settings
from hub.operations.past import record_as_of
from hub.operations.runs import Asked, ask
from hub.queries import records
from hub.queries.connections import connections
from hub.queries.notices import notices
from hub.queries.runs import runs
from hub.web.answers import json, listed, told, wanted
from hub.web.api.errands import ROUTES as ERRANDS
from hub.web.api.live import stream
from hub.web.asking import record_of
from hub.web.bodies import guarded
from hub.web.contract import BASE
from hub.web.keys import service
from hub.web.routes import Route, allowed, principal


async def _records(request: web.Request) -> web.Response:
    return listed(await records.records(await told(request), wanted(request)))


async def _record(request: web.Request) -> web.Response:
    hub, asof = service(request).hub, request.query.get("asof", "")
    if not asof:
        return json(await records.record(hub.ledger, request.match_info["id"], allowed(request)))
    connection, record = await record_of(request)
    then = msgspec.to_builtins(await record_as_of(hub, record, asof))
    return json(guarded(hub, principal(request), connection, then))


async def _timeline(request: web.Request) -> web.Response:
    ledger = service(request).hub.ledger
    return listed(await records.timeline(ledger, request.match_info["id"], wanted(request)))


async def _cross_references(request: web.Request) -> web.Response:
    return listed(await records.cross_references(await told(request), wanted(request)))


async def _find(request: web.Request) -> web.Response:
    ledger = service(request).hub.ledger
    return json({"items": await records.found(ledger, request.query["q"], allowed(request))})


async def _events(request: web.Request) -> web.StreamResponse:
    if request.method == "GET" and "text/event-stream" in request.headers.get("Accept", ""):
        return await stream(request)
    return listed(await records.events(service(request).hub.ledger, wanted(request)))


async def _runs(request: web.Request) -> web.Response:
    return listed(await runs(service(request).hub.ledger, wanted(request)))


async def _notices(request: web.Request) -> web.Response:
    query = request.query
    ledger = service(request).hub.ledger
    return listed(await notices(ledger, wanted(request), query.get("resource", ""), query.get("ignored", "")))


async def _run(request: web.Request) -> web.Response:
    it = service(request)
    asked = msgspec.json.decode(await request.read(), type=Asked)
    if asked.connection not in allowed(request):
        await it.hub.access.require(principal(request), Action.OPERATE, asked.connection)
    run = await ask(it.hub, it.schedule.ask, asked, principal(request).actor)
    return json({"run": str(run)}, 202, {"Location": f"{BASE}/runs"})


async def _connections(request: web.Request) -> web.Response:
    it = service(request)
    return json({"items": await connections(it.hub, it.beats, allowed(request))})


async def _flows(request: web.Request) -> web.Response:
    """Every flow, and on which connections it is on."""
    settings = service(request).hub.settings
    enabled = {name: flow_settings(settings.connections[name]) for name in allowed(request)}
    items = [
        {
            "name": flow.name,
            "kind": flow.kind,
            "from": flow.origin.system,
            "after": list(flow.after),
            "on": [
                name
                for name, tables in enabled.items()
                if tables.get(flow.settings_of or flow.name, {"enabled": True}).get("enabled")
            ],
        }
        for flow in FLOWS
    ]
    return json({"items": items})


ROUTES = (
    Route("GET", f"{BASE}/records", _records, Action.SEE),
    Route("GET", f"{BASE}/records/{{id}}", _record, Action.SEE),
    Route("GET", f"{BASE}/records/{{id}}/timeline", _timeline, Action.SEE),
    Route("GET", f"{BASE}/cross-references", _cross_references, Action.SEE),
    Route("GET", f"{BASE}/find", _find, Action.SEE),
    Route("GET", f"{BASE}/events", _events, Action.SEE),
    Route("GET", f"{BASE}/runs", _runs, Action.SEE),
    Route("POST", f"{BASE}/runs", _run, Action.OPERATE),
    *ERRANDS,
    Route("GET", f"{BASE}/notices", _notices, Action.SEE),
    Route("GET", f"{BASE}/connections", _connections, Action.SEE),
    Route("GET", f"{BASE}/flows", _flows, Action.SEE),
)
