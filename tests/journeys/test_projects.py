"""Segments, projects, tasks: what an accountant sees in Procore after flagging a job in Business Central."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from adapters.sandbox.faults import Fault
from adapters.sandbox.request_log import Entry
from hub.report import ExitStatus
from tests.journeys.cli import called, written
from tests.journeys.harness import CUSTOMER, World, line, sqlite, world
from tests.journeys.quick import quick

pytestmark = pytest.mark.journey

PROJECTS = "/rest/v1.0/projects"
ITEMS = "segment_items"


def made(it: World, path: str, method: str = "POST") -> list[Entry]:
    """Successful requests to Procore by the end of their address."""
    return [each for each in it.writes() if each.method == method and each.path.endswith(path) and each.status < 300]


def custom(it: World, *rows: tuple[str, str]) -> None:
    """Segments of a named type: code and parent."""
    for code, parent in rows:
        it.insert(
            "segments", code=code, description=code, segmentType="LOCATION", parentCode=parent, sendToProcore=True
        )


@pytest.mark.requirement("PP-01")
async def test_the_check_names_both_companies_and_prints_no_secret(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        ended = await called("check", "--json", config=written(it, tmp_path))

        assert ended.status == 0, ended.err
        assert it.bc.service.company.name in ended.out
        assert str(it.procore.state.company_id) in ended.out
        assert "not-a-secret" not in ended.out + ended.err


@pytest.mark.requirement("PP-01", "C-09")
async def test_the_check_asks_for_what_flows_from_procore_write_and_says_what_may_surprise(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        ended = await called("check", "--json", config=written(it, tmp_path))

        for name in ("changeOrders", "timeSheetBufferEntries", "crewTimeSheetLines", "resources", "accountingPeriods"):
            assert f"Business Central {name}" in ended.out
        assert "entries of type Budget become actual direct costs" in ended.out


@pytest.mark.requirement("PP-01")
@quick
async def test_the_pair_is_fingerprinted_once(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        await it.sync()
        await it.sync()

        assert await it.ask("SELECT COUNT(*) FROM pair") == [(1,)]
        assert await it.ask("SELECT COUNT(*) FROM event_log WHERE event LIKE '%fingerprinted%'") == [(1,)]


@pytest.mark.requirement("PP-02", "PP-03", "C-15", "C-47")
@quick
async def test_segments_stand_in_procore_before_the_project_that_uses_them(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.basics()
        custom(it, ("NORTH", ""), ("SOUTH", ""))
        it.project("JOB1", segments=("NORTH", "SOUTH", "SITE"))

        report = await it.sync()
        places = it.places()
        again = await it.sync()

        assert report.status == ExitStatus.DONE
        segments, projects = made(it, ITEMS), made(it, PROJECTS)
        assert sorted(entry.body["code"] for entry in segments) == ["NORTH", "SOUTH"]
        assert max(entry.sequence for entry in segments) < min(entry.sequence for entry in projects)
        assert again.status == ExitStatus.DONE
        assert it.written(places) == 0


@pytest.mark.requirement("PP-02")
@quick
async def test_no_project_is_made_while_one_of_its_segments_is_refused(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.basics()
        custom(it, ("NORTH", ""))
        it.project("JOB1", segments=("NORTH",))
        it.procore.faults.add(Fault(kind="status", method="POST", path=f"{ITEMS}$", status=422, times=0))

        await it.sync()

        assert made(it, PROJECTS) == []
        assert await it.state("NORTH", "segment-to-segment-item") == "dead"
        assert await it.state("JOB1", "project-to-project") == "parked"
        assert "segment NORTH" in await it.reasons("JOB1", "project-to-project")


@pytest.mark.requirement("PP-03")
@quick
async def test_a_segment_that_differs_in_case_alone_is_not_made_twice(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.basics()
        custom(it, ("NORTH", ""))
        await it.sync()
        places = it.places()
        it.update("segments", {"code": "NORTH"}, description="North wing, new name")
        await it.sync()

        assert [entry.method for entry in it.writes(since=places[1])] == ["PATCH"]
        assert len(made(it, ITEMS)) == 1


@pytest.mark.requirement("PP-03", "PP-20")
@quick
async def test_a_blocked_segment_is_left_out_and_named(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.basics()
        it.insert("segments", code="OLD", description="Old", segmentType="LOCATION", blocked=True, sendToProcore=True)
        await it.sync()

        assert made(it, ITEMS) == []
        assert await it.state("OLD", "segment-to-segment-item") == "excluded"
        assert "blocked" in await it.reasons("OLD", "segment-to-segment-item")


@pytest.mark.requirement("PP-04")
@quick
async def test_a_child_segment_comes_after_its_parent_and_names_it(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        with it.bc.tables.older_data():
            custom(it, ("NORTH-L1-A", "NORTH-L1"), ("NORTH-L1", "NORTH"), ("NORTH", ""))
        await it.sync()

        requests = {entry.body["code"]: entry for entry in made(it, ITEMS)}
        assert [*requests] == ["NORTH", "NORTH-L1", "NORTH-L1-A"]
        assert requests["NORTH-L1"].body["parent_id"] == requests["NORTH"].answer["id"]
        assert requests["NORTH-L1-A"].body["parent_id"] == requests["NORTH-L1"].answer["id"]


@pytest.mark.requirement("PP-04")
@quick
async def test_segments_in_a_circle_are_rejected_and_nothing_is_written(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        with it.bc.tables.older_data():
            custom(it, ("A", "C"), ("B", "A"), ("C", "B"))
        report = await it.sync()

        assert report.status == ExitStatus.NEEDS_PERSON
        assert made(it, ITEMS) == []
        for code in "ABC":
            assert await it.state(code, "segment-to-segment-item") == "rejected"
            assert "circle" in await it.reasons(code, "segment-to-segment-item")


@pytest.mark.requirement("PP-04")
@quick
async def test_a_segment_that_moved_below_another_parent_is_put_before_a_person(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        custom(it, ("NORTH", ""), ("SOUTH", ""), ("L1", "NORTH"))
        await it.sync()
        it.update("segments", {"code": "L1"}, parentCode="SOUTH")
        places = it.places()
        report = await it.sync()

        assert report.status == ExitStatus.NEEDS_PERSON
        assert it.writes(since=places[1]) == []
        assert await it.state("L1", "segment-to-segment-item") == "conflict"
        assert "another parent" in await it.reasons("L1", "segment-to-segment-item")


@pytest.mark.requirement("PP-03", "PP-04")
@quick
async def test_a_segment_that_procore_refuses_holds_up_no_other(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        custom(it, ("NORTH", ""), ("SOUTH", ""))
        it.procore.faults.add(Fault(kind="status", method="POST", path=f"{ITEMS}$", status=422, times=1))
        report = await it.sync()

        assert report.status == ExitStatus.NEEDS_PERSON
        states = report.document["states"]["segment-to-segment-item"]
        assert states == {"dead": 1, "synced": 1}


@pytest.mark.requirement("PP-05", "PP-06", "C-16", "C-48")
@quick
async def test_every_segment_of_a_project_has_exactly_one_sub_job(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.basics()
        it.project("JOB1", segments=("SITE", "BLDG"))
        it.project("JOB2", segments=("SITE",))
        await it.sync()

        rows = await it.ask(
            "SELECT bc_number, procore_resource, procore_id FROM cross_reference"
            " WHERE flow = 'project-segment-to-sub-job' ORDER BY bc_number"
        )
        assert [row[0] for row in rows] == ["JOB1|BLDG", "JOB1|SITE", "JOB2|SITE"]
        assert {row[1] for row in rows} == {"sub_jobs"}
        assert sorted(int(row[2]) for row in rows) == sorted(row["id"] for row in it.procore.rows("sub_jobs"))
        for project, segment in (("JOB1", "BLDG"), ("JOB1", "SITE"), ("JOB2", "SITE")):
            back = it.row("projectSegments", projectNumber=project, segmentCode=segment)["procoreSubJobId"]
            assert (f"{project}|{segment}", "sub_jobs", str(back)) in rows


@pytest.mark.requirement("PP-06", "C-16")
@quick
async def test_a_sub_job_that_procore_made_meanwhile_is_taken_and_not_doubled(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.basics()
        it.project("JOB1", segments=("SITE",))
        it.procore.faults.add(Fault(kind="status", path="/sub_jobs", status=404, times=0))
        await it.sync()
        it.procore.faults.clear()
        project = it.procore.find("projects", project_number="JOB1")
        it.procore.add_sub_job(project["id"], "SITE", "made by Procore")
        await it.settle()

        assert it.procore.count("sub_jobs") == 1
        assert it.procore.find("sub_jobs")["origin_id"]
        assert it.row("projectSegments", projectNumber="JOB1")["procoreSubJobId"] == it.procore.find("sub_jobs")["id"]


@pytest.mark.requirement("PP-07")
@quick
async def test_a_project_without_the_flag_never_reaches_procore(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.basics(segments=(), vendors=())
        await it.sync()
        places = it.places()
        it.project("JOB1", segments=(), sendToProcore=False)
        report = await it.sync()

        assert it.writes(since=places[1]) == []
        assert "project-to-project" not in report.document["states"]


@pytest.mark.requirement("PP-07", "C-60")
@quick
async def test_a_flag_that_is_turned_off_and_on_again_keeps_one_project(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.basics()
        it.project("JOB1")
        await it.sync()
        for _ in range(2):
            it.update("projects", {"number": "JOB1"}, sendToProcore=False)
            places = it.places()
            it.update("projects", {"number": "JOB1"}, displayName="Renamed while off")
            await it.sync()

            assert it.writes(since=places[1]) == []
            assert await it.state("JOB1", "project-to-project") == "excluded"

            it.update("projects", {"number": "JOB1"}, sendToProcore=True)
            await it.sync()

            assert await it.state("JOB1", "project-to-project") == "synced"
        assert it.procore.count("projects", project_number="JOB1") == 1
        assert it.procore.find("projects", project_number="JOB1")["name"] == "Renamed while off"
        assert [entry.method for entry in it.writes() if entry.method == "DELETE"] == []


@pytest.mark.requirement("C-60")
@quick
async def test_nothing_of_a_project_moves_while_its_flag_is_off(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.typical()
        await it.sync()
        it.update("projects", {"number": "JOB1"}, sendToProcore=False)
        await it.sync()
        it.reopen("PO1")
        it.update("purchaseOrders", {"number": "PO1"}, yourReference="Changed while off")
        it.update("projectTasks", {"taskNumber": "01-100"}, description="Changed while off")
        places = it.places()
        await it.sync()

        assert it.writes(since=places[1]) == []
        for number, flow in (
            ("PO1", "purchase-order-to-commitment"),
            ("JOB1|01-100", "project-task-to-cost-code"),
            ("JOB1|SITE", "project-segment-to-sub-job"),
        ):
            assert await it.state(number, flow) == "excluded"
            assert "project flag off" in await it.reasons(number, flow)

        it.update("projects", {"number": "JOB1"}, sendToProcore=True)
        await it.sync()

        assert it.contracts()[0]["title"] == "Changed while off"
        assert {row["name"] for row in it.procore.rows("cost_codes")} >= {"Changed while off"}


@pytest.mark.requirement("C-60", "PP-07")
@quick
async def test_a_project_that_changes_while_its_flag_is_off_lets_nothing_through(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.typical()
        await it.sync()
        it.update("projects", {"number": "JOB1"}, sendToProcore=False)
        await it.sync()
        it.update("projects", {"number": "JOB1"}, displayName="Renamed while off")
        it.update("projectTasks", {"taskNumber": "01-100"}, description="Changed while off")
        it.order("PO2", "JOB1", [line("03-300", "BLDG", "L")])
        places = it.places()
        await it.sync()

        assert it.writes(since=places[1]) == []
        assert it.writes("business_central", since=places[0]) == []
        assert await it.state("PO2") == "excluded"


@pytest.mark.requirement("C-60", "PP-07")
@quick
async def test_a_flag_that_goes_off_counts_for_all_that_changed_with_it(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.typical()
        await it.sync()
        it.update("projectTasks", {"taskNumber": "01-100"}, description="Changed just before")
        it.update("projects", {"number": "JOB1"}, sendToProcore=False)
        places = it.places()
        await it.sync()

        assert it.writes(since=places[1]) == []


@pytest.mark.requirement("C-52")
@quick
async def test_a_segment_that_somebody_adds_before_the_hub_does_is_the_one(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.basics()
        it.project("JOB1", tasks=("01-100",), segments=("SITE",))
        it.order("PO1", "JOB1", [line("01-100", "BLDG", "M", "2", "10.00")])
        it.bc.faults.add(Fault(kind="status", status=400, path="projectSegments", method="POST", parts=True))
        it.bc.faults.add(Fault(kind="status", status=400, path="projectSegments", method="POST"))
        await it.sync()
        assert await it.state("JOB1|BLDG", "project-segment-to-sub-job") == "dead"
        it.insert("projectSegments", projectNumber="JOB1", segmentCode="BLDG")
        report = await it.sync()

        assert report.status == ExitStatus.DONE, report.document["problems"]
        assert (await it.sync(full=True)).status == ExitStatus.DONE
        assert it.procore.count("sub_jobs", code="BLDG") == 1
        assert len(it.lines()) == 1


@pytest.mark.requirement("PP-20")
@quick
async def test_what_belongs_to_a_deleted_project_is_left_alone(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.typical()
        it.reopen("PO1")
        await it.sync()
        it.delete("projects", number="JOB1")
        it.update("purchaseOrders", {"number": "PO1"}, yourReference="Changed afterwards")
        places = it.places()
        await it.sync()

        assert it.writes(since=places[1]) == []
        assert await it.state("JOB1", "project-to-project") == "deleted"
        assert await it.state("JOB1|01-100", "project-task-to-cost-code") == "deleted"
        assert await it.state("PO1") == "excluded"
        assert "project deleted" in await it.reasons("PO1")


@pytest.mark.requirement("PP-08", "PP-09", "PF-21", "C-01")
@quick
async def test_a_project_carries_its_number_name_dates_and_address(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.basics()
        it.project(
            "JOB1",
            displayName="Lakeside Hospital",
            description2="East wing",
            startingDate="2026-03-31",
            endingDate="2027-01-01",
            addressLine1="410 Harbor Drive",
            city="Milwaukee",
            state="Wisconsin",
            country="US",
            postalCode="53202",
        )
        report = await it.sync()
        project = it.procore.find("projects", project_number="JOB1")

        assert report.status == ExitStatus.DONE
        assert len(made(it, PROJECTS)) == 1
        assert project["name"] == "Lakeside Hospital"
        assert project["description"] == "East wing"
        assert (project["start_date"], project["completion_date"]) == ("2026-03-31", "2027-01-01")
        assert (project["address"], project["city"], project["zip"]) == ("410 Harbor Drive", "Milwaukee", "53202")
        assert project["country_code"] == "US"
        assert not project.get("state_code")  # no two-letter code: left out and said, not guessed
        assert project["origin_id"] == f"bc:{it.bc.company_id}:projects:{it.row('projects', number='JOB1')['id']}"
        told = (await it.told("JOB1"))[0]
        assert "State Wisconsin" in str(told)
        assert f"customer {CUSTOMER}" in str(told)


@pytest.mark.requirement("PP-08", "C-55")
@quick
async def test_a_number_that_procore_has_already_is_not_used_twice(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.basics()
        it.procore.add_project("Somebody's", project_number="JOB1")
        it.procore.add_project("Another integration's", project_number="JOB2", origin_id="sage:77")
        it.project("JOB1")
        it.project("JOB2", segments=())
        await it.sync()

        assert made(it, PROJECTS) == []
        assert await it.state("JOB1", "project-to-project") == "parked"
        assert "number JOB1 exists in Procore" in await it.reasons("JOB1", "project-to-project")
        assert "link or rename" in await it.reasons("JOB1", "project-to-project")
        assert await it.state("JOB2", "project-to-project") == "conflict"
        assert "sage:77" in await it.reasons("JOB2", "project-to-project")


@pytest.mark.requirement("C-54", "C-55")
@quick
async def test_a_number_that_was_freed_in_procore_is_noticed_by_the_next_round(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.basics()
        other = it.procore.add_project("Somebody's", project_number="JOB1")
        it.project("JOB1")
        await it.sync()
        it.procore.set_any("projects", other["id"], project_number="JOB1-OLD")
        report = await it.sync()

        assert report.status == ExitStatus.DONE
        assert await it.state("JOB1", "project-to-project") == "synced"


@pytest.mark.requirement("PP-08")
@quick
async def test_an_account_that_may_not_make_projects_is_said_in_procores_words(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.basics()
        it.project("JOB1")
        it.procore.settings.may_create_projects = False
        report = await it.sync()

        assert report.status == ExitStatus.NEEDS_PERSON
        assert await it.state("JOB1", "project-to-project") == "dead"
        assert "not permitted to create projects" in await it.reasons("JOB1", "project-to-project")
        assert it.procore.count("projects") == 0


@pytest.mark.requirement("PP-10", "PP-33")
@quick
async def test_a_failed_write_back_is_repeated_without_making_anything_again(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.typical()
        for path in ("projects", "purchaseOrders"):
            it.bc.faults.add(Fault(kind="status", method="PATCH", path=rf"/{path}\(", status=503, times=2))
            it.bc.faults.add(
                Fault(kind="status", method="PATCH", path=rf"^/?{path}\(", status=503, times=2, parts=True)
            )
        report = await it.settle()

        assert report.status == ExitStatus.DONE
        assert len(made(it, PROJECTS)) == 1
        project = it.procore.find("projects", project_number="JOB1")
        assert it.row("projects", number="JOB1")["procoreProjectId"] == project["id"]
        assert it.row("purchaseOrders", number="PO1")["procoreCommitmentId"] == it.contracts()[0]["id"]
        assert len(it.contracts()) == 1


@pytest.mark.requirement("PP-10")
@quick
async def test_every_record_that_was_carried_has_one_entry_in_the_sync_log(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.typical()
        await it.sync()
        entries = it.bc.tables.rows("syncLogEntries")
        by_record = {(entry["entitySetName"], entry["recordNumber"]): entry for entry in entries}

        assert len(entries) == len(by_record)
        project = by_record["projects", "JOB1"]
        assert project["procoreId"] == it.procore.find("projects", project_number="JOB1")["id"]
        assert project["status"] == "Synced"
        assert by_record["purchaseOrders", "PO1"]["procoreId"] == it.contracts()[0]["id"]


@pytest.mark.requirement("PP-11")
@quick
async def test_nothing_is_sent_before_what_it_stands_on(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.basics()
        custom(it, ("NORTH", ""))
        it.project("JOB1", segments=("SITE", "NORTH"))
        it.order("PO1", "JOB1", [line("01-100", "SITE", "M")], release=True)
        await it.sync()

        first: dict[str, int] = {}
        for entry in it.writes():
            first.setdefault("/".join(entry.path.split("/")[-2:]), entry.sequence)
        place: Callable[[str], int] = lambda end: next(at for path, at in first.items() if path.endswith(end))  # noqa: E731
        order = (
            ITEMS,
            "v1.0/projects",
            "add_segment",
            "sub_jobs/sync",
            "cost_codes/sync",
            "bulk_create",
            "contracts/sync",
            "line_items/sync",
        )
        chain = [place(end) for end in order if end != "cost_codes/sync"]
        assert chain == sorted(chain)
        assert place("v1.0/projects") < place("cost_codes/sync") < place("bulk_create")


@pytest.mark.requirement("PP-16", "C-48", "C-53")
@quick
async def test_posting_tasks_become_cost_codes_under_their_headings_and_totals_never_do(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.basics()
        it.project("JOB1", tasks=())
        it.task("JOB1", "01", "Begin-Total")
        it.task("JOB1", "01-100")
        it.task("JOB1", "01-999", "End-Total", totaling="01..01-999")
        it.task("JOB1", "03-300")
        it.task("JOB1", "05", "Heading")  # nothing stands below it
        report = await it.sync()

        codes = {row["code"]: row for row in it.procore.rows("cost_codes")}
        assert report.status == ExitStatus.DONE
        assert set(codes) == {"01", "100", "03-300"}
        assert codes["100"]["parent_id"] == codes["01"]["id"]
        assert not codes["03-300"].get("parent_id")
        assert await it.state("JOB1|01-999", "project-task-to-cost-code") == ""


@pytest.mark.requirement("PP-16", "PP-19")
@quick
async def test_a_renumbered_task_keeps_its_cost_code_and_its_orders_follow_in_the_same_round(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.typical(release=False)
        await it.sync()
        it.update("projectTasks", {"taskNumber": "01-100"}, taskNumber="01-200")
        report = await it.sync()

        assert report.document["problems"] == []
        assert {row["code"] for row in it.procore.rows("cost_codes")} == {"01-200", "03-300"}
        assert await it.state("PO1") == "synced"
        codes = {row["wbs_code_id"] for row in it.lines()}
        assert {"01-200" in it.procore.flat_code(code) for code in codes} == {True}
        places = it.places()
        await it.sync()

        assert it.written(places) == 0


@pytest.mark.requirement("PP-23", "C-03")
@quick
async def test_a_job_made_from_a_change_order_lives_in_its_parents_project(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.basics()
        it.project("JOB1")
        await it.sync()  # the parent is at work when a change order makes the child
        child = {"parentProjectNumber": "JOB1", "projectClass": "NPC Change Order"}
        it.project("JOB1-C", tasks=("01-100", "09-900"), segments=("SITE", "BLDG"), **child)
        it.order("PO1", "JOB1-C", [line("01-100", "SITE", "M"), line("09-900", "BLDG", "M")])
        report = await it.sync()

        assert report.status == ExitStatus.DONE
        assert report.document["problems"] == []
        assert it.procore.count("projects") == 1
        assert it.procore.count("sub_jobs") == 2
        assert it.procore.count("cost_codes") == 2
        (contract,) = it.procore.rows("purchase_order_contracts")
        assert contract["project_id"] == it.procore.find("projects")["id"]
        places = it.places()
        await it.sync()

        assert it.written(places) == 0


@pytest.mark.requirement("PP-18", "C-23")
@quick
async def test_equal_codes_in_two_projects_do_not_cross(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.basics()
        for number, cost in (("JOB1", "10"), ("JOB2", "20")):
            it.project(number)
            it.order(f"PO-{number}", number, [line("01-100", "SITE", "M", "1", cost)], release=True)
        await it.sync()

        for number, cost in (("JOB1", "10"), ("JOB2", "20")):
            project = it.procore.find("projects", project_number=number)
            contract = it.contracts(number=f"PO-{number}")[0]
            found = it.lines(contract_id=contract["id"])[0]
            code = next(row for row in it.procore.rows("wbs_codes") if row["id"] == found["wbs_code_id"])
            assert contract["project_id"] == project["id"]
            assert code["project_id"] == project["id"]
            assert Decimal(str(found["amount"])) == Decimal(cost)
            assert "01-100" in it.procore.flat_code(code["id"])


@pytest.mark.requirement("PP-19")
@quick
async def test_a_later_change_reaches_the_same_record(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.typical()
        await it.sync()
        known = it.procore.find("projects", project_number="JOB1")["id"]
        places = it.places()
        it.update("projects", {"number": "JOB1"}, displayName="New name")
        it.update("projectTasks", {"taskNumber": "01-100"}, description="New task name")
        await it.sync()

        assert {(entry.method, entry.path) for entry in it.writes(since=places[1])} == {
            ("PATCH", f"/rest/v1.0/projects/{known}"),
            ("PATCH", "/rest/v1.0/cost_codes/sync"),
        }
        assert it.procore.find("projects", project_number="JOB1")["name"] == "New name"
        assert it.procore.count("cost_codes", name="New task name") == 1
        assert it.procore.count("cost_codes") == 2


@pytest.mark.requirement("PP-20", "PF-09")
@quick
async def test_what_is_deleted_in_business_central_stays_in_procore(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.basics()
        it.project("JOB1", tasks=("01-100", "03-300"))
        await it.sync()
        it.delete("projectTasks", taskNumber="03-300")
        places = it.places()
        report = await it.sync()

        assert it.written(places) == 0
        assert it.procore.count("cost_codes") == 2
        assert report.document["states"]["project-task-to-cost-code"] == {"deleted": 1, "synced": 1}

        it.task("JOB1", "03-300")  # the same number, another record: nothing stands there twice
        await it.sync()

        assert it.procore.count("cost_codes") == 2


@pytest.mark.requirement("C-44")
@quick
async def test_what_carries_the_opt_out_tag_stays_out(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path), exclude_tags=["NOTPROCORE", "JOB2"]) as it:
        it.basics()
        it.project("JOB1", description2="NOTPROCORE please")
        it.project("JOB2", segments=())
        it.project("JOB3", segments=())
        await it.sync()

        assert {row["project_number"] for row in it.procore.rows("projects")} == {"JOB3"}
        assert "tag NOTPROCORE" in await it.reasons("JOB1", "project-to-project")
        assert "tag JOB2" in await it.reasons("JOB2", "project-to-project")


@pytest.mark.requirement("C-47", "PF-10")
@quick
async def test_where_procore_bars_custom_segments_they_live_as_sub_jobs(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.basics()
        custom(it, ("NORTH", ""))
        it.project("JOB1", segments=("NORTH",))
        it.procore.settings.custom_segments_allowed = False
        report = await it.sync()

        assert report.status == ExitStatus.DONE, report.document["problems"]
        assert await it.state("NORTH", "segment-to-segment-item") == "excluded"
        assert {row["code"] for row in it.procore.rows("sub_jobs")} == {"NORTH"}


@pytest.mark.requirement("C-52")
@quick
async def test_a_segment_that_only_a_line_uses_gets_its_row_in_business_central_first(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.basics()
        it.project("JOB1", segments=("SITE",))
        it.order("PO1", "JOB1", [line("01-100", "BLDG", "M")], release=True)
        report = await it.sync()

        assert report.status == ExitStatus.DONE, report.document["problems"]
        row = it.row("projectSegments", projectNumber="JOB1", segmentCode="BLDG")
        sub_job = it.procore.find("sub_jobs", code="BLDG")
        assert sub_job["origin_id"] == f"bc:{it.bc.company_id}:projectSegments:{row['id']}"
        assert row["procoreSubJobId"] == sub_job["id"]
        assert it.procore.count("sub_jobs", code="BLDG") == 1

        places = it.places()
        await it.sync()

        assert it.written(places) == 0


@pytest.mark.requirement("PP-20", "PP-05", "PP-16")
@quick
async def test_a_row_that_is_made_again_under_its_old_key_takes_its_counterpart_over(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.basics()
        it.project("JOB1")
        await it.sync()
        it.delete("projectSegments", projectNumber="JOB1", segmentCode="SITE")
        it.delete("projectTasks", projectNumber="JOB1", taskNumber="01-100")
        await it.sync()
        segment = it.insert("projectSegments", projectNumber="JOB1", segmentCode="SITE", description="Site, again")
        task = it.task("JOB1", "01-100")
        await it.sync()

        (sub_job,) = it.procore.rows("sub_jobs")
        (code,) = it.procore.rows("cost_codes", code="01-100")
        assert sub_job["name"] == "Site, again"
        assert sub_job["origin_id"] == f"bc:{it.bc.company_id}:projectSegments:{segment['id']}"
        assert code["origin_id"] == f"bc:{it.bc.company_id}:projectTasks:{task['id']}"
        assert it.row("projectSegments", segmentCode="SITE")["procoreSubJobId"] == sub_job["id"]
