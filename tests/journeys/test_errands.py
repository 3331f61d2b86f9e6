"""A service that is sent on an errand answers at once, and tells the result where it says."""

from pathlib import Path

import pytest

from tests.journeys.harness import sqlite, world
from tests.journeys.quick import quick
from tests.journeys.serving import served

pytestmark = pytest.mark.journey


@pytest.mark.requirement("BX-06", "BX-13")
@quick
async def test_a_proposal_and_a_look_are_errands_with_a_result(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path), poll_every="1d") as it:
        it.typical()
        await it.settle()
        async with served(it) as service:
            status, sent = await service.post("/api/v1/adoptions", {})
            assert status == 202
            proposed = await service.ended(sent)
            assert (proposed["state"], proposed["outcome"]) == ("done", "proposed"), proposed
            told = await service.get(proposed["location"])
            assert told["hash"] == proposed["result"]
            assert len(told["proposal"]["pairs"]) == proposed["figures"]["pairs"]

            contract = it.contracts()[0]["id"]
            it.procore.set_fields(contract, title="Renamed on site")
            _, sent = await service.post("/api/v1/drift/refresh", {"project": "JOB1"})
            looked = await service.ended(sent)
            assert (looked["outcome"], looked["figures"]["found"]) == ("looked", 1)
            [row] = (await service.get("/api/v1/drift"))["items"]
            assert (row["field"], row["target"]) == ("title", "Renamed on site")
            page = await service.get("/api/v1/errands")
            assert [each["errand"] for each in page["items"]] == [looked["errand"], proposed["errand"]]
