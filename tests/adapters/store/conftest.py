"""Events of a made-up kind, and a ledger that is opened the same way everywhere."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from typing import ClassVar
from uuid import UUID, uuid5

import msgspec
import pytest

from adapters.ports import FixedClock
from adapters.store import Ledger, Registry, ThreadPool, open_ledger

SPACE = UUID("00000000-0000-5000-8000-000000000000")


class Noted(msgspec.Struct, frozen=True, kw_only=True):
    TOPIC: ClassVar[str] = "test.noted.2"
    originator_id: UUID
    originator_version: int
    text: str
    amount: str = "0"


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    TOPIC: ClassVar[str] = "test.ended.1"
    originator_id: UUID
    originator_version: int


def with_amount(fields: dict[str, object]) -> dict[str, object]:
    return {**fields, "amount": "1.50"}


REGISTRY = Registry({Noted.TOPIC: Noted, Ended.TOPIC: Ended}, {"test.noted.1": ("test.noted.2", with_amount)})


def stream(name: str) -> UUID:
    return uuid5(SPACE, name)


def noted(name: str, version: int = 1, text: str = "seen") -> Noted:
    return Noted(originator_id=stream(name), originator_version=version, text=text)


@asynccontextmanager
async def ledger_at(url: str) -> AsyncIterator[Ledger]:
    clock = FixedClock(datetime(2026, 1, 5, tzinfo=UTC))
    async with open_ledger(url, events=REGISTRY, clock=clock, threads=ThreadPool()) as ledger:
        yield ledger


@pytest.fixture(name="noted")
def _noted() -> Callable[..., Noted]:
    return noted


@pytest.fixture(name="stream")
def _stream() -> Callable[[str], UUID]:
    return stream


@pytest.fixture
def opened() -> Callable[[str], AbstractAsyncContextManager[Ledger]]:
    return ledger_at
