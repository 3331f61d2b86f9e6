"""Procore change order -> Business Central change order under the project.

Why     The accounts see a change of the contract on the day that it is approved.
Owner   Procore owns the order. What Business Central holds of it is never changed afterwards: a later change, or an
        approval that is taken back, is put before a person with both amounts (G10).
Rules   PP-55 to PP-66, C-01, C-02, C-05, C-23, C-52, ER-63, PF-11.
Source  Procore prime and commitment change orders (G3 to G8), change order packages (G3); connector API changeOrders
        with changeOrderLines in one deep insert.
"""

from collections.abc import Iterable

from domain.change_order import is_approved, is_npc
from domain.delivery import Listing
from domain.endpoints import changes
from domain.flow import THERE, Part, Plan, Subject
from domain.flows import change_order_codes as codes
from domain.flows import change_order_parts as parts
from domain.flows.change_order_flow import change_order_flow
from domain.flows.common import plain
from domain.values import Json, text

NAME = "change-order-to-change-order"


def listings(subject: Subject) -> Iterable[Listing]:
    """What Business Central holds; before the first write also the order as it is in Procore now (PP-70)."""
    order, memory = subject.source, subject.memory
    if is_approved(order):
        yield from codes.listings(subject)
    yield changes.orders_of(text(order, "jobNumber"))
    if parts.STATUS not in memory.parts:
        yield changes.job(text(order, "jobNumber"))
    if parts.MARK not in memory.parts:
        yield changes.packages(text(order, "procoreProjectId"))
    if any(other.parts for other in subject.others.values()):
        yield changes.jobs_of_order(text(order, "id"))


def plan(subject: Subject) -> Plan:
    """The order with its lines, the project's class, the status, the mark in Procore."""
    order = subject.source
    rows = parts.rows_here(subject)
    row = next((each for each in rows if plain(each, "changeOrderType") == _type(order)), None)
    order_id = subject.memory.target_id(parts.ORDER) or text(row or {}, "id")
    if order_id:
        against = parts.against(subject, row, "" if not is_npc(order) else "is marked as NPC now")
        return against or _carried(subject, row, order_id)
    refusal = parts.before_creation(subject, _as_npc(subject, rows))
    if refusal is not None:
        return refusal
    return Plan(parts=[_order_part(subject)], link_stage=0)


def _as_npc(subject: Subject, rows: Iterable[Json]) -> Json | None:
    """What was made of the order while it was marked as NPC: its project, or what is kept of it under the parent."""
    jobs = subject.facts.get(changes.jobs_of_order(text(subject.source, "id")), ())
    return next(iter([*jobs, *(row for row in rows if plain(row, "changeOrderType") == "NPC")]), None)


def _carried(subject: Subject, row: Json | None, order_id: str) -> Plan:
    """Everything that follows once the order stands."""
    job = parts.job_row(subject)
    unfinished = parts.STATUS not in subject.memory.parts
    planned: list[Part] = parts.class_part(subject, job, order_id, 1) if unfinished else []
    planned.append(parts.status_part(subject, row, order_id, 2))
    planned += parts.mark_part(subject, row, order_id, 3)
    told = parts.cuts(subject.source) + (parts.text_changes(subject, row) if row is not None else [])
    return Plan(parts=planned, links=lambda _memory: parts.links(subject, row, order_id), link_stage=-1, warnings=told)


def _order_part(subject: Subject) -> Part:
    order = subject.source
    body = parts.order_body(subject, _type(order), _purchase_order(subject))
    return Part(
        name=parts.ORDER, endpoint="bc.changeOrders.create", stage=0, key=str(body["id"]), body=body, meaning=body["id"]
    )


def _type(order: Json) -> str:
    return parts.TYPES[text(order, "side")]


def _purchase_order(subject: Subject) -> str:
    """The order that a commitment came from, as long as Business Central has it."""
    known = subject.known("commitment", f"{THERE}{text(subject.source, 'contractId')}")
    if text(subject.source, "side") != "commitment" or known.link is None or known.state == "deleted":
        return ""
    return known.link.bc_number


def _counts(order: Json, _demanded: bool) -> bool:  # noqa: FBT001 - the registry's signature
    return is_approved(order) and not is_npc(order)


FLOW = change_order_flow(NAME, _counts, listings, plan)
