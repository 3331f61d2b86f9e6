"""Which connections people stopped: the last word of each counts."""

from datetime import UTC, datetime
from uuid import UUID

from domain import events
from domain.events import Event
from projections.pause import PAUSES
from tests.projections.folded import Tables

AT = datetime(2026, 1, 5, tzinfo=UTC)


Kind = type[events.ConnectionPaused] | type[events.ConnectionResumed]


def happened(kind: Kind, version: int, connection: str, reason: str) -> Event:
    return kind(
        originator_id=UUID(int=1),
        originator_version=version,
        at=AT,
        connection=connection,
        correlation_id="story",
        causation_id="step",
        actor="user:anna",
        reason=reason,
    )


def test_the_last_word_of_each_connection_counts() -> None:
    story = [
        happened(events.ConnectionPaused, 1, "main", "month end"),
        happened(events.ConnectionPaused, 1, "north", "moved"),
        happened(events.ConnectionResumed, 2, "main", "done"),
    ]

    rows = {row["connection"]: row for row in Tables(PAUSES).take(story, 2).rows("pause")}

    assert (rows["main"]["paused"], rows["main"]["reason"], rows["main"]["version"]) == (0, "done", 2)
    assert (rows["north"]["paused"], rows["north"]["reason"]) == (1, "moved")
    assert rows["north"]["since"] == AT.isoformat()
