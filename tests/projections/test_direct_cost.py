"""Costs that are not in Procore: each once with its reason, and gone as soon as it is carried."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from projections.direct_cost import DIRECT_COSTS
from tests.projections.documents import FLOWS, Documents
from tests.projections.folded import Tables


def entry(amount: str, **more: Any) -> dict[str, Any]:
    head = {"id": "entry", "jobNumber": "JOB1", "jobTaskNumber": "01-100", "postingDate": "2026-03-31"}
    return {
        **head,
        "segmentCode": "SITE",
        "costTypeCode": "E",
        "sendToProcore": True,
        "amount": Decimal(amount),
        **more,
    }


def test_an_event_that_names_no_flow_of_costs_changes_nothing() -> None:
    it = Documents()
    for kind in FLOWS:
        it.seen(kind, kind, entry("1"))
        it.synced(kind, kind)
        it.gone(kind, kind)

    named = [any(word in str(msgspec.to_builtins(event)) for word in DIRECT_COSTS.mentions) for event in it.events]
    assert named == [bool(list(DIRECT_COSTS.keys(event))) for event in it.events]
    assert named.count(True) == 6


def tables(it: Documents, page: int = 1) -> Tables:
    return Tables(DIRECT_COSTS, it.bodies).take(it.events, page)


@pytest.mark.requirement("ER-41", "C-10")
@pytest.mark.parametrize("page", [1, 100])
def test_an_entry_that_can_not_go_is_listed_once_with_all_reasons(page: int) -> None:
    it = Documents()
    it.seen("journal_entry", "7", entry("-5.00"))
    it.rejected("journal_entry", "7", "Amount is -5.00; it must be greater than 0", "Segment Code is missing")
    it.seen("journal_entry", "7", entry("-5.50"))
    it.rejected("journal_entry", "7", "Amount is -5.50; it must be greater than 0")
    it.seen("journal_entry", "8", entry("5"))
    it.synced("journal_entry", "8")

    found = tables(it, page)
    row = found.row("unsyncable_direct_cost")
    assert (row["number"], row["amount"], row["state"], row["day"], row["task"]) == (
        "7",
        "-5.50",
        "rejected",
        "2026-03-31",
        "01-100",
    )
    assert row["reason"] == "Amount is -5.50; it must be greater than 0"
    assert {each["number"]: each["state"] for each in found.rows("direct_cost")} == {"7": "rejected", "8": "synced"}


@pytest.mark.requirement("ER-41")
def test_it_disappears_when_it_is_fixed_and_carried() -> None:
    it = Documents()
    it.seen("journal_entry", "7", entry("0"))
    it.rejected("journal_entry", "7", "Amount is 0.00; it must be greater than 0")
    assert len(tables(it).rows("unsyncable_direct_cost")) == 1
    it.seen("journal_entry", "7", entry("9"))
    it.synced("journal_entry", "7")
    assert tables(it).rows("unsyncable_direct_cost") == []
    assert tables(it).row("direct_cost")["amount"] == "9.00"


@pytest.mark.requirement("ER-30", "ER-41")
def test_what_a_rule_or_a_person_leaves_out_is_told_and_what_is_flagged_no_more_is_not() -> None:
    it = Documents()
    for number, rule in (("7", "skipped by cli:ann: paid twice"), ("8", "flag off"), ("9", "project flag off")):
        it.seen("journal_entry", number, entry("1"))
        it.excluded("journal_entry", number, rule)
    assert {row["number"]: row["reason"] for row in tables(it).rows("unsyncable_direct_cost")} == {
        "7": "skipped by cli:ann: paid twice",
        "9": "project flag off",
    }


@pytest.mark.requirement("ER-41")
def test_a_removed_entry_is_no_cost_that_waits() -> None:
    it = Documents()
    it.seen("journal_entry", "7", entry("1"))
    it.rejected("journal_entry", "7", "why")
    it.gone("journal_entry", "7")
    assert tables(it).rows("unsyncable_direct_cost") == []
