"""The ledger's database as everybody can see it: where it is, whether it is being written, whether it is sound."""

import sqlite3
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

import anyio
import psycopg

from tests.journeys.harness import sqlite

Watch = Callable[[], bool]

FAREWELL = 100
"""Fiftieths of a second in which a server notices that a client is gone."""


class Store(Protocol):
    """A database that the hub alone writes."""

    url: str

    def watch(self) -> Watch:
        """Tells whether something is being stored, from this moment on."""
        ...

    async def faults(self) -> list[str]:
        """What is wrong with it, when no hub runs."""
        ...


class Sqlite:
    """A file, and beside it the log of what is being written."""

    def __init__(self, folder: Path) -> None:
        self.url = sqlite(folder)
        self._file = folder / "ledger.db"

    def watch(self) -> Watch:
        before = self._log()
        return lambda: self._log() != before

    async def faults(self) -> list[str]:
        with closing(sqlite3.connect(self._file)) as connection:
            found = [row[0] for row in connection.execute("PRAGMA integrity_check")]
        return [f"the file of the ledger: {text}" for text in found if text != "ok"]

    def _log(self) -> tuple[int, int]:
        with suppress(FileNotFoundError):
            status = self._file.with_name("ledger.db-wal").stat()
            return status.st_size, status.st_mtime_ns
        return 0, 0


class Postgres:
    """A database of its own on a server."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._connection = psycopg.connect(url, autocommit=True)

    def watch(self) -> Watch:
        # A transaction gets its number with its first write.
        return lambda: self._sessions("backend_xid IS NOT NULL") > 0

    async def faults(self) -> list[str]:
        left = 0
        for _ in range(FAREWELL):
            left = self._sessions("pid <> pg_backend_pid() AND backend_type = 'client backend'")
            if not left:
                return []
            await anyio.sleep(1 / 50)
        return [f"the server still has {left} sessions of hubs that are gone"]

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()

    def _sessions(self, condition: str) -> int:
        sql = f"SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND {condition}"  # noqa: S608 - from constants
        row: tuple[Any, ...] | None = self._connection.execute(sql.encode()).fetchone()
        return 0 if row is None else int(row[0])


@contextmanager
def fresh(server: str, name: str) -> Generator[Postgres]:
    """An empty database on a server, dropped at the end."""
    before, mark, options = server.partition("?")
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}".encode())
        with closing(Postgres(f"{before.rpartition('/')[0]}/{name}{mark}{options}")) as store:
            yield store
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
