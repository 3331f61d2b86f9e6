"""Job costs are the amounts of Business Central to the cent, line by line, now and as they were."""

from decimal import Decimal
from typing import Any

import pytest

from projections.job_cost import JOB_COSTS
from tests.projections.documents import Documents, record_of
from tests.projections.folded import Tables


def tables(documents: Documents) -> Tables:
    return Tables(JOB_COSTS, documents.bodies).take(documents.events)


def planned(line: int, cost: str, **more: Any) -> dict[str, Any]:
    return {
        "id": f"plan-{line}",
        "projectNumber": "JOB1",
        "taskNumber": "01-100",
        "lineNumber": line,
        "type": "Resource",
        "lineType": "Budget",
        "segmentCode": "SITE",
        "costTypeCode": "L",
        "totalCost": Decimal(cost),
        "changeOrderNumber": "",
        "currencyCode": "",
        "sendBudgetLineToProcore": True,
        **more,
    }


def order_line(line: int, amount: str, **more: Any) -> dict[str, Any]:
    return {
        "id": f"po-line-{line}",
        "lineNumber": line,
        "lineType": "G/L Account",
        "jobNumber": "JOB1",
        "jobTaskNumber": "01-100",
        "segmentCode": "SITE",
        "costTypeCode": "M",
        "amount": Decimal(amount),
        "lineAmount": Decimal(amount),
        "sendToProcore": True,
        **more,
    }


def order(*lines: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": "po", "status": "Released", "sendToProcore": True, "purchaseOrderLines": list(lines), **more}


def invoice(**more: Any) -> dict[str, Any]:
    lines = [
        {
            "id": "inv-1",
            "lineNumber": 1,
            "lineType": "G/L Account",
            "jobTaskNumber": "01-100",
            "amount": Decimal("40.10"),
        },
        {"id": "inv-2", "lineNumber": 2, "lineType": "Item", "jobNumber": "JOB2", "amount": Decimal("-0.10")},
        {"id": "inv-3", "lineNumber": 3, "lineType": "_x0020_", "amount": Decimal(0)},
    ]
    head = {"id": "inv", "jobNumber": "JOB1", "orderNumber": "PO1", "sendToProcore": True, "postingDate": "2026-03-05"}
    return {**head, "postedPurchaseInvoiceLines": lines, **more}


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


def told(found: Tables) -> list[tuple[str, str, str, str]]:
    rows = found.rows("job_cost")
    return sorted((row["measure"], row["project"], row["amount"], row["day"]) for row in rows)


@pytest.mark.requirement("ER-40")
def test_every_kind_of_document_counts_by_its_own_rules() -> None:
    it = Documents()
    it.seen("planning_line", "P1", planned(1, "1000.00"))
    it.seen("planning_line", "P2", planned(2, "250.55", changeOrderNumber="CO1"))
    it.seen("planning_line", "P3", planned(3, "9.00", sendBudgetLineToProcore=False))
    it.seen("planning_line", "P4", planned(4, "9.00", sendBudgetLineToProcore=False), demanded=True)
    it.seen("planning_line", "P5", planned(5, "7.00", lineType="Billable"))
    it.seen("commitment", "PO1", order(order_line(1, "300.00"), order_line(2, "5", sendToProcore=False)))
    it.seen("posted_invoice", "INV1", invoice())
    it.seen("posted_invoice", "INV2", invoice(cancelled=True))
    it.seen("posted_invoice", "INV3", invoice(orderNumber=""))
    it.seen("journal_entry", "7", entry("-12.34"))
    it.seen("journal_entry", "8", entry("5", sendToProcore=False))

    assert told(tables(it)) == [
        ("approved_change", "JOB1", "250.55", ""),
        ("commitment", "JOB1", "300.00", ""),
        ("invoice", "JOB1", "40.10", "2026-03-05"),
        ("invoice", "JOB2", "-0.10", "2026-03-05"),
        ("journal", "JOB1", "-12.34", "2026-03-31"),
        ("original_estimate", "JOB1", "1000.00", ""),
        ("original_estimate", "JOB1", "9.00", ""),
    ]


@pytest.mark.requirement("ER-40", "BX-02")
@pytest.mark.parametrize("page", [1, 100])
def test_what_was_otherwise_before_is_kept_with_the_positions_between_which_it_was_so(page: int) -> None:
    it = Documents()
    it.seen("commitment", "PO1", order(order_line(1, "300.00"), order_line(2, "20")))  # position 1
    it.seen("commitment", "PO1", order(order_line(1, "300.00"), order_line(2, "25")))  # 2: one line changed
    it.seen("commitment", "PO1", order(order_line(1, "300.00")))  # 3: it went
    it.gone("commitment", "PO1")  # 4
    it.seen("commitment", "PO1", order(order_line(1, "301.00")))  # 5: it came back
    found = Tables(JOB_COSTS, it.bodies).take(it.events, page)

    assert [(row["line"], row["amount"], row["valid_from"]) for row in found.rows("job_cost")] == [
        ("po-line-1", "301.00", 5)
    ]
    history = found.rows("job_cost_history")
    assert {row["record"] for row in history} == {str(record_of("PO1"))}
    assert [(row["line"], row["amount"], row["valid_from"], row["valid_until"]) for row in history] == [
        ("po-line-1", "300.00", 1, 4),
        ("po-line-2", "20.00", 1, 2),
        ("po-line-2", "25.00", 2, 3),
    ]


@pytest.mark.requirement("ER-40")
def test_an_order_that_its_last_invoice_took_the_place_of_stays_a_commitment() -> None:
    it = Documents()
    it.seen("commitment", "PO1", order(order_line(1, "300.00")))
    it.gone("commitment", "PO1", replaced_by="INV1")
    assert told(tables(it)) == [("commitment", "JOB1", "300.00", "")]


def test_a_document_that_says_the_same_again_writes_nothing() -> None:
    it = Documents()
    it.seen("journal_entry", "7", entry("5.00"))
    it.seen("journal_entry", "7", entry("5.00", description="other words"))
    found = tables(it)
    assert [row["valid_from"] for row in found.rows("job_cost")] == [1]
    assert found.rows("job_cost_history") == []
