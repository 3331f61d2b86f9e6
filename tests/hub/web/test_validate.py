"""The check before posting takes any body, and says what is wrong with it where it is none."""

from pathlib import Path
from typing import Any

import pytest

from hub.access import Role
from tests.hub.web.harness import Filled, served, settings

AT = "/api/v1/validate/purchase-order-to-commitment"


@pytest.mark.requirement("BX-14", "C-07")
@pytest.mark.parametrize(
    "sent",
    [
        {"data": b"{"},
        {"data": b"no JSON", "headers": {"Content-Type": "text/plain"}},
        {"data": b"[]"},
        {"data": b"null"},
        {"data": b'{"items": [1]}'},
        {"data": b""},
        {"data": b'{"number": "\xff"}'},
        {"data": b'{"number":' + b"[" * 100_000},
    ],
)
async def test_an_unreadable_body_is_422_and_nothing_else(ledger: Filled, tmp_path: Path, sent: dict[str, Any]) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        token = await it.token("bc", Role.READ)
        problem = await it.ask(f"{AT}?connection=main", "POST", token, 422, **sent)
        assert problem["detail"]


async def test_a_body_is_read_whatever_it_is_called(ledger: Filled, tmp_path: Path) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        for kind in ("application/json", "text/plain", "application/json; IEEE754Compatible=true"):
            sent = {"data": b'{"items": []}', "headers": {"Content-Type": kind}}
            answer = await it.ask(f"{AT}?connection=main", "POST", **sent)
            assert answer == {"valid": True, "failures": []}


@pytest.mark.requirement("ER-01")
async def test_it_is_asked_about_one_connection_that_may_be_seen(ledger: Filled, tmp_path: Path) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        token = await it.token("north-only", connections=("north",))
        sent: dict[str, Any] = {"json": {"items": []}}
        problem = await it.ask(AT, "POST", status=422, **sent)
        assert "main, north" in problem["detail"]
        await it.ask(AT, "POST", token, **sent)
        await it.ask(f"{AT}?connection=main", "POST", token, 403, **sent)
        await it.ask("/api/v1/validate/nothing?connection=main", "POST", status=404, **sent)
