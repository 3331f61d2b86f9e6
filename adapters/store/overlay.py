"""A ledger on top of another one: what is below shows through, what is written stays here and is thrown away.

For trying out what would happen. Nothing is ever written below, and no lock below is held.
"""
# ruff: noqa: S608 - only names from our own constants stand in the SQL, every value is bound

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import anyio

from adapters.store.ledger import Ledger
from adapters.store.schema import EVENTS
from adapters.store.sqlite import SqliteDatabase
from adapters.store.statements import Statement

_UP_TO_HERE = "overlay.begins.1"


class Overlay(Ledger):
    """Streams and contents of the ledger below, and those that were added here.

    Rows are its own: whoever needs the read models of the ledger below copies them, and says how far they are.

    Raises  StoreUnavailable from every method.
    """

    def __init__(self, below: Ledger, database: SqliteDatabase) -> None:
        super().__init__(database, below.events, below.clock, below.threads)
        self._below = below

    async def starts_at(self, position: int) -> None:
        """Lets new events take the positions behind this one, so that they follow all that was copied."""
        if position:
            values = (position, bytes(16), 0, _UP_TO_HERE, b"{}")
            await self.change([Statement(f"INSERT INTO {EVENTS} VALUES (?, ?, ?, ?, ?)", (values,))])

    async def load(self, ids: Sequence[UUID], after: Mapping[UUID, int] | None = None) -> dict[UUID, list[Any]]:
        """Events of many streams, in order; from below, and behind them those of here."""
        own = await super().load(ids, after)
        found = await self._below.load(ids, after)
        for id_, added in own.items():
            if added:
                # What came below since then is another story: here it went on from where it was.
                first = added[0].originator_version
                found[id_] = [event for event in found[id_] if event.originator_version < first] + added
        return found

    async def contents(self, shas: Sequence[str]) -> dict[str, bytes]:
        """Bodies by the SHA-256 that names them."""
        own = await super().contents(shas)
        return {**await self._below.contents([sha for sha in shas if sha not in own]), **own}

    async def snapshots(self, ids: Sequence[UUID]) -> dict[UUID, tuple[int, str, bytes]]:
        """The newest snapshot of each stream that has one; of a stream that went on here only one of here is safe."""
        own = await super().snapshots(ids)
        went_on = {id_ for id_, events in (await super().load(ids)).items() if events}
        return {**await self._below.snapshots([id_ for id_ in ids if id_ not in went_on]), **own}


@asynccontextmanager
async def open_overlay(below: Ledger) -> AsyncGenerator[Overlay]:
    """An empty overlay in a folder that only this user can read, and that is gone at the end.

    Raises  StoreUnavailable.
    """
    with TemporaryDirectory(prefix="siteledger-", ignore_cleanup_errors=True) as folder:
        database = SqliteDatabase(str(Path(folder) / "overlay.db"))
        try:
            overlay = Overlay(below, database)
            await overlay.upgrade()
            yield overlay
        finally:
            with anyio.CancelScope(shield=True):
                await below.threads.write(database.close)
