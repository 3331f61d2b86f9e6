"""A posted journal line becomes one direct cost: made as a draft, filled, checked, then locked for good."""

from decimal import Decimal

import pytest

from domain.decide import FLAG_OFF, PROJECT_FLAG_OFF, Bury, Exclude, Ignore, Park, Settle
from domain.flows.budget_code_to_wbs_code import needed as needed_code
from domain.flows.project_journal_to_direct_cost import FLOW
from domain.values import BUSINESS_CENTRAL
from tests.domain.flows.journal_entries import (
    ID,
    MINE,
    entry,
    linked,
    passage,
    sees_lines,
    starting,
    texts,
)
from tests.ledger_story import known, moment, unlinked

# -- what counts -----------------------------------------------------------------------------------


@pytest.mark.requirement("PP-49")
def test_an_entry_without_the_flag_has_no_state() -> None:
    assert isinstance(passage(entry(sendToProcore=False)).decide(), Ignore)


def test_a_usage_entry_of_a_purchase_is_never_flagged_and_so_never_sent() -> None:
    usage = entry(entryType="Usage", sourceCode="PURCHASES", sendToProcore=False)

    assert isinstance(passage(usage).decide(), Ignore)


@pytest.mark.requirement("C-60")
def test_an_entry_of_a_project_whose_flag_is_off_is_left_out() -> None:
    references = {**linked(), ("project", "J1"): unlinked("excluded")}

    assert passage(references=references).decide() == Exclude(PROJECT_FLAG_OFF)


@pytest.mark.requirement("C-44")
def test_an_entry_is_left_out_by_a_word_of_its_description() -> None:
    it = passage(entry(description="Site office NOPROCORE"), exclude_tags=("NOPROCORE",))

    assert it.decide() == Exclude("tag NOPROCORE")


@pytest.mark.requirement("PP-49", "C-50")
def test_entries_that_were_posted_together_are_of_one_group_and_dated_by_their_posting_date() -> None:
    member_of = FLOW.origin.member_of

    assert FLOW.together
    assert member_of(entry()) == member_of(entry(entryNumber=4712, jobNumber="J2")) == "J1001|2026-03-31|PROJJNL"
    assert member_of(entry(sourceCode="RESJNL")) != member_of(entry())
    assert FLOW.origin.dated == "postingDate"


# -- what it waits for -----------------------------------------------------------------------------


@pytest.mark.requirement("PP-51")
def test_an_entry_waits_for_its_project() -> None:
    references = {**linked(), ("project", "J1"): unlinked()}

    assert texts(passage(references=references).decide()) == ["waiting for project J1"]


def test_an_entry_brings_its_budget_code_forth() -> None:
    references = linked()
    code = needed_code("J1", "EAST", "01-100", "M")
    del references[code.kind, code.key]
    decision = passage(references=references).decide()

    assert isinstance(decision, Park)
    assert [demand.key for demand in decision.demands] == ["J1|EAST|01-100|M"]


# -- what is sent ----------------------------------------------------------------------------------


@pytest.mark.requirement("PP-50", "PP-52", "PP-43")
def test_head_line_and_lock_go_one_after_the_other_and_the_id_comes_back() -> None:
    it = starting()
    (head,) = it.carry()
    (line,) = it.carry()
    sees_lines(it)
    (finish,) = it.carry()
    (back,) = it.carry()

    assert (head.endpoint, head.scope, head.target_id) == ("direct_costs", {"project_id": "701"}, "")
    assert head.body == {
        "direct_cost_type": "expense",
        "direct_cost_date": "2026-03-31",
        "description": "Site office",
        "status": "draft",
        "origin_data": MINE,
    }
    assert (line.endpoint, line.key) == ("direct_costs.line_items", f"{MINE}:line")
    assert line.body == {
        "direct_cost_id": 9001,
        "wbs_code_id": 801,
        "description": "Site office",
        "quantity": Decimal(3),
        "unit_cost": Decimal("12.34"),
        "amount": Decimal("37.02"),
        "extended_type": "calculated",
    }
    assert (finish.endpoint, finish.target_id) == ("direct_costs.finish", "9001")
    assert finish.body == {"origin_id": MINE, "status": "approved"}
    assert (back.endpoint, back.body["procoreDirectCostId"]) == ("bc.projectLedgerEntries", 9001)
    assert isinstance(it.decide(), Settle)


@pytest.mark.requirement("PP-50")
def test_the_pair_is_joined_once_the_direct_cost_is_locked() -> None:
    it = starting()
    it.carry()
    it.carry()
    sees_lines(it).sends()

    assert it.links == []

    it.carry()
    it.sends()
    (link,) = it.links

    assert (link.bc_set, link.bc_id, link.bc_number) == ("projectLedgerEntries", ID, "4711")
    assert (link.procore_resource, link.procore_id, link.procore_parent_id) == ("direct_costs", "9001", "701")


@pytest.mark.requirement("PP-52")
def test_an_amount_that_is_no_exact_product_goes_as_it_is() -> None:
    it = starting(entry(quantity=Decimal(3), unitCost=Decimal("0.33333"), amount=Decimal("1.00")))
    it.carry()
    (line,) = it.carry()

    assert {name: line.body.get(name) for name in ("quantity", "unit_cost", "amount", "extended_type")} == {
        "quantity": None,
        "unit_cost": None,
        "amount": Decimal("1.00"),
        "extended_type": "manual",
    }


@pytest.mark.requirement("PP-52")
def test_a_long_description_goes_whole_and_a_blank_one_not_at_all() -> None:
    (head,) = starting(entry(description="x" * 100)).sends()
    (bare,) = starting(entry(description=" ")).sends()

    assert head.body["description"] == "x" * 100
    assert "description" not in bare.body


def test_numbers_are_sent_as_numbers_and_never_as_binary_floats() -> None:
    it = starting()
    it.carry()
    (line,) = it.carry()

    assert {type(line.body[name]) for name in ("amount", "quantity", "unit_cost")} == {Decimal}


# -- what stays as it is ---------------------------------------------------------------------------


@pytest.mark.requirement("PP-50")
def test_nothing_is_sent_a_second_time() -> None:
    it = starting()
    it.carry()
    it.carry()
    sees_lines(it).carry_all()
    it.sees(entry(rowVersion=200, procoreDirectCostId=9001, **{"@odata.etag": 'W/"2"'}))

    assert isinstance(it.decide(), Settle)


@pytest.mark.requirement("PP-50")
def test_a_change_behind_the_ledgers_back_meets_a_locked_record_and_waits() -> None:
    it = starting()
    it.carry()
    it.carry()
    sees_lines(it).carry_all()
    it.sees(entry(amount=Decimal("40.00")))

    assert texts(it.decide()) == [
        "direct cost 9001 is locked in Procore since it was approved; correct it by a new posting"
    ]


def test_a_locked_direct_cost_does_not_follow_its_job_to_another_procore_project() -> None:
    it = starting()
    it.carry()
    it.carry()
    sees_lines(it).carry_all()
    it.references["project", "J1"] = known("projects", "702")

    assert texts(it.decide()) == [
        "direct cost 9001 stays in the Procore project that it was made in, where it is locked"
    ]


@pytest.mark.requirement("PP-20")
def test_an_entry_that_disappears_closes_its_record_and_nothing_else() -> None:
    it = starting()
    it.carry()
    it.carry()
    sees_lines(it).carry_all()
    it.record.vanish(BUSINESS_CENTRAL, "", moment())

    assert isinstance(it.decide(), Bury)


def test_a_flag_that_went_off_leaves_the_direct_cost_alone() -> None:
    it = starting()
    it.carry()
    it.sees(entry(sendToProcore=False))

    assert it.decide() == Exclude(FLAG_OFF)
