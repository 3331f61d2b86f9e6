"""Lists of pairs and of failures as of a position are what they were when that position was the present."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

from domain.errors import WrongInput
from hub.app import Hub
from hub.due import Narrow
from hub.operations.apply import apply_plan
from hub.operations.approvals import ApprovalFilter, Request, counted, listed
from hub.operations.failures import Failure, FailureFilter, Group, groups, members
from hub.operations.failures_then import groups_then, members_then
from hub.operations.links import LinkFilter, Pairing, pairings
from hub.operations.lists_then import approvals_counted_then, approvals_then, plans_then
from hub.operations.plan import PlanRow, make_plan, plans
from hub.operations.sync import counts as states_of
from hub.queries.past import states_at
from hub.report import Halted, Quiet
from hub.window import Window
from tests.journeys.harness import World, line, sqlite, world
from tests.journeys.quick import quick, run
from tests.journeys.test_approval_everywhere import accept_all

pytestmark = [pytest.mark.journey, pytest.mark.requirement("BX-05")]

EVER = datetime(2000, 1, 1, tzinfo=UTC)
LINKS = (LinkFilter(), LinkFilter(project="JOB1"), LinkFilter(flow="vendor-to-company"), LinkFilter(query="PO1"))
FAILURES = (
    FailureFilter(since=EVER),
    FailureFilter(since=EVER, state="parked,rejected"),
    FailureFilter(since=EVER, state="parked", project="JOB1", flow="purchase-order-to-commitment"),
)


@dataclass(frozen=True)
class Seen:
    """What the lists showed while this was the present."""

    position: int
    links: list[list[Pairing]]
    failures: list[tuple[list[Group], list[Failure]]]
    states: dict[str, dict[str, int]]


async def look(hub: Hub) -> Seen:
    await hub.projector.catch_up()
    return Seen(
        await hub.ledger.last_position(),
        [list((await pairings(hub, wanted)).items) for wanted in LINKS],
        [(await groups(hub, wanted), list((await members(hub, wanted)).items)) for wanted in FAILURES],
        await states_of(hub.ledger, "main"),
    )


async def look_back(hub: Hub, position: int) -> Seen:
    """The same at a position that is over, pages of two at a time."""
    asof = str(position)
    links: list[list[Pairing]] = []
    for wanted in LINKS:
        found: list[Pairing] = []
        cursor: str | None = ""
        while cursor is not None:
            page = await pairings(hub, wanted, asof=asof, cursor=cursor, limit=2)
            found, cursor = [*found, *page.items], page.next_cursor
            assert page.asof == position
        links.append(found)
    failures: list[tuple[list[Group], list[Failure]]] = []
    for wanted in FAILURES:
        rows: list[Failure] = []
        cursor = ""
        while cursor is not None:
            some, at = await members_then(hub, wanted, cursor, 1, asof)
            rows, cursor = [*rows, *some.items], some.next_cursor
            assert at == position
        causes, at = await groups_then(hub, wanted, asof)
        failures.append((causes, rows))
        assert at == position
    return Seen(position, links, failures, await states_at(hub.ledger, ("main",), position))


async def days(it: World) -> list[Seen]:
    """Orders that wait or are refused, then go on, then are gone; and what the lists showed in between."""
    seen: list[Seen] = []

    async def noted() -> None:
        await it.settle()
        async with it.hub() as hub:
            seen.append(await look(hub))

    it.typical("PO1")
    it.vendor("V9", in_procore=False)
    for number in ("WAITS", "WAITS2"):
        it.order(number, "JOB1", [line("01-100", "SITE", "M")], vendor="V9", release=True)
    it.order("WRONG", "JOB1", [line("01-100", "", "M")], older=True, release=True)
    await noted()
    it.reopen("WRONG")
    it.update("purchaseOrderLines", {"documentNumber": "WRONG"}, segmentCode="SITE", costTypeCode="")
    await noted()
    it.procore.add_vendor("North", origin_code="V9")
    it.update("purchaseOrderLines", {"documentNumber": "WRONG"}, costTypeCode="M")
    await noted()
    it.delete("purchaseOrders", number="PO1")
    await noted()
    return seen


def test_every_list_is_told_as_it_was_at_each_position(store_url: str) -> None:
    async def story() -> None:
        async with world(store_url) as it:
            seen = await days(it)
            async with it.hub() as hub:
                for then in seen:
                    assert await look_back(hub, then.position) == then
                assert await look_back(hub, 0) == Seen(0, [[]] * len(LINKS), [([], [])] * len(FAILURES), {})
                assert await states_at(hub.ledger, ("north", "main"), seen[1].position) == seen[1].states
                assert await states_at(hub.ledger, (), seen[-1].position) == {}
                with pytest.raises(WrongInput, match="gone"):
                    await pairings(hub, LinkFilter(gone=True), asof="1")
        counts = [sum(group.records for group in then.failures[1][0]) for then in seen]
        assert len({len(then.links[0]) for then in seen}) > 1
        assert counts[0] > counts[2]

    run(story)


async def asked(hub: Hub) -> tuple[int, list[Request], dict[str, dict[str, int]], list[PlanRow]]:
    """What the lists of requests and plans show now; how old a request is moves on by itself."""
    await hub.projector.catch_up()
    position = await hub.ledger.last_position()
    requests = (await listed(hub, ApprovalFilter(), limit=100)).items
    return position, ageless(requests), await counted(hub, within=("main",)), list((await plans(hub)).items)


def ageless(requests: list[Request]) -> list[Request]:
    return [replace(each, age_seconds=0) for each in requests]


@quick
async def test_requests_and_plans_are_told_as_they_stood(tmp_path: Path) -> None:
    gate = {"purchase-order-to-commitment": {"approval": "approver"}}
    async with world(sqlite(tmp_path), flows=gate) as it:
        it.typical("PO1")
        it.order("PO2", "JOB1", [line("01-100", "SITE", "M")], release=True)
        await it.settle()
        async with it.hub() as hub:
            how = {"window": Window(), "narrow": Narrow("", ""), "actor": "user:ann", "progress": Quiet()}
            made = await make_plan(hub, "main", **how)
            seen = [await asked(hub)]
        await accept_all(it)
        async with it.hub() as hub:
            with suppress(Halted):  # the world moved, which the list then says of it
                await apply_plan(hub, made.hash, actor="user:ann", progress=Quiet())
            seen.append(await asked(hub))
        await it.settle()
        async with it.hub() as hub:
            seen.append(await asked(hub))
            for position, requests, counts, made_plans in seen:
                page, at = await approvals_then(hub, ApprovalFilter(), "", 100, str(position))
                assert (at, ageless(page.items), page.next_cursor) == (position, requests, None)
                assert await approvals_counted_then(hub, ("main",), position) == counts
                assert list((await plans_then(hub, "", 100, str(position), ("main",)))[0].items) == made_plans
            first, second = (await approvals_then(hub, ApprovalFilter(), "", 1, str(seen[0][0])))[0], seen[0][1]
            rest, _ = await approvals_then(hub, ApprovalFilter(), first.next_cursor or "", 1, str(seen[0][0]))
            assert ageless([*first.items, *rest.items]) == second
            assert (await approvals_then(hub, ApprovalFilter(), "", 9, "0"))[0].items == []
        assert [sorted(counts["purchase-order-to-commitment"]) for _, _, counts, _ in seen] == [
            ["ready"],
            ["accepted"],
            ["exported"],
        ]
        assert [each.state for each in seen[0][3]] == ["made"]
