"""The network between hub and stand-ins: every request is bytes to the real server, with the way there under control.

A request takes its time in both directions, and on the way it meets what is armed: refused, reset, late at the server,
late with its answer. What the server itself does wrong is armed at the stand-in.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal

import anyio
import h11
import httpx
from aiohttp import web

from domain.values import System
from tests.simulation.loop import VirtualClock

Trouble = Literal["refused", "reset before", "reset after", "late arrival", "late answer"]
"""No connection; cut before the server saw it; cut after the commit; seen, or answered, after the client gave up."""
TROUBLES: tuple[Trouble, ...] = ("refused", "reset before", "reset after", "late arrival", "late answer")

FASTEST, USUAL = 0.002, 0.08
"""Seconds of one way: at least, and on average on top."""
GIVES_UP = 25.0
"""Seconds that a server goes on working on a request after its client is gone; gateways cut at thirty."""


@dataclass
class Armed:
    """Trouble for one request to come: the first `skip` that fit pass."""

    trouble: Trouble
    writes_only: bool
    skip: int


@dataclass
class Exchange:
    """One request that a server saw, and how it answered; `trouble` is what it met."""

    system: System
    request: httpx.Request
    status: int
    trouble: str


class _ServerEnd(asyncio.Transport):
    """The server's side of a connection that carries one request."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 1), "sockname": ("127.0.0.1", 2)})
        self.sent = bytearray()
        self.closed = asyncio.Event()

    def write(self, data: Any) -> None:
        if not self.closed.is_set():
            self.sent += data

    def writelines(self, list_of_data: Any) -> None:
        for data in list_of_data:
            self.write(data)

    def is_closing(self) -> bool:
        return self.closed.is_set()

    def close(self) -> None:
        self.closed.set()

    def abort(self) -> None:
        self.closed.set()

    def pause_reading(self) -> None:
        """Everything was received at once."""

    def resume_reading(self) -> None:
        """Everything was received at once."""

    def get_write_buffer_size(self) -> int:
        return 0

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Nothing waits here."""


class Server:
    """A stand-in's application behind HTTP, without sockets."""

    def __init__(self, app: web.Application) -> None:
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.01)

    async def start(self) -> None:
        """Bring the application up."""
        await self._runner.setup()

    async def stop(self) -> None:
        """Take it down."""
        await self._runner.cleanup()

    async def answer(self, request: httpx.Request, clock: VirtualClock) -> httpx.Response:
        """Serve one request to its end.

        Raises  httpx.RemoteProtocolError when the server cut the connection or sent half an answer.
        """
        make: Any = self._runner.server
        protocol, end = make(), _ServerEnd()
        protocol.connection_made(end)
        protocol.data_received(_request_bytes(request))
        await end.closed.wait()
        protocol.connection_lost(None)
        return _response(request, bytes(end.sent), clock)


def _request_bytes(request: httpx.Request) -> bytes:
    headers = [(name, value) for name, value in request.headers.raw if name.lower() != b"connection"]
    client = h11.Connection(h11.CLIENT)
    start = h11.Request(
        method=request.method, target=request.url.raw_path, headers=[*headers, (b"connection", b"close")]
    )
    parts = [client.send(start)]
    if request.content:
        parts.append(client.send(h11.Data(data=request.content)))
    parts.append(client.send(h11.EndOfMessage()))
    return b"".join(part for part in parts if part)


def _response(request: httpx.Request, sent: bytes, clock: VirtualClock) -> httpx.Response:
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method=request.method, target=b"/", headers=[(b"host", b"x")]))
    client.send(h11.EndOfMessage())
    client.receive_data(sent)
    client.receive_data(b"")
    head: h11.Response | None = None
    body = bytearray()
    try:
        while not isinstance(event := client.next_event(), h11.EndOfMessage | h11.ConnectionClosed):
            if isinstance(event, h11.Response):
                head = event
            elif isinstance(event, h11.Data):
                body += event.data
    except h11.RemoteProtocolError as error:
        raise httpx.RemoteProtocolError(str(error), request=request) from error
    if head is None:
        raise httpx.RemoteProtocolError("the server disconnected without an answer", request=request)
    # aiohttp stamps its answers with the time of this computer.
    headers = [(name, value) for name, value in head.headers if name != b"date"]
    date = clock.now().strftime("%a, %d %b %Y %H:%M:%S GMT").encode()
    return httpx.Response(head.status_code, headers=[*headers, (b"date", date)], content=bytes(body), request=request)


@dataclass
class Line:
    """The way to one system. `seen` is told of every request that its server is about to serve, `done` of each end."""

    system: System
    server: Server
    clock: VirtualClock
    rng: Random
    seen: Callable[[System, httpx.Request], None]
    done: Callable[[Exchange], None]
    armed: list[Armed] = field(default_factory=list[Armed])
    slow: float = 1.0
    _under_way: set[asyncio.Task[Any]] = field(default_factory=set[asyncio.Task[Any]])

    async def exchange(self, request: httpx.Request) -> httpx.Response:
        """Carry a request to the server and its answer back.

        Raises  what httpx raises for the trouble that is met.
        """
        trouble = self._meets(request)
        await anyio.sleep(self._way())
        if trouble == "refused":
            raise httpx.ConnectError("connection refused", request=request)
        if trouble == "reset before":
            raise httpx.ReadError("connection reset by peer", request=request)
        patience = float(request.extensions.get("timeout", {}).get("read") or 60.0)
        late = patience + self.rng.uniform(0.1, GIVES_UP) if trouble.startswith("late") else 0.0
        arrives, answers = (late, 0.0) if trouble == "late arrival" else (0.0, late)
        served: asyncio.Future[httpx.Response] = asyncio.get_running_loop().create_future()
        # The server works on, whatever becomes of the client.
        self._begin(self._serve(request, trouble, arrives, served))
        with anyio.move_on_after(patience):
            response = await asyncio.shield(served)
            await anyio.sleep(answers + self._way())
            if trouble == "reset after":
                raise httpx.ReadError("connection reset by peer", request=request)
            return response
        raise httpx.ReadTimeout("timed out", request=request)

    async def rest(self) -> None:
        """Until the server has nothing under way."""
        await asyncio.gather(*self._under_way)

    async def _serve(
        self, request: httpx.Request, trouble: str, wait: float, served: "asyncio.Future[httpx.Response]"
    ) -> None:
        await anyio.sleep(wait)
        self.seen(self.system, request)
        try:
            response = await self.server.answer(request, self.clock)
        except httpx.RemoteProtocolError as error:
            self.done(Exchange(self.system, request, 0, trouble))
            if not served.cancelled():
                served.set_exception(error)
                served.exception()  # whoever asked may be gone
            return
        self.done(Exchange(self.system, request, response.status_code, trouble))
        if not served.cancelled():
            served.set_result(response)

    def _begin(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    def _way(self) -> float:
        return FASTEST + self.rng.expovariate(1 / (USUAL * self.slow))

    def _meets(self, request: httpx.Request) -> str:
        for armed in self.armed:
            if armed.writes_only and (request.method == "GET" or request.url.path.endswith("/token")):
                continue
            if armed.skip:
                armed.skip -= 1
                continue
            self.armed.remove(armed)
            return armed.trouble
        return ""


class Network(httpx.AsyncBaseTransport):
    """What one process of the hub sees of a line; a dead process sees nothing more."""

    def __init__(
        self,
        line: Line,
        alive: Callable[[], None],
        leaves: Callable[[System, httpx.Request], None],
        arrived: Callable[[httpx.Request], None],
    ) -> None:
        self._line = line
        self._alive = alive
        self._leaves = leaves
        self._arrived = arrived

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._alive()
        await request.aread()
        self._leaves(self._line.system, request)
        self._alive()
        try:
            response = await self._line.exchange(request)
            self._arrived(request)
            return response
        finally:
            self._alive()
