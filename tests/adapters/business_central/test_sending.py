"""Entities go with the ETag of what was decided upon; every part of a batch stands for itself."""

from datetime import timedelta
from decimal import Decimal

import httpx
import pytest

from domain.delivery import Absent, Accepted, Busy, Refused
from tests.adapters.business_central.known import (
    COMPANY,
    CREATE,
    DELETE,
    IDS,
    RELEASE,
    ROOT,
    TRACE,
    UPDATE,
    batch,
    carried,
    change,
    client_on,
    order,
    part,
    problem,
)
from tests.adapters.outbound.world import Network, Reply, delivery, says, sent, virtual


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


@virtual
async def test_a_record_under_the_id_that_we_chose_is_ours_however_it_looks() -> None:
    seen = says({"id": IDS[1], "title": "Another"})
    network = Network(problem("Internal_EntityWithSameKeyExists", 400, "The record exists."), seen)

    [outcome] = await carried(network, CREATE, order(1))

    assert isinstance(outcome, Accepted)
    assert (outcome.target_id, outcome.found) == (IDS[1], True)


@virtual
async def test_a_duplicate_that_is_not_our_own_is_refused_in_business_centrals_words() -> None:
    seen = problem("BadRequest_NotFound", 404)
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
async def test_a_batch_of_reads_is_repeated_after_trouble_that_passes() -> None:
    good = says({"responses": [part("0", 404, {"error": {}}), part("1", 404, {"error": {}})]})
    network = Network(httpx.ReadTimeout("silence"), good)

    sights = await client_on(network).look(CREATE, [order(1), order(2)])

    assert all(isinstance(sight, Absent) for sight in sights)
    assert len(network.seen) == 2
