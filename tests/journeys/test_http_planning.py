"""Plans are made and applied over HTTP beside the rounds of the service, and links are made, cut and refused."""

from datetime import timedelta
from pathlib import Path

import anyio
import pytest

from hub.app import lock_of
from hub.web import asking
from tests.hub.web.test_contract import fits, schema_of
from tests.journeys.hands import COMMITMENTS, order_of, staged, theirs
from tests.journeys.harness import line, sqlite, world
from tests.journeys.quick import quick
from tests.journeys.serving import Served, served

pytestmark = [pytest.mark.journey]

RARELY = {"poll_every": "1d"}
SOON = timedelta(minutes=5)


async def settled(it: Served) -> None:
    """The first round has ended, and none is under way or about to begin."""
    await it.until(lambda: it.service.beats["main"].rounds)
    await it.until(lambda: not it.service.schedule.is_busy("main"))


@pytest.mark.requirement("BX-04")
@quick
async def test_a_plan_is_made_reviewed_and_applied_over_http(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path), **RARELY) as it:
        it.basics()
        it.project("JOB1", tasks=("01-100",), segments=("SITE",))
        async with served(it) as service:
            await settled(service)
            it.order("PO1", "JOB1", [line("01-100", "SITE", "M", "2", "10.50")], release=True)
            places = it.places()
            status, made = await service.post("/api/v1/plans", {})
            assert (status, it.written(places)) == (201, 0)
            fits(made, schema_of("/api/v1/plans", "201", "post"))
            assert [each["record_number"] for each in made["writes"] if each["part"] == "header"] == ["PO1"]

            path = f"/api/v1/plans/{made['hash']}"
            told = await service.get(path)
            fits(told, schema_of("/api/v1/plans/{id}"))
            assert (told["writes"], told["state"]) == (made["writes"], "made")
            fits(await service.get("/api/v1/plans"), schema_of("/api/v1/plans"))

            status, applied = await service.ask("POST", f"{path}/apply")
            assert (status, applied["result"], applied["sent"]) == (200, "done", len(made["writes"]))
            fits(applied, schema_of("/api/v1/plans/{id}/apply", "200", "post"))
            assert len(it.contracts()) == 1
            status, again = await service.ask("POST", f"{path}/apply")
            assert (status, again["result"], again["sent"]) == (200, "already", 0)


@pytest.mark.requirement("BX-04")
@quick
async def test_a_plan_that_does_not_fit_any_more_is_refused_with_what_moved(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path), **RARELY) as it:
        it.basics()
        it.project("JOB1", tasks=("01-100",), segments=("SITE",))
        async with served(it) as service:
            await settled(service)
            it.order("PO1", "JOB1", [line("01-100", "SITE", "M", "2", "10.50")], release=True)
            _, made = await service.post("/api/v1/plans", {"full": True})
            assert made["writes"]
            it.reopen("PO1")
            it.update("purchaseOrders", {"number": "PO1"}, yourReference="Gate 3")
            it.release("PO1")
            places = it.places()
            status, problem = await service.ask("POST", f"/api/v1/plans/{made['hash']}/apply")
            assert (status, it.written(places)) == (409, 0)
            assert any("PO1" in each["problem"] for each in problem["errors"])


@pytest.mark.requirement("BX-04")
@quick
async def test_a_plan_waits_for_whoever_is_at_work_and_says_when_that_takes_too_long(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path), **RARELY) as it:
        it.basics()
        it.project("JOB1", tasks=("01-100",), segments=("SITE",))
        async with served(it) as service:
            await settled(service)
            it.order("PO1", "JOB1", [line("01-100", "SITE", "M", "2", "10.50")])
            _, made = await service.post("/api/v1/plans", {})
            path = f"/api/v1/plans/{made['hash']}/apply"
            lock = service.service.hub.ledger.exclusive(lock_of("main"))
            async with lock, service.raw("POST", path) as answer:
                assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
            assert it.contracts() == []

            held, freed = service.service.hub.ledger.exclusive(lock_of("main")), anyio.Event()

            async def hold() -> None:
                async with held:
                    freed.set()
                    await anyio.sleep(asking.PATIENCE.total_seconds() / 2)

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(hold)
                await freed.wait()
                status, applied = await service.ask("POST", path)
            assert (status, applied["result"]) == (200, "done")


@pytest.mark.requirement("C-55", "ER-26")
@quick
async def test_a_link_is_proposed_made_and_carried_at_once_and_cut_only_when_that_is_right(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path), **RARELY) as it:
        contract = theirs(it, await staged(it), "20.00")
        order_of(it, "10.00")
        await it.sync()
        assert await it.state("PO1") == "parked"
        async with served(it) as service:
            await settled(service)
            [order] = (await service.get(f"/api/v1/records?flow={COMMITMENTS}"))["items"]
            path = f"/api/v1/records/{order['record']}"
            found = await service.get(f"/api/v1/links/proposals?flow={COMMITMENTS}")
            fits(found, schema_of("/api/v1/links/proposals"))
            [proposal] = found["items"]
            assert (proposal["number"], proposal["procore_id"]) == ("PO1", str(contract["id"]))

            wish = {"flow": COMMITMENTS, "bc_id": "PO1", "procore_id": proposal["procore_id"], "reason": "the same"}
            status, problem = await service.post("/api/v1/links", {**wish, "procore_id": "99"})
            assert (status, problem["detail"].startswith("PO1: ")) == (409, True)
            status, handled = await service.post("/api/v1/links", wish)
            assert (status, handled["done"]) == (201, True)
            fits(handled, schema_of("/api/v1/links", "201", "post"))

            async def is_synced() -> bool:
                return (await service.get(path))["flows"][0]["state"] == "synced"

            await service.until(is_synced, SOON)
            assert [each["id"] for each in it.contracts()] == [contract["id"]]
            pairs = (await service.get(f"/api/v1/links?flow={COMMITMENTS}"))["items"]
            assert {(each["how"], each["by"]) for each in pairs} == {("by hand", "token:admin")}

            status, problem = await service.post(f"{path}/unlink", {"reason": "wrong one"})
            assert (status, problem["detail"].startswith("PO1: ")) == (409, True)
            status, handled = await service.post(f"{path}/reset", {"reason": "wrong one"})
            assert (status, handled["done"], str(contract["id"]) in handled["warning"]) == (200, True, True)
            fits(handled, schema_of("/api/v1/records/{id}/reset", "200", "post"))
