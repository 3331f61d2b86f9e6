"""The words that every other module speaks: JSON values, money, digests, sides and causes."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Context, Decimal
from hashlib import sha256
from itertools import islice
from typing import Annotated, Any, Literal, NewType, TypeVar, cast
from uuid import UUID

import msgspec

Item = TypeVar("Item")

Json = dict[str, Any]
"""A document of a remote system as it came over the wire; numbers with a point are `Decimal`."""

System = Literal["business_central", "procore"]
BUSINESS_CENTRAL: System = "business_central"
PROCORE: System = "procore"
SYSTEMS: tuple[System, ...] = (BUSINESS_CENTRAL, PROCORE)

Digest = NewType("Digest", str)
"""SHA-256 in lower-case hex."""

NAMES_CONTENT = msgspec.Meta(extra={"names": "content"})
"""Marks a field of an event that names a body in the contents, so that whoever proves the ledger finds them all."""

Content = Annotated[Digest, NAMES_CONTENT]
"""Name of a body in the contents."""

MaybeContent = Annotated[str, NAMES_CONTENT]
"""Name of a body in the contents, or empty where there is none."""

LEDGER = UUID("6f0b5a52-1d0c-5a0e-9a57-51edc0de0001")
"""Namespace of all ids that SiteLedger makes: the same object has the same id, whoever saw it first."""

CENT = Decimal("0.01")
_WIDE = Context(prec=64)
"""Room for the product of two amounts of fifteen digits; the default of 28 digits refuses to round some of them."""

_decode = msgspec.json.Decoder(float_hook=Decimal).decode


def read_json(data: bytes) -> Any:
    """A JSON document with exact numbers.

    Raises  msgspec.DecodeError when the bytes are not JSON.
    """
    return _decode(data)


def canonical(value: object) -> bytes:
    """One spelling for equal documents: keys sorted, numbers without trailing zeros, no blanks."""
    return msgspec.json.encode(_plain(value), order="sorted")


def digest(value: object) -> Digest:
    """Digest of a document by its canonical spelling, so that 10 and 10.00 are the same amount."""
    return sha256_of(canonical(value))


def sha256_of(data: bytes) -> Digest:
    """The name under which contents are stored."""
    return Digest(sha256(data).hexdigest())


def _plain(value: object) -> object:
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, Decimal):
        return plain_number(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in cast("Mapping[object, object]", value).items()}
    if isinstance(value, Sequence):
        return [_plain(item) for item in cast("Sequence[object]", value)]
    return str(value)


def plain_number(value: Decimal) -> str:
    """Decimal text without exponent and without trailing zeros."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def money(value: object) -> Decimal:
    """An amount of the wire, exact.

    Shape   a JSON number read by `read_json`, or decimal text.
    Raises  decimal.InvalidOperation when it is no number.
    """
    return value if isinstance(value, Decimal) else Decimal(str(value))


def cents(value: Decimal) -> Decimal:
    """Rounded to the cent, five away from zero: Business Central's default for amounts (tables.md)."""
    return value.quantize(CENT, rounding=ROUND_HALF_UP, context=_WIDE)


def five_places(value: Decimal) -> Decimal:
    """Rounded to five places: what Business Central keeps of quantities and unit costs (connector API, Decimals)."""
    return value.quantize(Decimal("0.00001"), rounding=ROUND_HALF_UP, context=_WIDE)


def product(first: Decimal, second: Decimal) -> Decimal:
    """Exact product of two figures of the wire."""
    return _WIDE.multiply(first, second)


def money_text(value: Decimal) -> str:
    """Decimal text with at least two places, as Procore writes amounts."""
    exponent = value.as_tuple().exponent
    places = -exponent if isinstance(exponent, int) else 0
    return format(value if places >= 2 else value.quantize(CENT), "f")  # noqa: PLR2004 - two places are cents


def origin_id(company_id: str, entity_set: str, record_id: str, suffix: str = "") -> str:
    """The one form in which Procore keeps the identity of a Business Central record (requirements, I2)."""
    return f"bc:{company_id.lower()}:{entity_set}:{record_id.lower()}{suffix}"


def text(document: Mapping[str, Any], field: str) -> str:
    """A text field without surrounding blanks; a missing one is empty, as Business Central has no null."""
    value = document.get(field)
    return "" if value is None else str(value).strip()


def enum_text(value: str) -> str:
    """Plain member name of an enum value: `Project_x0020_with` is `Project with` (Business Central guide 3.8)."""
    if "_x" not in value:
        return value
    parts = value.split("_x")
    out = [parts[0]]
    for part in parts[1:]:
        code, mark, rest = part.partition("_")
        if mark and len(code) == 4:  # noqa: PLR2004 - four hex digits by definition
            out.append(chr(int(code, 16)) + rest)
        else:
            out.append("_x" + part)
    return "".join(out)


def chunks(items: Iterable[Item], size: int) -> list[list[Item]]:
    """The items in lists of at most this length; none for no items."""
    rest = iter(items)
    return list(iter(lambda: list(islice(rest, size)), []))


class Cause(msgspec.Struct, frozen=True):
    """Why something happened: the whole story, the step right before, and who acted."""

    correlation_id: str
    causation_id: str
    actor: str
