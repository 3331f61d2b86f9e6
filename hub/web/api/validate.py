"""The check before posting: would this document be carried? Business Central asks it, so any body gets an answer."""

from aiohttp import web

from domain.errors import Unreadable
from hub.access import Action
from hub.operations import validate as operation
from hub.web.answers import json
from hub.web.asking import on
from hub.web.contract import BASE
from hub.web.keys import service
from hub.web.problems import Refused
from hub.web.routes import Route


async def _validate(request: web.Request) -> web.Response:
    """200 whatever is wrong with the document; 422 for what is none."""
    connection = await on(request, Action.SEE, request.query.get("connection", ""))
    try:
        body = await request.read()
        answer = await operation.validate(service(request).hub, connection, request.match_info["flow"], body)
    except Unreadable as error:
        raise Refused(422, str(error)) from error
    return json(answer)


ROUTES = (Route("POST", f"{BASE}/validate/{{flow}}", _validate, Action.SEE),)
