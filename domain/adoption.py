"""Two systems that were filled independently: which record of one is which of the other, scored field by field (BX-13).

Pure and deterministic. The assignment is the best one to one as a whole; a pair is clear only where it is also each
one's own best by a margin. What is not clear is never joined by itself.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal

from msgspec import Struct

from domain.linking import CHANGES, COMMITMENTS, INVOICES, JOURNALS, PROJECTS, TIME, VENDORS, bare, name_words
from domain.reconcile import Line
from domain.values import money, money_text, plain_number

LEAST = 40
"""Below this two records have nothing to do with each other."""
CLEAR = 60
"""A pair of this score, and no rival near it, is proposed to be joined."""
MARGIN = 15
MOST_TOGETHER = 150
"""Records that all look alike; more of them are left to people."""
_COMMON = 50
"""A word that so many names have tells none of them."""


class Card(Struct, frozen=True, kw_only=True):
    """What is compared of one record. Empty means unknown, which speaks neither for nor against.

    Units   `amount` decimal text in the company's currency; `date` YYYY-MM-DD
    within  the counterpart of what it belongs to (the project in Procore); only cards of the same place are compared
    party   the counterpart of its vendor in Procore; of worked time the resource
    contract the commitment that it bills
    """

    key: str
    number: str = ""
    name: str = ""
    tax: str = ""
    date: str = ""
    city: str = ""
    amount: str = ""
    party: str = ""
    contract: str = ""
    within: str = ""


class Evidence(Struct, frozen=True):
    """What one field says: its points, and both values."""

    field: str
    points: int
    here: str
    there: str


class Match(Struct, frozen=True):
    """How well two cards fit, of a hundred, explained field by field."""

    here: str
    there: str
    score: int
    evidence: tuple[Evidence, ...]


class Found(Struct, frozen=True):
    """Clear pairs, and for every other card that has candidates these, the likeliest first."""

    clear: tuple[Match, ...]
    unclear: dict[str, tuple[Match, ...]]


_WEIGHTS: Mapping[str, Mapping[str, int]] = {
    PROJECTS: {"number": 70, "name": 40, "date": 10, "city": 5},
    VENDORS: {"number": 60, "tax": 60, "name": 40, "city": 5},
    COMMITMENTS: {"number": 60, "amount": 25, "party": 10, "name": 15, "date": 5},
    INVOICES: {"number": 40, "amount": 25, "date": 15, "contract": 8, "party": 8},
    JOURNALS: {"amount": 30, "date": 25, "name": 25, "number": 25},
    CHANGES: {"number": 40, "amount": 30, "name": 15, "date": 10},
    TIME: {"amount": 40, "party": 30, "date": 20, "name": 9},
}
"""For documents no field is enough: a pair of them is clear by two that say the same thing, and a third beside them."""
_ALIKE = 3
"""Quarters of the points that a number gets which is the same but for marks and zeros."""


def weigh(flow: str, here: Card, there: Card) -> Match:
    """Scores two cards. A field that contradicts (another tax number, another vendor) takes its points away."""
    evidence: list[Evidence] = []
    for field, most in _WEIGHTS[flow].items():
        mine, theirs = str(getattr(here, field)).strip(), str(getattr(there, field)).strip()
        if mine and theirs:
            evidence.append(Evidence(field, _points(field, mine, theirs, most), mine, theirs))
    score = max(0, min(100, sum(each.points for each in evidence)))
    return Match(here.key, there.key, score, tuple(evidence))


def _points(field: str, mine: str, theirs: str, most: int) -> int:
    match field:
        case "number":
            if mine.upper() == theirs.upper():
                return most
            return most * _ALIKE // 4 if bare(mine.upper()) and bare(mine.upper()) == bare(theirs.upper()) else 0
        case "name":
            first, second = name_words(mine), name_words(theirs)
            return most * len(first & second) // len(first | second) if first and second else 0
        case "tax" | "party" | "contract":
            same = bare(mine.upper()) == bare(theirs.upper())
            return most if same else -max(most, LEAST)
        case "amount":
            return most if money(mine) == money(theirs) else 0
        case _:
            return most if mine.casefold()[:10] == theirs.casefold()[:10] else 0


def matched(flow: str, here: Sequence[Card], there: Sequence[Card]) -> Found:
    """Who is who: the clear pairs, and the candidates of all others."""
    candidates = _candidates(flow, here, there)
    best: dict[str, str] = {}
    for some in _components(candidates):
        best.update(_assigned(some))
    rivals: dict[str, list[Match]] = {}
    for match in candidates:
        rivals.setdefault(match.here, []).append(match)
        rivals.setdefault(f"\0{match.there}", []).append(match)
    clear: list[Match] = []
    unclear: dict[str, tuple[Match, ...]] = {}
    for card in here:
        mine = sorted(rivals.get(card.key, ()), key=lambda each: (-each.score, each.there))
        if not mine:
            continue
        first = mine[0]
        others = [*mine[1:], *(each for each in rivals[f"\0{first.there}"] if each.here != card.key)]
        alone = all(each.score <= first.score - MARGIN for each in others)
        if first.score >= CLEAR and alone and best.get(card.key) == first.there:
            clear.append(first)
        else:
            unclear[card.key] = tuple(mine[:3])
    return Found(tuple(sorted(clear, key=lambda each: each.here)), unclear)


def _candidates(flow: str, here: Sequence[Card], there: Sequence[Card]) -> list[Match]:
    """Pairs that share something, found by index and not by comparing each with each."""
    index: dict[str, list[int]] = {}
    for place, card in enumerate(there):
        for trait in _traits(card):
            index.setdefault(trait, []).append(place)
    found: list[Match] = []
    for card in here:
        places = {
            place
            for trait in _traits(card)
            if len(index.get(trait, ())) <= _COMMON or trait.startswith("number")
            for place in index.get(trait, ())
        }
        matches = [weigh(flow, card, there[place]) for place in sorted(places)]
        found += [match for match in matches if match.score >= LEAST]
    return found


def _traits(card: Card) -> Iterable[str]:
    place = f"{card.within}\0"
    if card.number:
        yield f"number{place}{bare(card.number.upper())}"
    if card.tax:
        yield f"tax{place}{bare(card.tax.upper())}"
    if card.amount and money(card.amount):
        yield f"amount{place}{plain_number(money(card.amount))}"
    if card.party and not card.number:
        yield f"party{place}{card.party}"
    for word in name_words(card.name):
        yield f"word{place}{word}"


def _components(candidates: Sequence[Match]) -> list[list[Match]]:
    """Candidates that hang together, as one card is in several of them."""
    root: dict[str, str] = {}

    def find(key: str) -> str:
        while root.setdefault(key, key) != key:
            root[key] = root[root[key]]
            key = root[key]
        return key

    for match in candidates:
        root[find(match.here)] = find(f"\0{match.there}")
    groups: dict[str, list[Match]] = {}
    for match in candidates:
        groups.setdefault(find(match.here), []).append(match)
    return list(groups.values())


def _assigned(some: Sequence[Match]) -> dict[str, str]:
    """The one-to-one assignment with the highest sum of scores; none where too many look alike."""
    rows = sorted({match.here for match in some})
    columns = sorted({match.there for match in some})
    if max(len(rows), len(columns)) > MOST_TOGETHER:
        return {}
    scores = {(match.here, match.there): match.score for match in some}
    turned = len(rows) > len(columns)
    if turned:
        chosen = _hungarian(len(columns), len(rows), lambda i, j: -scores.get((rows[j], columns[i]), 0))
        pairs = [(rows[j], columns[i]) for i, j in enumerate(chosen)]
    else:
        chosen = _hungarian(len(rows), len(columns), lambda i, j: -scores.get((rows[i], columns[j]), 0))
        pairs = [(rows[i], columns[j]) for i, j in enumerate(chosen)]
    return {here: there for here, there in pairs if (here, there) in scores}


def _hungarian(  # noqa: C901 - the textbook form reads best
    rows: int, columns: int, cost: Callable[[int, int], int]
) -> list[int]:
    """Column of each row with the least sum of costs, by potentials; no more rows than columns."""
    far = 10**9
    u, v = [0] * (rows + 1), [0] * (columns + 1)
    owner, way = [0] * (columns + 1), [0] * (columns + 1)
    for row in range(1, rows + 1):
        owner[0], at = row, 0
        least, used = [far] * (columns + 1), [False] * (columns + 1)
        while owner[at]:
            used[at] = True
            delta, following = far, 0
            for column in range(1, columns + 1):
                if used[column]:
                    continue
                left = cost(owner[at] - 1, column - 1) - u[owner[at]] - v[column]
                if left < least[column]:
                    least[column], way[column] = left, at
                if least[column] < delta:
                    delta, following = least[column], column
            for column in range(columns + 1):
                if used[column]:
                    u[owner[column]] += delta
                    v[column] -= delta
                else:
                    least[column] -= delta
            at = following
        while at:
            owner[at], at = owner[way[at]], way[at]
    chosen = [0] * rows
    for column in range(1, columns + 1):
        if owner[column]:
            chosen[owner[column] - 1] = column - 1
    return chosen


# -- totals --------------------------------------------------------------------------------------------


class Total(Struct, frozen=True, kw_only=True):
    """What both systems come to in one project, before it goes live; `why` names what differs, at most ten of it.

    Shape   `what` is a column of the reconciliation; `left_out` is what Business Central holds and a rule keeps there
    Units   decimal text; `what` ends on the currency where it is not the company's
    """

    project: str
    procore_id: str
    what: str
    here: str
    there: str
    left_out: str = "0"
    why: tuple[str, ...] = ()

    @property
    def equal(self) -> bool:
        """Both come to the same but for what a rule leaves out, and so does each pair."""
        return money(self.here) - money(self.left_out) == money(self.there) and not self.why


def totals_of(project: str, procore_id: str, lines: Iterable[Line], currency: str) -> list[Total]:
    """The totals of a project, from the lines of its reconciliation; commitments are told even where there are none.

    A line is even where both sides hold the same, or the same but for what a rule leaves out, and no pair differs. The
    budget of a project that sends none is nobody's business here.
    """
    columns: dict[str, list[Line]] = {"committed": []}
    for line in lines:
        own = line.cell.currency in ("", currency)
        columns.setdefault(line.column if own else f"{line.column} {line.cell.currency}", []).append(line)
    return [
        _total(project, procore_id, what, some)
        for what, some in columns.items()
        if not what.startswith("original_budget") or any(_out(line) != line.business_central for line in some)
    ]


def _total(project: str, procore_id: str, what: str, lines: Sequence[Line]) -> Total:
    why = [words for line in lines for words in _differing(line)]
    out = sum((_out(line) for line in lines if line.difference), Decimal(0))
    return Total(
        project=project,
        procore_id=procore_id,
        what=what,
        here=money_text(sum((line.business_central for line in lines), Decimal(0))),
        there=money_text(sum((line.procore for line in lines), Decimal(0))),
        left_out=money_text(out),
        why=tuple(why[:_MOST_TOLD]) + ((f"and {len(why) - _MOST_TOLD} more",) if len(why) > _MOST_TOLD else ()),
    )


def _out(line: Line) -> Decimal:
    """What a rule leaves in Business Central."""
    return sum((each.amount for each in line.explanations if each.kind == "not-sent"), Decimal(0))


def _differing(line: Line) -> Iterable[str]:
    """What differs in one cell, in words; nothing where it is even."""
    gap = line.difference - _out(line)
    pairs_agree = all(each.kind != "unexplained" for each in line.explanations)
    if pairs_agree and not (gap and line.difference):
        return
    cell = "/".join(each for each in (line.cell.cost_code, line.cell.cost_type, line.cell.segment) if each)
    told = [each for each in line.explanations if each.kind != "not-sent"]
    for each in told:
        yield f"{each.number} on {cell}: {money_text(each.amount)}, {each.words}"
    if not told:
        yield f"{cell}: {money_text(gap)}, no document says why"


_MOST_TOLD = 10
