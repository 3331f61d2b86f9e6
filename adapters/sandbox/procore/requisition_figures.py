"""What a requisition bills: the figures of its items, and their sums over the requisitions of a commitment.

The guide names the fields and not how they hang together; their sums follow the columns of a usual application for
payment. Materials stored in one requisition count as work completed before in the next.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from adapters.sandbox.procore.kernel import amount, decimal_text
from adapters.sandbox.procore.lines import LINES
from adapters.sandbox.procore.state import Row, State
from domain.values import Json

REQUISITIONS = "requisitions"
ITEMS = "requisition_items"

ZERO = Decimal(0)

WORK = "work_completed_this_period"
QUANTITY = "work_completed_this_period_quantity"
MATERIALS = "materials_presently_stored"
WORK_RETAINED = "work_completed_retainage_retained_this_period"
MATERIALS_RETAINED = "materials_stored_retainage_currently_retained"
RELEASED = "work_completed_retainage_released_this_period"


@dataclass(frozen=True)
class Figures:
    """Amounts of one item, or of several together; `quantity` only means something within one line."""

    work: Decimal = ZERO
    materials: Decimal = ZERO
    work_retained: Decimal = ZERO
    materials_retained: Decimal = ZERO
    released: Decimal = ZERO
    quantity: Decimal = ZERO

    @property
    def completed(self) -> Decimal:
        """Work completed and materials stored, before retainage."""
        return self.work + self.materials

    @property
    def retained(self) -> Decimal:
        """Retainage that is held, less what was released."""
        return self.work_retained + self.materials_retained - self.released

    @property
    def due(self) -> Decimal:
        """What is to be paid."""
        return self.completed - self.retained

    def __add__(self, other: "Figures") -> "Figures":
        return Figures(
            self.work + other.work,
            self.materials + other.materials,
            self.work_retained + other.work_retained,
            self.materials_retained + other.materials_retained,
            self.released + other.released,
            self.quantity + other.quantity,
        )


def figures(item: Json) -> Figures:
    """The amounts of one item."""
    names = (WORK, MATERIALS, WORK_RETAINED, MATERIALS_RETAINED, RELEASED, QUANTITY)
    return Figures(*(Decimal(item.get(name) or 0) for name in names))


def together(items: Iterable[Row]) -> Figures:
    """The amounts of several items."""
    return sum((figures(item) for item in items), Figures())


def source(state: State, item: Row) -> Row:
    """The line of the commitment that an item bills; it has `amount`, `quantity`, `unit_cost`."""
    return state.table(LINES)[item["line_item_id"]]


def before(state: State, item: Row) -> Figures:
    """What earlier requisitions bill of the same line, whatever their status. Ids grow, so an earlier one is lower."""
    rows = state.rows(ITEMS, line_item_id=item["line_item_id"])
    return together(row for row in rows if row["requisition_id"] < item["requisition_id"])


def others(state: State, item: Row) -> Figures:
    """What all other requisitions, earlier and later, bill of the same line."""
    return together(row for row in state.rows(ITEMS, line_item_id=item["line_item_id"]) if row["id"] != item["id"])


def is_billed(state: State, line: Row) -> bool:
    """Whether a line stands in a requisition. Such a line cannot be deleted (inferred: its items would hang loose)."""
    return state.find(ITEMS, line_item_id=line["id"]) is not None


def has_requisitions(state: State, contract: Row) -> bool:
    """Whether a commitment is billed. Such a one cannot be deleted (inferred, as above)."""
    return state.find(REQUISITIONS, commitment_id=contract["id"]) is not None


def billed(state: State, contract: Row) -> Decimal:
    """Share of the requisitions in a commitment's `total_requisitions_amount`: all of them, before retainage.

    Source  silent. The names of the change order figures say which statuses they count (`approved_`, `pending_`,
            `draft_`); this one names none, so that a draft counts too and nobody overlooks that billing has begun.
    """
    rows = state.rows(REQUISITIONS, commitment_id=contract["id"])
    return sum((together(state.rows(ITEMS, requisition_id=row["id"])).completed for row in rows), ZERO)


def percent(part: Decimal, whole: Decimal) -> str | None:
    """A share of a hundred with two places, as decimal text; `0.0` of nothing."""
    return decimal_text(amount(part * 100 / whole) if whole else ZERO)
