"""Every record in every flow has one row that says where it stands, why, since when and what it waits for."""

from collections.abc import Sequence

import msgspec
import pytest

from domain.events import Event, FeedAdvanced
from projections.record_state import RECORD_STATES
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
    observed,
    parked,
    refused,
    rejected,
    requested,
    settled,
    tombstoned,
    vanished,
)
from tests.projections.folded import Tables, folded, told

A_LIFE: tuple[Command, ...] = (
    observed("v1"),
    parked("V1", "V2"),
    observed("v2"),
    parked("V2"),
    observed("v3"),
    requested("a"),
    requested("b", "line:1"),
    claimed(),
    claimed("line:1"),
    delayed(unknown=True),
    refused("line:1", "uom is unknown"),
    claimed(),
    confirmed(),
    observed("v4"),
    *delivered("c", "line:1", "901"),
    linked(),
    settled("v4"),
    vanished("PI-1"),
    tombstoned(),
)


def states(*commands: Command) -> Tables:
    return folded(RECORD_STATES, *commands)


def test_a_record_is_described_as_its_source_shows_it() -> None:
    row = states(observed()).row("record")

    assert {name: row[name] for name in ("connection", "kind", "number", "title", "project", "side", "entity_set")} == {
        "connection": "main",
        "kind": "commitment",
        "number": "PO-1",
        "title": "Concrete",
        "project": "J1",
        "side": "business_central",
        "entity_set": "purchaseOrders",
    }
    assert (row["source_id"], row["demanded"], row["vanished"], row["position"]) == ("po-1", 0, 0, 1)


@pytest.mark.requirement("PP-20")
def test_a_removed_record_stays_and_is_marked() -> None:
    assert states(observed(), vanished()).row("record")["vanished"] == 1
    assert states(observed(), vanished(), observed()).row("record")["vanished"] == 0


REASONS: list[tuple[str, tuple[Command, ...], str, list[str]]] = [
    ("parked", (parked("V1"),), "parked", ["waiting for vendor V1"]),
    ("rejected", (rejected("Job No.", "Cost Type"),), "rejected", ["Job No. is missing", "Cost Type is missing"]),
    ("excluded", (excluded("blocked"),), "excluded", ["blocked"]),
    ("conflict", (conflicting("number is taken"),), "conflict", ["number is taken"]),
    ("synced", (settled(),), "synced", []),
    ("deleted", (vanished(), tombstoned()), "deleted", []),
    ("in-flight", (requested(),), "in-flight", []),
    ("failed", (requested(), claimed(), delayed()), "failed", ["busy"]),
    ("dead", (requested(), claimed(), refused(message="Name is taken")), "dead", ["header: Name is taken"]),
    ("pending", (requested(), claimed(), confirmed()), "pending", []),
    ("changed", (rejected(), observed("v2")), "pending", []),
]


@pytest.mark.requirement("DC-09")
@pytest.mark.parametrize(
    ("commands", "state", "reasons"), [row[1:] for row in REASONS], ids=[row[0] for row in REASONS]
)
def test_a_row_says_the_state_and_why(commands: tuple[Command, ...], state: str, reasons: list[str]) -> None:
    row = states(observed(), *commands).row("record_state")

    assert (row["state"], msgspec.json.decode(row["reasons"])) == (state, reasons)


@pytest.mark.requirement("DC-09")
@pytest.mark.parametrize("count", range(1, len(A_LIFE) + 1))
def test_the_row_tells_the_state_that_the_record_itself_remembers(count: int) -> None:
    story = Story()
    row = Tables(RECORD_STATES).take(told(*A_LIFE[:count], story=story)).row("record_state")
    status = story.record.flow(FLOW).status

    assert (row["state"], row["open"], row["refused"], bool(row["todo"])) == (
        status.state,
        status.open,
        status.refused,
        status.todo,
    )


@pytest.mark.requirement("DC-07")
@pytest.mark.parametrize("page", [2, 3, 7, 100])
def test_the_rows_are_the_same_however_the_events_fall_into_pages(page: int) -> None:
    events = told(*A_LIFE)
    one_by_one, paged = Tables(RECORD_STATES).take(events), Tables(RECORD_STATES).take(events, page)

    for table in ("record", "record_state", "wait"):
        assert paged.rows(table) == one_by_one.rows(table)


def test_what_a_parked_record_waits_for_is_a_row_each() -> None:
    tables = states(observed(), parked("V1", "V2"))

    assert [(row["place"], row["on_kind"], row["on_key"]) for row in tables.rows("wait")] == [
        (0, "vendor", "V1"),
        (1, "vendor", "V2"),
    ]
    assert msgspec.json.decode(tables.row("record_state")["waits_for"]) == [
        {"kind": "vendor", "key": "V1", "text": "waiting for vendor V1"},
        {"kind": "vendor", "key": "V2", "text": "waiting for vendor V2"},
    ]


def test_a_shorter_wait_replaces_the_longer_one() -> None:
    tables = states(observed(), parked("V1", "V2"), parked("V2"))

    assert [row["on_key"] for row in tables.rows("wait")] == ["V2"]


@pytest.mark.parametrize("end", [observed("v2"), excluded(), rejected(), settled(), requested()])
def test_a_record_that_is_parked_no_more_waits_for_nothing(end: Command) -> None:
    tables = states(observed(), parked("V1", "V2"), end)

    assert tables.rows("wait") == []
    assert tables.row("record_state")["waits_for"] == "[]"


def test_a_wait_stands_until_the_record_leaves_its_state() -> None:
    tables = states(observed(), parked("V1"), linked())

    assert [row["on_key"] for row in tables.rows("wait")] == ["V1"]
    assert "V1" in tables.row("record_state")["waits_for"]


def test_since_is_when_the_state_began_not_when_it_was_last_confirmed() -> None:
    tables = states(observed(), parked("V1"), parked("V2"))

    assert tables.row("record_state")["since"] == START.replace(minute=1).isoformat()


def test_a_failed_record_says_when_it_is_tried_again() -> None:
    failed = states(observed(), requested(), claimed(), delayed())
    assert failed.row("record_state")["retry_at"] == START.replace(minute=8).isoformat()

    again = states(observed(), requested(), claimed(), delayed(), claimed())

    assert again.row("record_state")["retry_at"] == ""


def test_every_refused_part_is_a_reason() -> None:
    tables = states(
        observed(),
        requested("a"),
        requested("b", "line:1"),
        claimed(),
        claimed("line:1"),
        refused(message="first"),
        refused("line:1", "second"),
    )

    assert tables.row("record_state")["state"] == "dead"
    assert msgspec.json.decode(tables.row("record_state")["reasons"]) == ["header: first", "line:1: second"]


def test_the_place_of_the_last_join_is_kept() -> None:
    assert states(observed()).row("record_state")["joined"] == 0
    assert states(observed(), linked(), settled()).row("record_state")["joined"] == 2


def test_a_withdrawn_delivery_leaves_a_decision_to_make() -> None:
    row = states(observed(), requested(), closed()).row("record_state")

    assert (row["state"], row["open"], row["todo"]) == ("pending", 0, 1)


@pytest.mark.requirement("DC-09")
def test_a_record_that_takes_part_in_no_flow_has_no_state() -> None:
    tables = states(observed(flows=()))

    assert len(tables.rows("record")) == 1
    assert tables.rows("record_state") == []


def test_events_of_something_else_change_nothing() -> None:
    events: Sequence[Event] = [
        *told(observed(), parked()),
        FeedAdvanced(
            originator_id=Story().record.id,
            originator_version=1,
            at=START,
            connection=CONNECTION,
            correlation_id="",
            causation_id="",
            actor="",
            entity_set="purchaseOrders",
            position=5,
        ),
    ]

    assert FeedAdvanced.TOPIC not in RECORD_STATES.topics
    assert Tables(RECORD_STATES).take(events).rows("record_state") == Tables(RECORD_STATES).take(events[:-1]).rows(
        "record_state"
    )
