"""Pages as of a position show what they showed while it was the present, and offer nothing to be done there."""

from pathlib import Path

import pytest
from playwright.async_api import Browser, Page

from domain.events import ApprovalAccepted, ApprovalRequested, PlanMade
from hub.access import Right, Role
from hub.operations.apply import apply_plan
from hub.operations.batches import run
from hub.report import Quiet
from hub.web.app import PAGES
from tests.hub.failing import refusals
from tests.hub.web.harness import Filled, Web, served, settings
from tests.hub.web.pages.browser import sound, visit
from tests.hub.web.pages.deciding import EVA, Deciding, cells
from tests.hub.web.pages.mending import LOCKED, failing
from tests.hub.web.test_guard import address

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.requirement("BX-05")]


async def first(it: Web, topic: str) -> int:
    """Position of the first event of a sort."""
    return (await it.hub.ledger.rows("SELECT MIN(position) FROM event_log WHERE event = ?", (topic,)))[0][0]


async def acts(page: Page) -> int:
    """What a page offers to be done, beside what the frame of every page holds."""
    return await page.locator("main form[method=post] :is(button, input)").count()


async def test_requests_stand_as_they_stood_and_nobody_decides_on_them(
    decisions: Deciding, tmp_path: Path, browser: Browser
) -> None:
    async with served(settings(decisions.copy(tmp_path), decisions.tables)) as it, visit(it, browser) as who:
        before = await first(it, ApprovalAccepted.TOPIC) - 1
        asked = await it.hub.ledger.rows(
            "SELECT COUNT(DISTINCT record) FROM event_log WHERE event = ? AND position <= ?",
            (ApprovalRequested.TOPIC, before),
        )
        page = await who.go(f"/approvals?asof={before}")
        tabs = [" ".join(each.split()) for each in await page.locator("#tabs a").all_text_contents()]
        states = await page.locator("#list tbody tr .state:has-text('ready')").count()
        offered = await acts(page)
        await page.click("#tabs a:has-text('Accepted')")
        accepted = await who.text("#list")
        async with page.expect_response("**/approvals?*"):
            await page.fill("[name=number]", "PO1")
            await page.locator("[name=number]").blur()
        await page.wait_for_url(f"**/approvals?tab=accepted&number=PO1&asof={before}")
        page = await who.go(f"/approvals?asof={before}&flow=purchase-order-to-commitment")
        await page.click("#list tbody th a")
        record = page.url
        page = await who.go(f"/?asof={before}")
        first_page, forms = await who.text("#waited"), await acts(page)
        await page.click("#states a:has-text('awaiting approval')")
        await page.wait_for_url(f"**/records?state=awaiting-approval&asof={before}")
        listed = await page.locator(".list tbody tr").count()
        await page.goto(f"{it.url}/?asof=0")
        untold = await who.text()
        await sound(who, f"/?asof={before}")
        async with it.request(f"/api/v1/exports/approvals?format=jsonl&asof={before}&state=ready") as answer:
            export = (await answer.text()).splitlines()

    assert asked[0][0] > 4
    assert tabs[0] == f"Ready to export {asked[0][0]}"
    assert tabs[-1] == f"All {asked[0][0]}"
    assert tabs[5] == "Accepted 0"
    assert states == asked[0][0]
    assert offered == 0
    assert "Nothing was accepted yet." in accepted
    assert "/records/" in record
    assert record.endswith(f"?asof={before}")
    assert len(export) == asked[0][0]
    assert f"{asked[0][0]} documents waited for an approver" in first_page
    assert (forms, listed) == (0, asked[0][0])
    assert "Nothing had been read from either system." in untold
    assert "this page gives no verdict" in untold


async def test_plans_wait_as_they_waited(decisions: Deciding, tmp_path: Path, browser: Browser) -> None:
    async with served(settings(decisions.copy(tmp_path), decisions.tables)) as it, visit(it, browser) as who:
        made = await first(it, PlanMade.TOPIC)
        await apply_plan(it.hub, decisions.plan, actor=EVA, progress=Quiet())  # a day later, when it is over
        await who.go("/plans")
        now = await who.text("tbody tr")
        page = await who.go(f"/plans?asof={made}")
        then, offered = await cells(page, "tbody tr"), await acts(page)
        await page.goto(f"{it.url}/plans?asof={made - 1}")
        earlier = await who.text()

    assert "refused" in now
    assert then[3].startswith("? waiting until")
    assert offered == 0
    assert "No plan was made by then" in earlier


async def test_failures_and_pairs_are_those_of_then(ledger: Filled, tmp_path: Path, browser: Browser) -> None:
    async with failing(ledger, tmp_path) as it, visit(it, browser) as who:
        before = await it.hub.ledger.last_position()
        await it.hub.ledger.append(refusals([12, 17], "main"))
        await it.hub.projector.catch_up()
        pairs = len((await it.ask("/api/v1/links"))["items"])
        page = await who.go(f"/failures?asof={before}")
        summary, cause, offered = await who.text("#sum"), await who.text(f"#c-main-{LOCKED}"), await acts(page)
        buttons = await page.locator("main .button").count()
        await page.click(f"#c-main-{LOCKED} h2 a")
        hit, picks = await page.locator("tbody tr").count(), await acts(page)
        await page.goto(f"{it.url}/failures?asof=0")
        nothing = await who.text("#desk")
        page = await who.go(f"/links?asof={before}")
        joined, changes = (
            await page.locator("tbody tr").count(),
            await page.locator("main a:has-text('Unlink')").count(),
        )
        page = await who.go("/links?asof=0")
        none = await who.text("#list")

    assert summary.startswith("10 records do not go on, for 5 causes")
    assert "2 records" in cause
    assert (offered, buttons, hit, picks) == (0, 0, 2, 0)
    assert "No open failures" in nothing
    assert (joined, changes) == (pairs, 0)
    assert "No pair fits" in none


async def test_drift_and_batches_are_told_as_they_were(decisions: Deciding, tmp_path: Path, browser: Browser) -> None:
    async with served(settings(decisions.copy(tmp_path), decisions.tables)) as it, visit(it, browser) as who:
        await who.go("/drift")
        figures, found = await who.text(".cards"), await who.text("#list")
        before = await it.hub.ledger.last_position()
        wish = {"action": "keep-target", "connection": "main", "verdict": "target", "reason": "agreed on site"}
        batch = (await it.ask("/api/v1/drift/resolve", "POST", json=wish, status=201))["batch"]
        frozen = await it.hub.ledger.last_position()
        await run(it.hub, batch, actor=EVA)
        await who.go("/drift")
        now = await who.text("#list")
        page = await who.go(f"/drift?asof={before}")
        then, how_much, offered = await who.text("#list"), await who.text(".cards"), await acts(page)
        await page.select_option("[name=verdict]", "target")
        await page.wait_for_url(f"**/drift?verdict=target&asof={before}")
        await page.goto(f"{it.url}/drift?asof=0")
        nothing, never = await who.text("#list"), await who.text(".cards")
        page = await who.go(f"/batches?asof={frozen}")
        await page.click("tbody th a")
        waiting, buttons = await who.text("#progress"), await acts(page)
        await page.goto(f"{it.url}/batches/{batch}")
        over = await who.text("#progress")
        await page.goto(f"{it.url}/batches?asof={before}")
        none = await who.text()

    for number in ("PO4", "01-100"):
        assert number in found
        assert number in then
    assert "Renamed on site" in then
    assert "Renamed on site" not in now
    assert offered == 0
    assert how_much.split(" in ")[0] == figures.split(" in ")[0] == "3 Changed there"
    assert "Nothing stands otherwise" in nothing
    assert "was never looked over until then" in never
    assert (waiting.split(" had")[0], buttons) == ("• frozen 0 of 2", 0)
    assert "ended" in over
    assert "No batches by then" in none


async def test_a_page_of_the_present_says_so_instead_of_showing_it_as_the_past(ledger: Filled, tmp_path: Path) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        cookie = await it.session("anna", Role.ADMIN, Right.PUSH_TO_ACCOUNTING, Right.GRANT)
        headers = {"Cookie": cookie, "Accept": "text/html"}
        wrong: list[str] = []
        told: set[int] = set()
        for route in PAGES:
            if route.method != "GET" or route.action is None:
                continue
            path = address(route)
            async with it.request(f"{path}{'&' if '?' in path else '?'}asof=9", token=None, headers=headers) as answer:
                words = await answer.text()
            refused = answer.status == 422 and "this page tells the present only" in words
            if refused == route.past or (refused and "shows how it was then" in words):
                wrong.append(f"{route.path}: {answer.status}")
            if route.past:
                told.add(answer.status)

    assert wrong == []
    assert told == {200, 404, 422}  # shown, or nothing has this id or place
