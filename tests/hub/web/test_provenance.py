"""Why does this field have this value: exactly what it depends on, and the way from the source to the outcome."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.hub.web.harness import Filled, Web, served, settings
from tests.hub.web.test_contract import fits, schema_of

pytestmark = pytest.mark.requirement("BX-10", "DC-06")

PATH = "/api/v1/records/{id}/provenance"


async def record(it: Web, kind: str, number: str) -> str:
    found = (await it.ask(f"/api/v1/find?q={number}"))["items"]
    return next(row["record"] for row in found if row["kind"] == kind)


async def asked(it: Web, id: str, **query: str) -> list[dict[str, Any]]:
    words = "&".join(f"{name}={value}" for name, value in query.items())
    return (await it.ask(f"/api/v1/records/{id}/provenance?{words}"))["items"]


def names(field: dict[str, Any], which: str = "sources") -> set[tuple[str, str]]:
    """Sort and name of what it depends on; a line is named by the word line, a row of a list without its id."""
    told = [(source["sort"], re.sub(r" \d+", "", source["name"])) for source in field[which]]
    return {(sort, "line." + name.rpartition("].")[2] if "Lines[" in name else name) for sort, name in told}


HEADER = {
    "number": {("field", "number")},
    "title": {("field", "number"), ("field", "yourReference")},
    "vendor_id": {("field", "vendorNumber"), ("link", "vendor V1")},
    "contract_date": {("field", "orderDate")},
    "status": {("constant", "of the flow purchase-order-to-commitment")},
    "@scope.project_id": {("link", "project JOB1")},
    "@key": {("field", "id"), ("setting", "business_central.company_id")},
}
LINE = {
    "description": {("field", "line.description")},
    "quantity": {("field", "line.quantity")},
    "unit_cost": {("field", "line.directUnitCost")},
    "amount": {("field", "line.amount")},
    "uom": {("field", "line.unitOfMeasureCode"), ("list", "uoms ea"), ("setting", "procore.company_id")},
    "wbs_code_id": {
        ("field", "line.segmentCode"),
        ("field", "line.jobTaskNumber"),
        ("field", "line.costTypeCode"),
        ("link", "budget_code JOB1|SITE|01-100|M"),
    },
    "@scope.purchase_order_contract_id": {("own id", "header")},
}
BACK = {
    "procoreCommitmentId": {("own id", "header")},
    "procoreSyncStatus": {("constant", "of the flow purchase-order-to-commitment")},
    "procoreLastSyncedAt": {("moment", "of the decision")},
}


async def test_every_field_of_an_order_names_exactly_what_it_depends_on(ledger: Filled, tmp_path: Path) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        order = await record(it, "commitment", "PO1")
        told = (await it.ask(f"/api/v1/records/{order}/provenance"))["items"]
        fits(await it.ask(f"/api/v1/records/{order}/provenance"), schema_of(PATH))

    def fields(begin: str) -> dict[str, set[tuple[str, str]]]:
        first = next(each["part"] for each in told if each["part"].startswith(begin))
        return {each["field"]: names(each) for each in told if each["part"] == first}

    for begin, wanted in (("header", HEADER), ("line:", LINE), ("bc:purchaseOrders", BACK)):
        found = fields(begin)
        assert {name: found[name] for name in wanted} == wanted
    [status] = [each for each in told if (each["part"], each["field"]) == ("status", "status")]
    assert names(status) == {("setting", "flows.status.Released")}
    assert ("field", "status") in names(status, "conditions")  # in another state of the order it would not be sent
    assert all(each["sources"] for each in told)


async def test_a_field_tells_its_way_from_the_source_to_the_outcome(ledger: Filled, tmp_path: Path) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        order = await record(it, "commitment", "PO1")
        [field] = await asked(it, order, field="vendor_id")
        timeline = (await it.ask(f"/api/v1/records/{order}/timeline?limit=1000"))["items"]

    at = {row["position"]: row["event"] for row in timeline}
    assert at[field["source"]["position"]] == "record.observed.1"
    assert at[field["requested"]["position"]] == "delivery.requested.1"
    assert at[field["outcome"]["position"]] == field["outcome"]["event"] == "delivery.confirmed.1"
    assert field["source"]["position"] < field["requested"]["position"] < field["outcome"]["position"]
    assert (field["source"]["kind"], field["source"]["number"]) == ("commitment", "PO1")
    assert (field["mapping"], field["approval"], field["outcome"]["status"]) == (0, None, 200)
    assert field["target_id"] == field["outcome"]["target_id"] != ""
    assert len(field["source"]["content"]) == len(field["requested"]["body"]) == 64


async def test_a_name_within_a_part_a_position_and_pages_narrow_the_answer(ledger: Filled, tmp_path: Path) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        order = await record(it, "commitment", "PO1")
        [whole] = await asked(it, order, field="@scope.project_id", part="header")
        [one] = await asked(it, order, field="project_id", part="header")
        before = whole["outcome"]["position"] - 1
        nothing = await it.ask(f"/api/v1/records/{order}/provenance?asof={before}", status=404)
        none = await it.ask(f"/api/v1/records/{order}/provenance?field=nosuch", status=404)
        wrong = await it.ask(f"/api/v1/records/{order}/provenance?cursor=bm9wZQ", status=422)

    assert whole == one
    assert f"position {before}" in nothing["detail"]
    assert "no such field" in none["detail"]
    assert wrong["errors"][0]["field"] == "cursor"
