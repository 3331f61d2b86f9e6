"""Procore NPC change order -> Business Central project of its own below the project.

Why     Independent scope that is ordered through a change order is kept as a job of its own, traceable to its parent.
Owner   Procore owns the order. The new project is Business Central's from the moment it is made; the order is kept
        under the parent with its lines (PP-80). Neither is changed afterwards: a difference is put before a person.
Rules   PP-67 to PP-81, C-02 to C-05, ER-63; J8: no project is made in Procore.
Source  Procore guide G10 to G12, Q2, Z3; connector API projects (child of a parent), changeOrders of type NPC.
"""

from collections.abc import Iterable

from msgspec.structs import replace

from domain import change_order
from domain.change_order import NPC_TYPE, is_approved, is_npc
from domain.delivery import Listing
from domain.endpoints import changes
from domain.events import LinkRow
from domain.flow import Part, Plan, Subject
from domain.flows import change_order_codes as codes
from domain.flows import change_order_parts as parts
from domain.flows.change_order_flow import change_order_flow
from domain.flows.common import fact, given, plain
from domain.values import Json, text

NAME = "npc-change-order-to-project"
CHILD = "project"
_CLASS = "NPC_x0020_Change_x0020_Order"
_NAME, _DESCRIPTION = 100, 50


def listings(subject: Subject) -> Iterable[Listing]:
    """The parent, the job that was made from the order before, and the parent's orders; the packages to be marked."""
    order, memory = subject.source, subject.memory
    if is_approved(order):
        yield from codes.listings(subject)
    yield changes.orders_of(text(order, "jobNumber"))
    yield changes.jobs_of_order(text(order, "id"))
    if parts.STATUS not in memory.parts:
        yield changes.job(text(order, "jobNumber"))
    if parts.MARK not in memory.parts:
        yield changes.packages(text(order, "procoreProjectId"))


def plan(subject: Subject) -> Plan:
    """The project, its order under the parent, the parent's class, the status, the mark in Procore."""
    order, memory = subject.source, subject.memory
    rows = parts.rows_here(subject)
    row = next((each for each in rows if plain(each, "changeOrderType") == "NPC"), None)
    made = next(iter(subject.facts.get(changes.jobs_of_order(text(order, "id")), ())), None)
    child_id = memory.target_id(CHILD) or text(made or {}, "id")
    order_id = memory.target_id(parts.ORDER) or text(row or {}, "id")
    if child_id and made is not None and text(made, "parentProjectNumber") != text(order, "jobNumber"):
        words = f"project {made['number']} carries this change order and does not stand below {order['jobNumber']}"
        return Plan(conflict=words)
    if child_id or order_id:
        against = parts.against(subject, row, "" if is_npc(order) else "is no longer marked as NPC", made)
        if against is not None:
            return against
    if not (child_id and order_id):
        regular = next(
            (each for each in rows if plain(each, "changeOrderType") == parts.TYPES[text(order, "side")]), None
        )
        refusal = parts.before_creation(subject, regular) or _unfit(order)
        if refusal is not None:
            return refusal
    if not child_id:
        return _new_project(subject)
    return _carried(subject, row, made, child_id, order_id)


def _unfit(order: Json) -> Plan | None:
    """What must be settled in Procore before a project is made of the order."""
    number = change_order.label(order)
    kind = text(order, "type")
    if kind and kind.casefold() != NPC_TYPE.casefold():
        words = f"{number} is marked as NPC, and its type is {kind}; make both say the same"
        return Plan(waits=[fact(f"order:{number}", words)])
    if not text(order, "title"):
        return Plan(waits=[fact(f"order:{number}", f"{number} has no title, and a project needs a name")])
    return None


def _new_project(subject: Subject) -> Plan:
    job = parts.job_row(subject) or {}
    if not text(job, "customerNumber"):
        words = f"project {text(subject.source, 'jobNumber')} has no customer, and the new project needs one"
        return Plan(waits=[fact(f"customer:{text(subject.source, 'jobNumber')}", words)])
    body = _project_body(subject, job)
    key = str(body["id"])
    return Plan(parts=[Part(name=CHILD, endpoint="bc.projects.create", stage=0, key=key, body=body, meaning=key)])


def _project_body(subject: Subject, parent: Json) -> dict[str, object]:
    """The new project, in the order of the connector's tables. Its number is given by Business Central's series.

    Address, currency, posting group and manager are copied from the parent by Business Central itself.
    """
    order = subject.source
    return given(
        {
            "id": parts.id_of(subject.context, "projects", parts.key_of(order)),
            "displayName": text(order, "title")[:_NAME],
            "description2": text(order, "description")[:_DESCRIPTION],
            "customerNumber": text(parent, "customerNumber"),
            "billToCustomerNumber": text(parent, "billToCustomerNumber"),
            "projectClass": _CLASS,
            "parentProjectNumber": text(order, "jobNumber"),
            "procoreChangeOrderId": int(text(order, "id")),
            "sendToProcore": True,
            "procoreProjectId": int(text(order, "procoreProjectId")),
        }
    )


def _carried(subject: Subject, row: Json | None, made: Json | None, child_id: str, order_id: str) -> Plan:
    """Everything that follows once the project stands."""
    memory = subject.memory
    planned: list[Part] = []
    if not order_id:
        body = parts.order_body(subject, "NPC")
        key = str(body["id"])
        planned = [Part(name=parts.ORDER, endpoint="bc.changeOrders.create", stage=1, key=key, body=body, meaning=key)]
    else:
        if parts.STATUS not in memory.parts:
            planned += parts.class_part(subject, parts.job_row(subject), order_id, 2)
        planned.append(parts.status_part(subject, row, order_id, 3))
        planned += parts.mark_part(subject, row, order_id, 4)

    def joined_by() -> Iterable[LinkRow]:
        order = subject.source
        place = f"{text(order, 'side')}_change_orders"
        number = text(made or {}, "number")
        yield LinkRow("projects", child_id, number, place, text(order, "id"), text(order, "procoreProjectId"))
        if order_id:
            yield from parts.links(subject, row, order_id)

    told = parts.cuts(subject.source) + _cuts(subject.source)
    told += parts.text_changes(subject, row) if row is not None else []
    return Plan(parts=planned, links=lambda _memory: joined_by(), link_stage=-1, warnings=told)


def _cuts(order: Json) -> list[str]:
    told = []
    if len(text(order, "description")) > _DESCRIPTION:
        told = [f"the project's description is the first {_DESCRIPTION} characters; the order holds the full text"]
    return told


def _counts(order: Json, _demanded: bool) -> bool:  # noqa: FBT001 - the registry's signature
    return is_approved(order) and is_npc(order)


FLOW = replace(change_order_flow(NAME, _counts, listings, plan), theirs=(f"{CHILD}.*",))
