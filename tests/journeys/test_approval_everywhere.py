"""With a gate before every flow both companies end as they do without any, once everything is accepted."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from domain.endpoints import ENDPOINTS
from hub.operations.approvals import ApprovalFilter, listed
from hub.operations.approving import decide_all
from hub.settings.flows import Flows
from tests.journeys.harness import Exports, World, differences, sqlite, world
from tests.journeys.quick import quick

pytestmark = pytest.mark.journey

MOST_DAYS = 40
GATED = {name: {"approval": "approver"} for name in Flows().enabled()}


async def accept_all(it: World) -> int:
    """An approver accepts everything that waits."""
    accepted = 0
    async with it.hub() as hub:
        open_now = ApprovalFilter(states=("ready", "resent"))
        for flow in sorted({request.flow for request in (await listed(hub, open_now, limit=1000)).items}):
            wanted = ApprovalFilter(flow=flow, states=("ready", "resent"))
            answers = await decide_all(hub, "accept", wanted, actor="user:ann")
            assert all(answer.done for answer in answers), answers
            accepted += len(answers)
    return accepted


async def ungated_writes(it: World) -> Sequence[tuple[str, str, str]]:
    """Deliveries to a target that stand in the ledger although nobody accepted their record's content before."""
    rows = await it.ask(
        "SELECT d.flow, d.part, d.endpoint FROM delivery d WHERE NOT EXISTS (SELECT 1 FROM event_log e"
        " WHERE e.record = d.record AND e.flow = d.flow AND e.event = ? AND e.position < d.position)",
        "approval.accepted.1",
    )
    gated = {*GATED, "budget-code-to-budget-line"}
    to_procore = {flow for flow in gated if not flow.startswith(("change-order", "npc", "time-sheet"))}
    return [
        row for row in rows if row[0] in gated and (ENDPOINTS[row[2]].system == "procore") == (row[0] in to_procore)
    ]


def in_order(exports: Exports) -> Exports:
    """Rows compared by what they hold: the order of their fields tells only which call wrote them first."""
    here, there = (
        {name: [dict(sorted(row.items())) for row in rows] for name, rows in each.items()} for each in exports
    )
    return here, there


@pytest.mark.requirement("C-28", "BX-02")
@quick
async def test_accepted_day_by_day_the_sample_company_ends_as_without_gates(tmp_path: Path) -> None:
    free, gated = tmp_path / "free", tmp_path / "gated"
    free.mkdir()
    gated.mkdir()
    async with world(sqlite(free), filled=True) as it:
        await it.settle()
        wanted, states = it.exports(), (await it.sync()).document["states"]
    async with world(sqlite(gated), filled=True, flows=GATED) as it:
        await it.settle()
        before = it.procore.export()
        assert await ungated_writes(it) == []
        for _ in range(MOST_DAYS):
            if not await accept_all(it):
                break
            await it.settle()
        report = await it.sync()

        assert before != it.procore.export()
        assert await ungated_writes(it) == []
        assert report.document["states"] == states
        assert differences(in_order(it.exports()), in_order(wanted)) == []
        asked = await it.ask("SELECT flow, COUNT(*) FROM event_log WHERE event = 'approval.requested.1' GROUP BY flow")
        records = await it.ask("SELECT flow, COUNT(*) FROM approval GROUP BY flow")
        assert dict(asked) == dict(records), "nothing is asked about twice"
