"""Set-up, accounting periods, people and vendors: computed fields and the few rules of master data."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from adapters.sandbox.business_central.errors import must_be, rule
from adapters.sandbox.business_central.rules.base import Rules
from adapters.sandbox.business_central.values import ZERO, plain

if TYPE_CHECKING:
    from adapters.sandbox.business_central.records import Records
    from adapters.sandbox.business_central.storage import Row

_LAST_DAY = "9999-12-31"


def period_of(records: Records, day: str) -> Row | None:
    """The accounting period of a day; a day before the first period is in none (tables.md, Accounting Period)."""
    started = [it for it in records.database.all("accountingPeriods") if it["startingDate"] <= day]
    return max(started, key=lambda it: it["startingDate"], default=None)


def need_posting_date(records: Records, day: str) -> None:
    """Refuse a posting date outside the allowed range; blank bounds are open (BC 15.15)."""
    setup = records.setup()
    lowest, highest = setup["allowPostingFrom"], setup["allowPostingTo"]
    if day < lowest or (highest > lowest and day > highest):
        raise rule(f'"postingDate" {day} is not within your range of allowed posting dates.')


def _minimum_active(records: Records, _row: Row) -> int:
    return records.database.minimum_active_version


def _ending_date(records: Records, row: Row) -> str:
    # Only starting dates are stored (BC 15.16).
    later = [it["startingDate"] for it in records.database.all("accountingPeriods")]
    following = min((it for it in later if it > row["startingDate"]), default=None)
    return _LAST_DAY if following is None else (date.fromisoformat(following) - timedelta(days=1)).isoformat()


def _full_name(_records: Records, row: Row) -> str:
    return " ".join(it for it in (row["givenName"], row["middleName"], row["surname"]) if it)


def _employee_of(records: Records, resource: Row) -> Row | None:
    return records.database.first("employees", resourceNumber=resource["number"])


def _employee_number(records: Records, row: Row) -> str:
    employee = _employee_of(records, row)
    return employee["number"] if employee else ""


def _employee_email(records: Records, row: Row) -> str:
    employee = _employee_of(records, row)
    return employee["email"] if employee else ""


def _is_person(records: Records, row: Row, _old: Any) -> None:
    resource = records.database.first("resources", number=row["resourceNumber"])
    if resource is not None and resource["type"] != "Person":
        raise must_be("Type", "Person", "Resource", f"No.='{resource['number']}'", resource["type"])


def _vendor_balance(records: Records, row: Row) -> Decimal:
    invoices = records.database.find("postedPurchaseInvoices", vendorNumber=row["number"])
    lines = (
        line
        for invoice in invoices
        for line in records.database.find("postedPurchaseInvoiceLines", documentNumber=invoice["number"])
    )
    billed = sum((line["amountIncludingTax"] for line in lines), ZERO)
    payments = records.database.find("vendorPayments", vendorNumber=row["number"])
    return plain(billed - sum((it["amount"] + it["discountAmount"] for it in payments), ZERO))


def _deleting_vendor(records: Records, row: Row) -> None:
    for name in ("purchaseOrders", "purchaseInvoices", "postedPurchaseInvoices"):
        if records.database.find(name, vendorNumber=row["number"]):
            raise rule(f"You cannot delete vendor {row['number']} because documents exist.")


def _deleting_customer(records: Records, row: Row) -> None:
    if records.database.find("projects", billToCustomerNumber=row["number"]):
        raise rule(f"You cannot delete customer {row['number']} because projects exist.")


COMPANY_RULES = {
    "connectorSetups": Rules(flow={"minimumActiveRowVersion": _minimum_active}),
    "accountingPeriods": Rules(flow={"endingDate": _ending_date}),
    "employees": Rules(validate={"resourceNumber": _is_person}, flow={"displayName": _full_name}),
    "resources": Rules(flow={"employeeNumber": _employee_number, "email": _employee_email}),
    "vendors": Rules(deleting=_deleting_vendor, flow={"balance": _vendor_balance}),
    "customers": Rules(deleting=_deleting_customer),
}
