"""The records used last are at hand up to a limit that counts what they hold, however many a round touches."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from adapters.store import Ledger
from domain.record import Record
from hub.records import STORIES, Contents
from hub.shelf import CAPACITY, RECORD, Shelf
from tests.hub.harness import bench
from tests.ledger_story import CONNECTION, delivered, moment, observed


def record(number: int, parts: int = 0) -> Record:
    """An order that was seen, and whose parts stand in the target."""
    made = Record(Record.id_for(CONNECTION, "commitment", str(number)), CONNECTION)
    observed()(made, moment())
    for part in range(parts):
        for command in delivered(part=f"line:{part}"):
            command(made, moment())
    made.collect_events()
    return made


def test_no_more_is_held_than_the_limit_and_what_was_used_last_is() -> None:
    shelf, orders = Shelf(10 * RECORD), [record(number) for number in range(100)]
    for order in orders:
        shelf.keep([order])

    assert shelf.held == 10 * RECORD
    assert list(shelf.take(order.id for order in orders)) == [order.id for order in orders[-10:]]


def test_a_record_weighs_by_itself_so_many_small_ones_are_not_taken_for_nothing() -> None:
    shelf = Shelf(20 * RECORD)
    shelf.keep([record(1, parts=2 * RECORD), record(2)])

    assert shelf.held == RECORD + 2 * RECORD + RECORD


def test_a_record_that_grew_makes_room_for_itself_and_one_that_was_asked_for_stays() -> None:
    shelf, small, other, large = Shelf(4 * RECORD), record(1), record(2), record(3, parts=2 * RECORD)
    shelf.keep([small, other])
    shelf.take([small.id])
    shelf.keep([large])

    assert set(shelf.take([small.id, other.id, large.id])) == {small.id, large.id}
    assert shelf.held <= 4 * RECORD


def test_what_a_process_keeps_is_some_thousands_of_records() -> None:
    """A weight of seven is about three kilobytes, so the limit stands for less than twenty megabytes."""
    assert CAPACITY // RECORD * 3 < 20 * 1024


@pytest.mark.requirement("DC-07")
async def test_records_that_made_room_come_back_as_they_were_and_their_stories_a_few_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    load = Ledger.load

    async def noted(
        self: Ledger, ids: Sequence[UUID], after: Mapping[UUID, int] | None = None
    ) -> dict[UUID, list[Any]]:
        asked.append(len(ids))
        return await load(self, ids, after)

    async with bench(tmp_path) as it:
        ids = [Record.id_for(CONNECTION, "commitment", str(number)) for number in range(2 * STORIES + 1)]
        before = await it.records.load(ids, "commitment")
        for order in before.values():
            observed()(order, moment())
        await it.records.save(before.values(), Contents())
        monkeypatch.setattr(Ledger, "load", noted)
        await it.records.refreshed(ids)  # reads all of them anew, whatever is at hand
        after = await it.records.load(ids)

    assert asked[:3] == [STORIES, STORIES, 1]
    assert [vars(after[id_]) for id_ in ids] == [vars(before[id_]) for id_ in ids]
