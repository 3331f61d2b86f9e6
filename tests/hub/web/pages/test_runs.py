"""Runs: what each round read and sent, what began it, and a round that somebody asks for now."""

from pathlib import Path

import anyio
import pytest
from playwright.async_api import Browser, expect

from hub.access import Role
from hub.operations.runs import Asked, ask
from tests.hub.web.harness import served, settings
from tests.hub.web.pages.browser import sound, visit
from tests.hub.web.pages.deciding import Deciding, cells
from tests.hub.web.test_live import followed

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.requirement("MA-40")
async def test_each_round_tells_what_began_it_what_it_did_and_what_it_took(
    decisions: Deciding, tmp_path: Path, browser: Browser
) -> None:
    at = settings(decisions.copy(tmp_path), decisions.tables)
    async with served(at) as it, visit(it, browser, expected=["422"]) as who:
        rounds = (await it.ask("/api/v1/runs"))["items"]
        page = await who.go("/runs")
        now = await who.text("#now")
        latest = await cells(page, "#list tbody tr:first-child")
        await expect(page.locator("#list tbody tr")).to_have_count(len(rounds))
        await page.select_option("[name=cause]", "notice")
        await page.wait_for_url("**/runs?cause=notice")
        none = await who.text("#list")
        await page.goto(f"{it.url}/runs?day=2026-03-30")
        before = await who.text("#list")
        await page.goto(f"{it.url}/runs?day=2026-03-31")
        on_the_day = await page.locator("#list tbody tr").count()
        await page.goto(f"{it.url}/runs?day=yesterday")
        wrong = await who.text()

    sent = sum(rounds[0]["delivered"].values())
    reads, writes = (sum(rounds[0]["calls"][name].values()) for name in ("reads", "writes"))
    assert "every 1 min" in now
    assert latest[1:5] == ["by hand", "what changed", f"{rounds[0]['observed']}", f"{sent}"]
    assert latest[-3:-1] == [f"{reads}", f"{writes}"]
    assert "No round did anything" in none
    assert "No round did anything" in before
    assert on_the_day == len(rounds)
    assert "is no day" in wrong


@pytest.mark.requirement("LE-36")
async def test_a_round_is_asked_for_without_a_script_and_waits_in_line(
    decisions: Deciding, tmp_path: Path, browser: Browser
) -> None:
    at = settings(decisions.copy(tmp_path), decisions.tables)
    async with served(at) as it, visit(it, browser, expected=["404"], java_script_enabled=False) as who:
        page = await who.go("/runs")
        await page.click("summary:has-text('Run now')")
        await page.fill("main form[method=post] [name=project]", "JOB1")
        await page.click("button:has-text('Run now')")
        said, now, first = await who.text(".banner.good"), await who.text("#now"), await who.text("#list tbody tr")
        [run, *_] = (await it.ask("/api/v1/runs"))["items"]
        page = await who.go("/runs")
        await page.click("summary:has-text('Run now')")
        await page.fill("main form[method=post] [name=project]", "NOWHERE")
        await page.click("button:has-text('Run now')")
        unknown = await who.text()

    assert "A round of project JOB1 is in line on main" in said
    assert "waiting job JOB1 asked by user:anna@example.com" in now
    assert "in line" in first
    assert (run["asked_by"], run["asked_for"]["project"]) == ("user:anna@example.com", "JOB1")
    assert "No project of main is called NOWHERE" in unknown


@pytest.mark.requirement("ER-01")
async def test_who_only_reads_sees_the_rounds_and_begins_none(
    decisions: Deciding, tmp_path: Path, browser: Browser
) -> None:
    at = settings(decisions.copy(tmp_path), decisions.tables)
    async with served(at) as it:
        async with visit(it, browser, Role.READ, rights=(), user="ida") as who:
            page = await who.go("/runs")
            forms, rows = await page.locator("main form[method=post]").count(), await page.locator("tbody tr").count()
        reader = {"Cookie": await it.session("ida", Role.READ), "Sec-Fetch-Site": "same-origin", "Accept": "text/html"}
        async with it.request("/runs", "POST", None, headers=reader, data={"connection": "main"}) as answer:
            status = answer.status

    assert forms == 0
    assert rows
    assert status == 403


@pytest.mark.requirement("BX-12", "ER-01")
async def test_a_run_is_taken_back_after_a_look_and_with_a_reason(
    decisions: Deciding, tmp_path: Path, browser: Browser
) -> None:
    at = settings(decisions.copy(tmp_path), decisions.tables)
    async with served(at) as it:
        async with visit(it, browser, expected=["422"], java_script_enabled=False) as who:
            page = await who.go("/runs")
            await page.locator("#list a:has-text('Undo…')").last.click()  # the round on which all others rest
            base = await who.text()
            await who.go("/runs")
            await page.locator("#list a:has-text('Undo…')").first.click()
            path, asked = page.url.removeprefix(it.url), await who.text()
            rows = await cells(page, "main table tbody tr")
            await page.eval_on_selector("form.card", "it => it.noValidate = true")
            button = await who.text("button.grave")
            await page.click("button.grave")
            wrong = await who.text(".wrong")
            await page.fill("#reason", "the wrong vendors")
            await page.click("button.grave")
            said, batch = await who.text(".banner.good"), page.url
        [made] = (await it.ask("/api/v1/batches"))["items"]
        async with visit(it, browser, Role.STANDARD, user="ida") as who:
            page = await who.go("/runs")
            offered = await page.locator("a:has-text('Undo')").count()
        standing = {"Cookie": await it.session("ida", Role.STANDARD), "Sec-Fetch-Site": "same-origin"}
        statuses: list[int] = []
        for method in ("GET", "POST"):
            async with it.request(path, method, None, headers=standing, data={"reason": "mine"}) as answer:
                statuses.append(answer.status)

    counted = dict(zip(rows[0::3], zip(rows[1::3], rows[2::3], strict=True), strict=True))
    assert counted["purchase order to commitment"][0] == str(
        made["total"] - sum(int(left) for _, left in counted.values())
    )
    assert "what is below it can be undone" in asked
    assert "PO4" in asked
    assert "All of it is left as it is, so there is nothing to undo" in base
    assert "Say why" in wrong
    assert button == f"Undo {counted['purchase order to commitment'][0]} record"
    assert "is being taken back: 1 record." in said
    assert batch == f"{it.url}/batches/{made['batch']}"
    assert (made["action"], made["reason"], made["actor"]) == ("undo", "the wrong vendors", "user:anna@example.com")
    assert offered == 0
    assert statuses == [403, 403]


async def test_what_is_in_line_shows_while_somebody_looks(
    decisions: Deciding, tmp_path: Path, browser: Browser
) -> None:
    async with followed(decisions, tmp_path) as it, visit(it, browser) as who:
        page = await who.go("/runs")
        while not it.service.tail.streams:  # noqa: ASYNC110 - the browser opens it
            await anyio.sleep(0.01)
        await ask(it.hub, it.service.schedule.ask, Asked(connection="main", full=True), "user:eva")
        await expect(page.locator("#now")).to_contain_text("everything asked by user:eva")
        await expect(page.locator("#newer")).to_contain_text("1 newer round: show")


async def test_everybody_can_look(decisions: Deciding, tmp_path: Path, browser: Browser) -> None:
    async with served(settings(decisions.copy(tmp_path), decisions.tables)) as it, visit(it, browser) as who:
        await sound(who, "/runs")
        await sound(who, await who.page.locator("a:has-text('Undo…')").first.get_attribute("href") or "")
