"""A record that is restored from a snapshot is the record that was taken, and goes on from there."""

import msgspec
import pytest

from domain.commitment import Commitment
from domain.flows import RECORDS
from domain.record import Record
from domain.snapshot import Snapshot, restored, taken
from tests.ledger_story import (
    CONNECTION,
    Story,
    claimed,
    closed,
    delayed,
    delivered,
    linked,
    observed,
    parked,
    refused,
    requested,
    vanished,
)


def lived() -> Story:
    story = Story(Commitment(Record.id_for(CONNECTION, "commitment", "po-1"), CONNECTION))
    return story.given(
        observed("v1", demanded=True),
        parked("V1"),
        observed("v2"),
        *delivered("a"),
        linked(),
        requested("b", "line:1"),
        claimed("line:1"),
        delayed("line:1", unknown=True),
        requested("c", "line:2"),
        claimed("line:2"),
        refused("line:2"),
    )


@pytest.mark.requirement("DC-07")
def test_nothing_is_lost_between_taking_and_restoring() -> None:
    record = lived().record
    again = restored(record.id, CONNECTION, taken(record), RECORDS)

    assert type(again) is Commitment
    assert vars(again) == vars(record)


@pytest.mark.requirement("DC-07")
def test_a_restored_record_goes_on_as_the_other_would() -> None:
    first, second = lived(), lived()
    second.record = restored(second.record.id, CONNECTION, taken(second.record), RECORDS)
    for story in (first, second):
        story.when(closed("line:1"), vanished("PI-1"), observed("v3"))

    assert first.events == second.events
    assert vars(first.record) == vars(second.record)


def test_a_snapshot_holds_all_that_a_record_remembers() -> None:
    record = Story().record

    assert set(Snapshot.__struct_fields__) == set(vars(record)) - {"id", "connection", "_new"}


def test_a_snapshot_of_another_shape_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        restored(Story().record.id, CONNECTION, b'{"version": 3}', RECORDS)
