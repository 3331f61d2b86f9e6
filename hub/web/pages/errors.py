"""Problems as pages, for whoever looks with a browser; programs get the problem as it is."""

from http import HTTPStatus

import orjson
from aiohttp import web
from aiohttp.typedefs import Handler

from hub.web.keys import service
from hub.web.pages.frame import address, is_page, show
from hub.web.problems import KIND
from hub.web.routes import POSITION


@web.middleware
async def as_pages(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turns a problem into a page, or into a note beside what a script asked for; a stranger is led to sign in."""
    request[POSITION] = service(request).tail.position
    answer = await handler(request)
    if not isinstance(answer, web.Response) or answer.content_type != KIND or not is_page(request):
        return answer
    if answer.status == HTTPStatus.UNAUTHORIZED:
        place = request.path_qs if request.method in {"GET", "HEAD"} else "/"
        way = address("/sign-in", {"next": place if place != "/" else ""})
        if request.headers.get("HX-Request") == "true":
            return web.Response(status=204, headers={"HX-Redirect": way})
        return web.Response(status=303, headers={"Location": way})
    document = orjson.loads(answer.body if isinstance(answer.body, bytes) else b"{}")
    headers = {name: answer.headers[name] for name in ("Allow", "Retry-After") if name in answer.headers}
    if request.headers.get("HX-Request") == "true":
        headers |= {"HX-Retarget": "#notes", "HX-Reswap": "beforeend", "HX-Push-Url": "false"}
    return show(
        request, "problem/page.html", "problem/note.html", status=answer.status, headers=headers, problem=document
    )
