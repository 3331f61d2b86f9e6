"""Lists of Business Central are read whole, with the headers and addresses that it wants."""

from uuid import UUID

import httpx
import pytest

from domain.delivery import Listing
from domain.errors import Misconfigured, NeedsDecision, RetryLater, Unreadable
from domain.values import BUSINESS_CENTRAL
from tests.adapters.business_central.known import API, COMPANY, IDS, ROOT, client_on, problem
from tests.adapters.outbound.world import Network, Reply, says, virtual


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


@virtual
async def test_the_token_never_goes_to_another_host() -> None:
    network = Network(says({"value": [], "@odata.nextLink": "https://elsewhere.test/x"}), says({"value": []}))

    with pytest.raises(Unreadable, match=r"elsewhere\.test"):
        await client_on(network).list(Listing("projects", BUSINESS_CENTRAL, "projects"))

    assert {request.url.host for request in network.seen} == {"bc.test"}
