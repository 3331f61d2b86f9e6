"""One reconciliation: chunk by chunk the books of both companies, the documents that differ, and what explains them."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from adapters.store import Ledger
from domain.reconcile import ZERO, Cell, Column, Explanation, Line, Piece, Sums, explain, lines
from domain.values import BUSINESS_CENTRAL
from hub.connection import Pair
from hub.gate import first_day, read_set_up
from hub.projector import Projector
from hub.reconciling.budgets import Budgets
from hub.reconciling.evidence import evidence
from hub.reconciling.pairing import Pairing
from hub.reconciling.pieces import Making
from hub.reconciling.reading import Books, Reader
from hub.reconciling.scope import NOTHING, Assumed, Chunk, chunks_of

_FEEDS = "SELECT entity_set, read_to FROM feed WHERE connection = ?"
Place = tuple[Column, Cell]


@dataclass
class Comparison:
    """Compares one connection. `unread` says what could not be read; its projects are left out.

    `assumed` are pairs that nobody joined yet, and that are compared as if they were.
    """

    pair: Pair
    ledger: Ledger
    projector: Projector
    only: Sequence[str] = ()
    assumed: Assumed = NOTHING
    currency: str = ""
    projects: int = 0
    unread: list[str] = field(default_factory=list[str])

    async def run(self) -> AsyncIterator[list[Line]]:
        """The lines, some projects at a time.

        Raises  Unknown for a project that is not compared; what reading a list of Business Central raises.
        """
        set_up = await read_set_up(self.pair.targets[BUSINESS_CENTRAL])
        self.currency = self.pair.local_currency = set_up.currency
        await self.projector.catch_up()
        self.pair.start_date = self.pair.start_date or await first_day(self.ledger, self.pair)
        for chunk in await chunks_of(self.pair, self.ledger, self.currency, self.only, self.assumed):
            self.projects += len(set(chunk.homes.projects.values()))
            yield await self._chunk(chunk)

    async def _chunk(self, chunk: Chunk) -> list[Line]:
        since = await self.ledger.last_position()
        await self.projector.catch_up()
        books = await Reader(self.pair, self.ledger, chunk).read()
        self.unread += books.unread
        await self.projector.catch_up()
        read_to: dict[str, int] = dict(await self.ledger.rows(_FEEDS, (self.pair.name,)))
        groups = await Pairing(self.pair, self.ledger, books, self.assumed.documents).groups()
        making = Making(self.pair, chunk, books, read_to, since)
        differing = [group for group in groups if group.differs]
        known = await evidence(
            self.pair, self.ledger, [group.record for group in differing if group.record is not None]
        )
        pieces = [
            making.of_group(group, None if group.record is None else known.get(group.record)) for group in differing
        ]
        budgets = Budgets(self.pair, self.ledger, chunk, books, read_to, since)
        pieces += await budgets.pieces()
        here: dict[Place, Decimal] = {}
        there: dict[Place, Decimal] = {}
        for group in groups:
            _add(here, group.column, group.here)
            _add(there, group.column, group.there)
        for sums, found in zip((here, there), budgets.sums(), strict=True):
            _add(sums, "original_budget", found)
        return [line for line in lines(here, there, _explained(pieces)) if _is_read(line, books)]


def _explained(pieces: Iterable[Piece]) -> list[tuple[Column, Cell, Explanation]]:
    return [(piece.column, cell, each) for piece in pieces for cell, each in explain(piece)]


def _add(sums: dict[Place, Decimal], column: Column, found: Sums | Mapping[Cell, Decimal]) -> None:
    for cell, amount in found.items():
        sums[column, cell] = sums.get((column, cell), ZERO) + amount


def _is_read(line: Line, books: Books) -> bool:
    """What could not be read whole is told, and not compared."""
    return line.cell.project not in books.projects
