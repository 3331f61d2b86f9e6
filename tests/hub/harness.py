"""A ledger with the product's events, its read models, and systems that show what a test tells them to show."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapters.ports import FixedClock, seeded_rng
from adapters.store import Ledger, Registry, ThreadPool, open_ledger
from domain.delivery import Listing
from domain.errors import SiteLedgerError
from domain.events import EVENTS, UPCASTERS
from domain.values import BUSINESS_CENTRAL, PROCORE, Json, System
from hub.connection import Pair
from hub.projector import Projector
from hub.records import Records
from projections.registry import PROJECTIONS
from tests.blank import sqlite_at
from tests.ledger_story import BC_COMPANY, CONNECTION, PROCORE_COMPANY, START

Answer = Sequence[Json] | SiteLedgerError


class Shown:
    """Answers lists by their name, and notes which were asked for."""

    def __init__(self, system: System, lists: Mapping[str, Answer]) -> None:
        self.system = system
        self.lists = dict(lists)
        self.asked: list[Listing] = []

    async def list(self, listing: Listing) -> Sequence[Json]:
        self.asked.append(listing)
        answer = self.lists[listing.name]
        if isinstance(answer, SiteLedgerError):
            raise answer
        return answer


@dataclass
class Bench:
    """The parts that tests of the hub work with."""

    ledger: Ledger
    projector: Projector
    records: Records
    clock: FixedClock

    async def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows of the read models, brought up to date first."""
        await self.projector.catch_up()
        return await self.ledger.rows(sql, values)

    async def events(self) -> list[str]:
        """Topics of everything that happened, in order."""
        return [topic for _, _, _, topic, _ in await self.ledger.read(0, 1000)]

    def pair(self, kind: str = "test", **more: Any) -> Pair:
        """A connection whose Procore lists its own company and nothing else, unless told otherwise."""
        lists = {"companies": [{"id": int(PROCORE_COMPANY)}], **more.pop("lists", {})}
        targets = {PROCORE: Shown(PROCORE, lists), BUSINESS_CENTRAL: Shown(BUSINESS_CENTRAL, lists)}
        return Pair(
            **{
                "name": CONNECTION,
                "kind": kind,
                "bc_company": BC_COMPANY,
                "procore_company": PROCORE_COMPANY,
                "targets": targets,
                "flow_settings": {},
                "clock": self.clock,
                "rng": seeded_rng(1),
                **more,
            }
        )


@asynccontextmanager
async def bench(folder: Path) -> AsyncGenerator[Bench]:
    """A blank ledger on SQLite."""
    clock = FixedClock(START)
    events = Registry(EVENTS, UPCASTERS)
    url = sqlite_at(folder / "ledger.db")
    async with open_ledger(url, events=events, clock=clock, threads=ThreadPool()) as ledger:
        projector = Projector(ledger, PROJECTIONS)
        await projector.start()
        yield Bench(ledger, projector, Records(ledger, CONNECTION), clock)
