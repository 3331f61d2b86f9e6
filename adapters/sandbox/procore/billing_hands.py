"""What a Procore user does about billing, for tests and rehearsals. The same rules as in the API hold."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from adapters.sandbox.procore import billing_periods, requisitions
from adapters.sandbox.procore.billing_periods import CLOSED, OPEN, PERIODS
from adapters.sandbox.procore.commitments import CONTRACTS
from adapters.sandbox.procore.kernel import decimal_text
from adapters.sandbox.procore.requisition_figures import QUANTITY, REQUISITIONS, WORK
from adapters.sandbox.procore.requisition_items import CONTRACT_ITEM, UNIT, items_of, refuse_locked
from adapters.sandbox.procore.state import Row, State
from domain.values import Json

Status = Literal[
    "draft", "under_review", "revise_and_resubmit", "approved", "approved_as_noted", "pending_owner_approval"
]


@dataclass
class Billing:
    """Billing periods and requisitions of a company. Every method raises `Invalid` where Procore would refuse."""

    state: State

    def add_period(
        self, project_id: int, start: date, end: date, due: date, status: Literal["open", "closed"] = "open"
    ) -> Row:
        """A billing period of a project."""
        dates = {"start_date": start.isoformat(), "end_date": end.isoformat(), "due_date": due.isoformat()}
        return billing_periods.write(self.state, project_id, None, dates | {"status": status})

    def close(self, period_id: int) -> Row:
        """Closes a period: no requisition names it any more, and no amount in it changes."""
        return self._turn(period_id, CLOSED)

    def open(self, period_id: int) -> Row:
        """Opens a closed period again."""
        return self._turn(period_id, OPEN)

    def add_requisition(self, commitment_id: int, billed: Mapping[int, Decimal] | None = None, **fields: Any) -> Row:
        """A requisition; `billed` maps lines of the commitment to amounts, or to quantities under the unit method."""
        contract = self.state.table(CONTRACTS)[commitment_id]
        name = QUANTITY if contract["accounting_method"] == UNIT else WORK
        items: list[Json] = [
            {"line_item_id": line, "item_type": CONTRACT_ITEM, name: decimal_text(figure)}
            for line, figure in (billed or {}).items()
        ]
        return requisitions.create(self.state, contract, fields | {"items": items})

    def bill(self, requisition_id: int, line_id: int, **fields: Any) -> Row:
        """Fills the item of one line, such as `work_completed_this_period`; amounts are decimal text."""
        requisition = self._requisition(requisition_id)
        item = next(row for row in items_of(self.state, requisition) if row["line_item_id"] == line_id)
        row = {"id": item["id"], "item_type": item["item_type"]} | fields
        return requisitions.update(self.state, requisition, {"items": [row]})

    def set_status(self, requisition_id: int, status: Status) -> Row:
        """The status of a requisition, any after any (I1)."""
        return self.set_fields(requisition_id, status=status)

    def set_fields(self, requisition_id: int, **fields: Any) -> Row:
        """Header fields of a requisition; `origin_id=None` unlocks it (O10)."""
        return requisitions.update(self.state, self._requisition(requisition_id), fields)

    def attach(self, requisition_id: int, filename: str, url: str, content_type: str = "application/pdf") -> Row:
        """A file that a subcontractor leaves with the invoice (I11)."""
        requisition = self._requisition(requisition_id)
        refuse_locked(requisition)
        file = {"id": self.state.new_id(), "url": url, "filename": filename, "content_type": content_type}
        return self.state.change(REQUISITIONS, requisition, {"attachments": [*requisition["attachments"], file]})

    def remove_requisition(self, requisition_id: int) -> None:
        """Deletes the last open requisition of a commitment (I3)."""
        requisitions.delete(self.state, self._requisition(requisition_id))

    def _requisition(self, id: int) -> Row:
        return self.state.table(REQUISITIONS)[id]

    def _turn(self, period_id: int, status: str) -> Row:
        period = self.state.table(PERIODS)[period_id]
        return billing_periods.write(self.state, period["project_id"], period, {"status": status})
