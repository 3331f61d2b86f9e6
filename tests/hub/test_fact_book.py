"""A list of the target is read once in a round, forgotten when a delivery makes it stale, and its failure is kept."""

import pytest

from domain import endpoints
from domain.delivery import Listing
from domain.endpoints import ENDPOINTS
from domain.errors import RetryLater
from domain.values import PROCORE
from hub.fact_book import FactBook
from tests.hub.harness import Answer, Shown

VENDORS, CODES_7, CODES_8 = endpoints.vendors("4711"), endpoints.cost_codes("7"), endpoints.cost_codes("8")


def book(**lists: Answer) -> tuple[FactBook, Shown]:
    system = Shown(PROCORE, {"vendors": [{"id": 1}], "cost_codes": [{"id": 2}], **lists})
    return FactBook({PROCORE: system}), system  # type: ignore[dict-item]


def asked(system: Shown) -> list[Listing]:
    return sorted(system.asked, key=lambda listing: (listing.name, listing.scope))


async def test_a_list_is_read_once() -> None:
    facts, system = book()
    await facts.read([VENDORS, VENDORS])
    await facts.read([VENDORS])

    assert system.asked == [VENDORS]
    assert facts.rows[VENDORS] == [{"id": 1}]


async def test_lists_of_two_projects_are_two_lists() -> None:
    facts, system = book()
    await facts.read([CODES_7, CODES_8])

    assert asked(system) == [CODES_7, CODES_8]


async def test_a_delivery_makes_the_lists_stale_that_its_endpoint_names_in_its_project_only() -> None:
    facts, _ = book()
    await facts.read([VENDORS, CODES_7, CODES_8])
    facts.stale(ENDPOINTS["cost_codes"], {"project_id": "7"})

    assert set(facts.rows) == {VENDORS, CODES_8}


async def test_a_stale_list_is_read_again_when_it_is_needed() -> None:
    facts, system = book()
    await facts.read([CODES_7])
    facts.stale(ENDPOINTS["cost_codes"], {"project_id": "7"})
    await facts.read([CODES_7])

    assert system.asked == [CODES_7, CODES_7]


async def test_a_list_of_the_company_becomes_stale_by_a_delivery_of_the_company() -> None:
    facts, _ = book()
    await facts.read([VENDORS, CODES_7])
    facts.stale(ENDPOINTS["vendors"], {"company_id": "4711"})

    assert set(facts.rows) == {CODES_7}


@pytest.mark.requirement("PF-09")
async def test_a_list_that_could_not_be_read_is_no_empty_list() -> None:
    error = RetryLater("503")
    facts, system = book(vendors=error)
    await facts.read([VENDORS, CODES_7])

    assert VENDORS not in facts.rows
    assert facts.unreadable == {VENDORS: error}
    assert facts.rows[CODES_7] == [{"id": 2}]
    await facts.read([VENDORS])
    assert system.asked.count(VENDORS) == 1
