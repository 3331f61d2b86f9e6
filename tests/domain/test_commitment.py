"""What an order costs stays exact to the cent, and quantity times cost is claimed only where it gives the amount."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.commitment import STATUSES, figures, flagged_lines, line_total, mapped_status, resource_of
from domain.values import cents

QUANTITIES = st.decimals(allow_nan=False, allow_infinity=False, min_value="-1e6", max_value="1e6", places=5)
COSTS = st.decimals(allow_nan=False, allow_infinity=False, min_value="-1e6", max_value="1e6", places=5)
TOTALS = st.decimals(allow_nan=False, allow_infinity=False, min_value="-1e9", max_value="1e9", places=2)


def line(**fields: Any) -> dict[str, Any]:
    whole = {
        "id": "l1",
        "lineNumber": 10000,
        "lineType": "Item",
        "quantity": Decimal(2),
        "directUnitCost": Decimal("3.50"),
        "lineAmount": Decimal("7.00"),
        "amount": Decimal(0),
        "jobNumber": "J1",
        "sendToProcore": True,
    }
    return {**whole, **fields}


def order(*lines: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"number": "PO-1", "status": "Released", "jobNumber": "J1", "purchaseOrderLines": list(lines), **fields}


@pytest.mark.requirement("PP-32")
@given(quantity=QUANTITIES, cost=COSTS, total=TOTALS)
def test_the_amount_is_never_changed_on_its_way(quantity: Decimal, cost: Decimal, total: Decimal) -> None:
    sent = figures(order(), line(quantity=quantity, directUnitCost=cost, lineAmount=total))

    assert Decimal(sent["amount"]) == total
    assert (Decimal(sent["quantity"]), Decimal(sent["unit_cost"])) == (quantity, cost)


@pytest.mark.requirement("PP-32")
@given(quantity=QUANTITIES, cost=COSTS, discount=st.sampled_from(["0", "0.01", "-0.01", "5"]))
def test_quantity_times_cost_is_claimed_only_where_it_gives_the_amount_to_the_cent(
    quantity: Decimal, cost: Decimal, discount: str
) -> None:
    total = cents(quantity * cost) - Decimal(discount)
    sent = figures(order(), line(quantity=quantity, directUnitCost=cost, lineAmount=total))

    assert sent["extended_type"] == ("calculated" if Decimal(discount) == 0 else "manual")


def test_an_absurd_order_is_carried_like_any_other() -> None:
    huge = Decimal("999999999999999.99999")
    sent = figures(order(), line(quantity=huge, directUnitCost=huge, lineAmount=Decimal("0.01")))

    assert (sent["quantity"], sent["amount"], sent["extended_type"]) == (str(huge), "0.01", "manual")


@given(quantity=QUANTITIES, cost=COSTS, total=TOTALS)
def test_figures_are_plain_decimal_text(quantity: Decimal, cost: Decimal, total: Decimal) -> None:
    sent = figures(order(), line(quantity=quantity, directUnitCost=cost, lineAmount=total))

    assert not any("E" in sent[name] for name in ("quantity", "unit_cost", "amount"))


@pytest.mark.parametrize(
    ("fields", "of_order", "total"),
    [
        ({"lineAmount": Decimal("7.00"), "amount": Decimal(0)}, {"status": "Open"}, "7.00"),
        ({"lineAmount": Decimal("7.00"), "amount": Decimal("6.90")}, {"status": "Open"}, "7.00"),
        ({"lineAmount": Decimal("7.00"), "amount": Decimal("6.90")}, {"status": "Released"}, "6.90"),
        ({"lineAmount": Decimal("7.00"), "amount": Decimal(0)}, {"status": "Released"}, "7.00"),
        (
            {"lineAmount": Decimal("8.33"), "amount": Decimal("7.00")},
            {"status": "Open", "pricesIncludeTax": True},
            "7.00",
        ),
    ],
    ids=["open", "open with an old amount", "released", "released without amount", "prices with tax"],
)
def test_a_line_costs_what_is_settled_before_tax_and_after_discounts(
    fields: dict[str, Decimal], of_order: dict[str, Any], total: str
) -> None:
    assert line_total(order(**of_order), line(**fields)) == Decimal(total)


@pytest.mark.requirement("PP-22", "C-13")
def test_only_flagged_lines_that_carry_cost_go() -> None:
    document = order(
        line(id="l3", lineNumber=30000),
        line(id="l1", lineNumber=10000),
        line(id="off", lineNumber=20000, sendToProcore=False),
        line(id="words", lineNumber=40000, lineType="_x0020_"),
        line(id="blank", lineNumber=50000, lineType=""),
    )

    assert [it.id for it in flagged_lines(document)] == ["l1", "l3"]


@pytest.mark.requirement("C-13")
@pytest.mark.parametrize("flag", [None, "", "true", 1, 0])
def test_anything_but_true_is_no_flag(flag: object) -> None:
    assert flagged_lines(order(line(sendToProcore=flag))) == []


@pytest.mark.requirement("C-14")
def test_a_line_without_job_belongs_to_the_job_of_its_order() -> None:
    jobs = [it.job for it in flagged_lines(order(line(jobNumber=""), line(jobNumber="J2", lineNumber=20000)))]

    assert jobs == ["J1", "J2"]


@pytest.mark.requirement("PP-31")
@pytest.mark.parametrize(
    ("kind", "resource"),
    [
        ("Subcontract", "work_order_contracts"),
        ("Purchase_x0020_Order", "purchase_order_contracts"),
        ("", "purchase_order_contracts"),
    ],
)
def test_a_subcontract_becomes_a_work_order_contract(kind: str, resource: str) -> None:
    assert resource_of({"commitmentType": kind}) == resource


@pytest.mark.requirement("C-49")
@pytest.mark.parametrize(
    ("status", "mapping", "word"),
    [
        ("Released", {"Released": "Approved", "default": "Draft"}, "Approved"),
        ("Open", {"Released": "Approved", "default": "Draft"}, "Draft"),
        ("Pending_x0020_Approval", {"Pending Approval": "Submitted", "default": "Draft"}, "Submitted"),
        ("Pending_x0020_Prepayment", {"default": "Processing"}, "Processing"),
        ("Open", {}, "Draft"),
    ],
)
def test_the_status_follows_the_order_by_the_mapping(status: str, mapping: dict[str, str], word: str) -> None:
    assert mapped_status({"status": status}, mapping) == word


def test_both_kinds_of_contract_begin_as_draft_and_can_be_approved() -> None:
    assert [words[0] for words in STATUSES.values()] == ["Draft", "Draft"]
    assert all("Approved" in words for words in STATUSES.values())
