"""Query options over rows: filter, order, paging, selection and expansion (BC 4 and 5)."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from adapters.sandbox.business_central.errors import Refusal
from adapters.sandbox.business_central.filters import Test, compiled
from adapters.sandbox.business_central.records import Records
from adapters.sandbox.business_central.schema import Entity, Navigation, Property, connector
from adapters.sandbox.business_central.storage import Row

_LIST_OPTIONS = frozenset(
    {"$filter", "$select", "$expand", "$orderby", "$top", "$skip", "$count", "$skiptoken", "$schemaversion", "$format"}
)
_ONE_OPTIONS = frozenset({"$select", "$expand", "$schemaversion", "$format"})
_NESTED_OPTIONS = frozenset({"$filter", "$select", "$expand", "$orderby", "$top", "$skip"})
_VERSIONS = {"": False, "1.0": False, "2.0": False, "2.1": True}


@dataclass(frozen=True)
class Expansion:
    """One navigation to follow, with the options inside its brackets."""

    navigation: Navigation
    query: "Query"


@dataclass(frozen=True)
class Query:
    """Parsed options for one entity set."""

    entity: Entity
    where: Test | None = None
    select: tuple[str, ...] = ()
    expand: tuple[Expansion, ...] = ()
    order: tuple[tuple[Property, bool], ...] = ()
    top: int | None = None
    skip: int = 0
    count: bool = False
    token: tuple[int, int | None] | None = None


@dataclass(frozen=True)
class Page:
    """Rows of one page.

    Shape   `next_token` for the next page, empty on the last one; `total` all rows of the filter.
    """

    rows: list[Row]
    next_token: str
    total: int


def for_list(entity: Entity, options: Mapping[str, str]) -> Query:
    """The query of a collection.

    Raises  Refusal
    """
    return _parsed(entity, options, _LIST_OPTIONS)


def for_one(entity: Entity, options: Mapping[str, str]) -> Query:
    """The query of a single entity.

    Raises  Refusal
    """
    return _parsed(entity, options, _ONE_OPTIONS)


def page(records: Records, query: Query, rows: Iterable[Row], size: int) -> Page:
    """The rows that a request gets, in order."""
    found = _ordered(records, query, _filtered(records, query, rows))
    total = len(found)
    start, left = (query.skip, query.top) if query.token is None else query.token
    wanted = found[start:] if left is None else found[start : start + left]
    if len(wanted) <= size:
        return Page(wanted, "", total)
    return Page(wanted[:size], _token(start + size, None if left is None else left - size), total)


def shown(records: Records, query: Query, row: Row) -> dict[str, Any]:
    """A row as JSON: annotations, selected properties, expanded navigation."""
    entity = query.entity
    names = query.select or tuple(entity.properties)
    document: dict[str, Any] = {"@odata.etag": records.etag(entity, row)}
    for name in names:
        document[name] = records.value(entity, row, name)
    for it in query.expand:
        found = records.children(entity, row, it.navigation.name)
        if it.navigation.many:  # complete, not paged (BC 4.9)
            rows = page(records, it.query, found, len(found)).rows
            document[it.navigation.name] = [shown(records, it.query, child) for child in rows]
        else:
            document[it.navigation.name] = shown(records, it.query, found[0]) if found else None
    return document


def _filtered(records: Records, query: Query, rows: Iterable[Row]) -> list[Row]:
    where = query.where
    if where is None:
        return list(rows)
    flow = query.entity.facts.flow

    def passes(row: Row) -> bool:
        if not flow:
            return where(row.__getitem__)
        return where(lambda name: records.value(query.entity, row, name) if name in flow else row[name])

    return [row for row in rows if passes(row)]


def _ordered(records: Records, query: Query, rows: list[Row]) -> list[Row]:
    # Without an order it is the primary key of the source table, not the time of change (BC 4.10).
    key = query.entity.facts.key
    rows.sort(key=lambda row: tuple(row[name] for name in key))
    for kind, descending in reversed(query.order):
        rows.sort(key=lambda row: _sortable(kind, records.value(query.entity, row, kind.name)), reverse=descending)
    return rows


def _sortable(kind: Property, value: Any) -> Any:
    if kind.members:
        return kind.members.index(value)
    return value.casefold() if isinstance(value, str) else value


def _parsed(entity: Entity, options: Mapping[str, str], allowed: frozenset[str]) -> Query:
    for name in options:
        if name not in allowed:  # BC 4.12
            raise Refusal("BadRequest_InvalidRequestUrl", f"The query option '{name}' is not supported.")
    version = options.get("$schemaversion", "")
    if version not in _VERSIONS:
        raise Refusal("BadRequest_InvalidRequestUrl", f"The schema version '{version}' is not supported.")
    text = options.get("$filter")
    return Query(
        entity,
        where=None if text is None else _compiled(text, entity, sturdy=_VERSIONS[version]),
        select=_selected(entity, options.get("$select", "")),
        expand=_expanded(entity, options.get("$expand", "")),
        order=_order(entity, options.get("$orderby", "")),
        top=_number(options, "$top"),
        skip=_number(options, "$skip") or 0,
        count=options.get("$count", "false") == "true",
        token=_read_token(options.get("$skiptoken")),
    )


@lru_cache(maxsize=2048)
def _compiled(text: str, entity: Entity, *, sturdy: bool) -> Test:
    return compiled(text, entity, sturdy=sturdy)


def _selected(entity: Entity, text: str) -> tuple[str, ...]:
    names = tuple(it.strip() for it in text.split(",")) if text else ()
    for name in names:
        _property(entity, name)
    return names


def _property(entity: Entity, name: str) -> Property:
    found = entity.properties.get(name)
    if found is None:
        raise Refusal("BadRequest", f"Could not find a property named '{name}' on type 'Microsoft.NAV.{entity.name}'.")
    return found


def _order(entity: Entity, text: str) -> tuple[tuple[Property, bool], ...]:
    found: list[tuple[Property, bool]] = []
    for part in text.split(",") if text else ():
        name, _, direction = part.strip().partition(" ")
        if direction.strip() not in {"", "asc", "desc"}:
            raise Refusal("BadRequest_InvalidRequestUrl", f"'{direction}' is not a direction of $orderby.")
        if name in entity.facts.unfilterable:  # BC 4.7
            raise Refusal("BadRequest_MethodNotImplemented", f"The order by '{name}' is not supported.")
        found.append((_property(entity, name), direction.strip() == "desc"))
    return tuple(found)


def _expanded(entity: Entity, text: str) -> tuple[Expansion, ...]:
    found: list[Expansion] = []
    for part in _split(text, ","):
        name, bracket, inner = part.partition("(")
        navigation = entity.navigations.get(name.strip())
        if navigation is None:
            raise Refusal(
                "BadRequest", f"Could not find a navigation property '{name}' on type 'Microsoft.NAV.{entity.name}'."
            )
        if bracket and not inner.endswith(")"):
            raise Refusal("BadRequest_InvalidRequestUrl", f"Unbalanced brackets in $expand at '{part}'.")
        options = dict(_option(it) for it in _split(inner[:-1], ";")) if bracket else {}
        found.append(Expansion(navigation, _parsed(connector()[navigation.target_set], options, _NESTED_OPTIONS)))
    return tuple(found)


def _option(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name.strip(), value.strip()


def _split(text: str, separator: str) -> list[str]:
    """Parts at a separator that stands outside brackets and quotes."""
    parts: list[str] = []
    depth, start, quoted = 0, 0, False
    for at, letter in enumerate(text):
        if letter == "'":
            quoted = not quoted
        elif not quoted:
            depth += {"(": 1, ")": -1}.get(letter, 0)
            if letter == separator and depth == 0:
                parts.append(text[start:at].strip())
                start = at + 1
    return [it for it in (*parts, text[start:].strip()) if it]


def _number(options: Mapping[str, str], name: str) -> int | None:
    text = options.get(name)
    if text is None:
        return None
    if not text.isdigit():
        raise Refusal("BadRequest_InvalidRequestUrl", f"'{text}' is not a number for {name}.")
    return int(text)


def _token(start: int, left: int | None) -> str:
    return urlsafe_b64encode(f"{start};{'' if left is None else left}".encode()).decode()


def _read_token(text: str | None) -> tuple[int, int | None] | None:
    if text is None:
        return None
    try:
        start, _, left = urlsafe_b64decode(text).decode().partition(";")
        return int(start), int(left) if left else None
    except (ValueError, NotBase64) as error:
        raise Refusal("BadRequest_InvalidRequestUrl", "The skip token is not valid.") from error
