"""An entry waits for all it needs, becomes one row and one line, and follows Procore until somebody submits it."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from domain.decide import Bury, Clash, Exclude, Park, Reject, Send, Settle
from domain.delivery import Listing
from domain.endpoints import time as endpoints
from domain.events import LinkRow
from domain.flow import Known
from domain.flows.time_sheet_to_crew_time_sheet import FLOW
from domain.values import PROCORE, Json
from tests.ledger_story import Lists, Passage, moment, unlinked

ENTRY, SHEET = "900", "700"
CREATE, PROCESS = "bc.timeSheetBufferEntries.create", "bc.timeSheetBufferEntries.process"


def entry(**fields: Any) -> Json:
    """Eight hours of Anna on SITE.01-100.L of job J1."""
    return {
        "id": ENTRY,
        "updated_at": "2026-03-30T18:00:00Z",
        "timesheetId": SHEET,
        "timesheetName": "2026-03-30 - 01",
        "timesheetStatus": "approved",
        "approvalStatus": "approved",
        "workDate": "2026-03-30",
        "hours": "8.00",
        "description": "Forming",
        "workerId": "31",
        "workerName": "Anna Lund",
        "loginId": "",
        "costCodeId": "60",
        "costCodeName": "Formwork",
        "subJobId": "50",
        "subJobCode": "SITE",
        "lineItemTypeId": "40",
        "timeType": "Regular",
        "procoreProjectId": "701",
        "projectName": "Harbour House",
        "jobNumber": "J1",
        **fields,
    }


def of(number: str, procore_id: str, facet: str = "", role: str = "primary") -> Known:
    return Known("synced", LinkRow("", "id", number, "", procore_id, "701", role), "record", facet)


LINKED: Mapping[tuple[str, str], Known] = {
    ("project", "procore:701"): of("J1", "701"),
    ("project_task", "procore:60"): of("J1|01-100", "60", "Posting"),
    ("project_segment", "procore:50"): of("J1|SITE", "50"),
    ("cost_type", "procore:40"): of("L", "40"),
}


def resource(number: str = "R1", **fields: Any) -> Json:
    usual = {"procoreWorkerId": 31, "employeeNumber": "", "blocked": False, "useCrewTimeSheet": True}
    return {"@odata.etag": "1", "id": number, "number": number, **usual, **fields}


MARCH = {"id": "3", "startingDate": "2026-03-01", "endingDate": "2026-03-31", "closed": False}


def line(**fields: Any) -> Json:
    """The line that the entry became."""
    return {
        "@odata.etag": 'W/"1"',
        "id": "line-1",
        "crewTimeSheetNumber": "TIME01",
        "lineNumber": 10000,
        "resourceNumber": "R1",
        "workDate": "2026-03-30",
        "hours": Decimal(8),
        "jobNumber": "J1",
        "jobTaskNumber": "01-100",
        "costTypeCode": "L",
        "segmentCode": "SITE",
        "workTypeCode": "",
        "status": "Open",
        "posted": False,
        "description": "Forming",
        "timeSheetHeaderId": int(SHEET),
        "timeSheetLineId": int(ENTRY),
        **fields,
    }


def row(**fields: Any) -> Json:
    """The buffer row of the entry."""
    return {
        "@odata.etag": 'W/"2"',
        "id": "row-1",
        "entryNumber": 5,
        "procoreTimesheetId": int(SHEET),
        "procoreTimecardEntryId": int(ENTRY),
        "timesheetName": "2026-03-30 - 01",
        "procoreStatus": "Approved",
        "workDate": "2026-03-30",
        "hours": Decimal(8),
        "description": "Forming",
        "procoreProjectId": 701,
        "procoreWorkerId": 31,
        "jobNumber": "J1",
        "jobTaskNumber": "01-100",
        "segmentCode": "SITE",
        "costTypeCode": "L",
        "resourceNumber": "R1",
        "workTypeCode": "",
        "processingStatus": "Processed",
        "errorMessage": "",
        **fields,
    }


class Entry(Passage):
    """One entry, and lists of Business Central that a story changes as it goes on."""

    def __init__(
        self,
        *,
        resources: tuple[Json, ...] = (resource(),),
        more: Mapping[tuple[str, str], Known] | None = None,
        settings: Mapping[str, Any] | None = None,
        **fields: Any,
    ) -> None:
        self.there: dict[Listing, list[Json]] = Lists(  # type: ignore[assignment]
            {endpoints.RESOURCES: list(resources), endpoints.PERIODS: [MARCH]}
        )
        super().__init__(
            FLOW, entry(**fields), references={**LINKED, **(more or {})}, lists=self.there, settings=settings
        )

    def shows(self, *, rows: tuple[Json, ...] = (), lines: tuple[Json, ...] = ()) -> "Entry":
        """Business Central holds this of the timesheet now."""
        self.there[endpoints.buffer_rows(SHEET)] = list(rows)
        self.there[endpoints.crew_lines(SHEET)] = list(lines)
        return self

    def joined(self, **fields: Any) -> "Entry":
        """The entry became a line."""
        self.carry_all()
        self.shows(rows=(row(),), lines=(line(**fields),))
        decision = self.decide()
        assert isinstance(decision, Settle), decision
        self.record.link(FLOW.name, decision.links, moment())
        return self

    def waits(self) -> str:
        decision = self.decide()
        assert isinstance(decision, Park), decision
        return "; ".join(wait.text for wait in decision.waits)


# -- the way in -----------------------------------------------------------------------------------------


@pytest.mark.requirement("PP-83", "PP-89", "PP-90", "PP-91", "PP-92", "PP-93")
def test_an_entry_becomes_a_buffer_row_with_every_column_and_is_processed() -> None:
    making = Entry()
    (part,) = making.sends()

    assert part.endpoint == CREATE
    assert part.body == {
        "id": part.key,
        "procoreTimesheetId": 700,
        "procoreTimecardEntryId": 900,
        "timesheetName": "2026-03-30 - 01",
        "procoreStatus": "Approved",
        "workDate": "2026-03-30",
        "hours": Decimal("8.00"),
        "description": "Forming",
        "procoreProjectId": 701,
        "procoreWorkerId": 31,
        "jobNumber": "J1",
        "jobTaskNumber": "01-100",
        "segmentCode": "SITE",
        "costTypeCode": "L",
        "resourceNumber": "R1",
        "workTypeCode": "",
    }
    making.carry(buffer_row=part.key)
    (process,) = making.sends()
    assert (process.endpoint, process.target_id, process.body) == (PROCESS, part.key, {})


@pytest.mark.requirement("PP-83", "PP-91")
def test_the_row_has_the_same_id_whoever_makes_it() -> None:
    assert Entry().sends()[0].key == Entry(hours="4.00").sends()[0].key


@pytest.mark.requirement("PP-91")
def test_the_entry_is_joined_with_its_row_and_its_line_once_there_is_one() -> None:
    making = Entry()
    making.carry_all()
    making.shows(rows=(row(),), lines=(line(),))
    decision = making.decide()

    assert isinstance(decision, Settle)
    assert [
        (link.bc_set, link.bc_id, link.bc_number, link.procore_parent_id, link.role) for link in decision.links
    ] == [
        ("timeSheetBufferEntries", "row-1", "5", SHEET, "primary"),
        ("crewTimeSheetLines", "line-1", "TIME01|10000", SHEET, "line"),
    ]


@pytest.mark.requirement("PP-85", "C-21")
def test_a_line_that_is_there_already_is_taken_over_and_nothing_is_made() -> None:
    making = Entry().shows(lines=(line(),))

    assert isinstance(making.decide(), Settle)


def test_a_row_that_is_there_already_is_corrected_before_it_is_processed() -> None:
    making = Entry().shows(rows=(row(id="theirs", processingStatus="New", hours=Decimal(5)),))
    (part,) = making.carry()

    assert (part.endpoint, part.target_id, part.body["hours"]) == ("bc.timeSheetBufferEntries", "theirs", Decimal(8))
    assert "timesheetName" not in part.body
    assert making.sends()[0].target_id == "theirs"


@pytest.mark.requirement("PP-83")
def test_what_business_central_skips_waits_with_its_words_and_goes_again_when_the_resource_changed() -> None:
    making = Entry()
    making.carry_all()
    skipped = row(processingStatus="Skipped", errorMessage="The resource R1 does not use crew time sheets.")
    making.shows(rows=(skipped,))

    assert making.waits() == "The resource R1 does not use crew time sheets."
    making.there[endpoints.RESOURCES] = [resource(**{"@odata.etag": "2"})]
    assert [part.endpoint for part in making.sends()] == [PROCESS]


@pytest.mark.requirement("PP-90", "C-23")
def test_sub_job_and_cost_type_may_be_missing() -> None:
    (part,) = Entry(subJobId="", lineItemTypeId="").sends()

    assert (part.body["segmentCode"], part.body["costTypeCode"]) == ("", "")


# -- what it waits for ----------------------------------------------------------------------------------


@pytest.mark.requirement("PP-82", "PP-89", "PP-90", "C-23")
@pytest.mark.parametrize(
    ("kind", "key", "words"),
    [
        ("project", "procore:701", "waiting for Procore project Harbour House (701) to be linked"),
        ("project_task", "procore:60", "waiting for cost code Formwork (60)"),
        ("project_segment", "procore:50", "waiting for sub job SITE (50)"),
        ("cost_type", "procore:40", "waiting for cost type 40"),
    ],
)
def test_an_entry_waits_for_its_project_and_for_every_code_by_id(kind: str, key: str, words: str) -> None:
    assert Entry(more={(kind, key): unlinked()}).waits() == words


@pytest.mark.requirement("PP-86")
def test_an_unknown_worker_is_named() -> None:
    assert Entry(resources=()).waits() == "worker 31 is no resource of Business Central"


@pytest.mark.requirement("PP-86")
def test_a_worker_is_found_by_the_employee_id_of_the_person() -> None:
    making = Entry(resources=(resource(procoreWorkerId=0, employeeNumber="E-7"), resource("R2", procoreWorkerId=99)))
    making.there[endpoints.people("4711")] = [{"id": 31, "user_id": 8, "employee_id": "e-7"}]

    assert making.sends()[0].body["resourceNumber"] == "R1"


@pytest.mark.requirement("PP-86")
def test_a_worker_who_is_named_by_the_login_alone_is_found_among_the_people() -> None:
    making = Entry(workerId="", loginId="8")
    making.there[endpoints.people("4711")] = [{"id": 31, "user_id": 8, "employee_id": ""}]
    body = making.sends()[0].body

    assert (body["resourceNumber"], body["procoreWorkerId"]) == ("R1", 31)


@pytest.mark.requirement("PP-86")
def test_a_login_is_never_taken_for_a_party() -> None:
    making = Entry(workerId="", loginId="31")

    assert making.waits() == "login 31 is no resource of Business Central"


@pytest.mark.requirement("PP-86")
def test_two_resources_for_one_worker_are_for_a_person_to_settle() -> None:
    decision = Entry(resources=(resource("R2"), resource())).decide()

    assert isinstance(decision, Clash)
    assert decision.reason == "worker 31 is more than one resource of Business Central: R1 and R2"


@pytest.mark.requirement("PP-86", "PP-87")
@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"useCrewTimeSheet": False}, "resource R1 of worker 31 does not use crew time sheets"),
        ({"blocked": True}, "resource R1 of worker 31 is blocked"),
    ],
)
def test_a_resource_that_may_not_be_booked_on_is_named(fields: dict[str, Any], words: str) -> None:
    assert Entry(resources=(resource(**fields),)).waits() == words


@pytest.mark.requirement("PP-88", "C-24")
@pytest.mark.parametrize(
    ("day", "words"),
    [
        ("2026-04-01", "the work date 2026-04-01 is in no accounting period"),
        ("2026-03-31", "the accounting period of 2026-03-31 is closed"),
    ],
)
def test_a_day_outside_of_the_open_periods_waits(day: str, words: str) -> None:
    making = Entry(workDate=day)
    making.there[endpoints.PERIODS] = [{**MARCH, "closed": True}]

    assert making.waits() == words


@pytest.mark.requirement("PP-92")
def test_overtime_is_never_guessed() -> None:
    assert "time type Overtime has no Work Type Code" in Entry(timeType="Overtime").waits()
    mapped = Entry(timeType="Overtime", settings={"work_types": {"Regular": "", "Overtime": "ot"}})
    assert mapped.sends()[0].body["workTypeCode"] == "OT"


# -- what is left out, and what is wrong ----------------------------------------------------------------


@pytest.mark.requirement("PP-84", "PP-92", "C-19")
@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"approvalStatus": "reviewed", "costCodeId": ""}, "status reviewed"),
        ({"approvalStatus": "completed"}, "status completed"),
        ({"hours": "0.00"}, "0 hours"),
    ],
)
def test_other_statuses_and_no_hours_are_left_out_whatever_else_is_missing(fields: dict[str, Any], rule: str) -> None:
    decision = Entry(resources=(), **fields).decide()

    assert decision == Exclude(rule)


@pytest.mark.requirement("C-19")
def test_a_setting_lets_another_status_in() -> None:
    (part,) = Entry(approvalStatus="completed", settings={"statuses": {"completed": "Approved"}}).sends()

    assert part.body["procoreStatus"] == "Approved"


@pytest.mark.requirement("PP-89", "PP-91")
def test_every_missing_field_is_named_at_once() -> None:
    fields = dict.fromkeys(("timesheetId", "workDate", "hours", "costCodeId", "workerId"), "")
    decision = Entry(**fields).decide()

    assert isinstance(decision, Reject)
    assert [violation.field for violation in decision.violations] == [
        *("Timesheet", "Date", "Hours", "Cost Code"),
        "Employee",
    ]


@pytest.mark.parametrize(("fields", "field"), [({"hours": "-1.00"}, "Hours"), ({"workDate": "30.3."}, "Date")])
def test_hours_below_nothing_and_days_that_are_none_are_refused(fields: dict[str, Any], field: str) -> None:
    decision = Entry(**fields).decide()

    assert isinstance(decision, Reject)
    assert [violation.field for violation in decision.violations] == [field]


@pytest.mark.requirement("PP-89")
def test_time_on_a_heading_waits_for_it_to_be_a_posting_task() -> None:
    making = Entry(more={("project_task", "procore:60"): of("J1|01", "60", "Heading")})

    assert making.waits() == "task 01 of project J1 is of type Heading; time is booked on Posting tasks alone"


# -- the same project -----------------------------------------------------------------------------------


@pytest.mark.requirement("PP-96")
def test_a_code_that_a_child_job_brought_forth_is_booked_on_the_project_of_the_time() -> None:
    child = {
        ("project_task", "procore:60"): of("J1-1|01-100", "60", "Posting"),
        ("project_task", "J1|01-100"): of("J1|01-100", "60", "Posting", "derived"),
    }
    body = Entry(more=child).sends()[0].body

    assert (body["jobNumber"], body["jobTaskNumber"]) == ("J1", "01-100")


@pytest.mark.requirement("PP-96")
def test_a_task_of_the_child_alone_is_waited_for_and_never_booked_on_the_child() -> None:
    child = {
        ("project_task", "procore:60"): of("J1-1|07", "60", "Posting"),
        ("project_task", "J1|07"): unlinked(),
    }

    assert Entry(more=child).waits() == "cost code 07 belongs to project J1-1; waiting for the same one of project J1"


@pytest.mark.requirement("PP-96")
def test_a_task_of_the_same_name_with_another_cost_code_is_not_taken_instead() -> None:
    child = {
        ("project_task", "procore:60"): of("J1-1|07", "60", "Posting"),
        ("project_task", "J1|07"): of("J1|07", "61", "Posting"),
    }

    assert Entry(more=child).waits() == "cost code 07 (60) belongs to project J1-1, the time to project J1"


# -- later changes --------------------------------------------------------------------------------------


@pytest.mark.requirement("C-19")
@pytest.mark.parametrize(
    ("fields", "sent"),
    [
        ({"hours": "7.50"}, {"hours": Decimal("7.50")}),
        ({"description": "Pouring"}, {"description": "Pouring"}),
        ({"workDate": "2026-03-31"}, {"workDate": "2026-03-31"}),
        ({"subJobId": "", "lineItemTypeId": ""}, {"costTypeCode": "", "segmentCode": ""}),
        ({"hours": "0.00"}, {"hours": Decimal(0)}),
    ],
)
def test_a_change_is_carried_to_the_line_while_its_sheet_is_open(fields: dict[str, Any], sent: dict[str, Any]) -> None:
    making = Entry().joined()
    making.sees(entry(**fields))
    (part,) = making.sends()

    assert (part.endpoint, part.target_id, part.if_match) == ("bc.crewTimeSheetLines", "line-1", 'W/"1"')
    assert part.body == sent


@pytest.mark.requirement("C-19", "PP-97")
@pytest.mark.parametrize("fields", [{"status": "Submitted"}, {"status": "Approved"}, {"posted": True}])
def test_a_change_after_the_sheet_was_submitted_is_shown_with_both_values_and_not_written(
    fields: dict[str, Any],
) -> None:
    making = Entry().joined(**fields)
    making.sees(entry(hours="7.50", description="Pouring"))
    decision = making.decide()

    assert isinstance(decision, Clash)
    assert "hours 8 there, 7.50 in Procore; description Forming there, Pouring in Procore" in decision.reason


@pytest.mark.requirement("C-32")
def test_a_later_approval_sends_nothing_again() -> None:
    making = Entry(approvalStatus="pending").joined()
    making.sees(entry(approvalStatus="approved"))

    assert isinstance(making.decide(), Settle)


@pytest.mark.requirement("C-19")
def test_an_entry_that_is_completed_later_keeps_its_line() -> None:
    making = Entry().joined()
    making.sees(entry(approvalStatus="completed", hours="7.00"))
    decision = making.decide()

    assert isinstance(decision, Settle)
    assert decision.warnings == ["status completed is not carried; the line keeps what it was given"]


@pytest.mark.requirement("PP-86", "PP-88")
def test_what_is_carried_stays_when_its_resource_is_blocked_or_its_period_closed() -> None:
    making = Entry().joined()
    making.there[endpoints.RESOURCES] = [resource(blocked=True)]
    making.there[endpoints.PERIODS] = [{**MARCH, "closed": True}]

    assert isinstance(making.decide(), Settle)
    making.sees(entry(hours="7.00"))
    assert making.waits() == "the accounting period of 2026-03-30 is closed"


def test_another_worker_leads_to_another_resource() -> None:
    making = Entry().joined()
    making.there[endpoints.RESOURCES] = [resource(), resource("R2", procoreWorkerId=32)]
    making.sees(entry(workerId="32"))

    assert making.sends()[0].body == {"resourceNumber": "R2"}


def test_a_worker_who_comes_back_gets_the_line_back() -> None:
    making = Entry().joined()
    making.there[endpoints.RESOURCES] = [resource(), resource("R2", procoreWorkerId=32)]
    making.sees(entry(workerId="32"))
    making.carry()
    making.shows(rows=(row(),), lines=(line(resourceNumber="R2", **{"@odata.etag": 'W/"2"'}),))
    making.sees(entry())

    assert making.sends()[0].body == {"resourceNumber": "R1"}


def test_a_resource_that_can_not_be_booked_on_any_more_is_not_put_back() -> None:
    making = Entry().joined()
    making.there[endpoints.RESOURCES] = [resource(blocked=True), resource("R2", procoreWorkerId=32)]
    making.shows(rows=(row(),), lines=(line(resourceNumber="R2"),))

    assert isinstance(making.decide(), Settle)


def test_a_line_that_people_removed_is_not_made_again() -> None:
    making = Entry().joined()
    making.shows(rows=(row(),))
    decision = making.decide()

    assert isinstance(decision, Clash)
    assert "removed from the crew time sheet" in decision.reason


def test_an_entry_that_moved_to_another_timesheet_keeps_its_line_and_says_so() -> None:
    making = Entry().joined()
    making.sees(entry(timesheetId="701", workDate="2026-03-31"))
    making.carry()
    making.shows(rows=(row(),), lines=(line(workDate="2026-03-31"),))
    decision = making.decide()

    assert isinstance(decision, Settle)
    assert decision.warnings == ["the entry moved to another timesheet; its line stays at TIME01|10000"]


def test_a_line_that_was_changed_in_business_central_is_set_right_with_the_next_decision() -> None:
    making = Entry().joined()
    making.shows(rows=(row(),), lines=(line(hours=Decimal(6), **{"@odata.etag": 'W/"7"'}),))

    assert isinstance(making.decide(), Send)


def test_a_description_that_is_too_long_is_cut_and_said_to_be() -> None:
    making = Entry(description="x" * 300)
    (part,) = making.carry()
    making.carry()
    making.shows(rows=(row(),), lines=(line(description="x" * 100),))
    decision = making.decide()

    assert len(part.body["description"]) == 250
    assert isinstance(decision, Settle)
    assert decision.warnings == ["the description is cut to 100 characters"]


def test_a_deleted_entry_is_closed_and_business_central_left_alone() -> None:
    making = Entry().joined()
    making.record.vanish(PROCORE, "", moment())

    assert isinstance(making.decide(), Bury)
