"""The web server on a port of its own, before a ledger in which two connections have worked."""

import shutil
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from aiohttp import ClientResponse, ClientSession

from adapters.ports import FixedClock, seeded_rng
from adapters.sandbox.serve import ENVIRONMENT
from hub.access import EVERY, Principal, Right, Role
from hub.app import Hub, open_hub
from hub.due import Narrow
from hub.operations.sync import one
from hub.report import Quiet
from hub.service import Service, service_of
from hub.settings import Settings
from hub.settings.values import Surroundings
from hub.web.app import application
from hub.window import Window
from tests.journeys.harness import line, sqlite, world
from tests.journeys.quick import START, run

ADMIN = "planted-admin-token-of-the-web-tests"
NOW = START + timedelta(days=1)
NAMES = ("main", "north")


def settings(store: str, connections: Mapping[str, Any], **server: Any) -> Settings:
    """A configuration of these connections."""
    document = {"store": {"url": store}, "server": {"admin_token": "env:ADMIN", **server}, "connections": connections}
    around = Surroundings(environ={**ENVIRONMENT, "ADMIN": ADMIN, "OIDC_SECRET": "planted-client-secret"})
    return Settings.model_validate(document, context=around)


def filled(store: str) -> dict[str, Any]:
    """Two connections that have carried an order each; the one of `north` waits in part. Their tables."""

    async def story() -> dict[str, Any]:
        async with world(store) as main, world(store, clock=main.clock) as north:
            main.typical("PO1")
            main.vendor("V2", in_procore=False)
            main.order("PO2", "JOB1", [line("01-100", "SITE", "M")], vendor="V2", release=True)
            north.typical("PO9", release=False)
            tables = {
                "main": main.sandbox.connection(),
                "north": {**north.sandbox.connection(), "flows": {"vendor-to-company": {"enabled": False}}},
            }
            async with open_hub(settings(store, tables), clock=main.clock, rng=seeded_rng(3)) as hub:
                for name in NAMES:
                    await one(hub, name, Quiet(), window=Window(), narrow=Narrow("", ""), wait=timedelta(seconds=60))
            return tables

    return run(story)


@dataclass(frozen=True)
class Filled:
    """A ledger that is copied for each test."""

    file: Path
    tables: dict[str, Any]

    def copy(self, folder: Path) -> str:
        """URL of a copy."""
        shutil.copy(self.file, folder / "ledger.db")
        return sqlite(folder)


@dataclass
class Web:
    """A served application, and hands that ask it."""

    url: str
    service: Service
    clock: FixedClock
    http: ClientSession

    @property
    def hub(self) -> Hub:
        """The hub behind it."""
        return self.service.hub

    async def ask(
        self, path: str, method: str = "GET", token: str | None = ADMIN, status: int | None = 200, **more: Any
    ) -> Any:
        """The JSON of an answer whose status is this one."""
        async with self.request(path, method, token, **more) as answer:
            body = await answer.read()
            assert status is None or answer.status == status, (answer.status, body[:600])
            return await answer.json(content_type=None) if body else None

    @asynccontextmanager
    async def request(
        self, path: str, method: str = "GET", token: str | None = ADMIN, **more: Any
    ) -> AsyncGenerator[ClientResponse]:
        """One request."""
        headers = {**({"Authorization": f"Bearer {token}"} if token else {}), **more.pop("headers", {})}
        async with self.http.request(method, self.url + path, headers=headers, allow_redirects=False, **more) as answer:
            yield answer

    async def token(
        self, name: str, role: Role = Role.READ, *rights: Right, connections: tuple[str, ...] = (EVERY,)
    ) -> str:
        """A token with a role; for rights it belongs to a user who holds them and made it."""
        giver = Principal("user:root", {EVERY: Role.ADMIN}, frozenset(Right), "root")
        access = self.hub.access
        wish: dict[str, Any] = {"role": role, "connections": connections, "lifetime": timedelta(days=30)}
        if not rights:
            return (await access.create_token(giver, name, **wish | {"owner": await self._user(giver, "root")}))[0]
        await access.put_user(giver, f"{name}@example.com", roles={EVERY: Role.ADMIN}, rights=frozenset(rights))
        holder = Principal(f"user:{name}@example.com", {EVERY: Role.ADMIN}, frozenset(rights), f"{name}@example.com")
        return (await access.create_token(holder, name, **wish, approve=Right.PUSH_TO_ACCOUNTING in rights))[0]

    async def session(self, name: str, role: Role = Role.READ, *rights: Right, at: str = EVERY) -> str:
        """The cookie of a user who has signed in."""
        giver = Principal("user:root", {EVERY: Role.ADMIN}, frozenset(Right), "root")
        await self.hub.access.put_user(giver, name, roles={at: role}, rights=frozenset(rights))
        return "__Host-session=" + await self.hub.access.book.start_session(name)

    async def _user(self, giver: Principal, name: str) -> str:
        await self.hub.access.put_user(giver, name, roles={EVERY: Role.ADMIN})
        return name


@asynccontextmanager
async def served(the: Settings, clock: FixedClock | None = None, **parts: Any) -> AsyncGenerator[Web]:
    """The web server of a service whose rounds do not run; it follows the ledger when a test starts its tail."""
    at = clock or FixedClock(NOW)
    async with open_hub(the, clock=at, rng=seeded_rng(11), **parts) as hub:
        service = service_of(hub)
        await service.tail.start()
        async with service._web(application(service), "127.0.0.1", 0) as url, ClientSession() as http:
            yield Web(url, service, at, http)
