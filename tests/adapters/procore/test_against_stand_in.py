"""The client and the strict stand-in of Procore agree on every endpoint that the flows write to."""

from collections.abc import AsyncIterator

import pytest

from adapters.outbound.secrets import Secret
from adapters.ports import FixedClock, seeded_rng
from adapters.procore.client import ProcoreClient
from adapters.procore.settings import ProcoreSettings
from adapters.sandbox.faults import Fault
from adapters.sandbox.procore import Procore
from adapters.sandbox.procore.sample import load_sample
from domain.delivery import Absent, Accepted, Busy, Delivery, Endpoint, Outcome, Refused, Sight
from domain.endpoints import ENDPOINTS, project_segments, segment_items, vendors
from tests.adapters.outbound.served import QUICK, clock, procore_client
from tests.adapters.outbound.world import delivery


@pytest.fixture
def at() -> FixedClock:
    return clock()


@pytest.fixture
def procore(at: FixedClock) -> Procore:
    stand_in = Procore(now=at.now, seed=3)
    load_sample(stand_in)
    return stand_in


@pytest.fixture
async def client(procore: Procore, at: FixedClock) -> AsyncIterator[ProcoreClient]:
    async with procore_client(procore, at) as made:
        yield made


def vendor(number: int, name: str = "New vendor", **fields: object) -> Delivery:
    return delivery(f"bc:c:vendors:{number}", {"name": f"{name} {number}", "origin_code": f"V{number}"}, **fields)


async def both(client: ProcoreClient, endpoint: Endpoint, *deliveries: Delivery) -> tuple[list[Outcome], list[Sight]]:
    """Carry, then look."""
    return await client.carry(endpoint, deliveries), await client.look(endpoint, deliveries)


async def test_vendors_are_made_changed_and_seen(client: ProcoreClient, procore: Procore) -> None:
    endpoint = ENDPOINTS["vendors"]
    outcomes, sights = await both(client, endpoint, vendor(1), vendor(2))
    first = outcomes[0]
    assert isinstance(first, Accepted)
    renamed = vendor(1, "Renamed", target_id=first.target_id)
    [again], [seen] = await both(client, endpoint, renamed)

    assert all(isinstance(sight, Accepted) and sight.found for sight in sights)
    assert isinstance(again, Accepted)
    assert again.target_id == first.target_id
    assert isinstance(seen, Accepted)
    assert procore.find("vendors", origin_id="bc:c:vendors:1")["name"] == "Renamed 1"


async def test_a_vendor_that_is_not_there_is_absent(client: ProcoreClient) -> None:
    [one] = await client.look(ENDPOINTS["vendors"], [vendor(9)])
    many = await client.look(ENDPOINTS["vendors"], [vendor(number) for number in range(10, 20)])

    assert isinstance(one, Absent)
    assert all(isinstance(sight, Absent) for sight in many)


@pytest.mark.requirement("PF-04")
async def test_a_refused_row_leaves_the_others_written(client: ProcoreClient) -> None:
    bad = delivery("bc:c:vendors:bad", {"name": ""})

    outcomes = await client.carry(ENDPOINTS["vendors"], [vendor(1), bad, vendor(2)])

    assert [type(outcome) for outcome in outcomes] == [Accepted, Refused, Accepted]


async def test_a_lost_reply_is_settled_by_looking(client: ProcoreClient, procore: Procore) -> None:
    procore.faults.add(Fault(kind="lost_reply", method="PATCH", path="vendors/sync"))

    [outcome] = await client.carry(ENDPOINTS["vendors"], [vendor(1)])
    [sight] = await client.look(ENDPOINTS["vendors"], [vendor(1)])

    assert isinstance(outcome, Busy)
    assert outcome.unknown
    assert isinstance(sight, Accepted)
    assert procore.count("vendors", origin_id="bc:c:vendors:1") == 1


async def test_a_cut_before_anything_was_done_is_settled_by_looking_too(
    client: ProcoreClient, procore: Procore
) -> None:
    procore.faults.add(Fault(kind="drop_before", method="PATCH", path="vendors/sync"))

    [outcome] = await client.carry(ENDPOINTS["vendors"], [vendor(1)])
    [sight] = await client.look(ENDPOINTS["vendors"], [vendor(1)])

    assert isinstance(outcome, Busy)
    assert outcome.unknown
    assert isinstance(sight, Absent)


@pytest.mark.parametrize("kind", ["html", "malformed_json", "truncated"])
async def test_an_unreadable_answer_to_a_write_is_unknown(client: ProcoreClient, procore: Procore, kind: str) -> None:
    procore.faults.add(Fault(kind=kind, method="PATCH", path="vendors/sync"))  # type: ignore[arg-type]

    [outcome] = await client.carry(ENDPOINTS["vendors"], [vendor(1)])

    assert isinstance(outcome, Busy)
    assert outcome.unknown


@pytest.mark.requirement("PF-02")
async def test_expired_tokens_are_renewed(client: ProcoreClient, procore: Procore) -> None:
    await client.list(vendors(str(procore.state.company_id)))
    procore.tokens.expire_all()
    [outcome] = await client.carry(ENDPOINTS["vendors"], [vendor(1)])

    assert isinstance(outcome, Accepted)
    assert procore.tokens.requests == 2


async def test_a_list_is_read_over_its_pages(procore: Procore, at: FixedClock) -> None:
    async with procore_client(procore, at, page_size=3) as client:
        rows = await client.list(vendors(str(procore.state.company_id)))

    assert len(rows) == procore.count("vendors", is_active=True)
    assert client.calls.read > 3


async def written(client: ProcoreClient, endpoint: str, row: Delivery) -> str:
    """Carry a row, see that a look agrees, and answer its id."""
    [outcome], [sight] = await both(client, ENDPOINTS[endpoint], row)

    assert isinstance(outcome, Accepted), outcome
    assert isinstance(sight, Accepted), sight
    assert sight.target_id == outcome.target_id
    return outcome.target_id


async def a_project(client: ProcoreClient, procore: Procore) -> dict[str, str]:
    """The scope of a new project with sub jobs."""
    name = "bc:c:projects:1"
    body = {"name": "Hospital wing", "project_number": "P1", "origin_id": name}
    project_id = await written(client, "projects", delivery(name, body))
    scope = {"project_id": project_id}
    segment = str(procore.segments["sub_job"]["id"])
    attached = delivery("sub jobs", {"segment_id": int(segment)}, scope=scope, target_id=segment)
    await written(client, "project_pattern_segments", attached)
    return scope


async def a_wbs_code(client: ProcoreClient, scope: dict[str, str]) -> int:
    """The id of a new budget code: sub job, cost code and cost type."""
    sub_job = delivery("bc:c:projectSegments:1", {"code": "SJ1", "name": "East"}, scope=scope)
    code = delivery("bc:c:projectTasks:1", {"code": "100", "name": "Concrete"}, scope=scope)
    await written(client, "sub_jobs", sub_job)
    await written(client, "cost_codes", code)
    pairs: list[dict[str, int]] = []
    for segment in await client.list(project_segments(scope["project_id"])):
        items = await client.list(segment_items(scope["project_id"], str(segment["id"])))
        pairs.append({"segment_id": segment["id"], "segment_item_id": items[0]["id"]})
    return int(await written(client, "wbs_codes", delivery("code", {"segment_items": pairs}, scope=scope)))


async def test_a_project_is_made_changed_and_seen(client: ProcoreClient, procore: Procore) -> None:
    scope = await a_project(client, procore)
    changed = delivery("p", {"name": "Hospital wing 2"}, scope=scope, target_id=scope["project_id"])

    await written(client, "projects.update", changed)

    assert procore.find("projects", project_number="P1")["name"] == "Hospital wing 2"


async def test_a_budget_code_is_made_once_however_often_it_is_sent(client: ProcoreClient, procore: Procore) -> None:
    scope = await a_project(client, procore)

    first = await a_wbs_code(client, scope)

    assert first == await a_wbs_code(client, scope)


@pytest.mark.parametrize("resource", ["purchase_order_contracts", "work_order_contracts"])
async def test_a_commitment_with_its_lines_is_made_seen_and_a_line_removed(
    client: ProcoreClient, procore: Procore, resource: str
) -> None:
    scope = await a_project(client, procore)
    code = await a_wbs_code(client, scope)
    vendor_id = next(procore.rows("vendors", is_active=True))["id"]
    await written(client, "project_vendors", delivery("v", scope=scope, target_id=str(vendor_id)))
    head = {"number": "PO-1", "title": "Rebar", "vendor_id": vendor_id, "status": "Draft"}
    contract = await written(client, resource, delivery("bc:c:purchaseOrders:1", head, scope=scope))
    lines = {**scope, f"{resource.removesuffix('s')}_id": contract}
    line = {"wbs_code_id": code, "quantity": "2.0", "unit_cost": "3.35", "amount": "6.70", "description": "Bars"}
    line_id = await written(client, f"{resource}.line_items", delivery("bc:c:lines:1", line, scope=lines))
    removal, endpoint = delivery("gone", scope=lines, target_id=line_id), ENDPOINTS[f"{resource}.line_items.delete"]

    [before] = await client.look(endpoint, [removal])
    [outcome], [after] = await both(client, endpoint, removal)

    assert isinstance(before, Absent)
    assert isinstance(outcome, Accepted)
    assert isinstance(after, Accepted)


async def test_segments_of_the_company_are_made_and_seen(client: ProcoreClient, procore: Procore) -> None:
    segment = delivery("LOCATION", {"name": "Location", "structure": "tiered"})
    outcomes, sights = await both(client, ENDPOINTS["segments"], segment)
    assert isinstance(outcomes[0], Accepted), outcomes
    assert isinstance(sights[0], Accepted), sights

    scope = {"segment_id": outcomes[0].target_id}
    item = delivery("NORTH", {"code": "NORTH", "name": "North side"}, scope=scope)
    outcomes, sights = await both(client, ENDPOINTS["company_segment_items"], item)
    assert isinstance(outcomes[0], Accepted), outcomes
    assert isinstance(sights[0], Accepted), sights


async def test_cost_types_are_written_as_import_code_and_seen_as_code(client: ProcoreClient) -> None:
    cost_type = delivery("bc:c:costTypes:1", {"csv_import_code": "Q", "name": "Quarry", "base_type": "materials"})

    [outcome], [sight] = await both(client, ENDPOINTS["line_item_types"], cost_type)

    assert isinstance(outcome, Accepted), outcome
    assert isinstance(sight, Accepted), sight


async def test_the_check_finds_nothing_wrong_with_a_good_connection(
    client: ProcoreClient, procore: Procore, at: FixedClock
) -> None:
    found = await client.probe([vendors(str(procore.state.company_id))])
    wrong = [finding for finding in found if not finding.ok and not finding.what.startswith("Clock")]

    assert not wrong
    assert any(finding.what == "Procore vendors" for finding in found)
    assert client.quota.remaining is not None


async def test_the_check_names_wrong_credentials_and_a_company_that_is_not_ours(
    client: ProcoreClient, procore: Procore, at: FixedClock
) -> None:
    settings = client._settings
    wrong_secret = ProcoreClient(
        ProcoreSettings(
            settings.api_url, settings.token_url, settings.company_id, "x", Secret("wrong-secret"), outbound=QUICK
        ),
        at,
        seeded_rng(1),
    )
    wrong_company = ProcoreClient(
        ProcoreSettings(
            settings.api_url, settings.token_url, "42", settings.client_id, settings.client_secret, outbound=QUICK
        ),
        at,
        seeded_rng(1),
    )

    [refused] = await wrong_secret.probe()
    foreign = await wrong_company.probe()
    await wrong_secret.close()
    await wrong_company.close()

    assert not refused.ok
    assert "client_secret" in refused.remedy
    assert not all(finding.ok for finding in foreign)
