"""What SQLite alone can do wrong is said in words that tell whoever runs the hub what to do."""

import sqlite3
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import pytest

from adapters.ports import FixedClock
from adapters.store import Inline, Ledger, Registry, StoreUnavailable, ThreadPool, open_ledger
from adapters.store.sqlite import SqliteDatabase

Opened = Callable[[str], AbstractAsyncContextManager[Ledger]]
Noted = Callable[..., Any]

FORGET = Path("/proc/self/clear_refs")
CLOCK = FixedClock(datetime(2026, 1, 5, tzinfo=UTC))


async def test_a_file_that_another_program_locks_is_named(tmp_path: Path, noted: Noted) -> None:
    file = tmp_path / "ledger.db"
    database = SqliteDatabase(str(file), lock_timeout=1)
    ledger = Ledger(database, Registry({}), CLOCK, ThreadPool())
    await ledger.upgrade()
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match=r"ledger\.db is locked by another program"):
            await ledger.append([noted("a")])
        other.execute("ROLLBACK")

    assert await ledger.append([noted("a")]) == 1
    database.close()


async def test_a_full_disk_is_said_and_loses_nothing(tmp_path: Path, noted: Noted) -> None:
    database = SqliteDatabase(str(tmp_path / "ledger.db"))
    ledger = Ledger(database, Registry({}), CLOCK, ThreadPool())
    await ledger.upgrade()
    await ledger.append([noted("a")])
    with database._writing.plain() as cursor:
        cursor.execute("PRAGMA max_page_count = 1")
    with pytest.raises(StoreUnavailable, match=r"disk under .* is full"):
        await ledger.append([noted("b", text="x" * 1_000_000)])

    assert await ledger.last_position() == 1
    database.close()


async def test_a_file_that_is_no_database_is_refused(opened: Opened, tmp_path: Path) -> None:
    file = tmp_path / "ledger.db"
    file.write_bytes(b"This is a letter, not a ledger." * 100)

    with pytest.raises(StoreUnavailable, match="damaged or no SiteLedger database"):
        async with opened(f"sqlite:///{file}"):
            pytest.fail("a letter was opened as a ledger")


async def test_a_folder_that_is_missing_is_said(opened: Opened, tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="Check that its folder exists"):
        async with opened(f"sqlite:///{tmp_path / 'nowhere' / 'ledger.db'}"):
            pytest.fail("a ledger was opened in no folder")


async def test_every_commit_is_synced_to_the_disk(tmp_path: Path) -> None:
    database = SqliteDatabase(str(tmp_path / "ledger.db"))
    with database._writing.plain() as cursor:
        full = cursor.execute("PRAGMA synchronous").fetchone()
    database.close()

    assert full == (2,)


@pytest.mark.skipif(not FORGET.exists(), reason="only Linux tells what a process held at most")
def test_to_remove_a_long_table_takes_no_more_memory_than_a_short_one(tmp_path: Path) -> None:
    database = SqliteDatabase(str(tmp_path / "ledger.db"))
    rows = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40000)"
        " INSERT INTO long SELECT i, zeroblob(1000) FROM n"
    )
    with database._writing.plain(commit=True) as cursor:
        cursor.execute("CREATE TABLE long (i INTEGER PRIMARY KEY, bytes BLOB)")
        cursor.execute(rows)
    FORGET.write_text("5")  # the most that was held is what is held now
    before = held("VmRSS")
    with database._writing.plain(commit=True) as cursor:
        cursor.execute("DROP TABLE long")
    grown = held("VmHWM") - before
    database.close()

    assert grown < 20, "MiB more; the table has forty"


def held(name: str) -> float:
    """MiB of this process, now or at most."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{name}:"))


async def test_a_position_is_never_used_twice(opened: Opened, tmp_path: Path, noted: Noted) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    async with opened(url) as ledger:
        await ledger.append([noted("a"), noted("b")])
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as other:
        sequence = other.execute("SELECT seq FROM sqlite_sequence WHERE name = 'stored_events'").fetchone()

    assert sequence == (2,)


async def test_a_ledger_in_memory_is_whole_and_its_own(opened: Opened, noted: Noted) -> None:
    async with opened("sqlite:///:memory:") as one, opened("sqlite:///:memory:") as other:
        await one.append([noted("a")])

        assert (await one.last_position(), await other.last_position()) == (1, 0)


async def test_a_ledger_works_without_threads(tmp_path: Path, noted: Noted) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    async with (
        open_ledger(url, events=Registry({}), clock=CLOCK, threads=Inline()) as ledger,
        anyio.create_task_group() as hub,
    ):
        await hub.start(ledger.run)
        async with anyio.create_task_group() as actors:
            for number in range(20):
                actors.start_soon(ledger.append, [noted(str(number))])
        hub.cancel_scope.cancel()

    async with open_ledger(url, events=Registry({}), clock=CLOCK, threads=Inline()) as ledger:
        assert await ledger.last_position() == 20


@pytest.mark.parametrize("url", ["mysql://host/db", "siteledger.db", "sqlite://", "sqlite:///"])
async def test_a_store_url_of_another_kind_is_refused(opened: Opened, url: str) -> None:
    with pytest.raises(StoreUnavailable, match="sqlite:///"):
        async with opened(url):
            pytest.fail("opened")
