"""The simulation bites: a mistake put into the product is found, named by the invariant it breaks, and gone after.

All of them, with the seeds that each takes: scripts/simulate --bugs
"""

import pytest

from adapters import courier
from hub import dispatch, intake
from tests.simulation.bugs import BUGS, planted
from tests.simulation.campaign import run, scenario_of, shortened

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]

SEEDS = 20
QUICKLY_FOUND = {
    "call first, store the attempt afterwards": "no write without a stored intent",
    "match the rows of an answer by their place": "ids are written back",
    "answer the own echo": "no echo",
}


def test_there_are_bugs_to_be_found() -> None:
    assert len(BUGS) >= 15
    assert set(QUICKLY_FOUND) <= set(BUGS)


@pytest.mark.parametrize("name", QUICKLY_FOUND)
def test_a_planted_bug_is_found_and_named(name: str) -> None:
    for seed in range(1, SEEDS + 1):
        findings = run(scenario_of(seed, "tiny", name)).findings
        if findings:
            assert QUICKLY_FOUND[name] in {finding.invariant for finding in findings}
            return
    pytest.fail(f"{SEEDS} seeds did not find it")


def test_a_failing_scenario_is_made_short_and_still_fails() -> None:
    invariant = "no write without a stored intent"
    scenario = scenario_of(1, "tiny", "call first, store the attempt afterwards")
    short, result = shortened(scenario, invariant)

    assert len(short.steps) < len(scenario.steps)
    assert invariant in {finding.invariant for finding in result.findings}
    assert invariant in {finding.invariant for finding in run(short).findings}


@pytest.mark.parametrize("name", BUGS)
def test_a_bug_leaves_nothing_behind(name: str) -> None:
    before = (courier._is_doubtful, dispatch._DUE, intake.Intake._feed, intake.Intake._observe)
    with planted(name):
        assert BUGS[name].patches()

    assert (courier._is_doubtful, dispatch._DUE, intake.Intake._feed, intake.Intake._observe) == before


def test_the_repeat_of_a_notice_that_is_taken_for_news_is_found() -> None:
    """A life must last until something is told twice, which takes a longer scenario than the others."""
    findings = run(scenario_of(1, "small", "take the repeat of a notice for news")).findings

    assert "every notice is stored once" in {finding.invariant for finding in findings}
