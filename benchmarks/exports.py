"""Lines of job costs, which were read from their documents: summed as a report, and written as files.

Usage: python -m benchmarks.exports URL. Prints a line for each step: its name, rows, seconds, bytes, and the MiB that
the process held more at most than before. Memory is bounded by a page of rows, so a file that is ten times as long
must not take more of it.
"""

import sys
from collections.abc import Sequence
from datetime import timedelta
from tempfile import TemporaryFile

import anyio

from adapters.ports import FixedClock, seeded_rng
from benchmarks.company import START, filled, opened
from benchmarks.failures import NOBODY
from benchmarks.measure import Result, Stopwatch
from benchmarks.memory import held, peak
from benchmarks.places import Place
from hub.app import Hub, open_hub
from hub.files import FORMATS, Format
from hub.operations.exports import export
from hub.operations.reports import ReportFilter, report
from hub.projector import Projector
from hub.queries.views import ViewFilter
from hub.settings import Settings
from hub.settings.values import Surroundings
from projections.registry import PROJECTIONS

EVENTS = 300_000
QUICK = 30_000
MOST_MB = 64
"""That a file may add to what the process holds, whatever its length."""
REPORT = "report"


async def main(url: str) -> None:
    """Report, then every format, in a process that did nothing else."""
    settings = Settings.model_validate(
        {"store": {"url": url}, "connections": {"main": NOBODY}}, context=Surroundings(environ={"SECRET": "none"})
    )
    async with open_hub(settings, clock=FixedClock(START + timedelta(days=90)), rng=seeded_rng(1)) as hub:
        watch, before = Stopwatch(), held()
        with watch.running():
            page = await report(hub, "job-costs", ReportFilter(), limit=1000)
        print(REPORT, len(page.items), f"{watch.seconds:.3f}", 0, f"{peak() - before:.0f}", flush=True)
        for name in FORMATS:
            await _file(hub, name)


async def _file(hub: Hub, name: Format) -> None:
    watch, before = Stopwatch(), held()
    with TemporaryFile() as file, watch.running():
        found = await export(hub, "job_cost", name, file, ViewFilter())
    print(name, found.rows, f"{watch.seconds:.3f}", found.bytes, f"{peak() - before:.0f}", flush=True)


async def rows(
    sqlite: Place,
    postgres: Place | None,
    *,
    runs: int,  # noqa: ARG001 - one run holds many rows
    quick: bool,
    events: int | None = None,
) -> list[Result]:
    """Exports."""
    told: list[Result] = []
    count = events or (QUICK if quick else EVENTS)
    for place in (sqlite, postgres):
        if place is None:
            continue
        with place.kept(f"company{count}") as url:
            await _filled(url, count)
            answer = await anyio.run_process([sys.executable, "-m", "benchmarks.exports", url])
            told += _told(answer.stdout.decode().splitlines(), place.name)
    return told


async def _filled(url: str, count: int) -> None:
    async with opened(url) as ledger:
        await filled(ledger, count)
        projector = Projector(ledger, PROJECTIONS)
        await projector.start()
        await projector.catch_up()


def _told(lines: Sequence[str], place: str) -> list[Result]:
    told: list[Result] = []
    for line in lines:
        name, count, seconds, size, added = line.split()
        if name == REPORT:
            what = f"first {count} codes of the report of job costs, {place}"
            told.append(Result(what, float(seconds) * 1000, None, f"{added} MiB added", " ms"))
            continue
        what = f"{int(count):,} lines of job costs as {name}, {place}"
        detail = f"{float(seconds):,.1f} s, {int(size) / 1e6:.1f} MB"
        told.append(Result(what, int(count) / float(seconds), None, detail, "/s"))
        told.append(Result(f"{what}, memory added", float(added), MOST_MB, "", " MiB", at_most=True))
    return told


if __name__ == "__main__":
    anyio.run(main, sys.argv[1])
