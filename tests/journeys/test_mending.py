"""What failed is mended where it failed, retried by its cause, and done; twice changes nothing; skipped stays out."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.sandbox.faults import Fault
from hub.operations import batches
from hub.operations.choosing import Action, Choice, choose, preview
from hub.operations.failures import FailureFilter, groups
from hub.report import ExitStatus
from tests.journeys.harness import World, line, sqlite, world
from tests.journeys.quick import quick

pytestmark = [pytest.mark.journey]

FLOW = "purchase-order-to-commitment"


async def act(it: World, action: Action, *ids: str, reason: str = "it is mended", **where: Any) -> batches.BatchView:
    """A person acts on what fits, as the command does with consent."""
    async with it.hub() as hub:
        choice = Choice(ids=ids, where=FailureFilter(**where))
        members = await choose(hub, action, choice)
        frozen = await batches.freeze(hub, action, members, choice, reason=reason, actor="cli:anna")
        return await batches.run(hub, frozen, actor="cli:anna")


async def causes(it: World) -> dict[str, int]:
    """What fails, by cause."""
    async with it.hub() as hub:
        return {group.cause: group.records for group in await groups(hub, FailureFilter())}


async def refused_orders(it: World, numbers: Sequence[str]) -> None:
    """Orders whose line Procore refuses, as its budget code is inactive there."""
    it.basics()
    it.project("JOB1", tasks=("01-100", "03-300"), segments=("SITE",))
    it.order("PO1", "JOB1", [line("01-100", "SITE", "M"), line("03-300", "SITE", "M")])
    await it.sync()
    bar(it, "inactive")
    for number in numbers:
        it.order(number, "JOB1", [line("03-300", "SITE", "M", "1", "6")])
    await it.sync()


def bar(it: World, status: str) -> None:
    """A person in Procore switches the budget code of a task."""
    code = next(row for row in it.procore.rows("wbs_codes") if "03-300" in it.procore.flat_code(row["id"]))
    it.procore.set_any("wbs_codes", code["id"], status=status)


@pytest.mark.requirement("BX-21", "DC-08")
@quick
async def test_what_was_refused_is_mended_retried_by_cause_and_done_and_twice_has_no_second_effect(
    tmp_path: Path,
) -> None:
    numbers = ("PO2", "PO3", "PO4")
    async with world(sqlite(tmp_path)) as it:
        await refused_orders(it, numbers)
        found = await causes(it)
        assert list(found.values()) == [3]
        (cause,) = found

        bar(it, "active")
        done = await act(it, "retry", cause=cause)
        assert (done.total, done.done, done.fine, done.under_way) == (3, 3, 0, 3)
        report = await it.sync()

        assert report.status == ExitStatus.DONE
        assert [await it.state(number) for number in numbers] == ["synced"] * 3
        assert len(it.contracts()) == 4
        assert await causes(it) == {}

        places = it.places()
        again = await act(it, "retry", *numbers)
        assert (again.done, again.fine) == (0, 3)
        assert (await it.sync()).status == ExitStatus.DONE
        assert it.written(places) == 0


@pytest.mark.requirement("DC-08")
@quick
async def test_only_what_fails_produces_calls(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        await refused_orders(it, ("PO2",))
        bar(it, "active")
        places = it.places()
        await act(it, "retry", "PO1", "PO2")
        await it.sync()

        assert await it.state("PO2") == "synced"
        first = next(row for row in it.contracts() if "PO1" in str(row["number"]))
        assert not [entry for entry in it.writes(since=places[1]) if str(first["id"]) in entry.path]


@pytest.mark.requirement("DC-08", "BX-21")
@quick
async def test_what_fails_again_is_counted_by_its_new_cause(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        await refused_orders(it, ("PO2", "PO3"))
        done = await act(it, "retry", flow=FLOW)
        await it.sync()

        async with it.hub() as hub:
            found = await batches.view(hub, done.batch)
            told = await batches.results(hub, done.batch)
        assert (found.done, found.failed_again, found.succeeded, found.under_way) == (2, 2, 0, 0)
        assert found.again == dict.fromkeys(await causes(it), 2)
        assert [(each.result, each.state) for each in told.items] == [("done", "dead")] * 2


@pytest.mark.requirement("DC-08")
@quick
async def test_what_is_skipped_stays_out_until_its_source_changes(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        await refused_orders(it, ("PO2",))
        await act(it, "skip", "PO2", reason="the buyer cancels it")
        assert await it.state("PO2") == "excluded"
        assert "skipped by anna: the buyer cancels it" in await it.reasons("PO2")

        bar(it, "active")
        places = it.places()
        assert (await it.sync(full=True)).status == ExitStatus.DONE
        assert await it.state("PO2") == "excluded"
        assert it.written(places) == 0

        it.update("purchaseOrderLines", {"documentNumber": "PO2"}, directUnitCost=8)
        assert (await it.sync()).status == ExitStatus.DONE
        assert await it.state("PO2") == "synced"


@pytest.mark.requirement("DC-08")
@quick
async def test_a_rejected_record_that_is_skipped_is_carried_once_it_is_mended(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.typical()
        it.order("PO2", "JOB1", [line("01-100", "SITE", "")], older=True)
        await it.sync()
        assert await causes(it) == {"PP-27": 1}
        await act(it, "skip", cause="PP-27", reason="waits for the buyer")
        assert (await it.sync()).status == ExitStatus.DONE
        assert await it.state("PO2") == "excluded"

        it.update("purchaseOrderLines", {"documentNumber": "PO2"}, costTypeCode="M")
        await it.sync()
        assert await it.state("PO2") == "synced"


@pytest.mark.requirement("DC-08", "DC-12")
@quick
async def test_a_replay_looks_first_and_sends_nothing_that_had_its_effect(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.typical()
        path = r"/purchase_order_contracts/sync"
        it.procore.faults.add(Fault(kind="lost_reply", path=path))
        await it.sync(wait=timedelta())
        assert await it.state("PO1") == "failed"
        assert len(it.contracts()) == 1

        done = await act(it, "replay", "PO1")
        assert (done.done, done.barred) == (1, 0)
        report = await it.sync()

        assert report.status == ExitStatus.DONE
        assert len(it.contracts()) == 1
        header = "SELECT found, attempts FROM delivery WHERE part = 'header' AND endpoint = 'purchase_order_contracts'"
        assert await it.ask(header) == [(1, 1)]  # a look showed it, and the row was not sent again


@pytest.mark.requirement("DC-08")
@quick
async def test_a_replay_sends_the_same_row_again_where_it_had_no_effect_and_nothing_twice(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        await refused_orders(it, ("PO2",))
        before = await it.ask(_DELIVERIES, "refused")
        bar(it, "active")
        done = await act(it, "replay", "PO2")
        assert done.done == 1
        assert (await it.sync()).status == ExitStatus.DONE

        assert await it.state("PO2") == "synced"
        after = await it.ask(_DELIVERIES, "confirmed")
        assert set(before) <= set(after)  # the same delivery, body and key
        contracts, places = len(it.contracts()), it.places()
        again = await act(it, "replay", "PO2")
        assert (again.done, again.fine) == (0, 1)
        await it.sync()
        assert (len(it.contracts()), it.written(places)) == (contracts, 0)


_DELIVERIES = "SELECT delivery, record, body, key FROM delivery WHERE state = ? ORDER BY position"


@pytest.mark.requirement("DC-08")
@quick
async def test_a_replay_of_what_is_refused_still_fails_again_and_loses_nothing(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        await refused_orders(it, ("PO2",))
        for _ in range(2):
            assert (await act(it, "replay", "PO2")).done == 1
            assert (await it.sync()).status == ExitStatus.NEEDS_PERSON
            assert await it.state("PO2") == "dead"
        bar(it, "active")
        await act(it, "retry", "PO2")
        assert (await it.sync()).status == ExitStatus.DONE

        assert await it.state("PO2") == "synced"


@pytest.mark.requirement("BX-21")
@quick
async def test_a_preview_tells_the_causes_before_anything_is_done(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        await refused_orders(it, ("PO2", "PO3"))
        it.order("PO4", "JOB1", [line("01-100", "SITE", "")], older=True)
        await it.sync()
        async with it.hub() as hub:
            position = await hub.ledger.last_position()
            members = await choose(hub, "retry", Choice(where=FailureFilter(flow=FLOW)))
            shown = await preview(hub, "retry", members)
            assert await hub.ledger.last_position() == position

    assert shown.total == 3
    assert [(each.records, each.helps) for each in shown.causes] == [(2, "after_mend"), (1, "after_mend")]
    assert shown.states == {"dead": 2, "rejected": 1}
