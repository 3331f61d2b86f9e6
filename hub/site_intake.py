"""What changed in Procore becomes observations: by windows of `updated_at`, as Procore has no feed of changes.

Source  Procore guide F2 (both bounds), P7 and Z12 (whole seconds: windows overlap by two; repeats are no news).
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from msgspec.structs import replace

from domain import events
from domain.delivery import Listing
from domain.errors import NeedsDecision, SiteLedgerError
from domain.flow import Facts, Feed, Flow, Reading, SiteProject
from domain.flows import BY_KIND
from domain.record import Moment, Record
from domain.values import PROCORE, Json, chunks, text
from hub.connection import Pair
from hub.fact_book import FactBook
from hub.feed_log import FeedLog
from hub.records import Contents, Records
from hub.sight import seen
from hub.window import Window

PAGE = 500
PASSES = 6
"""Times that a feed may ask for lists whose address stands in other lists."""
OVERLAP = timedelta(seconds=2)

_PROJECTS = """
SELECT x.bc_number, x.procore_id, r.facet, r.marks, s.state
FROM cross_reference x
JOIN record r ON r.record = x.record
JOIN record_state s ON s.record = x.record AND s.flow = x.flow
WHERE x.connection = ? AND x.flow = ? AND x.role = 'primary'
ORDER BY x.bc_number
"""
_OUT = ("excluded", "deleted")


async def listed(
    book: FactBook, flow: Flow, feed: Feed, reading: Reading
) -> tuple[Reading, dict[Listing, SiteLedgerError]]:
    """The reading with every list that the feed names, and the lists that failed unexpectedly.

    Raises  SiteLedgerError for a feed that never has enough.
    """
    for _ in range(PASSES):
        facts: Facts = book.rows
        refused = {listing: str(error) for listing, error in book.unreadable.items()}
        reading = replace(reading, facts=facts, refused=refused)
        missing = [each for each in feed.listings(reading) if each not in facts and each not in refused]
        if not missing:
            break
        await book.read(missing)
    else:
        message = f"{flow.kind} asks for ever more lists before it is read; this is a fault of its feed"
        raise SiteLedgerError(message)
    failed = {
        listing: error
        for listing, error in book.unreadable.items()
        if not (isinstance(error, NeedsDecision) and feed.expected(listing))
    }
    return reading, failed


class SiteIntake:
    """Reads one connection's company of Procore. `catch_up` brings the read models up to date."""

    def __init__(self, pair: Pair, records: Records, window: Window, catch_up: Callable[[], Awaitable[object]]) -> None:
        self.pair = pair
        self._records = records
        self._ledger = records.ledger
        self._window = window
        self._catch_up = catch_up
        self._log = FeedLog(records.ledger, pair)
        self.observed = 0
        self.unreadable = 0
        self.troubles: list[SiteLedgerError] = []

    async def round(self) -> None:
        """Reads every feed; one that fails holds up no other."""
        feeds = {flow.kind: (BY_KIND[flow.kind], feed) for flow in self.pair.flows if (feed := flow.origin.feed)}
        feeds = {kind: found for kind, found in feeds.items() if self._window.reads(kind)}
        if not feeds:
            return
        await self._catch_up()
        await self._log.load()
        projects = await self._ledger.rows(_PROJECTS, (self.pair.name, BY_KIND["project"].name))
        for flow, feed in feeds.values():
            if any(state not in _OUT for *_, state in projects):
                await self._read(flow, feed, projects)
        await self._catch_up()

    async def _read(self, flow: Flow, feed: Feed, projects: Sequence[tuple[str, str, str, str, str]]) -> None:
        name = f"procore/{flow.kind}"
        adopted = set[str]() if feed.by_project else await self._adopted(name)
        company = self._since(name)
        reading = Reading(
            projects=[
                SiteProject(number, id_, facet, tuple(marks.split()), self._since_of(name, id_, company, adopted, feed))
                for number, id_, facet, marks, state in projects
                if state not in _OUT
            ],
            since=company,
            until=self._window.until or self.pair.clock.now(),
            start=self.pair.start,
            facts={},
            refused={},
            context=self.pair.context(flow, self.pair.clock.now()),
            numbers={id_: number for number, id_, *_ in projects},
        )
        reading, unread = await self._listed(flow, feed, reading)
        moment = self.pair.moment()
        documents = await self._sorted_out(flow, list(feed.documents(reading)), moment)
        places = [] if self._window.is_range else self._places(name, feed, reading, documents, adopted, unread, moment)
        await self._observe(flow, documents, list(feed.gone(reading)), places, moment)

    # -- windows -----------------------------------------------------------------------------------

    def _since(self, name: str) -> datetime | None:
        if self._window.is_range:
            return self._window.since or datetime.combine(self.pair.start, datetime.min.time(), UTC)
        place = 0 if self._window.full else self._log.read_to(name)
        return datetime.fromtimestamp(place, UTC) - OVERLAP if place else None

    def _since_of(
        self, name: str, project_id: str, company: datetime | None, adopted: set[str], feed: Feed
    ) -> datetime | None:
        if feed.by_project:
            return self._since(f"{name}/{project_id}")
        return company if project_id in adopted or self._window.is_range else None

    async def _adopted(self, name: str) -> set[str]:
        sql = "SELECT project FROM feed_project WHERE connection = ? AND entity_set = ?"
        return {row[0] for row in await self._ledger.rows(sql, (self.pair.name, name))}

    def _places(
        self,
        name: str,
        feed: Feed,
        reading: Reading,
        documents: Sequence[Json],
        adopted: set[str],
        unread: set[str],
        moment: Moment,
    ) -> list[events.Event]:
        """How far was read: the last change that was seen. Without a change nothing moves, and nothing is stored.

        Not the hub's own time: a clock that runs ahead would leave out what changes until then.
        """
        places: list[events.Event] = []
        if "" in unread:
            return []
        if feed.by_project:
            of_project: dict[str, list[Json]] = {}
            for row in documents:
                of_project.setdefault(text(row, "procoreProjectId"), []).append(row)
            for id_ in (each.procore_id for each in reading.projects if each.procore_id not in unread):
                places += self._moved(f"{name}/{id_}", of_project.get(id_, ()), moment)
            return places
        places += self._moved(name, documents, moment)
        new = [it.procore_id for it in reading.projects if it.procore_id not in adopted | unread]
        return [*places, self._log.adopted(name, new, moment)] if new else places

    def _moved(self, name: str, documents: Sequence[Json], moment: Moment) -> list[events.Event]:
        known = self._log.read_to(name)
        latest = max([known, *(_seconds(text(row, "updated_at")) for row in documents)])
        return [self._log.advanced(name, latest, moment)] if latest > known else []

    # -- lists -------------------------------------------------------------------------------------

    async def _listed(self, flow: Flow, feed: Feed, reading: Reading) -> tuple[Reading, set[str]]:
        """The reading with every list that the feed names, and the projects of those that failed unexpectedly."""
        reading, failed = await listed(FactBook(self.pair.targets), flow, feed, reading)
        self.troubles += failed.values()
        return reading, {listing.scope for listing in failed}

    # -- observing ---------------------------------------------------------------------------------

    async def _sorted_out(self, flow: Flow, documents: Sequence[Json], moment: Moment) -> list[Json]:
        good: dict[str, Json] = {}
        for row in documents:
            fault = text(row, "fault") or ("" if text(row, "id") else "a row without id")
            if fault:
                name = flow.origin.entity_set
                self.unreadable += await self._log.dead_letter(name, row, fault, moment, PROCORE)
            else:
                good[key_of(row)] = row
        return list(good.values())

    async def _observe(
        self,
        flow: Flow,
        documents: Sequence[Json],
        gone: Sequence[str],
        places: Sequence[events.Event],
        moment: Moment,
    ) -> None:
        """Stores what is new; the last page carries the places."""
        sources = {Record.id_for(self.pair.name, flow.kind, key_of(row)): row for row in documents}
        lost = {Record.id_for(self.pair.name, flow.kind, key) for key in gone}
        pages = chunks([*sources, *(id_ for id_ in lost if id_ not in sources)], PAGE) or [[]]
        for number, page in enumerate(pages, 1):

            def act(
                found: Mapping[UUID, Record], contents: Contents, *, is_last: bool = number == len(pages)
            ) -> Sequence[events.Event]:
                for id_, record in found.items():
                    if id_ in lost:
                        self.observed += record.vanish(PROCORE, "", moment)
                    else:
                        self._observe_one(flow, record, sources[id_], contents, moment)
                return places if is_last else ()

            if page or places:
                await self._records.change(page, act, flow.kind)
        self._log.stored()

    def _observe_one(self, flow: Flow, record: Record, row: Json, contents: Contents, moment: Moment) -> None:
        scratch = Contents()
        sight = seen(self.pair, flow, row, text(row, "id"), scratch)
        if not record.version and not sight.flows:
            return  # never approved: no state and no row
        if record.observe(sight, moment):
            contents.new.update(scratch.new)
            self.observed += 1


def key_of(row: Json) -> str:
    """Under which a document is known in its kind."""
    return text(row, "key") or text(row, "id")


def _seconds(moment: str) -> int:
    """A moment of the wire in seconds; one that cannot be read moves no place."""
    try:
        return int(datetime.fromisoformat(moment).timestamp())
    except ValueError:
        return 0
