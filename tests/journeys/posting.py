"""Hands that post orders, for journeys about posted invoices, and what then stands in Procore."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from adapters.sandbox.business_central.rules.posting import cancel
from tests.journeys.harness import World, line

FLOW = "posted-invoice-to-commitment-invoice"


def stage(it: World, *costs: str, release: bool = True, **order: Any) -> None:
    """One project and a flagged order PO1 with a line for each cost, two pieces each."""
    it.basics()
    it.project("JOB1", tasks=("01-100", "03-300"), segments=("SITE",))
    rows = [line("01-100", "SITE", "M", "2", cost) for cost in costs or ("10.00", "20.00")]
    it.order("PO1", "JOB1", rows, release=release, **order)


def post(it: World, number: str = "PO1", to_invoice: Mapping[int, str] | None = None, **fields: Any) -> dict[str, Any]:
    """An accountant posts an order, all that is left of it or these quantities by line number; the posted invoice."""
    order = it.row("purchaseOrders", number=number)
    known = {row["id"] for row in it.bc.tables.rows("postedPurchaseInvoices")}
    given = {"vendorInvoiceNumber": f"INV-{len(known) + 1}", **fields}
    if to_invoice is not None and order["status"] == "Released":
        it.reopen(number)  # who wants to change lines opens the order first; posting releases it again
    it.update("purchaseOrders", {"number": number}, **given)
    for row in it.bc.tables.rows("purchaseOrderLines"):
        if to_invoice is not None and row["documentNumber"] == number:
            quantity = Decimal(to_invoice.get(row["lineNumber"], "0"))
            fields_of_line = {"quantityToReceive": quantity, "quantityToInvoice": quantity}
            it.bc.tables.update("purchaseOrderLines", row["id"], **fields_of_line)
    it.bc.tables.act("purchaseOrders", order["id"], "receiveAndInvoice")
    return next(row for row in it.bc.tables.rows("postedPurchaseInvoices") if row["id"] not in known)


def cancelled(it: World, number: str) -> None:
    """An accountant cancels a posted invoice."""
    cancel(it.bc.tables, number)


def requisitions(it: World, **equal: Any) -> list[dict[str, Any]]:
    """Invoices of commitments in Procore, in the order in which they were made."""
    return sorted(it.procore.rows("requisitions", **equal), key=lambda row: row["id"])


def billed(it: World, requisition: Mapping[str, Any]) -> list[Decimal]:
    """What a requisition bills, line by line."""
    rows = it.procore.rows("requisition_items", requisition_id=requisition["id"])
    return [Decimal(row["work_completed_this_period"]) for row in sorted(rows, key=lambda row: row["position"])]


def origin(it: World, invoice: Mapping[str, Any], end: str = "") -> str:
    """The origin id of the record that carries a posted invoice."""
    return f"bc:{it.bc.company_id}:postedPurchaseInvoices:{invoice['id']}{end}"


def to_invoices(it: World, since: int = 0) -> list[Any]:
    """Writes to requisitions and direct costs."""
    return [entry for entry in it.writes(since=since) if "requisitions" in entry.path or "direct_costs" in entry.path]
