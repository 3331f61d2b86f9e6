"""One thread through several records, as one story with all ids and times."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.operations import demo_month as month
from tests.journeys.harness import World, sqlite, world
from tests.journeys.quick import quick

pytestmark = pytest.mark.journey


async def thread_of(it: World, identifier: str) -> dict[str, Any]:
    """What `explain` tells of the thread of the record that is called so."""
    told = await it.told(identifier)
    return next(story["thread"] for story in told if story["number"].endswith(identifier))


def steps(thread: dict[str, Any]) -> list[tuple[str, str]]:
    return [(step["kind"], step["number"]) for step in thread["steps"]]


def pairs(thread: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Set of Business Central -> number there, and the id in Procore."""
    return {
        pair["bc_set"]: (pair["bc_number"], pair["procore_id"]) for step in thread["steps"] for pair in step["pairs"]
    }


@pytest.mark.requirement("PP-42")
@quick
async def test_an_order_its_commitment_its_posting_and_its_invoice_are_one_thread_from_either_end(
    tmp_path: Path,
) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.typical()
        await it.sync()
        order = it.row("purchaseOrders", number="PO1")["id"]
        it.update("purchaseOrders", {"number": "PO1"}, vendorInvoiceNumber="INV-1")
        it.bc.tables.act("purchaseOrders", order, "receiveAndInvoice")
        await it.sync()
        posted = it.row("postedPurchaseInvoices", orderNumber="PO1")["number"]
        thread = await thread_of(it, "PO1")

        assert steps(thread) == [("commitment", "PO1"), ("posted_invoice", posted)]
        assert pairs(thread) == {
            "purchaseOrders": ("PO1", str(it.contracts()[0]["id"])),
            "postedPurchaseInvoices": (posted, str(it.procore.find("requisitions")["id"])),
        }
        assert all(step["since"] and step["pairs"][0]["since"] for step in thread["steps"])
        assert {event["record"] for event in thread["events"]} == {step["record"] for step in thread["steps"]}
        assert [event["position"] for event in thread["events"]] == sorted(it["position"] for it in thread["events"])
        assert await thread_of(it, posted) == thread


@pytest.mark.requirement("PP-81", "PP-80")
@quick
async def test_parent_change_order_and_linked_project_are_one_thread_from_each_of_them(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path), filled=True) as it:
        await it.sync()
        number = month.approve_npc_order(it.procore)
        await it.sync()
        it.clock.skip(timedelta(minutes=5))
        await it.sync()
        child = it.row("projects", parentProjectNumber=month.JOB)["number"]
        order = await thread_of(it, number)

        assert [kind for kind, _ in steps(order)] == ["project", "change_order", "project"]
        assert [told for _, told in steps(order)][::2] == [month.JOB, child]
        made = it.row("changeOrders", changeOrderType="NPC")
        assert pairs(order)["changeOrders"] == (made["number"], str(made["procoreChangeOrderId"]))
        assert steps(await thread_of(it, child)) == steps(order)
        assert steps(await thread_of(it, month.JOB)) == steps(order)


@quick
async def test_a_record_that_stands_alone_has_no_thread(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.typical()
        await it.sync()

        assert await thread_of(it, "V1") == {"steps": [], "events": []}
