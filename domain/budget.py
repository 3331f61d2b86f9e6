"""What planning lines of Business Central come to as one budget line of Procore, to the cent.

Source  Procore guide 9 (ways of reckoning), B3 (one line for each budget code); Business Central guide 15.4.
"""

from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal

from msgspec import Struct

from domain.flow import Member
from domain.states import State
from domain.values import Json, enum_text, money, product, text

ZERO, ONE = Decimal(0), Decimal(1)
_AVERAGE = Decimal("0.0001")

CARRIED: frozenset[State] = frozenset(
    {"parked", "in-flight", "failed", "synced", "dead", "conflict", "awaiting-approval"}
)
"""States in which a planning line was decided to take part; in every other one it stands as it stood before."""


def is_cost(line: Json) -> bool:
    """Only Budget and Both make up the budget; a text carries none (Business Central 15.4, PP-17)."""
    return enum_text(text(line, "type")) != "Text" and enum_text(text(line, "lineType")) != "Billable"


def counts(line: Json, demanded: bool) -> bool:  # noqa: FBT001 - the registry's signature
    """By its own flag or by its project's (C-17)."""
    return (line.get("sendBudgetLineToProcore") is True or demanded) and is_cost(line)


class Figures(Struct, frozen=True):
    """A budget line.

    Units   currency of the project; `unit` as Business Central spells it, empty for none
    automatic  the amount is exactly quantity times unit cost, so Procore may reckon it
    """

    quantity: Decimal
    unit_cost: Decimal
    amount: Decimal
    unit: str
    automatic: bool


def row_of(line: Json) -> Json:
    """What a planning line contributes: the trace that the budget line keeps of it."""
    return {
        "id": text(line, "id"),
        "number": number_of(line),
        "quantity": money(line.get("quantity") or 0),
        "unit": text(line, "unitOfMeasureCode").upper(),
        "unitCost": money(line.get("unitCost") or 0),
        "totalCost": money(line.get("totalCost") or 0),
    }


def number_of(line: Json) -> str:
    """Project, task and line number, which are the key of a planning line."""
    return "|".join((text(line, "projectNumber"), text(line, "taskNumber"), text(line, "lineNumber")))


def figures(rows: Sequence[Json]) -> Figures:
    """The sum of the rows.

    Lines of one unit and one unit cost keep both. Lines of one unit keep their quantity, at the average cost. Anything
    else is a lump sum: quantity one, without unit. The amount is always the sum of what Business Central says.
    """
    amount = sum((money(row["totalCost"]) for row in rows), ZERO)
    of_weight = [row for row in rows if money(row["quantity"])] or rows
    units = {str(row["unit"]) for row in of_weight}
    costs = {money(row["unitCost"]) for row in of_weight}
    quantity = sum((money(row["quantity"]) for row in of_weight), ZERO)
    if len(units) > 1 or (amount and not quantity):
        return Figures(ONE, amount, amount, "", automatic=True)
    unit = next(iter(units), "")
    if len(costs) <= 1:
        cost = next(iter(costs), ZERO)
        return Figures(quantity, cost, amount, unit, automatic=product(quantity, cost) == amount)
    average = (amount / quantity).quantize(_AVERAGE, rounding=ROUND_HALF_UP) if quantity else ZERO
    return Figures(quantity, average, amount, unit, automatic=product(quantity, average) == amount)


def composed(document: Json, settled: Json | None, members: Sequence[Member]) -> Json:
    """The budget line's document, made anew from its planning lines.

    A line that takes no part any more keeps the row that it had in Procore (PP-12); one that was deleted, moved to
    another code or is no cost any more goes out. When deletions leave none, the budget line stays as it was (PP-20).
    """
    before: dict[str, Json] = {} if settled is None else {row["id"]: row for row in settled.get("rows", ())}
    rows: list[Json] = []
    left = False
    for member in members:
        line = member.source
        known = before.get(text(line, "id"))
        if member.state in CARRIED and counts(line, member.demanded):
            if member.here:
                rows.append(row_of(line))
            left = left or not member.here
        elif is_cost(line) and known is not None:
            rows.append(known)
        left = left or (not is_cost(line) and known is not None)
    if not rows and not left:
        return {name: value for name, value in document.items() if name != "rows"} if settled is None else settled
    return {**document, "rows": sorted(rows, key=lambda row: (str(row["number"]), str(row["id"])))}


def carried(document: Json) -> Iterable[str]:
    """Ids of the planning lines in a budget line's document."""
    return [str(row["id"]) for row in document.get("rows", ())]
