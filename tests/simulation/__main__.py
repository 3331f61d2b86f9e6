"""`scripts/simulate`: the whole hub in virtual time, under every fault.

scripts/simulate --minutes 20            new seeds until the time is over
scripts/simulate --seeds 1 200           these seeds
scripts/simulate --seed 17 --trace       one seed again, told line by line
scripts/simulate --bugs                  plants known bugs and counts the seeds that find each
"""

import argparse
import itertools
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import closing

from tests.simulation.bugs import BUGS
from tests.simulation.campaign import Verdict, run, scenario_of, shortened, verdicts
from tests.simulation.scenario import SIZES
from tests.simulation.stage import Result

MOST_SEEDS = 2000
"""A bug that this many seeds do not find counts as not found."""
TRACE_LINES = 60


def main() -> int:
    """Do what the arguments say; 1 when a seed failed or a bug was not found."""
    parser = argparse.ArgumentParser(prog="scripts/simulate", description=__doc__, formatter_class=_Form)
    parser.add_argument("--seed", type=int, help="play this seed alone")
    parser.add_argument("--seeds", type=int, nargs=2, metavar=("FIRST", "LAST"), help="play these seeds")
    parser.add_argument("--minutes", type=float, help="play new seeds for so long")
    parser.add_argument(
        "--bugs", nargs="*", metavar="WORDS", help="plant the bugs, or those whose names hold the words"
    )
    parser.add_argument("--bug", default="", choices=["", *BUGS], metavar="NAME", help="plant this one")
    parser.add_argument("--size", default="usual", choices=list(SIZES), help="how much happens (default: usual)")
    parser.add_argument("--trace", action="store_true", help="with --seed: tell everything that happens")
    parser.add_argument("--first", type=int, default=1, help="with --minutes: the first seed")
    asked = parser.parse_args()
    if asked.bugs is not None:
        return _find_bugs(asked.bugs)
    if asked.seed is not None:
        return _one(asked.seed, asked.size, asked.bug, trace=asked.trace)
    if asked.seeds:
        return _many(range(asked.seeds[0], asked.seeds[1] + 1), asked.size, asked.bug, lambda: True)
    end = time.monotonic() + 60 * (asked.minutes or 1)
    return _many(itertools.count(asked.first), asked.size, asked.bug, lambda: time.monotonic() < end)


class _Form(argparse.RawDescriptionHelpFormatter):
    """Keeps the lines of the description."""


def _one(seed: int, size: str, bug: str, *, trace: bool) -> int:
    result = run(scenario_of(seed, size, bug))
    if trace:
        _say(result.trace)
    if result.findings:
        _tell_failure(seed, size, bug)
        return 1
    _say([f"seed {seed}: {_sum_up(result)}; trace {result.digest}"])
    return 0


def _many(seeds: Iterable[int], size: str, bug: str, going_on: Callable[[], bool]) -> int:
    began = time.monotonic()
    count = requests = lives = 0
    simulated = 0.0
    failed: list[Verdict] = []
    with closing(verdicts(seeds, size, bug, going_on=lambda: not failed and going_on())) as all_verdicts:
        for verdict in all_verdicts:
            count += 1
            simulated += verdict.simulated
            requests += verdict.requests
            lives += verdict.lives
            if verdict.findings:
                failed.append(verdict)
    seconds = time.monotonic() - began
    told = f"{count} seeds in {seconds:.0f} s: {simulated / 3600:.0f} simulated hours ({simulated / 60 / seconds:.0f} a"
    _say([f"{told} minute), {requests} requests, {lives} lives of the hub; {len(failed)} failed"])
    for verdict in failed[:1]:
        _say([f"seed {verdict.seed}: {verdict.findings[0].invariant}: {verdict.findings[0].words}", "shortening …"])
        _tell_failure(verdict.seed, size, bug)
    return 1 if failed else 0


def _tell_failure(seed: int, size: str, bug: str) -> None:
    """The findings, the few steps that they take, and how it came to them."""
    scenario = scenario_of(seed, size, bug)
    whole = run(scenario)
    if not whole.findings:
        _say([f"seed {seed} failed once and does not fail again: the simulation is not deterministic"])
        return
    short, result = shortened(scenario, whole.findings[0].invariant)
    planted = f' --bug "{bug}"' if bug else ""
    _say(
        [
            f"seed {seed} breaks: {whole.findings[0].invariant}",
            *(f"  {finding.words}" for finding in result.findings[:5]),
            f"{len(short.steps)} of {len(scenario.steps)} steps suffice:",
            *(f"  {step}" for step in short.steps),
            "how it came to that:",
            *(f"  {line}" for line in result.trace[-TRACE_LINES:]),
            f"again: scripts/simulate --seed {seed} --size {size}{planted} --trace",
        ]
    )


def _find_bugs(words: Iterable[str]) -> int:
    missed = 0
    for name in [name for name in BUGS if all(word in name for word in words)]:
        count, found = 0, ""
        began = time.monotonic()
        with closing(verdicts(range(1, MOST_SEEDS + 1), "small", name, going_on=lambda: not found)) as all_verdicts:  # noqa: B023 - used in this turn
            for verdict in all_verdicts:
                count += 1
                if verdict.findings:
                    found = f"seed {verdict.seed}: {verdict.findings[0].invariant}"
                    break
        missed += not found
        _say([f"{name:58} {count:5} seeds {time.monotonic() - began:6.0f} s   {found or 'NOT FOUND'}"])
    return 1 if missed else 0


def _sum_up(result: Result) -> str:
    return (
        f"{result.simulated / 3600:.1f} simulated hours, {result.requests} requests, {result.lives} lives of the hub,"
        f" nothing found"
    )


def _say(lines: Iterable[str]) -> None:
    for line in lines:
        sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
