"""Direct costs: types, lines, the lock that an origin id puts on, and one write at a time in a project."""

import asyncio
from decimal import Decimal
from time import process_time
from typing import Any

import pytest

from adapters.sandbox.faults import Fault
from adapters.sandbox.procore import Invalid, Procore
from tests.adapters.sandbox.procore.harness import Api, Clock, Reply

Row = dict[str, Any]


@pytest.fixture
def code(procore: Procore, project: int) -> int:
    id: int = procore.find("wbs_codes")["id"]
    return id


@pytest.fixture
def cost(procore: Procore, project: int, code: int) -> int:
    id: int = procore.costs.add(project, description="Crane", lines=[{"wbs_code_id": code, "manual_amount": 10}])["id"]
    return id


def new(project: int) -> str:
    return f"/rest/v1.1/projects/{project}/direct_costs"


def old(project: int) -> str:
    return f"/rest/v1.0/projects/{project}/direct_costs"


async def create(api: Api, project: int, **fields: Any) -> Reply:
    return await api.call("POST", new(project), None, {"direct_cost": fields})


async def update(api: Api, project: int, id: int, **fields: Any) -> Reply:
    return await api.call("PATCH", f"{new(project)}/{id}", None, {"direct_cost": fields})


async def put_line(api: Api, project: int, **row: Any) -> tuple[list[Row], list[Row]]:
    return await api.sync(f"{old(project)}/line_items/sync", [row])


@pytest.mark.requirement("PP-40")
@pytest.mark.parametrize(
    ("sent", "amount", "way"),
    [
        ({"manual_amount": Decimal("1234.50")}, "1234.5", "manual"),
        ({"quantity": 3, "unit_cost": Decimal("33.335")}, "100.01", "calculated"),
        ({"quantity": 3, "unit_cost": Decimal("33.335"), "manual_amount": 100}, "100.0", "manual"),
        ({"manual_amount": Decimal("-0.01")}, "-0.01", "manual"),
        ({"manual_amount": Decimal("1E+3")}, "1000.0", "manual"),
    ],
)
async def test_numbers_come_in_and_text_goes_out(
    api: Api, project: int, code: int, sent: Row, amount: str, way: str
) -> None:
    line = {"wbs_code_id": code, "uom": "ea", "ref": "r1"} | sent
    made = await create(api, project, direct_cost_type="expense", line_items=[line])
    shown = await api.get(f"{new(project)}/{made.body['id']}")
    listed = await api.get(new(project))

    assert (made.status, made.body["line_items"][0]["ref"], shown["line_items"][0]["ref"]) == (201, "r1", None)
    assert (shown["grand_total"], shown["line_items"][0]["amount"], listed[0]["amount"]) == (amount, amount, amount)
    assert (shown["line_items"][0]["extended_type"], shown["status"]) == (way, "draft")


async def test_a_line_makes_a_budget_line_by_itself(procore: Procore, cost: int) -> None:
    assert procore.count("budget_line_items", automatic=True) == 1


@pytest.mark.requirement("MA-26")
@pytest.mark.parametrize("missing", ["vendor_id", "invoice_number"])
async def test_an_invoice_needs_a_vendor_and_a_number(api: Api, procore: Procore, project: int, missing: str) -> None:
    fields = {"vendor_id": procore.find("vendors")["id"], "invoice_number": "I-1"}
    del fields[missing]
    refused = await create(api, project, direct_cost_type="invoice", **fields)
    expense = await create(api, project, direct_cost_type="expense", **fields)

    assert (refused.status, list(refused.body["errors"]), expense.status) == (422, [missing], 201)


async def test_a_vendor_must_be_in_the_directory_of_the_project(api: Api, procore: Procore, project: int) -> None:
    for id in (procore.add_vendor("Stranger")["id"], 5):
        reply = await create(api, project, direct_cost_type="expense", vendor_id=id)

        assert (reply.status, list(reply.body["errors"])) == (422, ["vendor_id"])


async def test_the_type_is_fixed_at_creation(api: Api, project: int, cost: int) -> None:
    path = f"{old(project)}/sync"
    _, missing = await api.sync(path, [{"description": "no type"}])
    same, errors = await api.sync(path, [{"id": cost, "direct_cost_type": "expense", "status": "approved"}])
    _, changed = await api.sync(path, [{"id": cost, "direct_cost_type": "payroll"}])

    assert (list(missing[0]["errors"]), same[0]["status"], errors) == (["direct_cost_type"], "approved", [])
    assert list(changed[0]["errors"]) == ["direct_cost_type"]


async def test_invoices_of_subcontractors_are_a_type_that_a_company_must_have(
    api: Api, procore: Procore, project: int
) -> None:
    refused = await create(api, project, direct_cost_type="subcontractor_invoice")
    procore.settings.subcontractor_invoices = True
    taken = await create(api, project, direct_cost_type="subcontractor_invoice")

    assert (refused.status, taken.status) == (422, 201)


async def test_an_unknown_status_is_refused(api: Api, project: int, cost: int) -> None:
    body = {"direct_cost": {"status": "Approved"}}
    reply = await api.call("PATCH", f"{new(project)}/{cost}", None, body, strict=False)

    assert (reply.status, list(reply.body["errors"])) == (422, ["status"])


@pytest.mark.parametrize(
    "bad", [{"wbs_code_id": 5}, {"uom": "furlong"}, {"origin_id": "taken"}, {"origin_id": "twice"}], ids=str
)
async def test_one_bad_line_leaves_nothing_behind(
    api: Api, procore: Procore, project: int, code: int, bad: Row
) -> None:
    procore.add_project("Tunnel", origin_id="taken")
    lines = [{"wbs_code_id": code, "manual_amount": 1, "origin_id": "twice"}, {"wbs_code_id": code} | bad]
    reply = await create(api, project, direct_cost_type="expense", line_items=lines)

    assert (reply.status, procore.count("direct_costs"), procore.count("direct_cost_line_items")) == (422, 0, 0)


@pytest.mark.parametrize(("count", "status"), [(100, 201), (101, 422)])
async def test_a_call_takes_a_hundred_lines(api: Api, project: int, code: int, count: int, status: int) -> None:
    lines = [{"wbs_code_id": code, "manual_amount": 1}] * count
    reply = await create(api, project, direct_cost_type="expense", line_items=lines)

    assert reply.status == status


async def test_an_update_changes_lines_by_id_and_adds_the_others(
    api: Api, procore: Procore, project: int, code: int, cost: int
) -> None:
    first = procore.costs.lines(cost)[0]["id"]
    rows = [{"wbs_code_id": code, "manual_amount": 2, "ref": "new"}, {"id": first, "manual_amount": 11, "ref": "old"}]
    reply = await update(api, project, cost, line_items=rows, terms="30 days")
    shown = {line["ref"]: line["amount"] for line in reply.body["line_items"]}

    assert (shown, reply.body["grand_total"], reply.body["terms"]) == ({"old": "11.0", "new": "2.0"}, "13.0", "30 days")
    assert (await update(api, project, cost, line_items=[{"id": 5, "manual_amount": 1}])).status == 422


async def test_the_invoice_number_is_changed_by_the_sync_alone(api: Api, procore: Procore, project: int) -> None:
    vendor = procore.find("vendors")["id"]
    id = procore.costs.add(project, kind="invoice", vendor_id=vendor, invoice_number="1")["id"]
    body = {"direct_cost": {"invoice_number": "2"}}
    refused = await api.call("PATCH", f"{new(project)}/{id}", None, body, strict=False)
    entities, _ = await api.sync(f"{old(project)}/sync", [{"id": id, "invoice_number": "2"}])

    assert (refused.status, entities[0]["invoice_number"]) == (406, "2")


async def test_a_list_is_filtered(api: Api, procore: Procore, project: int, cost: int, clock: Clock) -> None:
    clock.passes(days=1)
    await api.sign_in()
    fields: Row = {
        "invoice_number": "I-7",
        "origin_id": "o",
        "received_date": "2026-03-02",
        "payment_date": "2026-04-01",
    }
    id = procore.costs.add(project, **fields)["id"]
    filters = {
        "id": id,
        "origin_id": "o",
        "invoice_number": "I-7",
        "updated_at": "2026-03-03...2026-03-04",
        "received_date": "2026-03-01...2026-03-02",
        "payment_date": "2026-04-01...2026-04-01",
    }

    for name, value in filters.items():
        assert [row["id"] for row in await api.get(new(project), **{f"filters[{name}]": value})] == [id]
    assert len(await api.get(new(project))) == 2
    assert (await api.call("GET", new(project), {"filters[payment_date]": "2026-04-01"})).status == 400


# The lock


@pytest.mark.requirement("ER-64")
async def test_an_origin_id_locks_the_whole_record(
    api: Api, procore: Procore, project: int, code: int, cost: int
) -> None:
    first = await update(api, project, cost, origin_id="o", status="approved")
    line = procore.costs.lines(cost)[0]["id"]
    lines = f"{old(project)}/{cost}/line_items"
    body = {"line_item": {"amount": 1, "wbs_code_id": code}}
    refusals = [
        await update(api, project, cost, description="x"),
        await update(api, project, cost, origin_id="other"),
        await update(api, project, cost, origin_id=None, description="x"),
        await update(api, project, cost, line_items=[{"id": line, "manual_amount": 1}]),
        await api.call("POST", lines, None, body),
        await api.call("PATCH", f"{lines}/{line}", None, body),
        await api.call("DELETE", f"{lines}/{line}"),
        await api.call("DELETE", f"{new(project)}/{cost}"),
    ]
    _, again = await api.sync(f"{old(project)}/sync", [{"origin_id": "o", "status": "approved"}])
    _, row = await put_line(api, project, id=line, amount=1)
    with pytest.raises(Invalid, match="synced with ERP"):
        procore.costs.set_fields(cost, description="x")

    assert (first.status, first.body["origin_id"]) == (200, "o")
    assert [reply.status for reply in refusals] == [422] * 8
    assert all("synced with ERP" in str(reply.body) for reply in refusals)
    assert ["synced with ERP" in str(error["errors"]) for error in (*again, *row)] == [True, True]
    assert procore.costs.total(cost) == "10.0"


async def test_null_as_origin_id_unlocks(api: Api, procore: Procore, project: int, cost: int) -> None:
    procore.costs.set_fields(cost, origin_id="o")
    entities, errors = await api.sync(f"{old(project)}/sync", [{"id": cost, "origin_id": None}])
    changed = await update(api, project, cost, description="x")
    gone = await api.call("DELETE", f"{new(project)}/{cost}")

    assert (errors, entities[0]["origin_id"], changed.status) == ([], None, 200)
    assert (gone.body["id"], procore.count("direct_costs"), procore.count("direct_cost_line_items")) == (cost, 0, 0)


@pytest.mark.requirement("PP-50")
async def test_head_lines_and_origin_id_last(api: Api, procore: Procore, project: int, code: int) -> None:
    made, _ = await api.sync(f"{old(project)}/sync", [{"direct_cost_type": "expense", "invoice_number": "J1"}])
    id = made[0]["id"]
    lines, _ = await put_line(api, project, direct_cost_id=id, wbs_code_id=code, amount=Decimal("0.01"), origin_id="l1")
    locked, errors = await api.sync(f"{old(project)}/sync", [{"id": id, "origin_id": "o"}])
    _, twice = await api.sync(f"{old(project)}/sync", [{"direct_cost_type": "expense", "origin_id": "p"}])

    assert (lines[0]["amount"], lines[0]["holder"]["id"]) == ("0.01", id)
    assert (errors, locked[0]["grand_total"], locked[0]["line_items_count"]) == ([], "0.01", 1)
    assert twice[0]["errors"] == {"origin_id": ["has already been taken"]}


# Lines


async def test_a_new_line_names_its_parent_and_a_known_one_keeps_it(
    api: Api, procore: Procore, project: int, code: int, cost: int
) -> None:
    other = procore.costs.add(project)["id"]
    _, nowhere = await put_line(api, project, wbs_code_id=code, amount=1)
    _, unknown = await put_line(api, project, direct_cost_id=5, wbs_code_id=code, amount=1)
    line = procore.costs.lines(cost)[0]["id"]
    kept, _ = await put_line(api, project, id=line, amount=12)
    _, moved = await put_line(api, project, id=line, direct_cost_id=other)

    assert [list(each[0]["errors"]) for each in (nowhere, unknown, moved)] == [["direct_cost_id"]] * 3
    assert (kept[0]["holder"]["id"], kept[0]["amount"]) == (cost, "12.0")


async def test_lines_are_listed_for_one_cost_and_for_the_project(
    api: Api, procore: Procore, project: int, code: int, cost: int
) -> None:
    other = procore.costs.add(project, lines=[{"wbs_code_id": code, "manual_amount": 3}])["id"]
    path = f"{old(project)}/line_items"

    assert [row["amount"] for row in await api.get(f"{old(project)}/{other}/line_items")] == ["3.0"]
    assert [row["amount"] for row in await api.get(path)] == ["10.0", "3.0"]
    assert len(await api.get(path, **{"filters[direct_cost_id]": cost})) == 1
    assert len(await api.get(path, **{"filters[cost_code_id]": 5})) == 0


async def test_an_inactive_code_takes_no_new_line(
    api: Api, procore: Procore, project: int, code: int, cost: int
) -> None:
    procore.set_any("wbs_codes", code, status="inactive")
    _, errors = await put_line(api, project, direct_cost_id=cost, wbs_code_id=code, amount=1)

    assert errors[0]["errors"] == {"wbs_code_id": ["is inactive"]}


@pytest.mark.requirement("BX-18")
async def test_a_thousand_rows_take_little_time(api: Api, procore: Procore, project: int, code: int) -> None:
    heads = [{"direct_cost_type": "expense", "origin_data": str(number)} for number in range(1000)]
    before = process_time()
    made, _ = await api.sync(f"{old(project)}/sync", heads)
    rows = [{"direct_cost_id": row["id"], "wbs_code_id": code, "amount": 1} for row in made]
    await api.sync(f"{old(project)}/line_items/sync", rows)
    crowd = [{"direct_cost_id": made[0]["id"], "wbs_code_id": code, "amount": 1} for _ in range(1000)]
    await api.sync(f"{old(project)}/line_items/sync", crowd)
    await api.sync(f"{old(project)}/sync", [{"id": row["id"], "origin_id": f"o{row['id']}"} for row in made])
    taken = process_time() - before

    assert (procore.count("direct_costs"), procore.costs.total(made[0]["id"]), taken < 20) == (1000, "1001.0", True)


async def test_a_row_fails_on_request_or_is_carried_out_without_a_word(
    api: Api, procore: Procore, project: int
) -> None:
    procore.faults.add(
        Fault(kind="conflict", path="direct_costs/sync", parts=True),
        Fault(kind="status", path="direct_costs/sync", parts=True, handled=True),
    )
    rows = [{"direct_cost_type": "expense", "invoice_number": number} for number in ("1", "2", "3")]
    entities, errors = await api.sync(f"{old(project)}/sync", rows)

    assert ([row["invoice_number"] for row in entities], [row["invoice_number"] for row in errors]) == (["3"], ["1"])
    assert {row["invoice_number"] for row in procore.rows("direct_costs")} == {"2", "3"}


# One at a time


async def test_of_two_writes_at_once_in_one_project_the_later_is_answered_409(
    api: Api, procore: Procore, project: int, cost: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrived, release = asyncio.Event(), asyncio.Event()

    async def wait(_seconds: float) -> None:
        arrived.set()
        await release.wait()

    monkeypatch.setattr("adapters.sandbox.wire.anyio.sleep", wait)
    procore.faults.add(Fault(kind="latency", seconds=1, path="direct_costs"))
    first = asyncio.create_task(update(api, project, cost, description="first"))
    await arrived.wait()
    second = await update(api, project, cost, description="second")
    reading = await api.get(f"{new(project)}/{cost}")
    making = await create(api, project, direct_cost_type="expense")
    elsewhere = procore.add_project("Tunnel")["id"]
    away = await api.call("PATCH", f"{old(elsewhere)}/sync", None, {"updates": []})
    release.set()
    won = await first
    third = await update(api, project, cost, description="third")

    assert (second.status, reading["description"], making.status, away.status) == (409, "Crane", 201, 200)
    assert (won.status, third.status, procore.find("direct_costs", id=cost)["description"]) == (200, 200, "third")


async def test_a_conflict_comes_on_request(api: Api, procore: Procore, project: int, cost: int) -> None:
    procore.faults.add(Fault(kind="conflict", path="direct_costs"))

    assert (await update(api, project, cost, description="x")).status == 409
    assert (await update(api, project, cost, description="x")).status == 200


async def test_two_runs_of_the_same_story_end_alike(procore: Procore, project: int, cost: int, clock: Clock) -> None:
    other = Procore(now=clock, seed=99)
    other.add_cost_type("L", "Labor")
    other.add_unit("ea")
    vendor = other.add_vendor("Acme")["id"]
    clock.passes(days=1)
    id = other.add_project("Bridge", origin_id="p")["id"]
    other.add_cost_code(id, "01", "General")
    code = other.add_wbs_code(id, "01", "L")["id"]
    other.add_project_vendor(id, vendor)
    line = {"wbs_code_id": code, "manual_amount": Decimal("10.00")}
    made = other.costs.add(id, description="Crane", lines=[line])["id"]

    assert other.export() == procore.export()
    other.costs.set_status(made, "approved")
    assert other.export() != procore.export()
