"""The web application of the service: which requests pass through what, and where they end."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from hub.access import Action
from hub.desk import Desk
from hub.service import Service
from hub.web import contract, guard, health, hooks, sign_in
from hub.web.api import access as access_api
from hub.web.api import (
    adoption,
    approvals,
    audit,
    connections,
    drift,
    exports,
    failures,
    links,
    mappings,
    past,
    plans,
    reading,
    reconciliation,
    reports,
    undo,
    validate,
)
from hub.web.idempotency import idempotency
from hub.web.identity import sign_in_of
from hub.web.keys import DESK, SERVICE
from hub.web.metrics import METRICS, Metrics, timed
from hub.web.pages import access as access_page
from hub.web.pages import (
    acts,
    api_docs,
    bulk,
    entry,
    errors,
    find,
    live,
    muting,
    overview,
    pairing,
    records,
    review,
    static,
    what_if,
)
from hub.web.pages import adoption as adoption_page
from hub.web.pages import approvals as approvals_page
from hub.web.pages import audit as audit_page
from hub.web.pages import batches as batches_page
from hub.web.pages import connections as connections_page
from hub.web.pages import desk as desk_page
from hub.web.pages import drift as drift_page
from hub.web.pages import failures as failures_page
from hub.web.pages import jobs as jobs_page
from hub.web.pages import links as links_page
from hub.web.pages import mappings as mappings_page
from hub.web.pages import plans as plans_page
from hub.web.pages import reconcile as reconcile_page
from hub.web.pages import record as record_page
from hub.web.pages import reports as reports_page
from hub.web.pages import runs as runs_page
from hub.web.pages import set_up as set_up_page
from hub.web.pages import system as system_page
from hub.web.pages import tail as tail_page
from hub.web.pages import undo as undo_page
from hub.web.pages.present import present_only
from hub.web.problems import problems
from hub.web.routes import Route, add

LARGEST = 16 * 1024**2
"""Bytes of a body: a whole journal to be checked fits, and so does the largest call of Business Central."""

OPEN = (
    Route("GET", "/livez", health.livez, None),
    Route("GET", "/healthz", health.livez, None),
    Route("GET", "/readyz", health.readyz, None),
    Route("GET", "/openapi.json", contract.serve, None),
    Route("GET", "/metrics", health.metrics, Action.SEE, whole=True),
)
PAGES: tuple[Route, ...] = (
    *static.ROUTES,
    *sign_in.ROUTES,
    *entry.ROUTES,
    *live.ROUTES,
    *overview.ROUTES,
    *reconcile_page.ROUTES,
    *jobs_page.ROUTES,
    *reports_page.ROUTES,
    *records.ROUTES,
    *record_page.ROUTES,
    *adoption_page.ROUTES,
    *set_up_page.ROUTES,
    *acts.ROUTES,
    *find.ROUTES,
    *tail_page.ROUTES,
    *connections_page.ROUTES,
    *approvals_page.ROUTES,
    *review.ROUTES,
    *links_page.ROUTES,
    *audit_page.ROUTES,
    *access_page.ROUTES,
    *failures_page.ROUTES,
    *muting.ROUTES,
    *bulk.ROUTES,
    *batches_page.ROUTES,
    *mappings_page.ROUTES,
    *drift_page.ROUTES,
    *system_page.ROUTES,
    *api_docs.ROUTES,
    *plans_page.ROUTES,
    *what_if.ROUTES,
    *runs_page.ROUTES,
    *undo_page.ROUTES,
)
"""What browsers ask: files, pages and their forms."""

ROUTES: tuple[Route, ...] = (
    *PAGES,
    *OPEN,
    *hooks.ROUTES,
    *reading.ROUTES,
    *connections.ROUTES,
    *past.ROUTES,
    *access_api.ROUTES,
    *failures.ROUTES,
    *undo.ROUTES,
    *approvals.ROUTES,
    *validate.ROUTES,
    *links.ROUTES,
    *plans.ROUTES,
    *mappings.ROUTES,
    *audit.ROUTES,
    *reconciliation.ROUTES,
    *exports.ROUTES,
    *drift.ROUTES,
    *reports.ROUTES,
    *adoption.ROUTES,
)
"""All of them."""

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}

_BY_TLS = {"Strict-Transport-Security": "max-age=31536000"}


def application(service: Service, desk: Desk | None = None) -> web.Application:
    """The application of one service; with a desk where both systems are stand-ins."""
    routes = ROUTES if desk is None else (*ROUTES, *desk_page.ROUTES)
    server = service.hub.settings.server
    by_place = {(route.method, route.path): route for route in routes}
    app = web.Application(
        middlewares=[
            timed,
            errors.as_pages,
            problems,
            guard.guard(service.hub.access, by_place, tuple(service.hub.settings.connections)),
            pairing.shouted,
            present_only({(route.method, route.path): route for route in PAGES if route.action is not None}),
            contract.enforce(),
            idempotency(service.hub, by_place),
        ],
        client_max_size=LARGEST,
    )
    # By a signal and not by a middleware: files and streams send their headers while their handler is at work.
    app.on_response_prepare.append(headers(by_tls=(server.public_url or "").startswith("https://")))
    app[SERVICE] = service
    metrics = app[METRICS] = Metrics(service)
    app[hooks.LISTENING] = service.listening
    service.listening.told = lambda connection, system, outcome, count: metrics.notices.labels(
        connection, system, outcome
    ).inc(count)
    if (way := sign_in_of(service.hub)) is not None:
        app[sign_in.SIGN_IN] = way

        async def close(_app: web.Application) -> None:
            await way.close()

        app.on_cleanup.append(close)
    add(app, routes)
    if desk is not None:
        app[DESK] = desk
    return app


def headers(*, by_tls: bool) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    """What every answer carries that does not say otherwise itself. `by_tls`: whoever asks came by https."""
    every = {**_HEADERS, **_BY_TLS} if by_tls else _HEADERS

    async def added(_request: web.Request, answer: web.StreamResponse) -> None:
        for name, value in every.items():
            answer.headers.setdefault(name, value)

    return added
