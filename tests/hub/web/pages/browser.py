"""A real browser before the served pages. Whatever it complains about, or asks of others, fails the test."""

import shutil
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, ConsoleMessage, Error, Page, Request, async_playwright

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
VIEWPORT: Any = {"width": 1280, "height": 800}
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

    def failed(self, error: Error) -> None:
        """A script broke."""
        self.complaints.append(f"page error: {error}")

    def asked(self, request: Request) -> None:
        """Nothing is asked of others."""
        if not request.url.startswith((self.url, "data:", "blob:", "about:")):
            self.complaints.append(f"asked elsewhere: {request.url}")


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
    name, _, session = (await it.session(user, role, *rights, at=at)).partition("=")
    page = await _window(browser, context)
    found = Visit(page, it.url, expected)
    ears: dict[Any, Callable[..., None]] = {"console": found.heard, "pageerror": found.failed, "request": found.asked}
    try:
        # Chromium takes a cookie that is secure from a safe address only, and sends it to its own computer anyway.
        place = it.url.replace("http:", "https:")
        cookie: Any = {"name": name, "value": session, "url": place, "secure": True, "httpOnly": True}
        await page.context.add_cookies([cookie])
        for event, ear in ears.items():
            page.on(event, ear)
        yield found
        assert found.complaints == []
        for event, ear in ears.items():
            page.remove_listener(event, ear)
        await _leave(page, it.url)
    except BaseException:
        await page.context.close()
        raise
    _FREE[browser, _key(context)].append(page)


_FREE: dict[tuple[Browser, str], list[Page]] = defaultdict(list)
"""Windows that nobody looks through, by what they were opened with: to open one takes longer than most visits do."""


async def _window(browser: Browser, context: dict[str, Any]) -> Page:
    """A window as a new one would be."""
    if free := _FREE[browser, _key(context)]:
        return free.pop()
    window = await browser.new_context(**{"viewport": VIEWPORT, **context})
    page = await window.new_page()
    page.set_default_timeout(10_000)
    return page


async def _leave(page: Page, url: str) -> None:
    """Nothing of this visit stays for the next."""
    await page.goto(f"{url}/livez")  # whatever was on its way is not waited for
    await page.evaluate("sessionStorage.clear(); localStorage.clear()")
    await page.goto("about:blank")
    await page.unroute_all()
    await page.context.clear_cookies()
    await page.emulate_media(color_scheme="light")
    await page.set_viewport_size(VIEWPORT)
    for other in page.context.pages:
        if other != page:
            await other.close()


def _key(context: dict[str, Any]) -> str:
    return repr(sorted(context.items()))


async def findings(page: Page) -> list[str]:
    """What axe finds on a page (WCAG 2.2, A and AA), in both themes."""
    await page.evaluate(AXE)
    found: list[str] = []
    for theme in ("light", "dark"):
        await page.emulate_media(color_scheme=theme)
        run = "rules => axe.run({runOnly: {type: 'tag', values: rules}, resultTypes: ['violations']})"
        result = await page.evaluate(run, RULES)
        found += [
            f"{theme} {each['id']}: {node['html'][:200]} {node['failureSummary'][:200]}"
            for each in result["violations"]
            for node in each["nodes"]
        ]
    return found


async def sound(visited: Visit, path: str) -> None:
    """A page that everybody can use: no finding in either theme, and no sideways scrolling on a narrow screen."""
    page = await visited.go(path)
    assert await findings(page) == []
    await page.set_viewport_size({"width": 320, "height": 640})
    assert await page.evaluate("document.documentElement.scrollWidth") <= 320, f"{path} scrolls sideways"
    await page.set_viewport_size(VIEWPORT)
