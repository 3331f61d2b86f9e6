"""Orders, their lines, release and posting keep the rules of Business Central."""

from decimal import Decimal
from typing import Any

import pytest

from adapters.sandbox.business_central import BusinessCentral, Refusal
from adapters.sandbox.business_central.rules.posting import NOT_BUDGET, cancel, pay
from tests.adapters.sandbox.business_central.conftest import Remote

GOOD = {
    "lineType": "G/L Account",
    "number": "5400",
    "quantity": Decimal("2.5"),
    "directUnitCost": Decimal("10.333"),
    "jobNumber": "P1",
    "jobTaskNumber": "01-100",
    "segmentCode": "BLDG-A",
    "costTypeCode": "S",
    "sendToProcore": True,
}
COMMENT = {"lineType": " ", "description": "Call before delivery"}


def refused(code: str, words: str = "") -> Any:
    return pytest.raises(Refusal, check=lambda error: error.code == code and words in error.message)


def order(bc: BusinessCentral, *lines: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return bc.tables.insert("purchaseOrders", vendorNumber="V1", purchaseOrderLines=list(lines), **fields)


def wire(line: dict[str, Any]) -> dict[str, Any]:
    return {name: it for name, it in line.items() if name != "sendToProcore"}


def test_an_order_sums_its_lines_and_knows_its_vendor(bc: BusinessCentral) -> None:
    found = order(bc, GOOD, {**GOOD, "lineDiscountPercent": 10}, COMMENT)

    lines = bc.tables.rows("purchaseOrderLines")
    assert [it["amount"] for it in lines] == [Decimal("25.83"), Decimal("23.25"), 0]
    assert (found["amount"], found["vendorName"], found["status"]) == (Decimal("49.08"), "Acme Concrete", "Open")
    assert found["completelyReceived"] is False


def test_new_lines_take_the_job_of_the_header_and_comments_do_not(bc: BusinessCentral) -> None:
    order(bc, {"lineType": "Item", "number": "REBAR"}, COMMENT, jobNumber="P1")

    assert [it["jobNumber"] for it in bc.tables.rows("purchaseOrderLines")] == ["P1", ""]


def test_a_blocked_vendor_stops_orders_and_a_payment_block_does_not(bc: BusinessCentral) -> None:
    bc.tables.insert("vendors", number="V2", displayName="X", blocked="All")
    bc.tables.insert("vendors", number="V3", displayName="X", blocked="Payment")

    with refused("Application_DialogException", '"vendorNumber"'):
        bc.tables.insert("purchaseOrders", vendorNumber="V2")
    bc.tables.insert("purchaseOrders", vendorNumber="V3")


@pytest.mark.parametrize(
    ("missing", "caption"),
    [
        ("jobNumber", "Job No."),
        ("costTypeCode", "Cost Type"),
        ("jobTaskNumber", "Project Task No."),
        ("segmentCode", "Segment Code"),
    ],
)
def test_flagging_an_order_names_the_field_that_a_line_lacks(bc: BusinessCentral, missing: str, caption: str) -> None:
    found = order(bc, {**GOOD, missing: "", **({"jobTaskNumber": ""} if missing == "jobNumber" else {})})

    with refused("Application_FieldValidationException", f"{caption} must have a value in Purchase Line"):
        bc.tables.update("purchaseOrders", found["id"], sendToProcore=True)

    assert bc.tables.find("purchaseOrders", id=found["id"])["sendToProcore"] is False


def test_an_order_of_comments_cannot_be_flagged(bc: BusinessCentral) -> None:
    with refused("Application_FieldValidationException", "Purchase Line"):
        order(bc, COMMENT, sendToProcore=True)

    assert bc.tables.rows("purchaseOrders") == []


def test_lines_without_the_flag_are_not_looked_at(bc: BusinessCentral) -> None:
    bare = {"lineType": "Item", "number": "BOLTS", "quantity": 1}

    assert order(bc, GOOD, bare, jobNumber="P1", sendToProcore=True)["sendToProcore"] is True


def test_a_flagged_order_may_break_later_because_lines_are_not_checked_again(bc: BusinessCentral) -> None:
    order(bc, GOOD, sendToProcore=True)

    line = bc.tables.rows("purchaseOrderLines")[0]

    assert bc.tables.update("purchaseOrderLines", line["id"], costTypeCode="")["costTypeCode"] == ""


async def test_a_released_order_locks_its_lines_except_what_the_hub_writes(remote: Remote) -> None:
    found = order(remote.bc, GOOD)
    assert (await remote.call("POST", f"purchaseOrders({found['id']})/Microsoft.NAV.Release")).status == 204
    line = remote.bc.tables.rows("purchaseOrderLines")[0]
    path = f"purchaseOrderLines({line['id']})"

    assert (await remote.patch(path, {"procoreCommitmentLineId": 4, "procoreSyncStatus": "Synced"})).status == 200
    for refused_call in (
        await remote.patch(path, {"quantity": 3}),
        await remote.patch(path, {"sendToProcore": False}),
        await remote.call("DELETE", path),
        await remote.post("purchaseOrderLines", {"documentNumber": found["number"], **wire(GOOD)}),
        await remote.patch(f"purchaseOrders({found['id']})", {"currencyCode": "CAD"}),
    ):
        assert refused_call.code == "Application_FieldValidationException"
    assert (await remote.patch(f"purchaseOrders({found['id']})", {"procoreCommitmentId": 9})).status == 200

    assert (await remote.call("POST", f"purchaseOrders({found['id']})/Microsoft.NAV.reopen")).status == 204
    assert (await remote.patch(path, {"quantity": 3})).body["amount"] == 31


async def test_an_action_compares_the_etag_when_it_is_sent(remote: Remote) -> None:
    found = order(remote.bc, GOOD)
    path = f"purchaseOrders({found['id']})"
    etag = (await remote.get(path)).body["@odata.etag"]
    remote.bc.tables.update("purchaseOrders", found["id"], yourReference="Changed")

    late = await remote.call("POST", f"{path}/Microsoft.NAV.release", If_Match=etag)

    assert (late.status, late.code) == (409, "Request_EntityChanged")


def test_an_empty_order_cannot_be_released(bc: BusinessCentral) -> None:
    with refused("Application_DialogException", "nothing to release"):
        bc.tables.act("purchaseOrders", order(bc, COMMENT)["id"], "release")


def test_a_change_of_a_line_leaves_the_header_alone(bc: BusinessCentral) -> None:
    before = order(bc, GOOD)
    line = bc.tables.rows("purchaseOrderLines")[0]

    bc.tables.update("purchaseOrderLines", line["id"], quantity=4)

    after = bc.tables.find("purchaseOrders", id=before["id"])
    assert after["rowVersion"] == before["rowVersion"]
    assert after["amount"] == Decimal("41.33")


def test_the_type_of_a_line_wipes_what_was_there(bc: BusinessCentral) -> None:
    order(bc, GOOD)
    line = bc.tables.rows("purchaseOrderLines")[0]

    changed = bc.tables.update("purchaseOrderLines", line["id"], lineType="Item")

    assert (changed["number"], changed["quantity"], changed["jobTaskNumber"], changed["amount"]) == ("", 0, "", 0)


def test_a_new_job_clears_the_task(bc: BusinessCentral) -> None:
    bc.tables.insert("projects", number="P2", displayName="Other", customerNumber="C1")
    order(bc, GOOD)
    line = bc.tables.rows("purchaseOrderLines")[0]

    assert bc.tables.update("purchaseOrderLines", line["id"], jobNumber="P2")["jobTaskNumber"] == ""


def test_a_task_must_belong_to_the_job(bc: BusinessCentral) -> None:
    with refused("Internal_InvalidTableRelation"):
        order(bc, {**GOOD, "jobTaskNumber": "99"})


def test_only_accounts_and_items_carry_a_job(bc: BusinessCentral) -> None:
    with refused("Application_DialogException", '"lineType"'):
        order(bc, {**GOOD, "lineType": "Resource"})


def test_a_written_line_amount_becomes_a_discount(bc: BusinessCentral) -> None:
    order(bc, {**GOOD, "quantity": 4, "directUnitCost": 25, "lineAmount": 90})

    line = bc.tables.rows("purchaseOrderLines")[0]
    assert (line["amount"], line["lineDiscountPercent"]) == (90, 10)


def test_deleting_an_order_leaves_tombstones_for_it_and_its_lines(bc: BusinessCentral) -> None:
    bc.tables.delete("purchaseOrders", order(bc, GOOD)["id"])

    assert [it["entitySetName"] for it in bc.tables.rows("deletedRecords")] == ["purchaseOrderLines", "purchaseOrders"]


def test_a_part_posting_leaves_the_order_and_the_last_one_removes_it(bc: BusinessCentral) -> None:
    found = order(bc, {**GOOD, "quantity": 3}, sendToProcore=True, vendorInvoiceNumber="INV-1")
    bc.tables.update("purchaseOrders", found["id"], procoreCommitmentId=44)
    line = bc.tables.rows("purchaseOrderLines")[0]
    bc.tables.update("purchaseOrderLines", line["id"], quantityToReceive=1, quantityToInvoice=1)

    bc.tables.act("purchaseOrders", found["id"], "receiveAndInvoice")

    left = bc.tables.find("purchaseOrders", id=found["id"])
    assert (left["vendorInvoiceNumber"], left["lastPostedInvoiceNumber"]) == ("", "PPI000001")
    assert bc.tables.rows("purchaseOrderLines")[0]["quantityInvoiced"] == 1
    bc.tables.update("purchaseOrders", found["id"], vendorInvoiceNumber="INV-2")
    bc.tables.act("purchaseOrders", found["id"], "receiveAndInvoice")

    first, second = bc.tables.rows("postedPurchaseInvoices")
    assert [first["amount"], second["amount"]] == [Decimal("10.33"), Decimal("20.67")]
    assert {it["orderNumber"] for it in (first, second)} == {found["number"]}
    assert {it["procoreCommitmentId"] for it in (first, second)} == {44}
    assert first["sendToProcore"] is True
    assert bc.tables.rows("purchaseOrders") == []
    tombstone = bc.tables.find("deletedRecords", entitySetName="purchaseOrders")
    assert (tombstone["replacedByEntitySetName"], tombstone["replacedByNumber"]) == (
        "postedPurchaseInvoices",
        "PPI000002",
    )
    entries = bc.tables.rows("projectLedgerEntries")
    assert [(it["entryType"], it["amount"]) for it in entries] == [
        ("Usage", Decimal("10.33")),
        ("Usage", Decimal("20.67")),
    ]


def test_posting_wants_the_number_of_the_vendors_invoice_and_wants_it_once(bc: BusinessCentral) -> None:
    with refused("Application_FieldValidationException", "Vendor Invoice No."):
        bc.tables.act("purchaseOrders", order(bc, GOOD)["id"], "receiveAndInvoice")
    bc.tables.act("purchaseOrders", order(bc, GOOD, vendorInvoiceNumber="A")["id"], "receiveAndInvoice")
    with refused("Application_DialogException", '"vendorInvoiceNumber"'):
        bc.tables.act("purchaseOrders", order(bc, GOOD, vendorInvoiceNumber="a")["id"], "receiveAndInvoice")


def test_a_failed_posting_leaves_no_trace(bc: BusinessCentral) -> None:
    found = order(bc, GOOD)
    before = bc.export()

    with refused("Application_FieldValidationException"):
        bc.tables.act("purchaseOrders", found["id"], "receiveAndInvoice")

    assert bc.export() == before


def test_a_posted_draft_keeps_its_id_and_a_procore_invoice_is_taken_once(bc: BusinessCentral) -> None:
    draft = bc.tables.insert(
        "purchaseInvoices",
        vendorNumber="V1",
        vendorInvoiceNumber="SUB-7",
        procoreInvoiceId=70,
        purchaseInvoiceLines=[{**wire(GOOD), "procoreInvoiceLineId": 1}],
    )
    with refused("Application_DialogException", '"procoreInvoiceId"'):
        bc.tables.insert("purchaseInvoices", vendorNumber="V1", procoreInvoiceId=70)

    bc.tables.act("purchaseInvoices", draft["id"], "post")

    posted = bc.tables.rows("postedPurchaseInvoices")[0]
    assert (posted["draftInvoiceId"], posted["preAssignedNumber"]) == (draft["id"], draft["number"])
    assert bc.tables.rows("purchaseInvoices") == []
    with refused("Application_DialogException", '"procoreInvoiceId"'):
        bc.tables.insert("purchaseInvoices", vendorNumber="V1", procoreInvoiceId=70)


def test_a_payment_closes_an_invoice_without_touching_its_record(bc: BusinessCentral) -> None:
    bc.tables.act("purchaseOrders", order(bc, GOOD, vendorInvoiceNumber="A")["id"], "receiveAndInvoice")
    before = bc.tables.rows("postedPurchaseInvoices")[0]

    pay(bc.tables, before["number"], Decimal("25.83"), check_number="1001")

    after = bc.tables.rows("postedPurchaseInvoices")[0]
    assert (before["status"], before["remainingAmount"]) == ("Open", Decimal("25.83"))
    assert (after["status"], after["remainingAmount"], after["closed"]) == ("Paid", 0, True)
    assert after["rowVersion"] == before["rowVersion"]

    pay(bc.tables, before["number"], Decimal("-25.83"))
    assert bc.tables.rows("postedPurchaseInvoices")[0]["status"] == "Open"


def test_a_cancelled_invoice_shows_it_without_having_moved(bc: BusinessCentral) -> None:
    bc.tables.act("purchaseOrders", order(bc, GOOD, vendorInvoiceNumber="A")["id"], "receiveAndInvoice")
    (before,) = bc.tables.rows("postedPurchaseInvoices")
    cancel(bc.tables, before["number"])

    (after,) = bc.tables.rows("postedPurchaseInvoices")
    assert (before["cancelled"], after["cancelled"], after["status"]) == (False, True, "Canceled")
    assert (after["rowVersion"], after["remainingAmount"]) == (before["rowVersion"], 0)
    with refused("Application_DialogException", "cancelled already"):
        cancel(bc.tables, before["number"])


async def test_a_posted_invoice_takes_only_what_the_hub_writes(remote: Remote) -> None:
    tables = remote.bc.tables
    tables.act("purchaseOrders", order(remote.bc, GOOD, vendorInvoiceNumber="A")["id"], "receiveAndInvoice")
    path = f"postedPurchaseInvoices({tables.rows('postedPurchaseInvoices')[0]['id']})"

    assert (await remote.patch(path, {"procoreInvoiceId": 5})).status == 200
    assert (await remote.patch(path, {"vendorInvoiceNumber": "B"})).code == "BadRequest_InvalidOperation"
    assert (await remote.call("DELETE", path)).status == 400


@pytest.mark.requirement("PP-44")
def test_a_journal_with_a_line_for_procore_that_is_not_budget_is_not_posted(bc: BusinessCentral) -> None:
    batch = bc.tables.insert("projectJournalBatches", journalTemplateName="PROJECT", name="DEFAULT")
    line = {
        "journalTemplateName": "PROJECT",
        "journalBatchName": "DEFAULT",
        "entryType": "Usage",
        "postingDate": "2026-03-01",
        "jobNumber": "P1",
        "jobTaskNumber": "01-100",
        "segmentCode": "BLDG-A",
        "type": "G/L Account",
        "number": "5100",
        "quantity": 2,
        "unitCost": Decimal("12.5"),
        "sendToProcore": True,
    }
    wrong = bc.tables.insert("projectJournalLines", **line)

    with refused("Application_DialogException", NOT_BUDGET):
        bc.tables.act("projectJournalBatches", batch["id"], "post")
    bc.tables.update("projectJournalLines", wrong["id"], entryType="Budget")
    bc.tables.act("projectJournalBatches", batch["id"], "post")

    (entry,) = bc.tables.rows("projectLedgerEntries")
    assert (entry["entryType"], entry["amount"], entry["sendToProcore"]) == ("Budget", 25, True)
    assert bc.tables.rows("projectJournalLines") == []
