"""What a verification found, in words that name the place and what to do."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from msgspec import Struct

from adapters.store import Reader, Row

MOST = 100
"""Findings that are told one by one: a thousand changed events have one story, and a person reads it."""

Kind = Literal[
    "changed", "missing", "inserted", "moved", "unreadable", "seal", "head", "key", "content", "table", "anchor"
]


class Finding(Struct, frozen=True, kw_only=True):
    """One thing that is not what it was.

    Shape   `position` of the event or of the end of the seal, 0 where it has none; `before` and `after` are the
            neighbours of an event, in one line each.
    """

    kind: Kind
    words: str
    position: int = 0
    stream: str = ""
    topic: str = ""
    before: str = ""
    after: str = ""


@dataclass
class Findings:
    """All findings of one verification; the first ones in words."""

    told: list[Finding] = field(default_factory=list[Finding])
    count: int = 0

    def add(self, finding: Finding) -> None:
        """One more."""
        self.count += 1
        if len(self.told) < MOST:
            self.told.append(finding)

    @property
    def full(self) -> bool:
        """No further one will be told."""
        return len(self.told) >= MOST


ADVICE = (
    "Stop what runs and keep this store as it is. Restore the newest backup that verifies into an empty store, compare"
    " the two, and find out who could write to the database."
)


def stream_text(raw: object) -> str:
    """A stream's id as people write it, whatever stands there."""
    try:
        return str(UUID(bytes=raw)) if isinstance(raw, bytes) else str(raw)
    except ValueError:
        return repr(raw)


def line_of(row: Row) -> str:
    """One event in a line."""
    return f"{row[0]} {row[3]} of {stream_text(row[1])}, version {row[2]}"


def with_neighbours(reader: Reader, findings: Iterable[Finding]) -> list[Finding]:
    """Findings about events, each with the events right before and behind."""
    told: list[Finding] = []
    for each in findings:
        if not each.position or each.kind in {"seal", "head", "key", "table", "anchor"}:
            told.append(each)
            continue
        rows = reader.read(each.position - 2, 3)
        told.append(
            Finding(
                kind=each.kind,
                words=each.words,
                position=each.position,
                stream=each.stream,
                topic=each.topic,
                before=_neighbour(rows, each.position - 1),
                after=_neighbour(rows, each.position + 1),
            )
        )
    return told


def _neighbour(rows: Sequence[Row], position: int) -> str:
    return next((line_of(row) for row in rows if row[0] == position), "none")
