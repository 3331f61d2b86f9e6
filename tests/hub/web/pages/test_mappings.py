"""Mappings: how a field gets from here to there; drafted with its faults named, tried, published and taken back."""

from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from hub.access import Role
from tests.hub.web.harness import Filled, served, settings
from tests.hub.web.pages.browser import sound, visit

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.requirement("BX-11")]

WRONG = '[purchaseOrders.fields]\nyourReferenc = "subject"\n'
MAPS = '[purchaseOrders.fields]\nyourReference = { constant = "By the page" }\n'


async def test_a_draft_is_written_tried_published_compared_and_taken_back(
    ledger: Filled, tmp_path: Path, browser: Browser
) -> None:
    async with (
        served(settings(ledger.copy(tmp_path), ledger.tables)) as it,
        visit(it, browser, expected=["422"]) as who,
    ):
        page = await who.go("/mappings?connection=main")
        await page.click("a:has-text('Draft other maps')")
        await page.fill("[name=maps]", WRONG)
        await page.fill("[name=note]", "as agreed")
        await page.click("button:has-text('Keep as a draft')")
        fault, typed = await who.text("#wrong"), await page.input_value("[name=maps]")
        await page.fill("[name=maps]", MAPS)
        await page.click("button:has-text('Keep as a draft')")
        draft = page.url
        entries = await who.text("main table")
        await page.click("button:has-text('Try it')")
        await expect(page.locator("#impact .big")).to_contain_text("would be read differently")
        impact = await who.text("#impact")
        await sound(who, "/mappings?connection=main")
        banner = await who.text(".banner")
        await page.goto(draft)
        await page.click("button:has-text('Publish version 1')")
        published = await who.text(".banner.good")
        mapped = await who.text("#purchaseOrders")
        waits = await who.text("main .card")
        await page.click("a:has-text('with none')")
        differs = await who.text("main table")
        await who.go("/mappings?connection=main")
        await page.click("button:has-text('Go back to no maps')")
        back = await who.text(".banner.good")
        versions = (await it.ask("/api/v1/mappings/versions?connection=main"))["items"]

    assert "purchaseOrders.fields.yourReferenc" in fault
    assert "yourReference" in fault
    assert typed == WRONG
    assert "purchaseOrders.fields.yourReference" in entries
    assert "of 2 records" in impact
    assert "By the page" in impact
    assert "as agreed" in banner
    assert "Version 1 is published; the next round takes it" in published
    assert "paymentTermsCode" in mapped
    assert "the next round takes it" in waits
    assert "By the page" in differs
    assert "Version 2 is published" in back
    assert [(each["mapping"], each["source"], each["reverts_to"]) for each in versions] == [
        (2, "revert", 0),
        (1, "draft", 0),
    ]


async def test_without_a_script_it_is_read_tried_and_kept_from_those_who_may_not(
    ledger: Filled, tmp_path: Path, browser: Browser
) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        maps = {"purchaseOrders": {"codes": {"paymentTermsCode": {"30D": "Net 30"}}}}
        made = await it.ask("/api/v1/mappings/drafts", "POST", json={"connection": "main", "maps": maps}, status=201)
        async with visit(it, browser, java_script_enabled=False) as who:
            page = await who.go(f"/mappings/drafts/{made['draft']}")
            await page.click("button:has-text('Try it')")
            impact = await who.text("#impact")
            sample = await who.go("/mappings?connection=main")
            order = await sample.locator("#purchaseOrders tr:has(th:text-is('number'))").text_content()
        async with visit(it, browser, Role.READ, rights=()) as who:
            page = await who.go("/mappings?connection=main")
            seen = await who.text("#purchaseOrders tr:has(th:text-is('number'))")
            offered = await page.locator("main form, main a.button").count()
        cookie = {"Cookie": await it.session("rita", Role.STANDARD), "Sec-Fetch-Site": "same-origin"}
        path = f"/mappings/drafts/{made['draft']}/publish"
        async with it.request(path, "POST", None, data={}, headers=cookie) as answer:
            refused = answer.status

    assert "0 of" in impact
    assert order is not None
    assert "PO" in order
    assert "PO" not in seen
    assert offered == 0
    assert refused == 403
