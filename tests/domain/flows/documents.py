"""Documents of Business Central as the connector shows them, whole and valid; a test changes what it is about."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from domain.flow import Known
from domain.flows.budget_code_to_wbs_code import needed as needed_code
from domain.flows.vendor_to_project_directory import needed as needed_member
from domain.values import Json
from tests.ledger_story import BC_COMPANY, known

COMPANY = BC_COMPANY.lower()
ETAG = 'W/"JzE5OzEyMzQ1Njc4OTA7MDAnOw=="'
RELEASED = "Released"


def vendor(**fields: Any) -> Json:
    """A vendor that is flagged."""
    return {
        "@odata.etag": ETAG,
        "id": "11111111-0000-0000-0000-000000000001",
        "number": "V10",
        "displayName": "Harbour Concrete",
        "addressLine1": "1 Quay",
        "addressLine2": "Unit 2",
        "city": "Portland",
        "state": "OR",
        "postalCode": "97201",
        "country": "US",
        "phoneNumber": "503 555 0100",
        "email": "office@harbour.example",
        "taxRegistrationNumber": "93-1234567",
        "sendToProcore": True,
        **fields,
    }


def cost_type(**fields: Any) -> Json:
    """A cost type."""
    return {
        "@odata.etag": ETAG,
        "id": "22222222-0000-0000-0000-000000000001",
        "code": "L",
        "description": "Labor",
        "blocked": False,
        **fields,
    }


def segment(**fields: Any) -> Json:
    """A segment of a named type."""
    return {
        "@odata.etag": ETAG,
        "id": "33333333-0000-0000-0000-000000000001",
        "code": "EAST",
        "description": "East wing",
        "segmentType": "Building",
        "parentCode": "",
        "blocked": False,
        "sendToProcore": True,
        **fields,
    }


def project(**fields: Any) -> Json:
    """A flagged project without segments."""
    return {
        "@odata.etag": ETAG,
        "id": "44444444-0000-0000-0000-000000000001",
        "number": "J1",
        "displayName": "Harbour House",
        "description2": "Twelve flats",
        "customerNumber": "",
        "startingDate": "2026-03-01",
        "endingDate": "0001-01-01",
        "addressLine1": "3 Quay",
        "addressLine2": "",
        "city": "Portland",
        "state": "OR",
        "postalCode": "97201",
        "country": "US",
        "projectClass": "Base_x0020_Project",
        "parentProjectNumber": "",
        "procoreChangeOrderId": 0,
        "sendToProcore": True,
        "projectSegments": [],
        **fields,
    }


def project_segment(**fields: Any) -> Json:
    """A segment of the project."""
    return {
        "@odata.etag": ETAG,
        "id": "55555555-0000-0000-0000-000000000001",
        "projectNumber": "J1",
        "segmentCode": "EAST",
        "description": "East wing",
        "blocked": False,
        **fields,
    }


def task(**fields: Any) -> Json:
    """A posting task."""
    return {
        "@odata.etag": ETAG,
        "id": "66666666-0000-0000-0000-000000000001",
        "projectNumber": "J1",
        "taskNumber": "01-100",
        "description": "Formwork",
        "taskType": "Posting",
        **fields,
    }


def planning_line(number: int = 1, **fields: Any) -> Json:
    """A flagged planning line of job J1: two panels at 3.50."""
    return {
        "@odata.etag": ETAG,
        "id": f"99999999-0000-0000-0000-00000000000{number}",
        "projectNumber": "J1",
        "taskNumber": "01-100",
        "lineNumber": number * 10000,
        "lineType": "Budget",
        "type": "Item",
        "number": "PANEL",
        "description": "Panels",
        "quantity": Decimal(2),
        "unitOfMeasureCode": "EA",
        "unitCost": Decimal("3.50"),
        "totalCost": Decimal("7.00"),
        "currencyCode": "",
        "segmentCode": "EAST",
        "costTypeCode": "M",
        "changeOrderNumber": "",
        "sendBudgetLineToProcore": True,
        **fields,
    }


def order_line(number: int = 1, **fields: Any) -> Json:
    """A flagged line of an order: two panels at 3.50."""
    return {
        "@odata.etag": ETAG,
        "id": f"88888888-0000-0000-0000-00000000000{number}",
        "documentNumber": "PO-1",
        "lineNumber": number * 10000,
        "lineType": "Item",
        "description": f"Panels {number}",
        "quantity": Decimal(2),
        "unitOfMeasureCode": "",
        "directUnitCost": Decimal("3.50"),
        "lineDiscountPercent": Decimal(0),
        "lineAmount": Decimal("7.00"),
        "amount": Decimal("7.00"),
        "jobNumber": "",
        "jobTaskNumber": "01-100",
        "segmentCode": "EAST",
        "costTypeCode": "M",
        "sendToProcore": True,
        **fields,
    }


def order(*lines: Json, **fields: Any) -> Json:
    """A flagged order of job J1 that is released."""
    return {
        "@odata.etag": ETAG,
        "id": "77777777-0000-0000-0000-000000000001",
        "number": "PO-1",
        "vendorNumber": "V10",
        "documentDate": "2026-03-02",
        "orderDate": "2026-03-01",
        "requestedReceiptDate": "2026-03-20",
        "currencyCode": "",
        "pricesIncludeTax": False,
        "paymentTermsCode": "30 DAYS",
        "yourReference": "Panels for the east wing",
        "jobNumber": "J1",
        "commitmentType": "Purchase_x0020_Order",
        "status": RELEASED,
        "retentionPercent": Decimal(0),
        "sendToProcore": True,
        "purchaseOrderLines": list(lines or (order_line(1), order_line(2))),
        **fields,
    }


def linked_order(
    *jobs: str, segment: str = "EAST", task: str = "01-100", cost_type: str = "M"
) -> Mapping[tuple[str, str], Known]:
    """Everything that an order of these jobs refers to: project 701 for the first job, 702 for the second."""
    found = {("vendor", "V10"): known("vendors", "55")}
    for place, job in enumerate(jobs or ("J1",), 1):
        found[("project", job)] = known("projects", f"70{place}")
        member, code = needed_member(job, "V10"), needed_code(job, segment, task, cost_type)
        found[(member.kind, member.key)] = known("project_vendors", "55", parent=f"70{place}")
        found[(code.kind, code.key)] = known("wbs_codes", f"80{place}", parent=f"70{place}")
        found[("project_task", f"{job}|{task}")] = known("cost_codes", "60", facet="Posting")
    return found
