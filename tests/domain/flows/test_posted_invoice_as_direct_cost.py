"""Where the setting says so, a posted invoice becomes one direct cost, and a cancelled one is taken back by another."""

from decimal import Decimal
from typing import Any

import pytest

from domain.decide import Park, Settle
from tests.domain.flows.documents import COMPANY
from tests.domain.flows.posted_invoices import (
    ID,
    LINE,
    MINE,
    PROJECT,
    invoice,
    invoice_line,
    lists,
    passage,
    references,
)
from tests.ledger_story import Passage

SETTING: dict[str, Any] = {"settings": {"posted_invoice_target": "direct_cost"}}
L1, L2 = f"line:{LINE}1", f"line:{LINE}2"


def shown(id_: int, total: str, **fields: Any) -> dict[str, Any]:
    return {"id": id_, "origin_data": MINE, "origin_id": None, "grand_total": total, **fields}


def whole() -> Passage:
    """The direct cost stands, is locked, and its ids are written back."""
    making = passage(**SETTING)
    making.carry()
    making.carry()
    making.lists = lists(direct_costs=[shown(9001, "14.0")])
    making.carry()
    making.carry()
    return making


@pytest.mark.requirement("C-06", "PP-38", "PP-40")
def test_a_direct_cost_of_type_invoice_names_order_invoice_and_vendor() -> None:
    (head,) = passage(**SETTING).sends()

    assert (head.endpoint, head.key) == ("direct_costs", MINE)
    assert head.body == {
        "direct_cost_type": "invoice",
        "direct_cost_date": "2026-03-15",
        "vendor_id": 55,
        "invoice_number": "INV-77",
        "description": "Purchase order PO-1, posted invoice PPI-1",
        "status": "draft",
        "origin_data": MINE,
    }


@pytest.mark.requirement("PP-37", "PP-40")
def test_its_lines_bear_amounts_before_tax_on_their_budget_codes() -> None:
    source = invoice(invoice_line(1), invoice_line(2, amount=Decimal("6.30")))
    making = passage(source, **SETTING)
    making.carry()
    parts = making.sends()

    assert [part.name for part in parts] == [L1, L2]
    assert [part.body["amount"] for part in parts] == [Decimal("7.00"), Decimal("6.30")]
    assert [part.body["extended_type"] for part in parts] == ["calculated", "manual"]
    assert {part.body["wbs_code_id"] for part in parts} == {801}
    assert parts[0].key == f"bc:{COMPANY}:postedPurchaseInvoiceLines:{LINE}1"


def test_it_needs_neither_an_approved_commitment_nor_a_billing_period() -> None:
    assert passage(lists=lists(contracts=[], lines=[], periods=[{"id": 1}]), **SETTING).sends()


@pytest.mark.requirement("C-56")
def test_lines_that_are_not_in_the_commitment_stay_behind_here_too() -> None:
    making = passage(references=references(1), **SETTING)
    making.carry()

    assert [part.name for part in making.sends()] == [L1]


@pytest.mark.requirement("PP-42", "C-06")
def test_ids_of_record_and_lines_go_back() -> None:
    making = passage(**SETTING)
    making.carry()
    making.carry()
    making.lists = lists(direct_costs=[shown(9001, "14.0")])
    (finish,) = making.carry()
    parts = making.carry()

    assert finish.body == {"origin_id": MINE, "status": "approved"}
    assert parts[0].body["procoreInvoiceId"] == 9001
    assert [part.body for part in parts[1:3]] == [{"procoreInvoiceLineId": 9002}, {"procoreInvoiceLineId": 9003}]
    assert [(link.procore_resource, link.procore_id, link.procore_parent_id) for link in making.links][:1] == [
        ("direct_costs", "9001", PROJECT)
    ]
    assert isinstance(making.decide(), Settle)


@pytest.mark.requirement("PP-41")
def test_a_cancelled_invoice_is_taken_back_by_one_reversing_direct_cost() -> None:
    making = whole()
    making.lists = lists(direct_costs=[shown(9001, "14.0", origin_id=MINE)])
    making.sees(invoice(cancelled=True))
    (head,) = making.carry()
    lines = making.carry()

    back = f"{MINE}:reversal"
    assert (head.name, head.key, head.body["origin_data"]) == ("head:reversal", back, back)
    assert [(part.name, part.body["amount"]) for part in lines] == [
        (f"{L1}:reversal", Decimal("-7.00")),
        (f"{L2}:reversal", Decimal("-7.00")),
    ]
    reversal = shown(int(lines[0].body["direct_cost_id"]), "-14.0", origin_data=back)
    making.lists = lists(direct_costs=[shown(9001, "14.0", origin_id=MINE), reversal])
    (finish,) = making.carry()
    assert finish.body == {"origin_id": back, "status": "approved"}
    making.carry_all()
    making.decide()
    assert isinstance(making.decision, Settle)
    links = making.record.flow(making.flow.name).links
    assert links[f"postedPurchaseInvoices/{ID}/reversal"].procore_id == str(reversal["id"])
    assert links[f"postedPurchaseInvoices/{ID}/primary"].procore_id == "9001"


@pytest.mark.requirement("PP-41", "PP-19")
def test_the_reversal_is_made_once() -> None:
    making = whole()
    making.lists = lists(direct_costs=[shown(9001, "14.0", origin_id=MINE)])
    making.sees(invoice(cancelled=True))
    sent: list[str] = []
    while not isinstance(making.decide(), Settle):
        sent += [part.name for part in making.carry()]
        both = [shown(9001, "14.0", origin_id=MINE), shown(9005, "-14.0", origin_data=f"{MINE}:reversal")]
        making.lists = lists(direct_costs=both)

    assert sent.count("head:reversal") == 1
    assert making.record.flow(making.flow.name).target_id("head:reversal") == "9005"


@pytest.mark.requirement("PP-40")
def test_another_total_in_procore_is_not_approved() -> None:
    making = passage(**SETTING)
    making.carry()
    making.carry()
    making.lists = lists(direct_costs=[shown(9001, "13.99")])

    assert isinstance(making.decide(), Park)
