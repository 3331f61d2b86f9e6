"""The past of one record: what both systems held, what differs, and what became different, by whom."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.hub.web.harness import Filled, Web, served, settings
from tests.hub.web.test_contract import fits, schema_of

pytestmark = pytest.mark.requirement("BX-05", "DC-06")


@asynccontextmanager
async def web(ledger: Filled, folder: Path) -> AsyncGenerator[Web]:
    async with served(settings(ledger.copy(folder), ledger.tables)) as it:
        yield it


async def order(it: Web, number: str = "PO1") -> str:
    """Id of an order."""
    found = (await it.ask(f"/api/v1/find?q={number}"))["items"]
    return next(row["record"] for row in found if row["kind"] == "commitment")


async def positions(it: Web, record: str, event: str) -> list[int]:
    timeline = (await it.ask(f"/api/v1/records/{record}/timeline?limit=1000"))["items"]
    return [row["position"] for row in timeline if row["event"] == event]


async def test_a_record_as_of_its_last_event_is_the_record_as_it_is(ledger: Filled, tmp_path: Path) -> None:
    async with web(ledger, tmp_path) as it:
        last = (await it.ask("/api/v1/records"))["asof"]
        for row in (await it.ask("/api/v1/records?limit=1000"))["items"]:
            now = await it.ask(f"/api/v1/records/{row['record']}")
            then = await it.ask(f"/api/v1/records/{row['record']}?asof={last}")
            for part in ("flows", "timeline"):
                assert then[part] == now[part], row
            assert sorted(map(str, then["links"])) == sorted(map(str, now["links"]))
            assert [each["delivery"] for each in then["deliveries"]] == [each["delivery"] for each in now["deliveries"]]
            fits(then, schema_of("/api/v1/records/{id}"))


async def test_a_record_shows_what_both_systems_held_then(ledger: Filled, tmp_path: Path) -> None:
    async with web(ledger, tmp_path) as it:
        record = await order(it)
        [seen] = await positions(it, record, "record.observed.1")
        confirmed = await positions(it, record, "delivery.confirmed.1")
        before = await it.ask(f"/api/v1/records/{record}?asof={confirmed[0] - 1}")
        after = await it.ask(f"/api/v1/records/{record}?asof={confirmed[0]}")
        nobody = await it.ask(f"/api/v1/records/{record}?asof={seen - 1}", status=404)

    assert before["source"]["document"]["number"] == after["source"]["document"]["number"] == "PO1"
    assert before["target"] == []
    [header] = after["target"]
    assert (header["part"], header["system"], header["row"]["number"]) == ("header", "procore", "PO1")
    assert header["position"] == confirmed[0]
    assert before["flows"][0]["state"] == "in-flight"
    assert f"as of position {seen - 1}" in nobody["detail"]


async def test_the_diff_tells_what_is_under_way_and_nothing_once_it_stands(ledger: Filled, tmp_path: Path) -> None:
    async with web(ledger, tmp_path) as it:
        record = await order(it)
        confirmed = await positions(it, record, "delivery.confirmed.1")
        under_way = await it.ask(f"/api/v1/records/{record}/diff?asof={confirmed[0] - 1}")
        now = await it.ask(f"/api/v1/records/{record}/diff")

    fits(under_way, schema_of("/api/v1/records/{id}/diff"))
    fields = {field["field"]: field for field in under_way["parts"][0]["fields"]}
    assert fields["number"] == {"field": "number", "target_has": None, "we_write": "PO1"}
    assert [part["fields"] for part in now["parts"]] == [[]] * len(now["parts"])
    assert len(now["parts"]) >= 2


async def test_changes_say_from_what_to_what_when_and_by_whom(ledger: Filled, tmp_path: Path) -> None:
    async with web(ledger, tmp_path) as it:
        record = await order(it)
        [seen] = await positions(it, record, "record.observed.1")
        page = await it.ask(f"/api/v1/records/{record}/changes")
        none = await it.ask(f"/api/v1/records/{record}/changes?since={page['asof']}")
        some = await it.ask(f"/api/v1/records/{record}/changes?since={seen}&until={seen + 1}")
        wrong = await it.ask(f"/api/v1/records/{record}/changes?since={page['asof'] + 1}", status=422)

    fits(page, schema_of("/api/v1/records/{id}/changes"))
    told: list[dict[str, Any]] = page["items"]
    assert [(row["before"], row["after"]) for row in told if row["field"] == "state"] == _steps(told, "state")
    [number] = [
        row for row in told if row["side"] == "business_central" and row["field"] == "number" and not row["part"]
    ]
    assert (number["before"], number["after"], number["position"], number["actor"]) == (None, "PO1", seen, "system")
    [written] = [row for row in told if row["part"] == "header" and row["field"] == "number"]
    assert (written["side"], written["after"], written["event"]) == ("procore", "PO1", "delivery.confirmed.1")
    assert none["items"] == []
    assert all(row["position"] == seen + 1 for row in some["items"])
    assert wrong["errors"][0]["field"] == "since"


def _steps(told: list[dict[str, Any]], field: str) -> list[tuple[Any, Any]]:
    """Every step goes on where the one before ended, and the last one ends where the record is."""
    values = [row["after"] for row in told if row["field"] == field]
    assert values[-1] == "synced"
    return list(zip([None, *values], values, strict=False))


async def test_a_project_tells_the_changes_of_all_that_belongs_to_it(ledger: Filled, tmp_path: Path) -> None:
    async with web(ledger, tmp_path) as it:
        page = await it.ask("/api/v1/projects/JOB1/changes?connection=main")
        mine = await it.token("north", connections=("north",))
        other = await it.ask("/api/v1/projects/JOB1/changes", token=mine)
        await it.ask("/api/v1/projects/NOSUCH/changes", status=404)

    kinds = {row["kind"] for row in page["items"]}
    assert {"project", "commitment", "project_task"} <= kinds
    assert {row["number"] for row in other["items"] if row["kind"] == "commitment"} == {"PO9"}
