"""A real browser before the served pages. Whatever it complains about, or asks of others, fails the test."""

import shutil
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright

from hub.access import EVERY, Principal, Right, Role
from tests.hub.web.harness import Web

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SWITCHES = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
AXE = (Path(__file__).parent / "vendor/axe.js").read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
ROOT = Principal("user:root", {EVERY: Role.ADMIN}, frozenset(Right), "root")
ALL_RIGHTS = (Right.PUSH_TO_ACCOUNTING, Right.GRANT)


@asynccontextmanager
async def chromium() -> AsyncGenerator[Browser]:
    """A browser without a screen; without one on this computer the tests that need it are skipped, and say so."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed; on Debian: apt-get install chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        try:
            yield browser
        finally:
            await browser.close()


@dataclass
class Visit:
    """A person before a page. `expected` are words of complaints that a test provokes itself."""

    page: Page
    url: str
    expected: Sequence[str] = ()
    complaints: list[str] = field(default_factory=list[str])

    async def go(self, path: str) -> Page:
        """Open a page by its address."""
        await self.page.goto(self.url + path)
        return self.page

    async def text(self, selector: str = "main") -> str:
        """What stands there, whether it is drawn or not."""
        return " ".join((await self.page.locator(selector).first.text_content() or "").split())

    def heard(self, message: ConsoleMessage) -> None:
        """Keep what the browser complains about."""
        if message.type in {"error", "warning"} and not any(word in message.text for word in self.expected):
            self.complaints.append(f"{message.type}: {message.text}")


@asynccontextmanager
async def visit(
    it: Web,
    browser: Browser,
    role: Role = Role.ADMIN,
    *,
    rights: tuple[Right, ...] = ALL_RIGHTS,
    user: str = "anna@example.com",
    at: str = EVERY,
    expected: Sequence[str] = (),
    **context: Any,
) -> AsyncGenerator[Visit]:
    """Somebody who is signed in, with a role and rights; what the browser complained about fails at the end."""
    await it.hub.access.put_user(ROOT, user, roles={at: role}, rights=frozenset(rights))
    code = await it.hub.access.sign_in_code(ROOT, user)
    window = await browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **context})
    try:
        page = await window.new_page()
        page.set_default_timeout(10_000)
        found = Visit(page, it.url, expected)
        page.on("console", found.heard)
        page.on("pageerror", lambda error: found.complaints.append(f"page error: {error}"))
        page.on("request", lambda request: _own(found, request.url))
        await page.goto(f"{it.url}/sign-in?code={code}&next=/sign-in")
        await page.click("button")
        yield found
        assert found.complaints == []
    finally:
        await window.close()


def _own(found: Visit, url: str) -> None:
    if not url.startswith((found.url, "data:", "blob:")):
        found.complaints.append(f"asked elsewhere: {url}")


async def findings(page: Page, theme: Literal["light", "dark"]) -> list[str]:
    """What axe finds on a page (WCAG 2.2, A and AA), in one theme."""
    await page.emulate_media(color_scheme=theme)
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(AXE)
    result = await page.evaluate("rules => axe.run({runOnly: {type: 'tag', values: rules}})", RULES)
    return [
        f"{theme} {each['id']}: {node['html'][:200]} {node['failureSummary'][:200]}"
        for each in result["violations"]
        for node in each["nodes"]
    ]


async def sound(visited: Visit, path: str) -> None:
    """A page that everybody can use: no finding in either theme, and no sideways scrolling on a narrow screen."""
    page = await visited.go(path)
    assert await findings(page, "light") + await findings(page, "dark") == []
    await page.set_viewport_size({"width": 320, "height": 640})
    assert await page.evaluate("document.documentElement.scrollWidth") <= 320, f"{path} scrolls sideways"
    await page.set_viewport_size({"width": 1280, "height": 800})
