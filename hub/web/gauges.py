"""Gauges that are read when somebody asks: a few grouped queries over small tables, whatever the size of the ledger."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, Gauge

from hub.service import Service

_STATES = "SELECT connection, state, COUNT(*) FROM record_state GROUP BY connection, state"
"""Answered from an index alone."""
_OLDEST = (
    "SELECT connection, MIN(since) FROM record_state WHERE state IN ('pending', 'in-flight', 'failed')"
    " GROUP BY connection"
)
_FAILURES = "SELECT connection, cause, records FROM failure_group WHERE records > 0"
_APPROVALS = (
    "SELECT connection, COUNT(*), MIN(requested_at) FROM approval"
    " WHERE state IN ('ready', 'resent') GROUP BY connection"
)
_BATCHES = "SELECT connection, COUNT(*) FROM batch WHERE state = 'running' GROUP BY connection"


class Gauges:
    """The present state of one service, in base units."""

    def __init__(self, service: Service, registry: CollectorRegistry) -> None:
        self._service = service

        def gauge(name: str, doc: str, *labels: str) -> Gauge:
            return Gauge(f"siteledger_{name}", doc, labels, registry=registry)

        self._position = gauge("notification_position", "Position of the newest event.")
        self._projected = gauge("projection_position", "Position of a read model.", "projection")
        self._lag = gauge("projection_lag_events", "Events that a read model is behind.", "projection")
        self._depth = gauge("queue_depth", "Records in a state.", "connection", "state")
        self._oldest = gauge("oldest_pending_age_seconds", "Age of the oldest unfinished record.", "connection")
        self._failures = gauge("open_failures", "Records that a cause hits.", "connection", "cause")
        self._approvals = gauge("approvals_waiting", "Documents that wait to be accepted.", "connection")
        self._oldest_approval = gauge("oldest_approval_age_seconds", "Age of the oldest of these.", "connection")
        self._batches = gauge("batches_running", "Batches under way.", "connection")
        self._last_round = gauge("poll_last_success_timestamp_seconds", "End of the last round.", "connection")
        self._expiry = gauge(
            "webhook_subscription_expiry_timestamp_seconds",
            "When a system stops telling unless it is asked again.",
            "connection",
            "system",
            "resource",
        )
        self._streams = gauge("sse_clients", "Open live streams.")

    async def refresh(self) -> None:
        """Reads them anew.

        Raises  StoreUnavailable.
        """
        await self._positions()
        await self._records()
        await self._people()
        it = self._service
        for name, beat in it.beats.items():
            if beat.ended is not None:
                self._last_round.labels(name).set(beat.ended.timestamp())
        self._expiry.clear()
        if it.subscribing is not None:
            for name, standing in it.subscribing.standing.items():
                for (system, what), expires in standing.expires.items():
                    self._expiry.labels(name, system, what).set(expires.timestamp())
        self._streams.set(it.tail.streams)

    async def _positions(self) -> None:
        hub = self._service.hub
        last = await hub.ledger.last_position()
        self._position.set(last)
        for name, position in (await hub.projector.positions()).items():
            self._projected.labels(name).set(position)
            self._lag.labels(name).set(max(last - position, 0))

    async def _records(self) -> None:
        self._depth.clear()
        for connection, state, count in await self._service.hub.ledger.rows(_STATES):
            self._depth.labels(connection, state).set(count)
        self._set_ages(self._oldest, await self._service.hub.ledger.rows(_OLDEST))

    async def _people(self) -> None:
        """What waits for people."""
        rows = self._service.hub.ledger.rows
        for gauge in (self._failures, self._approvals, self._batches):
            gauge.clear()
        for connection, cause, count in await rows(_FAILURES):
            self._failures.labels(connection, cause).set(count)
        waiting = await rows(_APPROVALS)
        for connection, count, _ in waiting:
            self._approvals.labels(connection).set(count)
        self._set_ages(self._oldest_approval, ((connection, oldest) for connection, _, oldest in waiting))
        for connection, count in await rows(_BATCHES):
            self._batches.labels(connection).set(count)

    def _set_ages(self, gauge: Gauge, since: Iterable[Sequence[str]]) -> None:
        gauge.clear()
        now = self._service.hub.clock.now()
        for connection, moment in since:
            age = now - datetime.fromisoformat(moment).astimezone(UTC)
            gauge.labels(connection).set(max(age.total_seconds(), 0))
