"""Reconciliation: runs that were made, their lines with what explains them, a new run, and the signature."""

from tempfile import TemporaryFile
from typing import cast

import msgspec
from aiohttp import web

from domain.errors import Unknown
from hub.access import Action
from hub.asof import position_at
from hub.files import Format, Options
from hub.operations.completeness import counted
from hub.operations.errands import compare, count
from hub.operations.reconciliation import document_of, lines, lines_file, run_as_of, runs, sign_off, told
from hub.reconciling.stored import LineFilter, RunRow, run_row
from hub.web.answers import json
from hub.web.api.errands import begun
from hub.web.api.exports import send
from hub.web.asking import body, cursor, limit, listed, on
from hub.web.contract import BASE
from hub.web.keys import service
from hub.web.routes import Route, allowed, principal

PATH = f"{BASE}/reconciliation"
_HIDDEN = frozenset({"content", "version"})
_FLAGS = frozenset({"differing", "unexplained"})


class Wanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is compared."""

    connection: str = ""
    projects: list[str] = []


class Counted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is counted, and whether what was missed is taken in."""

    connection: str = ""
    take_in: bool = False


class Signature(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a run may be signed off."""

    reason: str


async def _runs(request: web.Request) -> web.Response:
    hub = service(request).hub
    position = await position_at(hub.ledger, request.query.get("asof", ""))
    page = await runs(hub, cursor=cursor(request), limit=limit(request), within=allowed(request), position=position)
    items = [{name: getattr(row, name) for name in row.__struct_fields__ if name not in _HIDDEN} for row in page.items]
    return listed(request, items, page.next_cursor, position)


async def _make(request: web.Request) -> web.Response:
    """Begun in the background, as it reads both companies whole."""
    it, wanted = service(request), await body(request, Wanted)
    connection = await on(request, Action.OPERATE, wanted.connection)
    actor = principal(request).actor
    return await begun(it, await compare(it.errands, connection, projects=wanted.projects, actor=actor))


async def _run(request: web.Request) -> web.Response:
    row = await _found(request)
    return json(document_of(await told(service(request).hub, row.run)))


async def _lines(request: web.Request) -> web.StreamResponse:
    row, query = await _found(request), request.query
    words = {name: query[name] for name in LineFilter.__struct_fields__ if name in query}
    wanted = LineFilter(
        **{name: value for name, value in words.items() if name not in _FLAGS},
        differing=words.get("differing") == "true",
        unexplained=words.get("unexplained") == "true",
    )
    it, chosen = service(request), query.get("format", "json")
    if chosen == "json":
        page = await lines(it.hub, row.run, wanted, cursor=cursor(request), limit=limit(request))
        return listed(request, page.items, page.next_cursor, row.position)
    options = Options(bom=query.get("bom") == "true", sheet="lines")
    with TemporaryFile() as file:
        async with it.writing_files:
            await lines_file(it.hub, row.run, wanted, cast("Format", chosen), file, options)
        name = f"reconciliation-{row.position}"
        return await send(request, file, cast("Format", chosen), name, {"SiteLedger-Position": str(row.position)})


async def _sign(request: web.Request) -> web.Response:
    hub, row, signature = service(request).hub, await _found(request), await body(request, Signature)
    await sign_off(hub, row.run, actor=principal(request).actor, reason=signature.reason)
    return json(document_of(await told(hub, row.run)))


async def _complete(request: web.Request) -> web.Response:
    """Begun in the background, as it counts both companies."""
    it, wanted = service(request), await body(request, Counted)
    connection = await on(request, Action.OPERATE, wanted.connection)
    actor = principal(request).actor
    return await begun(it, await count(it.errands, it.schedule, connection, take_in=wanted.take_in, actor=actor))


async def _counted(request: web.Request) -> web.Response:
    return json(msgspec.to_builtins(await counted(service(request).hub, request.match_info["id"], allowed(request))))


async def _found(request: web.Request) -> RunRow:
    """The run in the address, or with `latest` the newest one of the connection as of `asof`.

    Raises  Unknown, also for a run of a connection that may not be touched.
    """
    hub, name = service(request).hub, request.match_info["id"]
    if name == "latest":
        connection = await on(request, Action.SEE, request.query.get("connection", ""))
        return await run_as_of(hub, connection, await position_at(hub.ledger, request.query.get("asof", "")))
    row = await run_row(hub, name)
    if row.connection not in allowed(request):
        raise Unknown(f"there is no reconciliation {name[:60]}")
    return row


ROUTES = (
    Route("GET", PATH, _runs, Action.SEE),
    Route("POST", PATH, _make, Action.OPERATE),
    Route("GET", f"{PATH}/{{id}}", _run, Action.SEE),
    Route("POST", f"{BASE}/completeness", _complete, Action.OPERATE),
    Route("GET", f"{BASE}/completeness/{{id}}", _counted, Action.SEE),
    Route("GET", f"{PATH}/{{id}}/lines", _lines, Action.SEE),
    Route("POST", f"{PATH}/{{id}}/sign-off", _sign, Action.SIGN_OFF),
)
