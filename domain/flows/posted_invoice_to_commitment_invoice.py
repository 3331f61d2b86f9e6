"""Business Central posted purchase invoice -> Procore commitment invoice (requisition) or direct cost.

Why     The site sees what was billed against a commitment on the day that accounting posts it.
Owner   Business Central owns every field; the record is locked in Procore once it is whole.
Rules   PP-35 to PP-42, C-06, C-50, C-56, C-57, C-60, PF-12, LE-40, Z11, Z16. Amounts are those before tax and after
        discounts on both sides; tax stays in Business Central. A project keeps the kind of record that it first used.
        `cancelled` is a FlowField: cancelling moves no row version, so cancelled invoices are read every round. Whether
        a posting is approved there is no question, so the record is approved as soon as it is whole.
Source  Connector API postedPurchaseInvoices; Procore v1.1 requisitions (I1 to I9), direct costs (K1 to K9).
"""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from domain.delivery import Listing
from domain.events import LinkRow
from domain.flow import Context, Flow, Origin, Part, Plan, Reference, Subject
from domain.flows import direct_cost_parts as direct_cost
from domain.flows import requisition_parts as requisition
from domain.flows import vendor_to_project_directory as directory
from domain.flows.common import (
    day,
    excluded_by_setting,
    fact,
    in_local_currency,
    joined,
    logged,
    only,
    project_reference,
    required,
    written_back,
)
from domain.flows.invoice_cost_parts import cost_of
from domain.flows.invoice_cost_parts import references as cost_references
from domain.flows.invoice_parts import (
    CANCELLED,
    INVOICES,
    LINES,
    NOTHING_LEFT,
    Bill,
    adds_up,
    bills,
    cost_lines,
    job_of,
    lines_may_come,
    linked_lines,
    not_sent,
    order_line,
    rounding,
)
from domain.values import Json, money, money_text, text

NAME = "posted-invoice-to-commitment-invoice"
_BELOW = "posted_invoice/@below"
_BACK = 3
_HEADER_FIELDS = (
    "number",
    "orderNumber",
    "vendorNumber",
    "vendorInvoiceNumber",
    "postingDate",
    "currencyCode",
    "amount",
    "cancelled",
    "jobNumber",
    "sendToProcore",
)
_LINE_FIELDS = (
    "id",
    "lineNumber",
    "lineType",
    "description",
    "quantity",
    "directUnitCost",
    "amount",
    "orderNumber",
    "orderLineNumber",
    "jobNumber",
    "jobTaskNumber",
    "segmentCode",
    "costTypeCode",
)


class _Stands(Struct, frozen=True, kw_only=True):
    """What stands, or is to stand, in Procore for one bill. `id` is empty until the record is whole."""

    bill: Bill
    project_id: str
    id: str = ""
    lines: Mapping[str, str] = {}
    parts: Sequence[Part] = ()
    warnings: Sequence[str] = ()
    reversal: str = ""


def references(invoice: Json, _context: Context) -> Iterable[Reference]:
    """The commitment of its order, the vendor, and its project where it has one; a cancelled one waits for nobody."""
    return () if invoice.get("cancelled") else _first(invoice)


def further(subject: Subject) -> Iterable[Reference]:
    """The lines of the commitment, then their projects and what these first used, then what a direct cost needs."""
    invoice = subject.source
    if invoice.get("cancelled"):
        if _begun(subject) != direct_cost.RESOURCE:
            return
        yield from _first(invoice)
        if ("commitment", text(invoice, "orderNumber")) not in subject.references:
            return
    yield from (order_line(invoice, line) for line in cost_lines(invoice))
    lines = linked_lines(subject)
    for job in dict.fromkeys(line.job for line in lines):
        yield project_reference(job)
        link = subject.known("project", job).link
        if link is not None:
            yield Reference(kind=_BELOW, key=link.procore_id, text="", loose=True)
    yield from cost_references(subject, [line for line in lines if _target(subject, line.job) == direct_cost.RESOURCE])


def listings(subject: Subject) -> Iterable[Listing]:
    """What the record of each bill rests on."""
    if _settled_without_plan(subject) is not None:
        return
    for bill in bills(subject, linked_lines(subject)):
        project_id = _project_id(subject, bill)
        if _target(subject, bill.job) == requisition.RESOURCE:
            yield from requisition.listings(subject, bill, project_id)
            continue
        cost = cost_of(subject, bill)
        yield from direct_cost.listings(subject, cost, project_id)
        if subject.source.get("cancelled"):
            yield from direct_cost.listings(subject, _reversed(subject, cost), project_id)


def plan(subject: Subject) -> Plan:
    """One record for each contract that the invoice bills, and the ids back once all are whole."""
    settled = _settled_without_plan(subject)
    if settled is not None:
        return settled
    sent: set[str] = set()
    stands: list[_Stands] = []
    for bill in bills(subject, linked_lines(subject)):
        found = _stand(subject, bill)
        if isinstance(found, Plan):
            return found
        if found is not None:
            stands.append(found)
            sent |= {line.id for line in found.bill.lines}
    if not stands:
        return Plan(excluded=NOTHING_LEFT)
    warnings = [warning for each in stands for warning in each.warnings]
    warnings += not_sent([line for line in cost_lines(subject.source) if text(line, "id") not in sent])
    difference = rounding(subject.source)
    warnings += [f"{money_text(difference)} accepted between the invoice and its lines"] if difference else []
    parts = [part for each in stands for part in each.parts]
    if parts or not all(each.id for each in stands):
        return Plan(parts=parts, warnings=warnings)
    links = [link for each in stands for link in _links(subject, each)]
    return Plan(parts=_way_back(subject, stands), links=lambda _known: links, link_stage=_BACK - 1, warnings=warnings)


def _settled_without_plan(subject: Subject) -> Plan | None:
    """What is decided before any list of Procore is asked for."""
    begun = _begun(subject)
    if subject.source.get("cancelled"):
        if not begun:
            return Plan(excluded=CANCELLED)
        if begun == requisition.RESOURCE:
            return Plan(waits=[fact(f"invoice:{subject.number}", CANCELLED)])
    lines = linked_lines(subject)
    there = {line.id for line in lines}
    missing = [line for line in cost_lines(subject.source) if text(line, "id") not in there]
    wait = None if begun else lines_may_come(subject, missing)
    if wait is not None:
        return Plan(waits=[wait])
    return None if lines else Plan(excluded=NOTHING_LEFT)


def _stand(subject: Subject, bill: Bill) -> _Stands | Plan | None:
    """How the record of one bill stands; None when none of its lines is in the commitment any more."""
    project_id = _project_id(subject, bill)
    if _target(subject, bill.job) == direct_cost.RESOURCE:
        return _cost_stands(subject, bill, project_id)
    bill = requisition.present(subject, bill, project_id)
    if not bill.lines:
        return None
    made = requisition.planned(subject, bill, project_id)
    if isinstance(made, Plan):
        return made
    lines = {line.id: made.items.get(line.order_line.procore_id, "") for line in bill.lines}
    return _Stands(bill=bill, project_id=project_id, id=made.id, lines=lines, parts=made.parts, warnings=made.warnings)


def _cost_stands(subject: Subject, bill: Bill, project_id: str) -> _Stands | Plan:
    cost = cost_of(subject, bill)
    made = direct_cost.planned(subject, cost, project_id)
    if isinstance(made, Plan):
        return made
    stands = _Stands(bill=bill, project_id=project_id, parts=made.parts)
    if made.parts or not made.id:
        return stands
    lines = {line.id: subject.memory.target_id(f"line:{line.id}") for line in bill.lines}
    if not subject.source.get("cancelled"):
        return _Stands(bill=bill, project_id=project_id, id=made.id, lines=lines)
    back = direct_cost.planned(subject, _reversed(subject, cost), project_id)
    if isinstance(back, Plan):
        return back
    whole = "" if back.parts else back.id
    return _Stands(bill=bill, project_id=project_id, id=made.id, lines=lines, parts=back.parts, reversal=whole)


def _reversed(subject: Subject, cost: direct_cost.DirectCost) -> direct_cost.DirectCost:
    return direct_cost.reversal_of(cost, day(subject.source, "postingDate"))


def _links(subject: Subject, stands: _Stands) -> Iterable[LinkRow]:
    resource = _target(subject, stands.bill.job)
    role, number = stands.bill.role, subject.number
    yield LinkRow(INVOICES, subject.source_id, number, resource, stands.id, stands.project_id, role=role)
    if stands.reversal:
        role = "reversal" if role == "primary" else f"{role}:reversal"
        yield LinkRow(INVOICES, subject.source_id, number, resource, stands.reversal, stands.project_id, role=role)
    for line in stands.bill.lines:
        line_id = stands.lines.get(line.id)
        if line_id:
            name = joined(number, str(line.source.get("lineNumber") or ""))
            yield LinkRow(LINES, line.id, name, f"{resource}.line_items", line_id, stands.id)


def _way_back(subject: Subject, stands: Sequence[_Stands]) -> list[Part]:
    """The ids of the record and of its lines; a line of a posted invoice keeps nothing but its id."""
    first = stands[0]
    parts = [written_back(subject, INVOICES, _BACK, procoreInvoiceId=first.id)]
    for each in stands:
        for line in each.bill.lines:
            known = subject.memory.links.get(f"{LINES}/{line.id}/primary")
            line_id = each.lines.get(line.id) or (known.procore_id if known is not None else "")
            if line_id:
                parts.append(_line_back(line.source, line_id))
    carried = [name for name in subject.memory.parts if not name.startswith("bc:")]
    resource = _target(subject, first.bill.job)
    parts.append(logged(subject, INVOICES, resource, first.reversal or first.id, _BACK, carried))
    return parts


def _line_back(line: Json, line_id: str) -> Part:
    record = text(line, "id")
    return Part(
        name=f"bc:{LINES}:{record}",
        endpoint=f"bc.{LINES}",
        stage=_BACK,
        key=record,
        target_id=record,
        if_match=text(line, "@odata.etag"),
        body={"procoreInvoiceLineId": int(line_id)},
    )


def _target(subject: Subject, job: str) -> str:
    """Requisition or direct cost: as it was begun, as the project first did, as the setting says (C-06, C-57)."""
    begun = _begun(subject)
    if begun:
        return begun
    project = subject.known("project", job).link
    first = subject.known(_BELOW, project.procore_id).link if project is not None else None
    if first is not None:
        return first.procore_resource
    wanted = subject.context.settings.get("posted_invoice_target", "requisition")
    return direct_cost.RESOURCE if wanted == "direct_cost" else requisition.RESOURCE


def _begun(subject: Subject) -> str:
    """The kind of record that was made already, empty before the first."""
    if requisition.is_begun(subject):
        return requisition.RESOURCE
    memory = subject.memory
    linked = any(link.procore_resource == direct_cost.RESOURCE for link in memory.links.values())
    made = any(name.partition(":")[0] == "head" and memory.target_id(name) for name in memory.parts)
    return direct_cost.RESOURCE if linked or made else ""


def _first(invoice: Json) -> Iterable[Reference]:
    order = text(invoice, "orderNumber")
    yield Reference(kind="commitment", key=order, text=f"waiting for the commitment of order {order}")
    yield directory.vendor_reference(text(invoice, "vendorNumber"))
    jobs = {job_of(invoice, line) for line in cost_lines(invoice)} - {""}
    if len(jobs) == 1:
        yield project_reference(jobs.pop())


def _project_id(subject: Subject, bill: Bill) -> str:
    return subject.link("project", bill.job).procore_id


def _project(invoice: Json) -> str:
    lines = cost_lines(invoice)
    return text(invoice, "jobNumber") or (job_of(invoice, lines[0]) if lines else "")


def _relevant(invoice: Json) -> Json:
    rows = [only(line, _LINE_FIELDS) for line in invoice.get(LINES, ())]
    return {**only(invoice, _HEADER_FIELDS), LINES: sorted(rows, key=lambda row: str(row["id"]))}


FLOW = Flow(
    name=NAME,
    kind="posted_invoice",
    after=("purchase-order-to-commitment",),
    origin=Origin(
        entity_set=INVOICES,
        expand=LINES,
        child_set=LINES,
        child_key="documentNumber",
        reach="flagged",
        number=lambda row: text(row, "number"),
        title=lambda row: text(row, "vendorInvoiceNumber"),
        project=_project,
        member_of=lambda row: text(row, "orderNumber"),
        relevant=_relevant,
        child_fields=_LINE_FIELDS,
        numbers=("lineNumber", "quantity", "directUnitCost", "amount"),
        dated="postingDate",
        unmoved="cancelled eq true",
    ),
    counts=lambda invoice, _demanded: invoice.get("sendToProcore") is True and bool(text(invoice, "orderNumber")),
    stays_deleted=True,
    excludes=excluded_by_setting,
    rules=(required("vendorNumber", "Vendor No.", "PP-25"), adds_up, in_local_currency("invoice", "invoices")),
    references=references,
    further=further,
    listings=listings,
    plan=plan,
    held_by=requisition.held_by,
    amount=lambda invoice: money_text(money(invoice.get("amount") or 0)),
    lane="first",
)
