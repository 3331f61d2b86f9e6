"""Vendors of the company and of its projects."""

import pytest

from adapters.sandbox.procore import Procore
from tests.adapters.sandbox.procore.harness import Api


@pytest.fixture
def company(procore: Procore) -> int:
    return procore.state.company_id


async def test_an_inactive_vendor_is_missed_by_the_list_and_comes_back(
    api: Api, procore: Procore, company: int
) -> None:
    id = procore.add_vendor("Acme", origin_id="a", is_active=False)["id"]
    active = await api.get("/rest/v1.0/vendors", company_id=company, **{"filters[origin_id]": "a"})
    inactive = await api.get(f"/rest/v1.0/companies/{company}/vendors/inactive")
    path = f"/rest/v1.0/companies/{company}/vendors/inactive/{id}"
    again = [(await api.call("PATCH", path)).status for _ in range(2)]

    assert (active, [vendor["id"] for vendor in inactive]) == ([], [id])
    assert again == [200, 404]
    assert procore.find("vendors", id=id)["is_active"] is True


@pytest.mark.parametrize("wanted", ["acme", "V0042", "12-345"])
async def test_the_search_looks_at_name_code_and_tax_number(
    api: Api, procore: Procore, company: int, wanted: str
) -> None:
    procore.add_vendor("Acme Steel", origin_code="V0042", tax_number="12-3456789")
    procore.add_vendor("Other")
    found = await api.get("/rest/v1.0/vendors", company_id=company, **{"filters[search]": wanted})

    assert [vendor["business_id"] for vendor in found] == ["12-3456789"]


async def test_a_project_sees_a_vendor_after_it_was_added(api: Api, procore: Procore) -> None:
    project, vendor = procore.add_project("Bridge")["id"], procore.add_vendor("Acme")["id"]
    path = f"/rest/v1.1/projects/{project}/vendors"
    before = await api.get(path)
    for _ in range(2):
        assert (await api.call("POST", f"{path}/{vendor}/actions/add")).status == 201
    after = await api.get(path)

    assert (before, [row["id"] for row in after]) == ([], [vendor])


async def test_an_update_needs_the_name_again(api: Api, procore: Procore, company: int) -> None:
    id = procore.add_vendor("Acme")["id"]
    body = {"company_id": company, "vendor": {"city": "Boise"}}
    reply = await api.call("PATCH", f"/rest/v1.0/vendors/{id}", None, body, strict=False)

    assert reply.status == 400


async def test_a_cost_type_is_written_and_read_under_two_names(api: Api, company: int) -> None:
    row = {"name": "Labor", "csv_import_code": "L", "base_type": "labor", "origin_id": "l"}
    entities, _ = await api.sync("/rest/v1.0/line_item_types/sync", [row], company_id=company)
    refused = {"company_id": company, "line_item_type": {"name": "Labor", "code": "L"}}
    reply = await api.call("POST", "/rest/v1.0/line_item_types", None, refused, strict=False)

    assert (entities[0]["code"], reply.status) == ("L", 406)
