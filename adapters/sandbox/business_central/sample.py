"""A sample company: a general contractor with a dozen jobs, its vendors, budgets and orders.

Deterministic, and deliberately uneven: unflagged rows, heading and total tasks, awkward cents, orders that are not
released, and one older order that breaks several rules at once.
"""

from decimal import Decimal
from typing import Any

from adapters.sandbox.business_central.records import Records
from adapters.sandbox.business_central.stand_in import BusinessCentral

BROKEN_ORDER = "PO000090"
"""Older data: flagged, and wrong in several places."""

CUSTOMERS = (
    ("C00010", "Lakeside Regional Medical Center", "400 Harbor Drive", "Milwaukee", "WI", "53202"),
    ("C00020", "Riverbend School District 12", "75 Academy Street", "Rockford", "IL", "61101"),
    ("C00030", "State Department of Transportation", "1 Capitol Square", "Madison", "WI", "53703"),
    ("C00040", "Meridian Logistics Partners LLC", "2200 Commerce Parkway", "Joliet", "IL", "60436"),
    ("C00050", "Harbor Point Residences LP", "18 Quay Street", "Chicago", "IL", "60611"),
    ("C00060", "City of Ashford", "300 Main Street", "Ashford", "WI", "54901"),
)
COST_TYPES = (
    ("L", "Labor", "5100"),
    ("M", "Material", "5200"),
    ("E", "Equipment", "5300"),
    ("S", "Subcontract", "5400"),
    ("O", "Other", "5900"),
)
ACCOUNTS = {code: account for code, _, account in COST_TYPES}
SUB_JOBS = (
    ("SITE", "Site work"),
    ("BLDG-A", "Building A"),
    ("BLDG-B", "Building B"),
    ("CORE", "Core and shell"),
    ("DECK", "Bridge deck"),
    ("UTIL", "Underground utilities"),
)
LOCATIONS = (
    ("NORTH", "North wing", ""),
    ("NORTH-L1", "North wing, level 1", "NORTH"),
    ("NORTH-L2", "North wing, level 2", "NORTH"),
    ("SOUTH", "South wing", ""),
    ("SOUTH-L1", "South wing, level 1", "SOUTH"),
)
# Number, name, tax number, flagged, subcontractor, blocked, city.
VENDORS = (
    ("V00010", "Acme Concrete Supply Co.", "39-1048822", True, False, "", "Milwaukee"),
    ("V00020", "Badger Structural Steel Inc.", "39-2210475", True, True, "", "Waukesha"),
    ("V00030", "Great Lakes Electrical Contractors", "36-3399120", True, True, "", "Chicago"),
    ("V00040", "Hoffman Plumbing & Heating LLC", "39-5567018", True, True, "", "Madison"),
    ("V00050", "Midwest Crane Rental", "", True, False, "", "Rockford"),
    ("V00060", "Prairie Glass and Glazing", "36-8842213", True, True, "", "Naperville"),
    ("V00070", "Summit Roofing Systems", "", True, True, "", "Appleton"),
    ("V00080", "Tri-County Excavating", "39-7710034", True, True, "", "Janesville"),
    ("V00090", "United Building Supply", "36-1120098", True, False, "", "Elgin"),
    ("V00100", "Västerås Façade Systems AB", "SE556677-8899", True, True, "", "Västerås"),
    ("V00110", "Office Depot Business Account", "", False, False, "", "Milwaukee"),
    ("V00120", "O'Brien & Sons Masonry", "39-4402156", True, True, "Payment", "Beloit"),
    ("V00130", "Northern Fuel Delivery", "", False, False, "All", "Oshkosh"),
)
# Name, customer, address, city, state, postal code, flagged, budget flagged, sub jobs.
PROJECTS = (
    (
        "Lakeside Hospital - East Wing Expansion",
        "C00010",
        "410 Harbor Drive",
        "Milwaukee",
        "WI",
        "53202",
        True,
        True,
        ("BLDG-A", "SITE", "NORTH-L1", "NORTH-L2"),
    ),
    (
        "Riverbend Elementary School",
        "C00020",
        "1200 Willow Road",
        "Rockford",
        "IL",
        "61101",
        True,
        True,
        ("BLDG-A", "BLDG-B", "SITE"),
    ),
    (
        "I-43 Bridge Deck Replacement",
        "C00030",
        "I-43 Mile 72",
        "Milwaukee",
        "WI",
        "53212",
        True,
        False,
        ("DECK", "SITE"),
    ),
    (
        "Meridian Distribution Warehouse 7",
        "C00040",
        "2450 Commerce Parkway",
        "Joliet",
        "IL",
        "60436",
        True,
        True,
        ("CORE", "SITE", "UTIL"),
    ),
    (
        "Harbor Point Tower - 24 Units",
        "C00050",
        "22 Quay Street",
        "Chicago",
        "IL",
        "60611",
        True,
        True,
        ("CORE", "UTIL"),
    ),
    (
        "Ashford Water Treatment Upgrade",
        "C00060",
        "90 Reservoir Lane",
        "Ashford",
        "WI",
        "54901",
        True,
        False,
        ("UTIL", "SITE"),
    ),
    (
        "Lakeside Parking Structure",
        "C00010",
        "430 Harbor Drive",
        "Milwaukee",
        "WI",
        "53202",
        True,
        False,
        ("CORE", "SITE"),
    ),
    (
        "Riverbend High School Gymnasium",
        "C00020",
        "1400 Willow Road",
        "Rockford",
        "IL",
        "61101",
        True,
        False,
        ("BLDG-A",),
    ),
    ("County Road C Culverts", "C00030", "County Road C", "Madison", "WI", "53704", False, False, ("SITE",)),
    (
        "Meridian Cold Storage Fit-out",
        "C00040",
        "2460 Commerce Parkway",
        "Joliet",
        "IL",
        "60436",
        True,
        False,
        ("BLDG-B",),
    ),
    (
        "Ashford Fire Station No. 2",
        "C00060",
        "12 Station Road",
        "Ashford",
        "WI",
        "54901",
        True,
        False,
        ("BLDG-A", "SITE"),
    ),
    ("Warranty and small works 2026", "C00060", "300 Main Street", "Ashford", "WI", "54901", False, False, ()),
)
# Number, description, type, totaling.
TASKS = (
    ("00-000", "Project", "Heading", ""),
    ("01-000", "General requirements", "Begin-Total", ""),
    ("01-100", "Supervision", "Posting", ""),
    ("01-500", "Temporary facilities", "Posting", ""),
    ("01-999", "Total general requirements", "End-Total", "01-000..01-999"),
    ("03-000", "Concrete", "Begin-Total", ""),
    ("03-100", "Formwork", "Posting", ""),
    ("03-300", "Cast-in-place concrete", "Posting", ""),
    ("03-999", "Total concrete", "End-Total", "03-000..03-999"),
    ("05-100", "Structural steel", "Posting", ""),
    ("26-050", "Electrical rough-in", "Posting", ""),
    ("31-200", "Earthwork", "Posting", ""),
    ("99-999", "Total", "Total", "00-000..99-999"),
)
# Task, cost type, quantity, unit, unit cost.
BUDGET = (
    ("01-100", "L", "960", "HR", "78.50"),
    ("01-500", "O", "14", "MO", "4125.75"),
    ("03-100", "L", "2210.5", "HR", "61.33333"),
    ("03-300", "M", "1875.25", "CY", "164.875"),
    ("05-100", "S", "1", "LS", "612480.37"),
    ("26-050", "S", "1", "LS", "288915.10"),
    ("31-200", "E", "37", "DAY", "2850"),
)


def load_sample(bc: BusinessCentral, *, procore_company_id: int = 0, procore_environment: str = "sandbox") -> None:
    """Fill an empty company."""
    tables = bc.tables
    setup = tables.rows("connectorSetups")[0]
    tables.update(
        "connectorSetups",
        setup["id"],
        procoreCompanyId=procore_company_id,
        procoreEnvironment=procore_environment,
        segmentMandatory=True,
    )
    _master_data(tables)
    for number in range(1, len(PROJECTS) + 1):
        _project(tables, number)
    _orders(tables)
    _broken_order(tables)


def project_number(position: int) -> str:
    """Number of the project at a position of `PROJECTS`, counted from one."""
    return f"JOB{position:06d}"


def _master_data(tables: Records) -> None:
    for number, name, address, city, state, postal in CUSTOMERS:
        tables.insert(
            "customers",
            number=number,
            displayName=name,
            addressLine1=address,
            city=city,
            state=state,
            postalCode=postal,
            country="US",
            sendToProcore=True,
        )
    for code, description, account in COST_TYPES:
        tables.insert("costTypes", code=code, description=description, defaultGLAccountNumber=account)
    for code, description in SUB_JOBS:
        tables.insert("segments", code=code, description=description, sendToProcore=True)
    for code, description, parent in LOCATIONS:
        tables.insert(
            "segments",
            code=code,
            description=description,
            segmentType="LOCATION",
            parentCode=parent,
            sendToProcore=True,
        )
    for number, name, tax, flagged, subcontractor, blocked, city in VENDORS:
        tables.insert(
            "vendors",
            number=number,
            displayName=name,
            city=city,
            country="SE" if tax.startswith("SE") else "US",
            taxRegistrationNumber=tax,
            blocked=blocked,
            isSubcontractor=subcontractor,
            sendToProcore=flagged,
        )
    tables.insert("taxAreas", code="WI", displayName="Wisconsin")
    tables.insert("taxGroups", code="TAXABLE", displayName="Taxable")
    for number, name in (("R0010", "Dana Whitfield"), ("R0020", "Luis Ortega")):
        tables.insert(
            "resources",
            number=number,
            displayName=name,
            baseUnitOfMeasureCode="HOUR",
            unitCost=Decimal("64.25"),
            genProdPostingGroup="LABOR",
            useCrewTimeSheet=True,
        )
    tables.insert(
        "employees", number="E0010", givenName="Dana", surname="Whitfield", resourceNumber="R0010", sendToProcore=True
    )


def _project(tables: Records, position: int) -> None:
    name, customer, address, city, state, postal, flagged, budget, segments = PROJECTS[position - 1]
    project = tables.insert(
        "projects",
        number=project_number(position),
        displayName=name,
        customerNumber=customer,
        addressLine1=address,
        city=city,
        state=state,
        postalCode=postal,
        country="US",
        projectClass="Master Job" if position % 3 == 0 else "Base Project",
        startingDate="2026-01-05",
        estimatedStartDate="2026-01-05",
        estimatedCompletionDate="2027-06-30",
        contractSellPrice=Decimal(1_250_000 + position * 137_500) + Decimal("0.49"),
        sendToProcore=flagged,
        sendBudgetLineToProcore=budget,
    )["number"]
    for code in segments:
        tables.insert("projectSegments", projectNumber=project, segmentCode=code)
    for number, description, kind, totaling in TASKS:
        indentation = int(kind == "Posting" and number[:2] in {"01", "03"})
        tables.insert(
            "projectTasks",
            projectNumber=project,
            taskNumber=number,
            description=description,
            taskType=kind,
            totaling=totaling,
            indentation=indentation,
        )
    for at, (task, cost_type, quantity, unit, unit_cost) in enumerate(BUDGET):
        tables.insert(
            "projectPlanningLines",
            projectNumber=project,
            taskNumber=task,
            lineType="Billable" if at == len(BUDGET) - 1 and position % 2 else "Budget",
            type="G/L Account",
            number=ACCOUNTS[cost_type],
            description=f"Budget {task}",
            quantity=Decimal(quantity),
            unitOfMeasureCode=unit,
            unitCost=Decimal(unit_cost),
            segmentCode=segments[at % len(segments)] if segments else "",
            costTypeCode=cost_type,
            sendBudgetLineToProcore=bool(at % 2),
        )


def _line(task: str, cost_type: str, segment: str, quantity: str, unit: str, cost: str, **more: Any) -> dict[str, Any]:
    return {
        "lineType": "G/L Account",
        "number": ACCOUNTS[cost_type],
        "quantity": Decimal(quantity),
        "unitOfMeasureCode": unit,
        "directUnitCost": Decimal(cost),
        "description": f"{task} {segment}",
        "jobTaskNumber": task,
        "segmentCode": segment,
        "costTypeCode": cost_type,
        "sendToProcore": True,
        **more,
    }


def _orders(tables: Records) -> None:
    comment = {"lineType": " ", "description": "Deliver to gate 3 before 7 am"}
    hospital = [
        comment,
        _line("03-300", "M", "BLDG-A", "412.5", "CY", "168.333", description="4000 psi mix"),
        _line("03-300", "M", "SITE", "37.75", "CY", "171.99", description="Flowable fill"),
        _line("03-100", "M", "BLDG-A", "3", "LS", "333.33", description="Form liners"),
    ]
    _order(tables, 1, "V00010", "Ready-mix concrete", hospital, release=True)
    steel = [
        _line("05-100", "S", "BLDG-A", "1", "LS", "612480.37", description="Furnish and erect"),
        _line("05-100", "S", "BLDG-A", "-1", "LS", "0.07", description="Rounding to agreed price"),
    ]
    _order(tables, 1, "V00020", "Structural steel subcontract", steel, release=True, subcontract=True)
    electrical = [
        _line("26-050", "S", "BLDG-A", "1", "LS", "288915.10"),
        _line("26-050", "S", "SITE", "1", "LS", "0.01"),
    ]
    _order(tables, 2, "V00030", "Electrical subcontract", electrical, release=True, subcontract=True)
    crane = [
        _line("05-100", "E", "DECK", "12", "DAY", "2333.335", lineDiscountPercent=Decimal("2.5")),
        _line("01-500", "O", "SITE", "1", "EA", "450", sendToProcore=False, description="Permit, not for the site"),
    ]
    _order(tables, 3, "V00050", "Crane rental", crane, release=False)
    _order(tables, 4, "V00080", "Mass excavation", [_line("31-200", "S", "SITE", "8250", "CY", "11.40")], release=True)
    glass = [_line("05-100", "S", "CORE", "96", "EA", "1187.9375")]
    _order(tables, 5, "V00100", "Unitised façade", glass, release=False, subcontract=True)
    _order(tables, 6, "V00090", "Site supplies", [_line("01-500", "M", "UTIL", "17", "EA", "6.99")], release=True)
    unflagged = [_line("01-500", "O", "SITE", "1", "EA", "89.90", sendToProcore=False)]
    _order(tables, 9, "V00110", "Office supplies", unflagged, release=True, flagged=False)


def _order(
    tables: Records,
    position: int,
    vendor: str,
    title: str,
    lines: list[dict[str, Any]],
    *,
    release: bool,
    subcontract: bool = False,
    flagged: bool = True,
) -> None:
    order = tables.insert(
        "purchaseOrders",
        vendorNumber=vendor,
        yourReference=title,
        jobNumber=project_number(position),
        commitmentType="Subcontract" if subcontract else "Purchase Order",
        retentionPercent=Decimal(10) if subcontract else Decimal(0),
        sendToProcore=flagged,
        purchaseOrderLines=lines,
    )
    if release:
        tables.act("purchaseOrders", order["id"], "release")


def _broken_order(tables: Records) -> None:
    lines = [
        _line("03-300", "M", "BLDG-A", "10", "CY", "160.25", costTypeCode="", jobTaskNumber=""),
        _line("03-300", "M", "BLDG-A", "4", "CY", "12.125", segmentCode=""),
        {"lineType": " ", "description": "Entered before the checks existed"},
    ]
    with tables.older_data():
        tables.insert(
            "purchaseOrders",
            number=BROKEN_ORDER,
            vendorNumber="V00090",
            yourReference="Legacy order",
            sendToProcore=True,
            purchaseOrderLines=lines,
        )
