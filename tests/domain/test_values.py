"""Amounts stay exact, equal documents have one digest, and identities have one form."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.values import cents, digest, enum_text, money, money_text, origin_id, plain_number, product, read_json, text

AMOUNTS = st.decimals(allow_nan=False, allow_infinity=False, min_value="-1e12", max_value="1e12", places=5)


@given(AMOUNTS)
def test_an_amount_comes_from_the_wire_exactly_as_it_was_sent(amount: Decimal) -> None:
    assert read_json(b'{"amount": %s}' % format(amount, "f").encode())["amount"] == amount


def test_a_number_with_a_point_is_never_a_float() -> None:
    document = read_json(b'{"amount": 0.1, "list": [1.10], "count": 3}')

    assert document == {"amount": Decimal("0.1"), "list": [Decimal("1.10")], "count": 3}
    assert [type(value) for value in (document["amount"], document["list"][0], document["count"])] == [
        Decimal,
        Decimal,
        int,
    ]


def test_bytes_that_are_no_json_are_refused() -> None:
    with pytest.raises(msgspec.DecodeError):
        read_json(b"{amount: 1}")


@pytest.mark.parametrize("same", [Decimal(10), Decimal("10.00"), Decimal("1E+1"), 10])
def test_equal_amounts_have_one_digest(same: object) -> None:
    assert digest({"amount": same, "name": "x"}) == digest({"name": "x", "amount": Decimal("10.0")})


def test_documents_that_differ_have_different_digests() -> None:
    documents = [{"a": 1}, {"a": 2}, {"a": "x"}, {"a": None}, {"a": True}, {"b": 1}, {"a": [1]}, {"a": {"b": 1}}, {}]

    assert len({digest(document) for document in documents}) == len(documents)


def test_the_order_of_a_list_matters() -> None:
    assert digest([1, 2]) != digest([2, 1])


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("10.00", "10"),
        ("0.10", "0.1"),
        ("1E+3", "1000"),
        ("-5.50", "-5.5"),
        ("0", "0"),
        ("100", "100"),
        ("1E-5", "0.00001"),
    ],
)
def test_a_plain_number_has_neither_exponent_nor_trailing_zeros(number: str, words: str) -> None:
    assert plain_number(Decimal(number)) == words


@pytest.mark.parametrize(
    ("amount", "rounded"),
    [("0.005", "0.01"), ("-0.005", "-0.01"), ("0.004", "0.00"), ("2.675", "2.68"), ("1.994999", "1.99")],
)
def test_half_a_cent_is_rounded_away_from_zero(amount: str, rounded: str) -> None:
    assert cents(Decimal(amount)) == Decimal(rounded)


def test_the_largest_figures_are_multiplied_and_rounded_exactly() -> None:
    largest = Decimal("999999999999999.99999")

    assert product(largest, largest) == Decimal("999999999999999999980000000000.0000000001")
    assert cents(product(largest, largest)) == Decimal("999999999999999999980000000000.00")


@given(AMOUNTS)
def test_rounding_to_the_cent_moves_an_amount_by_half_a_cent_at_most(amount: Decimal) -> None:
    assert abs(cents(amount) - amount) <= Decimal("0.005")


@pytest.mark.parametrize(
    ("amount", "words"), [("1", "1.00"), ("1.5", "1.50"), ("1.23456", "1.23456"), ("1E+2", "100.00")]
)
def test_an_amount_is_written_with_two_places_at_least(amount: str, words: str) -> None:
    assert money_text(Decimal(amount)) == words


@given(AMOUNTS)
def test_writing_an_amount_loses_nothing(amount: Decimal) -> None:
    assert Decimal(money_text(amount)) == amount


@pytest.mark.parametrize("value", [Decimal("0.10"), "0.10", 1])
def test_money_is_exact_whatever_carries_it(value: object) -> None:
    assert money(value) == Decimal(str(value))


def test_an_origin_id_has_one_form_in_lower_case() -> None:
    assert origin_id("0F2A", "purchaseOrders", "AB-CD") == "bc:0f2a:purchaseOrders:ab-cd"
    assert origin_id("0F2A", "purchaseOrders", "AB-CD", ":J2") == "bc:0f2a:purchaseOrders:ab-cd:J2"


@pytest.mark.parametrize(
    ("wire", "name"),
    [
        ("Released", "Released"),
        ("_x0020_", " "),
        ("Project_x0020_with_x0020_Change_x0020_Order", "Project with Change Order"),
        ("G_x002F_L_x0020_Account", "G/L Account"),
        ("Begin_x002D_Total", "Begin-Total"),
        ("Charge_x0020__x0028_Item_x0029_", "Charge (Item)"),
        ("a_xyz_b", "a_xyz_b"),
        ("", ""),
    ],
)
def test_the_member_of_an_enum_is_read_by_its_plain_name(wire: str, name: str) -> None:
    assert enum_text(wire) == name


@pytest.mark.parametrize(("document", "words"), [({}, ""), ({"a": None}, ""), ({"a": "  x "}, "x"), ({"a": 5}, "5")])
def test_a_missing_text_is_an_empty_one(document: dict[str, object], words: str) -> None:
    assert text(document, "a") == words
