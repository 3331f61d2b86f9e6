"""`kill -9` of the real process at every write: started again, it ends as if it had lived, nothing doubled or lost."""

import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import anyio
import pytest
from aiohttp import web
from aiohttp.typedefs import Handler

from adapters.sandbox.business_central import BusinessCentral
from adapters.sandbox.procore import Procore
from tests.journeys.cli import environment, written
from tests.journeys.death import PHASES, Phase, stand_before
from tests.journeys.harness import World, sqlite, world
from tests.journeys.warm import process

pytestmark = [pytest.mark.journey, pytest.mark.requirement("DC-12", "BX-02"), pytest.mark.timeout(300)]

READS = {"GET", "HEAD"}


class Executioner:
    """Stands at both servers, counts writes and kills the process that makes the chosen one."""

    def __init__(self, number: int = 0, phase: Phase = "before the call") -> None:
        self.number, self.phase = number, phase
        self.writes = 0
        self.pid = 0

    def watch(self, stand_in: BusinessCentral | Procore) -> None:
        """Comes before everything else that the stand-in does with a request."""
        stand_before(stand_in, self._stand_by())

    def _stand_by(self) -> Any:
        @web.middleware
        async def stand_by(request: web.Request, handler: Handler) -> web.StreamResponse:
            if request.method in READS or request.path.endswith("/token"):
                return await handler(request)
            self.writes += 1
            chosen = self.writes == self.number
            if chosen and self.phase == "before the call":
                return self._kill()
            answer = await handler(request)
            if chosen and self.phase == "after the commit":
                return self._kill()
            if chosen:
                await answer.prepare(request)
                await answer.write_eof()
                self._kill()
            return answer

        return stand_by

    def _kill(self) -> web.Response:
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        return web.Response(status=500)  # nobody is there any more to read it


async def synced(it: World, executioner: Executioner, config: Path) -> int:
    """Runs `siteledger sync` once; its exit status."""
    command = ["sync", "--json", "--config", str(config)]
    with TemporaryFile() as told:
        async with process(command, stdout=told, stderr=told, env=environment()) as running:
            executioner.pid = running.pid
            with anyio.fail_after(60):
                return await running.wait()


async def life(folder: Path, numbers: Sequence[int], phase: Phase) -> tuple[list[int], tuple[Any, Any], int]:
    """One world: a process killed at the first of these writes, the next one at the second, and one that finishes."""
    folder.mkdir()  # noqa: ASYNC240 - a folder on a local disk
    executioner = Executioner(phase=phase)
    async with world(sqlite(folder), prepare=executioner.watch) as it:
        it.typical()
        config = written(it, folder)
        statuses: list[int] = []
        for number in (*numbers, 0):
            executioner.number = number
            statuses.append(await synced(it, executioner, config))
        return statuses, it.exports(), executioner.writes


async def test_a_process_killed_at_any_write_ends_as_if_it_had_lived(tmp_path: Path) -> None:
    statuses, wanted, writes = await life(tmp_path / "undisturbed", (), "before the call")
    assert statuses == [0]
    assert writes >= 20

    # Every third write, so that a process has time to recover before it dies again; together they are all writes,
    # each in one of the phases. `scripts/crash` kills in every phase, and far more often.
    stories = [(range(first, writes + 1, 3), phase) for first, phase in enumerate(PHASES, 1)]
    assert sum(len(numbers) for numbers, _ in stories) == writes
    limit = anyio.CapacityLimiter(2)
    wrong: list[str] = []

    async def check(numbers: Sequence[int], phase: Phase) -> None:
        async with limit:
            ended, found, _ = await life(tmp_path / f"{numbers[0]} {phase}", numbers, phase)
        deaths = ended.count(-signal.SIGKILL)  # a process that has less left to write than was planned ends by itself
        if not deaths or ended != [*([-signal.SIGKILL] * deaths), *([0] * (len(ended) - deaths))] or found != wanted:
            wrong.append(f"killed at writes {list(numbers)}, {phase}: statuses {ended}, same end: {found == wanted}")

    async with anyio.create_task_group() as tasks:
        for numbers, phase in stories:
            tasks.start_soon(check, numbers, phase)

    assert not wrong
