"""One budget line for a budget code: adopted where it is there, updated by its id, and never against a lock."""

from decimal import Decimal
from typing import Any

import pytest

from domain import endpoints
from domain.decide import Exclude, NeedsFacts, Park, Settle
from domain.endpoints import budget as lists
from domain.flows.budget_code_to_budget_line import FLOW, needed
from domain.values import Json
from tests.ledger_story import PROCORE_COMPANY, Passage, known

UNITS = endpoints.units(PROCORE_COMPANY)
BUDGET, VIEWS, CHANGES = lists.budget("701"), lists.budget_views("701"), lists.budget_changes("701")
ROWS = lists.budget_line_items("701", "5")
MOVING = {"when_locked": "budget_change"}


def document(*rows: Json) -> Json:
    content = needed("801", "701", "J1", "EAST / 01-100 / M").content
    return {**(content or {}), "rows": list(rows)}


def row(total: str = "7.00", quantity: str = "2", cost: str = "3.50", unit: str = "EA") -> Json:
    figures = {"quantity": Decimal(quantity), "unitCost": Decimal(cost), "totalCost": Decimal(total)}
    return {"id": "a", "number": "J1|01-100|10000", "unit": unit, **figures}


def passage(*rows: Json, locked: bool = False, there: Json | None = None, **more: Any) -> Passage:
    facts = {
        UNITS: [{"id": 1, "name": "ea"}],
        BUDGET: [{"locked": locked}],
        VIEWS: [{"id": 5, "name": "Standard"}, {"id": 6, "name": "Ours"}],
        ROWS: [] if there is None else [there],
        CHANGES: [],
    }
    source = document(*rows) if rows else document(row())
    return Passage(FLOW, source, references={("project", "J1"): known("projects", "701")}, lists=facts, **more)


def body(line: Passage) -> dict[str, Any]:
    (part,) = line.sends()
    return dict(part.body)


def waits(decision: object) -> list[str]:
    assert isinstance(decision, Park)
    return [wait.text for wait in decision.waits]


@pytest.mark.requirement("PF-10", "PP-15", "C-18")
def test_a_line_carries_quantity_unit_unit_cost_and_amount_of_its_code() -> None:
    line = passage()
    (part,) = line.sends()

    assert (part.endpoint, part.scope, part.target_id) == ("budget_line_items", {"project_id": "701"}, "")
    assert part.body == {
        "wbs_code_id": 801,
        "original_budget_amount": Decimal("7.00"),
        "quantity": Decimal(2),
        "unit_cost": Decimal("3.50"),
        "uom": "ea",
        "calculation_strategy": "automatic",
    }
    assert line.carry_all() == [["budget-line"]]
    assert [(it.procore_resource, it.procore_id, it.procore_parent_id) for it in line.links] == [
        ("budget_line_items", "9001", "701")
    ]


@pytest.mark.requirement("PP-15")
def test_an_amount_that_was_rounded_is_sent_as_it_is() -> None:
    sent = body(passage(row("100.00", "3", "33.333")))

    assert (sent["original_budget_amount"], sent["calculation_strategy"]) == (Decimal("100.00"), "manual")


@pytest.mark.requirement("C-51")
def test_a_unit_that_procore_does_not_know_is_left_out_and_said() -> None:
    line = passage(row(unit="BAG"))
    assert "uom" not in body(line)

    line.carry_all()

    assert isinstance(line.decision, Settle)
    assert line.decision.warnings == ["unit BAG is unknown in Procore and was left out"]


def test_a_unit_that_is_gone_is_cleared() -> None:
    line = passage()
    line.carry_all()
    line.sees(document(row(), {**row(unit="HR"), "id": "b"}))

    assert body(line)["uom"] is None


@pytest.mark.requirement("PP-19")
def test_a_new_sum_goes_to_the_same_line() -> None:
    line = passage()
    line.carry_all()
    line.sees(document(row("10.50", "3")))
    (part,) = line.sends()

    assert (part.target_id, part.body["original_budget_amount"]) == ("9001", Decimal("10.50"))


@pytest.mark.requirement("PP-14")
def test_a_line_that_is_there_is_adopted() -> None:
    line = passage(there={"id": 77, "wbs_code_id": 801, "original_budget_amount": "0.0"})
    (part,) = line.sends()

    assert part.target_id == "77"


@pytest.mark.requirement("PF-04")
def test_lists_are_read_only_where_something_is_to_be_written() -> None:
    line = passage()
    facts, line.lists = line.lists, {}
    assert line.decide() == NeedsFacts([UNITS])
    line.lists = {UNITS: facts[UNITS]}
    assert line.decide() == NeedsFacts([BUDGET])
    line.lists = {UNITS: facts[UNITS], BUDGET: facts[BUDGET]}
    assert line.decide() == NeedsFacts([VIEWS])
    line.lists = {UNITS: facts[UNITS], BUDGET: facts[BUDGET], VIEWS: facts[VIEWS]}
    assert line.decide() == NeedsFacts([ROWS])

    line.lists = facts
    line.carry_all()
    line.lists = {UNITS: facts[UNITS]}

    assert isinstance(line.decide(), Settle)


@pytest.mark.requirement("PP-15")
def test_a_locked_budget_waits() -> None:
    assert waits(passage(locked=True).decide()) == [
        "the budget is locked in Procore, so its original amounts are frozen; unlock it there, or change it there"
    ]


@pytest.mark.requirement("PP-15")
def test_a_locked_line_that_says_the_same_is_joined_without_a_write() -> None:
    line = passage(locked=True, there={"id": 77, "wbs_code_id": 801, "original_budget_amount": "7.0"})

    assert isinstance(line.decide(), Settle)
    assert [link.procore_id for link in line.links] == ["77"]


@pytest.mark.requirement("PP-15")
@pytest.mark.parametrize(
    ("held", "lines"),
    [
        ("2.00", [("change_event", "5.00")]),
        ("9.00", [("change_event", "0"), ("budget_change", "-2.00")]),
    ],
)
def test_where_the_setting_says_so_the_difference_is_an_approved_budget_change(
    held: str, lines: list[tuple[str, str]]
) -> None:
    there = {"id": 77, "wbs_code_id": 801, "original_budget_amount": held}
    (part,) = passage(locked=True, there=there, settings=MOVING).sends()

    assert (part.endpoint, part.body["status"]) == ("budget_changes", "approved")
    assert part.key == part.body["title"] == "Budget of Business Central 801 no. 1"
    found = [(each["type"], each["amount"]) for each in part.body["adjustment_line_items"]]
    assert found == [(kind, Decimal(amount)) for kind, amount in lines]


@pytest.mark.requirement("PP-15")
def test_what_was_moved_before_counts_and_a_voided_change_does_not() -> None:
    line = passage(locked=True, there={"id": 77, "wbs_code_id": 801, "original_budget_amount": "2.0"}, settings=MOVING)
    title = "Budget of Business Central 801 no. "
    line.lists = {
        **line.lists,
        CHANGES: [
            {"id": 1, "title": f"{title}1", "status": "approved", "amount": Decimal(4)},
            {"id": 2, "title": f"{title}2", "status": "void", "amount": Decimal(50)},
            {"id": 3, "title": "Somebody's", "status": "approved", "amount": Decimal(900)},
        ],
    }
    (part,) = line.sends()

    assert part.name == "budget-change:3"
    assert [each["amount"] for each in part.body["adjustment_line_items"]] == [Decimal("1.00")]


@pytest.mark.requirement("PP-15")
def test_a_refusal_that_speaks_of_the_lock_is_waited_out_and_any_other_is_final() -> None:
    assert FLOW.held_by(422, "cannot be changed while the budget is Locked")
    assert not FLOW.held_by(422, "uom is not in the list of units of the company")
    assert not FLOW.held_by(500, "locked")


def test_a_code_whose_lines_all_left_before_they_were_carried_is_left_out() -> None:
    line = passage()
    line.sees({name: value for name, value in document().items() if name != "rows"})

    assert line.decide() == Exclude("no planning line counts")


@pytest.mark.requirement("PP-20")
def test_lines_that_moved_away_leave_nothing_behind() -> None:
    line = passage()
    line.carry_all()
    line.sees(document())

    assert body(line)["original_budget_amount"] == 0
