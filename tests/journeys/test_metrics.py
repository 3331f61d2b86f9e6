"""What a monitoring system is told of a service at work."""

import re
from pathlib import Path

import pytest

from tests.journeys.harness import line, sqlite, world
from tests.journeys.quick import quick
from tests.journeys.serving import served


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
