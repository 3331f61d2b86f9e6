"""Amounts that travel as JSON numbers: budget lines, budget changes, direct costs (section 9)."""

from decimal import Decimal

from adapters.sandbox.procore.kernel import amount, decimal_text
from domain.values import Json, product

AUTOMATIC, MANUAL = "automatic", "manual"


def number(values: Json, name: str) -> Decimal | None:
    """A figure of a request, exact.

    Shape   a JSON number without a point is an int, any other a `Decimal`; the description lets nothing else through
    """
    value = values.get(name)
    return None if value is None else Decimal(value)


def numeral(text: str | None) -> Decimal | None:
    """A stored figure as the number that an answer shows."""
    return None if text is None else Decimal(text)


def reckoned(values: Json, *, sent: str, way: str, calculated: str) -> Json:
    """Quantity, unit cost, amount and the way in which the amount came about, as they are stored.

    Shape   `values` are those stored, replaced by those sent; `sent` and `way` name the keys of the amount and of the
            way, `calculated` is the word for quantity times unit cost. That way ignores a sent amount; where none is
            named, a quantity with a unit cost means it, as for lines of commitments. Negative amounts pass (K7).
    """
    quantity, unit_cost = number(values, "quantity"), number(values, "unit_cost")
    chosen = values.get(way)
    if chosen is None:
        chosen = calculated if quantity is not None and unit_cost is not None else MANUAL
    total = product(quantity or Decimal(0), unit_cost or Decimal(0)) if chosen == calculated else number(values, sent)
    return {
        way: chosen,
        "quantity": decimal_text(quantity),
        "unit_cost": decimal_text(unit_cost),
        sent: decimal_text(amount(total or Decimal(0))),
    }
