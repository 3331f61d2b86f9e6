"""What the hub's own read models say, for comparison."""

from typing import Any

import msgspec

from hub.app import Hub
from projections.registry import PROJECTIONS
from tests.simulation.invariants import State


async def states(hub: Hub) -> list[State]:
    """Every record in every flow."""
    rows = await hub.ledger.rows(
        "SELECT s.flow, s.record, r.source_id, s.number, s.state, s.reasons, s.waits_for, r.demanded"
        " FROM record_state s JOIN record r ON r.record = s.record ORDER BY s.flow, s.number, s.record"
    )
    found: list[State] = []
    for flow, record, source_id, number, state, reasons, waits, demanded in rows:
        pairs = tuple((each["kind"], each["key"]) for each in msgspec.json.decode(waits))
        found.append(State(flow, record, source_id, number, state, reasons, pairs, bool(demanded)))
    return found


async def tables(hub: Hub) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all read models, in an order of their own."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    for name in [table.name for projection in PROJECTIONS for table in projection.tables]:
        rows = await hub.ledger.rows(f"SELECT * FROM {name}")  # noqa: S608 - the product's own names
        found[name] = sorted((tuple(row) for row in rows), key=repr)
    return found
