"""What accounting needs at month end: each report narrowed, of the past where it knows it, and as a file."""

from aiohttp import web

from hub.access import Action
from hub.operations.reports import ReportFilter, report, report_named
from hub.queries.pages import USUAL, Page
from hub.reports import REPORTS
from hub.web.keys import service
from hub.web.pages.frame import address, frame_of, narrowed, show
from hub.web.routes import Route, allowed, principal
from projections.projection import Column

FILTERS = ("project", "month", "since", "until", "asof")
_MOMENTS = frozenset({"since", "at", "first", "last", "accepted_at", "posted_at", "changed_at"})
_HIDDEN = frozenset({"record", "position", "month"})
"""Columns that stand elsewhere on the page, or lead somewhere."""
_CODES = frozenset({"task", "segment", "cost_type", "number", "bc_number", "day", "procore_id"})
"""Columns that are never broken into lines."""
_TITLES = {
    "job-costs": "Job costs",
    "unsyncable-direct-costs": "Costs that could not go",
    "approvals": "Approvals by person",
    "approval-times": "From approval to posting",
    "sub-jobs": "Sub jobs",
    "archived-companies": "Archived companies",
    "accountants": "Accounting approvers",
}


async def _list(request: web.Request) -> web.Response:
    frame = frame_of(request)
    shown = [each for each in REPORTS.values() if not each.whole or frame.may("manage")]
    return show(request, "reports/page.html", reports=shown, titles=_TITLES)


async def _report(request: web.Request) -> web.Response:
    it, query, frame = service(request), request.query, frame_of(request)
    of = report_named(request.match_info["name"])
    if of.whole:
        await it.hub.access.require(principal(request), Action.MANAGE)
    known = (*of.filters, *(("asof",) if of.asof else ()))
    given = narrowed(request.query, FILTERS)
    page = await report(it.hub, of.name, ReportFilter(**given, within=allowed(request)), query.get("cursor", ""), USUAL)
    place = address(frame.path, {**given, "connection": query.get("connection", "")})
    return show(
        request,
        "reports/report.html",
        "reports/list.html",
        headers={"HX-Push-Url": place} if frame.partial else None,
        of=of,
        title=_TITLES.get(of.name, of.name.replace("-", " ").capitalize()),
        known=known,
        columns=[column for column in of.columns if _is_shown(column, page, len(frame.connections))],
        codes=_CODES,
        moments=_MOMENTS,
        page=page,
        given=given,
    )


def _is_shown(column: Column, page: Page, connections: int) -> bool:
    """Whether a column says anything here."""
    match column.name:
        case "connection":
            return connections > 1
        case "currency" | "role":
            return len({item[column.name] for item in page.items}) > 1 or any(
                item[column.name] not in {"", "primary"} for item in page.items
            )
        case name:
            return name not in _HIDDEN


ROUTES = (
    Route("GET", "/reports", _list, Action.SEE),
    Route("GET", "/reports/{name}", _report, Action.SEE, past=True),
)
