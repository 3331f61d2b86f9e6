"""Direct costs, heads and lines.

A head carries its origin id last, as that locks the record and its lines (Procore O4, O9). Until then it is recognised
by `origin_data`, which the platform keeps and shows, and never interprets (O1). Lines carry origin ids of their own.
"""

from domain.delivery import Endpoint, Listing, Lookup
from domain.endpoints.making import connector
from domain.values import PROCORE

_PLACE = "/rest/v1.0/projects/{project_id}/direct_costs"
_LIST = "/rest/v1.1/projects/{project_id}/direct_costs"
_SERIAL = "direct_costs"

ALL: tuple[Endpoint, ...] = (
    Endpoint(
        name="direct_costs",
        system=PROCORE,
        verb="sync",
        method="PATCH",
        path=f"{_PLACE}/sync",
        rows="updates",
        limit=1000,
        lookup=Lookup(_LIST, match="fields", fields=("origin_data",)),
        serial=_SERIAL,
    ),
    Endpoint(
        name="direct_costs.line_items",
        system=PROCORE,
        verb="sync",
        method="PATCH",
        path=f"{_PLACE}/line_items/sync",
        rows="updates",
        limit=1000,
        lookup=Lookup(f"{_PLACE}/line_items"),
        shown={"wbs_code_id": "wbs_code.id", "direct_cost_id": "holder.id"},
        refreshes=("direct_costs",),
        serial=_SERIAL,
    ),
    Endpoint(
        name="direct_costs.finish",
        system=PROCORE,
        verb="sync",
        method="PATCH",
        path=f"{_PLACE}/sync",
        rows="updates",
        limit=1000,
        lookup=Lookup(_LIST, filter="filters[origin_id]"),
        serial=_SERIAL,
    ),
    Endpoint(
        name="direct_costs.delete",
        system=PROCORE,
        verb="delete",
        method="DELETE",
        path=f"{_LIST}/{{id}}",
        lookup=Lookup(_LIST, match="id"),
        serial=_SERIAL,
    ),
    connector("projectLedgerEntries"),
)
"""Heads, then lines, then origin id and status together. Writes of one project go one after the other (K5)."""


def direct_costs(project_id: str) -> Listing:
    """The direct costs of a project without their lines, each with its total."""
    path = _LIST.replace("{project_id}", project_id)
    return Listing("direct_costs", PROCORE, path, scope=project_id)


def direct_cost_lines(project_id: str) -> Listing:
    """The lines of all direct costs of a project, each with its holder."""
    path = f"{_PLACE.replace('{project_id}', project_id)}/line_items"
    return Listing("direct_costs.line_items", PROCORE, path, scope=project_id)
