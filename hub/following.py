"""What follows from decisions: commands to the record decided upon, and to those that it brings forth or stirs."""

from collections import Counter
from collections.abc import Mapping, Sequence
from uuid import UUID

from domain import decide as decisions
from domain.decide import Decision
from domain.endpoints import ENDPOINTS
from domain.events import Violation
from domain.flow import Flow, Part, Reference
from domain.flows import BY_KIND, BY_NAME
from domain.record import Moment, Record, Request
from domain.values import Json, read_json
from hub.connection import Pair
from hub.due import Due
from hub.records import Contents, Records
from hub.sight import seen, seen_again

ANCESTORS = 64
MOST_REPEATS = 20
"""Times that one part of a record is sent in one round: people who change a record all the time need fewer."""


class Following:
    """Turns decisions of one connection into commands."""

    def __init__(self, pair: Pair, records: Records) -> None:
        self.pair = pair
        self._records = records
        self._ledger = records.ledger
        self._sent: Counter[tuple[UUID, str, str]] = Counter()
        self.circling: dict[Due, str] = {}
        """Records that would keep a round busy for ever, and why: left until the next one, and said."""

    async def carry_out(  # noqa: C901 - one place where decisions become commands
        self,
        item: Due,
        decision: Decision,
        loaded: Mapping[UUID, Record],
        demanded: dict[UUID, Record],
        contents: Contents,
        moment: Moment,
    ) -> None:
        """One decision, as commands; records that are brought forth by it are added to `demanded`."""
        record, flow = loaded[item.record], BY_NAME[item.flow]
        match decision:
            case decisions.Park():
                circle = await self._circle(flow, record)
                if circle:
                    words = f"the parents form a circle: {' -> '.join(circle)}"
                    record.reject(item.flow, [Violation("PP-04", "Parent Segment Code", words)], moment)
                    return
                await self._demand(decision.demands, loaded, demanded, contents, moment)
                record.park(item.flow, decision.waits, moment)
            case decisions.Reject():
                record.reject(item.flow, decision.violations, moment)
            case decisions.Exclude():
                record.exclude(item.flow, decision.rule, moment)
            case decisions.Clash():
                record.conflict(item.flow, decision.reason, moment)
            case decisions.Bury():
                record.tombstone(item.flow, moment)
            case decisions.Send():
                record.link(item.flow, decision.links, moment)
                if self._is_circling(item, decision.parts):
                    return
                for part in decision.parts:
                    record.request(item.flow, _request(part, contents), moment)
            case decisions.Settle():
                record.link(item.flow, decision.links, moment)
                record.settle(item.flow, record.believed[flow.origin.system].content, decision.warnings, moment)
            case decisions.Stuck() | decisions.Ignore() | decisions.NeedsFacts() | decisions.NeedsKnown():
                return  # nothing to say: a person acts, or it never took part

    def _is_circling(self, item: Due, parts: Sequence[Part]) -> bool:
        """A plan that never settles would call a system without end; it stops here, whatever its fault is."""
        for part in parts:
            self._sent[item.record, item.flow, part.name] += 1
            if self._sent[item.record, item.flow, part.name] > MOST_REPEATS:
                self.circling[item] = f"would send {part.name} for ever"
        return item in self.circling

    async def stir(
        self,
        item: Due,
        decision: Decision,
        loaded: Mapping[UUID, Record],
        others: dict[UUID, Record],
        moment: Moment,
    ) -> None:
        """Whoever carries this record, or ever did, is decided anew when it changed since they took notice of it."""
        record, memory = loaded[item.record], loaded[item.record].flow(item.flow)
        waits = decision.waits if isinstance(decision, decisions.Park) else ()
        asked = [(wait.kind, wait.key) for wait in waits if wait.carrier]
        if not record.unheard(item.flow) or not (memory.status.todo or asked):
            return
        for kind, key in dict.fromkeys((*memory.carriers, *asked)):
            flow = BY_KIND[kind]
            id_ = Record.id_for(self.pair.name, flow.kind, key)
            carrier = loaded.get(id_) or others.get(id_) or (await self._records.load([id_], flow.kind))[id_]
            if carrier.version:  # one that nobody knows yet is brought forth, and decided then
                carrier.stir(flow.name, moment)
                if id_ not in loaded:
                    others[id_] = carrier

    async def _demand(
        self,
        demands: Sequence[Reference],
        loaded: Mapping[UUID, Record],
        demanded: dict[UUID, Record],
        contents: Contents,
        moment: Moment,
    ) -> None:
        """Brings forth the records that exist only because another one names them."""
        for reference in demands:
            flow = BY_KIND[reference.kind]
            if reference.content is None:
                await self._demand_known(reference, flow, loaded, demanded, moment)
                continue
            source: Json = dict(reference.content)
            key = str(source.get("id") or reference.key)
            id_ = Record.id_for(self.pair.name, flow.kind, key)
            if id_ in demanded or id_ in loaded:
                continue
            record = (await self._records.load([id_], flow.kind))[id_]
            if record.version and flow.gathers is not None:
                continue  # brought forth a moment ago, and what it carries may be written in it already
            record.observe(seen(self.pair, flow, source, key, contents, demanded=True), moment)
            demanded[id_] = record

    async def _demand_known(
        self,
        reference: Reference,
        flow: Flow,
        loaded: Mapping[UUID, Record],
        demanded: dict[UUID, Record],
        moment: Moment,
    ) -> None:
        """A record that was known but took no part takes part from now on."""
        rows = await self._ledger.rows(
            "SELECT record FROM record WHERE connection = ? AND kind = ? AND number = ? AND vanished = 0",
            (self.pair.name, flow.kind, reference.key),
        )
        for (text,) in rows:
            id_ = UUID(text)
            if id_ in demanded or (id_ in loaded and loaded[id_].demanded):
                continue
            record = loaded[id_] if id_ in loaded else (await self._records.load([id_]))[id_]
            source = (await self._records.sources([record]))[id_]
            record.observe(seen_again(self.pair, flow, record, source, demanded=True), moment)
            if id_ not in loaded:
                demanded[id_] = record

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
            number = flow.parent(await self._document(rows[0][0]))
        return []

    async def _document(self, content: str) -> Json:
        return read_json((await self._ledger.contents([content]))[content])


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
    )
