"""Business Central purchase order -> Procore commitment (purchase order contract or work order contract).

Why     The site sees committed cost on the day that the buyer commits it.
Owner   Business Central owns every field below; an edit of one in Procore is drift.
Rules   PP-21 to PP-34, C-12 to C-14, C-49, C-51, C-55, C-59.
Source  Connector API purchaseOrders; Procore contracts/sync and line_items/sync (C2, C3, C7, C8).
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import partial

from domain import endpoints
from domain.commitment import (
    Line,
    flagged_lines,
    line_total,
    mapped_status,
)
from domain.delivery import Listing
from domain.events import LinkRow, Violation, Wait
from domain.flow import Context, Flow, Origin, Part, Plan, Reference, Subject
from domain.flows import budget_code_to_wbs_code as budget_code
from domain.flows import commitment_adoption as adoption
from domain.flows import vendor_to_project_directory as directory
from domain.flows.commitment_parts import (
    Share,
    differs,
    gone_parts,
    header_part,
    is_finished,
    line_parts,
    number_taken,
    origin_of,
    resource_for,
    shares,
    status_part,
    units_of,
    what_locks,
)
from domain.flows.common import (
    excluded_by_setting,
    fact,
    in_local_currency,
    joined,
    logged,
    only,
    plain,
    project_reference,
    required,
    write_back_of,
    written_back,
)
from domain.memory import FlowMemory
from domain.values import Json, money_text, text

NAME = "purchase-order-to-commitment"
DEFAULT_STATUS = {"Released": "Approved", "default": "Draft"}
_HEADER_FIELDS = (
    "number",
    "vendorNumber",
    "documentDate",
    "orderDate",
    "requestedReceiptDate",
    "currencyCode",
    "pricesIncludeTax",
    "paymentTermsCode",
    "yourReference",
    "jobNumber",
    "commitmentType",
    "status",
    "retentionPercent",
    "sendToProcore",
)
_LINE_FIELDS = (
    "id",
    "lineNumber",
    "lineType",
    "description",
    "quantity",
    "unitOfMeasureCode",
    "directUnitCost",
    "lineDiscountPercent",
    "lineAmount",
    "amount",
    "jobNumber",
    "jobTaskNumber",
    "segmentCode",
    "costTypeCode",
    "sendToProcore",
)


def references(order: Json, context: Context) -> Iterable[Reference]:
    """Project, vendor, the vendor in the project's directory, and the budget code of every line."""
    vendor = text(order, "vendorNumber")
    yield directory.vendor_reference(vendor)
    codes: dict[str, Reference] = {}
    for share in shares(order, context):
        yield project_reference(share.job)
        yield directory.needed(share.job, vendor)
        for line in share.lines:
            yield _task(line)
            reference = budget_code.needed(share.job, line.segment, line.task, line.cost_type)
            codes[reference.key] = reference
    yield from codes.values()


def listings(subject: Subject) -> Iterable[Listing]:
    """The project's contracts before the first write and before any change of a finished one; units with the lines."""
    units = endpoints.units(subject.context.procore_company)
    if any(text(line.source, "unitOfMeasureCode") for line in flagged_lines(subject.source)):
        yield units
        if units not in subject.facts:
            return  # whether a line differs can be told only with Procore's spelling of its unit
    for share in shares(subject.source, subject.context):
        made = subject.memory.target_id(share.header)
        if adoption.is_adopting(subject.memory, share) or adoption.is_unwritten(subject.memory, share):
            project_id = subject.link("project", share.job).procore_id
            yield from adoption.listings(subject, share, resource_for(subject), project_id)
        elif not made or (is_finished(subject.memory, share) and differs(subject, share)):
            yield endpoints.contracts(resource_for(subject), subject.link("project", share.job).procore_id)


def plan(subject: Subject) -> Plan:
    """Header as draft, lines, then the status that follows the order, then the ids back."""
    all_shares = shares(subject.source, subject.context)
    jobs = {line.job for share in all_shares for line in share.lines}
    if len(all_shares) == 1 and len(jobs) > 1:
        words = f"lines belong to several jobs: {', '.join(sorted(jobs))}"
        return Plan(waits=[fact(f"order:{subject.number}", words)])
    units, warnings = units_of(subject)
    parts: list[Part] = []
    found: dict[str, str] = {}
    for share in all_shares:
        stands = _as_it_stands(subject, share)
        planned = stands if isinstance(stands, Plan) else _share_plan(subject, share, units) if stands is None else []
        if isinstance(planned, Plan):
            return planned
        parts += planned
        found.update(stands if isinstance(stands, dict) else {})
    parts += _way_back(subject, all_shares, found)
    links = partial(_links, subject, all_shares=all_shares, found=found)
    return Plan(parts=parts, links=links, link_stage=2, warnings=warnings)


def _as_it_stands(subject: Subject, share: Share) -> dict[str, str] | Plan | None:
    """The lines of a billed contract that was joined; None for any other."""
    if not adoption.is_unwritten(subject.memory, share):
        return None
    project_id = subject.link("project", share.job).procore_id
    return adoption.as_it_stands(subject, share, resource_for(subject), project_id)


def _share_plan(subject: Subject, share: Share, units: dict[str, str]) -> list[Part] | Plan:
    memory = subject.memory
    project_id = subject.link("project", share.job).procore_id
    resource = resource_for(subject)
    mine = origin_of(subject, "purchaseOrders", subject.source_id, share.suffix)
    contract_id = memory.target_id(share.header)
    listing = endpoints.contracts(resource, project_id)
    if not contract_id:
        refusal = number_taken(subject, subject.facts[listing], mine)
        if refusal is not None:
            return refusal
    is_adopting = adoption.is_adopting(memory, share)
    there = adoption.joined_lines(memory, share)
    there = adoption.lines_there(subject, share, resource, project_id) if is_adopting else there
    if isinstance(there, Plan):
        return there
    parts = [header_part(subject, share, resource, project_id, mine)]
    if not contract_id:
        return parts
    made_in = _project_of(memory, contract_id)
    if made_in not in ("", project_id):
        words = (
            f"the order moved to project {share.job}, its commitment {contract_id} stays where it was made;"
            " move the order back, or flag a new one"
        )
        return Plan(waits=[fact(f"order:{subject.number}", words)])
    changes = [
        *line_parts(subject, share, resource, project_id, contract_id, units, there),
        *gone_parts(subject, share, resource, project_id),
    ]
    wanted = mapped_status(subject.source, subject.context.settings.get("status", DEFAULT_STATUS))
    if is_finished(memory, share) and differs(subject, share, units):
        row = next((row for row in subject.facts.get(listing, ()) if str(row["id"]) == contract_id), None)
        lock = what_locks(memory, share, row)
        if isinstance(lock, Wait):
            return Plan(waits=[lock])
        if lock:
            return [status_part(share, resource, project_id, contract_id, mine, "Draft", stage=-1)]
    parts += changes
    if wanted != "Draft" or share.status in memory.parts:
        parts.append(status_part(share, resource, project_id, contract_id, mine, wanted, stage=2))
    return parts


def _project_of(memory: FlowMemory, contract_id: str) -> str:
    """The Procore project in which a contract was made, empty as long as it is not joined."""
    for link in memory.links.values():
        if link.bc_set == "purchaseOrders" and link.procore_id == contract_id:
            return link.procore_parent_id
    return ""


def _way_back(subject: Subject, all_shares: Sequence[Share], found: Mapping[str, str]) -> list[Part]:
    memory = subject.memory
    contract_id = memory.target_id(all_shares[0].header)
    if not contract_id:
        return []
    parts = [written_back(subject, "purchaseOrders", 3, procoreCommitmentId=contract_id)]
    carried = [name for name in memory.parts if not name.startswith("bc:")]  # a removed line is news too
    for share in all_shares:
        for line in share.lines:
            line_id = memory.target_id(f"line:{line.id}") or found.get(line.id, "")
            if line_id:
                back = write_back_of(
                    subject.context, "purchaseOrderLines", line.source, 3, procoreCommitmentLineId=line_id
                )
                parts.append(back)
    parts.append(logged(subject, "purchaseOrders", resource_for(subject), contract_id, 3, carried))
    return parts


def _links(
    subject: Subject, known: FlowMemory, *, all_shares: Sequence[Share], found: Mapping[str, str]
) -> Iterable[LinkRow]:
    for share in all_shares:
        resource = resource_for(subject)
        contract_id = known.target_id(share.header)
        project_id = subject.link("project", share.job).procore_id
        yield LinkRow(
            "purchaseOrders",
            subject.source_id,
            subject.number,
            resource,
            contract_id,
            project_id,
            role="primary" if not share.suffix else f"split{share.suffix}",
        )
        for line in share.lines:
            number = joined(subject.number, str(line.source.get("lineNumber") or ""))
            line_id = known.target_id(f"line:{line.id}") or found.get(line.id, "")
            if line_id:
                yield LinkRow("purchaseOrderLines", line.id, number, f"{resource}.line_items", line_id, contract_id)


def _task(line: Line) -> Reference:
    return Reference(
        kind="project_task",
        key=joined(line.job, line.task),
        text=f"waiting for project task {line.task} of project {line.job}",
        only=("Posting",),
        rule="PP-28",
        field="Project Task No.",
    )


def _lines_are_sound(order: Json, _context: Context) -> Iterable[Violation]:
    """At least one line, and on every line job, task, segment and cost type (PP-24, PP-26 to PP-29)."""
    lines = flagged_lines(order)
    if not lines:
        words = "there is no valid line with Send to Procore; flag at least one line of an account or item"
        yield Violation("PP-26", "Lines", words)
        if not text(order, "jobNumber"):
            yield Violation("PP-24", "Job No.", "Job No. is missing on the order")
    for line in lines:
        number = int(line.source.get("lineNumber") or 0)
        for rule, caption, value in (
            ("PP-24", "Job No.", line.job),
            ("PP-27", "Cost Type", line.cost_type),
            ("PP-28", "Project Task No.", line.task),
            ("PP-29", "Segment Code", line.segment),
        ):
            if not value:
                yield Violation(rule, caption, f"line {number}: {caption} is missing", line=number)


def _relevant(order: Json) -> Json:
    lines: Sequence[Json] = order.get("purchaseOrderLines", ())
    rows = [only(line, _LINE_FIELDS) for line in lines]
    return {**only(order, _HEADER_FIELDS), "purchaseOrderLines": sorted(rows, key=lambda row: str(row["id"]))}


FLOW = Flow(
    name=NAME,
    kind="commitment",
    after=("project-to-project", "vendor-to-project-directory", "budget-code-to-wbs-code"),
    origin=Origin(
        entity_set="purchaseOrders",
        expand="purchaseOrderLines",
        child_set="purchaseOrderLines",
        child_key="documentNumber",
        reach="flagged",
        number=lambda row: text(row, "number"),
        title=lambda row: text(row, "yourReference"),
        project=lambda row: text(row, "jobNumber"),
        relevant=_relevant,
        facet=lambda row: plain(row, "commitmentType"),
        child_fields=_LINE_FIELDS,
        numbers=("retentionPercent", "lineNumber", "quantity", "directUnitCost", "lineAmount", "amount"),
    ),
    counts=lambda order, _demanded: bool(order.get("sendToProcore")),
    # Posting releases an order that was open; one that is invoiced in full is gone right after (Business Central 9.5).
    afterlife=lambda order: {**order, "status": "Released"},
    stays_deleted=True,
    excludes=excluded_by_setting,
    rules=(required("vendorNumber", "Vendor No.", "PP-25"), _lines_are_sound, in_local_currency("order", "orders")),
    references=references,
    listings=listings,
    plan=plan,
    amount=lambda order: money_text(sum((line_total(order, line.source) for line in flagged_lines(order)), Decimal(0))),
)
