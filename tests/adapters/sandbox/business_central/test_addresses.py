"""The stand-in answers at the addresses of Business Central and refuses every other one, and every stranger."""

from datetime import timedelta

import pytest

from adapters.sandbox.business_central.schema import connector, metadata
from adapters.sandbox.wire import CLIENT_SECRET
from tests.adapters.sandbox.business_central.conftest import Clock, Remote
from tests.adapters.sandbox.business_central.contract import REFERENCE


async def test_without_a_token_nothing_is_answered(remote: Remote) -> None:
    remote.headers.clear()

    answer = await remote.get("projects")

    assert (answer.status, answer.code) == (401, "Authentication_InvalidCredentials")


async def test_a_token_ends_after_an_hour(remote: Remote, clock: Clock) -> None:
    clock.advance(timedelta(hours=1))

    assert (await remote.get("projects")).status == 401

    await remote.sign_in()
    assert (await remote.get("projects")).status == 200


@pytest.mark.parametrize(
    ("changed", "status", "error"),
    [
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"scope": "https://graph.microsoft.com/.default"}, 400, "invalid_scope"),
    ],
)
async def test_a_wrong_token_request_is_told_why(
    remote: Remote, changed: dict[str, str], status: int, error: str
) -> None:
    form = {
        "grant_type": "client_credentials",
        "client_id": "siteledger",
        "client_secret": CLIENT_SECRET,
        "scope": "https://api.businesscentral.dynamics.com/.default",
        **changed,
    }
    async with remote.session.post(remote.bc.token_url(remote.origin), data=form) as answer:
        assert (answer.status, (await answer.json())["error"]) == (status, error)


async def test_the_form_without_tenant_leads_to_the_same_company(remote: Remote) -> None:
    short = remote.company.replace(f"/{remote.bc.tenant}/", "/")

    assert (await remote.get(f"{short}/projects")).value[0]["number"] == "P1"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("/sandbox/", "/production/"),
        ("contoso", "fabrikam"),
        ("procore/v1.0", "procore/v2.0"),
        ("companies", "compani"),
    ],
)
async def test_an_address_that_is_not_served_is_not_found(remote: Remote, old: str, new: str) -> None:
    answer = await remote.get(f"{remote.company}/projects".replace(old, new))

    assert (answer.status, answer.code) == (404, "BadRequest_ResourceNotFound")


async def test_an_unknown_company_is_not_found(remote: Remote) -> None:
    answer = await remote.get(f"{remote.root}/companies(00000000-0000-0000-0000-000000000009)/projects")

    assert (answer.status, answer.code) == (404, "Internal_CompanyNotFound")


async def test_a_company_may_stand_in_the_query(remote: Remote) -> None:
    assert (await remote.get(f"{remote.root}/projects?company={remote.bc.company_id}")).status == 200
    assert (await remote.get(f"{remote.root}/projects")).code == "Internal_CompanyNotFound"


async def test_entity_set_names_are_case_sensitive(remote: Remote) -> None:
    assert (await remote.get("Projects")).code == "BadRequest_ResourceNotFound"


async def test_a_missing_record_is_not_found(remote: Remote) -> None:
    answer = await remote.get("projects(11111111-2222-3333-4444-555555555555)")

    assert (answer.status, answer.code) == (404, "BadRequest_NotFound")


async def test_companies_are_listed_and_cannot_be_made(remote: Remote) -> None:
    listed = await remote.get(f"{remote.root}/companies")

    assert [it["id"] for it in listed.value] == [remote.bc.company_id]
    assert (await remote.get(f"{remote.root}/companies({remote.bc.company_id})")).body["id"] == remote.bc.company_id
    assert (await remote.post(f"{remote.root}/companies", {"name": "Second"})).status == 405


async def test_the_service_document_names_every_entity_set(remote: Remote) -> None:
    names = {it["name"] for it in (await remote.get(remote.root)).value}

    assert names >= set(connector())


async def test_every_entity_set_can_be_read(remote: Remote) -> None:
    for name in connector():
        assert (await remote.get(name)).status == 200


async def test_the_metadata_document_is_served_as_it_is(remote: Remote) -> None:
    assert (await remote.get(f"{remote.root}/$metadata")).text.encode() == metadata()


def test_the_shipped_metadata_document_is_the_published_one() -> None:
    if not REFERENCE.exists():
        pytest.skip("the reference documents are not beside this repository")

    assert metadata() == REFERENCE.read_bytes()


async def test_the_standard_api_shows_companies_vendors_and_units(remote: Remote) -> None:
    standard = f"{remote.bc.api_url(remote.origin)}/v2.0"
    company = f"{standard}/companies({remote.bc.company_id})"

    assert (await remote.call("GET", f"{standard}/companies", check=False)).value[0]["id"] == remote.bc.company_id
    vendors = (await remote.call("GET", f"{company}/vendors?$filter=number eq 'v1'", check=False)).value
    assert [it["displayName"] for it in vendors] == ["Acme Concrete"]
    assert (await remote.call("GET", f"{company}/unitsOfMeasure", check=False)).value
    assert (await remote.call("GET", f"{company}/accounts", check=False)).status == 404


async def test_a_write_with_read_only_intent_is_refused(remote: Remote) -> None:
    answer = await remote.post("vendors", {"displayName": "Late"}, Data_Access_Intent="ReadOnly")

    assert answer.status == 400
