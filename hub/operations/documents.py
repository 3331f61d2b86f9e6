"""A frozen content as an accountant reads it: header, lines, total, and what differs from what was carried before."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from msgspec import Struct

from adapters.store import Ledger
from domain.approval import Frozen
from domain.flow import Flow
from domain.mapping import Mapping as Maps
from domain.record import Record
from domain.values import Json, canonical, read_json

_KEYS = ("id", "lineNumber", "number")
"""What a line of a document is known by, the first that it has."""


class Document(Struct, frozen=True, kw_only=True):
    """A document in two views: as the source has it, and as the target gets it.

    Shape   `header` holds the fields of the document itself, `lines` its rows as they are in the source; amounts are
    decimal text. `sent` are the lines and the total as the target will get them, `total` empty where there is none.
    """

    header: dict[str, Any]
    lines: list[dict[str, Any]]
    sent: list[dict[str, Any]]
    total: str


def document_of(frozen: Frozen, total: str) -> Document:
    """The document that a frozen content is about."""
    header = {name: value for name, value in frozen.document.items() if not _is_rows(value)}
    lines = [row for value in frozen.document.values() if _is_rows(value) for row in value]
    sent = [{"part": part.name, "endpoint": part.endpoint, **part.body} for part in frozen.parts]
    return Document(header=header, lines=lines, sent=sent, total=total)


async def settled_document(ledger: Ledger, flow: Flow, record: Record, maps: Maps) -> Json | None:
    """The fields of the source that last stood in the target whole; None before the first time."""
    name = record.flow(flow.name).settled
    if not name:
        return None
    bodies = await ledger.contents([name])
    if name not in bodies:
        return None
    document = maps.read(flow.origin.entity_set, read_json(bodies[name]), flow.origin.expand)
    return read_json(canonical(flow.origin.relevant(document)))


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every field that differs, lines matched by their id.

    Shape   {"field", "before", "now"}; `field` is a path such as `purchaseOrderLines[10000].quantity`. A line that was
            added or removed is one difference, with None on the other side.
    """
    found: list[dict[str, Any]] = []
    for name in dict.fromkeys((*before, *now)):
        old, new = before.get(name), now.get(name)
        if _is_rows(old) or _is_rows(new):
            found += _of_rows(name, old or (), new or ())
        elif old != new:
            found.append({"field": name, "before": old, "now": new})
    return found


def _of_rows(name: str, before: Sequence[Json], now: Sequence[Json]) -> list[dict[str, Any]]:
    olds, news = _by_key(before), _by_key(now)
    found: list[dict[str, Any]] = []
    for key in dict.fromkeys((*olds, *news)):
        old, new = olds.get(key), news.get(key)
        shown = str((new or old or {}).get("lineNumber") or key)
        if old is None or new is None:
            found.append({"field": f"{name}[{shown}]", "before": old, "now": new})
            continue
        found += [{**each, "field": f"{name}[{shown}].{each['field']}"} for each in differences(old, new)]
    return found


def _by_key(rows: Sequence[Json]) -> dict[str, Json]:
    return {next((str(row[key]) for key in _KEYS if row.get(key)), str(at)): row for at, row in enumerate(rows)}


def _is_rows(value: Any) -> bool:
    rows = cast("list[Any]", value) if isinstance(value, list) else []
    return bool(rows) and all(isinstance(row, dict) for row in rows)
