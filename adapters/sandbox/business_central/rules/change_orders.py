"""Change orders and their lines (connector-api.md, changeOrders)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from adapters.sandbox.business_central.errors import no_related, rule
from adapters.sandbox.business_central.rules.base import Rules
from adapters.sandbox.business_central.rules.projects import mark_changed, need_posting_task, need_project
from adapters.sandbox.business_central.values import ZERO, plain

if TYPE_CHECKING:
    from adapters.sandbox.business_central.records import Records
    from adapters.sandbox.business_central.storage import Row

_ONE = Decimal(1)


def _check_order(records: Records, before: Row | None, row: Row) -> None:
    if before is None:
        row["status"] = "Open"  # insert gives Open
        row["currencyCode"] = need_project(records, row["projectNumber"])["currencyCode"]


def _stored_order(records: Records, before: Row | None, row: Row) -> None:
    if before is None and row["changeOrderType"] == "Regular":
        mark_changed(records, row["projectNumber"])


def _lines(records: Records, order: Row) -> list[Row]:
    found = records.database.find("changeOrderLines", changeOrderNumber=order["number"])
    return sorted(found, key=lambda line: line["lineNumber"])


def _amount(records: Records, row: Row) -> Decimal:
    return plain(sum((line["amount"] for line in _lines(records, row)), ZERO))


def _npc_project(records: Records, row: Row) -> str:
    if row["changeOrderType"] != "NPC":
        return ""
    project = records.database.first("projects", procoreChangeOrderId=row["procoreChangeOrderId"])
    return project["number"] if project else ""


def _initial_line(_records: Records, row: Row) -> None:
    row["quantity"] = _ONE


def _check_line(records: Records, _before: Row | None, row: Row) -> None:
    order = records.database.first("changeOrders", number=row["changeOrderNumber"])
    if order is None:
        raise no_related("Change Order No.", row["changeOrderNumber"], "Change Order Line")
    need_posting_task(records, order["projectNumber"], row["jobTaskNumber"])
    pair = {"projectNumber": order["projectNumber"], "segmentCode": row["segmentCode"]}
    if row["segmentCode"] and records.database.first("projectSegments", **pair) is None:
        raise no_related("Segment Code", row["segmentCode"], "Change Order Line")


def _apply(records: Records, row: Row) -> None:
    """One Budget planning line for each line; repeating it is an error."""
    if row["status"] in {"Applied", "Canceled"}:
        raise rule(f'"status" of change order {row["number"]} is {row["status"]}: it cannot be applied.')
    for line in _lines(records, row):
        fields = {
            "projectNumber": row["projectNumber"],
            "taskNumber": line["jobTaskNumber"],
            "lineType": "Budget",
            "type": "G/L Account",
            "number": "5000",
            "description": line["description"],
            "quantity": line["quantity"],
            "unitOfMeasureCode": line["unitOfMeasureCode"],
            "unitCost": line["amount"] / line["quantity"] if line["quantity"] else ZERO,
            "segmentCode": line["segmentCode"],
            "costTypeCode": line["costTypeCode"],
            "changeOrderNumber": row["number"],
            "changeOrderLineNumber": line["lineNumber"],
        }
        planning = records.insert("projectPlanningLines", **fields)
        records.write("changeOrderLines", line, planningLineNumber=planning["lineNumber"])
    records.write("changeOrders", row, status="Applied")


CHANGE_ORDER_RULES = {
    "changeOrders": Rules(
        check=_check_order,
        stored=_stored_order,
        owns=("changeOrderLines",),
        flow={"amount": _amount, "npcProjectNumber": _npc_project},
        actions={"apply": _apply},
    ),
    "changeOrderLines": Rules(initial=_initial_line, check=_check_line),
}
