"""A muted cause raises no alarm until its time, hides nothing, and is told with who said so until when and why."""

from datetime import datetime, timedelta

import pytest

from adapters.ports import FixedClock
from domain.errors import Unknown, WrongInput
from domain.events import CauseMuted, CauseUnmuted
from hub.app import Hub
from hub.mutes import muted, records_muted
from hub.operations.failures import FailureFilter, Group, groups, members
from hub.operations.failures_then import groups_then
from hub.operations.muting import mute, unmute
from tests.hub.failing import CAUSES, fill, hub_on
from tests.ledger_story import CONNECTION, START

pytestmark = pytest.mark.requirement("BX-21")

LOCKED = "PROCORE_LOCKED"
WEEK = START + timedelta(days=7)


async def said(hub: Hub, cause: str = LOCKED, until: datetime = WEEK, reason: str = "locked until the audit") -> int:
    """Somebody mutes a cause; the events that the ledger holds then."""
    await mute(hub, CONNECTION, cause, until=until, reason=reason, actor="user:anna")
    return await hub.ledger.last_position()


async def of(hub: Hub, cause: str = LOCKED) -> Group:
    return next(each for each in await groups(hub, FailureFilter()) if each.cause == cause)


def at(hub: Hub, moment: datetime) -> None:
    assert isinstance(hub.clock, FixedClock)
    hub.clock.at = moment


@pytest.mark.requirement("BX-05")
async def test_a_cause_is_quiet_from_its_mute_to_its_time_and_loud_before_and_after(store_url: str) -> None:
    async with hub_on(store_url) as hub:
        await fill(hub.ledger, 12)
        await hub.projector.catch_up()
        before = await groups(hub, FailureFilter())
        last = await hub.ledger.last_position()
        position = await said(hub)
        now, listed = await groups(hub, FailureFilter()), await members(hub, FailureFilter(cause=LOCKED))
        quiet = await records_muted(hub.ledger, START)
        at(hub, WEEK)
        over = await of(hub)
        then, _ = await groups_then(hub, FailureFilter(), str(position))
        earlier, _ = await groups_then(hub, FailureFilter(), str(last))

    assert [each.muted for each in before] == [None] * CAUSES
    assert (now[-1].cause, now[-1].alarms) == (LOCKED, False)
    assert now[-1].muted is not None
    assert (now[-1].muted.until, now[-1].muted.actor) == (WEEK.isoformat(), "user:anna")
    assert now[-1].muted.reason == "locked until the audit"
    assert {each.cause: each.records for each in now} == {each.cause: each.records for each in before}
    assert len(listed.items) == now[-1].records == quiet[CONNECTION]
    assert (over.muted, over.alarms) == (None, True)
    assert [(each.cause, each.muted) for each in then] == [(each.cause, each.muted) for each in now]
    assert [each.muted for each in earlier] == [None] * CAUSES


async def test_what_is_said_twice_is_kept_once_and_the_last_word_counts(store_url: str) -> None:
    async with hub_on(store_url) as hub:
        await fill(hub.ledger, 10)
        first, again = await said(hub), await said(hub)
        later = await said(hub, until=WEEK + timedelta(days=1))
        longer = await muted(hub.ledger, WEEK)
        for _ in range(2):
            await unmute(hub, CONNECTION, LOCKED, reason="it is open", actor="user:otto")
        loud, events = await of(hub), await hub.ledger.rows("SELECT event, actor FROM event_log ORDER BY position")
        back = await said(hub)

    assert (again, later, back) == (first, first + 1, first + 3)
    assert list(longer) == [(CONNECTION, LOCKED)]
    assert loud.alarms
    muting = (CauseMuted.TOPIC, "user:anna")
    assert [(event, actor) for event, actor in events if event.startswith("cause.")] == [
        muting,
        muting,
        (CauseUnmuted.TOPIC, "user:otto"),
    ]


@pytest.mark.parametrize(
    ("cause", "until", "reason", "field"),
    [
        (LOCKED, START, "known", "until"),
        (LOCKED, START + timedelta(days=90, seconds=1), "known", "until"),
        (LOCKED, WEEK, "  ", "reason"),
        (LOCKED, WEEK, "x" * 501, "reason"),
        ("NEVER_HEARD_OF", WEEK, "known", ""),
    ],
)
async def test_nothing_is_muted_for_long_without_a_reason_or_that_never_failed(
    tmp_path: object, cause: str, until: datetime, reason: str, field: str
) -> None:
    async with hub_on(f"sqlite:///{tmp_path}/ledger.db") as hub:
        await fill(hub.ledger, 10)
        with pytest.raises(Unknown if not field else WrongInput, match=field or cause):
            await said(hub, cause, until, reason)

        assert await muted(hub.ledger, START) == {}


async def test_the_farthest_moment_is_ninety_days_ahead(tmp_path: object) -> None:
    async with hub_on(f"sqlite:///{tmp_path}/ledger.db") as hub:
        await fill(hub.ledger, 10)
        await said(hub, until=START + timedelta(days=90))

        assert list(await muted(hub.ledger, START)) == [(CONNECTION, LOCKED)]
