"""Gauges that are read when somebody asks: a few grouped queries over small tables, whatever the size of the ledger."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import msgspec
from prometheus_client import CollectorRegistry, Counter, Gauge

from domain.reconcile import KINDS
from hub.audit.standing import standing
from hub.mutes import muted
from hub.pauses import pause_of
from hub.service import Service

_STATES = "SELECT connection, state, COUNT(*) FROM record_state GROUP BY connection, state"
"""Answered from an index alone."""
_OLDEST = (
    "SELECT s.connection, s.flow, MIN(s.since) FROM record_state s WHERE s.state IN ('pending', 'in-flight', 'failed')"
    " AND NOT (s.state = 'failed' AND EXISTS (SELECT 1 FROM cause_mute m"
    " WHERE m.connection = s.connection AND m.cause = s.cause AND m.until > ?)) GROUP BY s.connection, s.flow"
)
"""Of what people know of already nobody wants to hear."""
_FAILURES = "SELECT connection, cause, records FROM failure_group WHERE records > 0"
_APPROVALS = (
    "SELECT connection, COUNT(*), MIN(requested_at) FROM approval"
    " WHERE state IN ('ready', 'resent') GROUP BY connection"
)
_RECONCILED = """
SELECT r.connection, r.kinds, r.open, r.signed_by, r.made_at FROM reconciliation r
JOIN (
    SELECT connection, MAX(position) AS position FROM reconciliation
    WHERE asked = '[]' AND result <> 'incomplete' GROUP BY connection
) newest ON newest.connection = r.connection AND newest.position = r.position
"""
_BATCHES = "SELECT connection, COUNT(*) FROM batch WHERE state = 'running' GROUP BY connection"


class Total:
    """A counter whose total somebody else keeps."""

    def __init__(self, name: str, doc: str, labels: Sequence[str], registry: CollectorRegistry) -> None:
        self._counter = Counter(name, doc, labels, registry=registry)
        self._before: dict[Sequence[str], float] = {}

    def at(self, labels: Sequence[str], total: float) -> None:
        """It stands at this total now."""
        self._counter.labels(*labels).inc(max(total - self._before.get(labels, 0), 0))
        self._before[labels] = total


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
        self._oldest = gauge("oldest_pending_age_seconds", "Age of the oldest unfinished record.", "connection", "flow")
        self._failures = gauge("open_failures", "Records that a cause hits that is not muted.", "connection", "cause")
        self._muted = gauge("muted_failures", "Records that a muted cause hits.", "connection", "cause")
        self._approvals = gauge("approvals_waiting", "Documents that wait to be accepted.", "connection")
        self._oldest_approval = gauge("oldest_approval_age_seconds", "Age of the oldest of these.", "connection")
        self._differences = gauge(
            "reconcile_differences", "What explains differences in the newest comparison.", "connection", "kind"
        )
        self._reconciled = gauge(
            "reconcile_last_success_timestamp_seconds", "When both companies were compared last.", "connection"
        )
        self._batches = gauge("batches_running", "Batches under way.", "connection")
        self._paused = gauge("connection_paused", "1 while people keep a connection paused.", "connection")
        self._last_round = gauge("poll_last_success_timestamp_seconds", "End of the last round.", "connection")
        self._expiry = gauge(
            "webhook_subscription_expiry_timestamp_seconds",
            "When a system stops telling unless it is asked again.",
            "connection",
            "system",
            "resource",
        )
        self._valid = gauge("audit_chain_valid", "1 when all that was verified is sound, 0 from a finding on.")
        self._verified = gauge("audit_last_verified_timestamp_seconds", "End of the last verification of the ledger.")
        self._streams = gauge("sse_clients", "Open live streams.")
        self._remaining = gauge(
            "rate_limit_remaining", "Calls that a system still allows, as it said last.", "connection", "system"
        )
        self._token = gauge(
            "oauth_token_expiry_timestamp_seconds", "End of the present access token.", "connection", "system"
        )
        self._database = gauge("db_pool_in_use", "Connections of the store at work.", "kind")
        self._waited = Total(
            "siteledger_rate_limit_wait_seconds",
            "Time that calls waited for their allowance, added up.",
            ("connection", "system"),
            registry,
        )
        self._dropped = Total(
            "siteledger_sse_dropped", "Live streams that were refused or cut off.", ("reason",), registry
        )

    async def refresh(self) -> None:
        """Reads them anew.

        Raises  StoreUnavailable.
        """
        await self._positions()
        await self._records()
        await self._people()
        await self._reconciliation()
        it = self._service
        for name, beat in it.beats.items():
            if beat.ended is not None:
                self._last_round.labels(name).set(beat.ended.timestamp())
        for name in it.beats:
            self._paused.labels(name).set((await pause_of(it.hub.ledger, name)).paused)
        self._expiry.clear()
        if it.subscribing is not None:
            for name, standing in it.subscribing.standing.items():
                for (system, what), expires in standing.expires.items():
                    self._expiry.labels(name, system, what).set(expires.timestamp())
        self._streams.set(it.tail.streams)
        await self._proofs()
        for reason in ("full", "revoked", "slow"):
            self._dropped.at((reason,), it.tail.dropped[reason])
        for kind, count in it.hub.ledger.threads.in_use.items():
            self._database.labels(kind).set(count)
        self._allowances()

    async def _reconciliation(self) -> None:
        """The newest comparison of each connection that was whole; a kind that explains nothing in it is zero.

        Of `unexplained` it is the lines, as a line may lack an explanation of any kind, until a person signs for them.
        """
        for connection, kinds, open_, signed_by, made in await self._service.hub.ledger.rows(_RECONCILED):
            found = msgspec.json.decode(kinds, type=dict[str, int])
            for kind in KINDS:
                self._differences.labels(connection, kind).set(found.get(kind, 0))
            self._differences.labels(connection, "unexplained").set(0 if signed_by else open_)
            self._reconciled.labels(connection).set(datetime.fromisoformat(made).timestamp())

    def _allowances(self) -> None:
        """What both systems said last to the rounds of each connection; after its window the whole is left."""
        now = self._service.hub.clock.now()
        for gauge in (self._remaining, self._token):
            gauge.clear()
        for name, pair in self._service.schedule.pairs.items():
            for system, target in pair.targets.items():
                quota = target.quota
                is_over = quota.reset is not None and quota.reset <= now
                left = quota.limit if is_over else quota.remaining
                if left is not None:
                    self._remaining.labels(name, system).set(left)
                if quota.token_until is not None:
                    self._token.labels(name, system).set(quota.token_until.timestamp())
                self._waited.at((name, system), quota.waited.total_seconds())

    async def _proofs(self) -> None:
        """How the proofs stand; before the first verification nothing is claimed."""
        stands = await standing(self._service.hub.ledger)
        if stands.valid is None or stands.at is None:
            self._valid.set(float("nan"))
            return
        self._valid.set(stands.valid)
        self._verified.set(max(stands.at, self._service.verifying.at or stands.at).timestamp())

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
        now = self._service.hub.clock.now().astimezone(UTC).isoformat()
        self._set_ages(self._oldest, await self._service.hub.ledger.rows(_OLDEST, (now,)))

    async def _people(self) -> None:
        """What waits for people."""
        rows = self._service.hub.ledger.rows
        for gauge in (self._failures, self._muted, self._approvals, self._batches):
            gauge.clear()
        quiet = await muted(self._service.hub.ledger, self._service.hub.clock.now())
        for connection, cause, count in await rows(_FAILURES):
            gauge = self._muted if (connection, cause) in quiet else self._failures
            gauge.labels(connection, cause).set(count)
        waiting = await rows(_APPROVALS)
        for connection, count, _ in waiting:
            self._approvals.labels(connection).set(count)
        self._set_ages(self._oldest_approval, [(connection, oldest) for connection, _, oldest in waiting])
        for connection, count in await rows(_BATCHES):
            self._batches.labels(connection).set(count)

    def _set_ages(self, gauge: Gauge, since: Iterable[Sequence[str]]) -> None:
        """Rows of labels, with the moment as their last field."""
        gauge.clear()
        now = self._service.hub.clock.now()
        for *labels, moment in since:
            age = now - datetime.fromisoformat(moment).astimezone(UTC)
            gauge.labels(*labels).set(max(age.total_seconds(), 0))
