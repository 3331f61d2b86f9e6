"""What Procore's REST description says of each served operation: parameters, bodies, answers.

The table `contract.json` is taken from the description by `tests/contract/procore_contract.py`, which also proves that
the two agree. The stand-in refuses what the table does not name, and answers with nothing but what the table names.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any, Literal, cast

import msgspec

from domain.values import Json

Kind = Literal["any", "string", "integer", "number", "boolean", "date", "date-time", "object", "array", "one_of"]


class Shape(msgspec.Struct, frozen=True, omit_defaults=True):
    """A JSON type. `of` and `fields` name other shapes by their place in the table; `open` allows more fields."""

    kind: Kind
    enum: tuple[Any, ...] = ()
    fields: Mapping[str, int] = {}
    required: tuple[str, ...] = ()
    of: tuple[int, ...] = ()
    open: bool = False


class Operation(msgspec.Struct, frozen=True, omit_defaults=True):
    """One operation. `query` maps a parameter to its shape; `answer` and `body` are shapes, -1 for none."""

    status: int
    query: Mapping[str, int] = {}
    needs: tuple[str, ...] = ()
    body: int = -1
    answer: int = -1


class Table(msgspec.Struct, frozen=True):
    """All shapes once, and the operations that refer to them."""

    shapes: tuple[Shape, ...]
    operations: Mapping[str, Operation]


class Mismatch(Exception):
    """A request does not fit. `unknown` says that it names a field that does not exist."""

    def __init__(self, where: str, text: str, *, unknown: bool = False) -> None:
        super().__init__(f"{where} {text}")
        self.unknown = unknown


@cache
def table() -> Table:
    """The table that ships with the package."""
    return msgspec.json.decode((files(__package__ or "") / "contract.json").read_bytes(), type=Table)


def operation(method: str, path: str) -> Operation:
    """The operation of a path template.

    Raises  KeyError when the description has none: nothing is served that Procore does not have.
    """
    return table().operations[f"{method} {path}"]


def check_query(found: Operation, query: Mapping[str, list[str]], *, unknown: bool) -> None:
    """Refuses unknown, missing and malformed parameters. `unknown` false lets unknown ones pass.

    Raises  Mismatch
    Source  Procore F1, F2, H9: several values come as `name[]`; a window is `A...B`, one bound alone is refused.
    """
    for name, values in query.items():
        plain = name if name in found.query else name.removesuffix("[]")
        if plain not in found.query:
            if unknown:
                raise Mismatch(name, "is not a known parameter", unknown=True)
            continue
        shape = table().shapes[found.query[plain]]
        for value in values:
            _check_parameter(name, shape, value)
    for name in found.needs:
        if name not in query:
            raise Mismatch(name, "is missing")


def _check_parameter(name: str, shape: Shape, value: str) -> None:
    if name.endswith(("[updated_at]", "[created_at]", "[deleted_at]")):
        window(value)
        return
    if shape.kind == "array":
        inner = table().shapes[shape.of[0]]
        for each in value.strip("[]").split(","):
            _check_parameter(name, inner, each.strip())
        return
    if shape.kind == "integer" and not value.lstrip("-").isdigit():
        raise Mismatch(name, "must be an integer")
    if shape.kind == "boolean" and value not in {"true", "false", "1", "0"}:
        raise Mismatch(name, "must be true or false")
    if shape.enum and value not in shape.enum:
        raise Mismatch(name, f"must be one of {', '.join(map(str, shape.enum))}")


def window(value: str) -> tuple[datetime, datetime]:
    """Both ends of a range filter, in UTC; a bare end date means the whole of that day.

    Raises  Mismatch (F2: one bound alone is not accepted; double quotes around the range are)
    """
    first, dots, last = value.strip('"').partition("...")
    begin, end = moment(first), moment(last)
    if not dots or begin is None or end is None:
        raise Mismatch(value, "is not a range of the form A...B")
    if len(last) == len("2026-01-01"):
        end = end.replace(hour=23, minute=59, second=59)
    return begin, end


def moment(text: str) -> datetime | None:
    """A date or timestamp as Procore reads it (D1), None when it is badly formed (D2)."""
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        return None
    zone = datetime.fromisoformat("2000-01-01T00:00:00Z").tzinfo
    return parsed.replace(tzinfo=zone) if parsed.tzinfo is None else parsed.astimezone(zone)


Wrong = list[tuple[str, str]]
"""Places and texts of values outside their list, such as an unknown status: a business rule, not a malformed call."""

BARE = "[]"
"""Under this key a body that is a bare list is handed on."""

ROWS = re.compile(r"body\.(?:updates|bulk)\[(\d+)\]\.(.+)")

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, Decimal),
    "boolean": (bool,),
}


def clean_body(found: Operation, body: object) -> tuple[Json, dict[int, dict[str, list[str]]]]:
    """The body with badly formed dates turned into null (D2), and what is outside its list.

    Shape   row number (-1 outside rows) -> field -> messages, as a row's errors and a 422 hold them.
    Raises  Mismatch for unknown keys, missing keys and wrong types. Null clears a value and fits every type (Z10).
    """
    if found.body < 0:
        return {}, {}
    wrong: Wrong = []
    cleaned = _clean("body", table().shapes[found.body], body, wrong)
    if isinstance(cleaned, list):
        cleaned = {BARE: cast("list[object]", cleaned)}
    if not isinstance(cleaned, dict):
        raise Mismatch("body", "must be an object")
    errors: dict[int, dict[str, list[str]]] = {}
    for where, text in wrong:
        row = ROWS.fullmatch(where)
        number, name = (int(row[1]), row[2]) if row else (-1, where.rpartition(".")[2])
        errors.setdefault(number, {}).setdefault(name, []).append(text)
    return cast("Json", cleaned), errors


def _clean(where: str, shape: Shape, value: object, wrong: Wrong) -> object:
    if value is None or shape.kind in {"any", "one_of"}:
        return value
    if shape.kind == "object":
        return _clean_object(where, shape, value, wrong)
    if shape.kind == "array":
        if not isinstance(value, list):
            raise Mismatch(where, "must be a list")
        inner = table().shapes[shape.of[0]]
        return [_clean(f"{where}[{n}]", inner, each, wrong) for n, each in enumerate(cast("list[object]", value))]
    if shape.kind in {"date", "date-time"}:
        return _clean_date(value, whole_day=shape.kind == "date")
    if not isinstance(value, _TYPES[shape.kind]) or (shape.kind != "boolean" and isinstance(value, bool)):
        raise Mismatch(where, f"must be of type {shape.kind}")
    if shape.enum and value not in shape.enum:
        wrong.append((where, "is not included in the list"))
    return value


def _clean_object(where: str, shape: Shape, value: object, wrong: Wrong) -> object:
    if not isinstance(value, dict):
        raise Mismatch(where, "must be an object")
    given = cast("dict[str, object]", value)
    if not shape.fields:
        return given
    cleaned: dict[str, object] = {}
    for name, each in given.items():
        if name in shape.fields:
            cleaned[name] = _clean(f"{where}.{name}", table().shapes[shape.fields[name]], each, wrong)
        elif shape.open or name.startswith("custom_field_"):  # Q2: custom fields are written beside the others
            cleaned[name] = each
        else:
            raise Mismatch(f"{where}.{name}", "is not a known field", unknown=True)
    for name in shape.required:
        if cleaned.get(name) is None:
            raise Mismatch(f"{where}.{name}", "is missing")
    return cleaned


def _clean_date(value: object, *, whole_day: bool) -> str | None:
    """D2: a date that cannot be read is stored as null, and the request succeeds all the same."""
    if not isinstance(value, str):
        return None
    if not whole_day:
        return value if moment(value) else None
    try:
        return date.fromisoformat(value[:10]).isoformat()
    except ValueError:
        return None


def render(shape: int, value: object, *, view: int = 0, sparse: bool = False) -> object:
    """A value cut down and filled up to what the answer of an operation holds.

    Fields that the description names and `value` lacks are null (lists: empty), or left out when `sparse`. Of
    alternatives the one numbered `view` is taken; inner alternatives always are the richest, which stands last.
    """
    wanted = table().shapes[shape]
    if value is None:
        return None
    match wanted.kind:
        case "object":
            if not wanted.fields or not isinstance(value, dict):
                return value
            given = cast("dict[str, object]", value)
            return {
                name: _render_field(name, each, given, view)
                for name, each in wanted.fields.items()
                if not sparse or name in given
            }
        case "array":
            return [render(wanted.of[0], each, view=view, sparse=sparse) for each in cast("list[object]", value)]
        case "one_of":
            return render(wanted.of[view], value, view=-1)
        case _:
            return value


def _render_field(name: str, shape: int, given: dict[str, object], view: int) -> object:
    if name == "errors":
        return given.get(name)  # the rows as they were sent (S3), which no answer's description fits
    return render(shape, given.get(name, _empty(shape)), view=view if name == "entities" else -1)


def _empty(shape: int) -> object:
    return [] if table().shapes[shape].kind == "array" else None
