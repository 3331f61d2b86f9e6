"""How a line of a commitment looks and what it may hold (C7, section 9)."""

from decimal import Decimal

from adapters.sandbox.procore.company import COST_TYPES, TAX_CODES, is_unit
from adapters.sandbox.procore.cost_codes import COST_CODES
from adapters.sandbox.procore.cost_codes import show as show_cost_code
from adapters.sandbox.procore.kernel import amount, decimal, decimal_text
from adapters.sandbox.procore.segments import COST_CODE, COST_TYPE
from adapters.sandbox.procore.state import Invalid, Row, State
from adapters.sandbox.procore.wbs_codes import WBS_CODES, budget, flat_code, parts, usable
from domain.values import Json

LINES = "line_items"

CALCULATED, MANUAL = "calculated", "manual"


def show_line(state: State, line: Row) -> Json:
    """A line with everything that any view shows."""
    contract = state.table("contracts")[line["contract_id"]]
    return {
        **line,
        **show_parts(state, line),
        "holder": {"id": contract["id"], "holder_type": _holder_type(contract)},
        "currency_configuration": {"currency_iso_code": contract.get("currency_iso_code") or "USD"},
    }


def show_parts(state: State, line: Row) -> Json:
    """What a line of any document shows beside its own fields: project, budget code and its parts, amounts."""
    code = state.table(WBS_CODES)[line["wbs_code_id"]]
    project = state.table("projects")[line["project_id"]]
    by_type = {segment["type"]: row for segment, row in parts(state, code)}
    cost_code = state.get(COST_CODES, by_type.get(COST_CODE, {}).get("id"))
    cost_type = state.get(COST_TYPES, by_type.get(COST_TYPE, {}).get("id"))
    return {
        "extended_amount": line["amount"],
        "total_amount": line["amount"],
        "company": {"id": state.company_id, "name": state.company_name},
        "project": {"id": project["id"], "name": project["name"]},
        "cost_code": show_cost_code(state, cost_code) if cost_code else None,
        "line_item_type": cost_type,
        "wbs_code": {"id": code["id"], "flat_code": flat_code(state, code), "description": code["description"]},
    }


def _holder_type(contract: Row) -> str:
    return "PurchaseOrderContract" if contract["resource"] == "purchase_order_contracts" else "WorkOrderContract"


def write_line(state: State, contract: Row, line: Row | None, values: Json) -> Row:
    """Makes or changes a line; a new budget code gets a budget line by itself (W20).

    Raises  Invalid
    """
    kept, code = checked(state, contract["project_id"], line, values)
    if line is None:
        place = {"contract_id": contract["id"], "project_id": contract["project_id"]}
        place["position"] = 1 + max(
            (row["position"] for row in state.rows(LINES, contract_id=contract["id"])), default=0
        )
        row = state.insert(LINES, {"description": None, "uom": None, "origin_id": None} | place | kept)
    else:
        row = state.change(LINES, line, kept)
    if code is not None:
        budget(state, code)
    return row


def checked(state: State, project_id: int, line: Row | None, values: Json) -> tuple[Json, Row | None]:
    """The values of a line of any document as they are stored, and its budget code when that is newly named.

    Raises  Invalid
    """
    kept = {name: value for name, value in values.items() if name not in {"cost_code_id", "line_item_type_id"}}
    code = None
    named = line is None or any(name in values for name in ("wbs_code_id", "cost_code_id", "line_item_type_id"))
    if named and (line is None or values.get("wbs_code_id") != line["wbs_code_id"]):
        code = usable(state, project_id, values)
        kept["wbs_code_id"] = code["id"]
    if values.get("uom") and not is_unit(state, values["uom"]):
        raise Invalid(uom="is not in the list of units of the company")
    if values.get("tax_code_id") is not None and state.get(TAX_CODES, values["tax_code_id"]) is None:
        raise Invalid(tax_code_id="is not a tax code of the company")
    return kept | _amounts(line or {}, kept), code


def _amounts(line: Json, values: Json) -> Json:
    """Section 9: `calculated` is quantity times unit cost, whatever amount was sent; `manual` takes the amount."""
    merged = line | values
    quantity, unit_cost, sent = (decimal(merged, name) for name in ("quantity", "unit_cost", "amount"))
    way = merged.get("extended_type")
    if way is None:
        way = CALCULATED if quantity is not None and unit_cost is not None else MANUAL
    if way == CALCULATED:
        sent = amount((quantity or Decimal(0)) * (unit_cost or Decimal(0)))
    return {
        "extended_type": way,
        "quantity": decimal_text(quantity),
        "unit_cost": decimal_text(unit_cost),
        "amount": decimal_text(amount(sent or Decimal(0))),
    }
