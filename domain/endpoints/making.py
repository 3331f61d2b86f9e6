"""How endpoints of one sort are made: the connector's sets in Business Central, and lists of Procore."""

from domain.delivery import Endpoint, Listing, Lookup
from domain.values import BUSINESS_CENTRAL, PROCORE


def connector(entity_set: str) -> Endpoint:
    """Writing ids back to a record of Business Central that exists: PATCH with its ETag, a hundred in one `$batch`."""
    return Endpoint(
        name=f"bc.{entity_set}",
        system=BUSINESS_CENTRAL,
        verb="update",
        method="PATCH",
        path=entity_set,
        limit=100,
        lookup=Lookup(entity_set, match="one"),
    )


def connector_create(entity_set: str, refreshes: tuple[str, ...] = ()) -> Endpoint:
    """Making a record of Business Central under an id that the hub chose, so that a repeat is refused."""
    return Endpoint(
        name=f"bc.{entity_set}.create",
        system=BUSINESS_CENTRAL,
        verb="create",
        method="POST",
        path=entity_set,
        limit=100,
        lookup=Lookup(entity_set, match="one"),
        refreshes=refreshes,
    )


def connector_action(entity_set: str, action: str) -> Endpoint:
    """A bound action of a record that can be repeated without harm, as no look shows whether it was called."""
    return Endpoint(
        name=f"bc.{entity_set}.{action}",
        system=BUSINESS_CENTRAL,
        verb="attach",
        method="POST",
        path=f"{entity_set}({{id}})/Microsoft.NAV.{action}",
        limit=100,
    )


def company_list(name: str, path: str, company: str, **query: str) -> Listing:
    """A list of the whole company."""
    return Listing(
        name, PROCORE, path.replace("{company_id}", company), (("company_id", company), *sorted(query.items()))
    )


def project_list(name: str, path: str, project_id: str, **query: str) -> Listing:
    """A list of one project."""
    return Listing(name, PROCORE, path, (("project_id", project_id), *sorted(query.items())), scope=project_id)


def connector_list(name: str, entity_set: str, *query: tuple[str, str]) -> Listing:
    """A list of the connector API; `query` as OData options, such as `("$filter", "closed eq false")`."""
    return Listing(name, BUSINESS_CENTRAL, entity_set, query)


def quoted(value: str) -> str:
    """A text literal of OData; an inner quote is doubled (Business Central 4.4)."""
    return "'" + value.replace("'", "''") + "'"
