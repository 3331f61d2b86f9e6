"""The hub's own parts in full: intake, decisions, couriers, read models; both systems answer at once, from memory."""

from collections.abc import Sequence
from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID

import anyio
import anyio.lowlevel

from adapters.outbound.calls import Calls, Quota
from adapters.ports import SystemClock
from adapters.store import Registry
from adapters.target import Finding
from benchmarks.measure import Rate, Stopwatch
from benchmarks.places import Place
from domain.delivery import Accepted, Delivery, Endpoint, Listing, Outcome, Sight
from domain.events import EVENTS
from domain.flows import FLOWS
from domain.values import BUSINESS_CENTRAL, PROCORE, Json, System
from hub.connection import Pair
from hub.gate import Addresses
from hub.projector import Projector
from hub.report import Quiet
from hub.round import Round
from projections.registry import PROJECTIONS

COMPANY = "00000000-0000-4000-8000-000000000001"
DELIVERIES_EACH = 3
"""A cost type is one row in Procore, its id back in Business Central, and an entry in the sync log."""


class InstantTarget:
    """A system that takes everything at once and remembers nothing."""

    def __init__(self, system: System, rows: dict[str, list[Json]]) -> None:
        self.system: System = system
        self.calls = Calls()
        self.quota = Quota()
        self._rows = rows
        self._next = 2**31

    async def carry(self, endpoint: Endpoint, deliveries: Sequence[Delivery]) -> list[Outcome]:
        """Every row is accepted under a new id."""
        await anyio.lowlevel.checkpoint()
        self.calls.count(endpoint.name, write=True)
        outcomes: list[Outcome] = []
        for delivery in deliveries:
            self._next += 1
            outcomes.append(Accepted(delivery, delivery.target_id or str(self._next)))
        return outcomes

    async def look(self, endpoint: Endpoint, deliveries: Sequence[Delivery]) -> list[Sight]:
        """Nothing is ever in doubt here."""
        message = f"{endpoint.name}: {len(deliveries)} deliveries in doubt, though every call was answered"
        raise AssertionError(message)

    async def list(self, listing: Listing) -> list[Json]:
        """The rows of a list, or none."""
        await anyio.lowlevel.checkpoint()
        self.calls.count(listing.name, write=False)
        return self._rows.get(listing.name, [])

    async def probe(self, listings: Sequence[Listing] = ()) -> Sequence[Finding]:
        """Nobody asks."""
        return [Finding(listing.name, ok=True) for listing in listings]

    async def close(self) -> None:
        """Nothing is open."""


def whole_hub(place: Place, count: int) -> Rate:
    """Deliveries carried a second, each with its observation, decision, claim, outcome and read models."""

    async def rate() -> float:
        watch = Stopwatch()
        async with place.ledger(Registry(EVENTS)) as ledger, anyio.create_task_group() as tasks:
            await tasks.start(ledger.run)
            projector = Projector(ledger, PROJECTIONS)
            await projector.start()
            pair = _pair(count)
            with watch.running():
                outcome = await Round(pair, Addresses("a", "b"), ledger, projector, Quiet(), wait=timedelta()).run()
            if sum(outcome.delivered.values()) != DELIVERIES_EACH * count:
                message = f"the round carried {outcome.delivered}"
                raise AssertionError(message)
            tasks.cancel_scope.cancel()
        return DELIVERIES_EACH * count / watch.seconds

    return rate


def _pair(count: int) -> Pair:
    set_up = {"minimumActiveRowVersion": 10**9, "procoreEnvironment": "sandbox", "localCurrencyCode": "USD"}
    central: dict[str, list[Json]] = {
        "connectorSetups": [set_up],
        "costTypes": [_cost_type(number) for number in range(count)],
    }
    targets: dict[System, Any] = {
        BUSINESS_CENTRAL: InstantTarget(BUSINESS_CENTRAL, central),
        PROCORE: InstantTarget(PROCORE, {"companies": [{"id": 1}]}),
    }
    off = {"enabled": False}
    others = [flow.name for flow in FLOWS if flow.origin.entity_set and flow.kind != "cost_type"]
    return Pair(
        name="bench",
        kind="test",
        bc_company=COMPANY,
        procore_company="1",
        targets=targets,
        flow_settings=dict.fromkeys(others, off),
        clock=SystemClock(),
        rng=Random(1),  # noqa: S311 - spreads retries
    )


def _cost_type(number: int) -> Json:
    return {
        "@odata.etag": 'W/"1"',
        "id": str(UUID(int=number + 1, version=4)),
        "code": f"T{number:06}",
        "description": f"Cost type {number}",
        "blocked": False,
        "rowVersion": number + 1,
    }
