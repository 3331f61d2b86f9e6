"""Peak memory of a process that appends a long log, rests, catches up and rebuilds, by the size of the log.

Usage: python -m benchmarks.memory URL COUNT. Prints MiB while appending, at rest, while catching up and rebuilding.
"""

import resource
import sys
from uuid import UUID

import anyio

from adapters.ports import SystemClock
from adapters.store import ThreadPool, open_ledger
from benchmarks.measure import Result
from benchmarks.model import REGISTRY, Observed
from benchmarks.places import Place
from benchmarks.reads import BENCH
from hub.projector import Projector

LIMIT = 300.0


def peak() -> float:
    """MiB that the process ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def main(url: str, count: int) -> None:
    """Append, reopen, catch up, rebuild."""
    async with open_ledger(url, events=REGISTRY, clock=SystemClock(), threads=ThreadPool()) as ledger:
        for start in range(0, count, 1000):
            await ledger.append(
                [
                    Observed(originator_id=UUID(int=number // 10), originator_version=number % 10 + 1)
                    for number in range(start, min(start + 1000, count))
                ]
            )
    appended = peak()
    async with open_ledger(url, events=REGISTRY, clock=SystemClock(), threads=ThreadPool()) as ledger:
        projector = Projector(ledger, [BENCH])
        await projector.catch_up()
        caught_up = peak()
        await projector.rebuild()
        print(f"{appended:.0f} {caught_up:.0f} {peak():.0f}")


async def rows(sqlite: Place, postgres: Place | None, *, quick: bool) -> list[Result]:
    """One row for each database."""
    results: list[Result] = []
    count = 100_000 if quick else 1_000_000
    for place in (sqlite, postgres):
        if place is None:
            continue
        with place.empty() as url:
            answer = await anyio.run_process([sys.executable, "-m", "benchmarks.memory", url, str(count)])
        appended, caught_up, rebuilt = (float(part) for part in answer.stdout.split())
        detail = f"append {appended:.0f}, catch up {caught_up:.0f}, rebuild {rebuilt:.0f} MiB"
        name = f"peak memory over {count:,} events, {place.name}"
        results.append(Result(name, rebuilt, LIMIT, detail, unit=" MiB", at_most=True))
    return results


if __name__ == "__main__":
    anyio.run(main, sys.argv[1], int(sys.argv[2]))
