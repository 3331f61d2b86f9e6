"""What people of both systems would do, as buttons: only where stand-ins are served beside the hub."""

from aiohttp import web

from hub.access import Action
from hub.web.keys import DESK
from hub.web.pages.forms import done
from hub.web.pages.frame import show
from hub.web.problems import Refused
from hub.web.routes import Route


async def _desk(request: web.Request) -> web.Response:
    return show(request, "desk/page.html", desk=request.app[DESK])


async def _act(request: web.Request) -> web.Response:
    name = request.match_info["name"]
    hand = next((each for each in request.app[DESK].hands if each.name == name), None)
    if hand is None:
        raise Refused(404, "nobody does this here")
    said = hand.act()
    return done("/desk", said)


ROUTES = (
    Route("GET", "/desk", _desk, Action.SEE),
    Route("POST", "/desk/{name}", _act, Action.OPERATE),
)
