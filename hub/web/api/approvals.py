"""The accounting gate: what waits for an approver, what exactly it is, and what people say about it."""

from collections.abc import Sequence
from functools import partial
from typing import cast
from uuid import UUID

import msgspec
from aiohttp import web

from domain.approval import Deed
from domain.errors import Unknown
from hub.access import Action
from hub.operations import approvals, approving
from hub.operations.approvals import ApprovalFilter, Request, State
from hub.operations.approving import Answer
from hub.report import ExitStatus, Halted
from hub.web.answers import json
from hub.web.asking import body, cursor, limit, listed
from hub.web.contract import BASE
from hub.web.keys import service
from hub.web.problems import Refused
from hub.web.routes import Route, allowed, principal

_BETWEEN = "~"
"""Between record and flow in the id of a request: a stroke would end the part of an address."""

_IDS = r"[0-9a-fA-F]+-[^/]+"


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
    asof = await hub.ledger.last_position()
    given = {name: query[name] for name in ("flow", "kind", "project", "number") if name in query}
    wanted = ApprovalFilter(
        states=cast("tuple[State, ...]", tuple(filter(None, query.get("state", "").split(",")))),
        not_by=principal(request).actor if query.get("waiting_on") == "me" else "",
        within=allowed(request),
        **given,
    )
    page = await approvals.listed(hub, wanted, cursor(request), limit(request))
    counts = await approvals.counted(hub, within=allowed(request))
    return listed(request, [_named(each) for each in page.items], page.next_cursor, asof, counts=counts)


async def _review(request: web.Request) -> web.Response:
    hub, found = service(request).hub, await _found(request, [request.match_info["id"]])
    review = await approvals.review(hub, found[0].id, principal(request).actor)
    return json({**msgspec.to_builtins(review), "request": msgspec.to_builtins(_named(review.request))})


async def _answer(request: web.Request, deed: Deed) -> web.Response:
    """Counts, or is refused: 409 when it changed or was decided, 403 where four eyes are asked and it is one's own."""
    said = await body(request, Said)
    [found] = await _found(request, [request.match_info["id"]])
    [answer] = await _decided(request, deed, [found], [said.hash], said.comment)
    if answer.outcome == "own":
        access = service(request).hub.access
        raise await access.refused(principal(request), deed, found.connection, answer.message)
    if not answer.done:
        raise Refused(409, f"{answer.number}: {answer.message}")
    return json(_answered(answer))


async def _answers(request: web.Request, deed: Deed) -> web.Response:
    """One answer to many requests of one flow; each counts by itself."""
    many = await body(request, Many)
    found = await _found(request, [each.id for each in many.items])
    answers = await _decided(request, deed, found, [each.hash for each in many.items], many.comment)
    for each, answer in zip(found, answers, strict=True):
        if answer.outcome == "own":
            await service(request).hub.access.refused(principal(request), deed, each.connection, answer.message)
    return json({"items": msgspec.to_builtins([_answered(each) for each in answers])})


async def _decided(
    request: web.Request, deed: Deed, found: Sequence[Request], hashes: Sequence[str], comment: str
) -> list[Answer]:
    """The answers, in the order of the requests; the next round begins at once where one counts."""
    it = service(request)
    by_connection = sorted(range(len(found)), key=lambda at: found[at].connection)
    chosen = [(found[at].id, hashes[at]) for at in by_connection]
    try:
        answers = await approving.decide_many(it.hub, deed, chosen, actor=principal(request).actor, comment=comment)
    except Halted as error:
        if error.status != ExitStatus.WRONG_USE:
            raise
        raise Refused(422, str(error)) from error
    for connection in {found[at].connection for at, answer in zip(by_connection, answers, strict=True) if answer.done}:
        if connection in it.beats:
            it.schedule.carry(connection)
    ordered = dict(zip(by_connection, answers, strict=True))
    return [ordered[at] for at in range(len(found))]


async def _found(request: web.Request, ids: Sequence[str]) -> list[Request]:
    """The requests with these ids; those of connections that may not be touched are as good as none.

    Raises  Unknown.
    """
    found: list[Request] = []
    try:
        found = await approvals.named(service(request).hub, [_own(id_) for id_ in ids])
    except Halted as error:
        raise Unknown(str(error)) from error
    for each, id_ in zip(found, ids, strict=True):
        if each.connection not in allowed(request):
            raise Unknown(f"Nothing that was put before approvers is called {_own(id_)}.")
    return found


def _own(id_: str) -> str:
    record, _, flow = id_.partition(_BETWEEN)
    return f"{UUID(record)}/{flow}" if flow else str(UUID(record))


def _named(request: Request) -> Request:
    return msgspec.structs.replace(request, id=_outer(request.id))


def _answered(answer: Answer) -> Answer:
    return msgspec.structs.replace(answer, id=_outer(answer.id))


def _outer(id_: str) -> str:
    return id_.replace("/", _BETWEEN)


def _one(word: str, deed: Deed, action: Action) -> Route:
    return Route("POST", f"{BASE}/approvals/{{id}}/{word}", partial(_answer, deed=deed), action, ids=_IDS)


ROUTES = (
    Route("GET", f"{BASE}/approvals", _listed, Action.SEE),
    Route("GET", f"{BASE}/approvals/{{id}}", _review, Action.SEE_BODIES, ids=_IDS),
    Route("POST", f"{BASE}/approvals/approve", partial(_answers, deed="accept"), Action.APPROVE),
    Route("POST", f"{BASE}/approvals/decline", partial(_answers, deed="decline"), Action.APPROVE),
    _one("approve", "accept", Action.APPROVE),
    _one("decline", "decline", Action.APPROVE),
    _one("retrieve", "retrieve", Action.RETRIEVE),
    _one("resend", "resend", Action.OPERATE),
)
