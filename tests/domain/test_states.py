"""A record is in exactly one state of a flow at any time, and the state follows from its events alone."""

from typing import get_args

import pytest

from domain.states import NEEDS_A_PERSON, NEW, QUIET, UNFINISHED, State, Status, after
from tests.ledger_story import (
    FLOW,
    Command,
    Story,
    accepted,
    asked,
    claimed,
    closed,
    confirmed,
    conflicting,
    declined,
    delayed,
    excluded,
    linked,
    observed,
    parked,
    refused,
    rejected,
    replayed,
    requested,
    resent,
    retried,
    retrieved,
    settled,
    skipped,
    tombstoned,
    vanished,
)

ONE_EVENT: list[tuple[str, tuple[Command, ...], State]] = [
    ("seen", (), "pending"),
    ("parked", (parked(),), "parked"),
    ("rejected", (rejected(),), "rejected"),
    ("excluded", (excluded(),), "excluded"),
    ("conflicting", (conflicting(),), "conflict"),
    ("settled", (settled(),), "synced"),
    ("buried", (vanished(), tombstoned()), "deleted"),
    ("requested", (requested(),), "in-flight"),
    ("claimed", (requested(), claimed()), "in-flight"),
    ("delayed", (requested(), claimed(), delayed()), "failed"),
    ("claimed again", (requested(), claimed(), delayed(), claimed()), "in-flight"),
    ("confirmed", (requested(), claimed(), confirmed()), "pending"),
    ("refused", (requested(), claimed(), refused()), "dead"),
    ("retried", (requested(), claimed(), refused(), retried()), "pending"),
    ("skipped", (requested(), claimed(), refused(), skipped()), "excluded"),
    ("skipped and retried", (rejected(), skipped(), retried()), "pending"),
    ("replayed", (requested(), claimed(), refused(), replayed()), "in-flight"),
    ("replayed and refused again", (requested(), claimed(), refused(), replayed(), claimed(), refused()), "dead"),
    ("replayed and confirmed", (requested(), claimed(), refused(), replayed(), claimed(), confirmed()), "pending"),
    ("withdrawn", (requested(), closed()), "pending"),
    ("linked", (linked(),), "pending"),
    ("asked", (asked(),), "awaiting-approval"),
    ("accepted", (asked(), accepted()), "pending"),
    ("declined", (asked(), declined()), "awaiting-approval"),
    ("retrieved", (asked(), retrieved()), "awaiting-approval"),
    ("resent", (asked(), declined(), resent()), "awaiting-approval"),
    ("changed while it waited", (asked(), observed("v2")), "pending"),
    ("changed after all was done", (settled(), observed("v2")), "pending"),
    ("gone after all was done", (settled(), vanished()), "pending"),
]


@pytest.mark.parametrize(("commands", "state"), [row[1:] for row in ONE_EVENT], ids=[row[0] for row in ONE_EVENT])
def test_the_state_follows_from_what_happened_last(commands: tuple[Command, ...], state: State) -> None:
    assert Story().given(observed(), *commands).state() == state


def test_a_decision_is_owed_after_a_sight_and_not_after_the_decision() -> None:
    story = Story().given(observed())
    assert story.record.flow(FLOW).status.decidable

    story.given(parked())

    assert not story.record.flow(FLOW).status.decidable


def test_nothing_is_decided_while_a_delivery_is_under_way() -> None:
    story = Story().given(observed(), requested(), observed("v2"))
    assert (story.state(), story.record.flow(FLOW).status.decidable) == ("in-flight", False)

    story.given(claimed(), confirmed())

    assert (story.state(), story.record.flow(FLOW).status.decidable) == ("pending", True)


def test_the_next_decision_waits_for_all_deliveries() -> None:
    story = Story().given(observed(), requested(), requested("b", "line:1"), claimed(), claimed("line:1"), confirmed())
    assert not story.record.flow(FLOW).status.decidable

    story.given(confirmed("line:1", "901"))

    assert story.record.flow(FLOW).status.decidable


def test_one_refused_row_of_several_leaves_the_record_before_a_person_when_the_rest_is_done() -> None:
    story = Story().given(observed(), requested(), requested("b", "line:1"), claimed(), claimed("line:1"))
    story.given(refused("line:1"))
    assert story.state() == "in-flight"

    story.given(confirmed())

    assert story.state() == "dead"
    assert not story.record.flow(FLOW).status.decidable


def test_a_dead_record_comes_back_when_its_source_changes() -> None:
    story = Story().given(observed(), requested(), claimed(), refused(), observed("v2"))

    assert story.record.flow(FLOW).status == Status("pending", todo=True)


def test_a_refusal_counts_for_nothing_when_the_source_changed_meanwhile() -> None:
    story = Story().given(observed(), requested(), claimed(), observed("v2"), refused())

    assert (story.state(), story.record.flow(FLOW).status.decidable) == ("pending", True)


def test_a_refusal_of_what_the_source_said_before_is_forgotten_with_it() -> None:
    story = Story().given(observed(), requested(), claimed(), observed("v2"), refused())
    story.given(requested(), claimed(), confirmed())

    assert story.record.flow(FLOW).status == Status("pending", todo=True)


def test_open_deliveries_never_count_below_nothing() -> None:
    event = Story().given(observed(), requested(), claimed()).when(confirmed()).events[0]

    assert after(NEW, event).open == 0


@pytest.mark.requirement("DC-09")
def test_every_state_is_unfinished_quiet_waiting_or_needs_a_person() -> None:
    waiting = {"parked", "awaiting-approval"}

    assert set(get_args(State)) == UNFINISHED | QUIET | NEEDS_A_PERSON | waiting
    assert not NEEDS_A_PERSON & (UNFINISHED | QUIET | waiting)
