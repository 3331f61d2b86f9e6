"""Links and plans over HTTP: only for those who may, only where they may, and never for what is not there."""

from pathlib import Path
from typing import Any

import pytest

from hub.access import Role
from tests.hub.web.harness import Filled, served, settings
from tests.hub.web.test_contract import fits, schema_of

HASH = "0" * 64


async def test_pairs_are_listed_page_by_page_and_once_each(ledger: Filled, tmp_path: Path) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        whole = await it.ask("/api/v1/links")
        fits(whole, schema_of("/api/v1/links"))
        found: list[dict[str, Any]] = []
        cursor = ""
        while cursor is not None:
            page = await it.ask("/api/v1/links?limit=3" + (f"&cursor={cursor}" if cursor else ""))
            found += page["items"]
            cursor = page["next_cursor"]
        assert found == whole["items"]
        assert {each["connection"] for each in found} == {"main", "north"}
        then = await it.ask(f"/api/v1/links?asof={whole['asof']}")
        assert (then["items"], then["asof"]) == (whole["items"], whole["asof"])
        assert (await it.ask("/api/v1/links?asof=0"))["items"] == []


@pytest.mark.requirement("ER-01")
async def test_links_and_records_of_another_connection_are_as_good_as_none(ledger: Filled, tmp_path: Path) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        token = await it.token("north-only", Role.ADMIN, connections=("north",))
        items = (await it.ask("/api/v1/links", token=token))["items"]
        assert {each["connection"] for each in items} == {"north"}
        [order] = (await it.ask("/api/v1/records?connection=main&flow=purchase-order-to-commitment&q=PO1"))["items"]
        for deed in ("unlink", "reset"):
            path = f"/api/v1/records/{order['record']}/{deed}"
            await it.ask(path, "POST", token, 404, json={"reason": "why"})
        wish = {"flow": "vendor-to-company", "bc_id": "V1", "procore_id": "1", "reason": "why", "connection": "main"}
        await it.ask("/api/v1/links", "POST", token, 403, json=wish)
        await it.ask("/api/v1/links/proposals?flow=vendor-to-company&connection=main", token=token, status=403)
        await it.ask("/api/v1/links", "POST", token, 404, json={**wish, "connection": "nowhere"})


async def test_what_was_never_sent_cannot_be_reset_and_hears_why(ledger: Filled, tmp_path: Path) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        [order] = (await it.ask("/api/v1/records?connection=main&flow=purchase-order-to-commitment&q=PO2"))["items"]
        path = f"/api/v1/records/{order['record']}/reset"
        await it.ask(path, "POST", json={"reason": " "}, status=422)
        problem = await it.ask(path, "POST", json={"reason": "why"}, status=409)
        assert problem["detail"] == "PO2: PO2 was never sent, so there is nothing to reset"


@pytest.mark.requirement("BX-04")
async def test_a_plan_is_of_one_connection_and_of_a_flow_that_there_is(ledger: Filled, tmp_path: Path) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        assert (await it.ask("/api/v1/plans"))["items"] == []
        for wish, words in (
            ({}, "main, north"),
            ({"connection": "main", "flow": "nothing"}, "flow"),
            ({"connection": "main", "since": "2026-13-01T00:00:00Z"}, "since"),
            ({"connection": "main", "since": "2026-02-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"}, "before until"),
        ):
            problem = await it.ask("/api/v1/plans", "POST", json=wish, status=422)
            assert words in problem["detail"]
        await it.ask("/api/v1/plans", "POST", json={"connection": "nowhere"}, status=404)
        await it.ask(f"/api/v1/plans/{HASH}", status=404)
        await it.ask(f"/api/v1/plans/{HASH}/apply", "POST", status=404)
