"""Writes that carry an `Idempotency-Key` are done once, and a repeat gets the first answer, byte for byte.

The key of an actor has a stream of its own: odd versions claim it with a digest of the request, even ones hold the
answer. Of two requests at the same moment one gets the claim, as only one event can have a version. A claim without an
answer is a request that is under way or was interrupted: nobody knows how far it came, so it is not begun again.
Answers are given for a day; a key that comes back later is new, and so is one whose answer was a passing trouble.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid5

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from adapters.store import RowsRefused, StoreUnavailable, StreamMoved
from domain.errors import SiteLedgerError
from domain.events import Event, RequestAnswered, RequestClaimed
from domain.values import LEDGER, Digest, sha256_of
from hub.access.signing import signed
from hub.app import Hub
from hub.web.guard import SAFE
from hub.web.problems import Refused, of_error
from hub.web.routes import PRINCIPAL, Route

HEADER = "Idempotency-Key"
LONGEST = 200
LIFE = timedelta(hours=24)
"""How long an answer is given again."""
PASSING = 503
"""This answer is none: nothing was done, and the same request may be worked again."""
REPLAYED = {"Idempotency-Replayed": "true"}


@dataclass(frozen=True)
class _Key:
    """A key of one actor, and the request that it stands for."""

    stream: UUID
    actor: str
    method: str
    path: str
    digest: Digest


def idempotency(hub: Hub, routes: Mapping[tuple[str, str], Route]) -> Middleware:
    """The middleware. Comes after the guard and the contract: what is refused there was not begun."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        who = request.get(PRINCIPAL)
        given = request.headers.get(HEADER)
        if who is None or given is None or request.method in SAFE:
            return await handler(request)
        if not given.isascii() or not given.isprintable() or not 0 < len(given) <= LONGEST:
            raise Refused(422, f"{HEADER}: use 1 to {LONGEST} printable ASCII characters")
        body = await request.read()
        asked = b"\0".join((request.method.encode(), request.path_qs.encode(), body))
        stream = uuid5(LEDGER, f"api/key/{who.actor}/{given}")
        key = _Key(stream, who.actor, request.method, request.path, sha256_of(asked))
        version = await _next(hub, key)
        if isinstance(version, web.Response):
            return version
        await _claim(hub, key, version)
        answer = await _work(request, handler)
        resource = request.match_info.route.resource
        route = routes.get((request.method, resource.canonical)) if resource is not None else None
        await _answered(hub, key, version + 1, answer, secret=route is None or route.secret)
        return answer

    return middleware


async def _next(hub: Hub, key: _Key) -> int | web.Response:
    """The version under which to claim, or the answer that was given.

    Raises  Refused.
    """
    events: list[Any] = (await hub.ledger.load([key.stream]))[key.stream]
    if not events:
        return 1
    last = events[-1]
    claim: RequestClaimed = last if isinstance(last, RequestClaimed) else events[-2]
    fresh = hub.clock.now() - last.at < LIFE
    if fresh and claim.digest != key.digest:
        raise Refused(422, f"{HEADER}: this key was used for another request; take a new one")
    if not fresh or (isinstance(last, RequestAnswered) and last.status == PASSING):
        return last.originator_version + 1
    if isinstance(last, RequestClaimed):
        words = "the request with this key is under way or was interrupted; look what became of it, then take a new key"
        raise Refused(409, words)
    if not last.content:
        raise Refused(409, "this was done, and its answer held a secret that is shown once; take a new key")
    body = (await hub.ledger.contents([last.content])).get(last.content, b"")
    return web.Response(status=last.status, body=body or None, headers={**REPLAYED, **_typed(last.content_type)})


async def _claim(hub: Hub, key: _Key, version: int) -> None:
    event = signed(
        RequestClaimed,
        hub.clock,
        key.actor,
        key.stream,
        version,
        method=key.method,
        path=key.path,
        digest=key.digest,
    )
    await _append(hub, event)


async def _work(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The answer, errors of ours included. What nobody foresaw leaves the key claimed: it may have been half done."""
    try:
        return await handler(request)
    except RowsRefused:
        raise
    except StoreUnavailable as error:
        if error.outcome_unknown:
            raise
        return of_error(error)
    except SiteLedgerError as error:
        return of_error(error)


async def _answered(hub: Hub, key: _Key, version: int, answer: web.StreamResponse, *, secret: bool) -> None:
    body = answer.body if isinstance(answer, web.Response) and isinstance(answer.body, bytes) else b""
    kept = not (secret and answer.status < 400)  # noqa: PLR2004 - refusals hold no secret
    content = sha256_of(body)
    event = signed(
        RequestAnswered,
        hub.clock,
        key.actor,
        key.stream,
        version,
        status=answer.status,
        content_type=answer.headers.get("Content-Type", ""),
        content=content if kept else "",
    )
    await _append(hub, event, {content: body} if kept else {})


async def _append(hub: Hub, event: Event, contents: Mapping[str, bytes] | None = None) -> None:
    try:
        await hub.ledger.append([event], contents)
    except StreamMoved:
        raise Refused(409, "another request with this key is under way; ask again for its answer") from None


def _typed(content_type: str) -> dict[str, str]:
    return {"Content-Type": content_type} if content_type else {}
