"""The gate on a ledger of its own, with a clock that is set by hand."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from adapters.ports import FixedClock, seeded_rng
from adapters.store import Ledger, Registry, ThreadPool, open_ledger
from domain.events import EVENTS, UPCASTERS, Event
from hub.access import EVERY, Access, Principal, Right, Role, operator
from hub.settings import Secret

OPERATOR = operator("cli:olga")
MONTH = timedelta(days=30)
ADMIN_TOKEN = "planted-admin-token-of-a-test"


@dataclass
class Bench:
    """What tests of the gate work with."""

    ledger: Ledger
    access: Access
    clock: FixedClock

    async def events(self) -> list[Event]:
        """Everything that happened."""
        return [self.ledger.events.decode(topic, state) for _, _, _, topic, state in await self.ledger.read(0, 1000)]

    async def signed_in(self, name: str, role: Role, *rights: Right, connection: str = EVERY) -> Principal:
        """A user with a role, signed in; rights come from somebody who may give them."""
        giver = Principal("user:root", {EVERY: Role.ADMIN}, frozenset(Right), "root")
        await self.access.put_user(giver, name, roles={connection: role}, rights=frozenset(rights))
        return await self.access.session(await self.access.book.start_session(name))

    async def token(self, name: str, **wish: Any) -> str:
        """A new token."""
        given = {"role": Role.READ, "lifetime": MONTH, **wish}
        return (await self.access.create_token(OPERATOR, name, **given))[0]


@asynccontextmanager
async def bench(url: str = "sqlite:///:memory:") -> AsyncGenerator[Bench]:
    """The gate, opened."""
    clock = FixedClock(datetime(2026, 1, 5, 8, tzinfo=UTC))
    registry = Registry(EVENTS, UPCASTERS)
    async with open_ledger(url, events=registry, clock=clock, threads=ThreadPool()) as ledger:
        yield Bench(ledger, Access(ledger, clock, seeded_rng(5), Secret(ADMIN_TOKEN)), clock)
