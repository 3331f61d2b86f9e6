"""The rows of a fold behave like a table, and a fold sees only the rows that it asked for."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from projections.projection import Changes, Column, Rows, Table, UndeclaredKey, without_nul

WAIT = Table(
    "wait",
    (
        Column("record", "text", "record that waits"),
        Column("place", "bigint", "place in its list"),
        Column("on_key", "text", "what it waits for"),
    ),
    key=("record", "place"),
)
COST = Table("cost", (Column("job", "text", "job"), Column("amount", "numeric", "in the job's currency")), key=("job",))


def wait(record: str, place: int, on_key: str = "vendor/1") -> dict[str, Any]:
    return {"record": record, "place": place, "on_key": on_key}


def changes(rows: Rows) -> Changes:
    (only,) = rows.changes()
    return only


def test_a_row_that_was_read_can_be_replaced() -> None:
    rows = Rows([WAIT], {"wait": {("a", 1): ("a", 1, "old")}})
    row = rows.get(WAIT, ("a", 1))
    assert row == wait("a", 1, "old")

    rows.put(WAIT, {**row, "on_key": "new"})

    assert rows.get(WAIT, ("a", 1)) == wait("a", 1, "new")
    assert changes(rows).put == [("a", 1, "new")]


def test_a_row_that_is_not_there_is_none() -> None:
    assert Rows([WAIT], {"wait": {("a", 1): None}}).get(WAIT, ("a", 1)) is None


def test_a_row_that_was_not_asked_for_is_a_fault() -> None:
    with pytest.raises(UndeclaredKey, match="wait"):
        Rows([WAIT]).get(WAIT, ("a", 1))


def test_a_row_that_is_looked_at_and_left_alone_is_not_written() -> None:
    rows = Rows([WAIT], {"wait": {("a", 1): ("a", 1, "old")}})
    row = rows.get(WAIT, ("a", 1))
    assert row is not None
    row["on_key"] = "changed in the copy only"

    assert list(rows.changes()) == []
    assert rows.get(WAIT, ("a", 1)) == wait("a", 1, "old")


def test_only_the_last_state_of_a_row_is_written() -> None:
    rows = Rows([WAIT])
    for number in range(5):
        rows.put(WAIT, wait("a", 1, str(number)))

    assert changes(rows).put == [("a", 1, "4")]


def test_a_deleted_row_is_gone_and_may_come_back() -> None:
    rows = Rows([WAIT], {"wait": {("a", 1): ("a", 1, "x"), ("b", 1): ("b", 1, "x")}})
    rows.delete(WAIT, ("a", 1))
    rows.delete(WAIT, ("b", 1))
    assert rows.get(WAIT, ("a", 1)) is None
    rows.put(WAIT, wait("b", 1))

    assert (changes(rows).deleted, changes(rows).put) == ([("a", 1)], [("b", 1, "vendor/1")])


def test_clearing_removes_what_is_stored_and_what_this_page_put() -> None:
    rows = Rows([WAIT], {"wait": {("a", 1): ("a", 1, "x")}})
    rows.put(WAIT, wait("a", 2))
    rows.put(WAIT, wait("b", 1))
    rows.clear(WAIT, ("a",))
    assert rows.get(WAIT, ("a", 1)) is None
    rows.put(WAIT, wait("a", 3))
    rows.clear(WAIT, ("b",))
    rows.clear(WAIT, ("a",))
    rows.put(WAIT, wait("a", 4))

    assert changes(rows).cleared == [("a",), ("b",)]
    assert changes(rows).put == [("a", 4, "vendor/1")]


def test_clearing_everything_leaves_nothing() -> None:
    rows = Rows([WAIT])
    rows.put(WAIT, wait("a", 1))
    rows.append(WAIT, wait("a", 2))
    rows.clear(WAIT, ())

    assert (changes(rows).put, changes(rows).added, changes(rows).cleared) == ([], [], [()])


def test_amounts_ids_and_moments_become_text_without_loss() -> None:
    rows = Rows([COST])
    rows.put(COST, {"job": UUID(int=1), "amount": Decimal("1E+2")})
    rows.put(COST, {"job": datetime(2026, 1, 5, tzinfo=UTC), "amount": Decimal("0.10")})

    assert changes(rows).put == [
        ("00000000-0000-0000-0000-000000000001", "100"),
        ("2026-01-05T00:00:00+00:00", "0.10"),
    ]


def test_a_character_that_postgresql_refuses_is_replaced_on_both_databases() -> None:
    rows = Rows([WAIT], stored=without_nul)
    rows.put(WAIT, wait("a\0b", 1))

    assert rows.get(WAIT, ("a\0b", 1)) == wait("a\ufffdb", 1)


def test_a_float_is_never_an_amount() -> None:
    with pytest.raises(TypeError, match=r"0\.1"):
        Rows([COST]).put(COST, {"job": "a", "amount": 0.1})


@pytest.mark.parametrize("row", [{"job": "a"}, {"job": "a", "amount": "1", "more": "x"}, {"job": "a", "amont": "1"}])
def test_a_row_has_exactly_the_columns_of_its_table(row: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="cost"):
        Rows([COST]).put(COST, row)


@pytest.mark.parametrize(
    ("columns", "key", "indexes"),
    [(("a", "a"), ("a",), ()), (("a",), (), ()), (("a",), ("b",), ()), (("a",), ("a",), (("c",),))],
    ids=["a column twice", "no key", "unknown key", "unknown index"],
)
def test_a_table_with_a_slip_in_its_names_is_refused(columns: Any, key: Any, indexes: Any) -> None:
    with pytest.raises(ValueError, match="slip"):
        Table("slip", tuple(Column(name, "text", "") for name in columns), key=key, indexes=indexes)
