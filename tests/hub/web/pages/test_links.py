"""Links: listed, proposed, joined one by one and from a table, cut with a reason, and refused in words."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser

from adapters.ports import FixedClock
from hub.access import Role
from hub.operations.link_lists import MOST, as_table, read_wishes
from tests.hub.web.harness import Filled, Web, served, settings
from tests.hub.web.pages.browser import sound, visit
from tests.journeys.harness import World, sqlite, world

browsing = pytest.mark.asyncio(loop_scope="session")
FOREIGN = {"Sec-Fetch-Site": "same-origin"}


@asynccontextmanager
async def staged(folder: Path) -> AsyncGenerator[tuple[World, Web, int, int]]:
    """A project and a vendor that stand in Procore already, made by people; with their ids there."""
    async with world(sqlite(folder)) as it:
        it.basics()
        project = it.procore.add_project("Harbour tower", project_number="JOB1")["id"]
        it.project("JOB1", tasks=("01-100",))
        it.vendor("V2", in_procore=False)
        vendor = it.procore.add_vendor("Vendor V2")["id"]
        await it.sync()
        async with served(settings(it.store, {"main": it.sandbox.connection()}), FixedClock(it.clock.now())) as web:
            yield it, web, project, vendor


@browsing
@pytest.mark.requirement("C-55", "ER-26")
async def test_a_proposal_is_joined_with_a_reason_and_a_table_pair_by_pair(tmp_path: Path, browser: Browser) -> None:
    async with staged(tmp_path) as (it, web, project, vendor), visit(web, browser, expected=["409", "422"]) as who:
        places = it.places()
        page = await who.go("/links/proposals")
        await page.select_option("[name=flow]", "project-to-project")
        await page.click("button:has-text('Look in Procore')")
        proposed = await who.text("main table")
        await page.click("a:has-text('Link…')")
        await page.fill("[name=reason]", "same site")
        await page.click("button:has-text('Link them')")
        said = await who.text(".banner.good")

        await who.go("/links/import")
        table = f"flow;business_central;procore\nvendor-to-company;V2;{vendor}\nvendor-to-company;V9;1\n"
        await page.fill("[name=table]", f"{table}vendor-to-company;V2;{vendor}\n")
        await page.click("button:has-text('Look at them')")
        looked = await page.locator("main table tbody tr").all_text_contents()
        untouched = (await web.ask("/api/v1/links?q=V2"))["items"]
        await page.fill("[name=reason]", "agreed list")
        await page.click("button:has-text('Join the 1')")
        ended = await who.text("main .card h2")
        await page.click("a:has-text('Show what the next round carries')")
        joined = (await web.ask("/api/v1/links?q=V2"))["items"]
        waiting = await page.locator("main tbody tr").all_text_contents()
        written = it.written(places)

        await page.click("main tbody tr:has-text('JOB1') a:has-text('Unlink')")
        await page.fill("[name=reason]", "wrong site")
        await page.click("button.grave")
        refused = await who.text(".banner.bad")
        kept = await page.input_value("[name=reason]")

    assert str(project) in proposed
    assert "Harbour tower" in proposed
    assert "JOB1 is linked with projects" in said
    assert [("fine" in row, "refused" in row) for row in looked] == [(True, False), (False, True), (False, True)]
    assert "There is no vendor V9" in looked[1]
    assert "line 2 names the same record already" in looked[2]
    assert untouched == [], "a preview joins nothing"
    assert ended == "1 of 1 pairs are joined"
    assert [(each["procore_id"], each["how"]) for each in joined] == [(str(vendor), "by hand")]
    assert len(waiting) == 1, "a company has nothing to carry, the project has"
    assert "not carried yet" in waiting[0]
    assert "by hand, user:anna@example.com" in waiting[0]
    assert written == 0
    assert "Not done" in refused
    assert kept == "wrong site"


@browsing
@pytest.mark.requirement("ER-62")
async def test_without_a_script_a_reset_takes_a_reason_and_readers_are_offered_nothing(
    ledger: Filled, tmp_path: Path, browser: Browser
) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        async with visit(it, browser, java_script_enabled=False) as who:
            page = await who.go("/links?q=PO1")
            await page.click("main tbody tr:has-text('purchaseOrders') a:has-text('Reset')")
            await page.fill("[name=reason]", "rehearsal is over")
            await page.click("button.grave")
            said = await who.text(".banner.good")
            await who.go("/links?q=PO1")
            gone = await who.text()
        async with visit(it, browser, Role.READ, rights=()) as who:
            await who.go("/links?flow=project-to-project")
            seen = await who.text()
            offered = await who.page.locator("main .tabs, main a:has-text('Unlink')").count()
        cookie = {"Cookie": await it.session("rita", Role.STANDARD), **FOREIGN}
        form = {"connection": "main", "flow": "vendor-to-company", "bc_id": "V1", "procore_id": "1", "reason": "x"}
        async with it.request("/links/link", "POST", None, data=form, headers=cookie) as answer:
            refused = answer.status

    assert "PO1" in said
    assert "No pair fits" in gone
    assert "JOB1" in seen
    assert offered == 0
    assert refused == 403


@browsing
async def test_everybody_can_use_it(ledger: Filled, tmp_path: Path, browser: Browser) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it, visit(it, browser) as who:
        await sound(who, "/links")
        await sound(who, "/links/import")


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("", "table: it holds no pair"),
        ("flow,business_central,procore", "table: it holds no pair"),
        ("vendor-to-company,V1", "line 1: it has 2 of the cells"),
        ("vendor-to-company,V1,1\nvendor-to-company,,2", "line 2: it has 2 of the cells"),
        ("vendor-to-company,V1,1,why,more", "line 1"),
        ('vendor-to-company,"V1,1', "table: "),
        ("vendor-to-company,V1,1\n" * (MOST + 1), f"table: it holds {MOST + 1} pairs"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused_by_line(table: str, says: str) -> None:
    with pytest.raises(Exception, match=says.replace("(", r"\(")):
        read_wishes(table)


def test_a_table_is_read_as_spreadsheets_write_it() -> None:
    read = [read_wishes(table) for table in ('vendor-to-company,V1,1,"a, b"', "vendor-to-company\tV1\t1\ta, b\n\n")]

    assert [(each.line, each.flow, each.bc_id, each.procore_id, each.reason) for each in read[0]] == [
        (1, "vendor-to-company", "V1", "1", "a, b")
    ]
    assert read[0] == read[1]
    assert [each.reason for each in read_wishes(as_table(read[0]))] == ["a, b"]
