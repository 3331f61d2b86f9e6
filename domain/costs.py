"""What a document of Business Central says about the cost of a project, line by line.

Only what is meant for Procore counts, by the same flags as in the flows: planned lines that make up the budget, flagged
lines of flagged orders, posted invoices of such orders, flagged entries of the project ledger. Amounts are those
before tax and after discounts, as both systems book them on projects.

Rules   ER-40, ER-41; PP-12, PP-17, PP-22, PP-43, C-10, MA-18.
Source  Connector API projectPlanningLines, purchaseOrders, postedPurchaseInvoices, projectLedgerEntries.
"""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Literal

from msgspec import Struct

from domain import budget
from domain.commitment import flagged_lines, line_total
from domain.flows.invoice_parts import cost_lines as invoice_lines
from domain.flows.invoice_parts import job_of
from domain.values import Json, money, text

Measure = Literal["original_estimate", "approved_change", "commitment", "invoice", "journal"]
"""What an amount is about. Invoices and journals are posted: together they are the job-to-date cost."""

POSTED: frozenset[Measure] = frozenset({"invoice", "journal"})


class CostLine(Struct, frozen=True, kw_only=True):
    """One amount.

    Shape   `line` tells the lines of a document apart; `day` is the posting date as ISO writes it, empty for none
    Units   `amount` in `currency`, which is empty for the local one
    """

    line: str
    measure: Measure
    project: str
    task: str
    segment: str
    cost_type: str
    amount: Decimal
    currency: str
    day: str


def lines_of(kind: str, document: Json, *, demanded: bool) -> list[CostLine]:
    """The amounts of a document, none where its kind has no cost or it is not meant for Procore.

    `demanded` says that it counts by its project's flag.
    """
    read = _READERS.get(kind)
    return [] if read is None else list(read(document, demanded))


def _planned(row: Json, demanded: bool) -> Iterator[CostLine]:  # noqa: FBT001 - one signature for all kinds
    """A line that a change order brought is an approved change; every other one is the estimate (MA-18)."""
    if budget.counts(row, demanded):
        measure: Measure = "approved_change" if text(row, "changeOrderNumber") else "original_estimate"
        yield _line(row, measure, text(row, "projectNumber"), text(row, "taskNumber"), money(row.get("totalCost") or 0))


def _committed(order: Json, demanded: bool) -> Iterator[CostLine]:  # noqa: ARG001, FBT001 - as _planned
    if order.get("sendToProcore") is not True:
        return
    for line in flagged_lines(order):
        yield _line(
            line.source, "commitment", line.job, line.task, line_total(order, line.source), text(order, "currencyCode")
        )


def _invoiced(invoice: Json, demanded: bool) -> Iterator[CostLine]:  # noqa: ARG001, FBT001 - as _planned
    """A cancelled one was taken back by its credit memo, and the two come to nothing."""
    if invoice.get("sendToProcore") is not True or not text(invoice, "orderNumber") or invoice.get("cancelled"):
        return
    currency, day = text(invoice, "currencyCode"), text(invoice, "postingDate")
    for row in invoice_lines(invoice):
        job = job_of(invoice, row)
        if job:
            amount = money(row.get("amount") or 0)
            yield _line(row, "invoice", job, text(row, "jobTaskNumber"), amount, currency, day)


def _journal(entry: Json, demanded: bool) -> Iterator[CostLine]:  # noqa: ARG001, FBT001 - as _planned
    if entry.get("sendToProcore") is True:
        job, task, day = (text(entry, field) for field in ("jobNumber", "jobTaskNumber", "postingDate"))
        yield _line(entry, "journal", job, task, money(entry.get("amount") or 0), text(entry, "currencyCode"), day)


_READERS: Mapping[str, Callable[[Json, bool], Iterator[CostLine]]] = {
    "planning_line": _planned,
    "commitment": _committed,
    "posted_invoice": _invoiced,
    "journal_entry": _journal,
}
KINDS = frozenset(_READERS)
"""Kinds of records whose documents carry cost."""


def _line(
    row: Json, measure: Measure, project: str, task: str, amount: Decimal, currency: str | None = None, day: str = ""
) -> CostLine:
    return CostLine(
        line=text(row, "id"),
        measure=measure,
        project=project,
        task=task,
        segment=text(row, "segmentCode"),
        cost_type=text(row, "costTypeCode"),
        amount=amount,
        currency=text(row, "currencyCode") if currency is None else currency,
        day=day[:10],
    )
