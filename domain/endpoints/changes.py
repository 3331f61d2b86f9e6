"""Change orders of Procore, and their counterparts in Business Central.

Source  Procore guide 15 and 23.2, Z1, Z3; the connector API, changeOrders, changeOrderLines, projects.
"""

from domain.delivery import Endpoint, Listing, Lookup
from domain.endpoints.making import company_list, connector, connector_create, connector_list, project_list, quoted
from domain.values import PROCORE

_OF_PROJECT = (("project_id", "{project_id}"),)
ORDERS, FAMILY = "bc.changeOrders", "bc.jobs"

ALL: tuple[Endpoint, ...] = (
    Endpoint(
        name="change_order_packages",
        system=PROCORE,
        verb="update",
        method="PATCH",
        path="/rest/v1.0/change_order_packages/{id}",
        body=("project_id",),
        envelope="change_order",
        lookup=Lookup("/rest/v1.0/change_order_packages/{id}", query=_OF_PROJECT, match="one"),
        refreshes=("change_order_packages",),
    ),
    connector("changeOrders"),
    connector_create("changeOrders", refreshes=(ORDERS, FAMILY)),
    connector_create("projects", refreshes=(FAMILY,)),
)


def unified(side: str, project_id: str, window: str = "") -> Listing:
    """The change orders of one side of a project of one or two tiers; 404 where there are three (G3). Not paged (P3).

    Whatever their status, so that one that is no longer approved is seen; `window` narrows it to what changed.
    """
    path = f"/rest/v1.0/projects/{project_id}/{side}_change_orders"
    narrowed = (("filters[updated_at]", window),) if window else ()
    query = (("sort", "id"), ("view", "extended"), *narrowed)
    return Listing(f"{side}_change_orders", PROCORE, path, query, paged=False, scope=project_id)


def order_lines(side: str, company: str, project_id: str, order_id: str) -> Listing:
    """The lines of an order of one or two tiers: v2, ids and amounts as text (G8)."""
    order = f"{side}_change_orders/{order_id}"
    path = f"/rest/v2.0/companies/{company}/projects/{project_id}/{order}/line_items"
    return Listing("change_order_lines", PROCORE, path, scope=project_id)


def packages(project_id: str, window: str = "") -> Listing:
    """The packages of a project: the level with status and origin fields, whatever the tiers (G2, G3)."""
    narrowed = {"filters[updated_at]": window} if window else {}
    return project_list("change_order_packages", "/rest/v1.0/change_order_packages", project_id, **narrowed)


def package(project_id: str, package_id: str) -> Listing:
    """One package with its side, its description and the lines of all that stands behind it (G13)."""
    path = f"/rest/v1.0/change_order_packages/{package_id}"
    return Listing("change_order_package", PROCORE, path, (("project_id", project_id),), paged=False, scope=project_id)


def potentials(project_id: str) -> Listing:
    """The potential change orders of a project: they alone tell how many tiers it has (`change_order_tiers`)."""
    return project_list("potential_change_orders", "/rest/v1.0/potential_change_orders", project_id)


def custom_fields(company: str) -> Listing:
    """The fields that the company defined (G11). Marked as deprecated; its successor is not described."""
    return company_list("custom_field_definitions", "/rest/v1.0/custom_field_definitions", company)


def wbs_codes(project_id: str) -> Listing:
    """The budget codes of a project with the items that they are made of (W8)."""
    path = f"/rest/v1.0/projects/{project_id}/work_breakdown_structure/wbs_codes"
    return Listing("wbs_codes", PROCORE, path, scope=project_id)


def orders_of(job: str) -> Listing:
    """The change orders that stand under a job in Business Central, with their lines."""
    query = (("$filter", f"projectNumber eq {quoted(job)}"), ("$expand", "changeOrderLines"))
    return connector_list(ORDERS, "changeOrders", *query)


def job(number: str) -> Listing:
    """One job of Business Central."""
    return connector_list(FAMILY, "projects", ("$filter", f"number eq {quoted(number)}"))


def jobs_of_order(order_id: str) -> Listing:
    """The job that was made from an NPC change order."""
    return connector_list(FAMILY, "projects", ("$filter", f"procoreChangeOrderId eq {int(order_id)}"))
