"""Lists of Procore are read whole, in pages as large as they allow, each id once."""

from decimal import Decimal

import httpx
import pytest

from domain.delivery import Accepted, Endpoint, Listing, Lookup
from domain.errors import Misconfigured, NeedsDecision, RetryLater, Unreadable
from domain.values import PROCORE
from tests.adapters.outbound.world import Network, Reply, delivery, says, virtual
from tests.adapters.procore.known import API, CODES, carried, client_on


@virtual
async def test_a_bare_list_answers_rows_too() -> None:
    budget = Endpoint(
        name="budget",
        system=PROCORE,
        verb="sync",
        method="POST",
        path="/rest/v1.0/budget_line_items/sync",
        body=("project_id",),
        rows="budget_line_items",
        limit=1000,
        lookup=Lookup("/x", match="fields", fields=("wbs_code_id",)),
        shown={"wbs_code_id": "wbs_code.id"},
    )
    line = delivery("1", {"wbs_code_id": 8, "original_budget_amount": Decimal("10.10")}, scope={"project_id": "5"})

    outcomes, network = await carried(says([{"id": 3, "wbs_code": {"id": 8}}]), budget, line)

    assert b'"original_budget_amount":10.10' in network.seen[0].content
    assert isinstance(outcomes[0], Accepted)
    assert outcomes[0].target_id == "3"


@virtual
async def test_all_pages_are_read_and_every_id_comes_once() -> None:
    def page(request: httpx.Request) -> httpx.Response:
        number = int(request.url.params["page"])
        url = f"{API}{request.url.path}?page={number + 1}&per_page=2&company_id=1"
        link = f'<{API}/x?page=9>; rel="last", <{url}>; rel="next"' if number < 3 else f'<{API}/x?page=1>; rel="first"'
        return says([{"id": number}, {"id": number + 1, "page": number}], link=link, total="4", per_page="2")

    network = Network(page)
    found = await client_on(network, page_size=2).list(
        Listing("vendors", PROCORE, "/rest/v1.0/vendors", (("company_id", "1"),))
    )

    assert [row["id"] for row in found] == [1, 2, 3, 4]
    assert [request.url.params["page"] for request in network.seen] == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("path", "size"),
    [
        ("/rest/v1.0/vendors", "2000"),
        ("/rest/v1.1/projects", "300"),
        ("/rest/v1.1/projects/5/vendors", "2000"),
        ("/rest/v2.0/companies/1/projects/2/wbs/codes", "100"),
    ],
)
@virtual
async def test_pages_are_as_large_as_the_list_allows(path: str, size: str) -> None:
    network = Network(says([]))

    await client_on(network).list(Listing("list", PROCORE, path))

    assert network.seen[0].url.params["per_page"] == size


@virtual
async def test_a_list_without_paging_gets_no_paging_parameters_but_its_link_is_followed() -> None:
    network = Network(says([{"id": 1}], link=f'<{API}/rest/v1.0/segments?cursor=2>; rel="next"'), says([{"id": 2}]))

    found = await client_on(network).list(Listing("segments", PROCORE, "/rest/v1.0/segments", paged=False))

    assert not network.seen[0].url.query
    assert [row["id"] for row in found] == [1, 2]


@pytest.mark.parametrize(
    ("path", "key", "document"),
    [
        ("/rest/v1.0/things", "", [{"id": 1}]),
        ("/rest/v1.0/things", "", {"id": 1}),
        ("/rest/v1.0/things", "rows", {"rows": [{"id": 1}]}),
        ("/rest/v2.0/things", "", {"data": [{"id": 1}]}),
        ("/rest/v1.0/patterns", "segments", [{"segments": [{"id": 1}]}]),
    ],
)
@virtual
async def test_rows_are_found_in_every_shape_of_a_list(path: str, key: str, document: object) -> None:
    listing = Listing("things", PROCORE, path, rows=key)

    assert await client_on(Network(says(document))).list(listing) == [{"id": 1}]


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (says({"errors": "Not found"}, 404), NeedsDecision),
        (says({"errors": "no token"}, 401), Misconfigured),
        (says({}, 500), RetryLater),
        (httpx.Response(200, content=b"<html>sign in</html>"), Unreadable),
        (httpx.Response(200, content=b'[{"id": 1}, {"id"'), Unreadable),
        (httpx.Response(200), Unreadable),
        (says(["text"]), Unreadable),
        (says([{"id": 1}], link='<https://elsewhere.test/x?page=2>; rel="next"'), Unreadable),
        (says([{"id": 1}], link=f'<{API}/rest/v1.0/things?page=1&per_page=2000>; rel="next"'), Unreadable),
    ],
)
@virtual
async def test_a_list_that_cannot_be_read_whole_is_an_error(reply: Reply, error: type[Exception]) -> None:
    with pytest.raises(error):
        await client_on(Network(reply)).list(Listing("things", PROCORE, "/rest/v1.0/things"))


@virtual
async def test_a_list_that_takes_too_long_is_read_in_smaller_pages() -> None:
    def slow(request: httpx.Request) -> httpx.Response:
        return says({}, 408) if int(request.url.params["per_page"]) > 200 else says([{"id": 1}])

    network = Network(slow)
    found = await client_on(network).list(Listing("things", PROCORE, "/rest/v1.0/things"))

    assert found == [{"id": 1}]
    assert [request.url.params["per_page"] for request in network.seen] == ["2000", "500", "125"]


@virtual
async def test_a_list_that_turns_out_not_to_page_is_read_whole() -> None:
    def unpaged(request: httpx.Request) -> httpx.Response:
        return says({"errors": "page is unknown"}, 406) if request.url.query else says([{"id": 1}])

    network = Network(unpaged)
    client = client_on(network)
    first = await client.list(Listing("things", PROCORE, "/rest/v1.0/things"))
    second = await client.list(Listing("things", PROCORE, "/rest/v1.0/things"))

    assert first == second == [{"id": 1}]
    assert len(network.seen) == 3


@virtual
async def test_calls_are_counted_under_their_templates() -> None:
    network = Network(says([]))
    client = client_on(network)

    await client.list(Listing("vendors", PROCORE, "/rest/v1.1/projects/123/vendors"))
    await client.carry(CODES, [delivery("a", {"segment_items": []}, scope={"project_id": "5"})])

    assert client.calls.kinds == {
        "GET /rest/v1.1/projects/{id}/vendors": 1,
        "PATCH /rest/v1.0/projects/{project_id}/work_breakdown_structure/wbs_codes/bulk_create": 1,
    }


@virtual
async def test_the_token_never_goes_to_another_host() -> None:
    network = Network(says([{"id": 1}], link='<https://elsewhere.test/x?page=2>; rel="next"'), says([]))

    with pytest.raises(Unreadable, match="another host"):
        await client_on(network).list(Listing("things", PROCORE, "/rest/v1.0/things"))

    assert {request.url.host for request in network.seen} == {"api.procore.test"}
