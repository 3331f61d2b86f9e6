"""Projects, their tasks, segments and planning lines (connector-api.md; BC 15.1 to 15.5, 15.11)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from adapters.sandbox.business_central.errors import must_be, must_have_value, rule
from adapters.sandbox.business_central.rules.base import Rules
from adapters.sandbox.business_central.values import BLANK, BLANK_DATE, ZERO, plain, rounded

if TYPE_CHECKING:
    from adapters.sandbox.business_central.records import Records
    from adapters.sandbox.business_central.storage import Row

WITH_CHANGE_ORDER = "Project_x0020_with_x0020_Change_x0020_Order"
NPC = "NPC_x0020_Change_x0020_Order"
ROOT_CLASSES = frozenset({"Base_x0020_Project", "Master_x0020_Job"})
_PLANNING_STATUS = {"Planning": "Planning", "Quote": "Quote", "Open": "Order", "Completed": "Completed"}  # BC 15.5
_COPIED = (
    "customerNumber",
    "billToCustomerNumber",
    "customerName",
    "currencyCode",
    "projectPostingGroup",
    "projectManager",
    "addressLine1",
    "addressLine2",
    "city",
    "state",
    "postalCode",
    "country",
)
_TOTALS = frozenset({"Total", "End_x002D_Total"})


def need_project(records: Records, number: str) -> Row:
    """The project of a line; the relation was checked before."""
    project = records.database.first("projects", number=number)
    if project is None:
        raise must_have_value("Job No.", "Project", f"No.='{number}'")
    return project


def is_posting_task(records: Records, project: str, task: str) -> bool:
    """Only posting tasks take lines (BC 15.2)."""
    row = records.database.first("projectTasks", projectNumber=project, taskNumber=task)
    return row is not None and row["taskType"] == "Posting"


def need_posting_task(records: Records, project: str, task: str) -> None:
    """Refuse any task that is not of type Posting (BC 15.2)."""
    row = records.database.first("projectTasks", projectNumber=project, taskNumber=task)
    if row is None or row["taskType"] != "Posting":
        key = f"Project No.='{project}',Project Task No.='{task}'"
        raise must_be("Project Task Type", "Posting", "Project Task", key, row["taskType"] if row else "")


def mark_changed(records: Records, project_number: str) -> None:
    """The first Regular change order or NPC child moves a root class, and no other (connector-api.md)."""
    project = records.database.first("projects", number=project_number)
    if project is not None and project["projectClass"] in ROOT_CLASSES:
        records.write("projects", project, projectClass=WITH_CHANGE_ORDER)


def _initial_project(records: Records, row: Row) -> None:
    row["status"] = "Open"
    row["creationDate"] = records.today()
    row["projectClass"] = records.setup()["defaultProjectClass"]


def _customer(records: Records, row: Row, _old: Any) -> None:
    customer = _unblocked(records, row["customerNumber"])
    row["customerName"] = customer["displayName"] if customer else ""
    if row["billToCustomerNumber"] == "":
        row["billToCustomerNumber"] = row["customerNumber"]
        _bill_to(records, row, "")


def _bill_to(records: Records, row: Row, _old: Any) -> None:
    customer = _unblocked(records, row["billToCustomerNumber"])
    if customer and row["currencyCode"] == "":
        row["currencyCode"] = customer["currencyCode"]


def _unblocked(records: Records, number: str) -> Row | None:
    customer = records.database.first("customers", number=number)
    if customer is not None and customer["blocked"] != BLANK:  # BC 15.11: any customer block
        raise rule(f'The customer {number} is blocked: "customerNumber" cannot be used on a project.')
    return customer


def _status(records: Records, row: Row, _old: Any) -> None:
    if row["status"] == "Completed":
        row["endingDate"] = records.today()


def _check_project(records: Records, before: Row | None, row: Row) -> None:
    if row["endingDate"] != BLANK_DATE and row["startingDate"] > row["endingDate"]:
        raise rule('"startingDate" must not be after "endingDate".')
    has_entries = bool(records.database.find("projectLedgerEntries", jobNumber=row["number"]))
    if before is not None and has_entries:
        for name in ("customerNumber", "billToCustomerNumber", "currencyCode"):
            if before[name] != row[name]:
                raise rule(f'"{name}" cannot be changed because ledger entries exist for project {row["number"]}.')
    if before is None:
        _check_child(records, row)


def _check_child(records: Records, row: Row) -> None:
    if row["parentProjectNumber"]:
        parent = need_project(records, row["parentProjectNumber"])
        for name in _COPIED:
            if row[name] == "":
                row[name] = parent[name]
        if row["procoreProjectId"] == 0:
            row["procoreProjectId"] = parent["procoreProjectId"]
    if row["procoreChangeOrderId"]:
        other = records.database.first("projects", procoreChangeOrderId=row["procoreChangeOrderId"])
        if other is not None:
            raise rule(f'"procoreChangeOrderId" {row["procoreChangeOrderId"]} is used by project {other["number"]}.')


def _stored_project(records: Records, before: Row | None, row: Row) -> None:
    if before is None and row["parentProjectNumber"] and row["projectClass"] == NPC:
        mark_changed(records, row["parentProjectNumber"])
    if before is not None and before["status"] != row["status"]:
        for line in records.database.find("projectPlanningLines", projectNumber=row["number"]):
            records.write("projectPlanningLines", line, status=_PLANNING_STATUS[row["status"]])


def _deleting_project(records: Records, row: Row) -> None:
    if records.database.find("projectLedgerEntries", jobNumber=row["number"]):
        raise rule(f"You cannot delete project {row['number']} because it has ledger entries.")


def _has_change_orders(records: Records, row: Row) -> bool:
    return bool(records.database.find("changeOrders", projectNumber=row["number"], changeOrderType="Regular"))


def _has_npc_projects(records: Records, row: Row) -> bool:
    children = records.database.find("projects", parentProjectNumber=row["number"])
    return any(child["procoreChangeOrderId"] for child in children)


def _check_project_segment(records: Records, before: Row | None, row: Row) -> None:
    if before is None and not row["description"]:
        segment = records.database.first("segments", code=row["segmentCode"])
        row["description"] = segment["description"] if segment else ""


def _check_task(records: Records, before: Row | None, row: Row) -> None:
    project = need_project(records, row["projectNumber"])
    if before is None:
        if project["billToCustomerNumber"] == "":  # BC 15.1
            raise must_have_value("Bill-to Customer No.", "Project", f"No.='{project['number']}'")
        if project["blocked"] == "All":  # BC 15.11
            raise rule(f'Project {project["number"]} must not be blocked with "blocked" All.')
    if row["projectPostingGroup"] and row["taskType"] != "Posting":
        raise rule('"projectPostingGroup" must be blank unless the task is of type Posting.')
    if row["totaling"] and row["taskType"] not in _TOTALS:
        raise rule('"totaling" can only be filled on tasks of type Total and End-Total.')
    if before is not None and before["taskType"] == "Posting" and row["taskType"] != "Posting" and _used(records, row):
        raise rule('"taskType" cannot be changed while planning lines or ledger entries exist.')


def _used(records: Records, task: Row) -> bool:
    pair = (task["projectNumber"], task["taskNumber"])
    return bool(
        records.database.find("projectPlanningLines", projectNumber=pair[0], taskNumber=pair[1])
        or records.database.find("projectLedgerEntries", jobNumber=pair[0], jobTaskNumber=pair[1])
    )


def _deleting_task(records: Records, row: Row) -> None:
    pair = {"jobNumber": row["projectNumber"], "jobTaskNumber": row["taskNumber"]}
    if records.database.find("projectLedgerEntries", **pair):
        raise rule(f"You cannot delete task {row['taskNumber']} because it has ledger entries.")
    for line in _planning_lines(records, row):
        records.delete("projectPlanningLines", line["id"])


def _planning_lines(records: Records, task: Row) -> list[Row]:
    pair = {"projectNumber": task["projectNumber"], "taskNumber": task["taskNumber"]}
    return records.database.find("projectPlanningLines", **pair)


def _budget_total(records: Records, task: Row) -> Decimal:
    # Budget totals count Budget and Both (BC 15.4).
    lines = (it for it in _planning_lines(records, task) if it["lineType"] != "Billable")
    return plain(sum((it["totalCost"] for it in lines), ZERO))


def _actual_total(records: Records, task: Row) -> Decimal:
    pair = {"jobNumber": task["projectNumber"], "jobTaskNumber": task["taskNumber"]}
    entries = (it for it in records.database.find("projectLedgerEntries", **pair) if it["entryType"] == "Usage")
    return plain(sum((it["amount"] for it in entries), ZERO))


def _outstanding(records: Records, task: Row) -> Decimal:
    pair = {"jobNumber": task["projectNumber"], "jobTaskNumber": task["taskNumber"]}
    return plain(sum((it["outstandingAmount"] for it in records.database.find("purchaseOrderLines", **pair)), ZERO))


def _initial_planning_line(records: Records, row: Row) -> None:
    project = records.database.first("projects", number=row["projectNumber"])
    row["planningDate"] = records.today()
    if project is not None:
        row["currencyCode"] = project["currencyCode"]
        row["status"] = _PLANNING_STATUS[project["status"]]


def _planning_type(records: Records, row: Row, _old: Any) -> None:
    row["number"] = ""
    _planning_number(records, row, "")


def _planning_number(_records: Records, row: Row, _old: Any) -> None:
    # A new number resets description, unit and all amounts (tables.md, Job Planning Line).
    row.update(description="", unitOfMeasureCode="", quantity=ZERO, unitCost=ZERO, unitPrice=ZERO, lineAmount=ZERO)


def _check_planning_line(records: Records, before: Row | None, row: Row) -> None:
    project = need_project(records, row["projectNumber"])
    if project["blocked"] == "All":  # BC 15.11
        raise rule(f'Project {project["number"]} must not be blocked with "blocked" All.')
    need_posting_task(records, row["projectNumber"], row["taskNumber"])
    if row["type"] == "Text" and (row["quantity"] or row["unitCost"]):
        raise rule('"quantity" and "unitCost" must be 0 when "type" is Text.')
    if row["type"] != "Text" and row["quantity"] and not row["number"]:
        key = f"Project No.='{row['projectNumber']}',Project Task No.='{row['taskNumber']}'"
        raise must_have_value("No.", "Project Planning Line", key)
    row["totalCost"] = rounded(row["quantity"] * row["unitCost"])
    if before is None or (before["quantity"], before["unitPrice"]) != (row["quantity"], row["unitPrice"]):
        row["lineAmount"] = rounded(row["quantity"] * row["unitPrice"])


PROJECT_RULES = {
    "projects": Rules(
        initial=_initial_project,
        validate={"customerNumber": _customer, "billToCustomerNumber": _bill_to, "status": _status},
        check=_check_project,
        stored=_stored_project,
        deleting=_deleting_project,
        owns=("projectPlanningLines", "projectTasks", "projectSegments"),
        flow={"hasChangeOrders": _has_change_orders, "hasNpcProjects": _has_npc_projects},
    ),
    "projectSegments": Rules(check=_check_project_segment),
    "projectTasks": Rules(
        check=_check_task,
        deleting=_deleting_task,
        flow={"budgetTotalCost": _budget_total, "actualTotalCost": _actual_total, "outstandingOrders": _outstanding},
    ),
    "projectPlanningLines": Rules(
        initial=_initial_planning_line,
        validate={"type": _planning_type, "number": _planning_number},
        check=_check_planning_line,
    ),
}
