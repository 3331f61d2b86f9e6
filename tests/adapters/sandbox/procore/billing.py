"""A project with an approved order to bill, and calls about requisitions that several files of tests make."""

from typing import Any

from adapters.sandbox.procore import Procore
from tests.adapters.sandbox.procore.harness import Api, Reply

Row = dict[str, Any]
LIST = "/rest/v1.1/requisitions"
ITEMS = "/rest/v1.0/requisitions"


def make_project(procore: Procore) -> int:
    """A project with budget code 01.L and vendor Acme in its directory."""
    procore.add_cost_type("L", "Labor")
    procore.add_unit("ea")
    id: int = procore.add_project("Bridge", origin_id="p")["id"]
    procore.add_cost_code(id, "01", "General")
    procore.add_wbs_code(id, "01", "L")
    procore.add_project_vendor(id, procore.add_vendor("Acme")["id"])
    return id


def make_order(procore: Procore, project: int, *amounts: str, status: str = "Approved", **fields: Any) -> int:
    code, vendor = procore.find("wbs_codes")["id"], procore.find("vendors", name="Acme")["id"]
    lines = [{"wbs_code_id": code, "amount": amount, "extended_type": "manual"} for amount in amounts]
    id: int = procore.add_commitment(project, vendor_id=vendor, lines=lines, status=status, **fields)["id"]
    return id


async def post(api: Api, project: int, order: int, *, strict: bool = True, **fields: Any) -> Reply:
    body = {"project_id": project, "commitment_id": order, "requisition": fields}
    return await api.call("POST", LIST, None, body, strict=strict)


async def patch(api: Api, row: Row, **fields: Any) -> Reply:
    body = {"project_id": row["project_id"], "commitment_id": row["commitment_id"], "requisition": fields}
    return await api.call("PATCH", f"{LIST}/{row['id']}", None, body)


async def items(api: Api, row: Row) -> list[Row]:
    found: list[Row] = await api.get(f"{ITEMS}/{row['id']}/contract_items", project_id=row["project_id"])
    return found


async def fill(api: Api, row: Row, *rows: Row) -> Reply:
    """Fills the items of a requisition in their order; an empty row leaves its item alone."""
    shown = await items(api, row)
    said = [
        {"id": each["id"], "item_type": "contract_item"} | fields for each, fields in zip(shown, rows, strict=False)
    ]
    body = {"requisition_items": [each for each, fields in zip(said, rows, strict=True) if fields]}
    return await api.call("PATCH", f"{ITEMS}/{row['id']}/bulk_item_update", {"project_id": row["project_id"]}, body)


def work(amount: str) -> Row:
    return {"work_completed_this_period": amount}
