"""Retry, skip and replay: each does what it says to what failed, and nothing to what is settled or under way."""

import pytest

from domain import events
from domain.decide import Exclude
from domain.flows import BY_NAME
from domain.record import Record
from domain.snapshot import restored, taken
from tests.ledger_story import (
    FLOW,
    Command,
    Passage,
    Story,
    claimed,
    confirmed,
    conflicting,
    delayed,
    delivered,
    excluded,
    observed,
    open_delivery,
    parked,
    refused,
    rejected,
    replayed,
    requested,
    retried,
    settled,
    skipped,
    stirred,
    tombstoned,
    vanished,
)

REFUSED: tuple[Command, ...] = (observed(), requested(), claimed(), refused())
WAITING: tuple[Command, ...] = (observed(), requested(), claimed(), delayed())
UNKNOWN: tuple[Command, ...] = (observed(), requested(), claimed(), delayed(unknown=True))
SYNCED: tuple[Command, ...] = (observed(), *delivered(), settled())


# -- retry -----------------------------------------------------------------------------------------


@pytest.mark.requirement("DC-08")
@pytest.mark.parametrize("before", [REFUSED, (observed(), rejected()), (observed(), conflicting())])
def test_what_does_not_go_by_itself_is_decided_again_once(before: tuple[Command, ...]) -> None:
    Story().given(*before).when(retried(), retried()).then(events.Retried)


@pytest.mark.requirement("DC-08")
@pytest.mark.parametrize(
    "before",
    [
        SYNCED,
        (observed(),),
        (observed(), requested()),
        (observed(), parked()),
        (observed(), excluded()),
        (observed(), vanished(), tombstoned()),
    ],
)
@pytest.mark.parametrize("act", [retried(), replayed()])
def test_what_is_settled_or_goes_by_itself_is_left_alone(before: tuple[Command, ...], act: Command) -> None:
    Story().given(*before).when(act).then()


@pytest.mark.requirement("DC-08")
def test_a_retry_withdraws_what_certainly_had_no_effect() -> None:
    story = Story().given(*WAITING).when(retried()).then(events.Closed, events.Retried)

    assert story.record.flow(FLOW).status.decidable


@pytest.mark.requirement("DC-08")
def test_a_retry_has_what_may_have_had_an_effect_settled_before_anything_is_decided() -> None:
    story = Story().given(*UNKNOWN).when(retried()).then(events.Replayed, events.Retried)

    assert open_delivery(story.record)
    assert not story.record.flow(FLOW).status.decidable
    assert story.when(claimed(), confirmed()).record.flow(FLOW).status.decidable


# -- skip ------------------------------------------------------------------------------------------


@pytest.mark.requirement("DC-08")
@pytest.mark.parametrize("before", [REFUSED, (observed(), rejected()), (observed(), conflicting()), (observed(),)])
def test_what_is_skipped_is_left_out_by_name_and_reason(before: tuple[Command, ...]) -> None:
    story = Story().given(*before).when(skipped(), skipped()).then(events.Skipped)

    assert story.state() == "excluded"
    assert story.record.flow(FLOW).skipped == "skipped by anna: not this year"


@pytest.mark.requirement("DC-08")
@pytest.mark.parametrize("before", [SYNCED, (observed(), excluded()), (observed(), vanished(), tombstoned())])
def test_what_is_settled_can_not_be_skipped(before: tuple[Command, ...]) -> None:
    Story().given(*before).when(skipped()).then()


def test_a_record_that_takes_no_part_can_not_be_skipped() -> None:
    Story().given(observed(flows=())).when(skipped()).then()


@pytest.mark.requirement("DC-08")
def test_what_waits_is_withdrawn_when_it_is_skipped() -> None:
    assert Story().given(*WAITING).when(skipped()).then(events.Closed, events.Skipped).record.flow(FLOW).open == {}


@pytest.mark.requirement("DC-08", "DC-12")
def test_nothing_is_skipped_while_a_call_may_have_taken_effect() -> None:
    assert Story().given(*UNKNOWN).when(skipped()).then().answers == [False]


def order(text: str) -> dict[str, object]:
    """An order that breaks a rule, as it has no vendor."""
    return {"id": "po-1", "number": "PO-1", "jobNumber": "J1", "sendToProcore": True, "yourReference": text}


@pytest.mark.requirement("DC-08")
def test_a_skipped_record_stays_out_whatever_else_happens_until_its_source_changes() -> None:
    flow = BY_NAME[FLOW]
    passage = Passage(flow, order("one"))
    record = passage.record
    stir = stirred()
    when = Story()
    when.record = record
    when.when(rejected(), skipped(), stir)

    assert passage.decide() == Exclude("skipped by anna: not this year")

    passage.sees(order("one"), demanded=True)

    assert passage.decide() == Exclude("skipped by anna: not this year")

    passage.sees({**order("one"), "vendorNumber": "V9"})

    assert not isinstance(passage.decide(), Exclude)


@pytest.mark.requirement("DC-08")
def test_a_source_that_changed_and_changed_back_is_not_skipped_any_more() -> None:
    story = Story().given(observed("v1"), rejected(), skipped(), observed("v2"), observed("v1"))

    assert story.record.flow(FLOW).skipped == ""


@pytest.mark.requirement("DC-08")
def test_a_retry_takes_a_skipped_record_in_again() -> None:
    story = Story().given(observed(), rejected(), skipped()).when(retried()).then(events.Retried)

    assert story.record.flow(FLOW).skipped == ""


# -- replay ----------------------------------------------------------------------------------------


@pytest.mark.requirement("DC-08")
def test_a_replay_opens_the_refused_delivery_again_under_its_own_id_and_in_doubt() -> None:
    story = Story().given(observed(), requested())
    delivery = open_delivery(story.record)
    story.when(claimed(), refused(), replayed(), replayed())

    assert [type(event) for event in story.events[-1:]] == [events.Replayed]
    opened = story.record.flow(FLOW).open["header"]
    assert (opened.id, opened.unknown, opened.attempts) == (delivery, True, 0)


@pytest.mark.requirement("DC-08")
def test_a_replay_hurries_what_waits_and_keeps_what_is_known_of_it() -> None:
    for before, unknown in ((WAITING, False), (UNKNOWN, True)):
        story = Story().given(*before).when(replayed()).then(events.Replayed)

        assert story.record.flow(FLOW).open["header"].unknown is unknown


@pytest.mark.requirement("DC-08")
def test_every_refused_part_is_replayed_and_no_other() -> None:
    parts = (requested("a"), requested("b", "line:1"), requested("c", "line:2"))
    outcomes = (claimed(), claimed("line:1"), claimed("line:2"), confirmed(), refused("line:1"), refused("line:2"))
    story = Story().given(observed(), *parts, *outcomes).when(replayed())

    assert [event.part for event in story.events if isinstance(event, events.Replayed)] == ["line:1", "line:2"]
    assert story.record.flow(FLOW).status.refused == 0


@pytest.mark.requirement("DC-08")
def test_what_the_source_changed_since_is_not_sent_as_it_was() -> None:
    Story().given(*WAITING, observed("v2")).when(replayed()).then()
    Story().given(*REFUSED, observed("v2")).when(replayed()).then()


def test_what_people_did_survives_a_snapshot() -> None:
    for commands in (REFUSED, (*REFUSED, skipped()), (*REFUSED, replayed())):
        record = Story().given(*commands).record
        again = restored(record.id, record.connection, taken(record), {})

        assert again.flows == record.flows


def test_a_record_is_told_alike_by_its_events() -> None:
    story = Story(Record(Record.id_for("main", "commitment", "po-1"), "main"))
    story.when(*REFUSED, replayed(), claimed(), refused(), skipped(), retried())

    assert story.retold().flows == story.record.flows
