"""People change in Procore what the hub wrote: it is found, told, never overwritten unasked, and settled by them."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from domain.notices import Notice
from domain.values import BUSINESS_CENTRAL, PROCORE, System
from hub.drift.looking import Looked
from hub.drift.watching import Watching
from hub.hearing.listening import Listening
from hub.operations import batches
from hub.operations.drift import DriftFilter, DriftRow, drifts, look
from hub.operations.drift_settling import Settled, Wish, chosen, settle
from hub.operations.reconcile import reconcile
from hub.operations.reconciliation import lines
from hub.reconciling.stored import LineFilter
from hub.report import ExitStatus, Halted, Quiet
from hub.schedule import Schedule
from tests.journeys.death import Fate
from tests.journeys.harness import World, sqlite, world
from tests.journeys.quick import quick
from tests.journeys.timecards import FLOW, Site, site

pytestmark = pytest.mark.journey

ANN = "user:ann"
LINES = "crewTimeSheetLines"


async def looked(it: World, **more: Any) -> Looked:
    async with it.hub() as hub:
        return await look(hub, actor=ANN, **more)


async def inbox(it: World, **wanted: str) -> list[DriftRow]:
    async with it.hub() as hub:
        return list((await drifts(hub, DriftFilter(**wanted))).items)


async def told(it: World, **wanted: str) -> list[tuple[str, str, str, str]]:
    return [(row.field, row.verdict, row.base, row.target) for row in await inbox(it, **wanted)]


async def said(it: World, identifier: str, choice: Any, **more: Any) -> Settled:
    async with it.hub() as hub:
        return await settle(hub, identifier, Wish(choice=choice, **more), actor=ANN, reason="as agreed")


def figures(there: Site, entry: int) -> tuple[Any, ...]:
    """What the line of an entry says."""
    (line,) = there.lines(timeSheetLineId=entry)
    return line["resourceNumber"], line["hours"], line["description"]


class Meanwhile(httpx.AsyncBaseTransport):
    """Lets something happen right before the first call of a sort arrives in Business Central."""

    def __init__(self, path: str, act: Callable[[], Awaitable[object]]) -> None:
        self._path, self._act, self._usual = path, [act], Fate().networks()

    def ways(self) -> dict[System, httpx.AsyncBaseTransport]:
        """The ways to both systems."""
        return {**self._usual, BUSINESS_CENTRAL: self}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self._act and request.url.path.endswith(self._path):
            await self._act.pop()()
        return await self._usual[BUSINESS_CENTRAL].handle_async_request(request)

    async def aclose(self) -> None:
        await self._usual[BUSINESS_CENTRAL].aclose()


def contract(it: World) -> dict[str, Any]:
    return it.contracts()[0]


def amounts(it: World) -> dict[str, str]:
    """Of the lines of the only commitment."""
    return {each["origin_id"]: each["amount"] for each in it.lines(contract_id=contract(it)["id"])}


async def a_commitment_gone(it: World) -> dict[str, str]:
    """Somebody removes a commitment with two lines, and a look finds that; the lines that it had."""
    it.typical(lines=2, release=False)
    await it.sync()
    before = amounts(it)
    it.procore.remove("purchase_order_contracts", contract(it)["id"])
    await looked(it)
    assert len(before) == 2
    return before


@pytest.mark.requirement("BX-06")
@quick
async def test_everything_that_the_hub_wrote_itself_is_no_drift_and_nothing_is_written_to_find_out(
    tmp_path: Path,
) -> None:
    async with world(sqlite(tmp_path), filled=True) as it:
        await it.settle()
        places = it.places()
        seen = await looked(it)

        assert (seen.found, seen.unread) == (0, [])
        assert seen.rows > 200
        assert seen.reads < seen.rows
        assert it.written(places) == 0
        assert await inbox(it) == []


@pytest.mark.requirement("BX-06")
@quick
async def test_a_field_changed_there_is_told_kept_safe_and_accepted_until_its_source_changes_it(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.typical(lines=1, release=False)
        await it.sync()
        it.procore.set_fields(contract(it)["id"], title="Renamed on site")
        await looked(it)
        assert await told(it) == [("title", "target", "PO1", "Renamed on site")]
        assert await it.state("PO1") == "synced"

        it.update("purchaseOrders", {"number": "PO1"}, paymentTermsCode="30D")
        await it.sync()
        assert (contract(it)["title"], contract(it)["payment_terms"]) == ("Renamed on site", "30D")

        await said(it, "PO1", "keep-target")
        await it.sync()
        await looked(it)
        assert contract(it)["title"] == "Renamed on site"
        assert await told(it) == []
        assert await told(it, state="accepted") == [("title", "target", "PO1", "Renamed on site")]

        it.update("purchaseOrders", {"number": "PO1"}, yourReference="Concrete, level 2")
        await it.sync()
        assert contract(it)["title"] == "Concrete, level 2"
        assert (await looked(it)).found == 0


@pytest.mark.requirement("BX-06")
@pytest.mark.parametrize("choice", ["", "keep-target"])
@quick
async def test_an_amount_changed_there_is_explained_whatever_else_is_written_after(tmp_path: Path, choice: str) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.typical(lines=1, release=False)
        await it.sync()
        (there,) = it.procore.rows("line_items")
        it.procore.set_line(there["id"], quantity="4")
        await looked(it)
        if choice:
            await said(it, "PO1", choice)
        it.update("purchaseOrders", {"number": "PO1"}, yourReference="Concrete, level 2")
        await it.sync()
        assert contract(it)["title"] == "Concrete, level 2"

        async with it.hub() as hub:
            run = await reconcile(hub, "main", actor=ANN, progress=Quiet())
            found = await lines(hub, run.run, LineFilter(differing=True))
        (line,) = found.items
        assert (line.measure, line.unexplained) == ("committed", "0.00")
        assert {each["kind"] for each in line.explanations} == {"changed-there"}


@pytest.mark.requirement("BX-06")
@quick
async def test_what_both_sides_changed_stops_the_record_until_a_person_chooses(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.typical(lines=2)
        await it.sync()
        first, second = it.lines()
        it.procore.set_line(first["id"], description="By the site")
        it.procore.set_line(second["id"], description="Also by the site")
        await looked(it)
        order = it.row("purchaseOrders", number="PO1")
        it.reopen("PO1")
        it.update("purchaseOrderLines", {"lineNumber": 10000}, description="By the buyer")
        it.release("PO1")
        report = await it.sync()

        assert report.status == ExitStatus.NEEDS_PERSON
        assert await it.state("PO1") == "conflict"
        assert "description was 01-100 SITE, is By the site there, By the buyer in its source" in await it.reasons(
            "PO1"
        )
        assert [each["description"] for each in it.lines()] == ["By the site", "Also by the site"]
        rows = await inbox(it, verdict="conflict")
        assert [(row.source, row.target) for row in rows] == [("By the buyer", "By the site")]

        with pytest.raises(Halted, match="stands in several parts"):
            await said(it, "PO1", "keep-source", fields=("description",))
        await said(it, "PO1", "merge", values={f"{rows[0].part}/description": "Both of them"})
        await it.sync()
        assert [each["description"] for each in it.lines()] == ["Both of them", "Also by the site"]

        await said(it, str(order["number"]), "keep-source")
        await it.sync()
        assert [each["description"] for each in it.lines()] == ["Both of them", "01-100 SITE"]
        assert await it.state("PO1") == "synced"
        assert contract(it)["status"] == "Approved"
        seen = await looked(it)
        assert (seen.found, await inbox(it)) == (0, [])


@pytest.mark.requirement("BX-06", "PP-20")
@quick
async def test_a_row_that_is_gone_is_made_again_and_what_outlived_its_source_is_never_deleted(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.typical(lines=2, release=False)
        await it.sync()
        gone = it.lines()[0]
        it.procore.remove("line_items", gone["id"])
        await looked(it)
        (row,) = await inbox(it)
        assert (row.verdict, row.target_id) == ("gone", str(gone["id"]))
        await said(it, "PO1", "keep-source")
        await it.sync()
        assert [each["description"] for each in it.lines()] == ["01-100 SITE", "01-100 SITE"]
        assert (await looked(it)).found == 0

        places = it.places()
        it.delete("purchaseOrders", number="PO1")
        await it.sync()
        assert [(row.verdict, row.number) for row in await inbox(it)] == [("source-deleted", "PO1")]
        with pytest.raises(Halted, match="Its source is gone"):
            await said(it, "PO1", "keep-source")
        await looked(it)
        assert [row.verdict for row in await inbox(it)] == ["source-deleted"]
        assert it.written(places) == 0

        for each in it.lines():
            it.procore.remove("line_items", each["id"])
        it.procore.remove("purchase_order_contracts", contract(it)["id"])
        await looked(it)
        assert await inbox(it) == []
        assert await it.state("PO1") == "deleted"


@pytest.mark.requirement("BX-06")
@quick
async def test_a_commitment_that_is_gone_is_made_again_with_all_its_lines(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        before = await a_commitment_gone(it)
        await said(it, "PO1", "keep-source")
        await it.sync()
        assert amounts(it) == before
        assert await it.state("PO1") == "synced"
        seen = await looked(it)
        assert (seen.found, seen.unread) == (0, [])


@pytest.mark.requirement("BX-06")
@quick
async def test_a_commitment_that_is_to_stay_away_comes_back_whole_when_its_order_changes(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        before = await a_commitment_gone(it)
        await said(it, "PO1", "keep-target")
        await it.sync()
        assert await it.state("PO1") == "excluded"
        assert it.contracts() == []

        it.update("purchaseOrders", {"number": "PO1"}, yourReference="Concrete, once more")
        await it.sync()
        assert amounts(it) == before
        assert await it.state("PO1") == "synced"


@pytest.mark.requirement("BX-06", "C-19")
@quick
async def test_hours_that_the_office_changed_on_an_open_crew_time_sheet_are_told_and_settled(tmp_path: Path) -> None:
    async with site(tmp_path) as there:
        it, sheet = there.it, there.sheet()
        anna, bert, cora, *more = [there.entry(sheet, name, "2.0") for name in [*there.people] * 4]
        await it.sync()
        places = it.places()
        seen = await looked(it, flow=FLOW)
        assert (seen.found, seen.unread, it.written(places)) == (0, [], 0)
        assert seen.reads < len(more)  # both sorts of row by their ids, and the lists that a decision rests on

        it.update(LINES, {"timeSheetLineId": anna}, hours=Decimal(6))
        it.update(LINES, {"timeSheetLineId": bert}, resourceNumber="R-CORA", hours=Decimal(7))
        it.delete(LINES, timeSheetLineId=cora)
        await looked(it)
        assert sorted(await told(it, project="JOB1")) == [
            ("", "gone", "", ""),
            *[("hours", "target", "2", hours) for hours in ("6", "7")],
            ("resourceNumber", "target", "R-BERT", "R-CORA"),
        ]

        it.procore.time.change(anna, description="Pouring")  # what nobody settled is left alone meanwhile
        await it.sync()
        assert figures(there, anna) == ("R-ANNA", 6, "Pouring")

        await said(it, str(anna), "keep-target")
        await said(it, str(bert), "keep-source", fields=("hours",))
        await said(it, str(bert), "merge", target=("resourceNumber",))
        with pytest.raises(Halted, match="Enter it there by hand"):
            await said(it, str(cora), "keep-source")
        async with it.hub() as hub:
            members, how = await chosen(hub, DriftFilter(flow=FLOW, verdict="gone"))
            batch = await batches.freeze(hub, "keep-source", members, how, reason="ours", actor=ANN)
            view = await batches.run(hub, batch, actor=ANN)
        assert (view.done, view.barred) == (0, 1)
        await said(it, str(cora), "keep-target")
        assert await inbox(it) == []
        assert (await looked(it)).found == 0  # nothing is found anew before it is carried
        places = it.places()
        await it.sync()
        assert figures(there, bert) == ("R-CORA", 2, "")
        assert it.written(places) == 1
        assert [await there.state(each) for each in (anna, bert, cora)] == ["synced"] * 3
        assert ((await looked(it)).found, await inbox(it)) == (0, [])


@pytest.mark.requirement("BX-06", "C-19", "PP-20")
@quick
async def test_a_submitted_crew_time_sheet_is_peoples_own_and_what_was_found_before_is_still_theirs_to_settle(
    tmp_path: Path,
) -> None:
    async with site(tmp_path) as there:
        it, sheet = there.it, there.sheet()
        anna, bert, cora = [there.entry(sheet, name, "2.0") for name in there.people]
        await it.sync()
        it.procore.time.change(cora, hours="3.0")
        async with it.hub(networks=Meanwhile(LINES, it.sync).ways()) as hub:
            assert (await look(hub, flow=FLOW, actor=ANN)).found == 0  # what a round wrote while it was looked at
        assert figures(there, cora) == ("R-CORA", 3, "")

        for entry in (anna, bert):
            it.update(LINES, {"timeSheetLineId": entry}, hours=Decimal(9))
        await looked(it)
        await said(it, str(anna), "keep-target")
        await it.sync()
        places = it.places()
        there.submit("TIME000001")
        it.update(LINES, {"timeSheetLineId": cora}, hours=Decimal(9))
        assert (await looked(it)).found == 0
        assert await told(it) == [("hours", "target", "2", "9")]

        it.procore.time.change(anna, cost_type="M")
        await it.sync()
        words = "crew time sheet TIME000001 is Submitted: cost type L there, M in Procore"
        assert await there.why(anna) == f'["{words}"]'  # its hours were accepted
        await said(it, str(bert), "keep-source")
        await it.sync()
        assert "crew time sheet TIME000001 is Submitted: hours 9 there, 2.00 in Procore" in await there.why(bert)

        (line,) = there.lines(timeSheetLineId=cora)
        it.procore.time.remove(cora)
        await it.sync()
        assert [(row.verdict, row.target_id) for row in await inbox(it)] == [("source-deleted", line["id"])]
        it.delete(LINES, timeSheetLineId=cora)  # its buffer row stays, as the log that it is
        await looked(it)
        assert await inbox(it) == []
        assert it.written(places) == 0


@pytest.mark.requirement("BX-06")
@quick
async def test_many_are_settled_as_one_frozen_batch_and_a_policy_settles_without_asking(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.typical(lines=1)
        await it.sync()
        for each in it.procore.rows("cost_codes"):
            it.procore.set_any("cost_codes", each["id"], name="Renamed")
        await looked(it, flow="project-task-to-cost-code")
        assert len(await inbox(it)) == 2

        async with it.hub() as hub:
            members, how = await chosen(hub, DriftFilter(flow="project-task-to-cost-code"))
            batch = await batches.freeze(hub, "keep-source", members, how, reason="ours", actor=ANN)
            view = await batches.run(hub, batch, actor=ANN)
        assert (view.done, view.barred) == (2, 0)
        await it.sync()
        assert {each["name"] for each in it.procore.rows("cost_codes")} == {"Task 01-100", "Task 03-300"}

        it.more = {"flows": {"project-task-to-cost-code": {"drift": "source"}}}
        it.procore.set_any("cost_codes", next(iter(it.procore.rows("cost_codes")))["id"], name="Renamed again")
        await looked(it)
        await it.sync()
        assert {each["name"] for each in it.procore.rows("cost_codes")} == {"Task 01-100", "Task 03-300"}
        rows = await inbox(it, state="mended")
        assert {(row.actor, row.reason) for row in rows} == {(ANN, "ours"), ("system", 'drift = "source"')}


@pytest.mark.requirement("BX-06")
@quick
async def test_the_service_looks_daily_and_soon_after_a_notice_at_what_it_names(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.typical(lines=1, release=False)
        await it.sync()
        async with it.hub() as hub:
            schedule = Schedule(hub, {"main": timedelta(minutes=1)})
            watching = Watching(hub, schedule)
            whole = await watching.turn("main")
            assert whole is not None
            assert (whole.found, await watching.turn("main")) == (0, None)

            it.procore.set_fields(contract(it)["id"], title="Renamed on site")
            it.procore.set_any("cost_codes", next(iter(it.procore.rows("cost_codes")))["id"], name="Not told")
            told = Notice(
                system=PROCORE,
                id="n1",
                reason="update",
                said="update",
                resource="Purchase Order Contracts",
                resource_id=str(contract(it)["id"]),
            )
            hints: list[str] = []
            listening = Listening(hub, hub.access, lambda name, _kinds: hints.append(name))
            assert await listening.store("main", [told], "webhook") == 1
            await hub.projector.catch_up()
            narrow = await watching.turn("main")
            assert narrow is not None
            assert (narrow.found, narrow.records) == (1, 1)
            assert narrow.reads < whole.reads
            assert await watching.turn("main") is None

            it.clock.skip(timedelta(days=1))
            again = await watching.turn("main")
            assert again is not None
            assert again.found == 1
        assert {row.field for row in await inbox(it)} == {"title", "name"}
