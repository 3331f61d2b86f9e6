"""How requisitions and their items look (H7, section 9: amounts are decimal strings)."""

from decimal import Decimal

from adapters.sandbox.procore.commitments import CONTRACTS, total
from adapters.sandbox.procore.directory import VENDORS
from adapters.sandbox.procore.kernel import decimal_text
from adapters.sandbox.procore.lines import show_line
from adapters.sandbox.procore.requisition_figures import (
    ITEMS,
    REQUISITIONS,
    ZERO,
    Figures,
    before,
    figures,
    percent,
    source,
    together,
)
from adapters.sandbox.procore.state import Row, State
from domain.values import Json

APPROVED = frozenset({"approved", "approved_as_noted"})

_RICH = frozenset({"items", "item_packages", "summary", "summary_text", "attachments", "created_by", "custom_fields"})
"""What the default view leaves out; which fields it has is printed nowhere, so as little as a list needs (H7)."""


def show_item(state: State, item: Row) -> Json:
    """An item with everything that any of its lists shows."""
    line = show_line(state, source(state, item))
    earlier, now = before(state, item), figures(item)
    done = earlier + now
    scheduled = Decimal(line["amount"])
    unit = state.table(CONTRACTS)[line["contract_id"]]["accounting_method"] == "unit"
    return {
        **item,
        "accounting_method": "unit" if unit else "amount",
        "cost_code_id": line["cost_code"]["id"] if line["cost_code"] else None,
        "commitment_line_item_id": line["id"],
        "commitment_line_item_origin_id": line["origin_id"],
        "description_of_work": line["description"],
        "wbs_code": line["wbs_code"],
        "uom": line["uom"],
        "line_number": str(item["position"]),
        "currency_configuration": line["currency_configuration"],
        "gross_amount": decimal_text(now.completed),
        "net_amount": decimal_text(now.due),
        "scheduled_value": decimal_text(scheduled),
        "scheduled_quantity": line["quantity"] if unit else None,
        "scheduled_unit_price": line["unit_cost"] if unit else None,
        "work_completed_from_previous_application": decimal_text(earlier.completed),
        "work_completed_from_previous_application_quantity": decimal_text(earlier.quantity) if unit else None,
        "work_completed_retainage_from_previous_application": decimal_text(earlier.retained),
        "materials_stored_retainage_released_this_period": "0.0",
        "materials_moved": decimal_text(earlier.materials),
        "materials_retainage_retained_moved": decimal_text(earlier.materials_retained),
        "total_completed_and_stored_to_date": decimal_text(done.completed),
        "total_completed_and_stored_to_date_percent": percent(done.completed, scheduled),
        "total_completed_and_stored_to_date_from_previous": decimal_text(earlier.completed),
        "previous_progress_id": _previous_item(state, item),
        "ssr_manual_override": False,
        "taxes": [],
    }


def _previous_item(state: State, item: Row) -> int | None:
    rows = state.rows(ITEMS, line_item_id=item["line_item_id"])
    return max((row["id"] for row in rows if row["requisition_id"] < item["requisition_id"]), default=None)


def show_detail(state: State, item: Row, number: int) -> Json:
    """A row of the continuation sheet."""
    shown = show_item(state, item)
    earlier, now = before(state, item), figures(item)
    done = earlier + now
    return {
        **shown,
        "item_number": number,
        "balance_to_finish": decimal_text(Decimal(shown["scheduled_value"]) - done.completed),
        "total_completed_and_stored_to_date_quantity": decimal_text(done.quantity)
        if shown["accounting_method"] == "unit"
        else None,
        "work_completed_retainage_currently_retained": decimal_text(done.retained - now.materials_retained),
        "materials_stored_retainage_from_previous_application": "0.0",
        "materials_stored_retainage_retained_this_period": decimal_text(now.materials_retained),
        "total_retainage_currently_retained": decimal_text(done.retained),
        "total_retainage_from_previous_application": decimal_text(earlier.retained),
    }


def show(state: State, requisition: Row, view: str | None = "extended") -> Json:
    """A requisition in a view: `extended` everything, `items` the items beside the header, others the header alone."""
    contract = state.table(CONTRACTS)[requisition["commitment_id"]]
    vendor = state.table(VENDORS).get(contract["vendor_id"] or 0, {})
    items = sorted(state.rows(ITEMS, requisition_id=requisition["id"]), key=lambda row: (row["position"], row["id"]))
    now, earlier = together(items), Figures()
    previous = _earlier(state, requisition)
    for row in previous:
        earlier += together(state.rows(ITEMS, requisition_id=row["id"]))
    revised = total(state, contract) + Decimal(contract["approved_change_orders"])
    order = contract["resource"] == "purchase_order_contracts"
    full = {
        **requisition,
        "previous_requisition_id": previous[-1]["id"] if previous else None,
        "commitment_type": "PurchaseOrderContract" if order else "WorkOrderContract",
        "contract_name": contract.get("title"),
        "deletable": deletable(state, requisition),
        "vendor_id": contract["vendor_id"],
        "vendor_name": vendor.get("name"),
        "percent_complete": percent((earlier + now).completed, revised),
        "total_claimed_amount": decimal_text(
            sum((Decimal(item["subcontractor_claimed_amount"] or 0) for item in items), ZERO)
        ),
        "move_materials_to_previous_work_completed": True,
        "currency_configuration": {"currency_iso_code": contract.get("currency_iso_code") or "USD"},
        "created_by": {"id": state.service_user_id},
    }
    if view in {"extended", "items"}:
        full["items"] = [show_item(state, item) for item in items]
    if view != "extended":
        return {name: value for name, value in full.items() if name not in _RICH or (name, view) == ("items", "items")}
    full["summary"] = _summary(state, contract, now, earlier)
    full["summary_text"] = _summary_text(state, requisition, contract, vendor)
    return full


def _earlier(state: State, requisition: Row) -> list[Row]:
    rows = state.rows(REQUISITIONS, commitment_id=requisition["commitment_id"])
    return sorted((row for row in rows if row["number"] < requisition["number"]), key=lambda row: row["number"])


def is_last(state: State, requisition: Row) -> bool:
    """Whether no later requisition of the commitment exists."""
    rows = state.rows(REQUISITIONS, commitment_id=requisition["commitment_id"])
    return all(row["number"] <= requisition["number"] for row in rows)


def deletable(state: State, requisition: Row) -> bool:
    """I3: the last one alone, while it is open; open means neither approved (inferred) nor locked by an origin id."""
    return is_last(state, requisition) and requisition["status"] not in APPROVED and not requisition["origin_id"]


def _summary(state: State, contract: Row, now: Figures, earlier: Figures) -> Json:
    """The front sheet of an application for payment. Sales tax is not billed here."""
    original, changes = total(state, contract), Decimal(contract["approved_change_orders"])
    done = earlier + now
    work_held = done.retained - now.materials_retained
    return {
        "original_contract_sum": decimal_text(original),
        "net_change_by_change_orders": decimal_text(changes),
        "contract_sum_to_date": decimal_text(original + changes),
        "total_completed_and_stored_to_date": decimal_text(done.completed),
        "completed_work_retainage_amount": decimal_text(work_held),
        "completed_work_retainage_percent": percent(work_held, done.completed - now.materials),
        "stored_materials_retainage_amount": decimal_text(now.materials_retained),
        "stored_materials_retainage_percent": percent(now.materials_retained, now.materials),
        "total_retainage": decimal_text(done.retained),
        "total_earned_less_retainage": decimal_text(done.due),
        "less_previous_certificates_for_payment": decimal_text(earlier.due),
        "tax_applicable_to_this_payment": "0.0",
        "current_payment_due": decimal_text(now.due),
        "balance_to_finish_including_retainage": decimal_text(original + changes - done.due),
        "stored_materials": decimal_text(now.materials),
        "new_materials": decimal_text(now.materials),
    }


def _summary_text(state: State, requisition: Row, contract: Row, vendor: Json) -> Json:
    project = state.table("projects")[requisition["project_id"]]
    return {
        "project_name": project["name"],
        "project_number": project.get("project_number"),
        "to_general_contractor": state.company_name,
        "requisition_period_start": requisition["requisition_start"],
        "requisition_period_end": requisition["requisition_end"],
        "subcontractor_name": vendor.get("name"),
        "subcontractor_street": vendor.get("address"),
        "subcontractor_city": vendor.get("city"),
        "subcontractor_state_code": vendor.get("state_code"),
        "subcontractor_zip": vendor.get("zip"),
        "subcontractor_country_code": vendor.get("country_code"),
        "application_number": str(requisition["number"]),
        "contract_for": contract.get("title"),
        "contract_date": contract.get("contract_date"),
    }
