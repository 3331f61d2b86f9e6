"""Replies about invoices that are lost, refused or garbled: in the end each posting is one record, to the cent."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.sandbox.faults import Fault
from hub.report import ExitStatus
from tests.journeys.harness import World, differences, sqlite, world
from tests.journeys.posting import FLOW, post, requisitions, stage
from tests.journeys.quick import quick, run
from tests.journeys.test_faults import once

pytestmark = [pytest.mark.journey, pytest.mark.requirement("BX-02")]

CALLS = {
    "the head": ("POST", r"/rest/v1\.1/requisitions"),
    "the items": ("PATCH", r"bulk_item_update"),
    "the approval": ("PATCH", r"/rest/v1\.1/requisitions/\d+"),
}
FAULTS: dict[str, dict[str, Any]] = {
    "cut off after the commit": {"kind": "lost_reply"},
    "cut off before the commit": {"kind": "drop_before"},
    "unavailable after the commit": {"kind": "status", "status": 503, "handled": True},
    "half an answer": {"kind": "truncated"},
    "throttled": {"kind": "status", "status": 429, "retry_after": "3"},
}
TARGETS = ("requisition", "direct_cost")


@pytest.mark.requirement("PP-39", "PP-38")
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("fault", ["cut off after the commit", "cut off before the commit"])
def test_a_lost_reply_doubles_nothing(tmp_path: Path, call: str, fault: str) -> None:
    async def story() -> None:
        async with world(sqlite(tmp_path)) as it:
            stage(it)
            await it.sync()
            posted = post(it)
            method, path = CALLS[call]
            it.procore.faults.add(Fault(method=method, path=path, **FAULTS[fault]))
            report = await it.settle()

            assert report.status == ExitStatus.DONE, report.document["problems"]
            assert it.procore.faults.plain() == []
            (row,) = requisitions(it)
            assert (row["status"], row["number"]) == ("approved", 1)
            assert await it.state(posted["number"], FLOW) == "synced"

    run(story)


@pytest.mark.requirement("PP-39", "C-06")
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", FAULTS)
def test_whatever_call_is_disturbed_both_companies_end_as_if_it_had_not_been(
    tmp_path: Path, target: str, name: str
) -> None:
    async def story() -> None:
        flows: dict[str, Any] = {FLOW: {"posted_invoice_target": target}}
        places: list[int] = []

        async def whole(it: World, *, disturbed: bool) -> None:
            stage(it)
            await it.sync()
            places[:] = it.places()
            post(it, to_invoice={10000: "1"})
            if disturbed:
                it.bc.faults.add(*bc_faults)
                it.procore.faults.add(*procore_faults)
            report = await it.settle()
            assert report.status == ExitStatus.DONE, report.document["problems"] or report.document["troubles"]
            assert report.document["problems"] == []

        folders = [tmp_path / "calm", tmp_path / "disturbed"]
        for folder in folders:
            folder.mkdir()
        async with world(sqlite(folders[0]), flows=flows) as it:
            await whole(it, disturbed=False)
            wanted = it.exports()
            central = [each for each in it.bc.log if each.sequence > places[0] and "connectorSetups" not in each.path]
            bc_faults = once(central, **FAULTS[name])
            procore_faults = once([each for each in it.procore.log if each.sequence > places[1]], **FAULTS[name])
        async with world(sqlite(folders[1]), flows=flows) as it:
            await whole(it, disturbed=True)

            assert differences(it.exports(), wanted) == []

    run(story)


@pytest.mark.requirement("PP-10", "PP-42")
@quick
async def test_a_write_back_that_fails_is_repeated_alone(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it)
        await it.sync()
        post(it)
        it.bc.faults.add(Fault(kind="status", status=503, method="PATCH", path="postedPurchaseInvoices", times=2))
        await it.sync(wait=timedelta(0))
        place = it.last()
        await it.settle()

        assert it.writes(since=place) == []
        assert it.row("postedPurchaseInvoices")["procoreInvoiceId"] == requisitions(it)[0]["id"]
