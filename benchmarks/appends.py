"""Appending: against the bare driver, the plain library, and one thread hop for each save."""

import sqlite3
from uuid import UUID

import anyio
import anyio.to_thread
import psycopg

from adapters.store.library import POSTGRES, SQLITE, LedgerApplication
from benchmarks.measure import Rate, Result, Stopwatch, compare
from benchmarks.model import REGISTRY, Observed, Plain, observations, plain_events
from benchmarks.places import Place, library_environment

ACTORS = 128

INSERT = (
    "INSERT INTO log (stream, version, topic, state)"
    " SELECT * FROM unnest(%b::uuid[], %b::bigint[], %b::text[], %b::bytea[])"
)


def ours(place: Place, count: int, batch: int) -> Rate:
    """The ledger, one append for each batch."""

    async def rate() -> float:
        watch = Stopwatch()
        events = observations(count)
        async with place.ledger() as ledger:
            with watch.running():
                for start in range(0, count, batch):
                    await ledger.append(events[start : start + batch])
        return count / watch.seconds

    return rate


def raw(place: Place, count: int, batch: int) -> Rate:
    """The same rows through the bare driver, with the same index and the same durability."""

    async def rate() -> float:
        watch = Stopwatch()
        encode = REGISTRY.encode
        rows = [(e.originator_id.bytes, e.originator_version, e.TOPIC, encode(e)) for e in observations(count)]
        with place.empty() as url:
            if place.server:
                ids = [event.originator_id for event in observations(count)]
                with psycopg.connect(url, autocommit=True) as connection:
                    connection.execute(
                        "CREATE TABLE log (position bigserial PRIMARY KEY, stream uuid NOT NULL, version bigint NOT"
                        " NULL, topic text NOT NULL, state bytea NOT NULL, UNIQUE (stream, version))"
                    )
                    with watch.running():
                        for start in range(0, count, batch):
                            part = slice(start, start + batch)
                            columns = [list(column) for column in zip(*rows[part], strict=True)]
                            connection.execute(INSERT, (ids[part], *columns[1:]), prepare=True)
            else:
                connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
                connection.execute("PRAGMA journal_mode=WAL")
                connection.execute("PRAGMA synchronous=FULL")
                connection.execute(
                    "CREATE TABLE log (position INTEGER PRIMARY KEY, stream BLOB NOT NULL, version INTEGER NOT NULL,"
                    " topic TEXT NOT NULL, state BLOB NOT NULL, UNIQUE (stream, version))"
                )
                with watch.running():
                    for start in range(0, count, batch):
                        connection.execute("BEGIN")
                        connection.executemany(
                            "INSERT INTO log (stream, version, topic, state) VALUES (?, ?, ?, ?)",
                            rows[start : start + batch],
                        )
                        connection.execute("COMMIT")
                connection.close()
        return count / watch.seconds

    return rate


def plain(place: Place, count: int, batch: int) -> Rate:
    """The library as it comes."""

    async def rate() -> float:
        watch = Stopwatch()
        events = plain_events(count)
        with place.empty() as url:
            application = Plain(library_environment(url))
            with watch.running():
                for start in range(0, count, batch):
                    application.save(*events[start : start + batch])
            application.close()
        return count / watch.seconds

    return rate


def grouped(place: Place, each: int) -> Rate:
    """Many actors that append one event at a time; the ledger gathers them."""

    async def rate() -> float:
        watch = Stopwatch()
        async with place.ledger() as ledger, anyio.create_task_group() as hub:
            await hub.start(ledger.run)

            async def act(stream: UUID) -> None:
                for version in range(1, each + 1):
                    await ledger.append([Observed(originator_id=stream, originator_version=version)])

            with watch.running():
                async with anyio.create_task_group() as actors:
                    for number in range(ACTORS):
                        actors.start_soon(act, UUID(int=number))
            hub.cancel_scope.cancel()
        return ACTORS * each / watch.seconds

    return rate


def hopping(place: Place, each: int) -> Rate:
    """What one writes first: every save is a thread hop and a transaction of its own, on the same recorder."""

    async def rate() -> float:
        watch = Stopwatch()
        limiter = anyio.CapacityLimiter(10)
        with place.empty() as url:
            ours = POSTGRES if place.server else SQLITE
            application = LedgerApplication(REGISTRY, {**library_environment(url), **ours})
            put = application.events.put

            async def act(stream: UUID) -> None:
                for version in range(1, each + 1):
                    event = Observed(originator_id=stream, originator_version=version)
                    await anyio.to_thread.run_sync(put, [event], limiter=limiter)

            with watch.running():
                async with anyio.create_task_group() as actors:
                    for number in range(ACTORS):
                        actors.start_soon(act, UUID(int=number))
            application.close()
        return ACTORS * each / watch.seconds

    return rate


async def rows(sqlite: Place, postgres: Place | None, *, runs: int, quick: bool) -> list[Result]:
    """Everything about appending."""
    results: list[Result] = []
    count = 10_000 if quick else 50_000
    for place, target in ((sqlite, 0.70), (postgres, 0.55)):
        if place is not None:
            name = f"append, 1000 rows a transaction, against raw inserts, {place.name}"
            results.append(await compare(name, target, ours(place, count, 1000), raw(place, count, 1000), runs=runs))
    if postgres is not None:
        few = 3_000 if quick else 10_000
        name = "append, 100 rows, against the plain library, PostgreSQL"
        results.append(await compare(name, 4.0, ours(postgres, few, 100), plain(postgres, few, 100), runs=runs))
    for place, target in ((sqlite, 10.0), (postgres, 6.0)):
        if place is not None:
            each = 10 if quick else 40
            name = f"{ACTORS} actors, one event at a time, group commit against one hop each, {place.name}"
            results.append(await compare(name, target, grouped(place, each), hopping(place, each // 5), runs=runs))
    return results
