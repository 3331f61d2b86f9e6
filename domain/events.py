"""The events of the ledger: what happened to one record. A storage format, so flat, and named by topic.

A `TOPIC` ends in the version of the shape; a changed shape is a new topic and an entry in `UPCASTERS`.
Units   `at` is UTC, handed in by the hub; amounts stand in contents as decimal text; digests are SHA-256 in hex.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, ClassVar, Literal
from uuid import UUID

from msgspec import Struct

from domain.values import Digest, System


class Wait(Struct, frozen=True):
    """What a parked record waits for: another record by kind and key, or a fact, in words.

    `carrier` says that the other record carries this one, together with more.
    """

    kind: str
    key: str
    text: str
    carrier: bool = False


class Violation(Struct, frozen=True):
    """One broken rule: the requirement, the field as people of the source know it, and what to do."""

    rule: str
    field: str
    message: str
    line: int | None = None


class LinkRow(Struct, frozen=True):
    """One pair of identities: a row of the cross-reference."""

    bc_set: str
    bc_id: str
    bc_number: str
    procore_resource: str
    procore_id: str
    procore_parent_id: str = ""
    role: str = "primary"


class Left(Struct, frozen=True):
    """A record of the other system that a reset left standing. `parent` is the Procore project around it, if any."""

    system: System
    resource: str
    id: str
    parent: str = ""


class Event(Struct, frozen=True, kw_only=True):
    """What happened to one record, when, by whom and because of what."""

    TOPIC: ClassVar[str] = ""

    originator_id: UUID
    originator_version: int
    at: datetime
    connection: str
    correlation_id: str
    causation_id: str
    actor: str


class FlowEvent(Event, frozen=True, kw_only=True):
    """What happened to one record in one flow."""

    flow: str


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
    content: Digest
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
    content: Digest
    warnings: tuple[str, ...] = ()


class Linked(FlowEvent, frozen=True, kw_only=True):
    """These identities belong together."""

    TOPIC: ClassVar[str] = "flow.linked.1"
    links: tuple[LinkRow, ...]


class Requested(FlowEvent, frozen=True, kw_only=True):
    """A delivery is stored before any call. `body` names its exact row in the contents, `digest` what it stands for."""

    TOPIC: ClassVar[str] = "delivery.requested.1"
    delivery: UUID
    part: str
    endpoint: str
    system: System
    scope: dict[str, str]
    key: str
    body: Digest
    digest: Digest
    target_id: str = ""
    if_match: str = ""


class DeliveryEvent(FlowEvent, frozen=True, kw_only=True):
    """What became of a delivery. The exchange is the request and the answer, by digest.

    Units   `took_ms` milliseconds; `status` is the HTTP status, 0 where no answer came.
    """

    delivery: UUID
    part: str
    method: str = ""
    url: str = ""
    status: int = 0
    request: str = ""
    response: str = ""
    took_ms: int = 0


class Attempted(FlowEvent, frozen=True, kw_only=True):
    """The delivery is claimed, right before the call: from here on its outcome may be unknown."""

    TOPIC: ClassVar[str] = "delivery.attempted.1"
    delivery: UUID
    part: str
    attempt: int


class Confirmed(DeliveryEvent, frozen=True, kw_only=True):
    """The target holds the row; `found` says that a look showed it."""

    TOPIC: ClassVar[str] = "delivery.confirmed.1"
    target_id: str
    digest: Digest
    etag: str = ""
    found: bool = False


class Delayed(DeliveryEvent, frozen=True, kw_only=True):
    """No success yet; next attempt at `retry_at`. `unknown` says that the call may have taken effect."""

    TOPIC: ClassVar[str] = "delivery.delayed.1"
    attempt: int
    retry_at: datetime
    reason: str
    unknown: bool


class Refused(DeliveryEvent, frozen=True, kw_only=True):
    """The remote refused for good, in its own words, or the attempts are used up."""

    TOPIC: ClassVar[str] = "delivery.refused.1"
    message: str
    digest: Digest
    code: str = ""


class Closed(FlowEvent, frozen=True, kw_only=True):
    """A delivery that never took effect is withdrawn."""

    TOPIC: ClassVar[str] = "delivery.closed.1"
    delivery: UUID
    part: str
    why: str


class Retried(FlowEvent, frozen=True, kw_only=True):
    """Somebody asked to decide again although the source did not change; earlier refusals no longer count."""

    TOPIC: ClassVar[str] = "flow.retried.1"


class Stirred(FlowEvent, frozen=True, kw_only=True):
    """A record that this one carries together with others changed: decide again."""

    TOPIC: ClassVar[str] = "flow.stirred.1"


class Adopted(FlowEvent, frozen=True, kw_only=True):
    """A person joined the record with a counterpart that was there. `part` of the plan is it, empty: joined at once."""

    TOPIC: ClassVar[str] = "flow.adopted.1"
    part: str
    link: LinkRow
    reason: str = ""


class Unlinked(FlowEvent, frozen=True, kw_only=True):
    """A person cut these pairs; the record stays out until a person links or resets it."""

    TOPIC: ClassVar[str] = "flow.unlinked.1"
    links: tuple[LinkRow, ...]
    message: str
    reason: str = ""


class Reset(FlowEvent, frozen=True, kw_only=True):
    """A person had these pairs forgotten, unverified; nothing is sent again while one of `left` still stands."""

    TOPIC: ClassVar[str] = "flow.reset.1"
    links: tuple[LinkRow, ...]
    left: tuple[Left, ...]
    warning: str
    reason: str = ""


class LinkageRefused(FlowEvent, frozen=True, kw_only=True):
    """A person asked for a link, its end or a reset, and was refused; nothing changed."""

    TOPIC: ClassVar[str] = "flow.linkage-refused.1"
    act: Literal["link", "unlink", "reset"]
    message: str
    counterpart: str = ""
    reason: str = ""


class Skipped(FlowEvent, frozen=True, kw_only=True):
    """Somebody leaves the record out until its source changes; `rule` says who and why."""

    TOPIC: ClassVar[str] = "flow.skipped.1"
    rule: str


class Replayed(FlowEvent, frozen=True, kw_only=True):
    """Somebody asks to settle this stored delivery now: by looking, and by the same row again if it had no effect.

    `reopened` says that it had been refused for good, and is open again.
    """

    TOPIC: ClassVar[str] = "delivery.replayed.1"
    delivery: UUID
    part: str
    digest: Digest
    reopened: bool


class BatchFrozen(Event, frozen=True, kw_only=True):
    """Somebody chose records to retry, skip or replay. `members` names the frozen set in the contents.

    Shape   `filter` as it was asked for; `causes` counts the members by cause, as the preview showed them.
    """

    TOPIC: ClassVar[str] = "batch.frozen.1"
    action: str
    reason: str
    filter: dict[str, str]
    members: Digest
    total: int
    causes: dict[str, int]


class BatchLeft(Struct, frozen=True):
    """A member of a batch that was left as it was: `fine` as nothing is to be done, or `barred`; `why` in words."""

    record: str
    flow: str
    result: str
    why: str


class BatchAdvanced(Event, frozen=True, kw_only=True):
    """Members up to place `through` are done; stored in one transaction with what happened to them."""

    TOPIC: ClassVar[str] = "batch.advanced.1"
    through: int
    done: int
    left: tuple[BatchLeft, ...] = ()


class BatchEnded(Event, frozen=True, kw_only=True):
    """Every member of the batch had its turn, or somebody called the rest off."""

    TOPIC: ClassVar[str] = "batch.ended.1"
    cancelled: bool = False


class ApprovalRequested(FlowEvent, frozen=True, kw_only=True):
    """A person has to accept this content before any of it is sent; `hash` names it in the contents.

    `standing` is what people did about the very same content before; `requested` says nothing.
    Units   `amount` is decimal text in the document's currency, empty where the kind has none.
    """

    TOPIC: ClassVar[str] = "approval.requested.1"
    hash: Digest
    kind: str
    number: str
    title: str
    project: str
    amount: str = ""
    why: str = ""
    standing: Literal["requested", "resent", "declined", "retrieved"] = "requested"


class ApprovalEvent(FlowEvent, frozen=True, kw_only=True):
    """What a person did about a request; `hash` names the content that it is about."""

    hash: Digest
    comment: str = ""


class ApprovalAccepted(ApprovalEvent, frozen=True, kw_only=True):
    """This content may be sent, until it is carried whole."""

    TOPIC: ClassVar[str] = "approval.accepted.1"


class ApprovalDeclined(ApprovalEvent, frozen=True, kw_only=True):
    """This content must not be sent; the comment says why."""

    TOPIC: ClassVar[str] = "approval.declined.1"


class ApprovalRetrieved(ApprovalEvent, frozen=True, kw_only=True):
    """The request was taken back before anybody decided on it."""

    TOPIC: ClassVar[str] = "approval.retrieved.1"


class ApprovalResent(ApprovalEvent, frozen=True, kw_only=True):
    """The same content is put before the approvers once more."""

    TOPIC: ClassVar[str] = "approval.resent.1"


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
    content: Digest


class RunAsked(Event, frozen=True, kw_only=True):
    """Somebody asked for a round of its own; it ends with `RoundEnded` on the same stream.

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


class DeadLettered(Event, frozen=True, kw_only=True):
    """A source sent something that could not be read at all; the raw bytes stand in the contents."""

    TOPIC: ClassVar[str] = "feed.dead-lettered.1"
    side: System
    entity_set: str
    source_id: str
    reason: str
    content: Digest


class NoticeHeard(Event, frozen=True, kw_only=True):
    """A system told that something changed, for the first time: a hint, stored once however often it comes.

    `notice` is the system's own id of it, `own` says that the hub made the change, `via` is `webhook`, or `discarded`
    for one that the system gave up to deliver and that was found in its list. `changed_at` is empty where not said.
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


class UserPut(Event, frozen=True, kw_only=True):
    """Somebody has these roles, by connection or `*`, and these rights from here on. `source` is `local` or `oidc`."""

    TOPIC: ClassVar[str] = "access.user-put.1"
    name: str
    source: str
    roles: dict[str, str]
    rights: tuple[str, ...]


class UserRemoved(Event, frozen=True, kw_only=True):
    """Somebody may no longer sign in; sessions and tokens end with it."""

    TOPIC: ClassVar[str] = "access.user-removed.1"
    name: str


class TokenCreated(Event, frozen=True, kw_only=True):
    """A program may sign in. Neither the token nor its digest stands here."""

    TOPIC: ClassVar[str] = "access.token-created.1"
    name: str
    owner: str
    role: str
    connections: tuple[str, ...]
    approve: bool
    expires_at: datetime


class TokenRevoked(Event, frozen=True, kw_only=True):
    """A program may no longer sign in."""

    TOPIC: ClassVar[str] = "access.token-revoked.1"
    name: str


class SessionStarted(Event, frozen=True, kw_only=True):
    """Somebody signed in."""

    TOPIC: ClassVar[str] = "access.session-started.1"
    name: str


class SessionEnded(Event, frozen=True, kw_only=True):
    """Somebody signed out."""

    TOPIC: ClassVar[str] = "access.session-ended.1"
    name: str


class SessionsEnded(Event, frozen=True, kw_only=True):
    """All sessions of somebody were ended, by themselves or by an administrator."""

    TOPIC: ClassVar[str] = "access.sessions-ended.1"
    name: str


class AccessRefused(Event, frozen=True, kw_only=True):
    """Somebody was refused, `count` times in a minute; the actor is who asked."""

    TOPIC: ClassVar[str] = "access.refused.1"
    action: str
    reason: str
    count: int


class PlanMade(Event, frozen=True, kw_only=True):
    """Somebody asked what would be written now. `plan` is its hash, `content` names the whole of it.

    Units   counts; `calls` are HTTP requests that write, for each system. Not to be applied at `expires` or later.
    """

    TOPIC: ClassVar[str] = "plan.made.1"
    plan: Digest
    content: Digest
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
    """Personal fields were taken out of these contents, which no longer match their digests; no other event changes."""

    TOPIC: ClassVar[str] = "contents.redacted.1"
    contents: tuple[Digest, ...]
    fields: tuple[str, ...]
    before: datetime


class RequestClaimed(Event, frozen=True, kw_only=True):
    """A request with a key of its own began to be worked. `digest` covers method, address and body."""

    TOPIC: ClassVar[str] = "api.request-claimed.1"
    method: str
    path: str
    digest: Digest


class RequestAnswered(Event, frozen=True, kw_only=True):
    """That request was answered; `content` names the body, and is empty where the answer must not be kept."""

    TOPIC: ClassVar[str] = "api.request-answered.1"
    status: int
    content_type: str
    content: str


EVENTS: dict[str, type[Event]] = {
    event.TOPIC: event
    for event in (
        Observed,
        Vanished,
        Parked,
        Rejected,
        Excluded,
        Conflicted,
        Tombstoned,
        Synced,
        Linked,
        Requested,
        Attempted,
        Confirmed,
        Delayed,
        Refused,
        Closed,
        Retried,
        Stirred,
        Adopted,
        Unlinked,
        Reset,
        LinkageRefused,
        Skipped,
        Replayed,
        BatchFrozen,
        BatchAdvanced,
        BatchEnded,
        ApprovalRequested,
        ApprovalAccepted,
        ApprovalDeclined,
        ApprovalRetrieved,
        ApprovalResent,
        FeedAdvanced,
        FeedAdopted,
        PairFingerprinted,
        Configured,
        RunAsked,
        RoundEnded,
        DeadLettered,
        NoticeHeard,
        Subscribed,
        UserPut,
        UserRemoved,
        TokenCreated,
        TokenRevoked,
        SessionStarted,
        SessionEnded,
        SessionsEnded,
        AccessRefused,
        PlanMade,
        PlanStarted,
        PlanEnded,
        KeysRotated,
        ContentsRedacted,
        RequestClaimed,
        RequestAnswered,
    )
}

UPCASTERS: Mapping[str, tuple[str, Callable[[dict[str, Any]], dict[str, Any]]]] = {}
"""Old topic -> (its successor, how the old fields become the new ones). Empty while every shape is its first."""
