"""Change orders of Procore in Business Central: once, whole, to the cent, and never changed behind anybody's back."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from adapters.sandbox.faults import Fault
from tests.journeys.changes import (
    FLOW,
    WITH_CHANGE_ORDER,
    contracts,
    here,
    joined,
    order,
    project_id,
    row,
    stage,
    sums,
    to_central,
)
from tests.journeys.harness import World, line, sqlite, world
from tests.journeys.quick import quick

pytestmark = pytest.mark.journey

NUMBER = "JOB1|PCCO #001"


async def ready(it: World, *, tiers: Any = 1, **fields: Any) -> None:
    stage(it, **fields)
    await joined(it, tiers=tiers)


def job_class(it: World, number: str = "JOB1") -> str:
    return str(it.row("projects", number=number)["projectClass"])


@pytest.mark.requirement("PP-55", "PP-58", "PP-60", "PP-61", "PP-63", "PP-65")
@quick
async def test_an_order_comes_when_it_is_approved_and_not_before(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        await ready(it)
        lines = [
            row(it, "1250.00", "SITE.01-100.M", description="Concrete", quantity="5", unit_cost="250", uom="cy"),
            row(it, "-50.25", "BLDG.03-300.L"),
        ]
        made = order(it, lines=lines, status="pending", description="A footing below the west wall")
        places = it.places()
        await it.sync()

        assert it.written(places) == 0
        assert await it.state(NUMBER, FLOW) == ""

        it.procore.changes.set_status(made["id"], "approved")
        await it.sync()

        found = here(it)
        assert len(found) == 1
        head, (first, second) = found[0], found[0]["lines"]
        assert (head["projectNumber"], head["changeOrderType"], head["status"]) == ("JOB1", "Regular", "Synced")
        assert (head["title"], head["procoreChangeOrderNumber"]) == ("Added footing", "001")
        assert head["description"] == "A footing below the west wall"
        assert (head["procoreChangeOrderId"], head["procoreSyncStatus"]) == (made["change_order_id"], "Synced")
        assert head["amount"] == Decimal("1199.75")
        assert head["approvedDate"] == it.procore.find("change_order_packages")["reviewed_at"][:10]
        assert (first["jobTaskNumber"], first["segmentCode"], first["costTypeCode"]) == ("01-100", "SITE", "M")
        assert (first["quantity"], first["unitCost"], first["unitOfMeasureCode"]) == (5, 250, "CY")
        assert (first["description"], first["amount"]) == ("Concrete", Decimal(1250))
        assert (second["jobTaskNumber"], second["segmentCode"], second["costTypeCode"]) == ("03-300", "BLDG", "L")
        assert second["amount"] == Decimal("-50.25")


@pytest.mark.requirement("PP-59", "PP-63")
@quick
async def test_a_further_round_writes_nothing_and_the_mark_in_procore_is_no_news(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        await ready(it)
        order(it, "100.00")
        await it.sync()
        package = it.procore.find("change_order_packages")
        places = it.places()
        reports = [await it.sync(), await it.sync(full=True)]

        assert package["origin_id"] == f"bc:{it.bc.company_id}:changeOrders:{here(it)[0]['id']}"
        assert package["origin_code"] == here(it)[0]["number"]
        assert it.written(places) == 0
        assert [report.document["observed"] for report in reports] == [1, 0]  # the project has another class


@pytest.mark.requirement("PP-57", "PP-62", "PP-64", "C-01", "C-02")
@pytest.mark.parametrize("label", ["Base Project", "Master Job", " "])
@quick
async def test_the_class_of_a_project_changes_once_and_its_second_order_comes_all_the_same(
    tmp_path: Path, label: str
) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it, projectClass=label)
        stage(it, "JOB2", projectClass=label)
        await joined(it, "JOB1", "JOB2")
        order(it, "100.00")
        order(it, "7.00")
        await it.sync()
        order(it, "200.00")
        await it.sync()
        named = await it.ask("SELECT number FROM record WHERE kind = 'project' AND facet = 'Project with Change Order'")
        written = [each for each in it.writes("business_central") if "projectClass" in str(each.body)]

        assert sorted(sums(it)) == [7, 100, 200]
        assert (job_class(it), job_class(it, "JOB2")) == (WITH_CHANGE_ORDER, label.replace(" ", "_x0020_"))
        assert len(written) == (0 if label.strip() else 1)  # Business Central sets it itself, but for a blank one
        assert named == [("JOB1",)]


@pytest.mark.requirement("C-01")
@quick
async def test_orders_of_other_projects_are_left_alone(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it)
        stage(it, "JOB2", projectClass="Extra Work")
        await joined(it, "JOB1", "JOB2")
        stranger = it.procore.add_project("Nobody's", project_number="X1")
        contract = it.procore.changes.add_prime_contract(stranger["id"], number="1", title="Theirs")
        it.procore.changes.add(stranger["id"], contract_id=contract["id"], status="approved", grand_total="5.00")
        order(it, "9.00", job="JOB2")
        await it.sync()

        assert here(it) == []
        assert not [each for each in it.procore.log if f"projects/{project_id(it, 'JOB2')}/prime" in each.path]


@pytest.mark.requirement("PP-55", "PF-11")
@pytest.mark.parametrize("tiers", [1, 2, 3])
@quick
async def test_both_sides_come_from_projects_of_any_number_of_tiers_and_nothing_twice(
    tmp_path: Path, tiers: Any
) -> None:
    async with world(sqlite(tmp_path), flows={FLOW: {"side": "both"}}) as it:
        stage(it)
        it.order("PO1", "JOB1", [line("01-100", "SITE", "M", "2", "10")], release=True)
        await it.sync()
        contracts(it, tiers=tiers)
        commitment = it.contracts(number="PO1")[0]["id"]
        order(it, "100.00", "-30.00", title="Prime")
        changed = order(it, "20.00", title="Commitment", side="commitment", contract_id=commitment, status="pending")
        if tiers == 3:
            it.procore.changes.add_potential(changed["id"], lines=[row(it, "5.00", "BLDG.03-300.L")])
        it.procore.changes.set_status(changed["id"], "approved")
        await it.sync()
        places = it.places()
        await it.sync()

        assert it.written(places) == 0
        assert sums(it, changeOrderType="Regular") == [70]
        assert sums(it, changeOrderType="Commitment") == [25 if tiers == 3 else 20]
        assert here(it, changeOrderType="Commitment")[0]["purchaseOrderNumber"] == "PO1"
        assert len(here(it)) == 2
        marks = {each["origin_id"] for each in it.procore.rows("change_order_packages")}
        assert marks == {f"bc:{it.bc.company_id}:changeOrders:{each['id']}" for each in here(it)}


@pytest.mark.requirement("PP-56")
@quick
async def test_the_side_that_the_settings_leave_out_is_not_even_read(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        await ready(it)
        order(it, "20.00", side="commitment")
        await it.sync()

        assert here(it) == []
        assert not [each for each in it.procore.log if "commitment_change_orders" in each.path]


@pytest.mark.requirement("PP-61")
@quick
async def test_more_lines_than_a_page_come_in_their_order(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        await ready(it)
        order(it, *(f"{number}.00" for number in range(1, 131)))
        await it.sync()

        assert [each["amount"] for each in here(it)[0]["lines"]] == list(range(1, 131))


@pytest.mark.requirement("PP-61", "C-23", "C-54")
@quick
async def test_an_order_with_a_code_that_business_central_lacks_waits_whole_and_then_goes_by_itself(
    tmp_path: Path,
) -> None:
    async with world(sqlite(tmp_path)) as it:
        await ready(it)
        it.procore.add_cost_code(project_id(it), "09-900", "Painting")
        it.procore.add_sub_job(project_id(it), "ROOF", "Roof")
        order(it, lines=[row(it, "100.00"), row(it, "50.00", "ROOF.09-900.L")])
        await it.sync()

        assert here(it) == []
        assert await it.state(NUMBER, FLOW) == "parked"
        why = await it.reasons(NUMBER, FLOW)
        assert "project task 09-900 of budget code ROOF.09-900.L does not exist in project JOB1" in why
        assert "segment ROOF" in why

        it.task("JOB1", "09-900", "Heading")
        it.insert("segments", code="ROOF", description="Roof")
        it.insert("projectSegments", projectNumber="JOB1", segmentCode="ROOF")
        await it.sync()

        assert "only Posting can be used" in await it.reasons(NUMBER, FLOW)

        it.update("projectTasks", {"taskNumber": "09-900"}, taskType="Posting")
        await it.sync()

        assert sums(it) == [150]
        assert await it.state(NUMBER, FLOW) == "synced"


@pytest.mark.requirement("C-52")
@quick
async def test_a_segment_that_the_project_lacks_gets_its_row_first(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.basics(segments=("SITE", "BLDG"))
        it.project("JOB1", tasks=("01-100",), segments=("SITE",))
        await joined(it)
        it.procore.add_sub_job(project_id(it), "BLDG", "Building")
        order(it, lines=[row(it, "50.00", "BLDG.01-100.L")])
        await it.sync()

        assert [each["segmentCode"] for each in here(it)[0]["lines"]] == ["BLDG"]
        assert it.row("projectSegments", segmentCode="BLDG")["procoreSubJobId"]


@pytest.mark.requirement("PP-55", "PF-02")
@quick
async def test_a_project_that_is_not_permitted_holds_up_no_other(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it)
        stage(it, "JOB2")
        await joined(it, "JOB1", "JOB2")
        order(it, "100.00")
        order(it, "200.00", job="JOB2")
        closed = rf"projects/{project_id(it)}/prime|packages\?.*project_id={project_id(it)}"
        it.procore.faults.add(Fault(kind="status", status=403, path=closed, method="GET", times=0))
        report = await it.sync()

        assert sums(it) == [200]
        assert report.document["troubles"]

        it.procore.faults.clear()
        await it.sync()

        assert sorted(sums(it)) == [100, 200]


@pytest.mark.requirement("PP-59", "BX-02")
@quick
async def test_a_lost_reply_leaves_one_order_with_all_its_lines(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        await ready(it)
        order(it, "100.00", "-20.00")
        it.bc.faults.add(Fault(kind="lost_reply", method="POST", path=r"changeOrders|\$batch", times=1))
        await it.settle()

        assert it.bc.faults.plain() == []
        assert sums(it) == [80]
        assert len(here(it)[0]["lines"]) == 2
        assert here(it)[0]["status"] == "Synced"


@pytest.mark.requirement("PP-59")
@quick
async def test_after_the_ledger_is_lost_the_orders_are_found_again(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        await ready(it)
        order(it, "100.00")
        await it.sync()
        it.bc.tables.act("changeOrders", here(it)[0]["id"], "apply")
        it.store = f"sqlite:///{tmp_path / 'another.db'}"
        since = it.last("business_central")
        await it.sync()
        await it.sync()

        assert sums(it) == [100]
        assert here(it)[0]["status"] == "Applied"
        assert [each for each in to_central(it, since) if each.method == "POST"] == []
        assert await it.state(NUMBER, FLOW) == "synced"


@pytest.mark.requirement("PP-60")
@quick
async def test_one_number_in_two_projects_is_two_orders(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it)
        stage(it, "JOB2")
        await joined(it, "JOB1", "JOB2")
        order(it, "1.00")
        order(it, "2.00", job="JOB2")
        await it.sync()

        assert {(each["projectNumber"], each["procoreChangeOrderNumber"]) for each in here(it)} == {
            ("JOB1", "001"),
            ("JOB2", "001"),
        }


@pytest.mark.requirement("BX-24")
@quick
async def test_two_numbers_that_would_be_cut_to_one_are_refused_together_until_one_is_shortened(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        await ready(it)
        numbers = [f"{'7' * 50}-{end}" for end in "AB"]
        made = [order(it, f"{place}0.00", number=number) for place, number in enumerate(numbers, 1)]
        await it.sync()

        assert here(it) == []
        for number in numbers:
            name = f"JOB1|PCCO #{number}"
            assert await it.state(name, FLOW) == "conflict"
            reasons = await it.reasons(name, FLOW)
            assert [f'\\"{each}\\"' in reasons for each in numbers] == [True, True]

        it.procore.changes.set_fields(made[1]["id"], number="8")
        await it.settle()

        assert {each["procoreChangeOrderNumber"] for each in here(it)} == {"7" * 50, "8"}
