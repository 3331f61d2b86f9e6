"""A row that does not have the shape that flows rest on is told apart before anything else sees it."""

from decimal import Decimal
from typing import Any

import pytest

from domain.flows import BY_NAME
from hub.readable import what_is_wrong

ORIGIN = BY_NAME["purchase-order-to-commitment"].origin
ID = "77777777-0000-0000-0000-000000000001"


def order(**fields: Any) -> dict[str, Any]:
    return {"id": ID, "number": "PO-1", "sendToProcore": True, "purchaseOrderLines": [line()], **fields}


def line(**fields: Any) -> dict[str, Any]:
    return {"id": ID, "quantity": Decimal("1.5"), "lineNumber": 10000, "sendToProcore": True, **fields}


def test_a_sound_row_is_readable() -> None:
    assert what_is_wrong(order(), ORIGIN) == ""
    assert what_is_wrong({"id": ID}, ORIGIN) == ""


WRONG: list[tuple[object, str]] = [
    ("text", "a row of purchaseOrders is no object"),
    (None, "a row of purchaseOrders is no object"),
    ([order()], "a row of purchaseOrders is no object"),
    ({}, '"id" of purchaseOrders is missing'),
    (order(id="00000000-0000-0000-0000-000000000000"), '"id" of purchaseOrders is missing'),
    (order(id="PO-1"), "\"id\" of purchaseOrders is 'PO-1', no GUID"),
    (order(id=5), '"id" of purchaseOrders is missing'),
    (order(retentionPercent="ten"), "\"retentionPercent\" of purchaseOrders is 'ten', no number"),
    (order(retentionPercent=None), '"retentionPercent" of purchaseOrders is None, no number'),
    (order(retentionPercent=True), '"retentionPercent" of purchaseOrders is True, no number'),
    (order(retentionPercent=Decimal("NaN")), "\"retentionPercent\" of purchaseOrders is Decimal('NaN'), no number"),
    (order(retentionPercent=10**15), '"retentionPercent" of purchaseOrders is 1000000000000000, no number'),
    (
        order(retentionPercent=Decimal("-1E+15")),
        "\"retentionPercent\" of purchaseOrders is Decimal('-1E+15'), no number",
    ),
    (order(sendToProcore="true"), "\"sendToProcore\" of purchaseOrders is 'true', neither true nor false"),
    (order(yourReference="x" * 10_001), '"yourReference" of purchaseOrders has 10001 characters'),
    (order(number=["PO-1"]), '"number" of purchaseOrders is a list'),
    (order(purchaseOrderLines={}), '"purchaseOrderLines" of purchaseOrders is no list'),
    (order(purchaseOrderLines=[5]), '"purchaseOrderLines" of purchaseOrders holds something that is no object'),
    (order(purchaseOrderLines=[line(id="")]), "\"id\" of purchaseOrderLines is '', no GUID"),
    (order(purchaseOrderLines=[line(quantity="1")]), "\"quantity\" of purchaseOrders is '1', no number"),
]


@pytest.mark.parametrize(("row", "reason"), WRONG)
def test_what_is_wrong_is_named(row: object, reason: str) -> None:
    assert what_is_wrong(row, ORIGIN) == reason


def test_a_row_that_is_nested_without_end_is_refused() -> None:
    inner: dict[str, Any] = {}
    for _ in range(20):
        inner = {"deeper": inner}

    assert what_is_wrong(order(more=inner), ORIGIN) == "a row of purchaseOrders is nested too deeply"


def test_a_long_value_is_not_repeated_whole() -> None:
    assert len(what_is_wrong(order(id="x" * 9_000), ORIGIN)) <= 300


def test_a_row_may_come_without_its_lines() -> None:
    assert what_is_wrong({"id": ID, "number": "PO-1"}, ORIGIN) == ""
