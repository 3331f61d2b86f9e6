"""Whether the hub itself is well: its parts, read models with their rebuilds, what is at work, settings, notices."""

from importlib.metadata import version

from aiohttp import web

from hub.access import Action, may
from hub.background import begin_rebuilding
from hub.operations.health import checks, read_models, store_facts
from hub.queries.audit import keys
from hub.queries.notices import notices
from hub.queries.records import Wanted
from hub.settings import Configuration
from hub.settings.show import shown
from hub.web.keys import service
from hub.web.pages.forms import done
from hub.web.pages.frame import address, frame_of, narrowed, show
from hub.web.routes import Route, allowed, principal

_NARROWS = ("connection", "resource", "ignored")


async def _health(request: web.Request) -> web.Response:
    """For who may see all of it; others are led to what is of their connections."""
    if not may(principal(request), Action.SEE):
        return web.Response(status=303, headers={"Location": "/system/notices"})
    it = service(request)
    models = await read_models(it)
    return show(
        request,
        "system/page.html",
        version=version("siteledger"),
        started=it.started,
        up=(it.hub.clock.now() - it.started).total_seconds(),
        checks=await checks(it),
        store=await store_facts(it),
        models=models,
        busy=any(model.rebuilding for model in models),
        works=it.works.names(),
        streams=it.tail.streams,
        dropped=it.tail.dropped,
        keys=await keys(it.hub.ledger),
    )


async def _models(request: web.Request) -> web.Response:
    """The read models alone, asked for again while one of them is rebuilt."""
    if not frame_of(request).partial:
        return web.Response(status=303, headers={"Location": "/system"})
    models = await read_models(service(request))
    return show(request, "system/models.html", models=models, busy=any(model.rebuilding for model in models))


async def _rebuild(request: web.Request) -> web.Response:
    name = request.match_info["name"]
    begin_rebuilding(service(request), name, principal(request).actor)
    return done("/system", f"The rebuild of {name} began; what is read stays as it is until it is through.")


async def _configuration(request: web.Request) -> web.Response:
    """As `config show`: secrets by their reference alone."""
    settings = service(request).hub.settings
    rows = shown(Configuration(settings, None, settings.origins))
    return show(request, "system/configuration.html", rows=rows)


async def _notices(request: web.Request) -> web.Response:
    frame, query = frame_of(request), request.query
    filters = narrowed(request.query, _NARROWS)
    wanted = Wanted(
        connections=allowed(request),
        connection=filters.get("connection", ""),
        cursor=query.get("cursor", ""),
        asof=frame.asof,
    )
    hub = service(request).hub
    await hub.projector.catch_up()
    page = await notices(hub.ledger, wanted, filters.get("resource", ""), filters.get("ignored", ""))
    place = address("/system/notices", {**filters, "asof": frame.asof})
    headers = {"HX-Push-Url": place} if frame.partial else None
    return show(request, "system/notices.html", "system/heard.html", headers=headers, filters=filters, page=page)


ROUTES = (
    Route("GET", "/system", _health, Action.SEE),
    Route("GET", "/system/models", _models, Action.SEE, whole=True),
    Route("POST", "/system/projections/{name}/rebuild", _rebuild, Action.MANAGE, whole=True),
    Route("GET", "/system/configuration", _configuration, Action.CONFIGURE, whole=True),
    Route("GET", "/system/notices", _notices, Action.SEE, past=True),
)
