"""What if: the recorded world decided under other maps or settings, compared record by record, and nothing written."""

from pathlib import Path

import pytest

from domain.errors import WrongInput
from hub.operations.whatif import what_if
from tests.journeys.harness import line, sqlite, world
from tests.journeys.quick import quick

pytestmark = [pytest.mark.journey, pytest.mark.requirement("BX-16")]

STATUS = "flows.purchase-order-to-commitment.status.Released"


@quick
async def test_other_settings_and_maps_are_tried_on_what_is_recorded_and_nothing_is_written(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.basics()
        it.project("JOB1")
        it.project("JOB2", tasks=())
        for number, terms in (("PO1", "30D"), ("PO2", "")):
            it.order(number, "JOB1", [line("01-100", "SITE", "M", "2", "10.50")], paymentTermsCode=terms, release=True)
        it.order("PO3", "JOB1", [line("01-100", "SITE", "M")])
        await it.settle()
        async with it.hub() as hub:
            position, places, exports = await hub.ledger.last_position(), it.places(), it.exports()

            same = await what_if(hub, "main")
            assert (same.differing, same.changes, same.counts) == (0, [], {})

            same = await what_if(hub, "main", settings={STATUS: "Approved"}, maps={})
            assert (same.differing, same.unread) == (0, [])

            other = await what_if(hub, "main", settings={STATUS: "Submitted"})
            assert other.counts == {"purchase-order-to-commitment": {"synced -> synced": 2}}
            assert {each.number: each.after.writes[0]["body"] for each in other.changes} == {
                "PO1": {"status": "Submitted"},
                "PO2": {"status": "Submitted"},
            }
            assert {each.before.amount for each in other.changes} == {"21.00"}

            tagged = await what_if(hub, "main", settings={"exclude_tags": ["PO3"]})
            [change] = tagged.changes
            assert (change.number, change.before.state, change.after.state) == ("PO3", "synced", "excluded")
            assert change.after.reasons == ["tag PO3"]

            codes = {"purchaseOrders": {"codes": {"paymentTermsCode": {"14D": "Net 14"}}}}
            mapped = await what_if(hub, "main", maps=codes, project="JOB1")
            assert [(each.number, each.after.state) for each in mapped.changes] == [("PO1", "rejected")]

            assert (await hub.ledger.last_position(), it.places(), it.exports()) == (position, places, exports)

            codes = {"purchaseOrders": {"codes": {"paymentTermsCode": {"30D": "Net 30"}}}}
            [asked] = (await what_if(hub, "main", maps=codes, asks=True)).changes
            assert asked.after.writes[0]["body"] == {"status": "Draft"}
            assert it.writes(since=places[1]) == []


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("flows.purchase-order-to-commitment.status.Released", "Nothing", "Input should be"),
        ("flows.purchase-order-to-commitment.splitt", True, "Extra inputs"),
        ("flows.purchase-order-to-commitment.enabled", False, "never decided"),
        ("flows.nothing.create", True, "no such setting"),
        ("poll_every", "1s", "no such setting"),
        ("exclude_tags", 5, "no list of texts"),
    ],
)
@quick
async def test_a_setting_that_cannot_be_tried_is_named(tmp_path: Path, key: str, value: object, said: str) -> None:
    async with world(sqlite(tmp_path)) as it, it.hub() as hub:
        with pytest.raises(WrongInput, match=said):
            await what_if(hub, "main", settings={key: value})
