"""The totals of both sample companies side by side, read from their own books and never from the hub's."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from adapters.sandbox.business_central import BusinessCentral
from adapters.sandbox.procore import Procore

Totals = dict[str, Decimal]
"""Project number -> amount, or hours."""
CONTRACTS = ("purchase_order_contracts", "work_order_contracts")


def totals(central: BusinessCentral, procore: Procore) -> list[dict[str, Any]]:
    """One row for each measure and project: what both systems say, and the difference as text."""
    books = _Books(central, procore)
    rows: list[dict[str, Any]] = []
    for measure, ours, theirs in (
        ("budget", books.planned, books.budgeted),
        ("committed", books.ordered, books.committed),
        ("change orders", books.changed, books.approved),
        ("invoiced", books.posted, books.billed),
        ("direct costs", books.journaled, books.direct),
        ("hours", books.booked, books.worked),
    ):
        here, there = ours(), theirs()
        for project in sorted(here.keys() | there.keys()):
            left, right = here.get(project, Decimal(0)), there.get(project, Decimal(0))
            if left or right:
                difference = f"{left - right:.2f}"
                rows.append(
                    {
                        "measure": measure,
                        "project": project,
                        "business_central": f"{left:.2f}",
                        "procore": f"{right:.2f}",
                        "difference": difference,
                    }
                )
    return rows


class _Books:
    def __init__(self, central: BusinessCentral, procore: Procore) -> None:
        self._rows: Callable[[str], list[dict[str, Any]]] = lambda name: list(central.tables.rows(name))
        self._procore = procore
        self._projects = {row["id"]: str(row["project_number"]) for row in procore.rows("projects")}
        jobs = self._rows("projects")
        # A job that was made from a change order lives in its parent's project of Procore.
        self._home = {row["number"]: row["parentProjectNumber"] or row["number"] for row in jobs}

    def _sum(self, rows: Iterable[tuple[str, Any]]) -> Totals:
        found: Totals = {}
        for project, amount in rows:
            found[project] = found.get(project, Decimal(0)) + Decimal(str(amount))
        return found

    # -- Business Central --------------------------------------------------------------------------

    def planned(self) -> Totals:
        """Planning lines that were carried."""
        lines = self._rows("projectPlanningLines")
        return self._sum(
            (self._home[row["projectNumber"]], row["totalCost"]) for row in lines if row["procoreBudgetLineItemId"]
        )

    def ordered(self) -> Totals:
        """Flagged lines of orders that were carried; what is posted left its order and is counted from the posting."""
        orders = {row["number"]: row for row in self._rows("purchaseOrders") if row["procoreCommitmentId"]}
        open_lines = (
            (self._home[line["jobNumber"] or orders[line["documentNumber"]]["jobNumber"]], line["lineAmount"])
            for line in self._rows("purchaseOrderLines")
            if line["documentNumber"] in orders and line["sendToProcore"]
        )
        gone = {row["orderNumber"] for row in self._invoices()} - orders.keys()
        return self._sum([*open_lines, *((job, amount) for job, amount, order in self._lines() if order in gone)])

    def _invoices(self) -> list[dict[str, Any]]:
        return [row for row in self._rows("postedPurchaseInvoices") if row["sendToProcore"] and row["procoreInvoiceId"]]

    def _lines(self) -> Iterable[tuple[str, Decimal, str]]:
        numbers = {row["number"] for row in self._invoices()}
        for line in self._rows("postedPurchaseInvoiceLines"):
            if line["documentNumber"] in numbers and line["procoreInvoiceLineId"]:
                yield self._home[line["jobNumber"]], line["amount"], line["orderNumber"]

    def posted(self) -> Totals:
        """Lines of posted invoices that were carried, without tax."""
        return self._sum((job, amount) for job, amount, _ in self._lines())

    def changed(self) -> Totals:
        """Change orders as Business Central keeps them."""
        orders = {row["number"]: row["projectNumber"] for row in self._rows("changeOrders")}
        lines = self._rows("changeOrderLines")
        return self._sum((self._home[orders[row["changeOrderNumber"]]], row["amount"]) for row in lines)

    def journaled(self) -> Totals:
        """Entries of project journals that were carried."""
        entries = self._rows("projectLedgerEntries")
        return self._sum((self._home[row["jobNumber"]], row["amount"]) for row in entries if row["procoreDirectCostId"])

    def booked(self) -> Totals:
        """Hours on crew time sheets."""
        return self._sum((self._home[row["jobNumber"]], row["hours"]) for row in self._rows("crewTimeSheetLines"))

    # -- Procore -----------------------------------------------------------------------------------

    def _there(self, table: str, amount: str) -> Totals:
        return self._sum((self._projects[row["project_id"]], row[amount] or 0) for row in self._procore.rows(table))

    def budgeted(self) -> Totals:
        """Budget lines."""
        return self._there("budget_line_items", "original_budget_amount")

    def committed(self) -> Totals:
        """Lines of commitments."""
        return self._sum(
            (self._projects[contract["project_id"]], line["amount"])
            for resource in CONTRACTS
            for contract in self._procore.rows(resource)
            for line in self._procore.rows("line_items", contract_id=contract["id"])
        )

    def approved(self) -> Totals:
        """Approved change orders of prime contracts."""
        return self._sum(
            (self._projects[package["project_id"]], line["amount"])
            for package in self._procore.rows("change_order_packages", status="approved")
            for potential in self._procore.rows("potential_change_orders", package_id=package["id"])
            for line in self._procore.rows("change_order_line_items", potential_change_order_id=potential["id"])
        )

    def billed(self) -> Totals:
        """Items of requisitions."""
        requisitions = {row["id"]: row["project_id"] for row in self._procore.rows("requisitions")}
        return self._sum(
            (self._projects[requisitions[row["requisition_id"]]], row["work_completed_this_period"] or 0)
            for row in self._procore.rows("requisition_items")
        )

    def direct(self) -> Totals:
        """Lines of direct costs."""
        return self._there("direct_cost_line_items", "amount")

    def worked(self) -> Totals:
        """Hours of timecard entries, approved or pending."""
        return self._there("timecard_entries", "hours")
