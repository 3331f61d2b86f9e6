"""What goes wrong over HTTP: causes, their records and batches, and nothing of a connection that may not be touched."""

from datetime import timedelta
from pathlib import Path

import pytest

from hub.access import Role
from hub.operations.batches import freeze, unfinished
from hub.operations.choosing import Choice, choose
from tests.hub.failing import refusals
from tests.hub.web.harness import NOW, Filled, Web, served, settings
from tests.hub.web.test_contract import fits, schema_of

NOBODY = "00000000-0000-4000-8000-000000000000"


async def parked(it: Web) -> dict[str, str]:
    """The one record of `main` that waits."""
    [found] = (await it.ask("/api/v1/records?connection=main&state=parked&flow=purchase-order-to-commitment"))["items"]
    return found


@pytest.mark.requirement("DC-08")
async def test_causes_their_records_and_batches_have_the_shape_that_is_promised(ledger: Filled, tmp_path: Path) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        order = await parked(it)
        groups = await it.ask("/api/v1/failures?state=parked&connection=main")
        fits(groups, schema_of("/api/v1/failures"))
        [group] = [each for each in groups["items"] if each["example"] == order["record"]]
        members = await it.ask(f"/api/v1/failures/{group['cause']}/records")
        fits(members, schema_of("/api/v1/failures/{cause}/records"))
        assert order["record"] in {each["record"] for each in members["items"]}

        wish = {"ids": [order["record"]], "reason": "the vendor is there now"}
        shown = await it.ask("/api/v1/failures/retry", "POST", json={**wish, "dry_run": True})
        fits(shown, schema_of("/api/v1/failures/retry", "200", "post"))
        assert (shown["total"], [each["cause"] for each in shown["causes"]]) == (1, [group["cause"]])
        assert (await it.ask("/api/v1/batches"))["items"] == []

        async with it.request("/api/v1/failures/retry", "POST", json=wish) as answer:
            batch = await answer.json()
            assert (answer.status, answer.headers["Location"]) == (201, f"/api/v1/batches/{batch['batch']}")
        fits(batch, schema_of("/api/v1/failures/retry", "201", "post"))
        fits(await it.ask("/api/v1/batches"), schema_of("/api/v1/batches"))
        assert await unfinished(it.hub) == [batch["batch"]]
        cancelled = await it.ask(f"/api/v1/batches/{batch['batch']}/cancel", "POST")
        assert (cancelled["state"], cancelled["remaining"], cancelled["actor"]) == ("cancelled", 1, "token:admin")
        await it.ask(f"/api/v1/batches/{batch['batch']}/resume", "POST", status=202)

        done = await it.ask(f"/api/v1/records/{order['record']}/retry", "POST", json={"reason": "again"}, status=201)
        rows = await it.ask(f"/api/v1/batches/{done['batch']}/records")
        fits(rows, schema_of("/api/v1/batches/{id}/records"))
        assert [(each["record"], each["result"]) for each in rows["items"]] == [(order["record"], "fine")]
        path = f"/api/v1/records/{order['record']}/replay"
        problem = await it.ask(path, "POST", json={"reason": "again"}, status=409)
        assert "nothing of it was sent" in problem["detail"]
        fits(await it.ask("/api/v1/dead-letters"), schema_of("/api/v1/dead-letters"))
        assert await it.ask("/api/v1/dead-letters?asof=0") == {"items": [], "next_cursor": None, "asof": 0}

        then = f"asof={groups['asof']}"
        past = await it.ask(f"/api/v1/failures?state=parked&connection=main&{then}")
        fits(past, schema_of("/api/v1/failures"))
        assert [each["cause"] for each in past["items"]] == [each["cause"] for each in groups["items"]]
        path = f"/api/v1/failures/{group['cause']}/records"
        assert (await it.ask(f"{path}?{then}"))["items"] == members["items"]
        assert (await it.ask(f"{path}?asof=0"))["items"] == []
        assert (await it.ask(f"/api/v1/batches?{then}"))["items"] == []
        await it.ask(f"/api/v1/batches/{batch['batch']}?{then}", status=404)
        now = f"asof={rows['asof']}"
        fits(await it.ask(f"/api/v1/batches?{now}"), schema_of("/api/v1/batches"))
        assert await it.ask(f"/api/v1/batches/{done['batch']}?{now}") == done
        then_rows = await it.ask(f"/api/v1/batches/{done['batch']}/records?{now}&result=fine")
        assert (then_rows["items"], then_rows["asof"]) == (rows["items"], rows["asof"])
        assert (await it.ask(f"/api/v1/batches/{done['batch']}/records?{now}&result=barred"))["items"] == []


async def test_a_batch_says_what_it_is_about_and_why(ledger: Filled, tmp_path: Path) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        order = await parked(it)
        for wish, words in (
            ({"reason": "why"}, "say what to retry"),
            ({"reason": "why", "filter": {"connection": "main"}}, "say what to retry"),
            ({"ids": [order["record"]]}, "reason"),
            ({"ids": [order["record"]], "reason": "  "}, "reason"),
            ({"filter": {"since": "2026-13-01T00:00:00Z"}, "reason": "why"}, "since"),
            ({"filter": {"state": "parked"}, "reason": "why", "action": "delete"}, "action"),
        ):
            problem = await it.ask("/api/v1/failures/retry", "POST", json=wish, status=422)
            assert words in problem["detail"]
        nothing = {"filter": {"flow": "vendor-to-company", "state": "dead"}, "reason": "why"}
        await it.ask("/api/v1/failures/retry", "POST", json=nothing, status=409)
        await it.ask("/api/v1/failures/retry", "POST", json={"ids": ["NOBODY"], "reason": "why"}, status=404)
        assert (await it.ask("/api/v1/batches"))["items"] == []


@pytest.mark.requirement("ER-01")
async def test_records_and_batches_of_another_connection_are_as_good_as_none(ledger: Filled, tmp_path: Path) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        order, token = await parked(it), await it.token("north-only", Role.STANDARD, connections=("north",))
        for path in ("/api/v1/failures?state=parked", "/api/v1/batches", "/api/v1/dead-letters"):
            items = (await it.ask(path, token=token))["items"]
            assert {each["connection"] for each in items} <= {"north"}
        members = await choose(it.hub, "retry", Choice(ids=(order["record"],)))
        batch = await freeze(it.hub, "retry", members, Choice(ids=("PO2",)), reason="why", actor="user:root")
        why = {"reason": "why"}
        for method, path, document in (
            ("POST", f"/api/v1/records/{order['record']}/retry", why),
            ("POST", f"/api/v1/records/{order['record']}/skip", why),
            ("POST", f"/api/v1/records/{NOBODY}/skip", why),
            ("POST", "/api/v1/failures/retry", {**why, "ids": [order["record"]]}),
            ("POST", "/api/v1/failures/retry", {**why, "ids": [order["number"]]}),
            ("GET", f"/api/v1/batches/{batch}", None),
            ("GET", f"/api/v1/batches/{batch}/records", None),
            ("POST", f"/api/v1/batches/{batch}/resume", None),
            ("POST", f"/api/v1/batches/{batch}/cancel", None),
        ):
            await it.ask(path, method, token, 404, json=document)
        narrowed = {**why, "filter": {"connection": "main", "state": "parked"}}
        await it.ask("/api/v1/failures/retry", "POST", token, 403, json=narrowed)
        assert await unfinished(it.hub) == [batch]


async def test_a_cursor_counts_on_its_own_list_alone(ledger: Filled, tmp_path: Path) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        order = await parked(it)
        for _ in range(3):
            await it.ask(f"/api/v1/records/{order['record']}/retry", "POST", json={"reason": "again"}, status=None)
        first = await it.ask("/api/v1/batches?limit=1")
        second = await it.ask(f"/api/v1/batches?limit=1&cursor={first['next_cursor']}")
        assert first["items"][0]["batch"] != second["items"][0]["batch"]
        problem = await it.ask(f"/api/v1/dead-letters?cursor={first['next_cursor']}", status=422)
        assert "not given out by this list" in problem["detail"]


@pytest.mark.requirement("BX-21", "ER-01")
async def test_a_muted_cause_is_told_apart_and_left_out_of_what_raises_alarms(ledger: Filled, tmp_path: Path) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        await it.hub.ledger.append(refusals(range(10), "main"))
        await it.hub.projector.catch_up()
        until = (NOW + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
        path, wish = "/api/v1/failures/PROCORE_LOCKED", {"connection": "main", "until": until, "reason": "known"}
        made = await it.ask(f"{path}/mute", "POST", json=wish)
        fits(made, schema_of("/api/v1/failures/{cause}/mute", "200", "post"))
        items = (await it.ask("/api/v1/failures?connection=main"))["items"]
        async with it.request("/metrics") as answer:
            measured = await answer.text()
        loud = await it.ask(f"{path}/unmute", "POST", json={"connection": "main"})
        for wrong in ({**wish, "until": "2036-01-01T00:00:00Z"}, {**wish, "reason": " "}, {"until": until}):
            await it.ask(f"{path}/mute", "POST", json=wrong, status=422)
        await it.ask("/api/v1/failures/NOTHING/mute", "POST", json=wish, status=404)
        reader = await it.token("reader", Role.READ)
        for deed in ("mute", "unmute"):
            await it.ask(f"{path}/{deed}", "POST", reader, 403, json=wish if deed == "mute" else {})

    assert (made["cause"], made["muted"]["actor"], made["muted"]["reason"]) == (
        "PROCORE_LOCKED",
        "token:admin",
        "known",
    )
    assert (items[-1]["cause"], items[-1]["muted"]) == ("PROCORE_LOCKED", made["muted"])
    assert [each["muted"] for each in items[:-1]] == [None] * 4
    labels = '{cause="PROCORE_LOCKED",connection="main"}'
    assert f"siteledger_muted_failures{labels} 2.0" in measured
    assert f"siteledger_open_failures{labels}" not in measured
    assert loud["muted"] is None
