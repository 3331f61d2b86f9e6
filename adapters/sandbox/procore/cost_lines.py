"""How a line of a direct cost looks and what it may hold (K4, section 9)."""

from collections.abc import Iterable
from decimal import Decimal

from adapters.sandbox.procore.budget import CURRENCY
from adapters.sandbox.procore.kernel import decimal_text, without
from adapters.sandbox.procore.lines import CALCULATED, MANUAL, checked, show_parts
from adapters.sandbox.procore.state import Invalid, Row, State
from adapters.sandbox.procore.wbs_codes import budget
from domain.values import Json

DIRECT_COSTS = "direct_costs"
COST_LINES = "direct_cost_line_items"

HOLDER = "DirectCost"  # what Procore writes there is printed nowhere

Plan = tuple[Row | None, Json, Row | None]
"""The line that is changed if any, what it is to hold, and the budget code that it newly names."""


def lines_of(state: State, cost: Row) -> list[Row]:
    """The lines of a direct cost."""
    return list(state.rows(COST_LINES, direct_cost_id=cost["id"]))


def total(state: State, cost: Row) -> Decimal:
    """Sum of the lines."""
    return sum((Decimal(line["amount"]) for line in lines_of(state, cost)), Decimal(0))


def show_cost_line(state: State, line: Row) -> Json:
    """A line with everything that any view shows; figures are strings, though they were sent as numbers."""
    holder = {"id": line["direct_cost_id"], "holder_type": HOLDER}
    return {**line, **show_parts(state, line), "holder": holder, "currency_configuration": CURRENCY}


def planned_line(state: State, cost: Row, line: Row | None, values: Json) -> Plan:
    """A line as it is to be stored, checked, without writing it.

    Shape   `values` as version 1.0 writes them (`amount`, `extended_type`) or 1.1 (`manual_amount`, or quantity and
            unit cost); a negative amount passes, as nothing says otherwise (K7)
    Raises  Invalid
    """
    if values.get("direct_cost_id", cost["id"]) not in {None, cost["id"]}:
        raise Invalid(direct_cost_id="is not the direct cost of the line")
    kept = {name: _text(value) for name, value in without(values, "id", "ref", "direct_cost_id").items()}
    if kept.get("manual_amount") is not None:
        kept |= {"amount": kept["manual_amount"], "extended_type": MANUAL}
    elif "extended_type" not in kept and {"quantity", "unit_cost"} <= kept.keys() and "amount" not in kept:
        kept["extended_type"] = CALCULATED
    kept, code = checked(state, cost["project_id"], line, without(kept, "manual_amount"))
    if kept.get("origin_id"):
        state.check_origin(COST_LINES, line["id"] if line else 0, kept["origin_id"])
    return line, kept, code


def _text(value: object) -> object:
    """A JSON number in the spelling that lines are checked in, without an exponent."""
    return decimal_text(value) if isinstance(value, Decimal) else value


def planned_lines(state: State, cost: Row, rows: Iterable[Json]) -> list[Plan]:
    """The lines of one call to version 1.1: with `id` changed, without made; those not named stay as they are.

    Raises  Invalid
    """
    plans: list[Plan] = []
    met: set[str] = set()
    for values in rows:
        line = None
        if values.get("id") is not None:
            line = state.get(COST_LINES, values["id"], direct_cost_id=cost["id"])
            if line is None:
                raise Invalid(line_items=f"{values['id']} is not a line of the direct cost")
        plan = planned_line(state, cost, line, values)
        origin = plan[1].get("origin_id")
        if origin in met:
            raise Invalid(origin_id="has already been taken")
        if origin:
            met.add(origin)
        plans.append(plan)
    return plans


def put_line(state: State, cost: Row, plan: Plan) -> Row:
    """Writes a line; a new budget code gets a budget line by itself (W20)."""
    line, kept, code = plan
    if line is None:
        cost["lines_made"] += 1  # not a change of the direct cost: its `updated_at` stays
        place = {"direct_cost_id": cost["id"], "project_id": cost["project_id"], "position": cost["lines_made"]}
        usual = {"description": None, "uom": None, "origin_id": None, "origin_data": None, "tax_code_id": None}
        line = state.insert(COST_LINES, usual | kept | place)
    else:
        state.change(COST_LINES, line, kept)
    if code is not None:
        budget(state, code)
    return line
