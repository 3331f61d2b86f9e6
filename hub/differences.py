"""Two documents compared field by field; lines are matched by their ids, and amounts by their value."""

from collections.abc import Iterator
from typing import Any, cast

from deepdiff import DeepDiff
from deepdiff.helper import CannotCompare
from msgspec import Struct

from domain.values import Json


class Difference(Struct, frozen=True):
    """One field; None for what is not there. `field` is a path such as `purchaseOrderLines[ID].quantity`."""

    field: str
    before: Any
    after: Any


def differences(before: Any, after: Any) -> list[Difference]:
    """What differs, by field; what came or went as a whole is told leaf by leaf."""
    tree: Any = DeepDiff(
        before,
        after,
        view="tree",
        iterable_compare_func=_same,
        ignore_numeric_type_changes=True,
        threshold_to_diff_deeper=0,
        verbose_level=2,
    )
    found: dict[str, Difference] = {}
    for kind, levels in tree.items():
        if kind == "iterable_item_moved":
            continue  # the order of lines says nothing
        for level in levels:
            path = _path(level.all_up)
            gone, came = "removed" in kind, "added" in kind
            old = {} if came else dict(leaves(level.t1, path)) if gone else {path: level.t1}
            new = {} if gone else dict(leaves(level.t2, path)) if came else {path: level.t2}
            found.update({name: Difference(name, old.get(name), new.get(name)) for name in (*old, *new)})
    return sorted(found.values(), key=lambda each: each.field)


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every field of a document that holds no others, with its path; an empty list or object is one of them."""
    if isinstance(value, dict) and value:
        for name, inner in value.items():  # type: ignore[misc]
            yield from leaves(inner, f"{path}.{name}" if path else str(name))  # type: ignore[arg-type]
    elif isinstance(value, list) and value:
        for place, inner in enumerate(value):  # type: ignore[misc]
            yield from leaves(inner, f"{path}[{_name(inner, place)}]")  # type: ignore[arg-type]
    else:
        yield path, value


def _same(one: Any, other: Any, _level: Any = None) -> bool:
    """Lines are one when they have one id; whatever has none is compared by its place."""
    if isinstance(one, dict) and isinstance(other, dict) and "id" in one and "id" in other:
        return bool(one["id"] == other["id"])  # type: ignore[misc]
    raise CannotCompare


def _path(node: Any) -> str:
    path = ""
    while node.down is not None:
        place = (node.t1_child_rel or node.t2_child_rel).param
        node = node.down
        name = _name(node.t1, _name(node.t2, place)) if isinstance(place, int) else place
        path += f"[{name}]" if isinstance(place, int) else f".{name}" if path else str(name)
    return path


def _name(item: Any, place: Any) -> Any:
    """How a line is called: by its id, or by its place where it has none."""
    return cast("Json", item).get("id", place) if isinstance(item, dict) else place
