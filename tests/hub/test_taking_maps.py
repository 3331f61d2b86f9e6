"""A process that dies while it takes other maps: the next one reads the rest anew, and nothing twice."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest

from adapters.store import StoreUnavailable, ThreadPool
from hub import taking_maps
from hub.app import Hub
from hub.mappings import in_force
from hub.operations.mappings import draft, publish
from hub.records import Records
from hub.taking_maps import take
from tests.journeys.harness import World, line, sqlite, world
from tests.journeys.quick import quick

T = TypeVar("T")
MAPS = {
    "purchaseOrders": {"codes": {"paymentTermsCode": {"30D": "Net 30"}}},
    "vendors": {"fields": {"email": "phoneNumber"}},
}
TOLD = "SELECT record, COUNT(*) FROM event_log WHERE event = 'record.observed.1' GROUP BY record ORDER BY record"


class Dying(ThreadPool):
    """Lets no write through from one on; that one still gets there, or not."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.left, self.counting = (number + 1) // 2, False
        self._arrives = number % 2 == 0

    async def write(self, call: Callable[[], T]) -> T:
        if not self.counting or getattr(call, "__name__", "") == "close":
            return await super().write(call)
        self.left -= 1
        if self.left > 0 or (self.left == 0 and self._arrives):
            result = await super().write(call)
            if self.left > 0:
                return result
        raise StoreUnavailable("the process is gone")


async def taken(hub: Hub) -> None:
    """What a round does first."""
    await hub.projector.catch_up()
    pair = replace(hub.unreached("main"), mapping=await in_force(hub.ledger, "main"))
    await take(pair, Records(hub.ledger, "main"), hub.projector.catch_up, only_known=False)


async def told(hub: Hub) -> list[Any]:
    """How often each record was seen, what is believed of each, which maps are in force, and what is read anew."""
    await hub.projector.catch_up()
    return [
        await hub.ledger.rows(sql)
        for sql in (
            TOLD,
            "SELECT record, content FROM record ORDER BY record",
            "SELECT newest, in_force FROM mapping",
            "SELECT mapping, taken_from > 0 FROM mapping_version",
            "SELECT entity_set, read_to FROM feed ORDER BY entity_set",
        )
    ]


async def other_life(it: World, store: str, number: int) -> tuple[bool, list[Any]]:
    """Dies at a write, starts again, and finishes; whether it died."""
    it.store = store
    threads = Dying(number)
    died = False
    async with it.hub(threads=threads) as hub:
        await hub.projector.catch_up()
        threads.counting = True
        try:
            await taken(hub)
        except StoreUnavailable:
            died = True
        threads.counting = False
    async with it.hub() as hub:
        await taken(hub)
        return died, await told(hub)


@pytest.mark.requirement("BX-11", "DC-12")
@quick
async def test_whoever_dies_while_maps_are_taken_leaves_the_rest_to_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taking_maps, "PAGE", 2)
    async with world(sqlite(tmp_path)) as it:
        it.basics()
        it.project("JOB1")
        for number, terms in (("PO1", "30D"), ("PO2", ""), ("PO3", "30D"), ("PO4", "30D"), ("PO5", "60D")):
            it.order(number, "JOB1", [line("01-100", "SITE", "M")], paymentTermsCode=terms, release=True)
        await it.settle()
        async with it.hub() as hub:
            proposal = await draft(hub, "main", MAPS, actor="cli:ana")
            await publish(hub, "main", proposal.draft, actor="cli:ana")
        undisturbed = await other_life(it, copied(tmp_path, 0), 10_000)
        deaths = 0
        for number in range(1, 200):
            died, found = await other_life(it, copied(tmp_path, number), number)
            assert found == undisturbed[1], f"died at write {number}"
            if not died:
                break
            deaths += 1

    assert not undisturbed[0]
    assert deaths >= 8  # pages of changed orders, the version, and the rows of each
    assert not died


def copied(folder: Path, number: int) -> str:
    """A copy of the ledger, for one life."""
    place = folder / str(number)
    place.mkdir()
    shutil.copy(folder / "ledger.db", place / "ledger.db")
    return sqlite(place)
