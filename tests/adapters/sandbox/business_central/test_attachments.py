"""A file is attached in two steps, stays with its document, and an interrupted one can be found."""

import pytest

from adapters.sandbox.business_central.rules.posting import pay
from tests.adapters.sandbox.business_central.conftest import Remote

PDF = b"%PDF-1.7 \x00\xff"


@pytest.fixture
def draft(remote: Remote) -> str:
    line = {
        "lineType": "G/L Account",
        "number": "5400",
        "quantity": 1,
        "directUnitCost": 100,
        "procoreInvoiceLineId": 1,
    }
    made = remote.bc.tables.insert(
        "purchaseInvoices", vendorNumber="V1", vendorInvoiceNumber="SUB-1", purchaseInvoiceLines=[line]
    )
    return made["id"]


def files(remote: Remote) -> str:
    return f"{remote.bc.api_url(remote.origin)}/v2.0/companies({remote.bc.company_id})/documentAttachments"


async def attach(remote: Remote, parent: str) -> str:
    body = {"fileName": "invoice.pdf", "parentId": parent, "parentType": "Purchase Invoice"}
    answer = await remote.call("POST", files(remote), body, check=False)
    assert answer.status == 201, answer.text
    return answer.body["id"]


async def test_the_bytes_come_in_a_second_step(remote: Remote, draft: str) -> None:
    made = await attach(remote, draft)
    content = f"{files(remote)}({made})/attachmentContent"
    octets = {"Content_Type": "application/octet-stream"}

    assert (await remote.call("PATCH", content, PDF, check=False, **octets)).code == "BadRequest_InvalidToken"
    assert (await remote.call("PATCH", content, PDF, check=False, If_Match="*")).status == 415
    assert (await remote.call("PATCH", content, PDF, check=False, If_Match="*", **octets)).status == 204

    async with remote.session.get(content, headers=remote.headers) as answer:
        assert await answer.read() == PDF
    listed = f"{files(remote)}?$filter=parentId eq {draft} and parentType eq 'Purchase_x0020_Invoice'"
    (row,) = (await remote.call("GET", listed, check=False)).value
    assert (row["fileName"], row["byteSize"]) == ("invoice.pdf", len(PDF))


async def test_a_file_without_bytes_can_be_found(remote: Remote, draft: str) -> None:
    await attach(remote, draft)

    listed = await remote.call("GET", f"{files(remote)}?$filter=byteSize eq 0", check=False)

    assert len(listed.value) == 1


async def test_a_posted_invoice_still_takes_files_under_the_id_of_its_draft(remote: Remote, draft: str) -> None:
    remote.bc.tables.act("purchaseInvoices", draft, "post")
    pay(remote.bc.tables, remote.bc.tables.rows("postedPurchaseInvoices")[0]["number"], 100)

    assert await attach(remote, draft)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"parentId": "11111111-2222-3333-4444-555555555555"}, "Internal_RecordNotFound"),
        ({"fileName": ""}, "BadRequest_RequiredParamNotProvided"),
        ({"fileName": "x" * 251}, "Application_StringExceededLength"),
        ({"byteSize": 5}, "BadRequest_InvalidOperation"),
        ({"parentType": "Spaceship"}, "BadRequest"),
    ],
)
async def test_a_wrong_attachment_is_refused(remote: Remote, draft: str, changed: dict[str, object], code: str) -> None:
    body = {"fileName": "invoice.pdf", "parentId": draft, "parentType": "Purchase Invoice", **changed}

    assert (await remote.call("POST", files(remote), body, check=False)).code == code


async def test_the_parent_cannot_be_changed_and_a_file_can_be_removed(remote: Remote, draft: str) -> None:
    path = f"{files(remote)}({await attach(remote, draft)})"

    assert (await remote.call("PATCH", path, {"parentId": draft}, check=False, If_Match="*")).status == 400
    assert (await remote.call("PATCH", path, {"fileName": "b.pdf"}, check=False, If_Match="*")).status == 200
    assert (await remote.call("DELETE", path, check=False)).status == 204
    assert (await remote.call("GET", path, check=False)).status == 404
