"""Killed at random moments and started again, the hub doubles and loses nothing; and the counting would tell."""

from contextlib import closing
from pathlib import Path

import pytest

from tests.crash.campaign import torment
from tests.crash.counting import duplicates, losses
from tests.crash.stores import Postgres, Sqlite
from tests.journeys.harness import World, sqlite, world
from tests.journeys.quick import quick

pytestmark = [pytest.mark.journey, pytest.mark.requirement("DC-12", "BX-02")]

SEED, KILLS = "some deaths", 3
"""A plan in which every way to die comes early."""


async def test_a_few_deaths_double_and_lose_nothing_on_sqlite(tmp_path: Path) -> None:
    told: list[str] = []
    tally = await torment(Sqlite(tmp_path), tmp_path, SEED, KILLS, told.append)

    assert tally.kills.total() == KILLS
    assert tally.clean, "\n".join(told)


@pytest.mark.postgres
async def test_a_few_deaths_double_and_lose_nothing_on_postgresql(tmp_path: Path, postgres_url: str) -> None:
    told: list[str] = []
    with closing(Postgres(postgres_url)) as store:
        tally = await torment(store, tmp_path, SEED, KILLS, told.append)

    assert tally.kills.total() == KILLS
    assert tally.clean, "\n".join(told)


def planted_twice(it: World, resource: str) -> None:
    """A second row like the first one of a table, which no rule of the stand-in would let in."""
    table = it.procore.state.table(resource)
    row = next(iter(table.values()))
    table[row["id"] + 1_000_000] = {**row, "id": row["id"] + 1_000_000}


@quick
async def test_a_second_row_and_a_missing_line_are_counted(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.typical()
        await it.sync()
        assert (duplicates(it), losses(it)) == ([], [])

        gone = it.lines()[0]
        it.procore.remove("line_items", gone["id"])
        lost = losses(it)
        planted_twice(it, "sub_jobs")
        planted_twice(it, "contracts")
        twice = duplicates(it)

        assert lost == [
            "purchaseOrderLines PO1 10000 is missing in Procore",
            "budget code JOB1 / SITE / 01-100 / M: 40.02 in Business Central, 20.02 in Procore",
        ]
        assert [text.partition(":")[0] for text in twice] == [
            "sub_jobs by origin id",
            "contracts by origin id",
            "sub_jobs by project_id, code",
            "contracts by project_id, number",
        ]


@quick
async def test_a_cent_too_much_and_an_id_of_another_record_are_counted(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.typical()
        await it.sync()
        line = it.lines()[0]
        it.procore.set_any("line_items", line["id"], amount="20.01")
        it.update("projects", {"number": "JOB1"}, procoreProjectId=line["id"])

        assert [text.partition(":")[0] for text in losses(it)] == [
            "projects JOB1",
            "line PO1 10000",
            "budget code JOB1 / SITE / 01-100 / M",
        ]


@quick
async def test_a_line_that_outlives_its_deletion_is_counted(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.typical(release=False)
        await it.sync()
        it.delete("purchaseOrderLines", lineNumber=20000)

        assert [text.partition(" ")[0] for text in losses(it)] == ["line_items", "budget"]
        await it.sync()
        assert losses(it) == []
