"""The parts of a requisition: made as a draft, its items filled in one call, checked, then approved and locked.

A posted invoice never changes, so that a part which was taken is never planned again. What Procore refused is tried
again when something has changed there on which the refusal may rest: the commitment, its other invoices, the periods.

Rules   PP-38 to PP-40, PF-12, C-56, LE-40; Procore I1 to I9, O4, O9, Z5, Z11, Z16. Whether a period may be left out
        is said by Z11; which of several open ones that hold a day is meant is said nowhere: the one that began last.
Source  Procore v1.1 requisitions, v1.0 contract_items and bulk_item_update, billing_periods.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from domain import endpoints
from domain.commitment import LOCKING
from domain.delivery import Listing
from domain.endpoints import invoices
from domain.flow import Part, Plan, Subject, row_by
from domain.flows.common import day, fact, given
from domain.flows.invoice_parts import Bill, link_of, origin_of, tolerance
from domain.values import Json, cents, digest, money, money_text, product, text

RESOURCE = "requisitions"
STAGES = 3
"""A requisition takes so many stages; what follows it, such as the way back, comes in the next one."""
REFUSED = "refused"
"""Key of the wait for Procore to take what it refused."""
_WORK, _QUANTITY = "work_completed_this_period", "work_completed_this_period_quantity"
_FIGURES = ("status", "grand_total", "total_requisitions_amount", "approved_change_orders", "accounting_method")


class Planned(Struct, frozen=True, kw_only=True):
    """What is to be sent next for a requisition.

    id        its id in Procore, from when it is whole; else empty
    items     order line in Procore -> item of the requisition
    warnings  what was accepted
    """

    parts: Sequence[Part] = ()
    id: str = ""
    items: Mapping[str, str] = {}
    warnings: Sequence[str] = ()


def held_by(status: int, _message: str) -> str:
    """A business rule of Procore speaks: over-billing, a period that was closed meanwhile, a second invoice in it."""
    return REFUSED if status == 422 else ""  # noqa: PLR2004 - Procore guide 7


def is_begun(subject: Subject) -> bool:
    """A requisition of this invoice stands in Procore."""
    memory = subject.memory
    linked = any(link.procore_resource == RESOURCE for link in memory.links.values())
    return linked or any(name.partition(":")[0] == "requisition" and memory.target_id(name) for name in memory.parts)


def listings(subject: Subject, bill: Bill, project_id: str) -> Iterable[Listing]:
    """Until it is whole: the commitment and its lines, the periods, the commitment's invoices; then the items."""
    link = link_of(subject.memory, RESOURCE, bill.role)
    if link is None:
        contracts = endpoints.contracts(bill.resource, project_id)
        yield contracts
        if contracts not in subject.facts or _contract(subject, bill, project_id) is None:
            return  # a commitment that was deleted has no lists of its own
        yield invoices.contract_lines(bill.resource, project_id, bill.contract)
        yield invoices.billing_periods(project_id)
        yield invoices.requisitions(project_id, bill.contract)
    made = link.procore_id if link is not None else _made(subject, bill, project_id)
    if made and (link is None or tolerance(subject.context)):
        yield invoices.requisition_items(project_id, made)


def present(subject: Subject, bill: Bill, project_id: str) -> Bill:
    """The bill with the lines that the commitment has in Procore (C-56)."""
    listing = invoices.contract_lines(bill.resource, project_id, bill.contract)
    if listing not in subject.facts or link_of(subject.memory, RESOURCE, bill.role) is not None:
        return bill
    there = {text(row, "id") for row in subject.facts[listing]}
    return replace(bill, lines=[line for line in bill.lines if line.order_line.procore_id in there])


def planned(subject: Subject, bill: Bill, project_id: str) -> Planned | Plan:
    """Head, items, and approval in stages 0 to 2; a plan that waits or clashes where none may be sent."""
    link = link_of(subject.memory, RESOURCE, bill.role)
    if link is not None:
        rows = subject.facts.get(invoices.requisition_items(project_id, link.procore_id))
        return Planned(id=link.procore_id, warnings=[] if rows is None else _accepted(bill, rows))
    contract = _contract(subject, bill, project_id)
    if contract is None:
        words = f"commitment {bill.contract} is no longer visible in Procore"
        return Plan(waits=[fact(f"contract:{bill.contract}", f"{words}; it was deleted, or the permission is missing")])
    made = _made(subject, bill, project_id)
    if not made:
        return _to_be_made(subject, bill, project_id, contract)
    row = row_by(subject.facts[invoices.requisitions(project_id, bill.contract)], "id", made)
    if row is None:
        words = f"invoice {made} of commitment {bill.contract} was deleted in Procore; enter it there by hand"
        return Plan(waits=[fact(f"requisition:{made}", words)])
    mine, owner = origin_of(subject, bill), text(row, "origin_id")
    if owner not in ("", mine):
        return Plan(conflict=f"invoice {made} was made here and now has origin id {owner} of somebody else")
    items = subject.facts[invoices.requisition_items(project_id, made)]
    if owner == mine:
        by_line = {text(item, "line_item_id"): text(item, "id") for item in items}
        return Planned(id=made, items=by_line, warnings=_accepted(bill, items))
    return _to_be_finished(subject, bill, project_id, made, items, unit=text(contract, "accounting_method") == "unit")


def _made(subject: Subject, bill: Bill, project_id: str) -> str:
    """The requisition that was made, by our own memory, or as Procore shows it after the ledger was restored."""
    known = subject.memory.target_id(f"requisition{bill.suffix}")
    if known:
        return known
    rows = subject.facts.get(invoices.requisitions(project_id, bill.contract), ())
    mine = origin_of(subject, bill)
    row = row_by(rows, "origin_id", mine) or row_by(rows, "origin_data", mine)
    return "" if row is None else text(row, "id")


# -- the head --------------------------------------------------------------------------------------


def _to_be_made(subject: Subject, bill: Bill, project_id: str, contract: Json) -> Planned | Plan:
    barred = _not_billable(subject, bill, contract)
    if barred:
        return Plan(waits=[fact(f"contract:{bill.contract}", barred)])
    date = day(subject.source, "postingDate")
    periods = subject.facts[invoices.billing_periods(project_id)]
    period = _period(periods, date)
    if periods and (period is None or text(period, "status") != "open"):
        return Plan(waits=[fact(f"billing_period:{project_id}", _no_period(period, date, bill.job))])
    start, end = (day(period, "start_date"), day(period, "end_date")) if period is not None else (date, date)
    body = given(
        {
            "status": "draft",
            "invoice_number": text(subject.source, "vendorInvoiceNumber") or subject.number,
            "period_id": None if period is None else period["id"],
            "billing_date": date,
            "requisition_start": start,
            "requisition_end": end,
            "origin_data": origin_of(subject, bill),
        }
    )
    part = _part(subject, bill, project_id, "requisition", "create", 0, body)
    return _unless_refused(subject, part)


def _contract(subject: Subject, bill: Bill, project_id: str) -> Json | None:
    return row_by(subject.facts[endpoints.contracts(bill.resource, project_id)], "id", bill.contract)


def _not_billable(subject: Subject, bill: Bill, contract: Json) -> str:
    """Why the commitment can't be billed now, in words; empty when it can."""
    if text(contract, "status") not in LOCKING:
        allowed = " or ".join(sorted(LOCKING))
        return f"commitment {bill.contract} is {text(contract, 'status')} in Procore; it is billed once it is {allowed}"
    if contract.get("requisitions_are_enabled") is False:
        return f"commitment {bill.contract} takes no invoices; enable them in its settings in Procore"
    vendor = text(subject.source, "vendorNumber")
    there = text(contract.get("vendor") or {}, "id")
    if there and there != subject.link("vendor", vendor).procore_id:
        return f"vendor {vendor} of the invoice is not the vendor of commitment {bill.contract} in Procore"
    return ""


def _period(periods: Sequence[Json], date: str) -> Json | None:
    """The period that holds the day, an open one before a closed one (I8, Z11)."""
    fitting = [row for row in periods if day(row, "start_date") <= date <= day(row, "end_date")]
    return max(fitting, key=lambda row: (text(row, "status") == "open", day(row, "start_date")), default=None)


def _no_period(closed: Json | None, date: str, job: str) -> str:
    if closed is None:
        return f"no billing period of project {job} in Procore holds {date}; add one there"
    span = f"{day(closed, 'start_date')} to {day(closed, 'end_date')}"
    return f"the billing period {span} of project {job} is closed in Procore; open it there for the invoice of {date}"


# -- items and approval ----------------------------------------------------------------------------


def _to_be_finished(
    subject: Subject, bill: Bill, project_id: str, made: str, items: Sequence[Json], *, unit: bool
) -> Planned | Plan:
    by_line = {text(item, "line_item_id"): item for item in items}
    lacking = [line for line in bill.lines if line.order_line.procore_id not in by_line]
    if lacking:
        numbers = ", ".join(str(line.source.get("lineNumber")) for line in lacking)
        words = f"invoice {made} in Procore has no item for line {numbers} of the posted invoice"
        return Plan(waits=[fact(f"requisition:{made}", words)])
    if f"items{bill.suffix}" not in subject.memory.parts:
        wrong = _quantities_are_off(subject, bill, by_line) if unit else ""
        if wrong:
            return Plan(conflict=wrong)
        rows = _rows(subject, bill, by_line, unit=unit)
        part = _part(subject, bill, project_id, "items", "items", 1, {"requisition_items": rows}, made)
        return _unless_refused(subject, part)
    difference = _work(items) - bill.total
    if abs(difference) > tolerance(subject.context):
        words = f"invoice {made} comes to {money_text(_work(items))} in Procore and to {money_text(bill.total)}"
        return Plan(conflict=f"{words} in Business Central; {money_text(tolerance(subject.context))} is accepted")
    body = {"status": "approved", "origin_id": origin_of(subject, bill)}
    return _unless_refused(subject, _part(subject, bill, project_id, "approval", "finish", 2, body, made))


def _rows(subject: Subject, bill: Bill, by_line: Mapping[str, Json], *, unit: bool) -> list[dict[str, Any]]:
    """One row for each item; lines of the invoice that bill the same line of the order are one.

    Units   decimal text. A unit contract is billed by quantity, any other by amount (I6). Business Central says nothing
            of retainage on a posted invoice, so none is held, whatever the percentage of the commitment.
    """
    figures: dict[str, Decimal] = {}
    for line in bill.lines:
        there = line.order_line.procore_id
        figure = money(line.source.get("quantity") or 0) if unit else line.amount
        figures[there] = figures.get(there, Decimal(0)) + figure
    return [
        {
            "id": by_line[line]["id"],
            "item_type": "contract_item",
            _QUANTITY if unit else _WORK: format(figure, "f") if unit else money_text(figure),
            "work_completed_retainage_retained_this_period": money_text(Decimal(0)),
            "comment": subject.number,
        }
        for line, figure in figures.items()
    ]


def _quantities_are_off(subject: Subject, bill: Bill, by_line: Mapping[str, Json]) -> str:
    """Procore makes the amount of a unit contract itself; the cents between it and ours must be accepted (LE-40)."""
    off = Decimal(0)
    for line in bill.lines:
        price = money(by_line[line.order_line.procore_id].get("scheduled_unit_price") or 0)
        off += abs(cents(product(money(line.source.get("quantity") or 0), price)) - line.amount)
    if off <= tolerance(subject.context):
        return ""
    words = f"quantity times unit price in Procore differs by {money_text(off)} from the amounts of the invoice"
    return f"{words}; {money_text(tolerance(subject.context))} is accepted"


def _work(items: Iterable[Json]) -> Decimal:
    return sum((money(item.get(_WORK) or 0) for item in items), Decimal(0))


def _accepted(bill: Bill, items: Iterable[Json]) -> list[str]:
    difference = _work(items) - bill.total
    return [f"{money_text(difference)} accepted as rounding in Procore"] if difference else []


# -- trying ----------------------------------------------------------------------------------------


def _part(
    subject: Subject, bill: Bill, project_id: str, name: str, endpoint: str, stage: int, body: Json, made: str = ""
) -> Part:
    """One part, whose digest also covers what a refusal may rest on."""
    return Part(
        name=f"{name}{bill.suffix}",
        endpoint=f"{RESOURCE}.{endpoint}",
        stage=stage,
        scope={"project_id": project_id, "commitment_id": bill.contract},
        key=origin_of(subject, bill),
        target_id=made,
        body=body,
        meaning=[body, _seen(subject, bill, project_id)],
    )


def _seen(subject: Subject, bill: Bill, project_id: str) -> str:
    contract = _contract(subject, bill, project_id) or {}
    others = subject.facts[invoices.requisitions(project_id, bill.contract)]
    periods = subject.facts[invoices.billing_periods(project_id)]
    return digest(
        [
            [text(contract, name) for name in _FIGURES],
            sorted([text(row, "id"), text(row, "period_id"), text(row, "status")] for row in others),
            sorted(
                [text(row, "id"), text(row, "status"), day(row, "start_date"), day(row, "end_date")] for row in periods
            ),
        ]
    )


def _unless_refused(subject: Subject, part: Part) -> Planned | Plan:
    """What Procore refused, and nothing has changed since, is not asked for again every round (Z16)."""
    tried = subject.memory.tried.get(part.name)
    if tried is not None and tried.digest == part.digest:
        return Plan(waits=[fact(REFUSED, tried.words)])
    return Planned(parts=[part])
