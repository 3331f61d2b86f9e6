"""Drift over HTTP: what others changed is listed, looked for afresh, and settled by those who may."""

from pathlib import Path
from typing import Any
from uuid import UUID

import anyio
import pytest

from domain.events import DriftField
from domain.record import Record
from domain.values import PROCORE, digest
from hub.access import Role
from hub.acting import moment_of
from hub.records import Records
from tests.hub.web.harness import Filled, Web, served, settings
from tests.hub.web.test_contract import fits, schema_of

FLOW = "purchase-order-to-commitment"


async def changed(it: Web) -> str:
    """Somebody renamed the commitment of PO1 in Procore, and a look has shown it; the record."""
    [order] = (await it.ask(f"/api/v1/records?connection=main&flow={FLOW}&q=PO1"))["items"]
    id_ = UUID(order["record"])
    known = {"base": digest("PO1"), "source": digest("PO1"), "target": digest("Renamed")}
    shown = {"was": "PO1", "wanted": "PO1", "there": "Renamed"}
    field = DriftField(part="header", field="title", verdict="target", target_id="1", **known, **shown)

    def act(found: dict[UUID, Record], _contents: object) -> tuple[()]:
        found[id_].find_drift(FLOW, PROCORE, [field], (), moment_of(it.hub.clock, "system", "main"))
        return ()

    await Records(it.hub.ledger, "main").change([id_], act)  # type: ignore[arg-type]
    await it.hub.projector.catch_up()
    return str(id_)


@pytest.mark.requirement("BX-06", "ER-01")
async def test_drift_is_listed_and_settled_by_those_who_may_and_nowhere_else(ledger: Filled, tmp_path: Path) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        record = await changed(it)
        page = await it.ask("/api/v1/drift")
        fits(page, schema_of("/api/v1/drift"))
        assert [(row["record"], row["field"], row["target"]) for row in page["items"]] == [(record, "title", "Renamed")]
        assert (await it.ask("/api/v1/drift?state=accepted"))["items"] == []

        north = await it.token("north-only", Role.ADMIN, connections=("north",))
        reader = await it.token("reader", Role.READ)
        wish = {"choice": "keep-target", "reason": "agreed on site"}
        path = f"/api/v1/drift/{record}/resolve"
        assert (await it.ask("/api/v1/drift", token=north))["items"] == []
        await it.ask(path, "POST", north, 404, json=wish)
        await it.ask(path, "POST", reader, 403, json=wish)
        await it.ask("/api/v1/drift/refresh", "POST", reader, 403, json={"connection": "main"})
        await it.ask("/api/v1/drift/resolve", "POST", status=422, json={"action": "keep-source", "reason": "x"})

        problem = await it.ask(path, "POST", status=409, json={**wish, "fields": ["number"]})
        assert "number has no open drift; there are: header/title" in problem["detail"]
        done = await it.ask(path, "POST", json=wish)
        fits(done, schema_of("/api/v1/drift/{id}/resolve", method="post"))
        assert done["fields"] == ["header/title"]
        await it.ask(path, "POST", status=409, json=wish)
        [row] = (await it.ask(f"/api/v1/drift?state=all&record={record}"))["items"]
        assert (row["state"], row["choice"], row["reason"]) == ("accepted", "keep-target", "agreed on site")

        past = f"asof={page['asof']}"
        then = await it.ask(f"/api/v1/drift?{past}")
        fits(then, schema_of("/api/v1/drift"))
        assert (then["items"], then["asof"]) == (page["items"], page["asof"])
        for nothing in (f"{past}&state=accepted", f"{past}&verdict=gone", "asof=0"):
            assert (await it.ask(f"/api/v1/drift?{nothing}"))["items"] == []
        assert (await it.ask(f"/api/v1/drift?{past}", token=north))["items"] == []
        async with it.request(f"/api/v1/exports/drift_field?format=jsonl&{past}&state=open") as answer:
            assert (answer.status, len((await answer.text()).splitlines())) == (200, 1)


@pytest.mark.requirement("BX-06")
async def test_a_look_goes_on_by_itself_and_what_cannot_be_read_is_told_and_not_taken_for_gone(
    ledger: Filled, tmp_path: Path
) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        wish = {"connection": "main", "project": "JOB1"}
        sent = await it.ask("/api/v1/drift/refresh", "POST", status=202, json=wish)
        fits(sent, schema_of("/api/v1/drift/refresh", "202", method="post"))
        assert (sent["state"], sent["asked_for"]) == ("running", {"project": "JOB1"})
        problem = await it.ask("/api/v1/drift/refresh", "POST", status=503, json={"connection": "main"})
        assert "a look for drift is under way on main" in problem["detail"]
        looked = await done(it, sent)

        fits(looked, schema_of("/api/v1/errands/{id}"))
        assert looked["unread"]
        assert (looked["outcome"], looked["figures"]["found"], looked["figures"]["rows"]) == ("unreachable", 0, 0)
        assert (await it.ask("/api/v1/drift"))["items"] == []

        page = await it.ask("/api/v1/errands")
        fits(page, schema_of("/api/v1/errands"))
        assert page["items"] == [looked]
        north = await it.token("north-only", Role.ADMIN, connections=("north",))
        assert (await it.ask("/api/v1/errands", token=north))["items"] == []
        await it.ask(f"/api/v1/errands/{sent['errand']}", token=north, status=404)


async def done(it: Web, sent: dict[str, Any]) -> dict[str, Any]:
    """The errand when it has ended."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(it.service.works.run)
        with anyio.fail_after(30):
            while (row := await it.ask(f"/api/v1/errands/{sent['errand']}"))["state"] == "running":
                await it.hub.ledger.wait(row["position"])
        tasks.cancel_scope.cancel()
    return row
