"""The addresses of signing in by an identity provider, and of signing out."""

from urllib.parse import quote, unquote

from aiohttp import web

from hub.access import NOBODY
from hub.web.guard import COOKIE, refuse_foreign
from hub.web.identity import CALLBACK, SignIn, Trip
from hub.web.keys import service
from hub.web.problems import Refused
from hub.web.routes import Route

SIGN_IN: web.AppKey[SignIn] = web.AppKey("sign_in", SignIn)
TRIP = "__Host-sign-in"
NEXT = "__Host-next"
"""Where somebody wanted to go, while they are at the identity provider."""
MINUTES = 10
"""That somebody may take at the identity provider."""
_LONGEST = 4000
_LONGEST_PLACE = 2000


async def _begin(request: web.Request) -> web.Response:
    """Sends the browser to the identity provider."""
    trip, place = await _way(request).begin()
    answer = web.Response(status=302, headers={"Location": place})
    _set(answer, TRIP, trip.word, max_age=MINUTES * 60)
    if (wanted := local_place(request.query.get("next", "/"))) != "/":
        _set(answer, NEXT, quote(wanted, safe=""), max_age=MINUTES * 60)
    else:
        _drop(answer, NEXT)
    return answer


async def _end(request: web.Request) -> web.Response:
    """The browser comes back: the code becomes a session, or the reason is told."""
    way, query = _way(request), request.query
    word = request.cookies.get(TRIP, "")
    if not word or len(word) > 100:  # noqa: PLR2004 - the word has 43 letters
        raise Refused(403, "not signed in: it was begun in another browser, or too long ago; begin again at /sign-in")
    state, code = query.get("state", ""), query.get("code", "")
    if not code or max(len(state), len(code)) > _LONGEST:
        raise Refused(403, "not signed in: the identity provider did not let you in; begin again at /sign-in")
    access = service(request).hub.access
    try:
        claims = await way.end(Trip(word), state, code)
        name = way.name(claims)
    except Refused as error:
        await access.refusals.record(NOBODY.actor, "sign_in", None, str(error))
        raise
    session = await access.sign_in(name, way.given(claims), way.until(claims))
    if before := request.cookies.get(COOKIE, ""):
        await access.book.end_session(before)
    answer = signed_in(session, local_place(unquote(request.cookies.get(NEXT, "/"))))
    _drop(answer, TRIP)
    _drop(answer, NEXT)
    return answer


async def _out(request: web.Request) -> web.Response:
    """Ends the session of this browser."""
    refuse_foreign(request)
    if session := request.cookies.get(COOKIE, ""):
        await service(request).hub.access.book.end_session(session)
    answer = web.Response(status=303, headers={"Location": "/"})
    _drop(answer, COOKIE)
    return answer


def signed_in(session: str, place: str) -> web.Response:
    """Leads a browser on, which now holds a session."""
    answer = web.Response(status=303, headers={"Location": place})
    _set(answer, COOKIE, session)
    return answer


def local_place(place: str) -> str:
    """A place on this server and on no other: browsers read `//` and a backslash as the begin of another one."""
    fine = place.startswith("/") and not place.startswith("//") and "\\" not in place and place.isprintable()
    return place if fine and len(place) <= _LONGEST_PLACE else "/"


def _way(request: web.Request) -> SignIn:
    found = request.app.get(SIGN_IN)
    if found is None:
        raise Refused(404, "nobody signs in by a browser here; server.oidc.issuer switches it on")
    return found


def _set(answer: web.Response, name: str, value: str, max_age: int | None = None) -> None:
    # Lax, because the way back from the identity provider is a link from another site.
    answer.set_cookie(name, value, max_age=max_age, path="/", secure=True, httponly=True, samesite="Lax")


def _drop(answer: web.Response, name: str) -> None:
    answer.del_cookie(name, path="/", secure=True, httponly=True, samesite="Lax")


ROUTES = (
    Route("GET", "/sign-in/begin", _begin, None),
    Route("GET", CALLBACK, _end, None),
    Route("POST", "/sign-out", _out, None),
)
