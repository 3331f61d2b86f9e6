"""Coming in by a link that works once, and how somebody wants pages to look."""

import msgspec
from aiohttp import web

from hub.access import Action
from hub.web.guard import refuse_foreign
from hub.web.keys import service
from hub.web.pages.forms import form
from hub.web.pages.frame import THEMES, ZONES, show
from hub.web.problems import Refused
from hub.web.routes import Route
from hub.web.sign_in import SIGN_IN, local_place, signed_in

_YEAR = 366 * 24 * 3600


class Code(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A sign-in link that somebody follows."""

    code: str
    next: str = "/"


class Preferences(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How pages look for one browser."""

    theme: str = ""
    zone: str = ""
    next: str = "/"


async def _ask(request: web.Request) -> web.Response:
    """What somebody sees who is not signed in."""
    query = request.query
    return show(
        request,
        "sign_in.html",
        code=query.get("code", "")[:200],
        next=local_place(query.get("next", "/")),
        provider=request.app.get(SIGN_IN) is not None,
        headers={"Referrer-Policy": "no-referrer"},  # the address holds the code
    )


async def _redeem(request: web.Request) -> web.Response:
    """Exchanges a code for a session: by a button, as mail programs follow links by themselves."""
    refuse_foreign(request)
    given = await form(request, Code)
    session = await service(request).hub.access.redeem(given.code[:200])
    return signed_in(session, local_place(given.next))


async def _prefer(request: web.Request) -> web.Response:
    """Keeps the look in this browser alone."""
    given = await form(request, Preferences)
    answer = web.Response(status=303, headers={"Location": local_place(given.next)})
    for name, known, word in (("theme", THEMES, given.theme), ("zone", ZONES, given.zone)):
        if word not in ("", *known):
            raise Refused(422, f"{name}: use one of {', '.join(known)}")
        if word:
            answer.set_cookie(f"siteledger-{name}", word, path="/", max_age=_YEAR, httponly=True, samesite="Lax")
    return answer


ROUTES = (
    Route("GET", "/sign-in", _ask, None),
    Route("POST", "/sign-in", _redeem, None),
    Route("POST", "/preferences", _prefer, Action.SEE),
)
