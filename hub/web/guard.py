"""Who asks, and whether they may: every request of the API passes here, and what is not allowed is refused.

A browser's cookie is sent by any page that a person looks at, so an unsafe request with a cookie must come from our own
pages: told by `Sec-Fetch-Site`, or by `Origin` in browsers that do not send it (OWASP, cross-site request forgery).
"""

from collections.abc import Mapping
from functools import partial
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from limits import RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from hub.access import Access, Action, NotSignedIn, Principal, may
from hub.web.keys import service
from hub.web.problems import Refused
from hub.web.routes import ALLOWED, PRINCIPAL, STILL, Route

COOKIE = "__Host-session"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
PACE = RateLimitItemPerSecond(100, 1)
"""Requests of one principal; a page of the dashboard takes a dozen."""
WRONG_PACE = RateLimitItemPerSecond(10, 1)
"""Refused sign-ins of one address that are answered with a reason: tokens have 256 bits, so nobody guesses one."""


def guard(access: Access, routes: Mapping[tuple[str, str], Route], connections: tuple[str, ...]) -> Middleware:
    """The middleware that lets pass or refuses. Routes by method and path."""
    limiter = MovingWindowRateLimiter(MemoryStorage())

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        resource = request.match_info.route.resource
        method = "GET" if request.method == "HEAD" else request.method
        route = routes.get((method, resource.canonical)) if resource is not None else None
        if request.match_info.http_exception is not None:
            return await handler(request)  # not found, or not this method
        if route is None:
            raise Refused(404, "there is nothing at this address")  # nobody said who may, so nobody may
        if (action := route.action) is None:
            return await handler(request)  # open to everybody
        found = await _sign_in(access, request, limiter)
        if not await limiter.hit(PACE, found.actor):
            raise Refused(429, "more than 100 requests a second; wait a second", headers={"Retry-After": "1"})
        request[PRINCIPAL] = found
        request[STILL] = partial(_still, access, request, action, found)
        if route.whole:
            await access.require(found, action)
            request[ALLOWED] = connections
        else:
            wanted = request.query.get("connection") or None  # a form sends what is empty, too
            request[ALLOWED] = await _allowed(access, found, action, wanted, connections)
        return await handler(request)

    return middleware


async def _allowed(
    access: Access, found: Principal, action: Action, wanted: str | None, connections: tuple[str, ...]
) -> tuple[str, ...]:
    if wanted in connections:
        await access.require(found, action, wanted)
        return (wanted,)
    names = tuple(name for name in connections if may(found, action, name))
    if not names:
        await access.require(found, action, connections[0] if len(connections) == 1 else None)
    if wanted is not None:
        raise Refused(404, f"there is no connection {wanted[:60]!r}")
    return names


async def _still(access: Access, request: web.Request, action: Action, before: Principal) -> bool:
    """Whether whoever began to read may read on: the token or session still counts, and means the same.

    Looking does not keep a session alive: what a browser leaves open is no sign of anybody being there.
    """
    try:
        now = await _who(access, request, look=True)
    except NotSignedIn:
        return False
    return now == before and any(may(now, action, name) for name in request[ALLOWED])


async def _sign_in(access: Access, request: web.Request, limiter: MovingWindowRateLimiter) -> Principal:
    """Whoever holds the token or the session.

    Raises  NotSignedIn, Refused.
    """
    try:
        return await _who(access, request)
    except NotSignedIn:
        # Only who is wrong is slowed down: behind a proxy everybody comes from one address.
        if not await limiter.hit(WRONG_PACE, "wrong", request.remote or "unknown"):
            words = "too many wrong sign-ins from this address; wait a second"
            raise Refused(429, words, headers={"Retry-After": "1"}) from None
        raise


async def _who(access: Access, request: web.Request, *, look: bool = False) -> Principal:
    header = request.headers.get("Authorization", "")
    if header:
        scheme, _, token = header.partition(" ")
        return await access.authenticate(token.strip() if scheme.lower() == "bearer" else "")
    cookie = request.cookies.get(COOKIE, "")
    if cookie and request.method not in SAFE:
        refuse_foreign(request)
    return await access.session(cookie, look=look)


def own_origin(request: web.Request) -> str:
    """Our own address as browsers name it: by the configuration, as what a proxy passes on may be anybody's word.

    Without `server.public_url` only browsers of this computer are expected, and they name the host that they ask.
    """
    public = service(request).hub.settings.server.public_url
    parts = urlsplit(public or f"http://{request.host}")
    return f"{parts.scheme}://{parts.netloc}"


def refuse_foreign(request: web.Request) -> None:
    """An unsafe request that another site's page made a browser send.

    Raises  Refused.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        if site in {"same-origin", "none"}:
            return
    elif request.headers.get("Origin") == own_origin(request):
        return
    raise Refused(403, "this request was sent by another site's page")
