"""One look for drift: everything that the hub wrote, against what stands there now, project by project.

Nothing is written to a system, and no lock is held: what was delivered, or began to move, while the lists were read is
left to the next look, so that the hub's own write is never taken for somebody else's.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import msgspec

from domain import drift, events
from domain.drift import Written
from domain.drift_followed import look_after
from domain.endpoints import ENDPOINTS
from domain.errors import RetryLater, SiteLedgerError
from domain.events import DriftField
from domain.flow import Flow
from domain.flows import BY_NAME
from domain.record import Choice, Moment, Record
from domain.values import BUSINESS_CENTRAL, PROCORE, SYSTEMS, Json, System, chunks
from hub.acting import SYSTEM
from hub.app import Hub
from hub.connection import Pair, story_id
from hub.drift.reading import Row, Standing
from hub.drift.wishes import Bodies, wishes
from hub.drift.written import written
from hub.due import Due, Narrow
from hub.fact_book import FactBook
from hub.link_book import LinkBook
from hub.records import Contents, Records
from hub.report import Progress

PAGE = 200
"""Records that are compared at once."""
MOST_MARKS = 2000
"""Rows that notices named and that one look begins with; the others have the next one."""
MOST_UNREAD = 20
CARRYING = "reading what stands in both systems"


@dataclass
class Looked:
    """What a look did. `unread` names lists that could not be read, with the reason; their rows were not compared."""

    records: int = 0
    rows: int = 0
    found: int = 0
    settled: int = 0
    reads: int = 0
    unread: list[str] = field(default_factory=list[str])
    unreachable: bool = False


@dataclass
class _Seen:
    """What was seen of one record: its parts with their rows, what it would send, and its source where that matters."""

    parts: list[tuple[Written, Row]]
    wished: Bodies | None
    source: Json | None


class Look:
    """Looks once over one connection."""

    def __init__(self, hub: Hub, pair: Pair, narrow: Narrow, progress: Progress) -> None:
        self._hub = hub
        self._pair = pair
        self._narrow = narrow
        self._progress = progress
        self._records = Records(hub.ledger, pair.name, pair.mapping)
        self._links = LinkBook(hub.ledger, pair.name)
        self._company = FactBook(pair.targets)
        self._personal = frozenset(hub.settings.server.personal_fields)
        self._moment = pair.moment()
        self.looked = Looked()

    async def run(self, *, marked: bool = False, actor: str = "system") -> Looked:
        """Looks at everything, or only at records that notices have named since."""
        at = self._pair.clock.now()
        self._pair.actor = actor
        self._pair.begin(story_id(f"{self._pair.name}/drift", at))
        self._moment = self._pair.moment()
        await self._hub.projector.catch_up()
        before = {system: self._pair.targets[system].calls.read for system in SYSTEMS}
        marks = await self._marks()
        if marked and not marks:
            return self.looked
        only = await self._marked([each[1] for each in marks]) if marked else None
        projects = await self._projects(only)
        self._progress.start(CARRYING, len(projects))
        for project in projects:
            await self._project(project, only)
            self._progress.advance(CARRYING)
        self._progress.finish(CARRYING)
        self.looked.reads = sum(self._pair.targets[system].calls.read - before[system] for system in SYSTEMS)
        await self._end(at.isoformat(), marked=marked, marks=() if self._narrow != Narrow() else marks)
        return self.looked

    # -- which records -----------------------------------------------------------------------------

    async def _marks(self) -> list[tuple[System, str]]:
        sql = "SELECT system, resource_id FROM drift_mark WHERE connection = ? ORDER BY position LIMIT ?"
        rows = await self._hub.ledger.rows(sql, (self._pair.name, MOST_MARKS))
        return [(BUSINESS_CENTRAL if row[0] == BUSINESS_CENTRAL else PROCORE, row[1]) for row in rows]

    async def _marked(self, ids: Sequence[str]) -> list[str]:
        """Records whose counterpart, or a row of it, has one of these ids."""
        found: dict[str, None] = {}
        for column in ("procore_id", "bc_id"):
            condition, parameter = self._hub.ledger.in_list(column, ids)
            sql = f"SELECT DISTINCT record FROM cross_reference WHERE connection = ? AND {condition} ORDER BY record"  # noqa: S608 - built from columns
            found.update(
                dict.fromkeys(row[0] for row in await self._hub.ledger.rows(sql, (self._pair.name, parameter)))
            )
        return list(found)

    def _condition(self, only: Sequence[str] | None) -> tuple[str, list[object]]:
        condition, values = "", list[object]()
        if self._narrow.flow:
            condition, values = " AND flow = ?", [self._narrow.flow]
        if self._narrow.project:
            condition, values = condition + " AND project = ?", [*values, self._narrow.project]
        if only is not None:
            listed, parameter = self._hub.ledger.in_list("record", only)
            condition, values = f"{condition} AND {listed}", [*values, parameter]
        return condition, values

    async def _projects(self, only: Sequence[str] | None) -> list[str]:
        condition, values = self._condition(only)
        sql = f"SELECT DISTINCT project FROM record_state WHERE connection = ?{condition} ORDER BY project"  # noqa: S608 - built from columns
        return [row[0] for row in await self._hub.ledger.rows(sql, (self._pair.name, *values))]

    async def _project(self, project: str, only: Sequence[str] | None) -> None:
        condition, values = self._condition(only)
        standing, last = Standing(self._pair, self._company), ("", "")
        while True:
            rows = await self._hub.ledger.rows(
                "SELECT record, flow FROM record_state WHERE connection = ? AND project = ? AND open = 0"  # noqa: S608 - built from columns
                f" AND state <> 'excluded'{condition} AND (record > ? OR (record = ? AND flow > ?))"
                " ORDER BY record, flow LIMIT ?",
                (self._pair.name, project, *values, last[0], last[0], last[1], PAGE),
            )
            due = [Due(UUID(row[0]), row[1]) for row in rows if row[1] in BY_NAME]
            await self._page(due, standing)
            if len(rows) < PAGE:
                break
            last = (rows[-1][0], rows[-1][1])
        self._note(standing.unread.values())

    def _note(self, errors: Iterable[SiteLedgerError]) -> None:
        for error in errors:
            words = str(error)
            self.looked.unreachable = self.looked.unreachable or isinstance(error, RetryLater)
            if words not in self.looked.unread and len(self.looked.unread) < MOST_UNREAD:
                self.looked.unread.append(words)

    # -- comparing ---------------------------------------------------------------------------------

    async def _page(self, due: Sequence[Due], standing: Standing) -> None:
        records = await self._records.load([item.record for item in due])
        own = await written(self._hub.ledger, records, due)
        rows = await standing.rows([part for parts in own.values() for part in parts])
        moved = [item for item in own if records[item.record].flow(item.flow).status.state != "synced"]
        followed = standing.followed(own, rows)
        either = {item.record: records[item.record] for item in (*moved, *followed)}
        sources = await self._records.sources(either.values())
        asked = dict.fromkeys((*moved, *(item for item, is_open in followed.items() if is_open)))
        wished = await wishes(self._pair, self._links, standing, list(asked), records, sources)
        seen: dict[Due, _Seen] = {}
        for item in due:
            parts: list[tuple[Written, Row]] = []
            for part in own.get(item, ()):
                row = rows[part.endpoint, part.target_id]
                if not isinstance(row, str):
                    parts.append((part, row))
            self.looked.rows += len(parts)
            seen[item] = _Seen(parts, wished.get(item), sources.get(item.record))
        self.looked.records += sum(1 for each in seen.values() if each.parts)
        for some in chunks(list(seen), PAGE):
            await self._keep({item: seen[item] for item in some})

    async def _keep(self, seen: Mapping[Due, _Seen]) -> None:
        """What was seen, as events of the records; a record that moved since is left to the next look."""
        counts = [0, 0]

        def act(found: Mapping[UUID, Record], _contents: Contents) -> tuple[()]:
            counts[:] = [0, 0]
            for item, sight in seen.items():
                new, over = self._tell(found[item.record], BY_NAME[item.flow], sight)
                counts[0] += new
                counts[1] += over
            return ()

        await self._records.change(list(dict.fromkeys(item.record for item in seen)), act)
        self.looked.found += counts[0]
        self.looked.settled += counts[1]

    def _tell(self, record: Record, flow: Flow, seen: _Seen) -> tuple[int, int]:
        memory = record.flow(flow.name)
        if memory.open or any(_is_moved(record, flow, part) for part, _ in seen.parts):
            return 0, 0
        if record.vanished and memory.status.state == "deleted":
            sights, looked = self._outlived(record, flow, seen)
        else:
            sights = [each for part, row in seen.parts for each in self._compared(record, flow, seen, part, row)]
            looked = {part.part for part, _ in seen.parts}
        new, over = drift.news(memory, sights), drift.settled(memory, looked, sights)
        record.find_drift(flow.name, _target(flow), new, over, self._moment)
        self._follow_policy(record, flow, new)
        return len(new), len(over)

    def _outlived(self, record: Record, flow: Flow, seen: _Seen) -> tuple[list[DriftField], set[str]]:
        """A record whose source is gone: that it stands is all there is to say, until nothing of it does."""
        memory = record.flow(flow.name)
        made = [row for part, row in seen.parts if part.followed] or [row for _, row in seen.parts]
        if made and all(row is None for row in made):
            return [], {"", *memory.drift}
        known = memory.drift.get("", {}).get("")
        return [known] if known is not None else drift.outlived(flow, memory), {*memory.drift}

    def _compared(self, record: Record, flow: Flow, seen: _Seen, part: Written, row: Row) -> Sequence[DriftField]:
        if part.followed and flow.follows is not None:
            return look_after(
                part,
                row,
                seen.wished,
                seen.source or {},
                record.flow(flow.name),
                flow.follows,
                ENDPOINTS[part.endpoint],
                personal=self._personal,
            ).fields
        wished = None if seen.wished is None else seen.wished.get(part.part)
        theirs = [name.partition(".")[2] for name in flow.theirs if name.partition(".")[0] == part.part]
        sight = drift.look(
            part,
            row,
            wished,
            record.flow(flow.name).kept.get(part.part, {}),
            ENDPOINTS[part.endpoint],
            theirs=part.body if "*" in theirs else theirs,
            personal=self._personal,
        )
        return sight.fields

    def _follow_policy(self, record: Record, flow: Flow, new: Sequence[DriftField]) -> None:
        """What the flow's setting says of fields; what is gone, or has no source any more, always asks."""
        table = self._pair.flow_settings.get(flow.settings_of or flow.name, {})
        policy = table.get("drift", "ask")
        fields = [each for each in new if each.verdict == "target" or (each.verdict, policy) == ("conflict", "source")]
        if policy == "ask" or not fields:
            return
        choice: Choice = "keep-source" if policy == "source" else "keep-target"
        said = [drift.settlement(each, "source" if policy == "source" else "target") for each in fields]
        cause = msgspec.structs.replace(self._moment.cause, actor=SYSTEM)
        record.resolve_drift(flow.name, choice, said, f'drift = "{policy}"', Moment(self._moment.at, cause))

    async def _end(self, at: str, *, marked: bool, marks: Sequence[tuple[System, str]]) -> None:
        looked = self.looked
        event = self._pair.event(
            events.DriftLooked,
            Record.id_for(self._pair.name, "drift", at),
            1,
            self._moment,
            flow=self._narrow.flow,
            project=self._narrow.project,
            marked=marked,
            records=looked.records,
            rows=looked.rows,
            found=looked.found,
            settled=looked.settled,
            reads=looked.reads,
            unread=tuple(looked.unread),
            marks=tuple(marks),
        )
        await self._hub.ledger.append([event])
        await self._hub.projector.catch_up()


def _is_moved(record: Record, flow: Flow, part: Written) -> bool:
    """It was written again, or forgotten, since the look began; of a row that is followed, anything happened to it."""
    if part.followed:
        return record.version != part.version
    known = record.flow(flow.name).parts.get(part.part)
    return known is None or known.version != part.version


def _target(flow: Flow) -> System:
    return PROCORE if flow.origin.system == BUSINESS_CENTRAL else BUSINESS_CENTRAL
