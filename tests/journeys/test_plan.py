"""A plan writes nothing and says everything; it is carried out exactly as it was reviewed, or not at all."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.sandbox.faults import Fault
from adapters.sandbox.request_log import Entry
from adapters.store import StoreUnavailable
from domain.endpoints import ENDPOINTS
from domain.values import SYSTEMS
from hub.app import lock_of
from hub.due import EVERYTHING, Narrow
from hub.operations.apply import Applied, apply_plan
from hub.operations.plan import LIFETIME, Made, make_plan, plans
from hub.planning import rehearsal
from hub.planning.placeholders import placeholders_in
from hub.planning.plan import MOMENTS, shown
from hub.planning.scratch import stood_still
from hub.report import ExitStatus, Halted, Quiet
from hub.window import Window
from tests.journeys.death import PHASES, Fate, Killed, Phase
from tests.journeys.harness import World, line, sqlite, world
from tests.journeys.journals import journal_line, post, stage
from tests.journeys.quick import quick

pytestmark = [pytest.mark.journey, pytest.mark.requirement("BX-04")]

ACTOR = "cli:ana"


async def planned(it: World, narrow: Narrow = EVERYTHING, window: Window | None = None) -> Made:
    """A plan, made by a hub of its own."""
    async with it.hub() as hub:
        return await make_plan(hub, "main", actor=ACTOR, progress=Quiet(), window=window or Window(), narrow=narrow)


async def applied(it: World, made: Made) -> Applied:
    """Carried out, by a hub of its own."""
    async with it.hub() as hub:
        return await apply_plan(hub, made.hash, actor=ACTOR, progress=Quiet())


@asynccontextmanager
async def ordered(tmp_path: Path, lines: int = 2) -> AsyncIterator[World]:
    """A project that is carried, and a released order in it that is not."""
    async with world(sqlite(tmp_path)) as it:
        it.basics()
        it.project("JOB1", tasks=("01-100",), segments=("SITE",))
        assert (await it.settle()).status == ExitStatus.DONE
        it.order("PO1", "JOB1", [line("01-100", "SITE", "M", "2", f"10.{at:02}") for at in range(lines)], release=True)
        yield it


def sent(it: World, places: tuple[int, int]) -> list[tuple[str, str]]:
    """System and address of every row that was written since then, in order of each system's log."""
    found: list[tuple[str, str]] = []
    for system, since in zip(SYSTEMS, places, strict=True):
        for entry in it.writes(system, since):
            found += [(system, tail(entry.path))] * rows_in(entry)
    return found


def tail(path: str) -> str:
    """An address without what comes before the set of Business Central."""
    return path.partition("/companies(")[2].partition(")/")[2] if "/companies(" in path else path


def unwrapped(body: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of a request, without what stands around them."""
    for endpoint in ENDPOINTS.values():
        if endpoint.rows and endpoint.rows in body:
            return body[endpoint.rows]
        if endpoint.envelope and endpoint.envelope in body:
            return [body[endpoint.envelope]]
    return [body]


def rows_in(entry: Entry) -> int:
    return len(unwrapped(entry.body or {}))


def said(it: World, places: tuple[int, int]) -> list[dict[str, Any]]:
    """The rows that were written, without what the client adds, and without moments."""
    rows: list[dict[str, Any]] = []
    for system, since in zip(SYSTEMS, places, strict=True):
        for entry in it.writes(system, since):
            rows += unwrapped(entry.body or {})
    return [{name: value for name, value in row.items() if name not in {*MOMENTS, "id", "origin_id"}} for row in rows]


@quick
async def test_a_plan_writes_nothing_and_leaves_the_ledger_as_it_was(tmp_path: Path) -> None:
    async with ordered(tmp_path) as it:
        places, states = it.places(), await it.ask("SELECT record, flow, state FROM record_state ORDER BY 1, 2")
        before = await it.ask("SELECT MAX(position) FROM event_log")
        made = await planned(it)

        assert it.written(places) == 0
        assert await it.ask("SELECT record, flow, state FROM record_state ORDER BY 1, 2") == states
        assert await it.ask("SELECT event, actor FROM event_log WHERE position > ?", before[0][0]) == [
            ("plan.made.1", ACTOR)
        ]
        assert len(made.plan.writes) > len({write.flow for write in made.plan.writes}) > 1


@quick
async def test_the_same_world_gives_the_same_plan(tmp_path: Path) -> None:
    async with ordered(tmp_path) as it:
        first = await planned(it)
        it.clock.skip(timedelta(minutes=7))
        second = await planned(it)

        assert first.hash == second.hash
        assert shown(first.plan) == shown(second.plan)


@quick
async def test_a_plan_names_each_field_before_and_after_and_where_ids_come_from(tmp_path: Path) -> None:
    async with ordered(tmp_path) as it:
        rows = shown((await planned(it)).plan)
        header = next(row for row in rows if row["part"] == "header")
        status = next(row for row in rows if row["part"] == "status")
        back = next(row for row in rows if row["part"].startswith("bc:purchaseOrders:"))

        assert header["fields"]["number"] == {"before": None, "after": "PO1"}
        assert not header["after_previous"]
        assert status["fields"]["status"] == {"before": "Draft", "after": "Approved"}
        assert back["fields"]["procoreCommitmentId"] == {
            "before": 0,
            "after": f"<id that write {header['number']} gives: purchase-order-to-commitment PO1, header>",
        }
        assert back["after_previous"]


@quick
async def test_what_the_target_holds_by_our_own_write_is_known_before_the_next_one(tmp_path: Path) -> None:
    async with ordered(tmp_path) as it:
        it.order("PO2", "JOB1", [line("01-100", "SITE", "M")])
        await it.settle()
        it.update("purchaseOrders", {"number": "PO2"}, yourReference="Gate 3")
        rows = shown((await planned(it, window=Window(full=True))).plan)
        header = next(row for row in rows if row["part"] == "header")

        assert header["known_before"]
        assert header["fields"]["title"] == {"before": "PO2", "after": "Gate 3"}
        assert header["fields"]["number"] == {"before": "PO2", "after": "PO2"}


@quick
async def test_the_requests_of_apply_are_the_plan_in_order_and_content(tmp_path: Path) -> None:
    async with ordered(tmp_path, lines=3) as it:
        made = await planned(it)
        places = it.places()
        done = await applied(it, made)
        rows = shown(made.plan)
        header = next(row for row in rows if row["part"] == "header")
        (contract,) = it.contracts()
        words = f"<id that write {header['number']} gives: purchase-order-to-commitment PO1, header>"
        wanted = [(row["system"], row["path"].replace(words, str(contract["id"]))) for row in rows]
        wanted.sort(key=lambda each: SYSTEMS.index(each[0]))

        assert (done.result, done.sent, done.status) == ("done", len(made.plan.writes), ExitStatus.DONE)
        assert sent(it, places) == wanted
        bodies = [each.body for system in SYSTEMS for each in made.plan.writes if each.system == system]
        for body, row in zip(bodies, said(it, places), strict=True):
            assert body.keys() - {*MOMENTS, "id"} == row.keys()
            known = {name: value for name, value in body.items() if name in row and not placeholders_in(str(value))}
            assert {name: row[name] for name in known} == known
        assert dict(done.calls) == dict(made.plan.calls)
        assert await it.state("PO1") == "synced"
        places = it.places()
        await it.sync()
        assert it.written(places) == 0


@quick
async def test_a_record_that_moved_since_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    async with ordered(tmp_path) as it:
        made = await planned(it)
        it.reopen("PO1")
        it.update("purchaseOrders", {"number": "PO1"}, yourReference="Gate 3")
        it.release("PO1")
        places = it.places()
        done = await applied(it, made)

        assert (done.result, done.status, done.sent) == ("refused", ExitStatus.CHANGED, 0)
        assert "purchase-order-to-commitment PO1 changed in its source" in done.moved
        assert it.written(places) == 0


@quick
async def test_something_more_to_write_is_a_world_that_moved_too(tmp_path: Path) -> None:
    async with ordered(tmp_path) as it:
        made = await planned(it)
        it.vendor("V2")
        places = it.places()
        done = await applied(it, made)

        assert (done.status, it.written(places)) == (ExitStatus.CHANGED, 0)
        assert any("vendor-to-company V2" in each and "due, too" in each for each in done.moved)


@quick
async def test_what_was_carried_meanwhile_is_not_due_any_more(tmp_path: Path) -> None:
    async with ordered(tmp_path) as it:
        made = await planned(it)
        await it.settle()
        places = it.places()
        done = await applied(it, made)

        assert (done.status, it.written(places)) == (ExitStatus.CHANGED, 0)
        assert any("not due any more" in each for each in done.moved)


@quick
async def test_a_plan_that_was_carried_out_does_nothing_the_second_time(tmp_path: Path) -> None:
    async with ordered(tmp_path) as it:
        made = await planned(it)
        await applied(it, made)
        places = it.places()
        again = await applied(it, made)

        assert (again.result, again.status, again.sent) == ("already", ExitStatus.DONE, 0)
        assert it.places() == places


@quick
async def test_more_writes_than_anybody_can_review_are_no_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rehearsal, "MOST_WRITES", 3)
    async with ordered(tmp_path) as it:
        with pytest.raises(Halted, match="plan one flow or one project at a time") as refused:
            await planned(it)

        assert refused.value.status == ExitStatus.WRONG_USE


@quick
async def test_what_happens_to_the_connection_meanwhile_has_the_copy_made_again(tmp_path: Path) -> None:
    async with ordered(tmp_path) as it, it.hub() as hub:
        position = await hub.ledger.last_position()
        made = await make_plan(hub, "main", actor=ACTOR, progress=Quiet(), window=Window(), narrow=EVERYTHING)
        assert await stood_still(hub.ledger, "main", await hub.ledger.last_position())
        assert not await stood_still(hub.ledger, "main", position)
        assert await stood_still(hub.ledger, "other", position)
        assert made.plan.writes


@quick
async def test_a_plan_is_made_beside_a_round_and_apply_waits_for_its_turn(tmp_path: Path) -> None:
    async with ordered(tmp_path) as it, it.hub() as hub:
        async with hub.ledger.exclusive(lock_of("main")):
            made = await make_plan(hub, "main", actor=ACTOR, progress=Quiet(), window=Window(), narrow=EVERYTHING)
            places = it.places()
            with pytest.raises(Halted) as refused:
                await apply_plan(hub, made.hash, actor=ACTOR, progress=Quiet())

        assert (refused.value.status, it.written(places)) == (ExitStatus.TRY_LATER, 0)


@quick
async def test_a_plan_is_too_old_after_a_day(tmp_path: Path) -> None:
    async with ordered(tmp_path) as it:
        made = await planned(it)
        it.clock.skip(LIFETIME)
        places = it.places()
        with pytest.raises(Halted, match="too old") as refused:
            await applied(it, made)

        assert refused.value.status == ExitStatus.CHANGED
        assert it.places() == places


@quick
async def test_a_refusal_in_the_middle_stops_the_rest(tmp_path: Path) -> None:
    async with ordered(tmp_path) as it:
        made = await planned(it)
        before = next(at for at, write in enumerate(made.plan.writes) if write.part.startswith("line:"))
        it.procore.faults.add(Fault(kind="status", status=503, method="PATCH", path="line_items", times=0))
        done = await applied(it, made)
        it.procore.faults.clear()

        assert (done.result, done.sent) == ("stopped", before)
        assert done.status in {ExitStatus.TRY_LATER, ExitStatus.REMOTE}
        assert [row["status"] for row in it.contracts()] == ["Draft"]
        assert (await it.settle()).status == ExitStatus.DONE
        assert [row["status"] for row in it.contracts()] == ["Approved"]


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.requirement("DC-12")
@quick
async def test_killed_in_the_middle_of_a_plan_the_next_round_ends_as_it_should(tmp_path: Path, phase: Phase) -> None:
    async with ordered(tmp_path) as it:
        made = await planned(it)
        fate = Fate()
        async with it.hub(networks=fate.networks(), threads=fate.threads()) as hub:
            again = await make_plan(hub, "main", actor=ACTOR, progress=Quiet(), window=Window(), narrow=EVERYTHING)
        reads = len(fate.made)
        # Planning once more and reading for real come first; then the writes, of which this is one in the middle.
        doomed = Fate(2 * reads + 2, phase)
        with pytest.raises((Killed, StoreUnavailable, BaseExceptionGroup)):
            async with it.hub(networks=doomed.networks(), threads=doomed.threads()) as hub:
                await apply_plan(hub, made.hash, actor=ACTOR, progress=Quiet())

        assert doomed.dead
        assert again.hash == made.hash
        assert (await it.settle()).status == ExitStatus.DONE
        assert [(row["number"], row["status"]) for row in it.contracts()] == [("PO1", "Approved")]
        assert len(it.lines()) == 2
        places = it.places()
        assert (await applied(it, made)).result == "refused"
        assert it.written(places) == 0


@quick
async def test_a_plan_of_one_flow_leaves_the_others_alone(tmp_path: Path) -> None:
    async with ordered(tmp_path) as it:
        it.vendor("V2")
        made = await planned(it, Narrow(flow="vendor-to-company"))

        assert {write.flow for write in made.plan.writes} == {"vendor-to-company"}
        assert (await applied(it, made)).result == "done"
        assert it.contracts() == []


@quick
async def test_a_first_plan_says_what_can_be_known_only_later(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.typical()
        rounds = 0
        while (made := await planned(it)).plan.writes and rounds < 15:
            assert (await applied(it, made)).result == "done"
            rounds += 1

        assert not made.plan.later
        assert await it.state("PO1") == "synced"
        places = it.places()
        await it.sync()
        assert it.written(places) == 0


@quick
async def test_a_posted_journal_is_carried_by_plans_alone(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it)
        await it.settle()
        post(it, journal_line("100"))
        for _ in range(4):
            made = await planned(it)
            assert (await applied(it, made)).result == "done"

        assert not made.plan.writes
        assert [row["status"] for row in it.procore.rows("direct_costs")] == ["approved"]


@quick
@pytest.mark.requirement("BX-18")
async def test_rows_of_one_batch_count_as_one_call_and_the_end_is_forecast(tmp_path: Path) -> None:
    async with ordered(tmp_path, lines=30) as it:
        made = await planned(it)
        lines = [write for write in made.plan.writes if write.part.startswith("line:")]
        places = it.places()
        done = await applied(it, made)

        assert len({write.call for write in lines}) == 1
        assert dict(done.calls) == dict(made.plan.calls)
        assert it.written(places) > sum(made.plan.calls.values())
        assert made.forecast["procore"].remaining is not None
        assert made.forecast["procore"].finish > made.made


@quick
async def test_plans_are_listed_the_newest_first(tmp_path: Path) -> None:
    async with ordered(tmp_path) as it:
        first = await planned(it)
        await applied(it, first)
        second = await planned(it)
        async with it.hub() as hub:
            page = await plans(hub, connection="main", limit=1)
            rest = await plans(hub, cursor=page.next_cursor or "")

        assert [(row.hash, row.state, row.actor) for row in page.items] == [(second.hash, "made", ACTOR)]
        assert [(row.hash, row.state, row.ended_by) for row in rest.items] == [(first.hash, "done", ACTOR)]
        assert rest.next_cursor is None
