"""A long ledger of a company as it grows: orders, invoices, planning lines and journal entries with their documents.

Documents have all the fields that the Connector API shows, as it is their size that reading them costs.

Source  Connector API purchaseOrders, postedPurchaseInvoices, projectPlanningLines, projectLedgerEntries.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid5

import msgspec

from adapters.ports import FixedClock
from adapters.store import Ledger, Registry, ThreadPool, open_ledger
from domain.events import EVENTS, UPCASTERS, Event, LinkRow, Wait
from domain.record import Moment, Record, Request, Seen
from domain.values import BUSINESS_CENTRAL, LEDGER, PROCORE, Cause, Digest, sha256_of

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
PROJECTS = 500
ORDER_LINES = 10
INVOICE_LINES = 5
UNITS = 25
"""Units of one transaction: an order, its invoice, five planning lines and five entries make one."""
AGAIN = 5
"""Of so many orders two change once they were carried."""
PARTS = 5

_ENTRY: dict[str, Any] = {
    "entryType": "Usage",
    "lineType": "Budget",
    "postingDate": "2026-03-02",
    "documentDate": "2026-03-02",
    "externalDocumentNumber": "",
    "type": "G_x002F_L_x0020_Account",
    "number": "54100",
    "unitOfMeasureCode": "HR",
    "currencyCode": "",
    "ledgerEntryType": "_x0020_",
    "sourceCode": "PROJJNL",
    "sendToProcore": True,
    "procoreDirectCostId": 0,
    "procoreSyncStatus": "_x0020_",
    "procoreLastSyncedAt": "0001-01-01T00:00:00Z",
    "procoreSyncError": "",
    "lastModifiedDateTime": "2026-03-02T08:00:00Z",
}
_PLANNED: dict[str, Any] = {
    "lineType": "Budget",
    "type": "Resource",
    "number": "R10",
    "planningDate": "2026-03-02",
    "unitOfMeasureCode": "HR",
    "unitPrice": Decimal(0),
    "lineAmount": Decimal(0),
    "currencyCode": "",
    "status": "Order",
    "changeOrderNumber": "",
    "changeOrderLineNumber": 0,
    "sendBudgetLineToProcore": True,
    "procoreBudgetLineItemId": 0,
    "procoreSyncStatus": "_x0020_",
    "procoreLastSyncedAt": "0001-01-01T00:00:00Z",
    "procoreSyncError": "",
    "lastModifiedDateTime": "2026-03-02T08:00:00Z",
}
_LINE: dict[str, Any] = {
    "lineType": "G_x002F_L_x0020_Account",
    "number": "54100",
    "description2": "",
    "quantity": Decimal(1),
    "unitOfMeasureCode": "EA",
    "lineDiscountPercent": Decimal(0),
    "taxGroupCode": "MATERIALS",
    "taxAreaCode": "ATLANTA, GA",
    "taxLiable": True,
    "jobLineType": "Budget",
    "quantityReceived": Decimal(0),
    "quantityInvoiced": Decimal(0),
    "quantityToReceive": Decimal(1),
    "quantityToInvoice": Decimal(1),
    "expectedReceiptDate": "2026-03-30",
    "sendToProcore": True,
    "procoreCommitmentLineId": 0,
    "procoreSyncStatus": "_x0020_",
    "procoreLastSyncedAt": "0001-01-01T00:00:00Z",
    "procoreSyncError": "",
    "lastModifiedDateTime": "2026-03-02T08:00:00Z",
}
_ORDER: dict[str, Any] = {
    "vendorName": "Acme Concrete",
    "documentDate": "2026-03-02",
    "orderDate": "2026-03-02",
    "postingDate": "2026-03-02",
    "requestedReceiptDate": "2026-03-30",
    "currencyCode": "",
    "pricesIncludeTax": False,
    "paymentTermsCode": "30 DAYS",
    "purchaserCode": "RB",
    "vendorInvoiceNumber": "",
    "vendorOrderNumber": "",
    "taxAreaCode": "ATLANTA, GA",
    "taxLiable": True,
    "commitmentType": "Purchase_x0020_Order",
    "status": "Released",
    "completelyReceived": False,
    "lastPostedInvoiceNumber": "",
    "retentionPercent": Decimal(0),
    "sendToProcore": True,
    "procoreCommitmentId": 0,
    "procoreSyncStatus": "_x0020_",
    "procoreLastSyncedAt": "0001-01-01T00:00:00Z",
    "procoreSyncError": "",
    "lastModifiedDateTime": "2026-03-02T08:00:00Z",
}
_INVOICE: dict[str, Any] = {
    "vendorName": "Acme Concrete",
    "vendorInvoiceNumber": "4711",
    "postingDate": "2026-03-05",
    "documentDate": "2026-03-05",
    "dueDate": "2026-04-05",
    "currencyCode": "",
    "status": "Open",
    "closed": False,
    "cancelled": False,
    "sendToProcore": True,
    "procoreCommitmentId": 0,
    "procoreInvoiceId": 0,
    "procoreSyncStatus": "_x0020_",
    "procoreLastSyncedAt": "0001-01-01T00:00:00Z",
    "procoreSyncError": "",
    "lastModifiedDateTime": "2026-03-05T08:00:00Z",
}


def _id(*parts: object) -> str:
    return str(uuid5(LEDGER, "/".join(map(str, parts))))


def _job(number: int) -> str:
    return f"J{number % PROJECTS:04}"


def _code(number: int) -> dict[str, str]:
    return {"segmentCode": f"S{number % 3}", "costTypeCode": "LMSE"[number % 4]}


def _amount(number: int) -> Decimal:
    return Decimal(number * 37 % 1_000_000 + 1) / 100


def order(number: int, version: int = 0) -> dict[str, Any]:
    """An order of one project; a later version has other amounts on two lines."""
    changed = version * 1000
    lines = [
        {
            **_LINE,
            **_code(line),
            "id": _id("order", number, line),
            "documentNumber": f"PO{number:06}",
            "lineNumber": line * 10000,
            "description": f"Ready mix {line}",
            "directUnitCost": (amount := _amount(number + line + (changed if line in (2, 7) else 0))),
            "lineAmount": amount,
            "outstandingAmount": amount,
            "amount": amount,
            "jobNumber": _job(number),
            "jobTaskNumber": f"{line % 20 + 1:02}-100",
            "rowVersion": number * 100 + line + changed,
        }
        for line in range(1, ORDER_LINES + 1)
    ]
    total = sum((line["amount"] for line in lines), Decimal(0))
    return {
        **_ORDER,
        "id": _id("order", number),
        "number": f"PO{number:06}",
        "vendorNumber": f"V{number % 90:03}",
        "payToVendorNumber": f"V{number % 90:03}",
        "yourReference": f"Concrete {number}",
        "jobNumber": _job(number),
        "amount": total,
        "amountIncludingTax": total,
        "rowVersion": number * 100 + changed,
        "purchaseOrderLines": lines,
    }


def invoice(number: int) -> dict[str, Any]:
    """What was posted of the first lines of an order."""
    lines = [
        {
            **{name: _LINE[name] for name in ("lineType", "number", "quantity", "unitOfMeasureCode", "jobLineType")},
            **_code(line),
            "id": _id("invoice", number, line),
            "documentNumber": f"PI{number:06}",
            "lineNumber": line * 10000,
            "description": f"Ready mix {line}",
            "directUnitCost": _amount(number + line),
            "lineDiscountAmount": Decimal(0),
            "amount": _amount(number + line),
            "amountIncludingTax": _amount(number + line),
            "orderNumber": f"PO{number:06}",
            "orderLineNumber": line * 10000,
            "jobNumber": _job(number),
            "jobTaskNumber": f"{line % 20 + 1:02}-100",
            "procoreInvoiceLineId": 0,
            "rowVersion": number * 100 + line,
            "lastModifiedDateTime": "2026-03-05T08:00:00Z",
        }
        for line in range(1, INVOICE_LINES + 1)
    ]
    total = sum((line["amount"] for line in lines), Decimal(0))
    return {
        **_INVOICE,
        "id": _id("invoice", number),
        "number": f"PI{number:06}",
        "draftInvoiceId": _id("draft", number),
        "orderNumber": f"PO{number:06}",
        "preAssignedNumber": f"PI{number:06}",
        "vendorNumber": f"V{number % 90:03}",
        "payToVendorNumber": f"V{number % 90:03}",
        "amount": total,
        "amountIncludingTax": total,
        "remainingAmount": total,
        "jobNumber": _job(number),
        "rowVersion": number * 100,
        "postedPurchaseInvoiceLines": lines,
    }


def planned(number: int) -> dict[str, Any]:
    """A planning line."""
    return {
        **_PLANNED,
        **_code(number),
        "id": _id("planned", number),
        "projectNumber": _job(number),
        "taskNumber": f"{number % 20 + 1:02}-100",
        "lineNumber": number * 10000,
        "description": f"Crew {number}",
        "quantity": Decimal(1),
        "unitCost": _amount(number),
        "totalCost": _amount(number),
        "rowVersion": number,
    }


def entry(number: int) -> dict[str, Any]:
    """An entry of the project ledger."""
    return {
        **_ENTRY,
        **_code(number),
        "id": _id("entry", number),
        "entryNumber": number,
        "documentNumber": f"JNL{number // 50:05}",
        "jobNumber": _job(number),
        "jobTaskNumber": f"{number % 20 + 1:02}-100",
        "description": f"Crane, day {number}",
        "quantity": Decimal(1),
        "unitCost": _amount(number),
        "amount": _amount(number),
        "amountLCY": _amount(number),
        "rowVersion": number,
    }


@dataclass(frozen=True)
class _Kind:
    kind: str
    entity_set: str
    flow: str
    endpoint: str


_ORDERS = _Kind("commitment", "purchaseOrders", "purchase-order-to-commitment", "purchase_order_contracts")
_INVOICES = _Kind("posted_invoice", "postedPurchaseInvoices", "posted-invoice-to-commitment-invoice", "requisitions")
_LINES = _Kind("planning_line", "projectPlanningLines", "planning-line-to-budget-line", "budget_line_items")
_ENTRIES = _Kind("journal_entry", "projectLedgerEntries", "project-journal-to-direct-cost", "direct_costs")


@dataclass
class Page:
    """What one transaction stores."""

    events: list[Event] = field(default_factory=list[Event])
    bodies: dict[str, bytes] = field(default_factory=dict[str, bytes])

    def body(self, document: Mapping[str, Any]) -> Digest:
        """Keep a document as it came over the wire; its name."""
        raw = msgspec.json.Encoder(decimal_format="number").encode(document)
        sha = sha256_of(raw)
        self.bodies[sha] = raw
        return sha


def pages(count: int) -> Iterator[Page]:
    """Transactions until there are at least so many events."""
    stored = unit = 0
    while stored < count:
        page = Page()
        for number in range(unit, unit + UNITS):
            _unit(page, number)
        unit += UNITS
        stored += len(page.events)
        yield page


def opened(url: str) -> AbstractAsyncContextManager[Ledger]:
    """The ledger behind a URL, with the events of the product."""
    clock = FixedClock(START + timedelta(days=90))
    return open_ledger(url, events=Registry(EVENTS, UPCASTERS), clock=clock, threads=ThreadPool())


async def filled(ledger: Ledger, count: int) -> int:
    """Have at least so many events in a ledger, unless a run before put them there; how many there are.

    Raises  SystemExit for one that holds fewer.
    """
    stored = await ledger.last_position()
    if 0 < stored < count:
        raise SystemExit(f"the ledger holds {stored:,} events instead of {count:,}; remove it, and run this again")
    return stored or await fill(ledger, count)


async def fill(ledger: Ledger, count: int) -> int:
    """Store at least so many events; how many it were."""
    stored = 0
    for page in pages(count):
        await ledger.append(page.events, page.bodies)
        stored += len(page.events)
    return stored


def _unit(page: Page, number: int) -> None:
    versions = [order(number), order(number, 1)] if number % AGAIN < 2 else [order(number)]  # noqa: PLR2004 - two of them
    _life(page, _ORDERS, versions, number)
    _life(page, _INVOICES, [invoice(number)], number)
    for part in range(PARTS):
        _life(page, _LINES, [planned(number * PARTS + part)], number)
        _life(page, _ENTRIES, [entry(number * PARTS + part)], number)


def _life(page: Page, kind: _Kind, versions: Sequence[dict[str, Any]], number: int) -> None:
    """A document that is seen, waits at first where it is an order, and is carried, in each of its versions."""
    source_id = str(versions[0]["id"])
    record = Record(Record.id_for("main", kind.kind, source_id), "main")
    at = Moment(START + timedelta(seconds=number), Cause("bench", "bench", "system"))
    for place, document in enumerate(versions):
        named = page.body(document)
        record.observe(_seen(kind, document, named), at)
        if kind is _ORDERS and place == 0:
            record.park(kind.flow, [Wait("vendor", f"V{number % 90:03}", "waiting for its vendor")], at)
            record.stir(kind.flow, at)
        wish = Request(
            part="header",
            endpoint=kind.endpoint,
            system=PROCORE,
            scope={"project_id": str(number % PROJECTS)},
            key=source_id,
            body=page.body({"origin_id": source_id, "amount": document.get("amount", ""), "version": place}),
            digest=named,
        )
        delivery = record.request(kind.flow, wish, at)
        if delivery is not None:
            record.claim(kind.flow, delivery, at)
            record.confirm(kind.flow, delivery, at, target_id=source_id)
        project = str(number % PROJECTS)
        link = LinkRow(kind.entity_set, source_id, record.number, kind.endpoint, source_id, project)
        record.link(kind.flow, [link], at)
        record.settle(kind.flow, named, (), at)
    page.events += record.collect_events()


def _seen(kind: _Kind, document: Mapping[str, Any], named: Digest) -> Seen:
    return Seen(
        kind=kind.kind,
        side=BUSINESS_CENTRAL,
        entity_set=kind.entity_set,
        source_id=str(document["id"]),
        number=str(document.get("entryNumber") or document.get("number") or ""),
        title=str(document.get("description") or document.get("yourReference") or ""),
        project=str(document.get("jobNumber") or document.get("projectNumber")),
        digest=named,
        content=named,
        modified_at=str(document["lastModifiedDateTime"]),
        flows=(kind.flow,),
    )
