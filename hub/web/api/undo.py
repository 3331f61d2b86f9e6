"""Taking a run back: what it would undo, or the batch that undoes it."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager

import msgspec
from aiohttp import web

from domain.errors import Unknown
from hub.access import Action
from hub.operations import batches, undo
from hub.operations.choosing import Member
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
    it, wish = service(request), await body(request, Wish)
    if not wish.dry_run and not wish.reason.strip():
        raise Refused(422, "reason: say why; it is kept with what is taken back")
    shown, members = await previewed(request, request.match_info["run"])
    if wish.dry_run:
        return json(msgspec.to_builtins(shown))
    batch = await taken_back(request, shown, members, wish.reason.strip())
    view = await batches.view(it.hub, batch)
    it.work(batch)
    return json(view, 201, {"Location": f"{BASE}/batches/{batch}"})


async def previewed(request: web.Request, run: str) -> tuple[undo.Preview, list[Member]]:
    """What an undo of a run would do, on connections that whoever asks may configure.

    Raises  Unknown; Refused (409) for a run that is not over, or sent too much.
    """
    hub = service(request).hub
    known = await hub.ledger.rows("SELECT connection FROM run WHERE run = ?", (run.lower(),))
    if not known or known[0][0] not in allowed(request):
        raise Unknown(f"There is no run {run[:60]}.")
    with _refused():
        return await undo.preview(hub, run)


async def taken_back(request: web.Request, shown: undo.Preview, members: Sequence[Member], reason: str) -> str:
    """The batch that does it, which has not begun.

    Raises  Refused (409) where nothing was sent.
    """
    with _refused():
        return await undo.freeze(
            service(request).hub, shown.run, members, reason=reason, actor=principal(request).actor
        )


@contextmanager
def _refused() -> Generator[None]:
    try:
        yield
    except Halted as error:
        if error.status != ExitStatus.WRONG_USE:
            raise
        raise Refused(409, str(error)) from error


ROUTES = (Route("POST", f"{BASE}/runs/{{run}}/undo", _undo, Action.CONFIGURE),)
