"""The service as a process: it ends at once and cleanly however many watch, and starts again however it ended."""

import os
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from subprocess import DEVNULL, PIPE
from typing import Any

import anyio
import orjson
import pytest
from aiohttp import ClientSession, ClientTimeout, TCPConnector
from anyio.abc import Process
from anyio.streams.text import TextReceiveStream

from tests.journeys.cli import PROGRAM, environment, written
from tests.journeys.harness import sqlite, world

pytestmark = [pytest.mark.journey, pytest.mark.requirement("DC-12")]

TOKEN = "planted-admin-token-of-a-process"
HEADERS = {"Authorization": f"Bearer {TOKEN}"}
STREAMS = 50


@asynccontextmanager
async def running(config: Path) -> AsyncGenerator[tuple[Process, str]]:
    """`siteledger run` as a process, and its address as soon as it serves."""
    command = [*PROGRAM, "run", "--json", "--config", str(config)]
    around = environment(
        SITELEDGER__SERVER__ADMIN_TOKEN="env:ADMIN", ADMIN=TOKEN, SITELEDGER__SERVER__PORT=str(_port())
    )
    async with await anyio.open_process(command, stdout=PIPE, stderr=DEVNULL, env=around) as process:
        assert process.stdout is not None
        text = ""
        with anyio.fail_after(60):
            async for part in TextReceiveStream(process.stdout):
                text += part
                if text.rstrip().endswith("}"):
                    break
        try:
            yield process, orjson.loads(text)["address"]
        finally:
            if process.returncode is None:
                process.kill()


async def a_round_ended(http: ClientSession, address: str) -> None:
    """Waits until the first round is over, so that what is measured is the end and not the end of a round."""
    while True:
        async with http.get(f"{address}/api/v1/connections", headers=HEADERS) as answer:
            if (await answer.json())["items"][0]["last_round"]:
                return
        await anyio.sleep(0.1)


def _port() -> int:
    import socket  # noqa: PLC0415 - the service wants to be told a port that is free

    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        return place.getsockname()[1]


async def test_it_ends_within_three_seconds_with_fifty_streams_open_and_starts_again(tmp_path: Path) -> None:
    ended: list[str] = []

    async def watch(http: ClientSession, address: str, opened: Any) -> None:
        async with http.get(f"{address}/api/v1/events", headers={**HEADERS, "Accept": "text/event-stream"}) as answer:
            assert answer.status == 200
            opened()
            await answer.content.read()
            ended.append("whole")

    async with world(sqlite(tmp_path)) as it:
        it.typical()
        config = written(it, tmp_path)
        async with (
            running(config) as (process, address),
            ClientSession(connector=TCPConnector(limit=0), timeout=ClientTimeout(60)) as http,
        ):
            open_ones = 0
            every = anyio.Event()

            def opened() -> None:
                nonlocal open_ones
                open_ones += 1
                if open_ones == STREAMS:
                    every.set()

            async with anyio.create_task_group() as tasks:
                for _ in range(STREAMS):
                    tasks.start_soon(watch, http, address, opened)
                with anyio.fail_after(30):
                    await every.wait()
                    await a_round_ended(http, address)
                began = anyio.current_time()
                process.terminate()
                status = await process.wait()
                took = anyio.current_time() - began

            assert (status, ended) == (0, ["whole"] * STREAMS)
            assert took < 3 * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))  # others may be at work here too

        async with running(config) as (process, address), ClientSession() as http:
            os.kill(process.pid, signal.SIGKILL)
            assert await process.wait() == -signal.SIGKILL

        async with running(config) as (process, address), ClientSession() as http:
            async with http.get(f"{address}/api/v1/connections", headers=HEADERS) as answer:
                assert [each["name"] for each in (await answer.json())["items"]] == ["main"]
            process.terminate()
            with anyio.fail_after(10):
                assert await process.wait() == 0
