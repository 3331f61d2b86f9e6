"""What must be equal at rest between planning lines and budgets, told from both companies' own tables."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tests.simulation.invariants import PLANNING, ByFlow, Companies

Row = Mapping[str, Any]
Code = tuple[int, str, str, str]
SUM = "budget-code-to-budget-line"


def check(companies: Companies, by_flow: ByFlow) -> None:
    """A code that is synced with all its lines holds their sum to the cent, and each line names its budget line."""
    known = by_flow.get(PLANNING, {})
    codes: dict[Code, list[Row]] = {}
    homes = {row["number"]: row["procoreProjectId"] for row in companies.bc.tables.rows("projects")}
    for line in companies.bc.tables.rows("projectPlanningLines"):
        if line["id"] in known:
            home = homes.get(line["projectNumber"], 0)
            codes.setdefault((home, line["segmentCode"], line["taskNumber"], line["costTypeCode"]), []).append(line)
    for code, lines in codes.items():
        if all(known[line["id"]].state == "synced" for line in lines):
            _code(companies, by_flow, code, lines)
    for state in by_flow.get(SUM, {}).values():
        project = next(companies.procore.rows("wbs_codes", id=int(state.source_id)))["project_id"]
        if state.state == "parked" and not companies.procore.budget.is_locked(project):
            told = f"budget line {state.number} waits, and its budget is not locked: {state.reasons}"
            companies.found("parked records release themselves", told)


def _code(companies: Companies, by_flow: ByFlow, code: Code, lines: list[Row]) -> None:
    home, segment, task, cost_type = code
    flat = f"{segment}.{task}.{cost_type}"
    there = [
        row
        for row in companies.procore.rows("budget_line_items", project_id=home)
        if companies.procore.flat_code(row["wbs_code_id"]) == flat
    ]
    if len(there) != 1:
        companies.found("budgets are equal", f"{code} has {len(there)} budget lines")
        return
    (row,) = there
    for line in lines:
        if line["procoreBudgetLineItemId"] != row["id"]:
            told = f"planning line {line['lineNumber']} of {code} names {line['procoreBudgetLineItemId']}"
            companies.found("ids are written back", f"{told}, its budget line is {row['id']}")
    # A line that became invalid stays where it was last agreed, whatever code it names now (C-59).
    elsewhere = [
        line
        for line in companies.bc.tables.rows("projectPlanningLines")
        if line["procoreBudgetLineItemId"] == row["id"] and by_flow[PLANNING][line["id"]].state != "synced"
    ]
    held = by_flow.get(SUM, {}).get(str(row["wbs_code_id"]))
    if row["id"] in companies.by_hand or elsewhere or (held is not None and held.state == "parked"):
        return  # one that waits says what for; `check` tells whether it may wait
    wanted = sum((line["totalCost"] for line in lines), Decimal(0))
    if Decimal(row["original_budget_amount"]) != wanted:
        told = f"{code}: the budget is {row['original_budget_amount']}, its planning lines come to {wanted}"
        companies.found("budgets are equal", told)
