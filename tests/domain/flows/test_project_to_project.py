"""A flagged project becomes one Procore project, once its segments are there and nobody holds its number."""

from typing import Any

import pytest

from domain import endpoints
from domain.decide import FLAG_OFF, PROJECT_FLAG_OFF, Clash, Exclude, Ignore, NeedsFacts, Park, Reject, Send, Settle
from domain.flow import Known
from domain.flows.project_to_project import FLOW
from domain.values import Json
from tests.domain.flows.documents import COMPANY, ETAG, project
from tests.ledger_story import PROCORE_COMPANY, START, Lists, Passage, known, moment, unlinked

MINE = f"bc:{COMPANY}:projects:44444444-0000-0000-0000-000000000001"
PROJECTS, PATTERN = endpoints.projects(PROCORE_COMPANY), endpoints.company_segments(PROCORE_COMPANY)
SUB_JOB = {"id": 31, "name": "Sub Job", "type": "sub_job"}
COST_CODE = {"id": 30, "name": "Cost Code", "type": "cost_code"}
BACK = ["bc:projects:44444444-0000-0000-0000-000000000001", "bc:log"]


def passage(
    *rows: Json,
    source: Json | None = None,
    references: dict[tuple[str, str], Known] | None = None,
    own_pattern: list[Json] | None = None,
    company_pattern: tuple[Json, ...] = (COST_CODE, SUB_JOB),
    **more: Any,
) -> Passage:
    lists = Lists(
        {PROJECTS: rows, PATTERN: company_pattern, endpoints.project_segments("9001"): own_pattern or [COST_CODE]}
    )
    return Passage(FLOW, source or project(), references=references, lists=lists, **more)


@pytest.mark.requirement("PP-08", "PP-09")
def test_a_project_is_made_with_its_number_name_dates_and_address() -> None:
    (part,) = passage().sends()

    assert (part.endpoint, part.key, part.target_id) == ("projects", MINE, "")
    assert part.body == {
        "name": "Harbour House",
        "project_number": "J1",
        "description": "Twelve flats",
        "start_date": "2026-03-01",
        "address": "3 Quay",
        "city": "Portland",
        "state_code": "OR",
        "country_code": "US",
        "zip": "97201",
        "origin_id": MINE,
        "enable_copy_of_standard_cost_codes": False,
    }


@pytest.mark.requirement("PP-08", "C-15")
def test_project_then_sub_jobs_in_its_pattern_then_the_way_back() -> None:
    making = passage()

    assert making.carry_all() == [["project"], ["pattern"], BACK]
    assert [(link.procore_id, link.role) for link in making.links] == [("9001", "primary")]


@pytest.mark.requirement("C-47")
def test_a_pattern_that_has_sub_jobs_is_left_as_it_is() -> None:
    included = {**SUB_JOB, "is_included_in_project_pattern": True}

    assert passage(own_pattern=[COST_CODE, included]).carry_all() == [["project"], BACK]


@pytest.mark.requirement("C-47")
def test_a_sub_job_segment_that_is_not_in_use_is_added_to_the_pattern() -> None:
    unused = {**SUB_JOB, "is_included_in_project_pattern": False}
    making = passage(own_pattern=[COST_CODE, unused])
    making.carry()
    (part,) = making.sends()

    assert (part.endpoint, part.scope, part.target_id) == ("project_pattern_segments", {"project_id": "9001"}, "31")


@pytest.mark.requirement("C-47", "PP-02")
def test_without_sub_jobs_in_the_company_no_project_is_made() -> None:
    decision = passage(company_pattern=(COST_CODE,)).decide()

    assert isinstance(decision, Park)
    assert [wait.text for wait in decision.waits] == [
        "the company's work breakdown pattern has no Sub Job segment; add it in Procore"
    ]


# -- the flag --------------------------------------------------------------------------------------


@pytest.mark.requirement("PP-07")
def test_a_project_that_was_never_flagged_has_no_state() -> None:
    assert isinstance(passage(source=project(sendToProcore=False)).decide(), Ignore)


@pytest.mark.requirement("PP-07")
def test_flag_off_stops_updates_and_flag_on_resumes_the_same_project() -> None:
    making = passage()
    making.carry_all()
    assert making.sees(project(sendToProcore=False, displayName="Changed")).decide() == Exclude(FLAG_OFF)

    (part,) = making.sees(project(displayName="Changed")).sends()

    assert (part.endpoint, part.target_id) == ("projects.update", "9001")


# -- changes ---------------------------------------------------------------------------------------


@pytest.mark.requirement("PP-19", "PF-05")
def test_a_change_updates_the_known_project_by_its_id_alone() -> None:
    making = passage()
    making.carry_all()
    (part,) = making.sees(project(displayName="Harbour Homes")).sends()

    assert (part.endpoint, part.target_id, part.body["name"]) == ("projects.update", "9001", "Harbour Homes")
    assert "origin_id" not in part.body


@pytest.mark.requirement("PP-19")
def test_a_project_without_change_writes_nothing() -> None:
    making = passage()
    making.carry_all()
    making.lists = {}

    assert isinstance(making.decide(), Settle)


@pytest.mark.requirement("PP-10")
def test_a_failed_write_back_does_not_make_the_project_again() -> None:
    making = passage()
    making.carry()
    making.carry()
    making.refuse("500")
    parts = making.sees(project(city="Salem")).sends()

    assert [part.endpoint for part in parts] == ["projects.update"]


@pytest.mark.requirement("PP-10")
def test_the_id_and_a_log_entry_are_written_into_business_central() -> None:
    making = passage()
    making.carry()
    making.carry()
    back, log = making.sends()

    assert (back.endpoint, back.if_match) == ("bc.projects", ETAG)
    assert back.body == {
        "procoreProjectId": 9001,
        "procoreSyncStatus": "Synced",
        "procoreLastSyncedAt": "2026-03-02T08:00:00Z",
        "procoreSyncError": "",
    }
    assert log.endpoint == "bc.syncLogEntries.create"
    assert log.body["message"].startswith("J1 ")
    assert (log.body["entitySetName"], log.body["status"], log.body["procoreId"]) == ("projects", "Synced", 9001)


@pytest.mark.requirement("PP-10")
def test_a_later_time_alone_is_no_reason_to_write_back_again() -> None:
    making = passage()
    making.carry_all()
    making.context = type(making.context)(
        connection="main", bc_company="x", procore_company="y", now=START.replace(year=2027)
    )

    assert isinstance(making.decide(), Settle)


@pytest.mark.requirement("PP-10")
def test_every_change_gets_a_log_entry_of_its_own() -> None:
    making = passage()
    making.carry_all()
    first = making.record.flow(FLOW.name).parts["bc:log"].digest
    making.sees(project(displayName="Harbour Homes"))

    assert making.carry_all() == [["project"], ["bc:log"]]
    assert making.record.flow(FLOW.name).parts["bc:log"].digest != first


# -- what stands in the way ------------------------------------------------------------------------


@pytest.mark.requirement("PP-02", "PP-11")
def test_a_project_waits_for_every_segment_of_its_structure() -> None:
    source = project(projectSegments=[{"segmentCode": "EAST"}, {"segmentCode": "WEST"}])
    decision = passage(source=source, references={("segment", "EAST"): known("segment_items", "8")}).decide()

    assert isinstance(decision, Park)
    assert [wait.text for wait in decision.waits] == ["waiting for segment WEST"]


@pytest.mark.requirement("PP-02", "C-47")
def test_a_segment_that_lives_as_sub_job_holds_up_no_project() -> None:
    source = project(projectSegments=[{"segmentCode": "EAST"}])

    assert isinstance(passage(source=source, references={("segment", "EAST"): unlinked("excluded")}).decide(), Send)


@pytest.mark.requirement("PP-08", "C-55")
def test_a_number_that_somebody_uses_in_procore_is_parked_and_never_doubled() -> None:
    decision = passage({"id": 77, "project_number": "j1", "origin_id": None}).decide()

    assert isinstance(decision, Park)
    assert [wait.text for wait in decision.waits] == ["number J1 exists in Procore (project 77), link or rename"]


@pytest.mark.requirement("C-55")
def test_a_number_of_another_integration_is_a_conflict() -> None:
    decision = passage({"id": 77, "project_number": "J1", "origin_id": "erp:9"}).decide()

    assert decision == Clash(
        "Procore project 77 has number J1 and belongs to another record or integration (origin id erp:9)"
    )


@pytest.mark.requirement("PP-08", "PF-05")
def test_a_project_that_carries_our_origin_id_is_taken_up_and_not_made_again() -> None:
    making = passage({"id": 77, "project_number": "old", "origin_id": MINE}, own_pattern=[COST_CODE])
    (part,) = making.sends()

    assert (part.endpoint, part.target_id, part.body["origin_id"]) == ("projects.update", "77", MINE)


@pytest.mark.requirement("C-54")
def test_a_parked_project_goes_on_when_the_number_is_free() -> None:
    waiting = passage({"id": 77, "project_number": "J1", "origin_id": None})
    assert isinstance(waiting.decide(), Park)

    waiting.lists = Lists({PATTERN: [SUB_JOB]})

    assert isinstance(waiting.decide(), Send)


def test_before_creation_the_lists_of_the_target_are_read() -> None:
    waiting = passage()
    waiting.lists = {}

    assert waiting.decide() == NeedsFacts([PROJECTS, PATTERN])


@pytest.mark.requirement("PP-09")
def test_a_blank_name_is_rejected() -> None:
    decision = passage(source=project(displayName=" ")).decide()

    assert isinstance(decision, Reject)
    assert [(it.rule, it.field, it.message) for it in decision.violations] == [
        ("PP-09", "Name", "Name is missing; fill it in Business Central")
    ]


@pytest.mark.requirement("PP-09")
def test_what_procore_cannot_hold_is_said_and_does_not_hold_up_the_project() -> None:
    making = passage(source=project(customerNumber="C1", state="Oregon"))
    making.carry_all()

    assert isinstance(making.decision, Settle)
    assert list(making.decision.warnings) == [
        "customer C1 is not part of a Procore project; it is carried by customer-to-company only",
        "State Oregon is no two-letter code and was left out",
    ]


@pytest.mark.requirement("C-44")
def test_a_project_is_left_out_by_tag() -> None:
    assert passage(source=project(description2="intern NOTPROCORE"), exclude_tags=("NOTPROCORE",)).decide() == Exclude(
        "tag NOTPROCORE"
    )


# -- dates -----------------------------------------------------------------------------------------


@pytest.mark.requirement("PF-21")
@pytest.mark.parametrize("date", ["2026-01-01", "2026-12-31", "2024-02-29"])
def test_a_date_stays_the_same_day(date: str) -> None:
    (part,) = passage(source=project(startingDate=date, endingDate=date)).sends()

    assert (part.body["start_date"], part.body["completion_date"]) == (date, date)


@pytest.mark.requirement("PF-21")
def test_the_blank_date_of_business_central_is_no_date() -> None:
    (part,) = passage(source=project(startingDate="0001-01-01")).sends()

    assert not {"start_date", "completion_date"} & set(part.body)


# -- children of change orders ---------------------------------------------------------------------

CHILD = project(
    id="44444444-0000-0000-0000-000000000002",
    number="J1-NPC",
    projectClass="NPC_x0020_Change_x0020_Order",
    parentProjectNumber="J1",
)


@pytest.mark.requirement("C-03")
def test_a_child_of_a_change_order_shares_the_project_of_its_parent_in_a_role_of_its_own() -> None:
    child = passage(source=CHILD, references={("project", "J1"): known("projects", "9001")})
    decision = child.decide()

    assert isinstance(decision, Settle)
    assert [(link.bc_number, link.procore_id, link.role) for link in decision.links] == [("J1-NPC", "9001", "derived")]


@pytest.mark.requirement("C-01")
def test_a_job_below_another_one_is_marked_as_no_root_of_change_orders() -> None:
    assert FLOW.origin.marks(CHILD) == ("child",)
    assert FLOW.origin.marks(project()) == ()


@pytest.mark.requirement("C-03")
def test_a_child_waits_for_its_parent() -> None:
    decision = passage(source=CHILD).decide()

    assert isinstance(decision, Park)
    assert [wait.text for wait in decision.waits] == ["waiting for project J1"]


@pytest.mark.requirement("C-03", "C-60")
def test_a_child_of_a_project_whose_flag_is_off_is_left_out() -> None:
    assert passage(source=CHILD, references={("project", "J1"): unlinked("excluded")}).decide() == Exclude(
        PROJECT_FLAG_OFF
    )


def test_a_child_that_becomes_a_project_of_its_own_is_looked_for_in_procore_first() -> None:
    child = passage(source=CHILD, references={("project", "J1"): known("projects", "9001")})
    child.record.link(FLOW.name, child.decide().links, moment())  # type: ignore[union-attr]
    child.sees({**CHILD, "projectClass": "Base_x0020_Project", "parentProjectNumber": ""})
    child.lists = {}

    assert child.decide() == NeedsFacts([PROJECTS, PATTERN])
