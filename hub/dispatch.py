"""Work list to couriers, outcomes to the ledger. An attempt is claimed by an event before the call is made."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import anyio
import msgspec
import structlog
from anyio.streams.memory import MemoryObjectReceiveStream

from adapters.backoff import delay_before
from adapters.courier import Batch, Courier
from adapters.store import StreamMoved
from adapters.target import Target
from domain.delivery import Accepted, Busy, Delivery, Endpoint, Exchange, Outcome, Refused
from domain.endpoints import ENDPOINTS
from domain.events import Wait
from domain.flows import BY_NAME, FLOWS
from domain.flows.common import FACT
from domain.flows.project_to_project import NAME as PROJECTS
from domain.record import Moment, Record
from domain.values import Json, System, read_json, text
from hub.connection import Pair
from hub.due import EVERYTHING, Narrow
from hub.fact_book import FactBook
from hub.orders import Orders
from hub.readable import what_is_wrong
from hub.records import Contents, Records
from hub.sight import seen

log: structlog.stdlib.BoundLogger = structlog.get_logger()

WINDOW = 4000
"""Deliveries taken from the work list at once: enough to fill a batch of a thousand, and flat in memory."""
MAILBOX = 16
AHEAD = 1
"""Batches that are claimed while all couriers are busy: a round whose time is over must still carry them, and whoever
finds them after a crash must look for each."""
CHANGED = "the record changed since it was read"
MOST_ATTEMPTS = 60
"""With waits that grow to a quarter of an hour, half a day of trouble: an outage over night kills nothing."""
SUPERSEDED = "the source changed before it was sent, or its project was switched off"


class Dispatch:
    """Carries the deliveries of one connection to one system."""

    def __init__(
        self,
        pair: Pair,
        system: System,
        records: Records,
        facts: FactBook,
        narrow: Narrow = EVERYTHING,
        orders: Orders | None = None,
    ) -> None:
        self.pair = pair
        self.system: System = system
        self._orders = orders
        self._records = records
        self._ledger = records.ledger
        self._facts = facts
        self._narrow = narrow
        self.delivered = 0

    @property
    def _target(self) -> Target:
        return self.pair.targets[self.system]

    async def due(self, now: datetime, after: int = 0) -> list[tuple[Any, ...]]:
        """Deliveries whose time has come, without their bodies; those stored behind a position.

        The first lane goes first and in it the oldest; by orders the oldest of all.
        """
        condition, values = self._narrow.condition("s")
        lanes = "" if self._orders is not None else f"CASE {_lane('first')} THEN 0 {_lane('bulk')} THEN 2 ELSE 1 END, "
        sql = _DUE.format(narrow=condition, lanes=lanes)
        return await self._ledger.rows(sql, (self.pair.name, self.system, now.isoformat(), after, *values, WINDOW))

    async def next_attempt(self) -> datetime | None:
        """When the next delayed delivery falls due; None when none is waiting."""
        condition, values = self._narrow.condition("s")
        rows = await self._ledger.rows(_NEXT.format(narrow=condition), (self.pair.name, self.system, *values))
        return datetime.fromisoformat(rows[0][0]) if rows and rows[0][0] else None

    async def round(self, is_over: Callable[[], bool] = lambda: False) -> int:
        """Carries everything that is due now; how many deliveries that were. No batch is begun once `is_over`."""
        rows = await self.due(self.pair.clock.now())
        if not rows:
            return 0
        rows, stale = await self._without_stale(rows)
        if self._orders is not None:
            return stale or await self._carry_ordered(rows, self._orders)
        await self._carry_all(_gathered(rows), is_over)
        return len(rows) + stale

    async def _without_stale(self, rows: list[tuple[Any, ...]]) -> tuple[list[tuple[Any, ...]], int]:
        """The rows that may still go, and how many were withdrawn."""
        closed = await self._closed_projects()
        stale = [row for row in rows if not row[_UNSETTLED] and (row[_CHANGED] or row[_PROJECT] in closed)]
        if stale:
            await self._withdraw(stale)
            withdrawn = {row[_DELIVERY] for row in stale}
            rows = [row for row in rows if row[_DELIVERY] not in withdrawn]
        return rows, len(stale)

    async def _carry_ordered(self, rows: list[tuple[Any, ...]], orders: Orders) -> int:
        """Carries what the orders let go, one call after the other, so that equal work makes equal calls in order."""
        carried = 0
        while rows and not orders.over:
            bodies = await self._ledger.contents([row[_BODY] for row in rows])
            deliveries = [_delivery(self.pair.name, row, read_json(bodies[row[_BODY]])) for row in rows]
            admitted = orders.admitted(deliveries)
            for batch in _gathered([row for row in rows if UUID(row[_DELIVERY]) in admitted]):
                if orders.over:
                    return carried
                await self._carry_all([batch], lambda: False)
                carried += len(batch[1])
            if carried or len(rows) < WINDOW:
                break
            rows, _ = await self._without_stale(await self.due(self.pair.clock.now(), rows[-1][_POSITION]))
        return carried

    async def _closed_projects(self) -> set[str]:
        """Projects that are switched off or gone: nothing of theirs is written any more, stored or not (C-60)."""
        states, parameter = self._ledger.in_list("state", ("excluded", "deleted"))
        sql = f"SELECT number FROM record_state WHERE connection = ? AND flow = ? AND {states}"  # noqa: S608 - built from columns
        return {row[0] for row in await self._ledger.rows(sql, (self.pair.name, PROJECTS, parameter))} - {""}

    async def _withdraw(self, rows: Sequence[tuple[Any, ...]]) -> None:
        """What was never sent need not be sent any more: the next decision knows better."""
        moment = self.pair.moment()
        for start in range(0, len(rows), WINDOW):
            chunk = rows[start : start + WINDOW]

            def act(
                found: Mapping[UUID, Record], _contents: Contents, chunk: Sequence[tuple[Any, ...]] = chunk
            ) -> tuple[()]:
                for row in chunk:
                    found[UUID(row[_RECORD])].close(row[_FLOW], UUID(row[_DELIVERY]), SUPERSEDED, moment)
                return ()

            await self._records.change([UUID(row[_RECORD]) for row in chunk], act)

    async def _carry_all(
        self, batches: Sequence[tuple[Endpoint, Sequence[tuple[Any, ...]]]], is_over: Callable[[], bool]
    ) -> None:
        to_courier, mailbox = anyio.create_memory_object_stream[Batch](AHEAD)
        from_courier, results = anyio.create_memory_object_stream[Sequence[Outcome]](MAILBOX)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(Courier(self._target, mailbox, from_courier).run)
            tasks.start_soon(self._record_all, results)
            async with to_courier:
                for endpoint, rows in batches:
                    if is_over():
                        break
                    claimed = await self._claim(rows)
                    if claimed:
                        await to_courier.send(Batch(endpoint, claimed))

    async def _claim(self, rows: Sequence[tuple[Any, ...]]) -> list[Delivery]:
        """Stores the attempt before the call; what another process claimed first is left to it."""
        moment = self.pair.moment()
        won: set[str] = set()

        def act(found: Mapping[UUID, Record], _contents: Contents) -> tuple[()]:
            won.clear()
            for row in rows:
                if found[UUID(row[_RECORD])].claim(row[_FLOW], UUID(row[_DELIVERY]), moment):
                    won.add(row[_DELIVERY])
            return ()

        await self._records.change([UUID(row[_RECORD]) for row in rows], act)
        mine = [row for row in rows if row[_DELIVERY] in won]
        bodies = await self._ledger.contents([row[_BODY] for row in mine])
        return [_delivery(self.pair.name, row, read_json(bodies[row[_BODY]])) for row in mine]

    async def _record_all(self, results: MemoryObjectReceiveStream[Sequence[Outcome]]) -> None:
        async with results:
            async for outcomes in results:
                # What a system did must reach the ledger even when everything else is called off.
                with anyio.CancelScope(shield=True):
                    await self._record(outcomes)

    async def _record(self, outcomes: Sequence[Outcome]) -> None:
        moment = self.pair.moment()
        accepted = [outcome for outcome in outcomes if isinstance(outcome, Accepted)]

        def act(found: Mapping[UUID, Record], contents: Contents) -> tuple[()]:
            for outcome in outcomes:
                self._tell(found[outcome.delivery.record], outcome, contents, moment)
            return ()

        try:
            await self._records.change([outcome.delivery.record for outcome in outcomes], act)
        except StreamMoved:
            # Nothing is lost: the claim stands, so the next round settles these deliveries by looking.
            return
        for outcome in outcomes:
            _log_outcome(outcome, moment)
            if self._orders is not None:
                self._orders.heard(outcome)
        self.delivered += len(accepted)
        for outcome in (*accepted, *(outcome for outcome in outcomes if _is_to_be_decided_anew(outcome))):
            self._facts.stale(ENDPOINTS[outcome.delivery.endpoint], outcome.delivery.scope)

    def _tell(self, record: Record, outcome: Outcome, contents: Contents, moment: Moment) -> None:
        delivery = outcome.delivery
        said = _exchanged(outcome.exchange, contents)
        match outcome:
            case Accepted():
                record.confirm(
                    delivery.flow,
                    delivery.id,
                    moment,
                    target_id=outcome.target_id,
                    etag=outcome.etag,
                    found=outcome.found,
                    **said,
                )
                self._see_own(record, outcome, contents, moment)
            case Busy() if _is_to_be_decided_anew(outcome):
                record.delay(
                    delivery.flow, delivery.id, moment, retry_at=moment.at, reason=outcome.reason, unknown=False, **said
                )
                record.close(delivery.flow, delivery.id, CHANGED, moment)
            case Busy() if delivery.attempts < MOST_ATTEMPTS:
                wait = max(outcome.after, delay_before(delivery.attempts, self.pair.rng))
                record.delay(
                    delivery.flow,
                    delivery.id,
                    moment,
                    retry_at=moment.at + wait,
                    reason=outcome.reason,
                    unknown=outcome.unknown,
                    **said,
                )
            case Busy():
                words = f"given up after {delivery.attempts} attempts; the last one said: {outcome.reason}"
                record.refuse(delivery.flow, delivery.id, moment, message=words, **said)
            case Refused():
                said["status"] = outcome.status or said.get("status", 0)
                record.refuse(delivery.flow, delivery.id, moment, message=outcome.message, code=outcome.code, **said)
                self._give_way(record, outcome, moment)

    def _give_way(self, record: Record, refused: Refused, moment: Moment) -> None:
        """A refusal that leaves the record out, or that it can wait for, is no reason to give it up."""
        flow, memory = BY_NAME[refused.delivery.flow], record.flow(refused.delivery.flow)
        rule = flow.barred_by.get(refused.status, "")
        if rule:
            record.exclude(flow.name, rule, moment)
        held = flow.held_by(refused.status, refused.message)
        if held and not memory.open and not memory.status.todo:
            record.park(flow.name, [Wait(FACT, held, refused.message)], moment)

    def _see_own(self, record: Record, outcome: Accepted, contents: Contents, moment: Moment) -> None:
        """A record that the hub made in its own origin shows in the answer what that origin filled in, such as a name.

        Without it the next round would meet these fields as a change and carry the record once more.
        """
        flow, row = BY_NAME[outcome.delivery.flow], outcome.answer
        made_it = outcome.delivery.endpoint == f"bc.{flow.origin.entity_set}.create"
        if made_it and what_is_wrong(row, flow.origin) == "" and text(row, "id") == record.source_id:
            sight = seen(self.pair, flow, row, record.source_id, contents, demanded=record.demanded)
            record.observe(sight, moment)


def _is_to_be_decided_anew(outcome: Outcome) -> bool:
    return isinstance(outcome, Busy) and outcome.moved and ENDPOINTS[outcome.delivery.endpoint].anew


def _log_outcome(outcome: Outcome, moment: Moment) -> None:
    """One line for each delivery: ids, never bodies."""
    delivery = outcome.delivery
    fields = {
        "delivery": str(delivery.id),
        "record": str(delivery.record),
        "flow": delivery.flow,
        "part": delivery.part,
        "endpoint": delivery.endpoint,
        "correlation_id": moment.cause.correlation_id,
        "took_ms": outcome.exchange.took_ms if outcome.exchange is not None else 0,
    }
    match outcome:
        case Accepted():
            log.info("delivered", target_id=outcome.target_id, found=outcome.found, **fields)
        case Busy():
            log.warning("delayed", reason=outcome.reason, outcome_unknown=outcome.unknown, **fields)
        case Refused():
            log.error("refused", status=outcome.status, code=outcome.code, **fields)


_DUE = """
SELECT d.delivery, d.record, d.flow, d.part, d.endpoint, d.scope, d.key, d.body, d.target_id, d.if_match,
       d.attempts, d.unsettled, s.todo, CASE WHEN s.kind = 'project' THEN '' ELSE s.project END, d.position
FROM delivery d
JOIN record_state s ON s.record = d.record AND s.flow = d.flow
WHERE d.connection = ? AND d.system = ? AND d.state IN ('requested', 'attempted', 'delayed') AND d.retry_at <= ?
  AND d.position > ?{narrow}
ORDER BY {lanes}d.position
LIMIT ?
"""
_NEXT = """
SELECT MIN(d.retry_at)
FROM delivery d
JOIN record_state s ON s.record = d.record AND s.flow = d.flow
WHERE d.connection = ? AND d.system = ? AND d.state = 'delayed' AND d.retry_at <> ''{narrow}
"""
(
    _DELIVERY,
    _RECORD,
    _FLOW,
    _PART,
    _ENDPOINT,
    _SCOPE,
    _KEY,
    _BODY,
    _TARGET,
    _IF_MATCH,
    _ATTEMPTS,
    _UNSETTLED,
    _CHANGED,
    _PROJECT,
    _POSITION,
) = range(15)


def _lane(lane: str) -> str:
    """The flows of a lane, as a condition."""
    return f"WHEN d.flow IN ({', '.join(repr(flow.name) for flow in FLOWS if flow.lane == lane)})"


def _gathered(rows: Sequence[tuple[Any, ...]]) -> list[tuple[Endpoint, Sequence[tuple[Any, ...]]]]:
    """Rows of one endpoint and scope in one batch, up to its limit; the oldest batch first."""
    groups: dict[tuple[str, str], list[tuple[Any, ...]]] = {}
    for row in rows:
        groups.setdefault((row[_ENDPOINT], row[_SCOPE]), []).append(row)
    batches: list[tuple[Endpoint, Sequence[tuple[Any, ...]]]] = []
    for (name, _), group in groups.items():
        endpoint = ENDPOINTS[name]
        batches += [(endpoint, group[start : start + endpoint.limit]) for start in range(0, len(group), endpoint.limit)]
    return batches


def _delivery(connection: str, row: tuple[Any, ...], body: Json) -> Delivery:
    return Delivery(
        id=UUID(row[_DELIVERY]),
        record=UUID(row[_RECORD]),
        connection=connection,
        flow=row[_FLOW],
        part=row[_PART],
        endpoint=row[_ENDPOINT],
        scope=msgspec.json.decode(row[_SCOPE], type=dict[str, str]),
        key=row[_KEY],
        body=body,
        target_id=row[_TARGET],
        if_match=row[_IF_MATCH],
        attempts=row[_ATTEMPTS] + 1,
        unsettled=bool(row[_UNSETTLED]),
    )


def _exchanged(exchange: Exchange | None, contents: Contents) -> dict[str, Any]:
    """The exchange as an event keeps it: bodies by digest."""
    if exchange is None:
        return {}
    return {
        "method": exchange.method,
        "url": exchange.url,
        "status": exchange.status,
        "request": contents.add(exchange.request) if exchange.request else "",
        "response": contents.add(exchange.response) if exchange.response else "",
        "took_ms": exchange.took_ms,
    }
