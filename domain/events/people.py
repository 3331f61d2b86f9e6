"""What people do to records: links by hand, batches, approvals."""

from datetime import datetime
from typing import ClassVar, Literal

from msgspec import Struct

from domain.events.base import Event, FlowEvent, Left, LinkRow
from domain.values import Content


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


class CauseMuted(Event, frozen=True, kw_only=True):
    """Somebody knows of a cause of failures: until a moment, UTC, what it hits raises no alarm."""

    TOPIC: ClassVar[str] = "cause.muted.1"
    cause: str
    until: datetime
    reason: str


class CauseUnmuted(Event, frozen=True, kw_only=True):
    """Somebody has a cause raise alarms again before the time."""

    TOPIC: ClassVar[str] = "cause.unmuted.1"
    cause: str
    reason: str


class BatchFrozen(Event, frozen=True, kw_only=True):
    """Somebody chose records to retry, skip or replay. `members` names the frozen set in the contents.

    Shape   `filter` as it was asked for; `causes` counts the members by cause, as the preview showed them.
    """

    TOPIC: ClassVar[str] = "batch.frozen.1"
    action: str
    reason: str
    filter: dict[str, str]
    members: Content
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
    hash: Content
    kind: str
    number: str
    title: str
    project: str
    amount: str = ""
    why: str = ""
    standing: Literal["requested", "resent", "declined", "retrieved"] = "requested"


class ApprovalEvent(FlowEvent, frozen=True, kw_only=True):
    """What a person did about a request; `hash` names the content that it is about."""

    hash: Content
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
