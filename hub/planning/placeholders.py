"""Ids that only a system can give, until it gives them: numbers that no system uses, so that they travel everywhere.

They are digits, because flows make numbers of ids; eighteen of them, which every 64-bit field holds.
"""

import re
from collections.abc import Mapping
from typing import Any, cast

_FIRST = 990_000_000_000_000_000
_PLACEHOLDER = re.compile(r"990\d{15}")


def placeholder(number: int) -> str:
    """The placeholder with a number, from 1."""
    return str(_FIRST + number)


def number_of(name: str) -> int:
    """The number of a placeholder."""
    return int(name) - _FIRST


def placeholders_in(text: str) -> list[str]:
    """The placeholders in a text, each once, in order."""
    return list(dict.fromkeys(_PLACEHOLDER.findall(text)))


def filled(text: str, ids: Mapping[str, str]) -> str:
    """The text with the placeholders replaced whose ids are known."""
    return _PLACEHOLDER.sub(lambda found: ids.get(found[0], found[0]), text)


def in_words(value: object, words: Mapping[str, str]) -> Any:
    """A document for people: instead of each placeholder what it stands for."""
    if isinstance(value, Mapping):
        return {str(name): in_words(inner, words) for name, inner in cast("Mapping[str, object]", value).items()}
    if isinstance(value, list | tuple):
        return [in_words(inner, words) for inner in cast("list[object]", value)]
    if isinstance(value, int) and not isinstance(value, bool):
        return words.get(str(value), value)
    if isinstance(value, str):
        return filled(value, words)
    return value
