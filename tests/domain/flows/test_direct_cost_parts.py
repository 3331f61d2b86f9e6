"""A direct cost is found again at every step of its making, and is never locked with another total than its own."""

from decimal import Decimal
from typing import Any

import pytest

from domain.decide import Clash, Park, Send, Settle
from domain.endpoints import costs
from domain.flow import Flow, Plan, Rows, Subject, row_by, rows_by
from domain.flows import direct_cost_parts as direct_cost
from domain.flows.direct_cost_parts import CostLine, DirectCost, reversal_of
from domain.flows.project_journal_to_direct_cost import FLOW as JOURNAL
from domain.values import Json
from tests.ledger_story import Lists, Passage

MINE = "bc:c:postedPurchaseInvoices:i-1"
LISTING = costs.direct_costs("701")
COST = DirectCost(
    origin=MINE,
    kind="invoice",
    date="2026-03-31",
    vendor_id=55,
    invoice_number="INV-9",
    lines=[
        CostLine(name="line:a", origin="bc:c:postedPurchaseInvoiceLines:a", wbs_code_id=801, amount=Decimal("10.50")),
        CostLine(
            name="line:b",
            origin="bc:c:postedPurchaseInvoiceLines:b",
            wbs_code_id=802,
            amount=Decimal("7.00"),
            quantity=Decimal(2),
            unit_cost=Decimal("3.50"),
        ),
    ],
)


def plan(subject: Subject) -> Plan:
    """The direct cost alone, and the one that takes it back where the source says so."""
    cost = reversal_of(COST, "2026-04-02") if subject.source.get("cancelled") else COST
    made = direct_cost.planned(subject, cost, "701")
    return made if isinstance(made, Plan) else Plan(parts=made.parts)


def passage(*rows: Json, **source: Any) -> Passage:
    flow = Flow(
        name="posted-invoice",
        kind=JOURNAL.kind,
        origin=JOURNAL.origin,
        counts=lambda _source, _demanded: True,
        listings=lambda subject: direct_cost.listings(subject, COST, "701"),
        plan=plan,
    )
    return Passage(flow, {"id": "i-1", **source}, lists=Lists({LISTING: rows}))


def row(**fields: Any) -> Json:
    return {"id": 9001, "origin_data": MINE, "origin_id": None, "status": "draft", "grand_total": "17.50", **fields}


def texts(decision: object) -> list[str]:
    assert isinstance(decision, Park)
    return [wait.text for wait in decision.waits]


def filled(*rows: Json) -> Passage:
    """A direct cost with its lines, and what the list shows of it."""
    it = passage()
    it.carry()
    it.carry(line_a="1", line_b="2")
    it.lists = Lists({LISTING: rows})
    return it


def test_a_direct_cost_of_many_lines_is_made_in_three_steps() -> None:
    it = passage()
    (head,) = it.carry()
    lines = it.carry()
    it.lists = Lists({LISTING: [row()]})
    (finish,) = it.carry()

    assert (head.body["vendor_id"], head.body["invoice_number"]) == (55, "INV-9")
    assert [(line.name, line.key, line.body["amount"], line.body["extended_type"]) for line in lines] == [
        ("line:a", "bc:c:postedPurchaseInvoiceLines:a", Decimal("10.50"), "manual"),
        ("line:b", "bc:c:postedPurchaseInvoiceLines:b", Decimal("7.00"), "calculated"),
    ]
    assert finish.target_id == "9001"
    assert isinstance(it.decide(), Settle)


@pytest.mark.requirement("PF-05")
def test_only_the_last_row_names_a_record_by_both_of_its_ids() -> None:
    it = passage()
    sent = [*it.carry(), *it.carry()]
    it.lists = Lists({LISTING: [row()]})
    sent += it.carry()

    assert [part.name for part in sent if part.target_id and "origin_id" in part.body] == ["finish"]


def test_lines_are_filled_before_the_list_is_asked_again() -> None:
    it = passage()
    it.carry()

    assert [part.name for part in it.sends()] == ["line:a", "line:b"]


# -- found again -----------------------------------------------------------------------------------


def test_a_half_made_one_is_gone_on_with() -> None:
    (head,) = passage(row(id=77, grand_total="0.00")).carry()

    assert (head.name, head.target_id) == ("head", "77")


def test_a_whole_one_from_before_the_ledger_was_restored_is_taken_as_it_is() -> None:
    it = passage(row(id=77, origin_id=MINE, status="approved"))

    assert isinstance(it.decide(), Settle)


def test_a_whole_one_with_another_total_is_not_taken() -> None:
    it = passage(row(id=77, origin_id=MINE, grand_total="17.51"))

    assert texts(it.decide()) == ["direct cost 77 comes to 17.51 in Procore and to 17.50 in Business Central"]


def test_a_lock_whose_reply_was_given_up_is_seen_in_the_list() -> None:
    it = filled(row(origin_id=MINE, status="approved"))

    assert isinstance(it.decide(), Settle)


@pytest.mark.requirement("ER-63")
@pytest.mark.parametrize("made", [True, False])
def test_one_that_somebody_else_claimed_is_a_conflict(made: bool) -> None:  # noqa: FBT001
    theirs = row(origin_id="erp:1")
    decision = (filled(theirs) if made else passage(theirs)).decide()

    assert decision == Clash("direct cost 9001 was made here and now has origin id erp:1 of somebody else")


def test_one_that_was_deleted_before_it_was_locked_waits_for_a_person() -> None:
    assert texts(filled().decide()) == [
        "direct cost 9001 is no longer visible in Procore; it was deleted, or the permission is missing"
    ]


@pytest.mark.requirement("PP-40")
@pytest.mark.parametrize("total", ["17.49", "0.00", "35.00"])
def test_it_is_not_locked_with_another_total(total: str) -> None:
    words = f"direct cost 9001 comes to {total} in Procore and to 17.50 in Business Central"

    assert texts(filled(row(grand_total=total)).decide()) == [words]


@pytest.mark.parametrize("shown", [{"grand_total": "17.5"}, {"grand_total": None, "amount": "17.500"}])
def test_the_total_is_compared_by_its_value(shown: Json) -> None:
    assert isinstance(filled(row(**shown)).decide(), Send)


# -- carried out twice -----------------------------------------------------------------------------


def test_the_empty_twin_of_a_call_that_was_carried_out_twice_is_removed() -> None:
    it = filled(row(), row(id=9000, grand_total="0.00"))
    parts = it.carry()

    assert [(part.name, part.endpoint, part.target_id) for part in parts] == [
        ("finish", "direct_costs.finish", "9001"),
        ("stray:9000", "direct_costs.delete", "9000"),
    ]


@pytest.mark.parametrize("used", [{"grand_total": "1.00"}, {"status": "approved"}, {"origin_id": "erp:1"}])
def test_a_twin_that_somebody_works_with_is_left_alone(used: Json) -> None:
    it = filled(row(), row(id=9000, grand_total="0.00") | used)

    assert [part.name for part in it.sends()] == ["finish"]


# -- taken back ------------------------------------------------------------------------------------


@pytest.mark.requirement("PP-41")
def test_a_reversal_is_a_second_direct_cost_with_the_amounts_taken_back() -> None:
    taken_back = reversal_of(COST, "2026-04-02")

    assert taken_back.origin == f"{MINE}:reversal"
    assert (taken_back.head, taken_back.finish, taken_back.role) == ("head:reversal", "finish:reversal", "reversal")
    assert (taken_back.date, taken_back.total, COST.total) == ("2026-04-02", Decimal("-17.50"), Decimal("17.50"))
    assert [line.origin for line in taken_back.lines] == [
        "bc:c:postedPurchaseInvoiceLines:a:reversal",
        "bc:c:postedPurchaseInvoiceLines:b:reversal",
    ]


@pytest.mark.requirement("PP-41")
def test_a_reversal_leaves_the_locked_one_as_it_is() -> None:
    it = filled(row())
    it.carry_all()
    it.sees({"id": "i-1", "cancelled": True})
    it.lists = Lists({LISTING: [row(origin_id=MINE)]})
    (head,) = it.carry()
    lines = it.carry()

    assert (head.name, head.target_id, head.body["origin_data"]) == ("head:reversal", "", f"{MINE}:reversal")
    assert [line.body["amount"] for line in lines] == [Decimal("-10.50"), Decimal("-7.00")]
    assert {line.body["direct_cost_id"] for line in lines} != {9001}


# -- rows of a list --------------------------------------------------------------------------------


def test_rows_are_found_by_any_field_in_a_plain_list_and_in_one_that_was_read() -> None:
    plain = [{"id": 1, "mark": "a"}, {"id": 2, "mark": "a"}, {"id": 3, "mark": None}]
    for rows in (plain, Rows(plain)):
        assert row_by(rows, "id", "2") == plain[1]
        assert row_by(rows, "id", "9") is None
        assert rows_by(rows, "mark", "a") == plain[:2]
        assert rows_by(rows, "mark", "") == plain[2:]
