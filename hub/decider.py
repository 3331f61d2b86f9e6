"""Finds the records that are owed a decision, gathers what the decision needs, and stores what follows from it."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from adapters.store import StreamMoved
from domain import decide as decisions
from domain.approval import Frozen, read
from domain.consulted import Consulted, Remembering, Shown, used
from domain.decide import Decision, decide
from domain.errors import RetryLater, SiteLedgerError
from domain.events import Violation
from domain.flow import Known
from domain.flows import BY_KIND, BY_NAME
from domain.record import Moment, Record
from domain.values import Json
from hub.collisions import clashes
from hub.connection import Pair
from hub.due import EVERYTHING, Due, Narrow
from hub.fact_book import FactBook
from hub.following import Following
from hub.gathering import Gathering, is_whole
from hub.link_book import LinkBook
from hub.records import Contents, Records
from hub.sight import seen

PAGE = 500
PASSES = 12
"""Rounds of asking that one decision may take: lists whose address stands in other lists, records named by pairs."""
MOST_FAULTS = 5
"""Faults of others that a record of a group names; a document of a thousand bad lines needs no thousand reasons."""
MOST_BLOCKED = 50
"""Projects that are held up one by one; when more can't be read, the whole flow waits for the next round."""


class Decider:
    """Decides for the records of one connection."""

    def __init__(
        self, pair: Pair, records: Records, links: LinkBook, facts: FactBook, narrow: Narrow = EVERYTHING
    ) -> None:
        self.pair = pair
        self._records = records
        self._ledger = records.ledger
        self._links = links
        self._facts = facts
        self._narrow = narrow
        self._gathering = Gathering(pair, records.ledger)
        self._following = Following(pair, records)
        self._woken_to = 0
        self._blocked: dict[tuple[str, str], None] = {}

    # -- which records -----------------------------------------------------------------------------

    async def pending(self, flow: str = "", limit: int = PAGE) -> list[Due]:
        """Records that changed since their last decision, the oldest change first; of one flow, or of all."""
        condition, values = self._narrow.condition("s")
        for blocked, project in self._blocked:
            condition += " AND NOT (s.flow = ? AND s.project = ?)" if project else " AND s.flow <> ?"
            values += [blocked, project] if project else [blocked]
        for circling in self._following.circling:
            condition += " AND NOT (s.flow = ? AND s.record = ?)"
            values += [circling.flow, str(circling.record)]
        # Whatever is pending is owed a decision; asked by state, a flow is found without a walk through all that wait.
        owed, of = ("s.flow = ? AND s.state = 'pending'", [flow]) if flow else ("s.todo = 1", [])
        rows = await self._ledger.rows(
            f"SELECT s.record, s.flow FROM record_state s WHERE s.connection = ? AND {owed} AND s.open = 0"  # noqa: S608 - built from columns
            f"{condition} ORDER BY s.position LIMIT ?",
            (self.pair.name, *of, *values, limit),
        )
        return [Due(UUID(row[0]), row[1]) for row in rows if row[1] in BY_NAME]

    async def standing(self, states: Sequence[str], after: str = "", limit: int = PAGE) -> list[Due]:
        """Records in these states, by id."""
        condition, values = self._narrow.condition("s")
        states_are, parameter = self._ledger.in_list("s.state", states)
        rows = await self._ledger.rows(
            f"SELECT s.record, s.flow FROM record_state s WHERE s.connection = ? AND {states_are}"  # noqa: S608 - built from columns
            f" AND s.record > ?{condition} ORDER BY s.record LIMIT ?",
            (self.pair.name, parameter, after, *values, limit),
        )
        return [Due(UUID(row[0]), row[1]) for row in rows if row[1] in BY_NAME]

    async def retry(self, due: Sequence[Due]) -> int:
        """Lets records that were given up be decided again."""
        moment = self.pair.moment()

        def act(found: Mapping[UUID, Record], _contents: Contents) -> tuple[()]:
            for item in due:
                found[item.record].retry(item.flow, moment)
            return ()

        return await self._records.change([item.record for item in due], act)

    async def woken(self, position: int) -> list[Due]:
        """Records whose wait ended, or whose project was switched or deleted, since the last time this was asked."""
        start, self._woken_to = self._woken_to, position
        rows = await self._ledger.rows(_WOKEN_BY_LINK, (self.pair.name, start, start))
        for sql in (_WOKEN_BY_COUNTERPART, _CLOSED_PROJECTS, _OPENED_PROJECTS):
            rows += await self._ledger.rows(sql, (self.pair.name, start))
        return [Due(UUID(row[0]), row[1]) for row in rows if row[1] in BY_NAME]

    @property
    def troubles(self) -> list[SiteLedgerError]:
        """What went wrong with single records although no system was to blame."""
        return [
            RetryLater(
                f"{item.flow}: record {item.record} {why}; it is left until the next round",
                after=timedelta(),
            )
            for item, why in self._following.circling.items()
        ]

    # -- deciding ----------------------------------------------------------------------------------

    async def run(self, due: Sequence[Due], *, again: bool = False) -> int:
        """Decides for these records and stores what follows; the number of events that it led to.

        `again` is set for records that nothing happened to; those that are being carried are left in peace.
        """
        if not due:
            return 0
        blocked = len(self._blocked)
        try:
            moved = await self._run(due, again=again)
        except StreamMoved:
            return 1  # somebody else wrote first: the records are still owed a decision, and the next turn finds them
        if not moved and not again and len(self._blocked) == blocked:
            if await self._records.refreshed(item.record for item in due):
                return 1  # a person acted meanwhile, and what was held in memory did not know
            for item in due:
                self._following.circling.setdefault(item, "is owed a decision that leads to nothing")
        return moved

    async def _run(self, due: Sequence[Due], *, again: bool) -> int:
        loaded = await self._records.load([item.record for item in due])
        due = [item for item in due if BY_NAME[item.flow].origin.system in loaded[item.record].believed]
        if again:
            due = [item for item in due if loaded[item.record].flow(item.flow).status.open == 0]
        sources = await self._records.sources([loaded[item.record] for item in due])
        moment = self.pair.moment()
        contents = Contents()
        await self._compose(due, loaded, sources, contents, moment)
        due = await self._whole(due, sources)
        known = dict(await self._links.known(self._asked(due, sources, moment)))
        consulted: dict[Due, Consulted] = {}
        made = await self._decide(due, loaded, sources, known, consulted, moment)
        near = await self._following.neighbours(made, loaded)
        for item, decision in made.items():
            self._following.stir(item, decision, near, moment)
            shown: list[Shown] = []
            if isinstance(decision, decisions.Send) and item in consulted:
                memory = loaded[item.record].flow(item.flow)
                source = sources[item.record]
                shown = used(consulted[item], self._facts.read_at, source, decision.parts, memory)
            await self._following.carry_out(item, decision, near, contents, moment, shown)
        return await self._records.save(near.records.values(), contents)

    async def _compose(
        self,
        due: Sequence[Due],
        loaded: Mapping[UUID, Record],
        sources: dict[UUID, Json],
        contents: Contents,
        moment: Moment,
    ) -> None:
        """What carries others is first made anew from them; its new document is an observation like any other."""
        carriers = [loaded[item.record] for item in due if BY_NAME[item.flow].gathers is not None]
        if not carriers:
            return
        for id_, document in (await self._gathering.composed(carriers, sources)).items():
            record, flow = loaded[id_], BY_KIND[loaded[id_].kind]
            sources[id_] = document
            scratch = Contents()
            if record.observe(seen(self.pair, flow, document, record.source_id, scratch, demanded=True), moment):
                contents.new.update(scratch.new)

    async def _whole(self, due: Sequence[Due], sources: Mapping[UUID, Json]) -> list[Due]:
        """Without records whose group may not be read whole yet; they stay pending until it is (PP-49)."""
        read_to: dict[str, int] = {}
        kept: list[Due] = []
        for item in due:
            flow = BY_NAME[item.flow]
            if flow.together:
                if item.flow not in read_to:
                    read_to[item.flow] = await self._gathering.read_to(flow)
                if not is_whole(sources[item.record], read_to[item.flow]):
                    self._blocked[item.flow, ""] = None
                    continue
            kept.append(item)
        return kept

    async def _faults(
        self,
        due: Sequence[Due],
        loaded: Mapping[UUID, Record],
        sources: Mapping[UUID, Json],
        moment: Moment,
    ) -> dict[Due, list[Violation]]:
        """What is wrong with the others of a record's group, where all go or none; one that set out goes on."""
        faults: dict[Due, list[Violation]] = {}
        for name in dict.fromkeys(item.flow for item in due if BY_NAME[item.flow].together):
            flow = BY_NAME[name]
            group = {
                item: of
                for item in due
                if item.flow == name
                and not loaded[item.record].flow(name).parts
                and (of := flow.origin.member_of(sources[item.record]))
            }
            found = await self._gathering.faults(flow, group.values(), self.pair.context(flow, moment.at))
            for item, of in group.items():
                others = [broken for record, broken in found.get(of, {}).items() if record != item.record]
                faults[item] = others[:MOST_FAULTS]
        return faults

    def _asked(self, due: Sequence[Due], sources: Mapping[UUID, Json], moment: Moment) -> list[tuple[str, str]]:
        asked: list[tuple[str, str]] = []
        for item in due:
            flow = BY_NAME[item.flow]
            context = self.pair.context(flow, moment.at)
            asked += [(ref.kind, ref.key) for ref in flow.references(sources[item.record], context)]
        return asked

    async def _decide(
        self,
        due: Sequence[Due],
        loaded: Mapping[UUID, Record],
        sources: Mapping[UUID, Json],
        known: dict[tuple[str, str], Known],
        consulted: dict[Due, Consulted],
        moment: Moment,
    ) -> dict[Due, Decision]:
        """The decision for each; `consulted` becomes what each looked at."""
        made: dict[Due, Decision] = {}
        faults = await self._faults(due, loaded, sources, moment)
        accepted = await self._accepted(due, loaded)
        clashing = await clashes(self._ledger, self.pair, due, loaded, sources)
        left = list(due)
        for _ in range(PASSES):
            wanted: dict[Due, decisions.NeedsFacts] = {}
            unknown: dict[Due, decisions.NeedsKnown] = {}
            for item in left:
                flow = BY_NAME[item.flow]
                context = self.pair.context(flow, moment.at)
                source, beside = sources[item.record], (faults.get(item, ()), accepted.get(item))
                seen_of = consulted[item] = Consulted(Remembering(self._facts.rows), Remembering(known))
                record, lists, others = loaded[item.record], seen_of.lists, seen_of.others
                decision = decide(flow, record, source, others, lists, context, *beside)
                match decision:
                    case decisions.NeedsFacts():
                        wanted[item] = decision
                    case decisions.NeedsKnown():
                        unknown[item] = decision
                    case decisions.Send() | decisions.Ask() if item in clashing and not _went(loaded, item):
                        made[item] = decisions.Clash(clashing[item])
                    case _:
                        made[item] = decision
            if not wanted and not unknown:
                return made
            pairs = [(each.kind, each.key) for need in unknown.values() for each in need.references]
            known.update(await self._links.looked_up(pair for pair in dict.fromkeys(pairs) if pair not in known))
            await self._facts.read([listing for need in wanted.values() for listing in need.listings])
            left = [
                *unknown,
                *(it for it, need in wanted.items() if not self._is_blocked(it, need, loaded[it.record].project)),
            ]
        raise SiteLedgerError(f"{left[0].flow} asks for ever more before it decides; this is a fault of the flow")

    async def _accepted(self, due: Sequence[Due], loaded: Mapping[UUID, Record]) -> dict[Due, Frozen]:
        """What people accepted, of the records that they did accept."""
        hashes = {
            item: approval.hash
            for item in due
            if (approval := loaded[item.record].flow(item.flow).approval) is not None and approval.stage == "accepted"
        }
        bodies = await self._ledger.contents(list(dict.fromkeys(hashes.values()))) if hashes else {}
        return {item: read(bodies[name]) for item, name in hashes.items() if name in bodies}

    def _is_blocked(self, item: Due, need: decisions.NeedsFacts, project: str) -> bool:
        """A list that can't be read now holds up the records that need it, and no other; they stay pending."""
        for listing in need.listings:
            if listing in self._facts.unreadable:
                narrow = project if listing.scope and len(self._blocked) < MOST_BLOCKED else ""
                self._blocked[item.flow, narrow] = None
                return True
        return False


def _went(loaded: Mapping[UUID, Record], item: Due) -> bool:
    """Something of the record stands in the target, so its identifier is taken already."""
    return bool(loaded[item.record].flow(item.flow).parts)


# The few that wait come first (CROSS JOIN keeps this order on SQLite), never the many that are synced.
_WOKEN_BY_LINK = """
SELECT DISTINCT w.record, w.flow
FROM wait w
CROSS JOIN record_state s
WHERE w.connection = ? AND s.connection = w.connection AND s.kind = w.on_kind AND s.number = w.on_key
  AND (s.joined > ? OR (s.state IN ('excluded', 'synced') AND s.position > ?))
"""

_WOKEN_BY_COUNTERPART = """
SELECT DISTINCT w.record, w.flow
FROM wait w
CROSS JOIN cross_reference x
CROSS JOIN record_state s
WHERE w.connection = ? AND w.on_key LIKE 'procore:%'
  AND x.connection = w.connection AND x.procore_id = SUBSTR(w.on_key, 9) AND x.role = 'primary'
  AND s.record = x.record AND s.flow = x.flow AND s.kind = w.on_kind AND s.joined > ?
"""

_CLOSED_PROJECTS = """
SELECT d.record, d.flow
FROM record_state s
CROSS JOIN record_state d
WHERE s.connection = ? AND s.state IN ('excluded', 'deleted') AND s.kind = 'project' AND s.position > ?
  AND d.connection = s.connection AND d.project = s.number AND d.kind <> 'project' AND d.open = 0
  AND d.state NOT IN ('excluded', 'deleted')
"""

_OPENED_PROJECTS = """
SELECT d.record, d.flow
FROM record_state d
CROSS JOIN record_state s
WHERE d.connection = ? AND d.state = 'excluded' AND d.open = 0
  AND d.reasons IN ('["project flag off"]', '["project deleted"]')
  AND s.connection = d.connection AND s.kind = 'project' AND s.number = d.project AND s.position > ?
  AND s.state NOT IN ('excluded', 'deleted')
"""
