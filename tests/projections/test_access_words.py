"""What happened to who may do what is told in one line too."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from domain import events
from domain.events import Event
from projections.event_log import EVENT_LOGS
from tests.projections.folded import Tables

AT = datetime(2026, 1, 5, tzinfo=UTC)


def happened(kind: type[Event], **fields: Any) -> Event:
    return kind(
        originator_id=UUID(int=1),
        originator_version=1,
        at=AT,
        connection="",
        correlation_id="story",
        causation_id="step",
        actor="cli:olga",
        **fields,
    )


ROLES = {"*": "read", "main": "standard"}
TOKEN = {"name": "reports", "owner": "", "role": "read", "connections": ("*",), "approve": False, "expires_at": AT}
WORDS: list[tuple[Event, str]] = [
    (
        happened(events.UserPut, name="anna", source="local", roles=ROLES, rights=("grant",)),
        "user anna: read on every connection, standard on main, may grant",
    ),
    (happened(events.UserPut, name="anna", source="local", roles={}, rights=()), "user anna: no role"),
    (happened(events.UserRemoved, name="anna"), "user anna removed"),
    (happened(events.TokenCreated, **TOKEN), "token reports: read on every connection, until 2026-01-05"),
    (
        happened(events.TokenCreated, **{**TOKEN, "approve": True, "connections": ("main",)}),
        "token reports: read on main, approves, until 2026-01-05",
    ),
    (happened(events.TokenRevoked, name="reports"), "token reports revoked"),
    (happened(events.ReaderGranted, name="bi"), "database role bi may read the read schema"),
    (happened(events.ReaderRevoked, name="bi"), "database role bi may read no more"),
    (happened(events.SessionStarted, name="anna"), "user anna signed in"),
    (
        happened(events.SignInLinkMade, name="anna", ends_at=datetime(2026, 4, 1, 9, 15, tzinfo=UTC)),
        "a link made that signs user anna in once, until 2026-04-01 09:15",
    ),
    (happened(events.SignInLinkUsed, name="anna"), "user anna came by a sign-in link"),
    (happened(events.SessionEnded, name="anna"), "user anna signed out"),
    (
        happened(events.AccessRefused, action="manage", reason="manage takes the role admin", count=1),
        "not permitted: manage: manage takes the role admin",
    ),
    (
        happened(events.AccessRefused, action="sign_in", reason="unknown token", count=40),
        "not permitted: sign_in: unknown token (40 times)",
    ),
    (happened(events.KeysRotated, key="ab12", kept=(), secrets=3), "3 secrets encrypted under the key ab12"),
    (
        happened(events.ContentsRedacted, contents=("aa", "bb"), fields=("email",), before=AT),
        "2 bodies from before 2026-01-05 redacted",
    ),
]


@pytest.mark.requirement("DC-06", "ER-01")
@pytest.mark.parametrize(("event", "words"), WORDS, ids=[words for _, words in WORDS])
def test_who_may_what_is_told_in_one_line(event: Event, words: str) -> None:
    line = Tables(EVENT_LOGS).take([event]).row()

    assert (line["summary"], line["actor"]) == (words, "cli:olga")
