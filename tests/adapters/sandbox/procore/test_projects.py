"""Projects: who makes them, what is refused, what is stored as null."""

from decimal import Decimal
from typing import Any

import pytest

from adapters.sandbox.procore import Procore
from tests.adapters.sandbox.procore.harness import Api, Reply

PROJECTS = "/rest/v1.0/projects"


async def create(api: Api, **fields: Any) -> Reply:
    body = {"company_id": api.procore.state.company_id, "project": {"name": "Bridge"} | fields}
    return await api.call("POST", PROJECTS, None, body)


async def test_an_account_without_the_right_creates_no_project(api: Api, procore: Procore) -> None:
    procore.settings.may_create_projects = False

    assert (await create(api)).status == 403
    assert procore.count("projects") == 0


@pytest.mark.parametrize(
    "place", [{"country_code": "ZZ"}, {"country_code": "US", "state_code": "ZZ"}, {"time_zone": "Mars/Olympus"}]
)
@pytest.mark.requirement("PP-09")
async def test_a_wrong_place_is_refused(api: Api, place: dict[str, str]) -> None:
    reply = await create(api, **place)

    assert (reply.status, list(reply.body["errors"])) == (422, [list(place)[-1]])


async def test_a_bad_date_is_stored_as_null(api: Api) -> None:
    reply = await create(api, start_date="02/30/2026", completion_date="2026-12-31")

    assert reply.status == 201
    assert (reply.body["start_date"], reply.body["completion_date"]) == (None, "2026-12-31")
    assert reply.body["estimated_completion_date"] == "2026-12-31"


async def test_the_value_goes_in_as_a_number_and_comes_out_as_text(api: Api) -> None:
    reply = await create(api, total_value=Decimal("1234567890123.45"))

    assert reply.body["total_value"] == reply.body["estimated_value"] == "1234567890123.45"


@pytest.mark.requirement("PP-08")
async def test_a_number_is_not_unique_but_an_origin_id_is(api: Api, procore: Procore) -> None:
    replies = [await create(api, project_number="J1", origin_id=origin) for origin in ("a", "b", "a")]

    assert [reply.status for reply in replies] == [201, 201, 422]
    assert procore.count("projects", project_number="J1") == 2


async def test_lists_show_active_projects_unless_all_are_asked_for(api: Api, procore: Procore) -> None:
    procore.add_project("Old", active=False, origin_id="o")
    procore.add_project("New")
    company = procore.state.company_id
    usual = await api.get("/rest/v1.1/projects", company_id=company)
    everything = await api.get("/rest/v1.1/projects", company_id=company, **{"filters[by_status]": "All"})
    synced = {"filters[by_status]": "All", "filters[synced]": "true"}
    with_origin = await api.get("/rest/v1.1/projects", company_id=company, **synced)

    assert [row["name"] for row in usual] == ["New"]
    assert [row["name"] for row in everything] == ["Old", "New"]
    assert [row["name"] for row in with_origin] == ["Old"]


@pytest.mark.parametrize(
    ("fields", "codes"), [({"enable_copy_of_standard_cost_codes": True}, ["01", "01-100"]), ({}, [])]
)
async def test_standard_cost_codes_are_copied_on_request(
    api: Api, procore: Procore, fields: dict[str, bool], codes: list[str]
) -> None:
    standard = procore.add_standard_list("Standard")["id"]
    division = procore.add_standard_code(standard, "01", "General")
    procore.add_standard_code(standard, "01-100", "Survey", division["id"])
    project = (await create(api, **fields)).body["id"]
    listed = await api.get("/rest/v1.0/cost_codes", project_id=project)

    assert [code["full_code"] for code in listed] == codes


async def test_an_account_may_be_kept_out_of_the_project_that_it_made(api: Api, procore: Procore) -> None:
    procore.settings.permits_new_projects = False
    id = (await create(api)).body["id"]

    assert (await api.call("GET", f"{PROJECTS}/{id}", {"company_id": procore.state.company_id})).status == 404
