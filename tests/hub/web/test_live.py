"""Live streams: nothing that may be seen is lost, nothing else is shown, and every stream ends with what allows it."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import anyio
import orjson
import pytest
from aiohttp import ClientResponse

from domain.events import DeadLettered
from hub import tail
from hub.access import Role
from hub.web.api import live
from tests.hub.web.harness import ADMIN, NOW, Filled, Web, served, settings
from tests.hub.web.test_reading import seen

_LINES = ("Accept: text/event-stream", "Last-Event-ID: 0")
ACCEPT = {"Accept": "text/event-stream"}


@asynccontextmanager
async def followed(ledger: Filled, folder: Path) -> AsyncGenerator[Web]:
    """A web server whose tail follows the ledger."""
    async with served(settings(ledger.copy(folder), ledger.tables)) as it, anyio.create_task_group() as tasks:
        tasks.start_soon(it.service.tail.run)
        with anyio.fail_after(30):
            yield it
        tasks.cancel_scope.cancel()


@asynccontextmanager
async def stream(it: Web, query: str = "", token: str = ADMIN, **headers: str) -> AsyncGenerator[ClientResponse]:
    async with it.request(f"/api/v1/events{query}", token=token, headers={**ACCEPT, **headers}) as answer:
        assert (answer.status, answer.content_type) == (200, "text/event-stream")
        yield answer


async def told(answer: ClientResponse, count: int) -> list[tuple[int, dict[str, Any]]]:
    """The next events of a stream."""
    found: list[tuple[int, dict[str, Any]]] = []
    position = 0
    async for line in answer.content:
        name, _, value = line.decode().strip().partition(": ")
        if name == "id":
            position = int(value)
        elif name == "data":
            found.append((position, orjson.loads(value)))
            if len(found) == count:
                break
    return found


async def dropped(it: Web) -> dict[str, float]:
    """How many streams were refused or cut off, by the metrics."""
    async with it.request("/metrics") as answer:
        lines = (await answer.text()).splitlines()
    return {line.split('"')[1]: float(line.split()[-1]) for line in lines if line.startswith("siteledger_sse_dropped")}


@asynccontextmanager
async def deaf(it: Web) -> AsyncGenerator[None]:
    """Somebody who asks for everything from the beginning and takes nothing of it."""
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        one.setblocking(False)  # noqa: FBT003 - as the library has it
        loop = asyncio.get_running_loop()
        host, port = it.url.removeprefix("http://").split(":")
        await loop.sock_connect(one, (host, int(port)))
        lines = ["GET /api/v1/events HTTP/1.1", f"Host: {host}", f"Authorization: Bearer {ADMIN}", *_LINES, "", ""]
        await loop.sock_sendall(one, "\r\n".join(lines).encode())
        yield


async def much(it: Web) -> None:
    """More happens than the buffers of a connection hold."""
    head: dict[str, Any] = {"originator_version": 1, "at": NOW, "connection": "main", "actor": "system"}
    story = {"correlation_id": "story", "causation_id": "story"}
    what: dict[str, Any] = {"side": "procore", "entity_set": "webhook", "source_id": "", "content": "0" * 64}
    await it.hub.ledger.append(
        [DeadLettered(originator_id=uuid4(), **head, **story, **what, reason="x" * 500_000) for _ in range(20)]
    )


@pytest.mark.requirement("DC-10")
async def test_a_stream_begins_at_the_present_and_goes_on_after_the_last_event(ledger: Filled, tmp_path: Path) -> None:
    async with followed(ledger, tmp_path) as it:
        async with stream(it) as answer:
            await seen(it, "main", "X1")
            first = await told(answer, 2)
        await seen(it, "main", "X2")
        async with stream(it, **{"Last-Event-ID": str(first[0][0])}) as answer:
            rest = await told(answer, 3)
        listed = (await it.ask("/api/v1/events?limit=1000"))["items"]

    assert [item["record"] for _, item in rest[:1]] == [first[1][1]["record"]]
    assert [(at, item["event"]) for at, item in [first[0], *rest]] == [
        (row["position"], row["event"]) for row in listed[-4:]
    ]


async def test_a_reader_who_fell_behind_what_is_kept_in_memory_loses_nothing(
    ledger: Filled, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tail, "KEPT", 5)
    monkeypatch.setattr(tail, "PAGE", 3)
    async with followed(ledger, tmp_path) as it:
        listed = (await it.ask("/api/v1/events?limit=1000"))["items"]
        async with stream(it, **{"Last-Event-ID": "0"}) as answer:
            await told(answer, 1)
            for at in range(6):
                await seen(it, "main", f"X{at}")
            rest = await told(answer, len(listed) - 1 + 12)
        after = (await it.ask("/api/v1/events?limit=1000"))["items"]

    assert [at for at, _ in rest] == [row["position"] for row in after[1:]]


@pytest.mark.requirement("ER-01")
async def test_a_stream_shows_only_what_may_be_seen_and_was_asked_for(ledger: Filled, tmp_path: Path) -> None:
    async with followed(ledger, tmp_path) as it:
        token = await it.token("north", connections=("north",))
        async with (
            stream(it, token=token) as mine,
            stream(it, "?connection=main") as main,
            stream(it, "?flow=vendor-to-company") as flow,
        ):
            await seen(it, "main", "X1")
            await seen(it, "north", "X2")
            await seen(it, "main", "X3")
            events = {
                "mine": [item["connection"] for _, item in await told(mine, 2)],
                "main": [item["connection"] for _, item in await told(main, 4)],
                "flow": [item["flow"] for _, item in await told(flow, 3)],
            }
        await it.ask("/api/v1/events?connection=main", token=token, status=403, headers=ACCEPT)

    assert events == {"mine": ["north"] * 2, "main": ["main"] * 4, "flow": ["vendor-to-company"] * 3}


async def test_a_stream_ends_soon_after_its_token_is_revoked_or_its_session_ended(
    ledger: Filled, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "QUIET", 0.05)
    monkeypatch.setattr(live, "AGAIN", 0.1)
    async with followed(ledger, tmp_path) as it:
        token = await it.token("reports")
        cookie = await it.session("anna", Role.READ)
        async with stream(it, token=token) as first, stream(it, token="", Cookie=cookie) as second:
            await anyio.sleep(0.3)
            await seen(it, "main", "X1")
            assert len(await told(first, 2)) == len(await told(second, 2)) == 2
            await it.ask("/api/v1/tokens/reports", "DELETE", status=204)
            await it.ask("/api/v1/users/anna", "PATCH", json={"roles": {}})
            with anyio.fail_after(5):
                assert await first.content.read() is not None
                assert await second.content.read() is not None


@pytest.mark.requirement("BX-22")
async def test_streams_that_are_ended_for_a_reason_are_counted(
    ledger: Filled, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "QUIET", 0.05)
    monkeypatch.setattr(live, "AGAIN", 0.1)
    monkeypatch.setattr(live, "SLOW", 0.3)
    monkeypatch.setattr(live, "MOST_STREAMS", 2)
    async with followed(ledger, tmp_path) as it:
        before = await dropped(it)
        token = await it.token("reports")
        async with stream(it, token=token) as first, stream(it):
            await it.ask("/api/v1/events", headers=ACCEPT, status=503)
            await it.ask("/api/v1/tokens/reports", "DELETE", status=204)
            await first.content.read()
        await much(it)
        async with deaf(it):
            while not it.service.tail.dropped["slow"]:
                await it.ask("/healthz", "HEAD")
            after = await dropped(it)

    assert before == {"full": 0, "revoked": 0, "slow": 0}
    assert after == {"full": 1, "revoked": 1, "slow": 1}


async def test_streams_end_when_the_service_closes_them(ledger: Filled, tmp_path: Path) -> None:
    async with followed(ledger, tmp_path) as it, stream(it) as first, stream(it) as second:
        it.service.tail.close()
        with anyio.fail_after(2):
            await first.content.read()
            await second.content.read()
        assert it.service.tail.streams == 0


async def test_too_many_streams_are_refused_and_wrong_positions_too(
    ledger: Filled, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "MOST_STREAMS", 1)
    async with followed(ledger, tmp_path) as it:
        async with stream(it):
            problem = await it.ask("/api/v1/events", headers=ACCEPT, status=503)
            assert "streams are open" in problem["detail"]
        for wrong in ("-1", "x", "1.5", "9" * 30, "\u0663"):
            await it.ask("/api/v1/events", headers={**ACCEPT, "Last-Event-ID": wrong}, status=422)
        async with it.request("/api/v1/events", "HEAD", headers=ACCEPT) as answer:
            assert answer.status == 200  # and no stream that nobody reads
