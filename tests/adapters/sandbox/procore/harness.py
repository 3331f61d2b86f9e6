"""A caller of the stand-in who holds every request and every answer against Procore's REST description."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp.test_utils import TestClient

from adapters.sandbox.procore import Procore
from adapters.sandbox.wire import CLIENT_ID, CLIENT_SECRET, dump_json, load_json
from tests.contract import procore_contract

START = datetime(2026, 3, 2, 8, tzinfo=UTC)


@dataclass
class Clock:
    """Time that passes when told."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def passes(self, **units: float) -> None:
        self.now += timedelta(**units)


@dataclass
class Reply:
    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Api:
    """`strict` holds a request against the description too; requests that are to be refused are made without."""

    procore: Procore
    client: TestClient[Any, Any]
    token: str = ""

    async def sign_in(self) -> None:
        form = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        answer = await self.client.post("/oauth/token", data=form)
        self.token = (await answer.json())["access_token"]

    async def call(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | list[tuple[str, str]] | None = None,
        body: Any = None,
        *,
        strict: bool = True,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        pairs = list(query.items()) if isinstance(query, Mapping) else list(query or [])
        pairs = [(name, str(value)) for name, value in pairs]
        sent = {"Authorization": f"Bearer {self.token}", "Procore-Company-Id": str(self.procore.state.company_id)}
        sent = sent if headers is None else dict(headers)
        if strict and procore_contract.present():
            procore_contract.validate_request(method, path, pairs, sent, body)
        data = None if body is None else dump_json(body)
        extra = {} if body is None else {"Content-Type": "application/json"}
        async with self.client.request(method, path, params=pairs, data=data, headers={**sent, **extra}) as answer:
            raw = await answer.read()
            parsed = load_json(raw) if raw else None
            if procore_contract.present() and answer.status != 405:
                procore_contract.validate_answer(method, path, answer.status, parsed)
            return Reply(answer.status, parsed, dict(answer.headers))

    async def get(self, path: str, **query: Any) -> Any:
        reply = await self.call("GET", path, query)
        assert reply.status == 200, reply
        return reply.body

    async def sync(self, path: str, updates: list[dict[str, Any]], **query: Any) -> tuple[list[Any], list[Any]]:
        beside = {name: query.pop(name) for name in list(query) if name in {"company_id", "body_project_id"}}
        body = {"updates": updates} | {name.removeprefix("body_"): value for name, value in beside.items()}
        reply = await self.call("PATCH", path, query, body)
        assert reply.status == 200, reply
        return reply.body["entities"], reply.body["errors"]
