"""Drift: what somebody changed in what the hub wrote, looking afresh, and saying what stands."""

import msgspec
from aiohttp import web

from domain.record import Choice as Word
from hub.access import Action
from hub.operations import batches, drift
from hub.operations.choosing import Choice, DriftAction, Member
from hub.operations.drift import DriftFilter
from hub.operations.drift_settling import Settled, Wish, chosen, settle
from hub.operations.drift_then import drifts_then
from hub.operations.errands import look
from hub.report import ExitStatus, Halted
from hub.web.answers import json
from hub.web.api.errands import begun
from hub.web.asking import body, cursor, limit, listed, on, record_of
from hub.web.contract import BASE
from hub.web.keys import service
from hub.web.problems import Refused
from hub.web.routes import Route, allowed, principal


class Scope(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to look at; `marked` for records that notices named since the last look."""

    connection: str = ""
    flow: str = ""
    project: str = ""
    marked: bool = False


class Said(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What stands of one record's drift."""

    choice: Word
    reason: str
    fields: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    target: tuple[str, ...] = ()
    values: dict[str, str] = {}
    flow: str = ""


class SaidOfMany(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What stands of the drift of everything that fits."""

    action: DriftAction
    reason: str
    connection: str = ""
    flow: str = ""
    project: str = ""
    verdict: str = ""


async def _drifts(request: web.Request) -> web.Response:
    query = request.query
    given = {name: query[name] for name in ("flow", "project", "record", "verdict") if name in query}
    state = query.get("state", "open")
    wanted = DriftFilter(within=allowed(request), state="" if state == "all" else state, **given)
    hub = service(request).hub
    if asof := query.get("asof", ""):
        page = await drifts_then(hub, wanted, cursor(request), limit(request), asof)
    else:
        page = await drift.drifts(hub, wanted, cursor=cursor(request) or None, limit=limit(request))
    return listed(request, page.items, page.next_cursor, page.asof)


async def _look(request: web.Request) -> web.Response:
    """Begun in the background, as it reads everything that was written."""
    it, wish = service(request), await body(request, Scope)
    connection = await on(request, Action.OPERATE, wish.connection)
    errand = await look(
        it.errands,
        it.schedule,
        connection,
        flow=wish.flow,
        project=wish.project,
        marked=wish.marked,
        actor=principal(request).actor,
    )
    return await begun(it, errand)


async def _settle(request: web.Request) -> web.Response:
    connection, record = await record_of(request)
    said = await body(request, Said)
    wish = Wish(
        choice=said.choice,
        fields=said.fields,
        source=said.source,
        target=said.target,
        values=said.values,
        flow=said.flow,
    )
    return json(await settled(request, connection, record, wish, said.reason))


async def settled(request: web.Request, connection: str, record: str, wish: Wish, reason: str) -> Settled:
    """Settles drift of one record; what is to be sent goes with the round that begins now.

    Raises  Refused (409) for what can't be, or while the record is carried.
    """
    it, actor = service(request), principal(request).actor
    try:
        done = await settle(it.hub, record, wish, actor=actor, reason=reason)
    except Halted as error:
        if error.status not in (ExitStatus.WRONG_USE, ExitStatus.TRY_LATER):
            raise
        raise Refused(409, str(error)) from error
    it.schedule.carry(connection)
    return done


async def _settle_many(request: web.Request) -> web.Response:
    it, said = service(request), await body(request, SaidOfMany)
    connection = await on(request, Action.OPERATE, said.connection)
    wanted = DriftFilter(connection=connection, flow=said.flow, project=said.project, verdict=said.verdict)
    members, how = await members_of(request, wanted)
    batch = await batches.freeze(it.hub, said.action, members, how, reason=said.reason, actor=principal(request).actor)
    view = await batches.view(it.hub, batch)
    it.work(batch)
    return json(view, 201, {"Location": f"{BASE}/batches/{batch}"})


async def members_of(request: web.Request, wanted: DriftFilter) -> tuple[list[Member], Choice]:
    """The records that fit, as members of a batch, and how they were chosen.

    Raises  Refused (422) where nothing narrows them, or they are too many; (409) where nothing fits.
    """
    try:
        members, how = await chosen(service(request).hub, wanted)
    except Halted as error:
        raise Refused(422, str(error)) from error
    if not members:
        raise Refused(409, "nothing fits, so there is nothing to settle")
    return members, how


ROUTES = (
    Route("GET", f"{BASE}/drift", _drifts, Action.SEE),
    Route("POST", f"{BASE}/drift/refresh", _look, Action.OPERATE),
    Route("POST", f"{BASE}/drift/resolve", _settle_many, Action.OPERATE),
    Route("POST", f"{BASE}/drift/{{id}}/resolve", _settle, Action.OPERATE),
)
