"""Business Central purchase order -> Procore commitment (purchase order contract or work order contract).

Why     The site sees committed cost on the day that the buyer commits it.
Owner   Business Central owns every field below; an edit of one in Procore is drift.
Rules   PP-21 to PP-34, C-12 to C-14, C-49, C-51, C-55, C-59.
Source  Connector API purchaseOrders; Procore contracts/sync and line_items/sync (C2, C3, C7, C8).
"""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from domain import endpoints
from domain.commitment import (
    LOCKING,
    Line,
    figures,
    flagged_lines,
    mapped_status,
    resource_of,
)
from domain.delivery import Listing
from domain.events import LinkRow, Violation, Wait
from domain.flow import Context, Flow, Origin, Part, Plan, Reference, Subject
from domain.flows import budget_code_to_wbs_code as budget_code
from domain.flows import vendor_to_project_directory as directory
from domain.flows.common import (
    day,
    excluded_by_setting,
    fact,
    given,
    joined,
    logged,
    only,
    ours,
    plain,
    project_reference,
    required,
    write_back_of,
    written_back,
)
from domain.record import FlowMemory
from domain.values import Digest, Json, digest, money, money_text, origin_id, text

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


class _Share(Struct, frozen=True):
    """The part of an order that goes to one project: all of it, or the lines of one job (C-14)."""

    job: str
    lines: Sequence[Line]
    suffix: str

    @property
    def header(self) -> str:
        return f"header{self.suffix}"

    @property
    def status(self) -> str:
        return f"status{self.suffix}"


def shares(order: Json, context: Context) -> list[_Share]:
    """One share, or one for each job where the setting splits; the order's own job is first and keeps the plain id."""
    lines = flagged_lines(order)
    jobs = list(dict.fromkeys(line.job for line in lines))
    own = text(order, "jobNumber")
    if len(jobs) <= 1 or not context.settings.get("split_by_job", False):
        return [_Share(own if own in jobs or not jobs else jobs[0], lines, "")]
    jobs.sort(key=lambda job: (job != own, jobs.index(job)))
    return [
        _Share(job, [line for line in lines if line.job == job], f":{job}" if place else "")
        for place, job in enumerate(jobs)
    ]


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
        if not made or (_is_finished(subject.memory, share) and _differs(subject, share)):
            yield endpoints.contracts(_resource(subject), subject.link("project", share.job).procore_id)


def plan(subject: Subject) -> Plan:
    """Header as draft, lines, then the status that follows the order, then the ids back."""
    all_shares = shares(subject.source, subject.context)
    jobs = {line.job for share in all_shares for line in share.lines}
    if len(all_shares) == 1 and len(jobs) > 1:
        words = f"lines belong to several jobs: {', '.join(sorted(jobs))}"
        return Plan(waits=[fact(f"order:{subject.number}", words)])
    units, warnings = _units(subject)
    parts: list[Part] = []
    for share in all_shares:
        planned = _share_plan(subject, share, units)
        if isinstance(planned, Plan):
            return planned
        parts += planned
    parts += _way_back(subject, all_shares)
    return Plan(parts=parts, links=lambda known: _links(subject, known, all_shares), link_stage=2, warnings=warnings)


def _share_plan(subject: Subject, share: _Share, units: dict[str, str]) -> list[Part] | Plan:
    memory = subject.memory
    project_id = subject.link("project", share.job).procore_id
    resource = _resource(subject)
    mine = _origin(subject, "purchaseOrders", subject.source_id, share.suffix)
    contract_id = memory.target_id(share.header)
    listing = endpoints.contracts(resource, project_id)
    if not contract_id:
        refusal = _number_taken(subject, subject.facts[listing], mine)
        if refusal is not None:
            return refusal
    parts = [_header(subject, share, resource, project_id, mine)]
    if not contract_id:
        return parts
    changes = [
        *_lines(subject, share, resource, project_id, contract_id, units),
        *_gone(subject, share, resource, project_id),
    ]
    wanted = mapped_status(subject.source, subject.context.settings.get("status", DEFAULT_STATUS))
    if _is_finished(memory, share) and _differs(subject, share, units):
        row = next((row for row in subject.facts.get(listing, ()) if str(row["id"]) == contract_id), None)
        locked = _locked(memory, share, row)
        if isinstance(locked, Wait):
            return Plan(waits=[locked])
        if locked:
            return [_status(share, resource, project_id, mine, "Draft", stage=-1)]
    parts += changes
    if wanted != "Draft" or share.status in memory.parts:
        parts.append(_status(share, resource, project_id, mine, wanted, stage=2))
    return parts


def _number_taken(subject: Subject, rows: Sequence[Json], mine: str) -> Plan | None:
    """The number may be used by nobody else in the project (C-55, ER-52)."""
    if any(text(row, "origin_id") == mine for row in rows):
        return None
    for row in rows:
        if text(row, "number").upper() == subject.number.upper():
            if ours(row, mine) == "foreign":
                words = (
                    f"commitment {row['id']} has number {subject.number} and belongs to another record or integration"
                )
                return Plan(conflict=f"{words} (origin id {row['origin_id']})")
            words = f"number {subject.number} exists in Procore (commitment {row['id']}), link or rename"
            return Plan(waits=[fact(f"order:{subject.number}", words)])
    return None


def _is_finished(memory: FlowMemory, share: _Share) -> bool:
    """The commitment was whole once; before that, nobody but the hub has reason to touch it."""
    return bool(memory.links) or share.status in memory.parts


def _locked(memory: FlowMemory, share: _Share, row: Json | None) -> Wait | bool:
    """Whether our own approval has to be taken back first, or somebody else's word stands in the way (C-49, PP-34)."""
    key = f"contract:{memory.target_id(share.header)}"
    if row is None:
        return fact(key, "the commitment is no longer visible in Procore; it was deleted, or the permission is missing")
    status = text(row, "status")
    if status not in LOCKING:
        return False
    if not memory.holds(share.status, digest([status])):
        return fact(key, f"the commitment is {status} in Procore by somebody else; set it back to Draft there")
    if money(row.get("total_requisitions_amount") or 0):
        return fact(key, f"the commitment is {status} and invoiced in Procore; change it by a commitment change order")
    if money(row.get("approved_change_orders") or 0):
        return fact(key, f"the commitment is {status} and has approved change orders in Procore; change it there")
    return True


def _header(subject: Subject, share: _Share, resource: str, project_id: str, mine: str) -> Part:
    order = subject.source
    retention = money(order.get("retentionPercent") or 0)
    common = {
        "number": subject.number,
        "title": text(order, "yourReference") or subject.number,
        "vendor_id": int(subject.link("vendor", text(order, "vendorNumber")).procore_id),
        "origin_code": subject.number,
        "contract_date": day(order, "orderDate") or day(order, "documentDate"),
        "retainage_percent": money_text(retention) if retention else "",
    }
    dated = (
        {"delivery_date": day(order, "requestedReceiptDate"), "payment_terms": text(order, "paymentTermsCode")}
        if resource == "purchase_order_contracts"
        else {"contract_estimated_completion_date": day(order, "requestedReceiptDate")}
    )
    body = given({**common, **dated})
    new = not subject.memory.target_id(share.header)
    return Part(
        name=share.header,
        endpoint=resource,
        stage=0,
        scope={"project_id": project_id},
        key=mine,
        # Always made as a draft, whatever it becomes: approved contracts take no lines (Procore C3).
        body={**body, "status": "Draft"} if new else body,
        meaning=body,
    )


def _lines(
    subject: Subject, share: _Share, resource: str, project_id: str, contract_id: str, units: dict[str, str]
) -> list[Part]:
    scope = {"project_id": project_id, _contract_name(resource): contract_id}
    return [
        Part(
            name=f"line:{line.id}",
            endpoint=f"{resource}.line_items",
            stage=1,
            scope=scope,
            key=_origin(subject, "purchaseOrderLines", line.id),
            body=_line_body(subject, share, line, units),
        )
        for line in share.lines
    ]


def _line_body(subject: Subject, share: _Share, line: Line, units: dict[str, str]) -> dict[str, object]:
    code = joined(share.job, line.segment, line.task, line.cost_type)
    return given(
        {
            "wbs_code_id": int(subject.link("budget_code", code).procore_id),
            "description": text(line.source, "description"),
            "uom": units.get(text(line.source, "unitOfMeasureCode").upper(), ""),
            **figures(subject.source, line.source),
        }
    )


def _gone(subject: Subject, share: _Share, resource: str, project_id: str) -> list[Part]:
    """Lines that the order no longer sends; only an editable commitment lets them go (PP-20)."""
    contract_id = subject.memory.target_id(share.header)
    kept = {f"line:{line.id}" for line in flagged_lines(subject.source)}
    scope = {"project_id": project_id, _contract_name(resource): contract_id}
    parts: list[Part] = []
    for name, part in sorted(subject.memory.parts.items()):
        if name.startswith("line:") and name not in kept and part.digest and not share.suffix:
            parts.append(
                Part(
                    name=name,
                    endpoint=f"{resource}.line_items.delete",
                    stage=1,
                    scope=scope,
                    key=_origin(subject, "purchaseOrderLines", name.removeprefix("line:")),
                    target_id=part.target_id,
                    body={},
                    absent=True,
                )
            )
    return parts


def _status(share: _Share, resource: str, project_id: str, mine: str, status: str, stage: int) -> Part:
    return Part(
        name=share.status,
        endpoint=resource,
        stage=stage,
        scope={"project_id": project_id},
        key=mine,
        body={"status": status},
        meaning=[status],
    )


def _way_back(subject: Subject, all_shares: Sequence[_Share]) -> list[Part]:
    memory = subject.memory
    contract_id = memory.target_id(all_shares[0].header)
    if not contract_id:
        return []
    parts = [written_back(subject, "purchaseOrders", 3, procoreCommitmentId=contract_id)]
    names = [all_shares[0].header, all_shares[0].status]
    for share in all_shares:
        for line in share.lines:
            line_id = memory.target_id(f"line:{line.id}")
            if line_id:
                back = write_back_of(
                    subject.context, "purchaseOrderLines", line.source, 3, procoreCommitmentLineId=line_id
                )
                parts.append(back)
                names.append(f"line:{line.id}")
    parts.append(logged(subject, "purchaseOrders", _resource(subject), contract_id, 3, names))
    return parts


def _links(subject: Subject, known: FlowMemory, all_shares: Sequence[_Share]) -> Iterable[LinkRow]:
    for share in all_shares:
        resource = _resource(subject)
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
            line_id = known.target_id(f"line:{line.id}")
            if line_id:
                yield LinkRow("purchaseOrderLines", line.id, number, f"{resource}.line_items", line_id, contract_id)


def _differs(subject: Subject, share: _Share, units: dict[str, str] | None = None) -> bool:
    """Something other than the status has to change in the target: what an approved contract does not let happen."""
    memory = subject.memory
    project_id = subject.link("project", share.job).procore_id
    resource = _resource(subject)
    contract_id = memory.target_id(share.header)
    mine = _origin(subject, "purchaseOrders", subject.source_id, share.suffix)
    known_units = _units(subject)[0] if units is None else units
    parts = [
        _header(subject, share, resource, project_id, mine),
        *_lines(subject, share, resource, project_id, contract_id, known_units),
    ]
    gone = _gone(subject, share, resource, project_id)
    return bool(gone) or any(not memory.holds(part.name, Digest(part.digest)) for part in parts)


def _units(subject: Subject) -> tuple[dict[str, str], list[str]]:
    """Unit of Business Central -> Procore's spelling (C-51); unknown ones are left out and said."""
    rows = subject.facts.get(endpoints.units(subject.context.procore_company), ())
    known = {text(row, "name").upper(): text(row, "name") for row in rows}
    used = {text(line.source, "unitOfMeasureCode").upper() for line in flagged_lines(subject.source)} - {""}
    warnings = [f"unit {unit} is unknown in Procore and was left out" for unit in sorted(used - known.keys())]
    return known, warnings


def _resource(subject: Subject) -> str:
    """The kind of contract is fixed at creation (PP-31): what was made, else what the order asks for."""
    for link in subject.memory.links.values():
        if link.bc_set == "purchaseOrders":
            return link.procore_resource
    return resource_of(subject.source)


def _contract_name(resource: str) -> str:
    return f"{resource.removesuffix('s')}_id"


def _origin(subject: Subject, entity_set: str, record_id: str, suffix: str = "") -> str:
    return origin_id(subject.context.bc_company, entity_set, record_id, suffix)


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


def _local_currency(order: Json, context: Context) -> Iterable[Violation]:
    """The sync call of contracts carries no currency, so another one would be read as the company's own."""
    currency = text(order, "currencyCode")
    if currency and context.local_currency and currency.upper() != context.local_currency.upper():
        words = f"the order is in {currency}; only orders in {context.local_currency} can be carried"
        yield Violation("BX-17", "Currency Code", words)


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
        numbers=("retentionPercent", "lineNumber", "quantity", "directUnitCost", "lineAmount", "amount"),
    ),
    counts=lambda order, _demanded: bool(order.get("sendToProcore")),
    excludes=excluded_by_setting,
    rules=(required("vendorNumber", "Vendor No.", "PP-25"), _lines_are_sound, _local_currency),
    references=references,
    listings=listings,
    plan=plan,
)
