"""What pages rest on, on both databases: how everything stands, what each hour carried, and the money of each job."""

import pytest

from hub.operations.reconcile import reconcile
from hub.queries import jobs
from hub.queries.activity import activity
from hub.queries.overview import overview
from hub.report import Quiet
from tests.journeys.harness import line, world
from tests.journeys.quick import run

pytestmark = pytest.mark.journey


@pytest.mark.postgres
@pytest.mark.requirement("BX-01")
def test_a_ledger_on_postgresql_tells_how_everything_stands_and_what_each_job_comes_to(postgres_url: str) -> None:
    async def story() -> None:
        async with world(postgres_url) as it:
            it.typical()  # an order of 40.02
            it.project("JOB2")
            it.order("WRONG", "JOB1", [line("01-100", "", "M", "1", "120")], older=True)
            await it.settle()
            async with it.hub() as hub:
                await reconcile(hub, "main", actor="cli:anna", progress=Quiet())
                whole = await overview(hub, {}, ["main"], subscriptions={}, whole=True, manages=True)
                told = await activity(hub.ledger, ["main"], "month", hub.clock.now())
                [(confirmed,)] = await hub.ledger.rows("SELECT COUNT(*) FROM delivery WHERE state = 'confirmed'")
                runs = await jobs.compared(hub, ["main"])
                first = await jobs.jobs(hub, ["main"], runs, limit=1)
                rest = await jobs.jobs(hub, ["main"], runs, limit=1, cursor=first.next_cursor or "")
                one = first.items[0]["job"]
                flows = {each.flow: each.states for each in await jobs.lines_of_flows(hub.ledger, one)}
                alone = await jobs.siblings(hub.ledger, one)

        assert [each.text for each in whole.todo] == [
            f"1 record needs somebody; first: {whole.causes[0].title}",
        ]
        assert whole.states["rejected"] == 1
        assert sum(step.delivered for step in told.steps) == confirmed
        assert [page.items[0]["job"].number for page in (first, rest)] == ["JOB1", "JOB2"]
        assert rest.next_cursor is None
        (committed,) = [each for each in one.figures if each.measure == "committed"]
        assert (committed.business_central, committed.procore, committed.unexplained) == ("160.02", "40.02", "0.00")
        assert (one.differs, one.unexplained, one.failing) == (True, False, 1)
        assert flows["purchase-order-to-commitment"] == {"rejected": 1, "synced": 1}
        assert alone == []

    run(story)
