"""Equal values count as equal however a system spells them, and unequal ones never do."""

from decimal import Decimal
from typing import Any

import pytest

from domain.shown import dig, same, shows


@pytest.mark.parametrize(
    ("seen", "sent"),
    [
        ("10.00", Decimal(10)),
        (Decimal("10.50"), "10.5"),
        (10, "10.0"),
        (None, ""),
        ("", None),
        ("0001-01-01", ""),
        ("2026-03-31T00:00:00Z", "2026-03-31"),
        ("2026-03-31T10:00:00.123Z", "2026-03-31T12:00:00.1234567+02:00"),
        ("Base_x0020_Project", "Base Project"),
        ("_x0020_", ""),
        ("ABC-1", "abc-1 "),
        (4611686018427387904, "4611686018427387904"),
        (False, None),
        (True, "true"),
        ({"id": 1, "name": "extra"}, {"id": "1"}),
        ([{"id": 2}, {"id": 1}], [{"id": 1}, {"id": 2}]),
    ],
)
def test_equal_by_meaning(seen: Any, sent: Any) -> None:
    assert same(seen, sent)


@pytest.mark.parametrize(
    ("seen", "sent"),
    [
        ("007", "7"),
        ("10.00", "10.01"),
        ("2026-03-31", "2026-04-01"),
        ("2026-03-31T10:00:00Z", "2026-03-31T10:00:02Z"),
        ("abc", "abd"),
        (True, False),
        (True, None),
        ([1], [1, 2]),
        ([1, 2], [1]),
        ([1, 1], [1, 2]),
        ("text", {"id": 1}),
        (None, "0.00"),
        (10**20 + 1, Decimal(10**20)),
    ],
)
def test_different_by_meaning(seen: Any, sent: Any) -> None:
    assert not same(seen, sent)


@pytest.mark.requirement("PF-21")
def test_a_date_is_compared_as_it_stands_and_never_shifted() -> None:
    assert same("2026-03-31T00:00:00Z", "2026-03-31")
    assert not same("2026-03-30T23:00:00Z", "2026-03-31")


def test_a_field_is_found_where_the_answer_shows_it() -> None:
    row = {"vendor": {"id": 5}, "departments": [{"id": 1}, {"id": 2}], "code": "L"}
    where = {"vendor_id": "vendor.id", "department_ids": "departments.id", "csv_import_code": "code", "secret": ""}
    sent = {"vendor_id": 5, "department_ids": [2, 1], "csv_import_code": "L", "secret": "x", "note": None}

    assert shows(row, sent, where, ignore=frozenset(), lenient=False)
    assert dig(row, "departments.id") == [1, 2]


def test_a_field_that_is_not_shown_counts_as_different_unless_the_view_is_short() -> None:
    assert not shows({"id": 1}, {"name": "a"}, {}, ignore=frozenset(), lenient=False)
    assert shows({"id": 1}, {"name": "a"}, {}, ignore=frozenset(), lenient=True)
    assert not shows({"id": 1, "name": "b"}, {"name": "a"}, {}, ignore=frozenset(), lenient=True)
    assert shows({"id": 1, "name": "b"}, {"name": "a"}, {}, ignore=frozenset({"name"}), lenient=False)
