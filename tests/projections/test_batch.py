"""A batch shows who wanted what and why, how far it is, and what it did to each of its members."""

from datetime import timedelta
from uuid import UUID

import msgspec
import pytest

from domain.batch import Batch
from domain.events import BatchFrozen, BatchLeft, Event
from domain.record import Moment, Record
from domain.values import Cause, Digest
from projections.batch import BATCHES
from tests.ledger_story import CONNECTION, FLOW, START, Story, observed, rejected, retried
from tests.projections.folded import Tables

ID = UUID(int=7)
MOMENT = Moment(START + timedelta(hours=1), Cause("x", "x", "cli:anna"))


def frozen(total: int = 3) -> BatchFrozen:
    return BatchFrozen(
        originator_id=ID,
        originator_version=1,
        at=START,
        connection=CONNECTION,
        correlation_id=str(ID),
        causation_id=str(ID),
        actor="cli:anna",
        action="retry",
        reason="prices are mended",
        filter={"cause": "PP-24"},
        members=Digest("d"),
        total=total,
        causes={"PP-24": total},
    )


def worked() -> list[Event]:
    """A batch of three: one is retried, one is fine, one is barred."""
    batch = Batch.rebuilt(ID, [frozen()])
    story = Story(Record(UUID(int=1), CONNECTION)).given(observed(), rejected())
    assert batch.act(story.record, FLOW, MOMENT) == ("done", "")
    left = [BatchLeft("r2", FLOW, "fine", "it is synced"), BatchLeft("r3", FLOW, "barred", "nobody knows it")]
    advanced = batch.advanced(3, 1, left, MOMENT)
    batch.apply(advanced)
    return [frozen(), *story.record.collect_events(), advanced, batch.ended(MOMENT)]


@pytest.mark.requirement("DC-08")
def test_a_frozen_batch_has_not_begun() -> None:
    row = Tables(BATCHES).take([frozen()]).row("batch")

    assert (row["state"], row["total"], row["through"], row["ended"]) == ("frozen", 3, 0, "")
    assert (row["actor"], row["reason"], msgspec.json.decode(row["filter"])) == (
        "cli:anna",
        "prices are mended",
        {"cause": "PP-24"},
    )


@pytest.mark.requirement("DC-08")
@pytest.mark.parametrize("page", [1, 10])
def test_what_became_of_each_member_is_told(page: int) -> None:
    found = Tables(BATCHES).take(worked(), page)

    row = found.row("batch")
    assert (row["state"], row["through"], row["done"], row["fine"], row["barred"]) == ("ended", 3, 1, 1, 1)
    assert row["ended"] == MOMENT.at.isoformat()
    assert [(each["result"], each["why"]) for each in found.rows("batch_record")] == [
        ("done", ""),
        ("fine", "it is synced"),
        ("barred", "nobody knows it"),
    ]


def test_a_batch_that_was_called_off_says_so() -> None:
    batch = Batch.rebuilt(ID, [frozen()])

    assert Tables(BATCHES).take([frozen(), batch.ended(MOMENT, cancelled=True)]).row("batch")["state"] == "cancelled"


def test_what_happens_outside_of_batches_is_no_result() -> None:
    story = Story().when(observed(), rejected(), retried())

    assert Tables(BATCHES).take(story.events).rows("batch_record") == []
