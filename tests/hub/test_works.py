"""Work in the background: each piece once, a few at a time, and what fails ends nothing else."""

from collections.abc import Awaitable, Callable
from functools import partial

import anyio

from domain.errors import WrongInput
from hub.works import AT_ONCE, Works


async def worked(begin: Callable[[Works], Awaitable[None]]) -> None:
    """Lets the work go on until `begin` has seen what it waited for."""
    works = Works()
    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(works.run)
            await begin(works)
            tasks.cancel_scope.cancel()


async def test_what_fails_is_left_and_the_next_piece_is_worked() -> None:
    done = anyio.Event()

    async def fails(error: Exception) -> None:
        raise error

    async def story(works: Works) -> None:
        works.begin("a fault", partial(fails, ValueError("a fault")))
        works.begin("a refusal", partial(fails, WrongInput("field", "problem", "mend")))
        works.begin("good", partial(_set, done))
        await done.wait()

    await worked(story)


async def test_what_is_in_line_or_at_work_is_not_begun_twice_and_what_is_over_may_be_begun_again() -> None:
    begun: list[str] = []

    async def story(works: Works) -> None:
        begins, ends, over = anyio.Event(), anyio.Event(), anyio.Event()

        async def piece() -> None:
            begun.append("piece")
            begins.set()
            await ends.wait()

        works.begin("piece", piece)
        works.begin("piece", piece)
        await begins.wait()
        works.begin("piece", piece)
        ends.set()
        works.begin("other", partial(_set, over))
        await over.wait()
        assert begun == ["piece"]
        again = anyio.Event()
        works.begin("piece", partial(_set, again))
        await again.wait()

    await worked(story)


async def test_only_a_few_are_at_work_at_the_same_time() -> None:
    async def story(works: Works) -> None:
        ends, over = anyio.Event(), anyio.Event()
        seen: list[int] = []
        now = 0

        async def piece() -> None:
            nonlocal now
            now += 1
            seen.append(now)
            await ends.wait()
            now -= 1
            if len(seen) == 3 * AT_ONCE:
                over.set()

        for at in range(3 * AT_ONCE):
            works.begin(f"piece {at}", piece)
        while len(seen) < AT_ONCE:
            await anyio.lowlevel.checkpoint()
        ends.set()
        await over.wait()
        assert max(seen) == AT_ONCE

    await worked(story)


async def _set(event: anyio.Event) -> None:
    event.set()
