"""The client and the strict stand-in of Business Central agree on lists, changes, batches and everything that fails."""

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from adapters.business_central.client import BusinessCentralClient
from adapters.ports import FixedClock
from adapters.sandbox.business_central import BusinessCentral
from adapters.sandbox.business_central.sample import load_sample
from adapters.sandbox.faults import Fault
from domain.delivery import Absent, Accepted, Busy, Delivery, Endpoint, Listing, Lookup, Refused
from domain.endpoints import ENDPOINTS
from domain.errors import Misconfigured, NeedsDecision
from domain.values import BUSINESS_CENTRAL
from tests.adapters.outbound.served import business_central_client, clock
from tests.adapters.outbound.world import delivery

UPDATE = ENDPOINTS["bc.vendors"]
CREATE = Endpoint(
    name="bc.segments.create",
    system=BUSINESS_CENTRAL,
    verb="create",
    method="POST",
    path="segments",
    limit=100,
    lookup=Lookup("segments", match="one"),
)
ORDERS = Listing("orders", BUSINESS_CENTRAL, "purchaseOrders", (("$expand", "purchaseOrderLines"),))
NEW = "11111111-2222-4333-8444-5555555555{:02d}"


@pytest.fixture
def at() -> FixedClock:
    return clock()


@pytest.fixture
def bc(at: FixedClock) -> BusinessCentral:
    stand_in = BusinessCentral(now=at.now)
    load_sample(stand_in, procore_company_id=42)
    return stand_in


@pytest.fixture
async def client(bc: BusinessCentral, at: FixedClock) -> AsyncIterator[BusinessCentralClient]:
    async with business_central_client(bc, at) as made:
        yield made


def linked(row: dict[str, Any], procore_id: int, *, tag: bool = True) -> Delivery:
    """The write-back of a Procore id."""
    return delivery(
        f"{row['id']}/{procore_id}",
        {"procoreVendorId": procore_id},
        target_id=str(row["id"]),
        if_match=str(row["@odata.etag"]) if tag else "",
    )


def segment(number: int, description: str = "New") -> Delivery:
    body = {"id": NEW.format(number), "code": f"Penthouse-{number}", "description": description}
    return delivery(f"segment {number}", body)


async def vendors(client: BusinessCentralClient) -> list[dict[str, Any]]:
    return await client.list(Listing("vendors", BUSINESS_CENTRAL, "vendors", (("$orderby", "number"),)))


async def test_lists_are_read_over_all_their_pages(bc: BusinessCentral, at: FixedClock) -> None:
    async with business_central_client(bc, at, page_size=2) as client:
        rows = await client.list(Listing("tasks", BUSINESS_CENTRAL, "projectTasks"))

    assert len(rows) == len(bc.tables.rows("projectTasks"))
    assert client.calls.read == -(-len(rows) // 2)


async def test_documents_come_with_their_lines_and_exact_amounts(client: BusinessCentralClient) -> None:
    orders = await client.list(ORDERS)
    costs = {line["directUnitCost"] for order in orders for line in order["purchaseOrderLines"]}

    assert Decimal("612480.37") in costs
    assert not any(isinstance(cost, float) for cost in costs)


async def test_a_filter_with_a_quote_and_a_blank_arrives_as_it_was_meant(client: BusinessCentralClient) -> None:
    name = "O'Brien & Sons Masonry"
    condition = "displayName eq '" + name.replace("'", "''") + "'"

    rows = await client.list(Listing("vendors", BUSINESS_CENTRAL, "vendors", (("$filter", condition),)))

    assert [row["displayName"] for row in rows] == [name]


async def test_one_change_and_many_are_written_with_their_etags(
    client: BusinessCentralClient, bc: BusinessCentral
) -> None:
    rows = await vendors(client)

    [alone] = await client.carry(UPDATE, [linked(rows[0], 501)])
    many = await client.carry(UPDATE, [linked(row, 600 + n) for n, row in enumerate(rows[1:])])
    sights = await client.look(UPDATE, [linked(row, 600 + n) for n, row in enumerate(rows[1:])])

    assert isinstance(alone, Accepted), alone
    assert alone.etag not in {"", rows[0]["@odata.etag"]}
    assert all(isinstance(outcome, Accepted) for outcome in many), many
    assert all(isinstance(sight, Accepted) for sight in sights), sights
    assert bc.tables.find("vendors", number=rows[1]["number"])["procoreVendorId"] == 600


@pytest.mark.requirement("PF-19")
async def test_a_record_that_somebody_changed_in_between_is_left_alone(
    client: BusinessCentralClient, bc: BusinessCentral
) -> None:
    first, second, *_ = await vendors(client)
    bc.tables.update("vendors", first["id"], city="Elsewhere")

    [alone] = await client.carry(UPDATE, [linked(first, 501)])
    changed, other = await client.carry(UPDATE, [linked(first, 501), linked(second, 502)])
    [fresh] = await client.carry(UPDATE, [linked(first, 501, tag=False)])

    assert isinstance(alone, Busy)
    assert not alone.unknown
    assert isinstance(changed, Busy)
    assert isinstance(other, Accepted)
    assert isinstance(fresh, Accepted)
    assert bc.tables.find("vendors", id=first["id"])["city"] == "Elsewhere"


async def test_many_changes_without_etags_read_them_in_one_batch(client: BusinessCentralClient) -> None:
    rows = await vendors(client)
    before = client.calls.copy()

    outcomes = await client.carry(UPDATE, [linked(row, 700 + n, tag=False) for n, row in enumerate(rows)])
    made = client.calls.since(before)

    assert all(isinstance(outcome, Accepted) for outcome in outcomes), outcomes
    assert (made.read, made.write) == (1, 1)


async def test_records_are_made_once_under_the_ids_that_we_chose(
    client: BusinessCentralClient, bc: BusinessCentral
) -> None:
    first = await client.carry(CREATE, [segment(1), segment(2)])
    again = await client.carry(CREATE, [segment(2), segment(3)])
    sights = await client.look(CREATE, [segment(1), segment(9)])

    assert all(isinstance(outcome, Accepted) for outcome in first), first
    assert [outcome.found for outcome in again if isinstance(outcome, Accepted)] == [True, False]
    assert isinstance(sights[0], Accepted)
    assert isinstance(sights[1], Absent)
    assert bc.tables.find("segments", id=NEW.format(2))["code"] == "PENTHOUSE-2"


async def test_a_refusal_is_told_in_business_centrals_own_words(client: BusinessCentralClient) -> None:
    too_long = segment(1, "x" * 101)

    [outcome] = await client.carry(CREATE, [too_long])
    refused, made = await client.carry(CREATE, [too_long, segment(2)])

    assert isinstance(outcome, Refused)
    assert outcome.message
    assert "CorrelationId" not in outcome.message
    assert outcome.code
    assert isinstance(refused, Refused)
    assert isinstance(made, Accepted)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind="lost_reply", method="POST"),
        Fault(kind="status", status=504, method="POST", handled=True),
        Fault(kind="truncated", method="POST"),
        Fault(kind="malformed_json", method="POST"),
    ],
    ids=lambda fault: fault.kind,
)
@pytest.mark.parametrize("count", [1, 3])
async def test_a_lost_reply_is_settled_by_looking(
    client: BusinessCentralClient, bc: BusinessCentral, fault: Fault, count: int
) -> None:
    rows = [segment(number) for number in range(count)]
    bc.faults.add(msgspec.structs.replace(fault, path="companies|batch"))

    outcomes = await client.carry(CREATE, rows)
    sights = await client.look(CREATE, rows)

    assert all(isinstance(outcome, Busy) and outcome.unknown for outcome in outcomes), outcomes
    assert all(isinstance(sight, Accepted) and sight.found for sight in sights), sights


async def test_a_throttled_read_waits_and_goes_on(client: BusinessCentralClient, bc: BusinessCentral) -> None:
    bc.faults.add(Fault(kind="status", status=429, retry_after="0", path="vendors"))

    assert await vendors(client)


async def test_an_expired_token_is_renewed(client: BusinessCentralClient, bc: BusinessCentral, at: FixedClock) -> None:
    await vendors(client)
    at.at += timedelta(hours=2)
    await vendors(client)
    bc.tokens.expire_all()
    await vendors(client)

    assert bc.tokens.requests == 3


async def test_a_single_record_is_read_by_its_id_and_a_missing_one_is_told(client: BusinessCentralClient) -> None:
    first = (await vendors(client))[0]

    [row] = await client.list(Listing("vendor", BUSINESS_CENTRAL, f"vendors({first['id']})"))
    with pytest.raises(NeedsDecision) as missing:
        await client.list(Listing("vendor", BUSINESS_CENTRAL, f"vendors({NEW.format(7)})"))

    assert row["number"] == first["number"]
    assert missing.value.status == 404


async def test_an_order_is_released_and_reopened_by_its_actions(
    client: BusinessCentralClient, bc: BusinessCentral
) -> None:
    order = next(row for row in bc.tables.rows("purchaseOrders") if row["status"] == "Released")
    action = Endpoint(
        name="reopen",
        system=BUSINESS_CENTRAL,
        verb="attach",
        method="POST",
        path="purchaseOrders({id})/Microsoft.NAV.reopen",
    )

    [outcome] = await client.carry(action, [delivery("reopen", target_id=order["id"])])

    assert isinstance(outcome, Accepted), outcome
    assert bc.tables.find("purchaseOrders", id=order["id"])["status"] == "Open"


async def test_a_record_is_found_by_its_natural_key(client: BusinessCentralClient) -> None:
    lookup = Lookup("segments", match="fields", fields=("code",))
    endpoint = Endpoint(name="x", system=BUSINESS_CENTRAL, verb="create", method="POST", path="segments", lookup=lookup)
    row = segment(1)
    await client.carry(CREATE, [row])
    keyed = delivery("keyed", {name: value for name, value in row.body.items() if name != "id"})

    [sight] = await client.look(endpoint, [keyed])

    assert isinstance(sight, Accepted)
    assert sight.target_id == NEW.format(1)


async def test_a_deletion_twice_is_one_deletion(client: BusinessCentralClient) -> None:
    endpoint = Endpoint(name="x", system=BUSINESS_CENTRAL, verb="delete", method="DELETE", path="segments")
    await client.carry(CREATE, [segment(1)])
    removal = delivery("gone", target_id=NEW.format(1))

    [before] = await client.look(endpoint, [removal])
    [first] = await client.carry(endpoint, [removal])
    [second] = await client.carry(endpoint, [removal])
    [after] = await client.look(endpoint, [removal])

    assert isinstance(before, Absent)
    assert isinstance(first, Accepted)
    assert isinstance(second, Accepted)
    assert isinstance(after, Accepted)


async def test_the_check_finds_nothing_wrong_with_a_good_connection(
    client: BusinessCentralClient, bc: BusinessCentral
) -> None:
    found = await client.probe([ORDERS, Listing("units", BUSINESS_CENTRAL, "standard/unitsOfMeasure")])
    wrong = [finding for finding in found if not finding.ok and not finding.what.startswith("Clock")]
    setup = next(finding for finding in found if "connector setup" in finding.what)

    assert not wrong
    assert "42 (sandbox)" in setup.why


async def test_the_check_says_what_to_do_about_a_set_up_that_is_not_finished(
    client: BusinessCentralClient, bc: BusinessCentral
) -> None:
    setup = bc.tables.rows("connectorSetups")[0]
    bc.tables.update("connectorSetups", setup["id"], procoreCompanyId=0)
    bc.faults.add(Fault(kind="forbidden", path="purchaseOrders", times=0))

    found = {finding.what: finding for finding in await client.probe([ORDERS])}

    assert not found["Business Central connector setup"].ok
    assert "set-up page" in found["Business Central connector setup"].remedy
    assert not found["Business Central purchaseOrders"].ok
    assert "permission" in found["Business Central purchaseOrders"].remedy


async def test_a_company_that_does_not_exist_is_a_matter_of_configuration(
    client: BusinessCentralClient, bc: BusinessCentral
) -> None:
    bc.service.company = type(bc.service.company)(NEW.format(8), "Another", bc.tables.database.moment())

    with pytest.raises(Misconfigured):
        await vendors(client)
    found = {finding.what: finding for finding in await client.probe()}

    assert not found["Business Central company"].ok
    assert "Another" in found["Business Central company"].why
