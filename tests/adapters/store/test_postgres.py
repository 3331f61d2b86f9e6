"""What PostgreSQL alone can do wrong: a connection that breaks in a commit is settled by reading, never by luck."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from adapters.ports import FixedClock
from adapters.store import ConnectionLost, Ledger, Registry, StoreUnavailable, StreamMoved, ThreadPool
from adapters.store.postgres import PostgresDatabase

pytestmark = pytest.mark.postgres

Opened = Callable[[str], AbstractAsyncContextManager[Ledger]]
Noted = Callable[..., Any]

CLOCK = FixedClock(datetime(2026, 1, 5, tzinfo=UTC))


class Breaking(PostgresDatabase):
    """Loses the connection in its first append, before or after the commit."""

    def __init__(self, url: str, *, committed: bool) -> None:
        super().__init__(url)
        self.committed = committed
        self.broken = False

    def append(self, *args: Any) -> int:
        if self.broken:
            return super().append(*args)
        self.broken = True
        if self.committed:
            super().append(*args)
        raise ConnectionLost("the server closed the connection")


@pytest.mark.parametrize("committed", [True, False])
async def test_a_commit_whose_answer_was_lost_counts_once(postgres_url: str, noted: Noted, *, committed: bool) -> None:
    database = Breaking(postgres_url, committed=committed)
    ledger = Ledger(database, Registry({}), CLOCK, ThreadPool())
    await ledger.upgrade()

    assert await ledger.append([noted("a"), noted("b")]) == 2
    assert await ledger.last_position() == 2
    database.close()


async def test_a_stream_that_moved_is_not_taken_for_our_own_lost_commit(postgres_url: str, noted: Noted) -> None:
    database = Breaking(postgres_url, committed=False)
    ledger = Ledger(database, Registry({}), CLOCK, ThreadPool())
    await ledger.upgrade()
    database.broken = True
    await ledger.append([noted("a", text="theirs")])
    database.broken = False
    with pytest.raises(StreamMoved):
        await ledger.append([noted("a", text="ours")])

    assert await ledger.last_position() == 1
    database.close()


async def test_connections_that_the_server_ends_are_replaced(opened: Opened, postgres_url: str, noted: Noted) -> None:
    async with opened(postgres_url) as ledger:
        await ledger.append([noted("a")])
        with psycopg.connect(postgres_url, autocommit=True) as admin:
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

        assert await ledger.append([noted("b")]) == 2
        assert await ledger.last_position() == 2


async def test_a_database_that_does_not_exist_is_said(opened: Opened, postgres_url: str) -> None:
    with pytest.raises(StoreUnavailable, match="does not exist"):
        async with opened(postgres_url.replace("/test_", "/nothing_")):
            pytest.fail("opened")


async def test_a_server_that_does_not_answer_is_said(opened: Opened) -> None:
    with pytest.raises(StoreUnavailable, match="can't be used"):
        async with opened("postgresql://nobody@127.0.0.1:1/none"):
            pytest.fail("opened")


async def test_everything_lives_in_one_schema(opened: Opened, postgres_url: str) -> None:
    async with opened(postgres_url) as ledger:
        rows = await ledger.rows(
            "SELECT DISTINCT table_schema FROM information_schema.tables WHERE table_name = 'stored_events'"
        )

    assert rows == [("siteledger",)]


HELD = (
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


def test_a_lock_is_free_as_soon_as_it_was_given_back(postgres_url: str) -> None:
    database = PostgresDatabase(postgres_url)
    database.upgrade(CLOCK.now().isoformat())
    during: set[int] = set()
    after: set[int] = set()
    for _ in range(500):
        release = database.lock("sync")
        during.add(database.rows(HELD, ())[0][0])
        release()
        after.add(database.rows(HELD, ())[0][0])
    database.close()

    assert during == {1}
    assert after == {0}
