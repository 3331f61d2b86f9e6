"""The service in a world of its own: served on a real port, asked over real HTTP, heard of by webhooks.

async with world(sqlite(tmp_path)) as it, served(it) as service:
    await service.get("/api/v1/records")
"""

import socket
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import anyio
from aiohttp import ClientSession

from hub.service import Service, service_of
from hub.web.app import application
from tests.journeys.harness import World

ADMIN = "an-administrator-of-these-tests-only"
KEY = "c2VjcmV0LWtleS1vZi10aGVzZS10ZXN0cy1vbmx5ISE="


@dataclass
class Served:
    """A running service and somebody who asks it; the administrator, unless a token is given."""

    world: World
    service: Service
    address: str
    http: ClientSession

    async def ask(
        self, method: str, path: str, *, token: str = ADMIN, headers: Mapping[str, str] = {}, **more: Any
    ) -> tuple[int, Any]:
        """Status and document of an answer."""
        async with self.raw(method, path, token=token, headers=headers, **more) as answer:
            is_json = "json" in answer.content_type
            return answer.status, await answer.json() if is_json else await answer.text()

    def raw(self, method: str, path: str, *, token: str = ADMIN, headers: Mapping[str, str] = {}, **more: Any) -> Any:
        """The answer itself, to be entered."""
        signed = {"Authorization": f"Bearer {token}"} if token else {}
        return self.http.request(method, f"{self.address}{path}", headers={**signed, **headers}, **more)

    async def get(self, path: str, **more: Any) -> Any:
        """The document of a good answer."""
        status, document = await self.ask("GET", path, **more)
        assert status == 200, (status, document)
        return document

    async def post(self, path: str, document: Any, **more: Any) -> tuple[int, Any]:
        """Status and document of an answer to a document."""
        return await self.ask("POST", path, json=document, **more)

    async def ended(self, sent: Mapping[str, Any]) -> dict[str, Any]:
        """An errand that the service was sent on, when it has ended."""

        async def over() -> dict[str, Any] | None:
            row = await self.get(f"/api/v1/errands/{sent['errand']}")
            return None if row["state"] == "running" else row

        return await self.until(over)

    async def until(self, holds: Callable[[], Any], within: timedelta = timedelta(minutes=10)) -> Any:
        """What `holds` gives as soon as that is something; it may be async."""
        with anyio.fail_after(within.total_seconds()):
            while True:
                found = holds()
                found = await found if hasattr(found, "__await__") else found
                if found:
                    return found
                await anyio.sleep(1)

    async def ask_ledger(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows of the read schema."""
        await self.service.hub.projector.catch_up()
        return await self.service.hub.ledger.rows(sql, values)


@asynccontextmanager
async def served(it: World, port: int = 0, **server: Any) -> AsyncGenerator[Served]:
    """The service of a world; `public_url` is its own address unless it is told otherwise (None for polling only).

    With a `port` of its own it comes back at the same address.
    """
    port = port or free_port()
    address = f"http://127.0.0.1:{port}"
    given = {"public_url": address, "secret_key": "env:KEY", "admin_token": "env:ADMIN", **server}
    it.server = {name: value for name, value in given.items() if value is not None}
    it.environ = {"KEY": KEY, "ADMIN": ADMIN}
    async with it.hub() as hub:
        service = service_of(hub)
        async with service.running(application, "127.0.0.1", port), ClientSession() as http:
            yield Served(it, service, address, http)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
