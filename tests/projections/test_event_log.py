"""Everything that happened is one line, in order, in words that people understand."""

import pytest

from domain.events import EVENTS, Event, LinkRow
from projections.event_log import EVENT_LOGS, summary
from tests.ledger_story import (
    FLOW,
    Command,
    adopted,
    claimed,
    closed,
    confirmed,
    conflicting,
    cut_off,
    delayed,
    excluded,
    linkage_refused,
    linked,
    observed,
    parked,
    refused,
    rejected,
    requested,
    reset,
    retried,
    settled,
    tombstoned,
    vanished,
)
from tests.projections.folded import Tables, folded, told
from tests.projections.test_feed import FEED_EVENTS

WORDS: list[tuple[tuple[Command, ...], str]] = [
    ((observed(),), "business_central shows commitment PO-1 Concrete"),
    ((observed(), vanished()), "removed in business_central"),
    ((observed(), vanished("PI-1")), "removed in business_central, replaced by PI-1"),
    ((observed(), parked("V1", "V2")), "parked: waiting for vendor V1; waiting for vendor V2"),
    ((observed(), rejected("Job No.")), "rejected: Job No. is missing"),
    ((observed(), excluded("blocked")), "excluded: blocked"),
    ((observed(), conflicting("taken")), "conflict: taken"),
    ((observed(), vanished(), tombstoned()), "deleted in its source; the counterpart stays"),
    (
        (observed(), linked(), vanished(), tombstoned(closed=True)),
        "deleted; the counterpart stays, and only a person brings it back",
    ),
    ((observed(), adopted()), "linked by hand: PO-1 = purchase_order_contracts 900 (same order)"),
    ((observed(), linked(), cut_off()), "unlinked: PO-1 = purchase_order_contracts 900 (wrong one)"),
    ((observed(), cut_off()), "unlinked: nothing was joined (wrong one)"),
    ((observed(), linked(), reset()), "reset: remove it there (wrong one)"),
    ((observed(), linkage_refused()), "unlink refused: still there"),
    ((observed(), settled()), "synced"),
    ((observed(), linked()), "linked PO-1 = purchase_order_contracts 900"),
    ((observed(), requested()), "to deliver: header to purchase_order_contracts"),
    ((observed(), requested(), claimed()), "attempt 1: header"),
    ((observed(), requested(), claimed(), confirmed()), "delivered: header is 900"),
    ((observed(), requested(), claimed(), delayed()), "delayed: header: busy"),
    ((observed(), requested(), claimed(), refused()), "refused: header: no"),
    (
        (observed(), requested(), claimed(), refused(), retried()),
        "to be decided again, although its source did not change",
    ),
    ((observed(), requested(), closed()), "withdrawn: header: changed"),
]


@pytest.mark.requirement("DC-06")
@pytest.mark.parametrize(("commands", "words"), WORDS, ids=[words for _, words in WORDS])
def test_an_event_is_told_in_one_line(commands: tuple[Command, ...], words: str) -> None:
    assert summary(told(*commands)[-1]) == words


def test_many_pairs_are_counted_instead_of_listed() -> None:
    links = [LinkRow("lines", str(count), f"L{count}", "items", str(count)) for count in range(5)]
    events = told(observed(), lambda record, when: record.link(FLOW, links, when))

    assert summary(events[-1]) == "linked L0 = items 0, L1 = items 1, L2 = items 2 and 2 more"


@pytest.mark.requirement("DC-02", "DC-06")
def test_a_line_says_who_did_it_when_and_in_which_story() -> None:
    first, second = folded(EVENT_LOGS, observed(), parked()).rows()

    assert (first["position"], second["position"]) == (1, 2)
    assert (first["actor"], first["correlation_id"], first["causation_id"]) == ("system", "story", "step")
    assert (first["flow"], second["flow"]) == ("", FLOW)
    assert (first["event"], first["version"]) == ("record.observed.1", 1)


@pytest.mark.requirement("DC-01")
def test_no_kind_of_event_is_left_out() -> None:
    assert set(EVENT_LOGS.topics) == set(EVENTS)


@pytest.mark.parametrize("event", FEED_EVENTS, ids=lambda event: event.TOPIC)
def test_events_of_feeds_and_connections_are_told_too(event: Event) -> None:
    line = Tables(EVENT_LOGS).take([event]).row()

    assert line["summary"] != event.TOPIC
    assert line["flow"] == ""


@pytest.mark.requirement("DC-07")
def test_a_rebuild_gives_the_same_lines() -> None:
    events = [*told(observed(), requested(), claimed(), confirmed(), linked(), settled()), *FEED_EVENTS]

    assert Tables(EVENT_LOGS).take(events, 4).rows() == Tables(EVENT_LOGS).take(events).rows()
    assert len(Tables(EVENT_LOGS).take(events).rows()) == len(events)
