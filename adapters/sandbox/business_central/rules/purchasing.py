"""Purchase documents and their lines (connector-api.md; BC 15.9 to 15.11, 15.18; tables.md)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from adapters.sandbox.business_central.errors import must_be, must_have_value, rule
from adapters.sandbox.business_central.rules.base import Rules
from adapters.sandbox.business_central.values import BLANK, ZERO, plain, rounded

if TYPE_CHECKING:
    from adapters.sandbox.business_central.records import Records
    from adapters.sandbox.business_central.storage import Row

LINES = {"purchaseOrders": "purchaseOrderLines", "purchaseInvoices": "purchaseInvoiceLines"}
HEADERS = {lines: header for header, lines in LINES.items()}
ACCOUNT = "G_x002F_L_x0020_Account"
_PROJECT_TYPES = frozenset({ACCOUNT, "Item"})  # BC 15.9
_AFFECT_LINES = (
    "vendorNumber",
    "payToVendorNumber",
    "currencyCode",
    "pricesIncludeTax",
    "taxAreaCode",
    "taxLiable",
)
_HUNDRED = Decimal(100)


def is_comment(line: Row) -> bool:
    """A line without type carries text only."""
    return line["lineType"] == BLANK


def tax_of(records: Records, line: Row, amount: Decimal) -> Decimal:
    """Tax on an amount of a line, by the rates of the company's set-up."""
    rate = records.facts.tax_rates.get(line["taxAreaCode"], ZERO) if line["taxLiable"] else ZERO
    return rounded(amount * rate)


def header_key(row: Row) -> str:
    """Key of a document for error texts."""
    return f"No.='{row['number']}'"


def line_key(line: Row) -> str:
    """Key of a line for error texts."""
    return f"Document No.='{line['documentNumber']}',Line No.='{line['lineNumber']}'"


def lines_of(records: Records, header_set: str, header: Row) -> list[Row]:
    """The lines of a document, by number."""
    found = records.database.find(LINES[header_set], documentNumber=header["number"])
    return sorted(found, key=lambda line: line["lineNumber"])


def _initial_header(records: Records, row: Row) -> None:
    for name in ("documentDate", "postingDate", "orderDate"):
        if name in row:
            row[name] = records.today()


def _vendor(records: Records, row: Row, _old: Any) -> None:
    vendor = records.database.first("vendors", number=row["vendorNumber"])
    if vendor is None:
        return
    if vendor["blocked"] == "All":  # BC 15.11
        raise rule(f'Vendor {vendor["number"]} is blocked with All: "vendorNumber" cannot be used on documents.')
    row["vendorName"] = vendor["displayName"]
    row["payToVendorNumber"] = vendor["number"]
    for name in ("currencyCode", "paymentTermsCode", "taxAreaCode", "taxLiable"):
        row[name] = vendor[name]


def _check_header(_records: Records, before: Row | None, row: Row) -> None:
    if before is not None and row["status"] != "Open" and before["status"] == row["status"]:
        changed = [name for name in _AFFECT_LINES if before[name] != row[name]]
        if changed:  # BC 15.10
            raise must_be("Status", "Open", "Purchase Header", header_key(row), row["status"])
    if not ZERO <= row.get("retentionPercent", ZERO) <= _HUNDRED:
        raise rule('"retentionPercent" must be between 0 and 100.')


def _check_invoice(records: Records, before: Row | None, row: Row) -> None:
    _check_header(records, before, row)
    if not row["procoreInvoiceId"] or (before is not None and before["procoreInvoiceId"] == row["procoreInvoiceId"]):
        return
    for other_set in ("purchaseInvoices", "postedPurchaseInvoices"):
        other = records.database.first(other_set, procoreInvoiceId=row["procoreInvoiceId"])
        if other is not None and other["id"] != row["id"]:
            raise rule(f'"procoreInvoiceId" {row["procoreInvoiceId"]} is used by invoice {other["number"]}.')


def _complete_order(records: Records, before: Row | None, row: Row) -> None:
    """Setting the flag validates the whole order; later changes of lines do not (connector-api.md, purchaseOrders)."""
    if not row["sendToProcore"] or (before is not None and before["sendToProcore"]):
        return
    lines = lines_of(records, "purchaseOrders", row)
    flagged = [line for line in lines if line["sendToProcore"] and not is_comment(line)]
    if row["vendorNumber"] == "":
        raise must_have_value("Vendor No.", "Purchase Header", header_key(row))
    if all(is_comment(line) for line in lines):
        raise must_have_value("Purchase Line", "Purchase Header", header_key(row))
    for line in flagged:
        if row["jobNumber"] == "" and line["jobNumber"] == "":
            raise must_have_value("Job No.", "Purchase Line", line_key(line))
        for name, caption in (
            ("costTypeCode", "Cost Type"),
            ("jobTaskNumber", "Project Task No."),
            ("segmentCode", "Segment Code"),
        ):
            if line[name] == "":
                raise must_have_value(caption, "Purchase Line", line_key(line))
    if not flagged and row["jobNumber"] == "":
        raise must_have_value("Job No.", "Purchase Header", header_key(row))


def _header(records: Records, line: Row) -> tuple[str, Row] | None:
    header_set = "purchaseInvoices" if "procoreInvoiceLineId" in line else "purchaseOrders"
    header = records.database.first(header_set, number=line["documentNumber"])
    return None if header is None else (header_set, header)


def _initial_line(records: Records, row: Row) -> None:
    _from_header(records, row)


def _from_header(records: Records, row: Row) -> None:
    found = _header(records, row)
    if found is not None:
        row["taxAreaCode"] = found[1]["taxAreaCode"]
        row["taxLiable"] = found[1]["taxLiable"]


def _line_type(records: Records, row: Row, _old: Any) -> None:
    # Type re-initialises the whole line; only keys and type survive (tables.md, Purchase Line).
    row.update(description="", description2="", number="", jobNumber="", jobTaskNumber="", segmentCode="")
    row.update(jobLineType=BLANK, costTypeCode="", lineDiscountPercent=ZERO, taxGroupCode="")
    _line_number(records, row, "")
    _from_header(records, row)
    found = _header(records, row)
    if found is not None and row["lineType"] in _PROJECT_TYPES:
        row["jobNumber"] = found[1]["jobNumber"]  # default for new lines (connector-api.md)


def _line_number(_records: Records, row: Row, _old: Any) -> None:
    row.update(unitOfMeasureCode="", quantity=ZERO, directUnitCost=ZERO, lineAmount=ZERO)
    row.update(quantityToReceive=ZERO, quantityToInvoice=ZERO)


def _quantity(_records: Records, row: Row, _old: Any) -> None:
    received, invoiced = row.get("quantityReceived", ZERO), row.get("quantityInvoiced", ZERO)
    if abs(row["quantity"]) < abs(received) or row["quantity"] * received < 0:
        raise rule('"quantity" must not be less than what was received.')
    row["quantityToReceive"] = plain(row["quantity"] - received)
    row["quantityToInvoice"] = plain(row["quantity"] - invoiced)
    _line_total(_records, row, None)


def _line_total(_records: Records, row: Row, _old: Any) -> None:
    gross = rounded(row["quantity"] * row["directUnitCost"])
    row["lineAmount"] = rounded(gross - rounded(gross * row["lineDiscountPercent"] / _HUNDRED))  # BC 15.18


def _line_amount(_records: Records, row: Row, _old: Any) -> None:
    gross = rounded(row["quantity"] * row["directUnitCost"])
    if gross:
        row["lineDiscountPercent"] = rounded((gross - row["lineAmount"]) * _HUNDRED / gross, "0.00001")


def _line_job(records: Records, row: Row, _old: Any) -> None:
    row["jobTaskNumber"] = ""  # BC 15.9
    project = records.database.first("projects", number=row["jobNumber"])
    if project is not None and project["blocked"] != BLANK:  # BC 15.11
        raise rule(f'Project {project["number"]} is blocked: "jobNumber" cannot be used.')


def _line_task(_records: Records, row: Row, _old: Any) -> None:
    if row["jobTaskNumber"] == "":
        row["jobLineType"] = BLANK


def _check_line(records: Records, before: Row | None, row: Row) -> None:
    _need_open(records, before, row)
    if is_comment(row):
        if row["quantity"] or row["directUnitCost"] or row["number"]:
            raise must_have_value("Type", "Purchase Line", line_key(row))
        row["jobNumber"] = row["jobTaskNumber"] = ""
    if row["jobNumber"] and row["lineType"] not in _PROJECT_TYPES:
        raise rule('"lineType" must be G/L Account or Item when "jobNumber" is filled.')
    if before is not None and before.get("quantityReceived"):
        for name in ("jobNumber", "jobTaskNumber", "jobLineType"):
            if before[name] != row[name]:
                raise rule(f'"{name}" cannot be changed once something was received.')
    _check_to_invoice(row)
    # Tax is taken off the other way round when prices include it; the stand-in's company buys without.
    row["amount"] = row["lineAmount"]
    if "outstandingAmount" in row:
        open_quantity = row["quantity"] - row["quantityReceived"]
        part = rounded(row["amount"] * open_quantity / row["quantity"]) if row["quantity"] else ZERO
        row["outstandingAmount"] = plain(part + tax_of(records, row, part))


def _check_to_invoice(row: Row) -> None:
    if "quantityReceived" not in row:
        return
    limit = row["quantityReceived"] - row["quantityInvoiced"] + row["quantityToReceive"]
    if abs(row["quantityToInvoice"]) > abs(limit):
        raise rule('"quantityToInvoice" must not be more than received, minus invoiced, plus to receive.')


def _need_open(records: Records, before: Row | None, row: Row) -> None:
    """Lines change only while the document is open, except their fields that begin with procore (BC 15.10)."""
    found = _header(records, row)
    if found is None or found[1]["status"] == "Open":
        return
    if before is not None and all(before[it] == row[it] for it in row if not it.startswith("procore")):
        return
    raise must_be("Status", "Open", "Purchase Header", header_key(found[1]), found[1]["status"])


def _deleting_line(records: Records, row: Row) -> None:
    _need_open(records, None, row)
    if row.get("quantityReceived", ZERO) != row.get("quantityInvoiced", ZERO):
        raise rule(f"You cannot delete line {row['lineNumber']}: what was received is not invoiced yet.")


def _deleting_header(records: Records, row: Row) -> None:
    for line in lines_of(records, "purchaseOrders", row):
        if line["quantityReceived"] != line["quantityInvoiced"]:
            raise rule(f"You cannot delete order {row['number']}: what was received is not invoiced yet.")


def _release(header_set: str, records: Records, row: Row) -> None:
    if row["status"] == "Released":
        return
    if row["status"] != "Open":
        raise must_be("Status", "Open", "Purchase Header", header_key(row), row["status"])
    if not any(line["quantity"] for line in lines_of(records, header_set, row)):
        raise rule(f"There is nothing to release for document {row['number']}.")
    records.write(header_set, row, status="Released")


def _reopen(header_set: str, records: Records, row: Row) -> None:
    if row["status"] == "Open":
        return
    if row["status"] != "Released":
        raise must_be("Status", "Released", "Purchase Header", header_key(row), row["status"])
    records.write(header_set, row, status="Open")


def release_order(records: Records, row: Row) -> None:
    """Open to Released."""
    _release("purchaseOrders", records, row)


def reopen_order(records: Records, row: Row) -> None:
    """Released to Open."""
    _reopen("purchaseOrders", records, row)


def release_invoice(records: Records, row: Row) -> None:
    """Open to Released."""
    _release("purchaseInvoices", records, row)


def reopen_invoice(records: Records, row: Row) -> None:
    """Released to Open."""
    _reopen("purchaseInvoices", records, row)


def order_amount(records: Records, row: Row) -> Decimal:
    """Sum of the lines without tax."""
    return plain(sum((line["amount"] for line in lines_of(records, "purchaseOrders", row)), ZERO))


def _order_amount_with_tax(records: Records, row: Row) -> Decimal:
    lines = lines_of(records, "purchaseOrders", row)
    return plain(sum((line["amount"] + tax_of(records, line, line["amount"]) for line in lines), ZERO))


def _completely_received(records: Records, row: Row) -> bool:
    lines = [line for line in lines_of(records, "purchaseOrders", row) if not is_comment(line)]
    return bool(lines) and all(line["quantityReceived"] == line["quantity"] for line in lines)


def _invoice_amount(records: Records, row: Row) -> Decimal:
    return plain(sum((line["amount"] for line in lines_of(records, "purchaseInvoices", row)), ZERO))


def _invoice_amount_with_tax(records: Records, row: Row) -> Decimal:
    lines = lines_of(records, "purchaseInvoices", row)
    return plain(sum((line["amount"] + tax_of(records, line, line["amount"]) for line in lines), ZERO))


_LINE_RULES = Rules(
    initial=_initial_line,
    validate={
        "lineType": _line_type,
        "number": _line_number,
        "quantity": _quantity,
        "directUnitCost": _line_total,
        "lineDiscountPercent": _line_total,
        "lineAmount": _line_amount,
        "jobNumber": _line_job,
        "jobTaskNumber": _line_task,
    },
    check=_check_line,
    deleting=_deleting_line,
)

PURCHASE_RULES = {
    "purchaseOrders": Rules(
        initial=_initial_header,
        validate={"vendorNumber": _vendor},
        check=_check_header,
        complete=_complete_order,
        deleting=_deleting_header,
        owns=("purchaseOrderLines",),
        flow={
            "amount": order_amount,
            "amountIncludingTax": _order_amount_with_tax,
            "completelyReceived": _completely_received,
        },
        actions={"release": release_order, "reopen": reopen_order},
    ),
    "purchaseOrderLines": _LINE_RULES,
    "purchaseInvoices": Rules(
        initial=_initial_header,
        validate={"vendorNumber": _vendor},
        check=_check_invoice,
        owns=("purchaseInvoiceLines",),
        flow={"amount": _invoice_amount, "amountIncludingTax": _invoice_amount_with_tax},
        actions={"release": release_invoice, "reopen": reopen_invoice},
    ),
    "purchaseInvoiceLines": _LINE_RULES,
}
