"""What somebody changed behind the hub's back in what it wrote, and what people made of it (BX-06)."""

from typing import ClassVar, Literal

from msgspec import Struct

from domain.events.base import Event, FlowEvent
from domain.values import Digest, System

Verdict = Literal["target", "conflict", "gone", "source-deleted"]
"""How a field stands that needs somebody.

target          changed in the target, and the source says what it said
conflict        changed in both, and differently
gone            the row is no longer to be seen in the target; `field` is empty
source-deleted  the source is gone, and the target's record stands (PP-20); `part` and `field` are empty
"""


Sort = Literal["text", "number", "truth", "structure"]
"""What sort of JSON a field holds."""


class DriftField(Struct, frozen=True, kw_only=True):
    """One field of one row: what the hub and the target agreed on last, what the source says now, what stands there.

    Shape   texts are for people, cut to 500 characters, and empty where `masked` (a personal field); the digests are
            those of the whole values.
    """

    part: str
    field: str
    verdict: Verdict
    endpoint: str = ""
    target_id: str = ""
    base: Digest = Digest("")
    source: Digest = Digest("")
    target: Digest = Digest("")
    was: str = ""
    wanted: str = ""
    there: str = ""
    masked: bool = False
    sort: Sort = "text"


class Settlement(Struct, frozen=True, kw_only=True):
    """What was said of one field: `source` wins, `target` stands, or `value` (JSON) is written instead of both."""

    part: str
    field: str
    take: Literal["source", "target", "value"]
    source: Digest
    target: Digest
    value: str = ""


class DriftFound(FlowEvent, frozen=True, kw_only=True):
    """The target holds something else than the hub wrote there, and it was not the hub."""

    TOPIC: ClassVar[str] = "drift.found.1"
    kind: str
    number: str
    project: str
    system: System
    fields: tuple[DriftField, ...]


class DriftSettled(FlowEvent, frozen=True, kw_only=True):
    """These fields, each with its part, agree again without anybody's word."""

    TOPIC: ClassVar[str] = "drift.settled.1"
    fields: tuple[tuple[str, str], ...]


class DriftResolved(FlowEvent, frozen=True, kw_only=True):
    """Somebody, or the flow's policy, said what stands. `again` says that the record is decided anew."""

    TOPIC: ClassVar[str] = "drift.resolved.1"
    choice: Literal["keep-source", "keep-target", "merge"]
    settlements: tuple[Settlement, ...]
    reason: str
    again: bool = True


class DriftLooked(Event, frozen=True, kw_only=True):
    """The target's rows were compared with what the hub wrote. `unread` names lists that could not be read.

    Shape   empty `flow` and `project` for all; `marked`: only records that a notice had named; `marks` are the rows,
            by system and id, that notices had named and that were looked at
    """

    TOPIC: ClassVar[str] = "drift.looked.1"
    flow: str
    project: str
    marked: bool
    records: int
    rows: int
    found: int
    settled: int
    reads: int
    unread: tuple[str, ...] = ()
    marks: tuple[tuple[System, str], ...] = ()
