"""Many records at once: what would be touched, by cause, before anything is; then the reason, and a batch of just that.

The set is frozen by a position: what fails later is not in it, and what changed between looking and saying yes is left
out, so a batch never touches anything that was not shown.
"""

from collections.abc import Mapping
from itertools import groupby
from typing import Any
from uuid import UUID

import msgspec
from aiohttp import web

from hub.access import Action
from hub.moments import moment_in
from hub.operations import batches as work
from hub.operations.choosing import MANY, Choice, Member, confirmed, preview
from hub.operations.choosing import Action as Deed
from hub.operations.failures import FailureFilter
from hub.web.api.failures import chosen
from hub.web.keys import service
from hub.web.pages.forms import done, form
from hub.web.pages.frame import address, show
from hub.web.problems import Refused
from hub.web.routes import Route, allowed, principal

WORDS: Mapping[Deed, str] = {
    "retry": "Each is decided again from its freshest source, and what is then right is sent. What may have had an"
    " effect is settled by looking first.",
    "replay": "The very same row is sent again, under the same key, if a look shows that it had no effect.",
    "skip": "Each is left out until its source changes; a retry takes it in again.",
}


class Chosen(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What somebody wants to act on: rows that were picked, what failed again of a batch, or what fits a filter."""

    action: Deed = "retry"
    connection: str = ""
    flow: str = ""
    cause: str = ""
    state: str = ""
    project: str = ""
    kind: str = ""
    q: str = ""
    since: str = ""
    until: str = ""
    of: str = ""
    pick: tuple[str, ...] = ()


class Agreed(Chosen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The yes to what was shown: as of which position, how many, why, and above `MANY` the number typed."""

    upto: int
    shown: int
    reason: str = ""
    typed: str = ""


async def _look(request: web.Request) -> web.Response:
    """What a filter finds."""
    names = [name for name in Chosen.__struct_fields__ if name in request.query and name != "pick"]
    try:
        asked = msgspec.convert({name: request.query[name].strip() for name in names}, Chosen)
    except msgspec.ValidationError as error:
        raise Refused(422, f"address: {error}") from None
    return await _shown(request, asked)


async def _look_at_picked(request: web.Request) -> web.Response:
    """What was picked in a list."""
    asked = await form(request, Chosen)
    if not asked.pick:
        raise Refused(422, "nothing is picked; pick rows in the list by their boxes, and choose again")
    return await _shown(request, asked)


async def _shown(
    request: web.Request, asked: Chosen, upto: int = 0, errors: Mapping[str, str] = {}, **typed: Any
) -> web.Response:
    """The page that shows what would be touched, and asks."""
    hub = service(request).hub
    upto = upto or await hub.projector.catch_up()
    choice = _choice(request, asked, upto)
    if choice.is_empty:
        raise Refused(
            422, f"say what to {asked.action}: pick rows, or narrow the list by flow, cause, state or project"
        )
    members = await chosen(request, asked.action, choice)
    given = {name: value for name in Chosen.__struct_fields__ if (value := getattr(asked, name)) and name != "pick"}
    return show(
        request,
        "bulk/page.html",
        status=422 if errors else 200,
        asked=asked,
        given=given,
        seen=await preview(hub, asked.action, members),
        connections=sorted({member.connection for member in members}),
        words=WORDS[asked.action],
        upto=upto,
        many=MANY,
        errors=errors,
        typed=typed,
        back=_back(asked),
    )


async def _begin(request: web.Request) -> web.Response:
    """A batch for each connection, of what was shown and is still as it was."""
    it, asked = service(request), await form(request, Agreed)
    errors: dict[str, str] = {}
    if not asked.reason.strip():
        errors["reason"] = "Say why: a batch is kept with its reason."
    if not confirmed(asked.shown, asked.typed):
        errors["typed"] = f"Type {asked.shown} to say that you mean as many."
    if errors:
        return await _shown(request, asked, asked.upto, errors, reason=asked.reason, typed=asked.typed)
    choice = _choice(request, asked, asked.upto)
    if choice.is_empty:
        raise Refused(422, f"say what to {asked.action}")
    members = await chosen(request, asked.action, choice)
    if not members:
        raise Refused(409, "nothing is any more as it was when you looked, so nothing was done; look again")
    if len(members) > asked.shown:
        raise Refused(409, "these are more than were shown, so nothing was done; look again")
    actor = principal(request).actor
    begun: list[str] = []
    for _, own in groupby(sorted(members, key=_connection), key=_connection):
        batch = await work.freeze(it.hub, asked.action, list(own), choice, reason=asked.reason, actor=actor)
        it.work(batch)
        begun.append(batch)
    left = asked.shown - len(members)
    said = f"The batch of {len(members)} has begun."
    if left:
        said += f" {left} changed since you looked and {'are' if left > 1 else 'is'} left out."
    return done(f"/batches/{begun[0]}" if len(begun) == 1 else "/batches", said)


def _connection(member: Member) -> str:
    return member.connection


def _choice(request: web.Request, asked: Chosen, upto: int) -> Choice:
    where = FailureFilter(
        connection=asked.connection,
        flow=asked.flow,
        cause=asked.cause,
        state=asked.state,
        project=asked.project,
        kind=asked.kind,
        q=asked.q,
        since=moment_in("since", asked.since),
        until=moment_in("until", asked.until),
        upto=upto,
        within=allowed(request),
    )
    if asked.of:
        try:
            UUID(asked.of)
        except ValueError:
            raise Refused(422, f"of: {asked.of[:60]!r} is no batch") from None
    return Choice(picks=asked.pick, batch=asked.of, where=where)


def _back(asked: Chosen) -> str:
    """The list from which somebody came."""
    if asked.of:
        return f"/batches/{asked.of}"
    if asked.pick or asked.kind or asked.q:
        return "/records"
    return address("/failures", {"state": asked.state, "flow": asked.flow, "project": asked.project})


ROUTES = (
    Route("GET", "/batches/new", _look, Action.OPERATE),
    Route("POST", "/batches/new", _look_at_picked, Action.OPERATE),
    Route("POST", "/batches", _begin, Action.OPERATE),
)
