"""A service verifies by itself: what is new hourly, everything weekly; a finding stands until it is mended."""

from datetime import timedelta
from typing import Any

import pytest

from adapters.ports import FixedClock
from adapters.store import Locked
from hub.app import Hub
from hub.audit.standing import Standing, standing
from hub.audit.verifying import Verified, verify
from hub.audit.watching import LOCK, Verifying
from tests.hub.audit.harness import change, fill, later, opened, rows, sealed_and_signed
from tests.ledger_story import START

pytestmark = pytest.mark.requirement("BX-08")

SPACED = "UPDATE stored_events SET state = CAST(state || ' ' AS BLOB) WHERE notification_id"
WEEK = 7 * 24


async def turned(hub: Hub, clock: FixedClock, hours: int = 2) -> Verified | None:
    """What the service does some hours later."""
    later(clock, hours)
    return await Verifying(hub).turn()


async def stands(hub: Hub) -> Standing:
    await hub.projector.catch_up()
    return await standing(hub.ledger)


async def test_what_is_new_is_verified_every_hour_and_everything_once_a_week(store_url: str) -> None:
    clock = FixedClock(START)
    async with opened(store_url, clock=clock) as hub:
        assert await stands(hub) == Standing()
        await fill(hub, 4)
        await sealed_and_signed(hub)
        watch = Verifying(hub)
        first = await watch.turn()
        assert first is not None
        assert (first.start, first.sound, first.contents) == (1, True, 8)
        assert await watch.turn() is None
        assert ((now := await stands(hub)).valid, now.through, now.whole_at) == (True, first.position, clock.at)

        later(clock)
        await fill(hub, 1, first=4)
        second = await watch.turn()
        assert second is not None
        assert (second.start, second.sound, second.contents) == (first.position + 1, True, 2)
        assert ((now := await stands(hub)).through, now.at, now.whole_at) == (second.position, clock.at, START)

        third = await turned(hub, clock, WEEK)
        assert third is not None
        assert (third.start, third.sound) == (1, True)


async def test_a_ledger_in_which_nothing_happens_is_verified_and_does_not_grow(tmp_path: Any) -> None:
    clock = FixedClock(START)
    async with opened(f"sqlite:///{tmp_path / 'ledger.db'}", clock=clock) as hub:
        await fill(hub, 1)
        watch = Verifying(hub)
        await watch.turn()
        last = await hub.ledger.last_position()
        later(clock)
        again = await watch.turn()

        assert again is not None
        assert again.sound
        assert (await hub.ledger.last_position(), watch.at) == (last, clock.at)
        assert await watch.turn() is None


async def test_what_was_changed_stays_a_finding_until_all_of_it_is_sound_again(tmp_path: Any) -> None:
    url, clock = f"sqlite:///{tmp_path / 'ledger.db'}", FixedClock(START)
    async with opened(url, clock=clock) as hub:
        await fill(hub, 4)
        await Verifying(hub).turn()
        [(before,)] = rows(url, "SELECT state FROM stored_events WHERE notification_id = 3")
        change(url, f"{SPACED} = 3")
        await fill(hub, 1, first=4)
        hourly = await turned(hub, clock)
        assert hourly is not None
        assert hourly.sound  # the old seal is in its place; what it holds is read again with the next whole one

        weekly = await turned(hub, clock, WEEK)
        assert weekly is not None
        assert [(each.kind, each.position) for each in weekly.told] == [("changed", 3)]
        assert ((now := await stands(hub)).valid, now.begin) == (False, 1)

        await verify(hub, actor="cli:olga", start=10)
        assert (await stands(hub)).valid is False  # of that part nothing was said
        hourly = await turned(hub, clock)
        assert hourly is not None
        assert (hourly.start, hourly.findings) == (1, 1)

        change(url, "UPDATE stored_events SET state = ? WHERE notification_id = 3", before)
        hourly = await turned(hub, clock)
        assert hourly is not None
        assert (hourly.start, hourly.findings) == (1, 0)
        assert ((now := await stands(hub)).valid, now.begin) == (True, hourly.position + 1)


async def test_whoever_changes_the_past_and_seals_it_anew_is_found_within_the_hour(tmp_path: Any) -> None:
    url, clock = f"sqlite:///{tmp_path / 'ledger.db'}", FixedClock(START)
    async with opened(url, key="", clock=clock) as hub:  # no head is signed, so nothing else would show it
        await fill(hub, 4)
        await Verifying(hub).turn()
        change(url, f"{SPACED} = 3")
        change(url, "DELETE FROM audit_seal WHERE 1 = 1")
        hourly = await turned(hub, clock)

    assert hourly is not None
    assert [each.kind for each in hourly.told] == ["anchor"]


async def test_processes_of_one_ledger_do_not_verify_at_the_same_time(store_url: str) -> None:
    clock = FixedClock(START)
    async with opened(store_url, clock=clock) as hub, opened(store_url, clock=clock) as other:
        await fill(hub, 1)
        async with other.ledger.exclusive(LOCK):
            with pytest.raises(Locked):
                await Verifying(hub).turn()
        assert (await Verifying(hub).turn()) is not None
        assert (await Verifying(other).turn()) is None


async def test_a_finding_is_kept_in_words_for_whoever_asks_later(tmp_path: Any) -> None:
    url, clock = f"sqlite:///{tmp_path / 'ledger.db'}", FixedClock(START)
    async with opened(url, clock=clock) as hub:
        await fill(hub, 2)
        change(url, "UPDATE contents SET body = CAST(body || ' ' AS BLOB) WHERE 1 = 1")
        await Verifying(hub).turn()
        await hub.projector.catch_up()
        [(actor, findings, words)] = await hub.ledger.rows("SELECT actor, findings, words FROM audit_check")

    assert (actor, findings) == ("system", 4)
    assert "is not what its digest says" in words
    assert clock.at - START == timedelta()
