"""Every operation that the stand-in serves answers in the shape that Procore's REST description gives."""

from decimal import Decimal
from typing import Literal

import pytest

from adapters.sandbox.procore import Procore
from adapters.sandbox.procore.routes import ROUTES
from tests.adapters.sandbox.procore.calls_of_costs import call_budget, call_direct_costs
from tests.adapters.sandbox.procore.calls_of_erp import call_erp
from tests.adapters.sandbox.procore.calls_of_time import call_time
from tests.adapters.sandbox.procore.calls_of_webhooks import call_webhooks
from tests.adapters.sandbox.procore.harness import Api
from tests.contract import procore_contract

pytestmark = pytest.mark.skipif(not procore_contract.present(), reason=procore_contract.MISSING)

WBS = "work_breakdown_structure"


def test_the_table_of_operations_is_what_the_description_says() -> None:
    table = procore_contract.text(procore_contract.extract(procore_contract.served()))

    assert table == procore_contract.CONTRACT.read_text(encoding="utf-8")


async def test_every_operation_is_served_and_answers_in_shape(api: Api, procore: Procore) -> None:
    company = procore.state.company_id
    await _company(api, procore, company)
    project = await _projects(api, company)
    await _breakdown(api, procore, company, project)
    await _codes(api, project)
    await _commitments(api, procore, project)
    await call_budget(api, procore, project)
    await call_direct_costs(api, procore, project)
    await call_time(api, procore, project)
    await _billing(api, procore, project)
    await _changes(api, procore, project)
    await call_webhooks(api, project)
    await call_erp(api, procore)

    called = {(entry.method, procore_contract.template(entry.method, entry.path)) for entry in procore.log}
    served = {(route.method, route.path) for route in ROUTES}
    assert served <= called
    assert [entry for entry in procore.log if entry.status >= 400] == []
    assert procore_contract.validate_exchanges(procore.log) == len(procore.log) - 1  # the token request is none of it


HEADERS = {"Procore-Company-Id": "1"}
LINES = "/rest/v1.0/purchase_order_contracts/7/line_items"
LINE = {"project_id": 1, "line_item": {"amount": "1.00", "wbs_code_id": 2}}


def test_a_good_request_passes() -> None:
    procore_contract.validate_request("POST", LINES, {}, HEADERS, LINE)


@pytest.mark.parametrize(
    ("path", "query", "headers", "body"),
    [
        ("/rest/v1.0/nowhere", {}, HEADERS, LINE),
        (LINES, {"project_id": "1"}, HEADERS, LINE),
        (LINES, {}, {}, LINE),
        (LINES, {}, HEADERS, LINE | {"extra": 1}),
        (LINES, {}, HEADERS, {"line_item": {}}),
        (LINES, {}, HEADERS, LINE | {"line_item": {"amount": 1}}),
        (LINES, {}, HEADERS, LINE | {"line_item": {"extended_type": "guess"}}),
    ],
)
def test_a_request_that_procore_does_not_describe_is_found(
    path: str, query: dict[str, str], headers: dict[str, str], body: object
) -> None:
    with pytest.raises(AssertionError):
        procore_contract.validate_request("POST", path, query, headers, body)


@pytest.mark.parametrize(("status", "body"), [(201, {"amount": 1.5}), (201, []), (202, {})])
def test_an_answer_that_procore_does_not_describe_is_found(status: int, body: object) -> None:
    with pytest.raises(AssertionError):
        procore_contract.validate_answer("POST", LINES, status, body)


async def _company(api: Api, procore: Procore, company: int) -> None:
    await api.call("GET", "/oauth/token/info")
    await api.get("/rest/v1.0/me", company_id=company)
    await api.get("/rest/v1.0/companies", per_page=10)
    made = await api.call("POST", "/rest/v1.0/vendors", None, {"company_id": company, "vendor": {"name": "Acme"}})
    id = made.body["id"]
    row = {"id": id, "origin_id": "v1", "business_register_attributes": {"type": "EIN", "identifier": "12-3"}}
    await api.sync("/rest/v1.0/vendors/sync", [row], company_id=company)
    await api.get("/rest/v1.0/vendors", company_id=company, **{"filters[origin_id]": "v1"})
    for view in ("compact", "normal", "erp", "extended", "directory", "summary"):
        await api.get(f"/rest/v1.0/vendors/{id}", company_id=company, view=view)
    gone = {"company_id": company, "vendor": {"name": "Acme", "is_active": False}}
    await api.call("PATCH", f"/rest/v1.0/vendors/{id}", None, gone)
    await api.get(f"/rest/v1.0/companies/{company}/vendors/inactive")
    await api.call("PATCH", f"/rest/v1.0/companies/{company}/vendors/inactive/{id}")
    procore.add_tax_code("GST", Decimal("5.0"))
    await api.get("/rest/v1.0/tax_codes", company_id=company)
    await api.sync("/rest/v1.0/tax_codes/sync", [{"code": "PST", "rate1": 7}], company_id=company)
    unit = procore.add_unit("ea")
    await api.get(f"/rest/v1.0/companies/{company}/uoms")
    row = {"name": "crate", "uom_category_id": unit["uom_category_id"]}
    await api.sync(f"/rest/v1.0/companies/{company}/uoms/sync", [row])
    body = {"company_id": company, "line_item_type": {"name": "Labor", "csv_import_code": "L", "base_type": "labor"}}
    labor = (await api.call("POST", "/rest/v1.0/line_item_types", None, body)).body["id"]
    await api.get("/rest/v1.0/line_item_types", company_id=company)
    await api.get(f"/rest/v1.0/line_item_types/{labor}", company_id=company)
    await api.call("PATCH", f"/rest/v1.0/line_item_types/{labor}", None, body)
    await api.sync("/rest/v1.0/line_item_types/sync", [{"id": labor, "origin_id": "L"}], company_id=company)
    codes = procore.add_standard_list("Standard")["id"]
    await api.get("/rest/v1.0/standard_cost_code_lists", company_id=company)
    body = {"company_id": company, "standard_cost_code_list_id": codes, "updates": [{"name": "General", "code": "01"}]}
    await api.call("PATCH", "/rest/v1.0/standard_cost_codes/sync", None, body)
    await api.get("/rest/v1.0/standard_cost_codes", company_id=company, standard_cost_code_list_id=codes)
    procore.add_stage("Course of Construction", "course_of_construction")
    await api.get(f"/rest/v1.0/companies/{company}/project_stages")
    await api.get("/rest/v1.0/departments", company_id=company)


async def _projects(api: Api, company: int) -> int:
    body = {"company_id": company, "project": {"name": "School", "project_number": "J1", "total_value": 10}}
    id: int = (await api.call("POST", "/rest/v1.0/projects", None, body)).body["id"]
    await api.get(f"/rest/v1.0/projects/{id}", company_id=company)
    body = {"company_id": company, "project": {"name": "School"}}
    await api.call("PATCH", f"/rest/v1.0/projects/{id}", None, body)
    await api.sync("/rest/v1.0/projects/sync", [{"id": id, "origin_id": "p1"}], company_id=company)
    await api.get("/rest/v1.0/projects", company_id=company)
    for view in ("compact", "normal", "extended"):
        await api.get("/rest/v1.1/projects", company_id=company, view=view)
    await api.get(f"/rest/v1.0/projects/{id}/tools")
    path = f"/rest/v1.1/projects/{id}/vendors"
    vendor = (await api.call("POST", path, None, {"vendor": {"name": "Local"}})).body["id"]
    await api.get(path, per_page=5)
    await api.get(f"{path}/{vendor}")
    await api.call("PATCH", f"{path}/{vendor}", None, {"vendor": {"city": "Boise"}})
    await api.call("DELETE", f"{path}/{vendor}/actions/remove")
    await api.call("POST", f"{path}/{vendor}/actions/add")
    return id


async def _breakdown(api: Api, procore: Procore, company: int, project: int) -> None:
    root, own = f"/rest/v1.0/companies/{company}/{WBS}", f"/rest/v1.0/projects/{project}/{WBS}"
    await api.get(f"{root}/patterns")
    body = {"segment": {"name": "Location", "structure": "tiered"}}
    location = (await api.call("POST", f"{root}/segments", None, body)).body["id"]
    await api.get(f"{root}/segments")
    await api.get(f"{root}/segments/{procore.segments['cost_code']['id']}/lists")
    items = f"{root}/segments/{location}/segment_items"
    parent = (await api.call("POST", items, None, {"code": "N", "name": "North"})).body["id"]
    child = await api.call("POST", items, None, {"code": "1", "name": "Floor", "parent_id": parent})
    assert child.body["path_code"] == "N-1"
    await api.get(items, page=1, per_page=50)
    await api.get(f"{items}/{parent}")
    await api.call("PATCH", f"{items}/{parent}", None, {"name": "North wing"})
    await api.call("PATCH", f"{items}/update_all", None, {"ids": [parent], "attributes": {"status": "inactive"}})
    for segment in (location, procore.segments["sub_job"]["id"]):
        added = await api.call("PUT", f"{own}/patterns/add_segment", None, {"segment_id": segment})
        assert added.status == 204
    await api.get(f"{own}/patterns")
    await api.get(f"{own}/segments")
    path = f"/rest/v1.0/projects/{project}/{WBS}/segments/{location}/segment_items"
    mine = (await api.call("POST", path, None, {"code": "S", "name": "South"})).body["id"]
    await api.get(path)
    await api.call("PATCH", f"{path}/{mine}", None, {"name": "South wing"})
    await api.call("PATCH", f"{path}/update_all", None, {"ids": [mine], "attributes": {"status": "inactive"}})
    await api.call("DELETE", f"{path}/{mine}")


async def _codes(api: Api, project: int) -> None:
    body = {"project_id": project, "sub_job": {"code": "SJ1", "name": "Tower"}}
    job = (await api.call("POST", "/rest/v1.0/sub_jobs", None, body)).body["id"]
    row = {"id": job, "origin_id": "sj1"}
    await api.sync("/rest/v1.0/sub_jobs/sync", [row], project_id=project, body_project_id=project)
    await api.get("/rest/v1.0/sub_jobs", project_id=project)
    await api.get(f"/rest/v1.0/sub_jobs/{job}", project_id=project)
    await api.call("PATCH", f"/rest/v1.0/sub_jobs/{job}", None, body)
    body = {"project_id": project, "sub_job": {"code": "SJ2", "name": "Annex"}}
    other = (await api.call("POST", "/rest/v1.0/sub_jobs", None, body)).body["id"]
    await api.call("DELETE", f"/rest/v1.0/sub_jobs/{other}", {"project_id": project})
    body = {"project_id": project, "cost_code": {"code": "01", "name": "General"}}
    division = (await api.call("POST", "/rest/v1.0/cost_codes", None, body)).body["id"]
    row = {"code": "100", "name": "Survey", "parent_id": division, "origin_id": "cc"}
    await api.sync("/rest/v1.0/cost_codes/sync", [row], project_id=project)
    for view in ("default", "erp_compact"):
        await api.get("/rest/v1.0/cost_codes", project_id=project, view=view)
    await api.get(f"/rest/v1.0/cost_codes/{division}", project_id=project)
    lists = await api.get("/rest/v1.0/standard_cost_code_lists", company_id=api.procore.state.company_id)
    body = {"project_id": project, "standard_cost_code_list_id": lists[0]["id"]}
    await api.call("POST", "/rest/v1.0/cost_codes/copy_from_standard_list", None, body)
    path = f"/rest/v1.0/projects/{project}/{WBS}/wbs_codes"
    pairs = await _pairs(api, project)
    made = await api.call("POST", path, None, {"segment_items": pairs})
    assert made.body["flat_code"] == "SJ1.01-100.L"
    bulk = await api.call("PATCH", f"{path}/bulk_create", None, {"bulk": [{"segment_items": pairs}]})
    assert bulk.status == 201
    id = made.body["id"]
    await api.call("PATCH", f"{path}/{id}", None, {"description": "Survey of the tower"})
    await api.call("PATCH", f"{path}/update_all", None, {"ids": [id], "attributes": {"status": "active"}})
    await api.get(path, can_select_divisions="false")


async def _pairs(api: Api, project: int) -> list[dict[str, int]]:
    wanted = {"sub_job": "SJ1", "cost_code": "01-100", "line_item_type": "L"}
    pairs: list[dict[str, int]] = []
    for segment in await api.get(f"/rest/v1.0/projects/{project}/{WBS}/segments"):
        if segment["type"] in wanted:
            path = f"/rest/v1.0/projects/{project}/{WBS}/segments/{segment['id']}/segment_items"
            items = {item["path_code"]: item["id"] for item in await api.get(path)}
            pairs.append({"segment_id": segment["id"], "segment_item_id": items[wanted[segment["type"]]]})
    return pairs


async def _commitments(api: Api, procore: Procore, project: int) -> None:
    vendor, code = procore.find("vendors", name="Local")["id"], procore.find("wbs_codes")["id"]
    for resource in ("purchase_order_contracts", "work_order_contracts"):
        one, path = resource.removesuffix("s"), f"/rest/v1.0/{resource}"
        body = {"project_id": project, one: {"title": "Steel", "vendor_id": vendor}}
        id = (await api.call("POST", path, None, body)).body["id"]
        row = {"id": id, "origin_id": f"bc:{one}", "retainage_percent": "10"}
        await api.sync(f"{path}/sync", [row], body_project_id=project)
        lines = f"{path}/{id}/line_items"
        line = {"wbs_code_id": code, "quantity": "3", "unit_cost": "33.335", "uom": "ea"}
        made = await api.call("POST", lines, None, {"project_id": project, "line_item": line})
        assert made.body["amount"] == "100.01"
        await api.sync(f"{lines}/sync", [{"id": made.body["id"], "origin_id": f"bc:{one}:1"}], project_id=project)
        for view in ("default", "ssov_source_lines"):
            await api.get(lines, project_id=project, view=view)
        for view in ("compact", "extended"):
            await api.get(path, project_id=project, view=view)
        await api.get(f"{path}/{id}", project_id=project)
        body = {"project_id": project, "line_item": {"description": "Beams"}}
        await api.call("PATCH", f"{lines}/{made.body['id']}", None, body)
        await api.get("/rest/v1.0/commitments", project_id=project)
        await api.get(f"/rest/v1.0/commitments/{id}", project_id=project)
        await api.call("DELETE", f"{lines}/{made.body['id']}", {"project_id": project})
        body = {"project_id": project, one: {"status": "Approved"}}
        approved = await api.call("PATCH", f"{path}/{id}", None, body)
        assert approved.body["status"] == "Approved"
        await api.call("PATCH", f"{path}/{id}", None, {"project_id": project, one: {"status": "Draft"}})
        await api.call("DELETE", f"{path}/{id}", {"project_id": project})


async def _changes(api: Api, procore: Procore, project: int) -> None:
    company, changes = procore.state.company_id, procore.changes
    code = procore.find("wbs_codes")["id"]
    line = {"wbs_code_id": code, "quantity": "3", "unit_cost": "-33.335", "uom": "ea"}
    prime = changes.add_prime_contract(project, title="School")["id"]
    order = procore.add_commitment(project)["id"]
    await api.get("/rest/v1.0/change_order/statuses", company_id=company)
    sides: dict[Literal["commitment", "prime"], int] = {"commitment": order, "prime": prime}
    for side, contract in sides.items():
        path = f"/rest/v1.0/projects/{project}/{side}_change_orders"
        made = (await api.call("POST", path, None, {"change_order": {"contract_id": contract, "title": "Pier"}})).body
        lines = f"{path.replace('v1.0', f'v2.0/companies/{company}')}/{made['id']}/line_items"
        await api.call("POST", lines, None, {"wbs_code_id": str(code), "amount": "10.00", "quantity": "2"})
        changes.add(project, side=side, contract_id=contract, lines=[line], npc=True, kind="Regular")
        await api.get(lines)
        for view in ("default", "extended"):
            await api.get(path, view=view)
            await api.get(f"{path}/{made['id']}", view=view)
            await api.call("PATCH", f"{path}/{made['id']}", {"view": view}, {"change_order": {"status": "approved"}})
    await api.get("/rest/v1.0/prime_contracts", project_id=project)
    await api.get(f"/rest/v1.0/prime_contract/{prime}", project_id=project)
    for view in ("default", "extended"):
        await api.get("/rest/v1.0/custom_field_definitions", company_id=company, view=view)
    field = procore.find("custom_field_definitions")["id"]
    await api.get(f"/rest/v1.0/custom_field_definitions/{field}", company_id=company)
    other = procore.add_project("Annex")["id"]
    changes.set_tiers(other, 3)
    await _potentials(api, procore, other)


async def _potentials(api: Api, procore: Procore, project: int) -> None:
    cost_code = procore.add_cost_code(project, "01", "General")
    line = {"cost_code_id": cost_code["id"], "line_item_type_id": procore.find("line_item_types")["id"]}
    prime = procore.changes.add_prime_contract(project)["id"]
    package = procore.changes.add(project, contract_id=prime, lines=[line | {"amount": "5", "origin_data": "x"}])["id"]
    same = {"project_id": project, "contract_id": prime}
    body = {"project_id": project, "change_order": {"origin_id": "bc:co1", "origin_code": "CO1"}}
    await api.call("PATCH", f"/rest/v1.0/change_order_packages/{package}", None, body)
    for resource in ("change_order_packages", "change_order_requests", "potential_change_orders"):
        rows = await api.get(f"/rest/v1.0/{resource}", **({"project_id": project} if resource[0] == "p" else same))
        await api.get(f"/rest/v1.0/{resource}/{rows[0]['id']}", **same)
    id = procore.find("potential_change_orders", project_id=project)["id"]
    body = same | {"change_order": {"title": "Crane"}}
    await api.call("PATCH", f"/rest/v1.0/potential_change_orders/{id}", None, body)
    path = f"/rest/v1.0/potential_change_orders/{id}/line_items"
    await api.sync(f"{path}/sync", [line | {"amount": "7.00", "origin_id": "bc:co1:1"}], project_id=project)
    await api.get(path, project_id=project)


async def _billing(api: Api, procore: Procore, project: int) -> None:
    path = f"/rest/v1.0/projects/{project}/billing_periods"
    month = {"start_date": "2026-03-01", "end_date": "2026-03-31", "due_date": "2026-03-25", "status": "open"}
    period = (await api.call("POST", path, None, {"billing_period": month})).body["id"]
    await api.get(path, **{"filters[status]": "open"})
    await api.get(f"{path}/{period}")
    line = {"wbs_code_id": procore.find("wbs_codes")["id"], "amount": "100.00"}
    order = procore.add_commitment(project, lines=[line], status="Approved", retainage_percent="10")["id"]
    body = {"project_id": project, "commitment_id": order, "requisition": {"period_id": period, "invoice_number": "1"}}
    id = (await api.call("POST", "/rest/v1.1/requisitions", None, body)).body["id"]
    items = f"/rest/v1.0/requisitions/{id}"
    (item,) = await api.get(f"{items}/contract_items", project_id=project)
    row = {"id": item["id"], "item_type": "contract_item", "work_completed_this_period": "60.00"}
    await api.call("PATCH", f"{items}/bulk_item_update", {"project_id": project}, {"requisition_items": [row]})
    for name in ("contract_detail_items", "change_order_items", "detail"):
        await api.get(f"{items}/{name}", project_id=project)
    body = {"project_id": project, "commitment_id": order, "requisition": {"status": "under_review"}}
    await api.call("PATCH", f"/rest/v1.1/requisitions/{id}", {"view": "extended"}, body)
    for view in ("default", "extended", "items", "action_policy"):
        await api.get("/rest/v1.1/requisitions", project_id=project, view=view)
        await api.get(f"/rest/v1.1/requisitions/{id}", project_id=project, view=view)
    await api.call("DELETE", f"/rest/v1.1/requisitions/{id}", {"project_id": project})
