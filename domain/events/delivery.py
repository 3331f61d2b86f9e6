"""What is to be written to a system, and what came of it."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from domain.events.base import FlowEvent
from domain.values import Content, Digest, MaybeContent, System


class Requested(FlowEvent, frozen=True, kw_only=True):
    """A delivery is stored before any call. `body` names its exact row in the contents, `digest` what it stands for.

    `kept` are fields that it leaves alone, or writes otherwise, because people settled a drift so. `shown` names the
    rows of the target's lists that the decision used, empty where it looked at none.
    """

    TOPIC: ClassVar[str] = "delivery.requested.1"
    delivery: UUID
    part: str
    endpoint: str
    system: System
    scope: dict[str, str]
    key: str
    body: Content
    digest: Digest
    target_id: str = ""
    if_match: str = ""
    kept: tuple[str, ...] = ()
    shown: MaybeContent = ""


class DeliveryEvent(FlowEvent, frozen=True, kw_only=True):
    """What became of a delivery. The exchange is the request and the answer, by digest.

    Units   `took_ms` milliseconds; `status` is the HTTP status, 0 where no answer came.
    """

    delivery: UUID
    part: str
    method: str = ""
    url: str = ""
    status: int = 0
    request: MaybeContent = ""
    response: MaybeContent = ""
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


class Replayed(FlowEvent, frozen=True, kw_only=True):
    """Somebody asks to settle this stored delivery now: by looking, and by the same row again if it had no effect.

    `reopened` says that it had been refused for good, and is open again.
    """

    TOPIC: ClassVar[str] = "delivery.replayed.1"
    delivery: UUID
    part: str
    digest: Digest
    reopened: bool
