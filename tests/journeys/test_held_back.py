"""What is stored to be sent is held back when its reason is gone, and a plan that never settles stops."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from adapters.sandbox.faults import Fault
from domain import flows
from domain.flow import Plan, Subject
from domain.flows import vendor_to_company
from hub import decider, following
from hub.report import ExitStatus
from tests.journeys.harness import sqlite, world
from tests.journeys.quick import quick

pytestmark = pytest.mark.journey


@pytest.mark.requirement("C-60")
@quick
async def test_a_stored_delivery_is_withdrawn_when_its_project_is_switched_off(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.typical()
        it.procore.faults.add(Fault(path="purchase_order_contracts/sync", kind="status", status=429, times=9))
        assert (await it.sync(wait=timedelta())).status == ExitStatus.TRY_LATER
        it.procore.faults.clear()
        it.update("projects", {"number": "JOB1"}, sendToProcore=False)
        it.clock.skip(timedelta(hours=1))
        await it.sync()

        assert it.contracts() == []
        assert await it.state("PO1") == "excluded"

        it.update("projects", {"number": "JOB1"}, sendToProcore=True)
        await it.sync()

        assert await it.state("PO1") == "synced"
        assert len(it.contracts()) == 1


@quick
async def test_a_plan_that_never_settles_stops_calling_and_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = iter(range(1000))

    def restless(subject: Subject) -> Plan:
        made = vendor_to_company.FLOW.plan(subject)
        parts = [replace(it, meaning=next(turns)) if it.name == "bc:log" else it for it in made.parts]
        return replace(made, parts=parts)

    changed: Any = replace(vendor_to_company.FLOW, plan=restless)
    for module in (decider, following):
        monkeypatch.setitem(module.BY_NAME, changed.name, changed)
    async with world(sqlite(tmp_path)) as it:
        it.basics()
        report = await it.sync()

        assert report.status == ExitStatus.TRY_LATER
        assert [trouble for trouble in report.document["troubles"] if "for ever" in trouble], report.document[
            "troubles"
        ]
        assert await it.state("JOB1", "project-to-project") == ""
        assert len(it.writes("business_central")) + len(it.writes()) < 10 * following.MOST_REPEATS
    assert flows.BY_NAME[changed.name] is changed
