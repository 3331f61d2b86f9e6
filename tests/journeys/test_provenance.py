"""Every field that the hub wrote says where it comes from, in a company in which every flow has carried something."""

from pathlib import Path

import pytest

from domain.flows import FLOWS, erp_request_to_close_out
from hub.app import Hub
from hub.operations.provenance import provenance
from hub.provenance import Field
from tests.journeys.harness import sqlite, world
from tests.journeys.quick import quick
from tests.journeys.test_contract import live

pytestmark = [pytest.mark.journey, pytest.mark.requirement("BX-10")]


async def one_of_each(hub: Hub) -> list[Field]:
    """The fields of one row for each part of each flow."""
    rows = await hub.ledger.rows(
        "SELECT flow, part, record, endpoint FROM delivery WHERE state = 'confirmed' ORDER BY position DESC"
    )
    chosen = {
        (flow, part.rpartition(":")[0] or part, endpoint): (record, part) for flow, part, record, endpoint in rows
    }
    found: list[Field] = []
    for record, part in chosen.values():
        found += (await provenance(hub, record, part=part)).items
    return found


@quick
async def test_every_field_of_every_part_of_every_flow_names_its_sources(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path), filled=True) as it:
        await live(it)
        async with it.hub() as hub:
            fields = await one_of_each(hub)

    # Requests of the desk are off unless they are wished for; tests/domain/test_sensitivity.py asks their flow itself.
    assert {each.flow for each in fields} == {flow.name for flow in FLOWS} - {erp_request_to_close_out.NAME}
    assert [each for each in fields if not each.sources or each.outcome is None or "content" not in each.source] == []
    guessed = [each for each in fields if not all(source.exact for source in each.sources)]
    shown = [source for each in fields for source in each.sources if source.sort == "list"]
    assert [(each.flow, each.part, each.field) for each in guessed] == []
    assert len(shown) > len(fields) / 20  # units, codes, periods, contracts, patterns
    assert all(source.read_at.startswith("2026-") and source.value["id"] for source in shown)
    assert not any("email_address" in source.value for source in shown)
