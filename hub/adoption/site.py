"""What people in Procore approved and worked before the hub came, and what others entered of it in Business Central.

These records come from Procore, and the ledger may not know them yet: they are read as the feeds read them, whole.
Source  Connector API changeOrders and crewTimeSheetLines: ids of Procore are 0 on what was entered by hand, and can be
        given on insert alone, so that such a row is known by its pair.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID

from domain import change_order
from domain.adoption import Card
from domain.endpoints import changes
from domain.endpoints import time as times
from domain.events import LinkRow
from domain.flow import Flow, Reading, SiteProject, Subject
from domain.flows import BY_NAME
from domain.flows.change_order_parts import TYPES
from domain.flows.common import joined, plain
from domain.flows.crew_workers import people, resource_of
from domain.linking import CHANGES, TIME
from domain.memory import FlowMemory
from domain.record import Record
from domain.time_sheet import STATUSES, left_out
from domain.values import Json, chunks, money, money_text, text
from hub.adoption.cards import Here, Sides, key, plain_id
from hub.adoption.lists import PAGE, Lists, is_free
from hub.app import Hub
from hub.connection import Pair
from hub.fact_book import FactBook
from hub.gate import first_day
from hub.records import Contents
from hub.sight import seen
from hub.site_intake import key_of, listed

ORDERS, LINES = "changeOrders", "crewTimeSheetLines"
_FACETS = "SELECT number, facet, marks FROM record WHERE connection = ? AND kind = 'project' AND {numbers}"


@dataclass
class SiteRecords:
    """Reads both sides of some projects. `documents` are the records of Procore that were compared.

    Shape   `projects` number -> id in Procore
    """

    hub: Hub
    pair: Pair
    lists: Lists
    projects: Mapping[str, str]
    documents: dict[UUID, Json] = field(default_factory=dict[UUID, Json])

    async def sides(self) -> list[Sides]:
        """Change orders, then worked time.

        Raises  what either system raises: nobody may be told that nothing is there when a list could not be read.
        """
        self.pair.start_date = self.pair.start_date or await first_day(self.hub.ledger, self.pair)
        found: list[Sides] = []
        if self.projects and self.pair.enabled(BY_NAME[CHANGES]):
            found.append(await self._orders())
        if self.projects and self.pair.enabled(BY_NAME[TIME]):
            found.append(await self._time())
        return found

    # -- change orders -----------------------------------------------------------------------------

    async def _orders(self) -> Sides:
        sides, flow = Sides(CHANGES), BY_NAME[CHANGES]
        rows: dict[str, Json] = {}
        orders = [order for order in await self._read(flow) if flow.counts(order, False)]  # noqa: FBT003 - as flows do
        known: set[tuple[str, str]] = set()
        for job in sorted({text(order, "jobNumber") for order in orders}):
            for row in await self.lists.free_here(changes.orders_of(job), ORDERS):
                if int(row.get("procoreChangeOrderId") or 0):
                    known.add((plain(row, "changeOrderType"), str(row["procoreChangeOrderId"])))
                elif plain(row, "status") != "Canceled":
                    rows[key(ORDERS, row["id"])] = row
                    sides.there.append(_order_there(row))
        for order in orders:
            if (TYPES[text(order, "side")], text(order, "id")) not in known:
                sides.here.append(self._order(flow, order, rows))
        sides.here = await self._free(flow, sides.here)
        return sides

    def _order(self, flow: Flow, order: Json, rows: Mapping[str, Json]) -> Here:
        job = text(order, "jobNumber")
        card = Card(
            key=text(order, "key"),
            number=text(order, "number"),
            name=text(order, "title"),
            date=text(order, "approvedDate"),
            amount=money_text(change_order.total(order)),
            within=f"{job}/{TYPES[text(order, 'side')]}",
        )
        return self._here(flow, order, card, partial(_order_link, order, rows))

    # -- worked time -------------------------------------------------------------------------------

    async def _time(self) -> Sides:
        """Entries of one worker on one day and job against lines of that resource: hours and words decide."""
        sides, flow = Sides(TIME), BY_NAME[TIME]
        rows: dict[str, Json] = {}
        entries = [each for each in await self._read(flow) if self._makes_a_line(flow, each)]
        made: set[str] = set()
        for job in sorted({text(entry, "jobNumber") for entry in entries}):
            for row in await self.lists.free_here(times.crew_lines_of(job, self.pair.start), LINES):
                if int(row.get("timeSheetLineId") or 0):
                    made.add(str(row["timeSheetLineId"]))
                else:
                    rows[key(LINES, row["id"])] = row
                    sides.there.append(_line_there(row))
        book = FactBook(self.pair.targets)
        await self._workers(flow, book, entries)
        for entry in entries:
            resource = resource_of(self._subject(flow, entry, book))
            if text(entry, "id") not in made and isinstance(resource, dict):
                sides.here.append(self._entry(flow, entry, text(resource, "number"), rows))
        sides.here = await self._free(flow, sides.here)
        return sides

    def _makes_a_line(self, flow: Flow, entry: Json) -> bool:
        context = self.pair.context(flow, self.pair.clock.now())
        statuses: Mapping[str, str] = context.settings.get("statuses", STATUSES)
        return not left_out(entry, statuses) and not any(True for check in flow.rules for _ in check(entry, context))

    async def _workers(self, flow: Flow, book: FactBook, entries: Sequence[Json]) -> None:
        await book.read([times.RESOURCES])
        asked = {each for entry in entries for each in people(self._subject(flow, entry, book))}
        await book.read(asked)
        for error in book.unreadable.values():
            raise error

    def _subject(self, flow: Flow, entry: Json, book: FactBook) -> Subject:
        return Subject(
            source=entry,
            source_id=text(entry, "id"),
            number=text(entry, "id"),
            demanded=False,
            references={},
            facts=book.rows,
            memory=FlowMemory(),
            context=self.pair.context(flow, self.pair.clock.now()),
        )

    def _entry(self, flow: Flow, entry: Json, resource: str, rows: Mapping[str, Json]) -> Here:
        card = Card(
            key=text(entry, "id"),
            name=text(entry, "description"),
            date=text(entry, "workDate"),
            amount=money_text(money(text(entry, "hours"))),
            party=resource,
            within=joined(text(entry, "jobNumber"), text(entry, "workDate"), resource),
        )
        return self._here(flow, entry, card, partial(_line_link, entry, rows))

    # -- both --------------------------------------------------------------------------------------

    def _here(self, flow: Flow, document: Json, card: Card, link: "partial[LinkRow]") -> Here:
        record = Record.id_for(self.pair.name, flow.kind, key_of(document))
        self.documents[record] = document
        sight = seen(self.pair, flow, document, text(document, "id"), Contents())
        return Here(record, sight.number, sight.digest, card, link, project=text(document, "jobNumber"))

    async def _free(self, flow: Flow, here: Sequence[Here]) -> list[Here]:
        """What the ledger does not know, or knows and never joined or sent."""
        found: list[Here] = []
        for page in chunks(here, PAGE):
            records = await self.lists.records.load([each.record for each in page], flow.kind)
            found += [each for each in page if is_free(records[each.record], flow)]
        return found

    async def _read(self, flow: Flow) -> list[Json]:
        """The documents of the projects, as if they were joined already."""
        feed = flow.origin.feed
        if feed is None:
            return []
        condition, parameter = self.hub.ledger.in_list("number", sorted(self.projects))
        facets = await self.hub.ledger.rows(_FACETS.format(numbers=condition), (self.pair.name, parameter))
        now = self.pair.clock.now()
        reading = Reading(
            projects=[
                SiteProject(number, self.projects[number], facet, tuple(marks.split()))
                for number, facet, marks in sorted(facets)
            ],
            since=None,
            until=now,
            start=self.pair.start,
            facts={},
            refused={},
            context=self.pair.context(flow, now),
            numbers={id_: number for number, id_ in self.projects.items()},
        )
        reading, failed = await listed(FactBook(self.pair.targets), flow, feed, reading)
        for error in failed.values():
            raise error
        sites = set(self.projects.values())
        return [
            each
            for each in feed.documents(reading)
            if text(each, "id") and not text(each, "fault") and text(each, "procoreProjectId") in sites
        ]


def _order_there(row: Json) -> Card:
    return Card(
        key=key(ORDERS, row["id"]),
        number=text(row, "procoreChangeOrderNumber") or text(row, "number"),
        name=text(row, "title"),
        date=text(row, "approvedDate")[:10],
        amount=money_text(money(row.get("amount") or 0)),
        within=f"{text(row, 'projectNumber')}/{plain(row, 'changeOrderType')}",
    )


def _order_link(order: Json, rows: Mapping[str, Json], there: str) -> LinkRow:
    number, place = text(rows[there], "number"), text(order, "procoreProjectId")
    return LinkRow(ORDERS, plain_id(there), number, f"{text(order, 'side')}_change_orders", text(order, "id"), place)


def _line_there(row: Json) -> Card:
    resource, date = text(row, "resourceNumber"), text(row, "workDate")[:10]
    return Card(
        key=key(LINES, row["id"]),
        name=text(row, "description"),
        date=date,
        amount=money_text(money(row.get("hours") or 0)),
        party=resource,
        within=joined(text(row, "jobNumber"), date, resource),
    )


def _line_link(entry: Json, rows: Mapping[str, Json], there: str) -> LinkRow:
    row = rows[there]
    number = joined(text(row, "crewTimeSheetNumber"), text(row, "lineNumber"))
    sheet = text(entry, "timesheetId")
    return LinkRow(LINES, plain_id(there), number, "timecard_entries", text(entry, "id"), sheet, role="line")
