"""A budget code is put together from the items of the project's own pattern, in its order, once."""

import pytest

from domain import endpoints
from domain.decide import NeedsFacts, Park, Reject, Settle
from domain.flow import Known
from domain.flows.budget_code_to_wbs_code import FLOW, needed
from domain.values import Json
from tests.ledger_story import Passage, known, unlinked

CODE: Json = {"projectNumber": "J1", "segmentCode": "EAST", "taskNumber": "01-100", "costTypeCode": "L"}
REFERENCES = {
    ("project", "J1"): known("projects", "701"),
    ("cost_type", "L"): known("line_item_types", "3"),
    ("project_task", "J1|01-100"): known("cost_codes", "60", facet="Posting"),
    ("project_segment", "J1|EAST"): known("sub_jobs", "12", parent="701"),
}
SEGMENTS = endpoints.project_segments("701")
PATTERN: list[Json] = [
    {"id": 32, "type": "line_item_type", "name": "Cost Type", "position": 3},
    {"id": 30, "type": "cost_code", "name": "Cost Code", "position": 2},
    {"id": 31, "type": "sub_job", "name": "Sub Job", "position": 1, "is_included_in_project_pattern": True},
]
ITEMS: dict[str, list[Json]] = {
    "31": [{"id": 311, "code": "EAST", "path_code": "EAST"}],
    "30": [
        {"id": 300, "code": "100", "path_code": "02-100", "parent_id": 9},
        {"id": 301, "code": "100", "path_code": "01-100", "parent_id": 8},
    ],
    "32": [{"id": 321, "code": "L", "path_code": "L"}],
}


def passage(
    *,
    pattern: list[Json] | None = None,
    items: dict[str, list[Json]] | None = None,
    references: dict[tuple[str, str], Known] | None = None,
) -> Passage:
    lists = {SEGMENTS: pattern or PATTERN}
    for segment, rows in (items or ITEMS).items():
        lists[endpoints.segment_items("701", segment)] = rows
    return Passage(FLOW, CODE, references=REFERENCES if references is None else references, lists=lists)


def texts(decision: object) -> list[str]:
    assert isinstance(decision, Park)
    return [wait.text for wait in decision.waits]


@pytest.mark.requirement("C-23", "C-47")
def test_the_items_stand_in_the_order_of_the_pattern() -> None:
    making = passage()
    (part,) = making.sends()

    assert (part.endpoint, part.scope, part.key) == ("wbs_codes", {"project_id": "701"}, "J1|EAST|01-100|L")
    assert part.body == {
        "segment_items": [
            {"segment_id": 31, "segment_item_id": 311},
            {"segment_id": 30, "segment_item_id": 301},
            {"segment_id": 32, "segment_item_id": 321},
        ]
    }
    assert making.carry_all() == [["wbs-code"]]
    assert [(link.procore_resource, link.procore_id, link.procore_parent_id) for link in making.links] == [
        ("wbs_codes", "9001", "701")
    ]


def test_a_made_code_is_settled_without_a_look() -> None:
    making = passage()
    making.carry_all()
    making.lists = {}

    assert isinstance(making.decide(), Settle)


def test_the_pattern_is_read_first_and_then_the_items_of_its_segments() -> None:
    reading = passage()
    reading.lists = {}
    assert reading.decide() == NeedsFacts([SEGMENTS])

    reading.lists = {SEGMENTS: PATTERN}

    assert reading.decide() == NeedsFacts([endpoints.segment_items("701", it) for it in ("31", "30", "32")])


def test_a_segment_that_the_project_does_not_use_is_no_part_of_the_code() -> None:
    unused = {**PATTERN[2], "is_included_in_project_pattern": False}
    (part,) = passage(pattern=[PATTERN[0], PATTERN[1], unused]).sends()

    assert [it["segment_id"] for it in part.body["segment_items"]] == [30, 32]


@pytest.mark.requirement("PF-10")
def test_an_optional_custom_segment_is_no_part_of_the_code() -> None:
    custom = {"id": 40, "type": "custom", "name": "Building", "position": 4, "required": False}
    (part,) = passage(pattern=[*PATTERN, custom]).sends()

    assert [it["segment_id"] for it in part.body["segment_items"]] == [31, 30, 32]


def test_a_custom_segment_that_is_required_is_put_before_a_person() -> None:
    custom = {"id": 40, "type": "custom", "name": "Building", "position": 4, "required": True}

    assert texts(passage(pattern=[*PATTERN, custom], items={**ITEMS, "40": []}).decide()) == [
        "the pattern of the project requires segment Building, which no line of Business Central carries"
    ]


def test_an_item_that_is_not_there_yet_is_waited_for() -> None:
    assert texts(passage(items={**ITEMS, "30": ITEMS["30"][:1]}).decide()) == [
        "01-100 is not among the items of segment Cost Code in Procore yet"
    ]


def test_everything_that_the_code_is_made_of_is_waited_for_and_the_sub_job_brought_forth_last() -> None:
    plain = passage(references={}).decide()
    assert texts(plain) == [
        "waiting for project J1",
        "waiting for cost type L",
        "waiting for project task 01-100 of project J1",
    ]

    without = {key: value for key, value in REFERENCES.items() if key[0] != "project_segment"}
    decision = passage(references=without).decide()

    assert texts(decision) == ["waiting for segment EAST of project J1"]
    assert isinstance(decision, Park)
    assert [demand.key for demand in decision.demands] == ["J1|EAST"]


@pytest.mark.requirement("PP-28", "PP-16")
def test_a_total_can_carry_no_amount() -> None:
    references = {**REFERENCES, ("project_task", "J1|01-100"): unlinked(facet="End-Total")}
    decision = passage(references=references).decide()

    assert isinstance(decision, Reject)
    assert [(it.field, it.message) for it in decision.violations] == [
        ("Project Task No.", "Project Task No. 01-100 is of type End-Total; only Posting can be used")
    ]


@pytest.mark.requirement("PP-18")
def test_equal_codes_of_two_projects_are_two_budget_codes() -> None:
    assert needed("J1", "EAST", "01-100", "L").key != needed("J2", "EAST", "01-100", "L").key
