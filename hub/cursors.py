"""Cursors: where the next page of a list begins, as a word that only the list itself gives out."""

import base64
from typing import TypeVar

import msgspec

from domain.errors import WrongInput

T = TypeVar("T")

_DIGITS = 18
"""Of a position; a number of more is none."""


def cursor_of(place: object) -> str:
    """A place as a word that fits into an address."""
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def place_in(cursor: str, type: type[T]) -> T:
    """The place in a word.

    Raises  WrongInput for a word that no list gave out.
    """
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        return msgspec.json.decode(raw, type=type)
    except (ValueError, msgspec.DecodeError):
        raise foreign() from None


def position_in(cursor: str) -> int:
    """The position in the cursor of a list that goes by positions.

    Raises  WrongInput for anything else.
    """
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) <= _DIGITS):
        raise foreign()
    return int(cursor)


def foreign() -> WrongInput:
    """What is said of a cursor that this list did not give out."""
    return WrongInput("cursor", "it was not given out by this list", "Use next_cursor as it is, or leave it out.")
