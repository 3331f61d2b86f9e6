"""What happens on the way decides what may be repeated: unsent, lost, too large, or whole."""

import asyncio
import gzip
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import httpx
import pytest
import respx

from adapters.outbound.answers import Answer, Call
from adapters.outbound.secrets import Redactor
from adapters.outbound.settings import Outbound, Timeouts
from adapters.outbound.wire import Wire
from adapters.ports import FixedClock
from tests.adapters.outbound.world import Network, says, virtual

CLOCK = FixedClock(datetime(2026, 3, 31, tzinfo=UTC))
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
both_transports = pytest.mark.parametrize("fast", [True, False], ids=["aiohttp", "httpx"])


@asynccontextmanager
async def server(serve: Serve) -> AsyncIterator[str]:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            await serve(reader, writer)
        finally:
            writer.transport.abort()

    listening = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}/things"


async def send(url: str, *, fast: bool = True, **settings: object) -> Answer:
    wire = Wire(Outbound(fast_transport=fast, **settings), CLOCK, Redactor())  # type: ignore[arg-type]
    try:
        return await wire.send(Call(method="POST", url=url, kind="POST /things", body=b"{}", write=True), {})
    finally:
        await wire.close()


@both_transports
async def test_a_refused_connection_sent_nothing(*, fast: bool) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    answer = await send(f"http://127.0.0.1:{port}/things", fast=fast)

    assert answer.failure == "unsent"
    assert answer.status == 0


@both_transports
async def test_a_connection_cut_after_the_request_may_have_had_effect(*, fast: bool) -> None:
    async def cut(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        return None

    async with server(cut) as url:
        answer = await send(url, fast=fast)

    assert answer.failure == "lost"
    assert answer.status == 0


@both_transports
async def test_an_answer_cut_in_its_middle_is_lost(*, fast: bool) -> None:
    async def half(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"id": 1')
        await writer.drain()

    async with server(half) as url:
        answer = await send(url, fast=fast)

    assert answer.failure == "lost"
    assert not answer.ok


@both_transports
async def test_silence_ends_with_the_read_timeout(*, fast: bool) -> None:
    async def silence(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read(1000)
        await reader.read(1000)

    async with server(silence) as url:
        answer = await send(url, fast=fast, timeouts=Timeouts(connect=1, read=0.05, total=5))

    assert answer.failure == "lost"


@both_transports
async def test_an_answer_that_trickles_ends_with_the_total_timeout(*, fast: bool) -> None:
    async def trickle(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not writer.transport.is_closing():
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.01)

    async with server(trickle) as url:
        answer = await send(url, fast=fast, timeouts=Timeouts(connect=1, read=1, total=0.2))

    assert answer.failure == "lost"


@both_transports
async def test_what_is_no_http_is_lost(*, fast: bool) -> None:
    async def noise(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example.com ESMTP\r\n\r\n")
        await writer.drain()

    async with server(noise) as url:
        answer = await send(url, fast=fast)

    assert answer.failure == "lost"


@both_transports
async def test_an_answer_larger_than_allowed_is_not_held(*, fast: bool) -> None:
    async def large(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        body = gzip.compress(b" " * 1_000_000)
        head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()

    async with server(large) as url:
        answer = await send(url, fast=fast, largest_body=100_000)

    assert answer.failure == "oversize"
    assert len(answer.body) <= 4096


@both_transports
async def test_an_address_that_does_not_exist_sent_nothing(*, fast: bool) -> None:
    answer = await send("ftp://127.0.0.1/things", fast=fast)

    assert answer.failure == "unsent"


async def test_the_fast_transport_is_mocked_like_the_plain_one() -> None:
    with respx.mock(using="httpx") as router:
        router.post("https://api.test/things").respond(201, json={"id": 1})
        answer = await send("https://api.test/things")

    assert answer.status == 201
    assert answer.exchange.request == b"{}"
    assert answer.exchange.response == answer.body


@virtual
async def test_the_exchange_holds_both_bodies_and_no_header() -> None:
    network = Network(says({"id": 1}), took=0.25)
    wire = Wire(Outbound(), CLOCK, Redactor(), network)
    call = Call(method="POST", url="https://api.test/things?a=b", kind="POST /things", body=b'{"n":1}', write=True)

    exchange = (await wire.send(call, {"Authorization": "Bearer abc"})).exchange

    assert (exchange.method, exchange.url, exchange.status) == ("POST", call.url, 200)
    assert (exchange.request, exchange.response) == (b'{"n":1}', b'{"id": 1}')
    assert exchange.at == CLOCK.now()
    assert exchange.took_ms == 250
    assert "abc" not in str(exchange)


@virtual
async def test_a_redirect_is_answered_not_followed() -> None:
    network = Network(httpx.Response(302, headers={"location": "https://elsewhere.test/"}))
    wire = Wire(Outbound(), CLOCK, Redactor(), network)

    answer = await wire.send(Call(method="GET", url="https://api.test/things", kind="GET /things"), {})

    assert answer.status == 302
    assert len(network.seen) == 1


@virtual
async def test_closing_gives_the_connections_back() -> None:
    network = Network(says([]))
    wire = Wire(Outbound(), CLOCK, Redactor(), network)

    await wire.close()

    assert not network.open
