"""Plans: what a round would write now, kept for review, and carried out exactly so or not at all."""

import msgspec
from aiohttp import web

from domain.errors import Unknown, WrongInput
from domain.flows import BY_NAME
from domain.values import SYSTEMS
from hub.access import Action
from hub.due import Narrow
from hub.moments import moment_in
from hub.operations.apply import Applied, apply_plan
from hub.operations.lists_then import plans_then
from hub.operations.plan import Made, PlanRow, make_plan, plan_content, plan_row, plans
from hub.planning.plan import shown
from hub.report import ExitStatus, Halted, Quiet
from hub.web.answers import json
from hub.web.asking import body, cursor, in_turn, limit, listed, on
from hub.web.contract import BASE
from hub.web.keys import service
from hub.web.problems import Refused
from hub.web.routes import Route, allowed, principal
from hub.window import Window

_HIDDEN = frozenset({"content", "version"})


class Scope(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which round is planned."""

    connection: str = ""
    flow: str = ""
    project: str = ""
    since: str = ""
    until: str = ""
    full: bool = False


async def _plans(request: web.Request) -> web.Response:
    hub = service(request).hub
    if past := request.query.get("asof", ""):
        then, position = await plans_then(hub, cursor(request), limit(request), past, allowed(request))
        return listed(request, [_row(each) for each in then.items], then.next_cursor, position)
    asof = await hub.ledger.last_position()
    page = await plans(hub, cursor=cursor(request), limit=limit(request), within=allowed(request))
    return listed(request, [_row(each) for each in page.items], page.next_cursor, asof)


async def _make(request: web.Request) -> web.Response:
    made = await make(request, await body(request, Scope))
    return json(msgspec.to_builtins(made.document), 201, {"Location": f"{BASE}/plans/{made.hash}"})


async def make(request: web.Request, scope: Scope) -> Made:
    """The plan of a round, as soon as the one that is under way has ended; it is kept in the ledger.

    Raises  WrongInput, Refused.
    """
    hub, connection = service(request).hub, await on(request, Action.OPERATE, scope.connection)
    if scope.flow and scope.flow not in BY_NAME:
        raise WrongInput("flow", f"{scope.flow[:60]!r} is no flow", "Ask `flows` for their names.")
    since, until = moment_in("since", scope.since), moment_in("until", scope.until)
    if since and until and since >= until:
        raise WrongInput("since", "it is not before until", "Give an earlier moment.")
    window, narrow = Window(full=scope.full, since=since, until=until), Narrow(scope.flow, scope.project)

    async def work() -> Made:
        actor = principal(request).actor
        return await make_plan(hub, connection, actor=actor, progress=Quiet(), window=window, narrow=narrow)

    return await in_turn(request, connection, work)


async def _plan(request: web.Request) -> web.Response:
    hub, row = service(request).hub, await found(request)
    plan = await plan_content(hub, row, to_show=True)
    state = {name: getattr(row, name) for name in ("actor", "state", "sent", "why", "ended_at", "ended_by")}
    document = {
        "hash": row.hash,
        "connection": row.connection,
        "made": row.made_at,
        "expires": row.expires_at,
        **state,
        "scope": plan.scope,
        "writes": shown(plan),
        "calls": {system: {"read": plan.reads[system], "write": plan.calls[system]} for system in SYSTEMS},
        "later": plan.later,
        "unknown": plan.unknown,
        "troubles": plan.troubles,
    }
    return json(msgspec.to_builtins(document))


async def _apply(request: web.Request) -> web.Response:
    """What became of it; 409 with what moved when nothing of it, or not all of it, may be sent any more."""
    applied = await carry_out(request, await found(request))
    if applied.result == "refused":
        errors = [{"field": "plan", "problem": each} for each in applied.moved]
        raise Refused(409, f"nothing was sent: {applied.why}", errors=errors)
    if applied.result == "stopped":
        words = f"{applied.sent} of {applied.writes} writes were sent, then it stopped: {applied.why}"
        raise Refused(STOPPED.get(applied.status, 409), words)
    return json(msgspec.to_builtins(applied.document))


async def carry_out(request: web.Request, row: PlanRow) -> Applied:
    """Exactly what a plan says, or nothing, as soon as the round that is under way has ended.

    Raises  Refused.
    """
    it = service(request)

    async def work() -> Applied:
        return await apply_plan(it.hub, row.hash, actor=principal(request).actor, progress=Quiet())

    applied = await in_turn(request, row.connection, work)
    if applied.result != "refused" and row.connection in it.beats:
        it.schedule.carry(row.connection)
    return applied


STOPPED = {ExitStatus.REMOTE: 502, ExitStatus.TRY_LATER: 503}
"""How a plan that stopped ended -> the status that says so; 409 otherwise."""


async def found(request: web.Request) -> PlanRow:
    """The plan in the address; one of a connection that may not be touched is as good as none.

    Raises  Unknown.
    """
    plan = request.match_info["id"]
    try:
        row = await plan_row(service(request).hub, plan)
    except Halted as error:
        raise Unknown(str(error)) from error
    if row.connection not in allowed(request):
        raise Unknown(f"this ledger holds no plan {plan}")
    return row


def _row(row: PlanRow) -> dict[str, object]:
    return {name: getattr(row, name) for name in row.__struct_fields__ if name not in _HIDDEN}


ROUTES = (
    Route("GET", f"{BASE}/plans", _plans, Action.SEE),
    Route("POST", f"{BASE}/plans", _make, Action.OPERATE),
    Route("GET", f"{BASE}/plans/{{id}}", _plan, Action.SEE_BODIES),
    Route("POST", f"{BASE}/plans/{{id}}/apply", _apply, Action.OPERATE),
)
