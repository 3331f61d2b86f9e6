"""Finding by whatever number somebody has, and the tail of everything that happens."""

from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from hub.access import Role
from tests.hub.failing import named
from tests.hub.web.harness import Filled, served, settings
from tests.hub.web.pages.browser import sound, visit
from tests.hub.web.pages.mending import failing, refused_again

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_one_thing_that_is_called_so_is_shown_at_once_whatever_its_number_is(
    ledger: Filled, tmp_path: Path
) -> None:
    async with failing(ledger, tmp_path) as it:
        wish = {"filter": {"cause": "PROCORE_LOCKED"}, "reason": "the budget is open"}
        batch = (await it.ask("/api/v1/failures/retry", "POST", json=wish, status=201))["batch"]
        [(delivery, procore, story, position)] = await it.hub.ledger.rows(
            "SELECT d.delivery, x.procore_id, d.correlation_id, d.position FROM delivery d JOIN cross_reference x"
            " ON x.record = d.record WHERE d.connection = 'main' AND x.bc_number = 'PO1' ORDER BY d.position LIMIT 1"
        )
        [order] = [each for each in (await it.ask("/api/v1/find?q=PO1"))["items"] if each["connection"] == "main"]
        cookie = {"Cookie": await it.session("anna", Role.READ)}
        places: dict[str, str] = {}
        for words in ("PO-7", "po-7", str(named(7)), delivery, batch, story, procore):
            async with it.request("/find", token=None, headers=cookie, params={"q": f" {words} "}) as answer:
                places[words] = answer.headers.get("Location", "")
        async with it.request("/find", token=None, headers=cookie, params={"q": str(position)}) as answer:
            event = answer.headers.get("Location", "")

    mine = f"/records/{order['record']}"
    assert places == {
        "PO-7": f"/records/{named(7)}",
        "po-7": f"/records/{named(7)}",
        str(named(7)): f"/records/{named(7)}",
        delivery: f"{mine}?tab=attempts",
        batch: f"/batches/{batch}",
        story: f"/tail?story={story}",
        procore: mine,
    }
    assert event == f"{mine}#p{position}"


@pytest.mark.requirement("ER-01")
async def test_what_comes_near_is_listed_and_nothing_of_others(
    ledger: Filled, tmp_path: Path, browser: Browser
) -> None:
    async with failing(ledger, tmp_path) as it, visit(it, browser, Role.READ, rights=(), at="main") as who:
        page = await who.go("/records")
        await page.fill("#find", "PO-")
        await page.press("#find", "Enter")
        close, rows = await who.text("[role=status] >> nth=0"), await page.locator("main tbody tr").count()
        await who.go("/find?q=PO9")
        hidden = await who.text()
        await who.go("/find?q=%3Cb%3E")
        none = await who.text()
        await sound(who, "/find?q=PO-")

    assert "Nothing is called exactly PO-; these come near" in close
    assert rows == 10
    assert "Nothing is called PO9" in hidden
    assert "Nothing is called <b>" in none


async def test_the_tail_follows_is_held_still_and_counts_what_it_missed(
    ledger: Filled, tmp_path: Path, browser: Browser
) -> None:
    async with failing(ledger, tmp_path) as it, visit(it, browser) as who:
        page = await who.go("/tail?event=delivery.&flow=purchase-order-to-commitment")
        first = page.locator("#tail-rows tr >> nth=0")
        await it.ask(f"/api/v1/records/{named(2)}/retry", "POST", json={"reason": "open"}, status=201)
        await refused_again(it, 2)
        await expect(first).to_contain_text("refused: header: The budget 2 is locked")
        names = await page.locator("#tail-rows td:nth-child(3)").all_text_contents()
        await page.click("#live")
        await it.ask(f"/api/v1/records/{named(7)}/retry", "POST", json={"reason": "open"}, status=201)
        await refused_again(it, 7)
        await expect(page.locator("#live")).to_contain_text("3 new")
        held = await first.text_content()
        await page.click("#live")
        await expect(first).to_contain_text("The budget 7 is locked")
        await first.locator("a >> nth=0").click()
        title = await who.text("h1")
        await sound(who, "/tail")

    assert all(name.startswith("delivery.") for name in names)
    assert "The budget 2 is locked" in str(held)
    assert title == "Commitment PO-7"


async def test_without_a_script_the_tail_shows_its_newest_page_and_older_ones(
    ledger: Filled, tmp_path: Path, browser: Browser
) -> None:
    at = settings(ledger.copy(tmp_path), ledger.tables)
    async with served(at) as it, visit(it, browser, java_script_enabled=False) as who:
        page = await who.go("/tail")
        newest = [int(text) for text in await page.locator("#tail-rows td:last-child").all_text_contents()]
        await page.click("text=Older ones")
        older = [int(text) for text in await page.locator("#tail-rows td:last-child").all_text_contents()]

    assert newest == sorted(newest, reverse=True)
    assert len(newest) == 200
    assert max(older) < min(newest)
