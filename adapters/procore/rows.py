"""Rows of Procore: what is sent for a delivery, and which delivery an answered row belongs to."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, cast

from domain.delivery import Delivery, Endpoint
from domain.shown import dig, shows
from domain.values import Json

_DATE_FIELD = re.compile(r"(^|_)date$|^requisition_(start|end)$")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})")


def identifier(value: str, *, version: int = 1) -> int | str:
    """An id as its version of the API writes it: a number in v1, text in v2 (guide H4)."""
    return int(value) if version == 1 and value.isascii() and value.isdigit() else value


def api_version(path: str) -> int:
    """1 or 2, from a path such as `/rest/v1.1/projects`."""
    return 2 if path.startswith("/rest/v2") else 1


def row_of(endpoint: Endpoint, delivery: Delivery) -> Json:
    """The row that is sent in a call of many rows.

    A known record is named by `id` alone, a new one by `origin_id` alone: both together would give the record another
    origin id (guide 10, requirement PF-05). Both are sent only when the body carries `origin_id` on purpose.
    """
    row = dict(delivery.body)
    match = endpoint.lookup.match if endpoint.lookup else ""
    if endpoint.verb != "sync":
        return row
    if delivery.target_id:
        row["id"] = identifier(delivery.target_id, version=api_version(endpoint.path))
    elif match == "key" and delivery.key:
        row.setdefault("origin_id", delivery.key)
    return row


def record_of(endpoint: Endpoint, delivery: Delivery, company_id: str) -> Json:
    """The body of a call for one record: envelope and the names that stand beside it."""
    body = beside(endpoint, delivery.scope, company_id)
    if endpoint.envelope:
        body[endpoint.envelope] = dict(delivery.body)
        return body
    return {**body, **delivery.body}


def beside(endpoint: Endpoint, scope: Mapping[str, str], company_id: str) -> Json:
    """The scope names that stand beside the rows.

    Raises  KeyError for a name without a value.
    """
    values = {"company_id": company_id, **scope}
    version = api_version(endpoint.path)
    return {name: identifier(values[name], version=version) for name in endpoint.body}


def fault(body: Json) -> str:
    """Why a body must not be sent, empty when it may be.

    Procore stores a badly formed date as null without a word (guide D2), so dates are checked here.
    """
    for name, value in _leaves(body):
        if isinstance(value, float) or (isinstance(value, Decimal) and not value.is_finite()):
            return f"{name}: {value} is not an exact number"
        if _DATE_FIELD.search(name) and value not in (None, "") and not _is_date(value):
            return f"{name}: {value!r} is not a date of the form YYYY-MM-DD"
    return ""


def identity(delivery: Delivery) -> str:
    """What must not occur twice in one call (guide S7)."""
    if delivery.target_id:
        return f"id {delivery.target_id}"
    return f"key {delivery.key}" if delivery.key else str(delivery.id)


def combination(row: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """The segment items of a WBS code, as pairs of segment and item, whatever their order (guide W13)."""
    items = row.get("segment_items")
    if not isinstance(items, list):
        return ()
    pairs: list[tuple[str, str]] = []
    for item in cast("list[object]", items):
        if not isinstance(item, Mapping):
            return ()
        fields = cast("Mapping[str, Any]", item)
        segment = fields.get("segment_id", dig(fields, "segment.id"))
        pairs.append((str(segment), str(fields.get("segment_item_id", fields.get("id")))))
    return tuple(sorted(pairs))


class Matcher:
    """Finds the delivery that a row of an answer belongs to; rows come in any order (guide S5)."""

    def __init__(self, endpoint: Endpoint, deliveries: Sequence[Delivery], sent: Sequence[Json] = ()) -> None:
        self._endpoint = endpoint
        self._match = endpoint.lookup.match if endpoint.lookup else "key"
        self._sent = list(zip(deliveries, sent, strict=False))
        self._by_id = {delivery.target_id: delivery for delivery in deliveries if delivery.target_id}
        self._by_key: dict[str, Delivery] = {}
        self._by_combination: dict[tuple[tuple[str, str], ...], Delivery] = {}
        self._by_fields: dict[tuple[str, ...], Delivery] = {}
        for delivery in deliveries:
            if self._match == "key":
                self._by_key[str(delivery.body.get("origin_id") or delivery.key)] = delivery
            elif self._match == "segment_items":
                self._by_combination[combination(delivery.body)] = delivery
            elif self._match == "fields":
                self._by_fields[self._values(delivery.body, sent=True)] = delivery

    def find(self, row: Json) -> Delivery | None:
        """The delivery of a row that stands in Procore."""
        found = self._by_id.get(str(row.get("id")))
        if found is None and self._by_key:
            found = self._by_key.get(str(row.get("origin_id")))
        if found is None and self._by_combination:
            found = self._by_combination.get(combination(row))
        if found is None and self._by_fields:
            found = self._by_fields.get(self._values(row, sent=False))
        return found

    def find_echo(self, row: Json) -> Delivery | None:
        """The delivery of a refused row, which comes back as it was sent."""
        if (found := self.find(row)) is not None:
            return found
        if self._by_fields and (found := self._by_fields.get(self._values(row, sent=True))) is not None:
            return found
        same = [delivery for delivery, sent in self._sent if shows(row, sent, {}, ignore=frozenset(), lenient=False)]
        return same[0] if len(same) == 1 else None

    def _values(self, row: Json, *, sent: bool) -> tuple[str, ...]:
        fields = self._endpoint.lookup.fields if self._endpoint.lookup else ()
        shown = self._endpoint.shown
        seen = [row.get(name) if sent else dig(row, shown.get(name) or name) for name in fields]
        return tuple(str(value).strip() if isinstance(value, str | int) else "" for value in seen)


def _leaves(value: object, name: str = "") -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping):
        for key, inner in cast("Mapping[str, object]", value).items():
            yield from _leaves(inner, key)
    elif isinstance(value, list):
        for inner in cast("list[object]", value):
            yield from _leaves(inner, name)
    else:
        yield name, value


def _is_date(value: object) -> bool:
    if not isinstance(value, str):
        return False
    try:
        if _DATE.fullmatch(value):
            date.fromisoformat(value)
            return True
        if _MOMENT.fullmatch(value):
            datetime.fromisoformat(value)
            return True
    except ValueError:
        return False
    return False
