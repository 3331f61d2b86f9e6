"""Prime contracts, their lines, and progress billings (connector-api.md)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from adapters.sandbox.business_central.errors import must_be
from adapters.sandbox.business_central.rules.base import Rules
from adapters.sandbox.business_central.rules.projects import need_project
from adapters.sandbox.business_central.values import ZERO, plain, rounded

if TYPE_CHECKING:
    from adapters.sandbox.business_central.records import Records
    from adapters.sandbox.business_central.storage import Row

_HUNDRED = Decimal(100)


def _check_contract(records: Records, before: Row | None, row: Row) -> None:
    if before is None:
        project = need_project(records, row["projectNumber"])
        row["currencyCode"] = project["currencyCode"]
        row["customerNumber"] = row["customerNumber"] or project["billToCustomerNumber"]


def _approved_changes(records: Records, row: Row) -> Decimal:
    lines = records.database.find("primeContractLines", contractNumber=row["number"])
    return plain(sum((line["amount"] for line in lines if line["changeOrderNumber"]), ZERO))


def _revised(records: Records, row: Row) -> Decimal:
    return plain(row["originalAmount"] + _approved_changes(records, row))


def _check_billing(records: Records, before: Row | None, row: Row) -> None:
    contract = records.database.first("primeContracts", number=row["contractNumber"])
    if before is None and contract is not None:
        row["projectNumber"] = contract["projectNumber"]


def _gross(records: Records, row: Row) -> Decimal:
    lines = records.database.find("progressBillingLines", progressBillingNumber=row["number"])
    return plain(sum((line["completedThisPeriod"] + line["storedMaterials"] for line in lines), ZERO))


def _net(records: Records, row: Row) -> Decimal:
    return plain(_gross(records, row) - row["retentionAmount"])


def _post(records: Records, row: Row) -> None:
    if row["status"] not in {"Open", "Released"}:
        raise must_be("Status", "Open", "Progress Billing", f"No.='{row['number']}'", row["status"])
    number = f"PSI{len(records.database.find('progressBillings', status='Posted')) + 1:06d}"
    records.write("progressBillings", row, status="Posted", postedSalesInvoiceNumber=number)


def _to_date(records: Records, row: Row) -> Decimal:
    billing = records.database.first("progressBillings", number=row["progressBillingNumber"])
    if billing is None:
        return ZERO
    earlier = [
        it["number"]
        for it in records.database.find("progressBillings", contractNumber=billing["contractNumber"])
        if it["applicationNumber"] <= billing["applicationNumber"]
    ]
    lines = (
        line
        for number in earlier
        for line in records.database.find("progressBillingLines", progressBillingNumber=number)
        if line["contractLineNumber"] == row["contractLineNumber"]
    )
    return plain(sum((line["completedThisPeriod"] for line in lines), ZERO))


def _percent(records: Records, row: Row) -> Decimal:
    billing = records.database.first("progressBillings", number=row["progressBillingNumber"])
    if billing is None:
        return ZERO
    contract_line = records.database.first(
        "primeContractLines", contractNumber=billing["contractNumber"], lineNumber=row["contractLineNumber"]
    )
    if contract_line is None or not contract_line["amount"]:
        return ZERO
    return rounded(_to_date(records, row) * _HUNDRED / contract_line["amount"], "0.00001")


CONTRACT_RULES = {
    "primeContracts": Rules(
        check=_check_contract,
        owns=("primeContractLines",),
        flow={"approvedChangesAmount": _approved_changes, "revisedAmount": _revised},
    ),
    "progressBillings": Rules(
        check=_check_billing,
        owns=("progressBillingLines",),
        flow={"grossAmount": _gross, "netAmount": _net},
        actions={"post": _post},
    ),
    "progressBillingLines": Rules(flow={"completedToDate": _to_date, "percentComplete": _percent}),
}
