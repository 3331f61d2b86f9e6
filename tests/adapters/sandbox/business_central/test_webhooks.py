"""Notifications come late, merged, at least once, and stop for a receiver that refuses them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from adapters.sandbox.business_central import BusinessCentral
from adapters.sandbox.business_central.stand_in import CONNECTOR
from adapters.sandbox.wire import load_json
from tests.adapters.sandbox.business_central.conftest import Clock, Remote

URL = "https://hub.example.com/webhooks/business-central/main"


@dataclass
class Receiver:
    """Stands where the hub would; answers the handshake and keeps what it is told."""

    shakes: bool = True
    status: int = 202
    told: list[list[dict[str, Any]]] = field(default_factory=list[list[dict[str, Any]]])

    async def __call__(self, url: str, body: bytes, _headers: Mapping[str, str], _seconds: float) -> tuple[int, str]:
        token = parse_qs(urlsplit(url).query).get("validationToken")
        if token:
            return (200, token[0]) if self.shakes else (404, "")
        self.told.append(load_json(body)["value"])
        return self.status, ""


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def bc(clock: Clock, receiver: Receiver) -> BusinessCentral:
    return BusinessCentral(now=clock, seed=7, post=receiver)


def resource(bc: BusinessCentral, entity_set: str = "vendors") -> str:
    return f"/api/{CONNECTOR}/companies({bc.company_id})/{entity_set}"


async def subscribe(remote: Remote, entity_set: str = "vendors", **more: object) -> dict[str, Any]:
    body = {"notificationUrl": URL, "resource": resource(remote.bc, entity_set), "clientState": "s3cret", **more}
    answer = await remote.post(f"{remote.root}/subscriptions", body)
    assert answer.status == 201, answer.text
    return answer.body


async def test_a_subscription_lives_three_days_and_is_renewed_with_its_etag(remote: Remote, clock: Clock) -> None:
    made = await subscribe(remote)
    path = f"{remote.root}/subscriptions('{made['subscriptionId']}')"
    assert made["expirationDateTime"] == "2026-03-05T09:30:00.25Z"
    clock.advance(timedelta(days=2))
    await remote.sign_in()

    assert (await remote.patch(path, {"notificationUrl": URL}, "")).code == "BadRequest_InvalidToken"
    assert (await remote.patch(path, {"notificationUrl": URL}, made["@odata.etag"])).status == 200
    assert (await remote.patch(path, {"notificationUrl": URL}, made["@odata.etag"])).code == "Request_EntityChanged"

    clock.advance(timedelta(days=3))
    await remote.sign_in()
    assert (await remote.get(path)).status == 404


async def test_without_the_handshake_there_is_no_subscription(remote: Remote, receiver: Receiver) -> None:
    receiver.shakes = False

    answer = await remote.post(
        f"{remote.root}/subscriptions", {"notificationUrl": URL, "resource": resource(remote.bc)}
    )

    assert answer.status == 400
    assert (await remote.get(f"{remote.root}/subscriptions")).value == []


@pytest.mark.parametrize(
    "changed",
    [
        {"notificationUrl": "http://hub.example.com"},
        {"resource": "/api/v2.0/companies(x)/vendors"},
        {"resource": "vendors"},
        {"secret": "x"},
        {"clientState": "x" * 2049},
    ],
)
async def test_a_wrong_subscription_is_refused(remote: Remote, changed: dict[str, str]) -> None:
    body = {"notificationUrl": URL, "resource": resource(remote.bc), **changed}

    assert (await remote.post(f"{remote.root}/subscriptions", body)).status == 400


async def test_changes_are_told_after_the_window_with_updates_merged(
    remote: Remote, clock: Clock, receiver: Receiver
) -> None:
    await subscribe(remote)
    await subscribe(remote, "customers")
    tables = remote.bc.tables
    vendor = tables.insert("vendors", displayName="One")
    for name in ("Two", "Three"):
        tables.update("vendors", vendor["id"], displayName=name)
    tables.insert("segments", code="X")

    assert await remote.bc.notifier.send() == 0
    clock.advance(timedelta(seconds=30))
    assert await remote.bc.notifier.send() == 1

    (items,) = receiver.told
    assert [it["changeType"] for it in items] == ["created", "updated"]
    assert {it["clientState"] for it in items} == {"s3cret"}
    assert items[0]["resource"] == f"{resource(remote.bc)[1:]}({vendor['id']})"
    assert await remote.bc.notifier.send() == 0


async def test_a_change_without_effect_is_not_told(remote: Remote, clock: Clock) -> None:
    vendor = remote.bc.tables.insert("vendors", displayName="One")
    await subscribe(remote)

    remote.bc.tables.update("vendors", vendor["id"], displayName="One")
    clock.advance(timedelta(minutes=1))

    assert await remote.bc.notifier.send() == 0


@pytest.mark.parametrize(("deletes", "filtered"), [(False, True), (True, False)])
async def test_many_changes_become_a_collection_without_filter_when_something_was_deleted(
    remote: Remote, clock: Clock, receiver: Receiver, *, deletes: bool, filtered: bool
) -> None:
    await subscribe(remote)
    remote.bc.notifier.collection_above = 2
    made = [remote.bc.tables.insert("vendors", displayName=str(number)) for number in range(3)]
    if deletes:
        remote.bc.tables.delete("vendors", made[0]["id"])
    clock.advance(timedelta(minutes=1))

    await remote.bc.notifier.send()

    ((item,),) = receiver.told
    assert item["changeType"] == "collection"
    assert ("%24filter" in item["resource"] or "$filter=lastModifiedDateTime" in item["resource"]) is filtered


async def test_a_failed_call_is_repeated_with_what_came_since(remote: Remote, clock: Clock, receiver: Receiver) -> None:
    await subscribe(remote)
    remote.bc.tables.insert("vendors", displayName="One")
    clock.advance(timedelta(seconds=30))
    receiver.status = 503
    await remote.bc.notifier.send()
    receiver.status = 200
    remote.bc.tables.insert("vendors", displayName="Two")

    assert await remote.bc.notifier.send() == 0
    clock.advance(timedelta(seconds=60))
    await remote.bc.notifier.send()

    assert [len(items) for items in receiver.told] == [1, 2]


async def test_a_receiver_that_stays_away_loses_its_subscription(
    remote: Remote, clock: Clock, receiver: Receiver
) -> None:
    await subscribe(remote)
    remote.bc.tables.insert("vendors", displayName="One")
    clock.advance(timedelta(seconds=30))
    receiver.status = 500

    for wait in (60, 60, 600, 6_000, 60_000, 0):
        assert await remote.bc.notifier.send() == 1
        clock.advance(timedelta(seconds=wait))

    assert remote.bc.subscriptions.all == {}


async def test_a_refusal_ends_the_subscription_at_once(remote: Remote, clock: Clock, receiver: Receiver) -> None:
    await subscribe(remote)
    remote.bc.tables.insert("vendors", displayName="One")
    clock.advance(timedelta(seconds=30))
    receiver.status = 404

    await remote.bc.notifier.send()

    assert remote.bc.subscriptions.all == {}


async def test_notifications_can_be_doubled_and_reversed(remote: Remote, clock: Clock, receiver: Receiver) -> None:
    await subscribe(remote)
    remote.bc.notifier.duplicates = remote.bc.notifier.reverses = 1
    for number in ("A", "B"):
        remote.bc.tables.insert("vendors", number=number, displayName=number)
    ids = [it["id"] for it in remote.bc.tables.rows("vendors")]
    clock.advance(timedelta(seconds=30))

    await remote.bc.notifier.send()

    first, second = receiver.told
    assert first == second
    assert [it["resource"][-37:-1] for it in first] == ids[::-1]


async def test_changes_of_some_people_wait_for_somebody_elses_change_of_the_table(
    remote: Remote, clock: Clock, receiver: Receiver
) -> None:
    """BC 11.19."""
    await subscribe(remote)
    await subscribe(remote, "customers")
    remote.bc.subscriptions.unnoticed = True
    remote.bc.tables.insert("vendors", displayName="Unnoticed")
    remote.bc.subscriptions.unnoticed = False
    remote.bc.tables.insert("customers", displayName="Somebody")
    clock.advance(timedelta(minutes=1))
    await remote.bc.notifier.send()
    assert [len(items) for items in receiver.told] == [1]

    remote.bc.tables.insert("vendors", displayName="Noticed")
    clock.advance(timedelta(minutes=1))
    await remote.bc.notifier.send()

    assert [len(items) for items in receiver.told] == [1, 2]


async def test_one_call_carries_all_that_waits_for_an_address(remote: Remote, clock: Clock, receiver: Receiver) -> None:
    """BC 11.7: also what alone would not be due yet."""
    await subscribe(remote)
    await subscribe(remote, "customers")
    remote.bc.tables.insert("vendors", displayName="Early")
    clock.advance(timedelta(seconds=29))
    remote.bc.tables.insert("customers", displayName="Late")
    clock.advance(timedelta(seconds=1))

    assert await remote.bc.notifier.send() == 1
    assert [len(items) for items in receiver.told] == [2]


async def test_a_rehearsal_arms_its_trouble_over_http(remote: Remote, clock: Clock, receiver: Receiver) -> None:
    await subscribe(remote)
    controls = f"{remote.origin}/_sandbox/webhooks"
    armed = await remote.call("POST", controls, {"duplicates": 1}, check=False)
    remote.bc.tables.insert("vendors", displayName="One")
    clock.advance(timedelta(seconds=30))

    assert armed.body["duplicates"] == 1
    assert (await remote.call("GET", controls, check=False)).body["waiting"] == 1
    assert await remote.bc.notifier.send() == 2
    assert (await remote.call("GET", controls, check=False)).body == {
        "waiting": 0,
        "duplicates": 0,
        "reverses": 0,
        "collection_above": 1000,
    }


@pytest.mark.parametrize("wrong", [{"unicorns": 1}, {"duplicates": -1}, {"duplicates": "many"}, []])
async def test_a_trouble_that_is_none_is_refused_with_the_reason(remote: Remote, wrong: object) -> None:
    answer = await remote.call("POST", f"{remote.origin}/_sandbox/webhooks", wrong, check=False)

    assert answer.status == 400
    assert remote.bc.notifier.duplicates == 0


async def test_what_is_rolled_back_is_not_told(remote: Remote, clock: Clock) -> None:
    await subscribe(remote)
    parts = [
        remote.part("a", "POST", "vendors", {"displayName": "A"}),
        remote.part("b", "POST", "vendors", {"nope": 1}),
    ]
    await remote.batch(parts, Isolation="snapshot")
    clock.advance(timedelta(minutes=1))

    assert await remote.bc.notifier.send() == 0


async def test_a_deleted_subscription_is_told_nothing(remote: Remote, clock: Clock) -> None:
    made = await subscribe(remote)
    assert (await remote.call("DELETE", f"{remote.root}/subscriptions('{made['subscriptionId']}')")).status == 204

    remote.bc.tables.insert("vendors", displayName="One")
    clock.advance(timedelta(minutes=1))

    assert await remote.bc.notifier.send() == 0
