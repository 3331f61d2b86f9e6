"""Lists that decisions rest on are read once for a whole round, and only those used last take room as objects."""

from decimal import Decimal

import pytest

from domain import endpoints
from domain.delivery import Listing
from domain.flow import Rows
from domain.values import PROCORE, read_json
from hub.fact_book import FactBook
from hub.lists import AT_HAND, Lists
from tests.hub.harness import Shown


def of_project(number: int) -> Listing:
    return endpoints.cost_codes(str(number))


def rows_of(number: int, count: int = 10) -> Rows:
    return Rows([{"id": number * 1000 + at, "code": f"{at:02}-100", "parent": None} for at in range(count)])


def filled(lists: Lists, projects: int) -> Lists:
    for number in range(projects):
        lists.put(of_project(number), rows_of(number))
    return lists


def test_no_more_rows_are_at_hand_than_the_limit_however_many_lists_there_are() -> None:
    lists = filled(Lists(at_hand=100, at_least=2), 500)
    assert (len(lists), lists.held) == (500, 100)

    assert all(lists[of_project(number)] == rows_of(number) for number in range(500))
    assert lists.held == 100


def test_empty_lists_count_too() -> None:
    lists = Lists(at_hand=100, at_least=2)
    for number in range(500):
        lists.put(of_project(number), [])

    assert lists.held == 100
    assert lists[of_project(0)] == []


def test_a_list_comes_back_with_the_numbers_and_the_order_that_it_had() -> None:
    lists = Lists(at_hand=1, at_least=1)
    row = read_json(b'{"id": 7, "amount": 10.50, "rate": 1e3, "none": null, "lines": [{"b": 1, "a": true}]}')
    lists.put(of_project(1), [row])
    lists.put(of_project(2), [])

    (back,) = lists[of_project(1)]
    assert back == row
    assert str(back["amount"]) == "10.50"
    assert (type(back["amount"]), type(back["id"])) == (Decimal, int)
    assert list(back["lines"][0]) == ["b", "a"]


def test_the_few_lists_of_one_decision_stay_at_hand_however_long_they_are() -> None:
    lists = Lists(at_hand=10, at_least=3)
    for number in range(4):
        lists.put(of_project(number), rows_of(number, count=100))
    first = [lists[of_project(number)] for number in (1, 2, 3)]

    assert all(lists[of_project(number)] is held for number, held in zip((1, 2, 3), first, strict=True))
    assert lists.held == 300


def test_a_list_that_is_no_longer_true_is_forgotten_packed_or_not() -> None:
    lists = filled(Lists(at_hand=20, at_least=1), 10)
    for number in (0, 9):
        lists.drop(of_project(number))

    assert set(lists) == {of_project(number) for number in range(1, 9)}
    assert of_project(0) not in lists
    with pytest.raises(KeyError):
        _ = lists[of_project(9)]
    lists.put(of_project(0), [])
    assert lists[of_project(0)] == []


def test_what_is_read_again_replaces_what_was_known() -> None:
    lists = filled(Lists(at_hand=20, at_least=1), 10)
    for number in (0, 9):
        lists.put(of_project(number), rows_of(77))

    assert lists[of_project(0)] == lists[of_project(9)] == rows_of(77)
    assert lists.held == 20


@pytest.mark.requirement("PF-09")
async def test_a_round_over_many_projects_asks_for_each_list_once_and_holds_the_rows_of_few() -> None:
    system = Shown(PROCORE, {"cost_codes": list(rows_of(1))})
    facts = FactBook({PROCORE: system})  # type: ignore[dict-item]
    projects = [of_project(number) for number in range(AT_HAND // 5)]
    for again in (projects, projects):
        for listing in again:
            await facts.read([listing])
            assert facts.rows[listing] == rows_of(1)

    assert system.asked == projects
    assert facts.held <= AT_HAND
