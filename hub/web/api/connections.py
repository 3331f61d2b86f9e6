"""Connections: stopped and let go on by those who configure, and checked against both systems."""

from dataclasses import asdict

import msgspec
from aiohttp import web

from hub.access import Action
from hub.operations.check import Checked, checked
from hub.operations.pausing import pause, resume
from hub.pauses import Pause
from hub.report import Quiet
from hub.web.answers import json
from hub.web.asking import body, on
from hub.web.contract import BASE
from hub.web.keys import service
from hub.web.routes import Route, principal


class Why(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why somebody does it."""

    reason: str = ""


async def paused(request: web.Request, reason: str) -> Pause:
    """Stops the connection in the address.

    Raises  Refused (404), NotPermitted, WrongInput.
    """
    name = await on(request, Action.CONFIGURE, request.match_info["name"])
    return await pause(service(request).hub, name, actor=principal(request).actor, reason=reason)


async def resumed(request: web.Request, reason: str) -> Pause:
    """Lets the connection in the address work again, at once.

    Raises  Refused (404), NotPermitted.
    """
    it = service(request)
    name = await on(request, Action.CONFIGURE, request.match_info["name"])
    done = await resume(it.hub, name, actor=principal(request).actor, reason=reason)
    it.schedule.hint(name)
    return done


async def tested(request: web.Request) -> Checked:
    """Asks both systems of the connection in the address.

    Raises  Refused (404), NotPermitted; Misconfigured where a secret is not at hand.
    """
    name = await on(request, Action.OPERATE, request.match_info["name"])
    return await checked(service(request).hub, [name], Quiet())


async def _pause(request: web.Request) -> web.Response:
    return _told(await paused(request, (await body(request, Why)).reason))


async def _resume(request: web.Request) -> web.Response:
    return _told(await resumed(request, (await body(request, Why)).reason))


async def _check(request: web.Request) -> web.Response:
    found = await tested(request)
    return json({"ok": all(line.ok for line in found.lines), "items": [asdict(line) for line in found.lines]})


def _told(done: Pause) -> web.Response:
    return json({name: value for name, value in msgspec.to_builtins(done).items() if name != "version"})


ROUTES = (
    Route("POST", f"{BASE}/connections/{{name}}/pause", _pause, Action.CONFIGURE),
    Route("POST", f"{BASE}/connections/{{name}}/resume", _resume, Action.CONFIGURE),
    Route("POST", f"{BASE}/connections/{{name}}/check", _check, Action.OPERATE),
)
