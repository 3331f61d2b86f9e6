"""Starts the demonstration, signs in by its link, and photographs its pages in both themes."""

import re
import shutil
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from subprocess import DEVNULL, PIPE
from typing import cast

import anyio
from anyio.abc import ByteReceiveStream, Process
from anyio.streams.text import TextReceiveStream
from playwright.async_api import Page, async_playwright

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "docs/pictures"
PORT = 8097
PAGES: Sequence[tuple[str, str]] = (
    ("overview", "/"),
    ("records", "/records"),
    ("record", "FIRST /records?state=parked&flow=purchase-order-to-commitment"),
    ("difference", "FIRST /records?q=PO&state=synced tab=difference"),
    ("failures", "/failures"),
    ("approvals", "/approvals"),
    ("review", "FIRST /approvals"),
    ("jobs", "/jobs"),
    ("job", "/jobs/JOB000001"),
    ("reconcile", "/reconcile"),
    ("runs", "/runs"),
    ("tail", "/tail"),
    ("mappings", "/mappings"),
    ("links", "/links"),
    ("connections", "/connections"),
    ("reports", "/reports"),
    ("audit", "/audit"),
    ("access", "/access"),
    ("system", "/system"),
    ("drift", "/drift"),
    ("plans", "/plans"),
)
"""Name of the picture, and the page; `FIRST` is the first row of a list, with more of its address behind it."""
SWITCHES = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")


async def main(names: Sequence[str]) -> None:
    """All pictures, or those that are named."""
    PICTURES.mkdir(exist_ok=True)
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    async with demonstration() as link, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=SWITCHES)
        window = await browser.new_context(viewport={"width": 1280, "height": 800})
        page = await window.new_page()
        await page.goto(link)
        await page.click("button")
        for name, place in PAGES:
            if names and name not in names:
                continue
            for theme in ("light", "dark"):
                await page.emulate_media(color_scheme=theme)
                await visit(page, place)
                await page.screenshot(path=PICTURES / f"{name}-{theme}.png")
            print(name)  # noqa: T201 - a program for people
        await browser.close()


async def visit(page: Page, place: str) -> None:
    """Go to a page, and wait until nothing is loaded any more."""
    first, _, rest = place.partition(" ")
    if first != "FIRST":
        await page.goto(f"http://127.0.0.1:{PORT}{place}")
    else:
        address, _, more = rest.partition(" ")
        await page.goto(f"http://127.0.0.1:{PORT}{address}")
        found = await page.locator("main tbody a[href]").first.get_attribute("href")
        mark = "&" if "?" in (found or "") else "?"
        await page.goto(f"http://127.0.0.1:{PORT}{found}{mark + more if more else ''}")
    await page.wait_for_load_state("load")
    await page.wait_for_timeout(500)


@asynccontextmanager
async def demonstration() -> AsyncGenerator[str]:
    """The demonstration at work; its sign-in link."""
    command = [str(ROOT / ".venv/bin/siteledger"), "demo", "--port", str(PORT)]
    environment = {"BROWSER": "true", "PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)}
    async with await anyio.open_process(command, stdout=DEVNULL, stderr=PIPE, env=environment) as process:
        try:
            with anyio.fail_after(120):
                link = await link_of(process)
            yield link
        finally:
            process.terminate()


async def link_of(process: Process) -> str:
    """The link that the demonstration tells, as soon as it is there."""
    told = ""
    async for text in TextReceiveStream(cast("ByteReceiveStream", process.stderr), errors="replace"):
        told += text
        if found := re.search(r"http://\S+/sign-in\?code=\w+", told):
            return found[0]
    message = f"the demonstration ended: {told[-2000:]}"
    raise RuntimeError(message)


if __name__ == "__main__":
    anyio.run(main, sys.argv[1:])
