"""Rows that change by themselves: in place, never moved, until somebody wants them still."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from anyio.lowlevel import checkpoint
from playwright.async_api import Browser, Route, expect

from hub.web.api import live
from tests.hub.web.harness import Filled, Web, served, settings
from tests.hub.web.pages.browser import visit

pytestmark = pytest.mark.asyncio(loop_scope="session")


@asynccontextmanager
async def following(ledger: Filled, folder: Path) -> AsyncGenerator[Web]:
    """The server, and its tail at work."""
    async with served(settings(ledger.copy(folder), ledger.tables)) as it, anyio.create_task_group() as tasks:
        tasks.start_soon(it.service.tail.run)
        yield it
        it.service.tail.close()
        tasks.cancel_scope.cancel()


async def skip(it: Web, number: str) -> str:
    """Somebody skips a record elsewhere; its id."""
    record = (await it.ask(f"/api/v1/find?q={number}"))["items"][0]["record"]
    await it.ask(f"/api/v1/records/{record}/skip", "POST", status=201, json={"reason": "not for the site"})
    return record


async def test_a_row_changes_where_it_stands_and_says_when_it_no_longer_fits(
    ledger: Filled, tmp_path: Path, browser: Browser
) -> None:
    async with following(ledger, tmp_path) as it, visit(it, browser) as who:
        async with who.page.expect_response("**/live/records*"):
            page = await who.go("/records?state=parked")
        before = await page.locator(".list tbody a").all_text_contents()
        await expect(page.locator("#live")).to_be_visible()
        record = await skip(it, "PO2")
        row = page.locator(f"tr[id^='r-{record}']")
        await expect(row.locator(".state")).to_contain_text("excluded")
        after = await page.locator(".list tbody a").all_text_contents()
        gone = await row.get_attribute("class")

    assert after == before
    assert gone == "gone"


async def test_a_page_follows_however_late_its_scripts_arrive(ledger: Filled, tmp_path: Path, browser: Browser) -> None:
    async with following(ledger, tmp_path) as it, visit(it, browser) as who:
        page = who.page

        async def late(route: Route) -> None:
            await page.wait_for_function("() => window.htmx && new Promise(done => setTimeout(done, 1, true))")
            await route.continue_()

        await page.route("**/vendor/hx-sse.js", late)
        async with page.expect_response("**/live/records*") as stream:
            await who.go("/records?state=parked")
        status = (await stream.value).status

    assert status == 200


async def test_a_page_that_is_held_still_shows_nothing_new_until_it_goes_on(
    ledger: Filled, tmp_path: Path, browser: Browser
) -> None:
    async with following(ledger, tmp_path) as it, visit(it, browser) as who:
        async with who.page.expect_response("**/live/records*"):
            page = await who.go("/records?q=PO")
        await page.click("#live")
        await skip(it, "PO2")
        await skip(it, "PO9")
        await expect(page.locator("html[data-missed]")).to_have_count(1)
        held = await page.locator(".list .state").all_text_contents()
        await page.click("#live")
        await expect(page.locator(".list .state", has_text="excluded")).to_have_count(2)

    assert not any("excluded" in state for state in held)


async def test_updates_go_on_by_themselves_after_the_stream_was_cut(
    ledger: Filled, tmp_path: Path, browser: Browser
) -> None:
    async with following(ledger, tmp_path) as it, visit(it, browser, expected=["ERR_", "Failed to load"]) as who:
        async with who.page.expect_response("**/live/records*"):
            page = await who.go("/records?q=PO")
        it.service.tail.close()
        with anyio.fail_after(10):
            while it.service.tail.streams:
                await checkpoint()
        it.service.tail.closed = False
        record = await skip(it, "PO2")  # before or after the browser is back: it asks for what it missed
        await expect(page.locator(f"tr[id^='r-{record}'] .state")).to_contain_text("excluded", timeout=30_000)


async def test_a_page_that_cannot_follow_says_so_instead_of_showing_half(
    ledger: Filled, tmp_path: Path, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "FAR", 0)
    async with following(ledger, tmp_path) as it, visit(it, browser) as who:
        async with who.page.expect_response("**/live/records*"):
            page = await who.go("/records?q=PO")
        await skip(it, "PO2")
        await expect(page.locator("#behind")).to_contain_text("Show it anew")
        await page.click("#behind a")
        await expect(page.locator(".list .state", has_text="excluded")).to_have_count(1)
