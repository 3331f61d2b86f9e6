"""How the stand-ins call the address of a webhook."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import suppress

import aiohttp
import anyio
from aiohttp import web

Post = Callable[[str, bytes, Mapping[str, str], float], Awaitable[tuple[int, str]]]
"""Sends a POST: address, body, headers, seconds to wait. Gives status and text; 0 when nobody answered."""


async def post_over_http(url: str, body: bytes, headers: Mapping[str, str], seconds: float) -> tuple[int, str]:
    """POST and read the answer; status 0 when nobody answered in time."""
    timeout = aiohttp.ClientTimeout(total=seconds)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(url, data=body, headers=dict(headers), allow_redirects=False) as answer,
        ):
            return answer.status, await answer.text(errors="replace")
    except (aiohttp.ClientError, TimeoutError):
        return 0, ""


def regularly(every: float, send: Callable[[], Awaitable[int]]) -> Callable[[web.Application], AsyncGenerator[None]]:
    """For `cleanup_ctx` of an application: sends what is due as long as it is served.

    Units   `every` in seconds.
    """

    async def context(_app: web.Application) -> AsyncGenerator[None]:
        async def work() -> None:
            while True:
                await anyio.sleep(every)
                await send()

        task = asyncio.create_task(work())
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    return context
