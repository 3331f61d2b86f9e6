"""Maps over HTTP: drafted, tried, published and brought back by those who may; and what if, for those who operate."""

from pathlib import Path

import pytest

from hub.access import Role
from tests.hub.web.harness import Filled, served, settings
from tests.hub.web.test_contract import fits, schema_of

MAPS = {"purchaseOrders": {"codes": {"paymentTermsCode": {"30D": "Net 30"}}}}
BASE = "/api/v1/mappings"


@pytest.mark.requirement("BX-11")
async def test_a_draft_is_tried_published_and_taken_back(ledger: Filled, tmp_path: Path) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        draft = await it.ask(f"{BASE}/drafts", "POST", json={"connection": "main", "maps": MAPS}, status=201)
        shown = await it.ask(f"{BASE}?connection=main")
        fits(shown, schema_of(BASE))
        assert [each["draft"] for each in shown["items"][0]["drafts"]] == [draft["draft"]]

        impact = await it.ask(f"{BASE}/drafts/{draft['draft']}/test", "POST", json={"last": 0})
        assert (impact["changed"], impact["outcomes"]) == (0, [])
        assert impact["examined"] > 0

        version = await it.ask(f"{BASE}/drafts/{draft['draft']}/publish", "POST", json={"note": "as agreed"})
        assert (version["mapping"], version["note"], version["actor"]) == (1, "as agreed", "token:admin")
        back = {"connection": "main", "version": 0}
        assert (await it.ask(f"{BASE}/revert", "POST", json=back))["mapping"] == 2

        versions = await it.ask(f"{BASE}/versions?connection=main&limit=1")
        fits(versions, schema_of(f"{BASE}/versions"))
        rest = await it.ask(f"{BASE}/versions?connection=main&cursor={versions['next_cursor']}")
        assert [each["mapping"] for each in (*versions["items"], *rest["items"])] == [2, 1]
        [told] = (await it.ask(f"{BASE}/diff?connection=main&before=1&now=2"))["items"]
        assert told == {"path": "purchaseOrders.codes.paymentTermsCode.30D", "before": "Net 30", "now": None}


@pytest.mark.requirement("BX-11", "ER-01")
async def test_what_is_wrong_is_named_and_maps_of_others_are_as_good_as_none(ledger: Filled, tmp_path: Path) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        wrong = {"connection": "main", "maps": {"purchaseOrders": {"fields": {"nummer": "no"}}}}
        problem = await it.ask(f"{BASE}/drafts", "POST", json=wrong, status=422)
        assert "purchaseOrders.fields.nummer" in problem["detail"]
        draft = await it.ask(f"{BASE}/drafts", "POST", json={"connection": "main", "maps": MAPS}, status=201)

        token = await it.token("north-only", Role.ADMIN, connections=("north",))
        for deed in ("test", "publish"):
            await it.ask(f"{BASE}/drafts/{draft['draft']}/{deed}", "POST", token, 404, json={})
        await it.ask(f"{BASE}?connection=main", token=token, status=403)
        assert [each["connection"] for each in (await it.ask(BASE, token=token))["items"]] == ["north"]
        await it.ask(f"{BASE}/revert", "POST", token, 403, json={"connection": "main", "version": 0})
        await it.ask(f"{BASE}/revert", "POST", json={"connection": "main", "version": 9}, status=404)


@pytest.mark.requirement("BX-11")
async def test_every_field_tells_where_it_comes_from_with_a_sample(ledger: Filled, tmp_path: Path) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        found = await it.ask(f"{BASE}/entities?connection=main")
        fits(found, schema_of(f"{BASE}/entities"))
        sets = {each["entity_set"]: each for each in found["items"]}
        order, line = sets["purchaseOrders"], sets["purchaseOrderLines"]
        assert (order["kind"], order["reach"], order["flag"]) == ("commitment", "flagged", "sendToProcore")
        assert (line["parent"], order["flows"][0]["name"]) == ("purchaseOrders", "purchase-order-to-commitment")
        fields = {each["name"]: each for each in order["fields"]}
        assert fields["number"]["source"] == "number"
        assert fields["number"]["sample"] == fields["number"]["raw"] != ""
        assert (fields["paymentTermsCode"]["codes"], fields["vendorNumber"]["codes"]) == (0, None)
        token = await it.token("reader", Role.READ)
        await it.ask(f"{BASE}/entities?connection=main", token=token, status=403)


@pytest.mark.requirement("BX-16")
async def test_what_if_is_asked_over_http(ledger: Filled, tmp_path: Path) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        question = {"connection": "main", "settings": {"exclude_tags": ["PO1"]}}
        found = await it.ask("/api/v1/whatif", "POST", json=question)
        assert [(each["number"], each["after"]["state"]) for each in found["changes"]] == [("PO1", "excluded")]
        question = {"connection": "main", "settings": {"exclude_tag": ["PO1"]}}
        problem = await it.ask("/api/v1/whatif", "POST", json=question, status=422)
        assert "exclude_tag" in problem["detail"]
