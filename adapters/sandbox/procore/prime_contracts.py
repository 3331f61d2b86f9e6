"""Prime contracts, as far as change orders need them (section 15, last paragraph; H8 for the two paths)."""

from decimal import Decimal

from adapters.sandbox.procore.directory import VENDORS
from adapters.sandbox.procore.kernel import Answer, Call, Route, decimal, decimal_text, listed, not_found, ordered, page
from adapters.sandbox.procore.state import Invalid, Row, State
from domain.values import Json

PRIME_CONTRACTS = "prime_contracts"
STATUSES = ("Draft", "Out For Bid", "Out For Signature", "Approved", "Complete", "Terminated")
TOOL = "prime_contracts"


def write(state: State, project_id: int, contract: Row | None, values: Json) -> Row:
    """Makes or changes a prime contract; `grand_total` is its sum without change orders, as it has no lines here.

    Raises  Invalid
    """
    values = dict(values)
    if values.get("status", "Draft") not in STATUSES:
        raise Invalid(status="is not included in the list")
    if values.get("vendor_id") is not None and state.get(VENDORS, values["vendor_id"]) is None:
        raise Invalid(vendor_id="is not a vendor of the company")
    if "grand_total" in values:
        values["grand_total"] = decimal_text(decimal(values, "grand_total"))
    if contract is not None:
        return state.change(PRIME_CONTRACTS, contract, values)
    usual: Json = {
        "project_id": project_id,
        "number": str(1 + state.count(PRIME_CONTRACTS, project_id=project_id)),
        "title": None,
        "vendor_id": None,
        "status": "Draft",
        "accounting_method": "amount",
        "executed": False,
        "private": True,
        "grand_total": "0.0",
        "approved_change_orders": "0.0",
        "draft_change_orders_amount": "0.0",
        "retainage_percent": "0.0",
        "origin_id": None,
    }
    return state.insert(PRIME_CONTRACTS, usual | values)


def show(state: State, contract: Row) -> Json:
    """A prime contract with the figures that change orders cause."""
    vendor = state.table(VENDORS).get(contract["vendor_id"] or 0)
    revised = Decimal(contract["grand_total"] or 0) + Decimal(contract["approved_change_orders"])
    return {
        **contract,
        "vendor": {"id": vendor["id"], "name": vendor["name"], "company": vendor["name"]} if vendor else None,
        "revised_contract_amount": decimal_text(revised),
        "created_by": {"id": state.service_user_id},
        "currency_configuration": {"currency_iso_code": contract.get("currency_iso_code") or "USD"},
    }


def _list(call: Call) -> Answer:
    rows = listed(call, ordered(call, call.state.rows(PRIME_CONTRACTS, project_id=call.project["id"])))
    shown, headers = page(call, rows)
    return Answer([show(call.state, row) for row in shown], headers=headers)


def _show_one(call: Call) -> Answer:
    contract = call.state.get(PRIME_CONTRACTS, call.path["id"], project_id=call.project["id"])
    if contract is None:
        raise not_found("prime contract")
    return Answer(show(call.state, contract))


ROUTES = (
    Route("GET", "/rest/v1.0/prime_contracts", _list, project="query", tool=TOOL),
    Route("GET", "/rest/v1.0/prime_contract/{id}", _show_one, project="query", tool=TOOL),
)
