"""Posted project journals and their direct costs: one for each line, all of a posting or none, on the same day."""

from decimal import Decimal
from pathlib import Path

import pytest

from hub.report import ExitStatus
from tests.journeys.harness import kinds, sqlite, world
from tests.journeys.journals import (
    FLOW,
    TODAY,
    cost_lines,
    costs,
    entered,
    entries,
    journal_line,
    post,
    stage,
    to_costs,
    write_journal,
)
from tests.journeys.quick import quick

pytestmark = pytest.mark.journey

NOT_BUDGET = "Only Journal Lines with Entry Type = 'Budget' are eligible for Procore Direct Cost synchronization."


@pytest.mark.requirement("PP-50", "PP-52", "PP-43", "PP-54", "C-09")
@quick
async def test_a_posted_line_becomes_one_direct_cost_on_the_same_day(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it)
        await it.sync()
        post(it, journal_line("12.34", quantity=Decimal(3)))
        report = await it.sync()

        assert report.status == ExitStatus.DONE, report.document
        (entry,), (cost,), (line,) = entries(it), costs(it), cost_lines(it)
        assert cost["origin_id"] == f"bc:{it.bc.company_id}:projectLedgerEntries:{entry['id']}"
        assert (cost["direct_cost_type"], cost["status"]) == ("expense", "approved")
        assert (cost["direct_cost_date"], cost["description"]) == (TODAY, "Site office")
        assert Decimal(line["amount"]) == Decimal("37.02")
        assert line["direct_cost_id"] == cost["id"]
        assert entry["procoreDirectCostId"] == cost["id"]
        assert await it.state(str(entry["entryNumber"]), FLOW) == "synced"


@pytest.mark.requirement("PP-54")
@quick
async def test_a_posting_costs_three_writes_and_two_looks_at_the_list(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it)
        post(it, journal_line(documentNumber="J1"))
        await it.sync()
        post(it, *(journal_line(documentNumber="J2") for _ in range(4)))
        places = it.places()
        await it.sync()

        assert kinds(to_costs(it, places[1])) == {
            "PATCH /rest/v1.0/projects/{id}/direct_costs/sync": 2,
            "PATCH /rest/v1.0/projects/{id}/direct_costs/line_items/sync": 1,
        }
        looks = [
            each for each in it.procore.log.since(places[1]) if each.method == "GET" and "direct_costs" in each.path
        ]
        assert kinds(looks) == {"GET /rest/v1.1/projects/{id}/direct_costs": 2}
        assert kinds(it.bc.log.writes(places[0])) == {"PATCH projectLedgerEntries": 4}


@pytest.mark.requirement("PP-50", "PP-49")
@quick
async def test_every_line_becomes_a_direct_cost_of_its_own(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it)
        amounts = ["0.01", "100.10", "100.10", "7"]
        post(it, *(journal_line(amount, jobTaskNumber=task) for amount in amounts for task in ("01-100", "03-300")))
        await it.sync()

        assert len(costs(it)) == len(entries(it)) == 8
        assert len({cost["origin_id"] for cost in costs(it)}) == 8
        assert sorted(Decimal(line["amount"]) for line in cost_lines(it)) == sorted(map(Decimal, amounts * 2))
        assert len({line["wbs_code_id"] for line in cost_lines(it)}) == 2
        places = it.places()
        await it.sync()
        await it.sync(full=True)

        assert it.written(places) == 0


@pytest.mark.requirement("PP-52")
@quick
async def test_the_longest_description_arrives_whole(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it)
        longest = 'Scaffold \u00e4\u00f6\u00fc & <braces> "quoted" ' + "x" * 64
        post(it, journal_line(description=longest[:100]))
        await it.sync()

        assert [row["description"] for row in (*costs(it), *cost_lines(it))] == [longest[:100]] * 2


# -- what is refused -------------------------------------------------------------------------------


@pytest.mark.requirement("PP-44", "PP-49", "C-07", "C-08")
@quick
async def test_one_line_that_is_no_budget_holds_back_its_whole_batch(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it)
        rows = entered(it, journal_line(), journal_line("5", entryType="Usage"), journal_line("7"))
        report = await it.sync()

        assert report.status == ExitStatus.NEEDS_PERSON
        assert to_costs(it) == []
        numbers = [str(row["entryNumber"]) for row in rows]
        assert [await it.state(number, FLOW) for number in numbers] == ["rejected"] * 3
        assert [NOT_BUDGET in await it.reasons(number, FLOW) for number in numbers] == [True] * 3


@pytest.mark.requirement("PP-45", "PP-46", "PP-47", "PP-48")
@quick
async def test_every_fault_of_a_line_is_named(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it)
        blank = {"jobNumber": "", "jobTaskNumber": "", "segmentCode": "", "entryType": "Sale"}
        (row,) = entered(it, journal_line("0", **blank))
        await it.sync()
        reasons = await it.reasons(str(row["entryNumber"]), FLOW)

        assert to_costs(it) == []
        for words in (NOT_BUDGET, "Job No.", "Job Task No.", "Segment Code", "Amount is 0.00"):
            assert words in reasons


@pytest.mark.requirement("PP-49")
@quick
async def test_another_batch_and_lines_without_the_flag_are_not_held_back(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it)
        entered(it, journal_line(documentNumber="BAD", entryType="Usage"))
        post(it, journal_line(), journal_line("5", entryType="Usage", sendToProcore=False))
        await it.sync()

        assert [Decimal(line["amount"]) for line in cost_lines(it)] == [100]
        assert len(await it.ask("SELECT number FROM record_state WHERE flow = ?", FLOW)) == 2


@pytest.mark.requirement("PP-48", "C-10")
@quick
async def test_a_correction_goes_only_where_the_setting_lets_it(tmp_path: Path) -> None:
    for allowed in (False, True):
        folder = tmp_path / str(allowed)
        folder.mkdir()
        async with world(sqlite(folder), flows={FLOW: {"allow_negative": allowed}}) as it:
            stage(it)
            entered(it, journal_line("50", quantity=Decimal(-1)))
            await it.sync()

            assert [Decimal(line["amount"]) for line in cost_lines(it)] == ([-50] if allowed else [])


@pytest.mark.requirement("PP-53")
@quick
async def test_unposted_lines_never_leave(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it)
        await it.sync()
        places = it.places()
        batch = write_journal(it, journal_line(), journal_line("5"))
        await it.sync()
        for line in it.bc.tables.rows("projectJournalLines"):
            it.bc.tables.delete("projectJournalLines", line["id"])
        it.bc.tables.delete("projectJournalBatches", batch)
        await it.sync(full=True)

        assert it.writes(since=places[1]) == []
        assert [each for each in it.bc.log.since(0) if "Journal" in each.path] == []


@pytest.mark.requirement("C-50")
@quick
async def test_what_was_posted_before_the_start_is_history(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path), start_date="2026-03-31") as it:
        stage(it)
        post(it, journal_line("1", postingDate="2026-03-30", documentNumber="OLD"), journal_line("2"))
        await it.sync()

        assert [Decimal(line["amount"]) for line in cost_lines(it)] == [2]


# -- what it waits for -----------------------------------------------------------------------------


@pytest.mark.requirement("PP-51", "C-54")
@quick
async def test_a_line_of_a_job_that_is_not_linked_waits_and_then_goes_by_itself(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it, sendToProcore=False)
        post(it, journal_line())
        await it.sync()
        number = str(entries(it)[0]["entryNumber"])

        assert to_costs(it) == []
        assert await it.state(number, FLOW) == "parked"
        assert "waiting for project JOB1" in await it.reasons(number, FLOW)

        it.update("projects", {"number": "JOB1"}, sendToProcore=True)
        await it.sync()

        assert (await it.state(number, FLOW), len(costs(it))) == ("synced", 1)


@pytest.mark.requirement("C-60")
@quick
async def test_nothing_is_written_for_a_project_whose_flag_is_off(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it)
        await it.sync()
        it.update("projects", {"number": "JOB1"}, sendToProcore=False)
        post(it, journal_line())
        await it.sync()

        assert (costs(it), await it.state(str(entries(it)[0]["entryNumber"]), FLOW)) == ([], "excluded")

        it.update("projects", {"number": "JOB1"}, sendToProcore=True)
        await it.sync()

        assert len(costs(it)) == 1
