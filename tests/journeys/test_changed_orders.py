"""An order that changes in Procore after it was carried: put before a person with both amounts, and left alone."""

from pathlib import Path
from typing import Any

import pytest

from hub.report import ExitStatus
from tests.journeys.changes import FLOW, here, joined, order, project_id, row, stage, sums, to_central
from tests.journeys.harness import World, sqlite, world
from tests.journeys.quick import quick

pytestmark = pytest.mark.journey

NUMBER = "JOB1|PCCO #001"


async def carried(it: World, *amounts: str) -> dict[str, Any]:
    """An order of a project stands on both sides."""
    stage(it)
    await joined(it)
    made = order(it, *amounts)
    await it.sync()
    assert await it.state(NUMBER, FLOW) == "synced"
    return made


@pytest.mark.requirement("PP-58")
@pytest.mark.parametrize("status", ["void", "revised"])
@quick
async def test_an_approval_that_is_taken_back_is_put_before_a_person_and_settled_by_a_new_one(
    tmp_path: Path, status: str
) -> None:
    async with world(sqlite(tmp_path)) as it:
        made = await carried(it, "100.00")
        before, since = it.bc.export()["changeOrders"], it.last("business_central")
        it.procore.changes.set_status(made["id"], status)
        report = await it.sync()

        assert report.status == ExitStatus.NEEDS_PERSON
        assert await it.state(NUMBER, FLOW) == "conflict"
        why = await it.reasons(NUMBER, FLOW)
        assert f"is {status} in Procore now" in why
        assert "CO000001 with 100" in why
        assert (it.bc.export()["changeOrders"], to_central(it, since)) == (before, [])

        it.procore.changes.set_status(made["id"], "approved")
        await it.sync()

        assert await it.state(NUMBER, FLOW) == "synced"
        assert to_central(it, since) == []


@pytest.mark.requirement("PP-58")
@quick
async def test_an_order_that_was_canceled_on_both_sides_is_left_out(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        made = await carried(it, "100.00")
        it.procore.changes.set_status(made["id"], "void")
        it.update("changeOrders", {"number": "CO000001"}, status="Canceled")
        await it.sync()

        assert await it.state(NUMBER, FLOW) == "excluded"


@pytest.mark.requirement("PP-61", "PP-58")
@quick
async def test_another_amount_is_told_with_both_and_accepted_once_a_person_has_changed_it_here(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        made = await carried(it, "100.00", "50.00")
        since = it.last("business_central")
        it.procore.changes.set_status(made["id"], "revised")
        first = next(it.procore.rows("change_order_line_items"))
        it.procore.changes.set_line(first["id"], amount="120.00")
        it.procore.changes.set_status(made["id"], "approved")
        await it.sync()

        assert sums(it) == [150]
        assert "Business Central holds 150, Procore 170" in await it.reasons(NUMBER, FLOW)

        it.update("changeOrderLines", {"lineNumber": 20000}, amount=70)
        await it.sync()

        assert "both come to 170, but 2 of the lines differ" in await it.reasons(NUMBER, FLOW)

        it.update("changeOrderLines", {"lineNumber": 20000}, amount=50)
        it.update("changeOrderLines", {"lineNumber": 10000}, amount=120)
        await it.sync()

        assert await it.state(NUMBER, FLOW) == "synced"
        assert to_central(it, since) == []


@pytest.mark.requirement("PP-65")
@quick
async def test_another_title_is_told_and_business_central_keeps_its_own(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        made = await carried(it, "100.00")
        it.procore.changes.set_fields(made["id"], title="Renamed")
        await it.sync()

        assert here(it)[0]["title"] == "Added footing"
        assert await it.state(NUMBER, FLOW) == "synced"
        assert "the title in Procore is 'Renamed', Business Central keeps 'Added footing'" in str(await it.told(NUMBER))


@pytest.mark.requirement("ER-63")
@quick
async def test_an_order_that_belongs_to_another_integration_is_not_touched(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it)
        await joined(it)
        made = order(it, "100.00")
        it.procore.changes.set_fields(made["id"], origin_id="theirs-1")
        places = it.places()
        await it.sync()

        assert it.written(places) == 0
        assert await it.state(NUMBER, FLOW) == "conflict"
        assert "theirs-1" in await it.reasons(NUMBER, FLOW)

        it.procore.changes.set_fields(made["id"], origin_id=None)
        await it.sync()

        assert sums(it) == [100]


@pytest.mark.requirement("PP-61")
@quick
async def test_an_order_without_lines_or_with_lines_that_miss_its_total_is_refused_with_both_sums(
    tmp_path: Path,
) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it)
        await joined(it)
        order(it, grand_total="75.00")
        await it.sync()

        assert here(it) == []
        assert await it.state(NUMBER, FLOW) == "rejected"
        assert "nothing is kept as a header alone" in await it.reasons(NUMBER, FLOW)

        other = order(it, "80.00")
        package = it.procore.changes.package(other["id"])
        package["grand_total"] = "75.00"  # as a view that lags behind would show it
        await it.sync()

        assert "the lines come to 80, PCCO #002 says 75" in await it.reasons("JOB1|PCCO #002", FLOW)


@pytest.mark.requirement("PP-55")
@quick
async def test_a_page_from_hand_gives_the_same_as_the_schedule(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it)
        await joined(it)
        order(it, "10.00")
        await it.sync(flow=FLOW, project="JOB1")
        by_hand = it.bc.export()["changeOrders"]
        places = it.places()
        await it.sync()

        assert len(by_hand) == 1
        assert it.bc.export()["changeOrders"] == by_hand
        assert it.written(places) == 0


@pytest.mark.requirement("PP-61")
@quick
async def test_lines_of_nothing_and_long_words_are_carried_as_far_as_they_fit(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it)
        await joined(it)
        lines = [row(it, "0.00", description="D" * 130), row(it, "3.00", quantity="1.1234567", unit_cost="2.6703333")]
        order(it, lines=lines, title=None, description="T" * 3000)
        report = await it.sync()

        assert report.document["problems"] == []
        (head,) = here(it)
        assert head["title"] == "Change order 001"
        assert (len(head["description"]), len(head["lines"][0]["description"])) == (2048, 100)
        told = str(await it.told(NUMBER))
        assert "the description has 3000 characters and was cut to 2048" in told
        assert "line 1: the description was cut to 100 characters" in told
        assert [str(line["quantity"]) for line in head["lines"]] == ["1", "1.12346"]
        assert project_id(it) == head["procoreProjectId"]
