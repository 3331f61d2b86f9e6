"""What happens to the hub and its connections."""

from datetime import datetime
from typing import ClassVar

from domain.events.base import Event
from domain.values import Content, Digest, System


class FeedAdvanced(Event, frozen=True, kw_only=True):
    """All changes of a source set up to `position` are in the ledger (row version or entry number)."""

    TOPIC: ClassVar[str] = "feed.advanced.1"
    entity_set: str
    position: int


class FeedAdopted(Event, frozen=True, kw_only=True):
    """All rows that a set holds for these projects are in the ledger; from here on its changes suffice."""

    TOPIC: ClassVar[str] = "feed.adopted.1"
    entity_set: str
    projects: tuple[str, ...]


class PairFingerprinted(Event, frozen=True, kw_only=True):
    """Which two environments this connection joins; the first successful contact decides for good."""

    TOPIC: ClassVar[str] = "connection.fingerprinted.1"
    kind: str
    business_central_url: str
    business_central_company: str
    business_central_environment: str
    procore_url: str
    procore_company: str


class Configured(Event, frozen=True, kw_only=True):
    """The connection runs under these settings from here on; `content` names them, secrets left out."""

    TOPIC: ClassVar[str] = "connection.configured.1"
    content: Content


class ConnectionPaused(Event, frozen=True, kw_only=True):
    """Somebody stopped the connection: no round of it reads or carries anything until it is resumed."""

    TOPIC: ClassVar[str] = "connection.paused.1"
    reason: str


class ConnectionResumed(Event, frozen=True, kw_only=True):
    """Somebody let the connection work again; the next round makes up for what it missed."""

    TOPIC: ClassVar[str] = "connection.resumed.1"
    reason: str


class RunAsked(Event, frozen=True, kw_only=True):
    """Somebody asked for a round of its own; it ends with `RoundEnded` or `RunGivenUp` on the same stream.

    Units   `since` inclusive, `until` exclusive, UTC, empty for none. `project` and `flow` empty for all.
    """

    TOPIC: ClassVar[str] = "connection.run-asked.1"
    since: str
    until: str
    project: str
    flow: str
    full: bool


class RoundEnded(Event, frozen=True, kw_only=True):
    """One round of reading and carrying came to its end.

    Units   counts; `calls` are HTTP requests without token requests.
    `cause` says what began it: poll, notice, retry, manual.
    """

    TOPIC: ClassVar[str] = "connection.round-ended.1"
    started: datetime
    observed: int
    delivered: dict[str, int]
    reads: dict[str, int]
    writes: dict[str, int]
    cause: str = "manual"


class RunGivenUp(Event, frozen=True, kw_only=True):
    """A round that somebody asked for failed as a whole `attempts` times and is not tried again; `why` the last did."""

    TOPIC: ClassVar[str] = "connection.run-given-up.1"
    attempts: int
    why: str


class DeadLettered(Event, frozen=True, kw_only=True):
    """A source sent something that could not be read at all; the raw bytes stand in the contents."""

    TOPIC: ClassVar[str] = "feed.dead-lettered.1"
    side: System
    entity_set: str
    source_id: str
    reason: str
    content: Content


class NoticeHeard(Event, frozen=True, kw_only=True):
    """A system told that something changed, for the first time: a hint, stored once however often it comes.

    `notice` is the system's own id of it, `own` says that the hub made the change, `via` is `webhook`, or `discarded`
    for one that the system gave up to deliver and that was found in its list. `changed_at` is empty where not said.
    `ignored` says why nothing is read for it: `muted` by a setting, `unused` when no flow carries such a record.
    """

    TOPIC: ClassVar[str] = "notice.heard.1"
    system: System
    notice: str
    reason: str
    resource: str
    resource_id: str
    project_id: str
    changed_at: str
    own: bool
    via: str
    ignored: str = ""


class Subscribed(Event, frozen=True, kw_only=True):
    """What a system is asked to tell by itself was set up, renewed, repaired, given up or refused, with its words.

    `what` is the set or hook, `expires` UTC or empty for never.
    """

    TOPIC: ClassVar[str] = "notice.subscribed.1"
    system: System
    what: str
    action: str
    expires: str
    words: str


class PlanMade(Event, frozen=True, kw_only=True):
    """Somebody asked what would be written now. `plan` is its hash, `content` names the whole of it.

    Units   counts; `calls` are HTTP requests that write, for each system. Not to be applied at `expires` or later.
    """

    TOPIC: ClassVar[str] = "plan.made.1"
    plan: Digest
    content: Content
    expires: datetime
    writes: int
    calls: dict[str, int]


class PlanStarted(Event, frozen=True, kw_only=True):
    """The world is as it was when the plan was made, so it is carried out."""

    TOPIC: ClassVar[str] = "plan.started.1"
    plan: Digest


class PlanEnded(Event, frozen=True, kw_only=True):
    """What became of a plan: `done`, `stopped` after `sent` writes, or `refused` because the world moved; and why."""

    TOPIC: ClassVar[str] = "plan.ended.1"
    plan: Digest
    result: str
    sent: int
    why: str = ""


class KeysRotated(Event, frozen=True, kw_only=True):
    """Secrets at rest are under this key from here on; `kept` are old keys that are still read. Names, never keys."""

    TOPIC: ClassVar[str] = "keys.rotated.1"
    key: str
    kept: tuple[str, ...]
    secrets: int


class ContentsRedacted(Event, frozen=True, kw_only=True):
    """Personal fields were taken out of these contents, which no longer match their digests; no other event changes.

    `forms` are the digests of what stands there now, in the order of `contents`; older events name none.
    """

    TOPIC: ClassVar[str] = "contents.redacted.1"
    contents: tuple[Digest, ...]
    fields: tuple[str, ...]
    before: datetime
    forms: tuple[Digest, ...] = ()


class MappingDrafted(Event, frozen=True, kw_only=True):
    """Somebody proposed other maps; nothing works by them yet. `base` is the newest version then, 0 for none."""

    TOPIC: ClassVar[str] = "mapping.drafted.1"
    draft: str
    content: Content
    note: str
    base: int


class MappingPublished(Event, frozen=True, kw_only=True):
    """These maps are the newest version; the next round takes them.

    `source` is draft or file; `draft` names the draft, `file` the SHA-256 of the maps in the file; the other is empty.
    """

    TOPIC: ClassVar[str] = "mapping.published.1"
    mapping: int
    content: Content
    source: str
    draft: str
    file: str
    note: str


class MappingReverted(Event, frozen=True, kw_only=True):
    """The maps of version `to` are the newest version once more, under a number of their own."""

    TOPIC: ClassVar[str] = "mapping.reverted.1"
    mapping: int
    content: Content
    to: int
    note: str


class MappingTaken(Event, frozen=True, kw_only=True):
    """From here on everything is read through this version; `changed` records were read differently for it."""

    TOPIC: ClassVar[str] = "mapping.taken.1"
    mapping: int
    changed: int
