"""The list of records and the page of one: found, narrowed, read to the end, and as of any moment."""

from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from hub.access import Role
from tests.hub.web.harness import Filled, Web, served, settings
from tests.hub.web.pages.browser import sound, visit

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def order(it: Web, number: str = "PO2") -> str:
    """The record of an order."""
    return (await it.ask(f"/api/v1/find?q={number}"))["items"][0]["record"]


async def test_the_list_is_narrowed_by_its_address_and_its_form(
    ledger: Filled, tmp_path: Path, browser: Browser
) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it, visit(it, browser) as who:
        page = await who.go("/records?state=parked")
        states = await page.locator(".list tbody .state").all_text_contents()
        await page.select_option("[name=state]", "excluded")
        await page.wait_for_url("**/records?state=excluded")
        narrowed = await page.locator(".list tbody .state").all_text_contents()
        await page.fill("#q", "SITE")
        await page.wait_for_url("**/records?state=excluded&q=SITE")
        await expect(page.locator(".list tbody tr")).to_have_count(2)
        await page.go_back()
        await page.wait_for_url("**/records?state=excluded")
        await expect(page.locator(".list tbody .state")).to_have_count(len(narrowed))

    assert states
    assert all("parked" in state for state in states)
    assert narrowed
    assert all("excluded" in state for state in narrowed)


async def test_without_a_script_a_list_is_read_and_narrowed(ledger: Filled, tmp_path: Path, browser: Browser) -> None:
    at = settings(ledger.copy(tmp_path), ledger.tables)
    async with served(at) as it, visit(it, browser, java_script_enabled=False) as who:
        page = await who.go("/records")
        await page.select_option("[name=state]", "parked")
        await page.click("form.filters button")
        rows = await page.locator(".list tbody tr").count()
        await page.click(".list tbody a >> nth=0")
        title = await who.text("h1")

    assert rows >= 2
    assert title


@pytest.mark.requirement("BX-05")
async def test_a_record_tells_its_story_and_how_it_was(ledger: Filled, tmp_path: Path, browser: Browser) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it, visit(it, browser) as who:
        record = await order(it)
        page = await who.go(f"/records/{record}")
        standing, story = await who.text("#standing"), await who.text("#story")
        await page.click("#story li:first-child a")
        then = await who.text("#standing")
        banner = await who.text(".banner")

    assert "parked" in standing
    assert "waiting for vendor V2" in standing
    assert "business_central shows commitment PO2" in story
    assert "pending" in then
    assert "how it was then" in banner


@pytest.mark.parametrize("path", ["/records", "/records?state=dead", "/records/ID", "/records/ID?tab=documents"])
async def test_everybody_can_use_it(ledger: Filled, tmp_path: Path, browser: Browser, path: str) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it, visit(it, browser) as who:
        await sound(who, path.replace("ID", await order(it)))


@pytest.mark.requirement("ER-01")
async def test_a_connection_that_one_may_not_see_is_not_there(ledger: Filled, tmp_path: Path, browser: Browser) -> None:
    at = settings(ledger.copy(tmp_path), ledger.tables)
    async with served(at) as it, visit(it, browser, Role.READ, rights=(), at="main", expected=["404"]) as who:
        record = await order(it, "PO9")
        page = await who.go("/records?q=PO9")
        nothing = await who.text()
        answer = await page.goto(f"{it.url}/records/{record}")

    assert "No record fits" in nothing
    assert answer is not None
    assert answer.status == 404


async def test_a_block_holds_no_more_rows_than_the_list_gave_out(ledger: Filled, tmp_path: Path) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        for rows in ("", "0", "-1", "1001", "0000000001", "100000000000", "٣", "1e2"):
            async with it.request("/records/block", params={"rows": rows}) as refused:
                assert refused.status == 422, rows
        async with it.request("/records/block", params={"rows": "1"}) as answer:
            assert (answer.status, (await answer.text()).count('role="row"')) == (200, 1)
