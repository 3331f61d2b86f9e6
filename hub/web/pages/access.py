"""Who may do what: users with their roles and rights, tokens, refusals, and where one is signed in oneself."""

from datetime import datetime, timedelta
from typing import Any

import msgspec
from aiohttp import web

from hub.access import EVERY, Action, NoSuch, Right, Role, WrongRequest, may
from hub.access.access import CODE
from hub.access.secrets import fingerprint
from hub.operations.access import add_user, change_user, connection_of, rights_of, role_of, roles_of
from hub.operations.access import user_document as document_of
from hub.queries import access as lists
from hub.queries.audit import Acts, acts
from hub.queries.records import Wanted
from hub.report import Halted
from hub.web.api.access import DAYS
from hub.web.guard import COOKIE, own_origin
from hub.web.keys import service
from hub.web.pages.forms import done, form
from hub.web.pages.frame import segment, show
from hub.web.problems import Refused
from hub.web.routes import Route, allowed, principal

SOON = timedelta(days=14)
"""Before its end a token is said to end soon."""
REFUSED = "access.refused.1"


class User(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A user as the form has it: a role everywhere, other ones as `main=read`, and rights."""

    name: str = ""
    everywhere: str = Role.NONE.word
    at: tuple[str, ...] = ()
    rights: tuple[str, ...] = ()


class Wish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A token as the form has it."""

    name: str = ""
    role: str = Role.READ.word
    connections: tuple[str, ...] = ()
    owner: str = ""
    days: str = str(DAYS)
    approve: bool = False


async def _overview(request: web.Request) -> web.Response:
    if not may(principal(request), Action.MANAGE):
        return web.Response(status=303, headers={"Location": "/access/me"})
    return await _users(request)


async def _users(request: web.Request, given: User | None = None, problem: str = "") -> web.Response:
    hub = service(request).hub
    page = await lists.users(hub.ledger, _wanted(request))
    await hub.projector.catch_up()
    seen = await lists.presence(hub.ledger, [user["name"] for user in page.items], hub.clock.now())
    return show(
        request,
        "access/users.html",
        status=422 if problem else 200,
        page=page,
        seen=seen,
        form=given or User(),
        problem=problem,
        **_choices(request),
    )


async def _add(request: web.Request) -> web.Response:
    hub, given = service(request).hub, await form(request, User)
    try:
        roles, rights = _given(request, given)
        user = await add_user(hub.access, principal(request), given.name.strip(), roles=roles, rights=rights)
    except (WrongRequest, Halted) as error:
        return await _users(request, given, _told(error))
    return done(
        _place(user.name), f"{user.name} may sign in now. Give a sign-in link, where no provider lets people in."
    )


async def _user(request: web.Request, given: User | None = None, problem: str = "") -> web.Response:
    hub, name = service(request).hub, request.match_info["name"]
    found = await hub.access.book.user(name)
    if found is None:
        raise NoSuch("user", name[:100])
    user = document_of(found)
    await hub.projector.catch_up()
    as_it_is = User(
        name=name,
        everywhere=user["roles"].get(EVERY, Role.NONE.word),
        at=tuple(f"{place}={word}" for place, word in user["roles"].items() if place != EVERY),
        rights=tuple(user["rights"]),
    )
    return show(
        request,
        "access/user.html",
        status=422 if problem else 200,
        user=user,
        seen=(await lists.presence(hub.ledger, [name], hub.clock.now()))[name],
        myself=principal(request).user == name,
        form=given or as_it_is,
        problem=problem,
        **_choices(request),
    )


async def _change(request: web.Request) -> web.Response:
    hub, name = service(request).hub, request.match_info["name"]
    given = await form(request, User)
    try:
        roles, rights = _given(request, given)
        await change_user(hub.access, principal(request), name, roles=roles, rights=rights)
    except WrongRequest as error:
        return await _user(request, given, str(error))
    return done(_place(name), f"{name} is changed, and signs in anew.")


async def _remove(request: web.Request) -> web.Response:
    name = request.match_info["name"]
    await service(request).hub.access.remove_user(principal(request), name)
    return done("/access", f"{name} is removed; sessions and tokens of this user open nothing any more.")


async def _end_sessions(request: web.Request) -> web.Response:
    name = request.match_info["name"]
    await service(request).hub.access.end_sessions(principal(request), name)
    return done(_place(name), f"{name} is signed out everywhere.")


async def _link(request: web.Request) -> web.Response:
    """The only page that ever shows this link."""
    name = request.match_info["name"]
    code = await service(request).hub.access.sign_in_code(principal(request), name)
    minutes = int(CODE.total_seconds()) // 60
    return _once(
        request,
        title="Sign-in link",
        lead=f"Lets {name} in once, within {minutes} minutes. Send it on a way that only {name} reads.",
        secret=f"{own_origin(request)}/sign-in?code={code}",
        back=_place(name),
    )


async def _tokens(request: web.Request, given: Wish | None = None, problem: str = "") -> web.Response:
    hub = service(request).hub
    page = await lists.tokens(hub.ledger, _wanted(request))
    now = hub.clock.now()
    return show(
        request,
        "access/tokens.html",
        status=422 if problem else 200,
        page=page,
        standing={token["name"]: _standing(token, now) for token in page.items},
        form=given or Wish(),
        problem=problem,
        **_choices(request),
    )


async def _create_token(request: web.Request) -> web.Response:
    """The only page that ever shows this token."""
    hub, given = service(request).hub, await form(request, Wish)
    try:
        secret, token = await hub.access.create_token(
            principal(request),
            given.name.strip(),
            role=role_of(given.role),
            connections=[connection_of(name, hub.settings.connections) for name in given.connections] or (EVERY,),
            approve=given.approve,
            lifetime=_days(given.days),
            owner=given.owner.strip(),
        )
    except (WrongRequest, NoSuch) as error:
        return await _tokens(request, given, str(error))
    lead = f"The token {token.name}. Programs send it as “Authorization: Bearer …”; keep it like a password."
    return _once(request, title="New token", lead=lead, secret=secret, back="/access/tokens")


async def _revoke(request: web.Request) -> web.Response:
    name = request.match_info["name"]
    await service(request).hub.access.revoke_token(principal(request), name)
    return done("/access/tokens", f"The token {name} opens nothing any more.")


async def _refusals(request: web.Request) -> web.Response:
    hub = service(request).hub
    await hub.access.refusals.flush()
    await hub.projector.catch_up()
    wanted = Acts(connections=allowed(request), whole=True, action=REFUSED, cursor=request.query.get("cursor", ""))
    return show(request, "access/refusals.html", page=await acts(hub.ledger, wanted))


async def _me(request: web.Request) -> web.Response:
    hub, who = service(request).hub, principal(request)
    mine = await lists.sessions(hub.ledger, who.user, hub.clock.now()) if who.user else []
    here = fingerprint(request.cookies.get(COOKIE, ""))
    return show(request, "access/me.html", sessions=[(each, each.key == here) for each in mine])


async def _leave(request: web.Request) -> web.Response:
    who = principal(request)
    if not who.user:
        raise Refused(422, "a program has no sessions")
    await service(request).hub.access.end_sessions(who, who.user)
    return web.Response(status=303, headers={"Location": "/"})


# -- what they have in common ----------------------------------------------------------------------


def _wanted(request: web.Request) -> Wanted:
    return Wanted(connections=allowed(request), cursor=request.query.get("cursor", ""))


def _choices(request: web.Request) -> dict[str, Any]:
    """What forms offer."""
    who = principal(request)
    return {
        "places": list(service(request).hub.settings.connections),
        "roles": [role.word for role in Role],
        "rights": [right.value for right in Right],
        "may_approve": bool(who.user) and Right.PUSH_TO_ACCOUNTING in who.rights,
    }


def _given(request: web.Request, given: User) -> tuple[dict[str, Role], frozenset[Right]]:
    """Raises  WrongRequest."""
    known = service(request).hub.settings.connections
    roles = roles_of([word for word in given.at if word], known)
    everywhere = role_of(given.everywhere)
    return ({EVERY: everywhere} if everywhere else {}) | roles, rights_of(given.rights)


def _days(text: str) -> timedelta:
    """Raises  WrongRequest."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 4):  # noqa: PLR2004 - digits of any lifetime of a token
        raise WrongRequest("days", "this is no number of days", "Give 1 to 366.")
    return timedelta(days=int(text))


def _standing(token: dict[str, Any], now: datetime) -> str:
    ends = datetime.fromisoformat(token["expires_at"])
    if token["revoked_at"]:
        return "revoked"
    if ends <= now:
        return "over"
    return "ends soon" if ends - now < SOON else "in use"


def _told(error: Exception) -> str:
    """What speaks against a form; what is not permitted is no matter of a form.

    Raises  the error itself where it is no answer to a form.
    """
    if isinstance(error, WrongRequest) or str(error).startswith("name:"):
        return str(error)
    raise error


def _once(request: web.Request, *, title: str, lead: str, secret: str, back: str) -> web.Response:
    headers = {"Referrer-Policy": "no-referrer"}
    return show(request, "access/once.html", headers=headers, title=title, lead=lead, secret=secret, back=back)


def _place(name: str) -> str:
    return f"/access/users/{segment(name)}"


ROUTES = (
    Route("GET", "/access", _overview, Action.SEE),
    Route("GET", "/access/me", _me, Action.SEE),
    Route("POST", "/access/me/leave", _leave, Action.SEE),
    Route("POST", "/access/users", _add, Action.MANAGE, whole=True),
    Route("GET", "/access/users/{name}", _user, Action.MANAGE, whole=True),
    Route("POST", "/access/users/{name}", _change, Action.MANAGE, whole=True),
    Route("POST", "/access/users/{name}/remove", _remove, Action.MANAGE, whole=True),
    Route("POST", "/access/users/{name}/end-sessions", _end_sessions, Action.MANAGE, whole=True),
    Route("POST", "/access/users/{name}/link", _link, Action.MANAGE, whole=True, secret=True),
    Route("GET", "/access/tokens", _tokens, Action.MANAGE, whole=True),
    Route("POST", "/access/tokens", _create_token, Action.MANAGE, whole=True, secret=True),
    Route("POST", "/access/tokens/{name}/revoke", _revoke, Action.MANAGE, whole=True),
    Route("GET", "/access/refusals", _refusals, Action.MANAGE, whole=True),
)
