"""What is below shows through; what is written stays above, and is gone at the end."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from hashlib import sha256
from typing import Any
from uuid import UUID

import pytest

from adapters.store import Ledger, StreamMoved, open_overlay

pytestmark = pytest.mark.requirement("BX-04")

Opened = Callable[[str], AbstractAsyncContextManager[Ledger]]
Noted = Callable[..., Any]
Stream = Callable[[str], UUID]

BELOW, ABOVE = b'{"at": "below"}', b'{"at": "above"}'


def name(body: bytes) -> str:
    return sha256(body).hexdigest()


async def test_streams_go_on_above_and_nothing_of_it_is_below(
    opened: Opened, store_url: str, noted: Noted, stream: Stream
) -> None:
    async with opened(store_url) as below:
        await below.append([noted("a", 1), noted("b", 1)], {name(BELOW): BELOW})
        async with open_overlay(below) as overlay:
            await overlay.starts_at(await below.last_position())
            position = await overlay.append([noted("a", 2), noted("c", 1)], {name(ABOVE): ABOVE})
            found = await overlay.load([stream("a"), stream("b"), stream("c"), stream("nobody")])
            bodies = await overlay.contents([name(BELOW), name(ABOVE)])
            new = await overlay.read(2, 10)

        assert position == 4
        assert [row[0] for row in new] == [3, 4]
        assert {id_: len(events) for id_, events in found.items()} == {
            stream("a"): 2,
            stream("b"): 1,
            stream("c"): 1,
            stream("nobody"): 0,
        }
        assert bodies == {name(BELOW): BELOW, name(ABOVE): ABOVE}
        assert await below.last_position() == 2
        assert await below.contents([name(ABOVE)]) == {}


async def test_what_comes_below_later_is_another_story(
    opened: Opened, store_url: str, noted: Noted, stream: Stream
) -> None:
    async with opened(store_url) as below:
        await below.append([noted("a", 1)])
        async with open_overlay(below) as overlay:
            await overlay.starts_at(1)
            await overlay.append([noted("a", 2, "tried out")])
            await below.append([noted("a", 2, "real"), noted("a", 3, "real")])
            found = (await overlay.load([stream("a")]))[stream("a")]

            assert found == [noted("a", 1), noted("a", 2, "tried out")]
            with pytest.raises(StreamMoved):
                await overlay.append([noted("a", 2)])


async def test_a_snapshot_of_below_does_not_hide_what_is_above(
    opened: Opened, store_url: str, noted: Noted, stream: Stream
) -> None:
    async with opened(store_url) as below:
        await below.append([noted("a", 1), noted("b", 1)])
        for each in ("a", "b"):
            await below.save_snapshot(stream(each), 1, "snapshot", b"1")
        async with open_overlay(below) as overlay:
            await overlay.starts_at(2)
            await overlay.append([noted("a", 2)])

            assert await overlay.snapshots([stream("a"), stream("b")]) == {stream("b"): (1, "snapshot", b"1")}
