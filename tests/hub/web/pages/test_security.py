"""No page gives what its reader may not have, does what another site asks, tells a secret, or runs what is a name."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from playwright.async_api import Browser

from adapters.sandbox.serve import ENVIRONMENT
from hub.access import EVERY, Principal, Right, Role, may
from hub.web.app import PAGES
from hub.web.routes import Route
from tests.hub.web.harness import ADMIN, Filled, Web, served, settings
from tests.hub.web.pages.browser import visit
from tests.hub.web.test_guard import address

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.requirement("ER-01")]

GUARDED = [route for route in PAGES if route.action is not None and not route.path.startswith("/live/")]
FORMS = [route for route in GUARDED if route.method == "POST"]
PAGE = {"Accept": "text/html"}
HERE = {"Sec-Fetch-Site": "same-origin"}


@pytest.mark.parametrize(
    ("role", "rights"),
    [
        (Role.NONE, ()),
        (Role.READ, ()),
        (Role.STANDARD, ()),
        (Role.STANDARD, (Right.PUSH_TO_ACCOUNTING,)),
        (Role.ADMIN, ()),
    ],
    ids=["none", "read", "standard", "approver", "admin"],
)
async def test_every_page_and_form_refuses_by_the_table_and_none_of_them_breaks(
    ledger: Filled, tmp_path: Path, role: Role, rights: tuple[Right, ...]
) -> None:
    asked = Principal("user:somebody", {EVERY: role}, frozenset(rights), "somebody")
    wrong: list[str] = []
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        for route in GUARDED:
            assert route.action is not None
            # Each anew, as some forms end sessions.
            cookie = {"Cookie": await it.session("somebody", role, *rights)}
            async with it.request(address(route), route.method, None, headers={**PAGE, **HERE, **cookie}) as answer:
                refused, broken = answer.status == 403, answer.status >= 500
            if broken or refused == may(asked, route.action, None if route.whole else "main"):
                wrong.append(f"{route.method} {route.path}: {answer.status}")

    assert wrong == []


@pytest.mark.parametrize(
    "sent",
    [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example.com"}, {}],
    ids=["another site", "another subdomain", "a foreign origin", "nothing said"],
)
async def test_no_form_does_anything_that_another_site_asks(
    ledger: Filled, tmp_path: Path, sent: dict[str, str]
) -> None:
    passed: list[str] = []
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        cookie = {"Cookie": await it.session("anna", Role.ADMIN, *Right)}
        before = await it.hub.ledger.last_position()
        for route in FORMS:
            headers = {**PAGE, **cookie, **sent}
            async with it.request(address(route), "POST", None, headers=headers, data={"reason": "x"}) as answer:
                if answer.status != 403:
                    passed.append(f"{route.path}: {answer.status}")
        after = await it.hub.ledger.last_position()

    assert len(FORMS) > 10
    assert passed == []
    assert after == before


async def test_no_page_tells_a_secret(ledger: Filled, tmp_path: Path) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables, secret_key="env:ADMIN")) as it:
        cookie = await it.session("anna", Role.ADMIN, *Right)
        token = await it.token("planted")
        secrets = {ADMIN, token, cookie.partition("=")[2], *(text for text in ENVIRONMENT.values() if len(text) > 7)}
        told: list[str] = []
        seen = 0
        for path in [*_places(GUARDED), *await _records(it)]:
            async with it.request(path, token=None, headers={**PAGE, "Cookie": cookie}) as answer:
                body = await answer.text(errors="replace")
                seen += answer.status == 200
                told += [f"{path} tells {secret[:4]}…" for secret in secrets if secret in body]

    assert seen > 20
    assert told == []


def _places(routes: list[Route]) -> Iterator[str]:
    return (address(route) for route in routes if route.method == "GET" and route.path != "/audit/bundle")


async def _records(it: Web) -> list[str]:
    record = (await it.ask("/api/v1/find?q=PO1"))["items"][0]["record"]
    return [f"/records/{record}?tab={tab}" for tab in ("story", "difference", "attempts", "documents", "provenance")]


HOSTILE = (
    "<script>document.title='run'</script><img src=x onerror=\"document.title='run'\">",
    "\"><svg onload=document.title='run'> ' & {{ 7 * 7 }} </textarea></title>",
    "\u202eelbisreveR\u202c \u05d0\u05d1\u05d2 \u200b\u0000"[:-1],
    "W" * 500,
)
"""Markup, ends of attributes and of elements, text that runs to the left, and a word that no line can hold."""


async def test_hostile_names_are_shown_as_they_are_and_break_no_page(
    ledger: Filled, tmp_path: Path, browser: Browser
) -> None:
    the = settings(ledger.copy(tmp_path), ledger.tables)
    async with served(the) as it:
        await it.session("bob", Role.READ)
        await it.hub.projector.catch_up()
        record = (await it.ask("/api/v1/find?q=PO2"))["items"][0]["record"]
        with sqlite3.connect(tmp_path / "ledger.db") as store:
            for name in HOSTILE:
                reasons = msgspec.json.encode([name]).decode()
                store.execute(
                    "UPDATE record_state SET title = title || ?, number = ?, reasons = ? WHERE record = ?",
                    (name, name[:60], reasons, record),
                )
                store.execute(
                    "UPDATE record SET title = title || ?, project = ? WHERE record = ?", (name, name, record)
                )
                store.execute("UPDATE act SET reason = reason || ?, object = ?, after = after || ?", (name, name, name))
        async with visit(it, browser, expected=["404"]) as who:
            for path in ("/records", f"/records/{record}", "/audit", "/failures"):
                page = await who.go(path)
                assert await page.title() != "run"
                assert "{{ 7" in await page.content() or path == "/failures"
                await page.set_viewport_size({"width": 320, "height": 640})
                assert await page.evaluate("document.documentElement.scrollWidth") <= 320, path
                assert await page.locator("main img, main svg[onload], main script:not([type])").count() == 0
                await page.set_viewport_size({"width": 1280, "height": 800})
            shown = await who.go(f"/records/{record}")
            text = await shown.locator("main").text_content() or ""

    assert HOSTILE[0] in text
    assert "W" * 500 in text
