"""The courier looks before it sends wherever an earlier call may have taken effect, and never sends what is there."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import anyio
import pytest

from adapters.courier import Batch, Courier
from domain.delivery import Absent, Accepted, Busy, Delivery, Endpoint, Listing, Outcome, Refused, Sight
from domain.endpoints import ENDPOINTS
from domain.values import PROCORE, Json

SYNC, CREATE, UPDATE = ENDPOINTS["cost_codes"], ENDPOINTS["projects"], ENDPOINTS["bc.projects"]

See = Callable[[Delivery], Sight]


def delivery(number: int = 1, **more: Any) -> Delivery:
    return Delivery(
        **{
            "id": UUID(int=number),
            "record": UUID(int=100 + number),
            "connection": "main",
            "flow": "f",
            "part": "p",
            "endpoint": "cost_codes",
            "scope": {},
            "key": f"key-{number}",
            "body": {"code": number},
            "attempts": 1,
            **more,
        }
    )


class Remote:
    """A system that notes what it is asked, and shows what it is told to show."""

    system = PROCORE

    def __init__(self, see: See | None = None) -> None:
        self.see = see or Absent
        self.said: list[tuple[str, list[int]]] = []
        self.sent: list[Delivery] = []
        self.side_by_side = 0
        self.most = 0
        self.hold: anyio.Event | None = None

    async def carry(self, _endpoint: Endpoint, deliveries: Sequence[Delivery]) -> list[Outcome]:
        self.said.append(("carry", [it.id.int for it in deliveries]))
        self.sent.extend(deliveries)
        self.side_by_side += 1
        self.most = max(self.most, self.side_by_side)
        if self.hold is not None:
            await self.hold.wait()
        self.side_by_side -= 1
        return [Accepted(it, f"new-{it.id.int}") for it in deliveries]

    async def look(self, _endpoint: Endpoint, deliveries: Sequence[Delivery]) -> list[Sight]:
        self.said.append(("look", [it.id.int for it in deliveries]))
        return [self.see(it) for it in deliveries]

    async def list(self, _listing: Listing) -> list[Json]:
        raise NotImplementedError


async def carried(remote: Remote, *batches: Batch, parallel: int = 5) -> list[Outcome]:
    """All outcomes of these batches."""
    to_courier, mailbox = anyio.create_memory_object_stream[Batch](10)
    from_courier, results = anyio.create_memory_object_stream[Sequence[Outcome]](10)
    outcomes: list[Outcome] = []
    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks, results:
            tasks.start_soon(Courier(remote, mailbox, from_courier, parallel).run)  # type: ignore[arg-type]
            async with to_courier:
                for batch in batches:
                    await to_courier.send(batch)
            async for some in results:
                outcomes.extend(some)
    return outcomes


async def test_a_new_delivery_is_sent_without_a_look() -> None:
    remote = Remote()
    (outcome,) = await carried(remote, Batch(SYNC, [delivery()]))

    assert remote.said == [("carry", [1])]
    assert outcome == Accepted(delivery(), "new-1")


@pytest.mark.requirement("PP-31")
@pytest.mark.parametrize("endpoint", [SYNC, CREATE, UPDATE], ids=["sync", "create", "update"])
async def test_a_delivery_whose_outcome_is_unknown_is_never_sent_when_a_look_shows_it(endpoint: Endpoint) -> None:
    remote = Remote(lambda it: Accepted(it, "there", found=True))
    (outcome,) = await carried(remote, Batch(endpoint, [delivery(unsettled=True)]))

    assert remote.said == [("look", [1])]
    assert outcome == Accepted(delivery(unsettled=True), "there", found=True)


@pytest.mark.parametrize("endpoint", [SYNC, CREATE, UPDATE], ids=["sync", "create", "update"])
async def test_what_a_look_does_not_show_is_sent(endpoint: Endpoint) -> None:
    remote = Remote()
    (outcome,) = await carried(remote, Batch(endpoint, [delivery(unsettled=True)]))

    assert remote.said == [("look", [1]), ("carry", [1])]
    assert isinstance(outcome, Accepted)


@pytest.mark.requirement("PF-19")
async def test_an_update_is_sent_with_the_etag_that_the_look_showed() -> None:
    remote = Remote(lambda it: Absent(it, "there", etag='W/"fresh"'))
    await carried(remote, Batch(UPDATE, [delivery(if_match='W/"stale"', attempts=2)]))

    assert remote.said == [("look", [1]), ("carry", [1])]
    assert [it.if_match for it in remote.sent] == ['W/"fresh"']


@pytest.mark.requirement("PF-19")
async def test_a_repeated_update_looks_even_if_the_earlier_call_surely_failed() -> None:
    remote = Remote()
    await carried(remote, Batch(UPDATE, [delivery(attempts=2)]), Batch(SYNC, [delivery(2, attempts=2)]))

    assert ("look", [1]) in remote.said
    assert ("look", [2]) not in remote.said


@pytest.mark.requirement("PP-08", "PP-31")
async def test_a_record_that_exists_in_another_spelling_is_not_created_again() -> None:
    remote = Remote(lambda it: Absent(it, "there", etag="e"))
    (outcome,) = await carried(remote, Batch(CREATE, [delivery(unsettled=True)]))

    assert remote.said == [("look", [1])]
    assert outcome == Accepted(delivery(unsettled=True), "there", "e", found=True)


async def test_a_synced_row_in_another_spelling_is_sent_again_because_that_cannot_double_it() -> None:
    remote = Remote(lambda it: Absent(it, "there"))
    await carried(remote, Batch(SYNC, [delivery(unsettled=True)]))

    assert remote.said == [("look", [1]), ("carry", [1])]


@pytest.mark.parametrize(
    "sight",
    [
        lambda it: Busy(it, "no answer", timedelta(seconds=1), unknown=True),
        lambda it: Refused(it, "you may not look", status=403),
    ],
    ids=["busy", "refused"],
)
async def test_where_a_look_fails_nothing_is_sent(sight: See) -> None:
    remote = Remote(sight)
    (outcome,) = await carried(remote, Batch(CREATE, [delivery(unsettled=True)]))

    assert remote.said == [("look", [1])]
    assert outcome == sight(delivery(unsettled=True))


@pytest.mark.requirement("BX-02")
async def test_a_repeat_that_is_refused_is_looked_for_once_more_as_the_earlier_call_may_have_come_late() -> None:
    remote = Remote()

    async def taken(_endpoint: Endpoint, deliveries: Sequence[Delivery]) -> list[Outcome]:
        remote.said.append(("carry", [it.id.int for it in deliveries]))
        remote.see = lambda it: Accepted(it, "there", found=True) if it.id.int == 1 else Absent(it)
        return [Refused(it, "has already been taken", status=422) for it in deliveries]

    remote.carry = taken  # type: ignore[method-assign]
    rows = [delivery(1, unsettled=True), delivery(2, unsettled=True), delivery(3)]
    outcomes = await carried(remote, Batch(SYNC, rows))

    assert remote.said == [("look", [1, 2]), ("carry", [3, 1, 2]), ("look", [1, 2])]
    assert {it.delivery.id.int: type(it) for it in outcomes} == {1: Accepted, 2: Refused, 3: Refused}


async def test_in_one_batch_only_the_doubtful_are_looked_for_and_each_gets_one_outcome() -> None:
    remote = Remote(lambda it: Accepted(it, "there", found=True) if it.id.int == 2 else Absent(it))
    rows = [delivery(1), delivery(2, unsettled=True), delivery(3, unsettled=True)]
    outcomes = await carried(remote, Batch(SYNC, rows))

    assert remote.said == [("look", [2, 3]), ("carry", [1, 3])]
    assert sorted(it.delivery.id.int for it in outcomes) == [1, 2, 3]


async def test_batches_travel_side_by_side_up_to_the_bound() -> None:
    remote = Remote()
    remote.hold = anyio.Event()
    batches = [Batch(SYNC, [delivery(number)]) for number in range(1, 8)]
    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_open_when(remote, 3))
            outcomes = await carried(remote, *batches, parallel=3)

    assert remote.most == 3
    assert len(outcomes) == 7


def _open_when(remote: Remote, busy: int) -> Callable[[], Any]:
    async def wait() -> None:
        while remote.side_by_side < busy:
            await anyio.lowlevel.checkpoint()
        assert remote.hold is not None
        remote.hold.set()

    return wait


async def test_the_courier_ends_when_its_mailbox_is_closed_and_carries_what_is_in_it() -> None:
    remote = Remote()

    assert len(await carried(remote, *(Batch(SYNC, [delivery(number)]) for number in range(1, 6)), parallel=1)) == 5
    assert await carried(remote) == []


async def test_a_row_that_stands_otherwise_is_named_by_its_id() -> None:
    remote = Remote(lambda it: Absent(it, "77"))
    await carried(remote, Batch(SYNC, [delivery(unsettled=True)]))

    assert [it.target_id for it in remote.sent] == ["77"]


@pytest.mark.parametrize(("there", "sent"), [('W/"1"', 1), ('W/"2"', 0)])
async def test_a_change_that_rests_on_what_was_read_is_sent_only_while_the_record_is_the_same(
    there: str, sent: int
) -> None:
    remote = Remote(lambda it: Absent(it, "900", there))
    endpoint = ENDPOINTS["bc.crewTimeSheetLines"]
    (outcome,) = await carried(remote, Batch(endpoint, [delivery(attempts=2, if_match='W/"1"', target_id="900")]))

    assert len(remote.sent) == sent
    assert isinstance(outcome, Accepted if sent else Busy)
    assert getattr(outcome, "moved", False) is not bool(sent)
