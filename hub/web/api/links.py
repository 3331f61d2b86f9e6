"""The cross-reference by hand: pairs, proposals, and joining, cutting and forgetting, each with a reason."""

from collections.abc import Awaitable, Callable

import msgspec
from aiohttp import web

from hub.access import Action
from hub.operations import link as linking
from hub.operations.by_hand import Handled
from hub.operations.links import LinkFilter, pairings
from hub.operations.reset import reset
from hub.operations.unlink import unlink
from hub.web.answers import json
from hub.web.asking import body, cursor, in_turn, limit, listed, on, record_of
from hub.web.contract import BASE
from hub.web.keys import service
from hub.web.problems import Refused
from hub.web.routes import Route, allowed, principal


class Wish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A record, by its number or id, and the id of its counterpart."""

    flow: str
    bc_id: str
    procore_id: str
    reason: str
    connection: str = ""


class Why(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why somebody does it."""

    reason: str


async def _links(request: web.Request) -> web.Response:
    query = request.query
    flow, project, role = (query.get(name, "") for name in ("flow", "project", "role"))
    wanted = LinkFilter(query=query.get("q", ""), flow=flow, project=project, role=role, within=allowed(request))
    hub, asof = service(request).hub, query.get("asof", "")
    page = await pairings(hub, wanted, cursor=cursor(request) or None, limit=limit(request), asof=asof)
    return listed(request, page.items, page.next_cursor, page.asof)


async def _proposals(request: web.Request) -> web.Response:
    hub = service(request).hub
    connection = await on(request, Action.CONFIGURE, request.query.get("connection", ""))
    after = request.query.get("after", "")
    found = await linking.proposals(hub, request.query["flow"], connection=connection, after=after)
    return json({"items": msgspec.to_builtins(found)})


async def _link(request: web.Request) -> web.Response:
    it, wish = service(request), await body(request, Wish)
    connection = await on(request, Action.CONFIGURE, wish.connection)
    actor = principal(request).actor

    async def work() -> Handled:
        return await linking.link(
            it.hub,
            wish.flow,
            wish.bc_id,
            wish.procore_id,
            connection=connection,
            actor=actor,
            reason=wish.reason.strip(),
        )

    return json(await by_hand(request, connection, work), 201)


async def _unlink(request: web.Request) -> web.Response:
    connection, record = await record_of(request)
    why, hub = await body(request, Why), service(request).hub

    async def work() -> Handled:
        return await unlink(hub, record, actor=principal(request).actor, reason=why.reason.strip())

    return json(await by_hand(request, connection, work))


async def _reset(request: web.Request) -> web.Response:
    connection, record = await record_of(request)
    why, hub = await body(request, Why), service(request).hub

    async def work() -> Handled:
        return await reset(hub, record, actor=principal(request).actor, reason=why.reason.strip())

    return json(await by_hand(request, connection, work))


async def by_hand(request: web.Request, connection: str, work: Callable[[], Awaitable[Handled]]) -> Handled:
    """Something done by hand as soon as the present round has ended, which the next round carries at once.

    Raises  Refused (409) with the rule that speaks against it, (503) when the round takes too long.
    """
    handled = await in_turn(request, connection, work)
    if not handled.done:
        raise Refused(409, f"{handled.number}: {handled.message}")
    service(request).schedule.carry(handled.connection)
    return handled


ROUTES = (
    Route("GET", f"{BASE}/links", _links, Action.SEE),
    Route("POST", f"{BASE}/links", _link, Action.CONFIGURE),
    Route("GET", f"{BASE}/links/proposals", _proposals, Action.CONFIGURE),
    Route("POST", f"{BASE}/records/{{id}}/unlink", _unlink, Action.CONFIGURE),
    Route("POST", f"{BASE}/records/{{id}}/reset", _reset, Action.CONFIGURE),
)
