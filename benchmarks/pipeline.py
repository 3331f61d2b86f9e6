"""The inner pipeline: observe and decide in one commit, deliver, record the outcome. Remote systems answer at once."""

import subprocess
import sys
from uuid import UUID

import anyio
import anyio.lowlevel
import psycopg
from anyio.streams.memory import MemoryObjectReceiveStream

from adapters.store import Ledger
from benchmarks.hub_loop import whole_hub
from benchmarks.measure import Rate, Result, Stopwatch, compare
from benchmarks.model import Confirmed, Observed, Requested
from benchmarks.places import Place

SOURCES = 128
SHARDS = 16
IN_FLIGHT = 16
PAGE = 2000


def ours(place: Place, count: int) -> Rate:
    """Records synced a second: three events in two commits for each."""

    async def rate() -> float:
        watch = Stopwatch()
        async with place.ledger() as ledger:
            with watch.running():
                await _Loop(ledger, count).run()
            if await ledger.last_position() != 3 * count:
                message = "the pipeline did not record every step"
                raise AssertionError(message)
        return count / watch.seconds

    return rate


class _Loop:
    """Sources, a reader of the log, and couriers; they meet only in the ledger and in streams."""

    def __init__(self, ledger: Ledger, count: int) -> None:
        self._ledger = ledger
        self._count = count
        self._done = 0
        self._finished = anyio.Event()
        self._boxes = [anyio.create_memory_object_stream[Requested](256) for _ in range(SHARDS)]

    async def run(self) -> None:
        async with anyio.create_task_group() as hub:
            await hub.start(self._ledger.run)
            for _, box in self._boxes:
                hub.start_soon(self._courier, box)
            hub.start_soon(self._dispatch)
            for source in range(SOURCES):
                hub.start_soon(self._source, source)
            await self._finished.wait()
            hub.cancel_scope.cancel()

    async def _source(self, source: int) -> None:
        for number in range(source, self._count, SOURCES):
            record = UUID(int=number)
            observed = Observed(originator_id=record, originator_version=1)
            requested = Requested(originator_id=record, originator_version=2, delivery=f"{record}:2")
            await self._ledger.append([observed, requested])

    async def _dispatch(self) -> None:
        position = 0
        while True:
            await self._ledger.wait(position)
            for row in await self._ledger.read(position, PAGE):
                position = row[0]
                if row[3] == Requested.TOPIC:
                    shard = row[1][-1] % SHARDS
                    await self._boxes[shard][0].send(self._ledger.events.decode(row[3], row[4]))

    async def _courier(self, box: MemoryObjectReceiveStream[Requested]) -> None:
        limiter = anyio.CapacityLimiter(IN_FLIGHT)
        async with box, anyio.create_task_group() as calls:
            async for delivery in box:
                calls.start_soon(self._deliver, delivery, limiter)

    async def _deliver(self, delivery: Requested, limiter: anyio.CapacityLimiter) -> None:
        async with limiter:
            await anyio.lowlevel.checkpoint()  # where the call would be
            outcome = Confirmed(originator_id=delivery.originator_id, originator_version=3, delivery=delivery.delivery)
            await self._ledger.append([outcome])
        self._done += 1
        if self._done == self._count:
            self._finished.set()


def dbos(place: Place, count: int) -> Rate:
    """DBOS workflows of three durable steps, started at once; in a process of its own, as it keeps threads."""

    async def rate() -> float:
        with place.empty() as url:
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute("CREATE SCHEMA IF NOT EXISTS dbos")
            command = [sys.executable, "-m", "benchmarks.dbos_peer", url, str(count)]
            answer = await anyio.run_process(command, stderr=subprocess.PIPE)
        return float(answer.stdout.decode().strip().splitlines()[-1])

    return rate


async def rows(sqlite: Place, postgres: Place | None, *, runs: int, quick: bool) -> list[Result]:
    """The pipeline on both databases, and DBOS where it is installed."""
    count = SOURCES * (10 if quick else 100)
    results: list[Result] = []
    name = "inner pipeline against DBOS workflows of three steps, PostgreSQL"
    if postgres is not None:
        reason = await _missing_dbos()
        if reason:
            results.append(Result(name, None, 20.0, reason))
        else:
            peer = dbos(postgres, 100 if quick else 400)
            results.append(await compare(name, 20.0, ours(postgres, count), peer, runs=runs, unit="syncs/s"))
            whole = "the whole hub (read, decide, claim, deliver, read models) against the same workflows, PostgreSQL"
            hub = whole_hub(postgres, 200 if quick else 4000)
            results.append(await compare(whole, 20.0, hub, peer, runs=runs, unit="deliveries/s"))
    rates = [await ours(sqlite, count)() for _ in range(runs)]
    median = sorted(rates)[len(rates) // 2]
    results.append(Result("inner pipeline, SQLite", median, None, "", unit=" syncs/s"))
    rates = [await whole_hub(sqlite, 200 if quick else 4000)() for _ in range(runs)]
    median = sorted(rates)[len(rates) // 2]
    results.append(Result("the whole hub, SQLite", median, None, "", unit=" deliveries/s"))
    return results


async def _missing_dbos() -> str:
    answer = await anyio.run_process([sys.executable, "-c", "import dbos"], check=False)
    return "" if answer.returncode == 0 else "dbos is not installed: pip install -e '.[bench]'"
