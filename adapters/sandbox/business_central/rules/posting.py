"""Posting of orders, draft invoices and journals, and what posted invoices show (BC 9.4 to 9.8, 15.6 to 15.14)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from adapters.sandbox.business_central.errors import must_be, must_have_value, rule
from adapters.sandbox.business_central.rules.base import Rules
from adapters.sandbox.business_central.rules.company import need_posting_date
from adapters.sandbox.business_central.rules.projects import need_posting_task, need_project
from adapters.sandbox.business_central.rules.purchasing import (
    header_key,
    is_comment,
    line_key,
    lines_of,
    release_invoice,
    release_order,
    tax_of,
)
from adapters.sandbox.business_central.schema import connector
from adapters.sandbox.business_central.values import BLANK, ZERO, plain, rounded

if TYPE_CHECKING:
    from adapters.sandbox.business_central.records import Records
    from adapters.sandbox.business_central.storage import Row

NOT_BUDGET = "Only Journal Lines with Entry Type = 'Budget' are eligible for Procore Direct Cost synchronization."
_HEADER_FIELDS = (
    "vendorNumber",
    "vendorName",
    "payToVendorNumber",
    "vendorInvoiceNumber",
    "postingDate",
    "documentDate",
    "currencyCode",
    "jobNumber",
)
_LINE_FIELDS = (
    "lineNumber",
    "lineType",
    "number",
    "description",
    "unitOfMeasureCode",
    "directUnitCost",
    "jobNumber",
    "jobTaskNumber",
    "jobLineType",
    "segmentCode",
    "costTypeCode",
)
_ENTRY_TYPE = {"Item": "Item", "Resource": "Resource"}
_GL = "G/L Account"


def receive_and_invoice(records: Records, order: Row) -> str:
    """Post what the lines have to receive and to invoice; a fully invoiced order is deleted (BC 9.5)."""
    release_order(records, order)
    _check_document(records, order)
    lines = [line for line in lines_of(records, "purchaseOrders", order) if not is_comment(line)]
    billed = [line for line in lines if line["quantityToInvoice"]]
    if not billed:
        raise rule(f"There is nothing to post for order {order['number']}.")
    invoice = _post_header(
        records, order, orderNumber=order["number"], procoreCommitmentId=order["procoreCommitmentId"]
    )
    for line in lines_of(records, "purchaseOrders", order):
        if is_comment(line) or line in billed:
            _post_line(records, invoice, line, line["quantityToInvoice"], order["number"], line["lineNumber"])
    for line in lines:
        _move_quantities(records, line)
    left = [line for line in lines_of(records, "purchaseOrders", order) if line["quantityInvoiced"] != line["quantity"]]
    if left:
        records.write("purchaseOrders", order, lastPostedInvoiceNumber=invoice["number"], vendorInvoiceNumber="")
    else:
        replaced = ("postedPurchaseInvoices", invoice["number"])
        records.remove(connector()["purchaseOrders"], order["id"], replaced_by=replaced)
    return f"postedPurchaseInvoices({invoice['id']})"


def post_invoice(records: Records, draft: Row) -> None:
    """Post a draft; it is gone, and the posted invoice keeps its id (BC 9.4; connector-api.md)."""
    release_invoice(records, draft)
    _check_document(records, draft)
    lines = lines_of(records, "purchaseInvoices", draft)
    invoice = _post_header(
        records,
        draft,
        draftInvoiceId=draft["id"],
        preAssignedNumber=draft["number"],
        dueDate=draft["dueDate"],
        procoreInvoiceId=draft["procoreInvoiceId"],
    )
    for line in lines:
        _post_line(records, invoice, line, line["quantity"], line["orderNumber"], line["orderLineNumber"])
    replaced = ("postedPurchaseInvoices", invoice["number"])
    records.remove(connector()["purchaseInvoices"], draft["id"], replaced_by=replaced)


def pay(records: Records, invoice_number: str, amount: Decimal, *, check_number: str = "") -> dict[str, Any]:
    """Apply a payment to a posted invoice, as the payment journal does; a negative one un-applies (BC 15.20)."""
    invoice = records.database.first("postedPurchaseInvoices", number=invoice_number)
    if invoice is None:
        raise rule(f"The posted invoice {invoice_number} does not exist.")
    number = f"PAY{len(records.database.all('vendorPayments')) + 1:06d}"
    return records.insert(
        "vendorPayments",
        vendorNumber=invoice["payToVendorNumber"],
        postingDate=records.today(),
        paymentDocumentNumber=number,
        paymentExternalDocumentNumber=check_number,
        paymentMethodCode="CHECK",
        paymentDate=records.today(),
        invoiceNumber=invoice_number,
        invoiceId=invoice["id"],
        vendorInvoiceNumber=invoice["vendorInvoiceNumber"],
        currencyCode=invoice["currencyCode"],
        amount=amount,
        amountLCY=amount,
        unapplied=amount < 0,
    )


def cancel(records: Records, invoice_number: str) -> None:
    """Take a posted invoice back by a corrective credit memo (BC 15.14), which no set of the connector shows.

    The header is not modified: what shows it is a FlowField (tables.md, Purch. Inv. Header). What else it does to the
    order is not documented; here the order stays as it is.
    """
    invoice = records.database.first("postedPurchaseInvoices", number=invoice_number)
    if invoice is None:
        raise rule(f"The posted invoice {invoice_number} does not exist.")
    if invoice["id"] in records.facts.cancelled:
        raise rule(f"The posted invoice {invoice_number} is cancelled already.")
    if records.database.find("vendorPayments", invoiceNumber=invoice_number):
        raise rule(f"The posted invoice {invoice_number} is applied to a payment and cannot be cancelled.")
    records.facts.cancelled.add(invoice["id"])


def _check_document(records: Records, document: Row) -> None:
    need_posting_date(records, document["postingDate"])
    if records.setup()["externalDocumentNumberMandatory"] and not document["vendorInvoiceNumber"]:  # BC 15.12
        raise must_have_value("Vendor Invoice No.", "Purchase Header", header_key(document))
    pair = {"vendorNumber": document["vendorNumber"], "vendorInvoiceNumber": document["vendorInvoiceNumber"]}
    if document["vendorInvoiceNumber"] and records.database.find("postedPurchaseInvoices", **pair):
        raise rule(f'"vendorInvoiceNumber" {document["vendorInvoiceNumber"]} already exists for this vendor.')
    header_set = "purchaseInvoices" if "procoreInvoiceId" in document else "purchaseOrders"
    for line in lines_of(records, header_set, document):
        if line["jobNumber"] and not line["jobTaskNumber"]:  # BC 15.9
            raise must_have_value("Project Task No.", "Purchase Line", line_key(line))


def _post_header(records: Records, document: Row, **more: Any) -> dict[str, Any]:
    fields = {name: document[name] for name in _HEADER_FIELDS} | {"sendToProcore": document.get("sendToProcore", False)}
    return records.insert("postedPurchaseInvoices", **{**fields, "dueDate": document["documentDate"], **more})


def _post_line(
    records: Records, invoice: Row, line: Row, quantity: Decimal, order_number: str, order_line: int
) -> None:
    amount = rounded(line["amount"] * quantity / line["quantity"]) if line["quantity"] else ZERO
    gross = rounded(quantity * line["directUnitCost"])
    records.insert(
        "postedPurchaseInvoiceLines",
        documentNumber=invoice["number"],
        quantity=quantity,
        amount=amount,
        amountIncludingTax=amount + tax_of(records, line, amount),
        lineDiscountAmount=gross - amount,
        orderNumber=order_number,
        orderLineNumber=order_line,
        **{name: line[name] for name in _LINE_FIELDS},
    )
    if line["jobNumber"] and quantity:  # purchases on projects create Usage entries (BC 15.8)
        _enter(
            records,
            line,
            entryType="Usage",
            postingDate=invoice["postingDate"],
            documentDate=invoice["documentDate"],
            documentNumber=invoice["number"],
            externalDocumentNumber=invoice["vendorInvoiceNumber"],
            type="Item" if line["lineType"] == "Item" else _GL,
            quantity=quantity,
            unitCost=line["directUnitCost"],
            amount=amount,
            ledgerEntryType=_ENTRY_TYPE.get(line["lineType"], _GL),
            sourceCode="PURCHASES",
        )


def _enter(records: Records, line: Row, **fields: Any) -> None:
    project = need_project(records, line["jobNumber"])
    shared = ("jobNumber", "jobTaskNumber", "segmentCode", "costTypeCode", "number", "description", "unitOfMeasureCode")
    records.insert(
        "projectLedgerEntries",
        currencyCode=project["currencyCode"],
        amountLCY=fields["amount"],
        **{name: line[name] for name in shared},
        **fields,
    )


def _move_quantities(records: Records, line: Row) -> None:
    received = plain(line["quantityReceived"] + line["quantityToReceive"])
    invoiced = plain(line["quantityInvoiced"] + line["quantityToInvoice"])
    part = rounded(line["amount"] * (line["quantity"] - received) / line["quantity"]) if line["quantity"] else ZERO
    records.write(
        "purchaseOrderLines",
        line,
        quantityReceived=received,
        quantityInvoiced=invoiced,
        quantityToReceive=plain(line["quantity"] - received),
        quantityToInvoice=plain(line["quantity"] - invoiced),
        outstandingAmount=plain(part + tax_of(records, line, part)),
    )


def _post_journal(records: Records, batch: Row) -> None:
    """All lines in one transaction; on error nothing is posted (connector-api.md, projectJournalBatches)."""
    lines = records.children(connector()["projectJournalBatches"], batch, "projectJournalLines")
    if not lines:
        raise rule(f"There is nothing to post in batch {batch['name']}.")
    for line in lines:
        _check_journal_line(records, line)
    for line in lines:
        shared = ("entryType", "lineType", "postingDate", "documentDate", "documentNumber", "externalDocumentNumber")
        _enter(
            records,
            line,
            **{name: line[name] for name in (*shared, "type", "quantity", "unitCost", "amount", "sendToProcore")},
            sourceCode="PROJJNL",
        )
        records.remove(connector()["projectJournalLines"], line["id"], replaced_by=("projectLedgerEntries", ""))


def _check_journal_line(records: Records, line: Row) -> None:
    name = f"line {line['lineNumber']}"
    if line["sendToProcore"] and line["entryType"] != "Budget":
        raise rule(f"{NOT_BUDGET} ({name})")
    if not line["quantity"]:
        raise must_have_value("Quantity", "Project Journal Line", name)
    project = need_project(records, line["jobNumber"])
    if project["status"] != "Open":  # BC 15.6
        raise must_be("Status", "Open", "Project", f"No.='{project['number']}'", project["status"])
    if project["blocked"] != BLANK:  # BC 15.11
        raise rule(f'Project {project["number"]} is blocked: {name} cannot be posted ("jobNumber").')
    need_posting_task(records, line["jobNumber"], line["jobTaskNumber"])
    need_posting_date(records, line["postingDate"])


def _check_journal_entry(records: Records, before: Row | None, row: Row) -> None:
    project = need_project(records, row["jobNumber"])
    if project["billToCustomerNumber"] == "":  # BC 15.1
        raise must_have_value("Bill-to Customer No.", "Project", f"No.='{project['number']}'")
    need_posting_task(records, row["jobNumber"], row["jobTaskNumber"])  # BC 15.2
    if not row["quantity"]:
        raise must_have_value("Quantity", "Project Journal Line", f"Line No.='{row['lineNumber']}'")
    if before is None and row["documentNumber"] == "":
        row["documentNumber"] = row["jobNumber"]
    row["amount"] = rounded(row["quantity"] * row["unitCost"])


def _posted_lines(records: Records, invoice: Row) -> list[Row]:
    return records.database.find("postedPurchaseInvoiceLines", documentNumber=invoice["number"])


def _posted_amount(records: Records, row: Row) -> Decimal:
    return plain(sum((line["amount"] for line in _posted_lines(records, row)), ZERO))


def _posted_with_tax(records: Records, row: Row) -> Decimal:
    return plain(sum((line["amountIncludingTax"] for line in _posted_lines(records, row)), ZERO))


def _cancelled(records: Records, row: Row) -> bool:
    return row["id"] in records.facts.cancelled


def _remaining(records: Records, row: Row) -> Decimal:
    if _cancelled(records, row):
        return ZERO
    payments = records.database.find("vendorPayments", invoiceNumber=row["number"])
    return plain(_posted_with_tax(records, row) - sum((it["amount"] + it["discountAmount"] for it in payments), ZERO))


def _closed(records: Records, row: Row) -> bool:
    return _remaining(records, row) == 0


def _posted_status(records: Records, row: Row) -> str:
    if _cancelled(records, row):
        return "Canceled"
    return "Paid" if _closed(records, row) else "Open"


def _invoice_of(records: Records, payment: Row) -> Row | None:
    return records.database.first("postedPurchaseInvoices", number=payment["invoiceNumber"])


def _payment_remaining(records: Records, row: Row) -> Decimal:
    invoice = _invoice_of(records, row)
    return ZERO if invoice is None else _remaining(records, invoice)


def _payment_closed(records: Records, row: Row) -> bool:
    invoice = _invoice_of(records, row)
    return invoice is not None and _closed(records, invoice)


POSTING_RULES = {
    "postedPurchaseInvoices": Rules(
        flow={
            "amount": _posted_amount,
            "amountIncludingTax": _posted_with_tax,
            "remainingAmount": _remaining,
            "closed": _closed,
            "status": _posted_status,
            "cancelled": _cancelled,
        },
    ),
    "vendorPayments": Rules(
        flow={"invoiceRemainingAmount": _payment_remaining, "invoiceClosed": _payment_closed},
    ),
    "projectJournalBatches": Rules(owns=("projectJournalLines",), actions={"post": _post_journal}),
    "projectJournalLines": Rules(check=_check_journal_entry),
}
