"""A cursor is a word that only its list gives out; whatever else somebody sends as one is named, and breaks nothing."""

import pytest

from domain.errors import WrongInput
from hub.cursors import cursor_of, place_in, position_in

FOREIGN = ["yesterday", "²", "٣", "-1", "1.5", "", "9" * 19, "\0"]


@pytest.mark.parametrize("place", [["main", "Ä", "x|y"], ["", "/", "="]])
def test_what_was_given_out_is_read_again(place: list[str]) -> None:
    word = cursor_of(place)

    assert word.isascii()
    assert "=" not in word
    assert place_in(word, list[str]) == place


@pytest.mark.parametrize("word", [*FOREIGN, cursor_of({"not": "a list"}), cursor_of([1, 2]), "Ä" * 9])
def test_a_foreign_word_is_no_place(word: str) -> None:
    with pytest.raises(WrongInput, match="cursor"):
        place_in(word, list[str])


@pytest.mark.parametrize("word", FOREIGN)
def test_a_foreign_word_is_no_position(word: str) -> None:
    with pytest.raises(WrongInput, match="cursor"):
        position_in(word)


def test_a_position_is_read() -> None:
    assert position_in("10412") == 10412
