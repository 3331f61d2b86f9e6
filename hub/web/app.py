"""The web application of the service: which requests pass through what, and where they end."""

from aiohttp import web
from aiohttp.typedefs import Handler

from hub.access import Access, Action
from hub.service import Service
from hub.web import contract, guard, health
from hub.web.api import reading
from hub.web.keys import SERVICE
from hub.web.metrics import METRICS, Metrics, timed
from hub.web.problems import problems
from hub.web.routes import Route, add

LARGEST = 16 * 1024**2
"""Bytes of a body: a whole journal to be checked fits, and so does the largest call of Business Central."""

OPEN = (
    Route("GET", "/livez", health.livez, None),
    Route("GET", "/healthz", health.livez, None),
    Route("GET", "/readyz", health.readyz, None),
    Route("GET", "/openapi.json", contract.serve, None),
    Route("GET", "/metrics", health.metrics, Action.SEE),
)
ROUTES: tuple[Route, ...] = (*OPEN, *reading.ROUTES)
"""All of them."""

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}


def application(service: Service) -> web.Application:
    """The application of one service."""
    server = service.hub.settings.server
    access = Access(service.hub.ledger, service.hub.clock, service.hub.rng, server.admin_token)
    by_place = {(route.method, route.path): route for route in ROUTES}
    app = web.Application(
        middlewares=[
            headers,
            timed,
            problems,
            guard.guard(access, by_place, tuple(service.hub.settings.connections)),
            contract.enforce(),
        ],
        client_max_size=LARGEST,
    )
    app[SERVICE] = service
    app[METRICS] = Metrics(service)
    add(app, ROUTES)
    return app


@web.middleware
async def headers(request: web.Request, handler: Handler) -> web.StreamResponse:
    """What every answer carries; a stream has sent its own already."""
    answer = await handler(request)
    if not answer.prepared:
        for name, value in _HEADERS.items():
            answer.headers.setdefault(name, value)
    return answer
