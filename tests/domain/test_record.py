"""A record tells what happened to it once, in order, and the same way after every rebuild."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest

from domain.events import (
    Attempted,
    Closed,
    Confirmed,
    Conflicted,
    Delayed,
    Excluded,
    FeedAdvanced,
    Linked,
    LinkRow,
    Observed,
    Parked,
    Refused,
    Rejected,
    Requested,
    Retried,
    Synced,
    Tombstoned,
    Vanished,
    Wait,
)
from domain.record import Record
from domain.values import digest
from tests.ledger_story import (
    CONNECTION,
    FLOW,
    START,
    Command,
    Story,
    claimed,
    closed,
    confirmed,
    conflicting,
    delayed,
    delivered,
    excluded,
    linked,
    moment,
    observed,
    open_delivery,
    parked,
    refused,
    rejected,
    requested,
    retried,
    row,
    settled,
    sight,
    tombstoned,
    vanished,
)


def test_the_same_object_has_the_same_id_whoever_saw_it_first() -> None:
    assert Record.id_for("main", "commitment", "po-1") == Record.id_for("main", "commitment", "po-1")
    assert Record.id_for("main", "commitment", "po-1") == UUID("f483268e-1917-5ed2-adb2-aac2852bfdcd")


@pytest.mark.parametrize(
    "other", [("test", "commitment", "po-1"), ("main", "project", "po-1"), ("main", "commitment", "po-2")]
)
def test_another_connection_kind_or_key_is_another_record(other: tuple[str, str, str]) -> None:
    assert Record.id_for(*other) != Record.id_for("main", "commitment", "po-1")


# -- what is seen ----------------------------------------------------------------------------------


@pytest.mark.requirement("PP-19")
def test_a_changed_origin_is_recorded() -> None:
    Story().given(observed("v1")).when(observed("v2")).then(Observed)


def test_the_same_sight_twice_is_recorded_once() -> None:
    story = Story().given(observed("v1")).when(observed("v1")).then()

    assert story.answers == [False]


def test_a_sight_that_comes_back_after_another_is_a_change() -> None:
    Story().given(observed("v1"), observed("v2")).when(observed("v1")).then(Observed)


def test_a_new_number_is_a_change_even_if_nothing_else_is() -> None:
    Story().given(observed("v1")).when(observed("v1", number="PO-1A")).then(Observed)


def test_a_record_that_another_one_needs_from_now_on_is_seen_anew() -> None:
    story = Story().given(observed("v1")).when(observed("v1", demanded=True)).then(Observed)

    assert story.record.demanded


def test_a_need_for_a_record_does_not_end_with_its_next_change() -> None:
    story = Story().given(observed("v1", demanded=True)).when(observed("v2")).then(Observed)

    assert story.record.demanded


def test_a_flow_hears_of_the_change_that_takes_the_record_out_of_it() -> None:
    story = Story().given(observed("v1"), parked()).when(observed("v2", flows=())).then(Observed)

    assert story.record.flow(FLOW).status.todo


@pytest.mark.requirement("PP-20")
def test_a_removed_source_is_recorded_once() -> None:
    Story().given(observed("v1")).when(vanished()).then(Vanished)
    Story().given(observed("v1"), vanished()).when(vanished()).then()


def test_a_source_that_nobody_saw_cannot_vanish() -> None:
    Story().when(vanished()).then()


def test_a_removed_source_that_comes_back_is_seen_again() -> None:
    story = Story().given(observed("v1"), vanished("PI-1")).when(observed("v1")).then(Observed)

    assert (story.record.vanished, story.record.replaced_by) == (False, "")


# -- what is decided -------------------------------------------------------------------------------

DECISIONS = [
    (parked("V1"), parked("V2"), Parked),
    (rejected("Job No."), rejected("Cost Type"), Rejected),
    (excluded("flag off"), excluded("blocked"), Excluded),
    (conflicting("a"), conflicting("b"), Conflicted),
    (settled("v1"), settled("v2"), Synced),
]
NAMES = ["parked", "rejected", "excluded", "conflict", "synced"]


@pytest.mark.parametrize(("decision", "_other", "kind"), DECISIONS, ids=NAMES)
def test_the_same_decision_twice_is_said_once(decision: Command, _other: Command, kind: type) -> None:
    Story().given(observed()).when(decision).then(kind)
    Story().given(observed(), decision).when(decision).then()


@pytest.mark.parametrize(("decision", "other", "kind"), DECISIONS, ids=NAMES)
def test_another_reason_is_another_decision(decision: Command, other: Command, kind: type) -> None:
    Story().given(observed(), decision).when(other).then(kind)


@pytest.mark.parametrize(("decision", "_other", "kind"), DECISIONS, ids=NAMES)
def test_a_decision_is_said_again_after_a_change(decision: Command, _other: Command, kind: type) -> None:
    Story().given(observed("v1"), decision, observed("v2")).when(decision).then(kind)


def test_a_record_is_buried_once() -> None:
    Story().given(observed(), vanished()).when(tombstoned()).then(Tombstoned)
    Story().given(observed(), vanished(), tombstoned()).when(tombstoned()).then()


@pytest.mark.requirement("DC-05")
def test_identities_are_joined_once() -> None:
    Story().given(observed()).when(linked("900")).then(Linked)
    Story().given(observed(), linked("900")).when(linked("900")).then()


def test_another_counterpart_is_a_new_pair() -> None:
    Story().given(observed(), linked("900")).when(linked("901")).then(Linked)


def test_only_new_pairs_are_said() -> None:
    old, new = (LinkRow("purchaseOrderLines", line, line, "line_items", "1", "900") for line in ("l1", "l2"))
    story = Story().given(observed(), lambda record, when: record.link(FLOW, [old], when))
    story.when(lambda record, when: record.link(FLOW, [old, new], when)).then(Linked)

    assert story.events[0].links == (new,)  # type: ignore[attr-defined]


# -- what is delivered -----------------------------------------------------------------------------


@pytest.mark.requirement("DC-03")
def test_a_delivery_is_stored_before_anything_is_called() -> None:
    story = Story().given(observed()).when(requested()).then(Requested)

    assert story.state() == "in-flight"
    assert story.events[0].body == row().body  # type: ignore[attr-defined]


def test_while_a_delivery_of_a_part_is_open_none_is_added() -> None:
    story = Story().given(observed(), requested("a")).when(requested("b")).then()

    assert story.answers == [None]


def test_parts_are_delivered_side_by_side() -> None:
    Story().given(observed(), requested("a")).when(requested("b", "line:1")).then(Requested)


def test_a_change_and_the_change_back_are_three_deliveries() -> None:
    story = Story().given(observed())
    ids: list[object] = []
    for content in ("A", "B", "A"):
        story.when(requested(content)).then(Requested)
        ids += story.answers
        story.when(claimed(), confirmed()).then(Attempted, Confirmed)

    assert len(set(ids)) == 3


def test_the_id_of_a_delivery_follows_from_the_record_and_its_place() -> None:
    first, second = (Story().given(observed()).when(requested("a")) for _ in range(2))

    assert first.answers == second.answers


def test_the_target_holds_what_was_confirmed_last() -> None:
    story = Story().given(observed(), *delivered("a"), *delivered("b", target_id="900"))
    memory = story.record.flow(FLOW)

    assert memory.holds("header", digest("b"))
    assert not memory.holds("header", digest("a"))
    assert memory.target_id("header") == "900"


def test_attempts_are_counted() -> None:
    story = Story().given(observed(), requested(), claimed(), delayed()).when(claimed()).then(Attempted)

    assert story.events[0].attempt == 2  # type: ignore[attr-defined]


Result = Callable[[Record, UUID], object]
RESULTS: dict[str, Result] = {
    "claim": lambda record, id_: record.claim(FLOW, id_, moment()),
    "confirm": lambda record, id_: record.confirm(FLOW, id_, moment(), target_id="901"),
    "delay": lambda record, id_: record.delay(FLOW, id_, moment(), retry_at=START, reason="", unknown=True),
    "refuse": lambda record, id_: record.refuse(FLOW, id_, moment(), message="no"),
    "close": lambda record, id_: record.close(FLOW, id_, "changed", moment()),
}
ENDS = {"confirmed": confirmed(), "refused": refused(), "closed": closed()}


@pytest.mark.parametrize("late", RESULTS.values(), ids=RESULTS)
@pytest.mark.parametrize("end", ENDS)
def test_a_late_or_repeated_result_changes_nothing(end: str, late: Result) -> None:
    story = Story().given(observed(), requested())
    delivery = open_delivery(story.record)
    story.given(*([] if end == "closed" else [claimed()]), ENDS[end])
    before = story.record.version
    story.when(lambda record, _when: late(record, delivery)).then()

    assert story.answers == [False]
    assert story.record.version == before


@pytest.mark.parametrize("result", RESULTS.values(), ids=RESULTS)
def test_a_result_of_an_unknown_delivery_changes_nothing(result: Result) -> None:
    Story().given(observed(), requested()).when(lambda record, _when: result(record, UUID(int=5))).then()


def test_a_late_result_does_not_settle_the_next_delivery_of_the_same_part() -> None:
    story = Story().given(observed(), requested("a"))
    old = open_delivery(story.record)
    story.given(claimed(), confirmed(), requested("b"))
    story.when(lambda record, when: record.confirm(FLOW, old, when, target_id="900")).then()

    assert open_delivery(story.record) != old


@pytest.mark.requirement("DC-04")
@pytest.mark.parametrize(("end", "kind"), [(confirmed(), Confirmed), (refused(), Refused), (delayed(), Delayed)])
def test_every_attempt_ends_in_an_outcome(end: Command, kind: type) -> None:
    Story().given(observed(), requested()).when(claimed(), end).then(Attempted, kind)


def test_a_delivery_that_was_never_sent_can_be_withdrawn() -> None:
    Story().given(observed(), requested()).when(closed()).then(Closed)


def test_a_delivery_that_may_have_taken_effect_is_never_withdrawn() -> None:
    Story().given(observed(), requested(), claimed()).when(closed()).then()
    Story().given(observed(), requested(), claimed(), delayed(unknown=True)).when(closed()).then()


def test_a_delivery_that_surely_had_no_effect_can_be_withdrawn_after_an_attempt() -> None:
    Story().given(observed(), requested(), claimed(), delayed(unknown=False)).when(closed()).then(Closed)


def test_a_refused_row_is_remembered_until_the_source_changes() -> None:
    story = Story().given(observed("v1"), requested("a"), claimed(), refused())
    assert story.record.flow(FLOW).refused == {"header": digest("a")}

    story.given(observed("v2"))

    assert story.record.flow(FLOW).refused == {}


def test_a_refusal_of_what_the_source_no_longer_says_is_not_held_against_it() -> None:
    story = Story().given(observed("v1"), requested("a"), claimed(), observed("v2"), refused())

    assert story.record.flow(FLOW).refused == {}
    assert story.record.flow(FLOW).status.decidable


def test_a_record_that_was_given_up_can_be_decided_again() -> None:
    story = Story().given(observed(), requested("a"), claimed(), refused()).when(retried()).then(Retried)

    assert story.record.flow(FLOW).status.decidable
    assert story.record.flow(FLOW).refused == {}


@pytest.mark.requirement("PP-38")
def test_a_record_that_waits_after_a_refusal_can_be_tried_again() -> None:
    story = Story().given(observed(), requested(), claimed(), refused(message="over-billed"), parked())

    story.when(retried()).then(Retried)
    assert story.state() == "pending"


@pytest.mark.requirement("PF-12")
def test_what_was_refused_last_is_known_through_a_wait_until_the_source_changes() -> None:
    story = Story().given(observed(), requested(), claimed(), refused(message="over-billed"), parked())
    memory = story.record.flow(FLOW)

    assert (memory.tried["header"].words, memory.refused) == ("over-billed", {})
    story.when(observed("v2"))
    assert memory.tried == {}


@pytest.mark.parametrize("state", [parked(), settled(), excluded(), requested()])
def test_only_what_was_given_up_can_be_decided_again(state: Command) -> None:
    assert Story().given(observed(), state).when(retried()).then().answers == [False]


def test_asking_twice_is_asking_once() -> None:
    Story().given(observed(), requested("a"), claimed(), refused(), retried()).when(retried()).then()


# -- the stream ------------------------------------------------------------------------------------


@pytest.mark.requirement("DC-01")
def test_versions_count_without_gaps() -> None:
    story = Story().when(observed(), parked(), observed("v2"), *delivered(), linked(), settled("v2"))

    assert [event.originator_version for event in story.events] == list(range(1, len(story.events) + 1))


@pytest.mark.requirement("DC-02")
def test_every_event_says_where_it_comes_from_when_and_why() -> None:
    story = Story().when(observed(), requested(), claimed(), confirmed())

    assert {(event.connection, event.correlation_id, event.causation_id, event.actor) for event in story.events} == {
        (CONNECTION, "story", "step", "system")
    }
    assert [event.at - START for event in story.events] == [timedelta(minutes=count) for count in range(4)]
    seen = story.events[0]
    assert isinstance(seen, Observed)
    assert (seen.side, seen.entity_set, seen.source_id, seen.content) == (
        "business_central",
        "purchaseOrders",
        "po-1",
        digest(["v1"]),
    )


@pytest.mark.requirement("DC-01", "DC-07")
def test_a_record_told_by_its_events_is_the_record_that_made_them() -> None:
    story = Story().when(
        observed("v1"),
        parked(),
        observed("v2"),
        requested("a"),
        requested("b", "line:1"),
        claimed(),
        claimed("line:1"),
        confirmed(),
        delayed("line:1", unknown=True),
        claimed("line:1"),
        refused("line:1"),
        linked(),
        observed("v3"),
        excluded(),
        vanished("PI-1"),
        tombstoned(),
    )
    again = story.retold()

    assert vars(again) == {**vars(story.record), "_new": []}


def test_events_are_handed_over_once() -> None:
    record = Story().record
    record.observe(sight(), moment())
    assert record.has_news

    assert len(record.collect_events()) == 1
    assert list(record.collect_events()) == []
    assert not record.has_news


def test_an_event_of_something_else_does_not_happen_to_a_record() -> None:
    record = Story().record
    event = FeedAdvanced(
        originator_id=record.id,
        originator_version=1,
        at=START,
        connection=CONNECTION,
        correlation_id="",
        causation_id="",
        actor="",
        entity_set="purchaseOrders",
        position=5,
    )

    with pytest.raises(ValueError, match="FeedAdvanced"):
        record.apply(event)


def test_a_wait_is_named_in_words() -> None:
    story = Story().given(observed()).when(parked("V8", "V9")).then(Parked)

    assert story.events[0].waits == (  # type: ignore[attr-defined]
        Wait("vendor", "V8", "waiting for vendor V8"),
        Wait("vendor", "V9", "waiting for vendor V9"),
    )
