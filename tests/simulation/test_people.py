"""Every flow has people who give it work, and everything that can happen does."""

from tests.simulation.people import ACTIONS
from tests.simulation.scenario import FAULTS, drawn
from tests.simulation.work import names, untouched_flows


def test_every_flow_has_an_action_of_people() -> None:
    assert untouched_flows() == set()


def test_every_action_and_every_fault_is_drawn_now_and_then() -> None:
    drawn_names = {step.name for seed in range(100) for step in drawn(seed, names(), "day").steps}

    assert drawn_names >= set(ACTIONS) | set(FAULTS)
