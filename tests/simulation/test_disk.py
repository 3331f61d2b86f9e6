"""The disk of a simulation: what is cut off in mid-transaction leaves a ledger that opens, without half of anything."""

from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from random import Random
from uuid import UUID

import pytest

from adapters.ports import FixedClock
from adapters.store import Registry, StoreUnavailable, open_ledger
from domain.events import EVENTS, RoundEnded
from tests.simulation.disk import CUTS, Cut, Disk, DiskThreads
from tests.simulation.loop import START, run_virtually

STREAM = UUID(int=7)
LARGE = Random(1).randbytes(200_000)
"""More than the pages that are left on a full disk, and nothing that packing would make smaller."""


def event(version: int) -> RoundEnded:
    return RoundEnded(
        originator_id=STREAM,
        originator_version=version,
        at=START,
        connection="main",
        correlation_id="",
        causation_id="",
        actor="system",
        started=START,
        observed=0,
        delivered={},
        reads={},
        writes={},
    )


def lives(disk: Disk, before: Callable[[Disk], None]) -> list[int]:
    """Two processes: the first stores three events and, after `before`, three more; what the second one finds."""

    async def story() -> list[int]:
        registry, clock = Registry(EVENTS), FixedClock(START)
        threads = DiskThreads(disk, Random(1), lambda: True)
        async with open_ledger(disk.url, events=registry, clock=clock, threads=threads) as ledger:
            await ledger.append([event(1), event(2), event(3)])
            before(disk)
            with suppress(StoreUnavailable):
                await ledger.append([event(4), event(5), event(6)], {sha256(LARGE).hexdigest(): LARGE})
        disk.full = False
        disk.unlock()
        async with open_ledger(disk.url, events=registry, clock=clock, threads=threads) as ledger:
            return [each.originator_version for each in (await ledger.load([STREAM]))[STREAM]]

    with disk.mounted():
        return run_virtually(1, story, 100_000)


@pytest.mark.parametrize("number", range(0, 60_000, 3001))
@pytest.mark.parametrize("cut", CUTS)
def test_a_cut_leaves_a_transaction_whole_or_not_at_all(tmp_path: Path, cut: Cut, number: int) -> None:
    def doom(disk: Disk) -> None:
        disk.doom = (cut, number, 0)

    disk = Disk(tmp_path)
    found = lives(disk, doom)

    assert disk.lives == 2
    assert found == ([1, 2, 3, 4, 5, 6] if cut == "after the commit" else [1, 2, 3])


def test_a_full_disk_refuses_and_loses_nothing(tmp_path: Path) -> None:
    def fill(disk: Disk) -> None:
        disk.full = True

    assert lives(Disk(tmp_path), fill) == [1, 2, 3]


def test_what_fits_goes_in(tmp_path: Path) -> None:
    assert lives(Disk(tmp_path), lambda _disk: None) == [1, 2, 3, 4, 5, 6]


def test_a_lock_of_another_program_refuses_and_loses_nothing(tmp_path: Path) -> None:
    assert lives(Disk(tmp_path), Disk.lock) == [1, 2, 3]
