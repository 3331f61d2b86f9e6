"""A slice of the simulation for every run of the suite: same seed, same trace, and nothing found."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.campaign import run, scenario_of

pytestmark = [
    pytest.mark.journey,
    pytest.mark.requirement("BX-01", "BX-02", "BX-03", "BX-05", "BX-09", "DC-03", "DC-07", "DC-12"),
    pytest.mark.timeout(300),
]

TWICE = 4
"""Seeds that are played twice."""
ONCE = 2
"""Seeds of a longer scenario that are played once."""
AT_ONCE = 2
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("first", range(1, TWICE + 1, AT_ONCE))
def test_each_seed_has_one_trace(first: int) -> None:
    for seed in range(first, first + AT_ONCE):
        scenario = scenario_of(seed, "tiny")
        once, again = run(scenario), run(scenario)

        assert once.findings == [], f"scripts/simulate --seed {seed} --size tiny --trace"
        assert once.trace == again.trace, f"seed {seed} has two traces"


@pytest.mark.parametrize("first", range(1001, 1001 + ONCE, AT_ONCE))
def test_no_seed_breaks_anything(first: int) -> None:
    for seed in range(first, first + AT_ONCE):
        result = run(scenario_of(seed, "small"))

        assert result.findings == [], f"scripts/simulate --seed {seed} --size small --trace"
        assert result.simulated > 2 * 3600
        assert result.requests > 100


def test_another_process_has_the_same_trace() -> None:
    command = [sys.executable, "-m", "tests.simulation", "--seed", "11", "--size", "tiny"]
    other = "1" if os.environ.get("PYTHONHASHSEED") == "2" else "2"
    told = subprocess.run(  # noqa: S603 - our own program
        command, cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": other}, check=True, capture_output=True, text=True
    ).stdout

    assert run(scenario_of(11, "tiny")).digest in told
