"""Every projection of the product rebuilt over a long log with its documents, each by itself, and all in one pass.

Usage: python -m benchmarks.rebuild URL COUNT [NAME]... Fills an empty store first; names choose projections. Prints a
line for each step: events, seconds, seconds of a processor in this process, MiB that it held at most meanwhile, and the
name. A machine that does other things at the same time takes longer and needs no more of a processor.
"""

import sys
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager

import anyio

from benchmarks.company import filled, opened
from benchmarks.measure import Result
from benchmarks.memory import LIMIT, held, peak
from benchmarks.places import Place
from hub.projector import Projector
from projections.registry import PROJECTIONS

EVENTS = 1_000_000
QUICK = 20_000
LEAST = 10_000.0
"""Events a second that each projection must fold by itself."""
ALL = "all of them in one pass"
FILL = "stored, unless they were there"


async def main(url: str, count: int, *names: str) -> None:
    """Fill, then rebuild one after the other, in a process that did nothing else."""
    async with opened(url) as ledger:
        with _told_of(FILL, count):
            events = await filled(ledger, count)
        projector = Projector(ledger, PROJECTIONS)
        await projector.start()
        for name in names or (None, *(projection.name for projection in PROJECTIONS)):
            with _told_of(name or ALL, events):
                await projector.rebuild(name)


@contextmanager
def _told_of(name: str, events: int) -> Generator[None]:
    held()
    start, busy = time.perf_counter(), time.process_time()
    yield
    seconds, busy = time.perf_counter() - start, time.process_time() - busy
    print(events, f"{seconds:.2f}", f"{busy:.2f}", f"{peak():.0f}", name, flush=True)


async def rows(
    sqlite: Place,
    postgres: Place | None,
    *,
    runs: int,  # noqa: ARG001 - a long log tells enough at once
    quick: bool,
    events: int | None = None,
) -> list[Result]:
    """Rebuilding."""
    told: list[Result] = []
    count = events or (QUICK if quick else EVENTS)
    for place in (sqlite, postgres):
        if place is None:
            continue
        with place.kept(f"company{count}") as url:
            answer = await anyio.run_process([sys.executable, "-m", "benchmarks.rebuild", url, str(count)])
            told += _told(answer.stdout.decode().splitlines(), place.name)
    return told


def _told(lines: Sequence[str], place: str) -> list[Result]:
    told: list[Result] = []
    most, stored = 0.0, 0
    for line in lines:
        count, seconds, busy, mib, name = line.split(" ", 4)
        stored, most = int(count), max(most, float(mib))
        alone = name not in (FILL, ALL)
        what = f"{stored:,} events, {name}{' rebuilt' if alone else ''}, {place}"
        detail = f"{float(seconds):,.1f} s, {float(busy):,.1f} s of a processor, {mib} MiB held at most"
        told.append(Result(what, stored / float(seconds), LEAST if alone else None, detail, "/s"))
    told.append(Result(f"{stored:,} events, peak memory of all that, {place}", most, LIMIT, "", " MiB", at_most=True))
    return told


if __name__ == "__main__":
    anyio.run(main, sys.argv[1], int(sys.argv[2]), *sys.argv[3:])
