"""What all pages have in common: signing in, the look, keys, errors, and a policy that lets nothing foreign in."""

from pathlib import Path

import pytest
from playwright.async_api import Browser

from hub.access import Role
from hub.web.app import PAGES
from hub.web.pages import static
from tests.hub.web.harness import Filled, served, settings
from tests.hub.web.pages.browser import ROOT, visit

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_stranger_is_led_to_sign_in_and_back_to_where_he_wanted(
    ledger: Filled, tmp_path: Path, browser: Browser
) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        page = await (await browser.new_context()).new_page()
        await page.goto(f"{it.url}/records?state=parked")
        place = page.url
        await it.hub.access.put_user(ROOT, "anna", roles={"*": Role.READ})
        code = await it.hub.access.sign_in_code(ROOT, "anna")
        await page.goto(f"{place}&code={code}")
        await page.click("button")
        arrived = page.url
        await page.context.close()

    assert place.endswith("/sign-in?next=%2Frecords%3Fstate%3Dparked")
    assert arrived.endswith("/records?state=parked")


async def test_a_sign_in_link_works_once_and_leads_nowhere_else(ledger: Filled, tmp_path: Path) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        await it.hub.access.put_user(ROOT, "anna", roles={"*": Role.READ})
        code = await it.hub.access.sign_in_code(ROOT, "anna")
        headers = {"Sec-Fetch-Site": "same-origin"}
        form = {"code": code, "next": "//evil.example.com"}
        async with it.request("/sign-in", "POST", None, data=form, headers=headers) as first:
            place, session = first.headers["Location"], first.cookies["__Host-session"]
        async with it.request("/sign-in", "POST", None, data=form, headers=headers) as second:
            again = second.status
        foreign = {"Sec-Fetch-Site": "cross-site"}
        async with it.request("/sign-in", "POST", None, data=form, headers=foreign) as third:
            crossed = third.status

    assert place == "/"
    assert session.value != code
    assert session["httponly"]
    assert session["secure"]
    assert again == 401
    assert crossed == 403


async def test_the_look_is_chosen_and_kept(ledger: Filled, tmp_path: Path, browser: Browser) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it, visit(it, browser) as who:
        page = await who.go("/records")
        await page.click("summary:has-text('View')")
        await page.check("[name=theme][value=dark]")
        await page.check("[name=zone][value=utc]")
        await page.click(".panel button:has-text('Use')")
        theme = await page.get_attribute("html", "data-theme")
        ground = await page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        time = await who.text(".list tbody time")

    assert theme == "dark"
    assert ground == "rgb(18, 22, 28)"
    assert time.endswith("UTC")


async def test_keys_lead_to_pages_rows_and_help(ledger: Filled, tmp_path: Path, browser: Browser) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it, visit(it, browser) as who:
        page = await who.go("/records")
        await page.keyboard.press("j")
        await page.keyboard.press("j")
        second = await page.locator(".list tbody tr >> nth=1").get_attribute("class")
        await page.keyboard.press("Shift+?")
        help_ = await page.locator("#help").is_visible()
        await page.keyboard.press("Escape")
        await page.keyboard.press("/")
        focused = await page.evaluate("document.activeElement.id")

    assert second == "at"
    assert help_
    assert focused == "find"


async def test_an_error_is_a_page_that_says_what_to_do(ledger: Filled, tmp_path: Path, browser: Browser) -> None:
    at = settings(ledger.copy(tmp_path), ledger.tables)
    async with served(at) as it, visit(it, browser, expected=["404", "422"]) as who:
        page = await who.go("/nowhere")
        nothing = await who.text()
        await page.goto(f"{it.url}/records?asof=99999999")
        wrong = await who.text()

    assert "there is nothing at this address" in nothing
    assert "yet to come" in wrong


async def test_every_page_forbids_what_is_foreign_or_written_into_it(ledger: Filled, tmp_path: Path) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        cookie = {"Cookie": await it.session("anna", Role.ADMIN)}
        for route in PAGES:
            if route.method != "GET" or "{" in route.path:
                continue
            async with it.request(route.path, token=None, headers=cookie) as answer:
                if answer.content_type != "text/html":
                    continue
                policy = answer.headers["Content-Security-Policy"]
                body = await answer.text()
                assert "unsafe" not in policy
                assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
                assert answer.headers["Cache-Control"] == "no-store"
                assert " style=" not in body
                assert "hx-on" not in body
                assert "<script>" not in body


async def test_files_are_kept_for_good_and_change_their_name_with_their_content(ledger: Filled, tmp_path: Path) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        async with it.request(static.address("app.js"), token=None) as answer:
            kept, packed = answer.headers["Cache-Control"], answer.headers["Content-Encoding"]
            type_ = answer.content_type
        async with it.request("/static/000000000000/app.js", token=None) as answer:
            old = answer.status
        async with it.request(static.address("app.js").replace("app.js", "../app.py"), token=None) as answer:
            outside = answer.status

    assert "immutable" in kept
    assert packed == "gzip"
    assert type_ == "text/javascript"
    assert (old, outside) == (404, 404)
