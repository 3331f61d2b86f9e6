"""Events are a storage format: named, flat, without floats, and the same after writing and reading."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, get_type_hints

import msgspec
import pytest

from domain import events
from domain.events import EVENTS, Event, FlowEvent
from tests.ledger_story import (
    Story,
    accepted,
    adopted,
    agreed,
    asked,
    claimed,
    closed,
    confirmed,
    conflicting,
    cut_off,
    declined,
    delayed,
    drifted,
    excluded,
    linkage_refused,
    linked,
    observed,
    parked,
    refused,
    rejected,
    replayed,
    requested,
    resent,
    reset,
    resolved,
    retried,
    retrieved,
    settled,
    skipped,
    stirred,
    tombstoned,
    vanished,
)


def _types(event: type[Event]) -> Iterator[Any]:
    for hint in get_type_hints(event).values():
        yield hint
        yield from getattr(hint, "__args__", ())


@pytest.mark.parametrize(("topic", "event"), EVENTS.items(), ids=list(EVENTS))
def test_an_event_is_stored_by_a_name_that_ends_in_its_version(topic: str, event: type[Event]) -> None:
    assert topic == event.TOPIC
    assert topic.rpartition(".")[2].isdigit()


@pytest.mark.parametrize("event", EVENTS.values(), ids=list(EVENTS))
def test_no_event_holds_a_float(event: type[Event]) -> None:
    assert float not in set(_types(event))


def test_every_concrete_event_is_in_the_registry() -> None:
    declared = {
        value for value in vars(events).values() if isinstance(value, type) and issubclass(value, Event) and value.TOPIC
    }

    assert declared == set(EVENTS.values())


def test_every_event_of_a_record_survives_being_written_down() -> None:
    story = Story().when(
        observed(),
        parked(),
        rejected(),
        excluded(),
        conflicting(),
        linked(),
        requested(),
        closed(),
        requested(),
        claimed(),
        delayed(unknown=True),
        claimed(),
        refused(),
        replayed(),
        claimed(),
        refused(),
        skipped(),
        retried(),
        asked(),
        retrieved(),
        resent(),
        declined(),
        resent(),
        accepted(),
        observed("v2"),
        requested(),
        claimed(),
        confirmed(),
        settled("v2"),
        drifted(),
        agreed(),
        drifted(),
        resolved(),
        settled("v2"),
        stirred(),
        vanished("PI-1"),
        tombstoned(),
        reset(),
        adopted(),
        linkage_refused(),
        cut_off(),
    )
    again = [msgspec.json.decode(msgspec.json.encode(event), type=type(event)) for event in story.events]

    assert again == list(story.events)
    assert {type(event) for event in again} == {
        event for event in EVENTS.values() if issubclass(event, FlowEvent | events.Observed | events.Vanished)
    }


def test_the_moment_of_an_event_is_utc() -> None:
    (event,) = Story().when(observed()).events

    assert event.at.utcoffset() == timedelta(0)
