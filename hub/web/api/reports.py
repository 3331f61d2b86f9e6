"""Reports over HTTP: a page as JSON, or the whole as a file."""

from tempfile import TemporaryFile
from typing import cast

from aiohttp import web

from hub.access import Action
from hub.files import Format, Options
from hub.operations.reports import ReportFilter, report, report_file, report_named
from hub.reports import REPORTS
from hub.web.answers import json, listed
from hub.web.api.exports import send
from hub.web.asking import limit
from hub.web.contract import BASE
from hub.web.keys import service
from hub.web.routes import Route, allowed, principal

_FILTERS = ("project", "month", "since", "until", "asof")


async def _reports(request: web.Request) -> web.Response:  # noqa: ARG001 - the same for all
    items = [
        {
            "name": each.name,
            "about": each.about,
            "filters": [*each.filters, *(["asof"] if each.asof else [])],
            "columns": [{"name": column.name, "type": column.type, "holds": column.doc} for column in each.columns],
        }
        for each in REPORTS.values()
    ]
    return json({"items": items})


async def _report(request: web.Request) -> web.StreamResponse:
    it, query = service(request), request.query
    of = report_named(request.match_info["name"])
    if of.whole:
        await it.hub.access.require(principal(request), Action.MANAGE)
    given = {name: query[name] for name in _FILTERS if name in query}
    wanted = ReportFilter(**given, within=allowed(request))
    chosen = query.get("format", "json")
    if chosen == "json":
        return listed(await report(it.hub, of.name, wanted, query.get("cursor", ""), limit(request)))
    options = Options(bom=query.get("bom") == "true", sheet=of.name)
    with TemporaryFile() as file:
        async with it.writing_files:
            found = await report_file(it.hub, of.name, cast("Format", chosen), file, wanted, options)
        name = f"{of.name}-{found.position}"
        headers = {"SiteLedger-Position": str(found.position)}
        return await send(request, file, cast("Format", chosen), name, headers)


ROUTES = (
    Route("GET", f"{BASE}/reports", _reports, Action.SEE),
    Route("GET", f"{BASE}/reports/{{name}}", _report, Action.SEE),
)
