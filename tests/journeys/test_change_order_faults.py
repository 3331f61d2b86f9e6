"""Trouble at any call ends with every change order once, whole and marked, and with one project for an NPC one."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from adapters.sandbox.faults import Fault
from hub.report import ExitStatus
from tests.journeys.changes import FLOW, NPC_FLOW, here, joined, order, row, stage
from tests.journeys.harness import World, sqlite, world
from tests.journeys.quick import quick

pytestmark = [pytest.mark.journey, pytest.mark.requirement("BX-02", "PP-59", "PP-71")]

CALLS = {
    "the list": ("procore", "GET", r"prime_change_orders\?"),
    "the lines": ("procore", "GET", "line_items"),
    "the fields": ("procore", "GET", "custom_field_definitions"),
    "the codes": ("procore", "GET", "wbs_codes"),
    "the packages": ("procore", "GET", "change_order_packages"),
    "the mark": ("procore", "PATCH", "change_order_packages"),
    "the look": ("business_central", "GET", "changeOrders"),
    "the project": ("business_central", "POST", r"projects$|\$batch"),
    "the order": ("business_central", "POST", r"changeOrders$|\$batch"),
    "the status": ("business_central", "PATCH", r"changeOrders\("),
}
TROUBLES: dict[str, dict[str, Any]] = {
    "a lost reply": {"kind": "lost_reply"},
    "cut off before": {"kind": "drop_before"},
    "timed out after the commit": {"kind": "status", "status": 504, "handled": True},
    "garbled": {"kind": "malformed_json"},
}


async def ready(it: World) -> None:
    stage(it, projectClass=" ")
    await joined(it)
    order(it, lines=[row(it, "100.00"), row(it, "-20.00", "BLDG.03-300.L")])
    order(it, "7.00", npc=True, title="Tenant works")


def assert_each_once(it: World) -> None:
    """Both orders stand there whole, the child once, and Procore carries both marks."""
    found = {each["changeOrderType"]: each for each in here(it)}
    children = [each for each in it.bc.tables.rows("projects") if each["procoreChangeOrderId"]]
    marks = {each["origin_id"] for each in it.procore.rows("change_order_packages")}

    assert {kind: each["amount"] for kind, each in found.items()} == {"Regular": Decimal(80), "NPC": Decimal(7)}
    assert (len(here(it)), len(found["Regular"]["lines"]), len(children)) == (2, 2, 1)
    assert {each["status"] for each in here(it)} == {"Synced"}
    assert marks == {f"bc:{it.bc.company_id}:changeOrders:{each['id']}" for each in here(it)}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("trouble", TROUBLES)
@quick
async def test_every_call_survives(tmp_path: Path, call: str, trouble: str) -> None:
    async with world(sqlite(tmp_path)) as it:
        await ready(it)
        system, method, path = CALLS[call]
        stand_in = it.procore if system == "procore" else it.bc
        stand_in.faults.add(Fault(**TROUBLES[trouble], method=method, path=path, times=1))
        report = await it.settle()
        await it.sync()  # what could not be read is read the next time

        assert report.document["problems"] == []
        assert [each for each in stand_in.faults.plain() if method != "PATCH"] == []
        assert_each_once(it)


@pytest.mark.requirement("DC-08")
@pytest.mark.parametrize(("path", "flow"), [("changeOrders", FLOW), ("projects$", NPC_FLOW)])
@quick
async def test_what_was_refused_is_tried_again_when_somebody_asks(tmp_path: Path, path: str, flow: str) -> None:
    async with world(sqlite(tmp_path)) as it:
        await ready(it)
        it.bc.faults.add(Fault(kind="status", status=400, method="POST", path=path, times=1))
        report = await it.settle()

        assert report.status == ExitStatus.NEEDS_PERSON
        assert report.document["states"][flow] == {"dead": 1}

        await it.sync(full=True)

        assert_each_once(it)
