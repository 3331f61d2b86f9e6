"""Does a remote row show what was sent? The systems spell equal values differently, so equality is by meaning."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, cast

from domain.values import Json, enum_text

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
# How Business Central spells "nothing" in a date, a time, a GUID and an enum (guide 3.5 to 3.8).
_EMPTY = frozenset({"0001-01-01", "0001-01-01T00:00:00Z", "00000000-0000-0000-0000-000000000000", "_x0020_"})
_MISSING = object()


def shows(row: Json, sent: Json, where: Mapping[str, str], *, ignore: frozenset[str], lenient: bool) -> bool:
    """True when the row shows every sent field.

    Shape   `where` maps a sent field to the dotted path under which the row shows it; an empty path means never.
            `lenient`: a field that the row does not have at all is no difference (a short view shows less).
    """
    for field, value in sent.items():
        path = where.get(field, field)
        if field in ignore or not path:
            continue
        seen = dig(row, path)
        if seen is _MISSING:
            if value in (None, "") or lenient:
                continue
            return False
        if not same(seen, value):
            return False
    return True


def dig(document: object, path: str) -> object:
    """The value under a dotted path; on the way through a list, the list of its members' values."""
    seen = document
    for name in path.split("."):
        if isinstance(seen, Mapping):
            seen = cast("Mapping[str, object]", seen).get(name, _MISSING)
        elif isinstance(seen, list):
            found = [dig(member, name) for member in cast("list[object]", seen)]
            seen = [member for member in found if member is not _MISSING]
        else:
            return None if seen is None else _MISSING
    return seen


def found(document: object, path: str) -> bool:
    """The document has something under the path."""
    return dig(document, path) is not _MISSING


def same(seen: object, sent: object) -> bool:
    """Two values mean the same: 10 and "10.00", null and "", `Base_x0020_Project` and its plain name, one instant."""
    if isinstance(sent, Mapping):
        fields = cast("Mapping[str, Any]", sent)
        return isinstance(seen, Mapping) and all(
            same(cast("Mapping[str, Any]", seen).get(name), value) for name, value in fields.items()
        )
    if isinstance(sent, Sequence) and not isinstance(sent, str):
        wanted = cast("Sequence[object]", sent)
        return isinstance(seen, list) and _same_members(cast("list[object]", seen), wanted)
    if isinstance(sent, bool) or isinstance(seen, bool):
        return _truth(seen) == _truth(sent)
    left, right = _text(seen), _text(sent)
    return left == right or _same_text(left, right)


def _same_members(seen: list[object], wanted: Sequence[object]) -> bool:
    left = list(seen)
    for value in wanted:
        match = next((index for index, member in enumerate(left) if same(member, value)), None)
        if match is None:
            return False
        del left[match]
    return not left


def _same_text(seen: str, sent: str) -> bool:
    if _NUMBER.fullmatch(seen) and _NUMBER.fullmatch(sent):
        # Text of digits such as `007` is a code, not a number: only its own spelling, or a decimal point, makes it one.
        return _decimal(seen) == _decimal(sent) and not _padded(seen, sent)
    if _DATE.match(seen) and _DATE.match(sent):
        return _same_moment(seen, sent)
    # Business Central keeps Code fields in capitals and without blanks around them (guide 3.1).
    return enum_text(seen) == enum_text(sent) or seen == sent.upper()


def _same_moment(seen: str, sent: str) -> bool:
    if not (_TIME.match(seen) and _TIME.match(sent)):
        return seen[:10] == sent[:10]  # some dates come back as midnight (Procore guide D7)
    left, right = _instant(seen), _instant(sent)
    # Business Central keeps milliseconds at most (guide 3.6), Procore whole seconds (Z12).
    return left is not None and right is not None and abs((left - right).total_seconds()) < 1


def _instant(value: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _padded(seen: str, sent: str) -> bool:
    return "." not in seen + sent and len(seen.lstrip("+-")) != len(sent.lstrip("+-"))


def _decimal(value: str) -> Decimal | None:
    try:
        return Decimal(value)
    except InvalidOperation:
        return None


def _truth(value: object) -> object:
    return {"true": True, "false": False, "": False, "none": False}.get(str(value or "").lower(), value)


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return format(value, "f")
    text = str(value).strip()
    return "" if text in _EMPTY else text
