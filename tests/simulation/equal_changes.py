"""What must be equal at rest between change orders of both systems, told from both companies' own tables."""

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tests.simulation.invariants import PROJECT, ByFlow, Companies, State

Row = Mapping[str, Any]

FLOW, NPC_FLOW = "change-order-to-change-order", "npc-change-order-to-project"
TYPES = {"prime": "Regular", "commitment": "Commitment"}
ROOTS = (
    "_x0020_",
    "Base_x0020_Project",
    "Master_x0020_Job",
    "Project_x0020_with_x0020_Change_x0020_Order",
)
KINDS = ("segment", "task", "type")
OPEN = ("pending", "in-flight", "failed")


def check(companies: Companies, by_flow: ByFlow) -> None:
    """Each approved order of a linked root project stands once in Business Central, equal to the cent."""
    orders: dict[int, list[Row]] = {}
    for row in companies.bc.tables.rows("changeOrders"):
        orders.setdefault(row["procoreChangeOrderId"], []).append(row)
    children = {row["procoreChangeOrderId"]: row for row in _children(companies)}
    packages = {_named(row): row for row in companies.procore.rows("change_order_packages")}
    for named, rows in orders.items():
        if named not in packages:
            companies.found("money is explained", f"change order {rows[0]['number']} stands for {named}")
        if len(rows) > 1:
            companies.found("one representation only", f"{[row['changeOrderType'] for row in rows]} of {named}")
    for named in children.keys() - packages.keys():
        companies.found("money is explained", f"project {children[named]['number']} stands for change order {named}")
    jobs = _roots(companies, by_flow)
    for named, package in packages.items():
        states = [state for flow in (FLOW, NPC_FLOW) if (state := by_flow.get(flow, {}).get(str(named))) is not None]
        _one(companies, package, states, orders.get(named, []), children.get(named), jobs.get(package["project_id"]))
    _classes(companies, by_flow)
    twice = Counter(row["procoreLineItemId"] for row in companies.bc.tables.rows("changeOrderLines"))
    for line, number in twice.items():
        if number > 1:
            companies.found("no duplicate counterpart", f"line {line} stands in Business Central {number} times")


def _one(
    companies: Companies, package: Row, states: list[State], rows: list[Row], child: Row | None, job: Row | None
) -> None:
    name = f"change order {_named(package)} ({package['side']} {package['number']})"
    told = [f"{state.flow} {state.state}: {state.reasons}" for state in states]
    for state in states:
        if state.state in OPEN:
            companies.found("at rest", f"{name}: {told}")
        free = job is not None and package["status"] == "approved" and not rows and child is None
        if state.state == "parked" and free and job is not None and _codes_exist(companies, package, job):
            companies.found("parked records release themselves", f"{name}: {told}")
    synced = [state for state in states if state.state == "synced"]
    if len(synced) > 1:
        companies.found("one representation only", f"{name}: {told}")
    if job is not None and package["status"] == "approved" and not states:
        companies.found("nothing approved is lost", f"{name} of {job['number']} has no state")
    if rows and not any(state.state in ("synced", "conflict", "excluded", "dead") for state in states):
        companies.found("money is explained", f"{name} stands in Business Central: {told}")
    if package["status"] != "approved" and synced:
        companies.found("an approval that is taken back is told", f"{name}: {told}")
    if synced and package["status"] == "approved":
        _equal(companies, name, package, synced[0], rows, child)


def _equal(companies: Companies, name: str, package: Row, state: State, rows: list[Row], child: Row | None) -> None:
    kind = "NPC" if state.flow == NPC_FLOW else TYPES[package["side"]]
    if [row["changeOrderType"] for row in rows] != [kind]:
        companies.found("both sides are equal", f"{name} is synced as {kind}; there are {len(rows)} orders")
        return
    (row,) = rows
    wanted = {
        line["id"]: (Decimal(line["amount"]), companies.procore.flat_code(line["wbs_code_id"]).upper())
        for line in _lines(companies, package)
    }
    there = {
        line["procoreLineItemId"]: (line["amount"], _code(line))
        for line in companies.bc.tables.rows("changeOrderLines")
        if line["changeOrderNumber"] == row["number"]
    }
    if wanted != there or row["amount"] != Decimal(package["grand_total"]):
        companies.found("money is equal", f"{name}: {there} in Business Central, wanted is {wanted}")
    if row["status"] == "Open":
        companies.found("both sides are equal", f"{name} is synced, and its status is Open")
    if package["origin_id"] != f"bc:{companies.bc.company_id}:changeOrders:{row['id']}":
        companies.found("ids are written back", f"{name} carries {package['origin_id']}, it is {row['id']}")
    # A project that people deleted in Business Central is drift, and nobody makes it again.
    deleted = any(each["entitySetName"] == "projects" for each in companies.bc.tables.rows("deletedRecords"))
    lost = child is None and not deleted
    if kind == "NPC" and (lost or (child is not None and child["parentProjectNumber"] != row["projectNumber"])):
        companies.found("both sides are equal", f"{name} is NPC, and its project is {child and child['number']}")
    if kind != "NPC" and child is not None:
        companies.found("one representation only", f"{name} is {kind} and has project {child['number']}")


def _lines(companies: Companies, package: Row) -> list[Row]:
    potentials = [each["id"] for each in companies.procore.rows("potential_change_orders", package_id=package["id"])]
    return [
        line
        for potential in potentials
        for line in companies.procore.rows("change_order_line_items", potential_change_order_id=potential)
    ]


def _codes_exist(companies: Companies, package: Row, job: Row) -> bool:
    """Business Central has segment, task and cost type of every line: nothing is left to wait for."""
    rows, number = companies.bc.tables.rows, job["number"]
    here = {
        *(("segment", row["segmentCode"]) for row in rows("projectSegments") if row["projectNumber"] == number),
        *(
            ("task", row["taskNumber"])
            for row in rows("projectTasks")
            if row["projectNumber"] == number and row["taskType"] == "Posting"
        ),
        *(("type", row["code"]) for row in rows("costTypes")),
    }
    for line in _lines(companies, package):
        code = companies.procore.flat_code(line["wbs_code_id"]).upper().split(".")
        if len(code) != len(KINDS) or not set(zip(KINDS, code, strict=True)) <= here:
            return False
    return True


def _classes(companies: Companies, by_flow: ByFlow) -> None:
    """A root project with an order that is synced has the class that says so; a child keeps its own."""
    synced = {id_ for flow in (FLOW, NPC_FLOW) for id_, it in by_flow.get(flow, {}).items() if it.state == "synced"}
    jobs = {row["number"]: row for row in companies.bc.tables.rows("projects")}
    for order in companies.bc.tables.rows("changeOrders"):
        job = jobs.get(order["projectNumber"])
        if job is not None and str(order["procoreChangeOrderId"]) in synced and job["projectClass"] in ROOTS[:3]:
            companies.found("the class tells of change orders", f"{job['number']} is {job['projectClass']}")
    for child in _children(companies):
        if child["projectClass"] != "NPC_x0020_Change_x0020_Order":
            companies.found("the class tells of change orders", f"{child['number']} is {child['projectClass']}")


def _roots(companies: Companies, by_flow: ByFlow) -> dict[int, Row]:
    """Procore project -> its job, for linked root projects."""
    return {
        row["procoreProjectId"]: row
        for row in companies.bc.tables.rows("projects")
        if row["sendToProcore"] and not row["parentProjectNumber"] and row["projectClass"] in ROOTS
        if (state := by_flow.get(PROJECT, {}).get(row["id"])) is not None and state.state == "synced"
    }


def _children(companies: Companies) -> list[Row]:
    return [row for row in companies.bc.tables.rows("projects") if row["procoreChangeOrderId"]]


def _named(package: Row) -> int:
    named: int = package["change_order_id"] or package["id"]
    return named


def _code(line: Row) -> str:
    return ".".join(line[field] for field in ("segmentCode", "jobTaskNumber", "costTypeCode") if line[field])
