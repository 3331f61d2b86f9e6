"""The tables of both systems as an auditor reads them: what belongs together, and what has to be there."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from tests.journeys.harness import World

Row = dict[str, Any]

_DIMENSIONS = (("sub_job", "sub_jobs"), ("cost_code", "cost_codes"), ("line_item_type", "line_item_types"))


def living(it: World, table: str) -> list[Row]:
    """Rows of Procore that nobody deleted."""
    return [row for row in it.procore.state.table(table).values() if row.get("deleted_at") is None]


def origin(it: World, entity_set: str, row: Row) -> str:
    """The name by which Procore has to know a record of Business Central (I2)."""
    return f"bc:{it.bc.company_id.lower()}:{entity_set}:{row['id'].lower()}"


def companies(it: World) -> dict[str, Row]:
    """The companies of Procore by the number of their vendor."""
    return {row["origin_code"]: row for row in living(it, "vendors") if row.get("origin_code")}


def wanted(it: World, entity_set: str) -> list[Row]:
    """The records of a set that Procore has to hold, once nothing waits any more."""
    rows = it.bc.tables.rows
    match entity_set:
        case "projects":
            return [row for row in rows(entity_set) if row["sendToProcore"]]
        case "projectSegments" | "projectTasks":
            flagged = {row["number"] for row in wanted(it, "projects")}
            found = [row for row in rows(entity_set) if row["projectNumber"] in flagged]
            return [row for row in found if row.get("taskType", "Posting") == "Posting"]
        case "purchaseOrders":
            flagged = {row["number"] for row in wanted(it, "projects")}
            filled = {row["documentNumber"] for row in _flagged_lines(it)}
            found = [row for row in rows(entity_set) if row["sendToProcore"] and row["number"] in filled]
            return [row for row in found if row["jobNumber"] in flagged and row["vendorNumber"] in companies(it)]
        case "purchaseOrderLines":
            orders = {row["number"] for row in wanted(it, "purchaseOrders")}
            return [row for row in _flagged_lines(it) if row["documentNumber"] in orders]
        case _:
            return rows(entity_set)


def _flagged_lines(it: World) -> list[Row]:
    # A line without a number is a comment.
    return [row for row in it.bc.tables.rows("purchaseOrderLines") if row["sendToProcore"] and row["number"]]


def pairs(it: World, entity_set: str, table: str) -> Iterator[tuple[Row, Row | None]]:
    """Each record with its counterpart; of several the first, for the others are counted as duplicates."""
    found: dict[str, Row] = {}
    for row in living(it, table):
        found.setdefault(row.get("origin_id") or "", row)
    for row in wanted(it, entity_set):
        yield row, found.get(origin(it, entity_set, row))


def project_number(it: World, row: Row) -> str:
    """The number of the project that a row of Procore belongs to."""
    return it.procore.state.table("projects")[row["project_id"]]["project_number"]


def full_code(it: World, row: Row) -> str:
    """A cost code with all tiers above it."""
    if row.get("parent_id") is None:
        return row["code"]
    return f"{full_code(it, it.procore.state.table('cost_codes')[row['parent_id']])}-{row['code']}"


def dimensions(it: World, line: Row) -> tuple[str, ...]:
    """Sub job, cost code and cost type of the budget code on which a line of Procore stands."""
    items: dict[int, int] = it.procore.state.table("wbs_codes")[line["wbs_code_id"]]["items"]
    told: list[str] = []
    for kind, table in _DIMENSIONS:
        item = items.get(it.procore.segments[kind]["id"])
        row = next((row for row in living(it, table) if row["item_id"] == item), None)
        told.append("" if row is None else full_code(it, row) if kind == "cost_code" else row["code"])
    return tuple(told)


def differences(name: str, expected: Row, found: Row) -> Iterator[str]:
    """One line for each field of Procore that is not as expected."""
    for field, value in expected.items():
        if found.get(field) != value:
            yield f"{name}: {field} is {_plain(found.get(field))} in Procore, not {_plain(value)}"


def _plain(value: object) -> str:
    return format(value, "f") if isinstance(value, Decimal) else repr(value)
