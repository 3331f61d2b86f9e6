"""Webhooks at a steady pace: how long a notice takes from the request to the answer, which is after it is stored.

The service is a process of its own, `siteledger run`, at rest after its first round; both stand-ins and whoever sends
run in this one. Notices are sent when they are due, whatever became of those before, so that a slow answer cannot hide
behind a late request.
"""

import os
import signal
import statistics
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import anyio
from aiohttp import ClientSession, TCPConnector

from adapters.sandbox.procore import Procore
from adapters.sandbox.serve import ENVIRONMENT, Sandbox, sample, serve
from benchmarks.measure import Result
from benchmarks.places import Place
from tests.journeys.serving import ADMIN, KEY, free_port

A_SECOND, SECONDS = 200, 10
TARGET = 20.0
"""Milliseconds at the median."""
NAME = f"a notice stored and answered, {A_SECOND} a second"


async def rows(sqlite: Place, postgres: Place | None, *, runs: int, quick: bool) -> list[Result]:
    """The median and the slowest hundredth, on each database."""
    found: list[Result] = []
    for place in (sqlite, postgres):
        if place is None:
            found.append(
                Result(f"a notice stored and answered, {A_SECOND} a second, PostgreSQL", None, TARGET, "skipped")
            )
            continue
        with place.empty() as url:
            times = sorted(await _times(url, 2 if quick else SECONDS))
        median, worst = statistics.median(times), times[int(len(times) * 0.99)]
        name = f"a notice stored and answered, {A_SECOND} a second, {place.name}"
        found.append(
            Result(name, median, TARGET, f"99 of 100 within {worst:.1f} ms, {len(times)} notices", " ms", at_most=True)
        )
    del runs  # one long run is many samples
    return found


async def _times(url: str, seconds: int) -> list[float]:
    central, procore = sample(lambda: datetime.now(UTC))
    port = free_port()
    async with serve(central, procore) as sandbox:
        with TemporaryDirectory(prefix="siteledger-bench-") as folder:
            process = _start(sandbox, Path(folder), url, port)
            try:
                token = await _token(procore)
                await _at_rest(f"http://127.0.0.1:{port}")
                return await _send(f"http://127.0.0.1:{port}/webhooks/procore/main", token, seconds)
            finally:
                process.send_signal(signal.SIGTERM)
                await anyio.to_thread.run_sync(process.wait)


def _start(sandbox: Sandbox, folder: Path, url: str, port: int) -> "subprocess.Popen[bytes]":
    connection = sandbox.connection()
    text = [
        "[store]",
        f'url = "{url}"',
        "[server]",
        f"port = {port}",
        f'public_url = "http://127.0.0.1:{port}"',
        'secret_key = "env:KEY"',
        'admin_token = "env:ADMIN"',
        "[connections.main]",
        'kind = "test"',
    ]
    for side in ("business_central", "procore"):
        text.append(f"[connections.main.{side}]")
        text += [f"{key} = {_toml(value)}" for key, value in connection[side].items()]
    (folder / "siteledger.toml").write_text("\n".join(text))
    environment = {**os.environ, **ENVIRONMENT, "KEY": KEY, "ADMIN": ADMIN}
    return subprocess.Popen(
        [sys.executable, "-c", "from hub.cli import main; main()", "run"],
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _toml(value: Any) -> str:
    return str(value) if isinstance(value, int) else f'"{value}"'


async def _token(procore: Procore) -> str:
    """What Procore was told to send, once the service has asked to be told."""
    with anyio.fail_after(120):
        while True:
            for hook in procore.state.table("webhook_hooks").values():
                return str(hook["destination_headers"]["Authorization"])
            await anyio.sleep(0.1)


async def _at_rest(address: str) -> None:
    """The first round has ended."""
    headers = {"Authorization": f"Bearer {ADMIN}"}
    async with ClientSession(headers=headers) as http:
        with anyio.fail_after(120):
            while True:
                async with http.get(f"{address}/api/v1/connections") as answer:
                    if (await answer.json())["items"][0]["last_round"]:
                        return
                await anyio.sleep(0.2)


async def _send(address: str, token: str, seconds: int) -> list[float]:
    times: list[float] = []
    began = perf_counter()

    async def one(http: ClientSession, number: int) -> None:
        due = number / A_SECOND
        await anyio.sleep(max(0.0, began + due - perf_counter()))
        body = {
            "id": number - number % 10 // 9,  # every tenth repeats the one before
            "timestamp": "2026-11-21T10:00:00Z",
            "event_type": "update",
            "resource_name": "Change Order Packages",
            "resource_id": number,
            "project_id": 1,
            "api_version": "v2.0",
        }
        sent = perf_counter()
        async with http.post(address, json=body, headers={"Authorization": token}) as answer:
            if answer.status != 204:  # noqa: PLR2004 - what a webhook is answered
                message = f"a notice was answered {answer.status}"
                raise RuntimeError(message)
        times.append((perf_counter() - sent) * 1000)

    async with ClientSession(connector=TCPConnector(limit=0)) as http, anyio.create_task_group() as tasks:
        for number in range(A_SECOND * seconds):
            tasks.start_soon(one, http, number)
    return times
