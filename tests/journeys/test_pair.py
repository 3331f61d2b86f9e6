"""Which two companies belong together: wrong pairs, moved pairs and refreshed sandboxes are stopped before a write."""

from pathlib import Path

import pytest

from domain.errors import Misconfigured
from tests.journeys.harness import World, sqlite, world
from tests.journeys.quick import quick

pytestmark = pytest.mark.journey


async def refused(it: World) -> str:
    """Why the hub refuses to begin; nothing may be written."""
    places = it.places()
    with pytest.raises(Misconfigured) as error:
        await it.sync()
    assert it.written(places) == 0
    return str(error.value)


@pytest.mark.requirement("MA-05", "BX-15", "C-41")
@quick
async def test_a_test_company_is_never_joined_to_a_production_company(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path), kind="production") as it:
        it.typical()

        assert 'kind "production"' in await refused(it)

        it.bc.tables.update("connectorSetups", it.row("connectorSetups")["id"], procoreEnvironment="production")

        assert (await it.sync()).status == 0


@pytest.mark.requirement("BX-15", "PF-20")
@quick
async def test_an_environment_that_business_central_does_not_name_is_not_written_to(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.typical()
        it.bc.tables.update("connectorSetups", it.row("connectorSetups")["id"], procoreEnvironment="")

        assert "procoreEnvironment is blank" in await refused(it)


@pytest.mark.requirement("BX-15", "PP-01")
@quick
async def test_a_company_that_business_central_is_not_paired_with_is_not_written_to(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.typical()
        it.bc.tables.update("connectorSetups", it.row("connectorSetups")["id"], procoreCompanyId=4711)

        assert "4711" in await refused(it)


@pytest.mark.requirement("PP-01")
@quick
async def test_a_company_that_the_account_cannot_see_is_not_written_to(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.typical()
        it.bc.tables.update("connectorSetups", it.row("connectorSetups")["id"], procoreCompanyId=0)
        it.procore.state.company_id += 1
        settings = it.sandbox.connection()
        it.procore.state.company_id -= 1
        it.more = {"procore": settings["procore"]}

        assert "company" in await refused(it)


@pytest.mark.requirement("MA-06", "BX-15")
@quick
async def test_a_pair_is_not_moved_by_editing_addresses(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.typical()
        await it.sync()
    async with world(sqlite(tmp_path)) as moved:  # the same ledger, other addresses
        words = await refused(moved)

        assert "was set up for another pair" in words
        assert "procore.api_url" in words


@pytest.mark.requirement("MA-07", "PF-20", "BX-15")
@quick
async def test_a_refreshed_test_environment_is_noticed_before_a_write(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.typical()
        await it.sync()
        for name in ("line_items", "contracts", "projects"):
            for row in list(it.procore.state.rows(name)):
                it.procore.state.remove(name, row)
        it.update("projects", {"number": "JOB1"}, displayName="Changed")

        assert "refreshed" in await refused(it)
