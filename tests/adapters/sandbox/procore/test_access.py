"""Who may call, and what is refused before anything is looked at."""

import aiohttp
import pytest
from aiohttp import ClientError

from adapters.sandbox.procore import Procore
from adapters.sandbox.token_desk import CLIENT_SECRET
from adapters.sandbox.wire import CLIENT_ID, Fault
from tests.adapters.sandbox.procore.harness import Api, Clock

ME = "/rest/v1.0/me"
VENDORS = "/rest/v1.0/vendors"


async def test_a_token_lives_ninety_minutes(api: Api, clock: Clock) -> None:
    clock.passes(minutes=89)
    alive = await api.call("GET", ME)
    clock.passes(minutes=1)
    expired = await api.call("GET", ME)

    assert (alive.status, expired.status) == (200, 401)
    assert expired.body["error_description"] == "The access token is invalid"


async def test_a_token_says_when_it_was_made(api: Api, clock: Clock) -> None:
    info = await api.get("/oauth/token/info")

    assert info["expires_in_seconds"] == 5400
    assert info["created_at"] == int(clock.now.timestamp())


async def test_a_wrong_secret_gets_no_token(api: Api) -> None:
    form = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": "wrong"}
    async with api.client.post("/oauth/token", data=form) as answer:
        assert answer.status == 401
        assert (await answer.json())["error"] == "invalid_client"


async def test_a_revoked_token_opens_nothing(api: Api) -> None:
    form = {"token": api.token, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    async with api.client.post("/oauth/revoke", data=form) as answer:
        assert answer.status == 200

    assert (await api.call("GET", ME)).status == 401


async def test_a_call_without_the_company_header_is_refused(api: Api) -> None:
    reply = await api.call("GET", ME, headers={"Authorization": f"Bearer {api.token}"}, strict=False)

    assert reply.status == 403
    assert reply.body["errors"].startswith("Missing Procore-Company-Id header!")


async def test_a_company_without_the_app_is_refused(api: Api, procore: Procore) -> None:
    foreign = {"Authorization": f"Bearer {api.token}", "Procore-Company-Id": "1"}
    other = await api.call("GET", ME, headers=foreign)
    procore.settings.app_installed = False
    removed = await api.call("GET", ME)

    assert other.status == removed.status == 403
    assert removed.body["errors"] == "App is not connected to this company"


async def test_a_project_that_the_account_may_not_see_does_not_exist(api: Api, procore: Procore) -> None:
    project = procore.add_project("Bridge")
    procore.set_any("projects", project["id"], permitted=False)

    assert (await api.call("GET", "/rest/v1.0/sub_jobs", {"project_id": project["id"]})).status == 404
    assert await api.get("/rest/v1.1/projects", company_id=procore.state.company_id) == []


async def test_a_tool_that_is_switched_off_is_forbidden(api: Api, procore: Procore) -> None:
    project = procore.add_project("Bridge")
    procore.set_any("projects", project["id"], tools_off=["commitments"])

    reply = await api.call("GET", "/rest/v1.0/commitments", {"project_id": project["id"]})

    assert reply.status == 403


async def test_an_unknown_parameter_is_not_acceptable(api: Api, procore: Procore) -> None:
    company = procore.state.company_id
    query = {"company_id": company, "filters[shoe_size]": "44"}
    refused = await api.call("GET", VENDORS, query, strict=False)
    procore.settings.refuse_unknown_query = False
    ignored = await api.call("GET", VENDORS, query, strict=False)

    assert (refused.status, ignored.status) == (406, 200)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"vendor": {"name": "A"}}, 400),
        ({"company_id": "text", "vendor": {"name": "A"}}, 400),
        ({"company_id": 1, "vendor": {"name": "A", "shoe_size": 44}}, 406),
        ({"company_id": 1, "vendor": {"city": "Boise"}}, 400),
        ([], 400),
    ],
)
async def test_a_body_that_does_not_fit_changes_nothing(api: Api, procore: Procore, body: object, status: int) -> None:
    if isinstance(body, dict) and body.get("company_id") == 1:
        body = body | {"company_id": procore.state.company_id}
    reply = await api.call("POST", VENDORS, None, body, strict=False)

    assert reply.status == status
    assert procore.count("vendors") == 0


async def test_malformed_json_and_other_content_are_refused(api: Api, procore: Procore) -> None:
    sent = {"Authorization": f"Bearer {api.token}", "Procore-Company-Id": str(procore.state.company_id)}
    json = {**sent, "Content-Type": "application/json"}
    async with api.client.post(VENDORS, data=b"{", headers=json) as answer:
        assert answer.status == 400
    async with api.client.post(VENDORS, data=b"a=b", headers={**sent, "Content-Type": "text/csv"}) as answer:
        assert answer.status == 406


async def test_a_range_with_one_bound_is_refused(api: Api, procore: Procore) -> None:
    query = {"company_id": procore.state.company_id, "filters[updated_at]": "2026-01-01"}

    assert (await api.call("GET", VENDORS, query, strict=False)).status == 400


async def test_an_address_that_procore_lacks_does_not_exist(api: Api) -> None:
    async with api.client.get("/rest/v1.0/purchase_orders") as answer:
        assert answer.status == 404


async def test_a_lost_reply_has_taken_effect(api: Api, procore: Procore) -> None:
    procore.faults.add(Fault(kind="lost_reply", method="POST", path="/vendors"))
    body = {"company_id": procore.state.company_id, "vendor": {"name": "Acme"}}
    with pytest.raises(ClientError):
        await api.call("POST", VENDORS, None, body)

    assert procore.count("vendors", name="Acme") == 1


async def test_the_log_keeps_bodies_and_hides_secrets(api: Api, procore: Procore) -> None:
    await api.call("POST", VENDORS, None, {"company_id": procore.state.company_id, "vendor": {"name": "Acme"}})
    entry = procore.log.writes()[0]

    assert entry.body["vendor"] == {"name": "Acme"}
    assert entry.answer["name"] == "Acme"
    assert api.token not in str([each.plain() for each in procore.log])


async def test_the_controls_need_no_token(api: Api) -> None:
    async with aiohttp.ClientSession() as bare, bare.get(api.client.make_url("/_sandbox/export")) as answer:
        assert answer.status == 200
        assert "projects" in await answer.json()
