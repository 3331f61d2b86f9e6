"""A ledger in which nothing happened yet, with all its tables: made once and copied, as making them takes a while."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg

from adapters.ports import FixedClock
from adapters.store import Registry, ThreadPool, open_ledger
from domain.events import EVENTS, UPCASTERS
from hub.projector import Projector
from projections.registry import PROJECTIONS

TEMPLATE = "blank"


def sqlite_at(file: Path) -> str:
    """URL of a ledger in this file, a blank one when there is none yet."""
    if not file.exists():
        file.write_bytes(_sqlite())
    return f"sqlite:///{file}"


def postgres_template(server: str, url: str) -> str:
    """The name of a database on this server to make others from; `url` is where it stands until it is whole.

    Only one process at a time may call it.
    """
    with psycopg.connect(server, autocommit=True) as connection:
        if not connection.execute("SELECT FROM pg_database WHERE datname = %s", (TEMPLATE,)).fetchall():
            connection.execute(f"CREATE DATABASE {TEMPLATE}_to_be")
            _make(url)
            connection.execute(f"ALTER DATABASE {TEMPLATE}_to_be RENAME TO {TEMPLATE}")
    return TEMPLATE


@cache
def _sqlite() -> bytes:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "blank.db"
        _make(f"sqlite:///{file}")
        return file.read_bytes()


def _make(url: str) -> None:
    async def opened() -> None:
        clock = FixedClock(datetime(2026, 1, 1, tzinfo=UTC))
        async with open_ledger(url, events=Registry(EVENTS, UPCASTERS), clock=clock, threads=ThreadPool()) as ledger:
            await Projector(ledger, PROJECTIONS).start()

    with ThreadPoolExecutor(1) as aside:  # a test that asks for it may run in a loop of its own
        aside.submit(asyncio.run, opened()).result()
