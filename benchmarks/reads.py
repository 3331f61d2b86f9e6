"""Replaying the log and folding projections: against the bare driver, and against the library's runner."""

import sqlite3
from contextlib import ExitStack
from typing import Any

import anyio
import msgspec
import psycopg
from eventsourcing.dispatch import singledispatchmethod
from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresTrackingRecorder
from eventsourcing.projection import Projection as LibraryProjection
from eventsourcing.projection import ProjectionRunner
from eventsourcing.sqlite import SQLiteTrackingRecorder

from adapters.store import Ledger
from adapters.store.library import SQLITE
from benchmarks.measure import Rate, Result, Stopwatch, compare
from benchmarks.model import Plain, observations, plain_events
from benchmarks.places import Place, library_environment
from hub.projector import Projector
from projections.projection import Column, Projection, Rows, Table

PAGE = 5000

XREF = Table(
    "bench_xref",
    (
        Column("id", "text", "stream"),
        Column("digest", "text", "newest digest"),
        Column("amount", "numeric", "newest amount"),
        Column("version", "bigint", "newest version"),
    ),
    key=("id",),
)
AUDIT = Table(
    "bench_audit",
    (Column("n", "bigint", "position"), Column("id", "text", "stream"), Column("topic", "text", "topic")),
    key=("n",),
)


class Narrow(msgspec.Struct):
    """What the projection needs of an observation; ids and amounts stay text, which is what takes no time."""

    originator_id: str
    originator_version: int
    digest: str
    amount: str


def fold(rows: Rows, event: Narrow, position: int) -> None:
    """One row kept up to date, one row added: what a cross-reference with a history does."""
    rows.put(
        XREF,
        {
            "id": event.originator_id,
            "digest": event.digest,
            "amount": event.amount,
            "version": event.originator_version,
        },
    )
    rows.append(AUDIT, {"n": position, "id": event.originator_id, "topic": "bench.observed.1"})


BENCH = Projection(
    "bench",
    version=1,
    tables=(XREF, AUDIT),
    fold=fold,
    topics=("bench.observed.1",),
    views={"bench.observed.1": Narrow},
)


async def fill(ledger: Ledger, count: int) -> None:
    """Store events to read."""
    events = observations(count)
    for start in range(0, count, 1000):
        await ledger.append(events[start : start + 1000])


def replay(place: Place, count: int) -> Rate:
    """The log in pages, each event decoded as a projection decodes it."""

    async def rate() -> float:
        watch = Stopwatch()
        async with place.ledger() as ledger:
            await fill(ledger, count)
            decode = ledger.events.decoder("bench.observed.1", Narrow)
            position = seen = 0
            with watch.running():
                while rows := await ledger.read(position, PAGE):
                    for row in rows:
                        decode(row[4])
                    seen += len(rows)
                    position = rows[-1][0]
        if seen != count:
            message = f"replayed {seen} of {count}"
            raise AssertionError(message)
        return count / watch.seconds

    return rate


def fetch(place: Place, count: int) -> Rate:
    """The same rows from the bare driver in pages, not decoded."""
    sql = "SELECT * FROM {} WHERE notification_id > {} ORDER BY notification_id LIMIT {}"

    async def rate() -> float:
        watch = Stopwatch()
        with place.empty() as url:
            async with place.opened(url) as ledger:
                await fill(ledger, count)
            position = 0
            if place.server:
                query = sql.format("siteledger.stored_events", "%b", "%b").encode()
                with psycopg.connect(url, autocommit=True) as connection:
                    cursor = connection.cursor(binary=True)
                    with watch.running():
                        while rows := cursor.execute(query, (position, PAGE), prepare=True).fetchall():
                            position = rows[-1][0]
            else:
                connection = sqlite3.connect(url.removeprefix("sqlite:///"))
                query = sql.format("stored_events", "?", "?")
                with watch.running():
                    while rows := connection.execute(query, (position, PAGE)).fetchall():
                        position = rows[-1][0]
                connection.close()
        return count / watch.seconds

    return rate


def project(place: Place, count: int) -> Rate:
    """Our projector: rows and checkpoint of a page in one transaction."""

    async def rate() -> float:
        watch = Stopwatch()
        async with place.ledger() as ledger:
            await fill(ledger, count)
            projector = Projector(ledger, [BENCH])
            await projector.start()
            with watch.running():
                await projector.catch_up()
            if await ledger.rows("SELECT count(*) FROM bench_audit") != [(count,)]:
                message = "the projection did not see every event once"
                raise AssertionError(message)
        return count / watch.seconds

    return rate


# -- the library's runner --------------------------------------------------------------------------

CREATE = (
    "CREATE TABLE IF NOT EXISTS xref (id TEXT PRIMARY KEY, digest TEXT, amount TEXT, version BIGINT)",
    "CREATE TABLE IF NOT EXISTS audit (n BIGINT PRIMARY KEY, id TEXT, topic TEXT)",
)
UPSERT = (
    "INSERT INTO xref VALUES ({0}, {0}, {0}, {0}) ON CONFLICT (id) DO UPDATE SET digest = excluded.digest,"
    " amount = excluded.amount, version = excluded.version"
)
ADD = "INSERT INTO audit VALUES ({0}, {0}, {0})"


class PostgresView(PostgresTrackingRecorder):
    """The two tables in the library's way, on PostgreSQL."""

    def _create_table(self, curs: Any) -> None:
        super()._create_table(curs)
        for statement in CREATE:
            curs.execute(statement)

    def keep(self, row: tuple[Any, ...], audit: tuple[Any, ...], tracking: Tracking) -> None:
        """One event, one transaction."""
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute(UPSERT.format("%s").encode(), row, prepare=True)
            cursor.execute(ADD.format("%s").encode(), audit, prepare=True)


class SqliteView(SQLiteTrackingRecorder):
    """The two tables in the library's way, on SQLite."""

    def construct_create_table_statements(self) -> list[str]:
        """With the two tables."""
        return [*super().construct_create_table_statements(), *CREATE]

    def keep(self, row: tuple[Any, ...], audit: tuple[Any, ...], tracking: Tracking) -> None:
        """One event, one transaction."""
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute(UPSERT.format("?"), row)
            cursor.execute(ADD.format("?"), audit)


class Both(LibraryProjection[Any]):
    """The same fold in the library's way."""

    name = "both"

    @singledispatchmethod
    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        """One event."""
        id_ = str(domain_event.originator_id)
        amount = str(getattr(domain_event, "amount", "0"))
        row = (id_, getattr(domain_event, "digest", ""), amount, domain_event.originator_version)
        self.view.keep(row, (tracking.notification_id, id_, type(domain_event).__name__), tracking)


def runner(place: Place, count: int) -> Rate:
    """The library's `ProjectionRunner`, on SQLite over our recorder, as the library's own can't be subscribed to."""

    async def rate() -> float:
        watch = Stopwatch()
        with place.empty() as url:
            environment = library_environment(url) | ({} if place.server else SQLITE)
            application = Plain(environment)
            events = plain_events(count)
            # Larger batches can stop for ever in the library's pipeline: server and driver wait for each other.
            for start in range(0, count, 100):
                application.save(*events[start : start + 100])
            application.close()
            view = PostgresView if place.server else SqliteView
            with ExitStack() as stack, watch.running():
                # In this order the clock stops before the runner's threads are joined.
                running = stack.enter_context(
                    ProjectionRunner(application_class=Plain, projection_class=Both, view_class=view, env=environment)
                )
                # The library's own `wait` looks every 100 to 800 ms, too coarse for a stopwatch.
                while (running.projection.view.max_tracking_id("plain") or 0) < count:
                    if running.is_interrupted.is_set():
                        running.wait(count)
                    await anyio.sleep(0.005)
        return count / watch.seconds

    return rate


async def replay_rows(sqlite: Place, postgres: Place | None, *, runs: int, quick: bool) -> list[Result]:
    """Replay."""
    count = 20_000 if quick else 100_000
    return [
        await compare(
            f"replay decoded, against raw driver fetch, {place.name}",
            0.5,
            replay(place, count),
            fetch(place, count),
            runs=runs,
        )
        for place in (sqlite, postgres)
        if place is not None
    ]


async def projection_rows(sqlite: Place, postgres: Place | None, *, runs: int, quick: bool) -> list[Result]:
    """Projections."""
    count, few = (20_000, 1_000) if quick else (100_000, 5_000)
    return [
        await compare(
            f"projection, exactly once, against the library's runner, {place.name}",
            target,
            project(place, count),
            runner(place, few),
            runs=runs,
        )
        for place, target in ((sqlite, 25.0), (postgres, 60.0))
        if place is not None
    ]
