"""Many scenarios: over all cores, until one fails or the time is over; and a failing one made short."""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context

from tests.simulation.bugs import planted
from tests.simulation.quiet import silenced
from tests.simulation.scenario import Scenario, drawn
from tests.simulation.stage import Finding, Result, play
from tests.simulation.work import names

MOST_TRIES = 120
"""Runs that making a scenario short may take."""


@dataclass(frozen=True)
class Verdict:
    """What came of one seed, small enough to travel between processes."""

    seed: int
    findings: tuple[Finding, ...]
    digest: str
    simulated: float
    requests: int
    lives: int


def scenario_of(seed: int, size: str, bug: str = "") -> Scenario:
    """What a seed stands for."""
    return drawn(seed, names(), size, bug)


def run(scenario: Scenario) -> Result:
    """Play a scenario with its bug, if it has one."""
    with silenced(), planted(scenario.bug):
        return play(scenario)


def judge(seed: int, size: str, bug: str = "") -> Verdict:
    """Play the scenario of a seed."""
    result = run(scenario_of(seed, size, bug))
    return Verdict(seed, tuple(result.findings), result.digest, result.simulated, result.requests, result.lives)


def verdicts(
    seeds: Iterable[int], size: str, bug: str = "", *, going_on: Callable[[], bool] = lambda: True, workers: int = 0
) -> Iterator[Verdict]:
    """Verdicts as they come, a process for each core, until the seeds or the time are used up."""
    workers = workers or os.cpu_count() or 1
    rest = iter(seeds)
    # Fresh processes: a fork would share whatever the parent has open.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), max_tasks_per_child=200) as pool:
        running: set[Future[Verdict]] = {pool.submit(judge, seed, size, bug) for seed in islice(rest, workers * 2)}
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for each in done:
                yield each.result()
            if going_on():
                running |= {pool.submit(judge, seed, size, bug) for seed in islice(rest, len(done))}


def shortened(scenario: Scenario, invariant: str, *, tries: int = MOST_TRIES) -> tuple[Scenario, Result]:
    """The scenario with as few steps as still break this invariant, and what came of that.

    Halves are left out, then quarters, down to single steps: each piece that is not missed stays out.
    """
    best, result = scenario, run(scenario)
    size = max(len(best.steps) // 2, 1)
    while tries > 0 and best.steps:
        at, shorter = 0, False
        while at < len(best.steps) and tries > 0:
            candidate = best.with_steps([*best.steps[:at], *best.steps[at + size :]])
            tried = run(candidate)
            tries -= 1
            if any(finding.invariant == invariant for finding in tried.findings):
                best, result, shorter = candidate, tried, True
            else:
                at += size
        if size == 1 and not shorter:
            break
        size = max(size // 2, 1)
    return best, result
