"""A hundred thousand lines of job costs: read from their documents, summed as a report, and written as files.

Memory is bounded by a page of rows, so a file that is ten times as long must not take more of it.
"""

import resource
from datetime import UTC, datetime
from decimal import Decimal
from tempfile import TemporaryFile
from typing import Any
from uuid import UUID, uuid5

from adapters.ports import FixedClock, seeded_rng
from adapters.store import Ledger
from benchmarks.failures import NOBODY
from benchmarks.measure import Result, Stopwatch
from benchmarks.places import Place
from domain.events import Observed
from domain.values import BUSINESS_CENTRAL, LEDGER, canonical, sha256_of
from hub.app import Hub, open_hub
from hub.files import FORMATS
from hub.operations.exports import export
from hub.operations.reports import ReportFilter, report
from hub.queries.views import ViewFilter
from hub.settings import Settings
from hub.settings.values import Surroundings

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
LINES = 50
"""Lines of an order."""
PAGE = 50
MOST_MB = 64
"""That a file may add to what the process holds, whatever its length."""


def order(number: int) -> dict[str, Any]:
    """A flagged order of one project."""
    rows = [
        {
            "id": str(uuid5(LEDGER, f"{number}/{line}")),
            "lineNumber": line * 10000,
            "lineType": "G/L Account",
            "jobNumber": f"JOB{number % 40}",
            "jobTaskNumber": f"01-{line % 20:03}",
            "segmentCode": "SITE",
            "costTypeCode": "M",
            "amount": Decimal(number * 100 + line) / 100,
            "sendToProcore": True,
        }
        for line in range(1, LINES + 1)
    ]
    return {"status": "Released", "sendToProcore": True, "purchaseOrderLines": rows}


async def fill(ledger: Ledger, lines: int) -> None:
    """Store orders with so many lines."""
    for start in range(0, lines // LINES, PAGE):
        events: list[Observed] = []
        bodies: dict[str, bytes] = {}
        for number in range(start, min(start + PAGE, lines // LINES)):
            raw = canonical(order(number))
            sha = sha256_of(raw)
            bodies[sha] = raw
            events.append(_observed(uuid5(LEDGER, f"order/{number}"), f"PO{number}", sha))
        await ledger.append(events, bodies)


def _observed(id: UUID, number: str, sha: Any) -> Observed:
    return Observed(
        originator_id=id,
        originator_version=1,
        at=START,
        connection="main",
        correlation_id="bench",
        causation_id="bench",
        actor="bench",
        kind="commitment",
        side=BUSINESS_CENTRAL,
        entity_set="purchaseOrders",
        source_id=str(id),
        number=number,
        title="Concrete",
        project="JOB",
        digest=sha,
        content=sha,
        modified_at="",
        flows=("purchase-order-to-commitment",),
    )


async def rows(sqlite: Place, postgres: Place | None, *, runs: int, quick: bool) -> list[Result]:  # noqa: ARG001 - one run holds many rows
    """Exports."""
    count = 10_000 if quick else 100_000
    told: list[Result] = []
    for place in (sqlite, postgres):
        if place is None:
            continue
        with place.empty() as url:
            told += await _on(url, place.name, count)
    return told


async def _on(url: str, place: str, count: int) -> list[Result]:
    settings = Settings.model_validate(
        {"store": {"url": url}, "connections": {"main": NOBODY}}, context=Surroundings(environ={"SECRET": "none"})
    )
    watch, told = Stopwatch(), list[Result]()
    async with open_hub(settings, clock=FixedClock(START), rng=seeded_rng(1)) as hub:
        await fill(hub.ledger, count)
        with watch.running():
            await hub.projector.catch_up()
        told.append(Result(f"{count:,} lines of job costs, folded, {place}", count / watch.seconds, None, "", "/s"))
        with watch.running():
            page = await report(hub, "job-costs", ReportFilter(), limit=1000)
        what = f"{count:,} lines of job costs, {len(page.items)} codes reported, {place}"
        told.append(Result(what, watch.seconds * 1000, None, "", " ms"))
        for name in FORMATS:
            told += await _file(hub, name, count, place)
    return told


async def _file(hub: Hub, name: Any, count: int, place: str) -> list[Result]:
    watch, before = Stopwatch(), _held()
    with TemporaryFile() as file, watch.running():
        found = await export(hub, "job_cost", name, file, ViewFilter())
    if found.rows != count:
        message = f"{found.rows} rows instead of {count}"
        raise AssertionError(message)
    what = f"{count:,} lines of job costs as {name}, {place}"
    detail = f"{found.bytes / 1e6:.1f} MB"
    return [
        Result(what, count / watch.seconds, None, detail, "/s"),
        Result(f"{what}, memory added", _held() - before, MOST_MB, "", " MB", at_most=True),
    ]


def _held() -> float:
    """The most that the process ever held, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
