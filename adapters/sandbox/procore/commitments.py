"""Purchase order and work order contracts (section 14)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal

from adapters.sandbox.procore.directory import VENDORS, is_member
from adapters.sandbox.procore.kernel import (
    Answer,
    Call,
    Route,
    decimal,
    decimal_text,
    listed,
    not_found,
    ordered,
    page,
    sync,
    without,
)
from adapters.sandbox.procore.lines import LINES, show_line
from adapters.sandbox.procore.requisition_figures import billed, has_requisitions
from adapters.sandbox.procore.state import Invalid, Row, State
from domain.values import Json

CONTRACTS = "contracts"
LOCKED = frozenset({"Approved", "Complete"})  # C3, O6
TOOL = "commitments"

COMPACT = ("id", "number", "title", "status", "vendor", "project", "executed", "private", "created_at", "updated_at")
COMPACT_TOO = ("deleted_at", "origin_id", "origin_code")
"""What the default view shows (H7); which fields it has is printed nowhere, so as little as a list needs."""


@dataclass(frozen=True)
class Kind:
    """One of the two kinds of commitment (C1). `prefix` begins the numbers of the project's sequence (C6)."""

    resource: str
    envelope: str
    prefix: str


PURCHASE_ORDER = Kind("purchase_order_contracts", "purchase_order_contract", "PO")
WORK_ORDER = Kind("work_order_contracts", "work_order_contract", "SC")
KINDS = (PURCHASE_ORDER, WORK_ORDER)


def locked(state: State, contract: Row) -> bool:
    """O6: vendor and schedule of values of an approved commitment are locked, unless the company switched it off."""
    return state.settings.lock_approved and contract["status"] in LOCKED


def lock_text(contract: Row) -> str:
    """O8: the text of a refusal speaks of "synced with ERP" where an origin id is set."""
    synced = " and is synced with ERP" if contract.get("origin_id") else ""
    return f"cannot be changed while the commitment is {contract['status']}{synced}"


def total(state: State, contract: Row) -> Decimal:
    """Sum of the lines."""
    return sum((Decimal(line["amount"]) for line in state.rows(LINES, contract_id=contract["id"])), Decimal(0))


def show(state: State, contract: Row) -> Json:
    """A contract with everything that any view shows. Figures of later steps can be set by hand in the row."""
    vendor = state.table(VENDORS).get(contract["vendor_id"] or 0)
    project = state.table("projects")[contract["project_id"]]
    grand = total(state, contract)
    changes = Decimal(contract["approved_change_orders"])
    paid = Decimal(contract["total_payments"])
    revised = grand + changes
    return {
        **contract,
        "vendor": {
            "id": vendor["id"],
            "company": vendor["name"],
            "name": vendor["name"],
            "origin_id": vendor.get("origin_id"),
            "origin_data": vendor.get("origin_data"),
        }
        if vendor
        else None,
        "project": {"id": project["id"], "name": project["name"]},
        "grand_total": decimal_text(grand),
        "revised_contract": decimal_text(revised),
        "pending_revised_contract": decimal_text(revised + Decimal(contract["pending_change_orders"])),
        "remaining_balance_outstanding": decimal_text(revised - paid),
        "total_requisitions_amount": decimal_text(
            Decimal(contract["total_requisitions_amount"]) + billed(state, contract)
        ),
        "percentage_paid": decimal_text(paid * 100 / revised if revised else Decimal(0)),
        "line_items": [show_line(state, line) for line in state.rows(LINES, contract_id=contract["id"])],
        "assignee": {"id": contract["assignee_id"]} if contract.get("assignee_id") else None,
        "created_by_id": state.service_user_id,
        "currency_configuration": {"currency_iso_code": contract.get("currency_iso_code") or "USD"},
    }


def write(state: State, kind: Kind, project_id: int, contract: Row | None, values: Json) -> Row:
    """Makes or changes a contract.

    Raises  Invalid: the vendor must be in the company and in the project's directory (C6), and is locked when approved
    """
    values = dict(values)
    vendor_id = values.get("vendor_id")
    if vendor_id is not None and (contract is None or vendor_id != contract["vendor_id"]):
        if state.get(VENDORS, vendor_id) is None:
            raise Invalid(vendor_id="is not a vendor of the company")
        if not is_member(state, project_id, vendor_id):
            raise Invalid(vendor_id="is not in the directory of the project")
    if (
        contract is not None
        and locked(state, contract)
        and values.get("vendor_id", contract["vendor_id"]) != contract["vendor_id"]
    ):
        raise Invalid(vendor_id=lock_text(contract))
    if "status" in values and values["status"] is None:
        raise Invalid(status="can't be blank")
    if values.get("retainage_percent") is not None:
        values["retainage_percent"] = decimal_text(decimal(values, "retainage_percent"))
    if contract is not None:
        return state.change(CONTRACTS, contract, values)
    number = values.get("number") or _next_number(state, kind, project_id)
    usual: Json = {
        "resource": kind.resource,
        "project_id": project_id,
        "vendor_id": None,
        "status": "Draft",
        "accounting_method": "amount",
        "executed": False,
        "private": True,
        "show_line_items_to_non_admins": False,
        "requisitions_are_enabled": True,
        "retainage_percent": "0.0",
        "approved_change_orders": "0.0",
        "pending_change_orders": "0.0",
        "draft_change_orders_amount": "0.0",
        "total_requisitions_amount": "0.0",
        "total_draw_requests_amount": "0.0",
        "total_payments": "0.0",
        "billing_schedule_of_values_status": "draft",
        "origin_id": None,
    }
    return state.insert(CONTRACTS, usual | values | {"number": number})


def _next_number(state: State, kind: Kind, project_id: int) -> str:
    """C6: drawn from the project's sequence when left out."""
    taken = {row["number"] for row in state.table(CONTRACTS).values() if row["project_id"] == project_id}
    at = 1
    while f"{kind.prefix}-{at:03}" in taken:
        at += 1
    return f"{kind.prefix}-{at:03}"


def of_project(call: Call, kind: Kind, id: int) -> Row:
    """The contract of one kind in the project of the call.

    Raises  Problem 404
    """
    contract = call.state.get(CONTRACTS, id, project_id=call.project["id"], resource=kind.resource)
    if contract is None:
        raise not_found(kind.envelope.replace("_", " "))
    return contract


def _with_deleted(call: Call, resource: str) -> Iterable[Row]:
    """F3: `only` lists deleted rows, `with` both."""
    wanted = call.one("filters[include_deleted]")
    for row in call.state.table(CONTRACTS).values():
        gone = row.get("deleted_at") is not None
        mine = (row["project_id"], row["resource"]) == (call.project["id"], resource)
        if mine and (wanted == "with" or gone is (wanted == "only")):
            yield row


def _list(kind: Kind) -> Callable[[Call], Answer]:
    def serve(call: Call) -> Answer:
        rows = listed(call, ordered(call, _with_deleted(call, kind.resource)), "status")
        shown, headers = page(call, rows)
        full = [show(call.state, row) for row in shown]
        if call.one("view") != "extended":
            full = [{name: row.get(name) for name in (*COMPACT, *COMPACT_TOO)} for row in full]
        return Answer(full, headers=headers, sparse=call.one("view") != "extended")

    return serve


def _show(kind: Kind) -> Callable[[Call], Answer]:
    return lambda call: Answer(show(call.state, of_project(call, kind, call.path["id"])))


def _create(kind: Kind) -> Callable[[Call], Answer]:
    def serve(call: Call) -> Answer:
        return Answer(show(call.state, write(call.state, kind, call.project["id"], None, call.body[kind.envelope])))

    return serve


def _update(kind: Kind) -> Callable[[Call], Answer]:
    def serve(call: Call) -> Answer:
        contract = of_project(call, kind, call.path["id"])
        return Answer(show(call.state, write(call.state, kind, call.project["id"], contract, call.body[kind.envelope])))

    return serve


def _delete(kind: Kind) -> Callable[[Call], Answer]:
    def serve(call: Call) -> Answer:
        contract = of_project(call, kind, call.path["id"])
        if locked(call.state, contract):
            raise Invalid(base=lock_text(contract))
        if has_requisitions(call.state, contract):
            raise Invalid(base="the commitment has invoices")
        for line in call.state.rows(LINES, contract_id=contract["id"]):
            call.state.remove(LINES, line, keep=True)
        call.state.remove(CONTRACTS, contract, keep=True)
        return Answer()

    return serve


def _sync(kind: Kind) -> Callable[[Call], Answer]:
    def serve(call: Call) -> Answer:
        id = call.project["id"]
        return sync(
            call,
            CONTRACTS,
            lambda row, values: write(call.state, kind, id, row, values),
            lambda row: without(show(call.state, row), "line_items"),
            project_id=id,
            resource=kind.resource,
        )

    return serve


def list_both(call: Call) -> Answer:
    """C1: both kinds with few fields."""
    rows = ordered(call, call.state.rows(CONTRACTS, project_id=call.project["id"]))
    shown, headers = page(call, rows)
    return Answer([show(call.state, row) for row in shown], headers=headers)


def _show_either(call: Call) -> Answer:
    contract = call.state.get(CONTRACTS, call.path["id"], project_id=call.project["id"])
    if contract is None:
        raise not_found("commitment")
    return Answer(show(call.state, contract))


def _routes(kind: Kind) -> tuple[Route, ...]:
    path = f"/rest/v1.0/{kind.resource}"
    return (
        Route("GET", path, _list(kind), project="query", tool=TOOL),
        Route("POST", path, _create(kind), project="body", tool=TOOL),
        Route("PATCH", f"{path}/sync", _sync(kind), project="body", tool=TOOL),
        Route("GET", f"{path}/{{id}}", _show(kind), project="query", tool=TOOL),
        Route("PATCH", f"{path}/{{id}}", _update(kind), project="body", tool=TOOL),
        Route("DELETE", f"{path}/{{id}}", _delete(kind), project="query", tool=TOOL),
    )


ROUTES = (
    Route("GET", "/rest/v1.0/commitments", list_both, project="query", tool=TOOL),
    Route("GET", "/rest/v1.0/commitments/{id}", _show_either, project="query", tool=TOOL),
    *_routes(PURCHASE_ORDER),
    *_routes(WORK_ORDER),
)
