"""The system page tells whether the hub itself is well; read models are rebuilt beside those that are read."""

import sqlite3
from pathlib import Path

import anyio
import pytest
from playwright.async_api import Browser, expect

from hub.access import Role
from hub.background import rebuilding
from projections.registry import PROJECTIONS
from tests.hub.web.harness import ADMIN, Filled, served, settings
from tests.hub.web.pages.browser import sound, visit

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_whether_the_hub_is_well_is_told_first_with_what_to_do(
    ledger: Filled, tmp_path: Path, browser: Browser
) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it, visit(it, browser) as who:
        page = await who.go("/system")
        checks = await who.text("section.card")
        it.service.works.troubles["plan 1"] = "the round takes too long"
        await page.reload()
        troubled = await who.text("section.card")
        await sound(who, "/system")

    assert "Something of the hub wants attention" in checks
    assert "Set server.secret_key" in checks
    assert "Store✓ well" in checks
    assert "never verified" in checks
    assert "plan 1: the round takes too long" in troubled


async def test_a_read_model_is_rebuilt_in_the_background_and_tells_how_far_it_is(
    ledger: Filled, tmp_path: Path, browser: Browser
) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it, visit(it, browser) as who:
        with sqlite3.connect(tmp_path / "ledger.db") as store:
            before = store.execute("SELECT COUNT(*) FROM run").fetchone()[0]
            store.execute("DELETE FROM run")
        page = await who.go("/system")
        await page.click("button[aria-label='Rebuild run']")
        await expect(page.locator("tr:has(code:text-is('run'))")).to_contain_text("in line")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(it.service.works.run)
            # The page asks by itself and shows when it is done.
            await expect(page.locator("button[aria-label='Rebuild run']")).to_be_visible()
            tasks.cancel_scope.cancel()
        with sqlite3.connect(tmp_path / "ledger.db") as store:
            after = store.execute("SELECT COUNT(*) FROM run").fetchone()[0]
        rows = await page.locator("#models tbody tr").count()
        here = {"Cookie": await it.session("operator", Role.STANDARD), "Sec-Fetch-Site": "same-origin"}
        path = "/system/projections/run/rebuild"
        await it.ask(path, "POST", None, headers=here, data={}, status=403)
        async with it.request("/system", token=None, headers=here) as answer:
            offered = await answer.text()

    assert before == after > 0
    assert rows == len(PROJECTIONS)
    assert "/rebuild" not in offered
    assert it.service.works.troubles.get(rebuilding("run")) is None


async def test_the_configuration_names_secrets_by_their_reference_and_says_where_values_come_from(
    ledger: Filled, tmp_path: Path, browser: Browser
) -> None:
    at = settings(ledger.copy(tmp_path), ledger.tables).came_from(
        {"server.admin_token": "SITELEDGER__X", "store.url": "file"}
    )
    async with served(at) as it, visit(it, browser) as who:
        page = await who.go("/system/configuration")
        token = await who.text("tr:has-text('server.admin_token')")
        store = await who.text("tr:has-text('store.url')")
        whole = await page.content()
        await sound(who, "/system/configuration")

    assert token == "server.admin_tokenenv:ADMINSITELEDGER__X"
    assert store.endswith("the file")
    assert ADMIN not in whole
    assert "planted" not in whole


async def test_who_may_see_one_connection_is_shown_its_notices_alone(
    ledger: Filled, tmp_path: Path, browser: Browser
) -> None:
    async with (
        served(settings(ledger.copy(tmp_path), ledger.tables)) as it,
        visit(it, browser, Role.READ, rights=(), user="north", at="north") as who,
    ):
        page = await who.go("/system")
        place, shown = page.url, await who.text()

    assert place.endswith("/system/notices")
    assert "Nothing was heard" in shown
    assert "Configuration" not in shown


@pytest.mark.requirement("DC-06")
async def test_the_api_is_described_and_tried_with_ones_own_session(
    ledger: Filled, tmp_path: Path, browser: Browser
) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        async with visit(it, browser) as who:
            page = await who.go("/api/docs")
            await page.click("#operations-tag-access button")
            await page.click("#operations-access-me .opblock-summary-control")
            await page.click("#operations-access-me button:has-text('Try it out')")
            await page.click("#operations-access-me button:has-text('Execute')")
            answer = await page.locator("#operations-access-me .responses-table.live-responses-table").text_content()
        async with visit(it, browser, java_script_enabled=False, user="plain") as who:
            await who.go("/api/docs")
            listed = await who.text()

    assert answer is not None
    assert "user:anna@example.com" in answer
    assert "/api/v1/records/{id}/timeline" in listed
