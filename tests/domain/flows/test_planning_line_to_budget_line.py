"""A planning line waits for the budget line that carries it, and then keeps its id."""

from decimal import Decimal
from typing import Any

import pytest

from domain.decide import Exclude, Ignore, Park, Reject, Settle
from domain.flow import Known
from domain.flows.planning_line_to_budget_line import FLOW
from domain.states import State
from domain.values import Json
from tests.domain.flows.documents import ETAG, planning_line
from tests.ledger_story import Passage, known, moment, unlinked

CODE = ("budget_code", "J1|EAST|01-100|M")
OWNER = ("project", "procore:701")
LINE = ("budget_line", "801")
REFERENCES = {
    ("project", "J1"): known("projects", "701"),
    ("project_task", "J1|01-100"): known("cost_codes", "60", facet="Posting"),
    CODE: known("wbs_codes", "801", parent="701"),
    OWNER: known("projects", "701"),
    LINE: known("budget_line_items", "901", parent="701"),
}


def passage(source: Json | None = None, *, without: tuple[Any, ...] = (), **more: Any) -> Passage:
    references = {key: value for key, value in REFERENCES.items() if key not in without}
    return Passage(FLOW, source or planning_line(), references={**references, **more.pop("references", {})}, **more)


def told(decision: object) -> list[str]:
    assert isinstance(decision, Reject)
    return [each.message for each in decision.violations]


def carried() -> Passage:
    """A line that its budget line was decided to carry."""
    waiting = passage(references={LINE: unlinked()})
    decision = waiting.decide()
    assert isinstance(decision, Park)
    waiting.record.park(FLOW.name, decision.waits, moment())
    waiting.references[LINE] = REFERENCES[LINE]
    return waiting


@pytest.mark.requirement("PP-14")
def test_a_new_figure_is_news_to_the_budget_line_even_where_that_is_synced() -> None:
    decision = passage().decide()

    assert isinstance(decision, Park)
    assert [(wait.kind, wait.key, wait.carrier) for wait in decision.waits] == [("budget_line", "801", True)]


@pytest.mark.requirement("PP-14", "PP-15")
def test_the_id_of_the_budget_line_is_written_back_and_nothing_else() -> None:
    line = carried()
    (part,) = line.carry()

    assert (part.endpoint, part.if_match) == ("bc.projectPlanningLines", ETAG)
    assert part.body["procoreBudgetLineItemId"] == 901
    assert [(link.bc_number, link.procore_id, link.procore_parent_id) for link in line.links] == [
        ("J1|01-100|10000", "901", "701")
    ]
    assert isinstance(line.decide(), Settle)


@pytest.mark.requirement("PP-11", "PP-14")
def test_project_task_and_budget_code_come_first_and_the_budget_line_is_brought_forth_last() -> None:
    first = passage(without=tuple(REFERENCES)).decide()
    assert isinstance(first, Park)
    assert [wait.text for wait in first.waits] == [
        "waiting for project J1",
        "waiting for project task 01-100 of project J1",
    ]

    second = passage(without=(CODE,)).decide()
    assert isinstance(second, Park)
    assert [demand.key for demand in second.demands] == ["J1|EAST|01-100|M"]

    third = passage(references={LINE: Known("")}).decide()

    assert isinstance(third, Park)
    assert [wait.text for wait in third.waits] == ["waiting for the budget line of EAST / 01-100 / M"]


@pytest.mark.requirement("PP-15")
def test_what_holds_up_the_budget_line_is_told_by_every_line_that_it_carries() -> None:
    line = carried()
    line.references[LINE] = Known("parked", None, "record", why=("the budget is locked in Procore",))
    decision = line.decide()

    assert isinstance(decision, Park)
    assert decision.waits[0].text == "waiting for the budget line of EAST / 01-100 / M: the budget is locked in Procore"


@pytest.mark.requirement("C-17", "PP-12")
@pytest.mark.parametrize(("own", "projects"), [(True, False), (False, True), (True, True)])
def test_one_of_both_flags_is_enough(own: bool, projects: bool) -> None:  # noqa: FBT001
    line = passage(planning_line(sendBudgetLineToProcore=own), demanded=projects)

    assert isinstance(line.decide(), Park)


@pytest.mark.requirement("C-17", "PP-12")
def test_without_a_flag_it_takes_no_part_and_one_that_did_is_left_as_it_is() -> None:
    off = planning_line(sendBudgetLineToProcore=False)
    assert isinstance(passage(off).decide(), Ignore)

    line = carried()
    line.carry_all()
    line.sees(off)

    assert line.decide() == Exclude("flag off")


@pytest.mark.requirement("MA-18")
def test_a_line_of_a_change_order_is_no_original_budget() -> None:
    assert passage(planning_line(changeOrderNumber="CO-7")).decide() == Exclude("of change order CO-7")


@pytest.mark.requirement("PP-14", "PP-17")
@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("taskNumber", "Project Task No. is missing; fill it in Business Central"),
        ("segmentCode", "Segment Code is missing; fill it in Business Central"),
        ("costTypeCode", "Cost Type is missing; fill it in Business Central"),
    ],
)
def test_a_dimension_that_is_missing_is_named(field: str, words: str) -> None:
    assert told(passage({**planning_line(), field: ""}).decide()) == [words]


@pytest.mark.requirement("PP-14", "PP-16")
def test_a_total_takes_no_budget() -> None:
    line = passage(references={("project_task", "J1|01-100"): unlinked(facet="End-Total")})

    assert told(line.decide()) == ["Project Task No. 01-100 is of type End-Total; only Posting can be used"]


@pytest.mark.requirement("BX-17")
def test_another_currency_cannot_be_carried() -> None:
    line = passage(planning_line(currencyCode="EUR"), local_currency="USD")

    assert told(line.decide()) == ["the planning line is in EUR; only lines in USD can be carried"]


@pytest.mark.requirement("C-60")
@pytest.mark.parametrize("key", [("project", "J1"), OWNER])
def test_a_project_that_is_off_closes_its_lines(key: tuple[str, str]) -> None:
    state: State = "excluded"
    link = REFERENCES[key].link

    assert passage(references={key: Known(state, link)}).decide() == Exclude("project flag off")


@pytest.mark.requirement("C-60")
def test_a_line_that_comes_back_asks_its_budget_line_once_more() -> None:
    line = carried()
    line.carry_all()
    line.sees(planning_line(totalCost=Decimal(9)))
    line.record.exclude(FLOW.name, "project flag off", moment())

    assert isinstance(line.decide(), Park)


@pytest.mark.requirement("PP-18")
def test_lines_belong_to_the_budget_code_of_their_own_project() -> None:
    here, there = (FLOW.origin.member_of(planning_line(projectNumber=job)) for job in ("J1", "J2"))

    assert (here, there) == ("J1|EAST|01-100|M", "J2|EAST|01-100|M")
    assert FLOW.origin.number(planning_line()) == "J1|01-100|10000"
