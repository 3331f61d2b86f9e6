"""A posted invoice of order PO-1 as the connector shows it, all that it refers to, and Procore's lists about it."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from domain import endpoints
from domain.endpoints import costs, invoices
from domain.flow import Known
from domain.flows.budget_code_to_wbs_code import needed as needed_code
from domain.flows.posted_invoice_to_commitment_invoice import FLOW
from domain.flows.vendor_to_project_directory import needed as needed_member
from domain.states import State
from domain.values import Json
from tests.domain.flows.documents import COMPANY, ETAG
from tests.ledger_story import Lists, Passage, known

ID = "99999999-0000-0000-0000-000000000001"
LINE = "99999999-0000-0000-0000-00000000010"
MINE = f"bc:{COMPANY}:postedPurchaseInvoices:{ID}"
CONTRACTS = "purchase_order_contracts"
PROJECT, CONTRACT, INVOICE = "701", "900", "9001"
MARCH: Json = {"id": 31, "start_date": "2026-03-01", "end_date": "2026-03-31", "status": "open"}


def invoice_line(number: int = 1, **fields: Any) -> Json:
    """A line that bills line `number` of the order: two panels at 3.50."""
    return {
        "@odata.etag": ETAG,
        "id": f"{LINE}{number}",
        "documentNumber": "PPI-1",
        "lineNumber": number * 10000,
        "lineType": "Item",
        "description": f"Panels {number}",
        "quantity": Decimal(2),
        "directUnitCost": Decimal("3.50"),
        "amount": Decimal("7.00"),
        "orderNumber": "PO-1",
        "orderLineNumber": number * 10000,
        "jobNumber": "J1",
        "jobTaskNumber": "01-100",
        "segmentCode": "EAST",
        "costTypeCode": "M",
        **fields,
    }


def invoice(*lines: Json, **fields: Any) -> Json:
    """A flagged invoice of job J1, posted from order PO-1."""
    rows = list(lines or (invoice_line(1), invoice_line(2)))
    return {
        "@odata.etag": ETAG,
        "id": ID,
        "number": "PPI-1",
        "orderNumber": "PO-1",
        "vendorNumber": "V10",
        "vendorInvoiceNumber": "INV-77",
        "postingDate": "2026-03-15",
        "currencyCode": "",
        "amount": sum((Decimal(row["amount"]) for row in rows), Decimal(0)),
        "cancelled": False,
        "jobNumber": "J1",
        "sendToProcore": True,
        "postedPurchaseInvoiceLines": rows,
        **fields,
    }


def references(
    *lines: int, state: State = "synced", resource: str = CONTRACTS, first: str = ""
) -> dict[tuple[str, str], Known]:
    """Everything that the invoice refers to; these lines of the order are lines 501, 502 of its commitment."""
    member, code = needed_member("J1", "V10"), needed_code("J1", "EAST", "01-100", "M")
    found = {
        ("commitment", "PO-1"): known(resource, CONTRACT, parent=PROJECT, state=state, bc_set="purchaseOrders"),
        ("vendor", "V10"): known("vendors", "55"),
        ("project", "J1"): known("projects", PROJECT),
        (member.kind, member.key): known("project_vendors", "55", parent=PROJECT),
        (code.kind, code.key): known("wbs_codes", "801", parent=PROJECT),
        ("posted_invoice/@below", PROJECT): Known("", None),
    }
    for number in (1, 2, 3):
        link = known(f"{resource}.line_items", f"50{number}", parent=CONTRACT)
        found["commitment/purchaseOrderLines", f"PO-1|{number}0000"] = (
            link if number in (lines or (1, 2)) else Known("", None)
        )
    if first:
        found["posted_invoice/@below", PROJECT] = known(first, "8000", parent=PROJECT)
    return found


def contract(**fields: Any) -> Json:
    """The commitment as it can be billed."""
    return {"id": 900, "status": "Approved", "vendor": {"id": 55}, "accounting_method": "amount", **fields}


def draft(**fields: Any) -> Json:
    """The requisition as the hub made it."""
    return {"id": 9001, "status": "draft", "origin_data": MINE, "origin_id": None, "period_id": None, **fields}


def items(*amounts: str, **fields: Any) -> list[Json]:
    """The items of the requisition, one for each line of the commitment, with what is billed on each."""
    return [
        {"id": 600 + at, "item_type": "contract_item", "line_item_id": 500 + at, "work_completed_this_period": amount}
        | fields
        for at, amount in enumerate(amounts or ("0.0", "0.0"), 1)
    ]


def lists(
    *,
    contracts: Sequence[Json] | None = None,
    lines: Sequence[int] = (501, 502),
    periods: Sequence[Json] = (),
    requisitions: Sequence[Json] = (),
    filled: Sequence[Json] = (),
    direct_costs: Sequence[Json] = (),
    resource: str = CONTRACTS,
) -> Lists:
    """Procore's lists about the project, the commitment and its invoices."""
    return Lists(
        {
            endpoints.contracts(resource, PROJECT): [contract()] if contracts is None else contracts,
            invoices.contract_lines(resource, PROJECT, CONTRACT): [{"id": line} for line in lines],
            invoices.billing_periods(PROJECT): periods,
            invoices.requisitions(PROJECT, CONTRACT): requisitions,
            invoices.requisition_items(PROJECT, INVOICE): filled or items(),
            costs.direct_costs(PROJECT): direct_costs,
        }
    )


def passage(source: Json | None = None, **more: Any) -> Passage:
    """The invoice on its way; nothing of it stands in Procore yet."""
    given: dict[str, Any] = {"references": references(), "lists": lists(), **more}
    return Passage(FLOW, source or invoice(), **given)


def drafted(source: Json | None = None, **more: Any) -> Passage:
    """The invoice whose requisition was made just now."""
    making = passage(source, **more)
    making.carry()
    making.lists = lists(requisitions=[draft()])
    return making


def filled(*amounts: str, **more: Any) -> Passage:
    """The invoice whose items were filled; Procore shows these amounts."""
    making = drafted(**more)
    making.carry()
    making.lists = lists(requisitions=[draft()], filled=items(*(amounts or ("7.0", "7.0"))))
    return making


def finished(**more: Any) -> Passage:
    """The invoice whose requisition is approved and locked."""
    making = filled(**more)
    making.carry()
    making.lists = lists(requisitions=[draft(status="approved", origin_id=MINE)], filled=items("7.0", "7.0"))
    return making
