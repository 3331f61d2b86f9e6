"""A vendor that an order names is in the directory of the order's project."""

import pytest

from domain import endpoints
from domain.decide import Park, Settle
from domain.flow import Known
from domain.flows.vendor_to_project_directory import FLOW, needed
from domain.values import Json
from tests.ledger_story import Lists, Passage, known

MEMBER: Json = {"projectNumber": "J1", "vendorNumber": "V10"}
REFERENCES = {("project", "J1"): known("projects", "701"), ("vendor", "V10"): known("vendors", "55")}


def passage(*rows: Json, references: dict[tuple[str, str], Known] | None = None) -> Passage:
    lists = Lists({endpoints.project_vendors("701"): rows})
    return Passage(FLOW, MEMBER, references=REFERENCES if references is None else references, lists=lists)


@pytest.mark.requirement("PP-25")
def test_a_missing_vendor_joins_the_directory_once() -> None:
    joining = passage({"id": 54})
    (part,) = joining.sends()

    assert (part.endpoint, part.target_id, part.scope) == ("project_vendors", "55", {"project_id": "701"})
    assert joining.carry_all() == [["member"]]
    joining.lists = {}
    assert isinstance(joining.decide(), Settle)


def test_a_vendor_that_is_there_is_not_joined_again() -> None:
    decision = passage({"id": 55}).decide()

    assert isinstance(decision, Settle)
    assert [(link.procore_id, link.procore_parent_id) for link in decision.links] == [("55", "701")]


@pytest.mark.requirement("PP-23", "PP-25")
def test_project_and_company_come_first() -> None:
    decision = passage(references={}).decide()

    assert isinstance(decision, Park)
    assert [wait.text for wait in decision.waits] == [
        "waiting for project J1",
        "waiting for vendor V10 to be linked to a Procore company",
    ]


def test_naming_a_member_brings_it_forth() -> None:
    assert needed("J1", "V10").content == MEMBER
