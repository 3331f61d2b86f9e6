"""What people do in Business Central."""

import asyncio
from contextlib import suppress
from decimal import Decimal
from random import Random
from typing import Any

from adapters.sandbox.business_central.errors import Refusal
from tests.journeys.harness import line
from tests.simulation.people import SEGMENTS, TASKS, TYPES, People, action, name_of

PRICES = ("0.01", "0.333", "1.005", "10.10", "99.99", "1234.565", "17.49", "0.0049", "100000.01")
QUANTITIES = ("1", "3", "7", "0.5", "12.25", "1000", "0.333")


# -- vendors, cost types, segments ----------------------------------------------------------------------


@action("a vendor is made", 3, "vendor-to-company")
def _(them: People, rng: Random) -> str:
    number = f"V{10 + them.number()}"
    known = rng.random() < 0.5
    them.it.vendor(number, in_procore=known, flagged=rng.random() < 0.7)
    return f"vendor {number}, {'known' if known else 'unknown'} in Procore"


@action("a vendor changes", 3, "vendor-to-company")
def _(them: People, rng: Random) -> str:
    row = them.pick(rng, "vendors")
    if row is None:
        return ""
    what = rng.choice(
        (
            {"displayName": f"Vendor {rng.randint(1, 99)} Ltd"},
            {"city": "Springfield"},
            {"sendToProcore": not row["sendToProcore"]},
        )
    )
    return them.change("vendors", row, **what)


@action("a vendor is deleted", 1, "vendor-to-company")
def _(them: People, rng: Random) -> str:
    row = them.pick(rng, "vendors")
    return "" if row is None else them.drop("vendors", row)


@action("two vendors become one", 1, "vendor-to-company", "purchase-order-to-commitment")
def _(them: People, rng: Random) -> str:
    first, second = them.pick(rng, "vendors"), them.pick(rng, "vendors")
    if first is None or second is None or first["number"] == second["number"]:
        return ""
    for order in them.it.bc.tables.rows("purchaseOrders"):
        if order["vendorNumber"] == second["number"] and order["status"] == "Open":
            them.change("purchaseOrders", order, vendorNumber=first["number"])
    return f"{second['number']} becomes {first['number']}; " + them.drop("vendors", second)


@action("a cost type is made", 1, "cost-type-to-line-item-type")
def _(them: People, rng: Random) -> str:
    code = rng.choice(TYPES)
    them.it.insert("costTypes", code=code, description=f"Cost {code}")
    return f"cost type {code}"


@action("a cost type is renamed", 1, "cost-type-to-line-item-type")
def _(them: People, rng: Random) -> str:
    row = them.pick(rng, "costTypes")
    return "" if row is None else them.change("costTypes", row, description=f"Cost {rng.randint(1, 99)}")


@action("a segment is made", 2, "segment-to-segment-item", "segment-type-to-segment")
def _(them: People, rng: Random) -> str:
    code = f"S{them.number()}"
    kind = rng.choice(("", "AREA", "PHASE"))
    parent = them.pick(rng, "segments", segmentType=kind) if kind and rng.random() < 0.5 else None
    them.it.insert(
        "segments",
        code=code,
        description=f"Segment {code}",
        segmentType=kind,
        parentCode=parent["code"] if parent else "",
        sendToProcore=rng.random() < 0.7,
    )
    return f"segment {code} of type {kind or 'blank'} below {parent['code'] if parent else 'nothing'}"


@action("a segment changes", 2, "segment-to-segment-item")
def _(them: People, rng: Random) -> str:
    row = them.pick(rng, "segments")
    if row is None:
        return ""
    other = them.pick(rng, "segments", segmentType=row["segmentType"])
    what = rng.choice(
        (
            {"description": f"Part {rng.randint(1, 99)}"},
            {"sendToProcore": not row["sendToProcore"]},
            {"parentCode": other["code"] if other and row["segmentType"] else ""},
        )
    )
    return them.change("segments", row, **what)


@action("a segment is deleted", 1, "segment-to-segment-item")
def _(them: People, rng: Random) -> str:
    row = them.pick(rng, "segments")
    return "" if row is None else them.drop("segments", row)


# -- projects -------------------------------------------------------------------------------------------


@action("a project is made", 4, "project-to-project", "project-task-to-cost-code", "project-segment-to-sub-job")
def _(them: People, rng: Random) -> str:
    number = f"JOB{10 + them.number()}"
    codes = [row["code"] for row in them.it.bc.tables.rows("segments")]
    flagged = rng.random() < 0.8
    them.it.project(
        number,
        tasks=rng.sample(TASKS, rng.randint(1, 3)),
        segments=rng.sample(codes, min(len(codes), rng.randint(0, 2))),
        sendToProcore=flagged,
    )
    return f"project {number}{'' if flagged else ', not flagged'}"


@action("a project changes", 4, "project-to-project")
def _(them: People, rng: Random) -> str:
    row = them.pick(rng, "projects")
    what = rng.choice(
        (
            {"displayName": f"Tower {rng.randint(1, 99)}"},
            {"description2": "Second phase"},
            {"addressLine1": f"{rng.randint(1, 99)} Main Street", "city": "Salem"},
        )
    )
    return "" if row is None else them.change("projects", row, **what)


@action("a project is flagged or unflagged", 3, "project-to-project")
def _(them: People, rng: Random) -> str:
    row = them.pick(rng, "projects")
    return "" if row is None else them.change("projects", row, sendToProcore=not row["sendToProcore"])


@action("a project is deleted", 1, "project-to-project")
def _(them: People, rng: Random) -> str:
    row = them.pick(rng, "projects")
    return "" if row is None else them.drop("projects", row)


@action("a task is made", 3, "project-task-to-cost-code")
def _(them: People, rng: Random) -> str:
    row = them.pick(rng, "projects")
    if row is None:
        return ""
    number, kind = rng.choice((*TASKS, "01", "03", "07-700")), "Posting"
    if "-" not in number:
        kind = "Heading"
    them.it.task(row["number"], number, kind)
    return f"task {number} ({kind}) of {row['number']}"


@action("a task changes", 3, "project-task-to-cost-code")
def _(them: People, rng: Random) -> str:
    row = them.pick(rng, "projectTasks")
    return "" if row is None else them.change("projectTasks", row, description=f"Work {rng.randint(1, 99)}")


@action("a task is deleted", 1, "project-task-to-cost-code")
def _(them: People, rng: Random) -> str:
    row = them.pick(rng, "projectTasks")
    return "" if row is None else them.drop("projectTasks", row)


@action("a project gets a segment", 2, "project-segment-to-sub-job")
def _(them: People, rng: Random) -> str:
    project, segment = them.pick(rng, "projects"), them.pick(rng, "segments")
    if project is None or segment is None:
        return ""
    them.it.insert("projectSegments", projectNumber=project["number"], segmentCode=segment["code"])
    return f"segment {segment['code']} of {project['number']}"


@action("a project loses a segment", 1, "project-segment-to-sub-job")
def _(them: People, rng: Random) -> str:
    row = them.pick(rng, "projectSegments")
    return "" if row is None else them.drop("projectSegments", row)


# -- orders ---------------------------------------------------------------------------------------------


def _new_line(them: People, rng: Random, project: str) -> dict[str, Any]:
    tasks = [
        row["taskNumber"]
        for row in them.it.bc.tables.rows("projectTasks")
        if row["projectNumber"] == project and row["taskType"] == "Posting"
    ]
    types = [row["code"] for row in them.it.bc.tables.rows("costTypes")]
    segments = [row["code"] for row in them.it.bc.tables.rows("segments")]
    return line(
        rng.choice(tasks or list(TASKS)),
        rng.choice(segments or list(SEGMENTS)),
        rng.choice(types or list(TYPES)),
        rng.choice(QUANTITIES),
        rng.choice(PRICES),
        sendToProcore=rng.random() < 0.85,
        unitOfMeasureCode=rng.choice(("EA", "CY", "")),
    )


@action(
    "an order is made",
    8,
    "purchase-order-to-commitment",
    "budget-code-to-wbs-code",
    "vendor-to-project-directory",
)
def _(them: People, rng: Random) -> str:
    project, vendor = them.pick(rng, "projects"), them.pick(rng, "vendors")
    if project is None or vendor is None:
        return ""
    number = f"PO{10 + them.number()}"
    lines = [_new_line(them, rng, project["number"]) for _ in range(rng.randint(1, 4))]
    kind = rng.choice(("Purchase Order", "Purchase Order", "Subcontract"))
    flagged = rng.random() < 0.85
    them.it.order(
        number,
        project["number"],
        lines,
        vendor=vendor["number"],
        release=rng.random() < 0.4,
        sendToProcore=flagged,
        commitmentType=kind,
    )
    return f"{kind} {number} of {project['number']} with {len(lines)} lines{'' if flagged else ', not flagged'}"


@action("a line changes", 8, "purchase-order-to-commitment")
def _(them: People, rng: Random) -> str:
    row = them.pick(rng, "purchaseOrderLines")
    if row is None:
        return ""
    what = rng.choice(
        (
            {"quantity": Decimal(rng.choice(QUANTITIES))},
            {"directUnitCost": Decimal(rng.choice(PRICES))},
            {"description": f"Item {rng.randint(1, 99)}"},
            {"lineDiscountPercent": Decimal(rng.choice(("0", "10", "33.33")))},
        )
    )
    with suppress(Refusal):  # who wants to change a released order opens it first
        them.it.reopen(row["documentNumber"])
    return them.change("purchaseOrderLines", row, **what)


@action("a line is flagged or unflagged", 2, "purchase-order-to-commitment")
def _(them: People, rng: Random) -> str:
    row = them.pick(rng, "purchaseOrderLines")
    return "" if row is None else them.change("purchaseOrderLines", row, sendToProcore=not row["sendToProcore"])


@action("a line is added", 3, "purchase-order-to-commitment", "budget-code-to-wbs-code")
def _(them: People, rng: Random) -> str:
    order = them.pick(rng, "purchaseOrders", status="Open")
    if order is None:
        return ""
    last = max(
        (
            row["lineNumber"]
            for row in them.it.bc.tables.rows("purchaseOrderLines")
            if row["documentNumber"] == order["number"]
        ),
        default=0,
    )
    fields = _new_line(them, rng, order["jobNumber"])
    them.it.insert("purchaseOrderLines", documentNumber=order["number"], lineNumber=last + 10000, **fields)
    return f"line {last + 10000} of {order['number']}"


@action("a line is deleted", 2, "purchase-order-to-commitment")
def _(them: People, rng: Random) -> str:
    row = them.pick(rng, "purchaseOrderLines")
    return "" if row is None else them.drop("purchaseOrderLines", row)


@action("an order changes", 3, "purchase-order-to-commitment")
def _(them: People, rng: Random) -> str:
    row = them.pick(rng, "purchaseOrders")
    vendor = them.pick(rng, "vendors")
    if row is None or vendor is None:
        return ""
    what = rng.choice(({"yourReference": f"Ref {rng.randint(1, 99)}"}, {"vendorNumber": vendor["number"]}))
    return them.change("purchaseOrders", row, **what)


@action("an order is flagged or unflagged", 2, "purchase-order-to-commitment")
def _(them: People, rng: Random) -> str:
    row = them.pick(rng, "purchaseOrders")
    return "" if row is None else them.change("purchaseOrders", row, sendToProcore=not row["sendToProcore"])


@action("an order is released", 5, "purchase-order-to-commitment")
def _(them: People, rng: Random) -> str:
    row = them.pick(rng, "purchaseOrders", status="Open")
    if row is None:
        return ""
    them.it.release(row["number"])
    return f"{row['number']} released"


@action("an order is reopened", 3, "purchase-order-to-commitment")
def _(them: People, rng: Random) -> str:
    row = them.pick(rng, "purchaseOrders", status="Released")
    if row is None:
        return ""
    them.it.reopen(row["number"])
    return f"{row['number']} reopened"


@action("an order is posted", 2, "purchase-order-to-commitment")
def _(them: People, rng: Random) -> str:
    row = them.pick(rng, "purchaseOrders")
    if row is None:
        return ""
    them.change("purchaseOrders", row, vendorInvoiceNumber=f"INV-{them.number()}")
    them.it.bc.tables.act("purchaseOrders", row["id"], "receiveAndInvoice")
    return f"{row['number']} received and invoiced"


@action("a long transaction begins", 2, "purchase-order-to-commitment", "project-to-project")
def _(them: People, rng: Random) -> str:
    entity_set = rng.choice(("purchaseOrders", "projects", "vendors", "projectTasks"))
    row = them.pick(rng, entity_set)
    if row is None:
        return ""
    field_name = {"purchaseOrders": "yourReference", "projectTasks": "description"}.get(entity_set, "displayName")
    work = them.it.bc.open_transaction()
    work.update(entity_set, row["id"], **{field_name: f"Late {rng.randint(1, 99)}"})

    them.sessions.append(work)
    asyncio.get_running_loop().call_later(rng.uniform(1, 900), them.commit, work)
    return f"{entity_set} {name_of(row)} will change, stamped now and seen later"


@action("an order is deleted", 1, "purchase-order-to-commitment")
def _(them: People, rng: Random) -> str:
    row = them.pick(rng, "purchaseOrders")
    return "" if row is None else them.drop("purchaseOrders", row)
