"""Purchase orders and their commitments: what a buyer sees in Procore, and what he is told when something is wrong."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from adapters.sandbox.faults import Fault
from adapters.sandbox.request_log import Entry
from hub.report import ExitStatus
from tests.journeys.harness import COMMENT, World, line, sqlite, world
from tests.journeys.quick import quick

pytestmark = pytest.mark.journey

FLOW = "purchase-order-to-commitment"


def to_commitments(it: World, since: int = 0) -> list[Entry]:
    """Writes to contracts and their lines."""
    return [entry for entry in it.writes(since=since) if "_contracts" in entry.path]


def stage(it: World, segments: tuple[str, ...] = ("SITE",)) -> None:
    """A project with two tasks, a vendor, and whatever an order needs."""
    it.basics()
    it.project("JOB1", tasks=("01-100", "03-300"), segments=segments)


def number(value: Any) -> Decimal:
    return Decimal(str(value))


@pytest.mark.requirement("PP-21", "C-12", "C-13")
@quick
async def test_an_order_without_the_flag_is_never_sent(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it)
        it.order("PO1", "JOB1", [line("01-100", "SITE", "M")], release=True, sendToProcore=False)
        report = await it.sync()

        assert to_commitments(it) == []
        assert FLOW not in report.document["states"]

        it.update("purchaseOrders", {"number": "PO1"}, sendToProcore=True)
        await it.sync()

        assert len(it.contracts(number="PO1")) == 1


@pytest.mark.requirement("PP-21")
@quick
async def test_an_order_whose_flag_is_turned_off_stays_as_last_agreed(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.typical(release=False)
        await it.sync()
        it.update("purchaseOrders", {"number": "PO1"}, sendToProcore=False, yourReference="Changed while off")
        places = it.places()
        await it.sync()

        assert it.writes(since=places[1]) == []
        assert await it.state("PO1") == "excluded"
        assert "flag off" in await it.reasons("PO1")

        it.update("purchaseOrders", {"number": "PO1"}, sendToProcore=True)
        await it.sync()

        assert [row["title"] for row in it.contracts()] == ["Changed while off"]


@pytest.mark.requirement("PP-22", "PP-32", "C-13")
@quick
async def test_only_flagged_lines_go_and_comments_never_do(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it)
        lines = [
            COMMENT,
            line("01-100", "SITE", "M", "2", "10"),
            line("03-300", "SITE", "L", "3", "7"),
            line("03-300", "SITE", "M", "1", "99", sendToProcore=False),
        ]
        it.order("PO1", "JOB1", lines, release=True)
        await it.sync()

        assert sorted(number(row["amount"]) for row in it.lines()) == [Decimal(20), Decimal(21)]


@pytest.mark.requirement("PP-23", "C-54")
@quick
async def test_an_order_waits_for_its_project_and_then_goes_by_itself(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.basics()
        it.project("JOB1", sendToProcore=False)
        it.order("PO1", "JOB1", [line("01-100", "SITE", "M")], release=True)
        report = await it.sync()

        assert report.status == ExitStatus.DONE
        assert to_commitments(it) == []
        assert await it.state("PO1") == "parked"
        assert "waiting for project JOB1" in await it.reasons("PO1")

        it.update("projects", {"number": "JOB1"}, sendToProcore=True)
        await it.sync()

        assert await it.state("PO1") == "synced"
        assert len(it.contracts(number="PO1")) == 1


@pytest.mark.requirement("PP-23", "C-14")
@quick
async def test_lines_of_several_jobs_wait_and_are_split_where_the_setting_says_so(tmp_path: Path) -> None:
    for split in (False, True):
        folder = tmp_path / str(split)
        folder.mkdir()
        async with world(sqlite(folder), flows={FLOW: {"split_by_job": split}}) as it:
            it.basics()
            it.project("JOB1")
            it.project("JOB2")
            lines = [line("01-100", "SITE", "M", cost="10"), line("01-100", "SITE", "M", cost="20", jobNumber="JOB2")]
            order = it.order("PO1", "JOB1", lines)
            report = await it.sync()

            if not split:
                assert to_commitments(it) == []
                assert await it.state("PO1") == "parked"
                assert "lines belong to several jobs" in await it.reasons("PO1")
                continue
            assert report.status == ExitStatus.DONE
            projects = {it.procore.find("projects", project_number=job)["id"]: job for job in ("JOB1", "JOB2")}
            assert {projects[row["project_id"]] for row in it.contracts()} == {"JOB1", "JOB2"}
            sums = {projects[row["project_id"]]: it.lines(contract_id=row["id"])[0]["amount"] for row in it.contracts()}
            assert {job: number(amount) for job, amount in sums.items()} == {"JOB1": 10, "JOB2": 20}
            own = next(row for row in it.contracts() if projects[row["project_id"]] == "JOB1")
            assert own["origin_id"] == f"bc:{it.bc.company_id}:purchaseOrders:{order['id']}"
            places = it.places()
            await it.sync()

            assert it.written(places) == 0


@pytest.mark.requirement("PP-24", "PP-25", "PP-26", "PP-27", "PP-28", "PP-29", "PP-30")
@quick
async def test_an_order_names_every_missing_field_of_every_line_at_once(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it)
        faulty = [
            line("01-100", "SITE", ""),
            line("", "SITE", "M"),
            line("01-100", "", "M"),
            line("01-100", "SITE", "M"),
        ]
        it.order("PO1", "JOB1", faulty, older=True, vendor="")
        it.order("PO2", "", [line("01-100", "SITE", "M", jobNumber="")], older=True)
        it.order("PO3", "JOB1", [COMMENT], older=True)
        report = await it.sync()

        assert report.status == ExitStatus.NEEDS_PERSON
        assert to_commitments(it) == []
        reasons = {row["number"]: row["reasons"] for row in report.document["problems"] if row["flow"] == FLOW}
        states = {row["number"]: row["state"] for row in report.document["problems"] if row["flow"] == FLOW}
        assert states == {"PO1": "rejected", "PO2": "rejected", "PO3": "rejected"}
        assert len(reasons["PO1"]) == 4
        for words in ("Vendor No.", "10000: Cost Type", "20000: Project Task No.", "30000: Segment Code"):
            assert any(words in reason for reason in reasons["PO1"]), words
        assert any("Job No." in reason for reason in reasons["PO2"])
        assert any("line" in reason for reason in reasons["PO3"])


@pytest.mark.requirement("PP-26")
@quick
async def test_a_flagged_order_without_a_flagged_line_is_rejected(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it)
        it.order("PO1", "JOB1", [line("01-100", "SITE", "M", sendToProcore=False)], release=True)
        await it.sync()

        assert await it.state("PO1") == "rejected"
        assert "no valid line" in await it.reasons("PO1")
        assert to_commitments(it) == []


@pytest.mark.requirement("PP-25", "C-27", "C-54")
@quick
async def test_an_order_waits_until_its_vendor_is_linked(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it)
        it.vendor("V2", in_procore=False, flagged=False)
        it.order("PO1", "JOB1", [line("01-100", "SITE", "M")], vendor="V2", release=True)
        report = await it.sync()

        assert report.status == ExitStatus.DONE
        assert await it.state("PO1") == "parked"
        assert await it.state("V2", "vendor-to-company") == "parked"
        assert to_commitments(it) == []

        it.procore.add_vendor("Somebody", origin_code=" v2 ")  # compared trimmed and upper-cased
        await it.sync()

        assert await it.state("PO1") == "synced"
        assert it.row("vendors", number="V2")["procoreVendorId"] == it.contracts()[0]["vendor_id"]


@pytest.mark.requirement("C-27", "C-61")
@quick
async def test_a_vendor_is_found_by_code_or_tax_number_and_a_name_is_only_proposed(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.procore.add_vendor("By code", origin_code="v1")
        it.procore.add_vendor("By tax", tax_number=" 39-1048822 ")
        it.procore.add_vendor("Acme Supply")
        it.vendor("V1", in_procore=False)
        it.vendor("V2", in_procore=False, taxRegistrationNumber="39-1048822")
        it.insert("vendors", number="V3", displayName="ACME supply", sendToProcore=True)
        await it.sync()

        assert await it.state("V1", "vendor-to-company") == "synced"
        assert await it.state("V2", "vendor-to-company") == "synced"
        assert await it.state("V3", "vendor-to-company") == "parked"
        assert "Acme Supply" in await it.reasons("V3", "vendor-to-company")
        assert it.procore.count("vendors") == 3


@pytest.mark.requirement("C-27")
@quick
async def test_a_vendor_is_made_in_procore_by_setting_only(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path), flows={"vendor-to-company": {"create": True}}) as it:
        it.basics(vendors=())
        it.vendor("V1", in_procore=False)
        it.project("JOB1")
        it.order("PO1", "JOB1", [line("01-100", "SITE", "M")], release=True)
        report = await it.sync()

        assert report.status == ExitStatus.DONE, report.document["problems"]
        assert it.procore.count("vendors", origin_code="V1") == 1
        assert it.contracts()[0]["vendor_id"] == it.procore.find("vendors")["id"]


@pytest.mark.requirement("PP-28")
@quick
async def test_a_totals_task_takes_no_line(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it)
        it.task("JOB1", "01-999", "End-Total", totaling="01-000..01-999")
        it.order("PO1", "JOB1", [line("01-999", "SITE", "M")], older=True)
        await it.sync()

        assert await it.state("PO1") == "rejected"
        assert "Project Task No." in await it.reasons("PO1")
        assert to_commitments(it) == []


@pytest.mark.requirement("PP-31", "PP-32", "C-49", "C-51", "PF-21")
@quick
async def test_a_released_order_is_one_approved_commitment_line_for_line(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it)
        lines = [
            line("01-100", "SITE", "M", "412.5", "168.333", unitOfMeasureCode="CY", description="4000 psi mix"),
            line("03-300", "SITE", "L", "-1", "0.07", unitOfMeasureCode="EA"),
            line("03-300", "SITE", "M", "3", "33.33", unitOfMeasureCode="PALLET"),
        ]
        order = it.order("PO1", "JOB1", lines, yourReference="Concrete", orderDate="2026-03-31", release=True)
        report = await it.sync()

        assert report.status == ExitStatus.DONE
        (contract,) = it.contracts()
        assert contract["origin_id"] == f"bc:{it.bc.company_id}:purchaseOrders:{order['id']}"
        assert (contract["number"], contract["title"], contract["status"]) == ("PO1", "Concrete", "Approved")
        assert contract["contract_date"] == "2026-03-31"
        assert contract["vendor_id"] == it.row("vendors", number="V1")["procoreVendorId"]
        found = {row["origin_id"]: row for row in it.lines()}
        assert len(found) == 3
        for source in it.bc.tables.rows("purchaseOrderLines"):
            row = found[f"bc:{it.bc.company_id}:purchaseOrderLines:{source['id']}"]
            assert number(row["amount"]) == source["amount"]
            assert number(row["quantity"]) == source["quantity"]
            assert number(row["unit_cost"]) == source["directUnitCost"]
            assert row["description"] == source["description"]
            assert source["procoreCommitmentLineId"] == row["id"]
        assert sorted(str(row.get("uom") or "") for row in found.values()) == ["", "cy", "ea"]
        assert "unit PALLET" in str(await it.told("PO1"))


@pytest.mark.requirement("PP-31")
@quick
async def test_a_subcontract_becomes_a_work_order_contract_and_stays_one(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it)
        it.order(
            "SC1", "JOB1", [line("01-100", "SITE", "M")], commitmentType="Subcontract", retentionPercent=Decimal(10)
        )
        await it.sync()
        it.update("purchaseOrders", {"number": "SC1"}, commitmentType="Purchase Order", yourReference="Changed")
        await it.sync()

        assert it.contracts() == []
        (contract,) = it.procore.rows("work_order_contracts")
        assert (contract["status"], contract["title"]) == ("Draft", "Changed")
        assert number(contract["retainage_percent"]) == 10


@pytest.mark.requirement("C-49")
@quick
async def test_the_status_follows_the_order_by_the_mapping_of_the_settings(tmp_path: Path) -> None:
    mapping = {"Released": "Submitted", "Open": "Processing"}
    async with world(sqlite(tmp_path), flows={FLOW: {"status": mapping}}) as it:
        it.typical(release=False)
        await it.sync()

        assert it.contracts()[0]["status"] == "Processing"

        it.release("PO1")
        await it.sync()

        assert it.contracts()[0]["status"] == "Submitted"


@pytest.mark.requirement("C-55", "PP-31")
@quick
async def test_a_number_that_the_project_has_already_is_not_used_twice(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it)
        await it.sync()
        project = it.procore.find("projects", project_number="JOB1")["id"]
        vendor = it.procore.find("vendors")["id"]
        it.procore.add_project_vendor(project, vendor)
        theirs = it.procore.add_commitment(project, number="PO1", title="Theirs", vendor_id=vendor)
        it.procore.add_commitment(project, number="PO2", title="Foreign", vendor_id=vendor, origin_id="sage:9")
        for name in ("PO1", "PO2"):
            it.order(name, "JOB1", [line("01-100", "SITE", "M")], release=True)
        await it.sync()

        assert to_commitments(it) == []
        assert await it.state("PO1") == "parked"
        assert "number PO1 exists in Procore" in await it.reasons("PO1")
        assert await it.state("PO2") == "conflict"

        it.procore.set_fields(theirs["id"], number="PO1-OLD")
        await it.sync()

        assert await it.state("PO1") == "synced"


@pytest.mark.requirement("PP-32", "PF-04")
@quick
async def test_a_line_that_procore_refuses_is_named_and_holds_up_no_other(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it)
        it.order("PO1", "JOB1", [line("01-100", "SITE", "M"), line("03-300", "SITE", "M")])
        await it.sync()
        code = next(row for row in it.procore.rows("wbs_codes") if "03-300" in it.procore.flat_code(row["id"]))
        it.procore.set_any("wbs_codes", code["id"], status="inactive")
        refused = [line("01-100", "SITE", "M", "1", "5"), line("03-300", "SITE", "M", "1", "6")]
        it.order("PO2", "JOB1", refused)
        it.order("PO3", "JOB1", [line("01-100", "SITE", "M", "1", "7")])
        places = it.places()
        report = await it.sync()

        answer = next(entry for entry in to_commitments(it, places[1]) if "line_items" in entry.path)
        assert answer.status == 200
        assert report.status == ExitStatus.NEEDS_PERSON
        assert await it.state("PO2") == "dead"
        assert await it.state("PO3") == "synced"
        second = it.row("purchaseOrderLines", documentNumber="PO2", lineNumber=20000)
        reasons = await it.reasons("PO2")
        assert "is inactive" in reasons
        assert second["id"] in reasons or "20000" in reasons, reasons
        placed = {number(row["amount"]) for row in it.lines()}
        assert {5, 7} <= placed
        assert 6 not in placed


@pytest.mark.requirement("PP-32")
@quick
async def test_more_than_a_thousand_lines_go_in_calls_of_a_thousand(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it)
        it.order("PO1", "JOB1", [line("01-100", "SITE", "M", "1", "1.01") for _ in range(1001)], release=True)
        report = await it.sync()

        assert report.status == ExitStatus.DONE
        calls = [entry for entry in it.writes() if entry.path.endswith("line_items/sync")]
        assert sorted(len(entry.body["updates"]) for entry in calls) == [1, 1000]
        assert sum(number(row["amount"]) for row in it.lines()) == Decimal("1011.01")


@pytest.mark.requirement("PP-33", "PP-34", "PP-19", "PF-17")
@quick
async def test_a_changed_order_changes_the_same_commitment(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.typical(release=False)
        await it.sync()
        known = it.contracts()[0]["id"]
        places = it.places()
        it.update("purchaseOrderLines", {"lineNumber": 10000}, quantity=Decimal(5))
        it.update("purchaseOrders", {"number": "PO1"}, yourReference="New title")
        await it.sync()

        assert {entry.method for entry in to_commitments(it, places[1])} == {"PATCH"}
        assert [(row["id"], row["title"]) for row in it.contracts()] == [(known, "New title")]
        assert sorted(number(row["quantity"]) for row in it.lines()) == [2, 5]
        assert it.row("purchaseOrders", number="PO1")["procoreCommitmentId"] == known


@pytest.mark.requirement("PP-34", "C-49")
@quick
async def test_an_approved_commitment_is_opened_changed_and_approved_again(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.typical()
        await it.sync()
        places = it.places()
        it.reopen("PO1")
        it.update("purchaseOrderLines", {"lineNumber": 10000}, quantity=Decimal(5))
        it.release("PO1")
        report = await it.sync()

        assert report.status == ExitStatus.DONE, report.document["problems"]
        changes = to_commitments(it, places[1])
        states = [entry.body["updates"][0].get("status") for entry in changes]
        assert states == ["Draft", None, "Approved"]
        assert changes[1].path.endswith("line_items/sync")
        assert it.contracts()[0]["status"] == "Approved"
        assert sorted(number(row["quantity"]) for row in it.lines()) == [2, 5]


@pytest.mark.requirement("PP-34", "C-54")
@quick
async def test_a_commitment_that_somebody_else_locked_is_left_alone_and_the_reason_said(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.typical(release=False)
        await it.sync()
        contract = it.contracts()[0]["id"]
        it.procore.set_status(contract, "Approved")
        it.update("purchaseOrderLines", {"lineNumber": 10000}, quantity=Decimal(5))
        places = it.places()
        report = await it.sync()

        assert report.status == ExitStatus.DONE
        assert to_commitments(it, places[1]) == []
        assert await it.state("PO1") == "parked"
        assert "by somebody else" in await it.reasons("PO1")

        it.procore.set_status(contract, "Draft")
        await it.sync()

        assert await it.state("PO1") == "synced"
        assert sorted(number(row["quantity"]) for row in it.lines()) == [2, 5]


@pytest.mark.requirement("PP-34")
@pytest.mark.parametrize(
    ("figure", "word"), [("total_requisitions_amount", "invoiced"), ("approved_change_orders", "change orders")]
)
def test_an_invoiced_or_changed_commitment_is_left_alone_and_the_reason_said(
    tmp_path: Path, figure: str, word: str
) -> None:
    @quick
    async def story() -> None:
        async with world(sqlite(tmp_path)) as it:
            it.typical()
            await it.sync()
            it.procore.set_figures(it.contracts()[0]["id"], **{figure: Decimal("10.00")})
            it.reopen("PO1")
            it.update("purchaseOrderLines", {"lineNumber": 10000}, quantity=Decimal(5))
            it.release("PO1")
            places = it.places()
            await it.sync()

            assert to_commitments(it, places[1]) == []
            assert await it.state("PO1") == "parked"
            assert word in await it.reasons("PO1")
            assert it.contracts()[0]["status"] == "Approved"

    story()


@pytest.mark.requirement("PP-20", "PP-32", "PP-34")
@quick
async def test_a_line_that_was_removed_or_unflagged_leaves_the_commitment(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.typical(lines=3, release=False)
        await it.sync()
        it.delete("purchaseOrderLines", lineNumber=10000)
        it.update("purchaseOrderLines", {"lineNumber": 20000}, sendToProcore=False)
        report = await it.sync()

        assert report.status == ExitStatus.DONE, report.document["problems"]
        assert len(it.lines()) == 1
        assert len([entry for entry in it.writes() if entry.method == "DELETE"]) == 2

        it.insert("purchaseOrderLines", documentNumber="PO1", **line("03-300", "SITE", "L", "4", "4"))
        it.update("purchaseOrderLines", {"lineNumber": 20000}, sendToProcore=True)
        await it.sync()

        assert len(it.lines()) == 3
        places = it.places()
        await it.sync()

        assert it.written(places) == 0


@pytest.mark.requirement("PP-20", "C-59")
@quick
async def test_a_deleted_order_leaves_its_commitment_untouched(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.typical(release=False)
        await it.sync()
        it.delete("purchaseOrders", number="PO1")
        places = it.places()
        await it.sync()

        assert it.writes(since=places[1]) == []
        assert await it.state("PO1") == "deleted"
        assert len(it.contracts()) == 1


@pytest.mark.requirement("PF-05", "PP-20")
@quick
async def test_a_commitment_that_was_deleted_in_procore_is_not_made_again(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.typical()
        it.reopen("PO1")
        await it.sync()
        it.procore.remove("purchase_order_contracts", it.contracts()[0]["id"])
        it.release("PO1")
        report = await it.sync()

        assert it.contracts() == []
        assert report.status == ExitStatus.NEEDS_PERSON
        assert await it.state("PO1") == "dead"
        assert "not found" in await it.reasons("PO1")


@pytest.mark.requirement("PP-20", "DC-12")
@quick
async def test_a_line_deleted_while_its_id_was_on_the_way_back_leaves_nothing_dead(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.typical(release=False)
        # Ids go back in a batch, or alone when nothing else is due at that moment.
        it.bc.faults.add(Fault(kind="drop_before", path=r"\$batch", times=0))
        it.bc.faults.add(Fault(kind="drop_before", method="PATCH", path=r"purchaseOrder", times=0))
        await it.sync(wait=timedelta())
        assert await it.state("PO1") == "failed"
        it.bc.faults.clear()
        it.delete("purchaseOrderLines", lineNumber=20000)
        it.release("PO1")
        it.clock.skip(timedelta(hours=1))
        report = await it.sync()

        assert report.status == ExitStatus.DONE, report.document["problems"]
        assert [row["status"] for row in it.contracts()] == ["Approved"]
        assert len(it.lines()) == 1


@pytest.mark.requirement("C-59")
@quick
async def test_an_order_that_becomes_invalid_leaves_its_commitment_as_last_agreed(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.typical(release=False)
        await it.sync()
        with it.bc.tables.older_data():
            it.update("purchaseOrderLines", {"lineNumber": 10000}, costTypeCode="")
        places = it.places()
        await it.sync()

        assert it.writes(since=places[1]) == []
        assert await it.state("PO1") == "rejected"
        assert len(it.lines()) == 2


@pytest.mark.requirement("C-59")
@quick
async def test_an_order_that_was_invoiced_in_full_stays_synced(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.typical()
        await it.sync()
        it.update("purchaseOrders", {"number": "PO1"}, vendorInvoiceNumber="INV-1")
        order = it.row("purchaseOrders", number="PO1")["id"]
        it.bc.tables.act("purchaseOrders", order, "receiveAndInvoice")
        assert [row for row in it.bc.tables.rows("purchaseOrders") if row["number"] == "PO1"] == []
        places = it.places()
        report = await it.sync()

        assert [each.path for each in it.writes(since=places[1]) if "contracts" in each.path] == []
        assert report.document["states"][FLOW] == {"synced": 1}
        assert len(it.contracts()) == 1


@pytest.mark.requirement("C-59", "PP-36")
@quick
async def test_an_order_that_is_posted_before_its_release_was_read_is_approved_for_its_invoice(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.typical(release=False)
        await it.sync()
        assert it.contracts()[0]["status"] == "Draft"
        order = it.row("purchaseOrders", number="PO1")["id"]
        it.update("purchaseOrders", {"number": "PO1"}, vendorInvoiceNumber="INV-1")
        it.bc.tables.act("purchaseOrders", order, "receiveAndInvoice")
        await it.sync()

        assert it.contracts()[0]["status"] == "Approved"
        assert await it.state("PO1") == "synced"
        assert it.procore.count("requisitions", status="approved") == 1


@pytest.mark.requirement("C-59", "PP-36")
@quick
async def test_an_order_that_waits_when_it_is_posted_is_carried_when_its_wait_ends(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.basics(vendors=())
        it.vendor("V1", in_procore=False)
        it.project("JOB1")
        it.order("PO1", "JOB1", [line("01-100", "SITE", "M")])
        await it.sync()
        assert await it.state("PO1") == "parked"
        it.update("purchaseOrders", {"number": "PO1"}, vendorInvoiceNumber="INV-1")
        it.bc.tables.act("purchaseOrders", it.row("purchaseOrders", number="PO1")["id"], "receiveAndInvoice")
        await it.sync()
        assert it.contracts() == []

        it.procore.add_vendor("Vendor V1", origin_code="V1")
        await it.sync()

        assert it.contracts()[0]["status"] == "Approved"
        assert it.procore.count("requisitions", status="approved") == 1
        assert await it.state("PO1") == "synced"


@pytest.mark.requirement("PP-31", "PP-33")
@quick
async def test_a_reply_that_was_lost_after_the_commit_makes_no_second_commitment(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.typical()
        for path in ("contracts/sync$", "line_items/sync$", "v1.0/projects$", "bulk_create$"):
            it.procore.faults.add(Fault(kind="lost_reply", path=path, times=1))
        report = await it.settle()

        assert report.status == ExitStatus.DONE
        assert len(it.contracts()) == 1
        assert len(it.lines()) == 2
        assert it.procore.count("projects") == 1
        assert it.procore.count("wbs_codes") == 1


@pytest.mark.requirement("PF-19")
@quick
async def test_an_order_that_moved_under_the_write_back_is_read_again_and_not_overwritten(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.typical(release=False)
        it.bc.faults.add(Fault(kind="conflict", method="PATCH", path="purchaseOrders", times=1))
        it.bc.faults.add(Fault(kind="conflict", method="PATCH", path="purchaseOrders", times=1, parts=True))
        report = await it.settle()

        assert report.status == ExitStatus.DONE, report.document["problems"]
        assert it.row("purchaseOrders", number="PO1")["procoreCommitmentId"] == it.contracts()[0]["id"]


@pytest.mark.requirement("BX-17")
@quick
async def test_an_order_in_a_foreign_currency_is_rejected(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it)
        it.order("PO1", "JOB1", [line("01-100", "SITE", "M")], currencyCode="EUR", older=True)
        await it.sync()

        assert await it.state("PO1") == "rejected"
        assert "EUR" in await it.reasons("PO1")
        assert to_commitments(it) == []
