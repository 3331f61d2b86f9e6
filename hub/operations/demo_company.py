"""What people do in the two sample companies during the demonstration, and the totals that prove the result."""

from decimal import Decimal
from typing import Any

from adapters.sandbox.business_central import BusinessCentral
from adapters.sandbox.procore import Procore

VENDOR = "V00100"
JOB = "JOB000001"
LINE = "Unitised panels"
PANELS = Decimal(96)
MORE = Decimal(40)
PRICE = Decimal("1187.9375")


def order_from_stranger(central: BusinessCentral) -> str:
    """A released order to a vendor without a company in Procore; its number."""
    return order(central, VENDOR, "Façade panels, level 2", line=LINE, quantity=str(PANELS), price=str(PRICE))


def order(central: BusinessCentral, vendor: str, title: str, *, quantity: str, price: str, line: str = "") -> str:
    """A released order of one line, flagged for the site; its number."""
    tables = central.tables
    made = tables.insert(
        "purchaseOrders",
        vendorNumber=vendor,
        yourReference=title,
        jobNumber=JOB,
        sendToProcore=True,
        purchaseOrderLines=[
            {
                "lineType": "G/L Account",
                "number": "5200",
                "description": line or title,
                "quantity": Decimal(quantity),
                "unitOfMeasureCode": "EA",
                "directUnitCost": Decimal(price),
                "jobTaskNumber": "05-100",
                "segmentCode": "BLDG-A",
                "costTypeCode": "M",
                "sendToProcore": True,
            }
        ],
    )
    tables.act("purchaseOrders", made["id"], "release")
    return str(made["number"])


def add_missing_company(procore: Procore) -> None:
    """The vendor's company, with its number as code."""
    procore.add_vendor("Västerås Façade Systems", origin_code=VENDOR, city="Västerås", country_code="SE")


def change_quantity(central: BusinessCentral, number: str) -> None:
    """More panels: the order is reopened, its line changed, and released again."""
    tables = central.tables
    order = tables.find("purchaseOrders", number=number)
    line = tables.find("purchaseOrderLines", documentNumber=number, description=LINE)
    tables.act("purchaseOrders", order["id"], "reopen")
    tables.update("purchaseOrderLines", line["id"], quantity=PANELS + MORE)
    tables.act("purchaseOrders", order["id"], "release")


def committed(central: BusinessCentral, procore: Procore) -> list[dict[str, Any]]:
    """Per project: flagged lines of linked orders in Business Central, and lines of commitments in Procore."""
    orders = {row["number"]: row for row in central.tables.rows("purchaseOrders") if row["procoreCommitmentId"]}
    totals: dict[str, list[Decimal]] = {}
    for line in central.tables.rows("purchaseOrderLines"):
        order = orders.get(line["documentNumber"])
        if order is not None and line["sendToProcore"]:
            job = line["jobNumber"] or order["jobNumber"]
            totals.setdefault(job, [Decimal(0), Decimal(0)])[0] += line["lineAmount"]
    projects = {row["id"]: str(row["project_number"]) for row in procore.rows("projects")}
    for resource in ("purchase_order_contracts", "work_order_contracts"):
        for contract in procore.rows(resource):
            job = projects[contract["project_id"]]
            for line in procore.rows("line_items", contract_id=contract["id"]):
                totals.setdefault(job, [Decimal(0), Decimal(0)])[1] += Decimal(line["amount"])
    return [
        {"project": job, "business_central": f"{ours:.2f}", "procore": f"{theirs:.2f}"}
        for job, (ours, theirs) in sorted(totals.items())
    ]
