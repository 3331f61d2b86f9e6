"""The original budget, cell by cell: Procore keeps one line where Business Central keeps as many as it likes.

Between a planning line and the budget there are two steps: its share in the document that carries it with others, and
what was sent of that document. So a cell that differs becomes a piece for every planning line, and one for the carrier.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import cast
from uuid import UUID

from adapters.store import Ledger
from domain.flows import BY_KIND
from domain.reconcile import ZERO, Cell, Entry, Held, Piece, Standing, central, summed
from domain.record import Record
from domain.states import State
from domain.values import CENT, Json, cents, chunks, money, read_json, text
from hub.connection import Pair
from hub.reconciling.evidence import Known, evidence
from hub.reconciling.pairing import PAGE
from hub.reconciling.pieces import standing
from hub.reconciling.reading import Books
from hub.reconciling.scope import Chunk
from hub.records import Records

_CARRIERS = "SELECT record, number FROM record WHERE connection = ? AND kind = 'budget_line' AND {numbers}"
_NO_LINE = "its planning line is unknown"


class Budgets:
    """The budget of one chunk."""

    def __init__(
        self, pair: Pair, ledger: Ledger, chunk: Chunk, books: Books, read_to: Mapping[str, int], since: int
    ) -> None:
        self._pair = pair
        self._ledger = ledger
        self._chunk = chunk
        self._read_to = read_to
        self._since = since
        self._books = books
        self._central = {each.id: each for each in books.in_central if each.kind == "planning_line"}
        self._site = [each for each in books.in_site if each.resource == "budget_line_items"]

    def sums(self) -> tuple[dict[Cell, Decimal], dict[Cell, Decimal]]:
        """What both sides say, by cell."""
        here = summed(each for document in self._central.values() for each in document.lines)
        return here, summed(each for document in self._site for each in document.lines)

    async def pieces(self) -> list[Piece]:
        """Those of the cells that differ."""
        here, there = self.sums()
        cells = {cell for cell in here.keys() | there.keys() if here.get(cell, ZERO) != there.get(cell, ZERO)}
        if not cells:
            return []
        codes = {code: cell for code, cell in self._books.cells.items() if cell in cells}
        carriers = await self._carriers(codes)
        shares = {id_: (carrier, row) for carrier in carriers.values() for id_, row in carrier.rows.items()}
        lines = {id_ for id_, each in self._central.items() if any(entry.cell in cells for entry in each.lines)}
        records = {id_: Record.id_for(self._pair.name, "planning_line", id_) for id_ in lines | shares.keys()}
        known = await evidence(self._pair, self._ledger, list(records.values()))
        found = [self._line(id_, known.get(record), shares.get(id_), record) for id_, record in sorted(records.items())]
        found += [self._carrier(carrier, there) for carrier in carriers.values()]
        strangers = [each for each in self._site if each.id in codes and each.id not in carriers]
        found += [Piece(column="original_budget", number=each.number, extra=summed(each.lines)) for each in strangers]
        return found

    # -- planning lines ----------------------------------------------------------------------------

    def _line(self, id_: str, known: Known | None, share: "tuple[Carrier, Json] | None", record: UUID) -> Piece:
        """A planning line as source, ledger, and the document that carries it."""
        document = self._central.get(id_)
        lines = [] if document is None else list(document.lines)
        carried = {} if share is None else {share[0].cell: money(share[1]["totalCost"])}
        if known is None:
            why = "" if document is None else document.why
            return Piece(
                column="original_budget",
                number=_NO_LINE if document is None else document.number,
                fresh=summed(lines),
                why=why,
                moved=document is not None and self._is_new(document),
                agreed=carried,
                there=carried,
            )
        was = None if known.source is None else central.planning_line(known.source, self._chunk.homes)
        counted = was is not None and (not was.why or known.demanded)
        before = list(was.lines) if was is not None and counted else []
        out = document is not None and bool(document.why) and not known.demanded
        version = int(text(known.source or {}, "rowVersion") or 0)
        return Piece(
            column="original_budget",
            number=known.number,
            record=str(record),
            fresh={} if out else summed(lines),
            held=[_held(each, document.why) for each in lines] if document is not None and out else [],
            known=summed(before),
            agreed=carried,
            there=carried,
            standing=Standing(cast("State", known.state), known.reasons, known.position),
            here=document is not None,
            moved=document is not None and (document.version > version or self._is_new(document)),
        )

    def _is_new(self, document: central.Document) -> bool:
        job = self._chunk.versions.get(document.job, 0)
        read_to = self._read_to.get("projectPlanningLines", 0)
        return document.version > read_to or job > self._read_to.get("projects", 0)

    # -- carriers ----------------------------------------------------------------------------------

    async def _carriers(self, codes: Mapping[str, Cell]) -> "dict[str, Carrier]":
        found: dict[str, Carrier] = {}
        records = Records(self._ledger, self._pair.name)
        for page in chunks(sorted(codes), PAGE):
            condition, parameter = self._ledger.in_list("number", page)
            rows = await self._ledger.rows(_CARRIERS.format(numbers=condition), (self._pair.name, parameter))
            numbers = {UUID(record): number for record, number in rows}
            known = await evidence(self._pair, self._ledger, list(numbers))
            loaded = await records.load(list(numbers), "budget_line")
            settled = {id_: each.flow(BY_KIND["budget_line"].name).settled for id_, each in loaded.items()}
            bodies = await self._ledger.contents([each for each in settled.values() if each])
            for record, number in numbers.items():
                raw = bodies.get(settled[record])
                document: Json = {} if raw is None else read_json(raw)
                found[number] = Carrier(number, codes[number], record, known[record], document)
        return found

    def _carrier(self, carrier: "Carrier", there: Mapping[Cell, Decimal]) -> Piece:
        """The document that carries them: what its rows come to, what was sent of it, and what stands in Procore."""
        cell, known = carrier.cell, carrier.known
        total = sum((money(row["totalCost"]) for row in carrier.rows.values()), ZERO)
        stands = any(each.id == carrier.number for each in self._site)
        agreed = {cell: carrier.sent}
        return Piece(
            column="original_budget",
            number=f"budget line {carrier.number}",
            record=str(carrier.record),
            fresh={cell: total},
            known={cell: total},
            agreed=agreed if stands else {},
            lost={} if stands else agreed,
            there={cell: there.get(cell, ZERO)} if stands else {},
            standing=standing(known, self._since),
            touched=True,  # a budget line tells no time of its last change (Procore B4)
            slack=CENT / 2 if total != cents(total) else ZERO,
        )


class Carrier:
    """A budget line with the rows that stood in Procore last, and what was confirmed of them."""

    def __init__(self, number: str, cell: Cell, record: UUID, known: Known, settled: Json) -> None:
        self.number = number
        self.cell = cell
        self.record = record
        self.known = known
        self.rows: dict[str, Json] = {str(row["id"]): row for row in settled.get("rows") or ()}
        self.sent = _confirmed(known) if not known.cut else ZERO


def _confirmed(known: Known) -> Decimal:
    """The original amount and our own budget changes together."""
    amount = ZERO
    for each in known.sent.values():
        if each.endpoint == "budget_line_items":
            amount += money(each.body.get("original_budget_amount") or 0)
        elif each.endpoint == "budget_changes":
            amount += _moved(each.body.get("adjustment_line_items") or ())
    return amount


def _moved(lines: Sequence[Json]) -> Decimal:
    return sum((money(line.get("amount") or 0) for line in lines), ZERO)


def _held(entry: Entry, why: str) -> Held:
    return Held(entry.cell, entry.amount, why)
