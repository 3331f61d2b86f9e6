"""Reports: what accounting asks is told from the ledger, by person, project and month, and only to those who may."""

import csv
import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from domain.events import ApprovalAccepted, ApprovalDeclined, Synced
from domain.values import Digest
from hub.access import Right, Role
from hub.reports import REPORTS
from tests.hub.web.harness import Filled, Web, served, settings
from tests.hub.web.test_contract import fits, schema_of
from tests.hub.web.test_reading import pages
from tests.projections.documents import Documents, record_of
from tests.projections.test_job_cost import entry, invoice, order, order_line, planned

COST = {"task", "segment", "cost_type", "original_estimate", "approved_changes", "revised_estimate"}
COST |= {"commitments", "invoiced", "job_to_date", "month_to_date", "month"}


async def stored(it: Web, documents: Documents) -> None:
    """These documents are observed."""
    await it.hub.ledger.append(documents.events, documents.bodies)


async def told(it: Web, name: str, **asked: str) -> list[dict[str, Any]]:
    """All rows of a report."""
    query = "&".join(f"{key}={value}" for key, value in asked.items())
    return [item for page in await pages(it, f"/api/v1/reports/{name}?{query}", 2) for item in page]


def costs() -> Documents:
    it = Documents()
    it.seen("planning_line", "P1", planned(1, "1000.00"))
    it.seen("planning_line", "P2", planned(2, "250.55", changeOrderNumber="CO1"))
    it.seen("commitment", "PO1", order(order_line(1, "300.00", costTypeCode="L")))
    it.seen("posted_invoice", "INV1", invoice())
    it.seen("journal_entry", "7", entry("-12.34", costTypeCode="L", postingDate="2026-04-01"))
    it.seen("journal_entry", "8", entry("0.10", id="entry-8", costTypeCode="L", postingDate="2026-03-31"))
    it.seen("journal_entry", "9", entry("0.20", id="entry-9", costTypeCode="L", postingDate="2026-03-01"))
    return it


@pytest.mark.requirement("ER-40")
async def test_job_costs_are_summed_by_code_through_the_month(ledger: Filled, tmp_path: Path) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        await stored(it, costs())
        rows = await told(it, "job-costs", month="2026-03", project="JOB1", connection="main")
        fits(await it.ask("/api/v1/reports/job-costs?limit=1"), schema_of("/api/v1/reports/{name}"))
        april = await told(it, "job-costs", month="2026-04", project="JOB1", connection="main")

    [labour] = [row for row in rows if row["cost_type"] == "L"]
    assert {name: labour[name] for name in COST} == {
        "task": "01-100",
        "segment": "SITE",
        "cost_type": "L",
        "month": "2026-03",
        "original_estimate": "1000.00",
        "approved_changes": "250.55",
        "revised_estimate": "1250.55",
        "commitments": "300.00",
        "invoiced": "0.00",
        "job_to_date": "0.30",
        "month_to_date": "0.30",
    }
    [billed] = [row for row in rows if row["cost_type"] == ""]
    assert (billed["invoiced"], billed["job_to_date"], billed["month_to_date"]) == ("40.10", "40.10", "40.10")
    [later] = [row for row in april if row["cost_type"] == "L"]
    assert (later["job_to_date"], later["month_to_date"]) == ("-12.04", "-12.34")


@pytest.mark.requirement("ER-40")
async def test_the_present_month_is_that_of_the_connections_own_clock(ledger: Filled, tmp_path: Path) -> None:
    zones = {"main": "Pacific/Kiritimati", "north": "Pacific/Pago_Pago"}  # 14 hours ahead, 11 behind
    tables = {name: {**table, "time_zone": zones[name]} for name, table in ledger.tables.items()}
    async with served(settings(ledger.copy(tmp_path), tables)) as it:
        it.clock.at = datetime(2026, 5, 31, 12, tzinfo=UTC)
        rows = await told(it, "job-costs")
        assert {row["connection"]: row["month"] for row in rows} == {"main": "2026-06", "north": "2026-05"}


@pytest.mark.requirement("ER-40", "BX-02")
async def test_job_costs_of_the_past_are_those_of_the_past(ledger: Filled, tmp_path: Path) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        await stored(it, costs())
        position = await it.hub.ledger.last_position()
        before = await told(it, "job-costs", month="2026-03")
        it.clock.at += timedelta(days=40)
        later = Documents(after=100)
        later.seen("journal_entry", "8", entry("99", id="entry-8", costTypeCode="L", postingDate="2026-03-31"))
        later.gone("planning_line", "P1")
        await stored(it, later)

        assert await told(it, "job-costs", month="2026-03", asof=str(position)) == before
        now = {row["cost_type"]: row for row in await told(it, "job-costs", month="2026-03", project="JOB1")}
        assert (now["L"]["original_estimate"], now["L"]["job_to_date"]) == ("0.00", "99.20")
        assert await told(it, "job-costs", project="JOB1") != before  # the month is another one by now


@pytest.mark.requirement("ER-41", "ER-30")
async def test_costs_that_could_not_go_are_told_with_their_reason_until_they_go(ledger: Filled, tmp_path: Path) -> None:
    documents = Documents()
    documents.seen("journal_entry", "7", entry("-5.00", postingDate="2026-03-31"))
    documents.rejected("journal_entry", "7", "Amount is -5.00; it must be greater than 0")
    documents.seen("posted_invoice", "INV1", invoice())
    documents.rejected("posted_invoice", "INV1", "the lines differ")
    name, flow = "unsyncable-direct-costs", "posted-invoice-to-commitment-invoice"
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        await stored(it, documents)
        [row] = await told(it, name)
        assert (row["number"], row["amount"], row["reason"]) == (
            "7",
            "-5.00",
            "Amount is -5.00; it must be greater than 0",
        )
        assert await told(it, name, project="JOB2") == []
        fixed = Documents(after=100)
        fixed.seen("journal_entry", "7", entry("5.00"))
        fixed.synced("journal_entry", "7")
        await stored(it, fixed)
        assert await told(it, name) == []

    direct = {
        **ledger.tables,
        "main": {**ledger.tables["main"], "flows": {flow: {"posted_invoice_target": "direct_cost"}}},
    }
    async with served(settings(f"sqlite:///{tmp_path / 'ledger.db'}", direct)) as it:
        assert [row["number"] for row in await told(it, name)] == ["INV1"]


@pytest.mark.requirement("ER-39", "ER-02")
async def test_accountants_are_exactly_those_who_hold_the_right_and_only_managers_see_them(
    ledger: Filled, tmp_path: Path
) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        for name, rights in (("ann", (Right.PUSH_TO_ACCOUNTING,)), ("bob", (Right.GRANT,)), ("cid", ())):
            await it.session(name, Role.STANDARD, *rights, at="main")
        await it.session("eve", Role.READ, Right.PUSH_TO_ACCOUNTING, at="north")
        rows = await told(it, "accountants")
        assert [(row["user"], row["connections"]) for row in rows] == [("ann", "main"), ("eve", "")]
        reader = await it.token("reader", Role.STANDARD)
        await it.ask("/api/v1/reports/accountants", token=reader, status=403)
        await it.ask("/api/v1/reports/accountants?format=csv", token=reader, status=403)
        await it.ask("/api/v1/reports/job-costs", token=reader)


@pytest.mark.requirement("ER-38")
async def test_sub_jobs_are_those_of_the_cross_reference(ledger: Filled, tmp_path: Path) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        rows = await told(it, "sub-jobs")
        pairs = await it.hub.ledger.rows(
            "SELECT connection, bc_number, procore_id FROM cross_reference WHERE flow = 'project-segment-to-sub-job'"
        )
        assert pairs
        assert sorted((row["connection"], row["bc_number"], row["procore_id"]) for row in rows) == sorted(pairs)
        north = await it.token("north-only", connections=("north",))
        assert {row["connection"] for row in (await it.ask("/api/v1/reports/sub-jobs", token=north))["items"]} <= {
            "north"
        }


@pytest.mark.requirement("ER-42")
async def test_archived_companies_are_the_vendors_that_somebody_put_aside(ledger: Filled, tmp_path: Path) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        assert await told(it, "archived-companies") == []
        asked = "/api/v1/records?connection=main&kind=vendor"
        states = {row["number"]: row for row in (await it.ask(asked))["items"]}
        waiting = next(row for row in states.values() if row["state"] == "parked")
        await it.ask(
            f"/api/v1/records/{waiting['record']}/skip", "POST", status=201, json={"reason": "out of business"}
        )
        [row] = await told(it, "archived-companies")
        assert (row["number"], row["connection"]) == (waiting["number"], "main")
        assert "out of business" in row["reason"]
        await it.ask(f"/api/v1/records/{waiting['record']}/retry", "POST", status=201, json={"reason": "they are back"})
        await it.hub.projector.catch_up()
        assert await told(it, "archived-companies") == []


@pytest.mark.requirement("ER-29")
async def test_approvals_are_counted_by_person_and_timed_until_they_stand_in_procore(
    ledger: Filled, tmp_path: Path
) -> None:
    start = datetime(2026, 5, 4, 8, tzinfo=UTC)
    deeds = (
        (ApprovalAccepted, "user:ann", 0, "7"),
        (ApprovalDeclined, "user:ann", 1, "8"),
        (Synced, "system", 90, "7"),
        (ApprovalAccepted, "user:bob", 120, "9"),
    )
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        for version, (kind, actor, minutes, number) in enumerate(deeds, 1):
            more = {"content": Digest("c")} if kind is Synced else {"hash": Digest("c")}
            event = kind(
                originator_id=record_of(number),
                originator_version=version,
                at=start + timedelta(minutes=minutes),
                connection="main",
                correlation_id="story",
                causation_id="story",
                actor=actor,
                flow="purchase-order-to-commitment",
                **more,
            )
            await it.hub.ledger.append([event])
        people = await told(it, "approvals", since="2026-05-01T00:00:00Z")
        assert [(row["person"], row["accepted"], row["declined"], row["retrieved"]) for row in people] == [
            ("user:ann", 1, 1, 0),
            ("user:bob", 1, 0, 0),
        ]
        times = await told(it, "approval-times", since="2026-05-01T00:00:00Z")
        assert [(row["person"], row["seconds"]) for row in times] == [("user:ann", 5400), ("user:bob", None)]
        assert await told(it, "approvals", until="2026-05-01T00:00:00Z") == []


async def test_a_report_is_a_file_too_and_refuses_what_it_does_not_know(ledger: Filled, tmp_path: Path) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        await stored(it, costs())
        rows = await told(it, "job-costs", month="2026-03")
        async with it.request("/api/v1/reports/job-costs?month=2026-03&format=csv") as answer:
            raw = (await answer.read()).decode()
        assert answer.headers["Content-Disposition"].startswith('attachment; filename="job-costs-')
        assert [dict(row) for row in csv.DictReader(io.StringIO(raw, newline=""))] == rows
        assert sum(Decimal(row["job_to_date"]) for row in rows) == Decimal("40.30")
        fits(await it.ask("/api/v1/reports"), schema_of("/api/v1/reports"))
        assert {each["name"] for each in (await it.ask("/api/v1/reports"))["items"]} == set(REPORTS)
        await it.ask("/api/v1/reports/nothing", status=404)
        for wrong in ("sub-jobs?month=2026-03", "sub-jobs?asof=3", "job-costs?month=2026-13", "approvals?since=soon"):
            await it.ask(f"/api/v1/reports/{wrong}", status=422)
