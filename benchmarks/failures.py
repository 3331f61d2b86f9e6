"""The desk of failures with twenty thousand failures of five causes, and a batch that retries them all."""

import statistics
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from adapters.ports import FixedClock, seeded_rng
from adapters.store import Ledger
from benchmarks.measure import Result, Stopwatch
from benchmarks.places import Place
from domain.record import Moment, Record, Request, Seen
from domain.values import BUSINESS_CENTRAL, PROCORE, Cause, digest
from hub.app import Hub, open_hub
from hub.operations import batches
from hub.operations.choosing import Choice, choose
from hub.operations.failures import FailureFilter, groups
from hub.settings import Settings
from hub.settings.values import Surroundings

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
FLOW = "purchase-order-to-commitment"
WORDS = ("Vendor V{0} is inactive", "code {0} is invalid", "The budget {0} is locked", "Quantity {0}", "Unit {0}")
TARGET_MS = 100.0
PAGE = 500
LOOKS = 30

NOBODY = {
    "kind": "test",
    "business_central": {
        "api_url": "https://api.businesscentral.dynamics.com/v2.0/bench/Sandbox/api",
        "token_url": "https://login.microsoftonline.com/bench/oauth2/v2.0/token",
        "company_id": "6F0B5A52-1D0C-4A0E-9A57-51EDC0DE0002",
        "client_id": "bench",
        "client_secret": "env:SECRET",
    },
    "procore": {"company_id": 4711, "client_id": "bench", "client_secret": "env:SECRET"},
}
"""A connection that is never reached: the desk works on the ledger alone."""


def refused(numbers: Sequence[int]) -> list[Record]:
    """Orders that Procore refused."""
    moment = Moment(START, Cause("bench", "bench", "system"))
    records: list[Record] = []
    for number in numbers:
        record = Record(Record.id_for("main", "commitment", f"po-{number}"), "main")
        record.observe(_seen(number), moment)
        delivery = record.request(FLOW, _row(number), moment)
        if delivery is not None:
            record.claim(FLOW, delivery, moment)
            record.refuse(FLOW, delivery, moment, message=WORDS[number % len(WORDS)].format(number))
        records.append(record)
    return records


def _seen(number: int) -> Seen:
    return Seen(
        kind="commitment",
        side=BUSINESS_CENTRAL,
        entity_set="purchaseOrders",
        source_id=f"po-{number}",
        number=f"PO-{number}",
        title="Concrete",
        project=f"J{number % 100}",
        digest=digest(str(number)),
        content=digest(str(number)),
        modified_at="",
        flows=(FLOW,),
    )


def _row(number: int) -> Request:
    return Request(
        part="header",
        endpoint="purchase_order_contracts",
        system=PROCORE,
        scope={"project_id": "7"},
        key=f"po-{number}",
        body=digest(str(number)),
        digest=digest(str(number)),
    )


async def fill(ledger: Ledger, count: int) -> None:
    """Store refused orders."""
    for start in range(0, count, PAGE):
        records = refused(range(start, min(start + PAGE, count)))
        await ledger.append([event for record in records for event in record.collect_events()])


async def looks(hub: Hub, wanted: FailureFilter) -> float:
    """Milliseconds that the grouped view takes, the median of many."""
    taken: list[float] = []
    for _ in range(LOOKS):
        start = time.perf_counter()
        found = await groups(hub, wanted)
        taken.append((time.perf_counter() - start) * 1000)
        if len(found) != len(WORDS):
            message = f"{len(found)} groups instead of {len(WORDS)}"
            raise AssertionError(message)
    return statistics.median(taken)


async def rows(sqlite: Place, postgres: Place | None, *, runs: int, quick: bool) -> list[Result]:  # noqa: ARG001 - one run holds many looks
    """Failures."""
    count = 5_000 if quick else 20_000
    told: list[Result] = []
    for place in (sqlite, postgres):
        if place is None:
            continue
        with place.empty() as url:
            told += await _on(url, place.name, count)
    return told


async def _on(url: str, place: str, count: int) -> list[Result]:
    told: list[Result] = []
    settings = Settings.model_validate(
        {"store": {"url": url}, "connections": {"main": NOBODY}}, context=Surroundings(environ={"SECRET": "none"})
    )
    async with open_hub(settings, clock=FixedClock(START), rng=seeded_rng(1)) as hub:
        await fill(hub.ledger, count)
        await hub.projector.catch_up()
        what = f"{count:,} failures of {len(WORDS)} causes"
        for name, wanted in (("grouped", FailureFilter()), ("grouped, of one flow", FailureFilter(flow=FLOW))):
            taken = await looks(hub, wanted)
            told.append(Result(f"{what}, {name}, {place}", taken, TARGET_MS, "median", " ms", at_most=True))
        told.append(await _batch(hub, count, place))
    return told


async def _batch(hub: Hub, count: int, place: str) -> Result:
    choice = Choice(where=FailureFilter(flow=FLOW))
    watch = Stopwatch()
    with watch.running():
        members = await choose(hub, "retry", choice)
        frozen = await batches.freeze(hub, "retry", members, choice, reason="bench", actor="bench")
        done = await batches.run(hub, frozen, actor="bench")
    if done.done != count:
        message = f"retried {done.done} of {count}"
        raise AssertionError(message)
    return Result(f"{count:,} retried in one batch, {place}", count / watch.seconds, None, "records", " /s")
