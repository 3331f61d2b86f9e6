"""What a Procore user does with budgets. The rules are those of the API: `Invalid` where Procore would refuse."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from adapters.sandbox.procore import budget, budget_changes, budget_views
from adapters.sandbox.procore.kernel import decimal_text
from adapters.sandbox.procore.state import Invalid, Row, State
from adapters.sandbox.procore.wbs_codes import BUDGET_LINES
from domain.values import Json


@dataclass(frozen=True)
class BudgetHands:
    """A user in the budget tool."""

    state: State

    def lock(self, project_id: int) -> None:
        """Freezes the original budget of a project."""
        budget.lock(self.state, project_id)

    def unlock(self, project_id: int) -> None:
        """Lets the original budget be changed again."""
        budget.unlock(self.state, project_id)

    def is_locked(self, project_id: int) -> bool:
        """Whether the original budget is frozen."""
        return budget.is_locked(self.state, project_id)

    def line(self, wbs_code_id: int) -> Row | None:
        """The budget line of a budget code, amounts as decimal text."""
        return self.state.find(BUDGET_LINES, wbs_code_id=wbs_code_id)

    def set_line(self, project_id: int, wbs_code_id: int, **fields: Any) -> Row:
        """Makes the budget line of a code or changes it: `original_budget_amount`, `quantity`, `unit_cost`, `uom`."""
        line = budget.line_of(self.state, project_id, wbs_code_id)
        return budget.write(self.state, project_id, line, {"wbs_code_id": wbs_code_id} | fields)

    def remove_line(self, project_id: int, wbs_code_id: int) -> None:
        """Deletes a budget line that nothing was booked on (B12).

        Raises  LookupError when there is none, Invalid
        """
        line = budget.line_of(self.state, project_id, wbs_code_id)
        if line is None:
            raise LookupError(wbs_code_id)
        if budget.is_locked(self.state, project_id) or budget_views.in_use(self.state, wbs_code_id):
            raise Invalid(base="cannot be deleted")
        self.state.remove(BUDGET_LINES, line)

    def add_change(
        self, project_id: int, adjustments: Iterable[Json] = (), *, status: str = "approved", **fields: Any
    ) -> Row:
        """A budget change; each adjustment has `type`, `adjustment_number`, `wbs_code_id`, `amount` (B7)."""
        values = {"status": status, "adjustment_line_items": list(adjustments)} | fields
        return budget_changes.write(self.state, project_id, None, values)[0]

    def set_change(self, change_id: int, **fields: Any) -> Row:
        """Fields of a budget change, such as its `status`."""
        change = self.state.table(budget_changes.BUDGET_CHANGES)[change_id]
        return budget_changes.write(self.state, change["project_id"], change, fields)[0]

    def add_view(self, name: str, columns: Mapping[str, str] = budget_views.STANDARD) -> Row:
        """A budget view; `columns` maps headings to `changes`, `revised`, `committed` or `direct`."""
        return budget_views.add_view(self.state, name, columns)

    def figures(self, project_id: int) -> dict[int, Json]:
        """Budget code id -> its row in the standard view, budgeted or not."""
        view = next(iter(self.state.table(budget_views.BUDGET_VIEWS).values()))
        return {row["wbs_code_id"]: row for row in budget_views.detail_rows(self.state, project_id, view)}

    def total(self, project_id: int) -> str | None:
        """The original budget of a project as decimal text."""
        rows = self.state.rows(BUDGET_LINES, project_id=project_id)
        return decimal_text(sum((budget.original(row) for row in rows), budget_views.ZERO))
