"""Pages that tell the present only: they refuse `asof`, as what they would show is not how it was."""

from collections.abc import Mapping

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from hub.web.problems import Refused
from hub.web.routes import Route


def present_only(pages: Mapping[tuple[str, str], Route]) -> Middleware:
    """The middleware that refuses. Pages by method and path; anything else passes, and is looked at elsewhere."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        resource = request.match_info.route.resource
        page = pages.get(("GET", resource.canonical)) if resource is not None else None
        if page is not None and not page.past and request.method in {"GET", "HEAD"} and request.query.get("asof"):
            words = "asof: this page tells the present only. Leave it out; records and most lists tell the past."
            raise Refused(422, words)
        return await handler(request)

    return middleware
