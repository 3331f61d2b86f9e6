"""Who did what, with what it was before; what the hub does by itself is no act."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from domain import events
from domain.events import Event
from domain.values import Digest
from projections.act import ACTS
from tests.projections.folded import Tables

pytestmark = pytest.mark.requirement("DC-06")

AT = datetime(2026, 1, 5, tzinfo=UTC)
FLOW = {"flow": "purchase-order-to-commitment", "hash": Digest("a" * 64)}
ASKED = {**FLOW, "kind": "commitment", "number": "PO1", "title": "Concrete", "project": "J1"}


def happened(event: type[Event], /, actor: str = "user:anna", **fields: Any) -> Event:
    return event(
        originator_id=UUID(int=1),
        originator_version=1,
        at=AT,
        connection="main",
        correlation_id="story",
        causation_id="step",
        actor=actor,
        **fields,
    )


@pytest.mark.parametrize("page", [1, 5])
def test_an_approval_is_told_from_what_was_asked_to_what_was_decided_and_why(page: int) -> None:
    story = [
        happened(events.ApprovalRequested, actor="system", **ASKED),
        happened(events.ApprovalDeclined, **FLOW, comment="wrong vendor"),
        happened(events.ApprovalResent, actor="user:otto", **FLOW),
        happened(events.ApprovalAccepted, **FLOW),
        happened(events.Synced, actor="system", flow=FLOW["flow"], content=FLOW["hash"]),
    ]

    told = Tables(ACTS).take(story, page).rows("act")

    assert [(row["actor"], row["before"], row["after"], row["reason"]) for row in told] == [
        ("user:anna", "requested", "declined", "wrong vendor"),
        ("user:otto", "declined", "resent", ""),
        ("user:anna", "resent", "accepted", ""),
    ]


def test_roles_of_a_user_are_told_before_and_after() -> None:
    person = {"name": "otto", "source": "local", "rights": ()}
    story = [
        happened(events.UserPut, **person, roles={"main": "read"}),
        happened(events.UserPut, **person, roles={"main": "admin"}),
        happened(events.UserRemoved, name="otto"),
    ]

    first, second, third = Tables(ACTS).take(story).rows("act")

    assert first["before"] == ""
    assert json.loads(second["before"]) == {"rights": [], "roles": {"main": "read"}}
    assert (json.loads(third["before"])["roles"], third["after"]) == ({"main": "admin"}, "removed")
    assert {row["object"] for row in (first, second, third)} == {"user otto"}


def test_a_refusal_is_an_act_that_changes_nothing() -> None:
    refused = happened(events.AccessRefused, action="approve", reason="approve takes the right", count=2)

    row = Tables(ACTS).take([refused]).row("act")

    assert (row["object"], row["reason"], row["before"], row["after"]) == (
        "right to approve",
        "approve takes the right",
        "",
        "",
    )


def test_a_pause_is_told_with_its_reason_and_how_it_was_before() -> None:
    story = [
        happened(events.ConnectionPaused, reason="go-live moved"),
        happened(events.ConnectionResumed, actor="cli:otto", reason=""),
    ]

    told = Tables(ACTS).take(story, 1).rows("act")

    assert [(row["object"], row["before"], row["after"], row["reason"]) for row in told] == [
        ("connection main", "", "paused", "go-live moved"),
        ("connection main", "paused", "at work", ""),
    ]
    assert [row["summary"] for row in told] == [
        "the connection was paused (go-live moved)",
        "the connection was resumed",
    ]
