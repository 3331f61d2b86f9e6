"""What the ledger knows of some records: their state, what their source said, and what their target confirmed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from adapters.store import Ledger
from domain import events
from domain.flows import BY_KIND
from domain.states import State
from domain.values import Json, chunks, read_json
from hub.connection import Pair

PAGE = 200
_RECORDS = "SELECT record, kind, number, content, demanded, vanished, position FROM record WHERE {records}"
_STATES = "SELECT record, flow, state, reasons, position FROM record_state WHERE {records}"
_LINKS = "SELECT record, bc_set, bc_id, bc_number FROM cross_reference WHERE {records}"
_CUTS = "SELECT record, MAX(position) FROM event_log WHERE event IN (?, ?) AND {records} GROUP BY record"
_SENT = """
SELECT record, part, endpoint, body, target_id, settled_at, position FROM delivery
WHERE state = 'confirmed' AND {records} ORDER BY position
"""
_DRIFT = "SELECT record, endpoint, field FROM drift_field WHERE state IN ('open', 'accepted') AND {records}"
_WORDS = frozenset({"description", "uom"})
"""Fields of a line that say nothing of its amount."""
MONEY = frozenset(
    {
        "purchase_order_contracts.line_items",
        "purchase_order_contracts.line_items.delete",
        "work_order_contracts.line_items",
        "work_order_contracts.line_items.delete",
        "requisitions.items",
        "direct_costs.line_items",
        "budget_line_items",
        "budget_changes",
        "bc.changeOrders.create",
    }
)
"""Endpoints whose bodies carry amounts."""


@dataclass
class Sent:
    """The last confirmed delivery of one part."""

    part: str
    endpoint: str
    target_id: str
    body: Json


@dataclass
class Known:
    """One record, as the ledger knows it.

    source  what its origin said last, None where the contents were taken out
    linked  its pairs: (set of Business Central, id, number)
    sent    what the target confirmed last, by part; nothing from before it was unlinked or reset
    at      the last confirmed write of any part, None before the first
    cut     it was unlinked or reset, and nothing was confirmed since
    drifts  somebody changed an amount of it in the target, as a look found, and it was not settled or is to stay
    """

    kind: str
    number: str
    demanded: bool
    vanished: bool
    source: Json | None = None
    state: State | str = ""
    reasons: Sequence[str] = ()
    position: int = 0
    linked: list[tuple[str, str, str]] = field(default_factory=list[tuple[str, str, str]])
    sent: dict[str, Sent] = field(default_factory=dict[str, Sent])
    at: datetime | None = None
    cut: bool = False
    drifts: bool = False


async def evidence(pair: Pair, ledger: Ledger, records: Sequence[UUID]) -> dict[UUID, Known]:
    """What the ledger knows of these records; one that it never saw is missing."""
    found: dict[UUID, Known] = {}
    for page in chunks(dict.fromkeys(records), PAGE):
        found.update(await _page(pair, ledger, [str(each) for each in page]))
    return found


async def _page(pair: Pair, ledger: Ledger, page: Sequence[str]) -> dict[UUID, Known]:
    condition, parameter = ledger.in_list("record", page)

    async def ask(sql: str, *first: Any) -> list[tuple[Any, ...]]:
        return await ledger.rows(sql.format(records=condition), (*first, parameter))

    found: dict[str, Known] = {}
    contents: dict[str, str] = {}
    for record, kind, number, content, demanded, vanished, position in await ask(_RECORDS):
        found[record] = Known(kind, number, bool(demanded), bool(vanished), position=position)
        contents[record] = content
    enabled = {flow.name for flow in pair.flows}
    for record, flow, *state in await ask(_STATES):
        _stands(found[record], flow in enabled, *state)
    for record, *link in await ask(_LINKS):
        found[record].linked.append((link[0], link[1], link[2]))
    cuts = dict(await ask(_CUTS, events.Unlinked.TOPIC, events.Reset.TOPIC))
    sent = [row for row in await ask(_SENT) if row[0] in found and row[-1] > cuts.get(row[0], 0)]
    bodies = {
        (record, part): (endpoint, body, target)
        for record, part, endpoint, body, target, *_ in sent
        if endpoint in MONEY
    }
    raw = await ledger.contents(sorted({*contents.values(), *(body for _, body, _ in bodies.values())}))
    for record, _part, endpoint, _body, _target, settled, _position in sent:
        _written(found[record], endpoint, datetime.fromisoformat(settled))
    for (record, part), (endpoint, body, target_id) in bodies.items():
        if body in raw:
            found[record].sent[part] = Sent(part, endpoint, target_id, read_json(raw[body]))
    changed = {record for record, endpoint, name in await ask(_DRIFT) if endpoint in MONEY and name not in _WORDS}
    for record, known in found.items():
        known.cut, known.drifts = record in cuts and known.at is None, record in changed
        if contents[record] in raw:
            origin = BY_KIND[known.kind].origin
            known.source = pair.mapping.read(origin.entity_set, read_json(raw[contents[record]]), origin.expand)
    return {UUID(record): known for record, known in found.items()}


def _stands(known: Known, is_on: bool, state: str, reasons: str, position: int) -> None:  # noqa: FBT001 - of a row
    """A change order takes part in one of two flows; the one that left it out says nothing."""
    known.position = max(known.position, position)
    if is_on and (not known.state or known.state in ("excluded", "deleted")):
        known.state, known.reasons = state, msgspec.json.decode(reasons, type=list[str])


def _written(known: Known, endpoint: str, at: datetime) -> None:
    """Our last write into the target; ids that went back to the source are none."""
    if not endpoint.startswith("bc.") or known.kind == "change_order":
        known.at = at if known.at is None else max(known.at, at)
