"""The addresses of both systems that flows write to, and the lists that they read. Plain rows, no behaviour.

Source  Procore's REST catalogue and guide sections 10, 12, 14, 23.1; the connector API of Business Central.
"""

from domain.delivery import Endpoint, Listing, Lookup, Scope
from domain.endpoints import budget, changes, costs, erp, invoices, time
from domain.endpoints.making import company_list, connector, connector_create, project_list
from domain.values import PROCORE

_COMPANY_WBS = "/rest/v1.0/companies/{company_id}/work_breakdown_structure"
_PROJECT_WBS = "/rest/v1.0/projects/{project_id}/work_breakdown_structure"
_OF_COMPANY = (("company_id", "{company_id}"),)
_OF_PROJECT = (("project_id", "{project_id}"),)

_CONTRACT_SHOWN = {"vendor_id": "vendor.id"}
_LINE_SHOWN = {"wbs_code_id": "wbs_code.id", "amount": "total_amount"}


def _contracts(resource: str) -> tuple[Endpoint, ...]:
    """The endpoints that both kinds of commitment have alike (Procore guide 14)."""
    contract = f"{resource}_id".replace("contracts_id", "contract_id")
    return (
        Endpoint(
            name=resource,
            system=PROCORE,
            verb="sync",
            method="PATCH",
            path=f"/rest/v1.0/{resource}/sync",
            body=("project_id",),
            rows="updates",
            limit=1000,
            lookup=Lookup(
                f"/rest/v1.0/{resource}", query=(*_OF_PROJECT, ("view", "extended")), filter="filters[origin_id]"
            ),
            shown=_CONTRACT_SHOWN,
            refreshes=(resource,),
        ),
        Endpoint(
            name=f"{resource}.line_items",
            system=PROCORE,
            verb="sync",
            method="PATCH",
            path=f"/rest/v1.0/{resource}/{{{contract}}}/line_items/sync",
            query=("project_id",),
            rows="updates",
            limit=1000,
            lookup=Lookup(f"/rest/v1.0/{resource}/{{{contract}}}/line_items", query=_OF_PROJECT),
            shown=_LINE_SHOWN,
            refreshes=(f"{resource}.line_items",),
        ),
        Endpoint(
            name=f"{resource}.line_items.delete",
            system=PROCORE,
            verb="delete",
            method="DELETE",
            path=f"/rest/v1.0/{resource}/{{{contract}}}/line_items/{{id}}",
            query=("project_id",),
            lookup=Lookup(f"/rest/v1.0/{resource}/{{{contract}}}/line_items", query=_OF_PROJECT, match="id"),
            refreshes=(f"{resource}.line_items",),
        ),
    )


_ALL: tuple[Endpoint, ...] = (
    Endpoint(
        name="vendors",
        system=PROCORE,
        verb="sync",
        method="PATCH",
        path="/rest/v1.0/vendors/sync",
        body=("company_id",),
        rows="updates",
        limit=1000,
        lookup=Lookup("/rest/v1.0/vendors", query=_OF_COMPANY, filter="filters[origin_id]"),
        refreshes=("vendors",),
    ),
    Endpoint(
        name="project_vendors",
        system=PROCORE,
        verb="attach",
        method="POST",
        path="/rest/v1.1/projects/{project_id}/vendors/{id}/actions/add",
        lookup=Lookup("/rest/v1.1/projects/{project_id}/vendors", match="id"),
        refreshes=("project_vendors",),
    ),
    Endpoint(
        name="line_item_types",
        system=PROCORE,
        verb="sync",
        method="PATCH",
        path="/rest/v1.0/line_item_types/sync",
        body=("company_id",),
        rows="updates",
        limit=1000,
        lookup=Lookup("/rest/v1.0/line_item_types", query=_OF_COMPANY, filter="filters[origin_id]"),
        shown={"csv_import_code": "code"},
        refreshes=("line_item_types", "segment_items"),
    ),
    Endpoint(
        name="segments",
        system=PROCORE,
        verb="create",
        method="POST",
        path=f"{_COMPANY_WBS}/segments",
        envelope="segment",
        lookup=Lookup(f"{_COMPANY_WBS}/segments", match="fields", fields=("name",), paged=False),
        refreshes=("company_segments",),
    ),
    Endpoint(
        name="company_segment_items",
        system=PROCORE,
        verb="create",
        method="POST",
        path=f"{_COMPANY_WBS}/segments/{{segment_id}}/segment_items",
        lookup=Lookup(
            f"{_COMPANY_WBS}/segments/{{segment_id}}/segment_items", match="fields", fields=("code", "parent_id")
        ),
        refreshes=("company_segment_items",),
    ),
    Endpoint(
        name="company_segment_items.update",
        system=PROCORE,
        verb="update",
        method="PATCH",
        path=f"{_COMPANY_WBS}/segments/{{segment_id}}/segment_items/{{id}}",
        lookup=Lookup(f"{_COMPANY_WBS}/segments/{{segment_id}}/segment_items/{{id}}", match="one"),
        refreshes=("company_segment_items",),
    ),
    Endpoint(
        name="projects",
        system=PROCORE,
        verb="create",
        method="POST",
        path="/rest/v1.0/projects",
        body=("company_id",),
        envelope="project",
        lookup=Lookup(
            "/rest/v1.1/projects", query=(*_OF_COMPANY, ("filters[by_status]", "All")), filter="filters[origin_id]"
        ),
        refreshes=("projects",),
    ),
    Endpoint(
        name="projects.update",
        system=PROCORE,
        verb="update",
        method="PATCH",
        path="/rest/v1.0/projects/{id}",
        body=("company_id",),
        envelope="project",
        lookup=Lookup("/rest/v1.0/projects/{id}", query=_OF_COMPANY, match="one"),
        refreshes=("projects",),
    ),
    Endpoint(
        name="project_pattern_segments",
        system=PROCORE,
        verb="attach",
        method="PUT",
        path=f"{_PROJECT_WBS}/patterns/add_segment",
        lookup=Lookup(f"{_PROJECT_WBS}/patterns", match="id", rows="segments", paged=False),
        refreshes=("project_segments",),
    ),
    Endpoint(
        name="sub_jobs",
        system=PROCORE,
        verb="sync",
        method="PATCH",
        path="/rest/v1.0/sub_jobs/sync",
        query=("project_id",),
        body=("project_id",),
        rows="updates",
        limit=1000,
        lookup=Lookup("/rest/v1.0/sub_jobs", query=_OF_PROJECT),
        refreshes=("sub_jobs", "segment_items"),
    ),
    Endpoint(
        name="cost_codes",
        system=PROCORE,
        verb="sync",
        method="PATCH",
        path="/rest/v1.0/cost_codes/sync",
        query=("project_id",),
        rows="updates",
        limit=1000,
        lookup=Lookup("/rest/v1.0/cost_codes", query=_OF_PROJECT),
        shown={"parent_id": "parent.id"},
        refreshes=("cost_codes", "segment_items"),
    ),
    Endpoint(
        name="wbs_codes",
        system=PROCORE,
        verb="create",
        method="PATCH",
        path=f"{_PROJECT_WBS}/wbs_codes/bulk_create",
        rows="bulk",
        limit=1000,
        lookup=Lookup(f"{_PROJECT_WBS}/wbs_codes", match="segment_items"),
        refreshes=("wbs_codes",),
    ),
    *_contracts("purchase_order_contracts"),
    *_contracts("work_order_contracts"),
    *(
        connector(entity_set)
        for entity_set in (
            "vendors",
            "costTypes",
            "segments",
            "projects",
            "projectSegments",
            "projectTasks",
            "purchaseOrders",
            "purchaseOrderLines",
        )
    ),
    connector_create("projectSegments"),
    connector_create("syncLogEntries"),
)

ENDPOINTS: dict[str, Endpoint] = {
    endpoint.name: endpoint
    for endpoint in (*_ALL, *budget.ALL, *costs.ALL, *invoices.ALL, *changes.ALL, *time.ALL, *erp.ALL)
}


def vendors(company: str) -> Listing:
    """All active company vendors."""
    return company_list("vendors", "/rest/v1.0/vendors", company)


def inactive_vendors(company: str) -> Listing:
    """Vendors switched off; a look-up among the active ones misses them (Procore V2)."""
    return Listing("vendors", PROCORE, f"/rest/v1.0/companies/{company}/vendors/inactive")


def line_item_types(company: str) -> Listing:
    """All cost types of the company."""
    return company_list("line_item_types", "/rest/v1.0/line_item_types", company)


def company_segments(company: str) -> Listing:
    """The segments of the company pattern; not paged (Procore P3)."""
    path = f"/rest/v1.0/companies/{company}/work_breakdown_structure/segments"
    return Listing("company_segments", PROCORE, path, paged=False)


def company_segment_items(company: str, segment_id: str) -> Listing:
    """The items of one company segment."""
    path = f"/rest/v1.0/companies/{company}/work_breakdown_structure/segments/{segment_id}/segment_items"
    return Listing("company_segment_items", PROCORE, path)


def projects(company: str) -> Listing:
    """All projects, inactive ones too."""
    return Listing("projects", PROCORE, "/rest/v1.1/projects", (("company_id", company), ("filters[by_status]", "All")))


def project_segments(project_id: str) -> Listing:
    """The segments of a project's pattern (Procore W2); not paged."""
    path = f"/rest/v1.0/projects/{project_id}/work_breakdown_structure/segments"
    return Listing("project_segments", PROCORE, path, paged=False, scope=project_id)


def segment_items(project_id: str, segment_id: str) -> Listing:
    """The items of one segment in a project: sub jobs, cost codes and cost types have their items here."""
    path = f"/rest/v1.0/projects/{project_id}/work_breakdown_structure/segments/{segment_id}/segment_items"
    return Listing("segment_items", PROCORE, path, scope=project_id)


def project_vendors(project_id: str) -> Listing:
    """The vendors in a project's directory."""
    return Listing("project_vendors", PROCORE, f"/rest/v1.1/projects/{project_id}/vendors", scope=project_id)


def sub_jobs(project_id: str) -> Listing:
    """The sub jobs of a project."""
    return project_list("sub_jobs", "/rest/v1.0/sub_jobs", project_id)


def cost_codes(project_id: str) -> Listing:
    """The cost codes of a project."""
    return project_list("cost_codes", "/rest/v1.0/cost_codes", project_id)


def contracts(resource: str, project_id: str) -> Listing:
    """The commitments of one kind in a project, with all their fields (Procore H7)."""
    return project_list(resource, f"/rest/v1.0/{resource}", project_id, view="extended")


def units(company: str) -> Listing:
    """The company's list of units of measure."""
    return Listing("uoms", PROCORE, f"/rest/v1.0/companies/{company}/uoms")


def scope_of(**ids: str | int) -> Scope:
    """A scope with its ids as text."""
    return {name: str(value) for name, value in ids.items()}
