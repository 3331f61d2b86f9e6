"""Connections over HTTP: stopped with a reason, seen by everybody, let go on; and checked."""

from datetime import timedelta
from pathlib import Path

import pytest

from hub.access import Role
from hub.due import Narrow
from hub.operations.sync import one
from hub.pauses import Paused, pause_of
from hub.report import Quiet
from hub.window import Window
from tests.hub.web.harness import Filled, Web, served, settings
from tests.hub.web.test_contract import fits, schema_of

BASE = "/api/v1/connections"


async def sync(it: Web, name: str) -> None:
    await one(it.hub, name, Quiet(), window=Window(), narrow=Narrow("", ""), wait=timedelta())


async def test_a_paused_connection_carries_nothing_for_anybody_until_it_is_resumed(
    ledger: Filled, tmp_path: Path
) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        await it.ask(f"{BASE}/main/pause", "POST", json={"reason": "  "}, status=422)
        paused = await it.ask(f"{BASE}/main/pause", "POST", json={"reason": "month end"})
        again = await it.ask(f"{BASE}/main/pause", "POST", json={"reason": "another reason"})
        shown = await it.ask(BASE)
        fits(shown, schema_of(BASE))
        with pytest.raises(Paused, match=r"paused by token:admin .* month end"):
            await sync(it, "main")
        async with it.request("/metrics") as answer:
            measured = await answer.text()
        north = await pause_of(it.hub.ledger, "north")
        resumed = await it.ask(f"{BASE}/main/resume", "POST", json={})
        main = await pause_of(it.hub.ledger, "main")

    assert paused["paused"]
    assert 'siteledger_connection_paused{connection="main"} 1.0' in measured
    assert 'siteledger_connection_paused{connection="north"} 0.0' in measured
    assert again == paused
    assert {each["name"]: each["state"] for each in shown["items"]}["main"] == "paused"
    assert shown["items"][0]["pause"]["reason"] == "month end"
    assert not resumed["paused"]
    assert (north.paused, main.paused) == (False, False)


@pytest.mark.requirement("ER-01")
async def test_a_pause_takes_who_configures_that_connection(ledger: Filled, tmp_path: Path) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        token = await it.token("north-only", Role.ADMIN, connections=("north",))
        standard = await it.token("standard", Role.STANDARD)
        for deed in ("pause", "resume"):
            await it.ask(f"{BASE}/main/{deed}", "POST", token, 403, json={"reason": "why"})
            await it.ask(f"{BASE}/main/{deed}", "POST", standard, 403, json={"reason": "why"})
            await it.ask(f"{BASE}/nowhere/{deed}", "POST", token, 404, json={"reason": "why"})


async def test_a_check_names_what_cannot_be_reached_and_the_mend(ledger: Filled, tmp_path: Path) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        found = await it.ask(f"{BASE}/main/check", "POST")

    fits(found, schema_of(f"{BASE}/{{name}}/check", method="post"))
    assert not found["ok"]
    wrong = [each for each in found["items"] if not each["ok"]]
    assert {each["system"] for each in wrong} == {"business_central", "procore"}
    assert all(each["why"] for each in wrong)
