"""One contract for both databases: what is appended is stored whole or not at all, in one order, and found again."""

import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from hashlib import sha256
from typing import Any
from uuid import UUID

import anyio
import pytest

from adapters.store import (
    Ledger,
    Locked,
    RowsRefused,
    Snapshot,
    Statement,
    StoreUnavailable,
    StreamMoved,
    ThreadPool,
    UnknownEvent,
)

Opened = Callable[[str], AbstractAsyncContextManager[Ledger]]
Noted = Callable[..., Any]
Stream = Callable[[str], UUID]

BODY = b'{"number": "PO-1", "lines": []}' * 100
SHA = sha256(BODY).hexdigest()


async def test_events_of_many_streams_are_stored_together_and_come_back_in_order(
    opened: Opened, store_url: str, noted: Noted, stream: Stream
) -> None:
    async with opened(store_url) as ledger:
        events = [noted("a", 1, "first"), noted("b", 1), noted("a", 2, "second")]
        position = await ledger.append(events)
        found = await ledger.load([stream("a"), stream("b"), stream("nobody")])

    assert position == 3
    assert found == {stream("a"): [events[0], events[2]], stream("b"): [events[1]], stream("nobody"): []}


async def test_the_ledger_outlives_the_process(opened: Opened, store_url: str, noted: Noted, stream: Stream) -> None:
    async with opened(store_url) as ledger:
        await ledger.append([noted("a")])

    async with opened(store_url) as ledger:
        assert (await ledger.load([stream("a")]))[stream("a")] == [noted("a")]
        assert await ledger.append([noted("a", 2)]) == 2


async def test_more_streams_than_one_query_takes_are_loaded_whole(
    opened: Opened, store_url: str, noted: Noted, stream: Stream
) -> None:
    names = [f"record {number}" for number in range(1201)]
    async with opened(store_url) as ledger:
        await ledger.append([noted(name) for name in names])
        found = await ledger.load([stream(name) for name in names])

    assert found == {stream(name): [noted(name)] for name in names}


async def test_a_load_after_known_versions_reads_only_what_is_newer(
    opened: Opened, store_url: str, noted: Noted, stream: Stream
) -> None:
    async with opened(store_url) as ledger:
        await ledger.append([noted("a", 1), noted("a", 2), noted("a", 3), noted("b", 1)])
        found = await ledger.load([stream("a"), stream("b")], after={stream("a"): 2})

    assert found == {stream("a"): [noted("a", 3)], stream("b"): [noted("b", 1)]}


async def test_who_comes_second_learns_which_streams_moved_and_stores_nothing(
    opened: Opened, store_url: str, noted: Noted, stream: Stream
) -> None:
    async with opened(store_url) as ledger:
        await ledger.append([noted("a"), noted("b")])
        with pytest.raises(StreamMoved) as moved:
            await ledger.append([noted("a", 2), noted("b"), noted("c")], {SHA: BODY})

        assert moved.value.streams == {stream("b")}
        assert await ledger.last_position() == 2
        assert await ledger.contents([SHA]) == {}


async def test_the_same_append_twice_is_stored_once(opened: Opened, store_url: str, noted: Noted) -> None:
    async with opened(store_url) as ledger:
        await ledger.append([noted("a")])
        with pytest.raises(StreamMoved):
            await ledger.append([noted("a")])

        assert await ledger.last_position() == 1


async def test_one_stale_writer_in_a_group_fails_alone(opened: Opened, store_url: str, noted: Noted) -> None:
    refused: list[int] = []

    async def write(ledger: Ledger, number: int) -> None:
        name = "taken" if number == 7 else f"free {number}"
        try:
            await ledger.append([noted(name)], {f"{number:064x}": b"body"})
        except StreamMoved:
            refused.append(number)

    async with opened(store_url) as ledger:
        await ledger.append([noted("taken")])
        async with anyio.create_task_group() as hub:
            await hub.start(ledger.run)
            async with anyio.create_task_group() as actors:
                for number in range(20):
                    actors.start_soon(write, ledger, number)
            hub.cancel_scope.cancel()

        assert refused == [7]
        assert await ledger.last_position() == 20
        assert len(await ledger.contents([f"{number:064x}" for number in range(20)])) == 19


async def test_each_of_a_group_learns_the_position_of_its_own_last_event(
    opened: Opened, store_url: str, noted: Noted, stream: Stream
) -> None:
    positions: dict[UUID, int] = {}

    async def write(ledger: Ledger, name: str) -> None:
        positions[stream(name)] = await ledger.append([noted(name, version) for version in (1, 2, 3)])

    async with opened(store_url) as ledger:
        async with anyio.create_task_group() as hub:
            await hub.start(ledger.run)
            async with anyio.create_task_group() as actors:
                for number in range(30):
                    actors.start_soon(write, ledger, str(number))
            hub.cancel_scope.cancel()
        rows = await ledger.read(0, 1000)

    assert positions == {UUID(bytes=row[1]): row[0] for row in rows if row[2] == 3}


async def test_a_cancelled_caller_still_stores_whole_and_the_hub_stops_with_nothing_left(
    opened: Opened, store_url: str, noted: Noted
) -> None:
    async with opened(store_url) as ledger:
        async with anyio.create_task_group() as hub:
            await hub.start(ledger.run)
            for number in range(50):
                hub.start_soon(ledger.append, [noted(f"{number}", 1), noted(f"{number}", 2)])
            await anyio.lowlevel.checkpoint()
            await anyio.lowlevel.checkpoint()
            hub.cancel_scope.cancel()
        rows = await ledger.read(0, 1000)

    assert rows
    assert len([row for row in rows if row[2] == 1]) == len([row for row in rows if row[2] == 2])


async def test_bodies_are_kept_once_and_come_back_to_the_byte(opened: Opened, store_url: str, noted: Noted) -> None:
    small = b"\x00\xff"
    name = sha256(small).hexdigest()
    async with opened(store_url) as ledger:
        await ledger.append([noted("a")], {SHA: BODY, name: small})
        await ledger.append([noted("b")], {SHA: BODY})

        assert await ledger.contents([SHA, name, "0" * 64]) == {SHA: BODY, name: small}
        assert await ledger.rows("SELECT count(*) FROM contents") == [(2,)]


async def test_a_body_that_shrinks_is_compressed(opened: Opened, store_url: str) -> None:
    async with opened(store_url) as ledger:
        await ledger.append((), {SHA: BODY})
        size = (await ledger.rows("SELECT length(body) FROM contents"))[0][0]

    assert size < len(BODY) // 10


async def test_other_rows_share_the_transaction_of_the_events(opened: Opened, store_url: str, noted: Noted) -> None:
    create = Statement("CREATE TABLE seen (number BIGINT PRIMARY KEY, word TEXT)")
    async with opened(store_url) as ledger:
        await ledger.append((), also=[create])
        await ledger.append(
            [noted("a")], also=[Statement("INSERT INTO seen VALUES (?, ?)", [(1, "it's ?"), (2, None)])]
        )
        with pytest.raises(RowsRefused):
            await ledger.append([noted("b")], also=[Statement("INSERT INTO seen VALUES (?, ?)", [(3, "x"), (1, "y")])])
        with pytest.raises(RowsRefused):
            await ledger.append(
                [noted("c")], also=[Statement("UPDATE seen SET word = 'z' WHERE number = 9", touches=1)]
            )
        with pytest.raises(RowsRefused):
            await ledger.append([noted("d")], also=[Statement("INSERT INTO nowhere VALUES (1)")])

        assert await ledger.rows("SELECT number, word FROM seen ORDER BY number") == [(1, "it's ?"), (2, None)]
        assert await ledger.last_position() == 1


async def test_positions_count_up_without_gaps_even_after_a_refusal(
    opened: Opened, store_url: str, noted: Noted, stream: Stream
) -> None:
    async with opened(store_url) as ledger:
        await ledger.append([noted("a"), noted("b")])
        with pytest.raises(StreamMoved):
            await ledger.append([noted("c"), noted("a")])
        await ledger.append([noted("d")])
        rows = await ledger.read(0, 10)

        assert [row[0] for row in rows] == [1, 2, 3]
        assert [(UUID(bytes=row[1]), row[2], row[3]) for row in rows[2:]] == [(stream("d"), 1, "test.noted.2")]
        assert ledger.events.decode(rows[0][3], rows[0][4]) == noted("a")
        assert await ledger.read(1, 1) == [rows[1]]
        assert await ledger.read(3, 10) == []


async def test_a_waiting_reader_wakes_for_events_of_this_and_of_other_processes(
    opened: Opened, store_url: str, noted: Noted
) -> None:
    async with opened(store_url) as ledger, opened(store_url) as other:
        assert not await ledger.wait(0, timeout=0.01)

        for writer, position in ((ledger, 1), (other, 2)):
            with anyio.fail_after(10):
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(ledger.wait, position - 1)
                    await writer.append([noted("a", position)])

        assert await ledger.wait(1, timeout=0)


async def test_queries_read_and_never_write(opened: Opened, store_url: str, noted: Noted) -> None:
    async with opened(store_url) as ledger:
        await ledger.append([noted("a"), noted("b")])
        condition, parameter = ledger.in_list("topic", ["test.noted.2", "it's"])
        sql = f"SELECT notification_id FROM stored_events WHERE {condition}"  # noqa: S608 - a condition of ours
        rows = await ledger.rows(sql, (parameter,))
        nothing, empty = ledger.in_list("notification_id", [])
        numbers, three = ledger.in_list("notification_id", [2, 3])
        with pytest.raises(RowsRefused):
            await ledger.rows("DELETE FROM stored_events")

        count = "SELECT count(*) FROM stored_events WHERE "
        assert await ledger.rows(count + nothing, (empty,)) == [(0,)]
        assert await ledger.rows(count + numbers, (three,)) == [(1,)]
        assert sorted(rows) == [(1,), (2,)]
        assert await ledger.last_position() == 2


async def test_a_lock_is_held_by_one_and_free_after_him(opened: Opened, store_url: str) -> None:
    async with opened(store_url) as ledger, opened(store_url) as other:
        async with ledger.exclusive("sync"), other.exclusive("rebuild"):
            with pytest.raises(Locked, match="sync"):
                async with other.exclusive("sync"):
                    pytest.fail("two hold the same lock")
        async with other.exclusive("sync"):
            pass


async def test_the_newest_snapshot_stays(opened: Opened, store_url: str, stream: Stream) -> None:
    async with opened(store_url) as ledger:
        await ledger.save_snapshot(stream("a"), 2, "record.1", b"two")
        await ledger.save_snapshot(stream("a"), 5, "record.1", b"five")
        await ledger.save_snapshot(stream("a"), 3, "record.1", b"three")

        assert await ledger.snapshots([stream("a"), stream("b")]) == {stream("a"): (5, "record.1", b"five")}


async def test_an_old_shape_is_read_in_its_present_one(
    opened: Opened, store_url: str, stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Old:
        TOPIC = "test.noted.1"
        originator_id = stream("old")
        originator_version = 1

    async with opened(store_url) as ledger:
        state = b'{"originator_id":"%s","originator_version":1,"text":"kept"}' % str(stream("old")).encode()
        monkeypatch.setattr(ledger.events, "encode", lambda _: state)
        await ledger.append([Old()])
        event = (await ledger.load([stream("old")]))[stream("old")][0]

    assert (type(event).TOPIC, event.text, event.amount) == ("test.noted.2", "kept", "1.50")


async def test_an_event_of_a_newer_version_is_named_and_not_guessed(
    opened: Opened, store_url: str, stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Newer:
        TOPIC = "test.invented.9"
        originator_id = stream("new")
        originator_version = 1

    async with opened(store_url) as ledger:
        monkeypatch.setattr(ledger.events, "encode", lambda _: b"{}")
        await ledger.append([Newer()])
        with pytest.raises(UnknownEvent, match=r"test\.invented\.9"):
            await ledger.load([stream("new")])


async def test_an_upgrade_is_done_once(opened: Opened, store_url: str) -> None:
    async with opened(store_url) as ledger:
        before, after = await ledger.upgrade()

        assert before == after > 0
        numbers = await ledger.rows("SELECT number FROM schema_version ORDER BY number")
        assert numbers == [(number,) for number in range(1, after + 1)]


async def test_a_schema_of_a_newer_version_is_refused(opened: Opened, store_url: str) -> None:
    async with opened(store_url) as ledger:
        await ledger.append((), also=[Statement("INSERT INTO schema_version VALUES (999, 'later', 'later')")])

    with pytest.raises(StoreUnavailable, match="newer"):
        async with opened(store_url):
            pytest.fail("an unknown schema was opened")


async def test_what_is_read_at_one_moment_does_not_see_what_is_written_meanwhile(
    opened: Opened, store_url: str, noted: Noted
) -> None:
    sql = "SELECT notification_id, topic FROM stored_events WHERE notification_id > ? ORDER BY notification_id"
    begun, written = threading.Event(), threading.Event()

    def read(snapshot: Snapshot) -> tuple[list[Any], list[Any]]:
        rows = snapshot.select(sql, (1,))
        first = [next(rows)]
        begun.set()
        assert written.wait(20)
        return first + list(rows), list(snapshot.select("SELECT '100%', count(*) FROM stored_events"))

    async with opened(store_url) as ledger:
        await ledger.append([noted("a", version) for version in range(1, 1202)])

        async def write() -> None:
            await ThreadPool().read(begun.wait)
            await ledger.append([noted("b", 1)])
            written.set()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(write)
            rows, counted = await ledger.at_one_moment(read)

        assert [row[0] for row in rows] == list(range(2, 1202))
        assert counted == [("100%", 1201)]
        assert await ledger.last_position() == 1202


PROCESS = """
import sys
from datetime import UTC, datetime
from typing import ClassVar
from uuid import UUID

import anyio
import msgspec

from adapters.ports import FixedClock
from adapters.store import Registry, ThreadPool, open_ledger


class Noted(msgspec.Struct, frozen=True, kw_only=True):
    TOPIC: ClassVar[str] = "test.noted.2"
    originator_id: UUID
    originator_version: int
    text: str


async def main(url: str, number: int) -> None:
    registry = Registry({Noted.TOPIC: Noted})
    async with open_ledger(url, events=registry, clock=FixedClock(datetime(2026, 1, 5, tzinfo=UTC)),
                           threads=ThreadPool()) as ledger:
        for version in range(1, 41):
            event = Noted(originator_id=UUID(int=number), originator_version=version, text="x")
            other = Noted(originator_id=UUID(int=number + 100), originator_version=version, text="y")
            await ledger.append([event, other])


anyio.run(main, sys.argv[1], int(sys.argv[2]))
"""


async def test_processes_that_start_and_write_together_all_succeed_and_a_reader_misses_nothing(
    opened: Opened, store_url: str
) -> None:
    writers = 4
    processes = [
        subprocess.Popen([sys.executable, "-c", PROCESS, store_url, str(number)], stderr=subprocess.PIPE)  # noqa: ASYNC220, S603
        for number in range(writers)
    ]
    seen: list[int] = []
    with anyio.fail_after(60):
        async with opened(store_url) as ledger:
            while len(seen) < writers * 80:
                await ledger.wait(seen[-1] if seen else 0, timeout=1)
                seen += [row[0] for row in await ledger.read(seen[-1] if seen else 0, 50)]
                assert all(process.poll() in {None, 0} for process in processes), [p.stderr.read() for p in processes]
    errors = [process.communicate()[1] for process in processes]

    assert [process.returncode for process in processes] == [0] * writers, errors
    assert seen == list(range(1, writers * 80 + 1))
