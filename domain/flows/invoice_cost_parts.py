"""A posted invoice as a direct cost: for projects where the setting asks for that instead of a requisition.

Rules   C-06, PP-38, PP-40, PP-41. A direct cost hangs under no commitment, so its description names the order. When the
        corrective posting was made is not visible in the connector API: a reversal bears the day of the invoice, and
        the two take each other back within one period.
Source  Procore direct costs, type invoice (K1 to K9).
"""

from collections.abc import Iterable

from domain.flow import Reference, Subject
from domain.flows import budget_code_to_wbs_code as budget_code
from domain.flows import vendor_to_project_directory as directory
from domain.flows.common import day
from domain.flows.direct_cost_parts import CostLine, DirectCost
from domain.flows.invoice_parts import LINES, Bill, Billed, origin_of
from domain.values import money, origin_id, text


def references(subject: Subject, lines: Iterable[Billed]) -> Iterable[Reference]:
    """The vendor in the project's directory, and the budget code of every line."""
    for line in lines:
        yield directory.needed(line.job, text(subject.source, "vendorNumber"))
        yield _code(line)


def cost_of(subject: Subject, bill: Bill) -> DirectCost:
    """The direct cost of a bill."""
    vendor = subject.link("vendor", text(subject.source, "vendorNumber")).procore_id
    return DirectCost(
        origin=origin_of(subject, bill),
        kind="invoice",
        date=day(subject.source, "postingDate"),
        description=f"Purchase order {text(subject.source, 'orderNumber')}, posted invoice {subject.number}",
        vendor_id=int(vendor),
        invoice_number=text(subject.source, "vendorInvoiceNumber") or subject.number,
        lines=[_line(subject, line) for line in bill.lines],
        suffix=bill.suffix,
    )


def _line(subject: Subject, line: Billed) -> CostLine:
    code = _code(line)
    return CostLine(
        name=f"line:{line.id}",
        origin=origin_id(subject.context.bc_company, LINES, line.id),
        wbs_code_id=int(subject.link(code.kind, code.key).procore_id),
        amount=line.amount,
        description=text(line.source, "description"),
        quantity=money(line.source.get("quantity") or 0),
        unit_cost=money(line.source.get("directUnitCost") or 0),
    )


def _code(line: Billed) -> Reference:
    keys = (text(line.source, field) for field in ("segmentCode", "jobTaskNumber", "costTypeCode"))
    return budget_code.needed(line.job, *keys)
