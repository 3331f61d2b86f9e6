"""Projects, tasks and planning lines keep the rules of Business Central."""

from decimal import Decimal
from typing import Any

import pytest

from adapters.sandbox.business_central import BusinessCentral, Refusal


def refused(code: str, words: str = "") -> Any:
    return pytest.raises(Refusal, check=lambda error: error.code == code and words in error.message)


def line(bc: BusinessCentral, **fields: Any) -> dict[str, Any]:
    return bc.tables.insert("projectPlanningLines", projectNumber="P1", taskNumber="01-100", **fields)


def test_a_project_starts_open_with_its_customer_as_bill_to(bc: BusinessCentral) -> None:
    project = bc.tables.find("projects", number="P1")

    assert (project["status"], project["billToCustomerNumber"], project["customerName"]) == (
        "Open",
        "C1",
        "City of Ashford",
    )
    assert project["projectClass"] == "Base_x0020_Project"
    assert project["creationDate"] == "2026-03-02"


def test_a_blocked_customer_cannot_be_chosen(bc: BusinessCentral) -> None:
    bc.tables.insert("customers", number="C2", displayName="Blocked", blocked="Ship")

    with refused("Application_DialogException", '"customerNumber"'):
        bc.tables.insert("projects", displayName="X", customerNumber="C2")


def test_a_project_cannot_end_before_it_starts(bc: BusinessCentral) -> None:
    with refused("Application_DialogException", '"startingDate"'):
        bc.tables.insert(
            "projects", displayName="X", customerNumber="C1", startingDate="2026-05-01", endingDate="2026-04-30"
        )


def test_completing_a_project_ends_it_and_its_planning_lines(bc: BusinessCentral) -> None:
    line(bc, type="Text")
    project = bc.tables.find("projects", number="P1")

    done = bc.tables.update("projects", project["id"], status="Completed")

    assert done["endingDate"] == "2026-03-02"
    assert bc.tables.rows("projectPlanningLines")[0]["status"] == "Completed"


def test_a_child_takes_over_from_its_parent_and_marks_it(bc: BusinessCentral) -> None:
    parent = bc.tables.find("projects", number="P1")
    bc.tables.update("projects", parent["id"], procoreProjectId=900, city="Ashford")

    child = bc.tables.insert(
        "projects",
        displayName="Added wing",
        customerNumber="C1",
        parentProjectNumber="P1",
        procoreChangeOrderId=55,
        projectClass="NPC Change Order",
    )

    assert (child["procoreProjectId"], child["city"]) == (900, "Ashford")
    parent = bc.tables.find("projects", number="P1")
    assert parent["projectClass"] == "Project_x0020_with_x0020_Change_x0020_Order"
    assert parent["hasNpcProjects"] is True
    with refused("Application_DialogException", '"procoreChangeOrderId"'):
        bc.tables.insert("projects", displayName="Twice", customerNumber="C1", procoreChangeOrderId=55)


def test_a_project_without_bill_to_takes_no_task(bc: BusinessCentral) -> None:
    with bc.tables.older_data():
        bc.tables.insert("projects", number="OLD", displayName="No customer")

    with refused("Application_FieldValidationException", "Bill-to Customer No."):
        bc.tables.insert("projectTasks", projectNumber="OLD", taskNumber="1")


def test_a_blocked_project_takes_no_task_and_no_planning_line(bc: BusinessCentral) -> None:
    bc.tables.update("projects", bc.tables.find("projects", number="P1")["id"], blocked="All")

    with refused("Application_DialogException", "blocked"):
        bc.tables.insert("projectTasks", projectNumber="P1", taskNumber="1")
    with refused("Application_DialogException", "blocked"):
        line(bc, type="Text")


def test_only_totals_carry_a_totaling(bc: BusinessCentral) -> None:
    with refused("Application_DialogException", '"totaling"'):
        bc.tables.insert("projectTasks", projectNumber="P1", taskNumber="1", totaling="1..2")
    bc.tables.insert("projectTasks", projectNumber="P1", taskNumber="9", taskType="End-Total", totaling="1..8")


def test_only_posting_tasks_take_planning_lines(bc: BusinessCentral) -> None:
    bc.tables.insert("projectTasks", projectNumber="P1", taskNumber="01-000", taskType="Heading")

    with refused("Application_FieldValidationException", "Posting"):
        bc.tables.insert("projectPlanningLines", projectNumber="P1", taskNumber="01-000", type="Text")


def test_a_task_with_lines_stays_a_posting_task(bc: BusinessCentral) -> None:
    line(bc, type="Text")
    task = bc.tables.rows("projectTasks")[0]

    with refused("Application_DialogException", '"taskType"'):
        bc.tables.update("projectTasks", task["id"], taskType="Heading")


def test_planning_lines_count_by_ten_thousand_and_multiply_out(bc: BusinessCentral) -> None:
    first = line(bc, type="Resource", number="R1", quantity=Decimal("3.5"), unitCost=Decimal("33.33333"))
    second = line(bc, lineType="Billable", type="Resource", number="R1", quantity=1, unitCost=500)

    assert (first["lineNumber"], second["lineNumber"]) == (10000, 20000)
    assert (first["totalCost"], first["status"]) == (Decimal("116.67"), "Order")
    assert bc.tables.rows("projectTasks")[0]["budgetTotalCost"] == Decimal("116.67")


def test_a_field_that_resets_others_wins_over_what_came_before_it(bc: BusinessCentral) -> None:
    row = bc.tables.insert(
        "projectPlanningLines", projectNumber="P1", taskNumber="01-100", quantity=5, type="Resource", number="R1"
    )

    assert row["quantity"] == 0


def test_a_text_line_has_no_quantity(bc: BusinessCentral) -> None:
    with refused("Application_DialogException", '"quantity"'):
        line(bc, type="Text", quantity=1)


def test_a_project_takes_its_tasks_lines_and_segments_along_when_deleted(bc: BusinessCentral) -> None:
    line(bc, type="Text")

    bc.tables.delete("projects", bc.tables.find("projects", number="P1")["id"])

    assert [row["recordNumber"] for row in bc.tables.rows("deletedRecords")] == [
        "P1|01-100|10000",
        "P1|01-100",
        "P1|BLDG-A",
        "P1",
    ]


def test_a_regular_change_order_marks_its_project_once(bc: BusinessCentral) -> None:
    bc.tables.insert(
        "changeOrders",
        projectNumber="P1",
        changeOrderType="Regular",
        title="Footing",
        procoreProjectId=1,
        procoreChangeOrderId=2,
        changeOrderLines=[{"jobTaskNumber": "01-100", "segmentCode": "BLDG-A", "costTypeCode": "L", "amount": 1250}],
    )

    project = bc.tables.find("projects", number="P1")
    order = bc.tables.rows("changeOrders")[0]
    assert project["projectClass"] == "Project_x0020_with_x0020_Change_x0020_Order"
    assert project["hasChangeOrders"] is True
    assert (order["number"], order["status"], order["amount"]) == ("CO000001", "Open", 1250)
    with refused("Internal_EntityWithSameKeyExists"):
        bc.tables.insert(
            "changeOrders",
            projectNumber="P1",
            changeOrderType="Regular",
            title="Again",
            procoreProjectId=1,
            procoreChangeOrderId=2,
        )


def test_applying_a_change_order_adds_to_the_budget_once(bc: BusinessCentral) -> None:
    order = bc.tables.insert(
        "changeOrders",
        projectNumber="P1",
        changeOrderType="Regular",
        title="Footing",
        procoreProjectId=1,
        procoreChangeOrderId=2,
        changeOrderLines=[{"jobTaskNumber": "01-100", "costTypeCode": "L", "amount": Decimal("1250.55")}],
    )

    bc.tables.act("changeOrders", order["id"], "apply")

    (planned,) = bc.tables.rows("projectPlanningLines")
    assert (planned["totalCost"], planned["changeOrderNumber"]) == (Decimal("1250.55"), "CO000001")
    assert bc.tables.rows("changeOrderLines")[0]["planningLineNumber"] == 10000
    with refused("Application_DialogException", '"status"'):
        bc.tables.act("changeOrders", order["id"], "apply")


def test_a_change_order_line_needs_a_posting_task_and_a_segment_of_the_project(bc: BusinessCentral) -> None:
    bc.tables.insert("segments", code="ELSEWHERE")
    order = bc.tables.insert(
        "changeOrders",
        projectNumber="P1",
        changeOrderType="NPC",
        title="X",
        procoreProjectId=1,
        procoreChangeOrderId=2,
    )["number"]

    with refused("Application_FieldValidationException", "Posting"):
        bc.tables.insert("changeOrderLines", changeOrderNumber=order, jobTaskNumber="NOPE", amount=1)
    with refused("Internal_InvalidTableRelation"):
        bc.tables.insert(
            "changeOrderLines", changeOrderNumber=order, jobTaskNumber="01-100", segmentCode="ELSEWHERE", amount=1
        )


def test_a_renamed_task_keeps_its_id_and_takes_its_lines_along(bc: BusinessCentral) -> None:
    line(bc, type="Text")
    task = bc.tables.rows("projectTasks")[0]

    renamed = bc.tables.update("projectTasks", task["id"], taskNumber="01-150")

    assert renamed["id"] == task["id"]
    assert bc.tables.rows("projectPlanningLines")[0]["taskNumber"] == "01-150"


def test_a_renamed_project_takes_everything_along(bc: BusinessCentral) -> None:
    project = bc.tables.find("projects", number="P1")

    bc.tables.update("projects", project["id"], number="P100")

    assert bc.tables.rows("projectTasks")[0]["projectNumber"] == "P100"
    assert bc.tables.rows("projectSegments")[0]["projectNumber"] == "P100"


def test_an_order_cannot_be_renamed(bc: BusinessCentral) -> None:
    order = bc.tables.insert("purchaseOrders", vendorNumber="V1")

    with refused("Application_DialogException", "rename"):
        bc.tables.update("purchaseOrders", order["id"], number="OTHER")
