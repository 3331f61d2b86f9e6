"""Killed at any request, started again: both systems end as if it had lived, and nothing stands there twice."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from anyio import BrokenResourceError

from adapters.store import StoreUnavailable
from hub.report import ExitStatus
from tests.journeys.death import PHASES, Fate, Killed, Phase
from tests.journeys.harness import World, sqlite, world
from tests.journeys.quick import run

pytestmark = [pytest.mark.journey, pytest.mark.requirement("DC-12", "BX-02")]


async def died(it: World, fate: Fate) -> bool:
    """Runs a round that is to die; whether it did."""
    try:
        await it.sync(networks=fate.networks(), threads=fate.threads())
    except (Killed, StoreUnavailable):
        return True
    except BaseExceptionGroup as group:
        # Whoever was about to hand work to what died finds nobody there.
        if group.split((Killed, StoreUnavailable, BrokenResourceError))[1] is not None:
            raise
        assert fate.dead
        return True
    return False


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[tuple[dict[str, Any], dict[str, Any]], list[bool]]:
    """How both companies end when nobody dies, and of each request on the way whether it writes."""

    async def whole() -> tuple[tuple[dict[str, Any], dict[str, Any]], list[bool]]:
        async with world(sqlite(tmp_path_factory.mktemp("undisturbed"))) as it:
            it.typical()
            fate = Fate()
            assert not await died(it, fate)
            return it.exports(), [request.method != "GET" for _, request in fate.made]

    return run(whole)


def ends_alike(folder: Path, number: int, phase: Phase, wanted: tuple[dict[str, Any], dict[str, Any]]) -> None:
    """Dies at one request, starts again, compares."""
    folder.mkdir()

    async def whole() -> None:
        async with world(sqlite(folder)) as it:
            it.typical()
            assert await died(it, Fate(number, phase))
            report = await it.settle()
            where = f"killed at request {number}, {phase}"

            assert report.status == ExitStatus.DONE, (where, report.document["problems"])
            assert it.exports() == wanted, where
            assert len(it.contracts()) == 1, where
            assert len(it.lines()) == 2, where

    run(whole)


Undisturbed = tuple[tuple[dict[str, Any], dict[str, Any]], list[bool]]
Point = Callable[[int], None]


@pytest.mark.parametrize("phase", PHASES)
def test_a_hub_killed_at_any_write_ends_as_if_it_had_lived(
    tmp_path: Path, undisturbed: Undisturbed, phase: Phase
) -> None:
    wanted, made = undisturbed
    points = [number for number, writes in enumerate(made, 1) if writes]
    assert len(points) >= 20

    # The phases share the writes among them; the simulation kills everywhere, and far more often.
    for number in points[PHASES.index(phase) :: len(PHASES)]:
        ends_alike(tmp_path / str(number), number, phase, wanted)


def test_a_hub_killed_at_any_read_ends_as_if_it_had_lived(tmp_path: Path, undisturbed: Undisturbed) -> None:
    wanted, made = undisturbed
    for number in [number for number, writes in enumerate(made, 1) if not writes][::4]:
        ends_alike(tmp_path / str(number), number, "after the answer", wanted)


@pytest.mark.parametrize("life", range(3, 30, 9))
def test_a_hub_killed_again_and_again_still_arrives(tmp_path: Path, undisturbed: Undisturbed, life: int) -> None:
    wanted, _ = undisturbed

    async def whole() -> None:
        async with world(sqlite(tmp_path)) as it:
            it.typical()
            deaths = 0
            for attempt in range(12):
                # Every life is a few requests longer than it takes to look around, and each ends in another phase.
                deaths += await died(it, Fate(life + 2 * attempt, PHASES[attempt % 3]))
            report = await it.settle()

            assert deaths >= 3
            assert report.status == ExitStatus.DONE
            assert it.exports() == wanted

    run(whole)
