"""One call of every operation of budget and direct costs, for the proof that each answers in shape."""

from adapters.sandbox.procore import Procore
from tests.adapters.sandbox.procore.harness import Api


async def call_budget(api: Api, procore: Procore, project: int) -> None:
    own = f"/rest/v1.0/projects/{project}"
    code = procore.find("wbs_codes", project_id=project)["id"]
    await api.get(f"{own}/budget")
    line = {"wbs_code_id": code, "original_budget_amount": 10, "quantity": 1, "unit_cost": 10, "uom": "ea"}
    body = {"project_id": project, "budget_line_items": [line]}
    id = (await api.call("POST", "/rest/v1.0/budget_line_items/sync", None, body)).body[0]["id"]
    procore.remove("budget_line_items", id)
    body = {"project_id": project, "budget_line_item": line}
    id = (await api.call("POST", "/rest/v1.1/budget_line_items", None, body)).body["id"]
    await api.get(f"/rest/v1.1/budget_line_items/{id}", project_id=project)
    await api.call("PATCH", f"/rest/v1.1/budget_line_items/{id}", None, body)
    view = (await api.get("/rest/v1.0/budget_views", project_id=project))[0]["id"]
    await api.get(f"/rest/v1.0/budget_views/{view}/detail_rows", project_id=project, budget_row_type="all")
    adjustment = {"type": "change_event", "adjustment_number": 1, "wbs_code_id": code, "amount": 5, "ref": "a"}
    body = {"status": "draft", "title": "More", "adjustment_line_items": [adjustment]}
    change = (await api.call("POST", f"{own}/budget_changes", None, body)).body["data"]["id"]
    await api.get(f"{own}/budget_changes")
    await api.get(f"{own}/budget_changes/{change}")
    await api.call("PATCH", f"{own}/budget_changes/{change}", None, {"status": "approved"})
    await api.get(f"{own}/budget_modifications")
    await api.call("POST", f"{own}/budget/lock")
    await api.call("DELETE", f"{own}/budget/lock", {"destroy_all_budget_line_item_transfers": "false"})


async def call_direct_costs(api: Api, procore: Procore, project: int) -> None:
    new, old = (f"/rest/v1.{minor}/projects/{project}/direct_costs" for minor in (1, 0))
    code = procore.find("wbs_codes", project_id=project)["id"]
    vendor = procore.find("project_vendors", project_id=project)["vendor_id"]
    line = {"wbs_code_id": code, "quantity": 3, "unit_cost": 2, "uom": "ea", "ref": "1"}
    head = {"direct_cost_type": "invoice", "vendor_id": vendor, "invoice_number": "I1", "line_items": [line]}
    id = (await api.call("POST", new, None, {"direct_cost": head})).body["id"]
    await api.get(new, **{"filters[invoice_number]": "I1"})
    await api.get(f"{new}/{id}")
    await api.call("PATCH", f"{new}/{id}", None, {"direct_cost": {"status": "approved"}})
    lines = f"{old}/{id}/line_items"
    made = await api.call("POST", lines, None, {"line_item": {"wbs_code_id": code, "amount": -1}})
    await api.get(lines)
    await api.get(f"{old}/line_items")
    await api.call("PATCH", f"{lines}/{made.body['id']}", None, {"line_item": {"description": "Rent"}})
    await api.sync(f"{old}/line_items/sync", [{"id": made.body["id"], "origin_id": "bc:cost:1"}])
    await api.call("DELETE", f"{lines}/{made.body['id']}")
    await api.sync(f"{old}/sync", [{"id": id, "origin_id": "bc:cost"}])
    await api.sync(f"{old}/sync", [{"id": id, "origin_id": None}])
    await api.call("DELETE", f"{new}/{id}")
