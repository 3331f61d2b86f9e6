"""Entities go to Business Central with the ETag of what was decided upon; every part of a batch stands for itself."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx
import pytest

from adapters.business_central.client import BusinessCentralClient
from adapters.business_central.settings import BusinessCentralSettings
from adapters.outbound.secrets import Secret
from domain.delivery import Absent, Accepted, Busy, Delivery, Endpoint, Listing, Lookup, Outcome, Refused
from domain.errors import Misconfigured, NeedsDecision, RetryLater, Unreadable
from domain.values import BUSINESS_CENTRAL
from tests.adapters.outbound.world import LoopClock, Network, Reply, delivery, says, seeded, sent, virtual

API = "https://bc.test/v2.0/tenant/production/api"
COMPANY = "3f6d2c1e-8a47-4d0b-9c35-7e1f5a2b6d90"
ROOT = f"{API}/siteledger/procore/v1.0"
IDS = [f"00000000-0000-4000-8000-{number:012d}" for number in range(300)]
UPDATE = Endpoint(
    name="bc.projects",
    system=BUSINESS_CENTRAL,
    verb="update",
    method="PATCH",
    path="projects",
    limit=100,
    lookup=Lookup("projects", match="one"),
)
CREATE = Endpoint(
    name="bc.changeOrders.create",
    system=BUSINESS_CENTRAL,
    verb="create",
    method="POST",
    path="changeOrders",
    limit=100,
    lookup=Lookup("changeOrders", match="one"),
)
DELETE = Endpoint(name="bc.segments.delete", system=BUSINESS_CENTRAL, verb="delete", method="DELETE", path="segments")
RELEASE = Endpoint(
    name="bc.purchaseOrders.release",
    system=BUSINESS_CENTRAL,
    verb="attach",
    method="POST",
    path="purchaseOrders({id})/Microsoft.NAV.release",
)
TRACE = "a1b2c3d4-0000-4000-8000-1234567890ab"


def client_on(network: Network, **settings: Any) -> BusinessCentralClient:
    given = BusinessCentralSettings(
        API,
        "https://login.test/t/oauth2/v2.0/token",
        "scope/.default",
        COMPANY,
        "client",
        Secret("client-secret"),
        **settings,
    )
    return BusinessCentralClient(given, LoopClock(), seeded(), network)


def change(number: int, **fields: Any) -> Delivery:
    given: dict[str, Any] = {"target_id": IDS[number], "if_match": f'W/"{number}"', **fields}
    return delivery(str(number), {"procoreProjectId": 1000 + number}, **given)


def order(number: int, **fields: Any) -> Delivery:
    return delivery(f"order {number}", {"id": IDS[number], "title": f"Order {number}"}, **fields)


def problem(code: str, status: int = 400, message: str = "It is not allowed.") -> httpx.Response:
    return says({"error": {"code": code, "message": f"{message}  CorrelationId:  {TRACE}."}}, status)


def part(name: str, status: int, body: object = None, **headers: str) -> dict[str, Any]:
    return {"id": name, "status": status, "headers": headers, "body": body}


def batch(request: httpx.Request) -> httpx.Response:
    """Every part succeeds; answers come in another order."""
    parts = [
        part(each["id"], 200, {**each.get("body", {}), "id": IDS[int(each["id"])], "@odata.etag": 'W/"new"'})
        for each in sent(request)["requests"]
    ]
    return says({"responses": parts[::-1]})


async def carried(network: Network, endpoint: Endpoint, *deliveries: Delivery) -> list[Outcome]:
    return await client_on(network).carry(endpoint, deliveries)


@virtual
async def test_every_call_carries_the_headers_that_business_central_wants() -> None:
    network = Network(says({"value": []}))
    client = client_on(network)

    await client.list(Listing("projects", BUSINESS_CENTRAL, "projects"))
    await client.list(Listing("projects", BUSINESS_CENTRAL, "projects"))
    headers = network.seen[0].headers

    assert headers["accept-language"] == "en-US"
    assert headers["accept"] == "application/json;odata.metadata=minimal"
    assert headers["user-agent"] == "SiteLedger"
    assert headers["prefer"] == "odata.maxpagesize=1000"
    assert UUID(headers["client-request-id"]) != UUID(network.seen[1].headers["client-request-id"])
    assert b"scope=scope%2F.default" in network.tokens[0].content


@virtual
async def test_the_same_seed_names_the_same_requests() -> None:
    first, second = Network(says({"value": []})), Network(says({"value": []}))

    await client_on(first).list(Listing("projects", BUSINESS_CENTRAL, "projects"))
    await client_on(second).list(Listing("projects", BUSINESS_CENTRAL, "projects"))

    assert first.seen[0].headers["client-request-id"] == second.seen[0].headers["client-request-id"]


@pytest.mark.parametrize(
    ("path", "url"),
    [
        ("projects", f"{ROOT}/companies({COMPANY})/projects"),
        ("purchaseOrders(1)/purchaseOrderLines", f"{ROOT}/companies({COMPANY})/purchaseOrders(1)/purchaseOrderLines"),
        ("standard/currencies", f"{API}/v2.0/companies({COMPANY})/currencies"),
        ("/subscriptions", f"{ROOT}/subscriptions"),
    ],
)
@virtual
async def test_a_path_is_found_below_its_route_and_company(path: str, url: str) -> None:
    network = Network(says({"value": []}))

    await client_on(network).list(Listing("list", BUSINESS_CENTRAL, path))

    assert str(network.seen[0].url) == url


@virtual
async def test_a_filter_is_encoded_without_plus_signs() -> None:
    network = Network(says({"value": []}))
    condition = "rowVersion gt 12 and name eq 'A+B & Söhne'"

    await client_on(network).list(Listing("p", BUSINESS_CENTRAL, "projects", (("$filter", condition),)))

    assert "+" not in network.seen[0].url.raw_path.decode()
    assert network.seen[0].url.params["$filter"] == condition


@virtual
async def test_next_links_are_followed_as_they_are_with_the_same_headers() -> None:
    link = f"{ROOT}/companies({COMPANY})/projects?aid=FIN&$skiptoken=%27x%20y%27"
    network = Network(
        says({"value": [{"id": IDS[1]}], "@odata.nextLink": link}),
        says({"value": [], "@odata.nextLink": f"{link}2"}),
        says({"value": [{"id": IDS[1].upper(), "name": "later"}, {"id": IDS[2]}]}),
    )

    rows = await client_on(network, page_size=2).list(Listing("projects", BUSINESS_CENTRAL, "projects"))

    assert [row["id"].lower() for row in rows] == [IDS[1], IDS[2]]
    assert rows[0]["name"] == "later"
    assert str(network.seen[1].url) == link
    assert {request.headers["prefer"] for request in network.seen} == {"odata.maxpagesize=2"}


@virtual
async def test_one_entity_is_a_list_of_one() -> None:
    network = Network(says({"id": IDS[1], "name": "x"}))

    rows = await client_on(network).list(Listing("project", BUSINESS_CENTRAL, f"projects({IDS[1]})"))

    assert rows == [{"id": IDS[1], "name": "x"}]
    assert str(network.seen[0].url) == f"{ROOT}/companies({COMPANY})/projects({IDS[1]})"


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (problem("BadRequest_NotFound", 404), NeedsDecision),
        (problem("Internal_CompanyNotFound", 404), Misconfigured),
        (problem("Authentication_InvalidCredentials", 401), Misconfigured),
        (says({}, 503, retry_after="1"), RetryLater),
        (httpx.Response(200, content=b"<html>sign in</html>"), Unreadable),
        (httpx.Response(200, content=b'{"value": ['), Unreadable),
        (says({"odd": 1}), Unreadable),
        (says([1]), Unreadable),
        (says({"value": [1]}), Unreadable),
        (says({"value": [], "@odata.nextLink": "https://elsewhere.test/x"}), Unreadable),
        (says({"value": [], "@odata.nextLink": f"{ROOT}/companies({COMPANY})/projects"}), Unreadable),
    ],
)
@virtual
async def test_a_list_that_cannot_be_read_whole_is_an_error(reply: Reply, error: type[Exception]) -> None:
    with pytest.raises(error):
        await client_on(Network(reply)).list(Listing("projects", BUSINESS_CENTRAL, "projects"))


@virtual
async def test_a_list_that_takes_too_long_is_read_in_smaller_pages() -> None:
    def slow(request: httpx.Request) -> httpx.Response:
        return says({}, 504) if int(request.headers["prefer"].partition("=")[2]) > 100 else says({"value": []})

    network = Network(slow)
    await client_on(network).list(Listing("projects", BUSINESS_CENTRAL, "projects"))

    assert [request.headers["prefer"].partition("=")[2] for request in network.seen] == ["1000", "250", "62"]


@pytest.mark.requirement("PF-19")
@virtual
async def test_a_change_is_sent_with_the_etag_that_it_was_decided_upon() -> None:
    network = Network(says({"id": IDS[1], "procoreProjectId": 1001, "@odata.etag": 'W/"2"'}))

    [outcome] = await carried(network, UPDATE, change(1))
    request = network.seen[0]

    assert request.method == "PATCH"
    assert str(request.url) == f"{ROOT}/companies({COMPANY})/projects({IDS[1]})"
    assert request.headers["if-match"] == 'W/"1"'
    assert sent(request) == {"procoreProjectId": 1001}
    assert isinstance(outcome, Accepted)
    assert (outcome.target_id, outcome.etag) == (IDS[1], 'W/"2"')
    assert outcome.answer["procoreProjectId"] == 1001


@pytest.mark.requirement("PF-19")
@virtual
async def test_a_change_without_an_etag_reads_it_first() -> None:
    network = Network(says({"id": IDS[1], "@odata.etag": 'W/"seen"'}), says({"id": IDS[1], "@odata.etag": 'W/"2"'}))

    [outcome] = await carried(network, UPDATE, change(1, if_match=""))

    assert [request.method for request in network.seen] == ["GET", "PATCH"]
    assert network.seen[1].headers["if-match"] == 'W/"seen"'
    assert isinstance(outcome, Accepted)


@pytest.mark.requirement("PF-19")
@pytest.mark.parametrize(
    "reply",
    [
        problem("Request_EntityChanged", 409),
        problem("", 412),
        problem("", 428),
        problem("BadRequest_InvalidToken", 400),
    ],
)
@virtual
async def test_a_record_that_changed_in_between_is_not_overwritten(reply: Reply) -> None:
    network = Network(reply)

    [outcome] = await carried(network, UPDATE, change(1))

    assert isinstance(outcome, Busy)
    assert "changed in between" in outcome.reason
    assert not outcome.unknown
    assert outcome.after == timedelta(0)
    assert len(network.seen) == 1


@pytest.mark.requirement("PF-18")
@virtual
async def test_many_changes_go_in_batches_of_at_most_a_hundred_and_count_as_one_call_each() -> None:
    network = Network(batch)
    client = client_on(network)

    outcomes = await client.carry(UPDATE, [change(number) for number in range(205)])
    first = sent(network.seen[0])["requests"]

    assert [len(sent(request)["requests"]) for request in network.seen] == [100, 100, 5]
    assert str(network.seen[0].url) == f"{ROOT}/$batch"
    assert network.seen[0].headers["prefer"] == "odata.continue-on-error"
    assert network.seen[0].headers["accept"] == "application/json"
    assert first[0] == {
        "id": "0",
        "method": "PATCH",
        "url": f"companies({COMPANY})/projects({IDS[0]})",
        "headers": {"Content-Type": "application/json", "If-Match": 'W/"0"'},
        "body": {"procoreProjectId": 1000},
    }
    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    assert [outcome.delivery.key for outcome in outcomes] == [str(number) for number in range(205)]
    assert (client.calls.read, client.calls.write) == (0, 3)


@virtual
async def test_each_part_of_a_batch_has_its_own_outcome_and_exchange() -> None:
    parts = [
        part("3", 409, {"error": {"code": "Request_EntityChanged", "message": "changed"}}),
        part("0", 200, {"id": IDS[0], "@odata.etag": 'W/"9"'}),
        part("1", 400, {"error": {"code": "Application_DialogException", "message": f"No.  CorrelationId:  {TRACE}."}}),
        part("4", 500, {"error": {"code": "Internal_ServerError", "message": "oops"}}),
        part("5", 429, {"error": {"code": "", "message": "slow down"}}, **{"Retry-After": "7"}),
    ]
    network = Network(says({"responses": parts}))

    accepted, refused, missing, changed, broken, throttled = await carried(
        network, UPDATE, *[change(number) for number in range(6)]
    )

    assert isinstance(accepted, Accepted)
    assert accepted.etag == 'W/"9"'
    assert isinstance(refused, Refused)
    assert (refused.message, refused.code, refused.status) == ("No.", "Application_DialogException", 400)
    assert refused.exchange is not None
    assert refused.exchange.url.endswith(f"/$batch#projects({IDS[1]})")
    assert refused.exchange.request == b'{"procoreProjectId":1001}'
    assert isinstance(missing, Busy)
    assert missing.unknown
    assert isinstance(changed, Busy)
    assert not changed.unknown
    assert isinstance(broken, Busy)
    assert broken.unknown
    assert isinstance(throttled, Busy)
    assert not throttled.unknown
    assert throttled.after >= timedelta(seconds=6)


@pytest.mark.parametrize(
    "reply",
    [
        says({}, 500),
        says({}, 504),
        says({}, 503, retry_after="3"),
        httpx.ReadTimeout("silence"),
        httpx.Response(200, content=b"--batch multipart"),
        says({"odd": 1}),
    ],
)
@virtual
async def test_a_batch_whose_answer_is_lost_leaves_all_its_parts_unknown(reply: Reply) -> None:
    network = Network(reply)

    outcomes = await carried(network, UPDATE, *[change(number) for number in range(3)])

    assert len(network.seen) == 1
    assert all(isinstance(outcome, Busy) and outcome.unknown for outcome in outcomes)


@virtual
async def test_a_batch_that_is_refused_as_a_whole_is_divided_until_the_part_at_fault_stands_alone() -> None:
    def strict(request: httpx.Request) -> httpx.Response:
        if not request.url.path.endswith("$batch"):
            return problem("BadRequest", 400, "Cannot read the body.")
        urls = [each["url"] for each in sent(request)["requests"]]
        return problem("BadRequest", 400) if any(IDS[2] in url for url in urls) else batch(request)

    outcomes = await carried(Network(strict), UPDATE, *[change(number) for number in range(5)])

    assert [isinstance(outcome, Accepted) for outcome in outcomes].count(False) <= 2
    assert isinstance(outcomes[2], Refused)


@virtual
async def test_two_changes_of_one_record_are_never_in_one_batch() -> None:
    network = Network(batch, says({"id": IDS[1]}))
    first, second = change(1), change(1, flow="another")

    await carried(network, UPDATE, first, change(2), second)

    assert len(sent(network.seen[0])["requests"]) == 2
    assert network.seen[1].method == "PATCH"


@virtual
async def test_a_record_is_created_under_the_id_that_we_chose() -> None:
    body = {"id": IDS[1], "amount": Decimal("1250.10"), "note": None}
    network = Network(says({"id": IDS[1], "number": "CO1", "@odata.etag": 'W/"1"'}, 201))

    [outcome] = await carried(network, CREATE, delivery("order", body))

    assert network.seen[0].content == b'{"id":"%s","amount":1250.10}' % IDS[1].encode()
    assert isinstance(outcome, Accepted)
    assert outcome.target_id == IDS[1]
    assert outcome.answer["number"] == "CO1"


@pytest.mark.parametrize("status", [400, 409])
@virtual
async def test_a_duplicate_is_looked_at_and_accepted_when_it_is_our_own(status: int) -> None:
    here = {"id": IDS[1], "title": "Order 1", "@odata.etag": 'W/"4"'}
    network = Network(problem("Internal_EntityWithSameKeyExists", status), says(here))

    [outcome] = await carried(network, CREATE, order(1))

    assert [request.method for request in network.seen] == ["POST", "GET"]
    assert isinstance(outcome, Accepted)
    assert (outcome.target_id, outcome.etag, outcome.found) == (IDS[1], 'W/"4"', True)


@pytest.mark.parametrize(
    "seen", [says({"id": IDS[1], "title": "Another"}), problem("BadRequest_NotFound", 404)], ids=["differs", "not ours"]
)
@virtual
async def test_a_duplicate_that_is_not_our_own_is_refused_in_business_centrals_words(seen: Reply) -> None:
    network = Network(problem("Internal_EntityWithSameKeyExists", 400, "The record exists."), seen)

    [outcome] = await carried(network, CREATE, order(1))

    assert isinstance(outcome, Refused)
    assert outcome.message == "The record exists."


@virtual
async def test_a_deletion_of_what_is_gone_has_happened() -> None:
    network = Network(
        httpx.Response(204), problem("BadRequest_NotFound", 404), problem("BadRequest_ResourceNotFound", 404)
    )
    client = client_on(network)

    [deleted] = await client.carry(DELETE, [change(1, if_match="")])
    [gone] = await client.carry(DELETE, [change(1)])
    [wrong] = await client.carry(DELETE, [change(1)])

    assert network.seen[0].headers["if-match"] == "*"
    assert not network.seen[0].content
    assert isinstance(deleted, Accepted)
    assert not deleted.found
    assert isinstance(gone, Accepted)
    assert gone.found
    assert isinstance(wrong, Refused)


@virtual
async def test_an_action_is_called_on_its_record() -> None:
    network = Network(httpx.Response(204))

    [outcome] = await carried(network, RELEASE, delivery("release", target_id=IDS[1]))

    assert network.seen[0].url.path.endswith(f"/purchaseOrders({IDS[1]})/Microsoft.NAV.release")
    assert not network.seen[0].content
    assert isinstance(outcome, Accepted)


@pytest.mark.parametrize(
    ("reply", "kind", "unknown"),
    [
        (problem("Application_DialogException"), Refused, False),
        (problem("BadRequest_MethodNotAllowed", 405), Refused, False),
        (problem("BadRequest_NotFound", 404), Refused, False),
        (problem("Authorization_RequestDenied", 403), Busy, False),
        (problem("Authentication_InvalidCredentials", 401), Busy, False),
        (says({}, 408), Busy, True),
        (says({}, 500), Busy, True),
        (says({}, 503, retry_after="1"), Busy, True),
        (says({}, 504), Busy, True),
        (says({}, 429, retry_after="1"), Busy, False),
        (httpx.ReadTimeout("silence"), Busy, True),
        (httpx.ConnectError("refused"), Busy, False),
        (httpx.Response(200, content=b"<html>"), Busy, True),
        (httpx.Response(200, content=b'{"id":'), Busy, True),
    ],
)
@virtual
async def test_remote_trouble_is_an_outcome(reply: Reply, kind: type, unknown: bool) -> None:  # noqa: FBT001 - a column
    [outcome] = await carried(Network(reply), UPDATE, change(1))

    assert isinstance(outcome, kind)
    assert getattr(outcome, "unknown", False) is unknown


@pytest.mark.parametrize(
    "reply", [says({}, 500), says({}, 504), httpx.ReadTimeout("x"), httpx.Response(200, content=b"<html>")], ids=str
)
@virtual
async def test_a_change_whose_etag_could_not_be_read_is_not_sent(reply: Reply) -> None:
    network = Network(reply)

    [outcome] = await carried(network, UPDATE, change(1, if_match=""))

    assert isinstance(outcome, Busy)
    assert not outcome.unknown
    assert {request.method for request in network.seen} == {"GET"}


@virtual
async def test_a_change_without_an_id_is_refused_before_any_call() -> None:
    network = Network(says({}))

    [outcome] = await carried(network, UPDATE, delivery("k", {"procoreProjectId": 1}))

    assert isinstance(outcome, Refused)
    assert not network.seen


@virtual
async def test_a_look_compares_every_sent_field_by_its_meaning() -> None:
    body = {
        "id": IDS[1].upper(),
        "amount": Decimal("10.50"),
        "costTypeCode": "l",
        "projectClass": "Base Project",
        "procoreLastSyncedAt": "2026-03-31T10:00:00Z",
        "approvedAt": "2026-03-31T12:00:00+02:00",
    }
    here = {
        "id": IDS[1],
        "amount": 10.5,
        "costTypeCode": "L",
        "projectClass": "Base_x0020_Project",
        "procoreLastSyncedAt": "2026-03-30T10:00:00Z",
        "approvedAt": "2026-03-31T10:00:00Z",
        "@odata.etag": 'W/"3"',
    }
    client = client_on(Network(says(here)))

    [sight] = await client.look(CREATE, [delivery("order", body)])
    [other] = await client.look(CREATE, [delivery("order", {**body, "amount": Decimal("10.51")})])

    assert isinstance(sight, Accepted)
    assert (sight.target_id, sight.etag, sight.found) == (IDS[1], 'W/"3"', True)
    assert isinstance(other, Absent)
    assert (other.target_id, other.etag) == (IDS[1], 'W/"3"')


@virtual
async def test_many_looks_go_in_one_batch_of_reads() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        parts = [
            part("0", 200, {"id": IDS[0], "title": "Order 0"}),
            part("1", 404, {"error": {"code": "BadRequest_NotFound", "message": "gone"}}),
            part("2", 200, {"id": IDS[2], "title": "Other"}),
        ]
        assert [each["method"] for each in sent(request)["requests"]] == ["GET"] * 4
        return says({"responses": parts})

    network = Network(answer)
    client = client_on(network)
    there, gone, other, unseen = await client.look(CREATE, [order(number) for number in range(4)])

    assert isinstance(there, Accepted)
    assert isinstance(gone, Absent)
    assert isinstance(other, Absent)
    assert isinstance(unseen, Busy)
    assert not unseen.unknown
    assert (client.calls.read, client.calls.write) == (1, 0)


@virtual
async def test_a_batch_of_reads_is_repeated_after_trouble_that_passes() -> None:
    good = says({"responses": [part("0", 404, {"error": {}}), part("1", 404, {"error": {}})]})
    network = Network(httpx.ReadTimeout("silence"), good)

    sights = await client_on(network).look(CREATE, [order(1), order(2)])

    assert all(isinstance(sight, Absent) for sight in sights)
    assert len(network.seen) == 2


@virtual
async def test_a_record_without_an_id_is_looked_up_by_its_natural_key() -> None:
    lookup = Lookup("changeOrders", match="fields", fields=("procoreChangeOrderId", "changeOrderType"))
    endpoint = Endpoint(
        name="x", system=BUSINESS_CENTRAL, verb="create", method="POST", path="changeOrders", lookup=lookup
    )
    body = {"procoreChangeOrderId": 88123, "changeOrderType": "O'Neil"}
    network = Network(says({"value": [{**body, "id": IDS[3]}]}))

    [sight] = await client_on(network).look(endpoint, [delivery("order", body)])

    assert network.seen[0].url.params["$filter"] == "procoreChangeOrderId eq 88123 and changeOrderType eq 'O''Neil'"
    assert isinstance(sight, Accepted)
    assert sight.target_id == IDS[3]


@virtual
async def test_lines_of_a_deep_insert_are_looked_at_too() -> None:
    body = {"id": IDS[1], "changeOrderLines": [{"amount": Decimal("1.5")}, {"amount": Decimal(2)}]}
    here = {"id": IDS[1], "changeOrderLines": [{"amount": 2, "id": "b"}, {"amount": 1.50, "id": "a"}]}
    network = Network(says(here))

    [sight] = await client_on(network).look(CREATE, [delivery("order", body)])

    assert network.seen[0].url.params["$expand"] == "changeOrderLines"
    assert isinstance(sight, Accepted)


@virtual
async def test_a_deletion_is_settled_by_the_missing_record() -> None:
    [gone] = await client_on(Network(problem("BadRequest_NotFound", 404))).look(DELETE, [change(1)])
    [there] = await client_on(Network(says({"id": IDS[1], "@odata.etag": 'W/"8"'}))).look(DELETE, [change(1)])
    [wrong] = await client_on(Network(problem("Internal_CompanyNotFound", 404))).look(DELETE, [change(1)])

    assert isinstance(gone, Accepted)
    assert isinstance(there, Absent)
    assert isinstance(wrong, Busy)


@virtual
async def test_an_action_shows_nothing_and_can_be_sent_again() -> None:
    network = Network(says({}))

    [sight] = await client_on(network).look(RELEASE, [delivery("release", target_id=IDS[1])])

    assert isinstance(sight, Absent)
    assert not network.seen
