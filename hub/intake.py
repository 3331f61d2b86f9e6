"""What changed in Business Central becomes observations: page by page, the place read so far in the same transaction.

Source  Connector API, Incremental reading: rows below `minimumActiveRowVersion` are committed, so nothing is skipped;
        lines move no header (Business Central 7.7), and deletions stand in `deletedRecords` alone (7.9).
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, cast
from uuid import UUID

from domain import events
from domain.delivery import Listing
from domain.endpoints import ENDPOINTS
from domain.endpoints.making import quoted
from domain.errors import NeedsDecision, NotLetIn, SiteLedgerError, Unreadable
from domain.flow import Flow
from domain.flows import BY_KIND
from domain.record import Moment, Record
from domain.values import BUSINESS_CENTRAL, Json, chunks, text
from hub.calling import Calling
from hub.connection import Pair
from hub.feed_log import FeedLog
from hub.readable import what_is_wrong
from hub.records import Contents, Records
from hub.sight import seen
from hub.window import Window

PAGE = 500
NAMES_IN_FILTER = 40
"""Numbers joined by `or` on one field (Business Central 4.2); keeps the address well below 8 kB."""
DELETIONS = "deletedRecords"


class Intake:
    """Reads one connection's company of Business Central. `catch_up` brings the read models up to date."""

    def __init__(self, pair: Pair, records: Records, window: Window, catch_up: Callable[[], Awaitable[object]]) -> None:
        self.pair = pair
        self._records = records
        self._ledger = records.ledger
        self._window = window
        self._catch_up = catch_up
        self._log = FeedLog(records.ledger, pair)
        self._calling = Calling(pair, records, catch_up)
        self._horizon = 0
        self.observed = 0
        self.unreadable = 0
        self.troubles: list[SiteLedgerError] = []

    async def round(self, horizon: int) -> None:
        """Reads every feed up to the horizon, deletions, and whole the projects that count for the first time."""
        self._horizon = horizon
        await self._catch_up()
        await self._log.load()
        if not self._log.knows(DELETIONS):
            await self._begin_deletions()
        for flow in self._feeds():
            try:
                await self._feed(flow)
            except (NeedsDecision, NotLetIn, Unreadable) as error:
                self.troubles.append(error)  # one set that is refused or garbled holds up no other
        await self._catch_up()
        refetch: dict[str, set[str]] = {}
        places: list[events.Event] = []
        for flow in self._feeds():
            if flow.origin.child_set:
                places += await self._children(flow, refetch)
        if not self._window.is_range:
            places += await self._deletions(refetch)
        for flow in self._sources():
            await self.by_number(flow, refetch.get(flow.kind, ()))
        if places:  # only now: a place taken before its documents are read again would lose them in a crash
            await self._log.append(places)
        await self.adopt()
        await self._catch_up()
        for flow in self._sources():
            self.observed += await self._calling.answer(flow)

    def _feeds(self) -> list[Flow]:
        """Those that this round reads."""
        return [flow for flow in self._sources() if self._window.reads(flow.kind)]

    def _sources(self) -> list[Flow]:
        """One flow of each kind: those of one kind read the same set."""
        return list(
            {
                flow.kind: flow
                for flow in reversed(self.pair.flows)
                if flow.origin.entity_set and flow.origin.system == BUSINESS_CENTRAL
            }.values()
        )[::-1]

    def _place(self, name: str) -> int:
        return 0 if self._window.full else self._log.read_to(name)

    # -- the feeds ---------------------------------------------------------------------------------

    async def _feed(self, flow: Flow) -> None:
        origin, position = flow.origin, self._place(flow.origin.entity_set)
        if self._window.is_range:
            await self._observe(flow, await self._list(flow, self._window.condition()))
            return
        if not position and origin.reach == "project":
            rows: list[Json] = []  # `adopt` reads the projects that count, whole
        else:
            new = not self._log.read_to(origin.entity_set) and origin.reach in ("flagged", "demand")
            flagged = self._where(flow, origin.flag, "eq true") if new else ""
            if origin.dated and not self._log.read_to(origin.entity_set):
                flagged += self._where(flow, origin.dated, f"ge {self.pair.start.isoformat()}")
            rows = await self._list(flow, f"rowVersion gt {position} and rowVersion lt {self._horizon}{flagged}")
        if rows or not position:
            await self._observe(
                flow, rows, lambda moment: [self._log.advanced(origin.entity_set, self._horizon - 1, moment)]
            )
        if origin.unmoved and position:  # the first reading, and one of everything, brought them anyway
            unmoved, _, condition = origin.unmoved.partition(" ")
            words = self._where(flow, unmoved, condition) + self._where(flow, origin.flag, "eq true")
            if words:
                await self._observe(flow, await self._list(flow, words.removeprefix(" and ")))

    async def _children(self, flow: Flow, refetch: dict[str, set[str]]) -> list[events.Event]:
        """A changed line moves no header, so its document is read again. Gives back the place to be taken then."""
        origin, name = flow.origin, f"{flow.origin.entity_set}/children"
        position = self._place(name)
        rows: list[Json] = []
        if position or self._window.is_range:
            condition = f"rowVersion gt {position} and rowVersion lt {self._horizon}"
            listing = self._listing(
                origin.child_set,
                self._window.condition() if self._window.is_range else condition,
                select=f"id,{origin.child_key},rowVersion",
            )
            rows = await self.pair.targets[BUSINESS_CENTRAL].list(listing)
            numbers = {text(row, origin.child_key) for row in rows}
            refetch.setdefault(flow.kind, set()).update(await self._known_numbers(flow, numbers))
        # The first reading of the documents brought all their lines, so the place is taken without reading.
        if self._window.is_range or (position and not rows):
            return []
        return [self._log.advanced(name, self._horizon - 1, self.pair.moment())]

    async def _begin_deletions(self) -> None:
        """What was deleted before the first reading never was in the ledger; taken before anything is read."""
        query = (("$orderby", "entryNumber desc"), ("$top", "1"))
        rows = await self.pair.targets[BUSINESS_CENTRAL].list(Listing(DELETIONS, BUSINESS_CENTRAL, DELETIONS, query))
        last = int(rows[0]["entryNumber"]) if rows else 0
        await self._log.append([self._log.advanced(DELETIONS, last, self.pair.moment())])

    async def _deletions(self, refetch: dict[str, set[str]]) -> list[events.Event]:
        """What was deleted, of every kind: they share one list and one place, whatever else this round reads."""
        query = (("$filter", f"entryNumber gt {self._place(DELETIONS)}"), ("$orderby", "entryNumber"))
        rows = await self.pair.targets[BUSINESS_CENTRAL].list(Listing(DELETIONS, BUSINESS_CENTRAL, DELETIONS, query))
        if not rows:
            return []
        gone: dict[UUID, str] = {}
        for flow in self._sources():
            origin = flow.origin
            for row in rows:
                if text(row, "entitySetName") == origin.entity_set:
                    id_ = Record.id_for(self.pair.name, flow.kind, text(row, "recordId"))
                    gone[id_] = text(row, "replacedByNumber")
                if origin.child_set and text(row, "entitySetName") == origin.child_set:
                    parts = {part.strip() for part in text(row, "recordNumber").split("|")}
                    refetch.setdefault(flow.kind, set()).update(await self._known_numbers(flow, parts))
        moment = self.pair.moment()

        def act(found: Mapping[UUID, Record], _contents: Contents) -> Sequence[events.Event]:
            for id_, record in found.items():
                self.observed += record.vanish(BUSINESS_CENTRAL, gone[id_], moment)
            return ()

        await self._records.change(list(gone), act)
        return [self._log.advanced(DELETIONS, max(int(row["entryNumber"]) for row in rows), moment)]

    async def take_in(self, flow: Flow, rows: Sequence[Json]) -> None:
        """Observes rows that somebody else read, as every other one; no place moves by that."""
        await self._log.load()
        await self._observe(flow, rows)
        await self._catch_up()

    # -- by name -----------------------------------------------------------------------------------

    async def by_number(self, flow: Flow, numbers: Iterable[str], *, demanded: bool = False) -> None:
        """Reads the named records whatever their flag; those that nobody knows yet count when they are demanded."""
        for chunk in chunks(sorted(numbers), NAMES_IN_FILTER):
            field = self.pair.mapping.source_of(flow.origin.entity_set, flow.origin.number_field)
            names = " or ".join(f"{field} eq {quoted(number)}" for number in chunk)
            await self._observe(flow, await self._list(flow, names), demanded=demanded)

    async def demands(self) -> int:
        """Reads the records that others wait for and that nobody has seen; how many were found."""
        before = self.observed
        for flow in self._sources():
            if flow.origin.reach == "demand":
                rows = await self._ledger.rows(_UNSEEN, (self.pair.name, flow.kind))
                await self.by_number(flow, [row[0] for row in rows], demanded=True)
        return self.observed - before

    async def adopt(self) -> None:
        """Reads whole what projects bring in that was not read whole so far, such as their tasks and segments."""
        await self._catch_up()
        for flow in self._sources():
            origin = flow.origin
            if origin.reach != "project" and not origin.called_by:
                continue
            again = 1 if self._window.full else 0
            mark = f"% {origin.called_by} %" if origin.called_by else "%"
            rows = await self._ledger.rows(
                _UNADOPTED, (origin.entity_set, self.pair.name, BY_KIND["project"].name, again, mark)
            )
            for chunk in chunks([row[0] for row in rows], NAMES_IN_FILTER):
                field = self.pair.mapping.source_of(origin.entity_set, "projectNumber")
                names = " or ".join(f"{field} eq {quoted(number)}" for number in chunk)
                await self._observe(
                    flow,
                    await self._list(flow, names),
                    lambda moment, chunk=chunk, origin=origin: [self._log.adopted(origin.entity_set, chunk, moment)],
                    whole=set(chunk),
                )

    # -- observing ---------------------------------------------------------------------------------

    async def _observe(
        self,
        flow: Flow,
        rows: Sequence[Json],
        place: Callable[[Moment], Sequence[events.Event]] | None = None,
        *,
        demanded: bool = False,
        whole: set[str] | None = None,
    ) -> None:
        """Stores what is new in these rows; the last page carries the place read so far."""
        moment = self.pair.moment()
        readable = await self._sorted_out(flow, rows, moment)
        counting = whole if whole is not None else await self._projects_of(flow, readable)
        called = await self._calling.called(flow, {flow.origin.project(row) for row in readable})
        pages = chunks(readable, PAGE) or [[]]
        for number, page in enumerate(pages, 1):
            sources = {Record.id_for(self.pair.name, flow.kind, text(row, "id")): row for row in page}
            stand_ins = await self._stand_ins(flow, sources)
            is_last = number == len(pages)

            def act(
                found: Mapping[UUID, Record],
                contents: Contents,
                sources: Mapping[UUID, Json] = sources,
                stand_ins: Sequence[UUID] = stand_ins,
                *,
                is_last: bool = is_last,
            ) -> Sequence[events.Event]:
                for id_ in stand_ins:
                    found[id_].vanish(BUSINESS_CENTRAL, "", moment)
                for id_, row in sources.items():
                    wanted = demanded or flow.origin.project(row) in called
                    self._observe_one(flow, found[id_], row, contents, moment, demanded=wanted, counting=counting)
                return place(moment) if place is not None and is_last else ()

            await self._records.change([*sources, *stand_ins], act, flow.kind)
            if is_last:
                self._log.stored()

    async def _stand_ins(self, flow: Flow, sources: Mapping[UUID, Json]) -> list[UUID]:
        """Records that the hub was about to make in the origin, and that somebody made there meanwhile (C-52)."""
        if f"bc.{flow.origin.entity_set}.create" not in ENDPOINTS or not sources:
            return []
        numbers = {flow.origin.number(row) for row in sources.values()}
        condition, parameter = self._ledger.in_list("number", sorted(numbers))
        sql = (
            "SELECT record FROM record WHERE connection = ? AND kind = ? AND demanded = 1 AND vanished = 0"  # noqa: S608 - built from columns
            f" AND {condition}"
        )
        rows = await self._ledger.rows(sql, (self.pair.name, flow.kind, parameter))
        return [id_ for (record,) in rows if (id_ := UUID(record)) not in sources]

    def _observe_one(
        self,
        flow: Flow,
        record: Record,
        row: Json,
        contents: Contents,
        moment: Moment,
        *,
        demanded: bool,
        counting: set[str],
    ) -> None:
        wanted = demanded or record.demanded
        if not record.version and not self._is_wanted(flow, row, counting, demanded=wanted):
            return
        scratch = Contents()
        if record.observe(seen(self.pair, flow, row, text(row, "id"), scratch, demanded=wanted), moment):
            contents.new.update(scratch.new)
            self.observed += 1

    def _is_wanted(self, flow: Flow, row: Json, counting: set[str], *, demanded: bool) -> bool:
        """Whether a row that nobody knew is to be known: what was never flagged has no state and no row."""
        origin = flow.origin
        if origin.dated and not self._window.is_range and text(row, origin.dated)[:10] < self.pair.start.isoformat():
            return False
        if origin.reach == "project" and origin.project(row) not in counting:
            return False
        brought_in = bool(origin.called_by) and origin.project(row) in counting
        return flow.counts(row, demanded) or origin.keep(row) or brought_in

    async def _sorted_out(self, flow: Flow, rows: Sequence[Json], moment: Moment) -> list[Json]:
        """Rows that can be read, each id once; what can't be read is kept as a dead letter and holds up nothing."""
        origin, good = flow.origin, dict[str, Json]()
        for came in cast("Sequence[Any]", rows):  # whatever it is: a row that is no object is told as such
            row = cast("Json", came)
            read = self.pair.mapping.read(origin.entity_set, row, origin.expand) if isinstance(came, dict) else row
            reason = what_is_wrong(read, origin)
            if reason:
                self.unreadable += await self._log.dead_letter(origin.entity_set, row, reason, moment)
            else:
                good[text(row, "id")] = read
        return list(good.values())

    async def _projects_of(self, flow: Flow, rows: Sequence[Json]) -> set[str]:
        """Projects among these rows whose rows count, because the project itself is known."""
        numbers = {flow.origin.project(row) for row in rows}
        if flow.origin.called_by:
            return await self._calling.adopted(flow, numbers)
        if flow.origin.reach != "project":
            return set()
        return await self._known_numbers(BY_KIND["project"], numbers)

    async def _known_numbers(self, flow: Flow, numbers: set[str]) -> set[str]:
        if not numbers:
            return set()
        condition, parameter = self._ledger.in_list("s.number", sorted(numbers))
        sql = _KNOWN.format(numbers=condition)
        return {row[0] for row in await self._ledger.rows(sql, (self.pair.name, flow.kind, flow.name, parameter))}

    # -- lists -------------------------------------------------------------------------------------

    def _where(self, flow: Flow, name: str, condition: str) -> str:
        """A condition under the company's own name; none for a constant, as then rows are told apart only here."""
        field = self.pair.mapping.source_of(flow.origin.entity_set, name)
        return f" and {field} {condition}" if field else ""

    async def _list(self, flow: Flow, condition: str) -> list[Json]:
        listing = self._listing(flow.origin.entity_set, condition, expand=flow.origin.expand)
        return await self.pair.targets[BUSINESS_CENTRAL].list(listing)

    def _listing(self, entity_set: str, condition: str, *, expand: str = "", select: str = "") -> Listing:
        query = [("$filter", condition)]
        query += [("$expand", expand)] if expand else []
        query += [("$select", select)] if select else []
        query.append(("$orderby", "rowVersion"))
        return Listing(entity_set, BUSINESS_CENTRAL, entity_set, tuple(query))


_UNSEEN = """
SELECT DISTINCT w.on_key
FROM wait w
LEFT JOIN record r ON r.connection = w.connection AND r.kind = w.on_kind AND r.number = w.on_key AND r.vanished = 0
LEFT JOIN record_state s ON s.record = r.record
WHERE w.connection = ? AND w.on_kind = ? AND s.record IS NULL
"""

_KNOWN = """
SELECT s.number FROM record_state s WHERE s.connection = ? AND s.kind = ? AND s.flow = ? AND {numbers}
"""

_UNADOPTED = """
SELECT s.number
FROM record_state s
JOIN record r ON r.record = s.record
LEFT JOIN feed_project f ON f.connection = s.connection AND f.entity_set = ? AND f.project = s.number
WHERE s.connection = ? AND s.kind = 'project' AND s.flow = ? AND s.state <> 'deleted'
  AND (f.project IS NULL OR ? = 1) AND r.marks LIKE ?
ORDER BY s.number
"""
