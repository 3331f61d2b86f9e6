"""A ledger full of records that Procore refused, made from events alone, and a hub on it."""

import tomllib
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

from adapters.ports import FixedClock, seeded_rng
from adapters.store import Ledger, Threads
from domain.events import Event
from domain.record import Record
from domain.values import digest
from hub.app import Hub, open_hub
from hub.settings import Settings
from hub.settings.values import Surroundings
from tests.hub.settings.sample import MAIN, SECRETS
from tests.ledger_story import (
    CONNECTION,
    START,
    Command,
    Story,
    claimed,
    observed,
    refused,
    requested,
)

WORDS = (
    "Vendor V{0} is inactive",
    "wbs_code_id: {0} is invalid",
    "The budget {0} is locked",
    "Quantity {0} exceeds the ordered quantity",
    "Unit of measure {0} is unknown",
)
CAUSES = 5


def named(number: int, connection: str = CONNECTION) -> UUID:
    """The record with a number."""
    return Record.id_for(connection, "commitment", f"po-{number}")


def refusals(numbers: Sequence[int], connection: str = CONNECTION) -> list[Event]:
    """Orders that Procore refused, one after the other for each of five reasons."""
    told: list[Event] = []
    for number in numbers:
        seen = observed(digest(str(number)), number=f"PO-{number}")
        last = refused(message=WORDS[number % CAUSES].format(number))
        commands: tuple[Command, ...] = (seen, requested(), claimed(), last)
        story = Story(Record(named(number, connection), connection)).when(*commands)
        told.extend(story.events)
    return told


async def fill(ledger: Ledger, count: int, connection: str = CONNECTION) -> None:
    """Store that many of them."""
    for start in range(0, count, 500):
        await ledger.append(refusals(range(start, min(start + 500, count)), connection))


@asynccontextmanager
async def hub_on(url: str, threads: Threads | None = None) -> AsyncGenerator[Hub]:
    """A hub that needs no remote system and no configuration but its store."""
    document = {**tomllib.loads(MAIN), "store": {"url": url}}
    settings = Settings.model_validate(document, context=Surroundings(environ=SECRETS))
    async with open_hub(settings, clock=FixedClock(START), rng=seeded_rng(1), threads=threads) as hub:
        await hub.projector.catch_up()
        yield hub


async def retried_once(hub: Hub, count: int, topic: str = "flow.retried.1") -> list[UUID]:
    """Records that were retried more or less than once, of the first so many."""
    found = await hub.ledger.load([named(number) for number in range(count)])
    return [id_ for id_, told in found.items() if sum(topic == event.TOPIC for event in told) != 1]
