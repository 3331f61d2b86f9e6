"""Change orders as the hub composes them, and what both systems show of them; a test changes what it is about."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from domain.delivery import Listing
from domain.endpoints import changes
from domain.events import LinkRow
from domain.flow import THERE, Flow, Known
from domain.values import Json
from tests.ledger_story import Lists, Passage, known

PROJECT = "701"


def line(id_: str = "9001", **fields: Any) -> Json:
    """A line of 100.00 on the budget code EAST / 01-100 / M."""
    return {
        "id": id_,
        "wbsCodeId": "801",
        "flatCode": "EAST.01-100.M",
        "description": "Footing",
        "quantity": "4",
        "uom": "cy",
        "unitCost": "25",
        "amount": "100",
        **fields,
    }


def order(*lines: Json, **fields: Any) -> Json:
    """An approved prime change order of job J1; its total is what its lines come to."""
    rows = list(lines or (line(),))
    return {
        "id": "88",
        "key": f"{fields.get('side', 'prime')}:88",
        "side": "prime",
        "packageId": "77",
        "number": "001",
        "title": "Added footing",
        "description": "Below the west wall",
        "status": "approved",
        "revision": "0",
        "updated_at": "2026-03-02T07:00:00Z",
        "approvedDate": "2026-03-02",
        "dueDate": "",
        "contractId": "66",
        "currency": "USD",
        "npc": False,
        "npcField": "custom_field_5",
        "type": "",
        "procoreProjectId": PROJECT,
        "jobNumber": "J1",
        "total": str(sum(Decimal(row["amount"] or 0) for row in rows)),
        "lines": rows,
        **fields,
    }


def package(**fields: Any) -> Json:
    """The package behind the order."""
    return {"id": 77, "status": "approved", "origin_id": None, "grand_total": "100.00", **fields}


def job(**fields: Any) -> Json:
    """The job in Business Central."""
    return {
        "@odata.etag": "job",
        "id": "44444444-0000-0000-0000-000000000001",
        "number": "J1",
        "customerNumber": "C1",
        "billToCustomerNumber": "C2",
        "currencyCode": "",
        "projectClass": "Project_x0020_with_x0020_Change_x0020_Order",
        "parentProjectNumber": "",
        **fields,
    }


def kept(*lines: Json, **fields: Any) -> Json:
    """The order in Business Central."""
    rows = list(lines or (kept_line(),))
    return {
        "@odata.etag": "order",
        "id": "bb000000-0000-0000-0000-000000000001",
        "number": "CO000001",
        "projectNumber": "J1",
        "changeOrderType": "Regular",
        "status": "Open",
        "procoreChangeOrderNumber": "001",
        "title": "Added footing",
        "description": "Below the west wall",
        "procoreChangeOrderId": 88,
        "amount": sum((row["amount"] for row in rows), Decimal(0)),
        "changeOrderLines": rows,
        **fields,
    }


def kept_line(**fields: Any) -> Json:
    """Its line."""
    return {
        "id": "cc000000-0000-0000-0000-000000000001",
        "lineNumber": 10000,
        "jobTaskNumber": "01-100",
        "segmentCode": "EAST",
        "costTypeCode": "M",
        "amount": Decimal(100),
        "procoreLineItemId": 9001,
        **fields,
    }


def made_by_the_hub(number: str, code: str = "801") -> Known:
    """A budget code that the hub made."""
    return Known("synced", LinkRow("", "id", number, "wbs_codes", code, PROJECT), "record")


def linked() -> dict[tuple[str, str], Known]:
    """Everything that the order refers to: its project, its code, and what that is made of."""
    return {
        ("project", "J1"): known("projects", PROJECT),
        ("budget_code", f"{THERE}801"): made_by_the_hub("J1|EAST|01-100|M"),
        ("project_task", "J1|01-100"): known("cost_codes", "60", facet="Posting"),
        ("cost_type", "M"): known("line_item_types", "30"),
        ("segment", "EAST"): known("", ""),
        ("project_segment", "J1|EAST"): known("sub_jobs", "20"),
    }


def lists(
    orders: Sequence[Json] = (), jobs: Sequence[Json] | None = None, packages: Sequence[Json] | None = None, **more: Any
) -> Lists:
    """What both systems show: the job, the package, and the orders that stand under the job."""
    shown: dict[Listing, Sequence[Json]] = {
        changes.orders_of("J1"): orders,
        changes.job("J1"): [job()] if jobs is None else jobs,
        changes.packages(PROJECT): [package()] if packages is None else packages,
        changes.jobs_of_order("88"): more.get("children", ()),
        changes.wbs_codes(PROJECT): more.get("codes", ()),
    }
    return Lists(shown)


def passage(flow: Flow, source: Json, **parts: Any) -> Passage:
    """One order on its way through a flow, with everything there that it needs unless told otherwise."""
    given: dict[str, Any] = {"references": linked(), "lists": lists(), "local_currency": "USD", **parts}
    return Passage(flow, source, **given)
