"""What can be subscribed to, and which of it a change of a row is.

Source  `webhook-resources.md`, section 2: the names of the data that the stand-in keeps.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from adapters.sandbox.procore.change_order_records import LINES as ORDER_LINES
from adapters.sandbox.procore.change_order_records import PACKAGES, POTENTIALS, REQUESTS
from adapters.sandbox.procore.commitments import CONTRACTS
from adapters.sandbox.procore.company import COST_TYPES, STAGES, STANDARD_CODES, STANDARD_LISTS
from adapters.sandbox.procore.cost_codes import COST_CODES
from adapters.sandbox.procore.cost_lines import COST_LINES, DIRECT_COSTS
from adapters.sandbox.procore.directory import MEMBERS, VENDORS
from adapters.sandbox.procore.erp import REQUESTS as ERP_REQUESTS
from adapters.sandbox.procore.lines import LINES
from adapters.sandbox.procore.prime_contracts import PRIME_CONTRACTS
from adapters.sandbox.procore.projects import PROJECTS
from adapters.sandbox.procore.state import Deed, Row, State
from adapters.sandbox.procore.sub_jobs import SUB_JOBS
from adapters.sandbox.procore.timecards import ENTRIES
from adapters.sandbox.procore.wbs_codes import BUDGET_LINES

FAN_OUT_ENDS = datetime(2026, 7, 1, tzinfo=UTC)
"""`update` on Project Vendors ended on 2026-06-30 (N19)."""

_ALL: tuple[Deed, ...] = ("create", "update", "delete")
PROJECT_VENDORS = "Project Vendors"
COMPANY_VENDORS = "Company Vendors"


@dataclass(frozen=True)
class Resource:
    """One name of the list; a row of `table` is its record."""

    name: str
    scope: Literal["company", "project"]
    tool: str
    table: str = ""
    actions: tuple[Deed, ...] = _ALL


RESOURCES: tuple[Resource, ...] = (
    Resource("Projects", "company", "Projects", PROJECTS, ("create", "update")),
    Resource(COMPANY_VENDORS, "company", "Directory", VENDORS),
    Resource("Company Users", "company", "Directory"),
    Resource("ERP Requests", "company", "ERP Integrations", ERP_REQUESTS),
    Resource("Line Item Types", "company", "Admin", COST_TYPES),
    Resource("Standard Cost Codes", "company", "Admin", STANDARD_CODES),
    Resource("Standard Cost Code Lists", "company", "Admin", STANDARD_LISTS, ("create",)),
    Resource("Project Stages", "company", "Admin", STAGES),
    Resource("Budget Line Items", "project", "Budget", BUDGET_LINES),
    Resource("Cost Codes", "project", "Admin", COST_CODES),
    Resource("Sub Jobs", "project", "Admin", SUB_JOBS),
    Resource("Purchase Order Contracts", "project", "Commitments"),
    Resource("Purchase Order Contract Line Items", "project", "Commitments"),
    Resource("Work Order Contracts", "project", "Commitments"),
    Resource("Work Order Contract Line Items", "project", "Commitments"),
    Resource("Prime Contracts", "project", "Prime Contracts", PRIME_CONTRACTS),
    Resource("Change Order Packages", "project", "Change Orders", PACKAGES),
    Resource("Change Order Requests", "project", "Change Orders", REQUESTS),
    Resource("Potential Change Orders", "project", "Change Orders", POTENTIALS),
    Resource("Potential Change Order Line Items", "project", "Change Orders", ORDER_LINES),
    Resource("Direct Costs", "project", "Direct Costs", DIRECT_COSTS),
    Resource("Direct Cost Line Items", "project", "Direct Costs", COST_LINES),
    Resource("Timecard Entries", "project", "Timecards", ENTRIES),
    Resource(PROJECT_VENDORS, "project", "Directory", MEMBERS, ("create", "delete")),
    Resource("RFIs", "project", "RFIs"),
)
"""Requisitions, timesheets, segments, budget codes, people and billing periods raise no events (N21)."""

BY_NAME: Mapping[str, Resource] = {resource.name: resource for resource in RESOURCES}
_BY_TABLE: Mapping[str, Resource] = {resource.table: resource for resource in RESOURCES if resource.table}
_OF_CONTRACTS = {
    "purchase_order_contracts": ("Purchase Order Contracts", "Purchase Order Contract Line Items"),
    "work_order_contracts": ("Work Order Contracts", "Work Order Contract Line Items"),
}
_PARENTS: Mapping[str, tuple[str, str, str]] = {
    LINES: ("contract_id", CONTRACTS, ""),
    COST_LINES: ("direct_cost_id", DIRECT_COSTS, "Direct Costs"),
    ORDER_LINES: ("potential_change_order_id", POTENTIALS, "Potential Change Orders"),
}


def resource_of(state: State, table: str, row: Row) -> Resource | None:
    """The name under which a row's changes are told; None for what raises no events."""
    if table == CONTRACTS:
        return BY_NAME[_OF_CONTRACTS[row["resource"]][0]]
    if table == LINES:
        return BY_NAME[_OF_CONTRACTS[state.table(CONTRACTS)[row["contract_id"]]["resource"]][1]]
    return _BY_TABLE.get(table)


def parent_of(state: State, table: str, row: Row) -> dict[str, object] | None:
    """The parent of a line, as v3.0 names it (N16); None for what is no line."""
    if table not in _PARENTS:
        return None
    field, parents, name = _PARENTS[table]
    if table == LINES:
        name = _OF_CONTRACTS[state.table(parents)[row[field]]["resource"]][0]
    return {"id": row[field], "name": name}


def actions_of(resource: Resource, now: datetime) -> tuple[Deed, ...]:
    """The events of a resource that are told at this time."""
    if resource.name == PROJECT_VENDORS and now < FAN_OUT_ENDS:
        return _ALL
    return resource.actions
