"""Setting a connection up: walked through without a script, judged by the rules of the configuration, to its file."""

import tomllib
from pathlib import Path

import anyio
import pytest
from playwright.async_api import Browser

from hub.access import Role
from hub.settings import Settings
from hub.settings.values import Surroundings
from tests.hub.web.harness import Filled, served, settings
from tests.hub.web.pages.browser import sound, visit

pytestmark = pytest.mark.asyncio(loop_scope="session")

SECRET = "s3cr3t-typed-by-mistake"
GUID = "3f6d2c1e-8a47-4d0b-9c35-7e1f5a2b6d91"


async def test_it_is_walked_through_without_a_script_to_a_file_that_is_right(
    ledger: Filled, tmp_path: Path, browser: Browser
) -> None:
    at = settings(ledger.copy(tmp_path), ledger.tables)
    async with served(at) as it, visit(it, browser, java_script_enabled=False, expected=["422"]) as who:
        page = await who.go("/connections")
        await page.click("a:has-text('Set up another')")
        await page.fill("[name=name]", "main")
        await page.select_option("[name=kind]", "test")
        await page.fill("[name=tenant]", "contoso.onmicrosoft.com")
        await page.fill("[name=environment]", "Sandbox")
        await page.click("button:has-text('Go on')")
        twice = await who.text("#wrong-name")
        await page.fill("[name=name]", "east")
        await page.click("button:has-text('Go on')")
        await page.fill("[name=bc_client_id]", "bc-app")
        await page.fill("[name=procore_client_id]", "procore-app")
        await page.fill("[name=bc_secret]", SECRET)
        await page.click("button:has-text('Go on')")
        hidden, told = await page.content(), await who.text("#wrong-bc_secret")
        await page.fill("[name=bc_secret]", "env:EAST_BC_SECRET")
        await page.click("button:has-text('Go on')")
        await page.fill("[name=bc_company]", GUID)
        await page.fill("[name=procore_company]", "4711")
        await page.click("button:has-text('Go on')")
        await page.uncheck("[name=flows][value=time-sheet-to-crew-time-sheet]")
        await page.click("button:has-text('Back')")
        kept = await page.input_value("[name=bc_company]")
        await page.click("button:has-text('Go on')")
        off = await page.is_checked("[name=flows][value=time-sheet-to-crew-time-sheet]")
        await page.click("button:has-text('Go on')")
        await page.fill("[name=poll_every]", "5m")
        await page.click("button:has-text('Go on')")
        text = await page.locator("pre").first.text_content() or ""
        commands = await who.text()
        async with page.expect_download() as downloading:
            await page.click("button:has-text('Download east.toml')")
        downloaded = await anyio.Path(await (await downloading.value).path()).read_text()

    assert "there is a connection of this name" in twice.lower()
    assert SECRET not in hidden
    assert "must not stand in the configuration" in told
    assert (kept, off) == (GUID, False)
    made = Settings.model_validate(tomllib.loads(text), context=Surroundings(need="nothing")).connections["east"]
    assert made.poll_every.total_seconds() == 300
    assert not made.flows.time_sheet_to_crew_time_sheet.enabled
    assert downloaded == text
    assert "siteledger check --connection east" in commands
    assert "siteledger plan --connection east" in commands


async def test_everybody_can_use_it_and_only_who_administers_the_whole_hub_may(
    ledger: Filled, tmp_path: Path, browser: Browser
) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        async with visit(it, browser) as who:
            await sound(who, "/connections/new")
        cookie = {"Cookie": await it.session("nora", Role.ADMIN, at="north"), "Sec-Fetch-Site": "same-origin"}
        async with it.request("/connections/new", "POST", None, data={}, headers=cookie) as answer:
            refused = answer.status
        async with it.request("/connections", token=None, headers=cookie) as answer:
            offered = "Set up another" in await answer.text()

    assert refused == 403
    assert not offered
