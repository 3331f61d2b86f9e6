"""What a Procore user does with direct costs. The rules are those of the API: `Invalid` where Procore would refuse."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from adapters.sandbox.procore import direct_cost_lines, direct_costs
from adapters.sandbox.procore.cost_lines import COST_LINES, DIRECT_COSTS, lines_of
from adapters.sandbox.procore.kernel import decimal_text
from adapters.sandbox.procore.state import Row, State
from domain.values import Json


@dataclass(frozen=True)
class CostHands:
    """A user in the direct costs tool."""

    state: State

    def add(self, project_id: int, *, kind: str = "expense", lines: Iterable[Json] = (), **fields: Any) -> Row:
        """A direct cost; `kind` is one of K1, lines are written as version 1.1 writes them (K4)."""
        values = {"direct_cost_type": kind, "line_items": list(lines)} | fields
        return direct_costs.write(self.state, project_id, None, values)

    def set_status(self, cost_id: int, status: str) -> Row:
        """The status, in the words of K2."""
        return self.set_fields(cost_id, status=status)

    def set_fields(self, cost_id: int, **fields: Any) -> Row:
        """Fields of the record; `origin_id=None` alone unlocks it (O10)."""
        cost = self.state.table(DIRECT_COSTS)[cost_id]
        return direct_costs.write(self.state, cost["project_id"], cost, fields)

    def add_line(self, cost_id: int, **fields: Any) -> Row:
        """One more line."""
        return direct_cost_lines.write(self.state, self.state.table(DIRECT_COSTS)[cost_id], None, fields)

    def set_line(self, line_id: int, **fields: Any) -> Row:
        """Fields of one line."""
        line = self.state.table(COST_LINES)[line_id]
        cost = self.state.table(DIRECT_COSTS)[line["direct_cost_id"]]
        return direct_cost_lines.write(self.state, cost, line, fields)

    def remove(self, cost_id: int) -> None:
        """Deletes a direct cost with its lines."""
        direct_costs.delete(self.state, self.state.table(DIRECT_COSTS)[cost_id])

    def lines(self, cost_id: int) -> list[Row]:
        """The lines of a direct cost, amounts as decimal text."""
        return lines_of(self.state, self.state.table(DIRECT_COSTS)[cost_id])

    def total(self, cost_id: int) -> str | None:
        """What a direct cost comes to, as decimal text."""
        return decimal_text(direct_costs.total(self.state, self.state.table(DIRECT_COSTS)[cost_id]))
