"""The parts of a commitment: what stands in Procore for an order, and what keeps it from being changed.

Rules   PP-31, PP-32, PP-34, C-14, C-49, C-51, C-55.
Source  Procore contracts/sync and line_items/sync (C2, C3, C7, C8).
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from domain import endpoints
from domain.commitment import LOCKING, Line, figures, flagged_lines, resource_of
from domain.events import Wait
from domain.flow import Context, Part, Plan, Subject
from domain.flows.common import day, fact, given, joined, ours
from domain.memory import FlowMemory
from domain.values import Digest, Json, digest, money, money_text, origin_id, text


class Share(Struct, frozen=True):
    """The part of an order that goes to one project: all of it, or the lines of one job (C-14)."""

    job: str
    lines: Sequence[Line]
    suffix: str

    @property
    def header(self) -> str:
        """Name of the part that is the contract itself."""
        return f"header{self.suffix}"

    @property
    def status(self) -> str:
        """Name of the part that is its status."""
        return f"status{self.suffix}"


def shares(order: Json, context: Context) -> list[Share]:
    """One share, or one for each job where the setting splits; the order's own job is first and keeps the plain id."""
    lines = flagged_lines(order)
    jobs = list(dict.fromkeys(line.job for line in lines))
    own = text(order, "jobNumber")
    if len(jobs) <= 1 or not context.settings.get("split_by_job", False):
        return [Share(own if own in jobs or not jobs else jobs[0], lines, "")]
    jobs.sort(key=lambda job: job != own)  # stable: the other jobs stay in the order of their lines
    return [
        Share(job, [line for line in lines if line.job == job], f":{job}" if place else "")
        for place, job in enumerate(jobs)
    ]


def is_finished(memory: FlowMemory, share: Share) -> bool:
    """The commitment was whole once; before that, nobody but the hub has reason to touch it."""
    return bool(memory.links) or share.status in memory.parts


def what_locks(memory: FlowMemory, share: Share, row: Json | None) -> Wait | bool:
    """Whether our own approval has to be taken back first, or somebody else's word stands in the way (C-49, PP-34)."""
    key = f"contract:{memory.target_id(share.header)}"
    if row is None:
        return fact(key, "the commitment is no longer visible in Procore; it was deleted, or the permission is missing")
    status = text(row, "status")
    if status not in LOCKING:
        # Somebody set it back to Draft. Saying so ourselves lets the status follow the order again after the change.
        ours_before = memory.parts.get(share.status)
        return status == "Draft" and ours_before is not None and ours_before.digest != digest([status])
    if not memory.holds(share.status, digest([status])):
        return fact(key, f"the commitment is {status} in Procore by somebody else; set it back to Draft there")
    words = billed(row)
    return fact(key, words) if words else True


def billed(row: Json) -> str:
    """Why a finished commitment must not be opened again, in words; empty when nothing rests on it."""
    status = text(row, "status")
    if money(row.get("total_requisitions_amount") or 0):
        return f"the commitment is {status} and invoiced in Procore; change it by a commitment change order"
    if money(row.get("approved_change_orders") or 0):
        return f"the commitment is {status} and has approved change orders in Procore; change it there"
    return ""


def header_part(subject: Subject, share: Share, resource: str, project_id: str, mine: str) -> Part:
    """The contract without its lines. Always made as a draft, whatever it becomes."""
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
    marked = {"origin_id": mine} if subject.memory.is_adopting(share.header) else {}
    return Part(
        name=share.header,
        endpoint=resource,
        stage=0,
        scope={"project_id": project_id},
        key=mine,
        # Always made as a draft, whatever it becomes: approved contracts take no lines (Procore C3).
        body={**body, "status": "Draft"} if new else {**body, **marked},
        meaning=body,
    )


def line_parts(
    subject: Subject,
    share: Share,
    resource: str,
    project_id: str,
    contract_id: str,
    units: dict[str, str],
    there: Mapping[str, str] | None = None,
) -> list[Part]:
    """One row for each flagged line (PP-32); `there` names the rows of a contract that was joined by a person."""
    scope = {"project_id": project_id, _contract_name(resource): contract_id}
    parts: list[Part] = []
    for line in share.lines:
        mine, row_id = origin_of(subject, "purchaseOrderLines", line.id), (there or {}).get(line.id, "")
        body = _line_body(subject, share, line, units)
        parts.append(
            Part(
                name=f"line:{line.id}",
                endpoint=f"{resource}.line_items",
                stage=1,
                scope=scope,
                key=mine,
                target_id=row_id,
                body={**body, "origin_id": mine} if row_id else body,
                meaning=body,
            )
        )
    return parts


def _line_body(subject: Subject, share: Share, line: Line, units: dict[str, str]) -> dict[str, object]:
    code = joined(share.job, line.segment, line.task, line.cost_type)
    return given(
        {
            "wbs_code_id": int(subject.link("budget_code", code).procore_id),
            "description": text(line.source, "description"),
            "uom": units.get(text(line.source, "unitOfMeasureCode").upper(), ""),
            **figures(subject.source, line.source),
        }
    )


def gone_parts(subject: Subject, share: Share, resource: str, project_id: str) -> list[Part]:
    """Lines that the order no longer sends; only an editable commitment lets them go (PP-20)."""
    contract_id = subject.memory.target_id(share.header)
    kept = {f"line:{line.id}" for line in flagged_lines(subject.source)}
    scope = {"project_id": project_id, _contract_name(resource): contract_id}
    parts: list[Part] = []
    for name, part in sorted(subject.memory.parts.items()):
        link = subject.memory.links.get(f"purchaseOrderLines/{name.removeprefix('line:')}/primary")
        here = link.procore_parent_id == contract_id if link is not None else not share.suffix
        if name.startswith("line:") and name not in kept and part.digest and here:
            parts.append(
                Part(
                    name=name,
                    endpoint=f"{resource}.line_items.delete",
                    stage=1,
                    scope=scope,
                    key=origin_of(subject, "purchaseOrderLines", name.removeprefix("line:")),
                    target_id=part.target_id,
                    body={},
                    absent=True,
                )
            )
    return parts


def status_part(
    share: Share, resource: str, project_id: str, contract_id: str, mine: str, status: str, *, stage: int
) -> Part:
    """The status alone: lines have to be changed before it locks them, and after it lets them go (C-49)."""
    return Part(
        name=share.status,
        endpoint=resource,
        stage=stage,
        scope={"project_id": project_id},
        key=mine,
        target_id=contract_id,
        body={"status": status},
        meaning=[status],
    )


def differs(subject: Subject, share: Share, units: dict[str, str] | None = None) -> bool:
    """Something other than the status has to change in the target: what an approved contract does not let happen."""
    memory = subject.memory
    project_id = subject.link("project", share.job).procore_id
    resource = resource_for(subject)
    contract_id = memory.target_id(share.header)
    mine = origin_of(subject, "purchaseOrders", subject.source_id, share.suffix)
    known_units = units_of(subject)[0] if units is None else units
    parts = [
        header_part(subject, share, resource, project_id, mine),
        *line_parts(subject, share, resource, project_id, contract_id, known_units),
    ]
    removed = gone_parts(subject, share, resource, project_id)
    return bool(removed) or any(not memory.holds(part.name, Digest(part.digest)) for part in parts)


def units_of(subject: Subject) -> tuple[dict[str, str], list[str]]:
    """Unit of Business Central -> Procore's spelling (C-51); unknown ones are left out and said."""
    rows = subject.facts.get(endpoints.units(subject.context.procore_company), ())
    known = {text(row, "name").upper(): text(row, "name") for row in rows}
    used = {text(line.source, "unitOfMeasureCode").upper() for line in flagged_lines(subject.source)} - {""}
    warnings = [f"unit {unit} is unknown in Procore and was left out" for unit in sorted(used - known.keys())]
    return known, warnings


def resource_for(subject: Subject) -> str:
    """The kind of contract is fixed at creation (PP-31): what was made, else what the order asks for."""
    for link in subject.memory.links.values():
        if link.bc_set == "purchaseOrders":
            return link.procore_resource
    return resource_of(subject.source)


def _contract_name(resource: str) -> str:
    return f"{resource.removesuffix('s')}_id"


def origin_of(subject: Subject, entity_set: str, record_id: str, suffix: str = "") -> str:
    """Origin id of the order or of one of its lines (I2)."""
    return origin_id(subject.context.bc_company, entity_set, record_id, suffix)


def number_taken(subject: Subject, rows: Sequence[Json], mine: str) -> Plan | None:
    """The number may be used by nobody else in the project (C-55, ER-52).

    A contract with our origin id is our own, from before the ledger was restored; it is not opened once it is billed.
    """
    for row in rows:
        if text(row, "origin_id") == mine:
            words = billed(row) if text(row, "status") in LOCKING else ""
            return Plan(waits=[fact(f"contract:{row['id']}", words)]) if words else None
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
