"""Requests of Procore's ERP desk: recorded once, answered once, and never carried."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.sandbox.faults import Fault
from adapters.sandbox.procore.erp import DETAILS, REQUESTS
from adapters.sandbox.procore.webhook_events import TRIGGERS
from domain.flows.erp_request_to_close_out import NOTHING
from tests.journeys.harness import World, sqlite, world
from tests.journeys.quick import quick
from tests.journeys.serving import Served, served
from tests.journeys.test_hearing import PROCORE_PATH, RARELY, set_up

ON = {**RARELY, "procore": {"erp_requests": True}}
SHOWN = r"/erp_requests/\d+$"


def fetched(it: World) -> int:
    """How often a request was read."""
    return sum(entry.method == "GET" and "/erp_requests/" in entry.path for entry in it.procore.log)


def closed(it: World) -> list[tuple[str, list[str]]]:
    return [(row["status"], row["messages"]) for row in it.procore.state.rows(DETAILS)]


async def tell(it: World) -> None:
    """Procore tells everything that it has to tell; what took too long on a busy machine once more."""
    await it.procore.deliverer.send()
    while it.procore.outbox.waiting():
        it.clock.skip(timedelta(minutes=1))
        await it.procore.deliverer.send()


async def requests(it: Served) -> list[tuple[Any, ...]]:
    return await it.ask_ledger(
        "SELECT r.title, s.state FROM record r JOIN record_state s ON s.record = r.record"
        " WHERE r.kind = 'erp_request' ORDER BY r.position"
    )


async def settled(it: Served, count: int) -> bool:
    found = await requests(it)
    return len(found) == count and all(state == "synced" for _, state in found)


@pytest.mark.requirement("ER-55")
@quick
async def test_a_request_is_read_once_recorded_and_closed_with_words_that_say_where_to_act(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path), **ON) as it:
        it.basics()
        it.procore.settings.erp_connected = True
        async with served(it) as service:
            await set_up(service)
            asked = {(row["resource_name"], row["event_type"]) for row in it.procore.state.rows(TRIGGERS)}
            before = it.written()
            it.procore.outbox.duplicates = 3
            job = it.procore.desk.send("create_or_update_job", {"job": {"name": "Lakeside"}}, item_type="project")
            bare = it.procore.desk.send("create_budget", {"budget": {"amount": 12.5}})

            await tell(it)
            await service.until(lambda: settled(service, 2))
            token = await service.service.hub.vault.get("webhook/procore/main")
            assert token is not None
            headers = {"Authorization": f"Bearer {token.get_secret_value()}"}
            again = {"id": 77, "event_type": "create", "resource_name": "ERP Requests", "resource_id": job["id"]}
            gone = again | {"id": 78, "resource_id": 4711}
            for event in (again, gone):
                status, _ = await service.ask("POST", PROCORE_PATH, token="", headers=headers, json=event)
                assert status == 204
            letters = "SELECT source_id FROM dead_letter WHERE entity_set = 'erp_requests'"
            await service.until(lambda: service.ask_ledger(letters))
            await service.until(lambda: not service.service.schedule.is_busy("main"))

            [(status, [words])] = closed(it)
            told = (await service.get("/api/v1/records?kind=erp_request"))["items"]
            name = "SELECT r.content FROM record r WHERE r.kind = 'erp_request' AND r.source_id = ?"
            [(content,)] = await service.ask_ledger(name, str(bare["id"]))
            kept = (await service.service.hub.ledger.contents([content]))[content]
            left = await service.ask_ledger("SELECT source_id FROM dead_letter WHERE entity_set = 'erp_requests'")
            warned = await service.ask_ledger("SELECT reasons FROM record_state WHERE number = ?", str(bare["id"]))

    assert ("ERP Requests", "create") in asked
    assert fetched(it) == 3  # each once, and the one that does not exist
    assert status == "failed"
    assert "project in Business Central" in words
    assert "code" not in words  # E23: that word lets a user change the number of the job
    assert {row["title"] for row in told} == {"create_or_update_job", "create_budget"}
    assert b'"amount":12.5' in kept
    assert left == [("4711",)]
    assert NOTHING in warned[0][0]
    assert it.written() - before == 1  # the one detail, and nothing else anywhere


@pytest.mark.requirement("ER-55")
@quick
async def test_a_request_that_cannot_be_read_or_answered_at_once_is_later_and_still_once(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path), **ON) as it:
        it.basics()
        it.procore.settings.erp_connected = True
        async with served(it) as service:
            await set_up(service)
            it.procore.faults.add(
                Fault(kind="status", status=503, path=SHOWN, times=4),
                Fault(kind="lost_reply", method="PATCH", path="/erp_request_details/"),
            )
            it.procore.desk.send("create_vendor", {"vendor": {"name": "Fresh Concrete"}}, item_type="vendor")
            rounds = service.service.beats["main"].rounds
            await tell(it)
            await service.until(lambda: service.service.beats["main"].rounds > rounds)
            unread = await requests(service)
            service.service.schedule.hint("main", ["erp_request"])  # as it does by itself, a minute later
            await service.until(lambda: settled(service, 1))
            await service.until(lambda: not service.service.schedule.is_busy("main"))

    assert unread == []
    assert [status for status, _ in closed(it)] == ["failed"]
    assert it.procore.count("vendors") == 1


@pytest.mark.requirement("ER-55")
@quick
async def test_by_default_nothing_is_asked_for_and_what_comes_is_left_to_others(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path), **RARELY) as it, served(it) as service:
        it.procore.settings.erp_connected = True
        await set_up(service)
        it.procore.desk.send("create_vendor", {"vendor": {}}, item_type="vendor")
        await tell(it)

        names = {row["resource_name"] for row in it.procore.state.rows(TRIGGERS)}
        flow = {each["name"]: each["on"] for each in (await service.get("/api/v1/flows"))["items"]}
        assert "ERP Requests" not in names
        assert flow["erp-request-to-close-out"] == []
        assert it.procore.count(REQUESTS) == 1
        assert fetched(it) == 0
