"""Approvals and one request: who decides on exactly what, what changed meanwhile, and who may not."""

from pathlib import Path

import anyio
import pytest
from playwright.async_api import Browser, expect

from hub.access import Role
from hub.operations.approving import approve
from tests.hub.web.harness import Web, served, settings
from tests.hub.web.pages.browser import sound, visit
from tests.hub.web.pages.deciding import EVA, Deciding, cells
from tests.hub.web.test_live import followed

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def place(it: Web, number: str) -> str:
    """The page of a request."""
    [one] = (await it.ask(f"/api/v1/approvals?number={number}"))["items"]
    return f"/approvals/{one['id']}"


async def state(it: Web, number: str) -> str:
    """Where a request stands."""
    [one] = (await it.ask(f"/api/v1/approvals?number={number}"))["items"]
    return one["state"]


@pytest.mark.requirement("ER-29")
async def test_each_list_holds_what_stands_so_and_what_it_comes_to(
    decisions: Deciding, tmp_path: Path, browser: Browser
) -> None:
    async with served(settings(decisions.copy(tmp_path), decisions.tables)) as it, visit(it, browser) as who:
        page = await who.go("/approvals")
        waiting = await page.locator("#list tbody tr th a").all_text_contents()
        first = await who.text("#list tbody tr")
        tabs = await page.locator("#tabs a").all_text_contents()
        await page.click("#tabs a:has-text('Rejected')")
        rejected = await who.text("#list tbody tr")
        await page.goto(f"{it.url}/approvals?tab=again&project=NONE")
        nothing = await who.text("#list")
        await page.goto(f"{it.url}/approvals?tab=all")
        await page.select_option("[name=flow]", "purchase-order-to-commitment")
        await page.wait_for_url("**/approvals?tab=all&flow=purchase-order-to-commitment")
        await expect(page.locator("#list tbody tr")).to_have_count(7)

    assert sorted(waiting) == ["PO1", "PO2", "PO6", "PO7"]
    assert [" ".join(tab.split()) for tab in tabs] == [
        "Ready to export 4",
        "Waiting on me 4",
        "Sent back again 1",
        "Rejected 1",
        "Taken back 1",
        "Accepted 1",
        "All 7",
    ]
    assert "JOB1" in first
    assert "V1" in first
    assert "passed" in first
    assert "PO3" in rejected
    assert "wrong cost code" in rejected
    assert "Nothing was sent back again." in nothing


@pytest.mark.requirement("ER-02", "ER-10")
async def test_a_request_is_read_as_a_document_and_accepted_exactly_so(
    decisions: Deciding, tmp_path: Path, browser: Browser
) -> None:
    async with served(settings(decisions.copy(tmp_path), decisions.tables)) as it, visit(it, browser) as who:
        page = await who.go(await place(it, "PO1"))
        document, budget = await who.text("#document"), await cells(page, "#budget tbody tr:first-child")
        nothing = await who.text("#difference")
        await page.fill("#word textarea", "as offered")
        await page.click("#word button:has-text('Accept 320.97')")
        await page.wait_for_url("**/approvals")
        said = await who.text(".banner.good")
        accepted = await state(it, "PO1")
        page = await who.go(await place(it, "PO7"))
        changed = await cells(page, "#difference tbody")

    # Two lines: 2 at 10.50 and 3 at 99.99. Budgeted were 10 at 40; the others take 2 at 20.50 to 70.50 of it.
    assert "21.00" in document
    assert "299.97" in document
    assert "320.97" in document
    assert budget == ["01-100", "SITE", "M", "400.00", "546.00", "21.00", "! -167.00"]
    assert "all of it would be new" in nothing
    assert "PO1 is accepted" in said
    assert accepted == "accepted"
    assert changed == ["yourReference", "Concrete, level 7", "Concrete, level 3"]


@pytest.mark.requirement("C-28", "ER-29")
async def test_what_changed_after_it_was_looked_at_is_shown_afresh_and_not_decided(
    decisions: Deciding, tmp_path: Path, browser: Browser
) -> None:
    at = settings(decisions.copy(tmp_path), decisions.tables)
    async with served(at) as it, visit(it, browser, expected=["409"]) as who:
        [one] = (await it.ask("/api/v1/approvals?number=PO7"))["items"]
        story = (await it.ask(f"/api/v1/approvals/{one['id']}"))["story"]
        page = await who.go(f"/approvals/{one['id']}")
        # The page was opened while the content of the first request was asked about.
        await page.locator("#word input[name=hash]").first.evaluate(f"it => it.value = '{story[0]['hash']}'")
        async with page.expect_response("**/accept") as answer:
            await page.click("#word button:has-text('Accept')")
        status = (await answer.value).status
        banner, since = await who.text(".banner.bad"), await cells(page, "#since tbody")
        waits = await state(it, "PO7")
        await page.click("#word button:has-text('Accept')")
        await page.wait_for_url("**/approvals")
        after = await state(it, "PO7")

    assert status == 409
    assert "changed since it was reviewed" in banner
    assert since == ["yourReference", "Concrete, level 7", "Concrete, level 3"]
    assert (waits, after) == ("ready", "accepted")


@pytest.mark.requirement("BX-20", "ER-29")
async def test_rejecting_takes_a_reason_and_nobody_accepts_what_they_sent_again(
    decisions: Deciding, tmp_path: Path, browser: Browser
) -> None:
    at = settings(decisions.copy(tmp_path), decisions.tables)
    async with (
        served(at) as it,
        visit(it, browser, user="eva@example.com", expected=["422"], java_script_enabled=False) as who,
    ):
        page = await who.go(await place(it, "PO6"))
        shut = await page.is_disabled("#word button:has-text('Accept')")
        why = await who.text("#why-not")
        page = await who.go(await place(it, "PO2"))
        await page.click("#word button:has-text('Reject')")
        wrong = await who.text("#wrong")
        unmoved = await state(it, "PO2")
        await page.fill("#word textarea", "the price is wrong")
        await page.click("#word button:has-text('Reject')")
        declined = await state(it, "PO2")
        page = await who.go(await place(it, "PO2"))
        story = await who.text("#story")
        await page.fill("#word [name=comment]", "now with the quote")
        await page.click("#word button:has-text('Send it again')")
        resent = await state(it, "PO2")
        page = await who.go(await place(it, "PO2"))
        await page.click("#word button:has-text('Take it back')")
        back = await state(it, "PO2")

    assert shut
    assert "four eyes" in why
    assert "Say what has to change" in wrong
    assert (unmoved, declined, resent, back) == ("ready", "declined", "resent", "waiting")
    assert "declined: the price is wrong" in story


@pytest.mark.requirement("ER-10")
async def test_many_are_looked_over_together_and_what_moved_meanwhile_is_left_alone(
    decisions: Deciding, tmp_path: Path, browser: Browser
) -> None:
    at = settings(decisions.copy(tmp_path), decisions.tables)
    async with served(at) as it, visit(it, browser, expected=["409", "422"]) as who:
        page = await who.go("/approvals?flow=purchase-order-to-commitment")
        for number in ("PO1", "PO2", "PO7"):
            await page.check(f"[aria-label='Pick {number}']")
        await page.click("button:has-text('Accept picked')")
        total, title = await who.text(".big"), await who.text("h1")
        await approve(it.hub, "PO2", actor=EVA)
        await page.click("button:has-text('Accept 3')")
        left, heading = await who.text("main li"), await who.text("h1")
        states = [await state(it, number) for number in ("PO1", "PO2", "PO7")]
        page = await who.go("/approvals")
        await page.check("[aria-label='Pick PO6']")
        await page.click("button:has-text('Reject picked')")
        await page.evaluate("document.querySelector('textarea').required = false")
        await page.click("button:has-text('Reject 1')")
        wrong = await who.text("#wrong")
        await page.fill("textarea", "too dear")
        await page.click("button:has-text('Reject 1')")
        await page.wait_for_url("**/approvals")
        said = await who.text(".banner.good")

    # 320.97 + 340.97 + 440.97
    assert (total, title) == ("1,102.91", "Accept 3 requests?")
    assert heading == "2 accepted, 1 left alone"
    assert "PO2: it was accepted by user:eva@example.com already" in left
    assert states == ["accepted", "accepted", "accepted"]
    assert "Say what has to change" in wrong
    assert said.startswith("1 rejected: PO6.")


@pytest.mark.requirement("ER-02", "ER-03")
async def test_who_is_no_approver_looks_and_learns_who_is(
    decisions: Deciding, tmp_path: Path, browser: Browser
) -> None:
    at = settings(decisions.copy(tmp_path), decisions.tables)
    async with served(at) as it:
        path = await place(it, "PO1")
        async with visit(it, browser, user="eva@example.com"):
            pass
        async with visit(it, browser, Role.STANDARD, rights=(), expected=["403"]) as who:
            page = await who.go("/approvals")
            banner, boxes = await who.text(".banner"), await page.locator("tbody input").count()
            page = await who.go(path)
            word, buttons = await who.text("#word"), await page.locator("#word button:has-text('Accept')").count()
        reader = {"Cookie": await it.session("ida", Role.READ), "Sec-Fetch-Site": "same-origin", "Accept": "text/html"}
        async with it.request(path, token=None, headers=reader) as answer:
            document = answer.status
        async with it.request(f"{path}/accept", "POST", None, headers=reader, data={"hash": "0" * 64}) as answer:
            tried = answer.status

    assert "Who may: eva@example.com" in banner
    assert "eva@example.com" in word
    assert (boxes, buttons) == (0, 0)
    assert (document, tried) == (403, 403)


async def test_a_row_changes_in_its_place_while_somebody_looks(
    decisions: Deciding, tmp_path: Path, browser: Browser
) -> None:
    async with followed(decisions, tmp_path) as it, visit(it, browser) as who:
        page = await who.go("/approvals")
        row = page.locator("tbody tr", has_text="PO2")
        await expect(row.locator("input")).to_have_count(1)
        while not it.service.tail.streams:  # noqa: ASYNC110 - the browser opens it
            await anyio.sleep(0.01)
        await approve(it.hub, "PO2", actor=EVA)
        await expect(row).to_contain_text("accepted")
        await expect(row.locator("input")).to_have_count(0)
        await expect(page.locator("#tabs a[aria-current]")).to_contain_text("3")


@pytest.mark.parametrize("path", ["/approvals", "PO7"])
async def test_everybody_can_decide(decisions: Deciding, tmp_path: Path, browser: Browser, path: str) -> None:
    async with served(settings(decisions.copy(tmp_path), decisions.tables)) as it, visit(it, browser) as who:
        await sound(who, path if path.startswith("/") else await place(it, path))
