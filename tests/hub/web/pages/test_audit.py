"""The audit page: who did what, and whether anything was altered since; what is broken names its place and the mend."""

import sqlite3
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import anyio
import pytest
from playwright.async_api import Browser

from hub.access import Role
from hub.audit.verify import verify
from hub.background import VERIFY
from tests.hub.web.harness import Filled, Web, served, settings
from tests.hub.web.pages.browser import ROOT, sound, visit

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.requirement("BX-08", "DC-06")]


@asynccontextmanager
async def web(ledger: Filled, folder: Path) -> AsyncGenerator[Web]:
    async with served(settings(ledger.copy(folder), ledger.tables, secret_key="env:ADMIN")) as it:
        yield it


@asynccontextmanager
async def working(it: Web) -> AsyncGenerator[None]:
    """What people begin in the background is done meanwhile."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(it.service.works.run)
        yield
        with anyio.fail_after(20):
            while it.service.works.is_busy(VERIFY):
                await anyio.sleep(0.02)
                await it.hub.projector.catch_up()
        await it.hub.projector.catch_up()
        tasks.cancel_scope.cancel()


async def test_who_did_what_is_told_with_before_and_after_and_narrowed(
    ledger: Filled, tmp_path: Path, browser: Browser
) -> None:
    async with web(ledger, tmp_path) as it:
        for role in (Role.READ, Role.STANDARD):
            await it.hub.access.put_user(ROOT, "bob", roles={"main": role})
        await it.hub.projector.catch_up()
        async with visit(it, browser) as who:
            page = await who.go("/audit")
            newest = await who.text("tr:has(a:text-is('user bob'))")
            await page.fill("[name=object]", "user bob")
            await page.click("form.filters button")
            await page.wait_for_url("**/audit?object=user+bob")
            rows = await page.locator("#acts tbody tr").count()
            await page.select_option("[name=action]", "approval")
            await page.wait_for_url("**/audit?action=approval&object=user+bob")
            await page.wait_for_selector("#acts .empty")
            nothing = await who.text("#acts")

    assert "user:root" in newest
    assert "roles: read on main → roles: standard on main" in newest
    assert rows == 2
    assert "Nobody did anything that fits" in nothing


async def test_a_flipped_byte_is_found_on_request_with_its_place_its_neighbours_and_what_to_do(
    ledger: Filled, tmp_path: Path, browser: Browser
) -> None:
    async with web(ledger, tmp_path) as it, visit(it, browser) as who:
        await it.service.sealer.turn()
        page = await who.go("/audit")
        before = await who.text("#verification")
        async with working(it):
            await page.click("button:has-text('Verify now')")
            await page.wait_for_url("**/audit/proofs")
            begun = await who.text(".banner")
        await page.goto(f"{it.url}/audit")
        sound_ = await who.text("#verification")
        with sqlite3.connect(tmp_path / "ledger.db") as store:
            [(state,)] = store.execute("SELECT state FROM stored_events WHERE notification_id = 20")
            flipped = state[:-3] + bytes([state[-3] ^ 1]) + state[-2:]
            store.execute("UPDATE stored_events SET state = ? WHERE notification_id = 20", (flipped,))
        async with working(it):
            await page.click("button:has-text('Verify now')")
            await page.wait_for_url("**/audit/proofs")
        await page.goto(f"{it.url}/audit/proofs")
        broken = await who.text("#verification")
        await sound(who, "/audit/proofs")

    assert "never verified" in before
    assert "verification began" in begun
    assert "nothing was changed" in sound_
    assert "finding" in broken
    assert "position 20" in broken or "event 20" in broken
    assert "Before it: 19 " in broken
    assert "behind it: 21 " in broken
    assert "Restore the newest backup that verifies" in broken


async def test_the_ledger_and_one_document_are_taken_along_with_their_proof(
    ledger: Filled, tmp_path: Path, browser: Browser
) -> None:
    async with web(ledger, tmp_path) as it, visit(it, browser, java_script_enabled=False) as who:
        await it.service.sealer.turn()
        await it.hub.projector.catch_up()
        page = await who.go("/audit/proofs")
        heads = await who.text("main table")
        await page.fill("[name=from]", "5")
        async with page.expect_download() as loading:
            await page.click("button:has-text('Export as ZIP')")
        bundle = await loading.value
        ZipFile(await bundle.path()).extractall(tmp_path / "zip")
        await page.fill("main [name=q]", "PO1")
        async with page.expect_download() as loading:
            await page.click("button:has-text('As PDF')")
        evidence = await loading.value

    assert "Show" in heads
    [folder] = (tmp_path / "zip").iterdir()
    assert folder.name.startswith("siteledger-5-")
    assert verify(folder).findings == []
    assert evidence.suggested_filename.endswith(".pdf")


async def test_what_concerns_the_whole_is_shown_and_done_by_those_who_may(
    ledger: Filled, tmp_path: Path, browser: Browser
) -> None:
    async with web(ledger, tmp_path) as it:
        async with visit(it, browser, Role.READ, rights=(), user="reader") as who:
            await who.go("/audit/proofs")
            offered = await who.text()
        here = {"Cookie": await it.session("reader", Role.READ), "Sec-Fetch-Site": "same-origin"}
        await it.ask("/audit/verify", "POST", None, headers=here, data={}, status=403)
        await it.ask("/audit/bundle", token=None, headers=here, status=403)
        narrow = {"Cookie": await it.session("north", Role.STANDARD, at="north"), "Sec-Fetch-Site": "same-origin"}
        await it.ask("/audit/bundle", token=None, headers=narrow, status=403)
        async with it.request("/audit", token=None, headers=narrow) as answer:
            told = await answer.text()
        await it.ask("/audit/evidence?q=PO1", token=None, headers=narrow, status=422)
        async with it.request("/api/v1/exports/act?object=user%20north&action=access.") as answer:
            file = BytesIO(await answer.read())

    assert "Verify now" not in offered
    assert "Export as ZIP" not in offered
    assert "Evidence for one document" not in offered
    assert "told to those who may see every connection" in told
    assert "user root" not in told
    assert file.read().count(b"access.user-put.1") == 1
