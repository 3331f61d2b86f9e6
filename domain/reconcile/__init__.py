"""What both systems say that the projects come to, and why the two differ: every cent by its record and its state.

A `Piece` is one document as four parties know it: its source now, its source as the ledger saw it last, what was
confirmed to stand in the target, and the target now. The steps between them are where cents get lost, and each step has
its own evidence: a newer row, a state of the record, a target that was touched after our last write. A step without
evidence is not explained.

Rules   BX-01, C-10, C-62.
Units   amounts are `Decimal` in the currency of their cell; differences are Business Central less Procore.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Literal

from msgspec import Struct

from domain.states import State
from domain.values import BUSINESS_CENTRAL, System, money_text

Column = Literal["original_budget", "approved_changes", "committed", "invoiced", "direct_cost", "paid"]
COLUMNS: tuple[Column, ...] = ("original_budget", "approved_changes", "committed", "invoiced", "direct_cost", "paid")

Kind = Literal[
    "parked",
    "rejected",
    "awaiting-approval",
    "in-flight",
    "dead",
    "conflict",
    "not-sent",
    "rounding",
    "changed-since",
    "changed-there",
    "made-there",
    "deleted",
    "unexplained",
]

KINDS: Mapping[Kind, str] = {
    "parked": "waits for named records or facts, and goes by itself",
    "rejected": "breaks named rules; its source must change",
    "awaiting-approval": "waits for an accounting approver",
    "in-flight": "is being sent, or will be tried again",
    "dead": "was refused for good; a person acts",
    "conflict": "both systems claim the same thing; a person decides",
    "not-sent": "a rule leaves it out: no flag, excluded, skipped, not above zero, before the start date",
    "rounding": "cents that rounding makes, and that were accepted",
    "changed-since": "its source changed after it was read last; the next round carries it",
    "changed-there": "somebody changed it in the other system after it was carried",
    "made-there": "somebody made it in the other system; it stands for nothing here",
    "deleted": "it was removed in one of the two systems",
}
"""The twelve ways in which a difference is explained. Codes are stable; `unexplained` is none of them."""

_OF_STATE: Mapping[State, Kind] = {
    "pending": "in-flight",
    "in-flight": "in-flight",
    "failed": "in-flight",
    "parked": "parked",
    "rejected": "rejected",
    "awaiting-approval": "awaiting-approval",
    "dead": "dead",
    "conflict": "conflict",
    "excluded": "not-sent",
    "deleted": "deleted",
}
_MOVING = frozenset({"pending", "in-flight", "failed"})
ZERO = Decimal(0)


class Cell(Struct, frozen=True, order=True):
    """Where money stands. Codes in capitals; `currency` is the local one where a document names none."""

    project: str
    cost_code: str
    cost_type: str
    segment: str
    currency: str


Sums = Mapping[Cell, Decimal]


class Entry(Struct, frozen=True):
    """An amount of a document; `id` is that of its line in its own system."""

    cell: Cell
    amount: Decimal
    id: str = ""


class Held(Struct, frozen=True):
    """An amount that a document holds and that its flow leaves out by a rule of the line."""

    cell: Cell
    amount: Decimal
    words: str


class Standing(Struct, frozen=True):
    """Where a record stands, by the event at `position`; `meanwhile` says that it moved while the books were read."""

    state: State | Literal[""] = ""
    reasons: Sequence[str] = ()
    position: int = 0
    meanwhile: bool = False


NOWHERE = Standing()
"""Of a document that the ledger does not know."""


class Piece(Struct, frozen=True, kw_only=True):
    """One document as source, ledger and target know it.

    fresh    what its source says now, of what may go; `held` is what a rule of a line leaves out
    known    what the source said when the ledger read it last, None for a document that the ledger does not know
    agreed   what the target confirmed, as far as its lines still stand there; `lost` is what was confirmed and is gone
    there    what the target says now of these lines; `extra` is what stands in the same document and is not ours
    here     the source still holds the document
    moved    the source shows a newer version than the ledger knows; of an unknown document: newer than what was read
    touched  the target was changed after our last confirmed write
    why      the rule by which nobody reads an unknown document; `ours` that an unknown one carries our mark
    assumed  source and target are not joined, and somebody means to join them
    slack    cents that rounding may make on the way from the source, `tolerance` those accepted in the target
    """

    column: Column
    number: str
    source: System = BUSINESS_CENTRAL
    record: str = ""
    fresh: Sums = {}
    held: Sequence[Held] = ()
    known: Sums | None = None
    agreed: Sums = {}
    lost: Sums = {}
    there: Sums = {}
    extra: Sums = {}
    standing: Standing = NOWHERE
    here: bool = True
    moved: bool = False
    touched: bool = False
    why: str = ""
    ours: bool = False
    assumed: bool = False
    slack: Decimal = ZERO
    tolerance: Decimal = ZERO


class Explanation(Struct, frozen=True, order=True):
    """What accounts for a part of a difference. `position` is that of the event that says so, 0 for none."""

    kind: Kind
    amount: Decimal
    record: str
    number: str
    position: int
    words: str


class Line(Struct, frozen=True, kw_only=True):
    """One cell of one column. `unexplained` is the difference less everything that explains it."""

    column: Column
    cell: Cell
    business_central: Decimal
    procore: Decimal
    difference: Decimal
    unexplained: Decimal
    explanations: tuple[Explanation, ...] = ()


def summed(entries: Iterable[Entry | Held]) -> dict[Cell, Decimal]:
    """The amounts by cell."""
    found: dict[Cell, Decimal] = {}
    for entry in entries:
        found[entry.cell] = found.get(entry.cell, ZERO) + entry.amount
    return found


def moment(words: str) -> datetime | None:
    """A moment of the wire; one that cannot be read is none."""
    try:
        return datetime.fromisoformat(words) if words else None
    except ValueError:
        return None


def equal(first: Sums, second: Sums) -> bool:
    """The same amount in every cell; nothing and zero are the same."""
    return all(first.get(cell, ZERO) == second.get(cell, ZERO) for cell in first.keys() | second.keys())


def explain(piece: Piece) -> Iterator[tuple[Cell, Explanation]]:
    """Every step between source and target that is not zero, with what accounts for it.

    Their sum is what the source says, held back or not, less what the target says; the other way round for documents of
    Procore, so that it is always Business Central less Procore.
    """
    sign = 1 if piece.source == BUSINESS_CENTRAL else -1
    steps = _meant(piece) if piece.assumed else _whole(piece) if piece.standing.meanwhile else _steps(piece)
    for cell, amount, kind, words in steps:
        if amount:
            yield cell, Explanation(kind, sign * amount, piece.record, piece.number, piece.standing.position, words)


Step = tuple[Cell, Decimal, Kind, str]


def _whole(piece: Piece) -> Iterator[Step]:
    held = summed(piece.held)
    for cell in _cells(piece, held):
        here = piece.fresh.get(cell, ZERO) + held.get(cell, ZERO)
        there = piece.there.get(cell, ZERO) + piece.extra.get(cell, ZERO)
        yield cell, here - there, "in-flight", "it was carried while the books were read"


def _meant(piece: Piece) -> Iterator[Step]:
    for each in piece.held:
        yield each.cell, each.amount, "not-sent", each.words
    here, there = sum(piece.fresh.values(), ZERO), sum(piece.there.values(), ZERO)
    words = f"it comes to {money_text(here)}, what it is to be joined with to {money_text(there)}"
    for cell in _cells(piece, {}):
        yield cell, piece.fresh.get(cell, ZERO) - piece.there.get(cell, ZERO), "unexplained", words


def _steps(piece: Piece) -> Iterator[Step]:
    for each in piece.held:
        yield each.cell, each.amount, "not-sent", each.words
    known = piece.known or {}
    for cell in _cells(piece, known):
        fresh, was = piece.fresh.get(cell, ZERO), known.get(cell, ZERO)
        agreed, lost = piece.agreed.get(cell, ZERO), piece.lost.get(cell, ZERO)
        yield cell, fresh - was, *_of_source(piece, fresh - was)
        yield cell, was - agreed - lost, *_of_decision(piece, was - agreed - lost)
        yield cell, lost, "deleted", "it is gone from where it was carried to"
        yield cell, agreed - piece.there.get(cell, ZERO), *_of_target(piece, agreed - piece.there.get(cell, ZERO))
        yield cell, -piece.extra.get(cell, ZERO), *_of_stranger(piece)


def _cells(piece: Piece, more: Sums) -> list[Cell]:
    return sorted({*piece.fresh, *more, *piece.agreed, *piece.lost, *piece.there, *piece.extra})


def _of_source(piece: Piece, gap: Decimal) -> tuple[Kind, str]:
    """Why the source says something else than the ledger knows."""
    if piece.known is None:
        if piece.why:
            return "not-sent", piece.why
        if piece.moved:
            return "changed-since", "it was made after the last reading"
        return (
            "unexplained",
            "nobody announced it, and no round read it; take it in",
        )
    if not piece.here:
        return "deleted", "it was removed in its source"
    if piece.slack and abs(gap) <= piece.slack:
        return "rounding", "its postings were rounded one by one"
    if piece.moved:
        return "changed-since", "its source changed after the last reading"
    return "unexplained", "its source shows another amount under a version that was read before"


def _of_decision(piece: Piece, gap: Decimal) -> tuple[Kind, str]:
    """Why not all that the ledger knows was sent."""
    words = "; ".join(piece.standing.reasons)
    if piece.standing.state == "synced":
        if abs(gap) <= piece.tolerance:
            return "rounding", words or "accepted between the document and its lines"
        return "unexplained", "it is synced, and something else was sent than its source said"
    if not piece.standing.state:
        return "not-sent", words or "it takes no part in its flow"
    if piece.standing.state == "rejected" and piece.column == "direct_cost" and gap <= 0:
        return "not-sent", words
    return _OF_STATE[piece.standing.state], words or piece.standing.state


def _of_target(piece: Piece, gap: Decimal) -> tuple[Kind, str]:
    """Why the target shows something else than it confirmed."""
    if piece.standing.state in _MOVING:
        return "in-flight", "; ".join(piece.standing.reasons) or piece.standing.state
    if abs(gap) <= piece.tolerance:
        return "rounding", "; ".join(piece.standing.reasons) or "accepted as rounding"
    if piece.touched:
        return "changed-there", "it was changed there after it was carried"
    return "unexplained", "it shows another amount than it confirmed, and nobody changed it since"


def _of_stranger(piece: Piece) -> tuple[Kind, str]:
    """Whose the lines are that nobody here sent."""
    if piece.ours:
        return "unexplained", "it carries our mark, and the ledger does not know it"
    return "made-there", "it was made there, and stands for nothing here"


# -- the lines -----------------------------------------------------------------------------------------


Totals = Mapping[tuple[Column, Cell], Decimal]


def lines(business_central: Totals, procore: Totals, found: Iterable[tuple[Column, Cell, Explanation]]) -> list[Line]:
    """One line for every cell that either system has an amount for, in the order of columns and cells.

    What accounts for the same thing in the same words is one explanation; what comes to nothing is none.
    """
    reasons: dict[tuple[Column, Cell], dict[tuple[Kind, str, str, str], Explanation]] = {}
    for column, cell, each in found:
        key = (each.kind, each.record, each.number, each.words)
        known = reasons.setdefault((column, cell), {})
        before = known.get(key)
        amount = each.amount + (before.amount if before is not None else ZERO)
        known[key] = Explanation(each.kind, amount, each.record, each.number, each.position, each.words)
    places = sorted(
        business_central.keys() | procore.keys() | reasons.keys(), key=lambda it: (COLUMNS.index(it[0]), it[1])
    )
    return [
        _line(place, business_central, procore, [it for it in reasons.get(place, {}).values() if it.amount])
        for place in places
    ]


def _line(
    place: tuple[Column, Cell], business_central: Totals, procore: Totals, reasons: Sequence[Explanation]
) -> Line:
    here, there = business_central.get(place, ZERO), procore.get(place, ZERO)
    explained = sum((each.amount for each in reasons if each.kind != "unexplained"), ZERO)
    return Line(
        column=place[0],
        cell=place[1],
        business_central=here,
        procore=there,
        difference=here - there,
        unexplained=here - there - explained,
        explanations=tuple(sorted(reasons)),
    )


class ColumnTotal(Struct, frozen=True, kw_only=True):
    """A column of one currency. `carried` is false where no flow carries it: then there is nothing to be equal."""

    column: Column
    currency: str
    carried: bool
    business_central: Decimal = ZERO
    procore: Decimal = ZERO
    difference: Decimal = ZERO
    unexplained: Decimal = ZERO
    kinds: Mapping[str, Decimal] = {}


class Tally:
    """Adds lines up by column and currency, so that nobody has to hold them all."""

    def __init__(self) -> None:
        self._sums: dict[tuple[Column, str], list[Decimal]] = {}
        self._kinds: dict[tuple[Column, str], dict[str, Decimal]] = {}
        self.lines = 0
        self.counts: dict[str, int] = {}

    def add(self, line: Line) -> None:
        """One line more."""
        place = (line.column, line.cell.currency)
        figures = (line.business_central, line.procore, line.difference, line.unexplained)
        self._sums[place] = [a + b for a, b in zip(self._sums.get(place, [ZERO] * 4), figures, strict=True)]
        self.lines += 1
        of_kind = self._kinds.setdefault(place, {})
        for each in line.explanations:
            of_kind[each.kind] = of_kind.get(each.kind, ZERO) + each.amount
            self.counts[each.kind] = self.counts.get(each.kind, 0) + 1

    def totals(self, carried: Iterable[Column], currency: str) -> list[ColumnTotal]:
        """All columns, each by currency; one that nobody carries is told as such."""
        on = set(carried)
        sums: dict[tuple[Column, str], list[Decimal]] = {(column, currency): [ZERO] * 4 for column in COLUMNS}
        sums.update(self._sums)
        return [
            ColumnTotal(
                column=column,
                currency=money,
                carried=column in on,
                business_central=figures[0],
                procore=figures[1],
                difference=figures[2],
                unexplained=figures[3],
                kinds=self._kinds.get((column, money), {}),
            )
            for (column, money), figures in sorted(sums.items(), key=lambda it: (COLUMNS.index(it[0][0]), it[0][1]))
        ]
