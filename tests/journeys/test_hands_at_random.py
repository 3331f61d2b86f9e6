"""People link, unlink, reset, delete and release in any order: nothing is ever made beside what stands there."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random

import pytest

from hub.report import Halted
from tests.journeys.hands import COMMITMENTS, linked, pairs, removed, reset_by_hand, staged, theirs, unlinked
from tests.journeys.harness import World, line, sqlite, world
from tests.journeys.quick import run

pytestmark = [pytest.mark.journey, pytest.mark.requirement("BX-12", "ER-44", "ER-62", "ER-63")]

STEPS = 14
ORDERS = ("PO1", "PO2")


class Hands:
    """People who act on two orders and on whatever commitments stand in Procore."""

    def __init__(self, it: World, rng: Random, project: int) -> None:
        self.it = it
        self.rng = rng
        self.project = project
        self.done: list[str] = []
        self.left: dict[str, set[int]] = {}

    async def act(self) -> None:
        """One person does one thing; by hand nothing is ever written to either system."""
        name = self.rng.choice(sorted(_ACTS))
        self.done.append(name)
        places = self.it.places()
        await _ACTS[name](self)
        if name in _BY_HAND:
            assert self.it.written(places) == 0, self.done

    def alive(self) -> list[int]:
        """Commitments that stand in Procore."""
        return [row["id"] for row in self.it.contracts(deleted_at=None)]

    def orders(self) -> list[str]:
        """Orders that stand in Business Central."""
        return [row["number"] for row in self.it.bc.tables.rows("purchaseOrders")]


async def _link(them: Hands) -> None:
    if them.alive():
        order = them.rng.choice(ORDERS)
        if (await linked(them.it, COMMITMENTS, order, them.rng.choice(them.alive()))).done:
            them.left.pop(order, None)


async def _unlink(them: Hands) -> None:
    order = them.rng.choice(ORDERS)
    answer = await unlinked(them.it, order)
    assert not (answer.done and order in them.orders()), them.done


async def _reset(them: Hands) -> None:
    order = them.rng.choice(ORDERS)
    answer = await reset_by_hand(them.it, order)
    if answer.done:
        them.left.setdefault(order, set()).update(
            int(pair.procore_id) for pair in answer.pairs if pair.bc_set == "purchaseOrders"
        )


async def _delete_order(them: Hands) -> None:
    order = them.rng.choice(ORDERS)
    if order in them.orders() and them.rng.random() < 0.4:
        them.it.delete("purchaseOrders", number=order)


async def _delete_commitment(them: Hands) -> None:
    if them.alive() and them.rng.random() < 0.5:
        removed(them.it, them.rng.choice(them.alive()))


async def _make_commitment(them: Hands) -> None:
    if len(them.alive()) < 4:
        order = them.rng.choice((*ORDERS, "OTHER"))
        theirs(them.it, them.project, "20.00", number=f"{order}{them.rng.choice(('', '-B'))}-{len(them.done)}")


async def _edit_order(them: Hands) -> None:
    order = them.rng.choice(ORDERS)
    if order in them.orders():
        them.it.update("purchaseOrders", {"number": order}, yourReference=f"Edit {len(them.done)}")


async def _round(them: Hands) -> None:
    await them.it.sync(full=them.rng.random() < 0.5)


_BY_HAND: dict[str, Callable[[Hands], Awaitable[None]]] = {"link": _link, "unlink": _unlink, "reset": _reset}
_ACTS: dict[str, Callable[[Hands], Awaitable[None]]] = {
    **_BY_HAND,
    "delete order": _delete_order,
    "delete commitment": _delete_commitment,
    "make commitment": _make_commitment,
    "edit order": _edit_order,
    "round": _round,
    "another round": _round,
}


@pytest.mark.parametrize("seed", range(1, 9))
def test_whatever_people_do_by_hand_nothing_stands_twice_and_nothing_comes_back(tmp_path: Path, seed: int) -> None:
    async def story() -> None:
        async with world(sqlite(tmp_path)) as it:
            them = Hands(it, Random(seed), await staged(it))
            for order in ORDERS:
                it.order(order, "JOB1", [line("01-100", "SITE", "M", "2", "10.00")])
            await it.sync()
            for _ in range(STEPS):
                await them.act()
                await _nothing_stands_twice(them)
            await it.settle()
            places = it.places()
            await it.sync(full=True)

            assert it.written(places) == 0, them.done
            await _nothing_stands_twice(them)

    try:
        run(story)
    except Halted as halted:
        pytest.fail(str(halted))


async def _nothing_stands_twice(them: Hands) -> None:
    it = them.it
    ids = {row["id"]: row["number"] for row in it.bc.tables.rows("purchaseOrders")}
    for id_, number in ids.items():
        mine = [row["id"] for row in it.contracts(deleted_at=None) if row["origin_id"] and id_ in row["origin_id"]]
        named = [row["id"] for row in it.contracts(deleted_at=None) if row["number"] == number]
        assert len(mine) <= 1, (number, mine, them.done)
        assert len(named) <= 1, (number, named, them.done)
    lines = [row["origin_id"] for row in it.lines() if row["origin_id"] and not row.get("deleted_at")]
    assert len(lines) == len(set(lines)), them.done
    heads = [pair for pair in await pairs(it, flow=COMMITMENTS) if pair.bc_set == "purchaseOrders"]
    assert len({pair.procore_id for pair in heads}) == len(heads), them.done
    for pair in heads:
        assert pair.state != "deleted" or pair.bc_number not in them.orders(), them.done
    for order, former in them.left.items():
        if former & set(them.alive()):
            assert order not in {pair.bc_number for pair in heads}, (order, former, them.done)
