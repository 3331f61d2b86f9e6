"""A whole run is taken back: nothing is deleted, nothing resurrects, and what is locked says which way is left."""

from pathlib import Path

import pytest

from hub.operations import batches
from hub.operations.undo import LAST, choose, freeze, preview, undo_run
from hub.report import ExitStatus, Halted, Quiet
from tests.journeys.harness import World, line, sqlite, world
from tests.journeys.quick import quick

pytestmark = [pytest.mark.journey, pytest.mark.requirement("BX-12")]

ANN = "user:ann"


async def undone(it: World, run: str) -> batches.BatchView:
    async with it.hub() as hub:
        shown, members = await preview(hub, run)
        batch = await freeze(hub, shown.run, members, reason="entered for the wrong vendor", actor=ANN)
        return await batches.run(hub, batch, actor=ANN)


@quick
async def test_a_run_is_taken_back_and_what_is_locked_or_shared_or_older_says_which_way_is_left(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.typical("PO1", release=False)
        await it.sync()
        rows = [line("01-100", "SITE", "M", cost="7")]
        it.order("PO2", "JOB1", rows)
        it.order("PO3", "JOB1", rows, release=True)
        it.update("purchaseOrders", {"number": "PO1"}, yourReference="Rebar, level 2")
        await it.sync()
        async with it.hub() as hub:
            shown, members = await preview(hub, LAST)
            first, second = [row[0] for row in await hub.ledger.rows("SELECT run FROM run ORDER BY position")]
            with pytest.raises(Halted, match="sent nothing"):
                await freeze(hub, first, [], reason="x", actor=ANN)
            with pytest.raises(Halted, match="Say why"):
                await freeze(hub, first, members, reason=" ", actor=ANN)
            _, _, of_first = await choose(hub, first)
        order = "purchase-order-to-commitment"
        assert shown.run == second
        assert shown.undone == {order: 1}
        assert shown.left == {order: 2}
        whys = {each.number: each.why for each in shown.told}
        assert "an earlier run made it" in whys["PO1"]
        assert "change it by a commitment change order" in whys["PO3"]
        assert {each.cause for each in of_first if each.flow != order} == {"shared"}

        places, contracts = it.places(), {row["number"]: row["id"] for row in it.contracts()}
        view = await undone(it, second)
        assert (view.action, view.total, view.done, view.barred) == ("undo", 3, 1, 2)
        assert view.filter == {"run": second}
        assert it.written(places) == 0
        await it.sync(full=True)
        assert {row["number"]: row["id"] for row in it.contracts()} == contracts
        assert await it.state("PO2") == "excluded"
        assert "undone: entered for the wrong vendor" in await it.reasons("PO2")
        assert await it.state("PO1") == await it.state("PO3") == "synced"
        again = await undone(it, second)
        assert (again.done, again.fine, again.barred) == (0, 1, 2)

        it.update("purchaseOrders", {"number": "PO2"}, yourReference="For the right vendor")
        await it.sync()
        assert await it.state("PO2") == "parked"
        assert "still stands in Procore since the record was reset" in await it.reasons("PO2")
        for row in it.lines(contract_id=contracts["PO2"]):
            it.procore.remove("line_items", row["id"])
        it.procore.remove("purchase_order_contracts", contracts["PO2"])
        await it.settle()
        assert await it.state("PO2") == "synced", await it.reasons("PO2")
        assert len([row for row in it.contracts() if row["number"] == "PO2"]) == 1

        report = await undo_run(it.settings, run=LAST, reason="look", actor=ANN, agree=None, progress=Quiet())
        assert report.status == ExitStatus.WRONG_USE
        assert report.document["preview"]["undone"] == {order: 1}
