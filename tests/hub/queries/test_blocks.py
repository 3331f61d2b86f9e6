"""The blocks of a list: read one by one, in any order, they are the list, also after time has gone on."""

from pathlib import Path

import pytest

from domain.record import Record, Seen
from domain.values import BUSINESS_CENTRAL, digest
from hub.queries.records import Wanted, blocks, records
from tests.hub.harness import Bench, bench
from tests.ledger_story import CONNECTION, moment

FLOWS = ("purchase-order-to-commitment", "posted-invoice-to-commitment-invoice", "project-to-project")


async def shown(it: Bench, numbers: range, version: int) -> None:
    """Records of this many numbers are seen; each begins in several flows at one position."""
    events = []
    for number in numbers:
        id_ = Record.id_for(CONNECTION, "commitment", f"po-{number}")
        record = (await it.records.load([id_], "commitment"))[id_]
        named = digest([number, version])
        seen = Seen(
            kind="commitment",
            side=BUSINESS_CENTRAL,
            entity_set="purchaseOrders",
            source_id=f"po-{number}",
            number=f"PO{number}",
            title="",
            project="J1",
            digest=named,
            content=named,
            modified_at="",
            flows=FLOWS[: 1 + number % 3],
        )
        record.observe(seen, moment())
        events += record.collect_events()
    await it.ledger.append(events)
    await it.projector.catch_up()


def names(items: list[dict[str, object]]) -> list[tuple[object, object]]:
    return [(item["record"], item["flow"]) for item in items]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
async def test_all_blocks_together_are_the_list_each_row_once(tmp_path: Path, size: int) -> None:
    async with bench(tmp_path) as it:
        await shown(it, range(20), 1)
        whole = (await records(it.ledger, Wanted(connections=(CONNECTION,), limit=1000))).items
        wanted = Wanted(connections=(CONNECTION,), limit=size)
        first = await records(it.ledger, wanted)
        found = await blocks(it.ledger, wanted, first, 1000)

        await shown(it, range(5, 15), 2)
        told = names(first.items)
        for block in found.behind:
            page = await records(it.ledger, Wanted(connections=(CONNECTION,), cursor=block.cursor, limit=block.rows))
            assert len(page.items) == block.rows
            told += names(page.items)

    assert found.total == len(whole)
    assert told == names(whole)


async def test_a_list_that_is_longer_than_its_scale_says_so(tmp_path: Path) -> None:
    async with bench(tmp_path) as it:
        await shown(it, range(20), 1)
        wanted = Wanted(connections=(CONNECTION,), limit=4)
        found = await blocks(it.ledger, wanted, await records(it.ledger, wanted), 10)

    assert (found.total, found.capped) == (10, True)
    assert 4 + sum(block.rows for block in found.behind) == 10
