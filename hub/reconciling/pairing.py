"""Which document of one company is which of the other: by the pairs of the ledger, else by the mark that it carries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from adapters.store import Ledger
from domain.reconcile import Cell, Column, Entry, central, equal, site, summed
from domain.record import Record
from domain.values import Json, chunks
from hub.connection import Pair
from hub.reconciling.reading import Books

PAGE = 500
_SITE = """
SELECT x.procore_resource, x.procore_id, x.record, r.kind FROM cross_reference x
JOIN record r ON r.record = x.record
WHERE x.connection = ? AND r.kind IN ('commitment', 'posted_invoice', 'journal_entry') AND {ids}
"""
_ORDERS = """
SELECT bc_id, record FROM cross_reference WHERE connection = ? AND bc_set = 'changeOrders' AND {ids}
"""
_GONE = """
SELECT record, number FROM record
WHERE connection = ? AND kind = 'commitment' AND vanished = 1 AND {projects}
"""
_NUMBERS = "SELECT record, number, vanished FROM record WHERE {records}"
_KINDS = {
    "purchaseOrders": "commitment",
    "postedPurchaseInvoices": "posted_invoice",
    "projectLedgerEntries": "journal_entry",
}
COLUMN_OF: dict[str, Column] = {
    "commitment": "committed",
    "posted_invoice": "invoiced",
    "journal_entry": "direct_cost",
    "change_order": "approved_changes",
}


@dataclass
class Group:
    """One record with its documents on both sides. Without a record: a document of Procore that stands for none.

    `gone` says that Business Central keeps no order any more, only `postings` of it, by line; `ours` that a document
    without a known record carries our mark; `assumed` that somebody means to join the two, and nobody did so far.
    """

    column: Column
    record: UUID | None
    kind: str = ""
    number: str = ""
    in_central: list[central.Document] = field(default_factory=list[central.Document])
    in_site: list[site.Document] = field(default_factory=list[site.Document])
    gone: bool = False
    ours: bool = False
    assumed: bool = False
    postings: dict[str, list[Entry]] = field(default_factory=dict[str, list[Entry]])
    order: Json | None = None

    @property
    def here(self) -> dict[Cell, Decimal]:
        """What Business Central says, held back or not."""
        lines = [each for document in self.in_central for each in (*document.lines, *document.held)]
        return summed([*lines, *(each for entries in self.postings.values() for each in entries)])

    @property
    def there(self) -> dict[Cell, Decimal]:
        """What Procore says."""
        return summed(each for document in self.in_site for each in document.lines)

    @property
    def differs(self) -> bool:
        """In any cell."""
        return not equal(self.here, self.there)


class Pairing:
    """Brings the documents of a chunk together; the budget is compared by cell and not here."""

    def __init__(
        self, pair: Pair, ledger: Ledger, books: Books, assumed: Mapping[tuple[str, str], tuple[UUID, str]]
    ) -> None:
        self._pair = pair
        self._ledger = ledger
        self._books = books
        self._assumed = assumed
        self._groups: dict[UUID, Group] = {}
        self._loose: list[Group] = []

    async def groups(self) -> list[Group]:
        """Every document of both sides, once."""
        await self._from_procore()
        await self._from_business_central()
        await self._orders_that_are_gone()
        return [*self._groups.values(), *self._loose]

    async def _from_procore(self) -> None:
        documents = [each for each in self._books.in_site if each.resource != "budget_line_items"]
        known: dict[tuple[str, str], tuple[UUID, str]] = {}
        for page in chunks([each.id for each in documents], PAGE):
            condition, parameter = self._ledger.in_list("x.procore_id", page)
            for resource, id_, record, kind in await self._ledger.rows(
                _SITE.format(ids=condition), (self._pair.name, parameter)
            ):
                known[resource, id_] = (UUID(record), kind)
        for each in documents:
            if each.column == "approved_changes":
                group = self._group(Record.id_for(self._pair.name, "change_order", each.id), "change_order")
                group.order = self._books.orders.get(each.id)
                group.number = group.number or each.number
                group.in_site.append(each)
                continue
            meant = self._assumed.get((each.resource, each.id))
            record, kind = meant or known.get((each.resource, each.id)) or self._by_mark(each.origin)
            if record is None:
                self._loose.append(Group(each.column, None, number=each.number, in_site=[each]))
            else:
                group = self._group(record, kind)
                group.in_site.append(each)
                group.assumed = group.assumed or meant is not None

    def _by_mark(self, origin: str) -> tuple[UUID | None, str]:
        """The record that a document of ours says to stand for."""
        prefix, company, entity_set, rest = (*origin.split(":", 3), "", "", "", "")[:4]
        kind = _KINDS.get(entity_set, "")
        if prefix != "bc" or company != self._pair.bc_company.lower() or not kind:
            return None, ""
        return Record.id_for(self._pair.name, kind, rest.partition(":")[0]), kind

    async def _from_business_central(self) -> None:
        by_hand = await self._joined_orders()
        orders = {key: record for record, group in self._groups.items() for key in _keys(group)}
        for each in self._books.in_central:
            if each.kind == "planning_line":
                continue
            if each.kind == "change_order":
                meant, _ = self._assumed.get(("changeOrders", each.id), (None, ""))
                record = meant or orders.get(each.stands_for) or by_hand.get(each.id)
                if record is None:
                    self._loose.append(Group(each.column, None, each.kind, each.number, in_central=[each]))
                    continue
                self._group(record, each.kind).assumed = meant is not None
            else:
                record = Record.id_for(self._pair.name, each.kind, each.id)
            group = self._group(record, each.kind)
            group.number = each.number
            group.in_central.append(each)

    async def _joined_orders(self) -> dict[str, UUID]:
        """Change orders that people entered in Business Central carry no id of Procore; their pairs tell."""
        found: dict[str, UUID] = {}
        unnamed = [each.id for each in self._books.in_central if each.stands_for.endswith(":0")]
        for page in chunks(unnamed, PAGE):
            condition, parameter = self._ledger.in_list("bc_id", page)
            for id_, record in await self._ledger.rows(_ORDERS.format(ids=condition), (self._pair.name, parameter)):
                found[id_] = UUID(record)
        return found

    async def _orders_that_are_gone(self) -> None:
        """An order leaves Business Central when it is invoiced in full; what was posted of it is what it came to."""
        missing = [group for group in self._groups.values() if group.kind == "commitment" and not group.in_central]
        for page in chunks(missing, PAGE):
            condition, parameter = self._ledger.in_list("record", [str(group.record) for group in page])
            rows = await self._ledger.rows(_NUMBERS.format(records=condition), (parameter,))
            numbers = {UUID(record): number for record, number, _ in rows}
            for group in page:
                number = numbers.get(group.record) if group.record is not None else None
                if number is None:
                    group.ours = True
                else:
                    self._posted(group, number)
        condition, parameter = self._ledger.in_list("project", sorted(self._books.jobs))
        rows = await self._ledger.rows(_GONE.format(projects=condition), (self._pair.name, parameter))
        for record, number in rows:
            if UUID(record) not in self._groups and number in self._books.billed:
                self._posted(self._group(UUID(record), "commitment"), number)

    def _posted(self, group: Group, number: str) -> None:
        group.gone, group.number = True, number
        group.postings = self._books.billed.get(number, {})

    def _group(self, record: UUID, kind: str) -> Group:
        found = self._groups.get(record)
        if found is None:
            found = self._groups[record] = Group(COLUMN_OF[kind], record, kind)
        return found


def _keys(group: Group) -> Sequence[str]:
    return [each.id for each in group.in_site] if group.kind == "change_order" else ()
