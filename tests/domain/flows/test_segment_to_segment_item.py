"""A segment of a named type becomes one item of that segment in Procore, below its parent; a blank one a sub job."""

from typing import Any

import pytest

from domain import endpoints
from domain.decide import Exclude, Ignore, Park, Reject, Settle
from domain.flow import Known
from domain.flows import segment_type_to_segment
from domain.flows.segment_to_segment_item import FLOW
from domain.values import Json
from tests.domain.flows.documents import segment
from tests.ledger_story import PROCORE_COMPANY, Lists, Passage, known, moment, unlinked

ITEMS = endpoints.company_segment_items(PROCORE_COMPANY, "40")
TYPE = {("segment_type", "Building"): known("segments", "40")}
BACK = ["bc:segments:33333333-0000-0000-0000-000000000001", "bc:log"]


def passage(*rows: Json, source: Json | None = None, references: dict[tuple[str, str], Known] | None = None) -> Passage:
    lists = Lists({ITEMS: rows})
    return Passage(FLOW, source or segment(), references=TYPE if references is None else references, lists=lists)


@pytest.mark.requirement("PP-03", "C-47")
def test_a_segment_becomes_one_item_with_its_code_and_name() -> None:
    making = passage()
    (part,) = making.sends()

    assert (part.endpoint, part.scope, part.body) == (
        "company_segment_items",
        {"segment_id": "40"},
        {"code": "EAST", "name": "East wing"},
    )
    assert making.carry_all() == [["item"], BACK]
    assert isinstance(making.decision, Settle)


@pytest.mark.requirement("PP-03")
def test_an_item_with_the_code_is_taken_over_by_its_id_and_not_doubled() -> None:
    (part,) = passage({"id": 9, "code": "east", "parent_id": None}).sends()

    assert (part.endpoint, part.target_id, part.body) == (
        "company_segment_items.update",
        "9",
        {"code": "EAST", "name": "East wing"},
    )


@pytest.mark.requirement("PP-19")
def test_a_new_name_changes_the_same_item() -> None:
    making = passage()
    making.carry_all()
    (part,) = making.sees(segment(description="East side")).sends()

    assert (part.endpoint, part.target_id, part.body["name"]) == ("company_segment_items.update", "9001", "East side")


@pytest.mark.requirement("PP-04")
def test_a_child_waits_for_its_parent() -> None:
    decision = passage(source=segment(parentCode="SITE")).decide()

    assert isinstance(decision, Park)
    assert [(wait.kind, wait.key, wait.text) for wait in decision.waits] == [
        ("segment", "SITE", "waiting for parent segment SITE")
    ]


@pytest.mark.requirement("PP-04")
def test_a_child_carries_the_id_of_its_parent() -> None:
    references = {**TYPE, ("segment", "SITE"): known("segment_items", "8", parent="40")}
    (part,) = passage(source=segment(parentCode="SITE"), references=references).sends()

    assert part.body == {"code": "EAST", "name": "East wing", "parent_id": 8}


@pytest.mark.requirement("PP-04")
def test_an_equal_code_below_another_parent_is_another_item() -> None:
    references = {**TYPE, ("segment", "SITE"): known("segment_items", "8", parent="40")}
    twin = {"id": 9, "code": "EAST", "parent_id": 7}
    (part,) = passage(twin, source=segment(parentCode="SITE"), references=references).sends()

    assert part.endpoint == "company_segment_items"


@pytest.mark.requirement("PP-04")
def test_a_segment_that_is_its_own_parent_is_rejected() -> None:
    decision = passage(source=segment(parentCode="EAST")).decide()

    assert isinstance(decision, Reject)
    assert [violation.message for violation in decision.violations] == ["segment EAST is its own parent"]


@pytest.mark.requirement("C-47")
def test_a_segment_of_blank_type_lives_as_sub_job() -> None:
    assert passage(source=segment(segmentType="")).decide() == Exclude("lives as sub job")


@pytest.mark.requirement("C-47", "PF-10")
def test_where_procore_bars_custom_segments_a_segment_lives_as_sub_job_too() -> None:
    decision = passage(references={("segment_type", "Building"): unlinked("excluded")}).decide()

    assert decision == Exclude("lives as sub job: Procore bars custom segments")


@pytest.mark.requirement("C-47")
def test_a_segment_waits_for_its_type_and_brings_it_forth() -> None:
    decision = passage(references={}).decide()

    assert isinstance(decision, Park)
    assert [(demand.kind, demand.key, demand.content) for demand in decision.demands] == [
        ("segment_type", "Building", {"name": "Building"})
    ]


def test_a_blocked_segment_is_excluded() -> None:
    assert passage(source=segment(blocked=True)).decide() == Exclude("blocked")


def test_a_segment_counts_when_it_is_flagged_or_a_project_uses_it() -> None:
    assert isinstance(passage(source=segment(sendToProcore=False)).decide(), Ignore)
    assert isinstance(Passage(FLOW, segment(sendToProcore=False), references=TYPE, demanded=True).carry_all(), list)


# -- the segment that holds them -------------------------------------------------------------------


def segment_type(*rows: Json, **more: Any) -> Passage:
    lists = Lists({endpoints.company_segments(PROCORE_COMPANY): rows})
    return Passage(segment_type_to_segment.FLOW, {"name": "Building"}, lists=lists, **more)


@pytest.mark.requirement("C-47", "PP-02")
def test_each_named_type_becomes_one_custom_segment_that_can_have_tiers() -> None:
    making = segment_type({"id": 1, "name": "Sub Job", "type": "sub_job"})
    (part,) = making.sends()

    assert (part.endpoint, part.body) == ("segments", {"name": "Building", "structure": "tiered"})
    assert making.carry_all() == [["segment"]]
    assert [link.procore_id for link in making.links] == ["9001"]


@pytest.mark.requirement("C-47")
def test_a_custom_segment_of_the_name_is_used_and_never_changed() -> None:
    finding = segment_type({"id": 40, "name": "building", "type": "custom"})
    decision = finding.decide()

    assert isinstance(decision, Settle)
    assert [link.procore_id for link in decision.links] == ["40"]


def test_a_type_that_was_found_stays_found_when_it_is_looked_at_again() -> None:
    finding = segment_type({"id": 40, "name": "building", "type": "custom"})
    finding.record.link(finding.flow.name, finding.decide().links, moment())  # type: ignore[union-attr]
    finding.lists = {}

    assert isinstance(finding.decide(), Settle)


def test_a_fixed_segment_of_procore_is_not_mistaken_for_a_custom_one() -> None:
    (part,) = segment_type({"id": 1, "name": "Building", "type": "sub_job"}).sends()

    assert part.endpoint == "segments"


@pytest.mark.requirement("C-47", "PF-10")
def test_a_company_that_bars_custom_segments_leaves_the_type_out_instead_of_dead() -> None:
    assert segment_type_to_segment.FLOW.barred_by == {403: "Procore bars custom segments"}
