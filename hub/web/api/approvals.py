"""The accounting gate: what waits for an approver, what exactly it is, and what people say about it."""

from functools import partial
from typing import cast

import msgspec
from aiohttp import web

from domain.approval import Deed
from hub.access import Action, NotPermitted
from hub.operations import approvals
from hub.operations.approvals import ApprovalFilter, Request, State
from hub.operations.approving import Answer
from hub.operations.lists_then import approvals_counted_then, approvals_then
from hub.web.answers import json
from hub.web.asking import body, cursor, limit, listed
from hub.web.contract import BASE
from hub.web.gate import IDS, decided, found, outer
from hub.web.keys import service
from hub.web.problems import Refused
from hub.web.routes import Route, allowed, principal


class Said(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An answer to one request: the hash names the content that was looked at."""

    hash: str = ""
    comment: str = ""


class One(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One of many requests, and the content of it that was looked at."""

    id: str
    hash: str


class Many(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One answer to many requests."""

    items: tuple[One, ...]
    comment: str = ""


async def _listed(request: web.Request) -> web.Response:
    hub, query = service(request).hub, request.query
    given = {name: query[name] for name in ("flow", "kind", "project", "number") if name in query}
    wanted = ApprovalFilter(
        states=cast("tuple[State, ...]", tuple(filter(None, query.get("state", "").split(",")))),
        not_by=principal(request).actor if query.get("waiting_on") == "me" else "",
        within=allowed(request),
        **given,
    )
    if past := query.get("asof", ""):
        page, asof = await approvals_then(hub, wanted, cursor(request), limit(request), past)
        counts = await approvals_counted_then(hub, allowed(request), asof)
    else:
        asof = await hub.ledger.last_position()
        page = await approvals.listed(hub, wanted, cursor(request), limit(request))
        counts = await approvals.counted(hub, within=allowed(request))
    return listed(request, [_named(each) for each in page.items], page.next_cursor, asof, counts=counts)


async def _review(request: web.Request) -> web.Response:
    [one] = await found(request, [request.match_info["id"]])
    review = await approvals.review(service(request).hub, one.id, principal(request).actor)
    return json({**msgspec.to_builtins(review), "request": msgspec.to_builtins(_named(review.request))})


async def _answer(request: web.Request, deed: Deed) -> web.Response:
    """Counts, or is refused: 409 when it changed or was decided, 403 where four eyes are asked and it is one's own."""
    said = await body(request, Said)
    requests = await found(request, [request.match_info["id"]])
    [answer] = await decided(request, deed, requests, [said.hash], said.comment)
    if answer.outcome == "own":
        raise NotPermitted(answer.message)
    if not answer.done:
        raise Refused(409, f"{answer.number}: {answer.message}")
    return json(_answered(answer))


async def _answers(request: web.Request, deed: Deed) -> web.Response:
    """One answer to many requests of one flow; each counts by itself."""
    many = await body(request, Many)
    requests = await found(request, [each.id for each in many.items])
    answers = await decided(request, deed, requests, [each.hash for each in many.items], many.comment)
    return json({"items": msgspec.to_builtins([_answered(each) for each in answers])})


def _named(request: Request) -> Request:
    return msgspec.structs.replace(request, id=outer(request.id))


def _answered(answer: Answer) -> Answer:
    return msgspec.structs.replace(answer, id=outer(answer.id))


def _one(word: str, deed: Deed, action: Action) -> Route:
    return Route("POST", f"{BASE}/approvals/{{id}}/{word}", partial(_answer, deed=deed), action, ids=IDS)


ROUTES = (
    Route("GET", f"{BASE}/approvals", _listed, Action.SEE),
    Route("GET", f"{BASE}/approvals/{{id}}", _review, Action.SEE_BODIES, ids=IDS),
    Route("POST", f"{BASE}/approvals/approve", partial(_answers, deed="accept"), Action.APPROVE),
    Route("POST", f"{BASE}/approvals/decline", partial(_answers, deed="decline"), Action.APPROVE),
    _one("approve", "accept", Action.APPROVE),
    _one("decline", "decline", Action.APPROVE),
    _one("retrieve", "retrieve", Action.RETRIEVE),
    _one("resend", "resend", Action.OPERATE),
)
