"""What is measured, in base units and with labels of few values: never a job, a record or a person.

Counters follow the ledger from the start of the process; gauges are read when somebody asks, by grouped queries.
"""

from collections.abc import Sequence
from importlib.metadata import version

from aiohttp import web
from aiohttp.typedefs import Handler
from anyio import current_time
from opentelemetry import trace
from opentelemetry.trace import SpanKind
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

from domain import events
from domain.errors import SiteLedgerError
from domain.values import SYSTEMS
from hub.round import Outcome
from hub.service import Service
from hub.tail import Happening
from hub.web.gauges import Gauges
from hub.web.timings import Timings

tracer = trace.get_tracer("siteledger")
disable_created_metrics()
_OUTCOMES = {
    events.Confirmed.TOPIC: "ok",
    events.Delayed.TOPIC: "retry",
    events.Refused.TOPIC: "failed",
    events.Closed.TOPIC: "withdrawn",
}
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_ROUNDS = (0.1, 0.5, 1, 5, 10, 30, 60, 120, 300)
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """All metrics of one service."""

    def __init__(self, service: Service) -> None:
        on = self.registry = CollectorRegistry(auto_describe=True)
        info = Gauge("siteledger_build_info", "Which version runs.", ["version"], registry=on)
        info.labels(version("siteledger")).set(1)
        self._appended = Counter(
            "siteledger_events_appended", "Events stored since the start.", ["connection", "event"], registry=on
        )
        self._deliveries = Counter(
            "siteledger_deliveries",
            "Outcomes since the start.",
            ["connection", "flow", "outcome"],
            registry=on,
        )
        self.requests = Histogram(
            "siteledger_http_server_request_duration_seconds",
            "Answers of the web server.",
            ["method", "route", "status"],
            buckets=_BUCKETS,
            registry=on,
        )
        self.notices = Counter(
            "siteledger_webhooks_received",
            "Notices by what became of them.",
            ["connection", "system", "outcome"],
            registry=on,
        )
        self._rounds = Counter(
            "siteledger_poll_runs", "Rounds by how they ended.", ["connection", "outcome"], registry=on
        )
        self._took = Histogram(
            "siteledger_poll_duration_seconds", "How long rounds took.", ["connection"], buckets=_ROUNDS, registry=on
        )
        self._calls = Counter(
            "siteledger_http_client_requests",
            "Calls to the systems, a batch as one.",
            ["connection", "system", "method"],
            registry=on,
        )
        self._gauges = Gauges(service, on)
        self._timings = Timings(service.hub, service.started, on)
        service.tail.follow(self._count)
        service.tail.follow(self._timings.follow)
        service.heard.append(self.round_ended)

    async def _count(self, page: Sequence[Happening]) -> None:
        for item in page:
            self._appended.labels(item.connection, item.event).inc()
            if item.event in _OUTCOMES:
                self._deliveries.labels(item.connection, item.flow, _OUTCOMES[item.event]).inc()

    def round_ended(self, connection: str, outcome: Outcome | SiteLedgerError) -> None:
        """Counts a round: ok, cut short by trouble of a system, or failed as a whole."""
        if isinstance(outcome, SiteLedgerError):
            self._rounds.labels(connection, "failed").inc()
            return
        self._rounds.labels(connection, "cut_short" if outcome.cut_short else "ok").inc()
        took = (outcome.finished - outcome.started).total_seconds()
        self._took.labels(connection).observe(max(took, 0))
        for system in SYSTEMS:
            self._calls.labels(connection, system, "read").inc(outcome.reads[system])
            self._calls.labels(connection, system, "write").inc(outcome.writes[system])

    async def refresh(self) -> None:
        """Reads the gauges anew.

        Raises  StoreUnavailable.
        """
        await self._gauges.refresh()


METRICS: web.AppKey[Metrics] = web.AppKey("metrics", Metrics)


@web.middleware
async def timed(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Measures every answer by its route; streams, which last as long as somebody watches, are left out."""
    began, status = current_time(), 500
    resource = request.match_info.route.resource
    route = resource.canonical if resource is not None else "none"
    try:
        with tracer.start_as_current_span(f"{request.method} {route}", kind=SpanKind.SERVER) as span:
            answer = await handler(request)
            status = answer.status
            span.set_attribute("http.response.status_code", status)
    finally:
        if "text/event-stream" not in request.headers.get("Accept", ""):
            method = request.method if request.method in _METHODS else "other"
            request.app[METRICS].requests.labels(method, route, status).observe(current_time() - began)
    return answer
