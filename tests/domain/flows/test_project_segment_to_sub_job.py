"""Every segment of a project has exactly one sub job in Procore, also the one that only a line uses."""

from uuid import UUID

import pytest

from domain import endpoints
from domain.decide import Clash, Exclude, Park, Settle
from domain.events import LinkRow
from domain.flow import NOBODY, THERE, Known
from domain.flows.project_segment_to_sub_job import FLOW, needed
from domain.values import Json
from tests.domain.flows.documents import COMPANY, project_segment
from tests.ledger_story import Lists, Passage, known

MINE = f"bc:{COMPANY}:projectSegments:55555555-0000-0000-0000-000000000001"
PROJECT = {("project", "J1"): known("projects", "701")}
BACK = ["bc:projectSegments:55555555-0000-0000-0000-000000000001", "bc:log"]


def passage(*rows: Json, source: Json | None = None, with_project: bool = True) -> Passage:
    references = PROJECT if with_project else {}
    return Passage(
        FLOW, source or project_segment(), references=references, lists=Lists({endpoints.sub_jobs("701"): rows})
    )


@pytest.mark.requirement("PP-05", "PP-06", "C-16")
def test_a_segment_of_a_project_becomes_one_sub_job() -> None:
    making = passage()
    (part,) = making.sends()

    assert (part.endpoint, part.key, part.scope) == ("sub_jobs", MINE, {"project_id": "701"})
    assert part.body == {"code": "EAST", "name": "East wing"}
    assert making.carry_all() == [["sub-job"], BACK]
    assert [
        (link.bc_number, link.procore_resource, link.procore_id, link.procore_parent_id) for link in making.links
    ] == [("J1|EAST", "sub_jobs", "9001", "701")]


@pytest.mark.requirement("PP-05", "C-15")
def test_a_sub_job_waits_for_its_project() -> None:
    decision = passage(with_project=False).decide()

    assert isinstance(decision, Park)
    assert [wait.text for wait in decision.waits] == ["waiting for project J1"]


@pytest.mark.requirement("PP-06", "C-16")
def test_a_sub_job_that_procore_made_meanwhile_is_taken_over_and_not_doubled() -> None:
    making = passage({"id": 12, "code": "east", "origin_id": None})
    (part,) = making.sends()

    assert (part.target_id, part.body) == ("12", {"code": "EAST", "name": "East wing", "origin_id": MINE})
    making.carry_all()
    assert [link.procore_id for link in making.links] == ["12"]


@pytest.mark.requirement("PF-05")
def test_once_taken_over_a_sub_job_is_known_by_its_id_alone() -> None:
    making = passage({"id": 12, "code": "EAST", "origin_id": None})
    making.carry_all()
    (part,) = making.sees(project_segment(description="East side")).sends()

    assert (part.target_id, part.key, part.body) == ("12", MINE, {"code": "EAST", "name": "East side"})


def test_a_sub_job_of_another_integration_is_a_conflict() -> None:
    decision = passage({"id": 12, "code": "EAST", "origin_id": "erp:1"}).decide()

    assert decision == Clash("sub job EAST (12) belongs to another record (origin id erp:1)")


def test_a_sub_job_with_our_origin_id_is_the_one() -> None:
    (part,) = passage({"id": 12, "code": "EAST", "origin_id": MINE}).sends()

    assert (part.key, part.target_id) == (MINE, "")


def test_a_blocked_segment_of_a_project_is_excluded() -> None:
    assert passage(source=project_segment(blocked=True)).decide() == Exclude("blocked")


# -- a segment that only lines use -----------------------------------------------------------------


@pytest.mark.requirement("C-52")
def test_the_row_that_business_central_lacks_is_made_first_under_an_id_of_our_own() -> None:
    made = dict(needed("J1", "EAST", passage().context).content or {})
    making = passage(source=made)
    (row,) = making.sends()

    assert (row.endpoint, row.body) == (
        "bc.projectSegments.create",
        {"id": made["id"], "projectNumber": "J1", "segmentCode": "EAST"},
    )
    assert making.carry_all() == [["row"], ["sub-job"], [f"bc:projectSegments:{made['id']}", "bc:log"]]
    assert isinstance(making.decision, Settle)


@pytest.mark.requirement("C-52", "PF-19")
def test_the_way_back_to_a_row_that_we_made_carries_the_etag_of_its_making() -> None:
    made = dict(needed("J1", "EAST", passage().context).content or {})
    making = passage(source=made)
    making.carry(row=made["id"])
    making.carry()
    back, _log = making.sends()

    assert (back.target_id, back.if_match) == (made["id"], f'W/"{made["id"]}"')


@pytest.mark.requirement("C-52")
def test_whoever_names_a_missing_row_first_names_the_same_row() -> None:
    first, second = (needed("J1", "EAST", passage().context) for _ in range(2))

    assert first == second
    assert first.content is not None
    assert UUID(first.content["id"]).version == 5
    assert first.key == "J1|EAST"


# -- a job that lives in the project of its parent --------------------------------------------------


def shared(parents_own: Known) -> Passage:
    """The segment of a job that was made from a change order; `parents_own` is the parent's under the same code."""
    child = Known("synced", LinkRow("projects", "id", "J1", "projects", "701", role="derived"), "record")
    parent = Known("synced", LinkRow("projects", "id", "J0", "projects", "701"), "record")
    references = {
        ("project", "J1"): child,
        ("project", f"{THERE}701"): parent,
        ("project_segment", "J0|EAST"): parents_own,
    }
    return Passage(FLOW, project_segment(), references=references, lists=Lists({endpoints.sub_jobs("701"): ()}))


@pytest.mark.requirement("C-03")
def test_a_job_in_its_parents_project_waits_for_what_the_parent_is_making_and_shares_it() -> None:
    waiting = shared(Known("in-flight", None, "record")).decide()
    sharing = shared(known("sub_jobs", "12"))

    assert isinstance(waiting, Park)
    assert [(wait.kind, wait.key) for wait in waiting.waits] == [("project_segment", "J0|EAST")]
    assert sharing.carry_all() == [BACK]
    assert [(link.procore_id, link.role) for link in sharing.links] == [("12", "derived")]


@pytest.mark.requirement("C-03")
@pytest.mark.parametrize("parents_own", [NOBODY, Known("excluded", None, "record"), Known("deleted", None, "record")])
def test_what_the_parent_lacks_is_made_by_the_job_itself(parents_own: Known) -> None:
    assert [part.name for part in shared(parents_own).sends()] == ["sub-job"]
