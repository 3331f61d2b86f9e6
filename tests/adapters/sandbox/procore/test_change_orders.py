"""Change orders: the unified view, packages behind it, tiers, statuses, locks and lines."""

from typing import Any

import pytest

from adapters.sandbox.procore import Procore
from adapters.sandbox.procore.state import Invalid
from tests.adapters.sandbox.procore.harness import Api, Clock

Row = dict[str, Any]
PACKAGES = "/rest/v1.0/change_order_packages"
POTENTIALS = "/rest/v1.0/potential_change_orders"
REQUESTS = "/rest/v1.0/change_order_requests"
SIDES = ("commitment", "prime")


@pytest.fixture
def project(procore: Procore) -> int:
    """A project with budget codes 01.L and 02.L, unit `ea`, a commitment and a prime contract."""
    procore.add_cost_type("L", "Labor")
    procore.add_unit("ea")
    id: int = procore.add_project("Bridge", origin_id="p")["id"]
    for code in ("01", "02"):
        procore.add_cost_code(id, code, f"Code {code}")
        procore.add_wbs_code(id, code, "L")
    procore.add_commitment(id, number="106001")
    procore.changes.add_prime_contract(id, number="1", title="School", grand_total="1000.00")
    return id


def contract(procore: Procore, side: str) -> int:
    id: int = procore.find("contracts" if side == "commitment" else "prime_contracts")["id"]
    return id


def codes(procore: Procore) -> list[int]:
    return [row["id"] for row in procore.rows("wbs_codes")]


def add(procore: Procore, project: int, side: Any = "commitment", amount: str = "100.00", **more: Any) -> Row:
    values: Row = {"lines": [{"wbs_code_id": codes(procore)[0], "amount": amount}]} | more
    return procore.changes.add(project, side=side, contract_id=contract(procore, side), **values)


def unified(project: int, side: str = "commitment") -> str:
    return f"/rest/v1.0/projects/{project}/{side}_change_orders"


def lines_path(procore: Procore, project: int, order: Row, side: str = "commitment") -> str:
    company, id = procore.state.company_id, order["change_order_id"]
    return f"/rest/v2.0/companies/{company}/projects/{project}/{side}_change_orders/{id}/line_items"


@pytest.mark.requirement("PP-59")
@pytest.mark.parametrize("tiers", [1, 2])
@pytest.mark.parametrize("side", SIDES)
async def test_an_order_is_a_package_with_a_twin_behind_it_under_ids_of_their_own(
    api: Api, procore: Procore, project: int, side: str, tiers: Any
) -> None:
    procore.changes.set_tiers(project, tiers)
    package = add(procore, project, side, status="approved", title="Extra pier")
    orders = await api.get(unified(project, side))
    packages = await api.get(PACKAGES, project_id=project, contract_id=contract(procore, side))
    twins = await api.get(POTENTIALS, project_id=project)

    assert [(row["id"], row["legacy_package_id"]) for row in orders] == [(package["change_order_id"], package["id"])]
    assert [row["id"] for row in packages] == [package["id"]]
    assert (orders[0]["status"], orders[0]["number"], orders[0]["grand_total"]) == ("approved", "001", "100.0")
    assert orders[0].keys().isdisjoint({"origin_id", "origin_code", "origin_data"})
    assert len({orders[0]["id"], package["id"], twins[0]["id"]}) == 3
    assert (twins[0]["status"], twins[0]["change_order_tiers"]) == ("draft", tiers)  # its own status is ignored
    assert twins[0]["potential_change_order_acronym_number"] == ("" if tiers == 1 else "PCO #001")


async def test_each_side_has_a_list_of_its_own(api: Api, procore: Procore, project: int) -> None:
    prime = add(procore, project, "prime")
    listed = {side: await api.get(unified(project, side)) for side in SIDES}
    wrong = await api.call("GET", f"{unified(project)}/{prime['change_order_id']}")

    assert {side: [row["type"] for row in rows] for side, rows in listed.items()} == {
        "commitment": [],
        "prime": ["PrimeChangeOrder"],
    }
    assert wrong.status == 404


async def test_with_three_tiers_there_is_no_unified_view(api: Api, procore: Procore, project: int) -> None:
    procore.changes.set_tiers(project, 3)
    package = add(procore, project)
    procore.changes.add_potential(package["id"], lines=[{"wbs_code_id": codes(procore)[1], "amount": "-30.00"}])
    refused = await api.call("GET", unified(project))
    same = {"project_id": project, "contract_id": contract(procore, "commitment")}
    shown = await api.get(f"{PACKAGES}/{package['id']}", **same)
    potentials = await api.get(POTENTIALS, project_id=project)
    requests = await api.get(REQUESTS, **same)
    request = await api.get(f"{REQUESTS}/{requests[0]['id']}", **same)

    assert refused.status == 404
    assert (shown["grand_total"], shown["type"]) == ("70.0", "CommitmentContractChangeOrder")
    assert [line["wbs_code"]["flat_code"] for line in shown["line_items"]] == ["01.L", "02.L"]
    assert {row["change_order_request_id"] for row in potentials} == {requests[0]["id"]}
    assert (request["change_order_package_id"], request["grand_total"]) == (package["id"], "70.0")
    assert {row["change_order_tiers"] for row in potentials} == {3}


async def test_tiers_stay_while_a_project_has_orders(procore: Procore, project: int) -> None:
    add(procore, project)
    with pytest.raises(Invalid):
        procore.changes.set_tiers(project, 3)


@pytest.mark.parametrize("field", ["status", "contract_id", "updated_at", "id", "legacy_package_id", "executed"])
async def test_the_list_is_narrowed_by_filters(
    api: Api, procore: Procore, project: int, clock: Clock, field: str
) -> None:
    add(procore, project)
    clock.passes(hours=1)
    other = procore.add_commitment(project, number="106002")["id"]
    wanted = procore.changes.add(
        project, side="commitment", contract_id=other, status="approved", title="Wanted", executed=True
    )
    values = {
        "status": "approved",
        "contract_id": other,
        "updated_at": f"{wanted['updated_at']}...2099-01-01T00:00:00Z",
        "id": wanted["change_order_id"],
        "legacy_package_id": wanted["id"],
        "executed": "true",
    }
    found = await api.get(unified(project), **{f"filters[{field}]": values[field]})

    assert [row["title"] for row in found] == ["Wanted"]


async def test_the_list_does_not_page(api: Api, procore: Procore, project: int) -> None:
    for _ in range(3):
        add(procore, project)
    reply = await api.call("GET", unified(project), {"per_page": 2}, strict=False)
    whole = await api.call("GET", unified(project))
    packages = await api.call("GET", PACKAGES, {"project_id": project, "per_page": 2})

    assert (reply.status, len(whole.body), "Link" in whole.headers) == (406, 3, False)
    assert (len(packages.body), packages.headers["Total"]) == (2, "3")


@pytest.mark.requirement("PP-59")
async def test_the_synced_mark_is_set_on_the_package_of_an_approved_order(
    api: Api, procore: Procore, project: int
) -> None:
    package = add(procore, project, status="approved")
    mark = {"origin_id": "bc:changeOrders:1", "origin_code": "CO-1"}
    reply = await api.call("PATCH", f"{PACKAGES}/{package['id']}", None, {"project_id": project, "change_order": mark})

    assert (reply.status, reply.body["origin_id"], reply.body["origin_code"]) == (200, *mark.values())
    assert reply.body["status"] == "approved"


async def test_an_origin_id_marks_one_package_alone(api: Api, procore: Procore, project: int) -> None:
    replies = [
        await api.call(
            "PATCH",
            f"{PACKAGES}/{add(procore, project)['id']}",
            None,
            {"project_id": project, "change_order": {"origin_id": "bc:1"}},
        )
        for _ in range(2)
    ]

    assert [reply.status for reply in replies] == [200, 422]


async def test_an_approved_order_locks_its_lines_and_cannot_be_deleted(
    api: Api, procore: Procore, project: int
) -> None:
    package = add(procore, project, status="approved")
    line = {"wbs_code_id": str(codes(procore)[0]), "amount": "1.00"}
    refused = await api.call("POST", lines_path(procore, project, package), None, line)
    twin = procore.find("potential_change_orders")["id"]
    row = {"wbs_code_id": codes(procore)[0], "amount": "1.00"}
    entities, errors = await api.sync(f"{POTENTIALS}/{twin}/line_items/sync", [row], project_id=project)
    with pytest.raises(Invalid):
        procore.changes.remove(package["id"])

    assert (refused.status, refused.body["error"]["code"]) == (422, "UNPROCESSABLE_ENTITY")
    assert (entities, list(errors[0]["errors"])) == ([], ["base"])


@pytest.mark.parametrize("status", ["revised", "void"])
async def test_an_approved_order_may_be_opened_again(
    api: Api, procore: Procore, project: int, clock: Clock, status: str
) -> None:
    package = add(procore, project, status="approved")
    before = package["updated_at"]
    clock.passes(hours=1)
    path = f"{unified(project)}/{package['change_order_id']}"
    reply = await api.call("PATCH", path, None, {"change_order": {"status": status}})
    await api.call("POST", lines_path(procore, project, package), None, {"wbs_code_id": str(codes(procore)[1])})

    assert (reply.status, reply.body["status"], reply.body["updated_at"] > before) == (200, status, True)
    assert procore.count("change_order_line_items") == 2


async def test_an_unknown_status_is_refused(api: Api, procore: Procore, project: int) -> None:
    package = add(procore, project)
    path = f"{unified(project)}/{package['change_order_id']}"
    reply = await api.call("PATCH", path, None, {"change_order": {"status": "Approved"}})

    assert (reply.status, list(reply.body["errors"])) == (422, ["status"])


async def test_an_order_needs_a_contract_of_its_side(api: Api, procore: Procore, project: int) -> None:
    made, refused = [
        await api.call("POST", unified(project), None, {"change_order": {"contract_id": contract(procore, side)}})
        for side in SIDES
    ]

    assert (made.status, made.body["status"], made.body["grand_total"]) == (201, "draft", "0.0")
    assert (refused.status, list(refused.body["errors"])) == (422, ["contract_id"])


@pytest.mark.parametrize("side", SIDES)
async def test_approved_orders_raise_the_figure_of_their_contract(
    api: Api, procore: Procore, project: int, side: str
) -> None:
    add(procore, project, side, "100.00", status="approved")
    add(procore, project, side, "-20.50", status="approved")
    package = add(procore, project, side, "7.00")
    prime = side == "prime"
    path = f"/rest/v1.0/{'prime_contract' if prime else 'purchase_order_contracts'}/{contract(procore, side)}"
    before = await api.get(path, project_id=project)
    procore.changes.set_status(package["id"], "approved")
    procore.changes.set_status(next(procore.rows("change_order_packages"))["id"], "void")
    after = await api.get(path, project_id=project)

    assert (before["approved_change_orders"], before["draft_change_orders_amount"]) == ("79.5", "7.0")
    assert (after["approved_change_orders"], after["draft_change_orders_amount"]) == ("-13.5", "0.0")


async def test_lines_come_ten_at_a_time_as_text_under_data(api: Api, procore: Procore, project: int) -> None:
    first, second = codes(procore)
    many = [{"wbs_code_id": first, "quantity": "2", "unit_cost": "-1.25", "uom": "ea", "description": "Pier"}]
    many += [{"wbs_code_id": second, "amount": "1.00"}] * 11
    package = add(procore, project, "prime", lines=many)
    path = lines_path(procore, project, package, "prime")
    reply = await api.call("GET", path)
    rest = await api.get(path, per_page=100, page=1)
    line = reply.body["data"][0]

    assert (len(reply.body["data"]), reply.headers["Total"], 'rel="next"' in reply.headers["Link"]) == (10, "12", True)
    assert len(rest["data"]) == 12
    assert line["wbs_code"] == {"id": str(first), "flat_code": "01.L", "description": "Code 01.Labor"}
    assert (line["amount"], line["unit_cost"], line["quantity"], line["uom"]) == ("-2.5", "-1.25", 2, "ea")
    assert (line["id"].isdigit(), line["wbs_code_id"], line["extended_type"]) == (True, str(first), "calculated")


async def test_a_line_makes_a_budget_line_by_itself(procore: Procore, project: int) -> None:
    add(procore, project)

    assert procore.count("budget_line_items", automatic=True) == 1


async def test_a_changed_total_moves_the_time_of_the_order(procore: Procore, project: int, clock: Clock) -> None:
    package = add(procore, project)
    before = package["updated_at"]
    clock.passes(hours=1)
    procore.changes.set_line(procore.find("change_order_line_items")["id"], amount="5.00")

    assert (package["grand_total"], package["updated_at"] > before) == ("5.0", True)


async def test_deleted_orders_are_listed_among_packages_on_request(api: Api, procore: Procore, project: int) -> None:
    package = add(procore, project)
    procore.changes.remove(package["change_order_id"])
    gone = await api.get(PACKAGES, project_id=project, **{"filters[include_deleted]": "only"})
    twins = await api.get(POTENTIALS, project_id=project, **{"filters[include_deleted]": "with"})

    assert (await api.get(unified(project)), [row["id"] for row in gone], len(twins)) == ([], [package["id"]], 1)


async def test_packages_are_found_by_the_day_of_their_approval(api: Api, procore: Procore, project: int) -> None:
    add(procore, project)
    package = add(procore, project, status="approved")
    found = await api.get(PACKAGES, project_id=project, **{"filters[reviewed_at]": "2026-03-02...2026-03-02"})
    malformed = await api.call("GET", PACKAGES, {"project_id": project, "filters[reviewed_at]": "2026"}, strict=False)

    assert ([row["id"] for row in found], malformed.status) == ([package["id"]], 400)


async def test_a_potential_change_order_moves_to_the_package_of_another_request(
    api: Api, procore: Procore, project: int
) -> None:
    procore.changes.set_tiers(project, 3)
    old, new = add(procore, project), add(procore, project)
    moved = procore.find("potential_change_orders", package_id=old["id"])
    request = procore.find("change_order_requests", change_order_package_id=new["id"])
    body = {"project_id": project, "contract_id": moved["contract_id"]}
    body["change_order"] = {"change_order_request_id": request["id"]}
    reply = await api.call("PATCH", f"{POTENTIALS}/{moved['id']}", None, body)

    assert (reply.status, reply.body["change_order_request_id"]) == (200, request["id"])
    assert new["grand_total"] == "200.0"


async def test_the_statuses_of_a_company_are_listed(api: Api, procore: Procore) -> None:
    rows = await api.get("/rest/v1.0/change_order/statuses", company_id=procore.state.company_id)
    again = await api.get("/rest/v1.0/change_order/statuses", company_id=procore.state.company_id)

    assert {row["mapped_to_status"] for row in rows} >= {"draft", "approved", "void", "pending_billable"}
    assert again == rows


async def test_two_runs_of_the_same_story_end_alike(procore: Procore, project: int, clock: Clock) -> None:
    other = Procore(now=clock, seed=99)
    other.add_cost_type("L", "Labor")
    other.add_unit("ea")
    clock.passes(days=1)
    twin = other.add_project("Bridge", origin_id="p")["id"]
    for code in ("01", "02"):
        other.add_cost_code(twin, code, f"Code {code}")
        other.add_wbs_code(twin, code, "L")
    other.add_commitment(twin, number="106001")
    other.changes.add_prime_contract(twin, number="1", title="School", grand_total="1000.00")
    orders = [
        (side, add(each, id, side, npc=True, kind="NPC Change Order"))
        for each, id in ((procore, project), (other, twin))
        for side in SIDES
    ]

    assert other.export() == procore.export()
    other.changes.set_status(orders[-1][1]["id"], "approved")
    assert other.export() != procore.export()
