"""Lists of pairs and of failures as of a position are what they were when that position was the present."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from domain.errors import WrongInput
from hub.app import Hub
from hub.operations.failures import Failure, FailureFilter, Group, groups, members
from hub.operations.failures_then import groups_then, members_then
from hub.operations.links import LinkFilter, Pairing, pairings
from tests.journeys.harness import World, line, world
from tests.journeys.quick import run

pytestmark = [pytest.mark.journey, pytest.mark.requirement("BX-05")]

EVER = datetime(2000, 1, 1, tzinfo=UTC)
LINKS = (LinkFilter(), LinkFilter(project="JOB1"), LinkFilter(flow="vendor-to-company"), LinkFilter(query="PO1"))
FAILURES = (
    FailureFilter(since=EVER),
    FailureFilter(since=EVER, state="parked,rejected"),
    FailureFilter(since=EVER, state="parked", project="JOB1", flow="purchase-order-to-commitment"),
)


@dataclass(frozen=True)
class Seen:
    """What the lists showed while this was the present."""

    position: int
    links: list[list[Pairing]]
    failures: list[tuple[list[Group], list[Failure]]]


async def look(hub: Hub) -> Seen:
    await hub.projector.catch_up()
    return Seen(
        await hub.ledger.last_position(),
        [list((await pairings(hub, wanted)).items) for wanted in LINKS],
        [(await groups(hub, wanted), list((await members(hub, wanted)).items)) for wanted in FAILURES],
    )


async def look_back(hub: Hub, position: int) -> Seen:
    """The same at a position that is over, pages of two at a time."""
    asof = str(position)
    links: list[list[Pairing]] = []
    for wanted in LINKS:
        found: list[Pairing] = []
        cursor: str | None = ""
        while cursor is not None:
            page = await pairings(hub, wanted, asof=asof, cursor=cursor, limit=2)
            found, cursor = [*found, *page.items], page.next_cursor
            assert page.asof == position
        links.append(found)
    failures: list[tuple[list[Group], list[Failure]]] = []
    for wanted in FAILURES:
        rows: list[Failure] = []
        cursor = ""
        while cursor is not None:
            some, at = await members_then(hub, wanted, cursor, 1, asof)
            rows, cursor = [*rows, *some.items], some.next_cursor
            assert at == position
        causes, at = await groups_then(hub, wanted, asof)
        failures.append((causes, rows))
        assert at == position
    return Seen(position, links, failures)


async def days(it: World) -> list[Seen]:
    """Orders that wait or are refused, then go on, then are gone; and what the lists showed in between."""
    seen: list[Seen] = []

    async def noted() -> None:
        await it.settle()
        async with it.hub() as hub:
            seen.append(await look(hub))

    it.typical("PO1")
    it.vendor("V9", in_procore=False)
    for number in ("WAITS", "WAITS2"):
        it.order(number, "JOB1", [line("01-100", "SITE", "M")], vendor="V9", release=True)
    it.order("WRONG", "JOB1", [line("01-100", "", "M")], older=True, release=True)
    await noted()
    it.reopen("WRONG")
    it.update("purchaseOrderLines", {"documentNumber": "WRONG"}, segmentCode="SITE", costTypeCode="")
    await noted()
    it.procore.add_vendor("North", origin_code="V9")
    it.update("purchaseOrderLines", {"documentNumber": "WRONG"}, costTypeCode="M")
    await noted()
    it.delete("purchaseOrders", number="PO1")
    await noted()
    return seen


def test_every_list_is_told_as_it_was_at_each_position(store_url: str) -> None:
    async def story() -> None:
        async with world(store_url) as it:
            seen = await days(it)
            async with it.hub() as hub:
                for then in seen:
                    assert await look_back(hub, then.position) == then
                assert await look_back(hub, 0) == Seen(0, [[]] * len(LINKS), [([], [])] * len(FAILURES))
                with pytest.raises(WrongInput, match="gone"):
                    await pairings(hub, LinkFilter(gone=True), asof="1")
        counts = [sum(group.records for group in then.failures[1][0]) for then in seen]
        assert len({len(then.links[0]) for then in seen}) > 1
        assert counts[0] > counts[2]

    run(story)
