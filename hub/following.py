"""What follows from decisions: commands to the record decided upon, and to those that it brings forth or stirs."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from msgspec.structs import replace

from domain import approval, drift
from domain import decide as decisions
from domain.consulted import Shown
from domain.decide import Decision
from domain.endpoints import ENDPOINTS
from domain.events import Violation
from domain.flow import Flow, Part, Reference
from domain.flows import BY_KIND, BY_NAME
from domain.record import Moment, Record, Request
from domain.values import BUSINESS_CENTRAL, PROCORE, Json, System, read_json, sha256_of
from hub.connection import Pair
from hub.due import Due
from hub.records import Contents, Records
from hub.sight import seen, seen_again

ANCESTORS = 64
MOST_REPEATS = 20
"""Times that one part of a record is sent in one round: people who change a record all the time need fewer."""


@dataclass
class Neighbours:
    """The records of a page of decisions, and those around them that the decisions touch.

    numbered  the living records by kind and number, for those that are named so
    sources   what their origin holds
    settled   records of the page, and those that were brought forth with it
    """

    records: dict[UUID, Record]
    numbered: dict[tuple[str, str], list[UUID]] = field(default_factory=dict[tuple[str, str], list[UUID]])
    sources: dict[UUID, Json] = field(default_factory=dict[UUID, Json])
    settled: set[UUID] = field(default_factory=set[UUID])


class Following:
    """Turns decisions of one connection into commands."""

    def __init__(self, pair: Pair, records: Records) -> None:
        self.pair = pair
        self._records = records
        self._ledger = records.ledger
        # By hash: a first sync sends every part of every record, and their names would take three times as much.
        self._sent: Counter[int] = Counter()
        self.circling: dict[Due, str] = {}
        """Records that would keep a round busy for ever, and why: left until the next one, and said."""

    async def neighbours(self, made: Mapping[Due, Decision], loaded: Mapping[UUID, Record]) -> "Neighbours":
        """The records that these decisions bring forth or stir, of a whole page at once."""
        known: dict[str, dict[str, None]] = {}  # in order, so that equal rounds store equal events
        keys: dict[str, dict[str, None]] = {}
        for item, decision in made.items():
            for kind, key in _carriers(loaded[item.record], item.flow, decision):
                keys.setdefault(kind, {})[key] = None
            for reference in decision.demands if isinstance(decision, decisions.Park) else ():
                if reference.content is None:
                    known.setdefault(reference.kind, {})[reference.key] = None
                else:
                    keys.setdefault(reference.kind, {})[_key(reference)] = None
        near = Neighbours(dict(loaded), settled=set(loaded))
        for kind, named in keys.items():
            await self._read(near, [Record.id_for(self.pair.name, kind, key) for key in named], kind)
        for kind, numbers in known.items():
            await self._read_known(near, kind, numbers)
        return near

    async def _read(self, near: "Neighbours", ids: Sequence[UUID], kind: str) -> None:
        near.records.update(await self._records.load([id_ for id_ in ids if id_ not in near.records], kind))

    async def _read_known(self, near: "Neighbours", kind: str, numbers: Collection[str]) -> None:
        numbers_are, parameter = self._ledger.in_list("number", sorted(numbers))
        rows = await self._ledger.rows(
            f"SELECT number, record FROM record WHERE connection = ? AND kind = ? AND vanished = 0 AND {numbers_are}",  # noqa: S608 - built from columns
            (self.pair.name, kind, parameter),
        )
        for number, id_ in rows:
            near.numbered.setdefault((kind, number), []).append(UUID(id_))
        ids = [UUID(id_) for _, id_ in rows]
        await self._read(near, ids, kind)
        near.sources.update(await self._records.sources([near.records[id_] for id_ in ids]))

    async def carry_out(  # noqa: C901 - one place where decisions become commands
        self,
        item: Due,
        decision: Decision,
        near: "Neighbours",
        contents: Contents,
        moment: Moment,
        shown: Sequence[Shown] = (),
    ) -> None:
        """One decision, as commands to its record and to those that it brings forth; `shown` is what it rests on."""
        record, flow = near.records[item.record], BY_NAME[item.flow]
        match decision:
            case decisions.Park():
                circle = await self._circle(flow, record)
                if circle:
                    words = f"the parents form a circle: {' -> '.join(circle)}"
                    record.reject(item.flow, [Violation("PP-04", "Parent Segment Code", words)], moment)
                    return
                self._demand(decision.demands, near, contents, moment)
                record.park(item.flow, decision.waits, moment)
            case decisions.Reject():
                record.reject(item.flow, decision.violations, moment)
            case decisions.Exclude():
                record.exclude(item.flow, decision.rule, moment)
            case decisions.Clash():
                self._clash(record, item.flow, decision, moment)
            case decisions.Bury():
                record.tombstone(item.flow, moment, closed=decision.closed)
                record.find_drift(item.flow, _target(flow), drift.outlived(flow, record.flow(item.flow)), (), moment)
            case decisions.Ask():
                self._ask(record, item.flow, decision, contents, moment)
            case decisions.Send():
                record.link(item.flow, decision.links, moment)
                if self._is_circling(item, decision.parts):
                    return
                seen_there = contents.add_json(list(shown)) if shown and decision.parts else ""
                for part in decision.parts:
                    record.request(item.flow, replace(_request(part, contents), shown=seen_there), moment)
            case decisions.Settle():
                record.link(item.flow, decision.links, moment)
                record.find_drift(item.flow, _target(flow), (), drift.returned(record.flow(item.flow)), moment)
                record.settle(item.flow, record.believed[flow.origin.system].content, decision.warnings, moment)
            case decisions.Stuck() | decisions.Ignore() | decisions.NeedsFacts() | decisions.NeedsKnown():
                return  # nothing to say: a person acts, or it never took part

    def _ask(self, record: Record, flow: str, asked: decisions.Ask, contents: Contents, moment: Moment) -> None:
        """The content is kept whole beside the event, under the hash by which people accept it."""
        frozen, before = approval.bytes_of(asked.frozen), record.flow(flow).approval
        why = ""
        if before is not None and before.hash != sha256_of(frozen):
            why = f"what was {before.stage} changed"
        if record.ask(flow, sha256_of(frozen), moment, amount=asked.amount, why=why):
            contents.add(frozen)

    def _clash(self, record: Record, flow: str, clash: decisions.Clash, moment: Moment) -> None:
        """What both sides changed is kept with all its values, so that a person can choose."""
        new = drift.news(record.flow(flow), clash.fields)
        record.find_drift(flow, _target(BY_NAME[flow]), new, (), moment)
        record.conflict(flow, clash.reason, moment)

    def _is_circling(self, item: Due, parts: Sequence[Part]) -> bool:
        """A plan that never settles would call a system without end; it stops here, whatever its fault is."""
        for part in parts:
            sent = hash((item.record, item.flow, part.name))
            self._sent[sent] += 1
            if self._sent[sent] > MOST_REPEATS:
                self.circling[item] = f"would send {part.name} for ever"
        return item in self.circling

    def stir(self, item: Due, decision: Decision, near: "Neighbours", moment: Moment) -> None:
        """Whoever carries this record, or ever did, is decided anew when it changed since they took notice of it."""
        record = near.records[item.record]
        if not record.unheard(item.flow):
            return
        for kind, key in _carriers(record, item.flow, decision):
            carrier = near.records[Record.id_for(self.pair.name, kind, key)]
            if carrier.version:  # one that nobody knows yet is brought forth, and decided then
                carrier.stir(BY_KIND[kind].name, moment)

    def _demand(self, demands: Sequence[Reference], near: "Neighbours", contents: Contents, moment: Moment) -> None:
        """Brings forth the records that exist only because another one names them."""
        for reference in demands:
            flow = BY_KIND[reference.kind]
            if reference.content is None:
                self._demand_known(reference, flow, near, moment)
                continue
            key = _key(reference)
            id_ = Record.id_for(self.pair.name, flow.kind, key)
            record = near.records[id_]
            if id_ in near.settled or (record.version and flow.gathers is not None):
                continue  # brought forth a moment ago, and what it carries may be written in it already
            source: Json = dict(reference.content)
            record.observe(seen(self.pair, flow, source, key, contents, demanded=True), moment)
            near.settled.add(id_)

    def _demand_known(self, reference: Reference, flow: Flow, near: "Neighbours", moment: Moment) -> None:
        """A record that was known but took no part takes part from now on."""
        for id_ in near.numbered.get((reference.kind, reference.key), ()):
            record = near.records[id_]
            if id_ in near.settled and record.demanded:
                continue
            record.observe(seen_again(self.pair, flow, record, near.sources[id_], demanded=True), moment)
            near.settled.add(id_)

    async def _circle(self, flow: Flow, record: Record) -> list[str]:
        """The ring of parents above a record that waits for one of its own kind, if there is one (PP-04)."""
        if flow.parent is None:
            return []
        path, number = [record.number], flow.parent((await self._records.sources([record]))[record.id])
        while number and len(path) < ANCESTORS:
            if number in path:
                return [*path[path.index(number) :], number]
            path.append(number)
            rows = await self._ledger.rows(
                "SELECT content FROM record WHERE connection = ? AND kind = ? AND number = ? AND vanished = 0",
                (self.pair.name, flow.kind, number),
            )
            if not rows:
                return []
            number = flow.parent(await self._document(flow, rows[0][0]))
        return []

    async def _document(self, flow: Flow, content: str) -> Json:
        body = read_json((await self._ledger.contents([content]))[content])
        return self.pair.mapping.read(flow.origin.entity_set, body, flow.origin.expand)


def _carriers(record: Record, flow: str, decision: Decision) -> list[tuple[str, str]]:
    """Whoever carries this record, ever did, or is asked to, as kind and key."""
    waits = decision.waits if isinstance(decision, decisions.Park) else ()
    asked = [(wait.kind, wait.key) for wait in waits if wait.carrier]
    memory = record.flow(flow)
    return list(dict.fromkeys((*memory.carriers, *asked))) if memory.status.todo or asked else []


def _target(flow: Flow) -> System:
    return PROCORE if flow.origin.system == BUSINESS_CENTRAL else BUSINESS_CENTRAL


def _key(reference: Reference) -> str:
    """The key of a record that is brought forth with its content."""
    return str((reference.content or {}).get("id") or reference.key)


def _request(part: Part, contents: Contents) -> Request:
    return Request(
        part=part.name,
        endpoint=part.endpoint,
        system=ENDPOINTS[part.endpoint].system,
        scope=part.scope,
        key=part.key,
        body=contents.add_body(decisions.body_of(part)),
        digest=part.digest,
        target_id=part.target_id,
        if_match=part.if_match,
        kept=part.kept,
    )
