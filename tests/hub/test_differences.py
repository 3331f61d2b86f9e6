"""Two documents compared: by field, lines by their ids, amounts by their value."""

from decimal import Decimal
from typing import Any

import pytest

from domain.fields import leaves
from hub.differences import differences

LINE = {"id": "l-1", "quantity": Decimal("2.50"), "code": {"cost": "M"}}

CASES: list[tuple[str, Any, Any, list[tuple[str, Any, Any]]]] = [
    ("equal amounts", {"a": Decimal(10)}, {"a": Decimal("10.00")}, []),
    ("a number that became exact", {"a": 10}, {"a": Decimal("10.5")}, [("a", 10, Decimal("10.5"))]),
    ("text is no number", {"a": "10"}, {"a": 10}, [("a", "10", 10)]),
    ("another value", {"a": 1, "b": 2}, {"a": 1, "b": 3}, [("b", 2, 3)]),
    ("nothing became something", {"a": None}, {"a": "x"}, [("a", None, "x")]),
    ("something new", {}, {"a": {"b": 1}}, [("a.b", None, 1)]),
    ("something gone", {"a": {"b": 1}, "c": 1}, {"c": 1}, [("a.b", 1, None)]),
    ("lines in another order", {"l": [LINE, {"id": "l-2"}]}, {"l": [{"id": "l-2"}, LINE]}, []),
    (
        "a line that moved and changed",
        {"l": [LINE, {"id": "l-2", "quantity": 1}]},
        {"l": [{"id": "l-2", "quantity": 1}, {**LINE, "quantity": 3}]},
        [("l[l-1].quantity", Decimal("2.50"), 3)],
    ),
    (
        "deep in a line",
        {"l": [LINE]},
        {"l": [{**LINE, "code": {"cost": "L"}}]},
        [("l[l-1].code.cost", "M", "L")],
    ),
    ("a new line", {"l": []}, {"l": [{"id": 7, "q": 1}]}, [("l[7].id", None, 7), ("l[7].q", None, 1)]),
    ("a line gone", {"l": [{"id": 7}, {"id": 8}]}, {"l": [{"id": 8}]}, [("l[7].id", 7, None)]),
    ("plain values by their place", {"t": ["a", "b"]}, {"t": ["a", "c"]}, [("t[1]", "b", "c")]),
]


@pytest.mark.requirement("DC-06")
@pytest.mark.parametrize(("before", "after", "told"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_differs_is_told_by_field(before: Any, after: Any, told: list[tuple[str, Any, Any]]) -> None:
    assert [(it.field, it.before, it.after) for it in differences(before, after)] == told


def test_leaves_are_all_fields_that_hold_no_others() -> None:
    told = {leaf.name: leaf.value for leaf in leaves({"a": [{"id": "x", "b": []}, 5], "c": {}})}

    assert told == {"a[x].id": "x", "a[x].b": [], "a[1]": 5, "c": {}}
