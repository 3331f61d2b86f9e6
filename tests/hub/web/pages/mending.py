"""A served hub that works in the background, before a ledger in which Procore refused orders for five reasons."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio

from domain.events import DeadLettered
from domain.values import BUSINESS_CENTRAL, sha256_of
from hub.records import Records
from tests.hub.failing import named, refusals
from tests.hub.web.harness import NOW, Filled, Web, served, settings
from tests.ledger_story import Story, claimed, refused, requested

LOCKED = "PROCORE_LOCKED"
BODY = b'{"number": "PO-77", "lines": ['


@asynccontextmanager
async def failing(ledger: Filled, folder: Path, count: int = 10, *, at_work: bool = True) -> AsyncGenerator[Web]:
    """So many orders failed on `main`, two of every ten for each cause; the tail follows, batches are at work."""
    async with served(settings(ledger.copy(folder), ledger.tables)) as it, anyio.create_task_group() as tasks:
        await it.hub.ledger.append(refusals(range(count), "main"))
        await it.hub.projector.catch_up()
        await it.service.tail.start()
        tasks.start_soon(it.service.tail.run)
        if at_work:
            tasks.start_soon(it.service.works.run)
        yield it
        tasks.cancel_scope.cancel()


async def unreadable(it: Web) -> str:
    """Something that could not be read; its id."""
    letter = DeadLettered(
        originator_id=named(9_000),
        originator_version=1,
        at=NOW,
        connection="main",
        correlation_id="s",
        causation_id="s",
        actor="system",
        side=BUSINESS_CENTRAL,
        entity_set="purchaseOrders",
        source_id="",
        reason="it ends too early",
        content=sha256_of(BODY),
    )
    await it.hub.ledger.append([letter], {sha256_of(BODY): BODY})
    await it.hub.projector.catch_up()
    return str(letter.originator_id)


async def refused_again(it: Web, number: int) -> None:
    """Procore refuses an order once more, after it was retried."""
    record = (await Records(it.hub.ledger, "main").load([named(number)]))[named(number)]
    commands = (requested("again"), claimed(), refused(message=f"The budget {number} is locked"))
    await it.hub.ledger.append(Story(record).when(*commands).events)
