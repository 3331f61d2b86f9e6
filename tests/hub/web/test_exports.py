"""Exports over HTTP: a view as a file holds exactly what the list beside it shows to whoever asks."""

import csv
import io
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from hub.access import Role
from hub.queries.views import VIEWS
from tests.hub.web.harness import Filled, Web, served, settings
from tests.hub.web.test_contract import fits, schema_of
from tests.hub.web.test_reading import pages

KINDS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
    "jsonl": "application/jsonl; charset=utf-8",
}


async def exported(it: Web, view: str, token: str | None = None, **asked: str) -> list[dict[str, Any]]:
    """The rows of an export as JSON lines."""
    path = f"/api/v1/exports/{view}?{urlencode({'format': 'jsonl', **asked})}"
    async with it.request(path, **({"token": token} if token else {})) as answer:
        raw = await answer.read()
        assert answer.status == 200, raw
        return [json.loads(line) for line in raw.splitlines()]


LISTED = [
    ("records", ("record", "flow"), {}),
    ("records", ("record", "flow"), {"connection": "north"}),
    ("records", ("record", "flow"), {"state": "synced,parked", "connection": "main"}),
    ("records", ("record", "flow"), {"q": "PO", "flow": "purchase-order-to-commitment"}),
    ("records", ("record", "flow"), {"kind": "project_task", "project": "JOB1"}),
    ("records", ("record", "flow"), {"asof": "40"}),
    ("cross-references", ("record", "flow", "role", "bc_id"), {}),
    ("cross-references", ("record", "flow", "role", "bc_id"), {"q": "po1"}),
    ("cross-references", ("record", "flow", "role", "bc_id"), {"asof": "60"}),
    ("events", ("position",), {"asof": "30"}),
    ("runs", ("run",), {"connection": "main"}),
    ("links", ("record", "flow", "role", "bc_id"), {"role": "primary"}),
]


@pytest.mark.requirement("BX-25")
async def test_a_view_is_a_download_of_its_kind_that_says_its_position(ledger: Filled, tmp_path: Path) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        position = await it.hub.ledger.last_position()
        for name, kind in KINDS.items():
            async with it.request(f"/api/v1/exports/records?format={name}") as answer:
                raw = await answer.read()
            assert answer.status == 200
            assert answer.headers["Content-Type"] == kind
            assert answer.headers["SiteLedger-Position"] == str(position)
            assert answer.headers["Content-Disposition"] == f'attachment; filename="record_state-{position}.{name}"'
            assert len(raw) == int(answer.headers["Content-Length"]) > 0


@pytest.mark.requirement("BX-25", "DC-10")
async def test_an_export_holds_what_the_list_beside_it_lists(ledger: Filled, tmp_path: Path) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        for view, keys, asked in LISTED:
            path = f"/api/v1/{view}?{urlencode(asked)}"
            listed = [item for page in await pages(it, path, 100) for item in page]
            rows = await exported(it, view, **asked)
            assert {tuple(row[key] for key in keys) for row in rows} == {
                tuple(item[key] for key in keys) for item in listed
            }, (view, asked)
            assert len(rows) == len(listed) > 0, (view, asked)
        assert await exported(it, "records", q="%") == []


@pytest.mark.requirement("BX-25", "ER-01")
async def test_every_view_shows_only_connections_that_may_be_seen(ledger: Filled, tmp_path: Path) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        fits(described := await it.ask("/api/v1/exports"), schema_of("/api/v1/exports"))
        assert [view["name"] for view in described["items"]] == list(VIEWS)
        north = await it.token("north-only", connections=("north",))
        seen = 0
        for name, (_, table) in VIEWS.items():
            if not {"connection", "record", "batch"} & set(table.names):
                await it.ask(f"/api/v1/exports/{name}", token=north, status=404)
                await exported(it, name)
                continue
            rows = await exported(it, name, north)
            if "connection" in table.names:
                assert {row["connection"] for row in rows} <= {"north"}, name
                seen += bool(rows)
        assert seen > 5
        async with it.request("/api/v1/exports/records?connection=main", token=north) as answer:
            assert answer.status == 403


async def test_a_filter_that_a_view_does_not_know_is_refused_and_named(ledger: Filled, tmp_path: Path) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        problem = await it.ask("/api/v1/exports/event_log?project=JOB1", status=422)
        assert problem["errors"][0]["field"] == "project"
        assert "connection, flow, record, actor, since, until, asof" in problem["errors"][0]["mend"]
        for wrong in ("since=yesterday", "asof=2026-13-01T00:00:00Z", "format=pdf", "until=9999-99-99"):
            await it.ask(f"/api/v1/exports/event_log?{wrong}", status=422)
        await it.ask("/api/v1/exports/stored_events", status=404)
        await it.ask("/api/v1/exports/secret", status=404)


async def test_csv_for_excel_begins_with_a_mark_and_its_rows_are_in_the_order_of_the_key(
    ledger: Filled, tmp_path: Path
) -> None:
    token: str
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        token = await it.token("reader", Role.READ)
        async with it.request("/api/v1/exports/event_log?bom=true&connection=main", token=token) as answer:
            raw = await answer.read()
    assert raw.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), newline="")))
    positions = [int(row["position"]) for row in rows]
    assert len(positions) > 20
    assert positions == sorted(set(positions))
