"""What Procore says that projects come to: its documents, line by line, as a reconciliation reads them.

Amounts are text in most answers and exact in all. A contract that was voided or terminated commits nothing any more.

Source  Procore guide 9 (money), H7 (extended views), 13, 14, 16 and B4 (detail rows).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from domain import change_order, codes
from domain.change_order import segments_of
from domain.reconcile import Cell, Column, Entry, moment
from domain.values import Json, money, text

_VOID = frozenset({"Void", "Terminated"})
CellOf = Callable[[str], Cell]
"""Id of a budget code -> where its money stands."""


class Document(Struct, frozen=True, kw_only=True):
    """One document of Procore. `origin` is the mark that an integration put on it, `changed` its last change."""

    column: Column
    resource: str
    id: str
    number: str
    origin: str
    changed: datetime | None
    lines: Sequence[Entry] = ()
    marks: Mapping[str, str] = {}


class Codes:
    """Budget codes of one project by id: known by their pairs, else taken apart by the project's pattern (C-23)."""

    def __init__(self, project: str, currency: str, known: Mapping[str, str], rows: Iterable[Json] = ()) -> None:
        self._project, self._currency = project, currency
        self._parts = {id_: _of_pair(number) for id_, number in known.items()}
        self._parts.update(
            {str(row["id"]): segments_of(codes.taken_apart(row)) for row in rows if str(row["id"]) not in known}
        )

    @property
    def cells(self) -> dict[str, Cell]:
        """All of them by id."""
        return {id_: self.cell(id_) for id_ in self._parts}

    def knows(self, id_: str) -> bool:
        """Whether nobody has to ask for it."""
        return id_ in self._parts

    def cell(self, id_: str) -> Cell:
        """Where the money of a code stands; a code that cannot be found stands for itself."""
        segment, task, cost_type = self._parts.get(id_, ("", f"code {id_}" if id_ else "", ""))
        return Cell(self._project, task.upper(), cost_type.upper(), segment.upper(), self._currency)


def _of_pair(number: str) -> tuple[str, str, str]:
    _job, segment, task, cost_type = number.split("|")
    return segment, task, cost_type


def code_of(line: Json) -> str:
    """Id of the budget code that a line stands on."""
    return text(line, "wbs_code_id") or text(line.get("wbs_code") or {}, "id")


def contract(row: Json, resource: str, lines: Sequence[Json], cell: CellOf) -> Document:
    """A commitment with its lines."""
    void = text(row, "status") in _VOID
    return Document(
        column="committed",
        resource=resource,
        id=text(row, "id"),
        number=text(row, "number"),
        origin=text(row, "origin_id") or text(row, "origin_data"),
        changed=_latest(row, *lines),
        lines=[] if void else [_entry(line, cell, _amount(line, "amount", "total_amount")) for line in lines],
        marks=_marks(lines),
    )


def requisition(row: Json, items: Sequence[Json], cell: CellOf) -> Document:
    """A commitment invoice: what was completed in its own period."""
    return Document(
        column="invoiced",
        resource="requisitions",
        id=text(row, "id"),
        number=text(row, "invoice_number") or text(row, "number"),
        origin=text(row, "origin_id") or text(row, "origin_data"),
        changed=_latest(row, *items),
        lines=[_entry(item, cell, _amount(item, "work_completed_this_period")) for item in items],
    )


def direct_cost(row: Json, lines: Sequence[Json], cell: CellOf) -> Document:
    """A direct cost; which column it belongs to shows in what it stands for."""
    return Document(
        column="direct_cost",
        resource="direct_costs",
        id=text(row, "id"),
        number=text(row, "invoice_number") or text(row, "description") or text(row, "id"),
        origin=text(row, "origin_id") or text(row, "origin_data"),
        changed=_latest(row, *lines),
        lines=[_entry(line, cell, _amount(line, "amount", "total_amount")) for line in lines],
        marks=_marks(lines),
    )


def budget_line(row: Json, cell: CellOf, moved: Mapping[str, str]) -> Document:
    """The budget line of a code with what our own budget changes moved while it was locked. It shows no time (B4)."""
    code = text(row, "wbs_code_id")
    amount = money(row.get("original_budget_amount") or 0) + money(moved.get(code) or 0)
    return Document(
        column="original_budget",
        resource="budget_line_items",
        id=code,
        number=text(row, "cost_code") or code,
        origin="",
        changed=None,
        lines=(Entry(cell(code), amount, code),),
    )


def approved(order: Json, cell: CellOf) -> Document:
    """A change order as its feed shows it; only an approved one comes to something."""
    rows = change_order.lines_of(order) if change_order.is_approved(order) else []
    return Document(
        column="approved_changes",
        resource=f"{text(order, 'side')}_change_orders",
        id=text(order, "key"),
        number=change_order.label(order),
        origin="",
        changed=moment(text(order, "updated_at")),
        lines=[Entry(cell(text(line, "wbsCodeId")), money(line["amount"] or 0), text(line, "id")) for line in rows],
    )


def _entry(line: Json, cell: CellOf, amount: str) -> Entry:
    return Entry(cell(code_of(line)), money(amount or 0), text(line, "id"))


def _amount(line: Json, *names: str) -> str:
    return next((text(line, name) for name in names if text(line, name)), "")


def _marks(lines: Iterable[Json]) -> dict[str, str]:
    return {text(line, "id"): text(line, "origin_id") for line in lines if text(line, "origin_id")}


def _latest(*rows: Json) -> datetime | None:
    found = [at for row in rows if (at := moment(text(row, "updated_at"))) is not None]
    return max(found, default=None)
