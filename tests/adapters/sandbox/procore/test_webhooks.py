"""Procore tells of changes late, twice, in any order, or not at all; an endpoint that fails is told nothing more.

Rules   GUIDE 19 (N1 to N20) and checklist 16; the resource names of `webhook-resources.md`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import anyio
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from adapters.sandbox.procore import Procore
from domain.notices import Notice, is_own, read_procore
from tests.adapters.sandbox.procore.calls_of_webhooks import TOKEN, URL, company_of, project_of, subscribe
from tests.adapters.sandbox.procore.harness import Api, Clock


@dataclass
class Receiver:
    """Stands where the hub would."""

    status: int = 204
    took: list[tuple[str, dict[str, Any], Mapping[str, str]]] = field(
        default_factory=list[tuple[str, dict[str, Any], Mapping[str, str]]]
    )
    seconds: float = 0.0

    async def __call__(self, url: str, body: bytes, headers: Mapping[str, str], seconds: float) -> tuple[int, str]:
        self.took.append((url, json.loads(body), headers))
        self.seconds = seconds
        return self.status, "" if self.status else "nobody there"

    @property
    def events(self) -> list[tuple[str, str]]:
        return [(body["resource_name"], body["event_type"]) for _, body, _ in self.took]

    @property
    def notices(self) -> list[Notice]:
        return [read_procore(json.dumps(body).encode()) for _, body, _ in self.took]


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def procore(clock: Clock, receiver: Receiver) -> Procore:
    return Procore(now=clock, seed=7, post=receiver)


VENDORS = (("Company Vendors", "create"), ("Company Vendors", "update"))


async def heard(api: Api, **fields: Any) -> str:
    """The hook of the company, told of vendors."""
    return await subscribe(api, company_of(api), *VENDORS, **fields)


# -- hooks ---------------------------------------------------------------------------------------------------------


async def test_a_hook_hides_its_authorization_but_for_five_characters(api: Api) -> None:
    """N7."""
    hook = await heard(api)

    shown = (await api.get(f"{company_of(api)}/hooks/{hook}"))["data"]
    masked = shown["destination_headers"]["Authorization"]
    assert masked == "*" * (len(TOKEN) - 5) + TOKEN[-5:]
    assert (shown["status"], shown["trigger_count"]) == ("active", 2)
    assert (shown["company_id"], shown["project_id"]) == (str(api.procore.state.company_id), None)


async def test_a_hook_belongs_to_the_company_or_to_one_project(api: Api, project: int, procore: Procore) -> None:
    """N1."""
    other = procore.add_project("Tunnel")["id"]
    ours = {await heard(api)}
    await subscribe(api, project_of(api, project))

    async def found(base: str) -> list[dict[str, Any]]:
        return (await api.get(f"{base}/hooks", namespace="siteledger"))["data"]

    assert {it["id"] for it in await found(company_of(api))} == ours
    assert len(await found(project_of(api, project))) == 1
    assert await found(project_of(api, other)) == []
    hook = ours.pop()
    assert (await api.call("GET", f"{project_of(api, project)}/hooks/{hook}")).status == 404


async def test_hooks_are_found_by_their_namespace(api: Api) -> None:
    """N6: required on the list of the company."""
    await heard(api)

    assert (await api.get(f"{company_of(api)}/hooks", namespace="another"))["data"] == []
    assert (await api.call("GET", f"{company_of(api)}/hooks")).status == 400


async def test_lists_come_in_tens_unless_more_are_asked_for(api: Api) -> None:
    """P4."""
    for number in range(12):
        await subscribe(api, company_of(api), destination_url=f"{URL}/{number}")

    first = await api.call("GET", f"{company_of(api)}/hooks", {"namespace": "siteledger"})
    whole = await api.get(f"{company_of(api)}/hooks", namespace="siteledger", per_page=100)
    assert (len(first.body["data"]), first.headers["Total"]) == (10, "12")
    assert len(whole["data"]) == 12


@pytest.mark.parametrize(
    "fields",
    [
        {"namespace": "Site Ledger"},
        {"destination_url": "http://hub.example.com"},
        {"destination_url": "hub.example.com"},
        {"payload_version": "v9.9"},
    ],
)
async def test_a_wrong_hook_is_refused_in_the_form_of_v2(api: Api, fields: dict[str, str]) -> None:
    """N3, N6, N8, section 7."""
    body = {"payload_version": "v2.0", "namespace": "siteledger", "destination_url": URL, **fields}

    reply = await api.call("POST", f"{company_of(api)}/hooks", body=body)
    assert reply.status == 400
    assert reply.body["error"]["code"] == "BAD_REQUEST"
    assert reply.body["error"]["details"][0]["source"] == next(iter(fields))


async def test_without_the_permission_nothing_of_webhooks_can_be_reached(api: Api, procore: Procore) -> None:
    """A14."""
    hook = await heard(api)
    procore.settings.webhooks_allowed = False

    for method, path in (("GET", "/hooks"), ("DELETE", f"/hooks/{hook}"), ("GET", f"/hooks/{hook}")):
        reply = await api.call(method, f"{company_of(api)}{path}")
        assert (reply.status, reply.body["error"]["code"]) == (403, "FORBIDDEN")


async def test_the_hook_of_a_project_has_no_status_to_set(api: Api, project: int) -> None:
    """The description gives `status` to hooks of the company alone."""
    hook = await subscribe(api, project_of(api, project))

    reply = await api.call(
        "PATCH", f"{project_of(api, project)}/hooks/{hook}", body={"status": "disabled"}, strict=False
    )
    assert reply.status == 406


# -- triggers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("resource", "event"),
    [
        ("Cost Codes", "create"),  # of a project
        ("Projects", "delete"),  # not offered
        ("Requisitions", "create"),  # raises no events (N21)
        ("Company Vendors", "CREATE"),  # lower case on input (N4)
        ("Company Vendors", "create"),  # there already
    ],
)
async def test_a_trigger_is_in_the_scope_of_its_hook_and_offered(api: Api, resource: str, event: str) -> None:
    """N1, N4, N20."""
    hook = await heard(api)
    body = {"resource_name": resource, "event_type": event}

    assert (await api.call("POST", f"{company_of(api)}/hooks/{hook}/triggers", body=body)).status == 400


async def test_many_triggers_at_once_are_all_good_mixed_or_too_many(api: Api) -> None:
    """N5."""
    hook = await subscribe(api, company_of(api))
    path = f"{company_of(api)}/hooks/{hook}/triggers"
    good = [{"resource_name": "Projects", "event_type": event} for event in ("create", "update")]
    bad = [{"resource_name": "Projects", "event_type": "delete"}]
    more = [{"resource_name": "Company Vendors", "event_type": "create"}]

    assert (await api.call("POST", f"{path}/bulk", body=good)).status == 201
    assert (await api.call("POST", f"{path}/bulk", body=bad + more)).status == 207
    assert (await api.call("POST", f"{path}/bulk", body=bad)).status == 400
    assert (await api.call("POST", f"{path}/bulk", body=bad * 501)).status == 413
    assert len((await api.get(path))["data"]) == 3


async def test_offers_name_what_is_told_at_this_time(api: Api, project: int, clock: Clock) -> None:
    """N19, N20: `update` on Project Vendors ended on 2026-06-30."""

    async def offered() -> list[str]:
        rows = (await api.get(f"{project_of(api, project)}/resources", payload_version="v2.0", per_page=100))["data"]
        return next(row["actions"] for row in rows if row["name"] == "Project Vendors")

    assert await offered() == ["create", "update", "delete"]
    clock.passes(days=121)
    await api.sign_in()
    assert await offered() == ["create", "delete"]


# -- events --------------------------------------------------------------------------------------------------------


async def test_a_person_and_an_application_are_told_apart(api: Api, procore: Procore, receiver: Receiver) -> None:
    """N15: the application is named by its client id, a person by no application at all."""
    await heard(api)
    procore.add_vendor("By hand")
    body = {"company_id": procore.state.company_id, "vendor": {"name": "By us"}}
    await api.call("POST", "/rest/v1.0/vendors", body=body)
    await procore.deliverer.send()

    by_hand, by_us = receiver.notices
    user = str(procore.state.service_user_id)
    assert not is_own(by_hand, "siteledger", user)
    assert is_own(by_us, "siteledger", "")
    assert is_own(by_us, "", user)


async def test_an_event_has_no_data_and_the_headers_of_its_hook(api: Api, procore: Procore, receiver: Receiver) -> None:
    """N7, N8, N14."""
    await heard(api)
    vendor = procore.add_vendor("Acme")
    await procore.deliverer.send()

    ((url, body, headers),) = receiver.took
    assert (url, headers["Authorization"], receiver.seconds) == (URL, TOKEN, 5.0)
    assert (body["resource_id"], body["project_id"], body["api_version"]) == (vendor["id"], None, "v2.0")
    assert len(body["ulid"]) == 26
    assert "Acme" not in json.dumps(body)


async def test_one_call_raises_one_event_for_each_record(api: Api, procore: Procore, receiver: Receiver) -> None:
    await heard(api)

    await api.sync(
        "/rest/v1.0/vendors/sync",
        [{"name": name, "origin_id": name} for name in ("a", "b", "c")],
        company_id=procore.state.company_id,
    )
    await procore.deliverer.send()
    assert receiver.events == [("Company Vendors", "create")] * 3


async def test_a_change_without_effect_and_a_refused_one_raise_nothing(
    api: Api, procore: Procore, receiver: Receiver
) -> None:
    vendor = procore.add_vendor("Acme")
    await heard(api)
    path = f"/rest/v1.0/vendors/{vendor['id']}"
    for name in ("Acme", ""):
        await api.call("PATCH", path, body={"company_id": procore.state.company_id, "vendor": {"name": name}})

    await procore.deliverer.send()
    assert receiver.took == []


async def test_documents_and_their_lines_are_told_under_the_names_of_their_kind(
    api: Api, procore: Procore, project: int, receiver: Receiver
) -> None:
    """N17: v2.0 names of a line its id alone, v3.0 its parent as well (N16)."""
    wanted = [(name, "create") for name in ("Work Order Contracts", "Work Order Contract Line Items")]
    wanted += [("Purchase Order Contracts", "delete"), ("Timecard Entries", "create")]
    await subscribe(api, project_of(api, project), *wanted, payload_version="v3.0")
    code = procore.find("wbs_codes", project_id=project)
    line = {"description": "Work", "amount": "10.00", "wbs_code_id": code["id"]}
    contract = procore.add_commitment(project, kind="work_order_contracts", lines=[line])
    order = procore.add_commitment(project)
    procore.remove("purchase_order_contracts", order["id"])
    await procore.deliverer.send()

    assert receiver.events == [
        ("Work Order Contracts", "create"),
        ("Work Order Contract Line Items", "create"),
        ("Purchase Order Contracts", "delete"),
    ]
    related = [body["related_resources"] for _, body, _ in receiver.took]
    assert related == [[], [{"id": contract["id"], "name": "Work Order Contracts"}], []]


async def test_the_newest_payload_has_other_names_and_text_ids(api: Api, procore: Procore, receiver: Receiver) -> None:
    """N16: v4.0."""
    await heard(api, payload_version="v4.0")
    vendor = procore.add_vendor("Acme")
    await procore.deliverer.send()

    (notice,) = receiver.notices
    ((_, body, _),) = receiver.took
    assert (notice.reason, notice.resource, notice.resource_id) == ("create", "Company Vendors", str(vendor["id"]))
    assert set(body) == {
        "id",
        "timestamp",
        "reason",
        "company_id",
        "project_id",
        "user_id",
        "resource_type",
        "resource_id",
    }
    assert all(isinstance(value, str) for value in body.values())


async def test_one_edit_of_a_vendor_is_told_for_each_project_that_sees_it(
    api: Api, procore: Procore, receiver: Receiver, clock: Clock
) -> None:
    """N19: it was so until 2026-06-30; Company Vendors go on, without a project."""
    vendor = procore.add_vendor("Acme")["id"]
    await heard(api)
    places = [procore.add_project(f"Site {number}")["id"] for number in range(20)]
    for place in places:
        procore.add_project_vendor(place, vendor)
        await subscribe(api, project_of(api, place), ("Project Vendors", "update"))

    procore.set_any("vendors", vendor, name="Acme Ltd")
    await procore.deliverer.send()
    assert {body["project_id"] for _, body, _ in receiver.took} == {None, *places}
    assert {body["resource_id"] for _, body, _ in receiver.took} == {vendor}

    receiver.took.clear()
    clock.passes(days=121)
    procore.set_any("vendors", vendor, name="Acme Inc")
    await procore.deliverer.send()
    assert receiver.events == [("Company Vendors", "update")]


async def test_the_same_seed_tells_the_same(clock: Clock) -> None:
    told: list[list[dict[str, Any]]] = []
    for _ in range(2):
        receiver = Receiver()
        procore = Procore(now=clock, seed=9, post=receiver)
        hook = {"status": "active", "destination_headers": None, "project_id": None, "payload_version": "v2.0"}
        made = procore.state.insert("webhook_hooks", hook | {"destination_url": URL, "namespace": "n"})
        trigger = {"hook_id": made["id"], "resource_name": "Company Vendors", "event_type": "create"}
        procore.state.insert("webhook_triggers", trigger | {"owner_id": None})
        procore.add_vendor("Acme")
        await procore.deliverer.send()
        told.append([body for _, body, _ in receiver.took])

    assert told[0] == told[1]
    assert told[0]


# -- trouble on request --------------------------------------------------------------------------------------------


async def test_an_event_can_come_twice(api: Api, procore: Procore, receiver: Receiver) -> None:
    """N9: at least once."""
    await heard(api)
    procore.outbox.duplicates = 1
    procore.add_vendor("Acme")

    assert await procore.deliverer.send() == 2
    first, second = receiver.notices
    assert first == second


async def test_one_action_can_raise_two_events(api: Api, procore: Procore, receiver: Receiver) -> None:
    """N10: with different ids and the same time."""
    await heard(api)
    procore.outbox.twins = 1
    procore.add_vendor("Acme")
    await procore.deliverer.send()

    created, updated = receiver.notices
    assert (created.reason, updated.reason) == ("create", "update")
    assert created.id != updated.id
    assert (created.at, created.resource_id) == (updated.at, updated.resource_id)


async def test_events_can_come_out_of_order_and_without_metadata(
    api: Api, procore: Procore, receiver: Receiver
) -> None:
    """N11, N15."""
    await heard(api)
    procore.outbox.swaps = procore.outbox.bare = 1
    ids = [procore.add_vendor(name)["id"] for name in ("a", "b")]
    await procore.deliverer.send()

    assert [it.resource_id for it in receiver.notices] == [str(id) for id in ids[::-1]]
    assert sorted(it.source_user_id == "" for it in receiver.notices) == [False, True]


async def test_a_rehearsal_arms_its_trouble_over_http(api: Api, procore: Procore) -> None:
    await heard(api)
    async with api.client.post("/_sandbox/webhooks", json={"twins": 1, "bare": 2}) as armed:
        assert armed.status == 200
    procore.add_vendor("Acme")

    async with api.client.get("/_sandbox/webhooks") as answer:
        shown = await answer.json()
    assert shown == {"waiting": 2, "duplicates": 0, "twins": 0, "swaps": 0, "bare": 0}


# -- failures ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [0, 301, 404, 500])
async def test_a_failure_stops_the_whole_endpoint_until_it_succeeds_again(
    api: Api, procore: Procore, project: int, receiver: Receiver, clock: Clock, status: int
) -> None:
    """N12: on anything but 2xx, all hooks of that address wait behind the head of the queue."""
    await heard(api)
    await subscribe(api, project_of(api, project), ("Cost Codes", "create"))
    elsewhere = await heard(api, destination_url=f"{URL}/other")
    receiver.status = status
    procore.add_vendor("Acme")
    procore.add_cost_code(project, "09", "Finishes")

    assert await procore.deliverer.send() == 2  # the head of each address
    assert [url for url, _, _ in receiver.took] == [URL, f"{URL}/other"]
    receiver.status, receiver.took[:] = 204, []
    assert await procore.deliverer.send() == 0
    clock.passes(seconds=1)
    assert await procore.deliverer.send() == 3
    assert receiver.events[:2] == [("Company Vendors", "create"), ("Cost Codes", "create")]
    assert elsewhere
    assert procore.outbox.waiting() == 0


async def test_waits_double_from_a_second_to_an_hour_and_one_success_forgets_them(
    api: Api, procore: Procore, receiver: Receiver, clock: Clock
) -> None:
    """N12."""
    await heard(api)
    receiver.status = 503
    procore.add_vendor("Acme")
    await procore.deliverer.send()

    for wait in (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 3600, 3600):
        clock.passes(seconds=wait - 1)
        assert await procore.deliverer.send() == 0
        clock.passes(seconds=1)
        assert await procore.deliverer.send() == 1

    receiver.status = 204
    clock.passes(hours=1)
    assert await procore.deliverer.send() == 1
    receiver.status = 503
    procore.add_vendor("Badger")
    await procore.deliverer.send()
    clock.passes(seconds=1)
    assert await procore.deliverer.send() == 1


async def test_after_twelve_hours_the_queue_is_discarded_and_later_events_begin_anew(
    api: Api, procore: Procore, receiver: Receiver, clock: Clock
) -> None:
    """N12, N18."""
    hook = await heard(api)
    receiver.status = 0
    ids = [procore.add_vendor(name)["id"] for name in ("a", "b")]
    for _ in range(40):
        await procore.deliverer.send()
        clock.passes(minutes=30)
    receiver.status = 204
    procore.add_vendor("c")
    await api.sign_in()
    await procore.deliverer.send()

    path = f"{company_of(api)}/hooks/{hook}/deliveries"
    lost = (await api.get(path, **{"filter[status]": "discarded"}))["data"]
    kept = (await api.get(path, **{"filter[status]": "succeeded"}))["data"]
    assert sorted(row["payload"]["resource_id"] for row in lost) == ids
    assert [row["status"] for row in kept] == ["delivered"]
    assert lost[1]["delivery_attempts"][0]["success"] is False
    assert lost[0]["delivery_attempts"] == []  # the one behind the head was never tried


async def test_deliveries_are_listed_by_status_resource_event_and_day(
    api: Api, procore: Procore, receiver: Receiver, clock: Clock
) -> None:
    """N18, F9."""
    hook = await heard(api)
    vendor = procore.add_vendor("a")["id"]
    await procore.deliverer.send()
    clock.passes(days=1)
    await api.sign_in()
    receiver.status = 500
    procore.set_any("vendors", vendor, name="b")
    procore.set_any("vendors", vendor, name="c")
    await procore.deliverer.send()

    async def count(**filters: str) -> int:
        query = {f"filter[{name}]": value for name, value in filters.items()}
        return len((await api.get(f"{company_of(api)}/hooks/{hook}/deliveries", **query))["data"])

    assert await count() == 3
    assert [await count(status=it) for it in ("succeeded", "retrying", "enqueued", "discarded")] == [1, 1, 1, 0]
    assert (await count(event_type="update"), await count(resource_name="Projects")) == (2, 0)
    assert (await count(start="2026-03-03"), await count(end="2026-03-02")) == (2, 1)


async def test_a_disabled_hook_a_removed_trigger_and_a_removed_hook_are_told_nothing(
    api: Api, procore: Procore, receiver: Receiver
) -> None:
    hook = await heard(api)
    path = f"{company_of(api)}/hooks/{hook}"
    await api.call("PATCH", path, body={"status": "disabled"})
    procore.add_vendor("unheard")
    await api.call("PATCH", path, body={"status": "active"})
    for trigger in (await api.get(f"{path}/triggers"))["data"]:
        if trigger["event_type"] == "CREATE":
            await api.call("DELETE", f"{path}/triggers/{trigger['id']}")
    vendor = procore.add_vendor("unheard too")["id"]
    procore.set_any("vendors", vendor, name="heard")
    other = await subscribe(api, company_of(api), *VENDORS)
    procore.add_vendor("never told")
    await api.call("DELETE", f"{company_of(api)}/hooks/{other}")
    await procore.deliverer.send()

    assert receiver.events == [("Company Vendors", "update")]


async def test_what_waits_goes_to_the_new_address(api: Api, procore: Procore, receiver: Receiver) -> None:
    hook = await heard(api)
    receiver.status = 500
    procore.add_vendor("a")
    await procore.deliverer.send()
    receiver.status = 204
    await api.call("PATCH", f"{company_of(api)}/hooks/{hook}", body={"destination_url": f"{URL}/new"})
    await procore.deliverer.send()

    assert [url for url, _, _ in receiver.took] == [URL, f"{URL}/new"]


async def test_a_hook_that_is_removed_while_it_is_called_stops_nothing(
    api: Api, procore: Procore, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = await heard(api)
    procore.outbox.duplicates = 1
    for name in ("a", "b"):
        procore.add_vendor(name)

    async def removes(*_call: object) -> tuple[int, str]:
        await api.call("DELETE", f"{company_of(api)}/hooks/{hook}")
        return 204, ""

    monkeypatch.setattr(procore.deliverer, "post", removes)
    assert await procore.deliverer.send() == 1
    assert procore.outbox.waiting() == 0
    assert receiver.took == []


# -- over real HTTP ------------------------------------------------------------------------------------------------


async def test_a_running_server_delivers_by_itself(clock: Clock) -> None:
    """N8: from server to receiver with nothing in between replaced."""
    told: list[tuple[str, Notice]] = []
    procore = Procore(now=clock, seed=7)
    heard_all = anyio.Event()

    async def receive(request: web.Request) -> web.Response:
        told.append((request.headers["Authorization"], read_procore(await request.read())))
        heard_all.set()
        return web.Response(status=204)

    app = web.Application()
    app.router.add_post("/hook", receive)
    async with TestServer(app) as server, TestClient(TestServer(procore.app(deliver_every=0.01))) as client:
        api = Api(procore, client)
        await api.sign_in()
        await subscribe(api, company_of(api), *VENDORS, destination_url=str(server.make_url("/hook")))
        vendor = procore.add_vendor("Acme")
        with anyio.fail_after(5):
            await heard_all.wait()

    assert [(header, it.resource_id) for header, it in told] == [(TOKEN, str(vendor["id"]))]


async def test_nobody_at_the_address_is_a_failure(clock: Clock) -> None:
    procore = Procore(now=clock, seed=7)
    async with TestClient(TestServer(procore.app())) as client:
        api = Api(procore, client)
        await api.sign_in()
        await subscribe(api, company_of(api), *VENDORS, destination_url="http://127.0.0.1:9/hook")
        procore.add_vendor("Acme")

        assert await procore.deliverer.send() == 1
    assert procore.outbox.waiting() == 1
