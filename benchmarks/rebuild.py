"""Every projection of the product rebuilt over a long log, each by itself: seconds, and the peak memory of the process.

Usage: python -m benchmarks.rebuild URL. Prints a line for each projection: its name, seconds, MiB held at most so far.
"""

import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime

import anyio

from adapters.ports import FixedClock
from adapters.store import Ledger, Registry, ThreadPool, open_ledger
from benchmarks.asof import fill
from benchmarks.measure import Result
from benchmarks.memory import LIMIT, peak
from benchmarks.places import Place
from domain.events import EVENTS, UPCASTERS
from hub.projector import Projector
from projections.registry import PROJECTIONS

ORDERS = 98_000
"""Their lives are a million events."""


def _opened(url: str):  # noqa: ANN202 - a context manager of the store
    clock = FixedClock(datetime(2026, 6, 1, tzinfo=UTC))
    return open_ledger(url, events=Registry(EVENTS, UPCASTERS), clock=clock, threads=ThreadPool())


async def main(url: str) -> None:
    """Rebuild one after the other in a process that did nothing else."""
    async with _opened(url) as ledger:
        projector = Projector(ledger, PROJECTIONS)
        await projector.start()
        for projection in PROJECTIONS:
            start = time.perf_counter()
            await projector.rebuild(projection.name)
            print(projection.name, f"{time.perf_counter() - start:.2f}", f"{peak():.0f}", flush=True)


async def rows(sqlite: Place, postgres: Place | None, *, runs: int, quick: bool) -> list[Result]:  # noqa: ARG001 - a long log tells enough at once
    """Rebuilding."""
    told: list[Result] = []
    for place in (sqlite, postgres):
        if place is None:
            continue
        with place.empty() as url:
            stored = await _filled(url, ORDERS // 50 if quick else ORDERS)
            answer = await anyio.run_process([sys.executable, "-m", "benchmarks.rebuild", url])
            told += _told(answer.stdout.decode().splitlines(), stored, place.name)
    return told


async def _filled(url: str, orders: int) -> int:
    async with _opened(url) as ledger:
        stored = await fill(ledger, orders)
        await _caught_up(ledger)
    return stored


async def _caught_up(ledger: Ledger) -> None:
    projector = Projector(ledger, PROJECTIONS)
    await projector.start()
    await projector.catch_up()


def _told(lines: Sequence[str], stored: int, place: str) -> list[Result]:
    told: list[Result] = []
    most = 0.0
    for line in lines:
        name, seconds, mib = line.split()
        most = max(most, float(mib))
        detail = f"{stored / float(seconds):,.0f} events/s, {mib} MiB held at most so far"
        told.append(Result(f"{name} rebuilt over {stored:,} events, {place}", float(seconds), None, detail, " s"))
    name = f"peak memory of all rebuilds over {stored:,} events, {place}"
    told.append(Result(name, most, LIMIT, "", " MiB", at_most=True))
    return told


if __name__ == "__main__":
    anyio.run(main, sys.argv[1])
