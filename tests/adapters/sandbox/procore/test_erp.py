"""The ERP desk keeps the rules of section 20: nothing without a connection, and details are closed by certain words."""

import pytest

from adapters.sandbox.procore import Procore
from adapters.sandbox.procore.erp import DETAILS
from adapters.sandbox.procore.state import Invalid
from tests.adapters.sandbox.procore.calls_of_erp import call_erp, desk_of
from tests.adapters.sandbox.procore.harness import Api

pytestmark = pytest.mark.requirement("ER-55")


async def test_without_an_erp_connection_there_is_no_desk(api: Api, procore: Procore) -> None:
    with pytest.raises(Invalid):
        procore.desk.send("create_vendor", {})
    for method, path in (("GET", "/erp_requests/1"), ("GET", "/erp_request_details")):
        assert (await api.call(method, desk_of(api) + path)).status == 403


async def test_a_detail_waits_until_it_is_closed_as_success_or_failed(api: Api, procore: Procore) -> None:
    await call_erp(api, procore)
    [detail] = procore.state.rows(DETAILS)
    path = f"{desk_of(api)}/erp_request_details/{detail['id']}"

    assert (detail["status"], detail["messages"]) == ("failed", ["not carried"])
    for status in ("in_progress", "stale", "rejected"):
        assert (await api.call("PATCH", path, body={"request_detail": {"status": status}})).status == 422
    assert (await api.call("PATCH", f"{path}9", body={"request_detail": {"status": "failed"}})).status == 404
    assert (await api.get(f"{desk_of(api)}/erp_request_details", **{"filters[item_id]": "8"})) == []
