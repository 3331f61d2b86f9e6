"""Planning lines add up to a budget line to the cent, and each of them leaves its trace."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.budget import Figures, carried, composed, counts, figures, row_of
from domain.flow import Member
from domain.states import State
from domain.values import Json, cents, product
from tests.domain.flows.documents import planning_line

EMPTY: Json = {"id": "801", "projectNumber": "J1"}


def row(quantity: str, cost: str, unit: str = "EA", total: str = "") -> Json:
    amount = Decimal(total) if total else cents(Decimal(quantity) * Decimal(cost))
    return {"quantity": Decimal(quantity), "unitCost": Decimal(cost), "unit": unit, "totalCost": amount}


def member(
    number: int = 1, state: State = "parked", *, here: bool = True, asked: bool = False, **fields: Any
) -> Member:
    return Member(planning_line(number, **fields), state, asked, here)


def sums(document: Json) -> dict[str, Decimal]:
    return {each["number"]: each["totalCost"] for each in document["rows"]}


@pytest.mark.requirement("C-17", "PP-13")
@pytest.mark.parametrize(
    ("own", "projects", "goes"), [(False, False, False), (True, False, True), (False, True, True), (True, True, True)]
)
def test_a_line_counts_by_its_own_flag_or_by_its_projects(own: bool, projects: bool, goes: bool) -> None:  # noqa: FBT001
    assert counts(planning_line(sendBudgetLineToProcore=own), projects) is goes


@pytest.mark.requirement("PP-17", "PP-12")
@pytest.mark.parametrize(
    ("fields", "goes"),
    [
        ({"type": "Text"}, False),
        ({"lineType": "Billable"}, False),
        ({"lineType": "Both_x0020_Budget_x0020_and_x0020_Billable"}, True),
        ({"type": "Resource"}, True),
    ],
)
def test_texts_and_purely_billable_lines_are_no_budget(fields: Json, goes: bool) -> None:  # noqa: FBT001
    assert counts(planning_line(**fields), bool(fields)) is goes


@pytest.mark.requirement("PP-15", "C-18")
@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        pytest.param([row("8", "62.5"), row("2", "62.50")], ("10", "62.5", "625", "EA", True), id="one unit cost"),
        pytest.param([row("3", "33.333")], ("3", "33.333", "100", "EA", False), id="rounded by Business Central"),
        pytest.param([row("1", "10"), row("3", "20")], ("4", "17.5", "70", "EA", True), id="an average that is exact"),
        pytest.param([row("1", "10"), row("2", "20")], ("3", "16.6667", "50", "EA", False), id="an average"),
        pytest.param([row("1", "10"), row("5", "2", "HR")], ("1", "20", "20", "", True), id="two units"),
        pytest.param([row("1", "10"), row("0", "9", "HR")], ("1", "10", "10", "EA", True), id="a line of nothing"),
        pytest.param([row("0", "9", "HR")], ("0", "9", "0", "HR", True), id="nothing alone"),
        pytest.param([row("-2", "5")], ("-2", "5", "-10", "EA", True), id="negative"),
        pytest.param([row("1", "10"), row("-1", "8")], ("1", "2", "2", "", True), id="quantities that cancel"),
        pytest.param([], ("0", "0", "0", "", True), id="none left"),
    ],
)
def test_figures_of_several_lines(rows: list[Json], wanted: tuple[str, str, str, str, bool]) -> None:
    quantity, cost, amount, unit, automatic = wanted

    assert figures(rows) == Figures(Decimal(quantity), Decimal(cost), Decimal(amount), unit, automatic)


_ROWS = st.lists(
    st.builds(
        row,
        st.decimals(-99999, 99999, places=5).map(str),
        st.decimals(-99999, 99999, places=5).map(str),
        st.sampled_from(["EA", "HR", ""]),
    ),
    max_size=8,
)


@pytest.mark.requirement("PP-14", "BX-17")
@given(_ROWS)
def test_the_amount_is_the_sum_and_reckoned_only_where_that_gives_it_exactly(rows: list[Json]) -> None:
    found = figures(rows)

    assert found.amount == sum((each["totalCost"] for each in rows), Decimal(0))
    assert found.automatic == (product(found.quantity, found.unit_cost) == found.amount)


@pytest.mark.requirement("PP-14")
def test_every_line_leaves_its_row() -> None:
    document = composed(EMPTY, None, [member(2, totalCost=Decimal("7.01")), member(1, "synced")])

    assert sums(document) == {"J1|01-100|10000": Decimal("7.00"), "J1|01-100|20000": Decimal("7.01")}
    assert carried(document) == [each["id"] for each in document["rows"]]
    assert row_of(planning_line(1)) == document["rows"][0]


@pytest.mark.requirement("PP-12", "C-17")
@pytest.mark.parametrize("state", ["excluded", "rejected", "pending", ""])
def test_a_line_that_takes_no_part_keeps_the_row_that_it_had(state: Any) -> None:
    before = composed(EMPTY, None, [member(1), member(2)])
    after = composed(before, before, [member(1, state, totalCost=Decimal(900)), member(2)])

    assert sums(after) == sums(before)


@pytest.mark.requirement("PP-12")
def test_a_line_whose_flag_went_off_while_it_was_carried_keeps_its_row() -> None:
    before = composed(EMPTY, None, [member(1)])
    after = composed(before, before, [member(1, "in-flight", totalCost=Decimal(900), sendBudgetLineToProcore=False)])

    assert sums(after) == sums(before)


@pytest.mark.requirement("PP-12", "C-59")
def test_what_never_arrived_is_not_kept() -> None:
    held_up = composed(EMPTY, None, [member(1), member(2)])
    assert sums(composed(held_up, None, [member(1, "rejected"), member(2)])) == {"J1|01-100|20000": Decimal("7.00")}

    arrived = composed(EMPTY, None, [member(1)])
    changed = composed(arrived, arrived, [member(1, totalCost=Decimal(900))])

    assert sums(composed(changed, arrived, [member(1, "excluded", totalCost=Decimal(900))])) == sums(arrived)


def test_a_line_that_never_took_part_has_no_row() -> None:
    assert sums(composed(EMPTY, None, [member(1), member(2, "excluded")])) == {"J1|01-100|10000": Decimal("7.00")}
    assert composed(EMPTY, None, [member(1, "pending")]) == EMPTY


@pytest.mark.requirement("PP-20")
def test_a_deleted_line_goes_out_while_others_remain() -> None:
    before = composed(EMPTY, None, [member(1), member(2)])

    assert sums(composed(before, before, [member(2)])) == {"J1|01-100|20000": Decimal("7.00")}


@pytest.mark.requirement("PP-20")
def test_when_the_last_line_is_deleted_the_budget_line_stays_as_it_was() -> None:
    before = composed(EMPTY, None, [member(1)])

    assert composed(before, before, []) == before


@pytest.mark.requirement("PP-19", "PP-18")
def test_a_line_that_moved_to_another_code_goes_out_even_as_the_last_one() -> None:
    before = composed(EMPTY, None, [member(1)])

    assert sums(composed(before, before, [member(1, here=False)])) == {}
    assert sums(composed(before, before, [member(1, "rejected", here=False)])) == sums(before)


@pytest.mark.requirement("PP-19")
def test_a_line_that_is_no_cost_any_more_goes_out() -> None:
    before = composed(EMPTY, None, [member(1)])

    assert sums(composed(before, before, [member(1, "excluded", lineType="Billable")])) == {}
