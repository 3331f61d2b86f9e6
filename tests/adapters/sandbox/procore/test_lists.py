"""Lists come in pages, filters narrow them, limits are told of on every answer."""

import pytest

from adapters.sandbox.procore import Procore
from tests.adapters.sandbox.procore.harness import Api, Clock

VENDORS = "/rest/v1.0/vendors"


async def test_pages_are_walked_by_the_next_link(api: Api, procore: Procore) -> None:
    for number in range(5):
        procore.add_vendor(f"Vendor {number}")
    query = {"company_id": procore.state.company_id, "per_page": 2}
    pages = [await api.call("GET", VENDORS, query | {"page": page}) for page in (1, 2, 3)]
    rels = [[part.split("rel=")[1] for part in page.headers.get("Link", "").split(", ") if part] for page in pages]

    assert [len(page.body) for page in pages] == [2, 2, 1]
    assert rels == [['"next"', '"last"'], ['"first"', '"next"', '"last"'], ['"first"', '"prev"']]
    assert (pages[0].headers["Total"], pages[0].headers["Per-Page"]) == ("5", "2")
    assert "filters" not in pages[0].headers["Link"]


async def test_projects_come_three_hundred_at_most(api: Api, procore: Procore) -> None:
    procore.add_project("Bridge")
    reply = await api.call("GET", "/rest/v1.1/projects", {"company_id": procore.state.company_id, "per_page": 2000})

    assert reply.headers["Per-Page"] == "300"


async def test_a_window_holds_what_changed_inside_it(api: Api, procore: Procore, clock: Clock) -> None:
    procore.add_vendor("Early")
    clock.passes(hours=1)
    procore.add_vendor("Late")
    window = "2026-03-02T08:30:00Z...2026-03-02T09:30:00Z"
    found = await api.get(VENDORS, company_id=procore.state.company_id, **{"filters[updated_at]": window})

    assert [vendor["name"] for vendor in found] == ["Late"]


@pytest.mark.parametrize("name", ["filters[id][]"])
async def test_several_values_of_a_filter_are_joined_by_or(api: Api, procore: Procore, name: str) -> None:
    ids = [procore.add_vendor(each)["id"] for each in "ABC"]
    query = [("company_id", str(procore.state.company_id)), (name, str(ids[0])), (name, str(ids[2]))]
    reply = await api.call("GET", VENDORS, query)

    assert [vendor["name"] for vendor in reply.body] == ["A", "C"]


async def test_ids_need_more_than_32_bits(procore: Procore) -> None:
    assert procore.add_vendor("A")["id"] > 2**31


async def test_every_answer_tells_of_the_window_nearer_to_its_end(api: Api, procore: Procore, clock: Clock) -> None:
    procore.settings.hourly_limit, procore.settings.spike_limit = 600, 25
    reply = await api.call("GET", "/rest/v1.0/me")

    assert reply.headers["X-Rate-Limit-Limit"] == "25"
    assert reply.headers["X-Rate-Limit-Remaining"] == "24"
    assert int(reply.headers["X-Rate-Limit-Reset"]) == int(clock.now.timestamp()) + 10


@pytest.mark.parametrize(("hourly", "spike", "wait"), [(100, 2, 10), (2, 100, 3600)])
async def test_over_a_limit_nothing_passes_until_the_reset(
    api: Api, procore: Procore, clock: Clock, hourly: int, spike: int, wait: int
) -> None:
    procore.settings.hourly_limit, procore.settings.spike_limit = hourly, spike
    statuses = [(await api.call("GET", "/rest/v1.0/me")).status for _ in range(3)]
    clock.passes(seconds=wait - 1)
    early = await api.call("GET", "/rest/v1.0/me")
    clock.passes(seconds=1)
    later = await api.call("GET", "/rest/v1.0/me")

    assert statuses == [200, 200, 429]
    assert early.status == 429
    assert early.body["errors"].startswith("You have surpassed the max number of requests for an hour.")
    assert "Retry-After" not in early.headers
    assert later.status == 200


async def test_the_wait_is_named_where_the_platform_does_so(api: Api, procore: Procore) -> None:
    procore.settings.spike_limit, procore.settings.send_retry_after = 0, True
    reply = await api.call("GET", "/rest/v1.0/me")

    assert (reply.status, reply.headers["Retry-After"]) == (429, "10")
