"""Retry, replay and skip of one record, each with a reason; what bars one is said beside it, on the record's page."""

from functools import partial

import msgspec
from aiohttp import web

from hub.access import Action
from hub.operations.choosing import Action as Deed
from hub.operations.single import act_on_one
from hub.report import ExitStatus, Halted
from hub.web.asking import record_of
from hub.web.keys import service
from hub.web.pages import record as page
from hub.web.pages.forms import done, form
from hub.web.routes import UUIDS, Route, principal

_DONE: dict[Deed, str] = {
    "retry": "It is decided again at once.",
    "replay": "It is settled, and sent again at once.",
    "skip": "It is left out until its source changes.",
}


class Wish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why somebody acts on one record, and in which flow, empty for all in which it fails."""

    reason: str = ""
    flow: str = ""


async def _act(request: web.Request, deed: Deed) -> web.Response:
    it, (connection, record), wish = service(request), await record_of(request), await form(request, Wish)
    if not wish.reason.strip():
        wrong = {"act": deed, "field": "reason", "reason": "", "text": "Say why: it is kept in the record's story."}
        return await page.shown(request, 422, wrong)
    actor = principal(request).actor
    try:
        await act_on_one(it.hub, deed, connection, record, flow=wish.flow, reason=wish.reason, actor=actor)
    except Halted as error:
        if error.status != ExitStatus.NEEDS_PERSON:
            raise
        return await page.shown(request, 409, {"act": deed, "reason": wish.reason, "text": str(error)})
    it.schedule.carry(connection)
    return done(f"/records/{record}", _DONE[deed])


ROUTES = (
    Route("POST", "/records/{id}/retry", partial(_act, deed="retry"), Action.OPERATE, ids=UUIDS),
    Route("POST", "/records/{id}/replay", partial(_act, deed="replay"), Action.OPERATE, ids=UUIDS),
    Route("POST", "/records/{id}/skip", partial(_act, deed="skip"), Action.OPERATE, ids=UUIDS),
)
