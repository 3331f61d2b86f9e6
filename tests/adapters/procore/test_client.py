"""Rows go to Procore as its rules ask, and each row has the outcome that Procore gave it, not the call."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from adapters.outbound.secrets import Secret
from adapters.procore.client import ProcoreClient
from adapters.procore.settings import ProcoreSettings
from domain.delivery import Absent, Accepted, Busy, Delivery, Endpoint, Listing, Lookup, Outcome, Refused
from domain.errors import Misconfigured, NeedsDecision, RetryLater, Unreadable
from domain.values import PROCORE
from tests.adapters.outbound.world import LoopClock, Network, Reply, delivery, says, seeded, sent, virtual

API = "https://api.procore.test"
COMPANY = "4611686018427387904"  # beyond 32 bits (Procore H3)
VENDORS = Endpoint(
    name="vendors",
    system=PROCORE,
    verb="sync",
    method="PATCH",
    path="/rest/v1.0/vendors/sync",
    body=("company_id",),
    rows="updates",
    limit=1000,
    lookup=Lookup("/rest/v1.0/vendors", query=(("company_id", "{company_id}"),), filter="filters[origin_id]"),
)
CODES = Endpoint(
    name="wbs_codes",
    system=PROCORE,
    verb="create",
    method="PATCH",
    path="/rest/v1.0/projects/{project_id}/work_breakdown_structure/wbs_codes/bulk_create",
    rows="bulk",
    limit=1000,
    lookup=Lookup("/rest/v1.0/projects/{project_id}/work_breakdown_structure/wbs_codes", match="segment_items"),
)
PROJECTS = Endpoint(
    name="projects",
    system=PROCORE,
    verb="create",
    method="POST",
    path="/rest/v1.0/projects",
    body=("company_id",),
    envelope="project",
    lookup=Lookup("/rest/v1.1/projects", query=(("company_id", "{company_id}"),), filter="filters[origin_id]"),
)
PROJECT = Endpoint(
    name="projects.update",
    system=PROCORE,
    verb="update",
    method="PATCH",
    path="/rest/v1.0/projects/{id}",
    body=("company_id",),
    envelope="project",
    lookup=Lookup("/rest/v1.0/projects/{id}", query=(("company_id", "{company_id}"),), match="one"),
)
LINE = Endpoint(
    name="lines.delete",
    system=PROCORE,
    verb="delete",
    method="DELETE",
    path="/rest/v1.0/purchase_order_contracts/{contract_id}/line_items/{id}",
    query=("project_id",),
    lookup=Lookup(
        "/rest/v1.0/purchase_order_contracts/{contract_id}/line_items",
        query=(("project_id", "{project_id}"),),
        match="id",
    ),
)
ADD = Endpoint(
    name="project_vendors",
    system=PROCORE,
    verb="attach",
    method="POST",
    path="/rest/v1.1/projects/{project_id}/vendors/{id}/actions/add",
)


def client_on(network: Network, **settings: Any) -> ProcoreClient:
    given = ProcoreSettings(
        API, "https://login.procore.test/oauth/token", COMPANY, "client", Secret("client-secret"), **settings
    )
    return ProcoreClient(given, LoopClock(), seeded(), network)


def rows(count: int) -> list[Delivery]:
    return [delivery(f"bc:c:vendors:{number}", {"name": f"Vendor {number}"}) for number in range(count)]


def written(request: httpx.Request) -> httpx.Response:
    """Every row of the call is written, in another order than it was sent."""
    updates = sent(request)["updates"]
    entities = [{**row, "id": row.get("id", 1000 + index)} for index, row in enumerate(updates)]
    return says({"entities": entities[::-1], "errors": []})


async def carried(reply: Reply | Any, endpoint: Endpoint, *deliveries: Delivery) -> tuple[list[Outcome], Network]:
    network = Network(reply)
    return await client_on(network).carry(endpoint, deliveries), network


@pytest.mark.requirement("PF-03")
@virtual
async def test_the_company_is_named_on_every_call() -> None:
    network = Network(says([]))
    client = client_on(network)

    await client.list(Listing("me", PROCORE, "/rest/v1.0/me", paged=False))
    await client.carry(VENDORS, rows(1))
    await client.look(VENDORS, rows(1))

    assert {request.headers["procore-company-id"] for request in network.seen} == {COMPANY}
    assert len(network.seen) == 3


@pytest.mark.requirement("PF-04")
@virtual
async def test_each_row_of_a_sync_has_its_own_outcome_although_the_status_is_200() -> None:
    good, bad, silent = rows(3)
    answer = says(
        {
            "entities": [{"id": 77, "origin_id": good.key, "name": "Vendor 0"}],
            "errors": [{"origin_id": bad.key, "name": "Vendor 1", "errors": {"name": ["has already been taken"]}}],
        }
    )

    outcomes, _ = await carried(answer, VENDORS, bad, silent, good)

    assert [type(outcome) for outcome in outcomes] == [Refused, Busy, Accepted]
    refused, busy, accepted = outcomes
    assert isinstance(refused, Refused)
    assert refused.message == "name: has already been taken"
    assert isinstance(busy, Busy)
    assert busy.unknown
    assert isinstance(accepted, Accepted)
    assert (accepted.target_id, accepted.found) == ("77", False)
    assert accepted.exchange is not None
    assert accepted.exchange.status == 200


@pytest.mark.requirement("PF-04")
@virtual
async def test_a_row_that_is_both_written_and_refused_counts_as_refused() -> None:
    row = rows(1)[0]
    both = {"entities": [{"id": 1, "origin_id": row.key}], "errors": [{"origin_id": row.key, "errors": "no"}]}

    outcomes, _ = await carried(says(both), VENDORS, row)

    assert isinstance(outcomes[0], Refused)


@pytest.mark.requirement("PF-04")
@virtual
async def test_more_than_a_thousand_rows_are_sent_in_several_calls() -> None:
    outcomes, network = await carried(written, VENDORS, *rows(2001))

    assert [len(sent(request)["updates"]) for request in network.seen] == [1000, 1000, 1]
    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    assert [outcome.delivery.key for outcome in outcomes] == [row.key for row in rows(2001)]


@pytest.mark.requirement("PF-05")
@virtual
async def test_a_known_record_is_named_by_id_and_a_new_one_by_origin_id_never_by_both() -> None:
    new = delivery("bc:c:vendors:1", {"name": "New"})
    known = delivery("bc:c:vendors:2", {"name": "Known"}, target_id="4611686018427387999")

    outcomes, network = await carried(written, VENDORS, new, known)

    assert sent(network.seen[0]) == {
        "company_id": int(COMPANY),
        "updates": [
            {"name": "New", "origin_id": "bc:c:vendors:1"},
            {"name": "Known", "id": 4611686018427387999},
        ],
    }
    assert [outcome.target_id for outcome in outcomes if isinstance(outcome, Accepted)] == [
        "1000",
        "4611686018427387999",
    ]


@pytest.mark.requirement("PF-05")
@virtual
async def test_an_origin_id_is_rewritten_only_on_purpose() -> None:
    rekeyed = delivery("bc:c:vendors:2", {"origin_id": "bc:c:vendors:2"}, target_id="9")

    _, network = await carried(written, VENDORS, rekeyed)

    assert sent(network.seen[0])["updates"] == [{"origin_id": "bc:c:vendors:2", "id": 9}]


@virtual
async def test_one_record_is_never_twice_in_one_call_and_its_rows_stay_in_order() -> None:
    first = delivery("k", {"name": "first"})
    second = delivery("k", {"name": "second"})
    other = delivery("o", {"name": "other"})

    outcomes, network = await carried(written, VENDORS, first, second, other)

    assert [[row["name"] for row in sent(request)["updates"]] for request in network.seen] == [
        ["first", "other"],
        ["second"],
    ]
    assert [outcome.delivery.body["name"] for outcome in outcomes] == ["first", "second", "other"]


@virtual
async def test_a_call_with_too_many_rows_is_halved() -> None:
    def strict(request: httpx.Request) -> httpx.Response:
        return says({"errors": "too many"}, 413) if len(sent(request)["updates"]) > 3 else written(request)

    outcomes, network = await carried(strict, VENDORS, *rows(10))

    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    assert [len(sent(request)["updates"]) for request in network.seen] == [10, 5, 2, 3, 5, 2, 3]


@virtual
async def test_one_bad_row_that_makes_procore_refuse_the_call_does_not_hold_up_the_others() -> None:
    def strict(request: httpx.Request) -> httpx.Response:
        names = [row["name"] for row in sent(request)["updates"]]
        return says({"errors": {"base": ["Vendor 7 is odd"]}}, 422) if "Vendor 7" in names else written(request)

    outcomes, network = await carried(strict, VENDORS, *rows(20))

    assert [outcome.delivery.body["name"] for outcome in outcomes if isinstance(outcome, Refused)] == ["Vendor 7"]
    assert sum(isinstance(outcome, Accepted) for outcome in outcomes) == 19
    assert len(network.seen) < 20


@virtual
async def test_a_call_that_is_refused_however_small_it_is_ends_after_a_bounded_number_of_calls() -> None:
    outcomes, network = await carried(says({"errors": "bad"}, 400), VENDORS, *rows(1000))

    assert all(isinstance(outcome, Refused) for outcome in outcomes)
    assert len(network.seen) <= 41


@virtual
async def test_wbs_codes_are_matched_by_their_combination_in_whatever_order() -> None:
    one = delivery("a", {"segment_items": [_item(1, 10), _item(2, 20)]}, scope={"project_id": "5"})
    two = delivery("b", {"segment_items": [_item(1, 11), _item(2, 20)]}, scope={"project_id": "5"})
    three = delivery("c", {"segment_items": [_item(1, 12), _item(2, 20)]}, scope={"project_id": "5"})
    shown = {"id": 900, "segment_items": [{"id": 20, "segment": {"id": 2}}, {"id": 10, "segment": {"id": 1}}]}
    echoed = {**two.body, "errors": {"segment_items": ["is inactive"]}}

    outcomes, network = await carried(says({"entities": [shown], "errors": [echoed]}, 201), CODES, one, two, three)

    assert network.seen[0].url.path == "/rest/v1.0/projects/5/work_breakdown_structure/wbs_codes/bulk_create"
    assert sent(network.seen[0]) == {"bulk": [one.body, two.body, three.body]}
    assert [type(outcome) for outcome in outcomes] == [Accepted, Refused, Busy]


def _item(segment: int, item: int) -> dict[str, int]:
    return {"segment_id": segment, "segment_item_id": item}


@virtual
async def test_a_refused_row_is_recognised_by_what_was_sent_when_it_names_neither_id_nor_origin() -> None:
    good, bad = rows(2)
    answer = {"entities": [{"id": 1, "origin_id": good.key}], "errors": [{"name": "Vendor 1", "errors": ["no"]}]}
    endpoint = Endpoint(**{name: getattr(VENDORS, name) for name in VENDORS.__struct_fields__ if name != "lookup"})

    outcomes, _ = await carried(says(answer), endpoint, good, bad)

    assert [type(outcome) for outcome in outcomes] == [Accepted, Refused]


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
async def test_one_record_is_created_in_its_envelope_and_its_id_kept_as_text() -> None:
    new = delivery("bc:c:projects:1", {"name": "Hospital wing", "total_value": Decimal("12345678901234.50")})

    outcomes, network = await carried(says({"id": 2**40}, 201), PROJECTS, new)

    assert network.seen[0].method == "POST"
    assert network.seen[0].content.startswith(b'{"company_id":%s,"project":{' % COMPANY.encode())
    assert b'"total_value":12345678901234.50' in network.seen[0].content
    assert isinstance(outcomes[0], Accepted)
    assert outcomes[0].target_id == str(2**40)


@virtual
async def test_v2_ids_are_text_and_answers_stand_under_data() -> None:
    endpoint = Endpoint(
        name="contracts",
        system=PROCORE,
        verb="create",
        method="POST",
        path="/rest/v2.0/companies/{company_id}/projects/{project_id}/commitment_contracts",
        body=("project_id",),
    )

    outcomes, network = await carried(
        says({"data": {"id": "160586"}}, 200), endpoint, delivery("k", {"title": "t"}, scope={"project_id": "5"})
    )

    assert f"/companies/{COMPANY}/projects/5/" in network.seen[0].url.path
    assert sent(network.seen[0]) == {"project_id": "5", "title": "t"}
    assert isinstance(outcomes[0], Accepted)
    assert outcomes[0].target_id == "160586"


@virtual
async def test_deleting_and_joining_need_no_body_and_accept_an_empty_answer() -> None:
    line = delivery("l", scope={"contract_id": "3", "project_id": "5"}, target_id="9")
    vendor = delivery("v", scope={"project_id": "5"}, target_id="8")

    deleted, deletion = await carried(httpx.Response(200), LINE, line)
    joined, joining = await carried(httpx.Response(204), ADD, vendor)

    assert str(deletion.seen[0].url) == f"{API}/rest/v1.0/purchase_order_contracts/3/line_items/9?project_id=5"
    assert joining.seen[0].url.path == "/rest/v1.1/projects/5/vendors/8/actions/add"
    assert not deletion.seen[0].content
    assert not joining.seen[0].content
    assert isinstance(deleted[0], Accepted)
    assert isinstance(joined[0], Accepted)


@pytest.mark.requirement("PF-21")
@pytest.mark.parametrize("value", ["31.03.2026", "2026-02-30", "2026-3-1", "20260331", 20260331, "2026-03-31T10:00"])
@virtual
async def test_a_malformed_date_is_refused_here_because_procore_would_store_nothing(value: Any) -> None:
    bad = delivery("b", {"lines": [{"delivery_date": value}]})
    good = delivery("g", {"delivery_date": "2026-03-31", "start_date": "2026-03-31T00:00:00Z", "due_date": None})

    outcomes, network = await carried(written, VENDORS, bad, good)

    assert [type(outcome) for outcome in outcomes] == [Refused, Accepted]
    assert len(sent(network.seen[0])["updates"]) == 1
    assert sent(network.seen[0])["updates"][0]["delivery_date"] == "2026-03-31"


@pytest.mark.parametrize("value", [1.5, Decimal("NaN"), Decimal("Infinity")])
@virtual
async def test_a_number_that_is_not_exact_is_never_sent(value: Any) -> None:
    outcomes, network = await carried(written, VENDORS, delivery("b", {"amount": value}))

    assert isinstance(outcomes[0], Refused)
    assert not network.seen


@pytest.mark.parametrize(
    ("reply", "kind", "unknown"),
    [
        (says({"errors": "busy"}, 409), Busy, False),
        (says({"errors": "rule"}, 422), Refused, False),
        (says({"errors": "gone"}, 404), Refused, False),
        (says({"errors": "no"}, 403), Refused, False),
        (says({"errors": "App is not connected to this company"}, 403), Busy, False),
        (says({"errors": "invalid token"}, 401), Busy, False),
        (says({}, 429, retry_after="3600"), Busy, False),
        (says({}, 500), Busy, True),
        (says({}, 503, retry_after="1"), Busy, True),
        (httpx.ReadTimeout("silence"), Busy, True),
        (httpx.ConnectError("refused"), Busy, False),
        (httpx.Response(200, content=b"<html>welcome</html>"), Busy, True),
        (httpx.Response(200, content=b'{"entities": ['), Busy, True),
        (says({"unexpected": True}), Busy, True),
        (says("text"), Busy, True),
    ],
)
@virtual
async def test_remote_trouble_is_an_outcome(reply: Reply, kind: type, unknown: bool) -> None:  # noqa: FBT001 - a column
    outcomes, _ = await carried(reply, VENDORS, *rows(1))

    assert isinstance(outcomes[0], kind)
    assert getattr(outcomes[0], "unknown", False) is unknown


@pytest.mark.requirement("PF-09")
@virtual
async def test_404_is_refused_with_a_hint_and_never_taken_for_deleted() -> None:
    known = delivery("k", {"name": "n"}, target_id="9")

    outcomes, _ = await carried(says({"errors": "Not found"}, 404), PROJECT, known)
    [sight] = await client_on(Network(says({"errors": "Not found"}, 404))).look(PROJECT, [known])

    assert isinstance(outcomes[0], Refused)
    assert outcomes[0].message.startswith("Not found")
    assert "permi" in outcomes[0].message
    assert isinstance(sight, Refused)


@virtual
async def test_after_a_lost_connection_the_remaining_calls_are_not_made() -> None:
    outcomes, network = await carried(httpx.ReadTimeout("silence"), PROJECTS, *rows(3))

    assert len(network.seen) == 1
    assert [outcome.unknown for outcome in outcomes if isinstance(outcome, Busy)] == [True, False, False]


@virtual
async def test_a_created_record_without_an_id_in_the_answer_must_be_looked_for() -> None:
    outcomes, _ = await carried(httpx.Response(201), PROJECTS, *rows(1))

    assert isinstance(outcomes[0], Busy)
    assert outcomes[0].unknown


@virtual
async def test_a_scope_without_the_needed_name_is_refused() -> None:
    outcomes, network = await carried(written, CODES, delivery("a", {"segment_items": []}))

    assert isinstance(outcomes[0], Refused)
    assert "project_id" in outcomes[0].message
    assert not network.seen


@virtual
async def test_a_long_pause_tells_when_to_come_back() -> None:
    outcomes, network = await carried(says({}, 429, retry_after="900"), VENDORS, *rows(2))

    assert len(network.seen) == 1
    assert all(isinstance(outcome, Busy) and outcome.after > timedelta(minutes=14) for outcome in outcomes)


@virtual
async def test_a_look_compares_every_sent_field() -> None:
    same, other, gone = rows(3)
    here = [
        {"id": 1, "origin_id": same.key, "name": "Vendor 0", "extra": None},
        {"id": 2, "origin_id": other.key, "name": "Somebody else"},
    ]
    client = client_on(Network(says(here)))

    sights = await client.look(VENDORS, [same, other, gone])

    assert [type(sight) for sight in sights] == [Accepted, Absent, Absent]
    assert isinstance(sights[0], Accepted)
    assert (sights[0].target_id, sights[0].found) == ("1", True)
    assert [sight.target_id for sight in sights if isinstance(sight, Absent)] == ["2", ""]


@virtual
async def test_one_row_is_looked_up_with_the_filter_and_many_in_the_whole_list() -> None:
    network = Network(says([]))
    client = client_on(network)

    await client.look(VENDORS, rows(1))
    await client.look(VENDORS, rows(50))

    assert network.seen[0].url.params["filters[origin_id]"] == "bc:c:vendors:0"
    assert "filters[origin_id]" not in network.seen[1].url.params
    assert len(network.seen) == 2


@virtual
async def test_a_short_view_does_not_make_a_created_record_count_as_missing() -> None:
    new = delivery("bc:c:projects:1", {"name": "Wing", "total_value": Decimal("1.00")})
    client = client_on(Network(says([{"id": 5, "origin_id": new.key, "name": "Wing"}])))

    [sight] = await client.look(PROJECTS, [new])

    assert isinstance(sight, Accepted)


@virtual
async def test_a_deletion_is_settled_when_the_list_no_longer_shows_the_row() -> None:
    line = delivery("l", scope={"contract_id": "3", "project_id": "5"}, target_id="9")

    [gone] = await client_on(Network(says([{"id": 8}]))).look(LINE, [line])
    [there] = await client_on(Network(says([{"id": 9}]))).look(LINE, [line])

    assert isinstance(gone, Accepted)
    assert isinstance(there, Absent)


@virtual
async def test_a_look_at_a_record_without_an_id_sees_nothing_and_asks_nothing() -> None:
    network = Network(says([]))

    sights = await client_on(network).look(PROJECT, rows(1))

    assert isinstance(sights[0], Absent)
    assert not network.seen


@pytest.mark.parametrize(
    "reply", [says({}, 500), httpx.Response(200, content=b"<html>"), says({}, 403), says("odd")], ids=str
)
@virtual
async def test_a_look_that_fails_leaves_the_row_unsettled(reply: Reply) -> None:
    sights = await client_on(Network(reply)).look(VENDORS, rows(2))

    assert not any(isinstance(sight, Accepted | Absent) for sight in sights)
    assert not any(isinstance(sight, Busy) and sight.unknown for sight in sights)


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
