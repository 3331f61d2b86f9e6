"""`$filter`: parsed, checked against the entity, compiled to a test over rows (BC 4.1 to 4.7)."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from adapters.sandbox.business_central.errors import Refusal
from adapters.sandbox.business_central.schema import Entity, Property
from adapters.sandbox.business_central.values import encoded

Get = Callable[[str], Any]
"""Gives the value of a property of the row at hand."""
Test = Callable[[Get], bool]

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<string>'(?:[^']|'')*')
    | (?P<guid>[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12})(?![\w-])
    | (?P<moment>\d{4}-\d{2}-\d{2}T[\d:.]+(?:Z|[+-]\d{2}:\d{2})?)
    | (?P<date>\d{4}-\d{2}-\d{2})(?![\w-])
    | (?P<number>[+-]?\d+(?:\.\d+)?)(?![\w.-])
    | (?P<word>[A-Za-z_][\w./]*)
    | (?P<mark>[(),])
    )""",
    re.VERBOSE,
)
_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
}
_TESTS: dict[str, Callable[[str, str], bool]] = {
    "startswith": str.startswith,
    "endswith": str.endswith,
    "contains": str.__contains__,
}
_LITERAL_OF = {
    "Edm.String": ("string",),
    "Edm.Guid": ("guid",),
    "Edm.Date": ("date",),
    "Edm.DateTimeOffset": ("moment", "date"),
    "Edm.Int32": ("number",),
    "Edm.Int64": ("number",),
    "Edm.Decimal": ("number",),
}


@dataclass(frozen=True)
class _Node:
    fields: frozenset[str]
    test: Test


@dataclass(frozen=True)
class _Operand:
    kind: Property
    read: Callable[[Get], Any]
    plain: bool = True  # a property as it is, no function around it


def compiled(text: str, entity: Entity, *, sturdy: bool = False) -> Test:
    """The test of a filter text; `sturdy` is `$schemaversion=2.1` (BC 4.13).

    Raises  Refusal
    """
    parser = _Parser(text, entity, sturdy=sturdy)
    node = parser.either()
    parser.end()
    return node.test


class _Parser:
    def __init__(self, text: str, entity: Entity, *, sturdy: bool) -> None:
        self.entity = entity
        self.sturdy = sturdy
        self.tokens = _tokens(text)
        self.at = 0

    def either(self) -> _Node:
        node = self.both()
        while self._taken("or"):
            left, right = node, self.both()
            fields = left.fields | right.fields
            if len(fields) > 1:  # BC 4.2
                raise Refusal("BadRequest", "The 'OR' operator is not supported on distinct fields.")
            node = _Node(fields, lambda get, a=left.test, b=right.test: a(get) or b(get))
        return node

    def both(self) -> _Node:
        node = self.negated()
        while self._taken("and"):
            left, right = node, self.negated()
            node = _Node(left.fields | right.fields, lambda get, a=left.test, b=right.test: a(get) and b(get))
        return node

    def negated(self) -> _Node:
        if self._taken("not"):
            inner = self.negated()
            return _Node(inner.fields, lambda get: not inner.test(get))
        if self._taken("("):
            node = self.either()
            self._need(")")
            return node
        return self._comparison()

    def end(self) -> None:
        if self.at < len(self.tokens):
            raise _syntax(f"unexpected '{self.tokens[self.at][1]}'")

    def _comparison(self) -> _Node:
        kind, word = self._next()
        if kind == "word" and word in _TESTS:
            return self._text_test(_TESTS[word])
        operand = self._operand(kind, word)
        _, operator = self._next()
        fields = frozenset({operand.kind.name})
        if operator == "in" and self.sturdy:  # BC 4.1
            wanted = self._list(operand)
            return _Node(fields, lambda get: _comparable(operand, get) in wanted)
        if operator not in _OPERATORS:
            raise _syntax(f"'{operator}' is not an operator")
        compare, value = _OPERATORS[operator], self._literal(operand)
        return _Node(fields, lambda get: compare(_comparable(operand, get), value))

    def _text_test(self, test: Callable[[str, str], bool]) -> _Node:
        self._need("(")
        operand = self._operand(*self._next())
        if not operand.plain and not self.sturdy:
            raise _syntax("nested functions need $schemaversion=2.1")
        if operand.kind.type != "Edm.String":
            raise _syntax(f"'{operand.kind.name}' is not a text property")
        self._need(",")
        value = self._literal(operand)
        self._need(")")
        if self._taken("eq"):
            wanted = self._boolean()
            return _Node(frozenset({operand.kind.name}), lambda get: test(_comparable(operand, get), value) is wanted)
        return _Node(frozenset({operand.kind.name}), lambda get: test(_comparable(operand, get), value))

    def _boolean(self) -> bool:
        _, word = self._next()
        if word not in {"true", "false"}:
            raise _syntax(f"'{word}' is not true or false")
        return word == "true"

    def _operand(self, kind: str, word: str) -> _Operand:
        if kind != "word":
            raise _syntax(f"a property was expected, not '{word}'")
        if word in {"tolower", "toupper", "substring"}:
            return self._function(word)
        if "/" in word:  # lambdas are ignored by the service (BC 4.3); here they are refused
            raise _syntax(f"'{word}' is not supported")
        found = self.entity.properties.get(word)
        if found is None:
            raise Refusal(
                "BadRequest", f"Could not find a property named '{word}' on type 'Microsoft.NAV.{self.entity.name}'."
            )
        if word in self.entity.facts.unfilterable:  # BC 4.7
            raise Refusal("BadRequest", f"The property '{word}' cannot be used in a filter.")
        return _Operand(found, lambda get: get(word))

    def _function(self, name: str) -> _Operand:
        self._need("(")
        inner = self._operand(*self._next())
        if not inner.plain and not self.sturdy:
            raise _syntax("nested functions need $schemaversion=2.1")
        bounds: list[int] = []
        while self._taken(","):
            bounds.append(int(self._next()[1]))
        self._need(")")
        if name != "substring":  # comparison is case-insensitive anyway (BC 4.6)
            return _Operand(inner.kind, inner.read, plain=False)
        start, length = (*bounds, None, None)[:2]
        if start is None:
            raise _syntax("substring needs a start")
        stop = None if length is None else start + length
        return _Operand(inner.kind, lambda get: str(inner.read(get))[start:stop], plain=False)

    def _list(self, operand: _Operand) -> set[Any]:
        self._need("(")
        found = {self._literal(operand)}
        while self._taken(","):
            found.add(self._literal(operand))
        self._need(")")
        return found

    def _literal(self, operand: _Operand) -> Any:
        kind, text = self._next()
        return _literal(operand.kind, kind, text)

    def _next(self) -> tuple[str, str]:
        if self.at >= len(self.tokens):
            raise _syntax("it ends too early")
        self.at += 1
        return self.tokens[self.at - 1]

    def _taken(self, text: str) -> bool:
        if self.at < len(self.tokens) and self.tokens[self.at][0] != "string" and self.tokens[self.at][1] == text:
            self.at += 1
            return True
        return False

    def _need(self, text: str) -> None:
        if not self._taken(text):
            raise _syntax(f"'{text}' is missing")


def _tokens(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise _syntax(f"cannot read '{text[at : at + 20]}'")
        found.append((match.lastgroup, match.group(match.lastgroup)))
        at = match.end()
    return found


def _literal(kind: Property, token: str, text: str) -> Any:
    if kind.members:
        if token != "string":  # noqa: S105 - the kind of a token
            raise _mismatch(kind, text)
        plain = _unquoted(text)
        for name in (plain, encoded(plain)):
            if name in kind.members:
                return kind.members.index(name)
        raise Refusal("BadRequest", f"'{plain}' is not a member of '{kind.type}': {', '.join(kind.members)}.")
    if kind.type == "Edm.Boolean":
        if text not in {"true", "false"}:
            raise _mismatch(kind, text)
        return text == "true"
    if token not in _LITERAL_OF[kind.type]:
        raise _mismatch(kind, text)
    return _converted(kind, text)


def _converted(kind: Property, text: str) -> Any:
    try:
        match kind.type:
            case "Edm.String":
                value = _unquoted(text)
                if kind.max_length and len(value) > kind.max_length:  # BC 4.5
                    raise Refusal(
                        "Application_FilterErrorException",
                        f"The filter '{value}' is longer than the {kind.max_length} characters of '{kind.name}'.",
                    )
                return value.casefold()
            case "Edm.Guid":
                return text.lower()
            case "Edm.Date":
                return date.fromisoformat(text).isoformat()
            case "Edm.DateTimeOffset":
                return _moment(text if "T" in text else f"{text}T00:00:00Z")
            case "Edm.Decimal":
                return Decimal(text)
            case _:
                return int(text)
    except ValueError as error:
        raise _mismatch(kind, text) from error


def _comparable(operand: _Operand, get: Get) -> Any:
    value = operand.read(get)
    kind = operand.kind
    if kind.members:
        return kind.members.index(value)
    if kind.type == "Edm.String":
        return str(value).casefold()  # BC 4.6
    return _moment(value) if kind.type == "Edm.DateTimeOffset" else value


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text if text.endswith("Z") or text[-6] in "+-" else f"{text}Z")


def _unquoted(text: str) -> str:
    return text[1:-1].replace("''", "'")  # BC 4.4


def _mismatch(kind: Property, text: str) -> Refusal:
    return Refusal(
        "BadRequest",
        f"A binary operator with incompatible types was detected: '{kind.name}' is {kind.type}, not {text}.",
    )


def _syntax(why: str) -> Refusal:
    return Refusal("BadRequest_InvalidRequestUrl", f"Syntax error in the filter: {why}.")
