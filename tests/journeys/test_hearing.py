"""What both systems announce, from the change that a person makes to what stands in the other one."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import anyio
import pytest

from adapters.sandbox.faults import Fault
from adapters.sandbox.procore.webhook_events import TRIGGERS
from tests.journeys import changes
from tests.journeys.harness import World, line, sqlite, world
from tests.journeys.quick import quick
from tests.journeys.serving import Served, free_port, served

PROCORE_PATH, CENTRAL_PATH = "/webhooks/procore/main", "/webhooks/business-central/main"
VENDOR = "4769bffc-ee7b-448b-9ef4-fa73c026e15b"
ROUNDS_WHILE_THEY_COME = 3
"""A second at least lies between two rounds, and so many seconds five hundred calls may take on a busy machine."""
RARELY = {"poll_every": "1d"}
"""A pace at which nothing of this is found by polling."""


async def set_up(it: Served) -> None:
    """The first round has ended, and both systems were asked to tell, also of the projects that it linked."""
    await it.until(lambda: it.service.beats["main"].rounds)
    assert it.service.subscribing is not None
    async with it.service.hub.pair("main") as pair:
        await it.service.subscribing.look_after(pair)
    assert it.service.subscribing.standing["main"].faults == []


async def heard(it: Served) -> list[tuple[Any, ...]]:
    return await it.ask_ledger("SELECT summary FROM event_log WHERE event = 'notice.heard.1' ORDER BY position")


async def noticed(it: Served) -> bool:
    """A round that a notice began has ended."""
    return bool(await it.ask_ledger("SELECT 1 FROM run WHERE cause = 'notice'"))


@pytest.mark.requirement("PF-06", "PP-55")
@quick
async def test_a_change_order_that_is_approved_in_procore_is_carried_as_soon_as_procore_tells(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path), **RARELY) as it:
        changes.stage(it)
        await changes.joined(it)
        async with served(it) as service:
            await set_up(service)
            changes.order(it, "120.00")
            assert it.bc.tables.rows("changeOrders") == []

            assert await it.procore.deliverer.send() > 0

            await service.until(lambda: it.bc.tables.rows("changeOrders"))
            await service.until(lambda: noticed(service))


@pytest.mark.requirement("PF-14")
@quick
async def test_an_order_that_is_flagged_in_business_central_is_carried_as_soon_as_it_tells(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path), **RARELY) as it:
        it.basics()
        it.project("JOB1")
        async with served(it) as service:
            await set_up(service)
            it.order("PO1", "JOB1", [line("01-100", "SITE", "M", "2", "10.50")])
            it.clock.skip(timedelta(minutes=1))

            await it.bc.notifier.send()

            await service.until(it.lines)
            assert [Decimal(row["amount"]) for row in it.lines()] == [Decimal("21.00")]


@pytest.mark.requirement("PF-06")
@quick
async def test_what_is_told_twice_is_heard_once(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path), **RARELY) as it:
        it.basics()
        it.project("JOB1")
        async with served(it) as service:
            await set_up(service)
            await it.procore.deliverer.send()
            before = await heard(service)
            it.procore.outbox.duplicates = 5

            it.procore.add_vendor("Fresh Concrete", origin_code="V9")
            calls = await it.procore.deliverer.send()

            assert calls == 2
            assert len(await heard(service)) == len(before) + 1


@pytest.mark.requirement("PF-08", "BX-19")
@quick
async def test_one_edit_that_is_told_by_five_hundred_projects_has_one_effect(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path), **RARELY) as it:
        it.typical()
        async with served(it) as service:
            await set_up(service)
            await service.until(lambda: not service.service.schedule.is_busy("main"))
            token = await service.service.hub.vault.get("webhook/procore/main")
            assert token is not None
            headers = {"Authorization": f"Bearer {token.get_secret_value()}"}
            rounds, written = service.service.beats["main"].rounds, it.written()

            async def tell(number: int) -> None:
                event = {
                    "id": number,
                    "event_type": "update",
                    "resource_name": "Project Vendors",
                    "resource_id": 7,
                    "project_id": 1000 + number,
                }
                status, _ = await service.ask("POST", PROCORE_PATH, token="", headers=headers, json=event)
                assert status == 204

            async with anyio.create_task_group() as all_at_once:
                for number in range(500):
                    all_at_once.start_soon(tell, number)
            await service.until(lambda: not service.service.schedule.is_busy("main"))

            assert it.written() == written
            assert service.service.beats["main"].rounds - rounds <= 1 + ROUNDS_WHILE_THEY_COME


@pytest.mark.requirement("PF-15")
@quick
async def test_more_changes_than_business_central_tells_one_by_one_all_arrive(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path), **RARELY) as it:
        it.basics()
        it.project("JOB1")
        it.bc.notifier.collection_above = 10
        async with served(it) as service:
            await set_up(service)
            for number in range(25):
                it.task("JOB1", f"20-{number:03}")
            it.clock.skip(timedelta(minutes=1))

            await it.bc.notifier.send()

            await service.until(lambda: it.procore.count("cost_codes") == 26)
            told = [row[0] for row in await heard(service)]
            assert told.count("heard: collection of projectTasks") == 1


@pytest.mark.requirement("PF-17")
@quick
async def test_a_change_that_nobody_tells_of_is_found_by_the_next_poll(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path), poll_every="5m") as it:
        it.basics()
        it.project("JOB1")
        async with served(it) as service:
            await set_up(service)
            it.bc.subscriptions.unnoticed = True
            it.task("JOB1", "20-100")
            it.clock.skip(timedelta(minutes=1))
            await it.bc.notifier.send()
            assert it.procore.count("cost_codes") == 1

            await service.until(lambda: it.procore.count("cost_codes") == 2)


@pytest.mark.requirement("PF-07", "BX-19")
@quick
async def test_what_the_hub_wrote_itself_is_known_as_its_own_and_begins_no_round(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path), **RARELY) as it:
        it.basics()
        it.project("JOB1")
        async with served(it) as service:
            await set_up(service)
            await it.procore.deliverer.send()
            it.update("projects", {"number": "JOB1"}, displayName="Renamed by a person")
            it.clock.skip(timedelta(minutes=1))
            await it.bc.notifier.send()
            await service.until(lambda: it.procore.count("projects", name="Renamed by a person"))
            await service.until(lambda: not service.service.schedule.is_busy("main"))
            rounds = service.service.beats["main"].rounds

            assert await it.procore.deliverer.send() > 0  # Procore tells of what the hub wrote just now

            assert not service.service.schedule.is_busy("main")
            assert service.service.beats["main"].rounds == rounds
            told = await heard(service)
            assert "heard: update of Projects" in told[-1][0]


@pytest.mark.requirement("PF-06")
@quick
async def test_what_procore_gave_up_to_deliver_is_found_in_its_list(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path), **RARELY) as it:
        changes.stage(it)
        await changes.joined(it)
        port = free_port()
        async with served(it, port) as service:
            await set_up(service)
            await it.procore.deliverer.send()
        changes.order(it, "75.00")
        for _ in range(15):
            await it.procore.deliverer.send()
            it.clock.skip(timedelta(hours=1))
        assert it.procore.outbox.waiting() == 0

        async with served(it, port) as service:
            await set_up(service)

            via = await service.ask_ledger("SELECT COUNT(*) FROM event_log WHERE event = 'notice.heard.1'")
            assert via[0][0] > 0
            await service.until(lambda: it.bc.tables.rows("changeOrders"))


@pytest.mark.requirement("C-64")
@quick
async def test_a_delivery_without_the_secret_is_refused_and_recorded_and_changes_nothing(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path), **RARELY) as it, served(it) as service:
        await set_up(service)
        event = {"id": 1, "event_type": "update", "resource_name": "Projects", "resource_id": 7}

        for headers in ({}, {"Authorization": "Bearer guessed"}, {"Authorization": ""}):
            status, _ = await service.ask("POST", PROCORE_PATH, token="", headers=headers, json=event)
            assert status == 401
        status, _ = await service.ask("POST", "/webhooks/procore/elsewhere", token="", json=event)

        assert status == 401
        assert await heard(service) == []
        refused = await service.ask_ledger("SELECT COUNT(*) FROM event_log WHERE event = 'access.refused.1'")
        assert refused[0][0] >= 1


@pytest.mark.requirement("PF-16")
@quick
async def test_business_central_hears_202_whatever_it_sends_and_its_handshake_in_plain_text(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path), **RARELY) as it, served(it) as service:
        await set_up(service)
        item = {
            "subscriptionId": "abc",
            "clientState": "guessed",
            "resource": f"/api/siteledger/procore/v1.0/companies({it.bc.company_id})/vendors({VENDOR})",
            "changeType": "updated",
            "lastModifiedDateTime": "2026-03-31T22:00:00Z",
        }

        for body in ({"value": [item]}, {"value": "no list"}, [1, 2]):
            status, text = await service.ask("POST", CENTRAL_PATH, token="", json=body)
            assert (status, text) == (202, "")
        status, text = await service.ask("POST", "/webhooks/business-central/elsewhere", token="", json={})
        assert status == 202
        async with service.raw("POST", f"{CENTRAL_PATH}?validationToken=abc-123", token="") as answer:
            assert (answer.status, answer.content_type, await answer.text()) == (200, "text/plain", "abc-123")
        async with service.raw("POST", f"{CENTRAL_PATH}?validationToken=<script>%0a", token="") as answer:
            assert (answer.status, await answer.text()) == (202, "")

        assert await heard(service) == []


@pytest.mark.requirement("PF-06")
@quick
async def test_a_delivery_that_cannot_be_read_is_answered_and_kept_once(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path), **RARELY) as it, served(it) as service:
        await set_up(service)
        token = await service.service.hub.vault.get("webhook/procore/main")
        assert token is not None
        headers = {"Authorization": f"Bearer {token.get_secret_value()}"}

        for body in (b"{", b"{", b'{"id": {}}', b"\xff\x00", b""):
            status, _ = await service.ask("POST", PROCORE_PATH, token="", headers=headers, data=body)
            assert status == 204

        letters = await service.ask_ledger(
            "SELECT summary FROM event_log WHERE event = 'feed.dead-lettered.1' ORDER BY position"
        )
        assert len(letters) == 4
        assert "it is not JSON" in letters[0][0]


@pytest.mark.requirement("PF-14", "PF-16")
@quick
async def test_a_subscription_is_renewed_before_it_ends_and_made_again_when_it_is_gone(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path), **RARELY) as it:
        it.typical()
        async with served(it) as service:
            await set_up(service)
            first = {each.id: each.expires for each in it.bc.subscriptions.living()}
            it.clock.skip(timedelta(days=2))
            await set_up(service)
            renewed = {each.id: each.expires for each in it.bc.subscriptions.living()}
            assert first.keys() == renewed.keys()
            assert all(renewed[id_] > expires for id_, expires in first.items())

            it.clock.skip(timedelta(days=4))
            assert it.bc.subscriptions.living() == []
            await set_up(service)

            assert {each.entity_set for each in it.bc.subscriptions.living()} >= {"projects", "purchaseOrderLines"}
            assert len(it.bc.subscriptions.living()) == len(first)


@pytest.mark.requirement("C-64")
@quick
async def test_a_secret_that_procore_could_not_be_told_is_told_again(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path), **RARELY) as it:
        changes.stage(it)
        await changes.joined(it)
        port = free_port()
        async with served(it, port) as service:
            await set_up(service)
        async with it.hub() as hub:
            await hub.vault.delete("webhook/procore/main")
        it.procore.faults.add(Fault(kind="status", status=422, method="PATCH", path="/webhooks/hooks", times=2))

        async with served(it, port) as service:
            assert service.service.subscribing is not None
            await service.until(lambda: service.service.subscribing.standing["main"].faults)  # type: ignore[union-attr]
            await set_up(service)
            changes.order(it, "120.00")
            await it.procore.deliverer.send()

            await service.until(lambda: it.bc.tables.rows("changeOrders"))


@quick
async def test_a_further_look_within_the_day_asks_nothing_of_the_projects(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path), **RARELY) as it:
        it.basics()
        for number in ("JOB1", "JOB2", "JOB3"):
            it.project(number)
        async with served(it) as service:
            await set_up(service)
            place = it.procore.log.last
            await set_up(service)

            asked = [entry for entry in it.procore.log if entry.sequence > place and "webhooks" in entry.path]
            assert [entry.path for entry in asked if "/projects/" in entry.path] == []
            assert 0 < len(asked) <= 4


@pytest.mark.requirement("LE-15", "LE-16", "LE-17", "LE-18", "LE-19", "LE-20", "LE-21")
@quick
async def test_what_is_muted_is_not_asked_for_and_ignored_when_it_comes_all_the_same(tmp_path: Path) -> None:
    orders, order_lines = "Potential Change Orders", "Potential Change Order Line Items"
    contracts = ("Work Order Contracts", "Purchase Order Contracts")
    muted = ("Projects", "Company Vendors", "Cost Codes", *contracts, orders)
    lines = ("Work Order Contract Line Items", "Purchase Order Contract Line Items", order_lines)
    unused = ("Standard Cost Codes", "Company Users")  # no flow carries them
    async with world(sqlite(tmp_path), **RARELY) as it:
        it.basics()
        it.project("JOB1")
        port = free_port()
        async with served(it, port) as service:
            await set_up(service)
            asked = triggers(it)
        it.more = {**RARELY, "procore": {"muted": muted}}
        async with served(it, port) as service:
            await set_up(service)
            await service.until(lambda: not service.service.schedule.is_busy("main"))
            rounds = service.service.beats["main"].rounds
            for number, resource in enumerate((*muted, *lines, *unused)):
                await told(service, number, resource)
            await service.service.hub.projector.catch_up()
            page = await service.get("/api/v1/notices")
            quiet = service.service.beats["main"].rounds, service.service.schedule.is_busy("main")
            text = await service.get("/metrics")
            await told(service, 99, "Sub Jobs")
            await service.until(lambda: service.service.beats["main"].rounds > rounds)
            read = (await service.get("/api/v1/notices?ignored=no"))["items"]
            left = (await service.get("/api/v1/notices?ignored=muted&resource=Cost%20Codes"))["items"]

    assert asked >= {"Projects", "Company Vendors", orders, order_lines, "Change Order Packages"}
    assert triggers(it) == asked - {*muted, *lines}
    ignored = {row["resource"]: row["ignored"] for row in page["items"]}
    assert ignored == dict.fromkeys((*muted, *lines), "muted") | dict.fromkeys(unused, "unused")
    assert quiet == (rounds, False)
    assert 'outcome="ignored",system="procore"} 11.0' in text
    assert [row["resource"] for row in read] == ["Sub Jobs"]
    assert [row["resource_id"] for row in left] == ["7"]


def triggers(it: World) -> set[str]:
    """The resources that Procore is asked to tell of."""
    return {row["resource_name"] for row in it.procore.state.rows(TRIGGERS)}


async def told(it: Served, number: int, resource: str) -> None:
    """Procore tells that somebody changed a record."""
    token = await it.service.hub.vault.get("webhook/procore/main")
    assert token is not None
    headers = {"Authorization": f"Bearer {token.get_secret_value()}"}
    event = {"id": number, "event_type": "update", "resource_name": resource, "resource_id": 7, "project_id": 1}
    status, _ = await it.ask("POST", PROCORE_PATH, token="", headers=headers, json=event)
    assert status == 204
