"""Two documents compared field by field; lines are matched by their ids, and amounts by their value."""

from typing import Any

from deepdiff import DeepDiff
from deepdiff.helper import CannotCompare
from msgspec import Struct

from domain.fields import leaves, line_name


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
            old = {} if came else _leaves(level.t1, path) if gone else {path: level.t1}
            new = {} if gone else _leaves(level.t2, path) if came else {path: level.t2}
            found.update({name: Difference(name, old.get(name), new.get(name)) for name in (*old, *new)})
    return sorted(found.values(), key=lambda each: each.field)


def _leaves(value: Any, path: str) -> dict[str, Any]:
    return {leaf.name: leaf.value for leaf in leaves(value, path)}


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
        name = line_name(node.t1, line_name(node.t2, place)) if isinstance(place, int) else place
        path += f"[{name}]" if isinstance(place, int) else f".{name}" if path else str(name)
    return path
