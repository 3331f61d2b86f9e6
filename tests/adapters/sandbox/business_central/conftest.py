"""A company, a clock that tests move, and a client that checks every answer against the metadata document."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web

from adapters.sandbox.business_central import BusinessCentral
from adapters.sandbox.business_central.stand_in import CONNECTOR, SCOPE
from adapters.sandbox.wire import CLIENT_ID, CLIENT_SECRET, dump_json, load_json
from tests.adapters.sandbox.business_central.contract import REFERENCE, check_answer

START = datetime(2026, 3, 2, 9, 30, 0, 250_000, tzinfo=UTC)


@dataclass
class Clock:
    at: datetime = START

    def __call__(self) -> datetime:
        return self.at

    def advance(self, by: timedelta) -> None:
        self.at += by


@dataclass
class Answer:
    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def body(self) -> Any:
        return load_json(self.text)

    @property
    def code(self) -> str:
        return self.body["error"]["code"]

    @property
    def value(self) -> list[dict[str, Any]]:
        return self.body["value"]


class Remote:
    """Speaks to the served stand-in as a client does."""

    def __init__(self, bc: BusinessCentral, session: aiohttp.ClientSession, origin: str) -> None:
        self.bc = bc
        self.origin = origin
        self.session = session
        self.root = f"{bc.api_url(origin)}/{CONNECTOR}"
        self.company = f"{self.root}/companies({bc.company_id})"
        self.headers: dict[str, str] = {}

    async def sign_in(self) -> None:
        form = {
            "grant_type": "client_credentials",
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "scope": SCOPE,
        }
        async with self.session.post(self.bc.token_url(self.origin), data=form) as answer:
            self.headers["Authorization"] = f"Bearer {(await answer.json())['access_token']}"

    async def call(self, method: str, path: str, body: object = None, *, check: bool = True, **headers: str) -> Answer:
        url = path if path.startswith("http") else f"{self.company}/{path}"
        sent = {**self.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
        data = None
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
            data = body if isinstance(body, bytes) else dump_json(body)
        async with self.session.request(method, url, data=data, headers=sent) as raw:
            answer = Answer(raw.status, raw.headers, await raw.text())
        if check and REFERENCE.exists() and answer.text.startswith("{"):
            check_answer(answer.status, answer.body)
        return answer

    async def get(self, path: str, **headers: str) -> Answer:
        return await self.call("GET", path, **headers)

    async def post(self, path: str, body: object, **headers: str) -> Answer:
        return await self.call("POST", path, body, **headers)

    async def patch(self, path: str, body: object, etag: str = "*") -> Answer:
        return await self.call("PATCH", path, body, If_Match=etag)

    async def batch(self, requests: list[dict[str, Any]], **headers: str) -> Answer:
        return await self.call(
            "POST", f"{self.root}/$batch", {"requests": requests}, Accept="application/json", **headers
        )

    def part(self, part_id: str, method: str, path: str, body: object = None, **headers: str) -> dict[str, Any]:
        found: dict[str, Any] = {"id": part_id, "method": method, "url": f"companies({self.bc.company_id})/{path}"}
        if body is not None:
            found["body"] = body
            headers.setdefault("Content_Type", "application/json")
        found["headers"] = {name.replace("_", "-"): value for name, value in headers.items()}
        return found


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def bc(clock: Clock) -> BusinessCentral:
    """A company with one customer, vendor, segment, project and task, and the usual cost types."""
    bc = BusinessCentral(now=clock, seed=7)
    tables = bc.tables
    tables.insert("customers", number="C1", displayName="City of Ashford")
    tables.insert("vendors", number="V1", displayName="Acme Concrete")
    for code in ("L", "M", "S"):
        tables.insert("costTypes", code=code, description=code)
    tables.insert("segments", code="BLDG-A", description="Building A")
    tables.insert("projects", number="P1", displayName="School", customerNumber="C1")
    tables.insert("projectSegments", projectNumber="P1", segmentCode="BLDG-A")
    tables.insert("projectTasks", projectNumber="P1", taskNumber="01-100", description="Concrete")
    return bc


@pytest_asyncio.fixture
async def remote(bc: BusinessCentral) -> AsyncIterator[Remote]:
    runner = web.AppRunner(bc.app())
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    async with aiohttp.ClientSession() as session:
        remote = Remote(bc, session, f"http://{host}:{port}")
        await remote.sign_in()
        yield remote
    await runner.cleanup()
