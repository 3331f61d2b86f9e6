"""Commitments: vendors, lines, amounts, statuses and locks."""

from typing import Any

import pytest

from adapters.sandbox.procore import Procore
from tests.adapters.sandbox.procore.harness import Api, Clock, Reply

Row = dict[str, Any]
ORDERS = "/rest/v1.0/purchase_order_contracts"
SUBCONTRACTS = "/rest/v1.0/work_order_contracts"


@pytest.fixture
def line(procore: Procore, project: int) -> Row:
    return {"wbs_code_id": procore.find("wbs_codes")["id"], "amount": "10.00", "extended_type": "manual"}


@pytest.fixture
def order(procore: Procore, project: int, line: Row) -> int:
    vendor = procore.find("vendors", name="Acme")["id"]
    id: int = procore.add_commitment(
        project, vendor_id=vendor, number="106001", origin_id="o", lines=[line | {"origin_id": "o1"}]
    )["id"]
    return id


async def put_line(api: Api, order: int, project: int, row: Row) -> tuple[list[Row], list[Row]]:
    return await api.sync(f"{ORDERS}/{order}/line_items/sync", [row], project_id=project)


async def patch(api: Api, order: int, project: int, **fields: Any) -> Reply:
    body = {"project_id": project, "purchase_order_contract": fields}
    return await api.call("PATCH", f"{ORDERS}/{order}", None, body)


@pytest.mark.requirement("PP-31")
async def test_a_vendor_must_be_in_the_directory_of_the_project(api: Api, procore: Procore, project: int) -> None:
    stranger, gone = procore.add_vendor("Stranger")["id"], 5
    rows = [{"vendor_id": id, "origin_id": f"o{id}"} for id in (stranger, gone, procore.find("vendors")["id"])]
    entities, errors = await api.sync(f"{ORDERS}/sync", rows, body_project_id=project)

    assert [row["vendor"]["company"] for row in entities] == ["Acme"]
    assert [list(row["errors"]) for row in errors] == [["vendor_id"], ["vendor_id"]]


async def test_a_number_is_drawn_from_the_project_when_none_is_sent(api: Api, project: int) -> None:
    rows = [{"title": "a"}, {"title": "b"}, {"number": "106001"}, {"number": "106001"}]
    entities, _ = await api.sync(f"{ORDERS}/sync", rows, body_project_id=project)

    assert sorted(row["number"] for row in entities) == ["106001", "106001", "PO-001", "PO-002"]
    assert {row["status"] for row in entities} == {"Draft"}


@pytest.mark.requirement("PP-32")
@pytest.mark.parametrize(
    ("sent", "amount"),
    [
        ({"quantity": "3", "unit_cost": "33.335", "extended_type": "calculated"}, "100.01"),
        ({"quantity": "3", "unit_cost": "33.335", "extended_type": "calculated", "amount": "1.00"}, "100.01"),
        ({"quantity": "3", "unit_cost": "33.335", "extended_type": "manual", "amount": "100.00"}, "100.0"),
        ({"quantity": "0.125", "unit_cost": "-80"}, "-10.0"),
        ({"amount": "9999999999999.99"}, "9999999999999.99"),
    ],
)
async def test_an_amount_is_calculated_or_taken_as_sent(
    api: Api, order: int, project: int, line: Row, sent: Row, amount: str
) -> None:
    bare = {"wbs_code_id": line["wbs_code_id"], "origin_id": "o2"}
    entities, errors = await put_line(api, order, project, bare | sent)

    assert (errors, entities[0]["amount"], entities[0]["total_amount"]) == ([], amount, amount)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"uom": "furlong"}, "uom"),
        ({"wbs_code_id": 5}, "wbs_code_id"),
        ({"wbs_code_id": None}, "wbs_code_id"),
        ({"amount": "1,000.00"}, "amount"),
        ({"amount": "1E3"}, "amount"),
        ({"tax_code_id": 5}, "tax_code_id"),
    ],
)
async def test_a_line_that_procore_cannot_place_is_an_error_of_its_row(
    api: Api, procore: Procore, order: int, project: int, line: Row, wrong: Row, field: str
) -> None:
    entities, errors = await put_line(api, order, project, line | {"origin_id": "o2"} | wrong)

    assert (entities, list(errors[0]["errors"]), errors[0]["origin_id"]) == ([], [field], "o2")
    assert procore.count("line_items") == 1


@pytest.mark.requirement("PP-18")
async def test_a_budget_code_of_another_project_is_refused(
    api: Api, procore: Procore, order: int, project: int, line: Row
) -> None:
    other = procore.add_project("Tunnel")["id"]
    procore.add_cost_code(other, "01", "General")
    foreign = procore.add_wbs_code(other, "01", "L")["id"]
    _, errors = await put_line(api, order, project, line | {"wbs_code_id": foreign})

    assert errors[0]["errors"] == {"wbs_code_id": ["is not a budget code of the project"]}


async def test_an_inactive_budget_code_takes_no_new_line(
    api: Api, procore: Procore, order: int, project: int, line: Row
) -> None:
    procore.set_any("wbs_codes", line["wbs_code_id"], status="inactive")
    _, refused = await put_line(api, order, project, line)
    kept, errors = await put_line(api, order, project, line | {"origin_id": "o1", "amount": "11.00"})

    assert refused[0]["errors"] == {"wbs_code_id": ["is inactive"]}
    assert (errors, kept[0]["amount"]) == ([], "11.0")


async def test_a_line_makes_a_budget_line_by_itself(procore: Procore, order: int) -> None:
    assert procore.count("budget_line_items", automatic=True) == 1


@pytest.mark.requirement("PP-34")
@pytest.mark.parametrize("status", ["Approved"])
async def test_an_approved_order_locks_vendor_lines_and_delete(
    api: Api, procore: Procore, order: int, project: int, line: Row, status: str
) -> None:
    other = procore.add_vendor("Other")["id"]
    procore.add_project_vendor(project, other)
    assert (await patch(api, order, project, status=status)).status == 200
    id = procore.find("line_items")["id"]
    entities, errors = await put_line(api, order, project, line | {"origin_id": "o1", "amount": "9.00"})
    body = {"project_id": project, "line_item": line}
    refusals = [
        await patch(api, order, project, vendor_id=other),
        await api.call("POST", f"{ORDERS}/{order}/line_items", None, body),
        await api.call("PATCH", f"{ORDERS}/{order}/line_items/{id}", None, body),
        await api.call("DELETE", f"{ORDERS}/{order}/line_items/{id}", {"project_id": project}),
        await api.call("DELETE", f"{ORDERS}/{order}", {"project_id": project}),
    ]

    assert [reply.status for reply in refusals] == [422] * 5
    assert "synced with ERP" in str(refusals[0].body)
    assert (entities, list(errors[0]["errors"])) == ([], ["base"])
    assert procore.find("line_items")["amount"] == "10.0"
    assert (await patch(api, order, project, title="Still open")).status == 200


async def test_back_in_draft_the_lines_are_open_again(
    api: Api, procore: Procore, order: int, project: int, line: Row
) -> None:
    procore.set_status(order, "Approved")
    await patch(api, order, project, status="Draft")
    entities, errors = await put_line(api, order, project, line | {"origin_id": "o1", "amount": "9.00"})

    assert (errors, entities[0]["amount"]) == ([], "9.0")


async def test_a_company_can_switch_the_lock_off(
    api: Api, procore: Procore, order: int, project: int, line: Row
) -> None:
    procore.settings.lock_approved = False
    procore.set_status(order, "Approved")
    _, errors = await put_line(api, order, project, line | {"origin_id": "o1", "amount": "9.00"})

    assert errors == []


async def test_a_complete_subcontract_is_locked(api: Api, procore: Procore, project: int, line: Row) -> None:
    id = procore.add_commitment(project, kind="work_order_contracts", lines=[line], status="Complete")["id"]
    reply = await api.call("DELETE", f"{SUBCONTRACTS}/{id}", {"project_id": project})

    assert reply.status == 422


async def test_a_status_of_the_other_kind_is_refused(api: Api, order: int, project: int) -> None:
    body = {"project_id": project, "purchase_order_contract": {"status": "Complete"}}
    reply = await api.call("PATCH", f"{ORDERS}/{order}", None, body, strict=False)

    assert (reply.status, list(reply.body["errors"])) == (422, ["status"])


async def test_the_short_view_leaves_amounts_out(api: Api, order: int, project: int) -> None:
    short = await api.get(ORDERS, project_id=project)
    long = await api.get(ORDERS, project_id=project, view="extended", **{"filters[origin_id]": "o"})

    assert "grand_total" not in short[0]
    assert (long[0]["id"], long[0]["grand_total"], long[0]["approved_change_orders"]) == (order, "10.0", "0.0")


async def test_the_total_is_the_sum_of_the_lines_to_the_cent(api: Api, order: int, project: int, line: Row) -> None:
    for number in range(3):
        await put_line(api, order, project, line | {"origin_id": f"x{number}", "amount": "0.10"})
    shown = await api.get(f"{ORDERS}/{order}", project_id=project)

    assert (shown["grand_total"], shown["revised_contract"]) == ("10.3", "10.3")


async def test_deleted_orders_are_listed_on_request(api: Api, procore: Procore, order: int, project: int) -> None:
    reply = await api.call("DELETE", f"{ORDERS}/{order}", {"project_id": project})
    usual = await api.get(ORDERS, project_id=project)
    gone = await api.get(ORDERS, project_id=project, **{"filters[include_deleted]": "only"})
    entities, errors = await api.sync(f"{ORDERS}/sync", [{"origin_id": "o"}], body_project_id=project)

    assert (reply.status, usual, [row["id"] for row in gone]) == (200, [], [order])
    assert (errors, len(entities)) == ([], 1)  # the origin id is free again


async def test_a_line_is_moved_by_no_one_but_its_contract(
    api: Api, procore: Procore, order: int, project: int, line: Row
) -> None:
    other = procore.add_commitment(project)["id"]
    _, errors = await put_line(api, other, project, line | {"origin_id": "o1"})

    assert errors[0]["errors"] == {"origin_id": ["has already been taken"]}


async def test_two_runs_of_the_same_story_end_alike(procore: Procore, order: int, clock: Clock) -> None:
    other = Procore(now=clock, seed=99)
    other.add_cost_type("L", "Labor")
    other.add_unit("ea")
    vendor = other.add_vendor("Acme")["id"]
    clock.passes(days=1)
    project = other.add_project("Bridge", origin_id="p")["id"]
    other.add_project_vendor(project, vendor)
    other.add_cost_code(project, "01", "General")
    code = other.add_wbs_code(project, "01", "L")["id"]
    line = {"wbs_code_id": code, "amount": "10", "extended_type": "manual", "origin_id": "o1"}
    contract = other.add_commitment(project, vendor_id=vendor, number="106001", origin_id="o", lines=[line])

    assert other.export() == procore.export()
    other.set_fields(contract["id"], title="changed")
    assert other.export() != procore.export()
