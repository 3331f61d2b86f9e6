"""Posting tasks become cost codes below their headings, in the right project; totals never carry amounts."""

from typing import Any

import pytest

from domain import endpoints
from domain.decide import FLAG_OFF, Clash, Exclude, Ignore, Park, Send, Settle
from domain.events import LinkRow
from domain.flow import NOBODY, THERE, Known
from domain.flows.project_task_to_cost_code import FLOW
from domain.values import Json
from tests.domain.flows.documents import COMPANY, task
from tests.ledger_story import Lists, Passage, known, unlinked

MINE = f"bc:{COMPANY}:projectTasks:66666666-0000-0000-0000-000000000001"
PROJECT = {("project", "J1"): known("projects", "701"), ("project", "J2"): known("projects", "702")}
BACK = ["bc:projectTasks:66666666-0000-0000-0000-000000000001", "bc:log"]


def passage(*rows: Json, more: dict[tuple[str, str], Known] | None = None, **fields: Any) -> Passage:
    lists = Lists({endpoints.cost_codes("701"): rows})
    return Passage(FLOW, task(**fields), references={**PROJECT, **(more or {})}, lists=lists)


@pytest.mark.requirement("PP-16", "C-53")
def test_a_posting_task_becomes_a_flat_cost_code_where_there_is_no_heading() -> None:
    making = passage()
    (part,) = making.sends()

    assert (part.endpoint, part.key, part.scope) == ("cost_codes", MINE, {"project_id": "701"})
    assert part.body == {"code": "01-100", "name": "Formwork"}
    assert making.carry_all() == [["cost-code"], BACK]
    assert [(link.bc_number, link.procore_parent_id) for link in making.links] == [("J1|01-100", "701")]


@pytest.mark.requirement("PP-16", "C-53")
@pytest.mark.parametrize("kind", ["Heading", "Begin-Total"])
def test_a_task_stands_below_the_heading_that_business_central_has(kind: str) -> None:
    heading = {("project_task", "J1|01"): known("cost_codes", "50", facet=kind)}
    (part,) = passage(more=heading).sends()

    assert part.body == {"code": "100", "name": "Formwork", "parent_id": 50}


@pytest.mark.requirement("C-53")
def test_the_nearest_heading_is_the_parent() -> None:
    headings = {
        ("project_task", "J1|01"): known("cost_codes", "50", facet="Heading"),
        ("project_task", "J1|01-100"): known("cost_codes", "51", facet="Heading"),
    }
    (part,) = passage(more=headings, taskNumber="01-100-7").sends()

    assert part.body == {"code": "7", "name": "Formwork", "parent_id": 51}


@pytest.mark.requirement("PP-16", "C-53")
def test_a_task_waits_for_its_heading_and_brings_it_in() -> None:
    decision = passage(more={("project_task", "J1|01"): unlinked("", facet="Heading")}).decide()

    assert isinstance(decision, Park)
    assert [wait.text for wait in decision.waits] == ["waiting for heading 01 of project J1"]
    assert [demand.key for demand in decision.demands] == ["J1|01"]


@pytest.mark.requirement("C-53")
@pytest.mark.parametrize("kind", ["Posting", "Total", "End-Total"])
def test_a_task_that_is_no_heading_is_never_a_parent(kind: str) -> None:
    decision = passage(more={("project_task", "J1|01"): unlinked("", facet=kind)}).decide()

    assert isinstance(decision, Send)
    assert decision.parts[0].body["code"] == "01-100"


@pytest.mark.requirement("PP-16", "C-48")
@pytest.mark.parametrize("kind", ["Total", "End_x002D_Total", "Heading", "Begin_x002D_Total"])
def test_totals_and_headings_of_nobody_take_no_part(kind: str) -> None:
    assert isinstance(passage(taskType=kind).decide(), Ignore)


@pytest.mark.requirement("C-48")
def test_a_heading_that_a_task_needs_takes_part() -> None:
    heading = Passage(FLOW, task(taskNumber="01", taskType="Heading"), references=PROJECT, demanded=True)

    assert heading.carry_all() == [["cost-code"], BACK]


def test_a_total_takes_no_part_even_if_it_is_named() -> None:
    total = Passage(FLOW, task(taskNumber="01", taskType="Total"), references=PROJECT, demanded=True)

    assert isinstance(total.decide(), Ignore)


@pytest.mark.requirement("PP-18")
def test_an_equal_code_of_another_project_is_another_cost_code() -> None:
    other = passage(id="66666666-0000-0000-0000-000000000002", projectNumber="J2")
    (part,) = other.sends()

    assert (part.scope, part.key) == (
        {"project_id": "702"},
        f"bc:{COMPANY}:projectTasks:66666666-0000-0000-0000-000000000002",
    )
    assert other.record.id != passage().record.id
    assert other.record.number == "J2|01-100"


def test_a_cost_code_that_is_there_is_taken_over_by_its_whole_code() -> None:
    (part,) = passage({"id": 12, "code": "100", "full_code": "01-100", "origin_id": None}).sends()

    assert (part.target_id, part.body["origin_id"]) == ("12", MINE)


def test_the_last_tier_alone_is_not_the_code() -> None:
    (part,) = passage({"id": 12, "code": "01-100", "full_code": "02-01-100", "origin_id": None}).sends()

    assert part.target_id == ""


def test_a_cost_code_of_another_record_is_a_conflict() -> None:
    decision = passage({"id": 12, "full_code": "01-100", "origin_id": "erp:1"}).decide()

    assert decision == Clash("cost code 01-100 (12) belongs to another record (origin id erp:1)")


@pytest.mark.requirement("PP-19")
def test_a_new_description_reaches_the_same_code() -> None:
    making = passage()
    making.carry_all()
    (part,) = making.sees(task(description="Forms")).sends()

    assert (part.key, part.body) == (MINE, {"code": "01-100", "name": "Forms"})


def test_a_posting_task_that_becomes_a_total_is_no_longer_kept_up() -> None:
    making = passage()
    making.carry_all()

    assert making.sees(task(taskType="Total")).decide() == Exclude(FLAG_OFF)


@pytest.mark.requirement("PP-19")
def test_a_task_without_change_is_settled_without_a_look() -> None:
    making = passage()
    making.carry_all()
    making.lists = {}

    assert isinstance(making.decide(), Settle)


# -- a job that lives in the project of its parent --------------------------------------------------


def shared(parents_own: Known) -> Passage:
    """The task of a job that was made from a change order; `parents_own` is the parent's under the same number."""
    child = Known("synced", LinkRow("projects", "id", "J1", "projects", "701", role="derived"), "record")
    parent = Known("synced", LinkRow("projects", "id", "J0", "projects", "701"), "record")
    own = {("project", "J1"): child, ("project", f"{THERE}701"): parent, ("project_task", "J0|01-100"): parents_own}
    return passage(more=own)


@pytest.mark.requirement("C-03")
def test_a_job_in_its_parents_project_waits_for_what_the_parent_is_making_and_shares_it() -> None:
    waiting = shared(Known("pending", None, "record", "Posting")).decide()
    sharing = shared(known("cost_codes", "12"))

    assert isinstance(waiting, Park)
    assert [(wait.kind, wait.key) for wait in waiting.waits] == [("project_task", "J0|01-100")]
    assert sharing.carry_all() == [BACK]
    assert [(link.procore_id, link.role) for link in sharing.links] == [("12", "derived")]


@pytest.mark.requirement("C-03")
@pytest.mark.parametrize(
    "parents_own", [NOBODY, Known("", None, "record", "Heading"), Known("excluded", None, "record")]
)
def test_what_the_parent_lacks_is_made_by_the_job_itself(parents_own: Known) -> None:
    assert [part.name for part in shared(parents_own).sends()] == ["cost-code"]
