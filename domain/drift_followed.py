"""Drift of a row that the target made by itself: compared with what its flow asks of it now (BX-06)."""

from collections.abc import Collection, Mapping
from typing import Any

from msgspec.structs import replace

from domain.delivery import Endpoint
from domain.drift import Sight, Written, in_text, look
from domain.events import DriftField
from domain.followed import Followed
from domain.memory import FlowMemory
from domain.values import Json, digest


def look_after(
    written: Written,
    row: Json | None,
    wished: Mapping[str, Mapping[str, Any]] | None,
    source: Json,
    memory: FlowMemory,
    follows: Followed,
    endpoint: Endpoint,
    *,
    personal: Collection[str] = (),
) -> Sight:
    """Compares a row that the target made by itself, and that the flow follows, with what the flow asks of it.

    What was agreed on last is what its source asks for, once the record is settled: a difference that both sides made
    disappear is never delivered. Before that, it is what was sent.
    Shape   `wished` are the fields that the flow would have, by part; None where that can't be told now
    """
    known, kept = memory.drift.get(written.part, {}), memory.kept.get(written.part, {})
    if row is None:
        asked = digest(follows.asked(source))
        if "" in kept and kept[""].source == asked:
            return Sight(fields=(), compared=1)
        gone = DriftField(
            part=written.part, field="", verdict="gone", endpoint=written.endpoint, target_id=written.target_id
        )
        return Sight(fields=(replace(gone, source=asked),), compared=1)
    wanted = None if wished is None else wished.get(written.part)
    if not follows.is_open(row) or (wished is not None and wanted is None):
        return _as_known(known, row)
    if wanted is None:
        return look(written, row, None, kept, endpoint, personal=personal)
    settled = memory.status.state == "synced"
    told = kept.keys() & written.body.keys()  # what people settled is compared with what was sent, as everywhere
    agreed = {name: value for name, value in wanted.items() if settled and name not in told}
    base = {name: value for name, value in written.body.items() if name in wanted}
    return look(replace(written, body={**base, **agreed}), row, wanted, kept, endpoint, personal=personal)


def _as_known(known: Mapping[str, DriftField], row: Json) -> Sight:
    """A row that nobody may change any more: nothing new is found, and what was found stays until it agrees again."""
    fields: list[DriftField] = []
    for name, each in known.items():
        there = row.get(name)
        if name and digest(there) != each.base:
            fields.append(replace(each, target=digest(there), there="" if each.masked else in_text(there)))
    return Sight(fields=tuple(fields), compared=len(known))
