"""What a change order says by itself: whether it counts, what it comes to, and the words that people know it by."""

from decimal import Decimal

import pytest

from domain import change_order
from domain.values import Json


@pytest.mark.requirement("PP-58")
@pytest.mark.parametrize("status", ["draft", "pending", "revised", "rejected", "void", "", "Approved"])
def test_one_status_counts_exactly_as_procore_spells_it(status: str) -> None:
    assert change_order.is_approved({"status": "approved"})
    assert not change_order.is_approved({"status": status})


@pytest.mark.requirement("PP-67")
@pytest.mark.parametrize(
    ("value", "wanted"), [(True, True), ("true", True), (" 1 ", True), (1, True), (0, False), ("", False)]
)
def test_a_flag_may_be_kept_as_text_or_number(value: object, *, wanted: bool) -> None:
    assert change_order.is_true(value) is wanted


@pytest.mark.requirement("PP-67")
def test_a_missing_field_has_no_value() -> None:
    row: Json = {
        "custom_fields": {"custom_field_1": None, "custom_field_2": {"value": ""}, "custom_field_3": {"value": 0}}
    }

    assert change_order.field_value(row, ["custom_field_1", "custom_field_2", "custom_field_9"]) is None
    assert change_order.field_value(row, ["custom_field_1", "custom_field_3"]) == 0
    assert change_order.field_value({}, ["custom_field_1"]) is None


@pytest.mark.requirement("PP-61")
def test_deductive_lines_take_away() -> None:
    order: Json = {"lines": [{"amount": "100.10"}, {"amount": "-30.20"}, {"amount": ""}], "total": "69.9"}

    assert change_order.sum_of_lines(order) == change_order.total(order) == Decimal("69.90")


@pytest.mark.requirement("PP-61")
@pytest.mark.parametrize(("amount", "whole"), [("1.10", True), ("-1.105", False), ("", True), ("1.100", True)])
def test_amounts_are_whole_cents(amount: str, *, whole: bool) -> None:
    assert change_order.is_whole_cents(amount) is whole


@pytest.mark.requirement("PP-65")
def test_an_order_without_title_gets_words_in_its_place() -> None:
    assert change_order.title_of({"number": "007", "title": "  "}) == "Change order 007"
    assert change_order.label({"number": "007", "side": "commitment"}) == "CCO #007"


@pytest.mark.requirement("C-23")
def test_a_code_that_lacks_a_segment_has_it_blank() -> None:
    assert change_order.segments_of({"cost_code": "01-100"}) == ("", "01-100", "")
