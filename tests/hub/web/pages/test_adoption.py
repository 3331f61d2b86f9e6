"""Adoption: compared in the background, looked at with scores and totals, confirmed together, refused when it moved."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from playwright.async_api import Browser, expect

from adapters.ports import FixedClock
from hub.access import Role
from tests.hub.web.harness import Filled, Web, served, settings
from tests.hub.web.pages.browser import sound, visit
from tests.hub.web.test_adoption import frozen
from tests.journeys.harness import World, sqlite, world
from tests.journeys.test_adoption import stage

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.requirement("BX-13")]


@asynccontextmanager
async def both(folder: Path) -> AsyncGenerator[tuple[World, Web]]:
    """A project in progress on both sides, whose order differs by two, before a service that goes on errands."""
    async with world(sqlite(folder)) as it:
        stage(it, amount="42.00")
        at = settings(it.store, {"main": it.sandbox.connection()})
        async with served(at, FixedClock(it.clock.now())) as web, anyio.create_task_group() as tasks:
            tasks.start_soon(web.service.works.run)
            yield it, web
            tasks.cancel_scope.cancel()


async def test_it_is_compared_looked_at_and_confirmed_with_a_reason_for_what_differs(
    tmp_path: Path, browser: Browser
) -> None:
    async with both(tmp_path) as (it, web), visit(web, browser, expected=["409"]) as who:
        places = it.places()
        page = await who.go("/adoption")
        await page.click("button:has-text('Compare both systems')")
        await expect(page.locator("#errands a")).to_be_visible(timeout=30_000)
        await page.click("#errands a")
        short, totals = await who.text("main .cards"), await who.text("main table")
        place = page.url.removeprefix(web.url)
        await sound(who, place)
        page = await who.go(place)
        await page.fill("[name=reason]", "agreed with the site")
        await page.click("button.grave")
        refused, kept = await who.text(".banner.bad"), await page.input_value("[name=reason]")
        await page.fill("[name=accept_differences]", "two dollars of rounding")
        await page.check("[aria-label='Leave PO-0001 out']")
        await page.click("button.grave")
        said = await who.text(".banner.good")
        begins = await who.text("main")
        joined = {each["bc_number"] for each in (await web.ask("/api/v1/links"))["items"]}
        written = it.written(places)

    assert "3clear pairs" in short
    assert "1total differs" in short
    assert "42.00" in totals
    assert "40.00" in totals
    assert "Not confirmed" in refused
    assert kept == "agreed with the site"
    assert "2 pairs are joined, 1 held back" in said
    assert "JOB1" in begins
    assert joined == {"JOB1", "V1"}
    assert written == 0


async def test_it_is_read_without_a_script_and_kept_from_those_who_may_not(
    ledger: Filled, tmp_path: Path, browser: Browser
) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        hash_ = await frozen(it, "main")
        async with visit(it, browser, Role.READ, rights=(), java_script_enabled=False) as who:
            page = await who.go("/adoption")
            nothing, offered = await who.text("#errands"), await page.locator("main form").count()
            await who.go(f"/adoption/{hash_}")
            told, asks = await who.text("main"), await page.locator("main button").count()
        cookie = {"Cookie": await it.session("rita", Role.STANDARD), "Sec-Fetch-Site": "same-origin"}
        answers: list[int] = []
        for path in ("/adoption", f"/adoption/{hash_}/confirm"):
            async with it.request(path, "POST", None, data={"reason": "x"}, headers=cookie) as answer:
                answers.append(answer.status)
        north = {"Cookie": await it.session("nora", Role.ADMIN, at="north")}
        async with it.request(f"/adoption/{hash_}", token=None, headers=north) as answer:
            answers.append(answer.status)

    assert "Nothing was compared so far" in nothing
    assert "V-7 North" in told
    assert "number 45" in told
    assert (offered, asks) == (0, 0)
    assert answers == [403, 403, 404]
