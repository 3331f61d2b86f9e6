"""Setting a connection up, step by step, to the tables for the configuration file and the commands to run."""

from collections.abc import Mapping
from typing import Any

import msgspec
from aiohttp import web

from hub.access import Action
from hub.settings.drafting import STEPS, Answers, Fault, as_toml, faults, offered
from hub.web.keys import service
from hub.web.pages.forms import form
from hub.web.pages.frame import show
from hub.web.problems import Refused
from hub.web.routes import Route

PROCORE = (
    ("https://api.procore.com", "production, and sandboxes on demand"),
    ("https://sandbox.procore.com", "development sandbox"),
    ("https://api-monthly.procore.com", "monthly sandbox"),
)
"""Source  Procore guide A2 and A4."""
_SECRETS = ("bc_secret", "procore_secret")


class Sent(Answers, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All answers so far, the step that they were given on, and where to go from there."""

    step: int = 0
    go: str = "next"


async def _begin(request: web.Request) -> web.Response:
    usual = tuple(str(flow["name"]) for flow in offered() if flow["on"])
    return _step(request, Sent(flows=usual), 0, {})


async def _go(request: web.Request) -> web.Response:
    """One step on or back; a step with something wrong in it is shown again."""
    sent = await form(request, Sent)
    step = min(max(sent.step, 0), len(STEPS))
    if sent.go == "back":
        return _step(request, sent, max(step - 1, 0), {})
    found = faults(sent, service(request).hub.settings.connections)
    for at, (_, names) in enumerate(STEPS[: step + 1]):
        if wrong := {name: found[name] for name in names if name in found}:
            return _step(request, sent, at, wrong, 422)
    if step + 1 < len(STEPS):
        return _step(request, sent, step + 1, {})
    if found:
        return _step(request, sent, len(STEPS) - 1, found, 422)
    return _step(request, sent, len(STEPS), {})


def _step(request: web.Request, sent: Sent, at: int, wrong: Mapping[str, Fault], status: int = 200) -> web.Response:
    # What was refused as the name of a secret may be the secret: it is not sent back.
    safe = msgspec.structs.replace(sent, **{name: "" for name in _SECRETS if name in wrong})
    ended = at == len(STEPS)
    here: tuple[str, ...] = () if ended else STEPS[at][1]
    values: dict[str, Any] = msgspec.to_builtins(safe)
    return show(
        request,
        "set_up/page.html",
        values=values,
        kept={name: value for name, value in values.items() if name not in (*here, "step", "go")},
        at=at,
        steps=[title for title, _ in STEPS],
        wrong=wrong,
        flows=offered(),
        procore=PROCORE,
        text=as_toml(safe) if ended else "",
        status=status,
    )


async def _file(request: web.Request) -> web.Response:
    """The tables as a file."""
    sent = await form(request, Sent)
    if found := faults(sent, service(request).hub.settings.connections):
        name, fault = next(iter(found.items()))
        raise Refused(422, f"{name}: {fault.says}. {fault.mend}")
    headers = {"Content-Disposition": f'attachment; filename="{sent.name}.toml"'}
    return web.Response(text=as_toml(sent), content_type="application/toml", charset="utf-8", headers=headers)


ROUTES = (
    Route("GET", "/connections/new", _begin, Action.CONFIGURE, whole=True),
    Route("POST", "/connections/new", _go, Action.CONFIGURE, whole=True),
    Route("POST", "/connections/new/file", _file, Action.CONFIGURE, whole=True),
)
