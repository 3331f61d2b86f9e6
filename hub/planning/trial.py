"""What records would come to under other maps or settings: decided by the code of a round, on overlays, for nobody.

Two overlays of the ledger are decided, one as things are and one as they would be, at the same instant, and compared
record by record. Writes are noted and answered as successes. Lists of a system are not in the ledger: a record that
needs one is undecided on both sides, unless the systems may be asked for lists.
"""

from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct

from adapters.outbound.calls import Calls, Quota
from adapters.ports import FixedClock
from adapters.store import Ledger
from adapters.target import Finding, Target
from domain.delivery import Delivery, Endpoint, Listing, Outcome, Sight
from domain.errors import RetryLater
from domain.flows import BY_NAME
from domain.mapping import Mapping as Maps
from domain.values import SYSTEMS, Json, System, chunks
from hub.app import Hub
from hub.connection import Pair
from hub.due import Due
from hub.gate import Addresses, first_day, known_currency
from hub.planning.making import Everything
from hub.planning.placeholders import in_words
from hub.planning.plan import MOMENTS
from hub.planning.rehearsal import Notes, Rehearsed
from hub.planning.scratch import scratch
from hub.records import Records
from hub.report import Quiet
from hub.round import Round

PAGE = 500
UNDECIDED = "undecided"
"""State of a record whose decision rests on a list that was not read."""

Pages = Callable[[Ledger], Callable[[], AsyncIterator[Sequence[Due]]]]
"""On an overlay: which records are decided, page by page, as often as asked."""


def lock_of(connection: str) -> str:
    """Name of the lock of trials: each copies the connection's rows twice, so they follow each other."""
    return f"trial {connection}"


class Fate(Struct, frozen=True, kw_only=True):
    """What a record comes to in a flow.

    Shape   `writes` are {"endpoint", "part", "target_id", "body"} in order, ids that only a system gives in words;
            `amount` is decimal text, empty for a kind without one. The state is empty where it takes no part.
    """

    state: str = ""
    reasons: Sequence[str] = ()
    amount: str = ""
    writes: Sequence[Json] = ()


class Change(Struct, frozen=True, kw_only=True):
    """A record that comes to something else."""

    record: str
    flow: str
    kind: str
    number: str
    project: str
    before: Fate
    after: Fate


class Closed:
    """A system that is not asked: it knows no list, and nothing is looked up in it."""

    def __init__(self, system: System) -> None:
        self.system: System = system

    @property
    def calls(self) -> Calls:
        """None at all."""
        return Calls(0, 0)

    @property
    def quota(self) -> Quota:
        """Nobody said anything about it."""
        return Quota()

    async def carry(self, endpoint: Endpoint, deliveries: Sequence[Delivery]) -> list[Outcome]:
        """Nothing goes out."""
        raise RetryLater(f"nothing is sent to {self.system} ({endpoint.name}, {len(deliveries)} rows)")

    async def look(self, endpoint: Endpoint, deliveries: Sequence[Delivery]) -> list[Sight]:
        """Nothing is looked up.

        Raises  RetryLater.
        """
        raise RetryLater(f"{endpoint.name} of {len(deliveries)} rows would have to be looked up in {self.system}")

    async def list(self, listing: Listing) -> list[Json]:
        """No list is known.

        Raises  RetryLater.
        """
        raise RetryLater(f"the list {listing.name} of {self.system} would have to be read")

    async def probe(self, listings: Sequence[Listing] = ()) -> Sequence[Finding]:
        """Nothing is tried."""
        return [Finding(listing.name, ok=False, why="the system is not asked") for listing in listings]

    async def close(self) -> None:
        """Nothing to give back."""


class Tried:
    """One overlay after everything was decided on it."""

    def __init__(self, ledger: Ledger, connection: str, maps: Maps, notes: Notes, troubles: Sequence[str]) -> None:
        self.ledger = ledger
        self.troubles = troubles
        self._connection = connection
        self._maps = maps
        words: dict[str, str] = {
            each.given: f"<id: {each.delivery.flow} {each.delivery.part}>" for each in notes.sent if each.given
        }
        self._writes: dict[tuple[str, str], list[Json]] = defaultdict(list)
        for each in notes.sent:
            delivery = each.delivery
            body = {name: value for name, value in delivery.body.items() if name not in MOMENTS}
            row = {"endpoint": delivery.endpoint, "part": delivery.part, "target_id": delivery.target_id, "body": body}
            self._writes[str(delivery.record), delivery.flow].append(in_words(row, words))

    async def page(self, after: tuple[str, str]) -> list[tuple[Any, ...]]:
        """The next rows of its states: record, flow, kind, number, project, state, reasons, todo."""
        return await self.ledger.rows(
            "SELECT record, flow, kind, number, project, state, reasons, todo FROM record_state"
            " WHERE connection = ? AND (record, flow) > (?, ?) ORDER BY record, flow LIMIT ?",
            (self._connection, *after, PAGE),
        )

    def fate(self, row: tuple[Any, ...] | None) -> Fate:
        """What a row stands for, without its amount."""
        if row is None:
            return Fate()
        record, flow, *_, state, reasons, todo = row
        writes = self._writes.get((record, flow), [])
        said: list[str] = msgspec.json.decode(reasons)
        return Fate(state=UNDECIDED if todo and not writes else state, reasons=said, writes=writes)

    async def amounts(self, ids: Sequence[str]) -> dict[str, Callable[[str], str]]:
        """Record -> what it comes to in a flow."""
        records = Records(self.ledger, self._connection, self._maps)
        found = await records.load([UUID(id_) for id_ in ids])
        sources = await records.sources(found.values())
        return {str(id_): lambda flow, source=source: BY_NAME[flow].amount(source) for id_, source in sources.items()}


@asynccontextmanager
async def tried(hub: Hub, pair: Pair, maps: Maps, pages: Pages, *, asks: bool) -> AsyncGenerator[Tried]:
    """Decides on an overlay; `pair` has the settings to try. With `asks` the systems are asked for lists.

    Raises  Halted when more is due than one can review, or the connection would not stand still.
    """
    notes = Notes()
    real: Mapping[System, Target] = pair.targets if asks else {system: Closed(system) for system in SYSTEMS}
    targets = {system: Rehearsed(real[system], notes, pair.procore_company) for system in SYSTEMS}
    connection = hub.settings.connections[pair.name]
    addresses = Addresses(connection.business_central.api_url, connection.procore.api_url)
    async with scratch(hub, pair.name) as (ledger, projector):
        trying = replace(
            pair,
            targets=targets,
            local_currency=await known_currency(ledger, pair.name),
            start_date=pair.start_date or await first_day(ledger, pair),
            mapping_file=None,
        )
        round_ = Round(trying, addresses, ledger, projector, Quiet(), orders=Everything())
        await round_.rethink(maps, pages(ledger))
        await projector.catch_up()
        yield Tried(ledger, pair.name, maps, notes, round_.troubles)


async def differences(before: Tried, after: Tried) -> AsyncIterator[Change]:
    """Every record that comes to something else, in the order of records."""
    old, new = await before.page(("", "")), await after.page(("", ""))
    while old or new:
        # Both are read in the same order, so the lower end of the two pages bounds what can be compared now.
        last = min((rows[-1][:2] for rows in (old, new) if len(rows) == PAGE), default=None)
        here = {row[:2]: row for row in old if last is None or row[:2] <= last}
        there = {row[:2]: row for row in new if last is None or row[:2] <= last}
        for change in await _compared(before, after, here, there):
            yield change
        if last is None:
            return
        old, new = await before.page(last), await after.page(last)


async def _compared(
    before: Tried,
    after: Tried,
    here: Mapping[tuple[Any, ...], tuple[Any, ...]],
    there: Mapping[tuple[Any, ...], tuple[Any, ...]],
) -> list[Change]:
    pairs = {
        key: (before.fate(here.get(key)), after.fate(there.get(key))) for key in sorted(here.keys() | there.keys())
    }
    differing = {key: fates for key, fates in pairs.items() if fates[0] != fates[1]}
    ids = list(dict.fromkeys(str(key[0]) for key in differing))
    was, now = await before.amounts(ids), await after.amounts(ids)
    found: list[Change] = []
    for key, (old, new) in differing.items():
        record, flow, kind, number, project, *_ = there.get(key) or here[key]
        found.append(
            Change(
                record=record,
                flow=flow,
                kind=kind,
                number=number,
                project=project,
                before=msgspec.structs.replace(old, amount=was[record](flow)) if key in here else old,
                after=msgspec.structs.replace(new, amount=now[record](flow)) if key in there else new,
            )
        )
    return found


def these(connection: str, ids: Sequence[UUID]) -> Pages:
    """Just these records, in every flow that they take part in."""

    def on(ledger: Ledger) -> Callable[[], AsyncIterator[Sequence[Due]]]:
        async def pages() -> AsyncIterator[Sequence[Due]]:
            for chunk in chunks(ids, PAGE):
                condition, parameter = ledger.in_list("record", [str(id_) for id_ in chunk])
                rows = await ledger.rows(
                    f"SELECT record, flow FROM record_state WHERE connection = ? AND state <> 'deleted' AND {condition}"  # noqa: S608 - built from columns
                    " ORDER BY record, flow",
                    (connection, parameter),
                )
                yield [Due(UUID(record), flow) for record, flow in rows if flow in BY_NAME]

        return pages

    return on


def all_of(connection: str, *, project: str = "", since: str = "") -> Pages:
    """Every record; or those of a project and of the whole company, or those that changed since a moment."""
    condition, values = "", list[str]()
    if project:
        condition, values = " AND s.project IN (?, '')", [project]
    if since:
        condition, values = f"{condition} AND r.at >= ?", [*values, since]

    def on(ledger: Ledger) -> Callable[[], AsyncIterator[Sequence[Due]]]:
        async def pages() -> AsyncIterator[Sequence[Due]]:
            after = ("", "")
            while rows := await ledger.rows(
                "SELECT s.record, s.flow FROM record_state s JOIN record r ON r.record = s.record"  # noqa: S608 - built from columns
                f" WHERE s.connection = ? AND s.state <> 'deleted'{condition} AND (s.record, s.flow) > (?, ?)"
                " ORDER BY s.record, s.flow LIMIT ?",
                (connection, *values, *after, PAGE),
            ):
                after = (rows[-1][0], rows[-1][1])
                yield [Due(UUID(record), flow) for record, flow in rows if flow in BY_NAME]

        return pages

    return on


def still(pair: Pair) -> Pair:
    """The pair at one instant, so that both sides of a comparison are decided at the same moment."""
    return replace(pair, clock=FixedClock(pair.clock.now()))
