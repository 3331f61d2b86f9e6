"""Money on pages: whether both systems agree, job by job and line by line, and what accounting takes with it."""

import csv
import io
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from playwright.async_api import Browser, expect

from adapters.ports import FixedClock
from domain.events import Linked, LinkRow
from hub.access import Right, Role
from hub.operations.reconcile import reconcile
from hub.report import Quiet
from tests.hub.web.harness import NOW, Filled, Web, served, settings
from tests.hub.web.pages.browser import sound, visit
from tests.journeys import serving
from tests.journeys.harness import World, line, sqlite, world
from tests.journeys.quick import run
from tests.projections.documents import Documents, record_of
from tests.projections.test_job_cost import entry, planned

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def a_difference(it: World) -> None:
    """An order of 40.02 is carried, one of 170.00 is not flagged; then a line of 20.00 shows 0.01 without a reason."""
    it.typical()
    it.order("PLAIN", "JOB1", [line("03-300", "SITE", "L", "1", "170")], sendToProcore=False)
    await it.settle()
    contract = it.contracts(number="PO1")[0]
    it.procore.state.table("line_items")[it.lines(contract_id=contract["id"])[0]["id"]]["amount"] = "0.01"


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Filled:
    """A ledger in which a comparison found this difference."""
    folder = tmp_path_factory.mktemp("compared")

    async def story() -> dict[str, Any]:
        async with world(sqlite(folder)) as it:
            await a_difference(it)
            async with it.hub() as hub:
                await reconcile(hub, "main", actor="cli:anna", progress=Quiet())
            return {"main": it.sandbox.connection()}

    return Filled(folder / "ledger.db", run(story))


async def shared(it: Web, number: str) -> None:
    """A project that was made from a change order stands in the project of JOB1, too."""
    [(there,)] = await it.hub.ledger.rows("SELECT procore_id FROM cross_reference WHERE flow = 'project-to-project'")
    documents = Documents()
    documents.seen("project", number, {"number": number})
    linked = Linked(
        originator_id=record_of(number),
        originator_version=2,
        at=NOW,
        connection="main",
        correlation_id="story",
        causation_id="story",
        actor="system",
        flow="project-to-project",
        links=(LinkRow("projects", "j-2", number, "projects", there, role="derived"),),
    )
    await it.hub.ledger.append([*documents.events, linked], documents.bodies)
    await it.hub.projector.catch_up()


async def the_run(it: Web) -> str:
    """The only comparison."""
    [row] = (await it.ask("/api/v1/reconciliation"))["items"]
    return row["run"]


@pytest.mark.requirement("BX-01")
async def test_a_comparison_that_somebody_asks_for_appears_by_itself(tmp_path: Path, browser: Browser) -> None:
    async with world(sqlite(tmp_path), poll_every="1d") as it:
        await a_difference(it)
        async with serving.served(it) as service, ClientSession() as http:
            web = Web(service.address, service.service, FixedClock(NOW), http)
            async with visit(web, browser, Role.STANDARD) as who:
                page = await who.go("/reconcile")
                nothing = await who.text("#runs")
                await page.fill("[name=projects]", "JOB1")
                await page.click("button:has-text('Compare')")
                await expect(page.locator("#runs tbody tr")).to_have_count(1)
                await page.click("#runs tbody a")
                verdict = await who.text("#verdict")
                await page.goto(f"{web.url}/reconcile")
                await page.click("button:has-text('Count afresh')")
                await page.click("a:has-text('See what was counted')")
                counted = await who.text()

    assert "Both companies were never compared" in nothing
    assert "19.99 USD is explained by nothing" in verdict
    assert "Every record that counts has one state" in counted


@pytest.mark.requirement("BX-01", "C-62")
async def test_a_run_names_what_explains_each_difference_and_is_signed_only_with_the_amount_that_nothing_explains(
    compared: Filled, tmp_path: Path, browser: Browser
) -> None:
    at = settings(compared.copy(tmp_path), compared.tables)
    async with served(at) as it, visit(it, browser, Role.STANDARD, expected=["422"]) as who:
        run_ = await the_run(it)
        page = await who.go(f"/reconcile/{run_}")
        open_ = await who.text("#open tbody")
        lines = await page.locator("#lines tbody tr").all_text_contents()
        href = await page.get_attribute("#lines .exports a", "href")
        async with it.request(str(href)) as answer:
            rows = list(csv.DictReader(io.StringIO((await answer.read()).decode("utf-8-sig"), newline="")))
        await page.select_option("[name=kind]", "not-sent")
        await page.wait_for_url("**kind=not-sent**")
        await expect(page.locator("#lines tbody tr")).to_have_count(1)
        left_out = await who.text("#lines tbody")
        await page.goto(f"{it.url}/reconcile/{run_}")
        await page.fill("#sign textarea", "looks fine")
        await page.click("#sign button")
        refused, kept = await who.text("#refused"), await page.input_value("#sign textarea")
        await page.fill("#sign textarea", "19.99 is being asked about")
        await page.click("#sign button")
        signed = await who.text("#verdict")
        again = await page.locator("#sign").count()

    assert "19.99" in open_
    assert "nobody changed it since" in open_
    assert [row["unexplained"] for row in rows] == ["19.99", "0.00"]
    assert len(rows) == len(lines)
    assert "not-sent 170.00 PLAIN" in rows[1]["explained_by"]
    assert "170.00" in left_out
    assert "19.99 USD is unexplained" in refused
    assert kept == "looks fine"
    assert "by user:anna@example.com" in signed
    assert again == 0


async def test_who_may_only_read_is_offered_nothing_and_refused_when_he_tries(
    compared: Filled, tmp_path: Path, browser: Browser
) -> None:
    at = settings(compared.copy(tmp_path), compared.tables)
    async with served(at) as it, visit(it, browser, Role.READ, rights=()) as who:
        run_ = await the_run(it)
        offered = 0
        for path in ("/reconcile", f"/reconcile/{run_}", "/jobs/JOB1"):
            page = await who.go(path)
            offered += await page.locator("main form[method=post]").count()
        headers = {"Cookie": await it.session("ida", Role.READ), "Sec-Fetch-Site": "same-origin"}
        tried = [
            ("/reconcile", {}),
            ("/reconcile/complete", {}),
            (f"/reconcile/{run_}/sign-off", {"reason": "19.99 is fine"}),
            ("/jobs/JOB1/compare", {}),
            ("/jobs/JOB1/sync", {}),
        ]
        refused: list[int] = []
        for path, form in tried:
            async with it.request(path, "POST", None, data=form or {"x": ""}, headers=headers) as answer:
                refused.append(answer.status)
        plain = await it.session("bob", Role.STANDARD)
        form = {"reason": "19.99 is fine"}
        headers = {"Cookie": plain, "Sec-Fetch-Site": "same-origin"}
        async with it.request(f"/reconcile/{run_}/sign-off", "POST", None, data=form, headers=headers) as answer:
            unsigned = answer.status

    assert offered == 0
    assert refused == [403] * len(tried)
    assert unsigned == 403


async def test_a_job_says_whether_both_systems_agree_and_goes_in_line_without_a_script(
    compared: Filled, tmp_path: Path, browser: Browser
) -> None:
    at = settings(compared.copy(tmp_path), compared.tables)
    async with served(at) as it, visit(it, browser, Role.STANDARD, java_script_enabled=False) as who:
        await shared(it, "JOB1/NPC 2")
        page = await who.go("/jobs")
        row = await who.text("#list tbody tr")
        await page.click("#list tbody a")
        verdict = await who.text("#verdict")
        money = await page.locator("main table >> nth=0 >> tr:has-text('committed') td").all_text_contents()
        await page.click(".tabs a:has-text('Records')")
        flows = await who.text("main table tbody")
        await page.click(".tabs a:has-text('What changed')")
        changed = await who.text()
        await page.click("button:has-text('Sync this job now')")
        said = await who.text(".banner")
        await it.hub.projector.catch_up()
        [(asked,)] = await it.hub.ledger.rows("SELECT asked_for FROM run WHERE asked_by = 'user:anna@example.com'")
        position = (await it.ask("/api/v1/reconciliation"))["items"][0]["position"] - 1
        await page.goto(f"{it.url}/jobs/JOB1?asof={position}")
        before = await who.text("#verdict")
        await who.go("/jobs")
        await page.click("#list tbody a:has-text('JOB1/NPC 2')")
        await page.click(".tabs a:has-text('Records')")
        await page.select_option("[name=flow]", "planning-line-to-budget-line")
        await page.click("button:has-text('Sync this job now')")
        odd = page.url, await who.text(".banner"), await who.text("h1")

    assert "189.99" in row
    assert "Money of this job differs, and nothing explains it" in verdict
    assert "Shares its project of Procore with JOB1/NPC 2" in verdict
    assert money == ["210.02 USD", "20.03 USD", "189.99", "19.99"]
    assert "purchase order to commitment" in flows
    assert "commitment PO1" in changed
    assert "in line" in said
    assert '"project":"JOB1"' in asked
    assert "not compared" in before
    assert "synced" not in before
    assert odd[0] == f"{it.url}/jobs/JOB1%2FNPC%202"
    assert "A round of planning-line-to-budget-line for JOB1/NPC 2 is in line" in odd[1]
    assert "JOB1/NPC 2" in odd[2]


@pytest.mark.requirement("ER-40", "ER-41", "ER-39")
async def test_reports_are_read_narrowed_and_taken_along(compared: Filled, tmp_path: Path, browser: Browser) -> None:
    documents = Documents(after=100)
    documents.seen("planning_line", "P1", planned(1, "1000.00"))
    documents.seen("journal_entry", "7", entry("-5.00", postingDate="2026-03-31"))
    documents.rejected("journal_entry", "7", "Amount is -5.00; it must be greater than 0")
    async with served(settings(compared.copy(tmp_path), compared.tables)) as it:
        await it.hub.ledger.append(documents.events, documents.bodies)
        async with visit(it, browser, Role.READ, rights=(), expected=["403"]) as who:
            page = await who.go("/reports")
            offered = await who.text()
            await page.click("a:has-text('Job costs')")
            await page.fill("[name=month]", "2026-03")
            await page.wait_for_url("**month=2026-03**")
            heads = await page.locator("#list thead th").all_text_contents()
            place = heads.index("Original estimate") + 1
            cells = await page.locator(f"#list tbody tr > :nth-child({place})").all_text_contents()
            href = await page.get_attribute("#list .exports a", "href")
            async with it.request(str(href)) as answer:
                rows = list(csv.DictReader(io.StringIO((await answer.read()).decode("utf-8-sig"), newline="")))
            await page.goto(f"{it.url}/reports/unsyncable-direct-costs?project=JOB1")
            unsent = await who.text("#list tbody")
            forbidden = await page.goto(f"{it.url}/reports/accountants")
        await it.session("eve", Role.STANDARD, Right.PUSH_TO_ACCOUNTING)
        async with visit(it, browser) as who:
            await who.go("/reports/accountants")
            people = await who.text("#list tbody")

    assert "Accounting approvers" not in offered
    assert sum(Decimal(cell.replace(",", "")) for cell in cells) == Decimal(1000)
    assert [Decimal(row["original_estimate"]) for row in rows] == [Decimal(cell.replace(",", "")) for cell in cells]
    assert "it must be greater than 0" in unsent
    assert forbidden is not None
    assert forbidden.status == 403
    assert "eve" in people


async def test_everybody_can_use_them(compared: Filled, tmp_path: Path, browser: Browser) -> None:
    async with served(settings(compared.copy(tmp_path), compared.tables)) as it, visit(it, browser) as who:
        run_ = await the_run(it)
        last = (await it.ask("/api/v1/reconciliation"))["items"][0]["read_from"]
        for path in (
            "/reconcile",
            f"/reconcile/{run_}",
            "/jobs",
            "/jobs/JOB1",
            f"/jobs/JOB1?tab=changes&since={last - 30}",
            "/reports/job-costs",
        ):
            await sound(who, path)
