"""A record that another one carries knows whether the other has taken notice of what it says now."""

import pytest

from domain.events import Wait
from domain.record import Record
from tests.ledger_story import (
    FLOW,
    Command,
    Story,
    claimed,
    confirmed,
    excluded,
    observed,
    parked,
    refused,
    requested,
    vanished,
)

CARRIER = Wait("budget_line", "801", "waiting for the budget line", carrier=True)


def carried() -> Command:
    """The record waits for the one that carries it, which is told at the same moment."""
    return lambda record, when: record.park(FLOW, [CARRIER], when)


def unheard(*commands: Command) -> bool:
    story = Story().given(*commands)
    return story.record.unheard(FLOW)


@pytest.mark.requirement("PP-14")
def test_a_change_is_unheard_until_the_record_waits_for_who_carries_it() -> None:
    assert unheard(observed("v1"))
    assert unheard(observed("v1"), parked("V1"))
    assert not unheard(observed("v1"), carried())
    assert unheard(observed("v1"), carried(), observed("v2"))


def test_its_own_deliveries_are_no_news() -> None:
    assert not unheard(observed("v1"), carried(), requested(), claimed(), confirmed())


def test_what_was_left_out_or_removed_is_news() -> None:
    assert unheard(observed("v1"), carried(), excluded("project flag off"))
    assert unheard(observed("v1"), carried(), vanished())


def test_what_was_refused_may_be_tried_again_after_a_wait() -> None:
    story = Story().given(observed(), requested(), claimed(), refused())
    assert story.record.flow(FLOW).refused

    story.when(parked("V1"))

    assert story.record.flow(FLOW).refused == {}
    assert isinstance(story.record, Record)
