"""Muting a cause that people know of: until a day, with a reason; and ending that before the time."""

from datetime import timedelta

import msgspec
from aiohttp import web

from domain.errors import Unknown, WrongInput
from hub.access import Action
from hub.operations import failures
from hub.operations.failures import FailureFilter, Group
from hub.operations.muting import FARTHEST
from hub.web.api.failures import mute_for
from hub.web.asking import on
from hub.web.keys import service
from hub.web.pages.forms import done, form
from hub.web.pages.frame import show
from hub.web.routes import Route

DAY = timedelta(days=1)
USUAL = 7 * DAY
"""What the form proposes."""


class Wish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Until when, as a day or a moment, and why."""

    connection: str = ""
    until: str = ""
    reason: str = ""


async def _ask(request: web.Request) -> web.Response:
    return await _form(request, Wish(connection=request.query.get("connection", "")))


async def _form(request: web.Request, wish: Wish, status: int = 200, field: str = "", wrong: str = "") -> web.Response:
    connection = await on(request, Action.OPERATE, wish.connection)
    today = service(request).hub.clock.now().date()
    return show(
        request,
        "failures/mute.html",
        status=status,
        group=await _group(request, connection),
        connection=connection,
        wish=wish,
        field=field,
        wrong=wrong,
        usual=str(today + USUAL),
        first=str(today + DAY),
        last=str(today + FARTHEST),
    )


async def _group(request: web.Request, connection: str) -> Group:
    """The cause, while it hits something.

    Raises  Unknown.
    """
    cause = request.match_info["cause"]
    wanted = FailureFilter(connection=connection, cause=cause, within=(connection,))
    found = await failures.groups(service(request).hub, wanted)
    if not found:
        raise Unknown(f"Nothing fails by {cause[:200]} on {connection} now, so there is nothing to mute.")
    return found[0]


async def _mute(request: web.Request) -> web.Response:
    wish = await form(request, Wish)
    if not wish.until:
        return await _form(request, wish, 422, "until", "Say until when.")
    try:
        made = await mute_for(request, wish.connection, wish.until, wish.reason)
    except WrongInput as error:
        return await _form(request, wish, 422, error.field, f"{error.problem}. {error.mend}")
    until = made.muted.until[:16].replace("T", " ") if made.muted is not None else ""
    return done("/failures", f"{made.cause} raises no alarm until {until} UTC. It stays in the list.")


async def _unmute(request: web.Request) -> web.Response:
    wish = await form(request, Wish)
    made = await mute_for(request, wish.connection, "", wish.reason)
    return done("/failures", f"{made.cause} raises alarms again.")


ROUTES = (
    Route("GET", "/failures/{cause}/mute", _ask, Action.OPERATE),
    Route("POST", "/failures/{cause}/mute", _mute, Action.OPERATE),
    Route("POST", "/failures/{cause}/unmute", _unmute, Action.OPERATE),
)
