"""What both stand-ins share on the wire: the request log, faults on request, tokens, and the controls over HTTP.

A stand-in builds its application as

    wire = Wire(now=now, tokens=TokenDesk(now=now, seed=seed), refuse=my_error_answer, is_token=my_token_path)
    app = web.Application(middlewares=[wire.middleware], client_max_size=350 * 1024**2)
    wire.mount(app)

and finds the sequence of the request at hand under `request[SEQUENCE]`.

Controls, all JSON, without authorization:

    GET    /_sandbox/log?since=N&writes=1   entries after N, oldest first: {"last": n, "entries": [...]}
    DELETE /_sandbox/log                    204
    GET    /_sandbox/faults                 what is still armed
    POST   /_sandbox/faults                 one `Fault` or a list of them; 201, or 400 with the reason
    DELETE /_sandbox/faults                 204
    POST   /_sandbox/expire-tokens          204
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import anyio
import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from adapters.sandbox.faults import Fault, FaultKind, Faults
from adapters.sandbox.request_log import Entry, RequestLog, dump_json, load_json
from adapters.sandbox.token_desk import CLIENT_ID, CLIENT_SECRET, Token, TokenDesk

__all__ = [
    "BATCH",
    "CLIENT_ID",
    "CLIENT_SECRET",
    "SEQUENCE",
    "Entry",
    "Fault",
    "FaultKind",
    "Faults",
    "RequestLog",
    "Token",
    "TokenDesk",
    "Wire",
    "dump_json",
    "json_answer",
    "load_json",
]

CONTROLS = "/_sandbox/"
SEQUENCE = web.RequestKey("sequence", int)
"""Where a handler finds the sequence of its request in the log."""
BATCH = web.RequestKey("batch", bool)
"""Where a handler says that its request is the wrapper of a batch."""

Refuse = Callable[[web.Request, int], web.Response]
"""The vendor's own error answer for a status that a fault asks for."""

_HTML = (
    "<!DOCTYPE html><html><head><title>{status}</title></head>"
    "<body><center><h1>{status} Gateway</h1></center><hr><center>gateway</center></body></html>"
)


def json_answer(value: object, *, status: int = 200, content_type: str = "application/json") -> web.Response:
    """An answer with exact numbers."""
    return web.Response(body=dump_json(value), status=status, content_type=content_type, charset="utf-8")


@dataclass
class Wire:
    """Log, faults and tokens of one stand-in, and the middleware that applies them."""

    now: Callable[[], datetime]
    tokens: TokenDesk
    refuse: Refuse
    is_token: Callable[[str], bool]
    log: RequestLog = field(default_factory=RequestLog)
    faults: Faults = field(default_factory=Faults)

    @property
    def middleware(self) -> Middleware:
        """Notes every request and misbehaves as told."""

        @web.middleware
        async def apply(request: web.Request, handler: Handler) -> web.StreamResponse:
            if request.path.startswith(CONTROLS):
                return await handler(request)
            return await self._pass(request, handler)

        return apply

    def mount(self, app: web.Application) -> None:
        """Add the control routes."""
        app.router.add_get("/_sandbox/log", self._read_log)
        app.router.add_delete("/_sandbox/log", self._clear_log)
        app.router.add_get("/_sandbox/faults", self._read_faults)
        app.router.add_post("/_sandbox/faults", self._add_faults)
        app.router.add_delete("/_sandbox/faults", self._clear_faults)
        app.router.add_post("/_sandbox/expire-tokens", self._expire_tokens)

    async def _pass(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        sequence = self.log.begin(
            request.method,
            request.path,
            query=dict(request.query),
            headers=dict(request.headers),
            body=await request.read(),
            started_at=self.now(),
            token=self.is_token(request.path),
        )
        request[SEQUENCE] = sequence
        fault = self.faults.take(request.method, request.path_qs)
        if fault is None:
            answer = await _handled(request, handler)
        else:
            answer = await self._misbehave(fault, request, handler)
        self.log.finish(
            sequence,
            status=answer.status if answer is not None else 0,
            answer=answer.body if answer is not None and isinstance(answer.body, bytes) else b"",
            fault=fault.kind if fault is not None else "",
            batch=request.get(BATCH, False),
        )
        if fault is not None and (answer is None or fault.kind == "lost_reply"):
            return _cut(request)
        assert answer is not None  # noqa: S101 - only a fault leaves a request without an answer
        if fault is not None and fault.kind == "truncated":
            return await _half(request, answer)
        return answer

    async def _misbehave(self, fault: Fault, request: web.Request, handler: Handler) -> web.Response | None:
        match fault.kind:
            case "latency":
                await anyio.sleep(fault.seconds)
                return await _handled(request, handler)
            case "drop_before":
                return None
            case "lost_reply" | "truncated":
                return await _handled(request, handler)
            case "duplicate":
                await _handled(request, handler)
                return await _handled(request, handler)
            case "malformed_json":
                answer = await _handled(request, handler)
                return web.Response(
                    body=b'{"value": [' + (answer.body if isinstance(answer.body, bytes) else b""),
                    status=answer.status,
                    content_type="application/json",
                )
            case "status" | "expired_token" | "forbidden" | "conflict" | "html":
                if fault.handled:
                    await _handled(request, handler)
                return self._refusal(fault, request)

    def _refusal(self, fault: Fault, request: web.Request) -> web.Response:
        status = fault.answer_status
        if fault.kind == "html":
            answer = web.Response(text=_HTML.format(status=status), status=status, content_type="text/html")
        else:
            answer = self.refuse(request, status)
        if fault.retry_after:
            answer.headers["Retry-After"] = fault.retry_after
        return answer

    async def _read_log(self, request: web.Request) -> web.Response:
        since = int(request.query.get("since", "0"))
        entries = self.log.writes(since) if request.query.get("writes") == "1" else self.log.since(since)
        return json_answer({"last": self.log.last, "entries": [entry.plain() for entry in entries]})

    async def _clear_log(self, _request: web.Request) -> web.Response:
        self.log.clear()
        return web.Response(status=204)

    async def _read_faults(self, _request: web.Request) -> web.Response:
        return json_answer(self.faults.plain())

    async def _add_faults(self, request: web.Request) -> web.Response:
        body = (await request.read()).strip()
        try:
            faults = msgspec.json.decode(body if body.startswith(b"[") else b"[" + body + b"]", type=list[Fault])
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            return json_answer({"error": str(error)}, status=400)
        self.faults.add(*faults)
        return json_answer(self.faults.plain(), status=201)

    async def _clear_faults(self, _request: web.Request) -> web.Response:
        self.faults.clear()
        return web.Response(status=204)

    async def _expire_tokens(self, _request: web.Request) -> web.Response:
        self.tokens.expire_all()
        return web.Response(status=204)


async def _handled(request: web.Request, handler: Handler) -> web.Response:
    try:
        answer = await handler(request)
    except web.HTTPException as refused:  # how aiohttp's router says 404 and 405
        return web.Response(text=refused.text, status=refused.status, headers=refused.headers)
    assert isinstance(answer, web.Response)  # noqa: S101 - no handler of a stand-in streams
    return answer


def _cut(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)  # never leaves: the connection is gone


async def _half(request: web.Request, answer: web.Response) -> web.StreamResponse:
    body = answer.body if isinstance(answer.body, bytes) else b""
    part = web.StreamResponse(status=answer.status, headers=answer.headers)
    part.content_length = len(body)
    await part.prepare(request)
    await part.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.close()  # flushes what was written, unlike abort
    return part
