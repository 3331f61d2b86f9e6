"""The first page says at first sight whether everything is in step, and if not, what is to be done first."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from anyio import create_task_group, fail_after
from playwright.async_api import Browser, expect

from domain.events import ApprovalRequested, Confirmed, MappingPublished
from domain.values import Digest
from hub.access import Role
from hub.queries.activity import activity
from hub.service import Heartbeat
from tests.hub.web.harness import NOW, Filled, Web, served, settings
from tests.hub.web.pages.browser import sound, visit
from tests.journeys.harness import sqlite
from tests.projections.documents import Documents, record_of
from tests.projections.test_job_cost import entry

pytestmark = pytest.mark.asyncio(loop_scope="session")


def rounds_ended(it: Web, **troubles: list[str]) -> None:
    """Both connections had a round just now."""
    for name in ("main", "north"):
        it.service.beats[name] = Heartbeat(it.clock.now(), troubles.get(name, []), 1)


async def listening(it: Web) -> None:
    """Until the page follows what happens."""
    with fail_after(5):
        while not it.service.tail.streams:
            await it.ask("/healthz", "HEAD")


async def rejected(it: Web, number: str = "7", after: int = 0) -> None:
    """An entry of a journal breaks a rule."""
    documents = Documents(after)
    documents.seen("journal_entry", number, entry("-5.00", id=f"entry-{number}"))
    documents.rejected("journal_entry", number, "Amount is -5.00; it must be greater than 0")
    await it.hub.ledger.append(documents.events, documents.bodies)
    await it.hub.projector.catch_up()


def head(number: str, version: int, **more: Any) -> dict[str, Any]:
    return {
        "originator_id": record_of(number),
        "originator_version": version,
        "at": NOW - timedelta(hours=3),
        "connection": "main",
        "correlation_id": "story",
        "causation_id": "story",
        "actor": "user:ann",
        **more,
    }


async def test_when_nothing_is_to_be_done_it_says_so_and_every_number_leads_to_its_records(
    ledger: Filled, tmp_path: Path, browser: Browser
) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it, visit(it, browser, Role.READ) as who:
        await who.go("/")
        before = await who.text("#verdict")
        rounds_ended(it)
        page = await who.go("/")
        verdict, map_ = await who.text("#verdict"), await who.text("#map")
        counted = await it.hub.ledger.rows("SELECT COUNT(*) FROM record_state WHERE state = 'synced'")
        tile = page.locator("#states a", has_text="synced")
        shown = await tile.locator(".big").text_content()
        await tile.click()
        await page.wait_for_url("**/records?state=synced")
        listed = await page.locator(".list tbody tr").count()

    assert "first round since the start of the service has not ended" in before
    assert "Everything is in step" in verdict
    assert "What to do" not in verdict
    assert shown == str(counted[0][0])
    assert listed == counted[0][0]
    assert "purchase order to commitment from Business Central to Procore" in map_


async def test_what_is_to_be_done_first_comes_first_and_appears_by_itself(
    ledger: Filled, tmp_path: Path, browser: Browser
) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it, create_task_group() as tasks:
        tasks.start_soon(it.service.tail.run)
        async with visit(it, browser, Role.STANDARD) as who:
            rounds_ended(it)
            page = await who.go("/")
            await expect(page.locator("#verdict")).to_contain_text("Everything is in step")
            await listening(it)
            await it.hub.ledger.append(
                [
                    ApprovalRequested(
                        **head("PO-9", 1),
                        flow="purchase-order-to-commitment",
                        kind="commitment",
                        number="PO-9",
                        title="Doors",
                        project="JOB1",
                        hash=Digest("c"),
                        amount="12.00",
                    )
                ]
            )
            await expect(page.locator("#verdict")).to_contain_text("1 document waits for an approver")
            await rejected(it)
            await expect(page.locator("#verdict")).to_contain_text("1 record needs somebody", timeout=8000)
            rounds_ended(it, north=["Procore answers 503"])
            await page.reload()
            todo = await page.locator(".todo > li").all_text_contents()
            says = await who.text(".says")
            cause = await page.get_attribute("#causes a:has-text('Retry or replay')", "href") or ""
            assert "Something needs you" in says
            assert [
                words in line
                for words, line in zip(("north: the last round", "1 record", "1 document"), todo, strict=True)
            ]
            assert "Procore answers 503" in todo[0]
            assert cause.startswith("/failures/")
        it.service.tail.close()
        tasks.cancel_scope.cancel()


async def test_the_chart_tells_each_hour_and_what_was_changed_meanwhile(
    ledger: Filled, tmp_path: Path, browser: Browser
) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it, visit(it, browser) as who:
        published = MappingPublished(
            **head("maps", 1), mapping=1, content=Digest("m"), source="file", draft="", file="f", note="codes"
        )
        await it.hub.ledger.append([published])
        await it.hub.projector.catch_up()
        topic = Confirmed.TOPIC
        counted = await it.hub.ledger.rows("SELECT COUNT(*) FROM event_log WHERE event = ?", (topic,))
        told = {
            span: await activity(it.hub.ledger, ("main", "north"), span, NOW + timedelta(minutes=5))
            for span in ("day", "week", "month")
        }
        confirmed = "SELECT position, at FROM event_log WHERE event = ? ORDER BY position"
        ends = await it.hub.ledger.rows(confirmed, (topic,))
        then = [
            await activity(it.hub.ledger, ("main", "north"), "day", datetime.fromisoformat(at), upto=end)
            for end, at in (ends[2], ends[-1])
        ]
        page = await who.go("/?span=week")
        await expect(page.locator("#activity canvas")).to_have_count(1)
        chosen = await page.locator("#activity [aria-current]").text_content()
        marks = await who.text("#activity ul.plain")
        rows = await page.locator("#activity tbody tr td:nth-of-type(2)").all_text_contents()

    for span, steps in (("day", 24), ("week", 28), ("month", 30)):
        assert len(told[span].steps) == steps
        assert told[span].steps[-1].at <= NOW
    assert sum(step.delivered for step in told["month"].steps) == counted[0][0]
    assert [sum(step.delivered for step in was.steps) for was in then] == [3, counted[0][0]]
    assert "user:ann" not in {mark.actor for was in then for mark in was.marks}
    assert sum(map(int, rows)) == counted[0][0]
    assert chosen == "7 days"
    assert "user:ann" in marks


async def test_before_the_first_record_three_steps_lead_to_it(ledger: Filled, tmp_path: Path, browser: Browser) -> None:
    async with served(settings(sqlite(tmp_path), ledger.tables)) as it, visit(it, browser) as who:
        page = await who.go("/")
        steps = await page.locator(".steps > li").all_text_contents()
        says = await who.text(".says")

    assert len(steps) == 3
    assert "main, north are in the configuration" in steps[0]
    assert "Check the connections" in steps[1]
    assert "Make a plan" in steps[2]
    assert "Nothing was read" in says


async def test_only_what_one_may_see_is_counted_and_offered(ledger: Filled, tmp_path: Path, browser: Browser) -> None:
    at = settings(ledger.copy(tmp_path), ledger.tables)
    async with served(at) as it, visit(it, browser, Role.READ, rights=(), at="north") as who:
        await rejected(it)
        rounds_ended(it, main=["a secret of main"])
        page = await who.go("/")
        whole = await who.text()
        last = await it.hub.ledger.last_position()
        page = await who.go(f"/?asof={last}")
        then = await who.text("#states")
        counted = await it.hub.ledger.rows("SELECT COUNT(*) FROM record_state WHERE connection = 'north'")
        tiles = sum(map(int, await page.locator("#states .big").all_text_contents()))

    assert "a secret of main" not in whole
    assert "Nothing goes wrong" in whole
    assert "synced" in then
    assert tiles == counted[0][0]


async def test_everybody_can_use_it(ledger: Filled, tmp_path: Path, browser: Browser) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it, visit(it, browser) as who:
        await rejected(it)
        rounds_ended(it, north=["Procore answers 503"])
        await sound(who, "/")
