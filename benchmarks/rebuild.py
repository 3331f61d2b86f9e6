"""Every projection of the product rebuilt over a long log with its documents, each by itself, and all in one pass.

Usage: python -m benchmarks.rebuild URL COUNT. Fills an empty store first. Prints a line for each step: its name,
seconds, MiB that the process held at most meanwhile.
"""

import sys
import time
from collections.abc import Sequence

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
FILL, CATCH_UP = "filled", "caught up"


async def main(url: str, count: int) -> None:
    """Fill, then rebuild one after the other, in a process that did nothing else."""
    found = await filled(url, count)
    for name, seconds in ((FILL, found.filling), (CATCH_UP, found.catching_up)):
        if seconds:
            print(found.events, f"{seconds:.2f}", f"{peak():.0f}", name, flush=True)
    async with opened(url) as ledger:
        projector = Projector(ledger, PROJECTIONS)
        await projector.start()
        for name in (*(projection.name for projection in PROJECTIONS), None):
            held()
            start = time.perf_counter()
            await projector.rebuild(name)
            print(found.events, f"{time.perf_counter() - start:.2f}", f"{peak():.0f}", name or ALL, flush=True)


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
        count, seconds, mib, name = line.split(" ", 3)
        stored, most = int(count), max(most, float(mib))
        alone = name not in (FILL, CATCH_UP, ALL)
        what = f"{stored:,} events, {name}{' rebuilt' if alone else ''}, {place}"
        detail = f"{float(seconds):,.1f} s, {mib} MiB held at most"
        told.append(Result(what, stored / float(seconds), LEAST if alone else None, detail, "/s"))
    told.append(Result(f"{stored:,} events, peak memory of all that, {place}", most, LIMIT, "", " MiB", at_most=True))
    return told


if __name__ == "__main__":
    anyio.run(main, sys.argv[1], int(sys.argv[2]))
