"""Budget lines and the budget they belong to.

Source  Procore guide 10 (exceptions), 13, 23.1, Z4.
"""

from domain.delivery import Endpoint, Listing, Lookup
from domain.endpoints.making import connector, project_list
from domain.values import PROCORE

_CHANGES = "/rest/v1.0/projects/{project_id}/budget_changes"

ALL: tuple[Endpoint, ...] = (
    Endpoint(
        name="budget_line_items",
        system=PROCORE,
        verb="sync",
        method="POST",
        path="/rest/v1.0/budget_line_items/sync",
        body=("project_id",),
        rows="budget_line_items",
        limit=1000,
        # A code has one budget line, which a repeat meets again (B3, Z4): nothing need be looked at.
        lookup=Lookup("", match="fields", fields=("wbs_code_id",)),
        shown={"wbs_code_id": "wbs_code.id"},
    ),
    Endpoint(
        name="budget_changes",
        system=PROCORE,
        verb="create",
        method="POST",
        path=_CHANGES,
        lookup=Lookup(_CHANGES, match="fields", fields=("title",), rows="data", paged=False),
        refreshes=("budget_changes", "budget_line_items"),
    ),
    connector("projectPlanningLines"),
)


def budget(project_id: str) -> Listing:
    """One row: whether the project's budget is locked (B5)."""
    return Listing("budget", PROCORE, f"/rest/v1.0/projects/{project_id}/budget", paged=False, scope=project_id)


def budget_views(project_id: str) -> Listing:
    """The budget views that show in a project."""
    return project_list("budget_views", "/rest/v1.0/budget_views", project_id)


def budget_line_items(project_id: str, view_id: str) -> Listing:
    """The budget lines of a project, as rows of a view; there is no plain list of them (B4)."""
    path = f"/rest/v1.0/budget_views/{view_id}/detail_rows"
    return project_list("budget_line_items", path, project_id, budget_row_type="budgeted")


def budget_changes(project_id: str) -> Listing:
    """Summaries of a project's budget changes (B8)."""
    path = f"/rest/v1.0/projects/{project_id}/budget_changes"
    return Listing("budget_changes", PROCORE, path, rows="data", paged=False, scope=project_id)
