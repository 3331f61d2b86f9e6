"""What is measured, in base units and with labels of few values: never a job, a record or a person.

Counters follow the ledger from the start of the process; gauges are read when somebody asks, by grouped queries.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version

from aiohttp import web
from aiohttp.typedefs import Handler
from anyio import current_time
from opentelemetry import trace
from opentelemetry.trace import SpanKind
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

from domain import events
from hub.service import Service
from hub.tail import Happening

tracer = trace.get_tracer("siteledger")
disable_created_metrics()
_OUTCOMES = {
    events.Confirmed.TOPIC: "ok",
    events.Delayed.TOPIC: "retry",
    events.Refused.TOPIC: "failed",
    events.Closed.TOPIC: "withdrawn",
}
_STATES = "SELECT connection, state, COUNT(*), MIN(since) FROM record_state GROUP BY connection, state"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """All metrics of one service."""

    def __init__(self, service: Service) -> None:
        self._service = service
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
        self._position = Gauge("siteledger_notification_position", "Position of the newest event.", registry=on)
        self._projected = Gauge(
            "siteledger_projection_position", "Position of a read model.", ["projection"], registry=on
        )
        self._lag = Gauge(
            "siteledger_projection_lag_events", "Events that a read model is behind.", ["projection"], registry=on
        )
        self._depth = Gauge("siteledger_queue_depth", "Records in a state.", ["connection", "state"], registry=on)
        self._oldest = Gauge(
            "siteledger_oldest_pending_age_seconds", "Age of the oldest unfinished record.", ["connection"], registry=on
        )
        self._last_round = Gauge(
            "siteledger_poll_last_success_timestamp_seconds",
            "End of the last round.",
            ["connection"],
            registry=on,
        )
        self._streams = Gauge("siteledger_sse_clients", "Open live streams.", registry=on)
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
        service.tail.follow(self._count)

    def _count(self, page: Sequence[Happening]) -> None:
        for item in page:
            self._appended.labels(item.connection, item.event).inc()
            if item.event in _OUTCOMES:
                self._deliveries.labels(item.connection, item.flow, _OUTCOMES[item.event]).inc()

    async def refresh(self) -> None:
        """Reads the gauges anew.

        Raises  StoreUnavailable.
        """
        it = self._service
        last = await it.hub.ledger.last_position()
        self._position.set(last)
        for name, position in (await it.hub.projector.positions()).items():
            self._projected.labels(name).set(position)
            self._lag.labels(name).set(max(last - position, 0))
        self._depth.clear()
        self._oldest.clear()
        oldest: dict[str, str] = {}
        for connection, state, count, since in await it.hub.ledger.rows(_STATES):
            self._depth.labels(connection, state).set(count)
            if state in {"pending", "in-flight", "failed"}:
                oldest[connection] = min(oldest.get(connection, since), since)
        for connection, since in oldest.items():
            age = it.hub.clock.now() - datetime.fromisoformat(since).astimezone(UTC)
            self._oldest.labels(connection).set(max(age.total_seconds(), 0))
        for name, beat in it.beats.items():
            if beat.ended is not None:
                self._last_round.labels(name).set(beat.ended.timestamp())
        self._streams.set(it.tail.streams)


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
