"""The inbox of drift: all three values, what stands, one record or many, and nothing that was not looked at."""

from pathlib import Path
from uuid import UUID

import pytest
from playwright.async_api import Browser

from domain.events import DriftField
from domain.record import Record
from domain.values import PROCORE, digest
from hub.access import Role
from hub.acting import moment_of
from hub.records import Records
from tests.hub.web.harness import Web, served, settings
from tests.hub.web.pages.browser import sound, visit
from tests.hub.web.pages.deciding import FLOW, Deciding, cells
from tests.hub.web.test_drift import done

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.requirement("BX-06")]

ORDER = "section.drift:has-text('PO4')"
CODE = "section.drift:has-text('01-100'):not(:has-text('PO4'))"


async def rows(it: Web, state: str = "all") -> dict[str, tuple[str, str]]:
    """Field -> its state and the choice."""
    found = (await it.ask(f"/api/v1/drift?state={state}"))["items"]
    return {row["field"]: (row["state"], row["choice"]) for row in found}


async def renamed_again(it: Web) -> None:
    """A look finds another title than before."""
    [row] = [row for row in (await it.ask("/api/v1/drift"))["items"] if row["field"] == "title"]
    field = DriftField(
        part="header",
        field="title",
        verdict="target",
        endpoint=row["endpoint"],
        target_id=row["target_id"],
        base=digest(row["base"]),
        source=digest(row["source"]),
        target=digest("Renamed once more"),
        was=row["base"],
        wanted=row["source"],
        there="Renamed once more",
    )

    def act(found: dict[UUID, Record], _contents: object) -> tuple[()]:
        [record] = found.values()
        record.find_drift(FLOW, PROCORE, [field], (), moment_of(it.hub.clock, "system", "main"))
        return ()

    await Records(it.hub.ledger, "main").change([UUID(row["record"])], act)  # type: ignore[arg-type]
    await it.hub.projector.catch_up()


async def test_all_three_values_are_told_and_each_field_is_settled_by_itself(
    decisions: Deciding, tmp_path: Path, browser: Browser
) -> None:
    at = settings(decisions.copy(tmp_path), decisions.tables)
    async with served(at) as it, visit(it, browser, expected=["409", "422"]) as who:
        page = await who.go("/drift")
        answer = await who.text(".cards")
        told = (await cells(page, f"{ORDER} tbody tr:first-child"))[:5]
        owner = await who.text(ORDER)
        first, second = page.locator(f"{ORDER} select").nth(0), page.locator(f"{ORDER} select").nth(1)

        await first.select_option("target")
        await page.click(f"{ORDER} button:has-text('Settle as chosen')")
        unsaid, left = await who.text("#wrong"), await rows(it)

        page = await who.go("/drift")
        await renamed_again(it)
        await first.select_option("target")
        await page.fill(f"{ORDER} [name=reason]", "the site knows")
        await page.click(f"{ORDER} button:has-text('Settle as chosen')")
        moved, unmoved = await who.text("#wrong"), await rows(it)
        fresh = (await cells(page, f"{ORDER} tbody tr:first-child"))[4]

        await first.select_option("target")
        await second.select_option("value")
        await page.locator(f"{ORDER} [name=value]").nth(1).fill("Both of them")
        await page.click(f"{ORDER} button:has-text('Settle as chosen')")
        await page.wait_for_url("**/drift")
        said = await who.text(".banner.good")
        settled = await rows(it)

    assert "3 Changed there in 2 records" in answer
    assert told == ["title header", "✎ Changed there", "Concrete, level 4", "Concrete, level 4", "Renamed on site"]
    assert "Business Central owns these fields, they were changed in Procore" in owner
    assert "Say why" in unsaid
    assert {each[0] for each in (*left.values(), *unmoved.values())} == {"open"}
    assert "It changed since you looked" in moved
    assert fresh == "Renamed once more"
    assert said.startswith("PO4: 1 accepted")
    assert settled["title"] == ("accepted", "merge")
    assert settled["description"][1] == "merge"
    assert settled["name"] == ("open", "")


async def test_one_record_is_settled_without_a_script(decisions: Deciding, tmp_path: Path, browser: Browser) -> None:
    at = settings(decisions.copy(tmp_path), decisions.tables)
    async with served(at) as it, visit(it, browser, java_script_enabled=False) as who:
        page = await who.go("/drift")
        await page.fill(f"{CODE} [name=reason]", "codes are ours")
        await page.click(f"{CODE} button[value=keep-source]")
        said = await who.text(".banner.good")
        after = await rows(it)
        page = await who.go("/drift?state=mended")
        story = await who.text("section.drift")

    assert said.startswith("JOB1|01-100: 1 written again")
    assert after["name"] == ("mended", "keep-source")
    assert "keep source, user:anna@example.com: codes are ours" in story


async def test_many_are_settled_as_the_batch_that_was_shown_and_no_other(
    decisions: Deciding, tmp_path: Path, browser: Browser
) -> None:
    at = settings(decisions.copy(tmp_path), decisions.tables)
    async with served(at) as it, visit(it, browser, expected=["404", "409", "422"]) as who:
        page = await who.go("/drift?verdict=target")
        await page.click("button:has-text('Keep what stands there')")
        title, touched = await who.text("h1"), await cells(page, "tbody tr")
        await page.evaluate("document.querySelector('textarea').required = false")
        await page.click("button:has-text('Keep all 2')")
        unsaid = await who.text("#wrong")
        await page.fill("textarea", "agreed on site")
        await page.locator("[name=set]").evaluate("it => it.value = '0'.repeat(64)")
        await page.click("button:has-text('Keep all 2')")
        other, before = await who.text("#wrong"), (await it.ask("/api/v1/batches"))["items"]
        await page.click("button:has-text('Keep all 2')")
        await page.wait_for_url("**/batches/*")
        [batch] = (await it.ask("/api/v1/batches"))["items"]

    assert title == "Keep what stands there: 2 records?"
    assert touched == [
        *("project task to cost code", "Changed there", "1"),
        *("purchase order to commitment", "Changed there", "1"),
    ]
    assert "Say why" in unsaid
    assert "nothing was settled" in other
    assert before == []
    assert (batch["action"], batch["total"], batch["reason"], batch["actor"]) == (
        "keep-target",
        2,
        "agreed on site",
        "user:anna@example.com",
    )


@pytest.mark.requirement("ER-01")
async def test_looking_again_says_what_could_not_be_read_and_who_only_reads_decides_nothing(
    decisions: Deciding, tmp_path: Path, browser: Browser
) -> None:
    at = settings(decisions.copy(tmp_path), decisions.tables)
    async with served(at) as it:
        record = (await it.ask("/api/v1/drift"))["items"][0]["record"]
        async with visit(it, browser) as who:
            page = await who.go("/drift?project=NONE")
            nothing = await who.text("#list")
            page = await who.go("/drift?project=JOB1")
            await page.click("button:has-text('Look again now at this')")
            await page.wait_for_url("**/drift?project=JOB1")
            begun = await who.text(".banner.good") + await who.text("#figures")
            [errand] = (await it.ask("/api/v1/errands"))["items"]
            await done(it, errand)
            await page.reload()
            told = await who.text("#figures")
        async with visit(it, browser, Role.READ, rights=(), user="ida") as who:
            page = await who.go("/drift?verdict=target")
            forms = await page.locator("main form[method=post], main [name=action]").count()
        reader = {"Cookie": await it.session("ida", Role.READ), "Sec-Fetch-Site": "same-origin", "Accept": "text/html"}
        statuses: list[int] = []
        for path in (f"/drift/{record}", "/drift/look", "/drift/settle"):
            async with it.request(path, "POST", None, headers=reader, data={"flow": FLOW, "seen": "1"}) as answer:
                statuses.append(answer.status)

    assert "Nothing stands otherwise than it was written" in nothing
    assert "Looking over main" in begun
    assert "running" in begun
    assert "Not compared: " in told
    assert forms == 0
    assert statuses == [403, 403, 403]


async def test_everybody_can_settle(decisions: Deciding, tmp_path: Path, browser: Browser) -> None:
    async with served(settings(decisions.copy(tmp_path), decisions.tables)) as it, visit(it, browser) as who:
        await sound(who, "/drift?verdict=target")
        await sound(who, "/drift/settle?action=keep-source&verdict=target")
