"""The words that people read when they cut a link, and how alike two records are."""

from typing import Any

import pytest

from domain.linking import likeness, owner_of, still_there, unlinked
from domain.values import origin_id

COMPANY = "0F2A8C11-5D5E-4B57-9B4C-3D6A1B8E7F00"


@pytest.mark.parametrize(
    ("resource", "words", "success"),
    [
        pytest.param(
            "commitment_change_orders",
            "The CCO is still in Business Central. Please delete it before retrying",
            "Successful Unlinked",
            marks=pytest.mark.requirement("ER-32"),
        ),
        pytest.param(
            "purchase_order_contracts",
            "The commitment is still in Business Central. Please delete it before retrying",
            "Successful Unlinked",
            marks=pytest.mark.requirement("ER-33"),
        ),
        pytest.param(
            "payment_applications",
            "The requisition is still in your ERP system. Please delete it before retrying.",
            "Successfully Unlinked",
            marks=pytest.mark.requirement("ER-34"),
        ),
        pytest.param(
            "prime_change_orders",
            "The PCCO is still in ERP. Please delete it before retrying",
            "Successfully Unlinked",
            marks=pytest.mark.requirement("ER-35"),
        ),
        pytest.param(
            "requisitions",
            "The requisition is still in Business Central. Please delete it before retrying.",
            "Successfully Unlinked",
            marks=pytest.mark.requirement("ER-36"),
        ),
    ],
)
def test_each_kind_has_the_words_that_people_know(resource: str, words: str, success: str) -> None:
    assert (still_there(resource, "thing"), unlinked(resource)) == (words, success)


@pytest.mark.requirement("ER-63")
@pytest.mark.parametrize(
    ("owner", "whose"),
    [
        (None, ("free", "")),
        (origin_id(COMPANY, "purchaseOrders", "PO-1"), ("ours", "")),
        (origin_id(COMPANY, "purchaseOrders", "PO-1", ":JOB2"), ("ours", "")),
        (origin_id(COMPANY, "purchaseOrders", "po-2"), ("record", "po-2")),
        (origin_id(COMPANY, "purchaseOrders", "po-2", ":JOB2"), ("record", "po-2")),
        (origin_id(COMPANY, "vendors", "po-1"), ("foreign", "")),
        ("sage:9", ("foreign", "")),
    ],
)
def test_an_origin_id_tells_the_owner(owner: str | None, whose: tuple[str, str]) -> None:
    assert owner_of({"id": 1, "origin_id": owner}, COMPANY, "purchaseOrders", "po-1") == whose


@pytest.mark.requirement("ER-26")
@pytest.mark.parametrize(
    ("here", "there", "score"),
    [
        (("PO1", "Concrete"), ("po1 ", "Steel"), 100),
        (("PO-001", "Concrete"), ("PO 1", "Steel"), 90),
        (("V1", "Lake Shore Concrete"), ("", "LAKE SHORE CONCRETE, INC."), 80),
        (("V1", "Lake Shore Concrete"), ("", "Lake Shore Steel"), 40),
        (("V1", "Lake Shore"), ("V10", "Hilltop"), 0),
        (("", ""), ("", ""), 0),
        (("--", "Inc."), ("", "Inc."), 0),
    ],
)
def test_a_proposal_is_the_likelier_the_more_is_the_same(here: Any, there: Any, score: int) -> None:
    assert likeness(*here, *there).score == score
