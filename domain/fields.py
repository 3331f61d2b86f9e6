"""The fields of a document that hold no others, each with a name and a way to it."""

from collections.abc import Iterator
from typing import Any, NamedTuple, cast

from domain.values import Json

Way = tuple[str | int, ...]
"""Keys and places that lead from a document to one of its fields."""


class Leaf(NamedTuple):
    """One field. A line is named by its id, or by its place where it has none: `lines[ID].quantity`."""

    name: str
    way: Way
    value: Any


def leaves(document: Any, name: str = "", way: Way = ()) -> Iterator[Leaf]:
    """Every field that holds no others, in order; an empty list or object is one of them."""
    if isinstance(document, dict) and document:
        for key, inner in cast("Json", document).items():
            yield from leaves(inner, f"{name}.{key}" if name else key, (*way, key))
    elif isinstance(document, list | tuple) and document:
        for place, inner in enumerate(cast("list[Any]", document)):
            yield from leaves(inner, f"{name}[{line_name(inner, place)}]", (*way, place))
    else:
        yield Leaf(name, way, document)


def line_name(line: Any, place: Any) -> Any:
    """How a line is called."""
    return cast("Json", line).get("id", place) if isinstance(line, dict) else place
