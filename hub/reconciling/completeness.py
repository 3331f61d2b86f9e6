"""Nothing lost: every flagged or approved source record, counted afresh in its own system, has exactly one state.

A record that no notice announced and no round has read is listed, and taken in where that is wanted: by the ordinary
intake, so that it is decided and carried as every other one.

Rules   BX-03, DC-09.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from msgspec import Struct
from msgspec.structs import replace

from adapters.store import Ledger
from domain.delivery import Listing
from domain.errors import NeedsDecision, SiteLedgerError
from domain.flow import Flow, Reading, SiteProject
from domain.flows import BY_KIND
from domain.record import Record
from domain.values import BUSINESS_CENTRAL, Json, chunks, text
from hub.connection import Pair
from hub.fact_book import FactBook
from hub.gate import first_day, read_set_up
from hub.intake import Intake
from hub.projector import Projector
from hub.records import Records
from hub.site_intake import PASSES
from hub.window import Window

PAGE = 500
_STATES = "SELECT record, flow, state FROM record_state WHERE {records}"
_KNOWN = (
    "SELECT record, state FROM record_state WHERE connection = ? AND flow = ? AND record > ? ORDER BY record LIMIT ?"
)
_PROJECTS = """
SELECT x.bc_number, x.procore_id, r.facet, r.marks, s.state
FROM cross_reference x
JOIN record r ON r.record = x.record
JOIN record_state s ON s.record = x.record AND s.flow = x.flow
WHERE x.connection = ? AND x.flow = ? AND x.role = 'primary'
ORDER BY x.bc_number
"""
_READ = "SELECT read_to FROM feed WHERE connection = ? AND entity_set = ?"


class Missed(Struct, frozen=True, kw_only=True):
    """A record that counts and has no state. `late`: it is newer than what was read, so the next round brings it."""

    kind: str
    record: str
    number: str
    source_id: str
    title: str
    late: bool


class Count(Struct, frozen=True, kw_only=True):
    """One kind of record: what its source holds, the states of these records, and what has none.

    Shape   `source` is the sum of `states` and the missed; `others` are records with a state that do not count by
            themselves: brought in by their project or by another record, deleted, posted, or without flag by now
    """

    kind: str
    source: int
    states: Mapping[str, int]
    missed: int
    others: Mapping[str, int]


@dataclass
class Census:
    """What was counted. `unread` says which sets could not be read; their flows are left out."""

    counts: list[Count] = field(default_factory=list[Count])
    missed: list[Missed] = field(default_factory=list[Missed])
    unread: list[str] = field(default_factory=list[str])
    rows: dict[str, list[Json]] = field(default_factory=dict[str, list[Json]])

    @property
    def unannounced(self) -> int:
        """Records that no round will bring by itself."""
        return sum(1 for each in self.missed if not each.late)


async def census(pair: Pair, ledger: Ledger, projector: Projector) -> Census:
    """Counts every kind of record that counts by its own flag, or by an approval in Procore.

    Raises  what reading the set-up of Business Central raises.
    """
    set_up = await read_set_up(pair.targets[BUSINESS_CENTRAL])
    pair.local_currency = set_up.currency
    pair.start_date = pair.start_date or await first_day(ledger, pair)
    await projector.catch_up()
    found = Census()
    kinds: dict[str, list[Flow]] = {}
    for flow in pair.flows:
        if flow.origin.feed is not None or (flow.origin.entity_set and flow.origin.reach == "flagged"):
            kinds.setdefault(flow.kind, []).append(flow)
    for flows in kinds.values():
        try:
            rows = await (_of_procore if flows[0].origin.feed else _of_business_central)(pair, ledger, flows[0])
        except SiteLedgerError as error:
            found.unread.append(f"{flows[0].kind}: {error}")
            continue
        await projector.catch_up()
        await _count(pair, ledger, flows, rows, found)
    return found


async def take_in(pair: Pair, records: Records, projector: Projector, found: Census) -> int:
    """Has the ordinary intake observe what was missed and no round would bring; how many records that were.

    Records of Procore come with the next round that reads everything, as their feed makes its documents of many lists.
    """
    intake = Intake(pair, records, Window(), projector.catch_up)
    wanted = {each.source_id for each in found.missed if not each.late}
    for kind, rows in found.rows.items():
        flow = BY_KIND[kind]
        if flow.origin.system == BUSINESS_CENTRAL:
            await intake.take_in(flow, [row for row in rows if text(row, "id") in wanted])
    return intake.observed


async def _of_business_central(pair: Pair, _ledger: Ledger, flow: Flow) -> list[Json]:
    """The rows that bear a flag, from the start date on, as they came."""
    origin, maps = flow.origin, pair.mapping
    flag = maps.source_of(origin.entity_set, origin.flag)
    query = [("$filter", f"{flag} eq true")] if flag else []
    query += [("$expand", origin.expand)] if origin.expand else []
    name, query = f"census.{origin.entity_set}", [*query, ("$orderby", "id")]
    rows = await pair.targets[BUSINESS_CENTRAL].list(Listing(name, BUSINESS_CENTRAL, origin.entity_set, tuple(query)))
    start = pair.start.isoformat()
    return [row for row in rows if not origin.dated or text(row, origin.dated)[:10] >= start]


async def _of_procore(pair: Pair, ledger: Ledger, flow: Flow) -> list[Json]:
    """The documents of a feed, of all projects and from the start date on."""
    feed = flow.origin.feed
    if feed is None:
        return []
    now = pair.clock.now()
    projects = await ledger.rows(_PROJECTS, (pair.name, BY_KIND["project"].name))
    book = FactBook(pair.targets)
    reading = Reading(
        projects=[
            SiteProject(number, id_, facet, tuple(marks.split()))
            for number, id_, facet, marks, state in projects
            if state not in ("excluded", "deleted")
        ],
        since=None,
        until=now,
        start=pair.start,
        facts={},
        refused={},
        context=pair.context(flow, now),
        numbers={id_: number for number, id_, *_ in projects},
    )
    for _ in range(PASSES if reading.projects else 0):
        refused = {listing: str(error) for listing, error in book.unreadable.items()}
        reading = replace(reading, facts=book.rows, refused=refused)
        missing = [each for each in feed.listings(reading) if each not in book.rows and each not in refused]
        if not missing:
            break
        await book.read(missing)
    for listing, error in book.unreadable.items():
        if not (isinstance(error, NeedsDecision) and feed.expected(listing)):
            raise error
    return [row for row in feed.documents(reading) if not text(row, "fault")]


async def _count(pair: Pair, ledger: Ledger, flows: Sequence[Flow], rows: Sequence[Json], found: Census) -> None:
    flow = flows[0]
    origin = flow.origin
    maps = pair.mapping
    sources: dict[str, Json] = {}
    for row in rows:
        read = maps.read(origin.entity_set, row, origin.expand) if origin.system == BUSINESS_CENTRAL else row
        if any(each.counts(read, False) for each in flows):  # noqa: FBT003 - the registry's signature
            sources[str(Record.id_for(pair.name, flow.kind, text(row, "key") or text(row, "id")))] = row
    names = {each.name for each in flows}
    states: dict[str, str] = {}
    for page in chunks(sources, PAGE):
        condition, parameter = ledger.in_list("record", page)
        for record, name, state in await ledger.rows(_STATES.format(records=condition), (parameter,)):
            # One of two flows takes a change order; the other one only says that it leaves it out.
            if name in names and states.get(record) in (None, "excluded", "deleted"):
                states[record] = state
    here = Counter(states.values())
    read_to = await _read_to(pair, ledger, flow)
    missed = [_missed(flow, record, row, read_to) for record, row in sources.items() if record not in states]
    others = await _others(pair, ledger, flow, set(sources))
    found.counts.append(
        Count(
            kind=flow.kind,
            source=len(sources),
            states=dict(sorted(here.items())),
            missed=len(missed),
            others=others,
        )
    )
    found.missed += missed
    ids = {each.record for each in missed}
    found.rows[flow.kind] = [row for record, row in sources.items() if record in ids]


async def _read_to(pair: Pair, ledger: Ledger, flow: Flow) -> int:
    rows = await ledger.rows(_READ, (pair.name, flow.origin.entity_set))
    return rows[0][0] if rows else 0


async def _others(pair: Pair, ledger: Ledger, flow: Flow, here: set[str]) -> dict[str, int]:
    """Records with a state that are not among those that count by themselves."""
    counts: Counter[str] = Counter()
    after = ""
    while rows := await ledger.rows(_KNOWN, (pair.name, flow.name, after, PAGE)):
        counts.update(state for record, state in rows if record not in here)
        after = rows[-1][0]
    return dict(sorted(counts.items()))


def _missed(flow: Flow, record: str, row: Json, read_to: int) -> Missed:
    late = flow.origin.system == BUSINESS_CENTRAL and int(text(row, "rowVersion") or 0) > read_to
    return Missed(
        kind=flow.kind,
        record=record,
        number=flow.origin.number(row),
        source_id=text(row, "id"),
        title=flow.origin.title(row),
        late=late,
    )
