"""Of every record the latest request is at hand: what is asked, of whom it came, and what became of it."""

import pytest

from domain.values import digest
from projections.approval import APPROVALS
from tests.ledger_story import (
    FLOW,
    START,
    Command,
    accepted,
    asked,
    claimed,
    confirmed,
    conflicting,
    declined,
    delivered,
    excluded,
    observed,
    parked,
    refused,
    rejected,
    requested,
    resent,
    retried,
    retrieved,
    settled,
    stirred,
    tombstoned,
    vanished,
)
from tests.projections.folded import Tables, folded, told

STATES: list[tuple[str, tuple[Command, ...], str]] = [
    ("asked", (asked(),), "ready"),
    ("asked twice", (asked(), stirred(), asked()), "ready"),
    ("accepted", (asked(), accepted()), "accepted"),
    ("declined", (asked(), declined()), "declined"),
    ("retrieved", (asked(), retrieved()), "waiting"),
    ("sent again after a decline", (asked(), declined(), resent()), "resent"),
    ("sent again after it was taken back", (asked(), retrieved(), resent()), "resent"),
    ("accepted in the end", (asked(), declined(), resent(), accepted()), "accepted"),
    ("on its way", (asked(), accepted(), requested(), claimed(), confirmed()), "accepted"),
    ("refused", (asked(), accepted(), requested(), claimed(), refused()), "failed"),
    ("tried again", (asked(), accepted(), requested(), claimed(), refused(), retried()), "accepted"),
    ("waits after a refusal", (asked(), accepted(), requested(), claimed(), refused(), parked()), "accepted"),
    ("carried", (asked(), accepted(), *delivered(), settled()), "exported"),
    ("carried after a refusal", (asked(), accepted(), requested(), claimed(), refused(), settled()), "exported"),
    ("changed", (asked(), observed("v2")), "withdrawn"),
    ("changed after a decline", (asked(), declined(), observed("v2")), "withdrawn"),
    ("changed on its way", (asked(), accepted(), observed("v2")), "accepted"),
    ("changed and asked anew", (asked("a"), accepted(), observed("v2"), asked("b")), "ready"),
    ("moved and came back", (asked("a"), declined(), observed("v2"), asked("a")), "declined"),
    ("waits for another", (asked(), observed("v2"), parked()), "withdrawn"),
    ("breaks a rule", (asked(), stirred(), rejected()), "withdrawn"),
    ("in conflict", (asked(), stirred(), conflicting()), "withdrawn"),
    ("left out", (asked(), excluded()), "withdrawn"),
    ("left out on its way", (asked(), accepted(), excluded()), "withdrawn"),
    ("let go without a gate", (asked(), settled()), "withdrawn"),
    ("gone", (asked(), vanished(), tombstoned()), "withdrawn"),
]


def table(*commands: Command) -> Tables:
    return folded(APPROVALS, observed("v1"), *commands)


@pytest.mark.requirement("ER-29")
@pytest.mark.parametrize(("commands", "state"), [row[1:] for row in STATES], ids=[row[0] for row in STATES])
def test_a_request_stands_where_its_story_left_it(commands: tuple[Command, ...], state: str) -> None:
    assert table(*commands).row()["state"] == state


def test_a_request_says_what_is_asked_since_when_and_by_whom() -> None:
    row = table(asked("a", amount="12.50", why="")).row()

    assert {name: row[name] for name in ("flow", "connection", "kind", "number", "title", "project", "amount")} == {
        "flow": FLOW,
        "connection": "main",
        "kind": "commitment",
        "number": "PO-1",
        "title": "Concrete",
        "project": "J1",
        "amount": "12.50",
    }
    assert (row["hash"], row["requested_by"], row["asked"], row["position"]) == (digest(["a"]), "system", 2, 2)
    assert row["requested_at"] == (START.replace(minute=1)).isoformat()
    assert (row["decided_at"], row["decided_by"], row["comment"], row["error"]) == ("", "", "", "")


def test_a_word_is_kept_with_who_said_it() -> None:
    row = table(asked(), declined("wrong cost type", by="user:ann")).row()

    assert (row["decided_by"], row["comment"], row["asked"], row["position"]) == ("user:ann", "wrong cost type", 2, 3)


def test_sending_it_again_opens_it_with_a_new_name_behind_it() -> None:
    row = table(asked(), declined(), resent("gate 3", by="user:bob")).row()

    assert (row["requested_by"], row["comment"], row["decided_by"], row["asked"]) == ("user:bob", "gate 3", "", 2)


def test_the_words_of_the_target_stand_beside_what_it_refused() -> None:
    failed = (asked(), accepted(), requested(), claimed(), refused(message="period is closed"))

    assert table(*failed).row()["error"] == "period is closed"
    assert table(*failed, retried()).row()["error"] == ""


def test_another_content_is_another_request() -> None:
    row = table(asked("a"), declined(), observed("v2"), asked("b", why="what was declined changed")).row()

    assert (row["hash"], row["why"], row["comment"], row["asked"]) == (
        digest(["b"]),
        "what was declined changed",
        "",
        5,
    )


def test_what_was_asked_again_after_it_was_left_out_is_a_fresh_request() -> None:
    row = table(asked("a"), accepted(), excluded(), observed("v2"), asked("a")).row()

    assert (row["state"], row["decided_by"]) == ("ready", "")


def test_records_that_nobody_is_asked_about_have_no_row() -> None:
    assert table(parked(), observed("v2"), *delivered(), settled()).rows() == []


@pytest.mark.parametrize("page", [1, 2, 3, 100])
def test_pages_of_any_size_lead_to_the_same_rows(page: int) -> None:
    story = (
        observed("v1"),
        asked("a"),
        declined(),
        observed("v2"),
        asked("b"),
        retrieved(),
        resent(),
        accepted(),
        *delivered(),
        settled("v2"),
    )

    assert Tables(APPROVALS).take(told(*story), page).rows() == folded(APPROVALS, *story).rows()
