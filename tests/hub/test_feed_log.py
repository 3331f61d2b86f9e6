"""The places read so far are events with versions of their own, and what can't be read is kept once, raw."""

from pathlib import Path

from domain.values import read_json
from hub.feed_log import FeedLog
from tests.hub.harness import bench


async def test_a_set_that_was_never_read_begins_at_nothing(tmp_path: Path) -> None:
    async with bench(tmp_path) as it:
        log = FeedLog(it.ledger, it.pair())
        await log.load()

        assert log.read_to("vendors") == 0


async def test_a_place_counts_once_it_is_stored(tmp_path: Path) -> None:
    async with bench(tmp_path) as it:
        log = FeedLog(it.ledger, it.pair())
        await log.load()
        event = log.advanced("vendors", 100, it.pair().moment())
        assert log.read_to("vendors") == 0

        await log.append([event])

        assert log.read_to("vendors") == 100


async def test_another_run_goes_on_from_the_stored_place_with_the_next_version(tmp_path: Path) -> None:
    async with bench(tmp_path) as it:
        first = FeedLog(it.ledger, it.pair())
        await first.load()
        for place in (100, 200):
            await first.append([first.advanced("vendors", place, it.pair().moment())])
        await it.projector.catch_up()
        second = FeedLog(it.ledger, it.pair())
        await second.load()
        event = second.advanced("vendors", 300, it.pair().moment())

        assert second.read_to("vendors") == 200
        assert event.originator_version == 3
        await second.append([event])
        assert second.read_to("vendors") == 300


async def test_a_place_that_was_not_stored_is_forgotten_with_the_next_load(tmp_path: Path) -> None:
    async with bench(tmp_path) as it:
        log = FeedLog(it.ledger, it.pair())
        await log.load()
        log.advanced("vendors", 100, it.pair().moment())
        await log.load()
        log.stored()

        assert log.read_to("vendors") == 0


async def test_projects_that_were_read_whole_leave_the_place_where_it_is(tmp_path: Path) -> None:
    async with bench(tmp_path) as it:
        log = FeedLog(it.ledger, it.pair())
        await log.load()
        await log.append([log.advanced("projectTasks", 100, it.pair().moment())])
        await log.append([log.adopted("projectTasks", ["J1", "J2"], it.pair().moment())])
        rows = await it.rows("SELECT project FROM feed_project ORDER BY project")

        assert log.read_to("projectTasks") == 100
        assert rows == [("J1",), ("J2",)]


async def test_a_place_and_projects_of_one_reading_have_versions_one_after_the_other(tmp_path: Path) -> None:
    async with bench(tmp_path) as it:
        log = FeedLog(it.ledger, it.pair())
        await log.load()
        moment = it.pair().moment()
        new = [log.advanced("procore/time_sheet", 100, moment), log.adopted("procore/time_sheet", ["7"], moment)]
        await log.append(new)

        assert [event.originator_version for event in new] == [1, 2]
        assert log.read_to("procore/time_sheet") == 100


async def test_what_cannot_be_read_is_kept_once_and_raw(tmp_path: Path) -> None:
    row = {"id": "no guid", "number": "V10", "sendToProcore": "perhaps"}
    async with bench(tmp_path) as it:
        log = FeedLog(it.ledger, it.pair())
        moment = it.pair().moment()

        assert await log.dead_letter("vendors", row, "no GUID", moment)
        assert not await log.dead_letter("vendors", row, "no GUID", moment)
        assert await log.dead_letter("vendors", {**row, "number": "V11"}, "no GUID", moment)
        assert await it.events() == ["feed.dead-lettered.1", "feed.dead-lettered.1"]
        ((_, _, _, _, state), _) = await it.ledger.read(0, 10)
        name = read_json(bytes(state))["content"]
        assert read_json((await it.ledger.contents([name]))[name]) == row


async def test_a_row_that_is_no_object_is_a_dead_letter_too(tmp_path: Path) -> None:
    async with bench(tmp_path) as it:
        assert await FeedLog(it.ledger, it.pair()).dead_letter("vendors", "text", "no object", it.pair().moment())
