"""What a monitoring system is told of a service at work."""

import re
from datetime import timedelta
from pathlib import Path
from threading import Event

import anyio
import pytest

from adapters.sandbox.faults import Fault
from adapters.store.database import Reader
from tests.journeys.harness import line, sqlite, world
from tests.journeys.quick import quick
from tests.journeys.serving import Served, served
from tests.journeys.test_http_mending import is_synced
from tests.journeys.test_mending import bar, refused_orders


def value(text: str, name: str, **labels: str) -> float | None:
    """The value of one series; None where there is none."""
    for found in re.finditer(
        rf"^siteledger_{name}(?:{{(?P<labels>[^}}]*)}})? (?P<value>\S+)$", text, flags=re.MULTILINE
    ):
        pairs = dict(re.findall(r'(\w+)="([^"]*)"', found["labels"] or ""))
        if all(pairs.get(key) == wanted for key, wanted in labels.items()):
            return float(found["value"])
    return None


@pytest.mark.requirement("BX-22")
@quick
async def test_the_metrics_tell_of_rounds_records_failures_and_subscriptions(tmp_path: Path) -> None:
    flows = {"purchase-order-to-commitment": {"approval": "approver"}}
    async with world(sqlite(tmp_path), flows=flows) as it:
        it.typical()
        it.order("PO2", "JOB1", [line("01-100", "SITE", "", "1")], older=True)
        async with served(it) as service:
            await service.until(lambda: service.service.beats["main"].rounds)
            await service.until(
                lambda: service.service.subscribing and service.service.subscribing.standing["main"].expires
            )
            text = await service.get("/metrics")

    assert (value(text, "poll_runs_total", connection="main", outcome="ok") or 0) >= 1
    assert (value(text, "poll_duration_seconds_count", connection="main") or 0) >= 1
    assert (value(text, "http_client_requests_total", system="procore", method="write") or 0) >= 1
    assert value(text, "queue_depth", connection="main", state="rejected") == 1
    assert value(text, "open_failures", connection="main", cause="PP-27") == 1
    assert value(text, "approvals_waiting", connection="main") == 1
    assert (value(text, "oldest_approval_age_seconds", connection="main") or 0) >= 0
    expiry = value(text, "webhook_subscription_expiry_timestamp_seconds", resource="purchaseOrders")
    assert expiry is not None
    assert expiry > it.clock.now().timestamp()
    assert value(text, "projection_lag_events", projection="record_state") is not None


ORDERS = "purchase-order-to-commitment"


async def measured(service: Served, name: str, **labels: str) -> float:
    """The value of one series now, 0 where there is none."""
    return value(await service.get("/metrics"), name, **labels) or 0


@pytest.mark.requirement("BX-22")
@quick
async def test_the_time_from_a_change_to_the_other_side_is_measured_as_it_was(tmp_path: Path) -> None:
    late = timedelta(minutes=25)
    async with world(sqlite(tmp_path), poll_every="1d") as it:
        it.typical("PO1")
        async with served(it) as service:
            await service.until(lambda: service.service.beats["main"].rounds)
            assert await measured(service, "end_to_end_seconds_count", flow=ORDERS) == 0  # older than the service
            calls = await measured(service, "delivery_duration_seconds_count", flow=ORDERS)

            it.clock.skip(timedelta(minutes=1))
            it.order("PO2", "JOB1", [line("01-100", "SITE", "M", "2", "10.50")])
            it.clock.skip(late)
            service.service.schedule.hint("main")
            await service.until(lambda: it.contracts(number="PO2"))
            await service.until(lambda: is_synced(service, "PO2"))

            took = await measured(service, "end_to_end_seconds_sum", connection="main", flow=ORDERS)
            assert late.total_seconds() <= took < late.total_seconds() + 120
            assert await measured(service, "end_to_end_seconds_count", flow=ORDERS) == 1
            assert await measured(service, "delivery_duration_seconds_count", flow=ORDERS) > calls
            assert await measured(service, "delivery_duration_seconds_sum", flow=ORDERS) > 0


@pytest.mark.requirement("BX-22")
@quick
async def test_what_a_system_still_allows_is_told_and_how_long_calls_waited_for_it(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path), poll_every="1d") as it:
        it.typical()
        async with served(it) as service:
            await service.until(lambda: service.service.beats["main"].rounds)
            left = await measured(service, "rate_limit_remaining", connection="main", system="procore")
            waited = await measured(service, "rate_limit_wait_seconds_total", connection="main", system="procore")
            ends = await measured(service, "oauth_token_expiry_timestamp_seconds", system="procore")
            it.procore.faults.add(Fault(kind="status", status=429, retry_after="7", method="GET"))
            rounds = service.service.beats["main"].rounds
            service.service.schedule.hint("main")
            await service.until(lambda: service.service.beats["main"].rounds > rounds)

            assert 0 < left <= it.procore.state.settings.spike_limit
            wait = await measured(service, "rate_limit_wait_seconds_total", connection="main", system="procore")
            assert wait - waited >= 7
            it.clock.skip(timedelta(hours=2))
            whole = await measured(service, "rate_limit_remaining", connection="main", system="procore")
            assert whole in {it.procore.state.settings.spike_limit, it.procore.state.settings.hourly_limit}
            assert ends <= it.clock.now().timestamp() <= ends + timedelta(hours=2).total_seconds()


@pytest.mark.requirement("BX-22")
@quick
async def test_what_people_ask_for_again_is_counted_by_what_came_of_it(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path), poll_every="1d") as it:
        await refused_orders(it, ("PO2",))
        async with served(it) as service:
            await service.until(lambda: service.service.beats["main"].rounds)
            found = (await service.get("/api/v1/records?state=dead"))["items"][0]
            path = f"/api/v1/records/{found['record']}/retry"
            await service.post(path, {"reason": "too early"})
            await service.until(lambda: measured(service, "replays_total", outcome="refused"))
            bar(it, "active")
            await service.post(path, {"reason": "by hand"})
            await service.until(lambda: is_synced(service, "PO2"))
            await service.until(lambda: measured(service, "replays_total", outcome="ok"))

            text = await service.get("/metrics")
            assert value(text, "replays_total", connection="main", outcome="refused") == 1
            assert value(text, "replays_total", connection="main", outcome="ok") == 1


@pytest.mark.requirement("BX-22")
@quick
async def test_connections_of_the_store_that_are_at_work_are_counted(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path), poll_every="1d") as it, served(it) as service:
        await service.until(lambda: service.service.beats["main"].rounds)
        begun, go_on = Event(), Event()

        def held(_reader: Reader) -> None:
            begun.set()
            go_on.wait(10)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(service.service.hub.ledger.reading, held)
            try:
                await service.until(begun.is_set)
                assert await measured(service, "db_pool_in_use", kind="read") >= 1
            finally:
                go_on.set()
        await service.until(lambda: service.service.hub.ledger.threads.in_use == {"read": 0, "write": 0})
        assert await measured(service, "db_pool_in_use", kind="read") == 0
