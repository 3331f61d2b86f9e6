"""The core of a reconciliation: nothing of a difference is lost between its explanations, and evidence is asked for."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.reconcile import KINDS, ZERO, Cell, Held, Piece, Standing, Tally, explain, lines
from domain.states import State
from domain.values import BUSINESS_CENTRAL, PROCORE

HERE = Cell("JOB1", "01-100", "M", "SITE", "USD")
NEXT = Cell("JOB1", "02-100", "M", "SITE", "USD")
STATES: tuple[State, ...] = (
    "pending",
    "awaiting-approval",
    "parked",
    "rejected",
    "in-flight",
    "synced",
    "failed",
    "dead",
    "conflict",
    "excluded",
    "deleted",
)
AMOUNTS = st.decimals(min_value=-10000, max_value=10000, places=2, allow_nan=False)
SUMS = st.dictionaries(st.sampled_from((HERE, NEXT)), AMOUNTS, max_size=2)
PIECES = st.builds(
    Piece,
    column=st.sampled_from(("committed", "invoiced", "direct_cost", "approved_changes")),
    number=st.just("PO1"),
    source=st.sampled_from((BUSINESS_CENTRAL, PROCORE)),
    fresh=SUMS,
    held=st.lists(st.builds(Held, st.sampled_from((HERE, NEXT)), AMOUNTS, st.just("not flagged")), max_size=2),
    known=st.none() | SUMS,
    agreed=SUMS,
    lost=SUMS,
    there=SUMS,
    extra=SUMS,
    standing=st.builds(Standing, st.sampled_from(("", *STATES)), st.just(("why",)), st.integers(0, 9), st.booleans()),
    here=st.booleans(),
    moved=st.booleans(),
    touched=st.booleans(),
    why=st.sampled_from(("", "it is not flagged")),
    ours=st.booleans(),
    tolerance=st.sampled_from((ZERO, Decimal("0.05"))),
)


@pytest.mark.requirement("BX-01")
@given(PIECES)
def test_what_explains_a_document_adds_up_to_its_difference_in_every_cell(piece: Piece) -> None:
    found = list(explain(piece))
    sign = 1 if piece.source == BUSINESS_CENTRAL else -1

    for cell in (HERE, NEXT):
        held = sum((each.amount for each in piece.held if each.cell == cell), ZERO)
        here = piece.fresh.get(cell, ZERO) + held
        there = piece.there.get(cell, ZERO) + piece.extra.get(cell, ZERO)
        assert sum((each.amount for at, each in found if at == cell), ZERO) == sign * (here - there)
    assert {each.kind for _, each in found} <= {*KINDS, "unexplained"}


@pytest.mark.requirement("BX-01")
@given(st.lists(PIECES, max_size=4))
def test_a_line_is_its_two_amounts_and_what_is_unexplained_of_them(pieces: list[Piece]) -> None:
    here: dict[tuple[str, Cell], Decimal] = {}
    there: dict[tuple[str, Cell], Decimal] = {}
    for piece in pieces:
        source, target = (here, there) if piece.source == BUSINESS_CENTRAL else (there, here)
        for sums, amounts in ((source, piece.fresh), (target, piece.there), (target, piece.extra)):
            for cell, amount in amounts.items():
                sums[piece.column, cell] = sums.get((piece.column, cell), ZERO) + amount
        for each in piece.held:
            source[piece.column, each.cell] = source.get((piece.column, each.cell), ZERO) + each.amount
    told = [(piece.column, cell, each) for piece in pieces for cell, each in explain(piece)]
    tally = Tally()

    for line in lines(here, there, told):  # type: ignore[arg-type] - columns of the strategy
        tally.add(line)
        open_ = sum((each.amount for each in line.explanations if each.kind == "unexplained"), ZERO)
        assert line.unexplained == open_
        assert line.difference == line.business_central - line.procore
        assert sum((each.amount for each in line.explanations), ZERO) == line.difference
    for total in tally.totals(("committed",), "USD"):
        assert total.difference == total.business_central - total.procore
        assert total.unexplained == total.kinds.get("unexplained", ZERO)


def kinds_of(**fields: object) -> list[str]:
    given_fields = {"column": "committed", "number": "PO1", **fields}
    return [each.kind for _, each in explain(Piece(**given_fields))]  # type: ignore[arg-type] - as each case says


TEN = {HERE: Decimal(10)}
WHOLE = {"fresh": TEN, "known": TEN, "agreed": TEN, "standing": Standing("synced")}


@pytest.mark.requirement("BX-01")
@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"fresh": TEN}, "unexplained"),
        ({"fresh": TEN, "moved": True}, "changed-since"),
        ({"fresh": TEN, "why": "it is not flagged"}, "not-sent"),
        ({"fresh": TEN, "known": TEN, "standing": Standing("synced")}, "unexplained"),
        ({"fresh": TEN, "known": TEN, "standing": Standing("parked")}, "parked"),
        ({**WHOLE, "there": {HERE: Decimal(9)}}, "unexplained"),
        ({**WHOLE, "there": {HERE: Decimal(9)}, "touched": True}, "changed-there"),
        ({**WHOLE, "there": {HERE: Decimal("9.99")}, "tolerance": Decimal("0.01")}, "rounding"),
        ({**WHOLE, "there": {HERE: Decimal("9.98")}, "tolerance": Decimal("0.01")}, "unexplained"),
        ({**WHOLE, "fresh": {HERE: Decimal(12)}, "there": TEN}, "unexplained"),
        ({**WHOLE, "fresh": {HERE: Decimal(12)}, "there": TEN, "moved": True}, "changed-since"),
        ({"extra": TEN}, "made-there"),
        ({"extra": TEN, "ours": True}, "unexplained"),
    ],
)
def test_a_step_without_evidence_is_unexplained(fields: dict[str, object], kind: str) -> None:
    assert kinds_of(**fields) == [kind]


def test_a_record_that_moved_while_the_books_were_read_is_on_its_way_whatever_else_it_shows() -> None:
    moving = Standing("synced", (), 7, meanwhile=True)

    assert kinds_of(fresh=TEN, known={}, extra={NEXT: Decimal(3)}, standing=moving) == ["in-flight", "in-flight"]
