"""What a reset left standing in the other system: as long as it is there, the record is not sent again (ER-44).

The look before a creation would find it by its origin id and quietly take it for the record's own again; a record
without one would be made twice. So the record waits, in words, until somebody removes it there or links it.
"""

from collections.abc import Iterable, Sequence

from domain.delivery import Listing
from domain.endpoints import contracts, costs, invoices, projects, vendors
from domain.endpoints.making import connector_list
from domain.events import Left, LinkRow, Wait
from domain.flow import Subject
from domain.memory import FlowMemory
from domain.values import BUSINESS_CENTRAL, PROCORE, System, text

CONTRACTS = ("purchase_order_contracts", "work_order_contracts")
DOCUMENTS: dict[System, frozenset[str]] = {
    PROCORE: frozenset({"projects", "vendors", "requisitions", "direct_costs", *CONTRACTS}),
    BUSINESS_CENTRAL: frozenset({"projects", "changeOrders", "timeSheetBufferEntries", "crewTimeSheetLines"}),
}
"""What a reset leaves behind by its id. Everything else is known by its code alone, so it can't be there twice."""
SHARED = "derived"
"""Role of a pair whose Procore record belongs to another one (C-03)."""
NAMES = {BUSINESS_CENTRAL: "Business Central", PROCORE: "Procore"}
_FACT = "fact"
MOST_NAMED = 5


def left_by(links: Iterable[LinkRow], target: System) -> list[Left]:
    """What stands behind these pairs in the system that the flow writes to."""
    found: list[Left] = []
    for link in links:
        resource = link.procore_resource if target == PROCORE else link.bc_set
        if link.role == SHARED or resource not in DOCUMENTS[target]:
            continue
        if target == PROCORE:
            found.append(Left(target, resource, link.procore_id, link.procore_parent_id))
        else:
            found.append(Left(target, resource, link.bc_id))
    return list(dict.fromkeys(found))


def standing_of(memory: FlowMemory, made: Iterable[Left], target: System) -> list[Left]:
    """All that stands of a record in the system that the flow writes to: joined, made and not joined, left before."""
    return list(dict.fromkeys((*left_by(memory.links.values(), target), *made, *memory.left)))


def warning_of(left: Sequence[Left], links: Iterable[LinkRow], target: System) -> str:
    """What a person has to do before the record is sent again; nothing of it is done by the hub."""
    where = NAMES[target]
    what = [f"{each.resource.replace('_', ' ')} {each.id}" for each in left]
    what = what or [f"{link.procore_resource.replace('_', ' ')} {link.procore_id}" for link in links]
    if not what:
        return f"Nothing of it is known in {where}."
    more = f" and {len(what) - MOST_NAMED} more" if len(what) > MOST_NAMED else ""
    named = ", ".join(what[:MOST_NAMED]) + more
    return f"Nothing was changed in {where}: remove {named} there by hand before the record is sent again."


def listings(subject: Subject) -> list[Listing]:
    """Where to look for what was left."""
    return list(dict.fromkeys(_listing(subject, each) for each in _relevant(subject)))


def standing(subject: Subject) -> list[Wait]:
    """What is still there, in words."""
    return [
        Wait(_FACT, f"left:{each.resource}:{each.id}", in_words(each))
        for each in _relevant(subject)
        if any(_id(row) == each.id.casefold() for row in subject.facts.get(_listing(subject, each), ()))
    ]


def in_words(left: Left) -> str:
    """What has to happen before the record is sent again."""
    where = NAMES[left.system]
    what = f"{left.resource.replace('_', ' ')} {left.id}"
    return f"{what} still stands in {where} since the record was reset; remove it there, or link it again"


def _relevant(subject: Subject) -> list[Left]:
    """What stood in a project that is not the record's any more is out of its reach."""
    if not subject.memory.left:
        return []  # as of nearly every record: a walk through all references would note them all as looked at
    here = {
        known.link.procore_id
        for (kind, _), known in subject.references.items()
        if kind == "project" and known.link is not None
    }
    return [each for each in subject.memory.left if not each.parent or each.parent in here]


def _listing(subject: Subject, left: Left) -> Listing:
    company = subject.context.procore_company
    if left.system == BUSINESS_CENTRAL:
        return connector_list(f"bc.{left.resource}", left.resource, ("$filter", f"id eq {left.id}"))
    match left.resource:
        case "projects":
            return projects(company)
        case "vendors":
            return vendors(company)
        case "requisitions":
            return invoices.requisitions_of_project(left.parent)
        case "direct_costs":
            return costs.direct_costs(left.parent)
        case _:
            return contracts(left.resource, left.parent)


def _id(row: dict[str, object]) -> str:
    return text(row, "id").casefold()
