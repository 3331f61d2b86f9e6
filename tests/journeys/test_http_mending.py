"""What failed is retried over HTTP by its cause and done without waiting for a poll; a batch outlives a restart."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.operations.batches import freeze, view
from hub.operations.choosing import Choice, choose
from tests.journeys.harness import World, sqlite, world
from tests.journeys.quick import quick
from tests.journeys.serving import Served, served
from tests.journeys.test_mending import bar, refused_orders

pytestmark = [pytest.mark.journey, pytest.mark.requirement("BX-21", "DC-08")]

RARELY = {"poll_every": "1d"}
NUMBERS = ("PO2", "PO3", "PO4")
SOON = timedelta(minutes=5)


async def settled(it: Served) -> None:
    """The first round has ended."""
    await it.until(lambda: it.service.beats["main"].rounds)


async def all_synced(it: World, service: Served) -> bool:
    rows = await service.ask_ledger(
        "SELECT state FROM record_state WHERE flow = 'purchase-order-to-commitment' ORDER BY number"
    )
    return [row[0] for row in rows] == ["synced"] * (len(NUMBERS) + 1) and len(it.contracts()) == len(NUMBERS) + 1


async def is_synced(service: Served, number: str) -> bool:
    return (await service.get(f"/api/v1/records?q={number}"))["items"][0]["state"] == "synced"


@quick
async def test_a_cause_is_retried_over_http_and_its_records_are_synced_at_once(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path), **RARELY) as it:
        await refused_orders(it, NUMBERS)
        async with served(it) as service:
            await settled(service)
            [group] = (await service.get("/api/v1/failures"))["items"]
            assert (group["records"], group["state"]) == (3, "dead")
            bar(it, "active")

            wish: dict[str, Any] = {"filter": {"cause": group["cause"]}, "reason": "the code is active again"}
            status, shown = await service.post("/api/v1/failures/retry", {**wish, "dry_run": True})
            assert (status, shown["total"]) == (200, 3)
            status, batch = await service.post("/api/v1/failures/retry", wish, headers={"Idempotency-Key": "once"})
            assert (status, batch["total"], batch["filter"]) == (201, 3, {"cause": group["cause"]})
            again = await service.post("/api/v1/failures/retry", wish, headers={"Idempotency-Key": "once"})
            assert again == (201, batch)

            await service.until(lambda: all_synced(it, service), SOON)
            told = await service.get(f"/api/v1/batches/{batch['batch']}")
            assert (told["state"], told["done"], told["succeeded"]) == ("ended", 3, 3)
            assert (await service.get("/api/v1/failures"))["items"] == []
            assert len((await service.get("/api/v1/batches"))["items"]) == 1


@quick
async def test_one_record_is_retried_and_another_is_left_out(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path), **RARELY) as it:
        await refused_orders(it, ("PO2", "PO3"))
        async with served(it) as service:
            await settled(service)
            bar(it, "active")
            [contract] = it.contracts(number="PO2")
            assert it.lines(contract_id=contract["id"]) == []
            found = {each["number"]: each for each in (await service.get("/api/v1/records?state=dead"))["items"]}
            for number, deed in (("PO2", "retry"), ("PO3", "skip")):
                path = f"/api/v1/records/{found[number]['record']}/{deed}"
                status, batch = await service.post(path, {"reason": "by hand"})
                assert (status, batch["done"], batch["actor"]) == (201, 1, "token:admin")

            await service.until(lambda: it.lines(contract_id=contract["id"]), SOON)
            await service.until(lambda: is_synced(service, "PO2"), SOON)
            [left] = (await service.get("/api/v1/records?q=PO3"))["items"]
            assert left["state"] == "excluded"


@quick
async def test_a_batch_that_was_cut_off_is_worked_through_as_soon_as_the_service_runs_again(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path), **RARELY) as it:
        await refused_orders(it, NUMBERS)
        bar(it, "active")
        async with it.hub() as hub:
            choice = Choice(ids=NUMBERS)
            members = await choose(hub, "retry", choice)
            batch = await freeze(hub, "retry", members, choice, reason="it is mended", actor="user:ann")
        async with served(it) as service:
            await service.until(lambda: all_synced(it, service), SOON)
            assert (await view(service.service.hub, batch)).state == "ended"
            actors = await service.ask_ledger("SELECT DISTINCT actor FROM event_log WHERE event LIKE 'batch.%'")
            assert actors == [("user:ann",)]
