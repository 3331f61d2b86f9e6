"""Who may do what, over HTTP: users, tokens, sessions, and what whoever asks may do."""

from datetime import timedelta
from typing import Any

from aiohttp import web

from hub.access import EVERY, RULES, Action, Role, may
from hub.operations.access import (
    add_user,
    change_user,
    connection_of,
    rights_of,
    role_of,
    token_document,
    user_document,
)
from hub.queries import access as lists
from hub.web.answers import json, listed, wanted
from hub.web.contract import BASE
from hub.web.keys import service
from hub.web.problems import Refused
from hub.web.routes import Route, allowed, principal

DAYS = 90
"""Of a new token for which nobody says otherwise."""


async def _me(request: web.Request) -> web.Response:
    """Who asks, and what they may do where."""
    who = principal(request)
    return json(
        {
            "actor": who.actor,
            "user": who.user or None,
            "rights": sorted(who.rights),
            "connections": {
                name: {"role": who.role_on(name).word, "may": [action for action in RULES if may(who, action, name)]}
                for name in allowed(request)
            },
            "hub": [action for action in RULES if may(who, action)],
        }
    )


async def _users(request: web.Request) -> web.Response:
    return listed(await lists.users(service(request).hub.ledger, wanted(request)))


async def _add_user(request: web.Request) -> web.Response:
    hub, given = service(request).hub, await request.json()
    user = await add_user(
        hub.access,
        principal(request),
        given["name"],
        roles=_roles(request, given["roles"]),
        rights=rights_of(given.get("rights", ())),
    )
    return json(user_document(user), 201)


async def _change_user(request: web.Request) -> web.Response:
    hub, given, name = service(request).hub, await request.json(), request.match_info["name"]
    user = await change_user(
        hub.access,
        principal(request),
        name,
        roles=_roles(request, given["roles"]) if "roles" in given else None,
        rights=rights_of(given["rights"]) if "rights" in given else None,
    )
    return json(user_document(user))


async def _remove_user(request: web.Request) -> web.Response:
    await service(request).hub.access.remove_user(principal(request), request.match_info["name"])
    return web.Response(status=204)


async def _tokens(request: web.Request) -> web.Response:
    return listed(await lists.tokens(service(request).hub.ledger, wanted(request)))


async def _create_token(request: web.Request) -> web.Response:
    """The only answer that ever holds the token."""
    hub, given = service(request).hub, await request.json()
    places = given.get("connections") or (EVERY,)
    secret, token = await hub.access.create_token(
        principal(request),
        given["name"],
        role=role_of(given["role"]),
        connections=[connection_of(name, hub.settings.connections) for name in places],
        approve=given.get("approve", False),
        lifetime=timedelta(days=given.get("days", DAYS)),
        owner=given.get("owner", ""),
    )
    return json({"token": token_document(token), "secret": secret}, 201)


async def _revoke_token(request: web.Request) -> web.Response:
    await service(request).hub.access.revoke_token(principal(request), request.match_info["name"])
    return web.Response(status=204)


async def _end_sessions(request: web.Request) -> web.Response:
    """Signs out everywhere: oneself, or with `user` somebody else."""
    who = principal(request)
    name = request.query.get("user", who.user)
    if not name:
        raise Refused(422, "user: a program has no sessions; say whose sessions are to end")
    await service(request).hub.access.end_sessions(who, name)
    return web.Response(status=204)


def _roles(request: web.Request, given: dict[str, Any]) -> dict[str, Role]:
    known = service(request).hub.settings.connections
    return {connection_of(place, known): role_of(word) for place, word in given.items()}


ROUTES = (
    Route("GET", f"{BASE}/me", _me, Action.SEE),
    Route("GET", f"{BASE}/users", _users, Action.MANAGE, whole=True),
    Route("POST", f"{BASE}/users", _add_user, Action.MANAGE, whole=True),
    Route("PATCH", f"{BASE}/users/{{name}}", _change_user, Action.MANAGE, whole=True),
    Route("DELETE", f"{BASE}/users/{{name}}", _remove_user, Action.MANAGE, whole=True),
    Route("GET", f"{BASE}/tokens", _tokens, Action.MANAGE, whole=True),
    Route("POST", f"{BASE}/tokens", _create_token, Action.MANAGE, whole=True, secret=True),
    Route("DELETE", f"{BASE}/tokens/{{name}}", _revoke_token, Action.MANAGE, whole=True),
    Route("DELETE", f"{BASE}/sessions", _end_sessions, Action.SEE),
)
