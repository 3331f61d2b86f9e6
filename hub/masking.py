"""Personal fields out of a body: the same for who may only read, and for what is old enough to be redacted."""

from collections.abc import Collection, Mapping
from typing import Any, cast

REDACTED = "[redacted]"
"""What stands in the place of a personal text."""

WORDS_ONLY = frozenset({"workerName"})
"""Fields that flows tell people and neither send, compare nor search by: they may go from a body that is in use."""


def masked(document: Any, fields: Collection[str]) -> Any:
    """A document whose texts under these names are replaced, at any depth; ids and other numbers stay.

    Shape   JSON as `read_json` gives it. What holds none of the names comes back as the same object.
    """
    match document:
        case dict():
            rows = cast("Mapping[str, Any]", document)
            new = {name: blank(value) if name in fields else masked(value, fields) for name, value in rows.items()}
            return new if any(new[name] is not value for name, value in rows.items()) else rows
        case list():
            items = cast("list[Any]", document)
            fresh = [masked(item, fields) for item in items]
            return fresh if any(one is not other for one, other in zip(fresh, items, strict=True)) else items
        case _:
            return document


def blank(value: Any) -> Any:
    """A value without its texts; an empty text and what was replaced before stay."""
    match value:
        case str():
            return value if value in {"", REDACTED} else REDACTED
        case dict():
            rows = cast("Mapping[str, Any]", value)
            new = {name: blank(item) for name, item in rows.items()}
            return new if any(new[name] is not item for name, item in rows.items()) else rows
        case list():
            items = cast("list[Any]", value)
            fresh = [blank(item) for item in items]
            return fresh if any(one is not other for one, other in zip(fresh, items, strict=True)) else items
        case _:
            return value
