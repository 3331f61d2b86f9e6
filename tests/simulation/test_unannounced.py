"""What nobody announces arrives all the same, and meanwhile every record is in exactly one state."""
# pyright: reportPrivateUsage=false

from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import anyio
import pytest

from tests.journeys.harness import World, line
from tests.simulation.loop import run_virtually
from tests.simulation.running import TURNS, Running, running, worlds

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]

MINUTE = 60.0
POLL = 10 * MINUTE
PORTION = 100
TASKS = ("01-100", "01-200")
FLOWS = {
    "vendors": "vendor-to-company",
    "projectTasks": "project-task-to-cost-code",
    "purchaseOrders": "purchase-order-to-commitment",
}
STATES = "SELECT flow, state, COUNT(*) FROM record_state WHERE flow IN (?, ?, ?) GROUP BY flow, state"


@contextmanager
def unannounced(it: World) -> Generator[None]:
    """Nobody is ever told of what happens meanwhile."""
    subscriptions = it.bc.subscriptions
    subscriptions.unnoticed = True
    yield
    subscriptions.unnoticed = False
    subscriptions._held.clear()  # the next change of the table would tell of it


def a_vendor(it: World, at: int) -> None:
    it.vendor(f"V{at}")


def a_task(it: World, at: int) -> None:
    it.task("JOB1", f"{at // 100:02}-{at % 100:03}")


def an_order(it: World, at: int) -> None:
    it.order(f"PO{at}", "JOB1", [line(TASKS[at % 2], "SITE", "M", "1", f"{at}.50")])


PORTIONS: tuple[tuple[Callable[[World, int], None], bool], ...] = (
    (a_vendor, True),
    (a_task, True),
    (an_order, False),
    (a_task, True),
    (a_task, False),
    (an_order, True),
    (a_task, True),
    (a_vendor, True),
    (an_order, False),
    (an_order, True),
)
"""Who makes a hundred records, and whether anybody is told."""


async def states(service: Running) -> dict[str, int]:
    """How many records are in each state, over the flows that count here."""
    found: dict[str, int] = {}
    for _, state, count in await service.rows(STATES, *FLOWS.values()):
        found[state] = found.get(state, 0) + count
    return found


@pytest.mark.requirement("BX-03", "PF-06", "PF-17")
def test_of_a_thousand_records_three_hundred_are_never_announced_and_none_is_missing_at_any_poll(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        it = worlds()
        it.basics(vendors=())
        it.project("JOB1", tasks=())
        it.bc.subscriptions.unnoticed = False
        async with running(it, tmp_path, poll_every=f"{POLL:.0f}s") as service:
            await anyio.sleep(POLL + 2 * MINUTE)
            it.vendor("V1")
            for task in TASKS:
                it.task("JOB1", task)
            made, told_of = 3, 3
            for number, (make, announced) in enumerate(PORTIONS, 1):
                await anyio.sleep(POLL - anyio.current_time() % POLL + MINUTE)  # right after a poll
                count = PORTION - 3 if number == 1 else PORTION
                if announced:
                    for at in range(count):
                        make(it, 1000 * number + at)
                    told_of += count
                else:
                    with unannounced(it):
                        for at in range(count):
                            make(it, 1000 * number + at)
                made += count

                await anyio.sleep(5 * MINUTE)
                assert sum((await states(service)).values()) == (made if announced else made - count)

                polls = len(service.rounds)
                await service.until(lambda polls=polls: len(service.rounds) > polls, 2 * POLL)
                found = await states(service)
                assert sum(found.values()) == made, (number, found)
                assert sum(found.values()) == sum(len(list(it.bc.tables.rows(name))) for name in FLOWS)

            assert (made, told_of) == (1000, 700)
            await service.until(lambda: _all_synced(service), 4 * POLL)
            assert sum(1 for _ in it.procore.rows("purchase_order_contracts")) == 4 * PORTION

    run_virtually(1, story, TURNS)


async def _all_synced(service: Running) -> bool:
    return await states(service) == {"synced": 1000}


@pytest.mark.requirement("BX-03", "PF-17")
def test_a_deletion_that_a_round_for_something_else_comes_upon_is_not_passed_over(tmp_path: Path) -> None:
    async def story() -> None:
        it = worlds()
        it.basics()
        it.project("JOB1", tasks=TASKS)
        an_order(it, 1)
        async with running(it, tmp_path, poll_every="1d") as service:
            await anyio.sleep(10 * MINUTE)
            assert await order_state(service) == "synced"
            with unannounced(it):
                it.delete("purchaseOrders", number="PO1")

            it.update("vendors", {"number": "V1"}, displayName="Renamed")

            await anyio.sleep(5 * MINUTE)
            assert await order_state(service) == "deleted"

    async def order_state(service: Running) -> str:
        rows = await service.rows("SELECT state FROM record_state WHERE number = 'PO1'")
        return rows[0][0]

    run_virtually(1, story, TURNS)
