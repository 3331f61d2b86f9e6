"""Subcontractor invoices (requisitions), their items, billing periods, and the way back to posted invoices.

A head carries its origin id last, together with its status, as that locks the record (Procore O4, O9). Until then it is
recognised by its commitment and `origin_data`, which the platform keeps and shows, and never interprets (O1).

Source  Procore guide 16, 23.1, Z5; requisitions have no sync action.
"""

from domain.delivery import Endpoint, Listing, Lookup
from domain.endpoints.making import connector, project_list
from domain.values import PROCORE

_LIST = "/rest/v1.1/requisitions"
_ITEMS = "/rest/v1.0/requisitions/{id}"
_OF_PROJECT = (("project_id", "{project_id}"),)
_BILLED = ("requisitions", "purchase_order_contracts", "work_order_contracts")
"""What a requisition changes: the list of them, and the billed total of its contract."""

ALL: tuple[Endpoint, ...] = (
    Endpoint(
        name="requisitions.create",
        system=PROCORE,
        verb="create",
        method="POST",
        path=_LIST,
        body=("project_id", "commitment_id"),
        envelope="requisition",
        lookup=Lookup(
            _LIST,
            query=(*_OF_PROJECT, ("filters[commitment_id]", "{commitment_id}"), ("view", "extended")),
            match="fields",
            fields=("origin_data",),
        ),
        refreshes=(*_BILLED, "billing_periods"),
        # Procore numbers the invoices of a commitment as they come: one after the other keeps the order of posting.
        serial="requisitions",
    ),
    Endpoint(
        name="requisitions.items",
        system=PROCORE,
        verb="update",
        method="PATCH",
        path=f"{_ITEMS}/bulk_item_update",
        query=("project_id",),
        lookup=Lookup("", match="one"),  # the rows are whole amounts: sending them again does no harm
        refreshes=(*_BILLED, "requisition_items", "billing_periods"),
    ),
    Endpoint(
        name="requisitions.finish",
        system=PROCORE,
        verb="update",
        method="PATCH",
        path=f"{_LIST}/{{id}}",
        body=("project_id", "commitment_id"),
        envelope="requisition",
        lookup=Lookup(f"{_LIST}/{{id}}", query=_OF_PROJECT, match="one"),
        refreshes=(*_BILLED, "billing_periods"),
    ),
    connector("postedPurchaseInvoices"),
    connector("postedPurchaseInvoiceLines"),
)


def billing_periods(project_id: str) -> Listing:
    """The billing periods of a project; none where they are not in use (I8, Z11)."""
    return Listing("billing_periods", PROCORE, f"/rest/v1.0/projects/{project_id}/billing_periods", scope=project_id)


def requisitions(project_id: str, contract_id: str) -> Listing:
    """The invoices of one commitment, with their origin fields (Procore H7)."""
    query = {"filters[commitment_id]": contract_id, "view": "extended"}
    return project_list("requisitions", _LIST, project_id, **query)


def requisitions_of_project(project_id: str) -> Listing:
    """All invoices of a project."""
    return project_list("requisitions", _LIST, project_id, view="extended")


def requisition_items(project_id: str, requisition_id: str) -> Listing:
    """The items of one invoice that stand for lines of its commitment (I5, I6)."""
    path = f"{_ITEMS.replace('{id}', requisition_id)}/contract_items"
    return project_list("requisition_items", path, project_id)


def contract_lines(resource: str, project_id: str, contract_id: str) -> Listing:
    """The lines that a commitment has now."""
    return project_list(f"{resource}.line_items", f"/rest/v1.0/{resource}/{contract_id}/line_items", project_id)
