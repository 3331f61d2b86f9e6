"""A batch acts once on each member of a frozen set, whoever dies on the way, and says what became of every one."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from adapters.store import StoreUnavailable, ThreadPool
from domain.events import Attempted, DeadLettered
from domain.values import BUSINESS_CENTRAL, sha256_of
from hub.app import Hub
from hub.operations import batches
from hub.operations.batches import BatchView
from hub.operations.choosing import MANY, Action, Choice, Member, choose, confirmed, preview
from hub.operations.failures import FailureFilter, dead_letter_body, dead_letters, groups, members
from hub.queries.failing import DAYS, per_day
from hub.records import Records
from hub.report import ExitStatus, Halted
from tests.hub.failing import CAUSES, fill, hub_on, named, refusals, retried_once
from tests.ledger_story import (
    CONNECTION,
    FLOW,
    START,
    Story,
    claimed,
    moment,
    observed,
    refused,
    requested,
    settled,
)

pytestmark = [pytest.mark.requirement("DC-08")]

T = TypeVar("T")
LOCKED = "PROCORE_LOCKED"
EVERYTHING = Choice(where=FailureFilter(flow=FLOW))


async def frozen(hub: Hub, choice: Choice = EVERYTHING, action: Action = "retry") -> str:
    """A batch of what fits, not begun."""
    found = await choose(hub, action, choice)
    return await batches.freeze(hub, action, found, choice, reason="mended", actor="cli:anna")


async def acted(hub: Hub, choice: Choice = EVERYTHING, action: Action = "retry") -> BatchView:
    return await batches.run(hub, await frozen(hub, choice, action), actor="cli:anna", page=4)


# -- what a batch does -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("total", "typed", "holds"),
    [(1, "", True), (MANY, "", True), (MANY + 1, "", False), (1234, "1234", True), (1234, " 1,234 ", True)]
    + [(1234, wrong, False) for wrong in ("y", "12345", "0x4d2", "-1234", "1234.0")],
)
def test_a_yes_to_very_many_holds_only_with_their_number(total: int, typed: str, *, holds: bool) -> None:
    assert confirmed(total, typed) is holds


async def test_everything_that_fits_is_retried_once_and_counted(store_url: str) -> None:
    async with hub_on(store_url) as hub:
        await fill(hub.ledger, 20)
        done = await acted(hub)

        assert (done.total, done.done, done.fine, done.barred, done.remaining) == (20, 20, 0, 0, 0)
        assert (done.under_way, done.failed_again, done.succeeded) == (20, 0, 0)
        assert (done.state, done.actor, done.reason, done.filter) == ("ended", "cli:anna", "mended", {"flow": FLOW})
        assert sum(done.causes.values()) == 20
        assert len(done.causes) == CAUSES
        assert await retried_once(hub, 20) == []
        assert await groups(hub, FailureFilter()) == []


async def test_a_second_batch_of_the_same_set_finds_everything_under_way(store_url: str) -> None:
    async with hub_on(store_url) as hub:
        await fill(hub.ledger, 20)
        found = await choose(hub, "retry", EVERYTHING)
        views: list[BatchView] = []
        for _ in range(2):
            id_ = await batches.freeze(hub, "retry", found, EVERYTHING, reason="mended", actor="cli:anna")
            views.append(await batches.run(hub, id_, actor="cli:anna"))

        assert [(view.done, view.fine) for view in views] == [(20, 0), (0, 20)]
        assert await retried_once(hub, 20) == []


async def test_a_batch_that_is_over_is_left_alone(store_url: str) -> None:
    async with hub_on(store_url) as hub:
        await fill(hub.ledger, 5)
        done = await acted(hub)
        position = await hub.ledger.last_position()

        assert await batches.run(hub, done.batch, actor="cli:bob") == done
        assert await hub.ledger.last_position() == position


async def test_what_happens_belongs_to_the_story_of_the_batch_and_to_whoever_froze_it(store_url: str) -> None:
    async with hub_on(store_url) as hub:
        await fill(hub.ledger, 1)
        id_ = await frozen(hub)
        await batches.run(hub, id_, actor="system")
        (last,) = (await hub.ledger.load([named(0)]))[named(0)][-1:]

        assert (last.actor, last.correlation_id) == ("cli:anna", id_)


async def test_a_skip_names_who_and_why(store_url: str) -> None:
    async with hub_on(store_url) as hub:
        await fill(hub.ledger, 5)
        done = await acted(hub, Choice(where=FailureFilter(cause=LOCKED)), "skip")
        (row,) = await hub.ledger.rows("SELECT state, reasons FROM record_state WHERE number = 'PO-2'")

        assert (done.total, done.succeeded) == (1, 1)
        assert row == ("excluded", '["skipped by anna: mended"]')


async def test_members_that_went_on_meanwhile_are_left_alone(store_url: str) -> None:
    async with hub_on(store_url) as hub:
        await fill(hub.ledger, 3)
        id_ = await frozen(hub)
        record = (await Records(hub.ledger, CONNECTION).load([named(1)]))[named(1)]
        for command in (observed("other", number="PO-1"), settled()):
            command(record, moment())
        await hub.ledger.append(record.collect_events())
        done = await batches.run(hub, id_, actor="cli:anna")
        (left,) = (await batches.results(hub, id_, "fine")).items

        assert (done.done, done.fine) == (2, 1)
        assert (left.record, left.why) == (str(named(1)), "it is synced")


async def test_what_fails_later_than_the_batch_is_no_member(store_url: str) -> None:
    async with hub_on(store_url) as hub:
        await fill(hub.ledger, 3)
        id_ = await frozen(hub)
        await hub.ledger.append(refusals(range(3, 6)))
        done = await batches.run(hub, id_, actor="cli:anna")

        assert done.total == 3
        assert sum(group.records for group in await groups(hub, FailureFilter())) == 3


async def test_the_rest_of_a_batch_can_be_called_off(store_url: str) -> None:
    async with hub_on(store_url) as hub:
        await fill(hub.ledger, 3)
        done = await batches.cancel(hub, await frozen(hub), actor="cli:bob")
        again = await batches.run(hub, done.batch, actor="cli:bob")

        assert (again.state, again.done, again.remaining) == ("cancelled", 0, 3)
        assert len(await retried_once(hub, 3)) == 3


async def test_a_record_that_cannot_be_read_holds_up_no_other(store_url: str) -> None:
    async with hub_on(store_url) as hub:
        await fill(hub.ledger, 10)
        strange = Member(str(named(99)), FLOW, CONNECTION, "", "")
        found = [*await choose(hub, "retry", EVERYTHING), strange]
        id_ = await batches.freeze(hub, "retry", found, EVERYTHING, reason="x", actor="cli:anna")
        await hub.ledger.append([impossible(3)])
        done = await batches.run(hub, id_, actor="cli:anna", page=4)
        barred = (await batches.results(hub, id_, "barred")).items

        assert (done.done, done.barred, done.remaining) == (9, 2, 0)
        assert [each.why for each in barred] == ["its story could not be read: KeyError"]


def impossible(number: int) -> Attempted:
    """An attempt at a delivery that nobody ever asked for: no story goes on from there."""
    return Attempted(
        originator_id=named(number),
        originator_version=5,
        at=START,
        connection=CONNECTION,
        correlation_id="s",
        causation_id="s",
        actor="system",
        flow=FLOW,
        delivery=named(0),
        part="nobody",
        attempt=1,
    )


# -- deaths ----------------------------------------------------------------------------------------


class Dying(ThreadPool):
    """A process that dies at one of its writes: that one is made, or not, and none after it."""

    def __init__(self, at: int, *, made: bool) -> None:
        super().__init__()
        self.left, self.made = at, made

    async def write(self, call: Callable[[], T]) -> T:
        if getattr(call, "__name__", "") == "close":
            return await super().write(call)
        self.left -= 1
        if self.left < 0 or (self.left == 0 and not self.made):
            raise StoreUnavailable("the process is gone")
        answer = await super().write(call)
        if self.left == 0:
            raise StoreUnavailable("the process is gone")
        return answer


@pytest.mark.requirement("DC-12")
@pytest.mark.parametrize("made", [False, True], ids=["before it is stored", "after it is stored"])
async def test_a_batch_that_dies_at_any_write_goes_on_and_retries_each_record_once(
    store_url: str, *, made: bool
) -> None:
    async with hub_on(store_url) as hub:
        await fill(hub.ledger, 30)
        id_ = await frozen(hub)
    deaths = 0
    for _ in range(30):
        dying = Dying(1000, made=made)
        try:
            async with hub_on(store_url, dying) as hub:
                dying.left = 1 if made else 2  # one page at the most in each life
                await batches.run(hub, id_, actor="cli:anna", page=4)
        except StoreUnavailable:
            deaths += 1
    async with hub_on(store_url) as hub:
        done = await batches.run(hub, id_, actor="cli:anna", page=4)

        assert deaths >= 8
        assert (done.state, done.total, done.done, done.fine, done.remaining) == ("ended", 30, 30, 0, 0)
        assert await retried_once(hub, 30) == []


@pytest.mark.requirement("DC-12")
@pytest.mark.timeout(240)
async def test_thousands_are_retried_once_each_by_two_lives(tmp_path: Path) -> None:
    count, store_url = 4_000, f"sqlite:///{tmp_path / 'ledger.db'}"
    async with hub_on(store_url) as hub:
        await fill(hub.ledger, count)
        id_ = await frozen(hub)
        stream = len((await hub.ledger.load([named(0)]))[named(0)])
    dying = Dying(1000, made=True)
    async with hub_on(store_url, dying) as hub:
        dying.left = 5  # half of the eight pages
        with pytest.raises(StoreUnavailable):
            await batches.run(hub, id_, actor="cli:anna")
    async with hub_on(store_url) as hub:
        await hub.projector.catch_up()
        half = await batches.view(hub, id_)
        assert half.state == "running"
        assert 0 < half.done < count
        done = await batches.run(hub, id_, actor="cli:anna")

        assert (done.done, done.fine, done.barred, done.remaining) == (count, 0, 0, 0)
        assert await retried_once(hub, count) == []
        assert len((await hub.ledger.load([named(0)]))[named(0)]) == stream + 1
        own = await hub.ledger.rows("SELECT version FROM batch WHERE batch = ?", (id_,))
        assert own[0][0] <= 20  # events of the batch itself


@pytest.mark.requirement("DC-12")
async def test_a_record_that_another_process_changes_meanwhile_is_decided_upon_afresh(store_url: str) -> None:
    async with hub_on(store_url) as hub, hub_on(store_url) as other:
        await fill(hub.ledger, 8)
        id_ = await frozen(hub)
        rival = Records(other.ledger, CONNECTION)
        for number in range(8):
            record = (await rival.load([named(number)]))[named(number)]
            observed(f"changed {number}", number=f"PO-{number}")(record, moment())
            await other.ledger.append(record.collect_events())
        done = await batches.run(hub, id_, actor="cli:anna")

        assert (done.done, done.fine) == (0, 8)


async def test_two_cannot_work_on_one_batch_at_once(store_url: str) -> None:
    async with hub_on(store_url) as hub:
        await fill(hub.ledger, 3)
        id_ = await frozen(hub)
        async with hub.ledger.exclusive(f"batch {id_}"):
            with pytest.raises(Halted, match="Another process") as caught:
                await batches.run(hub, id_, actor="cli:anna")

    assert caught.value.status == ExitStatus.TRY_LATER


# -- choosing --------------------------------------------------------------------------------------


@pytest.mark.requirement("BX-21")
async def test_a_preview_shows_the_causes_and_writes_nothing(store_url: str) -> None:
    async with hub_on(store_url) as hub:
        await fill(hub.ledger, 23)
        position = await hub.ledger.last_position()
        shown = await preview(hub, "retry", await choose(hub, "retry", EVERYTHING))

        assert (shown.total, [each.records for each in shown.causes]) == (23, [5, 5, 5, 4, 4])
        assert await hub.ledger.last_position() == position


@pytest.mark.parametrize(
    ("where", "total"),
    [
        ({"cause": LOCKED}, 4),
        ({"flow": FLOW}, 20),
        ({"project": "J1"}, 20),
        ({"project": "J2"}, 0),
        ({"state": "dead"}, 20),
        ({"state": "failed"}, 0),
        ({"connection": CONNECTION, "cause": LOCKED}, 4),
        ({"connection": "other", "cause": LOCKED}, 0),
        ({"since": START}, 20),
        ({"until": START}, 0),
    ],
)
async def test_records_are_chosen_by_what_the_filter_says(store_url: str, where: dict[str, str], total: int) -> None:
    async with hub_on(store_url) as hub:
        await fill(hub.ledger, 20)

        assert len(await choose(hub, "retry", Choice(where=FailureFilter(**where)))) == total  # type: ignore[arg-type]


async def test_records_are_named_by_uuid_number_or_foreign_id(store_url: str) -> None:
    async with hub_on(store_url) as hub:
        await fill(hub.ledger, 5)
        found = await choose(hub, "retry", Choice(ids=(str(named(1)), "PO-2", "PO-1")))

        assert sorted(member.record for member in found) == sorted(str(named(number)) for number in (1, 2))


async def test_an_unknown_id_is_wrong_use(store_url: str) -> None:
    async with hub_on(store_url) as hub:
        await fill(hub.ledger, 2)
        with pytest.raises(Halted, match="PO-99") as caught:
            await choose(hub, "retry", Choice(ids=("PO-1", "PO-99")))

    assert caught.value.status == ExitStatus.WRONG_USE


async def test_nothing_named_is_wrong_use_and_not_everything(store_url: str) -> None:
    async with hub_on(store_url) as hub:
        for choice in (Choice(), Choice(where=FailureFilter(connection=CONNECTION))):
            with pytest.raises(Halted, match="Say what to retry"):
                await choose(hub, "retry", choice)


async def test_a_batch_needs_a_reason_and_one_connection(store_url: str) -> None:
    async with hub_on(store_url) as hub:
        await fill(hub.ledger, 2)
        await fill(hub.ledger, 2, "other")
        found = await choose(hub, "retry", EVERYTHING)
        with pytest.raises(Halted, match="reason"):
            await batches.freeze(hub, "retry", found[:1], EVERYTHING, reason=" ", actor="cli:anna")
        with pytest.raises(Halted, match="one connection"):
            await batches.freeze(hub, "retry", found, EVERYTHING, reason="mended", actor="cli:anna")


async def test_more_than_anybody_looks_at_is_refused(store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.operations.choosing.MOST_MEMBERS", 4)
    async with hub_on(store_url) as hub:
        await fill(hub.ledger, 5)
        with pytest.raises(Halted, match="more than 4"):
            await choose(hub, "retry", EVERYTHING)


@pytest.mark.parametrize("id_", ["nobody", "00000000-0000-0000-0000-000000000000"])
async def test_an_unknown_batch_is_wrong_use(store_url: str, id_: str) -> None:
    async with hub_on(store_url) as hub:
        for ask in (batches.run, batches.cancel):
            with pytest.raises(Halted, match="no batch"):
                await ask(hub, id_, actor="cli:anna")
        with pytest.raises(Halted, match="no batch"):
            await batches.view(hub, id_)


# -- looking ---------------------------------------------------------------------------------------


@pytest.mark.requirement("BX-21")
async def test_twenty_failures_of_five_causes_are_five_groups_with_all_there_is_to_know(store_url: str) -> None:
    async with hub_on(store_url) as hub:
        await fill(hub.ledger, 20)
        await hub.projector.catch_up()
        found = await groups(hub, FailureFilter())
        narrow = await groups(hub, FailureFilter(flow=FLOW))

        assert [(group.records, group.jobs, group.flows) for group in found] == [(4, 1, {FLOW: 4})] * CAUSES
        by_cause = {group.cause: group for group in found}
        locked = by_cause[LOCKED]
        assert (locked.helps, locked.acts, locked.state) == ("after_mend", "Procore admin", "dead")
        assert locked.text == f"The budget {locked.number.removeprefix('PO-')} is locked"
        assert {group.cause for group in narrow} == set(by_cause)
        assert [group.records for group in narrow] == [4] * CAUSES


@pytest.mark.requirement("BX-21")
async def test_failures_are_read_page_by_page(store_url: str) -> None:
    async with hub_on(store_url) as hub:
        await fill(hub.ledger, 10)
        await hub.projector.catch_up()
        seen: list[str] = []
        cursor, pages = "", 0
        while True:
            page = await members(hub, FailureFilter(), cursor, limit=3)
            seen += [failure.record for failure in page.items]
            pages += 1
            if page.next_cursor is None:
                break
            cursor = page.next_cursor

        assert (pages, seen) == (4, sorted(str(named(number)) for number in range(10)))


async def test_batches_are_listed_the_newest_first(store_url: str) -> None:
    async with hub_on(store_url) as hub:
        await fill(hub.ledger, 6)
        made = {await frozen(hub) for _ in range(3)}
        first = await batches.batches(hub, limit=2)
        assert first.next_cursor is not None
        second = await batches.batches(hub, CONNECTION, first.next_cursor, limit=2)

        assert {view.batch for view in (*first.items, *second.items)} == made
        assert second.next_cursor is None


@pytest.mark.parametrize("limit", [0, 1001])
async def test_a_page_is_bounded(store_url: str, limit: int) -> None:
    async with hub_on(store_url) as hub:
        for ask in (
            lambda: members(hub, FailureFilter(), limit=limit),
            lambda: dead_letters(hub, limit=limit),
            lambda: batches.batches(hub, limit=limit),
        ):
            with pytest.raises(Halted, match="limit"):
                await ask()


@pytest.mark.requirement("DC-09")
async def test_what_could_not_be_read_is_listed_with_its_raw_body(store_url: str) -> None:
    async with hub_on(store_url) as hub:
        body = b'{"id": 7'
        letters = [
            DeadLettered(
                originator_id=named(number),
                originator_version=1,
                at=START,
                connection=CONNECTION,
                correlation_id="s",
                causation_id="s",
                actor="system",
                side=BUSINESS_CENTRAL,
                entity_set="purchaseOrders",
                source_id="",
                reason="it ends too early",
                content=sha256_of(body),
            )
            for number in range(3)
        ]
        await hub.ledger.append(letters, {sha256_of(body): body})
        await hub.projector.catch_up()
        first = await dead_letters(hub, CONNECTION, limit=2)
        assert first.next_cursor is not None
        second = await dead_letters(hub, CONNECTION, first.next_cursor, limit=2)

        assert [letter.letter for letter in (*first.items, *second.items)] == [str(named(n)) for n in (2, 1, 0)]
        assert first.items[0].reason == "it ends too early"
        assert await dead_letter_body(hub, first.items[0].letter) == body
        with pytest.raises(Halted, match="no dead letter"):
            await dead_letter_body(hub, "nobody")


# -- how members are chosen ------------------------------------------------------------------------


async def test_rows_are_picked_one_by_one_searched_and_held_to_a_position(store_url: str) -> None:
    async with hub_on(store_url) as hub:
        await fill(hub.ledger, 12)
        upto = await hub.projector.catch_up()
        await hub.ledger.append(refusals([12]))
        picks = (f"{named(2)}/{FLOW}", f"{named(3)}/vendor-to-company")
        picked = await choose(hub, "retry", Choice(picks=picks))
        searched = await choose(hub, "retry", Choice(where=FailureFilter(q="po-1", state="dead,failed")))
        held = await choose(hub, "retry", Choice(where=FailureFilter(flow=FLOW, upto=upto)))

        assert [member.record for member in picked] == [str(named(2))]
        assert {member.record for member in searched} == {str(named(number)) for number in (1, 10, 11, 12)}
        assert {member.record for member in held} == {str(named(number)) for number in range(12)}
        assert not Choice(picks=picks).is_empty
        assert Choice(where=FailureFilter(upto=upto)).is_empty


async def test_what_failed_again_of_a_batch_is_found_and_days_are_counted(store_url: str) -> None:
    async with hub_on(store_url) as hub:
        await fill(hub.ledger, 10)
        id_ = await frozen(hub, Choice(where=FailureFilter(cause=LOCKED)))
        await batches.run(hub, id_, actor="cli:anna")
        record = (await Records(hub.ledger, CONNECTION).load([named(7)]))[named(7)]
        story = Story(record).when(requested("again"), claimed(), refused(message="The budget 7 is locked"))
        await hub.ledger.append(story.events)
        again = await choose(hub, "replay", Choice(batch=id_))
        days = await per_day(hub.ledger, [CONNECTION], [LOCKED, "NOTHING"], START.date())

        assert [member.record for member in again] == [str(named(7))]
        assert days == {(CONNECTION, LOCKED): [0] * (DAYS - 1) + [1]}
