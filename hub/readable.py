"""Whether a row of a source can be read at all: the shape that flows rest on, checked before anything else sees it."""

from decimal import Decimal
from functools import cache
from typing import Any, cast
from uuid import UUID

from domain.flow import Origin

DEEPEST = 8
LONGEST = 10_000
LARGEST = 10**15
"""Decimals of Business Central have at most 15 digits before the point (its guide, 3.2); larger are no amounts."""


def what_is_wrong(row: object, origin: Origin) -> str:
    """Why a row can't be read, in words; empty when it can."""
    if not isinstance(row, dict):
        return f"a row of {origin.entity_set} is no object"
    fields = cast("dict[str, Any]", row)
    return _identity(fields, origin.entity_set) or _values(fields, origin, 0) or _children(fields, origin)


def _identity(row: dict[str, Any], entity_set: str) -> str:
    value = row.get("id")
    try:
        if isinstance(value, str) and UUID(value).int:
            return ""
    except ValueError:
        return f'"id" of {entity_set} is {value!r}, no GUID'[:300]
    return f'"id" of {entity_set} is missing'


def _values(row: dict[str, Any], origin: Origin, depth: int) -> str:
    if depth > DEEPEST:
        return f"a row of {origin.entity_set} is nested too deeply"
    for name, value in row.items():
        if isinstance(value, str) and len(value) > LONGEST:
            return f'"{name}" of {origin.entity_set} has {len(value)} characters'
        if name in origin.numbers and not _is_number(value):
            return f'"{name}" of {origin.entity_set} is {value!r}, no number'[:300]
        if name == "sendToProcore" and not isinstance(value, bool):
            return f'"{name}" of {origin.entity_set} is {value!r}, neither true nor false'[:300]
        if isinstance(value, dict):
            reason = _values(cast("dict[str, Any]", value), origin, depth + 1)
            if reason:
                return reason
        elif isinstance(value, list) and name in _used(origin) - {origin.expand}:
            return f'"{name}" of {origin.entity_set} is a list'
    return ""


@cache
def _used(origin: Origin) -> frozenset[str]:
    """Fields that flows read: these must be plain. Others are passed over, as monthly updates add some (guide 3)."""
    return frozenset((*origin.relevant({}), *origin.child_fields))


def _children(row: dict[str, Any], origin: Origin) -> str:
    if not origin.expand:
        return ""
    children = row.get(origin.expand, [])
    if not isinstance(children, list):
        return f'"{origin.expand}" of {origin.entity_set} is no list'
    for child in cast("list[object]", children):
        if not isinstance(child, dict):
            return f'"{origin.expand}" of {origin.entity_set} holds something that is no object'
        fields = cast("dict[str, Any]", child)
        reason = _identity(fields, origin.expand) or _values(fields, origin, 1)
        if reason:
            return reason
    return ""


def _is_number(value: object) -> bool:
    if isinstance(value, Decimal):
        return value.is_finite() and abs(value) < LARGEST
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < LARGEST
