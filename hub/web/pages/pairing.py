"""A pairing of companies that do not belong together is shouted about on every page."""

from aiohttp import web
from aiohttp.typedefs import Handler

from hub.queries.standing import mixed
from hub.web.keys import service
from hub.web.pages.frame import MIXED, is_page
from hub.web.routes import ALLOWED


@web.middleware
async def shouted(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Looks, for a whole page that somebody may see, whether any of its connections is such a pairing."""
    if ALLOWED in request and is_page(request) and "HX-Request" not in request.headers:
        request[MIXED] = tuple(await mixed(service(request).hub, request[ALLOWED]))
    return await handler(request)
