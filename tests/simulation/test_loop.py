"""Virtual time: waits cost nothing, the order of everything follows from the seed, and standing still is told."""

import asyncio
import time

import anyio
import anyio.lowlevel
import pytest

from tests.simulation.loop import Deadlock, Livelock, run_virtually


def test_a_day_passes_in_no_time() -> None:
    async def day() -> float:
        await anyio.sleep(86_400)
        return anyio.current_time()

    began = time.monotonic()

    assert run_virtually(1, day, 1000) == 86_400
    assert time.monotonic() - began < 60


def test_who_comes_first_follows_from_the_seed() -> None:
    async def race() -> list[int]:
        order: list[int] = []

        async def runner(number: int) -> None:
            await anyio.sleep(1)
            order.append(number)

        async with anyio.create_task_group() as tasks:
            for number in range(8):
                tasks.start_soon(runner, number)
        return order

    assert run_virtually(1, race, 1000) == run_virtually(1, race, 1000)
    assert len({tuple(run_virtually(seed, race, 1000)) for seed in range(20)}) > 10


def test_whoever_waits_for_nobody_is_told() -> None:
    async def forever() -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(Deadlock):
        run_virtually(1, forever, 1000)


def test_whoever_runs_in_circles_is_told() -> None:
    async def circles() -> None:
        while True:
            await anyio.lowlevel.checkpoint()

    with pytest.raises(Livelock):
        run_virtually(1, circles, 1000)


def test_threads_are_refused() -> None:
    async def threaded() -> None:
        await asyncio.to_thread(print)

    with pytest.raises(RuntimeError, match="threads"):
        run_virtually(1, threaded, 1000)
