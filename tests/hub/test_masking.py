"""Texts under personal names are replaced wherever they stand; everything else stays as it is."""

from decimal import Decimal

import pytest

from hub.masking import REDACTED, masked

FIELDS = ("email", "party")


@pytest.mark.parametrize(
    ("document", "after"),
    [
        ({"email": "a@b.c", "n": 1}, {"email": REDACTED, "n": 1}),
        ([{"deep": [{"email": "a@b.c"}]}], [{"deep": [{"email": REDACTED}]}]),
        ({"party": {"id": 7, "name": "Anna"}}, {"party": {"id": 7, "name": REDACTED}}),
        ({"party": ["Anna", 7]}, {"party": [REDACTED, 7]}),
        ({"Email": "a@b.c"}, {"Email": "a@b.c"}),
    ],
)
def test_texts_go_and_numbers_stay(document: object, after: object) -> None:
    assert masked(document, FIELDS) == after
    assert masked(after, FIELDS) is after


@pytest.mark.parametrize("document", [{"email": "", "x": Decimal("1.50")}, [], "email", None, {"party": None}])
def test_what_holds_nothing_personal_is_the_same_object(document: object) -> None:
    assert masked(document, FIELDS) is document
