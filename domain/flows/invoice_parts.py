"""What of a posted invoice goes to Procore: its lines by the contract that they bill, and what each is worth.

Amounts are those before tax and after discounts, as requisitions and direct costs of Procore take them: the tax of an
invoice stays in Business Central.

Rules   PP-37, PP-39, PP-40, C-14, C-56.
Source  Connector API postedPurchaseInvoiceLines: `amount` is "excluding tax, after discounts".
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from msgspec import Struct

from domain.commitment import is_comment
from domain.events import LinkRow, Violation, Wait
from domain.flow import Context, Reference, Subject
from domain.flows.common import joined
from domain.memory import FlowMemory
from domain.values import Json, money, money_text, origin_id, text

INVOICES, LINES = "postedPurchaseInvoices", "postedPurchaseInvoiceLines"
CANCELLED = "invoice was cancelled in Business Central"
NOTHING_LEFT = "no line of the invoice stands in its commitment"
_SETTLED = frozenset({"synced", "excluded", "deleted", ""})
"""States in which an order says all that it ever will about its lines."""


class Billed(Struct, frozen=True):
    """A line that goes, with the line of the commitment that it bills."""

    source: Json
    job: str
    order_line: LinkRow

    @property
    def id(self) -> str:
        """Its id in Business Central."""
        return text(self.source, "id")

    @property
    def amount(self) -> Decimal:
        """Before tax, after discounts."""
        return money(self.source.get("amount") or 0)


class Bill(Struct, frozen=True):
    """What goes to one contract: all of the invoice, or the lines of one job where its order was split (C-14)."""

    contract: str
    resource: str
    job: str
    suffix: str
    lines: Sequence[Billed]

    @property
    def role(self) -> str:
        """Role of its record in the cross-reference."""
        return self.suffix.lstrip(":") or "primary"

    @property
    def total(self) -> Decimal:
        """What its lines come to."""
        return sum((line.amount for line in self.lines), Decimal(0))


def cost_lines(invoice: Json) -> list[Json]:
    """The lines that carry cost, in their order; comments carry words."""
    rows: Sequence[Json] = invoice.get(LINES, ())
    return sorted((row for row in rows if not is_comment(row)), key=lambda row: int(row.get("lineNumber") or 0))


def job_of(invoice: Json, line: Json) -> str:
    """The job that a line belongs to."""
    return text(line, "jobNumber") or text(invoice, "jobNumber")


def order_line(invoice: Json, line: Json) -> Reference:
    """The line of the commitment that a line bills; asked for, as a line that is not there is left out (C-56)."""
    order = text(line, "orderNumber") or text(invoice, "orderNumber")
    number = str(line.get("orderLineNumber") or "")
    return Reference(
        kind="commitment/purchaseOrderLines",
        key=joined(order, number),
        text=f"waiting for line {number} of order {order}",
        loose=True,
    )


def linked_lines(subject: Subject) -> list[Billed]:
    """The lines whose order line is joined to a line of a commitment."""
    found: list[Billed] = []
    for line in cost_lines(subject.source):
        reference = order_line(subject.source, line)
        link = subject.known(reference.kind, reference.key).link
        if link is not None:
            found.append(Billed(line, job_of(subject.source, line), link))
    return found


def bills(subject: Subject, lines: Iterable[Billed]) -> list[Bill]:
    """The lines by contract; the order's own contract comes first and keeps the plain name."""
    own = subject.link("commitment", text(subject.source, "orderNumber")).procore_id
    groups: dict[str, list[Billed]] = {}
    for line in lines:
        groups.setdefault(line.order_line.procore_parent_id, []).append(line)
    found = [
        Bill(
            contract=contract,
            resource=group[0].order_line.procore_resource.removesuffix(".line_items"),
            job=group[0].job,
            suffix="" if contract == own else f":{group[0].job}",
            lines=group,
        )
        for contract, group in groups.items()
    ]
    return sorted(found, key=lambda bill: (bill.suffix != "", bill.suffix))


def lines_may_come(subject: Subject, missing: Sequence[Json]) -> Wait | None:
    """Lines that the commitment lacks hold the invoice as long as their order is not settled: it is locked once sent.

    Who wants it to go without them takes their flag off the order.
    """
    order = text(subject.source, "orderNumber")
    known = subject.known("commitment", order)
    if not missing or known.state in _SETTLED:
        return None
    numbers = ", ".join(str(line.get("orderLineNumber")) for line in missing)
    words = f"waiting for order {order}, whose line {numbers} is not in its commitment"
    return Wait("commitment", order, "; ".join((words, *known.why)))


def not_sent(missing: Sequence[Json]) -> list[str]:
    """What is left out, in words (C-56)."""
    return [
        f"line {line.get('lineNumber')} ({money_text(money(line.get('amount') or 0))}) was not sent:"
        f" line {line.get('orderLineNumber')} of the order is not in the commitment"
        for line in missing
    ]


def rounding(invoice: Json) -> Decimal:
    """Difference between the head's amount and what its lines come to."""
    rows: Sequence[Json] = invoice.get(LINES, ())
    return money(invoice.get("amount") or 0) - sum((money(row.get("amount") or 0) for row in rows), Decimal(0))


def tolerance(context: Context) -> Decimal:
    """Largest difference that is accepted as rounding (LE-40)."""
    return money(context.settings.get("rounding_tolerance", 0))


def adds_up(invoice: Json, context: Context) -> Iterable[Violation]:
    """The lines come to the head's amount, to the cent or within the tolerance (PP-40, LE-40)."""
    difference = rounding(invoice)
    if abs(difference) > tolerance(context):
        words = f"the lines differ from the amount of the invoice by {money_text(difference)}"
        yield Violation("LE-40", "Amount", f"{words}; {money_text(tolerance(context))} is accepted")


def origin_of(subject: Subject, bill: Bill) -> str:
    """Origin id of the record that carries a bill (I2)."""
    return origin_id(subject.context.bc_company, INVOICES, subject.source_id, bill.suffix)


def link_of(memory: FlowMemory, resource: str, role: str) -> LinkRow | None:
    """The pair that the invoice is joined by."""
    links = memory.links.values()
    return next((it for it in links if (it.bc_set, it.procore_resource, it.role) == (INVOICES, resource, role)), None)
