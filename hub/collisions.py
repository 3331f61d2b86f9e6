"""Looks for collisions over the whole set that a shortened identifier has to be told apart in, before it is written."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from adapters.store import Ledger
from domain.flows import BY_NAME
from domain.record import Record
from domain.values import Json, chunks, read_json
from hub.connection import Pair
from hub.due import Due

PAGE = 500


async def clashes(
    ledger: Ledger, pair: Pair, due: Sequence[Due], loaded: Mapping[UUID, Record], sources: Mapping[UUID, Json]
) -> dict[Due, str]:
    """Those of these records that others would become one with, and why, in words. Only long values cost a look."""
    found: dict[Due, str] = {}
    sets: dict[tuple[str, str], dict[UUID, Json]] = {}
    for item in due:
        flow, record = BY_NAME[item.flow], loaded[item.record]
        rule, document = flow.shortened, sources[item.record]
        if rule is None or not rule.may_collide(document):
            continue
        place = (flow.kind, record.project)
        if place not in sets:
            sets[place] = await _others(ledger, pair, flow.name, *place)
        words = rule.clash(document, (other for id_, other in sets[place].items() if id_ != item.record))
        if words:
            found[item] = words
    return found


async def _others(ledger: Ledger, pair: Pair, flow: str, kind: str, project: str) -> dict[UUID, Json]:
    rows = await ledger.rows(
        "SELECT record, content FROM record WHERE connection = ? AND kind = ? AND project = ? AND vanished = 0"
        " ORDER BY record",
        (pair.name, kind, project),
    )
    origin, found = BY_NAME[flow].origin, dict[UUID, Json]()
    for page in chunks(rows, PAGE):
        bodies = await ledger.contents([content for _, content in page])
        for record, content in page:
            found[UUID(record)] = pair.mapping.read(origin.entity_set, read_json(bodies[content]), origin.expand)
    return found
