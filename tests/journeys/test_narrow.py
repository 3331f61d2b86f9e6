"""A round that is limited to one project or one flow does all of that, nothing else, and ends."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.sandbox.faults import Fault
from hub.report import ExitStatus
from tests.journeys.harness import World, line, sqlite, world
from tests.journeys.quick import quick

pytestmark = pytest.mark.journey


@asynccontextmanager
async def two_projects(tmp_path: Path) -> AsyncIterator[World]:
    """Projects JOB1 and JOB2 that are carried, each with a released order that isn't: JOB1's meets an outage first."""
    async with world(sqlite(tmp_path)) as it:
        it.basics()
        for number in ("JOB1", "JOB2"):
            it.project(number, tasks=("01-100",), segments=("SITE",))
        assert (await it.sync()).status == ExitStatus.DONE
        it.order("PO1", "JOB1", [line("01-100", "SITE", "M")], release=True)
        it.procore.faults.add(
            Fault(kind="status", status=503, method="PATCH", path="purchase_order_contracts", times=0)
        )
        assert (await it.sync()).status != ExitStatus.DONE
        it.procore.faults.clear()
        it.order("PO2", "JOB2", [line("01-100", "SITE", "M")], release=True)
        yield it


@quick
async def test_what_is_overdue_in_another_project_is_left_for_a_round_of_its_own(tmp_path: Path) -> None:
    async with two_projects(tmp_path) as it:
        it.clock.skip(timedelta(hours=1))
        waiting = await it.ask("SELECT record FROM delivery WHERE state = 'delayed' AND retry_at <> ''")
        await it.sync(project="JOB2")

        assert len(waiting) == 1
        assert [row["number"] for row in it.contracts()] == ["PO2"]
        assert await it.state("PO1") == "failed"
        assert (await it.settle()).status == ExitStatus.DONE
        assert sorted(row["number"] for row in it.contracts()) == ["PO1", "PO2"]


@quick
async def test_what_is_overdue_in_another_flow_is_left_for_a_round_of_its_own(tmp_path: Path) -> None:
    async with two_projects(tmp_path) as it:
        it.clock.skip(timedelta(hours=1))
        it.insert("costTypes", code="E", description="Equipment")
        await it.sync(flow="cost-type-to-line-item-type")

        assert await it.state("E", "cost-type-to-line-item-type") == "synced"
        assert it.contracts() == []
        assert (await it.settle()).status == ExitStatus.DONE
        assert len(it.contracts()) == 2
