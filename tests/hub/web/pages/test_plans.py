"""Plans and what-if: what would be written is read field by field first, and then exactly that is sent or nothing."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Browser

from hub.access import EVERY, Role
from tests.hub.web.harness import served, settings
from tests.hub.web.pages.browser import ROOT, sound, visit
from tests.hub.web.pages.deciding import Deciding, cells
from tests.journeys import serving
from tests.journeys.harness import line, sqlite, world
from tests.journeys.quick import quick
from tests.journeys.serving import Served
from tests.journeys.test_http_planning import RARELY
from tests.journeys.test_http_planning import settled as first_round_ended

browsing = pytest.mark.asyncio(loop_scope="session")


@browsing
@pytest.mark.requirement("BX-04")
async def test_a_plan_tells_every_write_with_what_stands_there_and_its_calls(
    decisions: Deciding, tmp_path: Path, browser: Browser
) -> None:
    at = settings(decisions.copy(tmp_path), decisions.tables)
    async with served(at) as it, visit(it, browser, expected=["404"]) as who:
        page = await who.go("/plans")
        listed = await cells(page, "tbody tr")
        await page.click("tbody a")
        cards, first = await who.text(".cards"), await cells(page, "#writes tbody:first-of-type")
        shut = await page.is_visible("button:has-text('Carry out')")
        await page.click("#apply summary")
        ask = await who.text("#apply")
        await page.goto(f"{it.url}/plans/{decisions.plan}?from=2")
        beyond = await who.text()

    assert listed[1:3] == [decisions.plan[:12], "user:eva@example.com"]
    assert "2 writes" in cards
    assert "vendor to company" in cards
    assert first[:2] == ["1", "1"]
    assert "V9" in first[2]
    assert first[7:10] == ["procoreSyncStatus", "_x0020_", "Synced"]
    assert not shut
    assert "nothing is sent" in ask
    assert "the plan has 2 writes" in beyond


@browsing
@pytest.mark.requirement("BX-04", "ER-01")
async def test_what_if_says_what_other_settings_would_do_and_names_a_wrong_one(
    decisions: Deciding, tmp_path: Path, browser: Browser
) -> None:
    at = settings(decisions.copy(tmp_path), decisions.tables)
    async with served(at) as it:
        async with visit(it, browser, expected=["422"]) as who:
            before = await it.hub.ledger.last_position()
            page = await who.go("/what-if")
            await page.fill("textarea", "flows.nobody.status = 1")
            await page.click("button:has-text('Try')")
            wrong, kept = await who.text("#wrong"), await page.input_value("textarea")
            await page.fill("textarea", 'flows.purchase-order-to-commitment.status.Released = "Submitted"')
            await page.click("button:has-text('Try')")
            answer, counts = await who.text("#answer p"), await cells(page, "#answer table:first-of-type tbody tr")
            same = await it.hub.ledger.last_position() == before
        async with visit(it, browser, Role.READ, rights=(), user="ida", expected=["403"]) as who:
            page = await who.go("/plans")
            forms, links = await page.locator("main form").count(), await page.locator("tbody a").count()
            answered = await page.goto(f"{it.url}/what-if")
        reader = {"Cookie": await it.session("ida", Role.READ), "Sec-Fetch-Site": "same-origin", "Accept": "text/html"}
        statuses: list[int] = []
        for path in ("/plans", f"/plans/{decisions.plan}/apply", "/what-if"):
            async with it.request(path, "POST", None, headers=reader, data={"settings": "x"}) as refused:
                statuses.append(refused.status)

    assert "there is no such setting to try" in wrong
    assert kept == "flows.nobody.status = 1"
    assert "would come to something else" in answer
    assert counts[:4] == ["purchase order to commitment", "✓ synced", "? awaiting approval", "1"]
    assert same
    assert (forms, links) == (0, 0)
    assert answered is not None
    assert answered.status == 403
    assert statuses == [403, 403, 403]


@browsing
@pytest.mark.parametrize("path", ["/plans", "/plans/PLAN", "/what-if"])
async def test_everybody_can_plan(decisions: Deciding, tmp_path: Path, browser: Browser, path: str) -> None:
    async with served(settings(decisions.copy(tmp_path), decisions.tables)) as it, visit(it, browser) as who:
        await sound(who, path.replace("PLAN", decisions.plan))


async def sent(service: Served, cookie: str, path: str, **fields: str) -> tuple[int, str, str]:
    """A form that was sent: status, where it leads, and the page that it answers with."""
    headers = {"Cookie": cookie, "Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
    async with service.raw("POST", path, token="", headers=headers, data=fields, allow_redirects=False) as answer:
        body = re.sub(r"<[^>]+>|\s+", " ", await answer.text())
        return answer.status, answer.headers.get("Location", ""), " ".join(body.split())


@pytest.mark.journey
@pytest.mark.requirement("BX-04")
@quick
async def test_a_plan_is_made_and_carried_out_by_forms_and_refused_when_the_world_moved(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path), **RARELY) as it:
        it.basics()
        it.project("JOB1", tasks=("01-100",), segments=("SITE",))
        async with serving.served(it) as service:
            await first_round_ended(service)
            access = service.service.hub.access
            await access.put_user(ROOT, "anna", roles={EVERY: Role.STANDARD})
            cookie = "__Host-session=" + await access.book.start_session("anna")
            it.order("PO1", "JOB1", [line("01-100", "SITE", "M", "2", "10.50")], release=True)
            places = it.places()
            status, place, _ = await sent(
                service, cookie, "/plans", flow="", project="", since="", until="", full="true"
            )
            assert (status, it.written(places)) == (303, 0)

            it.reopen("PO1")
            it.update("purchaseOrders", {"number": "PO1"}, yourReference="Gate 3")
            it.release("PO1")
            status, _, page = await sent(service, cookie, f"{place}/apply", number="")
            assert (status, it.written(places)) == (409, 0)
            assert "Nothing was sent" in page
            assert "PO1" in page
            assert "Make it anew" in page

            _, place, _ = await sent(service, cookie, "/plans", full="true")
            status, again, _ = await sent(service, cookie, f"{place}/apply")
            assert (status, again) == (303, place)
            assert [row["title"] for row in it.contracts()] == ["Gate 3"]
            status, _, page = await sent(service, cookie, "/plans", flow="nobody")
            assert (status, "is no flow" in page) == (422, True)
