"""Peak memory of a process that appends a long log, rests, catches up and rebuilds, by the size of the log.

Usage: python -m benchmarks.memory URL COUNT. Prints MiB while appending, at rest, while catching up and rebuilding.
"""

import sys
from pathlib import Path
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


_STATUS, _FORGET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def peak() -> float:
    """MiB that the process held at most, since its start or since `held` was asked last.

    Source  proc(5): VmHWM. `getrusage` would also count what the parent held when it made this process.
    """
    return _mib("VmHWM")


def held() -> float:
    """MiB that the process holds now; its peak is forgotten.

    Source  proc(5): 5 in clear_refs sets VmHWM to what is held.
    """
    _FORGET.write_text("5", encoding="ascii")
    return _mib("VmRSS")


def _mib(name: str) -> float:
    lines = _STATUS.read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{name}:"))


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
