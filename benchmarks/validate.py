"""The check before posting: milliseconds for a document, asked while Business Central waits for the answer."""

import statistics
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any

from adapters.sandbox.business_central import BusinessCentral
from adapters.sandbox.procore import Procore
from adapters.sandbox.serve import ENVIRONMENT, serve
from benchmarks.first_sync import Size, fill
from benchmarks.measure import Result
from benchmarks.places import Place
from domain.delivery import Listing
from domain.values import BUSINESS_CENTRAL, Json
from hub.app import Hub, open_hub
from hub.due import EVERYTHING
from hub.operations.sync import one
from hub.operations.validate import validate
from hub.records import canonical_json
from hub.report import Quiet
from hub.settings import Settings
from hub.settings.values import Surroundings
from hub.window import Window

LIMIT_MS = 50.0
"""Requirement BX-14, at the median."""
FULL = Size(projects=4, tasks=20, segments=5, planning_lines=400, orders=20, order_lines=1000, journal_lines=1000)
SMALL = Size(projects=2, tasks=5, segments=2, planning_lines=20, orders=4, order_lines=80, journal_lines=40)


async def rows(sqlite: Place, postgres: Place | None, *, runs: int, quick: bool) -> list[Result]:
    """One row for each kind of document and database."""
    places = [place for place in (sqlite, postgres) if place is not None]
    return [result for place in places for result in await _measured(place, SMALL if quick else FULL, runs)]


async def _measured(place: Place, size: Size, runs: int) -> list[Result]:
    central, procore = BusinessCentral(now=lambda: datetime.now(UTC)), Procore(now=lambda: datetime.now(UTC), seed=1)
    fill(central, procore, size)
    with place.empty() as url:
        async with serve(central, procore) as sandbox:
            document: dict[str, Any] = {"store": {"url": url}, "connections": {"main": sandbox.connection()}}
            settings = Settings.model_validate(document, context=Surroundings(environ=ENVIRONMENT))
            async with open_hub(settings) as hub:
                await one(hub, "main", Quiet(), window=Window(), narrow=EVERYTHING, wait=timedelta(seconds=60))
                orders = await _shown(hub, "purchaseOrders", "purchaseOrderLines")
                entries = [_unposted(row) for row in await _shown(hub, "projectLedgerEntries")]
                lines = size.order_lines // size.orders
                return [
                    await _row(hub, place, f"an order of {lines} lines", "purchase-order-to-commitment", orders, runs),
                    await _row(hub, place, "a journal line", "project-journal-to-direct-cost", entries[:20], runs),
                    await _row(
                        hub,
                        place,
                        "a journal batch of 100 lines",
                        "project-journal-to-direct-cost",
                        [{"items": entries[at : at + 100]} for at in range(0, len(entries), 100)],
                        runs,
                    ),
                ]


async def _shown(hub: Hub, entity_set: str, expand: str = "") -> list[Json]:
    query = (("$expand", expand),) if expand else ()
    async with hub.pair("main") as pair:
        return await pair.targets[BUSINESS_CENTRAL].list(Listing(entity_set, BUSINESS_CENTRAL, entity_set, query))


def _unposted(entry: Json) -> Json:
    """The journal line that an entry came from, in a document of its own."""
    left = {name: value for name, value in entry.items() if name not in ("id", "entryNumber", "sourceCode")}
    return {**left, "documentNumber": "NEW"}


async def _row(hub: Hub, place: Place, what: str, flow: str, documents: list[Json], runs: int) -> Result:
    bodies = [canonical_json(document) for document in documents]
    await validate(hub, "main", flow, bodies[0])
    took: list[float] = []
    for _ in range(runs):
        for body in bodies:
            start = perf_counter()
            await validate(hub, "main", flow, body)
            took.append((perf_counter() - start) * 1000)
    took.sort()
    detail = f"median of {len(took)}; 95th {took[int(len(took) * 0.95)]:.1f} ms, slowest {took[-1]:.1f} ms"
    return Result(f"validate {what}, {place.name}", statistics.median(took), LIMIT_MS, detail, unit=" ms", at_most=True)
