"""A cost type is found by its code, or made; one that was there keeps its name."""

from typing import Any

import pytest

from domain import endpoints
from domain.decide import Clash, Exclude, Park, Settle
from domain.flows.cost_type_to_line_item_type import FLOW
from domain.values import Json
from tests.domain.flows.documents import COMPANY, cost_type
from tests.ledger_story import PROCORE_COMPANY, Lists, Passage

MINE = f"bc:{COMPANY}:costTypes:22222222-0000-0000-0000-000000000001"
WRITE_BACK = ["bc:costTypes:22222222-0000-0000-0000-000000000001", "bc:log"]


def passage(*rows: Json, source: Json | None = None, **more: Any) -> Passage:
    return Passage(FLOW, source or cost_type(), lists=Lists({endpoints.line_item_types(PROCORE_COMPANY): rows}), **more)


def test_a_missing_type_is_made_by_code() -> None:
    making = passage({"id": 5, "code": "M", "origin_id": None})
    (part,) = making.sends()

    assert (part.endpoint, part.key, part.body) == ("line_item_types", MINE, {"name": "Labor", "csv_import_code": "L"})
    assert making.carry_all() == [["type"], WRITE_BACK]
    assert [(link.procore_resource, link.procore_id) for link in making.links] == [("line_item_types", "9001")]


def test_a_missing_type_is_waited_for_where_the_setting_says_so() -> None:
    decision = passage(settings={"create": False}).decide()

    assert isinstance(decision, Park)
    assert [wait.text for wait in decision.waits] == [
        "cost type L is missing in Procore; create it there, or let this flow create it"
    ]


@pytest.mark.requirement("PF-05")
def test_a_type_with_the_code_is_adopted_by_its_id_and_keeps_its_name() -> None:
    adopting = passage({"id": 5, "code": "l", "name": "Labour", "origin_id": None})
    (part,) = adopting.sends()

    assert (part.target_id, part.body) == ("5", {"origin_id": MINE})
    assert adopting.carry_all() == [["adopted"], WRITE_BACK]
    assert isinstance(adopting.sees(cost_type(description="Work")).decide(), Settle)


def test_a_type_of_another_integration_is_a_conflict() -> None:
    decision = passage({"id": 5, "code": "L", "origin_id": "erp:1"}).decide()

    assert decision == Clash("cost type L (5) belongs to another integration (origin id erp:1)")


def test_a_type_that_we_made_before_is_found_by_its_origin_id() -> None:
    (part,) = passage({"id": 5, "code": "OLD", "origin_id": MINE}, {"id": 6, "code": "L", "origin_id": None}).sends()

    assert (part.name, part.key, part.target_id) == ("type", MINE, "")


@pytest.mark.requirement("PP-19")
def test_a_new_description_reaches_the_type_that_we_made() -> None:
    making = passage()
    making.carry_all()
    (part,) = making.sees(cost_type(description="Work")).sends()

    assert (part.key, part.body["name"]) == (MINE, "Work")


def test_a_blocked_type_is_excluded() -> None:
    assert passage(source=cost_type(blocked=True)).decide() == Exclude("blocked")


@pytest.mark.requirement("C-44")
def test_a_type_is_excluded_by_its_code() -> None:
    assert passage(exclude_tags=("l",)).decide() == Exclude("tag l")


def test_a_type_without_description_is_named_by_its_code() -> None:
    (part,) = passage(source=cost_type(description="")).sends()

    assert part.body["name"] == "L"
