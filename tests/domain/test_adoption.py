"""Who is who in two systems: scored field by field, the best one to one, and nothing that is not clear is joined."""

from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.adoption import CLEAR, LEAST, Card, Match, _assigned, matched, totals_of, weigh
from domain.linking import CHANGES, COMMITMENTS, INVOICES, JOURNALS, PROJECTS, TIME, VENDORS
from domain.reconcile import Cell, Column, Explanation, Kind, Line
from domain.values import money


def score(flow: str, here: Card, there: Card) -> int:
    return weigh(flow, here, there).score


@pytest.mark.requirement("BX-13")
def test_a_score_is_the_sum_of_what_each_field_says() -> None:
    here = Card(key="r", number="PO-0001", amount="40.00", party="7", name="Rebar", date="2026-03-02")
    there = Card(key="9", number="PO-1", amount="40", party="7", name="Rebar level 2", date="2026-03-02")
    match = weigh(COMMITMENTS, here, there)

    told = {each.field: each.points for each in match.evidence}
    assert told == {"number": 45, "amount": 25, "party": 10, "name": 5, "date": 5}
    assert match.score == 90


@pytest.mark.requirement("BX-13")
def test_another_tax_number_or_another_vendor_speaks_against_whatever_the_names_say() -> None:
    assert score(VENDORS, Card(key="r", name="North", tax="12-3"), Card(key="1", name="North", tax="99-9")) == 0
    assert score(VENDORS, Card(key="r", name="North", tax="12-3"), Card(key="1", name="North", tax="123")) == 100
    other = Card(key="1", number="PO1", party="8")
    assert score(COMMITMENTS, Card(key="r", number="PO1", party="7"), other) < LEAST
    assert score(VENDORS, Card(key="r", name="North"), Card(key="1", name="North", tax="99-9")) == LEAST


@pytest.mark.requirement("BX-13")
def test_two_that_are_alike_are_left_to_people_on_either_side() -> None:
    one = Card(key="r", number="J1", name="Lakeside")
    twins = [Card(key="1", number="J1", name="Lakeside"), Card(key="2", number="J-1", name="Lakeside")]
    found = matched(PROJECTS, [one], twins)
    assert found.clear == ()
    assert [each.there for each in found.unclear["r"]] == ["1", "2"]

    again = Card(key="s", number="J1", name="Lakeside")
    found = matched(PROJECTS, [one, again], twins[:1])
    assert (found.clear, set(found.unclear)) == ((), {"r", "s"})


@pytest.mark.requirement("BX-13")
def test_only_cards_of_one_place_are_compared_and_what_is_like_nothing_is_new() -> None:
    here = [Card(key="r", number="PO1", amount="5", within="a"), Card(key="s", number="PO9", within="b")]
    there = [Card(key="1", number="PO1", amount="5", within="a"), Card(key="2", number="PO1", within="b")]
    found = matched(COMMITMENTS, here, there)

    assert [(each.here, each.there) for each in found.clear] == [("r", "1")]
    assert found.unclear == {}


DOCUMENTS = [
    (INVOICES, "number amount", True),
    (INVOICES, "number date party", True),
    (INVOICES, "amount date contract party", False),
    (INVOICES, "number contract party", False),
    (JOURNALS, "amount date name", True),
    (JOURNALS, "amount date", False),
    (JOURNALS, "amount name", False),
    (CHANGES, "number amount", True),
    (CHANGES, "amount name date", False),
    (TIME, "party date amount", True),
    (TIME, "party date name", False),
]
"""Fields that say the same on both sides, all others differ; and whether that is enough to join without a person."""
FIELDS = {"number": "17", "name": "Site office", "date": "2026-03-02", "amount": "40.00", "contract": "", "party": ""}


@pytest.mark.requirement("BX-13")
@pytest.mark.parametrize(("flow", "same", "is_clear"), DOCUMENTS, ids=str)
def test_a_document_is_joined_where_enough_fields_agree_and_is_proposed_where_fewer_do(
    flow: str, same: str, *, is_clear: bool
) -> None:
    here = {name: FIELDS[name] or "7" for name in same.split()}
    others = {name: "99" for name in ("number", "amount") if name not in here}
    there = {**here, **others, "date": here.get("date", "2026-05-05"), "name": here.get("name", "Else")}
    found = matched(flow, [Card(key="r", **{**FIELDS, **here}, within="a")], [Card(key="1", **there, within="a")])

    assert bool(found.clear) is is_clear
    assert bool(found.unclear) is not is_clear


@pytest.mark.requirement("BX-13")
def test_time_of_one_worker_and_day_with_other_hours_is_a_proposal_and_never_sent_as_new() -> None:
    mine = Card(key="r", date="2026-03-02", amount="8.00", party="R1", within="J|2026-03-02|R1")
    line = Card(key="1", date="2026-03-02", amount="7.50", party="R1", within="J|2026-03-02|R1")
    found = matched(TIME, [mine], [line])

    assert (found.clear, list(found.unclear)) == ((), ["r"])


CARDS = st.builds(
    Card,
    key=st.just(""),
    number=st.sampled_from(["", "J1", "J-01", "J2", "J3"]),
    name=st.sampled_from(["", "Lakeside", "Lakeside North", "North Tower", "Bridge"]),
    city=st.sampled_from(["", "Ulm", "Bonn"]),
)


def numbered(cards: list[Card], sign: str) -> list[Card]:
    return [
        Card(key=f"{sign}{at}", number=card.number, name=card.name, city=card.city) for at, card in enumerate(cards)
    ]


@pytest.mark.requirement("BX-13")
@settings(max_examples=100, deadline=None)
@given(st.lists(CARDS, max_size=6), st.lists(CARDS, max_size=6), st.randoms())
def test_no_record_is_joined_twice_and_the_order_of_reading_changes_nothing(
    here: list[Card], there: list[Card], chance: object
) -> None:
    mine, theirs = numbered(here, "h"), numbered(there, "t")
    found = matched(PROJECTS, mine, theirs)
    assert len({each.here for each in found.clear}) == len({each.there for each in found.clear}) == len(found.clear)
    assert all(each.score >= CLEAR for each in found.clear)

    chance.shuffle(mine)  # type: ignore[attr-defined]
    chance.shuffle(theirs)  # type: ignore[attr-defined]
    assert matched(PROJECTS, mine, theirs) == found


@pytest.mark.requirement("BX-13")
@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.integers(0, 9), min_size=3, max_size=3), min_size=1, max_size=4))
def test_the_assignment_has_the_highest_sum_that_there_is(table: list[list[int]]) -> None:
    some = [Match(f"h{i}", f"t{j}", value, ()) for i, row in enumerate(table) for j, value in enumerate(row)]
    scores = {(each.here, each.there): each.score for each in some}
    rows, columns = [f"h{i}" for i in range(len(table))], ["t0", "t1", "t2"]
    short, long = (rows, columns) if len(rows) <= 3 else (columns, rows)
    turned = short is columns
    best = max(
        sum(scores[(b, a) if turned else (a, b)] for a, b in zip(short, chosen, strict=True))
        for chosen in permutations(long, len(short))
    )

    assert sum(scores[pair] for pair in _assigned(some).items()) == best


CELL = Cell("J1", "01-100", "M", "SITE", "USD")


def even(here: str, there: str, *why: Explanation, cell: Cell = CELL, column: Column = "committed") -> Line:
    gap = money(here) - money(there)
    return Line(
        column=column,
        cell=cell,
        business_central=money(here),
        procore=money(there),
        difference=gap,
        unexplained=money(0),
        explanations=why,
    )


def because(kind: Kind, amount: str, number: str = "PO1") -> Explanation:
    return Explanation(kind, money(amount), "", number, 0, "for a reason")


@pytest.mark.requirement("BX-13", "BX-01")
def test_totals_are_equal_only_where_every_cell_and_every_pair_is() -> None:
    other = Cell("J1", "02-200", "M", "SITE", "USD")
    assert [each.equal for each in totals_of("J1", "7", [even("10", "10")], "USD")] == [True]
    moved = [
        even("4", "6", because("in-flight", "-2"), cell=CELL),
        even("6", "4", because("in-flight", "2"), cell=other),
    ]
    (total,) = totals_of("J1", "7", moved, "USD")
    assert (total.here, total.there, total.equal) == ("10.00", "10.00", False)
    assert total.why == ("PO1 on 01-100/M/SITE: -2.00, for a reason", "PO1 on 02-200/M/SITE: 2.00, for a reason")

    crossed = [even("10", "10", because("unexplained", "2", "PO1"), because("unexplained", "-2", "PO2"))]
    assert not totals_of("J1", "7", crossed, "USD")[0].equal
    swapped = [even("10", "10", because("not-sent", "3", "PO1"), because("made-there", "-3", "PO2"))]
    assert totals_of("J1", "7", swapped, "USD")[0].equal


@pytest.mark.requirement("BX-13", "BX-01")
def test_what_a_rule_leaves_out_is_told_and_is_no_difference() -> None:
    (total,) = totals_of("J1", "7", [even("10", "7", because("not-sent", "3"))], "USD")
    assert (total.equal, total.left_out) == (True, "3.00")
    (total,) = totals_of("J1", "7", [even("10", "6", because("not-sent", "3"), because("parked", "1"))], "USD")
    assert (total.equal, len(total.why)) == (False, 1)


@pytest.mark.requirement("BX-13", "BX-01")
def test_each_currency_is_a_total_of_its_own_and_a_budget_that_is_not_sent_is_none() -> None:
    euro = Cell("J1", "01-100", "M", "SITE", "EUR")
    kept = even("5", "9", because("not-sent", "5"), because("made-there", "-9"), column="original_budget")
    found = totals_of("J1", "7", [even("1", "1"), even("2", "2", cell=euro), kept], "USD")
    assert [(each.what, each.here) for each in found] == [("committed", "1.00"), ("committed EUR", "2.00")]

    many = [even("1", "0", *(because("in-flight", "1", f"PO{at}") for at in range(12)))]
    assert totals_of("J1", "7", many, "USD")[0].why[-1] == "and 2 more"
    assert [each.what for each in totals_of("J1", "7", [], "USD")] == ["committed"]
