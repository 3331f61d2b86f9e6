"""NPC change orders: a project of its own below its parent, in the parent's Procore project, traceable both ways."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from adapters.sandbox.faults import Fault
from hub.report import ExitStatus
from tests.journeys.changes import (
    FLOW,
    NPC_FLOW,
    NPC_TYPE,
    WITH_CHANGE_ORDER,
    here,
    joined,
    order,
    project_id,
    row,
    stage,
    sums,
)
from tests.journeys.harness import CUSTOMER, World, line, sqlite, world
from tests.journeys.quick import quick

pytestmark = pytest.mark.journey

NUMBER = "JOB1|PCCO #001"


async def ready(it: World, *, tiers: Any = 1, **fields: Any) -> None:
    stage(it, **fields)
    await joined(it, tiers=tiers)


def children(it: World) -> list[dict[str, Any]]:
    """Jobs of Business Central that were made from a change order."""
    return [each for each in it.bc.tables.rows("projects") if each["procoreChangeOrderId"]]


@pytest.mark.requirement(
    "PP-67", "PP-68", "PP-69", "PP-72", "PP-73", "PP-74", "PP-75", "PP-77", "PP-78", "PP-79", "PP-80", "C-02", "C-05"
)
@pytest.mark.parametrize("tiers", [1, 2, 3])
@quick
async def test_an_npc_order_becomes_a_project_below_its_parent_and_nothing_else(tmp_path: Path, tiers: Any) -> None:
    async with world(sqlite(tmp_path)) as it:
        await ready(it, tiers=tiers, addressLine1="1 Quay", city="Portland")
        full = "Everything for the tenants of the second floor, as agreed in March"
        lines = [row(it, "900.00"), row(it, "-100.00", "BLDG.03-300.L")]
        made = order(it, lines=lines, status="pending", title="Tenant works", description=full, npc=True, kind=NPC_TYPE)
        places = it.places()
        await it.sync()

        assert it.written(places) == 0

        it.procore.changes.set_status(made["id"], "approved")
        await it.sync()

        (child,) = children(it)
        parent = it.row("projects", number="JOB1")
        named = made["change_order_id"] or made["id"]
        assert (child["displayName"], child["description2"]) == ("Tenant works", full[:50])
        assert child["customerNumber"] == child["billToCustomerNumber"] == CUSTOMER
        assert (child["addressLine1"], child["city"]) == ("1 Quay", "Portland")
        assert (child["parentProjectNumber"], child["procoreChangeOrderId"]) == ("JOB1", named)
        assert child["projectClass"] == "NPC_x0020_Change_x0020_Order"
        assert child["procoreProjectId"] == parent["procoreProjectId"] == project_id(it)
        assert parent["projectClass"] == WITH_CHANGE_ORDER
        (kept,) = here(it)
        assert (kept["changeOrderType"], kept["projectNumber"]) == ("NPC", "JOB1")
        assert (kept["npcProjectNumber"], kept["description"]) == (child["number"], full)
        assert (kept["amount"], len(kept["lines"]), kept["status"]) == (Decimal(800), 2, "Synced")
        assert await it.state(NUMBER, NPC_FLOW) == "synced"
        assert await it.state(NUMBER, FLOW) == ""


@pytest.mark.requirement("PP-71", "PP-76", "PP-81", "C-03")
@quick
async def test_the_relation_shows_both_ways_and_a_further_round_writes_nothing(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        await ready(it)
        order(it, "10.00", npc=True)
        await it.sync()
        await it.sync()
        places = it.places()
        await it.sync()
        (child,) = children(it)
        roles = await it.ask(
            "SELECT bc_number, role FROM cross_reference WHERE flow = 'project-to-project' ORDER BY bc_number"
        )
        pairs = await it.ask("SELECT bc_set, bc_number FROM cross_reference WHERE flow = ? ORDER BY bc_set", NPC_FLOW)

        assert it.written(places) == 0
        assert it.procore.count("projects") == 1
        assert dict(roles) == {"JOB1": "primary", child["number"]: "derived"}
        assert [pair for pair in pairs if pair[0] != "changeOrderLines"] == [
            ("changeOrders", here(it)[0]["number"]),
            ("projects", child["number"]),
        ]
        told = await it.told(child["number"])
        assert any(step["number"] == "JOB1" for story in told for step in story["thread"]["steps"]), told


@pytest.mark.requirement("C-03", "PP-76")
@quick
async def test_an_order_of_the_new_project_goes_to_the_procore_project_of_its_parent(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        await ready(it)
        order(it, "10.00", npc=True)
        await it.sync()
        (child,) = children(it)
        it.insert("projectSegments", projectNumber=child["number"], segmentCode="SITE")
        it.task(child["number"], "01-100")
        it.task(child["number"], "07-700")
        lines = [line("01-100", "SITE", "M", "2", "10"), line("07-700", "SITE", "L", "1", "5")]
        it.order("PO9", child["number"], lines, release=True)
        report = await it.sync()

        assert report.document["problems"] == []
        (contract,) = it.contracts(number="PO9")
        assert contract["project_id"] == project_id(it)
        assert it.row("purchaseOrders", number="PO9")["procoreCommitmentId"] == contract["id"]
        assert it.procore.count("sub_jobs", code="SITE") == 1
        assert it.procore.count("cost_codes", code="01-100") == 1


@pytest.mark.requirement("C-03")
@quick
async def test_a_child_that_is_read_together_with_its_parent_shares_what_the_parent_makes(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.basics()
        it.project("JOB1", tasks=("01", "01-100", "03-300"), segments=("SITE", "BLDG"))
        it.project(
            "NPC1",
            tasks=("01-100", "03-300"),
            segments=("SITE",),
            parentProjectNumber="JOB1",
            projectClass="NPC Change Order",
            procoreChangeOrderId=77,
        )
        it.order("PO1", "JOB1", [line("01-100", "SITE", "M")], release=True)
        it.order("PO2", "NPC1", [line("01-100", "SITE", "M")], release=True)
        report = await it.sync()
        places = it.places()
        await it.sync()

        assert report.status == ExitStatus.DONE, report.document["problems"]
        assert report.document["problems"] == []
        assert it.procore.count("projects") == 1
        assert it.procore.count("sub_jobs") == 2
        assert it.procore.count("wbs_codes") == 1
        assert len(it.contracts()) == 2
        assert it.written(places) == 0


@pytest.mark.requirement("C-04", "PP-69")
@quick
async def test_flag_and_type_that_disagree_wait_for_somebody_to_make_them_agree(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        await ready(it)
        made = order(it, "10.00", npc=True, kind="Owner Change")
        await it.sync()

        assert (children(it), here(it)) == ([], [])
        assert await it.state(NUMBER, NPC_FLOW) == "parked"
        assert "its type is Owner Change" in await it.reasons(NUMBER, NPC_FLOW)

        it.procore.changes.set_fields(made["id"], kind=NPC_TYPE)
        await it.sync()

        assert len(children(it)) == 1


@pytest.mark.requirement("PP-67")
@pytest.mark.parametrize(("value", "kind"), [("true", "string"), (1, "integer"), ("NPC", "absent"), (False, "boolean")])
@quick
async def test_the_flag_is_read_as_it_is_kept_and_a_missing_one_is_false(tmp_path: Path, value: Any, kind: str) -> None:
    async with world(sqlite(tmp_path)) as it:
        await ready(it)
        if kind != "absent":
            it.procore.changes.define_field("NPC", kind)
        order(it, "10.00", npc=None if kind == "absent" else value)
        await it.sync()

        assert len(children(it)) == (1 if kind in ("string", "integer") else 0)
        assert [each["changeOrderType"] for each in here(it)] == ["NPC" if children(it) else "Regular"]


@pytest.mark.requirement("PP-66")
@pytest.mark.parametrize("first", [True, False])
@quick
async def test_an_order_whose_flag_is_turned_later_keeps_its_one_representation(
    tmp_path: Path,
    first: bool,  # noqa: FBT001 - a parameter of the story
) -> None:
    async with world(sqlite(tmp_path)) as it:
        await ready(it)
        made = order(it, "10.00", npc=first)
        await it.sync()
        before = it.bc.export()
        it.procore.changes.set_fields(made["id"], npc=not first)
        await it.sync()
        held, other = (NPC_FLOW, FLOW) if first else (FLOW, NPC_FLOW)

        assert it.bc.export()["changeOrders"] == before["changeOrders"]
        assert len(children(it)) == (1 if first else 0)
        assert await it.state(NUMBER, held) == "conflict"
        assert await it.state(NUMBER, other) == "parked"
        assert "once that is deleted there" in await it.reasons(NUMBER, other)

        it.delete("changeOrders", procoreChangeOrderId=made["change_order_id"])
        if first:
            it.delete("projects", procoreChangeOrderId=made["change_order_id"])
        await it.sync()

        assert await it.state(NUMBER, held) == "excluded"
        assert await it.state(NUMBER, other) == "synced"
        assert len(children(it)) == (0 if first else 1)
        assert [each["changeOrderType"] for each in here(it)] == ["Regular" if first else "NPC"]


@pytest.mark.requirement("PP-70")
@quick
async def test_an_order_that_is_no_longer_approved_when_its_turn_comes_is_not_made(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        await ready(it)
        it.procore.add_cost_code(project_id(it), "09-900", "Painting")
        made = order(it, lines=[row(it, "5.00", "SITE.09-900.L")], npc=True)
        await it.sync()

        assert await it.state(NUMBER, NPC_FLOW) == "parked"

        it.task("JOB1", "09-900")
        it.procore.changes.set_status(made["id"], "revised")
        it.procore.faults.add(Fault(kind="status", status=503, path="prime_change_orders", times=0))
        await it.sync()

        assert (children(it), here(it)) == ([], [])
        assert "is revised in Procore now" in await it.reasons(NUMBER, NPC_FLOW)

        it.procore.faults.clear()
        await it.sync()

        assert (children(it), here(it)) == ([], [])
        assert await it.state(NUMBER, NPC_FLOW) == "excluded"


@pytest.mark.requirement("PP-72")
@quick
async def test_an_order_without_title_waits_and_a_long_one_is_cut_and_said(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        await ready(it)
        made = order(it, "5.00", npc=True, title="")
        await it.sync()

        assert await it.state(NUMBER, NPC_FLOW) == "parked"
        assert "has no title" in await it.reasons(NUMBER, NPC_FLOW)

        it.procore.changes.set_fields(made["id"], title="T" * 120)
        await it.sync()

        assert children(it)[0]["displayName"] == "T" * 100
        assert "cut to 100" in str(await it.told(NUMBER))


@pytest.mark.requirement("PP-74")
@quick
async def test_a_parent_without_customer_is_named_and_waited_for(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        await ready(it)
        with it.bc.tables.older_data():
            it.update("projects", {"number": "JOB1"}, customerNumber="")
        order(it, "5.00", npc=True)
        await it.sync()

        assert "project JOB1 has no customer" in await it.reasons(NUMBER, NPC_FLOW)

        it.update("projects", {"number": "JOB1"}, customerNumber=CUSTOMER)
        await it.sync()

        assert children(it)[0]["customerNumber"] == CUSTOMER


@pytest.mark.requirement("PP-71", "PP-79", "PP-59", "BX-02")
@pytest.mark.parametrize("lost", ["projects", "changeOrders"])
@quick
async def test_lost_replies_make_nothing_twice_and_the_parents_class_is_written_once(tmp_path: Path, lost: str) -> None:
    async with world(sqlite(tmp_path)) as it:
        await ready(it, projectClass=" ")
        order(it, "5.00", npc=True, title="One")
        order(it, "6.00", npc=True, title="Two")
        it.bc.faults.add(Fault(kind="lost_reply", method="POST", path=rf"{lost}$|\$batch", times=2))
        await it.settle()
        written = [
            each
            for each in it.writes("business_central")
            if "projectClass" in (each.body or {}) and len(each.body) == 1
        ]

        assert sorted(child["displayName"] for child in children(it)) == ["One", "Two"]
        assert sorted(sums(it, changeOrderType="NPC")) == [5, 6]
        assert it.row("projects", number="JOB1")["projectClass"] == WITH_CHANGE_ORDER
        assert len(written) == 1
