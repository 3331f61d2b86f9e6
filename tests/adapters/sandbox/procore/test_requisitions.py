"""Requisitions: periods, statuses, locks, lists, and what a commitment shows of what is billed."""

from datetime import date
from decimal import Decimal

import pytest

from adapters.sandbox.procore import Invalid, Procore
from tests.adapters.sandbox.procore.billing import LIST, Row, fill, make_order, make_project, patch, post, work
from tests.adapters.sandbox.procore.harness import Api, Clock

ORDERS = "/rest/v1.0/purchase_order_contracts"


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


@pytest.fixture
def period(procore: Procore, project: int) -> int:
    id: int = procore.billing.add_period(project, date(2026, 3, 1), date(2026, 3, 31), date(2026, 3, 25))["id"]
    return id


async def test_the_number_counts_within_the_commitment(api: Api, procore: Procore, project: int, order: int) -> None:
    other = make_order(procore, project, "10.00")
    numbers = [(await post(api, project, id)).body["number"] for id in (order, order, other)]

    assert numbers == [1, 2, 1]


async def test_a_change_under_another_commitment_is_not_found(
    api: Api, procore: Procore, project: int, order: int
) -> None:
    made = (await post(api, project, order)).body
    other = make_order(procore, project, "10.00")

    assert (await patch(api, made | {"commitment_id": other}, status="approved")).status == 404


@pytest.mark.requirement("PP-38")
async def test_a_closed_period_takes_no_requisition_and_no_amount(
    api: Api, procore: Procore, project: int, order: int, period: int
) -> None:
    made = (await post(api, project, order, period_id=period)).body
    procore.billing.close(period)
    without = (await post(api, project, order)).body
    refused = [
        await post(api, project, order, period_id=period),
        await patch(api, without, period_id=period),
        await fill(api, made, work("1.00")),
    ]

    assert (made["requisition_start"], made["requisition_end"]) == ("2026-03-01", "2026-03-31")
    assert [(reply.status, list(reply.body["errors"])) for reply in refused] == [(422, ["period_id"])] * 3
    assert (await patch(api, made, status="approved")).status == 200
    procore.billing.open(period)
    assert (await fill(api, made, work("1.00"))).status == 200


async def test_a_period_of_another_project_is_refused(api: Api, procore: Procore, project: int, order: int) -> None:
    other = procore.add_project("Tunnel")["id"]
    id = procore.billing.add_period(other, date(2026, 3, 1), date(2026, 3, 31), date(2026, 3, 25))["id"]
    reply = await post(api, project, order, period_id=id)

    assert (reply.status, list(reply.body["errors"])) == (422, ["period_id"])


@pytest.mark.requirement("PF-12")
async def test_a_requisition_without_a_period_is_accepted(api: Api, project: int, order: int) -> None:
    reply = await post(api, project, order)

    assert (reply.status, reply.body["period_id"]) == (201, None)


async def test_two_requisitions_in_one_period_are_a_matter_of_the_company(
    api: Api, procore: Procore, project: int, order: int, period: int
) -> None:
    usual = [(await post(api, project, order, period_id=period)).status for _ in range(2)]
    procore.settings.one_requisition_per_period = True
    third = await post(api, project, order, period_id=period)
    free = await post(api, project, order)

    assert (usual, third.status, list(third.body["errors"]), free.status) == ([201, 201], 422, ["period_id"], 201)


@pytest.mark.parametrize("status", ["Draft", "Submitted", "Closed"])
async def test_only_an_approved_commitment_is_billed_unless_switched_off(
    api: Api, procore: Procore, project: int, status: str
) -> None:
    order = make_order(procore, project, "10.00", status=status)
    refused = await post(api, project, order)
    procore.settings.bill_approved_only = False

    assert (refused.status, (await post(api, project, order)).status) == (422, 201)


async def test_a_commitment_that_is_not_there_is_not_found(api: Api, project: int) -> None:
    assert (await post(api, project, 5)).status == 404


@pytest.mark.requirement("SP-01")
async def test_any_status_follows_any_other(api: Api, project: int, order: int) -> None:
    made = (await post(api, project, order)).body
    moves = ["under_review", "revise_and_resubmit", "approved", "draft", "approved_as_noted", "pending_owner_approval"]
    replies = [await patch(api, made, status=status) for status in moves]

    assert [reply.body["status"] for reply in replies] == moves


async def test_an_unknown_status_is_refused(api: Api, project: int, order: int) -> None:
    reply = await post(api, project, order, strict=False, status="paid")

    assert (reply.status, list(reply.body["errors"])) == (422, ["status"])


@pytest.mark.requirement("ER-64")
async def test_an_origin_id_locks_the_whole_requisition(api: Api, project: int, order: int) -> None:
    made = (await post(api, project, order)).body
    await patch(api, made, origin_id="bc:1")
    refused = [
        await patch(api, made, status="approved"),
        await patch(api, made, origin_id="bc:2"),
        await patch(api, made, origin_id=None, status="approved"),
        await fill(api, made, work("1.00")),
        await api.call("DELETE", f"{LIST}/{made['id']}", {"project_id": project}),
    ]
    freed = await patch(api, made, origin_id=None)

    assert [reply.status for reply in refused] == [422] * 5
    assert all("synced with ERP" in str(reply.body) for reply in refused)
    assert (freed.status, freed.body["origin_id"], (await fill(api, made, work("1.00"))).status) == (200, None, 200)


@pytest.mark.requirement("PP-38")
async def test_an_origin_id_is_used_once(api: Api, project: int, order: int) -> None:
    first, second = await post(api, project, order, origin_id="bc:1"), await post(api, project, order, origin_id="bc:1")

    assert (first.status, second.status, list(second.body["errors"])) == (201, 422, ["origin_id"])


async def test_only_the_last_open_requisition_is_deleted(api: Api, project: int, order: int) -> None:
    first, second = (await post(api, project, order)).body, (await post(api, project, order)).body
    await patch(api, second, status="approved")

    async def delete(row: Row) -> int:
        return (await api.call("DELETE", f"{LIST}/{row['id']}", {"project_id": project})).status

    assert (await delete(first), await delete(second)) == (422, 422)
    await patch(api, second, status="draft")
    assert (await delete(second), await delete(first), await api.get(LIST, project_id=project)) == (200, 200, [])


async def test_the_commitment_shows_all_that_is_billed_drafts_too(
    api: Api, procore: Procore, project: int, order: int, lines: list[int]
) -> None:
    draft = procore.billing.add_requisition(order, {lines[0]: Decimal("60.00")})
    procore.billing.add_requisition(order, {lines[1]: Decimal("0.10")}, status="approved")
    before = await api.get(f"{ORDERS}/{order}", project_id=project)
    procore.billing.bill(draft["id"], lines[0], work_completed_this_period="0.20")
    after = await api.get(f"{ORDERS}/{order}", project_id=project)

    assert (before["total_requisitions_amount"], after["total_requisitions_amount"]) == ("60.1", "0.3")


async def test_a_billed_commitment_and_its_lines_are_not_deleted(
    api: Api, procore: Procore, project: int, order: int, lines: list[int]
) -> None:
    id = procore.billing.add_requisition(order)["id"]
    procore.set_status(order, "Draft")
    line = f"{ORDERS}/{order}/line_items/{lines[0]}"
    refused = [await api.call("DELETE", path, {"project_id": project}) for path in (line, f"{ORDERS}/{order}")]
    procore.billing.remove_requisition(id)
    done = [await api.call("DELETE", path, {"project_id": project}) for path in (line, f"{ORDERS}/{order}")]

    assert [reply.status for reply in (*refused, *done)] == [422, 422, 200, 200]


@pytest.mark.requirement("SP-01")
async def test_requisitions_are_found_by_every_filter(
    api: Api, procore: Procore, project: int, order: int, period: int, clock: Clock
) -> None:
    first = procore.billing.add_requisition(order, period_id=period)["id"]
    clock.passes(days=2)
    await api.sign_in()
    second = procore.billing.add_requisition(order, status="approved", origin_id="bc:1")["id"]
    other = procore.billing.add_requisition(make_order(procore, project, "1.00"))["id"]

    async def found(name: str, value: object) -> list[int]:
        return [row["id"] for row in await api.get(LIST, project_id=project, **{f"filters[{name}]": value})]

    assert await found("id", first) == [first]
    assert await found("commitment_id", order) == [first, second]
    assert await found("period_id", period) == [first]
    assert await found("status", "approved") == [second]
    assert await found("origin_id", "bc:1") == [second]
    assert await found("created_at", "2026-03-02...2026-03-03") == [first]
    assert await found("is_last", "true") == [second, other]
    assert await found("is_last", "false") == [first]


async def test_a_page_holds_thirty_unless_asked(api: Api, procore: Procore, project: int, order: int) -> None:
    for _ in range(31):
        procore.billing.add_requisition(order)

    assert len(await api.get(LIST, project_id=project)) == 30
    assert len(await api.get(LIST, project_id=project, per_page=100)) == 31


@pytest.mark.requirement("SP-12")
async def test_each_view_shows_what_it_is_for(
    api: Api, procore: Procore, project: int, order: int, lines: list[int]
) -> None:
    id = procore.billing.add_requisition(order, {lines[0]: Decimal("60.00")})["id"]
    procore.billing.attach(id, "invoice.pdf", "http://files.example/1")
    (short,) = await api.get(LIST, project_id=project)
    (beside,) = await api.get(LIST, project_id=project, view="items")
    (full,) = await api.get(LIST, project_id=project, view="extended")

    assert [sorted({"items", "summary", "attachments"} & set(row)) for row in (short, beside)] == [[], ["items"]]
    assert (short["vendor_name"], short["contract_name"], short["percent_complete"]) == ("Acme", "Steel", "40.0")
    assert [file["filename"] for file in full["attachments"]] == ["invoice.pdf"]
    assert (full["summary"]["contract_sum_to_date"], full["summary"]["current_payment_due"]) == ("150.0", "60.0")


def test_a_user_of_procore_is_held_to_the_same_rules(
    procore: Procore, project: int, order: int, lines: list[int], period: int
) -> None:
    id = procore.billing.add_requisition(order, period_id=period, origin_id="bc:1")["id"]
    procore.billing.close(period)
    with pytest.raises(Invalid):
        procore.billing.set_status(id, "approved")
    with pytest.raises(Invalid):
        procore.billing.add_requisition(order, period_id=period)
    with pytest.raises(Invalid):
        procore.billing.add_requisition(order, {lines[0]: Decimal("100.01")})

    assert procore.billing.set_fields(id, origin_id=None)["status"] == "draft"
    assert procore.billing.set_status(id, "approved")["status"] == "approved"


def test_the_export_names_commitment_line_and_period_without_ids(
    procore: Procore, order: int, lines: list[int], period: int
) -> None:
    id = procore.billing.add_requisition(order, {lines[1]: Decimal("1.00")}, period_id=period)["id"]
    procore.billing.attach(id, "invoice.pdf", "http://files.example/1")
    exported = procore.export()
    (head,) = exported["requisitions"]
    item = next(row for row in exported["requisition_items"] if row["work_completed_this_period"] == "1.0")

    assert (head["commitment"], head["period"]) == ("PO-001", "2026-03-01 to 2026-03-31")
    assert (item["requisition"], item["line_item"], head["attachments"]) == ("PO-001 no. 1", 2, ["invoice.pdf"])
