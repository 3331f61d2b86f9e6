"""What the hub wrote, as its own confirmed deliveries tell it, a page of records by one question."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from adapters.store import Ledger
from domain.drift import Written
from domain.endpoints import ENDPOINTS
from domain.endpoints.standing import is_shown, resource_of
from domain.flow import Flow
from domain.flows import BY_NAME
from domain.memory import REDONE, FlowMemory
from domain.record import Record
from domain.values import PROCORE, Json, read_json
from hub.due import Due

_CONFIRMED = """
SELECT record, flow, part, endpoint, scope, key, target_id, body
FROM delivery
WHERE state = 'confirmed' AND {records}
ORDER BY position
"""


async def written(ledger: Ledger, records: Mapping[UUID, Record], due: Sequence[Due]) -> dict[Due, list[Written]]:
    """Every row that stands by our own word, with the fields that its part wrote last, and those that came of them.

    Where two parts write one row, as a contract and its status, each field belongs to the one that wrote it last.
    """
    condition, parameter = ledger.in_list("record", [str(id_) for id_ in dict.fromkeys(item.record for item in due)])
    wanted, rows = set(due), list[tuple[Any, ...]]()
    for row in await ledger.rows(_CONFIRMED.format(records=condition), (parameter,)):
        item = Due(UUID(row[0]), row[1])
        if item in wanted and _counts(BY_NAME[row[1]], records[item.record].flow(row[1]), row):
            rows.append(row)
    stored = await ledger.contents(list(dict.fromkeys(row[7] for row in rows)))
    bodies = {name: read_json(body) for name, body in stored.items()}
    found = _gathered(rows, bodies, records)
    for item, sent in _sent(due, rows, bodies).items():
        found.setdefault(item, []).extend(_followed(BY_NAME[item.flow], records[item.record], sent))
    return {item: parts for item, parts in found.items() if parts}


def _counts(flow: Flow, memory: FlowMemory, row: tuple[Any, ...]) -> bool:
    """It still stands, in the target, by this part; what was forgotten or is to be written again does not count."""
    endpoint, part = ENDPOINTS.get(row[3]), memory.parts.get(row[2])
    if endpoint is None or part is None or endpoint.system == flow.origin.system or not is_shown(endpoint):
        return False
    return bool(part.digest) and part.digest != REDONE and part.target_id == row[6] != ""


def _gathered(
    rows: Sequence[tuple[Any, ...]], bodies: Mapping[str, Json], records: Mapping[UUID, Record]
) -> dict[Due, list[Written]]:
    parts: dict[Due, dict[str, tuple[Any, ...]]] = {}
    values: dict[Due, dict[tuple[str, str], dict[str, tuple[str, Any]]]] = {}
    for row in rows:
        item = Due(UUID(row[0]), row[1])
        parts.setdefault(item, {})[row[2]] = row
        place = (resource_of(ENDPOINTS[row[3]]), row[6])
        known = values.setdefault(item, {}).setdefault(place, {})
        known.update({name: (row[2], value) for name, value in bodies[row[7]].items()})
    found: dict[Due, list[Written]] = {}
    for item, named in parts.items():
        memory = records[item.record].flow(item.flow)
        follows = BY_NAME[item.flow].follows
        for part, row in named.items():
            if follows is not None and part == follows.part:
                continue
            fields = values[item][resource_of(ENDPOINTS[row[3]]), row[6]]
            found.setdefault(item, []).append(
                Written(
                    part=part,
                    endpoint=row[3],
                    scope=msgspec.json.decode(row[4], type=dict[str, str]),
                    key=row[5],
                    target_id=row[6],
                    body={name: value for name, (by, value) in fields.items() if by == part},
                    version=memory.parts[part].version,
                )
            )
    return found


def _sent(due: Sequence[Due], rows: Sequence[tuple[Any, ...]], bodies: Mapping[str, Json]) -> dict[Due, Json]:
    """Everything that was sent of the records whose flow follows a row, the newest value of each field."""
    sent: dict[Due, Json] = {item: {} for item in due if BY_NAME[item.flow].follows is not None}
    for row in rows:
        item = Due(UUID(row[0]), row[1])
        if item in sent:
            sent[item].update(bodies[row[7]])
    return sent


def _followed(flow: Flow, record: Record, sent: Json) -> list[Written]:
    """The row that the target made of it; not while it is to be written again."""
    follows, memory = flow.follows, record.flow(flow.name)
    link = None if follows is None else follows.link(memory.links.values())
    if follows is None or link is None:
        return []
    part = memory.parts.get(follows.part)
    if part is not None and part.digest == REDONE and memory.status.state != "synced":
        return []
    id_ = link.procore_id if ENDPOINTS[follows.endpoint].system == PROCORE else link.bc_id
    return [
        Written(
            part=follows.part,
            endpoint=follows.endpoint,
            scope={},
            key=id_,
            target_id=id_,
            body=follows.begun(sent),
            version=record.version,
            followed=True,
        )
    ]
