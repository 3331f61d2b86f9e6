"""A look at Procore settles what an earlier call did, with few calls and without guessing."""

from decimal import Decimal

import httpx
import pytest

from domain.delivery import Absent, Accepted, Busy
from tests.adapters.outbound.world import Network, Reply, delivery, says, virtual
from tests.adapters.procore.known import LINE, PROJECT, PROJECTS, VENDORS, carried, client_on, rows


@virtual
async def test_a_created_record_without_an_id_in_the_answer_must_be_looked_for() -> None:
    outcomes, _ = await carried(httpx.Response(201), PROJECTS, *rows(1))

    assert isinstance(outcomes[0], Busy)
    assert outcomes[0].unknown


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
