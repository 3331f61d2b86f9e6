"""What happens to a record: what its sides hold, and what was decided."""

from typing import ClassVar

from domain.events.base import Event, FlowEvent, LinkRow, Violation, Wait
from domain.values import Content, Digest, System


class Observed(Event, frozen=True, kw_only=True):
    """A side holds something new. `digest` covers the fields that flows use, `content` names the whole body.

    `demanded` says that another record's need brought it in, not its own flag. `facet` is what sort of record it is
    within its kind, where others must know (the type of a project task). `marks` are its switches that others depend on
    (a project that sends its budget). `member_of` names the group that it belongs to (the document of an entry).
    """

    TOPIC: ClassVar[str] = "record.observed.1"
    kind: str
    side: System
    entity_set: str
    source_id: str
    number: str
    title: str
    project: str
    digest: Digest
    content: Content
    modified_at: str
    flows: tuple[str, ...]
    facet: str = ""
    demanded: bool = False
    marks: tuple[str, ...] = ()
    member_of: str = ""


class Vanished(Event, frozen=True, kw_only=True):
    """The source removed the record; `replaced_by` names what took its place, such as a posted invoice."""

    TOPIC: ClassVar[str] = "record.vanished.1"
    side: System
    flows: tuple[str, ...]
    replaced_by: str = ""


class Parked(FlowEvent, frozen=True, kw_only=True):
    """Waits for named records or facts and releases itself."""

    TOPIC: ClassVar[str] = "flow.parked.1"
    waits: tuple[Wait, ...]


class Rejected(FlowEvent, frozen=True, kw_only=True):
    """Breaks the named rules; looked at again when the source changes."""

    TOPIC: ClassVar[str] = "flow.rejected.1"
    violations: tuple[Violation, ...]


class Excluded(FlowEvent, frozen=True, kw_only=True):
    """Not to be carried, by this rule."""

    TOPIC: ClassVar[str] = "flow.excluded.1"
    rule: str


class Conflicted(FlowEvent, frozen=True, kw_only=True):
    """Both sides claim the same thing; a person decides."""

    TOPIC: ClassVar[str] = "flow.conflicted.1"
    reason: str


class Tombstoned(FlowEvent, frozen=True, kw_only=True):
    """Gone in the source; the counterpart is left as it is and never made again.

    `closed` says that not even its return changes that: only a person does, by a link or a reset.
    """

    TOPIC: ClassVar[str] = "flow.tombstoned.1"
    closed: bool = False


class Synced(FlowEvent, frozen=True, kw_only=True):
    """Nothing is left to do for the content `content`."""

    TOPIC: ClassVar[str] = "flow.synced.1"
    content: Content
    warnings: tuple[str, ...] = ()


class Linked(FlowEvent, frozen=True, kw_only=True):
    """These identities belong together."""

    TOPIC: ClassVar[str] = "flow.linked.1"
    links: tuple[LinkRow, ...]


class Retried(FlowEvent, frozen=True, kw_only=True):
    """Somebody asked to decide again although the source did not change; earlier refusals no longer count."""

    TOPIC: ClassVar[str] = "flow.retried.1"


class Stirred(FlowEvent, frozen=True, kw_only=True):
    """A record that this one carries together with others changed: decide again."""

    TOPIC: ClassVar[str] = "flow.stirred.1"


class Skipped(FlowEvent, frozen=True, kw_only=True):
    """Somebody leaves the record out until its source changes; `rule` says who and why."""

    TOPIC: ClassVar[str] = "flow.skipped.1"
    rule: str
