"""`kill -9` at every commit of a rebuild: the live tables answer as before, and the next process can rebuild."""

import asyncio
import os
import signal
from collections.abc import Callable
from multiprocessing import get_context
from typing import Literal, TypeVar

import anyio
import pytest

from adapters.ports import SystemClock
from adapters.store import ThreadPool, open_ledger
from hub.projector import Projector
from tests.hub.test_projector import LOG, RECORD, RECORDS, REGISTRY, WAIT, contents, opened, story

T = TypeVar("T")
Phase = Literal["before the commit", "after the commit"]
PAGE = 50
TABLES = (RECORD, WAIT, LOG)


@pytest.fixture
def blank() -> bool:
    """The read models of these tests are their own."""
    return False


class Doomed(ThreadPool):
    """Ends the whole process at one of its writes to the database, counted from when it is told to."""

    def __init__(self, number: int, phase: Phase) -> None:
        super().__init__()
        self._number, self._phase = number, phase
        self.counting = False

    async def write(self, call: Callable[[], T]) -> T:
        if self.counting:
            self._number -= 1
        if not self.counting or self._number:
            return await super().write(call)
        if self._phase == "after the commit":
            await super().write(call)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError


def rebuild(url: str, number: int, phase: Phase) -> None:
    """What the process does that is killed."""

    async def life() -> None:
        threads = Doomed(number, phase)
        async with open_ledger(url, events=REGISTRY, clock=SystemClock(), threads=threads) as ledger:
            projector = Projector(ledger, [RECORDS], PAGE)
            await projector.start()  # waits until the server has noticed the death of the one before
            threads.counting = True
            await projector.rebuild()
            os._exit(0)  # what it writes when it closes is no part of the rebuild

    asyncio.run(life())


@pytest.mark.requirement("BX-09", "DC-12")
async def test_a_process_killed_at_any_commit_of_a_rebuild_leaves_the_rows_and_the_next_one_can_rebuild(
    store_url: str,
) -> None:
    server = get_context("forkserver")
    server.set_forkserver_preload([__name__])
    async with opened(store_url) as ledger:
        await ledger.append(story())
        await Projector(ledger, [RECORDS], PAGE).catch_up()
        before = await contents(ledger, *TABLES)
        deaths = 0
        for number in range(1, 100):
            phase: Phase = "before the commit" if number % 2 else "after the commit"
            process = server.Process(target=rebuild, args=(store_url, number, phase))
            process.start()
            await anyio.to_thread.run_sync(process.join, 30)
            assert await contents(ledger, *TABLES) == before, (number, phase)
            if process.exitcode == 0:
                break
            assert process.exitcode == -signal.SIGKILL
            deaths += 1

        assert deaths >= 5  # empty tables, three pages, the swap
        following = Projector(ledger, [RECORDS], PAGE)
        assert await following.catch_up() == len(story())
        await following.rebuild()
        assert await contents(ledger, *TABLES) == before
        assert set((await following.check("records")).values()) == {0}
