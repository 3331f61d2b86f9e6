"""Views of the read schema as files: written whole to a file that nobody else sees, then sent."""

from collections.abc import Mapping
from tempfile import TemporaryFile
from typing import IO, cast

from aiohttp import web

from hub.access import Action, may
from hub.files import FORMATS, Format, Options
from hub.operations.exports import export
from hub.queries.views import VIEWS, ViewFilter, filters_of, view_named
from hub.web.answers import json
from hub.web.contract import BASE
from hub.web.keys import service
from hub.web.routes import Route, allowed, principal

_OURS = frozenset({"connection", "within", "whole"})
CHUNK = 256 * 1024
"""Bytes that are in memory at a time."""


async def _views(request: web.Request) -> web.Response:  # noqa: ARG001 - the same for all
    items = [
        {
            "name": table.name,
            "about": table.doc,
            "filters": list(filters_of(table)),
            "columns": [{"name": each.name, "type": each.type, "holds": each.doc} for each in table.columns],
        }
        for _, table in VIEWS.values()
    ]
    return json({"items": items})


async def _export(request: web.Request) -> web.StreamResponse:
    query = request.query
    names = [name for name in ViewFilter.__struct_fields__ if name in query and name not in _OURS]
    # The one connection that is asked for is all that is allowed here, so views of no connection follow it too.
    it, within = service(request), allowed(request)
    whole = set(within) == set(it.hub.settings.connections) and may(principal(request), Action.SEE)
    wanted = ViewFilter(**{name: query[name] for name in names}, within=within, whole=whole)
    chosen = cast("Format", query.get("format", "csv"))
    view = request.match_info["view"]
    options = Options(bom=query.get("bom") == "true", sheet=view_named(view).name)
    with TemporaryFile() as file:
        async with it.writing_files:
            found = await export(it.hub, view, chosen, file, wanted, options)
        name = f"{found.view}-{found.position}"
        return await send(request, file, chosen, name, {"SiteLedger-Position": str(found.position)})


async def send(
    request: web.Request, file: IO[bytes], format: Format, name: str, headers: dict[str, str]
) -> web.StreamResponse:
    """A file of one of our formats that is written whole and stands at its end, as a download."""
    kind = FORMATS[format]
    return await download(request, file, kind.media_type, f"{name}{kind.suffix}", headers)


async def download(
    request: web.Request, file: IO[bytes], media_type: str, name: str, headers: Mapping[str, str] = {}
) -> web.StreamResponse:
    """Any file that is written whole and stands at its end."""
    answer = web.StreamResponse(headers={**headers, "Content-Type": media_type})
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.content_length = file.tell()
    await answer.prepare(request)
    if request.method != "HEAD":
        file.seek(0)
        while chunk := file.read(CHUNK):
            await answer.write(chunk)
    await answer.write_eof()
    return answer


ROUTES = (
    Route("GET", f"{BASE}/exports", _views, Action.SEE),
    Route("GET", f"{BASE}/exports/{{view}}", _export, Action.SEE),
)
