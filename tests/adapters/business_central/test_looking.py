"""A look at Business Central settles what an earlier call did, by id, by key, and by what the record shows."""

from decimal import Decimal

import httpx
import pytest

from domain.delivery import Absent, Accepted, Busy, Endpoint, Lookup
from domain.values import BUSINESS_CENTRAL
from tests.adapters.business_central.known import (
    CREATE,
    DELETE,
    IDS,
    RELEASE,
    carried,
    change,
    client_on,
    order,
    part,
    problem,
)
from tests.adapters.outbound.world import Network, delivery, says, sent, virtual


@pytest.mark.parametrize("status", [400, 409])
@virtual
async def test_a_duplicate_is_looked_at_and_accepted_when_it_is_our_own(status: int) -> None:
    here = {"id": IDS[1], "title": "Order 1", "@odata.etag": 'W/"4"'}
    network = Network(problem("Internal_EntityWithSameKeyExists", status), says(here))

    [outcome] = await carried(network, CREATE, order(1))

    assert [request.method for request in network.seen] == ["POST", "GET"]
    assert isinstance(outcome, Accepted)
    assert (outcome.target_id, outcome.etag, outcome.found) == (IDS[1], 'W/"4"', True)


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
