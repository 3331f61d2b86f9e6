"""Batches as of a position are what they were when that position was the present."""

from dataclasses import dataclass
from uuid import UUID

import pytest

from domain.errors import Unknown, WrongInput
from hub.app import Hub
from hub.operations import batches
from hub.operations.batches import BatchView, Result
from hub.operations.batches_then import batches_then, results_then, view_then
from hub.operations.choosing import Choice, choose
from hub.operations.failures import FailureFilter
from hub.records import Records
from tests.hub.failing import fill, hub_on, named
from tests.ledger_story import CONNECTION, FLOW, Story, claimed, refused, requested

pytestmark = pytest.mark.requirement("BX-05", "DC-08")

LOCKED = Choice(where=FailureFilter(cause="PROCORE_LOCKED"))
EVERYTHING = Choice(where=FailureFilter(flow=FLOW))


@dataclass(frozen=True)
class Seen:
    """What the lists showed while this was the present."""

    position: int
    listed: list[BatchView]
    results: dict[str, list[Result]]


async def frozen(hub: Hub, choice: Choice, reason: str) -> str:
    return await batches.freeze(
        hub, "retry", await choose(hub, "retry", choice), choice, reason=reason, actor="user:anna"
    )


async def look(hub: Hub) -> Seen:
    await hub.projector.catch_up()
    listed = (await batches.batches(hub)).items
    results = {each.batch: (await batches.results(hub, each.batch)).items for each in listed}
    return Seen(await hub.ledger.last_position(), listed, results)


async def look_back(hub: Hub, position: int) -> Seen:
    """The same at a position that is over, in pages of one batch and of two results."""
    asof = str(position)
    listed: list[BatchView] = []
    results: dict[str, list[Result]] = {}
    cursor: str | None = ""
    while cursor is not None:
        page, at = await batches_then(hub, cursor, 1, asof, None)
        listed, cursor = [*listed, *page.items], page.next_cursor
        assert at == position
    for each in listed:
        assert await view_then(hub, each.batch, asof) == (each, position)
        found: list[Result] = []
        cursor = ""
        while cursor is not None:
            some, at = await results_then(hub, each.batch, "", cursor, 2, asof=asof)
            found, cursor = [*found, *some.items], some.next_cursor
            assert at == position
        results[each.batch] = found
    return Seen(position, listed, results)


async def refused_again(hub: Hub, number: int) -> None:
    record = (await Records(hub.ledger, CONNECTION).load([named(number)]))[named(number)]
    commands = (requested("again"), claimed(), refused(message=f"The budget {number} is locked"))
    await hub.ledger.append(Story(record).when(*commands).events)


async def days(hub: Hub) -> list[Seen]:
    """A batch that is frozen, worked and fails again in part, and another one that is called off."""
    await fill(hub.ledger, 15)
    seen = [await look(hub)]
    first = await frozen(hub, LOCKED, "the budget is open")
    seen.append(await look(hub))
    await batches.run(hub, first, actor="user:anna", page=2)
    seen.append(await look(hub))
    await refused_again(hub, 2)
    seen.append(await look(hub))
    second = await frozen(hub, EVERYTHING, "once more")
    seen.append(await look(hub))
    await batches.cancel(hub, second, actor="user:otto")
    seen.append(await look(hub))
    return seen


async def test_every_batch_is_told_as_it_was_at_each_position(store_url: str) -> None:
    async with hub_on(store_url) as hub:
        seen = await days(hub)
        back = [await look_back(hub, then.position) for then in seen]
        [under_way] = (await batches_then(hub, "", 10, str(seen[2].position - 1), (CONNECTION,)))[0].items
        elsewhere, _ = await batches_then(hub, "", 10, str(seen[2].position), ("nowhere",))

    assert back == seen
    assert [[(it.state, it.remaining, it.failed_again) for it in then.listed] for then in seen[:4]] == [
        [],
        [("frozen", 3, 0)],
        [("ended", 0, 0)],
        [("ended", 0, 1)],
    ]
    assert {it.reason: it.state for it in seen[4].listed} == {"the budget is open": "ended", "once more": "frozen"}
    assert {it.reason: it.state for it in seen[5].listed} == {"the budget is open": "ended", "once more": "cancelled"}
    assert (under_way.state, under_way.done) == ("running", 3)
    assert elsewhere.items == []


async def test_a_batch_that_nobody_had_made_was_not_there(tmp_path: object) -> None:
    async with hub_on(f"sqlite:///{tmp_path}/ledger.db") as hub:
        await fill(hub.ledger, 5)
        before = await hub.ledger.last_position()
        batch = await frozen(hub, LOCKED, "the budget is open")
        with pytest.raises(Unknown, match=str(before)):
            await view_then(hub, batch, str(before))
        with pytest.raises(Unknown):
            await view_then(hub, str(UUID(int=5)), "")
        with pytest.raises(WrongInput):
            await batches_then(hub, "", 10, "soon", None)
