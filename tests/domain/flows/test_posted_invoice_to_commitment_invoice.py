"""A posted invoice becomes one requisition: whole amounts on the lines of its commitment, approved, then locked."""

from decimal import Decimal
from typing import Any

import pytest

from domain import endpoints
from domain.decide import FLAG_OFF, PROJECT_FLAG_OFF, Clash, Exclude, Ignore, NeedsFacts, Park, Reject, Settle
from domain.endpoints import invoices
from domain.flow import Known, Part
from domain.values import Json
from tests.domain.flows.documents import COMPANY
from tests.domain.flows.posted_invoices import (
    ID,
    INVOICE,
    MARCH,
    MINE,
    contract,
    draft,
    drafted,
    filled,
    finished,
    invoice,
    invoice_line,
    items,
    lists,
    passage,
    references,
)
from tests.ledger_story import known, unlinked

SECOND = f"bc:{COMPANY}:postedPurchaseInvoices:{ID}:J2"


def texts(decision: object) -> list[str]:
    assert isinstance(decision, Park), decision
    return [wait.text for wait in decision.waits]


def rows_of(part: Part) -> list[dict[str, Any]]:
    return part.body["requisition_items"]


# -- which invoices ----------------------------------------------------------------------------------------


@pytest.mark.requirement("PP-35")
@pytest.mark.parametrize("fields", [{"sendToProcore": False}, {"orderNumber": ""}])
def test_an_invoice_without_flag_or_order_has_no_state(fields: Json) -> None:
    assert isinstance(passage(invoice(**fields)).decide(), Ignore)


@pytest.mark.requirement("PP-35", "C-59")
def test_an_invoice_that_lost_its_flag_is_left_as_it_stands() -> None:
    assert finished().sees(invoice(sendToProcore=False)).decide() == Exclude(FLAG_OFF)


@pytest.mark.requirement("C-44")
def test_an_invoice_is_left_out_by_its_number() -> None:
    assert passage(exclude_tags=("PPI-1",)).decide() == Exclude("tag PPI-1")


@pytest.mark.requirement("C-60")
def test_an_invoice_of_a_project_whose_flag_is_off_is_left_out() -> None:
    given = {**references(), ("project", "J1"): unlinked("excluded")}

    assert passage(references=given).decide() == Exclude(PROJECT_FLAG_OFF)


@pytest.mark.requirement("PP-36")
def test_an_invoice_waits_for_the_commitment_of_its_order() -> None:
    given = {**references(), ("commitment", "PO-1"): unlinked("parked")}

    assert texts(passage(references=given).decide()) == ["waiting for the commitment of order PO-1"]


@pytest.mark.requirement("PP-36")
def test_an_order_that_the_posting_removed_keeps_its_commitment() -> None:
    assert passage(references=references(state="deleted")).sends()[0].name == "requisition"


@pytest.mark.requirement("PP-40", "BX-17")
def test_an_invoice_in_another_currency_is_rejected() -> None:
    decision = passage(invoice(currencyCode="EUR"), local_currency="USD").decide()

    assert isinstance(decision, Reject)
    assert decision.violations[0].message == "the invoice is in EUR; only invoices in USD can be carried"


# -- the head ----------------------------------------------------------------------------------------------


@pytest.mark.requirement("PP-38", "PP-39")
def test_a_requisition_is_made_as_a_draft_under_the_commitment_without_origin_id() -> None:
    (part,) = passage().sends()

    assert (part.endpoint, part.key) == ("requisitions.create", MINE)
    assert part.scope == {"project_id": "701", "commitment_id": "900"}
    assert part.body == {
        "status": "draft",
        "invoice_number": "INV-77",
        "billing_date": "2026-03-15",
        "requisition_start": "2026-03-15",
        "requisition_end": "2026-03-15",
        "origin_data": MINE,
    }


def test_without_a_number_of_the_vendor_the_posted_one_is_the_invoice_number() -> None:
    assert passage(invoice(vendorInvoiceNumber=" ")).sends()[0].body["invoice_number"] == "PPI-1"


@pytest.mark.requirement("PP-38")
def test_an_unapproved_commitment_holds_the_invoice_until_it_is_approved() -> None:
    making = passage(lists=lists(contracts=[contract(status="Draft")]))

    assert texts(making.decide()) == [
        "commitment 900 is Draft in Procore; it is billed once it is Approved or Complete"
    ]
    making.lists = lists(contracts=[contract(status="Complete")])
    assert making.sends()[0].name == "requisition"


def test_of_a_commitment_that_was_deleted_in_procore_no_list_is_asked_for() -> None:
    contracts = endpoints.contracts("purchase_order_contracts", "701")
    making = passage(lists={})

    assert making.decide() == NeedsFacts([contracts])
    making.lists = {contracts: []}
    assert isinstance(making.decide(), Park)


@pytest.mark.requirement("PP-38")
@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([], "commitment 900 is no longer visible in Procore"),
        ([contract(requisitions_are_enabled=False)], "commitment 900 takes no invoices"),
        ([contract(vendor={"id": 56})], "vendor V10 of the invoice is not the vendor of commitment 900"),
    ],
)
def test_a_commitment_that_can_not_be_billed_holds_the_invoice(rows: list[Json], words: str) -> None:
    (told,) = texts(passage(lists=lists(contracts=rows)).decide())

    assert told.startswith(words)


# -- billing periods ---------------------------------------------------------------------------------------


@pytest.mark.requirement("PF-12")
def test_the_open_period_that_holds_the_posting_date_is_named() -> None:
    april = {**MARCH, "id": 32, "start_date": "2026-04-01", "end_date": "2026-04-30"}
    (part,) = passage(lists=lists(periods=[MARCH, april])).sends()

    assert part.body["period_id"] == 31
    assert (part.body["requisition_start"], part.body["requisition_end"]) == ("2026-03-01", "2026-03-31")


@pytest.mark.requirement("PF-12")
@pytest.mark.parametrize("day", ["2026-03-01", "2026-03-31"])
def test_the_first_and_the_last_day_belong_to_the_period(day: str) -> None:
    (part,) = passage(invoice(postingDate=day), lists=lists(periods=[MARCH])).sends()

    assert part.body["period_id"] == 31


@pytest.mark.requirement("PF-12", "C-56")
def test_a_closed_period_holds_the_invoice_until_it_opens_and_no_other_is_taken() -> None:
    april = {**MARCH, "id": 32, "start_date": "2026-04-01", "end_date": "2026-04-30"}
    making = passage(lists=lists(periods=[{**MARCH, "status": "closed"}, april]))

    (told,) = texts(making.decide())
    assert told.startswith("the billing period 2026-03-01 to 2026-03-31 of project J1 is closed in Procore")
    making.lists = lists(periods=[MARCH, april])
    assert making.sends()[0].body["period_id"] == 31


@pytest.mark.requirement("PF-12", "C-56")
def test_a_day_without_period_holds_the_invoice_where_periods_are_in_use() -> None:
    decision = passage(invoice(postingDate="2026-02-28"), lists=lists(periods=[MARCH])).decide()

    assert texts(decision) == ["no billing period of project J1 in Procore holds 2026-02-28; add one there"]


@pytest.mark.requirement("PF-12")
def test_of_two_periods_of_a_day_the_open_one_is_named() -> None:
    later = {**MARCH, "id": 33, "start_date": "2026-03-10", "status": "closed"}

    assert passage(lists=lists(periods=[MARCH, later])).sends()[0].body["period_id"] == 31


# -- items and approval ------------------------------------------------------------------------------------


@pytest.mark.requirement("PP-37", "PP-40")
def test_all_items_are_filled_in_one_call_with_amounts_before_tax() -> None:
    source = invoice(invoice_line(1, amountIncludingTax=Decimal("8.33")), invoice_line(2, amount=Decimal("6.30")))
    (part,) = drafted(source).sends()

    assert (part.endpoint, part.target_id) == ("requisitions.items", INVOICE)
    assert [(row["id"], row["work_completed_this_period"]) for row in rows_of(part)] == [(601, "7.00"), (602, "6.30")]
    assert {row["work_completed_retainage_retained_this_period"] for row in rows_of(part)} == {"0.00"}
    assert {row["comment"] for row in rows_of(part)} == {"PPI-1"}


def test_two_lines_that_bill_one_line_of_the_order_are_one_item() -> None:
    source = invoice(invoice_line(1), invoice_line(3, orderLineNumber=10000, amount=Decimal("1.50")))
    (part,) = drafted(source).sends()

    assert [(row["id"], row["work_completed_this_period"]) for row in rows_of(part)] == [(601, "8.50")]


@pytest.mark.requirement("PP-38", "PP-40")
def test_what_procore_shows_is_compared_before_the_record_is_approved_and_locked() -> None:
    (part,) = filled().sends()

    assert (part.endpoint, part.target_id) == ("requisitions.finish", INVOICE)
    assert part.body == {"status": "approved", "origin_id": MINE}


@pytest.mark.requirement("PP-40")
def test_another_sum_in_procore_is_put_before_a_person() -> None:
    assert filled("7.0", "6.99").decide() == Clash(
        "invoice 9001 comes to 13.99 in Procore and to 14.00 in Business Central; 0.00 is accepted"
    )


@pytest.mark.requirement("LE-40")
@pytest.mark.parametrize(("shown", "accepted"), [("7.10", True), ("7.11", False)])
def test_cents_of_rounding_are_accepted_up_to_the_tolerance(shown: str, accepted: bool) -> None:  # noqa: FBT001
    decision = filled("7.0", shown, settings={"rounding_tolerance": Decimal("0.10")}).decide()

    assert isinstance(decision, Clash) is not accepted


@pytest.mark.requirement("LE-40")
def test_accepted_cents_are_recorded_when_all_is_done() -> None:
    making = filled("7.0", "7.10", settings={"rounding_tolerance": Decimal("0.10")})
    making.carry()
    making.lists = lists(requisitions=[draft(origin_id=MINE)], filled=items("7.0", "7.10"))
    making.carry()
    decision = making.decide()

    assert isinstance(decision, Settle)
    assert decision.warnings == ["0.10 accepted as rounding in Procore"]


@pytest.mark.requirement("LE-40")
def test_lines_that_do_not_come_to_the_head_are_rejected_beyond_the_tolerance() -> None:
    source = invoice(amount=Decimal("14.11"))

    assert isinstance(passage(source, settings={"rounding_tolerance": Decimal("0.10")}).decide(), Reject)
    assert passage(source, settings={"rounding_tolerance": Decimal("0.11")}).sends()


@pytest.mark.requirement("LE-40")
@pytest.mark.parametrize(("price", "accepted"), [("3.55", True), ("3.555", False)])
def test_a_unit_contract_is_billed_by_quantity_and_its_cents_must_be_accepted(price: str, accepted: bool) -> None:  # noqa: FBT001
    making = drafted(invoice(invoice_line(1)), settings={"rounding_tolerance": Decimal("0.10")})
    unit = items(scheduled_unit_price=price)
    making.lists = lists(contracts=[contract(accounting_method="unit")], requisitions=[draft()], filled=unit)
    decision = making.decide()

    if not accepted:
        assert isinstance(decision, Clash)
        return
    (part,) = making.sends()
    assert (rows_of(part)[0]["work_completed_this_period_quantity"], len(rows_of(part))) == ("2", 1)
    assert "work_completed_this_period" not in rows_of(part)[0]


# -- which lines -------------------------------------------------------------------------------------------


@pytest.mark.requirement("C-56", "PP-37")
def test_a_line_whose_order_line_is_not_in_the_commitment_is_listed_and_not_sent() -> None:
    source = invoice(invoice_line(1), invoice_line(3), {**invoice_line(4), "lineType": "_x0020_", "amount": 0})
    making = drafted(source)
    assert len(rows_of(making.carry()[0])) == 1
    making.lists = lists(requisitions=[draft(origin_id=MINE)], filled=items("7.0", "0.0"))
    making.carry_all()
    decision = making.decide()

    assert isinstance(decision, Settle)
    assert decision.warnings == ["line 30000 (7.00) was not sent: line 30000 of the order is not in the commitment"]


@pytest.mark.requirement("C-56")
def test_an_invoice_of_which_no_line_is_in_the_commitment_is_left_out() -> None:
    decision = passage(references=references(3)).decide()

    assert decision == Exclude("no line of the invoice stands in its commitment")


@pytest.mark.requirement("C-56")
def test_a_line_that_was_deleted_from_the_commitment_in_procore_is_not_sent() -> None:
    making = passage(lists=lists(lines=[502]))
    making.carry()
    making.lists = lists(lines=[502], requisitions=[draft()])

    assert [row["id"] for row in rows_of(making.sends()[0])] == [602]


@pytest.mark.requirement("C-56", "PP-36")
def test_a_line_that_its_order_may_still_bring_holds_the_invoice() -> None:
    making = passage(invoice(invoice_line(1), invoice_line(3)), references=references(state="pending"))

    assert texts(making.decide()) == ["waiting for order PO-1, whose line 30000 is not in its commitment"]
    making.references = references(1, 3)
    making.lists = lists(lines=[501, 503])
    assert making.sends()[0].name == "requisition"


@pytest.mark.requirement("C-14", "PP-39")
def test_an_order_that_was_split_by_job_is_billed_contract_by_contract() -> None:
    source = invoice(invoice_line(2, jobNumber="J2"), invoice_line(1))
    given = references()
    given["commitment/purchaseOrderLines", "PO-1|20000"] = known(
        "purchase_order_contracts.line_items", "502", parent="901"
    )
    given["project", "J2"] = known("projects", "702")
    given["posted_invoice/@below", "702"] = Known("", None)
    both = lists()
    both[endpoints.contracts("purchase_order_contracts", "702")] = [contract(id=901)]
    both[invoices.contract_lines("purchase_order_contracts", "702", "901")] = [{"id": 502}]
    parts = passage(source, references=given, lists=both).sends()

    assert [(part.name, part.key, part.scope["commitment_id"]) for part in parts] == [
        ("requisition", MINE, "900"),
        ("requisition:J2", SECOND, "901"),
    ]
