"""Connections: is it connected, as whom, until when; checked, paused and resumed."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import msgspec
from aiohttp import web

from domain.errors import SiteLedgerError
from domain.states import NEEDS_A_PERSON
from hub.access import Action
from hub.app import Hub
from hub.mutes import records_muted
from hub.queries.connections import standing_of
from hub.queries.records import Wanted
from hub.queries.runs import runs
from hub.queries.standing import environment, standing
from hub.service import Heartbeat
from hub.tail import Happening
from hub.web.api.connections import paused, resumed, tested
from hub.web.asking import on
from hub.web.keys import service
from hub.web.pages.forms import done, form
from hub.web.pages.frame import frame_of, render, show
from hub.web.routes import Route, allowed

ROUNDS = 8


class Why(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why somebody does it."""

    reason: str = ""


async def _list(request: web.Request) -> web.Response:
    return show(request, "connections/page.html", items=await _items(request, allowed(request)))


async def _items(request: web.Request, names: Sequence[str]) -> list[dict[str, Any]]:
    it = service(request)
    found = [await standing_of(it.hub, name, it.beats.get(name) or Heartbeat()) for name in sorted(names)]
    return [{**each, **await _more(it.hub, each["name"])} for each in found]


async def _more(hub: Hub, name: str) -> dict[str, Any]:
    central = hub.settings.connections[name].business_central
    return {
        "needs_a_person": await _hands(hub, name),
        "environment": environment(central.api_url),
        "company": str(central.company_id),
    }


async def _hands(hub: Hub, name: str) -> int:
    """Records that go on only when a person acts, by the causes that hold them up and are not muted."""
    states, parameter = hub.ledger.in_list("state", sorted(NEEDS_A_PERSON))
    rows = await hub.ledger.rows(
        f"SELECT SUM(records) FROM failure_group WHERE connection = ? AND {states}",  # noqa: S608 - built from columns
        (name, parameter),
    )
    quiet = await records_muted(hub.ledger, hub.clock.now())
    return max(int(rows[0][0] or 0) - quiet.get(name, 0), 0)


async def _connection(request: web.Request) -> web.Response:
    name = await on(request, Action.SEE, request.match_info["name"])
    return await _shown(request, name)


async def _shown(request: web.Request, name: str, **more: Any) -> web.Response:
    it = service(request)
    [item] = await _items(request, [name])
    last = await runs(it.hub.ledger, Wanted(connections=[name], limit=ROUNDS))
    whole = await standing(it, name)
    context: dict[str, Any] = {"findings": None, "unchecked": "", **more}
    told = [{**run, "calls": _sum(run["calls"])} for run in last.items]
    return show(request, "connection/page.html", "connection/checks.html", item=item, runs=told, **whole, **context)


def _sum(calls: Mapping[str, Any]) -> int:
    """All calls of a round, of both systems and kinds."""
    found = 0
    for each in calls.values():
        found += _sum(cast("Mapping[str, Any]", each)) if isinstance(each, dict) else int(each)
    return found


async def _pausing(request: web.Request) -> web.Response:
    """The form by itself, for browsers without scripts."""
    name = await on(request, Action.CONFIGURE, request.match_info["name"])
    return show(request, "connection/pausing.html", item={"name": name})


async def _check(request: web.Request) -> web.Response:
    name = await on(request, Action.OPERATE, request.match_info["name"])
    try:
        found = await tested(request)
    except SiteLedgerError as error:  # a secret that is not at hand: nothing could be asked
        return await _shown(request, name, unchecked=str(error))
    return await _shown(request, name, findings=found.lines)


async def _pause(request: web.Request) -> web.Response:
    stopped = await paused(request, (await form(request, Why)).reason)
    return done(f"/connections/{stopped.connection}", f"{stopped.connection} is paused; a round under way ends first.")


async def _resume(request: web.Request) -> web.Response:
    working = await resumed(request, (await form(request, Why)).reason)
    return done(f"/connections/{working.connection}", f"{working.connection} works again; a round begins now.")


async def live(request: web.Request, _happened: Sequence[Happening]) -> str:
    """How each connection stands now."""
    return render("connections/changed.html", frame_of(request), items=await _items(request, allowed(request)))


ROUTES = (
    Route("GET", "/connections", _list, Action.SEE),
    Route("GET", "/connections/{name}", _connection, Action.SEE),
    Route("GET", "/connections/{name}/pause", _pausing, Action.CONFIGURE),
    Route("POST", "/connections/{name}/check", _check, Action.OPERATE),
    Route("POST", "/connections/{name}/pause", _pause, Action.CONFIGURE),
    Route("POST", "/connections/{name}/resume", _resume, Action.CONFIGURE),
)
