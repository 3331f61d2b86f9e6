"""`Commitment`: a purchase order of Business Central and its contract in Procore, with the rules of its kind."""

from collections.abc import Sequence
from decimal import Decimal
from typing import ClassVar, Literal

from msgspec import Struct

from domain.record import Record
from domain.values import Json, cents, enum_text, money, money_text, product, text

Resource = Literal["purchase_order_contracts", "work_order_contracts"]

LOCKING = frozenset({"Approved", "Complete"})
"""Statuses under which Procore locks vendor and lines (Procore C3, O6)."""

STATUSES: dict[str, tuple[str, ...]] = {
    "purchase_order_contracts": (
        "Draft",
        "Processing",
        "Submitted",
        "Partially Received",
        "Received",
        "Approved",
        "Closed",
    ),
    "work_order_contracts": (
        "Draft",
        "Out For Bid",
        "Out For Signature",
        "Approved",
        "Complete",
        "Terminated",
        "Void",
    ),
}


class Commitment(Record):
    """One order. Its kind of contract is fixed when it is made (PP-31)."""

    KIND: ClassVar[str] = "commitment"


class Line(Struct, frozen=True):
    """A line that goes to Procore, with the job it belongs to."""

    source: Json
    job: str
    task: str
    segment: str
    cost_type: str

    @property
    def id(self) -> str:
        """Its id in Business Central."""
        return text(self.source, "id")


def resource_of(order: Json) -> Resource:
    """Subcontracts become work order contracts, everything else purchase order contracts (PP-31)."""
    kind = enum_text(text(order, "commitmentType"))
    return "work_order_contracts" if kind == "Subcontract" else "purchase_order_contracts"


def is_comment(line: Json) -> bool:
    """A line without type carries words, no cost (PP-26)."""
    return not enum_text(text(line, "lineType")).strip()


def flagged_lines(order: Json) -> list[Line]:
    """The lines that go: flagged, and of a type that carries cost (PP-22, C-13)."""
    rows: Sequence[Json] = order.get("purchaseOrderLines", ())
    return [
        Line(
            row,
            text(row, "jobNumber") or text(order, "jobNumber"),
            text(row, "jobTaskNumber"),
            text(row, "segmentCode"),
            text(row, "costTypeCode"),
        )
        for row in sorted(rows, key=lambda row: int(row.get("lineNumber") or 0))
        if row.get("sendToProcore") is True and not is_comment(row)
    ]


def line_total(order: Json, line: Json) -> Decimal:
    """What a line costs before tax, after discounts.

    Business Central settles `amount` at release; before that, and where prices are without tax, `lineAmount` is it.
    """
    settled = enum_text(text(order, "status")) != "Open" or bool(order.get("pricesIncludeTax"))
    amount = money(line.get("amount") or 0)
    return amount if settled and amount else money(line.get("lineAmount") or 0)


def figures(order: Json, line: Json) -> dict[str, str]:
    """Quantity, unit cost and amount of a line as Procore takes them.

    Units   decimal text in the document's currency. `calculated` only where quantity times cost gives the amount to
            the cent, else the amount itself is what counts (Procore guide 9).
    """
    quantity, cost = money(line.get("quantity") or 0), money(line.get("directUnitCost") or 0)
    total = line_total(order, line)
    exact = cents(product(quantity, cost)) == total
    return {
        "quantity": format(quantity, "f"),
        "unit_cost": money_text(cost),
        "amount": money_text(total),
        "extended_type": "calculated" if exact else "manual",
    }


def mapped_status(order: Json, mapping: dict[str, str]) -> str:
    """Status of the commitment for the order's status, by the mapping of the settings (C-49)."""
    return mapping.get(enum_text(text(order, "status")), mapping.get("default", "Draft"))
