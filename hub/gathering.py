"""Records that carry others together: what they are made of, and hearing of it when one of their members changes."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from adapters.store import Ledger
from domain.events import Violation
from domain.flow import Context, Flow, Gather, Member
from domain.flows import BY_KIND
from domain.record import Record
from domain.values import Json, read_json, text
from hub.connection import Pair

_MEMBERS = """
SELECT x.procore_id, m.content, s.state
FROM cross_reference x
JOIN record m ON m.connection = x.connection AND m.kind = ? AND m.member_of = x.bc_number AND m.vanished = 0
LEFT JOIN record_state s ON s.record = m.record AND s.flow = ?
WHERE x.connection = ? AND x.flow = ? AND {keys}
ORDER BY x.procore_id, m.number, m.record
"""
_GROUPS = """
SELECT m.member_of, m.record, m.content, m.demanded
FROM record m
WHERE m.connection = ? AND m.kind = ? AND m.vanished = 0 AND {keys}
ORDER BY m.member_of, m.number
"""


class Gathering:
    """Reads members of carried and of grouped records, many at a time."""

    def __init__(self, pair: Pair, ledger: Ledger) -> None:
        self.pair = pair
        self._ledger = ledger

    async def composed(self, records: Sequence[Record], sources: Mapping[UUID, Json]) -> dict[UUID, Json]:
        """The documents of records that carry others, made anew from their members."""
        documents: dict[UUID, Json] = {}
        for kind in dict.fromkeys(record.kind for record in records):
            gather = BY_KIND[kind].gathers
            if gather is None:
                continue
            wanted = {record.number: record.id for record in records if record.kind == kind}
            members = await self._members(gather, list(wanted))
            for number, id_ in wanted.items():
                documents[id_] = gather.compose(sources[id_], members.get(number, ()))
        return documents

    async def _members(self, gather: Gather, numbers: Sequence[str]) -> dict[str, list[Member]]:
        condition, parameter = self._ledger.in_list("x.procore_id", numbers)
        flow = BY_KIND[gather.kind].name
        through = BY_KIND[gather.through].name
        rows = await self._ledger.rows(
            _MEMBERS.format(keys=condition), (gather.kind, flow, self.pair.name, through, parameter)
        )
        bodies = await self._bodies(row[1] for row in rows)
        found: dict[str, list[Member]] = {}
        for number, content, state in rows:
            found.setdefault(number, []).append(Member(bodies[content], state or ""))
        return found

    async def faults(self, flow: Flow, groups: Iterable[str], context: Context) -> dict[str, dict[UUID, Violation]]:
        """For every group of records that go all or none: its members that break a rule, each with one of them."""
        condition, parameter = self._ledger.in_list("m.member_of", list(dict.fromkeys(groups)))
        rows = await self._ledger.rows(_GROUPS.format(keys=condition), (self.pair.name, flow.kind, parameter))
        bodies = await self._bodies(row[2] for row in rows)
        found: dict[str, dict[UUID, Violation]] = {}
        for group, record, content, demanded in rows:
            source = bodies[content]
            if not flow.counts(source, bool(demanded)) or flow.excludes(source, context):
                continue
            broken = next((each for check in flow.rules for each in check(source, context)), None)
            if broken is not None:
                found.setdefault(group, {})[UUID(record)] = broken
        return found

    async def read_to(self, flow: Flow) -> int:
        """Up to which row version the flow's own set is read: a group is whole only below it."""
        rows = await self._ledger.rows(
            "SELECT read_to FROM feed WHERE connection = ? AND entity_set = ?",
            (self.pair.name, flow.origin.entity_set),
        )
        return rows[0][0] if rows else 0

    async def _bodies(self, contents: Iterable[Any]) -> dict[str, Json]:
        raw = await self._ledger.contents(list(dict.fromkeys(contents)))
        return {name: read_json(body) for name, body in raw.items()}


def is_whole(source: Json, read_to: int) -> bool:
    """Whether everything that belongs to the record's group is read, as it was stored in the same moment."""
    return int(text(source, "rowVersion") or 0) <= read_to
