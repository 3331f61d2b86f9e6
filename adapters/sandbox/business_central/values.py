"""Values between the wire and the tables: types, lengths, enums, rounding, and the empty value of each type (BC 3)."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

from adapters.sandbox.business_central.catalogue import QUANTITIES, UNIT_AMOUNTS
from adapters.sandbox.business_central.errors import Refusal
from adapters.sandbox.business_central.schema import Property

ZERO_GUID = "00000000-0000-0000-0000-000000000000"
BLANK_DATE = "0001-01-01"
BLANK_MOMENT = "0001-01-01T00:00:00Z"
BLANK = "_x0020_"
"""The blank member of an enum (BC 3.8)."""

ZERO = Decimal(0)
_LIMIT = Decimal("999999999999999.99")  # BC 3.2
_INT_BITS = {"Edm.Int32": 31, "Edm.Int64": 63}
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})?\Z")
_PLAIN = re.compile(r"[^\W]|_")


def encoded(name: str) -> str:
    """Name of an enum member on the wire: `In Review` is `In_x0020_Review` (BC 3.8)."""
    return "".join(it if _PLAIN.match(it) else f"_x{ord(it):04X}_" for it in name or " ")


def plain(number: Decimal) -> Decimal:
    """The same number without trailing zeros and without an exponent (BC 3.2)."""
    return Decimal(format(number.normalize(), "f"))


def rounded(number: Decimal, places: str = "0.01") -> Decimal:
    """Rounded half away from zero, as AL's Round does (BC 15.18)."""
    return plain(number.quantize(Decimal(places), rounding=ROUND_HALF_UP))


def precision(name: str) -> str:
    """To what a decimal property is rounded (BC 15.18)."""
    return "0.00001" if name in UNIT_AMOUNTS or name in QUANTITIES else "0.01"


def moment_text(moment: datetime) -> str:
    """UTC with `Z`, up to milliseconds (BC 3.6)."""
    moment = moment.astimezone(UTC)
    text = moment.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")  # strftime leaves the zeros of early years out
    millisecond = moment.microsecond // 1000
    return f"{text}.{millisecond:03d}".rstrip("0").rstrip(".") + "Z" if millisecond else f"{text}Z"


def empty(kind: Property) -> Any:
    """The empty value: answers hold no nulls (connector-api.md, "Empty")."""
    match kind.type:
        case "Edm.String":
            return ""
        case "Edm.Boolean":
            return False
        case "Edm.Int32" | "Edm.Int64":
            return 0
        case "Edm.Decimal":
            return ZERO
        case "Edm.Guid":
            return ZERO_GUID
        case "Edm.Date":
            return BLANK_DATE
        case "Edm.DateTimeOffset":
            return BLANK_MOMENT
        case _:
            return kind.members[0]


def is_empty(kind: Property, value: object) -> bool:
    """Whether TestField would call the value empty; a chosen enum member never is, nor is a number that was given."""
    return kind.type in {"Edm.String", "Edm.Guid", "Edm.Date", "Edm.DateTimeOffset", "Edm.Int32", "Edm.Int64"} and (
        value == empty(kind) or (isinstance(value, str) and not value.strip())
    )


def read(kind: Property, value: object) -> Any:
    """A value of the wire as it is stored.

    Raises  Refusal (wrong type, too long, no member of the enum).
    """
    if value is None:  # BC 19: null is not documented for plain fields, so it is refused
        raise Refusal("BadRequest_RequiredParamNotProvided", f"The field '{kind.name}' must not be null or empty.")
    if kind.members:
        return _member(kind, value)
    return _READERS[kind.type](kind, value)


def _wrong(kind: Property, value: object) -> Refusal:
    return Refusal("BadRequest", f"Cannot convert the value '{value}' of property '{kind.name}' to type '{kind.type}'.")


def _text(kind: Property, value: object) -> str:
    if not isinstance(value, str):
        raise _wrong(kind, value)
    text = value.strip().upper() if kind.code else value  # BC 3.1
    if kind.max_length and len(text) > kind.max_length:  # BC 6.16
        raise Refusal(
            "Application_StringExceededLength",
            f"The length of the string is {len(text)}, but it must be less than or equal to {kind.max_length} "
            f"characters. Field: {kind.name}. Value: {text}",
        )
    return text


def _boolean(kind: Property, value: object) -> bool:
    if not isinstance(value, bool):
        raise _wrong(kind, value)
    return value


def _integer(kind: Property, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not _fits(kind, value):
        raise _wrong(kind, value)
    return value


def _fits(kind: Property, value: int) -> bool:
    return -(1 << _INT_BITS[kind.type]) <= value < 1 << _INT_BITS[kind.type]


def _decimal(kind: Property, value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise _wrong(kind, value)
    number = Decimal(value)
    if not number.is_finite() or abs(number) > _LIMIT:
        raise Refusal("Application_EvaluateException", f"The value '{value}' of '{kind.name}' is out of range.")
    return rounded(number, precision(kind.name))


def _guid(kind: Property, value: object) -> str:
    if not isinstance(value, str):
        raise _wrong(kind, value)
    try:
        return str(UUID(value))
    except ValueError as error:
        raise Refusal("Application_InvalidGUID", f"Invalid format of GUID string '{value}'.") from error


def _date(kind: Property, value: object) -> str:
    if not isinstance(value, str) or not _DATE.match(value):
        raise _wrong(kind, value)
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError as error:
        raise _wrong(kind, value) from error


def _moment(kind: Property, value: object) -> str:
    if not isinstance(value, str) or not _MOMENT.match(value):
        raise _wrong(kind, value)
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise _wrong(kind, value) from error
    # A value without offset is taken as UTC (BC 3.6); year 1 cannot be shifted.
    return BLANK_MOMENT if moment.year == 1 else moment_text(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _member(kind: Property, value: object) -> str:
    # Input accepts the plain member name as well as the encoded one (BC 3, "More").
    if isinstance(value, str):
        for text in (value, encoded(value)):
            if text in kind.members:
                return text
    known = ", ".join(kind.members)
    raise Refusal("BadRequest", f"The value '{value}' is not valid for property '{kind.name}'. Valid values: {known}.")


_READERS: Mapping[str, Callable[[Property, object], Any]] = {
    "Edm.String": _text,
    "Edm.Boolean": _boolean,
    "Edm.Int32": _integer,
    "Edm.Int64": _integer,
    "Edm.Decimal": _decimal,
    "Edm.Guid": _guid,
    "Edm.Date": _date,
    "Edm.DateTimeOffset": _moment,
}


def from_python(value: object) -> object:
    """A Python value as the wire would carry it, for people who act in Python.

    Raises  TypeError on a float: amounts are exact.
    """
    match value:
        case float():
            message = f"amounts are Decimal, not float: {value}"
            raise TypeError(message)
        case datetime():
            return moment_text(value)
        case date():
            return value.isoformat()
        case UUID():
            return str(value)
        case _:
            return value
