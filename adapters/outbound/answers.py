"""One request and what came back of it."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal
from urllib.parse import quote, urlencode

import msgspec

from domain.delivery import Exchange
from domain.errors import Unreadable

Failure = Literal["", "unsent", "lost", "oversize"]
"""Why there is no usable answer.

unsent     the request certainly never reached the remote
lost       it may have reached the remote, the answer did not reach us
oversize   the answer is larger than we are willing to hold
"""

# Far beyond any amount or rate, and small enough that printing the number in full costs nothing.
LARGEST_EXPONENT = 100


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A request to make.

    Shape   `kind` is `METHOD template`, under which the call is counted; `write` says that the remote may change.
    """

    method: str
    url: str
    kind: str
    headers: Mapping[str, str] = {}
    body: bytes | None = None
    write: bool = False


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came back.

    Shape   `status` 0 when nothing came (`failure` and `reason` say why); header names in lower case.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    exchange: Exchange
    failure: Failure = ""
    reason: str = ""

    @property
    def ok(self) -> bool:
        """The remote did what it was asked."""
        return not self.failure and 200 <= self.status < 300  # noqa: PLR2004 - any 2xx counts (Procore guide, H6)


class UnreadableAnswer(Unreadable):
    """An answer that is not what the interface promises, with the bytes that came."""

    def __init__(self, message: str, exchange: Exchange) -> None:
        super().__init__(message)
        self.exchange = exchange


def _number(literal: str) -> Decimal:
    number = Decimal(literal)
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or abs(exponent) > LARGEST_EXPONENT:
        message = f"the number {literal[:40]} is out of any reasonable range"
        raise ValueError(message)
    return number


_decode = msgspec.json.Decoder(float_hook=_number).decode
_encode = msgspec.json.Encoder(decimal_format="number").encode


def write_json(document: object) -> bytes:
    """A JSON document; a `Decimal` becomes a number with exactly its digits."""
    return _encode(document)


def read_document(answer: Answer) -> Any:
    """The JSON document of an answer; None for an empty body.

    Raises  UnreadableAnswer for HTML, plain text, cut-off or absurd JSON.
    """
    if not answer.body.strip():
        return None
    try:
        return _decode(answer.body)
    except (ValueError, ArithmeticError) as error:
        raise UnreadableAnswer(_unreadable(answer, str(error)), answer.exchange) from error
    except RecursionError as error:
        raise UnreadableAnswer(_unreadable(answer, "it is nested too deeply"), answer.exchange) from error


def _unreadable(answer: Answer, why: str) -> str:
    kind = answer.headers.get("content-type", "no content type")
    return (
        f"{answer.exchange.method} {answer.exchange.url} answered {answer.status} with a body that is not JSON "
        f"({kind}, {len(answer.body)} bytes): {why}"
    )


def address(base: str, path: str, query: Sequence[tuple[str, str]] = ()) -> str:
    """A full address; blanks become %20, never a plus sign, which OData servers read as a plus."""
    # `path` is already quoted by `fill`; only the query is quoted here.
    text = urlencode(list(query), quote_via=quote, safe="$(),:'/!*")
    return f"{base.rstrip('/')}/{path.lstrip('/')}" + (f"?{text}" if text else "")


def fill(template: str, values: Mapping[str, str]) -> str:
    """A path with its names replaced by quoted values.

    Raises  KeyError for a name without a value.
    """
    out: list[str] = []
    rest = template
    while rest:
        before, mark, rest = rest.partition("{")
        out.append(before)
        if mark:
            name, _, rest = rest.partition("}")
            value = values[name]
            if not value:
                raise KeyError(name)
            out.append(quote(value, safe=""))
    return "".join(out)
