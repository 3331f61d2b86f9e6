"""Connections: how each stands, as whom, until when; checked, paused and resumed by those who may."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import anyio
import pytest
from playwright.async_api import Browser, expect

from adapters.outbound.calls import Quota
from domain.events import Rejected, Violation
from hub.access import Role
from hub.hearing.subscribing import Standing
from hub.pauses import pause_of
from hub.queries.standing import environment
from tests.hub.web.harness import NOW, Filled, Web, served, settings
from tests.hub.web.pages.browser import sound, visit

pytestmark = pytest.mark.asyncio(loop_scope="session")


class Told:
    """A system that has said this much of our allowance."""

    def __init__(self, quota: Quota) -> None:
        self.quota = quota


class Joined:
    """A connection at work."""

    def __init__(self, **quotas: Quota) -> None:
        self.targets = {system: Told(quota) for system, quota in quotas.items()}


@pytest.mark.requirement("BX-22")
async def test_a_connection_tells_as_whom_until_when_and_what_is_left(
    ledger: Filled, tmp_path: Path, browser: Browser
) -> None:
    at = settings(ledger.copy(tmp_path), ledger.tables, public_url="https://hub.example.com", secret_key="env:ADMIN")
    async with served(at) as it, visit(it, browser, Role.READ, rights=()) as who:
        hour = timedelta(hours=1)
        quota = Quota(limit=3600, remaining=3000, reset=NOW + hour, token_until=NOW + hour)
        pairs: dict[str, Any] = it.service.schedule.pairs
        pairs["main"] = Joined(business_central=Quota(token_until=NOW - hour), procore=quota)
        assert it.service.subscribing is not None
        it.service.subscribing.standing["main"] = Standing(
            {("business_central", "purchaseOrders"): NOW + timedelta(days=3)}, ["vendors: refused with 403"]
        )
        await who.go("/connections")
        listed = await who.text()
        await who.page.click("main tbody a:has-text('main')")
        told = await who.text()
        forms = await who.page.locator("main form").count()

    assert "main TEST" in listed
    assert "north TEST" in listed
    assert "3,000 of 3,600" in told
    assert "ended" in told
    assert "the next call gets another" in told
    assert "env:SITELEDGER_SANDBOX_SECRET" in told
    assert "purchaseOrders" in told
    assert "vendors: refused with 403" in told
    assert "1 parked" in told
    assert forms == 0, "a reader is offered nothing to do"


async def test_an_admin_pauses_with_a_reason_and_resumes_and_everybody_sees_it(
    ledger: Filled, tmp_path: Path, browser: Browser
) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it, visit(it, browser) as who:
        page = await who.go("/connections/main")
        await page.click("button:has-text('Pause…')")
        await page.fill("dialog [name=reason]", "month end")
        await page.click("button:has-text('Pause main')")
        await expect(page.locator("#standing-main")).to_contain_text("Paused by user:anna@example.com")
        kept = await pause_of(it.hub.ledger, "main")
        await sound(who, "/connections")
        listed = await who.text("#c-main")
        page = await who.go("/connections/main")
        await page.click("button:has-text('Resume')")
        said = await who.text(".banner")
        gone = await pause_of(it.hub.ledger, "main")

    assert (kept.paused, kept.reason, kept.actor) == (True, "month end", "user:anna@example.com")
    assert "month end" in listed
    assert "works again" in said
    assert not gone.paused


async def test_without_a_script_it_is_paused_and_checked_and_who_may_not_is_refused(
    ledger: Filled, tmp_path: Path, browser: Browser
) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        async with visit(it, browser, java_script_enabled=False) as who:
            page = await who.go("/connections/main")
            await page.click("button:has-text('Check both systems')")
            checks = await who.text("#checks")
            await page.click("noscript >> a:has-text('Pause')")
            await page.fill("[name=reason]", "month end")
            await page.click("button:has-text('Pause main')")
            standing = await who.text("#standing-main")
        cookie = {"Cookie": await it.session("olaf", Role.STANDARD), "Sec-Fetch-Site": "same-origin"}
        async with it.request("/connections/main/resume", "POST", None, data={}, headers=cookie) as answer:
            refused = answer.status

    assert "checks failed" in checks
    assert "What to do:" in checks
    assert "month end" in standing
    assert refused == 403


@pytest.mark.requirement("MA-05", "MA-06", "BX-15")
async def test_companies_that_do_not_belong_together_are_shouted_about(
    ledger: Filled, tmp_path: Path, browser: Browser
) -> None:
    main: dict[str, Any] = ledger.tables["main"]
    shouted: list[tuple[str, int]] = []
    tables = {"main": {**main, "kind": "production", "procore": {**main["procore"], "company_id": 4711}}}
    async with served(settings(ledger.copy(tmp_path), tables)) as it, visit(it, browser, expected=["404"]) as who:
        for path in ("/nowhere", "/", "/connections", "/records"):
            await who.go(path)
            shouted.append((path, await who.page.locator("header + .banner.bad").count()))
        shouting = await who.text("header + .banner.bad")
        await sound(who, "/connections/main")
        told = await who.text("main .banner.bad")

    assert shouted == [("/nowhere", 0), ("/", 1), ("/connections", 1), ("/records", 1)]
    assert "main joins companies that do not belong together" in shouting
    assert "kind was test and is production now" in told
    assert "procore_company was 9007199001 and is 4711 now" in told
    assert "Business Central belongs to sandbox of Procore, the connection is of kind production" in told


async def test_the_environment_is_read_from_the_address() -> None:
    cloud = "https://api.businesscentral.dynamics.com/v2.0/contoso.onmicrosoft.com/Production/api"

    assert environment(cloud) == "Production"
    assert environment("https://erp.example.com/api") == ""


async def test_what_needs_a_person_is_counted_and_changes_where_it_stands(
    ledger: Filled, tmp_path: Path, browser: Browser
) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it, anyio.create_task_group() as tasks:
        tasks.start_soon(it.service.tail.run)
        async with visit(it, browser, expected=["404"]) as who:
            page = await who.go("/connections")
            before = await who.text("#c-main td:last-child")
            parked = await it.ask("/api/v1/records?connection=main&state=parked&limit=1")
            await rejected(it, parked["items"][0])
            await expect(page.locator("#c-main td:last-child")).to_have_text("1")
            assert before == "0"
        tasks.cancel_scope.cancel()


async def rejected(it: Web, row: dict[str, Any]) -> None:
    """The source of a record breaks a rule."""
    version = (await it.ask(f"/api/v1/records/{row['record']}/timeline?limit=1000"))["items"]
    event = Rejected(
        originator_id=UUID(row["record"]),
        originator_version=max(each["version"] for each in version) + 1,
        at=NOW,
        connection="main",
        correlation_id="story",
        causation_id="story",
        actor="system",
        flow=row["flow"],
        violations=(Violation("PP-44", "jobNumber", "the job is missing"),),
    )
    await it.hub.ledger.append([event])
    await it.hub.projector.catch_up()
