"""Acts on records: offered where they make sense, done with a reason, and what bars one is said beside it."""

from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from hub.access import Role
from tests.hub.failing import named
from tests.hub.web.harness import Filled, Web
from tests.hub.web.pages.browser import sound, visit
from tests.hub.web.pages.mending import failing, refused_again
from tests.hub.web.pages.test_links import staged

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def record(it: Web, number: str) -> str:
    """The record of a number on `main`."""
    found = (await it.ask(f"/api/v1/find?q={number}"))["items"]
    return next(each["record"] for each in found if each["connection"] == "main")


@pytest.mark.requirement("DC-08")
async def test_a_record_is_retried_from_its_page_which_follows_what_comes_of_it(
    ledger: Filled, tmp_path: Path, browser: Browser
) -> None:
    async with failing(ledger, tmp_path) as it, visit(it, browser, Role.STANDARD, rights=(), expected=["422"]) as who:
        page = await who.go(f"/records/{named(2)}")
        offered = await page.locator("#acts summary").all_text_contents()
        await page.click("summary:has-text('Retry…')")
        await page.fill("#why-retry", " ")
        await page.click("button:has-text('Retry')")
        unsaid = await who.text("#acts")
        await page.fill("#why-retry", "the budget is open")
        await page.click("button:has-text('Retry')")
        banner, standing = await who.text(".banner"), await who.text("#standing")
        await refused_again(it, 2)
        await expect(page.locator("#standing")).to_contain_text("dead")
        story = await who.text("#story")

    assert offered == ["Retry…", "Replay…", "Skip…"]
    assert "Say why" in unsaid
    assert banner == "It is decided again at once."
    assert "pending" in standing
    assert "to be decided again" in story
    assert story.count("refused") == 2


async def test_what_speaks_against_an_act_is_said_on_the_page_of_the_record(
    ledger: Filled, tmp_path: Path, browser: Browser
) -> None:
    async with failing(ledger, tmp_path) as it:
        path = f"/records/{await record(it, 'PO2')}"
        headers = {"Cookie": await it.session("anna", Role.STANDARD), "Sec-Fetch-Site": "same-origin"}
        form = {"reason": "again"}
        async with it.request(f"{path}/replay", "POST", None, data=form, headers=headers) as answer:
            barred, words = answer.status, await answer.text()
        reader = {"Cookie": await it.session("bob", Role.READ), "Sec-Fetch-Site": "same-origin"}
        refused: list[int] = []
        for deed in ("retry", "replay", "skip"):
            async with it.request(f"{path}/{deed}", "POST", None, data=form, headers=reader) as answer:
                refused.append(answer.status)
        async with visit(it, browser, Role.READ, rights=()) as who:
            await who.go(path)
            offered = await who.page.locator("#acts").count()

    assert barred == 409
    assert "nothing of it was sent that could be sent again" in words
    assert refused == [403] * 3
    assert offered == 0


@pytest.mark.requirement("ER-26")
async def test_without_a_script_the_page_of_a_record_leads_to_its_link_and_to_its_reset(
    tmp_path: Path, browser: Browser
) -> None:
    async with staged(tmp_path) as (_, web, project, _vendor), visit(web, browser, java_script_enabled=False) as who:
        page = await who.go(f"/records/{await record(web, 'JOB1')}")
        await page.click("#acts >> text=Link…")
        await page.fill("[name=procore_id]", str(project))
        await page.fill("[name=reason]", "same site")
        await page.click("button:has-text('Link them')")
        linked, ways = await who.text(".banner"), await page.locator("#acts a.button").all_text_contents()
        await page.click("#acts >> text=Reset…")
        asked = await who.text("h1")

    assert f"is linked with projects {project}" in linked
    assert ways == ["Unlink…", "Reset…"]
    assert asked == "Reset project JOB1"


async def test_rows_are_picked_by_keys_stay_picked_when_they_change_and_all_that_fit_are_taken(
    ledger: Filled, tmp_path: Path, browser: Browser
) -> None:
    async with failing(ledger, tmp_path) as it, visit(it, browser) as who:
        page = await who.go("/records?state=dead,pending&flow=purchase-order-to-commitment")
        await expect(page.locator("#live")).to_be_visible()
        await page.keyboard.press("j")
        await page.keyboard.press("x")
        picked = str(await page.locator("[name=pick]:checked").get_attribute("value"))
        row = page.locator(f"#r-{picked.replace('/', '-')}")
        path = f"/api/v1/records/{picked.partition('/')[0]}/retry"
        await it.ask(path, "POST", json={"reason": "meanwhile"}, status=201)
        await expect(row).to_contain_text("pending")
        kept, count = await row.locator("[name=pick]").is_checked(), await who.text("[data-picked]")
        await page.click("button:has-text('Skip…')")
        one = await who.text("h1")
        await page.goto(f"{it.url}/records?state=dead&connection=main")
        await page.click("text=All that fail and fit: >> xpath=.. >> a:has-text('retry…')")
        rest = await who.text("h1")

    assert (kept, count) == (True, "1 picked:")
    assert one == "Skip 1 record?"
    assert rest == "Retry 9 records?"


@pytest.mark.requirement("BX-05")
async def test_changes_of_a_record_are_told_between_two_positions(
    ledger: Filled, tmp_path: Path, browser: Browser
) -> None:
    async with failing(ledger, tmp_path) as it, visit(it, browser) as who:
        path = f"/records/{await record(it, 'PO1')}?tab=changes"
        page = await who.go(path)
        whole = await page.locator("main tbody tr").count()
        positions = [int(text) for text in await page.locator("main tbody td:first-child a").all_text_contents()]
        await page.fill("[name=since]", str(positions[0]))
        await page.click("main .filters button")
        later = [int(text) for text in await page.locator("main tbody td:first-child a").all_text_contents()]
        await sound(who, path)

    assert later == [each for each in positions if each > positions[0]]
    assert 0 < len(later) < whole
