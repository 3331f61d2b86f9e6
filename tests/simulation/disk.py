"""The disk under the ledger: real SQLite files that fill up, are locked by others, and are cut off in mid-transaction.

When the process dies, the files are copied as they lie there and the next process opens the copies: whatever the dying
one still does in memory comes to nothing, exactly as after a `kill -9` or a power cut.
"""

import sqlite3
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random
from shutil import copyfile
from typing import Any, Literal, TypeVar
from unittest.mock import patch

import anyio

from adapters.store import StoreUnavailable, ledger
from adapters.store import sqlite_recorder as recorder

T = TypeVar("T")

Cut = Literal["before the transaction", "inside the transaction", "torn commit", "after the commit"]
CUTS: tuple[Cut, ...] = ("before the transaction", "inside the transaction", "torn commit", "after the commit")

UNBOUNDED = 1_073_741_823
SELDOM = 600.0
SPARE_PAGES = 2
"""What is left on a disk that is as good as full."""


@contextmanager
def alone() -> Generator[None]:
    """No other process writes to the ledger, so nobody looks four times a second whether one did."""
    with patch.object(ledger, "POLL", SELDOM):
        yield


class Disk:
    """Where the ledger lies.

    `doom` cuts the power at a write: how, a number that decides where in it, and how many writes pass before. A full
    disk and a lock stand until they are ended.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lives = 1
        self.full = False
        self.doom: tuple[Cut, int, int] | None = None
        self.on_cut: Callable[[], None] | None = None
        self._writing: sqlite3.Connection | None = None
        self._other: sqlite3.Connection | None = None
        self._statements = 0
        self._cut_at = 0

    @property
    def path(self) -> Path:
        """The ledger of the present process."""
        return self.folder / f"life-{self.lives}" / "ledger.db"

    @property
    def url(self) -> str:
        """The ledger of the present process, as its settings name it."""
        self.path.parent.mkdir(exist_ok=True)
        return f"sqlite:///{self.path}"

    @contextmanager
    def mounted(self) -> Generator[None]:
        """Every connection that the product opens meanwhile is one of this disk's."""
        pool: Any = recorder.LedgerPool
        plain = pool._create_connection

        def create(self_: Any) -> Any:
            made = plain(self_)
            raw: sqlite3.Connection = made._sqlite_conn
            raw.execute("PRAGMA synchronous=OFF")  # power cuts are played on copies, so nothing need be synced
            raw.execute("PRAGMA busy_timeout=0")  # a wait inside SQLite would stop the only thread there is
            if not self_._read_only:
                raw.set_trace_callback(self._statement)
                self._writing = raw
            return made

        pool._create_connection = create
        try:
            with alone():
                yield
        finally:
            pool._create_connection = plain
            self.unlock()

    # -- what goes wrong ---------------------------------------------------------------------------

    def lock(self) -> None:
        """Another program begins to write and does not come to an end."""
        if self._other is None and self.path.exists():
            self._other = sqlite3.connect(self.path, isolation_level=None, timeout=0)
            with suppress(sqlite3.OperationalError):
                self._other.execute("BEGIN IMMEDIATE")

    def unlock(self) -> None:
        """The other program is done."""
        if self._other is not None:
            self._other.close()
            self._other = None

    def cut(self) -> None:
        """The process is gone: what lies on the disk now is what the next one finds."""
        self.unlock()
        before = self.path
        self.lives += 1
        self.path.parent.mkdir()
        for name in ("ledger.db", "ledger.db-wal"):
            if (before.parent / name).exists():
                copyfile(before.parent / name, self.path.parent / name)

    # -- the present process -----------------------------------------------------------------------

    def run(self, call: Callable[[], T]) -> T:
        """Run a transaction, which the power may fail in."""
        self._make_room()
        doom, self.doom = self.doom, None
        if doom is None:
            return call()
        kind, number, passing = doom
        if passing:
            self.doom = (kind, number, passing - 1)
            return call()
        if kind == "before the transaction":
            self._die()
        self._statements, self._cut_at = 0, (2 + number % 4 if kind == "inside the transaction" else 0)
        start, lives = self._log_size(), self.lives
        try:
            done = call()
        finally:
            self._cut_at = 0
        if self.lives != lives:
            raise StoreUnavailable("the process is gone")
        if kind == "torn commit":
            self.cut()
            self._tear(start, number)
            self._tell()
        elif kind == "after the commit":
            self._die()
        else:  # fewer statements than that: the next transaction is longer
            self.doom = doom
        return done

    def _die(self) -> None:
        self.cut()
        self._tell()

    def _tell(self) -> None:
        if self.on_cut is not None:
            self.on_cut()
        raise StoreUnavailable("the process is gone")

    def _statement(self, _sql: str) -> None:
        self._statements += 1
        if self._cut_at and self._statements == self._cut_at:
            self._cut_at = 0
            self.cut()
            if self.on_cut is not None:
                self.on_cut()

    def _log_size(self) -> int:
        log = self.path.with_name("ledger.db-wal")
        return log.stat().st_size if log.exists() else 0

    def _tear(self, start: int, number: int) -> None:
        """Of what the commit added to the log, only the first bytes reached the disk."""
        log = self.path.with_name("ledger.db-wal")
        end = self._log_size()
        if end > start:
            with log.open("r+b") as file:
                file.truncate(start + number % (end - start))

    def _make_room(self) -> None:
        if self._writing is None:
            return
        with suppress(sqlite3.ProgrammingError):  # closed meanwhile, by the one whose connection it was
            used = self._writing.execute("PRAGMA page_count").fetchone()[0]
            most = used + SPARE_PAGES if self.full else UNBOUNDED
            self._writing.execute(f"PRAGMA max_page_count={most}")


class DiskThreads:
    """Runs the ledger's calls where the caller is, at a moment of the simulation's choice."""

    def __init__(self, disk: Disk, rng: Random, alive: Callable[[], bool]) -> None:
        self._disk = disk
        self._rng = rng
        self._alive = alive

    async def write(self, call: Callable[[], T]) -> T:
        if getattr(call, "__name__", "") == "close":  # which is the operating system's, when a process dies
            return call()
        await anyio.sleep(self._rng.uniform(0.0, 0.004))
        if not self._alive():
            raise StoreUnavailable("the process is gone")
        return self._disk.run(call)

    async def read(self, call: Callable[[], T]) -> T:
        await anyio.sleep(self._rng.uniform(0.0, 0.002))
        return call()
