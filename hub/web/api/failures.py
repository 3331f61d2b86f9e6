"""What goes wrong, and what people do about it: retry, skip and replay, of one record or as a frozen batch."""

from functools import partial
from uuid import UUID

import msgspec
from aiohttp import web

from domain.errors import Unknown
from hub.access import Action
from hub.asof import position_at
from hub.moments import moment_in
from hub.operations import batches as work
from hub.operations import failures
from hub.operations.batches import BatchView
from hub.operations.batches_then import batches_then, results_then, view_then, was_not
from hub.operations.choosing import Action as Deed
from hub.operations.choosing import Choice, Member, choose, preview
from hub.operations.failures import FailureFilter
from hub.operations.failures_then import groups_then, members_then
from hub.operations.muting import Mute, mute, unmute
from hub.operations.single import act_on_one
from hub.report import ExitStatus, Halted
from hub.web.answers import json, told
from hub.web.asking import Reason, body, cursor, limit, listed, on, record_of
from hub.web.contract import BASE
from hub.web.keys import service
from hub.web.problems import Refused
from hub.web.routes import Route, allowed, principal


class Where(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which failures a batch is about."""

    connection: str = ""
    flow: str = ""
    cause: str = ""
    state: str = ""
    project: str = ""
    since: str = ""
    until: str = ""


class MuteAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Until when a cause raises no alarm, and why."""

    until: str
    reason: str
    connection: str = ""


class UnmuteAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """That a cause raises alarms again, and why."""

    reason: str = ""
    connection: str = ""


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A batch that somebody wants: of ids, or of everything that a filter finds."""

    action: Deed = "retry"
    ids: tuple[str, ...] = ()
    filter: Where = Where()
    reason: str = ""
    dry_run: bool = False


async def _groups(request: web.Request) -> web.Response:
    hub, where = service(request).hub, _where(request, _asked_by(request))
    if past := request.query.get("asof", ""):
        return listed(request, (then := await groups_then(hub, where, past))[0], None, then[1])
    asof = await hub.ledger.last_position()
    return listed(request, await failures.groups(hub, where), None, asof)


async def _members(request: web.Request) -> web.Response:
    hub = service(request).hub
    where = _where(request, msgspec.structs.replace(_asked_by(request), cause=request.match_info["cause"]))
    if past := request.query.get("asof", ""):
        then, position = await members_then(hub, where, cursor(request), limit(request), past)
        return listed(request, then.items, then.next_cursor, position)
    asof = await hub.ledger.last_position()
    page = await failures.members(hub, where, cursor(request), limit(request))
    return listed(request, page.items, page.next_cursor, asof)


async def _dead_letters(request: web.Request) -> web.Response:
    hub = service(request).hub
    asof = await position_at((await told(request)), request.query.get("asof", ""))
    page = await failures.dead_letters(hub, "", cursor(request), limit(request), within=allowed(request), upto=asof)
    return listed(request, page.items, page.next_cursor, asof)


async def _mute(request: web.Request) -> web.Response:
    said = await body(request, MuteAsked)
    return json(await mute_for(request, said.connection, said.until, said.reason))


async def _unmute(request: web.Request) -> web.Response:
    said = await body(request, UnmuteAsked)
    return json(await mute_for(request, said.connection, "", said.reason))


async def mute_for(request: web.Request, wanted: str, until: str, reason: str) -> Mute:
    """The cause in the address raises no alarm until a moment; without one it does again.

    Raises  as `mute` and `unmute`; Refused, NotPermitted for a connection that may not be touched.
    """
    hub, cause = service(request).hub, request.match_info["cause"]
    connection, actor = await on(request, Action.OPERATE, wanted), principal(request).actor
    moment = moment_in("until", until)
    if moment is None:
        return await unmute(hub, connection, cause, reason=reason, actor=actor)
    return await mute(hub, connection, cause, until=moment, reason=reason, actor=actor)


async def _retry(request: web.Request) -> web.Response:
    """What would be touched, or a batch that is frozen and begins at once."""
    it, asked = service(request), await body(request, Asked)
    where = asked.filter
    if where.connection:
        where = msgspec.structs.replace(where, connection=await on(request, Action.OPERATE, where.connection))
    choice = Choice(ids=asked.ids, where=_where(request, where))
    if choice.is_empty:
        raise Refused(422, f"body: say what to {asked.action}: ids, or a filter by flow, cause, state, project or time")
    if not asked.dry_run and not asked.reason.strip():
        raise Refused(422, "reason: say why; a batch is kept with its reason")
    members = await chosen(request, asked.action, choice)
    if asked.dry_run:
        return json(await preview(it.hub, asked.action, members))
    if not members:
        raise Refused(409, f"nothing fits, so there is nothing to {asked.action}")
    if len({member.connection for member in members}) > 1:
        raise Refused(422, "filter/connection: these records are of several connections; a batch is of one, name it")
    actor = principal(request).actor
    batch = await work.freeze(it.hub, asked.action, members, choice, reason=asked.reason, actor=actor)
    view = await work.view(it.hub, batch)
    it.work(batch)
    return json(view, 201, _at(batch))


async def _act(request: web.Request, deed: Deed) -> web.Response:
    """A batch of one record, worked at once; what the rules bar is refused in their words."""
    it, given = service(request), await body(request, Reason)
    connection, record = await record_of(request)
    actor = principal(request).actor
    view = await act_on_one(it.hub, deed, connection, record, flow=given.flow, reason=given.reason, actor=actor)
    it.schedule.carry(connection)
    return json(view, 201, _at(view.batch))


async def _batches(request: web.Request) -> web.Response:
    hub = service(request).hub
    if past := request.query.get("asof", ""):
        page, asof = await batches_then(hub, cursor(request), limit(request), past, allowed(request))
    else:
        asof = await hub.ledger.last_position()
        page = await work.batches(hub, "", cursor(request), limit(request), within=allowed(request))
    return listed(request, page.items, page.next_cursor, asof)


async def _batch(request: web.Request) -> web.Response:
    return json(await batch_of(request, request.query.get("asof", "")))


async def _results(request: web.Request) -> web.Response:
    hub, result, past = service(request).hub, request.query.get("result", ""), request.query.get("asof", "")
    asof = await hub.ledger.last_position()
    view = await batch_of(request, past)
    if past:
        page, asof = await results_then(hub, view.batch, result, cursor(request), limit(request), asof=past)
    else:
        page = await work.results(hub, view.batch, result, cursor(request), limit(request))
    return listed(request, page.items, page.next_cursor, asof)


async def _resume(request: web.Request) -> web.Response:
    view = await batch_of(request)
    service(request).work(view.batch)
    return json(view, 202)


async def _cancel(request: web.Request) -> web.Response:
    view = await batch_of(request)
    return json(await work.cancel(service(request).hub, view.batch, actor=principal(request).actor))


async def batch_of(request: web.Request, asof: str = "") -> BatchView:
    """The batch in the address, as of then or now; one of a connection that may not be touched is as good as none.

    Raises  WrongInput, Unknown.
    """
    hub, batch = service(request).hub, str(UUID(request.match_info["id"]))
    if asof:
        view, position = await view_then(hub, batch, asof)
        if view.connection not in allowed(request):
            raise was_not(batch, position)
        return view
    try:
        view = await work.view(hub, batch)
    except Halted:
        view = None
    if view is None or view.connection not in allowed(request):
        raise Unknown(f"There is no batch {batch}.")
    return view


async def chosen(request: web.Request, deed: Deed, choice: Choice) -> list[Member]:
    """The members that a choice finds.

    Raises  Refused (422) for a filter that finds too much; Halted for an id that nobody knows.
    """
    try:
        return await choose(service(request).hub, deed, choice)
    except Halted as error:
        if error.status != ExitStatus.WRONG_USE or choice.ids:
            raise
        raise Refused(422, str(error)) from error  # a filter that finds too much


def _asked_by(request: web.Request) -> Where:
    names = [name for name in Where.__struct_fields__ if name in request.query]
    return Where(**{name: request.query[name] for name in names})


def _where(request: web.Request, where: Where) -> FailureFilter:
    return FailureFilter(
        connection=where.connection,
        flow=where.flow,
        cause=where.cause,
        state=where.state,
        project=where.project,
        since=moment_in("since", where.since),
        until=moment_in("until", where.until),
        within=allowed(request),
    )


def _at(batch: str) -> dict[str, str]:
    return {"Location": f"{BASE}/batches/{batch}"}


ROUTES = (
    Route("GET", f"{BASE}/failures", _groups, Action.SEE),
    Route("GET", f"{BASE}/failures/{{cause}}/records", _members, Action.SEE),
    Route("POST", f"{BASE}/failures/retry", _retry, Action.OPERATE),
    Route("POST", f"{BASE}/failures/{{cause}}/mute", _mute, Action.OPERATE),
    Route("POST", f"{BASE}/failures/{{cause}}/unmute", _unmute, Action.OPERATE),
    Route("GET", f"{BASE}/dead-letters", _dead_letters, Action.SEE),
    Route("POST", f"{BASE}/records/{{id}}/retry", partial(_act, deed="retry"), Action.OPERATE),
    Route("POST", f"{BASE}/records/{{id}}/skip", partial(_act, deed="skip"), Action.OPERATE),
    Route("POST", f"{BASE}/records/{{id}}/replay", partial(_act, deed="replay"), Action.OPERATE),
    Route("GET", f"{BASE}/batches", _batches, Action.SEE),
    Route("GET", f"{BASE}/batches/{{id}}", _batch, Action.SEE),
    Route("GET", f"{BASE}/batches/{{id}}/records", _results, Action.SEE),
    Route("POST", f"{BASE}/batches/{{id}}/resume", _resume, Action.OPERATE),
    Route("POST", f"{BASE}/batches/{{id}}/cancel", _cancel, Action.OPERATE),
)
