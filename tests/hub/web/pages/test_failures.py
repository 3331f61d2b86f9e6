"""Failures and batches: few causes for many rows, nothing is touched that was not shown, and all of it is told."""

from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from hub.access import Role
from tests.hub.failing import named, refusals
from tests.hub.web.harness import NOW, Filled, Web
from tests.hub.web.pages.browser import sound, visit
from tests.hub.web.pages.mending import LOCKED, failing, refused_again, unreadable

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.requirement("BX-21", "DC-08")]

FLOW = "purchase-order-to-commitment"


async def retried(it: Web, place: str) -> list[str]:
    """Records to which a batch did it, by the address of its page."""
    rows = await it.hub.ledger.rows(
        "SELECT s.number FROM batch_record b JOIN record_state s ON s.record = b.record AND s.flow = b.flow"
        " WHERE b.batch = ? AND b.result = 'done' ORDER BY s.number",
        (place.rpartition("/")[2],),
    )
    return [row[0] for row in rows]


async def test_a_cause_is_retried_from_the_desk_with_a_reason_and_followed_to_its_end(
    ledger: Filled, tmp_path: Path, browser: Browser
) -> None:
    async with failing(ledger, tmp_path) as it, visit(it, browser, Role.STANDARD, rights=()) as who:
        page = await who.go("/failures")
        summary, first = await who.text("#sum"), await who.text(f"#c-main-{LOCKED}")
        await page.click(f"#c-main-{LOCKED} >> text=Retry all 2…")
        preview = await who.text()
        await page.fill("[name=reason]", "the budget is open")
        await page.click("button:has-text('Retry 2 records')")
        await expect(page.locator("#progress")).to_contain_text("ended")
        heading, story, banner = await who.text("h1"), await who.text(), await who.text(".banner")
        done = await retried(it, page.url.partition("?")[0])
        await page.go_back()
        await page.goto(f"{it.url}/failures")
        after = await who.text("#sum")

    assert "10 records do not go on, for 5 causes; 5 of them need a person" in summary
    assert any(f"PO-{number}: The budget {number} is locked" in first for number in (2, 7))
    assert "To do: unlock it there, then retry. Who: Procore admin; a retry helps once that is done." in first
    assert "Once this is done: unlock it there, then retry" in preview
    assert "The batch of 2 has begun" in banner
    assert heading == "Retry of 2 records"
    assert "the budget is open" in story
    assert done == ["PO-2", "PO-7"]
    assert "8 records do not go on, for 4 causes" in after


async def test_what_changes_between_looking_and_saying_yes_is_left_out(
    ledger: Filled, tmp_path: Path, browser: Browser
) -> None:
    async with failing(ledger, tmp_path) as it, visit(it, browser) as who:
        page = await who.go(f"/batches/new?action=retry&cause={LOCKED}&connection=main")
        await it.hub.ledger.append(refusals([12], "main"))
        await it.ask(f"/api/v1/records/{named(2)}/skip", "POST", json={"reason": "meanwhile"}, status=201)
        await page.fill("[name=reason]", "the budget is open")
        await page.click("main form button")
        banner = await who.text(".banner")
        await expect(page.locator("#progress")).to_contain_text("ended")
        done = await retried(it, page.url)

    assert "The batch of 1 has begun. 1 changed since you looked and is left out." in banner
    assert done == ["PO-7"]


async def test_many_records_take_their_number_typed_and_a_reason(ledger: Filled, tmp_path: Path) -> None:
    async with failing(ledger, tmp_path, 501) as it:
        headers = {"Cookie": await it.session("anna", Role.STANDARD), "Sec-Fetch-Site": "same-origin"}
        upto = await it.hub.projector.catch_up()
        form = {"action": "skip", "flow": FLOW, "connection": "main", "upto": str(upto), "shown": "501"}
        wrong = {**form, "state": "dead", "reason": "the <old> project", "typed": "5"}
        async with it.request("/batches", "POST", None, data=wrong, headers=headers) as answer:
            told = await answer.text()
        async with it.request(
            "/batches", "POST", None, data={**wrong, "typed": "501", "reason": " "}, headers=headers
        ) as answer:
            unsaid = (answer.status, "Say why" in await answer.text())
        none = (await it.ask("/api/v1/batches"))["items"]
        async with it.request("/batches", "POST", None, data={**wrong, "typed": "501"}, headers=headers) as answer:
            begun = answer.status, answer.headers["Location"]
        [batch] = (await it.ask("/api/v1/batches"))["items"]

    assert "Type 501 to say that you mean as many." in told
    assert "the &lt;old&gt; project" in told
    assert unsaid == (422, True)
    assert none == []
    assert begun == (303, f"/batches/{batch['batch']}")
    assert (batch["total"], batch["action"], batch["reason"]) == (501, "skip", "the <old> project")


async def test_without_a_script_picked_records_are_retried_and_a_batch_is_called_off(
    ledger: Filled, tmp_path: Path, browser: Browser
) -> None:
    async with failing(ledger, tmp_path, at_work=False) as it, visit(it, browser, java_script_enabled=False) as who:
        page = await who.go(f"/failures/{LOCKED}")
        await page.check("[name=pick] >> nth=0")
        picked = await page.get_attribute("[name=pick] >> nth=0", "value")
        await page.click("button:has-text('Retry…')")
        title = await who.text("h1")
        await page.fill("[name=reason]", "one of them")
        await page.click("main form button")
        await page.click("button:has-text('Call off the rest')")
        off, batch = await who.text(), page.url.rpartition("/")[2]
        [row] = await it.hub.ledger.rows("SELECT filter, state FROM batch WHERE batch = ?", (batch,))

    assert title == "Retry 1 record?"
    assert "1 were not touched" in off
    assert row[1] == "cancelled"
    assert str(picked) in row[0]


async def test_what_failed_again_of_a_batch_is_chosen_by_itself(
    ledger: Filled, tmp_path: Path, browser: Browser
) -> None:
    async with failing(ledger, tmp_path) as it, visit(it, browser) as who:
        page = await who.go("/batches/new?action=retry&flow=purchase-order-to-commitment&state=dead&connection=main")
        await page.fill("[name=reason]", "all of it")
        await page.click("main form button")
        await expect(page.locator("#progress")).to_contain_text("10 are still under way")
        batch = page.url
        await refused_again(it, 7)
        await expect(page.locator("#progress")).to_contain_text("Retry the failed rest…")
        await page.click("text=Retry the failed rest…")
        title = await who.text("h1")
        await page.click("text=Do nothing")
        back = page.url

    assert title == "Retry 1 record?"
    assert back == batch


async def test_whoever_only_reads_is_offered_nothing_and_refused(
    ledger: Filled, tmp_path: Path, browser: Browser
) -> None:
    async with (
        failing(ledger, tmp_path) as it,
        visit(it, browser, Role.READ, rights=(), expected=["403"]) as who,
    ):
        letter = await unreadable(it)
        page = await who.go("/failures")
        offered = await page.locator(".act").count()
        await page.click("text=1 row could not be read at all")
        letters, shown = await who.text(), await page.locator("text=Show it").count()
        statuses: list[int] = []
        for path in (f"/batches/new?action=retry&cause={LOCKED}", f"/failures/dead-letters/{letter}"):
            answer = await page.goto(f"{it.url}{path}")
            statuses.append(answer.status if answer else 0)
        headers = {"Cookie": await it.session("bob", Role.READ), "Sec-Fetch-Site": "same-origin"}
        for path in ("/batches", "/batches/new", f"/batches/{named(1)}/cancel", f"/batches/{named(1)}/resume"):
            async with it.request(path, "POST", None, data={"reason": "why"}, headers=headers) as answer:
                statuses.append(answer.status)

    assert (offered, shown) == (0, 0)
    assert "it ends too early" in letters
    assert statuses == [403] * 6


async def test_a_dead_letter_shows_what_came(ledger: Filled, tmp_path: Path, browser: Browser) -> None:
    async with failing(ledger, tmp_path, 0) as it, visit(it, browser) as who:
        empty = await (await who.go("/failures")).locator("main").text_content()
        await unreadable(it)
        page = await who.go("/failures/dead-letters")
        await page.click("text=Show it")
        body = await who.text("pre")

    assert "No open failures" in str(empty)
    assert body == '{"number": "PO-77", "lines": ['


async def test_everybody_can_use_every_one_of_these_pages(ledger: Filled, tmp_path: Path, browser: Browser) -> None:
    async with failing(ledger, tmp_path) as it, visit(it, browser) as who:
        wish = {"filter": {"cause": "PROCORE_HEADER_VENDOR_IS_INACTIVE"}, "reason": "the vendor is active"}
        batch = await it.ask("/api/v1/failures/retry", "POST", json=wish, status=201)
        await unreadable(it)
        week = (NOW + timedelta(days=7)).strftime("%Y-%m-%dT00:00:00Z")
        known = {"connection": "main", "until": week, "reason": "closed for the audit"}
        await it.ask(f"/api/v1/failures/{LOCKED}/mute", "POST", json=known)
        looks = (
            "/failures",
            f"/failures/{LOCKED}",
            f"/failures/{LOCKED}/mute?connection=main",
            "/failures/dead-letters",
            "/batches",
        )
        for path in (*looks, f"/batches/{batch['batch']}", "/batches/new?action=skip&connection=main&state=dead"):
            await sound(who, path)


async def test_a_cause_that_people_know_of_is_muted_with_a_reason_and_stands_apart(
    ledger: Filled, tmp_path: Path, browser: Browser
) -> None:
    async with failing(ledger, tmp_path, at_work=False) as it:
        async with visit(it, browser, Role.STANDARD, rights=(), expected=["422"], java_script_enabled=False) as who:
            page = await who.go("/failures")
            await page.click(f"#c-main-{LOCKED} >> text=Mute…")
            await page.fill("[name=reason]", " ")
            await page.click("button:has-text('Mute it')")
            wrong = await who.text("#wrong")
            await page.fill("[name=reason]", "the budget is closed for the audit")
            await page.click("button:has-text('Mute it')")
            said, summary = await who.text(".banner.good"), await who.text("#sum")
            apart = await who.text("#desk h2:has-text('Muted') ~ article")
            await who.go("/")
            first, causes = await who.text("#verdict"), await who.text("#causes")
            page = await who.go("/failures")
            await page.click("text=Raise alarms again")
            loud = await who.text("#sum")
        reader = {"Cookie": await it.session("ida", Role.READ), "Sec-Fetch-Site": "same-origin", "Accept": "text/html"}
        statuses: list[int] = []
        for deed in ("mute", "unmute"):
            async with it.request(f"/failures/{LOCKED}/{deed}", "POST", None, headers=reader, data={}) as answer:
                statuses.append(answer.status)
        async with it.request("/failures", token=None, headers=reader) as answer:
            offered = "Mute…" in await answer.text()

    assert "Say why" in wrong
    assert f"{LOCKED} raises no alarm until" in said
    assert summary.startswith("8 records do not go on, for 4 causes")
    assert summary.endswith("1 more is muted.")
    assert "the budget is closed for the audit" in apart
    assert "user:anna@example.com" in apart
    assert "8 records need somebody" in first
    assert "1 more is muted" in causes
    assert "budget" not in causes
    assert loud.startswith("10 records do not go on, for 5 causes")
    assert (statuses, offered) == ([403, 403], False)
