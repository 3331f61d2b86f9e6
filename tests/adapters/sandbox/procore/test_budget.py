"""The budget: one line for each budget code, the lock, the sync that takes all rows or none, views and changes."""

from decimal import Decimal
from time import process_time
from typing import Any

import pytest

from adapters.sandbox.faults import Fault
from adapters.sandbox.procore import Invalid, Procore
from tests.adapters.sandbox.procore.harness import Api, Reply

Row = dict[str, Any]
LINES = "/rest/v1.1/budget_line_items"
SYNC = "/rest/v1.0/budget_line_items/sync"
VIEWS = "/rest/v1.0/budget_views"


@pytest.fixture
def project(procore: Procore) -> int:
    """A project with the budget codes 01-100.L and 01-200.L, and unit `ea`."""
    procore.add_cost_type("L", "Labor")
    procore.add_unit("ea")
    id: int = procore.add_project("Bridge", origin_id="p")["id"]
    division = procore.add_cost_code(id, "01", "General")["id"]
    for code in ("100", "200"):
        procore.add_cost_code(id, code, f"Part {code}", division, origin_id=f"cc{code}")
        procore.add_wbs_code(id, f"01-{code}", "L")
    return id


@pytest.fixture
def code(procore: Procore, project: int) -> int:
    id: int = procore.add_wbs_code(project, "01-100", "L")["id"]
    return id


@pytest.fixture
def other(procore: Procore, project: int) -> int:
    id: int = procore.add_wbs_code(project, "01-200", "L")["id"]
    return id


async def create(api: Api, project: int, **line: Any) -> Reply:
    return await api.call("POST", LINES, None, {"project_id": project, "budget_line_item": line})


async def update(api: Api, project: int, id: int, **line: Any) -> Reply:
    return await api.call("PATCH", f"{LINES}/{id}", None, {"project_id": project, "budget_line_item": line})


async def sync(api: Api, project: int, *lines: Row) -> Reply:
    return await api.call("POST", SYNC, None, {"project_id": project, "budget_line_items": list(lines)})


async def detail_rows(api: Api, project: int, **query: Any) -> list[Row]:
    view = (await api.get(VIEWS))[0]["id"]
    rows: list[Row] = await api.get(f"{VIEWS}/{view}/detail_rows", project_id=project, **query)
    return rows


@pytest.mark.requirement("PP-15")
@pytest.mark.parametrize(
    ("sent", "amount"),
    [
        ({"original_budget_amount": Decimal("1234.50"), "calculation_strategy": "manual"}, "1234.5"),
        ({"quantity": 3, "unit_cost": Decimal("33.335"), "calculation_strategy": "automatic"}, "100.01"),
        ({"quantity": 3, "unit_cost": 2, "original_budget_amount": 7, "calculation_strategy": "automatic"}, "6"),
        ({"quantity": 3, "unit_cost": 2, "original_budget_amount": 7, "calculation_strategy": "manual"}, "7"),
        ({"original_budget_amount": Decimal("9999999999999.99")}, "9999999999999.99"),
        ({"original_budget_amount": -5}, "-5"),
        ({"original_budget_amount": Decimal("1E+3")}, "1000"),
    ],
)
async def test_figures_come_and_go_as_exact_numbers(api: Api, project: int, code: int, sent: Row, amount: str) -> None:
    made = await create(api, project, wbs_code_id=code, uom="ea", **sent)
    shown = await api.get(f"{LINES}/{made.body['id']}", project_id=project)

    assert (made.status, shown["original_budget_amount"]) == (201, Decimal(amount))
    assert (shown["wbs_code"]["flat_code"], shown["uom"]) == ("01-100.L", "ea")


async def test_a_figure_as_text_is_refused(api: Api, project: int, code: int) -> None:
    body = {"project_id": project, "budget_line_item": {"wbs_code_id": code, "original_budget_amount": "10.00"}}
    reply = await api.call("POST", LINES, None, body, strict=False)

    assert reply.status == 400


@pytest.mark.requirement("PP-14")
async def test_a_code_has_one_budget_line(api: Api, procore: Procore, project: int, code: int) -> None:
    await create(api, project, wbs_code_id=code, original_budget_amount=10)
    again = await create(api, project, wbs_code_id=code, original_budget_amount=20)

    assert (again.status, again.body["errors"]) == (422, {"wbs_code_id": ["already has a budget line item"]})
    assert [row["original_budget_amount"] for row in procore.rows("budget_line_items")] == ["10.0"]


async def test_a_line_that_made_itself_is_found_in_the_detail_rows_and_updated(
    api: Api, procore: Procore, project: int, code: int
) -> None:
    procore.add_commitment(project, lines=[{"wbs_code_id": code, "amount": "5.00"}])
    rows = await detail_rows(api, project)
    refused = await create(api, project, wbs_code_id=code, original_budget_amount=10)
    updated = await update(api, project, rows[0]["id"], original_budget_amount=Decimal("10.25"))

    assert [(row["wbs_code_id"], row["original_budget_amount"]) for row in rows] == [(code, "0.0")]
    assert (refused.status, updated.status, updated.body["original_budget_amount"]) == (422, 200, Decimal("10.25"))
    assert procore.find("budget_line_items")["automatic"] is False


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"uom": "furlong"}, "uom"), ({"wbs_code_id": 5}, "wbs_code_id"), ({"calculation_strategy": "x"}, "calc")],
)
async def test_a_line_that_procore_cannot_place_is_refused(
    api: Api, procore: Procore, project: int, code: int, wrong: Row, field: str
) -> None:
    body = {"project_id": project, "budget_line_item": {"wbs_code_id": code} | wrong}
    reply = await api.call("POST", LINES, None, body, strict=False)

    assert (reply.status, next(iter(reply.body["errors"])).startswith(field)) == (422, True)
    assert procore.count("budget_line_items") == 0


async def test_an_inactive_code_takes_no_new_line_but_keeps_the_one_it_has(
    api: Api, procore: Procore, project: int, code: int, other: int
) -> None:
    line = procore.budget.set_line(project, code, original_budget_amount=1)
    for id in (code, other):
        procore.set_any("wbs_codes", id, status="inactive")
    kept = await sync(api, project, {"wbs_code_id": code, "original_budget_amount": 2})
    refused = await create(api, project, wbs_code_id=other)

    assert (kept.status, kept.body[0]["id"], refused.status) == (200, line["id"], 422)
    assert refused.body["errors"] == {"wbs_code_id": ["is inactive"]}


@pytest.mark.requirement("PP-18")
async def test_a_line_stands_in_its_own_project_alone(api: Api, procore: Procore, project: int, code: int) -> None:
    elsewhere = procore.add_project("Tunnel")["id"]
    line = procore.budget.set_line(project, code, original_budget_amount=1)
    reply = await api.call("GET", f"{LINES}/{line['id']}", {"project_id": elsewhere})

    assert (reply.status, await detail_rows(api, elsewhere)) == (404, [])
    assert (await create(api, elsewhere, wbs_code_id=code)).status == 422


@pytest.mark.requirement("PP-15")
async def test_a_locked_budget_is_frozen(api: Api, procore: Procore, project: int, code: int, other: int) -> None:
    line = procore.budget.set_line(project, code, original_budget_amount=10)
    path = f"/rest/v1.0/projects/{project}/budget"
    before = await api.get(path)
    locked = await api.call("POST", f"{path}/lock")
    replies = [
        await update(api, project, line["id"], original_budget_amount=11),
        await update(api, project, line["id"], quantity=2),
        await update(api, project, line["id"], wbs_code_id=other),
        await create(api, project, wbs_code_id=other),
        await sync(api, project, {"wbs_code_id": code, "original_budget_amount": 11}),
    ]
    same = await update(api, project, line["id"], original_budget_amount=10)
    with pytest.raises(Invalid, match="locked"):
        procore.budget.set_line(project, code, original_budget_amount=12)
    opened = await api.call("DELETE", f"{path}/lock")
    changed = await update(api, project, line["id"], original_budget_amount=11)

    assert (before, locked.status, locked.body["locked"]) == ({"locked": False} | before, 201, True)
    assert [reply.status for reply in replies] == [422] * 5
    assert (same.status, opened.status, opened.body["locked"], changed.status) == (200, 200, False, 200)


async def test_a_cost_on_a_locked_budget_makes_a_line_with_nothing_in_it(
    procore: Procore, project: int, code: int
) -> None:
    procore.budget.lock(project)
    procore.costs.add(project, lines=[{"wbs_code_id": code, "manual_amount": 7}])

    assert (procore.budget.line(code) or {})["original_budget_amount"] == "0.0"


async def test_a_switched_off_tool_is_forbidden(api: Api, procore: Procore, project: int) -> None:
    procore.set_any("projects", project, tools_off=["budget"])

    assert (await api.call("GET", f"/rest/v1.0/projects/{project}/budget")).status == 403


# The sync


@pytest.mark.requirement("PP-14")
async def test_a_sync_makes_or_changes_by_code_and_answers_a_plain_list(
    api: Api, procore: Procore, project: int, code: int, other: int
) -> None:
    line = procore.budget.set_line(project, code, original_budget_amount=1)
    reply = await sync(
        api,
        project,
        {"wbs_code_id": code, "original_budget_amount": 2},
        {"wbs_code_id": other, "original_budget_amount": 3},
    )
    by_id = await sync(api, project, {"id": line["id"], "wbs_code_id": code, "original_budget_amount": 4})

    assert {row["wbs_code"]["id"]: row["original_budget_amount"] for row in reply.body} == {code: 2, other: 3}
    assert (by_id.body[0]["id"], procore.budget.total(project)) == (line["id"], "7.0")


@pytest.mark.parametrize(
    "bad", [{"wbs_code_id": 5}, {"id": 5}, {"uom": "furlong"}, {"original_budget_amount": 3}], ids=str
)
async def test_one_bad_row_refuses_the_whole_call(
    api: Api, procore: Procore, project: int, code: int, other: int, bad: Row
) -> None:
    good = {"wbs_code_id": code, "original_budget_amount": 2}
    row = {"wbs_code_id": code if "original_budget_amount" in bad else other} | bad
    reply = await sync(api, project, good, row)

    assert (reply.status, procore.count("budget_line_items")) == (422, 0)
    assert "row 2" in str(reply.body["errors"])


async def test_a_row_fails_on_request_and_takes_the_others_along(
    api: Api, procore: Procore, project: int, code: int, other: int
) -> None:
    procore.faults.add(Fault(kind="status", status=503, path="budget_line_items/sync", parts=True, skip=1))
    rows = [{"wbs_code_id": id, "original_budget_amount": 1} for id in (code, other)]
    refused = await sync(api, project, *rows)
    procore.faults.add(Fault(kind="status", path="budget_line_items/sync", parts=True, handled=True))
    silent = await sync(api, project, *rows)

    assert (refused.status, "503" in str(refused.body)) == (422, True)
    assert ([row["wbs_code"]["id"] for row in silent.body], procore.count("budget_line_items")) == ([other], 2)


@pytest.mark.requirement("BX-18")
async def test_a_thousand_rows_take_little_time_and_one_more_is_refused(
    api: Api, procore: Procore, project: int, code: int
) -> None:
    rows: list[Row] = [{"wbs_code_id": code, "original_budget_amount": 0}]
    for number in range(1000):
        procore.add_cost_code(project, f"x{number}", "Part")
        id = procore.add_wbs_code(project, f"x{number}", "L")["id"]
        rows.append({"wbs_code_id": id, "original_budget_amount": Decimal("0.01")})
    before = process_time()
    reply = await sync(api, project, *rows[1:])
    taken = process_time() - before
    too_many = await sync(api, project, *rows)

    assert (reply.status, len(reply.body), procore.budget.total(project)) == (200, 1000, "10.0")
    assert (too_many.status, taken < 5) == (413, True)


# Views


async def test_rows_show_text_and_one_more_key_for_each_column_of_the_view(
    api: Api, procore: Procore, project: int, code: int
) -> None:
    procore.budget.set_line(project, code, original_budget_amount=100)
    adjustment = {"type": "change_event", "adjustment_number": 1, "wbs_code_id": code, "amount": 25}
    procore.budget.add_change(project, [adjustment])
    procore.add_commitment(project, lines=[{"wbs_code_id": code, "amount": "60.00"}], status="Approved")
    procore.costs.add(project, lines=[{"wbs_code_id": code, "manual_amount": 5}], status="approved")
    procore.costs.add(project, lines=[{"wbs_code_id": code, "manual_amount": 9}])
    row = (await detail_rows(api, project))[0]
    bare = procore.budget.add_view("Bare", {"Now": "revised"})["id"]
    less = (await api.get(f"{VIEWS}/{bare}/detail_rows", project_id=project))[0]
    with pytest.raises(ValueError, match="no column shows guess"):
        procore.budget.add_view("Wrong", {"Now": "guess"})

    assert (row["original_budget_amount"], row["Approved Budget Changes"]) == ("100.0", "25.0")
    assert (row["Revised Budget"], row["Committed Costs"], row["Direct Costs"]) == ("125.0", "60.0", "5.0")
    assert (row["budget_forecast"]["amount"], row["deletable"]) == ("60.0", False)
    assert (row["cost_code"], row["root_cost_code"], row["category"]) == ("Part 100", "General", "Labor")
    assert (row["biller_type"], row["cost_code_origin_id"]) == ("Project", "cc100")
    assert (less["Now"], "Revised Budget" in less) == ("125.0", False)


async def test_rows_without_a_budget_line_are_shown_on_request(
    api: Api, procore: Procore, project: int, code: int, other: int
) -> None:
    procore.budget.set_line(project, other, original_budget_amount=1)
    procore.costs.add(project, lines=[{"wbs_code_id": code, "manual_amount": 5}])
    procore.remove("budget_line_items", procore.find("budget_line_items", wbs_code_id=code)["id"])
    by_kind = {kind: await detail_rows(api, project, budget_row_type=kind) for kind in ("unbudgeted", "all")}

    assert [row["wbs_code_id"] for row in await detail_rows(api, project)] == [other]
    assert [(row["id"], bool(row["unbudgeted_reason"])) for row in by_kind["unbudgeted"]] == [(None, True)]
    assert len(by_kind["all"]) == 2


async def test_rows_are_filtered_sorted_and_paged(
    api: Api, procore: Procore, project: int, code: int, other: int
) -> None:
    lines = {id: procore.budget.set_line(project, id)["id"] for id in (other, code)}
    biller = f"id={project},type=Project"

    assert [row["wbs_code_id"] for row in await detail_rows(api, project)] == [code, other]
    assert [row["id"] for row in await detail_rows(api, project, per_page=1, page=2)] == [lines[other]]
    assert len(await detail_rows(api, project, **{"budget_line_item_id[]": lines[code]})) == 1
    assert len(await detail_rows(api, project, **{"cost_code_name[]": "Part 200"})) == 1
    assert len(await detail_rows(api, project, **{"biller[]": biller})) == 2
    assert (await api.call("GET", f"{VIEWS}/5/detail_rows", {"project_id": project})).status == 404


# Budget changes


@pytest.fixture
def transfer(code: int, other: int) -> list[Row]:
    """Ten from the first code to the second."""
    both = {"adjustment_number": 1, "calculation_strategy": "manual", "comment": "why"}
    return [
        both | {"type": "change_event", "wbs_code_id": other, "amount": 10, "ref": "a"},
        both | {"type": "budget_change", "wbs_code_id": code, "amount": 10, "ref": "b"},
    ]


async def change(api: Api, project: int, lines: list[Row], status: str = "draft") -> Reply:
    body = {"status": status, "adjustment_line_items": lines}
    return await api.call("POST", f"/rest/v1.0/projects/{project}/budget_changes", None, body)


@pytest.mark.requirement("MA-19")
async def test_an_approved_change_moves_a_locked_budget(
    api: Api, procore: Procore, project: int, code: int, other: int, transfer: list[Row]
) -> None:
    procore.budget.set_line(project, code, original_budget_amount=100)
    procore.budget.lock(project)
    made = (await change(api, project, transfer)).body["data"]
    before = procore.budget.figures(project)
    path = f"/rest/v1.0/projects/{project}/budget_changes/{made['id']}"
    approved = await api.call("PATCH", path, None, {"status": "approved"})
    after = procore.budget.figures(project)

    assert (approved.status, made["number"], made["erp_status"]) == (200, 1, "not_integrated")
    assert (before[code]["Revised Budget"], before[other]["Revised Budget"]) == ("100.0", "0.0")
    assert (after[code]["Revised Budget"], after[other]["Revised Budget"]) == ("90.0", "10.0")
    assert (after[code]["original_budget_amount"], after[code]["budget_modifications"]) == ("100.0", "0.0")


async def test_references_are_echoed_and_comments_kept_on_the_first_line_only(
    api: Api, project: int, transfer: list[Row]
) -> None:
    made = (await change(api, project, transfer)).body["data"]
    path = f"/rest/v1.0/projects/{project}/budget_changes"
    shown = (await api.get(f"{path}/{made['id']}"))["data"]
    listed = (await api.get(path))["data"]

    assert [line["ref"] for line in made["adjustment_line_items"]] == ["a", "b"]
    assert [(line["ref"], line["comment"]) for line in shown["adjustment_line_items"]] == [(None, "why"), (None, None)]
    assert (listed[0]["amount"], "adjustment_line_items" in listed[0]) == (0, False)


async def test_an_adjustment_starts_with_a_change_event_line(
    api: Api, procore: Procore, project: int, transfer: list[Row]
) -> None:
    reply = await change(api, project, transfer[1:])

    assert (reply.status, procore.count("budget_changes")) == (422, 0)


async def test_a_line_of_a_change_is_changed_and_removed(api: Api, project: int, transfer: list[Row]) -> None:
    made = (await change(api, project, transfer)).body["data"]
    first, second = (line["id"] for line in made["adjustment_line_items"])
    path = f"/rest/v1.0/projects/{project}/budget_changes/{made['id']}"
    rows = [{"id": first, "amount": 12}, {"id": second, "_delete": True}]
    changed = await api.call("PATCH", path, None, {"adjustment_line_items": rows})
    unknown = await api.call("PATCH", path, None, {"adjustment_line_items": [{"id": 5, "amount": 1}]})

    assert [(row["id"], row["amount"]) for row in changed.body["data"]["adjustment_line_items"]] == [(first, 12)]
    assert unknown.status == 422


async def test_budget_modifications_are_only_read(api: Api, project: int) -> None:
    path = f"/rest/v1.0/projects/{project}/budget_modifications"
    refused = await api.call("POST", path, None, {}, strict=False)

    assert (await api.get(path), refused.status, refused.headers["Allow"]) == ([], 405, "GET")


async def test_a_line_is_deleted_by_hand_unless_something_stands_on_it(
    procore: Procore, project: int, code: int, other: int
) -> None:
    for id in (code, other):
        procore.budget.set_line(project, id, original_budget_amount=1)
    procore.costs.add(project, lines=[{"wbs_code_id": code, "manual_amount": 5}])
    procore.budget.remove_line(project, other)
    with pytest.raises(Invalid):
        procore.budget.remove_line(project, code)

    assert [row["wbs_code_id"] for row in procore.rows("budget_line_items")] == [code]
