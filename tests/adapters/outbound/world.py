"""A small world for the clients: time that jumps, a network that answers by script, deliveries in one line."""

import asyncio
import functools
import json
import selectors
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, ParamSpec
from uuid import NAMESPACE_OID, uuid5

import httpx

from adapters.ports import Rng, seeded_rng
from domain.delivery import Delivery

START = datetime(2026, 3, 31, 22, 0, tzinfo=UTC)
P = ParamSpec("P")
Reply = httpx.Response | Exception
Handler = Callable[[httpx.Request], Reply | Awaitable[Reply]]


class _Selector(selectors.DefaultSelector):
    """Never waits: when nothing is ready, time jumps to the next timer."""

    loop: "VirtualLoop"

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise RuntimeError("everybody waits for somebody else")
        self.loop.moment += max(timeout, 0.0)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose hours pass in no time."""

    def __init__(self) -> None:
        self.moment = 0.0
        selector = _Selector()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        return self.moment


class LoopClock:
    """The wall clock of the virtual loop."""

    def now(self) -> datetime:
        return START + timedelta(seconds=asyncio.get_running_loop().time())


def virtual(story: Callable[P, Awaitable[None]]) -> Callable[P, None]:
    """Run an async test in virtual time."""

    @functools.wraps(story)
    def test(*args: P.args, **kwargs: P.kwargs) -> None:
        async def whole() -> None:
            await story(*args, **kwargs)

        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            runner.run(whole())

    return test


class Network(httpx.AsyncBaseTransport):
    """Answers by script. `replies` are given in order, the last one again and again; `seen` is what was asked.

    Token requests are answered by themselves and kept apart in `tokens`.
    """

    def __init__(self, *replies: Reply | Handler, took: float = 0.0) -> None:
        self.replies = list(replies)
        self.took = took
        self.seen: list[httpx.Request] = []
        self.at: list[float] = []
        self.tokens: list[httpx.Request] = []
        self.token_reply: Handler | None = None
        self.running = 0
        self.most_at_once = 0
        self.open = True

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        loop = asyncio.get_running_loop()
        if "token" in request.url.path:
            self.tokens.append(request)
            return await self._answer(self.token_reply or self._token, request)
        self.seen.append(request)
        self.at.append(loop.time())
        reply = self.replies[min(len(self.seen), len(self.replies)) - 1]
        self.running += 1
        self.most_at_once = max(self.most_at_once, self.running)
        try:
            await asyncio.sleep(self.took)
            return await self._answer(reply, request)
        finally:
            self.running -= 1

    async def _answer(self, reply: Reply | Handler, request: httpx.Request) -> httpx.Response:
        given: Any = reply(request) if callable(reply) else reply
        if isinstance(given, Awaitable):
            given = await given
        if isinstance(given, Exception):
            raise given
        return httpx.Response(given.status_code, headers=given.headers, content=given.content)

    def _token(self, _request: httpx.Request) -> httpx.Response:
        return says({"access_token": f"token-number-{len(self.tokens)}", "token_type": "bearer", "expires_in": 5400})

    async def aclose(self) -> None:
        self.open = False


def says(document: object, status: int = 200, **headers: str) -> httpx.Response:
    """A JSON answer; `retry_after="3"` becomes the header `retry-after`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    content = json.dumps(document).encode()
    return httpx.Response(status, headers={"content-type": "application/json", **named}, content=content)


def sent(request: httpx.Request) -> Any:
    """The JSON body of a request."""
    return json.loads(request.content)


def delivery(key: str = "", body: dict[str, Any] | None = None, **fields: Any) -> Delivery:
    """A delivery with only what matters in the test."""
    name = uuid5(NAMESPACE_OID, f"{key}/{body}/{sorted(fields.items())}")
    given: dict[str, Any] = {
        "id": name,
        "record": name,
        "connection": "main",
        "flow": "flow",
        "part": "",
        "endpoint": "endpoint",
        "scope": {},
        "key": key,
        "body": body or {},
    }
    return Delivery(**{**given, **fields})


def seeded() -> Rng:
    """Chance that repeats itself."""
    return seeded_rng(7)
