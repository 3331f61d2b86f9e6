"""How pages write what the ledger holds: exact, in the right zone, and never moved or rounded."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as some

from hub.web.pages import words


@pytest.mark.parametrize(
    ("amount", "written"),
    [
        ("1234567.8", "1,234,567.80"),
        ("-0.005", "-0.005"),
        ("0", "0.00"),
        (Decimal("1E+3"), "1,000.00"),
        ("", ""),
        (None, ""),
        ("12.50 USD", "12.50 USD"),
        ("NaN", "NaN"),
    ],
)
def test_an_amount_keeps_every_digit_that_it_has(amount: object, written: str) -> None:
    assert words.money(amount) == written


@given(some.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**15), max_value=10**15))
def test_no_amount_changes_by_being_written(amount: Decimal) -> None:
    assert Decimal(words.money(amount).replace(",", "")) == amount


def test_a_moment_is_written_in_utc_and_a_date_is_not_moved() -> None:
    at = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)

    assert words.moment(at.isoformat(), "utc") == (
        '<time datetime="2026-03-29T01:30:00Z" title="2026-03-29 01:30:00 UTC">2026-03-29 01:30:00 UTC</time>'
    )
    assert words.moment("2026-03-29T03:30:00+02:00", "utc") == words.moment(at, "utc")
    assert words.moment(date(2026, 3, 29)) == '<time datetime="2026-03-29">2026-03-29</time>'
    assert words.moment("2026-03-29") == '<time datetime="2026-03-29">2026-03-29</time>'


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", '"><img src=x>', "tomorrow"])
def test_what_is_no_moment_is_shown_as_the_text_that_it_is(text: str) -> None:
    assert "<" not in words.moment(text)


@pytest.mark.parametrize("word", ["<b>", "awaiting-approval", "nobody-knows"])
def test_a_state_has_a_sign_and_a_word_beside_its_colour(word: str) -> None:
    shown = words.state(word)

    assert 'aria-hidden="true"' in shown
    assert "<b>" not in shown


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(5, "5 s"), (60, "1 min"), (95, "1 min 35 s"), (3600, "1 h"), (7260, "2 h 1 min"), (90000, "1 d 1 h")],
)
def test_a_duration_has_two_units_at_most(seconds: int, written: str) -> None:
    assert words.lasted(seconds) == written
