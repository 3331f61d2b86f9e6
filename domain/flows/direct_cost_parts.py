"""The parts of a direct cost: made as a draft, filled line by line, checked, then given its origin id and approved.

Rules   PF-05, PP-40, PP-41; Procore K1 to K9, O2, O4, O9: with its origin id the whole record is locked, so the row
        that sets it is the last one, and the only one that names a record by `id` and `origin_id` together.
Source  Procore direct_costs/sync and direct_costs/line_items/sync; the v1.1 list, which shows totals.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from domain.delivery import Listing
from domain.endpoints import costs
from domain.events import LinkRow
from domain.flow import Part, Plan, Subject, row_by, rows_by
from domain.flows.common import fact, given
from domain.values import Json, cents, money, money_text, product, text

RESOURCE = "direct_costs"
STAGES = 3
"""A direct cost takes so many stages; what follows it, such as the way back, comes in the next one."""
_APPROVED = "approved"


class CostLine(Struct, frozen=True, kw_only=True):
    """One line of a direct cost.

    name    of its part, the same for all time
    origin  its origin id; never that of the head, as one id may be used once in a company
    Units   amounts in the currency of the company, `amount` to the cent
    """

    name: str
    origin: str
    wbs_code_id: int
    amount: Decimal
    description: str = ""
    quantity: Decimal | None = None
    unit_cost: Decimal | None = None
    uom: str = ""


class DirectCost(Struct, frozen=True, kw_only=True):
    """A direct cost as it should stand in Procore.

    origin  its origin id (I2)
    date    plain day, never shifted through a zone
    suffix  tells the second direct cost of one record from the first: its part names and its role end on it
    """

    origin: str
    kind: Literal["expense", "invoice"]
    date: str
    lines: Sequence[CostLine]
    description: str = ""
    vendor_id: int | None = None
    invoice_number: str = ""
    suffix: str = ""

    @property
    def head(self) -> str:
        """Name of the part that is the record without its lines."""
        return f"head{self.suffix}"

    @property
    def finish(self) -> str:
        """Name of the part that gives it origin id and status."""
        return f"finish{self.suffix}"

    @property
    def role(self) -> str:
        """Its role in the cross-reference."""
        return self.suffix.lstrip(":") or "primary"

    @property
    def total(self) -> Decimal:
        """What its lines come to."""
        return sum((line.amount for line in self.lines), Decimal(0))


class Planned(Struct, frozen=True):
    """What is to be sent next for a direct cost, and its id from when it is whole or about to become so; else empty."""

    parts: Sequence[Part]
    id: str


def reversal_of(cost: DirectCost, date: str) -> DirectCost:
    """The direct cost that takes another one back; the locked one stays as it is (PP-41, K7, K9)."""
    end = ":reversal"
    lines = [
        replace(
            line,
            name=f"{line.name}{end}",
            origin=f"{line.origin}{end}",
            amount=-line.amount,
            quantity=None if line.quantity is None else -line.quantity,
        )
        for line in cost.lines
    ]
    return replace(cost, origin=f"{cost.origin}{end}", date=date, lines=lines, suffix=f"{cost.suffix}{end}")


def listings(subject: Subject, cost: DirectCost, project_id: str) -> Iterable[Listing]:
    """The project's direct costs before the first write, where ours may stand already, and before it is locked."""
    if _is_finished(subject, cost) is None and _stage_of(subject, cost, project_id) != 1:
        yield costs.direct_costs(project_id)


def planned(subject: Subject, cost: DirectCost, project_id: str, *, first: int = 0) -> Planned | Plan:
    """Head, lines, and finish in stages `first` to `first` + 2; a plan that waits or clashes where none may be sent."""
    finished = _is_finished(subject, cost)
    if finished is not None:
        return _kept(subject, cost, project_id, finished)
    stage = _stage_of(subject, cost, project_id)
    head = _head(cost, project_id, first)
    head_id = subject.memory.target_id(cost.head)
    if stage == 1:
        return Planned([head, *_lines(cost, project_id, head_id, first + 1)], "")
    rows = subject.facts[costs.direct_costs(project_id)]
    ours = row_by(rows, "origin_id", cost.origin)
    if ours is not None:  # whole, from before the ledger was restored; locked, so nothing is sent any more
        return _differing(cost, ours) or Planned([], str(ours["id"]))
    if stage == 0:
        half = row_by(rows, "origin_data", cost.origin)
        if half is not None:
            return _foreign(half) or Planned([replace(head, target_id=str(half["id"]))], "")
        return Planned([head], "")
    row = row_by(rows, "id", head_id)
    if row is None:
        words = f"direct cost {head_id} is no longer visible in Procore; it was deleted, or the permission is missing"
        return Plan(waits=[fact(f"direct_cost:{head_id}", words)])
    refused = _foreign(row) or _differing(cost, row)
    parts = [_finish(cost, project_id, head_id, first + 2), *_strays(cost, project_id, rows, head_id, first + 2)]
    return refused or Planned(parts, head_id)


def _strays(cost: DirectCost, project_id: str, rows: Sequence[Json], head_id: str, stage: int) -> list[Part]:
    """Empty drafts that a call left behind that was carried out twice; without origin id nothing kept them single."""
    return [
        Part(
            name=f"stray:{row['id']}",
            endpoint=f"{RESOURCE}.delete",
            stage=stage,
            scope={"project_id": project_id},
            key=cost.origin,
            target_id=str(row["id"]),
            body={},
        )
        for row in rows_by(rows, "origin_data", cost.origin)
        if str(row["id"]) != head_id and _is_empty_draft(row)
    ]


def _is_empty_draft(row: Json) -> bool:
    shown = row.get("grand_total") or row.get("amount") or 0
    return not text(row, "origin_id") and text(row, "status") == "draft" and not money(shown)


def _stage_of(subject: Subject, cost: DirectCost, project_id: str) -> Literal[0, 1, 2]:
    """How far a direct cost is that is not finished: to be made, to be filled, to be locked."""
    memory = subject.memory
    head_id = memory.target_id(cost.head)
    if not head_id:
        return 0
    wanted = [_head(cost, project_id, 0), *_lines(cost, project_id, head_id, 1)]
    return 2 if all(memory.holds(part.name, part.digest) for part in wanted) else 1


def _is_finished(subject: Subject, cost: DirectCost) -> str | None:
    """Id of the direct cost when it is locked, as far as we know."""
    link = _link_of(subject, cost)
    return link.procore_id if link is not None else subject.memory.target_id(cost.finish) or None


def _kept(subject: Subject, cost: DirectCost, project_id: str, made: str) -> Planned | Plan:
    """A locked direct cost stays as it is; what should stand there differently is said (K9)."""
    key = f"direct_cost:{made}"
    link = _link_of(subject, cost)
    if link is not None and link.procore_parent_id != project_id:
        words = f"direct cost {made} stays in the Procore project that it was made in, where it is locked"
        return Plan(waits=[fact(key, words)])
    memory = subject.memory
    known = memory.target_id(cost.head)  # one that was found whole is not known by its parts
    wanted = [_head(cost, project_id, 0), *_lines(cost, project_id, known, 1)] if known else []
    if all(memory.holds(part.name, part.digest) for part in wanted):
        return Planned([], made)
    words = f"direct cost {made} is locked in Procore since it was approved; correct it by a new posting"
    return Plan(waits=[fact(key, words)])


def _link_of(subject: Subject, cost: DirectCost) -> LinkRow | None:
    links = subject.memory.links.values()
    return next((link for link in links if link.procore_resource == RESOURCE and link.role == cost.role), None)


def _foreign(row: Json) -> Plan | None:
    """Only one integration may own the origin id of a record (O2)."""
    owner = text(row, "origin_id")
    if not owner:
        return None
    return Plan(conflict=f"direct cost {row['id']} was made here and now has origin id {owner} of somebody else")


def _differing(cost: DirectCost, row: Json) -> Plan | None:
    """Procore has to show the amount to the cent before the record is locked, or taken for ours (PP-40, O9)."""
    shown = row.get("grand_total") or row.get("amount")
    if shown is None or money(shown) == cost.total:
        return None
    words = f"direct cost {row['id']} comes to {shown} in Procore and to {money_text(cost.total)} in Business Central"
    return Plan(waits=[fact(f"direct_cost:{row['id']}", words)])


def _head(cost: DirectCost, project_id: str, stage: int) -> Part:
    body = given(
        {
            "direct_cost_type": cost.kind,
            "direct_cost_date": cost.date,
            "vendor_id": cost.vendor_id,
            "invoice_number": cost.invoice_number,
            "description": cost.description,
            "status": "draft",
            "origin_data": cost.origin,
        }
    )
    scope = {"project_id": project_id}
    return Part(name=cost.head, endpoint=RESOURCE, stage=stage, scope=scope, key=cost.origin, body=body)


def _lines(cost: DirectCost, project_id: str, head_id: str, stage: int) -> list[Part]:
    return [
        Part(
            name=line.name,
            endpoint=f"{RESOURCE}.line_items",
            stage=stage,
            scope={"project_id": project_id},
            key=line.origin,
            body=given(
                {
                    "direct_cost_id": int(head_id),
                    "wbs_code_id": line.wbs_code_id,
                    "description": line.description,
                    "uom": line.uom,
                    **_figures(line),
                }
            ),
        )
        for line in cost.lines
    ]


def _figures(line: CostLine) -> dict[str, object]:
    """JSON numbers (guide 9). Quantity and unit cost go along where they give the amount exactly."""
    amount = cents(line.amount)
    if line.quantity and line.unit_cost is not None and product(line.quantity, line.unit_cost) == amount:
        figures = {"quantity": line.quantity, "unit_cost": line.unit_cost, "amount": amount}
        return {**figures, "extended_type": "calculated"}
    return {"amount": amount, "extended_type": "manual"}


def _finish(cost: DirectCost, project_id: str, head_id: str, stage: int) -> Part:
    return Part(
        name=cost.finish,
        endpoint=f"{RESOURCE}.finish",
        stage=stage,
        scope={"project_id": project_id},
        key=cost.origin,
        target_id=head_id,
        body={"origin_id": cost.origin, "status": _APPROVED},
    )
