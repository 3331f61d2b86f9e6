"""Every flow has people who give it work."""

from tests.simulation.people import ACTIONS, untouched_flows


def test_every_flow_has_an_action_of_people() -> None:
    assert untouched_flows() == set()


def test_every_action_is_drawn_now_and_then() -> None:
    assert all(action.weight > 0 and action.flows for action in ACTIONS.values())
