"""What could not be read at all is listed with its reason and the digest of its bytes."""

from uuid import UUID

import pytest

from domain.events import DeadLettered
from domain.values import BUSINESS_CENTRAL, Digest
from projections.dead_letter import DEAD_LETTERS
from tests.ledger_story import CONNECTION, START
from tests.projections.folded import Tables


@pytest.mark.requirement("DC-09")
def test_a_dead_letter_has_one_row() -> None:
    letter = DeadLettered(
        originator_id=UUID(int=3),
        originator_version=1,
        at=START,
        connection=CONNECTION,
        correlation_id="s",
        causation_id="s",
        actor="system",
        side=BUSINESS_CENTRAL,
        entity_set="purchaseOrders",
        source_id="po-1",
        reason="id is no GUID",
        content=Digest("abc"),
    )

    assert Tables(DEAD_LETTERS).take([letter]).row() == {
        "letter": str(UUID(int=3)),
        "connection": CONNECTION,
        "at": START.isoformat(),
        "side": "business_central",
        "entity_set": "purchaseOrders",
        "source_id": "po-1",
        "reason": "id is no GUID",
        "content": "abc",
        "position": 1,
    }
