"""A hub that dies at a chosen moment, inside one process: nothing that it does afterwards reaches network or ledger."""

from collections.abc import Callable
from typing import Any, Literal, TypeVar

import httpx
from aiohttp import web
from aiohttp.typedefs import Middleware

from adapters.outbound.settings import Outbound
from adapters.outbound.wire import _network
from adapters.sandbox.business_central import BusinessCentral
from adapters.sandbox.procore import Procore
from adapters.store import StoreUnavailable, ThreadPool
from domain.values import SYSTEMS, System

T = TypeVar("T")

Phase = Literal["before the call", "after the commit", "after the answer"]
"""The attempt is claimed but not made; made but not answered; answered but not recorded."""
PHASES: tuple[Phase, ...] = ("before the call", "after the commit", "after the answer")


class Killed(BaseException):
    """The process is gone. Nothing that handles errors may take it for one."""


class Fate:
    """Counts the requests of a process and ends it at one of them; `number` 0 lets it live."""

    def __init__(self, number: int = 0, phase: Phase = "before the call") -> None:
        self.number, self.phase = number, phase
        self.made: list[tuple[System, httpx.Request]] = []
        self.dead = False

    def networks(self) -> dict[System, httpx.AsyncBaseTransport]:
        """The ways to both systems."""
        return {system: _Way(self, system) for system in SYSTEMS}

    def threads(self) -> "_Threads":
        """The way to the ledger."""
        return _Threads(self)

    def die(self) -> None:
        self.dead = True
        raise Killed


class _Way(httpx.AsyncBaseTransport):
    def __init__(self, fate: Fate, system: System) -> None:
        self._fate, self._system = fate, system
        self._inner = _network(Outbound())

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        fate = self._fate
        if fate.dead:
            raise Killed
        if "token" in request.url.path:
            return await self._inner.handle_async_request(request)
        fate.made.append((self._system, request))
        chosen = len(fate.made) == fate.number
        if chosen and fate.phase == "before the call":
            fate.die()
        response = await self._inner.handle_async_request(request)
        if chosen and fate.phase == "after the commit":
            await response.aclose()
            fate.die()
        if chosen:
            fate.dead = True  # the answer still arrives, but nothing can be kept of it
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


class _Threads(ThreadPool):
    def __init__(self, fate: Fate) -> None:
        super().__init__()
        self._fate = fate

    async def write(self, call: Callable[[], T]) -> T:
        # The ledger's own close is the operating system's when a process dies.
        if self._fate.dead and getattr(call, "__name__", "") != "close":
            raise StoreUnavailable("the process is gone")
        return await super().write(call)


def stand_before(stand_in: BusinessCentral | Procore, middleware: Middleware) -> None:
    """Let this come before everything else that a stand-in does with a request, whenever it is served."""
    plain = stand_in.app

    def watched(**how: Any) -> web.Application:
        app = plain(**how)
        app.middlewares.insert(0, middleware)
        return app

    stand_in.app = watched  # type: ignore[method-assign]
