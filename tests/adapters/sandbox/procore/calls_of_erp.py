"""Calls of the ERP desk."""

from adapters.sandbox.procore import Procore
from tests.adapters.sandbox.procore.harness import Api


def desk_of(api: Api) -> str:
    return f"/rest/v1.0/companies/{api.procore.state.company_id}"


async def call_erp(api: Api, procore: Procore) -> None:
    procore.settings.erp_connected = True
    request = procore.desk.send("create_vendor", {"vendor": {"name": "Acme"}}, item_id=7, item_type="vendor")
    shown = await api.get(f"{desk_of(api)}/erp_requests/{request['id']}")
    detail = shown["request_data"]["request_detail_id"]
    await api.get(f"{desk_of(api)}/erp_request_details", **{"filters[item_id]": "7"})
    body = {"request_detail": {"status": "failed", "messages": ["not carried"]}}
    await api.call("PATCH", f"{desk_of(api)}/erp_request_details/{detail}", body=body)
