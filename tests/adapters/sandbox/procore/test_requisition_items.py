"""Items of requisitions: made from the lines, filled once, added up over the requisitions of a commitment."""

from decimal import Decimal

import pytest

from adapters.sandbox.procore import Procore
from tests.adapters.sandbox.procore.billing import ITEMS, LIST, fill, items, make_order, make_project, patch, post, work
from tests.adapters.sandbox.procore.harness import Api, Clock


@pytest.fixture
def project(procore: Procore) -> int:
    return make_project(procore)


@pytest.fixture
def order(procore: Procore, project: int) -> int:
    """An approved order of two lines, 100.00 and 50.00."""
    return make_order(procore, project, "100.00", "50.00", title="Steel")


@pytest.fixture
def lines(procore: Procore, order: int) -> list[int]:
    return [line["id"] for line in procore.rows("line_items", contract_id=order)]


@pytest.mark.requirement("PP-38")
async def test_items_come_by_themselves_one_for_each_line(api: Api, project: int, order: int, lines: list[int]) -> None:
    made = (await post(api, project, order, invoice_number="PI-1")).body
    shown = await items(api, made)

    assert (made["status"], made["number"], made["invoice_number"]) == ("draft", 1, "PI-1")
    assert [(row["line_item_id"], row["item_type"], row["scheduled_value"]) for row in shown] == [
        (lines[0], "contract_item", "100.0"),
        (lines[1], "contract_item", "50.0"),
    ]
    assert {row["work_completed_this_period"] for row in shown} == {"0.0"}


async def test_a_filled_item_answers_with_an_empty_body(api: Api, project: int, order: int) -> None:
    made = (await post(api, project, order)).body
    reply = await fill(api, made, work("60.00"), work("12.34"))
    shown = await items(api, made)

    assert (reply.status, reply.body) == (200, None)
    assert [row["work_completed_this_period"] for row in shown] == ["60.0", "12.34"]
    assert [row["total_completed_and_stored_to_date_percent"] for row in shown] == ["60.0", "24.68"]


async def test_one_bad_item_stops_the_whole_call(api: Api, project: int, order: int) -> None:
    made = (await post(api, project, order)).body
    reply = await fill(api, made, work("60.00"), work("12,34"))

    assert (reply.status, list(reply.body["errors"])) == (422, ["work_completed_this_period"])
    assert [row["work_completed_this_period"] for row in await items(api, made)] == ["0.0", "0.0"]


async def test_an_item_of_another_requisition_is_refused(api: Api, project: int, order: int) -> None:
    one, two = (await post(api, project, order)).body, (await post(api, project, order)).body
    row = {"id": (await items(api, one))[0]["id"], "item_type": "contract_item"} | work("1.00")
    body = {"requisition_items": [row]}
    reply = await api.call("PATCH", f"{ITEMS}/{two['id']}/bulk_item_update", {"project_id": project}, body)

    assert (reply.status, list(reply.body["errors"])) == (422, ["requisition_items"])


@pytest.mark.requirement("PP-39")
async def test_earlier_requisitions_are_carried_forward(api: Api, project: int, order: int) -> None:
    first = (await post(api, project, order)).body
    await fill(api, first, work("60.00"), {"materials_presently_stored": "5.00"})
    second = (await post(api, project, order)).body
    await fill(api, second, work("30.00"), work("1.00"))
    shown = await items(api, second)

    assert (second["number"], second["previous_requisition_id"]) == (2, first["id"])
    assert [row["work_completed_from_previous_application"] for row in shown] == ["60.0", "5.0"]
    assert [row["total_completed_and_stored_to_date"] for row in shown] == ["90.0", "6.0"]


@pytest.mark.requirement("PP-38")
async def test_no_line_is_billed_beyond_its_value(api: Api, project: int, order: int) -> None:
    first, second = (await post(api, project, order)).body, (await post(api, project, order)).body
    await fill(api, first, work("60.00"))
    over = await fill(api, second, work("40.01"))
    exact = await fill(api, second, work("40.00"))
    earlier = await fill(api, first, work("60.01"))

    assert (over.status, exact.status, earlier.status) == (422, 200, 422)
    assert "100.01 of 100.0" in str(over.body["errors"]["work_completed_this_period"])


async def test_a_credit_line_is_not_billed_below_its_value(api: Api, procore: Procore, project: int) -> None:
    made = (await post(api, project, make_order(procore, project, "-20.00"))).body

    assert (await fill(api, made, work("-20.01"))).status == 422
    assert (await fill(api, made, work("-20.00"))).status == 200


async def test_a_company_can_allow_overbilling(api: Api, procore: Procore, project: int, order: int) -> None:
    procore.settings.prevent_overbilling = False
    made = (await post(api, project, order)).body

    assert (await fill(api, made, work("100.01"))).status == 200


async def test_a_commitment_by_unit_is_billed_by_quantity(api: Api, procore: Procore, project: int) -> None:
    line = {"wbs_code_id": procore.find("wbs_codes")["id"], "quantity": "10", "unit_cost": "33.335", "uom": "ea"}
    order = procore.add_commitment(project, accounting_method="unit", lines=[line], status="Approved")["id"]
    made = (await post(api, project, order)).body
    reply = await fill(api, made, {"work_completed_this_period_quantity": "3"})
    (shown,) = await items(api, made)
    refused = await fill(api, made, work("10.00"))

    assert (reply.status, refused.status) == (200, 422)
    assert (shown["work_completed_this_period"], shown["scheduled_unit_price"]) == ("100.01", "33.335")


async def test_a_commitment_by_amount_takes_no_quantity(api: Api, project: int, order: int) -> None:
    made = (await post(api, project, order)).body
    reply = await fill(api, made, {"work_completed_this_period_quantity": "3"})

    assert (reply.status, list(reply.body["errors"])) == (422, ["work_completed_this_period_quantity"])


async def test_retainage_follows_the_commitment_unless_an_amount_is_sent(
    api: Api, procore: Procore, project: int
) -> None:
    order = make_order(procore, project, "100.00", "50.00", retainage_percent="10")
    made = (await post(api, project, order)).body
    none = {"work_completed_retainage_retained_this_period": "0.00"}
    await fill(api, made, work("60.00"), work("20.00") | none)
    shown = await items(api, made)
    whole = await api.get(f"{LIST}/{made['id']}", project_id=project, view="extended")

    assert [row["work_completed_retainage_retained_this_period"] for row in shown] == ["6.0", "0.0"]
    assert [(row["gross_amount"], row["net_amount"]) for row in whole["items"]] == [("60.0", "54.0"), ("20.0", "20.0")]
    assert whole["summary"]["current_payment_due"] == "74.0"
    assert whole["summary"]["total_retainage"] == "6.0"


async def test_retainage_needs_work_to_be_held_from(api: Api, project: int, order: int) -> None:
    made = (await post(api, project, order)).body
    reply = await fill(api, made, {"work_completed_retainage_retained_this_period": "1.00"})

    assert reply.status == 422


async def test_items_may_come_with_the_requisition(
    api: Api, procore: Procore, project: int, order: int, lines: list[int]
) -> None:
    row = {"line_item_id": lines[0], "item_type": "contract_item"}
    made = await post(api, project, order, items=[row | work("60.00")])
    over = await post(api, project, order, items=[row | work("60.00")])

    assert [item["work_completed_this_period"] for item in await items(api, made.body)] == ["60.0", "0.0"]
    assert (over.status, procore.count("requisitions"), procore.count("requisition_items")) == (422, 1, 2)


async def test_a_change_can_carry_header_and_items(api: Api, project: int, order: int) -> None:
    made = (await post(api, project, order)).body
    row = {"id": (await items(api, made))[1]["id"], "item_type": "contract_item", "status": "approved"}
    reply = await patch(api, made, billing_date="2026-03-09", items=[row | work("50.00")])
    shown = await items(api, made)

    assert (reply.status, reply.body["billing_date"]) == (200, "2026-03-09")
    assert [(item["work_completed_this_period"], item["status"]) for item in shown] == [
        ("0.0", "no_action"),
        ("50.0", "approved"),
    ]


async def test_a_filled_item_counts_as_a_change_of_the_requisition(
    api: Api, procore: Procore, project: int, order: int, lines: list[int], clock: Clock
) -> None:
    id = procore.billing.add_requisition(order)["id"]
    clock.passes(hours=1)
    procore.billing.bill(id, lines[0], work_completed_this_period="0.00")
    unchanged = await api.get(f"{LIST}/{id}", project_id=project)
    procore.billing.bill(id, lines[0], work_completed_this_period="1.00")
    changed = await api.get(f"{LIST}/{id}", project_id=project)

    assert (unchanged["updated_at"], changed["updated_at"]) == ("2026-03-02T08:00:00Z", "2026-03-02T09:00:00Z")


async def test_the_continuation_sheet_balances(
    api: Api, procore: Procore, project: int, order: int, lines: list[int]
) -> None:
    procore.billing.add_requisition(order, {lines[0]: Decimal("60.00")})
    id = procore.billing.add_requisition(order, {lines[0]: Decimal("15.00")})["id"]
    first, second = await api.get(f"{ITEMS}/{id}/detail", project_id=project)

    assert (first["item_number"], first["balance_to_finish"], second["balance_to_finish"]) == (1, "25.0", "50.0")
