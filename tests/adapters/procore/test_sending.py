"""Rows go to Procore as its rules ask, and each row has the outcome that Procore gave it, not the call."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from domain.delivery import Accepted, Busy, Endpoint, Listing, Refused
from domain.values import PROCORE
from tests.adapters.outbound.world import Network, Reply, delivery, says, sent, virtual
from tests.adapters.procore.known import (
    ADD,
    API,
    CODES,
    COMPANY,
    LINE,
    PROJECT,
    PROJECTS,
    VENDORS,
    carried,
    client_on,
    item,
    rows,
    written,
)


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


@pytest.mark.requirement("PF-05")
@virtual
async def test_an_origin_id_that_a_row_names_itself_is_sent_as_it_is() -> None:
    own = delivery("the key", {"origin_id": "bc:c:vendors:2"})

    outcomes, network = await carried(written, VENDORS, own)

    assert sent(network.seen[0])["updates"] == [{"origin_id": "bc:c:vendors:2"}]
    assert isinstance(outcomes[0], Accepted)


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
    one = delivery("a", {"segment_items": [item(1, 10), item(2, 20)]}, scope={"project_id": "5"})
    two = delivery("b", {"segment_items": [item(1, 11), item(2, 20)]}, scope={"project_id": "5"})
    three = delivery("c", {"segment_items": [item(1, 12), item(2, 20)]}, scope={"project_id": "5"})
    shown = {"id": 900, "segment_items": [{"id": 20, "segment": {"id": 2}}, {"id": 10, "segment": {"id": 1}}]}
    echoed = {**two.body, "errors": {"segment_items": ["is inactive"]}}

    outcomes, network = await carried(says({"entities": [shown], "errors": [echoed]}, 201), CODES, one, two, three)

    assert network.seen[0].url.path == "/rest/v1.0/projects/5/work_breakdown_structure/wbs_codes/bulk_create"
    assert sent(network.seen[0]) == {"bulk": [one.body, two.body, three.body]}
    assert [type(outcome) for outcome in outcomes] == [Accepted, Refused, Busy]


@virtual
async def test_a_refused_row_is_recognised_by_what_was_sent_when_it_names_neither_id_nor_origin() -> None:
    good, bad = rows(2)
    answer = {"entities": [{"id": 1, "origin_id": good.key}], "errors": [{"name": "Vendor 1", "errors": ["no"]}]}
    endpoint = Endpoint(**{name: getattr(VENDORS, name) for name in VENDORS.__struct_fields__ if name != "lookup"})

    outcomes, _ = await carried(says(answer), endpoint, good, bad)

    assert [type(outcome) for outcome in outcomes] == [Accepted, Refused]


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
