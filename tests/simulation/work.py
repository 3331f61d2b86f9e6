"""All that people do, on both sides: importing `office` and `site` fills the list."""

from domain.flows import BY_NAME
from tests.simulation import office, site
from tests.simulation.people import ACTIONS

PLACES = (office, site)


def names() -> list[tuple[str, int]]:
    """All actions with their weights."""
    return [(name, each.weight) for name, each in ACTIONS.items()]


def untouched_flows() -> set[str]:
    """Flows that nobody's action gives work to."""
    return set(BY_NAME) - {flow for each in ACTIONS.values() for flow in each.flows}
