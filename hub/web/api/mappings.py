"""Maps of a connection as versions: what is in force, drafts, trying them, publishing, and going back; and what if."""

import msgspec
from aiohttp import web

from domain.errors import Unknown
from domain.values import Json
from hub.access import Action
from hub.cursors import position_in
from hub.moments import moment_in
from hub.operations import mappings
from hub.operations.mapped_entities import entities
from hub.operations.mappings import Draft
from hub.operations.trying_maps import USUAL, try_draft
from hub.operations.whatif import what_if
from hub.web.answers import json
from hub.web.asking import body, cursor, limit, listed, on
from hub.web.contract import BASE
from hub.web.keys import service
from hub.web.routes import Route, allowed, principal


class Proposal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Other maps, and why."""

    maps: Json
    connection: str = ""
    note: str = ""


class Trial(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """On how many of the last records of each set a draft is tried, 0 for every one."""

    last: int = USUAL


class Note(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why somebody does it."""

    note: str = ""


class Back(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which version stands once more."""

    version: int
    connection: str = ""
    note: str = ""


class Question(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What would be otherwise, and for which records."""

    connection: str = ""
    maps: Json | None = None
    settings: Json = {}
    project: str = ""
    since: str = ""
    asks: bool = False


async def _mappings(request: web.Request) -> web.Response:
    hub, named = service(request).hub, request.query.get("connection", "")
    names = [await on(request, Action.SEE, named)] if named else allowed(request)
    asof = await hub.ledger.last_position()
    return listed(request, [await mappings.shown(hub, name) for name in names], None, asof)


async def _entities(request: web.Request) -> web.Response:
    hub = service(request).hub
    connection = await on(request, Action.SEE_BODIES, request.query.get("connection", ""))
    asof = await hub.ledger.last_position()
    return listed(request, await entities(hub, connection), None, asof)


async def _versions(request: web.Request) -> web.Response:
    hub, place = service(request).hub, cursor(request)
    page = await mappings.versions(
        hub,
        request.query.get("connection", ""),
        cursor=position_in(place) if place else None,
        limit=limit(request),
        within=allowed(request),
    )
    return listed(request, page.items, page.next_cursor, page.asof)


async def _diff(request: web.Request) -> web.Response:
    hub, query = service(request).hub, request.query
    connection = await on(request, Action.SEE, query.get("connection", ""))
    found = await mappings.diff(hub, connection, int(query["before"]), int(query["now"]))
    return json({"items": msgspec.to_builtins(found)})


async def _draft(request: web.Request) -> web.Response:
    hub, wish = service(request).hub, await body(request, Proposal)
    connection = await on(request, Action.CONFIGURE, wish.connection)
    made = await mappings.draft(hub, connection, wish.maps, actor=principal(request).actor, note=wish.note)
    return json(msgspec.to_builtins(made), 201)


async def _try(request: web.Request) -> web.Response:
    hub, wish = service(request).hub, await body(request, Trial)
    proposal = await _found(request)
    return json(msgspec.to_builtins(await try_draft(hub, proposal.draft, last=wish.last)))


async def _publish(request: web.Request) -> web.Response:
    it, wish = service(request), await body(request, Note)
    proposal = await _found(request)
    actor = principal(request).actor
    made = await mappings.publish(it.hub, proposal.connection, proposal.draft, actor=actor, note=wish.note)
    return json(msgspec.to_builtins(made))


async def _revert(request: web.Request) -> web.Response:
    hub, wish = service(request).hub, await body(request, Back)
    connection = await on(request, Action.CONFIGURE, wish.connection)
    made = await mappings.revert(hub, connection, wish.version, actor=principal(request).actor, note=wish.note)
    return json(msgspec.to_builtins(made))


async def _what_if(request: web.Request) -> web.Response:
    hub, wish = service(request).hub, await body(request, Question)
    connection = await on(request, Action.OPERATE, wish.connection)
    found = await what_if(
        hub,
        connection,
        maps=wish.maps,
        settings=wish.settings,
        project=wish.project,
        since=moment_in("since", wish.since),
        asks=wish.asks,
    )
    return json(msgspec.to_builtins(found))


async def _found(request: web.Request) -> Draft:
    """The draft in the address; one of a connection that may not be touched is as good as none.

    Raises  Unknown.
    """
    draft = request.match_info["id"]
    found = await mappings.drafted(service(request).hub, draft)
    if found.connection not in allowed(request):
        raise Unknown(f"there is no draft {draft}")
    return found


ROUTES = (
    Route("GET", f"{BASE}/mappings", _mappings, Action.SEE),
    Route("GET", f"{BASE}/mappings/entities", _entities, Action.SEE_BODIES),
    Route("GET", f"{BASE}/mappings/versions", _versions, Action.SEE),
    Route("GET", f"{BASE}/mappings/diff", _diff, Action.SEE),
    Route("POST", f"{BASE}/mappings/drafts", _draft, Action.CONFIGURE),
    Route("POST", f"{BASE}/mappings/drafts/{{id}}/test", _try, Action.CONFIGURE),
    Route("POST", f"{BASE}/mappings/drafts/{{id}}/publish", _publish, Action.CONFIGURE),
    Route("POST", f"{BASE}/mappings/revert", _revert, Action.CONFIGURE),
    Route("POST", f"{BASE}/whatif", _what_if, Action.OPERATE),
)
