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
from domain.values import Json, read_json
from hub.due import Due

_CONFIRMED = """
SELECT record, flow, part, endpoint, scope, key, target_id, body
FROM delivery
WHERE state = 'confirmed' AND {records}
ORDER BY position
"""


async def written(ledger: Ledger, records: Mapping[UUID, Record], due: Sequence[Due]) -> dict[Due, list[Written]]:
    """Every row that stands by our own word, with the fields that its part wrote last.

    Where two parts write one row, as a contract and its status, each field belongs to the one that wrote it last.
    """
    condition, parameter = ledger.in_list("record", [str(id_) for id_ in dict.fromkeys(item.record for item in due)])
    wanted, rows = set(due), list[tuple[Any, ...]]()
    for row in await ledger.rows(_CONFIRMED.format(records=condition), (parameter,)):
        item = Due(UUID(row[0]), row[1])
        if item in wanted and _counts(BY_NAME[row[1]], records[item.record].flow(row[1]), row):
            rows.append(row)
    bodies = await ledger.contents(list(dict.fromkeys(row[7] for row in rows)))
    return _gathered(rows, {name: read_json(body) for name, body in bodies.items()}, records)


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
        for part, row in named.items():
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
