"""Subscriptions of Business Central are made with a handshake, renewed in time, given up, and keep their secret."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import structlog
from aiohttp import web
from aiohttp.test_utils import TestServer

from adapters.business_central.client import BusinessCentralClient
from adapters.business_central.subscriptions import Subscription, Subscriptions
from adapters.outbound.secrets import Secret
from adapters.ports import FixedClock
from adapters.sandbox.business_central import BusinessCentral
from adapters.sandbox.faults import Fault
from domain.endpoints import ENDPOINTS
from domain.errors import Misconfigured, NeedsDecision, RetryLater, Unreadable
from domain.notices import Notice, read_business_central, state_fits
from tests.adapters.business_central.known import client_on
from tests.adapters.outbound.served import business_central_client, clock
from tests.adapters.outbound.world import Network, delivery, says, virtual

URL = "https://hub.example.com/webhooks/business-central/main"
STATE = Secret("3q2-7nXv9cLr5kTzPb0sWdYhUeJfGaMi")
DAY = timedelta(days=1)


@dataclass
class Receiver:
    """Stands where the hub would: answers the handshake, and takes what it is told."""

    shakes: int = 0
    mute: bool = False
    told: list[Notice] = field(default_factory=list[Notice])

    async def __call__(self, url: str, body: bytes, _headers: Mapping[str, str], _seconds: float) -> tuple[int, str]:
        token = parse_qs(urlsplit(url).query).get("validationToken")
        if token is None:
            self.told += read_business_central(body).notices
            return 202, ""
        self.shakes += 1
        return (404, "") if self.mute else (200, token[0])


@pytest.fixture
def at() -> FixedClock:
    return clock()


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def bc(at: FixedClock, receiver: Receiver) -> BusinessCentral:
    return BusinessCentral(now=at.now, post=receiver)


@pytest.fixture
async def client(bc: BusinessCentral, at: FixedClock) -> AsyncIterator[BusinessCentralClient]:
    async with business_central_client(bc, at) as made:
        yield made


@pytest.fixture
def subscriptions(client: BusinessCentralClient) -> Subscriptions:
    return client.subscriptions


async def test_a_subscription_is_made_after_the_handshake_and_listed(
    subscriptions: Subscriptions, receiver: Receiver, at: FixedClock
) -> None:
    """BC 11.1 to 11.3."""
    made = await subscriptions.create("vendors", URL, STATE)

    assert receiver.shakes == 1
    assert (made.entity_set, made.url, made.expires) == ("vendors", URL, at.now() + 3 * DAY)
    assert await subscriptions.all() == [made]
    assert await subscriptions.one(made.id) == made
    assert subscriptions.is_of_company(made)


async def test_every_set_of_lines_and_documents_can_be_asked_for(subscriptions: Subscriptions) -> None:
    """BC 11.15: lines have sets of their own in the connector."""
    for name in ("purchaseOrders", "purchaseOrderLines", "projectPlanningLines", "postedPurchaseInvoiceLines"):
        await subscriptions.create(name, URL, STATE)

    assert {it.entity_set for it in await subscriptions.all()} >= {"purchaseOrders", "purchaseOrderLines"}


async def test_a_renewal_shakes_hands_again_and_gives_three_days_from_then(
    subscriptions: Subscriptions, receiver: Receiver, at: FixedClock
) -> None:
    """BC 11.3: it ends after three days unless it is renewed, and every renewal repeats the handshake."""
    made = await subscriptions.create("vendors", URL, STATE)
    at.at += 2 * DAY
    renewed = await subscriptions.renew(made, URL, STATE)
    assert renewed is not None

    assert receiver.shakes == 2
    assert renewed.id == made.id
    assert renewed.expires == at.now() + 3 * DAY
    assert renewed.etag != made.etag

    at.at += 2 * DAY  # four days after it was made
    assert await subscriptions.all() == [renewed]
    at.at += DAY
    assert await subscriptions.all() == []


async def test_a_renewal_with_an_old_etag_reads_the_new_one(subscriptions: Subscriptions, at: FixedClock) -> None:
    """BC 6.5."""
    made = await subscriptions.create("vendors", URL, STATE)
    at.at += DAY
    await subscriptions.renew(made, URL, STATE)
    at.at += DAY

    again = await subscriptions.renew(made, URL, STATE)

    assert again is not None
    assert again.expires == at.now() + 3 * DAY


async def test_what_is_gone_says_so_whatever_is_wanted_of_it(subscriptions: Subscriptions, at: FixedClock) -> None:
    """BC 11.3, 11.4: recreate when it is gone."""
    made = await subscriptions.create("vendors", URL, STATE)
    at.at += 3 * DAY

    assert await subscriptions.one(made.id) is None
    assert await subscriptions.renew(made, URL, STATE) is None
    assert await subscriptions.delete(made) is False


async def test_one_that_is_given_up_is_told_nothing_more(subscriptions: Subscriptions, bc: BusinessCentral) -> None:
    made = await subscriptions.create("vendors", URL, STATE)

    assert await subscriptions.delete(made) is True
    assert bc.subscriptions.all == {}
    (entry,) = [it for it in bc.log if it.method == "DELETE"]
    assert entry.path.endswith(f"/subscriptions('{made.id}')")


async def test_without_an_answer_to_the_handshake_nothing_is_made(
    subscriptions: Subscriptions, receiver: Receiver
) -> None:
    """BC 11.2."""
    receiver.mute = True

    with pytest.raises(NeedsDecision, match="did not answer the validation token"):
        await subscriptions.create("vendors", URL, STATE)
    assert await subscriptions.all() == []


async def test_a_second_one_for_the_same_set_is_refused(subscriptions: Subscriptions) -> None:
    await subscriptions.create("vendors", URL, STATE)

    with pytest.raises(NeedsDecision) as refused:
        await subscriptions.create("vendors", URL, STATE)
    assert refused.value.code == "Internal_EntityWithSameKeyExists"


async def test_what_cannot_be_subscribed_is_refused_in_the_words_of_the_system(subscriptions: Subscriptions) -> None:
    with pytest.raises(NeedsDecision, match="cannot be subscribed to"):
        await subscriptions.create("unicorns", URL, STATE)


async def test_more_than_two_hundred_are_refused(subscriptions: Subscriptions, bc: BusinessCentral) -> None:
    """BC 11.5."""
    first = await subscriptions.create("vendors", URL, STATE)
    kept = bc.subscriptions.all[first.id]
    bc.subscriptions.all |= {f"other-{number}": kept for number in range(199)}

    with pytest.raises(NeedsDecision, match="at most 200"):
        await subscriptions.create("customers", URL, STATE)


async def test_a_lost_answer_leaves_it_open_whether_it_was_made(
    subscriptions: Subscriptions, bc: BusinessCentral
) -> None:
    bc.faults.add(Fault(kind="lost_reply", method="POST", path="subscriptions"))

    with pytest.raises(RetryLater) as lost:
        await subscriptions.create("vendors", URL, STATE)

    assert lost.value.outcome_unknown
    assert len(await subscriptions.all()) == 1


async def test_others_in_the_environment_are_told_apart(subscriptions: Subscriptions) -> None:
    made = await subscriptions.create("vendors", URL, STATE)

    def like(resource: str) -> Subscription:
        return Subscription(id="x", url=URL, resource=resource, entity_set=made.entity_set, expires=None, etag="")

    written = made.resource.replace("/api/", "https://api.businesscentral.dynamics.com/v2.0/t/e/api/")
    assert subscriptions.is_of_company(like(written))
    assert subscriptions.is_of_company(like(made.resource.lstrip("/").upper()))
    assert not subscriptions.is_of_company(like(made.resource.replace("companies(", "companies(0")))
    assert not subscriptions.is_of_company(like("/api/v2.0/companies(x)/vendors"))


# -- strict about what is sent, patient with what is read ----------------------------------------------------------


async def test_an_address_that_nobody_could_call_is_not_sent(subscriptions: Subscriptions, bc: BusinessCentral) -> None:
    for url in ("http://hub.example.com/x", "ftp://hub.example.com", "", "https://"):
        with pytest.raises(Misconfigured, match=r"server.public_url"):
            await subscriptions.create("vendors", url, STATE)
    assert len(bc.log) == 0


@pytest.mark.parametrize("secret", ["short", "x" * 31, "with blanks in between its letters !", "ключ" * 20])
async def test_a_weak_secret_is_not_sent_and_not_shown(subscriptions: Subscriptions, secret: str) -> None:
    """BC 11.8: it is the only proof."""
    with pytest.raises(ValueError, match="at least 32") as refused:
        await subscriptions.create("vendors", URL, Secret(secret))
    assert secret not in str(refused.value)


async def test_the_secret_is_in_no_error_and_no_log(subscriptions: Subscriptions, bc: BusinessCentral) -> None:
    """A system that echoes what it was sent does not make the hub tell it."""
    with structlog.testing.capture_logs() as logs:
        made = await subscriptions.create("vendors", URL, STATE)
    echo = say(f"clientState {STATE.reveal()} is not wanted", 400)
    network = Network(echo)
    with pytest.raises(NeedsDecision) as refused:
        await client_on(network).subscriptions.create("vendors", URL, STATE)

    assert STATE.reveal() not in f"{logs} {made!r} {refused.value} {refused.value.__dict__}"
    assert "***" in str(refused.value)
    (entry,) = [it for it in bc.log if it.method == "POST" and it.path.endswith("subscriptions")]
    assert entry.body["clientState"] == STATE.reveal()


def say(message: str, status: int) -> Any:
    return says({"error": {"code": "BadRequest", "message": message}}, status)


@virtual
async def test_rows_without_an_id_are_left_out_and_odd_times_are_no_time() -> None:
    rows = [
        {"subscriptionId": "a", "resource": "api/x/companies(1)/vendors", "expirationDateTime": "soon"},
        {"resource": "api/x/companies(1)/vendors"},
        {"subscriptionId": "c"},
        {
            "subscriptionId": "d",
            "resource": "/api/x/companies(1)/jobs?x=1",
            "expirationDateTime": "2026-03-05T08:00:00",
        },
    ]
    found = await client_on(Network(says({"value": rows}))).subscriptions.all()

    assert [(it.id, it.entity_set, it.expires is None) for it in found] == [
        ("a", "vendors", True),
        ("d", "jobs", False),
    ]
    assert found[1].expires == datetime.fromisoformat("2026-03-05T08:00:00Z")


@virtual
async def test_an_answer_that_shows_no_subscription_is_unreadable() -> None:
    with pytest.raises(Unreadable, match="did not answer a subscription"):
        await client_on(Network(says({"hello": 1}, 201))).subscriptions.create("vendors", URL, STATE)


@pytest.mark.parametrize("name", ["x')/../companies", "a b", "", "a'b"])
async def test_an_id_that_is_none_is_never_put_into_an_address(subscriptions: Subscriptions, name: str) -> None:
    with pytest.raises(ValueError, match="no id of a subscription"):
        await subscriptions.one(name)


# -- what is told reads well ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 3])
async def test_what_the_stand_in_tells_is_what_the_hub_reads(
    subscriptions: Subscriptions, bc: BusinessCentral, at: FixedClock, receiver: Receiver, count: int
) -> None:
    """BC 11.7, 11.12."""
    bc.notifier.collection_above = 2
    made = await subscriptions.create("vendors", URL, STATE)
    first = at.now()
    rows = [bc.tables.insert("vendors", displayName=str(number)) for number in range(count)]
    at.at += timedelta(seconds=30)

    await bc.notifier.send()

    assert {(it.subscription_id, it.company_id, it.resource) for it in receiver.told} == {
        (made.id, bc.company_id, "vendors")
    }
    assert all(state_fits(it, STATE.reveal()) for it in receiver.told)
    if count == 1:
        assert [(it.reason, it.resource_id) for it in receiver.told] == [("create", rows[0]["id"])]
    else:
        assert [(it.reason, it.since) for it in receiver.told] == [("collection", first - timedelta(milliseconds=50))]


async def test_own_writes_are_told_like_everybody_elses(
    client: BusinessCentralClient, bc: BusinessCentral, at: FixedClock, receiver: Receiver
) -> None:
    """Nothing in a notice says who made the change, so own writes come back as well."""
    vendor = bc.tables.insert("vendors", displayName="One")
    await client.subscriptions.create("vendors", URL, STATE)
    own = delivery("vendor", {"procoreVendorId": 7}, target_id=vendor["id"])
    await client.carry(ENDPOINTS["bc.vendors"], [own])
    at.at += timedelta(seconds=30)

    await bc.notifier.send()

    assert [(it.reason, it.resource_id) for it in receiver.told] == [("update", vendor["id"])]


async def test_the_handshake_passes_over_real_http(at: FixedClock) -> None:
    """BC 11.2, 11.7: from system to receiver with nothing in between replaced."""
    told: list[Notice] = []

    async def receive(request: web.Request) -> web.Response:
        token = request.query.get("validationToken")
        if token is None:
            told.extend(read_business_central(await request.read()).notices)
        return web.Response(text=token or "", status=200 if token else 202)

    app = web.Application()
    app.router.add_route("*", "/hook", receive)
    bc = BusinessCentral(now=at.now)
    async with TestServer(app) as server, business_central_client(bc, at) as client:
        made = await client.subscriptions.create("vendors", str(server.make_url("/hook")), STATE)
        bc.tables.insert("vendors", displayName="One")
        at.at += timedelta(seconds=30)
        await bc.notifier.send()

    assert [(it.subscription_id, it.reason) for it in told] == [(made.id, "create")]
