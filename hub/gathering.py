"""Records that carry others together: what they are made of, and hearing of it when one of their members changes."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any
from uuid import UUID

from adapters.store import Ledger
from domain.events import Violation
from domain.flow import Context, Flow, Gather, Member
from domain.flows import BY_KIND
from domain.mapping import unmapped
from domain.record import Record
from domain.values import Json, read_json, text
from hub.connection import Pair

_MEMBERS = """
SELECT x.procore_id, m.source_id, m.content, s.state, m.demanded
FROM cross_reference x
JOIN record m ON m.connection = x.connection AND m.kind = ? AND m.member_of = x.bc_number AND m.vanished = 0
LEFT JOIN record_state s ON s.record = m.record AND s.flow = ?
WHERE x.connection = ? AND x.flow = ? AND {keys}
ORDER BY x.procore_id, m.number, m.record
"""
_FORMER = """
SELECT m.source_id, m.content, s.state, m.demanded
FROM record m
LEFT JOIN record_state s ON s.record = m.record AND s.flow = ?
WHERE m.connection = ? AND m.kind = ? AND m.vanished = 0 AND {keys}
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
        # A group of thousands is asked for with every page of its members; what a document says does not change.
        self._faults: dict[tuple[str, str, bool], Violation | None] = {}

    async def composed(self, records: Sequence[Record], sources: Mapping[UUID, Json]) -> dict[UUID, Json]:
        """The documents of records that carry others, made anew from their members."""
        documents: dict[UUID, Json] = {}
        for kind in dict.fromkeys(record.kind for record in records):
            gather = BY_KIND[kind].gathers
            if gather is None:
                continue
            wanted = {record.number: record.id for record in records if record.kind == kind}
            settled = await self._settled(record for record in records if record.kind == kind)
            members = await self._members(gather, list(wanted))
            gone = {
                number: set(gather.former(settled.get(id_) or {})) - members.get(number, {}).keys()
                for number, id_ in wanted.items()
            }
            elsewhere = await self._elsewhere(gather, sorted({each for ids in gone.values() for each in ids}))
            for number, id_ in wanted.items():
                moved = [elsewhere[each] for each in sorted(gone[number]) if each in elsewhere]
                documents[id_] = gather.compose(
                    sources[id_], settled.get(id_), [*members.get(number, {}).values(), *moved]
                )
        return documents

    async def _settled(self, records: Iterable[Record]) -> dict[UUID, Json]:
        """The documents that last stood in the target whole; what came after them was decided, but never arrived."""
        names = {record.id: record.flow(BY_KIND[record.kind].name).settled for record in records}
        bodies = await self._bodies(name for name in names.values() if name)
        return {id_: bodies[name] for id_, name in names.items() if name}

    async def _members(self, gather: Gather, numbers: Sequence[str]) -> dict[str, dict[str, Member]]:
        """Number of the carrying record -> its members by their ids in the source."""
        condition, parameter = self._ledger.in_list("x.procore_id", numbers)
        flow = BY_KIND[gather.kind].name
        through = BY_KIND[gather.through].name
        rows = await self._ledger.rows(
            _MEMBERS.format(keys=condition), (gather.kind, flow, self.pair.name, through, parameter)
        )
        bodies = await self._sources(gather.kind, (row[2] for row in rows))
        found: dict[str, dict[str, Member]] = {}
        for number, source_id, content, state, demanded in rows:
            found.setdefault(number, {})[source_id] = Member(bodies[content], state or "", bool(demanded))
        return found

    async def _elsewhere(self, gather: Gather, ids: Sequence[str]) -> dict[str, Member]:
        """Members that left, and live on."""
        if not ids:
            return {}
        condition, parameter = self._ledger.in_list("m.source_id", ids)
        flow = BY_KIND[gather.kind].name
        rows = await self._ledger.rows(_FORMER.format(keys=condition), (flow, self.pair.name, gather.kind, parameter))
        bodies = await self._sources(gather.kind, (row[1] for row in rows))
        return {row[0]: Member(bodies[row[1]], row[2] or "", bool(row[3]), here=False) for row in rows}

    async def faults(self, flow: Flow, groups: Iterable[str], context: Context) -> dict[str, dict[UUID, Violation]]:
        """For every group of records that go all or none: its members that break a rule, each with one of them."""
        condition, parameter = self._ledger.in_list("m.member_of", list(dict.fromkeys(groups)))
        rows = await self._ledger.rows(_GROUPS.format(keys=condition), (self.pair.name, flow.kind, parameter))
        unread = [row for row in rows if (flow.name, row[2], bool(row[3])) not in self._faults]
        bodies = await self._sources(flow.kind, (row[2] for row in unread))
        for _group, _record, content, demanded in unread:
            self._faults[flow.name, content, bool(demanded)] = _fault(flow, bodies[content], bool(demanded), context)
        found: dict[str, dict[UUID, Violation]] = {}
        for group, record, content, demanded in rows:
            broken = self._faults[flow.name, content, bool(demanded)]
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

    async def _sources(self, kind: str, contents: Iterable[Any]) -> dict[str, Json]:
        """Documents of one kind, as flows see them."""
        origin, read = BY_KIND[kind].origin, self.pair.mapping.read
        bodies = await self._bodies(contents)
        return {name: read(origin.entity_set, body, origin.expand) for name, body in bodies.items()}

    async def _bodies(self, contents: Iterable[Any]) -> dict[str, Json]:
        raw = await self._ledger.contents(list(dict.fromkeys(contents)))
        return {name: read_json(body) for name, body in raw.items()}


def is_whole(source: Json, read_to: int) -> bool:
    """Whether everything that belongs to the record's group is read, as it was stored in the same moment."""
    return int(text(source, "rowVersion") or 0) <= read_to


def _fault(flow: Flow, source: Json, demanded: bool, context: Context) -> Violation | None:  # noqa: FBT001 - as a flow counts
    """The first rule that a member breaks; one that does not count breaks none."""
    if not flow.counts(source, demanded) or flow.excludes(source, context):
        return None
    broken = (each for check in flow.rules for each in check(source, context))
    return next(chain(unmapped(source), broken), None)
