"""All that people do, on both sides: importing `office` and `site` fills the list."""

from domain.flows import BY_NAME
from tests.simulation import (
    equal_budget,
    equal_changes,
    equal_invoices,
    equal_journal,
    equal_requests,
    equal_time,
    invariants,
    office,
    office_budget,
    office_changes,
    office_invoices,
    office_journal,
    office_time,
    site,
    site_budget,
    site_changes,
    site_invoices,
    site_journal,
    site_requests,
    site_time,
)
from tests.simulation.people import ACTIONS

PLACES = (
    office,
    site,
    office_journal,
    site_journal,
    office_budget,
    site_budget,
    office_changes,
    site_changes,
    office_invoices,
    site_invoices,
    office_time,
    site_time,
    site_requests,
)
EQUAL = (equal_journal, equal_budget, equal_changes, equal_invoices, equal_time, equal_requests)
"""What must be equal at rest, a file for each flow that has one."""
invariants.CHECKS = tuple(place.check for place in EQUAL)


def names() -> list[tuple[str, int]]:
    """All actions with their weights."""
    return [(name, each.weight) for name, each in ACTIONS.items()]


def untouched_flows() -> set[str]:
    """Flows that nobody's action gives work to."""
    return set(BY_NAME) - {flow for each in ACTIONS.values() for flow in each.flows}
