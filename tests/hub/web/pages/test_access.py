"""The access pages: administrators let people and programs in and out, everybody sees where they are signed in."""

from pathlib import Path

import pytest
from playwright.async_api import Browser

from hub.access import Right, Role
from tests.hub.web.harness import Filled, served, settings
from tests.hub.web.pages.browser import ROOT, sound, visit

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.requirement("ER-01", "ER-02")]


async def test_a_user_is_added_changed_let_in_once_and_removed(
    ledger: Filled, tmp_path: Path, browser: Browser
) -> None:
    at = settings(ledger.copy(tmp_path), ledger.tables)
    async with served(at) as it, visit(it, browser, java_script_enabled=False, expected=["422"]) as who:
        page = await who.go("/access")
        await page.click("summary:has-text('Add a user')")
        await page.fill("[name=name]", "bob smith")
        await page.select_option("[name=everywhere]", "read")
        await page.click("button:text-is('Add')")
        wrong, kept = await who.text("[role=alert].state"), await page.input_value("[name=name]")
        await page.fill("[name=name]", "bob+site@example.com")
        await page.select_option("[name=at] >> nth=0", "main=standard")
        await page.click("button:text-is('Add')")
        added, there = await who.text(".banner"), page.url
        await page.click("button:has-text('Make a sign-in link')")
        link, address = await who.text(".once pre"), page.url
        code = link.rpartition("code=")[2]
        await page.click("a:text-is('Done')")
        await page.check("[value=push_to_accounting]")
        await page.click("button:text-is('Change')")
        bob = await it.hub.access.book.user("bob+site@example.com")
        await page.click("summary:has-text('Remove')")
        await page.click("button:has-text('Remove bob')")
        gone = await it.hub.access.book.user("bob+site@example.com")

    assert "no name for a user" in wrong
    assert kept == "bob smith"
    assert "may sign in now" in added
    assert there.endswith("/access/users/bob%2Bsite%40example.com")
    assert code
    assert code not in address
    assert bob is not None
    assert (bob.roles, bob.rights) == (
        {"*": Role.READ, "main": Role.STANDARD},
        frozenset({Right.PUSH_TO_ACCOUNTING}),
    )
    assert gone is None


async def test_a_token_is_shown_once_and_opens_until_it_is_revoked(
    ledger: Filled, tmp_path: Path, browser: Browser
) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        await it.token("old")
        async with visit(it, browser, expected=["422"]) as who:
            page = await who.go("/access/tokens")
            await page.click("summary:has-text('Create a token')")
            await page.fill("[name=name]", "power-bi")
            await page.fill("[name=days]", "9")
            await page.check("[name=connections][value=north]")
            await page.click("button:text-is('Create')")
            secret, place = await who.text(".once pre"), page.url
            me = await it.ask("/api/v1/me", token=secret)
            await page.click("a:text-is('Done')")
            row, whole = await who.text("tr:has-text('power-bi')"), await page.content()
            await page.click("tr:has-text('power-bi') summary")
            await page.click("button:has-text('Revoke power-bi')")
            revoked = await who.text("tr:has-text('power-bi')")
            await it.ask("/api/v1/me", token=secret, status=401)
            await sound(who, "/access/tokens")

    assert secret.startswith("slk_")
    assert secret not in place
    assert secret not in whole
    assert me["connections"] == {"north": {"role": "read", "may": ["see"]}}
    assert "ends soon" in row
    assert "read on north" in row
    assert "revoked" in revoked


async def test_who_may_not_manage_sees_where_they_are_signed_in_and_nothing_of_others(
    ledger: Filled, tmp_path: Path, browser: Browser
) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        await it.hub.access.put_user(ROOT, "zoe@example.com", roles={"*": Role.READ})
        async with visit(it, browser, Role.READ, rights=(), user="reader") as who:
            page = await who.go("/access")
            own, place = await who.text(), page.url
            await page.click("button:has-text('Sign out everywhere')")
            after = page.url
        here = {"Cookie": await it.session("reader", Role.READ), "Sec-Fetch-Site": "same-origin"}
        for path in ("/access/users/zoe%40example.com/remove", "/access/tokens", "/access/users"):
            await it.ask(path, "POST", None, headers=here, data={"name": "mine"}, status=403)
        admin = {"Cookie": await it.session("plain", Role.ADMIN), "Sec-Fetch-Site": "same-origin"}
        approver = {"name": "friend", "rights": "push_to_accounting"}
        await it.ask("/access/users", "POST", None, headers=admin, data=approver, status=403)
        async with it.request("/access/refusals", token=None, headers=admin) as answer:
            refusals = await answer.text()

    assert place.endswith("/access/me")
    assert "this browser" in own
    assert "zoe" not in own
    assert "Refusals" not in own
    assert "/sign-in" in after
    assert "user:reader" in refusals
    assert "push_to_accounting or grant" in refusals or "grant or push_to_accounting" in refusals


async def test_everybody_can_use_it(ledger: Filled, tmp_path: Path, browser: Browser) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it, visit(it, browser) as who:
        for path in ("/access", "/access/users/anna%40example.com"):
            await sound(who, path)
