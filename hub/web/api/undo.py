"""Taking a run back: what it would undo, or the batch that undoes it."""

import msgspec
from aiohttp import web

from domain.errors import Unknown
from hub.access import Action
from hub.operations import batches, undo
from hub.report import ExitStatus, Halted
from hub.web.answers import json
from hub.web.asking import body
from hub.web.contract import BASE
from hub.web.keys import service
from hub.web.problems import Refused
from hub.web.routes import Route, allowed, principal


class Wish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a run is taken back; with `dry_run` only what that would do."""

    reason: str = ""
    dry_run: bool = False


async def _undo(request: web.Request) -> web.Response:
    it, run = service(request), request.match_info["run"]
    wish = await body(request, Wish)
    known = await it.hub.ledger.rows("SELECT connection FROM run WHERE run = ?", (run.lower(),))
    if not known or known[0][0] not in allowed(request):
        raise Unknown(f"There is no run {run}.")
    if not wish.dry_run and not wish.reason.strip():
        raise Refused(422, "reason: say why; it is kept with what is taken back")
    try:
        shown, members = await undo.preview(it.hub, run)
        if wish.dry_run:
            return json(msgspec.to_builtins(shown))
        actor = principal(request).actor
        batch = await undo.freeze(it.hub, run, members, reason=wish.reason.strip(), actor=actor)
    except Halted as error:
        if error.status != ExitStatus.WRONG_USE:
            raise
        raise Refused(409, str(error)) from error
    view = await batches.view(it.hub, batch)
    it.work(batch)
    return json(view, 201, {"Location": f"{BASE}/batches/{batch}"})


ROUTES = (Route("POST", f"{BASE}/runs/{{run}}/undo", _undo, Action.CONFIGURE),)
