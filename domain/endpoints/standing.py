"""Where a row that was written stands: the lists that show it, few for many rows (BX-06).

Source  Procore guide F5 (most lists have no filter for ids), B4 (budget lines show as rows of a view), H7, V1; Business
        Central guide 4.4.
"""

from collections.abc import Mapping, Sequence

from domain import endpoints
from domain.delivery import Endpoint, Listing, Scope
from domain.endpoints import budget, costs, invoices
from domain.endpoints.making import connector_list
from domain.values import BUSINESS_CENTRAL, PROCORE, Json, chunks

IDS = 40
"""Records of Business Central that are asked for by one filter; the address stays below two thousand characters."""
_ENDS = (".create", ".update", ".finish", ".delete", ".items")


def resource_of(endpoint: Endpoint) -> str:
    """What sort of row it writes: several endpoints may write the same row."""
    name = endpoint.name
    for end in _ENDS:
        name = name.removesuffix(end)
    return name


def is_shown(endpoint: Endpoint) -> bool:
    """Its rows can be seen in a list; actions, and rows that go nowhere by themselves, can't."""
    shown = endpoint.name == "budget_line_items" or (endpoint.lookup is not None and bool(endpoint.lookup.path))
    return shown and endpoint.verb != "delete"


def key_of(endpoint: Endpoint) -> str:
    """The field by which a row of the list is known: its id, for budget lines the code that they stand for."""
    return "wbs_code_id" if endpoint.name == "budget_line_items" else "id"


def lists_of(
    endpoint: Endpoint,
    scope: Scope,
    company: str,
    ids: Sequence[str],
    expand: str,
    facts: Mapping[Listing, Sequence[Json]],
) -> tuple[list[Listing], list[Listing]]:
    """Lists that have to be read first, and those that show the rows with these ids.

    Shape   `expand` is the child collection that was written with the record, of Business Central
    Raises  KeyError for a name of the address without a value
    """
    if endpoint.system == BUSINESS_CENTRAL:
        return [], _in_business_central(endpoint, ids, expand)
    project = scope.get("project_id", "")
    match resource_of(endpoint):
        case "projects":
            return [], [endpoints.projects(company)]
        case "vendors":
            return [], [endpoints.vendors(company), endpoints.inactive_vendors(company)]
        case "company_segment_items":
            return [], [endpoints.company_segment_items(company, scope["segment_id"])]
        case "requisitions":
            return [], [invoices.requisitions_of_project(project)]
        case "direct_costs":
            return [], [costs.direct_costs(project)]
        case "budget_line_items":
            views = budget.budget_views(project)
            return [views], [budget.budget_line_items(project, str(view["id"])) for view in facts.get(views, ())[:1]]
        case _:
            return [], [_by_lookup(endpoint, {**scope, "company_id": company})]


def _in_business_central(endpoint: Endpoint, ids: Sequence[str], expand: str) -> list[Listing]:
    expanded = (("$expand", expand),) if expand else ()
    entity_set = endpoint.path
    return [
        connector_list(
            f"bc.{entity_set}", entity_set, ("$filter", " or ".join(f"id eq {each}" for each in some)), *expanded
        )
        for some in chunks(sorted(set(ids)), IDS)
    ]


def _by_lookup(endpoint: Endpoint, names: Mapping[str, str]) -> Listing:
    lookup = endpoint.lookup
    if lookup is None:
        raise KeyError(endpoint.name)
    query = tuple((name, value.format_map(names)) for name, value in lookup.query)
    name = resource_of(endpoint)
    path = lookup.path.format_map(names)
    return Listing(name, PROCORE, path, query, lookup.rows, lookup.paged, scope=names.get("project_id", ""))
