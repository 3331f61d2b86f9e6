"""The end of the log, narrowed: a story is told from its begin, any other filter looks back within bounds."""

from pathlib import Path

import pytest

from domain.record import Moment, Record
from domain.values import Cause
from hub.queries import latest as module
from hub.queries.finding import matches
from hub.queries.latest import Narrowed, latest
from tests.hub.harness import bench
from tests.hub.queries.test_blocks import shown
from tests.ledger_story import CONNECTION, START

OLD = "6f0b5a52-1d0c-5a0e-9a57-51edc0de0001"


async def test_a_story_is_told_from_its_begin_and_a_filter_looks_back_within_bounds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BACK", 10)
    async with bench(tmp_path) as it:
        first = Record(Record.id_for(CONNECTION, "commitment", "first"), CONNECTION)
        first.exclude("purchase-order-to-commitment", "PP-48", Moment(START, Cause(OLD, OLD, "user:anna")))
        await it.ledger.append(first.collect_events())
        await shown(it, range(30), 1)
        end = await it.ledger.last_position() + 1

        async def told(**narrowed: str) -> list[int]:
            found = await latest(it.ledger, [CONNECTION], Narrowed(**narrowed), before=end, limit=100)
            return [item.position for item in found]

        assert await told(story=OLD) == [1]
        assert await told(record=str(first.id)) == [1]
        assert await told(actor="user:anna") == []
        assert await told() == list(range(end - 1, end - 11, -1))
        [story] = await matches(it.ledger, OLD, [CONNECTION])
        assert (story.sort, story.id) == ("story", OLD)
