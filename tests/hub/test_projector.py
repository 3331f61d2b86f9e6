"""Rows follow the ledger exactly once, a rebuild tells the same story, and readers never see half a table."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import UUID

import anyio
import msgspec
import pytest

from adapters.ports import FixedClock
from adapters.store import Ledger, Locked, Registry, Statement, ThreadPool, open_ledger
from domain.errors import SiteLedgerError
from hub.folding import ProjectionFailed
from hub.projector import Projector
from projections.projection import Column, Keys, Projection, Rows, Table


@pytest.fixture
def blank() -> bool:
    """The read models of these tests are their own."""
    return False


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    TOPIC: ClassVar[str] = "seen.1"
    originator_id: UUID
    originator_version: int
    amount: str = "0"
    waits: tuple[str, ...] = ()


class Gone(msgspec.Struct, frozen=True, kw_only=True):
    TOPIC: ClassVar[str] = "gone.1"
    originator_id: UUID
    originator_version: int


class Amount(msgspec.Struct):
    originator_id: str
    amount: str


REGISTRY = Registry({"seen.1": Seen, "gone.1": Gone})

RECORD = Table(
    "record",
    (
        Column("record", "text", "UUID"),
        Column("sights", "bigint", "how often it was seen"),
        Column("amount", "numeric", "newest amount"),
    ),
    key=("record",),
    indexes=(("amount", "record"), ("sights",)),
)
WAIT = Table(
    "wait",
    (Column("record", "text", "UUID"), Column("place", "bigint", "place"), Column("on_key", "text", "what for")),
    key=("record", "place"),
)
LOG = Table("log", (Column("position", "bigint", "position"), Column("event", "text", "topic")), key=("position",))


def keys(event: Any) -> Keys:
    yield RECORD, (str(event.originator_id),)


def fold(rows: Rows, event: Any, position: int) -> None:
    record = str(event.originator_id)
    rows.append(LOG, {"position": position, "event": event.TOPIC})
    rows.clear(WAIT, (record,))
    if isinstance(event, Gone):
        rows.delete(RECORD, (record,))
        return
    old = rows.get(RECORD, (record,))
    sights = 1 if old is None else old["sights"] + 1
    rows.put(RECORD, {"record": record, "sights": sights, "amount": event.amount})
    for place, key in enumerate(event.waits):
        rows.put(WAIT, {"record": record, "place": place, "on_key": key})


RECORDS = Projection("records", version=1, tables=(RECORD, WAIT, LOG), keys=keys, fold=fold)

TOTAL = Table("total", (Column("name", "text", "name"), Column("cents", "bigint", "sum")), key=("name",))


def total_keys(_: Any) -> Keys:
    yield TOTAL, ("all",)


def total_fold(rows: Rows, event: Amount, _position: int) -> None:
    old = rows.get(TOTAL, ("all",))
    rows.put(TOTAL, {"name": "all", "cents": int(event.amount) + (old["cents"] if old else 0)})


TOTALS = Projection(
    "totals", version=1, tables=(TOTAL,), keys=total_keys, fold=total_fold, topics=("seen.1",), views={"seen.1": Amount}
)


def seen(number: int, version: int, amount: int = 0, waits: tuple[str, ...] = ()) -> Seen:
    return Seen(originator_id=UUID(int=number), originator_version=version, amount=str(amount), waits=waits)


def story(records: int = 20, versions: int = 6) -> list[Any]:
    events: list[Any] = []
    for version in range(1, versions + 1):
        for number in range(records):
            if number % 5 == 4 and version == versions:
                events.append(Gone(originator_id=UUID(int=number), originator_version=version))
            else:
                waits = tuple(f"vendor/{place}" for place in range((number + version) % 4))
                events.append(seen(number, version, amount=number * version, waits=waits))
    return events


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Ledger]:
    clock = FixedClock(datetime(2026, 1, 5, tzinfo=UTC))
    async with open_ledger(url, events=REGISTRY, clock=clock, threads=ThreadPool()) as ledger:
        yield ledger


async def contents(ledger: Ledger, *tables: Table) -> dict[str, list[tuple[Any, ...]]]:
    found: dict[str, list[tuple[Any, ...]]] = {}
    for table in tables:
        columns, key = ", ".join(table.names), ", ".join(table.key)
        sql = f"SELECT {columns} FROM {table.name} ORDER BY {key}"  # noqa: S608 - names of the test's own tables
        found[table.name] = await ledger.rows(sql)
    return found


@pytest.mark.parametrize("page", [1, 7, 1000])
async def test_rows_are_the_same_whatever_the_size_of_a_page(store_url: str, page: int) -> None:
    async with opened(store_url) as ledger:
        await ledger.append(story())
        position = await Projector(ledger, [RECORDS, TOTALS], page).catch_up()
        rows = await contents(ledger, RECORD, WAIT, LOG, TOTAL)

    assert position == 120
    assert rows["record"] == [(str(UUID(int=n)), 6, str(n * 6)) for n in range(20) if n % 5 != 4]
    assert rows["log"] == [(n, "gone.1" if n > 100 and n % 5 == 0 else "seen.1") for n in range(1, 121)]
    assert rows["wait"] == [
        (str(UUID(int=n)), place, f"vendor/{place}") for n in range(20) if n % 5 != 4 for place in range((n + 6) % 4)
    ]
    assert rows["total"] == [("all", sum(int(event.amount) for event in story() if isinstance(event, Seen)))]


async def test_catching_up_twice_counts_each_event_once(store_url: str) -> None:
    async with opened(store_url) as ledger:
        projector = Projector(ledger, [RECORDS, TOTALS])
        await projector.start()
        await ledger.append([seen(1, 1, 5)])
        assert await projector.catch_up() == 1
        assert await projector.catch_up() == 1
        await ledger.append([seen(1, 2, 7)])
        assert await projector.catch_up() == 2

        assert await contents(ledger, RECORD, TOTAL) == {
            "record": [(str(UUID(int=1)), 2, "7")],
            "total": [("all", 12)],
        }
        assert await projector.positions() == {"records": 2, "totals": 2}


async def test_projectors_that_work_at_once_count_each_event_once(store_url: str) -> None:
    async with opened(store_url) as ledger, opened(store_url) as other:
        await ledger.append(story())
        projectors = [Projector(one, [RECORDS, TOTALS], 3) for one in (ledger, other, ledger, other)]
        with anyio.fail_after(60):
            async with anyio.create_task_group() as hub:
                for projector in projectors:
                    hub.start_soon(projector.catch_up)
        together = await contents(ledger, RECORD, WAIT, LOG, TOTAL)
        await projectors[0].rebuild()

        assert await contents(ledger, RECORD, WAIT, LOG, TOTAL) == together
        assert len(together["log"]) == 120


async def test_a_rebuild_tells_the_same_story_row_by_row(store_url: str) -> None:
    async with opened(store_url) as ledger:
        projector = Projector(ledger, [RECORDS, TOTALS], 10)
        for start in range(0, 120, 13):
            await ledger.append(story()[start : start + 13])
            await projector.catch_up()
        before = await contents(ledger, RECORD, WAIT, LOG, TOTAL)
        for _ in range(3):
            await projector.rebuild()

        assert await contents(ledger, RECORD, WAIT, LOG, TOTAL) == before
        await ledger.append([seen(1, 7, 1)])
        assert await projector.catch_up() == 121
        assert (await contents(ledger, LOG))["log"][-1] == (121, "seen.1")


async def test_a_rebuild_heals_rows_that_somebody_changed(store_url: str) -> None:
    async with opened(store_url) as ledger:
        await ledger.append(story())
        projector = Projector(ledger, [RECORDS, TOTALS])
        await projector.catch_up()
        before = await contents(ledger, RECORD, TOTAL)
        await ledger.change([Statement("DELETE FROM record"), Statement("UPDATE total SET cents = 0")])
        await projector.rebuild("records")

        assert (await contents(ledger, RECORD))["record"] == before["record"]
        assert (await contents(ledger, TOTAL))["total"] == [("all", 0)]


async def test_events_during_a_rebuild_are_in_the_new_rows(store_url: str) -> None:
    async def write(ledger: Ledger) -> None:
        for version in range(1, 41):
            await ledger.append([seen(99, version, 1)])

    async with opened(store_url) as ledger:
        await ledger.append(story())
        projector = Projector(ledger, [RECORDS, TOTALS], 5)
        await projector.catch_up()
        async with anyio.create_task_group() as hub:
            hub.start_soon(write, ledger)
            hub.start_soon(projector.rebuild)
        await projector.catch_up()

        assert len((await contents(ledger, LOG))["log"]) == 160


@pytest.mark.requirement("BX-09", "DC-07")
async def test_whoever_reads_during_a_rebuild_sees_every_row_at_every_moment(store_url: str) -> None:
    seen_rows: list[tuple[int, int]] = []
    over = False

    async def write(ledger: Ledger) -> None:
        for version in range(1, 31):
            await ledger.append([seen(99, version, 1)])

    async def read(ledger: Ledger) -> None:
        while not over:
            [(rows, last)] = await ledger.rows("SELECT COUNT(*), MAX(position) FROM log")
            [(records,)] = await ledger.rows("SELECT COUNT(*) FROM record WHERE sights > 0")
            seen_rows.append((rows, last))
            assert records >= 16

    async with opened(store_url) as ledger, opened(store_url) as other:
        await ledger.append(story())
        projector, following = Projector(ledger, [RECORDS, TOTALS], 5), Projector(other, [RECORDS, TOTALS])
        await projector.catch_up()
        await following.start()
        async with anyio.create_task_group() as hub:
            hub.start_soon(write, other)
            hub.start_soon(read, other)
            for _ in range(3):
                await projector.rebuild()
                await following.catch_up()
            over = True

    assert len(seen_rows) > 10
    assert min(seen_rows) >= (120, 120)
    assert seen_rows == sorted(seen_rows)
    assert all(rows == last for rows, last in seen_rows)


@pytest.mark.requirement("BX-09")
async def test_a_process_that_dies_in_a_rebuild_leaves_the_rows_and_the_next_one_can_rebuild(store_url: str) -> None:
    reached = anyio.Event()

    def slow(rows: Rows, event: Any, position: int) -> None:
        fold(rows, event, position)
        if dying and position == 60:
            anyio.from_thread.run_sync(reached.set)

    dying = False
    halting = replace(RECORDS, fold=slow)
    async with opened(store_url) as ledger:
        await ledger.append(story())
        projector = Projector(ledger, [halting], 10)
        await projector.catch_up()
        before = await contents(ledger, RECORD, WAIT, LOG)
        dying = True
        async with anyio.create_task_group() as process:
            process.start_soon(projector.rebuild)
            await reached.wait()
            process.cancel_scope.cancel()
        assert await contents(ledger, RECORD, WAIT, LOG) == before
        dying = False
    async with opened(store_url) as ledger:
        following = Projector(ledger, [RECORDS], 10)
        assert await following.catch_up() == 120
        assert await contents(ledger, RECORD, WAIT, LOG) == before
        await following.rebuild()

        assert await contents(ledger, RECORD, WAIT, LOG) == before


@pytest.mark.requirement("BX-09", "DC-07")
async def test_a_check_finds_rows_that_are_not_as_the_ledger_tells_and_changes_nothing(store_url: str) -> None:
    async with opened(store_url) as ledger:
        await ledger.append(story())
        projector = Projector(ledger, [RECORDS, TOTALS], 50)
        await projector.catch_up()
        before = await contents(ledger, RECORD, WAIT, LOG, TOTAL)

        assert await projector.check("records") == {"record": 0, "wait": 0, "log": 0}
        assert await contents(ledger, RECORD, WAIT, LOG, TOTAL) == before

        await ledger.change([Statement("DELETE FROM log WHERE position = 7"), Statement("UPDATE total SET cents = 0")])
        assert await projector.check("records") == {"record": 0, "wait": 0, "log": 1}
        assert await projector.check("totals") == {"total": 2}
        await projector.rebuild()
        assert await projector.check("records") == {"record": 0, "wait": 0, "log": 0}
        await ledger.append([seen(1, 7, 1)])
        assert await projector.check("records") == {"record": 0, "wait": 0, "log": 0}


async def test_a_new_version_is_rebuilt_at_the_start(store_url: str) -> None:
    wider = replace(RECORD, columns=(*RECORD.columns, Column("note", "text", "new in version 2")))

    def fold_wider(rows: Rows, event: Any, _position: int) -> None:
        rows.put(wider, {"record": str(event.originator_id), "sights": 0, "amount": "0", "note": "two"})

    changed = Projection("records", version=2, tables=(wider,), fold=fold_wider)
    async with opened(store_url) as ledger:
        await ledger.append([seen(1, 1)])
        await Projector(ledger, [RECORDS]).catch_up()

    async with opened(store_url) as ledger:
        await Projector(ledger, [changed]).start()
        rows = await ledger.rows("SELECT note FROM record")
        old = Projector(ledger, [RECORDS])

        assert rows == [("two",)]
        assert await ledger.rows("SELECT name, version FROM projection_checkpoint") == [("records", 2)]
        old._targets = [old._target(RECORDS, generation=1, position=0)]
        with pytest.raises(SiteLedgerError, match="version 2"):
            await old.catch_up()


async def test_an_event_that_a_projection_cannot_read_stops_it_there_and_is_named(store_url: str) -> None:
    def refuse(rows: Rows, event: Any, position: int) -> None:
        if event.amount == "13":
            raise RuntimeError("bad luck")
        fold(rows, event, position)

    strict = replace(RECORDS, fold=refuse)
    async with opened(store_url) as ledger:
        await ledger.append([seen(1, 1), seen(2, 1, 13), seen(3, 1)])
        with pytest.raises(ProjectionFailed, match=r"'records' can't read event 2 \(seen\.1\): RuntimeError: bad luck"):
            await Projector(ledger, [strict]).catch_up()
        assert (await contents(ledger, RECORD))["record"] == []

        await Projector(ledger, [RECORDS]).catch_up()
        assert len((await contents(ledger, RECORD))["record"]) == 3


async def test_a_projection_of_few_events_reads_no_other_one(store_url: str) -> None:
    def refuse(rows: Rows, event: Any, position: int) -> None:
        if event.waits != ("vendor/7",):
            raise RuntimeError("this one is none of its business")
        fold(rows, event, position)

    choosy = replace(RECORDS, name="choosy", tables=(RECORD, WAIT, LOG), fold=refuse, mentions=('"vendor/7"',))
    async with opened(store_url) as ledger:
        await ledger.append([seen(1, 1), seen(2, 1, waits=("vendor/7",)), seen(3, 1, waits=("vendor/70",))])
        projector = Projector(ledger, [choosy, TOTALS])
        position = await projector.catch_up()

        assert position == 3
        assert await projector.positions() == {"choosy": 3, "totals": 3}
        assert (await contents(ledger, LOG))["log"] == [(2, "seen.1")]


@pytest.mark.parametrize("page", [1, 1000])
async def test_a_skippable_projection_sets_an_event_aside_whole_and_goes_on(store_url: str, page: int) -> None:
    def refuse(rows: Rows, event: Any, position: int) -> None:
        fold(rows, event, position)
        if event.amount in {"13", "14"}:
            raise RuntimeError("bad luck")

    lenient = replace(RECORDS, fold=refuse, skippable=True)
    expected = [(2, "seen.1", "RuntimeError: bad luck"), (4, "seen.1", "RuntimeError: bad luck")]
    async with opened(store_url) as ledger:
        await ledger.append([seen(1, 1), seen(2, 1, 13), seen(3, 1), seen(1, 2, 14), seen(3, 2)])
        projector = Projector(ledger, [lenient], page)
        for again in (projector.catch_up, projector.rebuild):
            await again()
            errors = await ledger.rows("SELECT position, topic, error FROM projection_errors ORDER BY position")

            assert errors == expected
            assert [row[1] for row in (await contents(ledger, RECORD))["record"]] == [1, 2]


async def test_an_unknown_event_is_not_folded_by_guessing(store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Newer:
        TOPIC = "invented.9"
        originator_id = UUID(int=9)
        originator_version = 1

    async with opened(store_url) as ledger:
        await ledger.append([seen(1, 1, 5)])
        monkeypatch.setattr(ledger.events, "encode", lambda _: b"{}")
        await ledger.append([Newer()])

        with pytest.raises(ProjectionFailed, match=r"invented\.9"):
            await Projector(ledger, [RECORDS]).catch_up()
        assert await Projector(ledger, [TOTALS]).catch_up() == 2


async def test_a_rebuild_that_was_interrupted_leaves_the_old_rows_and_can_be_repeated(store_url: str) -> None:
    broken = False

    def stumble(rows: Rows, event: Any, position: int) -> None:
        if broken and position == 60:
            raise RuntimeError("the lights went out")
        fold(rows, event, position)

    stumbling = replace(RECORDS, fold=stumble)
    async with opened(store_url) as ledger:
        await ledger.append(story())
        projector = Projector(ledger, [stumbling], 10)
        await projector.catch_up()
        before = await contents(ledger, RECORD, WAIT, LOG)
        broken = True
        with pytest.raises(ProjectionFailed):
            await projector.rebuild()
        assert await contents(ledger, RECORD, WAIT, LOG) == before
        broken = False
        await projector.rebuild()

        assert await contents(ledger, RECORD, WAIT, LOG) == before


async def test_only_one_process_rebuilds_at_a_time(store_url: str) -> None:
    async with opened(store_url) as ledger, opened(store_url) as other:
        await Projector(ledger, [RECORDS]).start()
        async with ledger.exclusive("projections"):
            with pytest.raises(Locked):
                await Projector(other, [RECORDS]).rebuild()


async def test_a_character_that_postgresql_refuses_does_not_stop_a_projection(store_url: str) -> None:
    async with opened(store_url) as ledger:
        await ledger.append([seen(1, 1, waits=("a\0b",)), seen(2, 1, waits=("plain",))])
        await Projector(ledger, [RECORDS]).catch_up()

        assert [row[2] for row in (await contents(ledger, WAIT))["wait"]] == ["a\ufffdb", "plain"]


async def test_keys_and_values_may_hold_any_text(store_url: str) -> None:
    odd = Table("odd", (Column("name", "text", "name"), Column("value", "text", "value")), key=("name", "value"))
    names = ["it's", 'a "quote"', "100 %", "what?", "Zoë", "\\n", "", "null", "\ufffd"]

    def fold_odd(rows: Rows, event: Any, _position: int) -> None:
        old = rows.get(odd, (event.amount, event.amount))
        rows.put(odd, {"name": event.amount, "value": event.amount} if old is None else old)

    projection = Projection(
        "odd", version=1, tables=(odd,), fold=fold_odd, keys=lambda event: [(odd, (event.amount, event.amount))]
    )
    async with opened(store_url) as ledger:
        projector = Projector(ledger, [projection])
        for version in (1, 2):
            await ledger.append(
                [
                    Seen(originator_id=UUID(int=n), originator_version=version, amount=name)
                    for n, name in enumerate(names)
                ]
            )
            await projector.catch_up()
        rows = await ledger.rows("SELECT name FROM odd ORDER BY name")

    assert rows == [(name,) for name in sorted(names)]
