"""Acts on one record: retry, replay, skip, link, unlink, reset, each with a reason; what bars one stands beside it."""

from functools import partial

import msgspec
from aiohttp import web

from hub.access import Action
from hub.operations.by_hand import Handled
from hub.operations.choosing import Action as Deed
from hub.operations.link import link
from hub.operations.reset import reset
from hub.operations.single import act_on_one
from hub.operations.unlink import unlink
from hub.report import ExitStatus, Halted
from hub.web.api.links import by_hand
from hub.web.asking import record_of
from hub.web.keys import service
from hub.web.pages import record as page
from hub.web.pages.forms import done, form
from hub.web.problems import Refused
from hub.web.routes import Route, principal

_DONE: dict[Deed, str] = {
    "retry": "It is decided again at once.",
    "replay": "It is settled, and sent again at once.",
    "skip": "It is left out until its source changes.",
}
_BARRED = 409


class Wish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What somebody wants with a record: in which flow, with which counterpart, and why."""

    reason: str = ""
    flow: str = ""
    procore_id: str = ""


async def _act(request: web.Request, deed: Deed) -> web.Response:
    it, (connection, record), wish = service(request), await record_of(request), await form(request, Wish)
    if not wish.reason.strip():
        return await _unsaid(request, deed)
    actor = principal(request).actor
    try:
        await act_on_one(it.hub, deed, connection, record, flow=wish.flow, reason=wish.reason, actor=actor)
    except Halted as error:
        if error.status != ExitStatus.NEEDS_PERSON:
            raise
        return await _barred(request, deed, str(error), wish)
    it.schedule.carry(connection)
    return done(f"/records/{record}", _DONE[deed])


async def _link(request: web.Request, deed: str) -> web.Response:
    (connection, record), wish = await record_of(request), await form(request, Wish)
    if not wish.reason.strip():
        return await _unsaid(request, deed)
    hub, actor, reason = service(request).hub, principal(request).actor, wish.reason.strip()

    async def work() -> Handled:
        match deed:
            case "link":
                counterpart = wish.procore_id.strip()
                return await link(
                    hub, wish.flow, record, counterpart, connection=connection, actor=actor, reason=reason
                )
            case "unlink":
                return await unlink(hub, record, actor=actor, reason=reason)
            case _:
                return await reset(hub, record, actor=actor, reason=reason)

    try:
        handled = await by_hand(request, connection, work)
    except Refused as error:
        if error.status != _BARRED:
            raise
        return await _barred(request, deed, str(error), wish)
    return done(f"/records/{record}", f"{handled.number} {handled.message}. {handled.warning}".strip())


async def _unsaid(request: web.Request, deed: str) -> web.Response:
    wrong = {"act": deed, "field": "reason", "reason": "", "text": "Say why: it is kept in the record's story."}
    return await page.shown(request, 422, wrong)


async def _barred(request: web.Request, deed: str, why: str, wish: Wish) -> web.Response:
    """The record as it stands, and beside the act what speaks against it."""
    return await page.shown(request, _BARRED, {"act": deed, "reason": wish.reason, "text": why})


_IDS = "[0-9a-fA-F-]{36}"
ROUTES = (
    Route("POST", "/records/{id}/retry", partial(_act, deed="retry"), Action.OPERATE, ids=_IDS),
    Route("POST", "/records/{id}/replay", partial(_act, deed="replay"), Action.OPERATE, ids=_IDS),
    Route("POST", "/records/{id}/skip", partial(_act, deed="skip"), Action.OPERATE, ids=_IDS),
    Route("POST", "/records/{id}/link", partial(_link, deed="link"), Action.CONFIGURE, ids=_IDS),
    Route("POST", "/records/{id}/unlink", partial(_link, deed="unlink"), Action.CONFIGURE, ids=_IDS),
    Route("POST", "/records/{id}/reset", partial(_link, deed="reset"), Action.CONFIGURE, ids=_IDS),
)
