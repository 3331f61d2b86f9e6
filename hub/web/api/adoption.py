"""Adoption: projects that were in progress on both sides are proposed, looked at, and confirmed."""

import msgspec
from aiohttp import web

from domain.adoption import CLEAR
from domain.errors import Unknown
from hub.access import Action
from hub.operations import adoption
from hub.operations.adoption import Confirmed, Proposed
from hub.operations.errands import propose
from hub.report import ExitStatus, Halted
from hub.web.answers import json
from hub.web.api.errands import begun
from hub.web.asking import body, in_turn, on
from hub.web.contract import BASE
from hub.web.keys import service
from hub.web.problems import Refused
from hub.web.routes import Route, allowed, principal


class Wish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be compared."""

    connection: str = ""
    project: str = ""


class Word(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What somebody confirms of a proposal."""

    reason: str
    min_score: int = CLEAR
    leave: tuple[str, ...] = ()
    take: dict[str, str] = {}
    accept_differences: str = ""


async def _propose(request: web.Request) -> web.Response:
    """Begun in the background, as it reads both systems whole."""
    it, wish = service(request), await body(request, Wish)
    connection = await on(request, Action.CONFIGURE, wish.connection)
    actor = principal(request).actor
    return await begun(it, await propose(it.errands, it.schedule, connection, project=wish.project, actor=actor))


async def _proposal(request: web.Request) -> web.Response:
    name = request.match_info["hash"]
    try:
        proposal = await adoption.proposal_of(service(request).hub, name)
    except Halted as error:
        raise Unknown(str(error)) from error
    if proposal.connection not in allowed(request):
        raise Unknown(f"There is no proposal {name}.")
    return json(msgspec.to_builtins(Proposed(hash=name, proposal=proposal)))


async def _confirm(request: web.Request) -> web.Response:
    it, name = service(request), request.match_info["hash"]
    word = await body(request, Word)
    try:
        known = await adoption.proposal_of(it.hub, name)
    except Halted as error:
        raise Unknown(str(error)) from error
    if known.connection not in allowed(request):
        raise Unknown(f"There is no proposal {name}.")

    async def work() -> Confirmed:
        return await adoption.confirm(
            it.hub,
            name,
            least=word.min_score,
            leave=word.leave,
            take=word.take,
            accept_differences=word.accept_differences,
            reason=word.reason,
            actor=principal(request).actor,
        )

    try:
        done = await in_turn(request, known.connection, work)
    except Halted as error:
        if error.status not in (ExitStatus.WRONG_USE, ExitStatus.NEEDS_PERSON, ExitStatus.CHANGED):
            raise
        raise Refused(422 if error.status == ExitStatus.WRONG_USE else 409, str(error)) from error
    it.schedule.carry(known.connection)
    return json(msgspec.to_builtins(done))


ROUTES = (
    Route("POST", f"{BASE}/adoptions", _propose, Action.CONFIGURE),
    Route("GET", f"{BASE}/adoptions/{{hash}}", _proposal, Action.SEE),
    Route("POST", f"{BASE}/adoptions/{{hash}}/confirm", _confirm, Action.CONFIGURE),
)
