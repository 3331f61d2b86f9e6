"""What comes of an invoice that stands in Procore: ids back, found again, refused, cancelled, kept as it was."""

import pytest

from domain.decide import Clash, Exclude, Park, Settle
from tests.domain.flows.posted_invoices import (
    ID,
    INVOICE,
    LINE,
    MARCH,
    MINE,
    contract,
    draft,
    drafted,
    finished,
    invoice,
    items,
    lists,
    passage,
    references,
)

BACK = [
    f"bc:postedPurchaseInvoices:{ID}",
    f"bc:postedPurchaseInvoiceLines:{LINE}1",
    f"bc:postedPurchaseInvoiceLines:{LINE}2",
    "bc:log",
]


def texts(decision: object) -> list[str]:
    assert isinstance(decision, Park), decision
    return [wait.text for wait in decision.waits]


# -- the way back ------------------------------------------------------------------------------------------


@pytest.mark.requirement("PP-42")
def test_ids_of_record_and_items_go_back_and_all_are_joined() -> None:
    making = finished()
    parts = making.carry()

    assert [part.name for part in parts] == BACK
    assert parts[0].body["procoreInvoiceId"] == int(INVOICE)
    assert [part.body for part in parts[1:3]] == [{"procoreInvoiceLineId": 601}, {"procoreInvoiceLineId": 602}]
    assert [(link.bc_set, link.procore_resource, link.procore_id, link.procore_parent_id) for link in making.links] == [
        ("postedPurchaseInvoices", "requisitions", INVOICE, "701"),
        ("postedPurchaseInvoiceLines", "requisitions.line_items", "601", INVOICE),
        ("postedPurchaseInvoiceLines", "requisitions.line_items", "602", INVOICE),
    ]
    assert isinstance(making.decide(), Settle)


def test_what_is_done_needs_no_list_and_no_call_any_more() -> None:
    making = finished()
    making.carry_all()
    making.lists = {}

    assert isinstance(making.decide(), Settle)


def test_after_a_lost_ledger_the_locked_record_is_found_and_only_joined() -> None:
    making = passage(lists=lists(requisitions=[draft(status="approved", origin_id=MINE)], filled=items("7.0", "7.0")))

    assert [part.name for part in making.carry()] == BACK
    assert making.links[0].procore_id == INVOICE


def test_after_a_lost_ledger_a_half_made_record_is_gone_on_with() -> None:
    (part,) = passage(lists=lists(requisitions=[draft()])).sends()

    assert (part.name, part.target_id) == ("items", INVOICE)


def test_a_draft_that_was_deleted_in_procore_is_never_made_again() -> None:
    making = drafted()
    making.lists = lists()

    assert texts(making.decide()) == ["invoice 9001 of commitment 900 was deleted in Procore; enter it there by hand"]


def test_an_origin_id_of_somebody_else_is_a_conflict() -> None:
    making = drafted()
    making.lists = lists(requisitions=[draft(origin_id="sage:7")])

    assert isinstance(making.decide(), Clash)


def test_an_item_that_is_not_there_holds_the_invoice() -> None:
    making = drafted()
    making.lists = lists(requisitions=[draft()], filled=items("0.0"))

    assert texts(making.decide()) == ["invoice 9001 in Procore has no item for line 20000 of the posted invoice"]


# -- what Procore refused ----------------------------------------------------------------------------------


@pytest.mark.requirement("PP-38", "PF-12")
def test_what_was_refused_is_tried_again_only_when_something_has_changed_there() -> None:
    making = drafted()
    making.refuse("cannot exceed the scheduled value of the line")

    assert texts(making.decide()) == ["cannot exceed the scheduled value of the line"]
    making.lists = lists(requisitions=[draft()], contracts=[contract(grand_total="20.0")])
    assert making.sends()[0].name == "items"


@pytest.mark.requirement("PF-12")
def test_a_second_invoice_in_a_period_waits_with_the_words_of_procore() -> None:
    other = {"id": 8000, "period_id": 31, "status": "approved"}
    making = passage(lists=lists(periods=[MARCH], requisitions=[other]))
    making.refuse("the commitment already has an invoice in this billing period")

    assert texts(making.decide()) == ["the commitment already has an invoice in this billing period"]
    making.lists = lists(periods=[MARCH], requisitions=[{**other, "period_id": None}])
    assert making.sends()[0].name == "requisition"


@pytest.mark.requirement("PP-41")
def test_a_cancelled_invoice_that_stands_in_procore_waits_for_a_person() -> None:
    decision = finished().sees(invoice(cancelled=True)).decide()

    assert texts(decision) == ["invoice was cancelled in Business Central"]


@pytest.mark.requirement("PP-41")
def test_a_cancelled_invoice_that_was_never_sent_is_left_out() -> None:
    making = passage(invoice(cancelled=True), references={})

    assert making.decide() == Exclude("invoice was cancelled in Business Central")


# -- requisition or direct cost ----------------------------------------------------------------------------


@pytest.mark.requirement("C-06", "C-57")
def test_a_project_keeps_the_kind_of_record_that_it_first_used() -> None:
    costs = {"posted_invoice_target": "direct_cost"}

    assert passage(settings=costs).sends()[0].endpoint == "direct_costs"
    assert passage(settings=costs, references=references(first="requisitions")).sends()[0].name == "requisition"
    assert passage(references=references(first="direct_costs")).sends()[0].endpoint == "direct_costs"


@pytest.mark.requirement("C-06", "PP-38")
def test_what_was_begun_as_a_requisition_ends_as_one() -> None:
    making = drafted(settings={"posted_invoice_target": "direct_cost"}, references=references(first="requisitions"))
    making.references = references(first="direct_costs")

    assert making.sends()[0].name == "items"
