"""The tail of the ledger: everybody at their own pace, nothing twice, nothing lost, and no loop without a pause."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from domain.events import FeedAdvanced
from hub import tail
from hub.access.signing import signed, stream_of
from hub.tail import Happening, Tail
from tests.hub.harness import Bench, bench


class Joined:
    """The two parts of a hub that a tail asks."""

    def __init__(self, it: Bench) -> None:
        self.ledger, self.projector = it.ledger, it.projector


def followed(it: Bench) -> Tail:
    return Tail(Joined(it))  # type: ignore[arg-type] - a tail asks for no more


async def happen(it: Bench, count: int, first: int = 1) -> None:

    for version in range(first, first + count):
        event = signed(
            FeedAdvanced, it.clock, "system", stream_of("test", "feed"), version, entity_set="x", position=version
        )
        await it.ledger.append([event])


async def test_followers_hear_of_everything_from_the_start_on_once(tmp_path: Path) -> None:
    async with bench(tmp_path) as it, anyio.create_task_group() as tasks:
        await happen(it, 3)
        follower = followed(it)
        heard: list[int] = []

        async def hear(page: Sequence[Happening]) -> None:
            heard.extend(item.version for item in page)

        follower.follow(hear)
        await follower.start()
        tasks.start_soon(follower.run)
        await happen(it, 4, 4)
        with anyio.fail_after(10):
            while len(heard) < 4:
                await follower.after(follower.position, 0.1)
        tasks.cancel_scope.cancel()

    assert heard == [4, 5, 6, 7]


@pytest.mark.parametrize("kept", [2, 2000])
async def test_whoever_is_behind_reads_on_from_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: int
) -> None:
    monkeypatch.setattr(tail, "KEPT", kept)
    monkeypatch.setattr(tail, "PAGE", 2)
    async with bench(tmp_path) as it, anyio.create_task_group() as tasks:
        await happen(it, 5)
        follower = followed(it)
        await follower.start()
        tasks.start_soon(follower.run)
        await happen(it, 5, 6)
        read: list[int] = []
        at = 0
        with anyio.fail_after(10):
            while len(read) < 10:
                for item in await follower.after(at, 5):
                    read.append(item.version)
                    at = item.position
        assert await follower.after(at, 0.01) == []
        tasks.cancel_scope.cancel()

    assert read == list(range(1, 11))


async def test_an_event_that_no_row_tells_of_is_passed_and_not_waited_for(tmp_path: Path) -> None:
    async with bench(tmp_path) as it, anyio.create_task_group() as tasks:
        follower = followed(it)
        await follower.start()
        calls = 0
        catch_up = it.projector.catch_up

        async def counted() -> int:
            nonlocal calls
            calls += 1
            return await catch_up()

        it.projector.catch_up = counted  # type: ignore[method-assign]
        read = follower._read
        hidden = 1

        async def without_the_first(after: int) -> list[Any]:
            return [item for item in await read(after) if item.position > hidden]

        follower._read = without_the_first  # type: ignore[method-assign]
        tasks.start_soon(follower.run)
        await happen(it, 1)
        await anyio.sleep(0.3)
        assert calls < 5
        await happen(it, 1, 2)
        with anyio.fail_after(5):
            assert [item.version for item in await follower.after(0)] == [2]  # and not nothing, again and again
        tasks.cancel_scope.cancel()


async def test_closing_ends_every_wait(tmp_path: Path) -> None:
    async with bench(tmp_path) as it:
        follower = followed(it)
        await follower.start()
        with anyio.fail_after(5):
            async with anyio.create_task_group() as tasks:
                for _ in range(5):
                    tasks.start_soon(follower.after, 99)
                await anyio.lowlevel.checkpoint()
                follower.close()
