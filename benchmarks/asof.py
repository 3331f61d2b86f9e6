"""Lists and records as of a position, in a ledger of a million events in which every record has changed often."""

import statistics
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from adapters.ports import FixedClock, seeded_rng
from adapters.store import Ledger
from benchmarks.failures import NOBODY
from benchmarks.measure import Result
from benchmarks.places import Place
from domain.events import Event, LinkRow, Wait
from domain.record import Moment, Record, Request, Seen
from domain.values import BUSINESS_CENTRAL, PROCORE, Cause, digest
from hub.app import Hub, open_hub
from hub.asof import position_at
from hub.queries.overview_then import overview_then
from hub.queries.records import Wanted, cross_references, records
from hub.settings import Settings
from hub.settings.values import Surroundings

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
FLOW = "purchase-order-to-commitment"
TARGET_MS = 100.0
WHOLE_MS = 500.0
"""The overview counts every record."""
PAGE = 500
LOOKS = 15
PROJECTS = 500


def moment(step: int) -> Moment:
    """A second later with every step."""
    return Moment(START + timedelta(seconds=step), Cause("bench", "bench", "system"))


def seen(number: int, version: int) -> Seen:
    """An order in one of its versions."""
    return Seen(
        kind="commitment",
        side=BUSINESS_CENTRAL,
        entity_set="purchaseOrders",
        source_id=f"po-{number}",
        number=f"PO-{number}",
        title="Concrete",
        project=f"J{number % PROJECTS}",
        digest=digest([number, version]),
        content=digest([number, version]),
        modified_at="",
        flows=(FLOW,),
    )


def carried(record: Record, number: int, version: int, at: Moment) -> None:
    """An order that is seen, waits the first time, and is carried."""
    record.observe(seen(number, version), at)
    if version == 0:
        record.park(FLOW, [Wait("vendor", f"V{number % 100}", "waiting for its vendor")], at)
        record.stir(FLOW, at)
    named = digest([number, version])
    wish = Request(
        part="header",
        endpoint="purchase_order_contracts",
        system=PROCORE,
        scope={"project_id": "7"},
        key=f"po-{number}",
        body=named,
        digest=named,
    )
    delivery = record.request(FLOW, wish, at)
    if delivery is not None:
        record.claim(FLOW, delivery, at)
        record.confirm(FLOW, delivery, at, target_id=str(number))
    pair = LinkRow("purchaseOrders", f"po-{number}", f"PO-{number}", "purchase_order_contracts", str(number), "7")
    record.link(FLOW, [pair], at)
    record.settle(FLOW, named, (), at)


def lives(count: int) -> Iterator[Sequence[Event]]:
    """A page of orders after another; most of them change again, and some a third time, with all others between."""
    alive: dict[int, Record] = {}
    for version, share in enumerate((10, 4)):
        for start in range(0, count, PAGE):
            page: list[Event] = []
            for number in range(start, min(start + PAGE, count)):
                if number % 10 >= share:
                    continue
                record = alive.setdefault(number, Record(Record.id_for("main", "commitment", f"po-{number}"), "main"))
                carried(record, number, version, moment(version * count + number))
                page += record.collect_events()
            yield page


async def fill(ledger: Ledger, count: int) -> int:
    """Store the lives of so many orders; the number of events."""
    stored = 0
    for page in lives(count):
        await ledger.append(page)
        stored += len(page)
    return stored


async def median(hub: Hub, wanted: Wanted, *, pairs: bool = False) -> float:
    """Milliseconds that a page of a list takes, the median of many."""
    taken: list[float] = []
    for _ in range(LOOKS):
        start = time.perf_counter()
        page = await (cross_references if pairs else records)(hub.ledger, wanted)
        taken.append((time.perf_counter() - start) * 1000)
        if not page.items and "in-flight" not in wanted.state:
            message = f"nothing was there as of {wanted.asof}"
            raise AssertionError(message)
    return statistics.median(taken)


async def whole(hub: Hub, asof: str) -> float:
    """Milliseconds that the overview takes: every record counted by state and flow, causes, and what waited."""
    taken: list[float] = []
    for _ in range(LOOKS):
        start = time.perf_counter()
        it = await overview_then(hub, ("main",), asof)
        taken.append((time.perf_counter() - start) * 1000)
        if not it.begun:
            message = f"nothing was there as of {asof}"
            raise AssertionError(message)
    return statistics.median(taken)


async def rows(
    sqlite: Place,
    postgres: Place | None,
    *,
    runs: int,  # noqa: ARG001 - one run holds many looks
    quick: bool,
    match: str = "",
) -> list[Result]:
    """The past; with `match` only the lists that are called so."""
    count = 10_000 if quick else 100_000
    told: list[Result] = []
    for place in (sqlite, postgres):
        if place is None:
            continue
        with place.empty() as url:
            told += await _on(url, place.name, count, match)
    return told


async def _on(url: str, place: str, count: int, match: str) -> list[Result]:
    told: list[Result] = []
    settings = Settings.model_validate(
        {"store": {"url": url}, "connections": {"main": NOBODY}}, context=Surroundings(environ={"SECRET": "none"})
    )
    later = FixedClock(START + timedelta(days=30))
    async with open_hub(settings, clock=later, rng=seeded_rng(1)) as hub:
        stored = await fill(hub.ledger, count)
        await hub.projector.catch_up()
        last = await position_at(hub.ledger, "")
        what = f"{stored:,} events"
        for share in (5, 50, 95, 100):
            at = "" if share == 100 else str(last * share // 100)  # noqa: PLR2004 - the present
            as_of = f"as of {share} %" if at else "now"
            for name, narrow in (
                ("records", {}),
                ("synced records", {"state": "synced"}),
                ("records in flight", {"state": "in-flight"}),
                ("records in three states", {"state": "dead,parked,synced"}),
                ("records of a project", {"project": "J7"}),
            ):
                if match not in f"{name} {as_of}":
                    continue
                taken = await median(hub, Wanted(connections=("main",), asof=at, **narrow))
                told.append(Result(f"{what}, {name} {as_of}, {place}", taken, TARGET_MS, "median", " ms", at_most=True))
            if match in f"pairs {as_of}":
                taken = await median(hub, Wanted(connections=("main",), asof=at), pairs=True)
                told.append(Result(f"{what}, pairs {as_of}, {place}", taken, TARGET_MS, "median", " ms", at_most=True))
            if at and match in f"overview {as_of}":
                taken = await whole(hub, at)
                told.append(
                    Result(f"{what}, overview {as_of}, {place}", taken, WHOLE_MS, "median", " ms", at_most=True)
                )
    return told
