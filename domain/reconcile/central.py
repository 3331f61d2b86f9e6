"""What Business Central says that projects come to: its documents, line by line, as a reconciliation reads them.

Taken from the fields of the connector API alone, without a look at what the hub keeps. Amounts are those before tax and
after discounts. What a cancelled document held counts nothing: its correction takes it back (PP-41).

Source  Connector API projectPlanningLines, purchaseOrders, postedPurchaseInvoices, projectLedgerEntries, changeOrders.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from msgspec import Struct

from domain import budget
from domain.commitment import is_comment, line_total
from domain.reconcile import ZERO, Cell, Column, Entry, Held, moment
from domain.values import Json, enum_text, money, text

PURCHASES = "PURCHASES"
"""Source code of entries that a purchase posting left; the posted invoice itself is what counts (connector API)."""


class Document(Struct, frozen=True, kw_only=True):
    """One document of Business Central.

    id       its immutable id; `number` is what people call it
    version  the newest row version of it and of its lines, `changed` the moment of its last change
    stands_for  key of the change order of Procore that it says to be, else empty
    why      the rule by which a flow would not even look at it, empty where one would
    lines    amounts that may go, by line; `held` those that a rule of the line leaves out
    """

    column: Column
    kind: str
    id: str
    number: str
    version: int
    why: str = ""
    lines: Sequence[Entry] = ()
    held: Sequence[Held] = ()
    cancelled: bool = False
    job: str = ""
    changed: datetime | None = None
    stands_for: str = ""


class Homes(Struct, frozen=True):
    """Job -> the project that its money stands in: its own, or the one whose Procore project it shares (C-03).

    `called` are jobs that bring in all their planning lines; `currency` is the company's own.
    """

    projects: Mapping[str, str]
    currency: str
    called: frozenset[str] = frozenset()
    start: date = date.min

    def cell(self, job: str, row: Json, task: str = "jobTaskNumber", currency: str = "") -> Cell | None:
        """Where an amount of a row stands; None where its job is none of these."""
        project = self.projects.get(job)
        if project is None:
            return None
        return Cell(
            project=project,
            cost_code=text(row, task).upper(),
            cost_type=text(row, "costTypeCode").upper(),
            segment=text(row, "segmentCode").upper(),
            currency=currency or self.currency,
        )


def planning_line(row: Json, homes: Homes) -> Document | None:
    """A line of the original budget; None for one of a change order, and for one that is no cost (MA-18, PP-17)."""
    job = text(row, "projectNumber")
    cell = homes.cell(job, row, "taskNumber", text(row, "currencyCode"))
    if cell is None or text(row, "changeOrderNumber") or not budget.is_cost(row):
        return None
    entry = Entry(cell, money(row.get("totalCost") or 0), text(row, "id"))
    return Document(
        column="original_budget",
        kind="planning_line",
        id=text(row, "id"),
        number=budget.number_of(row),
        version=_version(row),
        why="" if budget.counts(row, job in homes.called) else "it is not flagged, and its project sends no budget",
        lines=(entry,),
        job=job,
    )


def order(row: Json, homes: Homes) -> Document:
    """An order with the lines of these projects; comments carry no cost."""
    entries: list[Entry] = []
    held: list[Held] = []
    lines: Sequence[Json] = row.get("purchaseOrderLines") or ()
    for line in lines:
        job = text(line, "jobNumber") or text(row, "jobNumber")
        cell = homes.cell(job, line, currency=text(row, "currencyCode"))
        if cell is None or is_comment(line):
            continue
        if line.get("sendToProcore") is True:
            entries.append(Entry(cell, line_total(row, line), text(line, "id")))
        else:
            held.append(Held(cell, line_total(row, line), f"line {line.get('lineNumber')} is not flagged"))
    return Document(
        column="committed",
        kind="commitment",
        id=text(row, "id"),
        number=text(row, "number"),
        version=_version(row, *lines),
        why="" if row.get("sendToProcore") is True else "the order is not flagged",
        lines=entries,
        held=held,
        job=text(row, "jobNumber"),
    )


def invoice(row: Json, homes: Homes, *, whole: bool = False) -> Document:
    """A posted invoice; a cancelled one comes to nothing, unless the `whole` of it is asked for."""
    entries: list[Entry] = []
    lines: Sequence[Json] = row.get("postedPurchaseInvoiceLines") or ()
    cancelled = row.get("cancelled") is True
    for line in lines:
        job = text(line, "jobNumber") or text(row, "jobNumber")
        cell = homes.cell(job, line, currency=text(row, "currencyCode"))
        if cell is None or is_comment(line):
            continue
        amount = money(line.get("amount") or 0) if whole or not cancelled else ZERO
        entries.append(Entry(cell, amount, text(line, "id")))
    return Document(
        column="invoiced",
        kind="posted_invoice",
        id=text(row, "id"),
        number=text(row, "number"),
        version=_version(row, *lines),
        why=_no_invoice(row) or _too_old(row, homes),
        lines=entries,
        cancelled=cancelled,
        job=text(row, "jobNumber"),
    )


def _no_invoice(row: Json) -> str:
    if not text(row, "orderNumber"):
        return "it was posted from no order"
    return "" if row.get("sendToProcore") is True else "it was not flagged when it was posted"


def entry(row: Json, homes: Homes) -> Document | None:
    """A cost of the project journal; None for what a purchase posting left, and for sales."""
    cell = homes.cell(text(row, "jobNumber"), row, currency=text(row, "currencyCode"))
    if cell is None or text(row, "sourceCode").upper() == PURCHASES or enum_text(text(row, "entryType")) == "Sale":
        return None
    return Document(
        column="direct_cost",
        kind="journal_entry",
        id=text(row, "id"),
        number=text(row, "entryNumber"),
        version=_version(row),
        why=("" if row.get("sendToProcore") is True else "the entry is not flagged") or _too_old(row, homes),
        lines=(Entry(cell, money(row.get("amount") or 0), text(row, "id")),),
        job=text(row, "jobNumber"),
    )


def change_order(row: Json, homes: Homes) -> Document:
    """A change order; one that was cancelled comes to nothing."""
    entries: list[Entry] = []
    lines: Sequence[Json] = row.get("changeOrderLines") or ()
    cancelled = enum_text(text(row, "status")) == "Canceled"
    side = "commitment" if enum_text(text(row, "changeOrderType")) == "Commitment" else "prime"
    for line in lines:
        cell = homes.cell(text(row, "projectNumber"), line, currency=text(row, "currencyCode"))
        if cell is not None and not cancelled:
            entries.append(Entry(cell, money(line.get("amount") or 0), text(line, "id")))
    return Document(
        column="approved_changes",
        kind="change_order",
        id=text(row, "id"),
        number=text(row, "number"),
        version=_version(row, *lines),
        lines=entries,
        job=text(row, "projectNumber"),
        changed=moment(text(row, "lastModifiedDateTime")),
        stands_for=f"{side}:{row.get('procoreChangeOrderId') or 0}",
    )


def _too_old(row: Json, homes: Homes) -> str:
    if text(row, "postingDate")[:10] < homes.start.isoformat():
        return f"it was posted before the start date {homes.start.isoformat()}"
    return ""


def _version(*rows: Json) -> int:
    return max((int(text(row, "rowVersion") or 0) for row in rows), default=0)


def billed(invoices: Iterable[Json], homes: Homes) -> dict[str, dict[str, list[Entry]]]:
    """Order -> its line -> what was posted of it: all that Business Central keeps of an order that is gone.

    A posting that was cancelled counts: it was ordered, whatever became of the invoice.
    """
    found: dict[str, dict[str, list[Entry]]] = {}
    for row in invoices:
        for line in row.get("postedPurchaseInvoiceLines") or ():
            job = text(line, "jobNumber") or text(row, "jobNumber")
            cell = homes.cell(job, line, currency=text(row, "currencyCode"))
            number = text(line, "orderNumber") or text(row, "orderNumber")
            if cell is not None and number and not is_comment(line):
                amount = Entry(cell, money(line.get("amount") or 0), text(line, "id"))
                found.setdefault(number, {}).setdefault(text(line, "orderLineNumber"), []).append(amount)
    return found
