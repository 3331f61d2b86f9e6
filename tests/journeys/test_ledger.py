"""The ledger under a whole journey: on both databases, rebuilt from its events, and deeper than memory."""

import resource
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid5

import pytest

from adapters.outbound.calls import Calls, Quota
from adapters.target import Finding
from domain import events
from domain.delivery import Accepted, Delivery, Endpoint, Listing, Outcome, Sight
from domain.record import Record
from domain.values import LEDGER, PROCORE, Json, System, sha256_of
from hub.dispatch import WINDOW, Dispatch
from hub.fact_book import FactBook
from hub.records import Records
from hub.report import ExitStatus
from projections.registry import PROJECTIONS
from tests.journeys.harness import World, line, sqlite, world
from tests.journeys.quick import quick, run

pytestmark = pytest.mark.journey


@pytest.mark.requirement("PP-31", "DC-12")
def test_an_order_becomes_a_commitment_on_both_databases(store_url: str) -> None:
    async def story() -> None:
        async with world(store_url) as it:
            it.typical()
            it.order("PO2", "JOB9", [line("01-100", "SITE", "M")], older=True)
            report = await it.sync()
            places = it.places()
            again = await it.sync()

            assert report.status == again.status == ExitStatus.DONE
            assert [row["number"] for row in it.contracts()] == ["PO1"]
            assert await it.state("PO2") == "parked"
            assert it.written(places) == 0

            it.update(
                "purchaseOrderLines", {"documentNumber": "PO1", "lineNumber": 10000}, description="x"
            ) if False else None
            it.update("projects", {"number": "JOB1"}, displayName="Changed")
            await it.sync()

            assert it.procore.find("projects")["name"] == "Changed"

    run(story)


async def content(it: World) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every read model."""
    tables = [table.name for projection in PROJECTIONS for table in projection.tables]
    async with it.hub() as hub:
        return {name: sorted(map(repr, await hub.ledger.rows(f"SELECT * FROM {name}"))) for name in tables}  # noqa: S608


@pytest.mark.requirement("DC-07", "BX-09")
def test_read_models_that_are_rebuilt_are_the_same_without_a_remote_call(store_url: str) -> None:
    async def story() -> None:
        async with world(store_url, filled=True) as it:
            await it.sync()
            it.update("projects", {"number": "JOB000001"}, displayName="Changed")
            await it.sync()
            before, places = await content(it), it.places()
            async with it.hub() as hub:
                await hub.projector.rebuild()
            after = await content(it)

            assert sum(len(rows) for rows in before.values()) > 2000
            assert after == before
            assert it.places() == places

    run(story)


DEPTH = 3 * WINDOW
GROWTH = 48 * 1024
"""Kilobytes that the process may grow by between its first window of deliveries and its last."""


class Willing:
    """A target that takes every row at once, so that nothing but the hub is measured."""

    system: System = PROCORE

    def __init__(self) -> None:
        self.calls, self.quota = Calls(), Quota()
        self.largest = 0

    async def carry(self, _endpoint: Endpoint, deliveries: Sequence[Delivery]) -> list[Outcome]:
        self.largest = max(self.largest, len(deliveries))
        return [Accepted(delivery, "1") for delivery in deliveries]

    async def look(self, _endpoint: Endpoint, _deliveries: Sequence[Delivery]) -> list[Sight]:
        raise NotImplementedError

    async def list(self, _listing: Listing) -> list[Json]:
        return []

    async def probe(self, _listings: Sequence[Listing] = ()) -> Sequence[Finding]:
        return []

    async def close(self) -> None:
        return None


def waiting(connection: str, count: int, at: Any) -> Iterator[list[events.Event]]:
    """Vendors that were decided long ago and whose deliveries nobody carried yet, a hundred at a time."""
    for start in range(0, count, 100):
        yield [event for number in range(start, start + 100) for event in _vendor(connection, number, at)]


def _vendor(connection: str, number: int, at: Any) -> list[events.Event]:
    source_id = str(uuid5(LEDGER, f"vendor {number}"))
    record = Record.id_for(connection, "vendor", source_id)
    common = {
        "originator_id": record,
        "at": at,
        "connection": connection,
        "correlation_id": "c",
        "causation_id": "c",
        "actor": "system",
    }
    seen = events.Observed(
        **common,
        originator_version=1,
        kind="vendor",
        side="business_central",
        entity_set="vendors",
        source_id=source_id,
        number=f"V{number}",
        title="",
        project="",
        digest=sha256_of(b"v"),
        content=sha256_of(b"{}"),
        modified_at="",
        flows=("vendor-to-company",),
    )
    wanted = events.Requested(
        **common,
        originator_version=2,
        flow="vendor-to-company",
        delivery=uuid5(record, "2"),
        part="company",
        endpoint="vendors",
        system=PROCORE,
        scope={"company_id": "9007199001"},
        key=f"bc:x:vendors:{source_id}",
        body=sha256_of(BODY),
        digest=sha256_of(b"d"),
    )
    return [seen, wanted]


BODY = b'{"name":"Waiting"}'


@pytest.mark.requirement("DC-11", "BX-18")
@quick
async def test_many_waiting_deliveries_are_carried_in_flat_memory(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it, it.hub() as hub, hub.pair("main") as pair:
        bodies = {sha256_of(body): body for body in (BODY, b"{}")}
        for chunk in waiting("main", DEPTH, it.clock.now()):
            await hub.ledger.append(chunk, bodies)
            bodies = {}
        await hub.projector.catch_up()
        target = Willing()
        pair.targets = {PROCORE: target}
        pair.begin("story")
        dispatch = Dispatch(pair, PROCORE, Records(hub.ledger, "main"), FactBook(pair.targets))
        peaks: list[int] = []
        while await dispatch.round():
            await hub.projector.catch_up()
            peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)

        assert dispatch.delivered == DEPTH
        assert target.largest == 1000
        assert len(peaks) == DEPTH // WINDOW
        assert peaks[-1] - peaks[0] < GROWTH, peaks
