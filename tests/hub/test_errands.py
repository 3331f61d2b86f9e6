"""What people send the service to do is recorded with its end: done, failed, or cut off in the middle."""

import asyncio
import os
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from multiprocessing import get_context
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint

from domain.errors import NeedsDecision
from hub.app import Hub
from hub.errands import STOPPED, Errand, Errands, Found
from hub.queries.errands import errands
from hub.queries.records import Wanted
from hub.report import ExitStatus, Halted
from hub.works import Works
from tests.hub.failing import hub_on

NOTHING = Found(outcome="looked", figures={"rows": 7}, unread=("projects: not let in",))


@asynccontextmanager
async def at_work(hub: Hub) -> AsyncGenerator[Errands]:
    """The errands of a service, until it stops."""
    it = Errands(hub, Works())
    await it.tidy()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(it.works.run)
        with anyio.fail_after(20):
            yield it
        tasks.cancel_scope.cancel()
    await it.close()


async def told(hub: Hub) -> list[dict[str, Any]]:
    """All errands, the first one first."""
    page = await errands(hub.ledger, Wanted(connections=["main"]))
    return page.items[::-1]


async def ended(hub: Hub, count: int = 1) -> list[dict[str, Any]]:
    """All errands, as soon as so many have ended."""
    while True:
        position = await hub.projector.catch_up()
        found = await told(hub)
        if sum(row["ended_at"] is not None for row in found) >= count:
            return found
        await hub.ledger.wait(position)


async def look() -> Found:
    return NOTHING


async def fail() -> Found:
    raise NeedsDecision("Procore does not let us in")


async def stumble() -> Found:
    raise ValueError("a secret")


async def forever() -> Found:
    await anyio.sleep_forever()
    raise AssertionError


async def test_what_was_asked_and_what_came_of_it_is_told(store_url: str) -> None:
    async with hub_on(store_url) as hub, at_work(hub) as it:
        await it.begin("drift", "main", {"project": "JOB1", "flow": ""}, look, "user:ann")
        [row] = await ended(hub)

    assert (row["sort"], row["asked_by"], row["asked_for"]) == ("drift", "user:ann", {"project": "JOB1"})
    assert (row["state"], row["outcome"], row["why"]) == ("done", "looked", "")
    assert (row["figures"], row["unread"]) == ({"rows": 7}, ["projects: not let in"])


@pytest.mark.parametrize(
    ("errand", "why"), [(fail, "Procore does not let us in"), (stumble, "internal error: ValueError")]
)
async def test_why_an_errand_failed_is_said_without_what_may_be_a_secret(
    tmp_path: Any, errand: Errand, why: str
) -> None:
    async with hub_on(f"sqlite:///{tmp_path / 'ledger.db'}") as hub, at_work(hub) as it:
        await it.begin("adoption", "main", {}, errand, "user:ann")
        [row] = await ended(hub)
        await begun_again(it)
        [_, again] = await ended(hub, 2)

    assert (row["state"], row["why"]) == ("failed", why)
    assert again["state"] == "done"


async def begun_again(it: Errands) -> None:
    """Another errand of the sort, as soon as the one that has ended is out of the way."""
    with anyio.fail_after(10):
        while True:
            try:
                await it.begin("adoption", "main", {}, look, "user:bob")
            except Halted:
                await checkpoint()
            else:
                return


async def test_one_errand_of_a_sort_is_under_way_on_a_connection_whichever_process_runs_it(store_url: str) -> None:
    async with hub_on(store_url) as hub, hub_on(store_url) as other, at_work(hub) as it:
        await it.begin("reconciliation", "main", {}, forever, "user:ann")
        async with at_work(other) as that:
            with pytest.raises(Halted, match="a comparison of both companies is under way on main") as refused:
                await that.begin("reconciliation", "main", {}, look, "user:bob")
            await that.begin("drift", "main", {}, look, "user:cat")
            rows = await ended(hub)

    assert refused.value.status == ExitStatus.TRY_LATER
    assert {row["sort"]: row["state"] for row in rows} == {"reconciliation": "running", "drift": "done"}


async def test_a_service_that_stops_says_of_what_is_under_way_or_in_line_that_it_was_interrupted(
    store_url: str,
) -> None:
    async with hub_on(store_url) as hub:
        async with at_work(hub) as it:
            await it.begin("drift", "main", {}, forever, "user:ann")
        idle = Errands(hub, Works())
        await idle.begin("drift", "main", {}, look, "user:bob")
        await idle.close()
        with pytest.raises(Halted, match="the service is stopping"):
            await idle.begin("drift", "main", {}, look, "user:cat")
        rows = await told(hub)

    assert [(row["state"], row["why"]) for row in rows] == [("interrupted", STOPPED)] * 2


def killed_in_the_middle(url: str) -> None:
    """A process that dies while it is at an errand."""

    async def die() -> Found:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError

    async def life() -> None:
        async with hub_on(url) as hub, at_work(hub) as it:
            await it.begin("reconciliation", "main", {}, die, "user:ann")
            await anyio.sleep_forever()

    asyncio.run(life())


@pytest.mark.requirement("DC-12")
async def test_an_errand_whose_process_was_killed_is_marked_by_the_next_one_and_may_be_asked_for_again(
    store_url: str,
) -> None:
    server = get_context("forkserver")
    server.set_forkserver_preload([__name__])
    process = server.Process(target=killed_in_the_middle, args=(store_url,))
    process.start()
    await anyio.to_thread.run_sync(process.join, 30)

    assert process.exitcode == -signal.SIGKILL
    async with hub_on(store_url) as hub:
        [row] = await told(hub)
        assert row["state"] == "running"
        async with at_work(hub) as it:
            [row] = await ended(hub)
            assert (row["state"], row["why"], row["result"]) == ("interrupted", STOPPED, "")
            await it.begin("reconciliation", "main", {}, look, "user:bob")
            [_, again] = await ended(hub, 2)
            assert again["state"] == "done"
