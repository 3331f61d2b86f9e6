"""Which of our records a notice concerns, and what has to be asked for so that such notices come.

Source  Procore: `webhook-resources.md`, sections 2 and 3. Business Central: the sets that the flows read, from the
        registry; lines have sets of their own and move no header (Business Central 7.7, 11.15).
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Literal

from msgspec import Struct

from domain.flow import Flow
from domain.flows import FLOWS, erp_request_to_close_out
from domain.notices import Notice, Reason
from domain.values import BUSINESS_CENTRAL, PROCORE, System

CREATE: Reason = "create"
UPDATE: Reason = "update"
DELETE: Reason = "delete"
_ALL = (CREATE, UPDATE, DELETE)


class Concern(Struct, frozen=True):
    """What a notice is about.

    kinds   kinds of our records, in the order of the registry
    origin  those records come from the system that tells: their feed has something new. Otherwise they are what the
            hub wrote there, and somebody changed it
    """

    kinds: tuple[str, ...]
    origin: bool


class Resource(Struct, frozen=True):
    """One resource of Procore that is of use to us.

    scope   whether its triggers belong to the company's hook or to the hook of each project
    events  those that exist; what the live list does not offer is left out at set-up (N20)
    kinds   kinds of our records that it concerns
    """

    name: str
    scope: Literal["company", "project"]
    events: tuple[Reason, ...]
    kinds: tuple[str, ...]

    @property
    def head(self) -> str:
        """The resource by whose name it is muted: for lines that of their document."""
        document = f"{self.name.removesuffix(_LINES)}s"
        return document if document in _DOCUMENTS else self.name


_LINES = " Line Items"
_DOCUMENTS = frozenset({"Purchase Order Contracts", "Work Order Contracts", "Potential Change Orders", "Direct Costs"})
"""Resources whose lines are resources of their own."""
NEW_PROJECTS = "Projects"
"""Tells of new projects, which need a hook of their own."""
ERP_REQUESTS = "ERP Requests"

RESOURCES: tuple[Resource, ...] = (
    Resource(NEW_PROJECTS, "company", (CREATE, UPDATE), ("project",)),
    Resource("Company Vendors", "company", (CREATE, UPDATE, DELETE), ("vendor",)),
    Resource("Line Item Types", "company", _ALL, ("cost_type",)),
    Resource(ERP_REQUESTS, "company", (CREATE,), (erp_request_to_close_out.KIND,)),
    Resource("Project Dates", "project", _ALL, ("project",)),
    Resource("Project Vendors", "project", (CREATE, DELETE), ("project_vendor",)),  # update ended in 2026 (N19)
    Resource("Sub Jobs", "project", _ALL, ("project_segment",)),
    Resource("Cost Codes", "project", _ALL, ("project_task",)),
    Resource("Budget Line Items", "project", _ALL, ("budget_line",)),
    Resource("Purchase Order Contracts", "project", _ALL, ("commitment",)),
    Resource("Purchase Order Contract Line Items", "project", _ALL, ("commitment",)),
    Resource("Work Order Contracts", "project", _ALL, ("commitment",)),
    Resource("Work Order Contract Line Items", "project", _ALL, ("commitment",)),
    Resource("Change Order Packages", "project", _ALL, ("change_order",)),
    Resource("Change Order Requests", "project", _ALL, ("change_order",)),
    Resource("Potential Change Orders", "project", _ALL, ("change_order",)),
    Resource("Potential Change Order Line Items", "project", _ALL, ("change_order",)),
    Resource("Direct Costs", "project", _ALL, ("posted_invoice", "journal_entry")),
    Resource("Direct Cost Line Items", "project", _ALL, ("posted_invoice", "journal_entry")),
    Resource("Timecard Entries", "project", _ALL, ("time_sheet",)),
)
"""Requisitions, timesheets, segments and budget codes raise no events (N21): they are found by reading alone."""

_WRITTEN: Mapping[str, tuple[str, ...]] = {
    "changeOrders": ("change_order",),
    "changeOrderLines": ("change_order",),
    "timeSheetBufferEntries": ("time_sheet",),
    "crewTimeSheets": ("time_sheet",),
    "crewTimeSheetLines": ("time_sheet",),
}
"""Sets of Business Central that the hub writes records of Procore into."""


def concern_of(notice: Notice) -> Concern | None:
    """What a notice concerns; None when it is nothing of ours."""
    return concern_in(notice.system, notice.resource)


def concern_in(system: System, resource: str) -> Concern | None:
    """What a notice about a resource of Procore, or an entity set, concerns; None when it is nothing of ours."""
    return _BY_RESOURCE.get(_plain(resource)) if system == PROCORE else _BY_SET.get(resource)


def is_muted(resource: str, muted: Collection[str]) -> bool:
    """Whether notices of a resource of Procore are to be ignored, because it or the document of such lines is muted."""
    known = _NAMED.get(_plain(resource))
    return known is not None and known.head in muted


def resources_for(flows: Iterable[Flow], muted: Collection[str] = ()) -> tuple[Resource, ...]:
    """The resources of Procore to ask for when these flows are on, without those that are muted.

    `NEW_PROJECTS` is among them whatever flows are on.
    """
    kinds = {flow.kind for flow in flows}
    useful = (it for it in RESOURCES if it.name == NEW_PROJECTS or kinds & set(it.kinds))
    return tuple(it for it in useful if it.head not in muted)


def sets_for(flows: Iterable[Flow]) -> tuple[str, ...]:
    """The entity sets of Business Central to subscribe to when these flows are on, lines included."""
    found: list[str] = []
    for flow in flows:
        if flow.origin.system == BUSINESS_CENTRAL:
            found += [flow.origin.entity_set, flow.origin.child_set]
        else:
            found += [name for name, kinds in _WRITTEN.items() if flow.kind in kinds]
    return tuple(dict.fromkeys(name for name in found if name))


def _plain(name: str) -> str:
    """Names are compared without case, and as v4.0 may write them."""
    return name.replace("_", " ").casefold()


def _concerns_of_sets() -> dict[str, Concern]:
    """An entity set belongs to the kind that is read from it; a line set to the kind of its document as well."""
    found: dict[str, list[str]] = {}
    for flow in FLOWS:
        if flow.origin.system == BUSINESS_CENTRAL:
            for name in (flow.origin.entity_set, flow.origin.child_set):
                if name and flow.kind not in found.setdefault(name, []):
                    found[name].append(flow.kind)
    read = {name: Concern(tuple(kinds), origin=True) for name, kinds in found.items()}
    return {name: Concern(kinds, origin=False) for name, kinds in _WRITTEN.items()} | read


def _are_from(system: System, kinds: Iterable[str]) -> bool:
    return all(flow.origin.system == system for flow in FLOWS if flow.kind in kinds)


_NAMED = {_plain(it.name): it for it in RESOURCES}
_BY_RESOURCE = {_plain(it.name): Concern(it.kinds, origin=_are_from(PROCORE, it.kinds)) for it in RESOURCES}
_BY_SET = _concerns_of_sets()
