"""What Procore has to tell and has told: queues by endpoint, and the log that its list shows (N12, N18)."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from domain.values import Json

FIRST_WAIT = timedelta(seconds=1)
LONGEST_WAIT = timedelta(hours=1)
PATIENCE = timedelta(hours=12)
"""Waits between attempts grow from the first to the longest; after so long the queue is flushed (N12)."""

FAULTS = ("duplicates", "twins", "swaps", "bare")
"""What can be armed; see `Outbox`."""

Status = Literal["delivered", "discarded", "enqueued", "retrying"]


@dataclass
class Attempt:
    """One call; `status` 0 when nobody answered in time."""

    status: int
    text: str
    started: datetime
    completed: datetime


@dataclass(eq=False)
class Sending:
    """One event on its way to one hook.

    Shape   `payload` as it is sent, `shown` in the form that the list of deliveries describes.
    """

    id: int
    hook_id: int
    resource: str
    event: str
    at: datetime
    payload: Json
    shown: Json
    status: Status = "enqueued"
    attempts: list[Attempt] = field(default_factory=list[Attempt])


@dataclass
class Endpoint:
    """The queue of one address; a failure of its head stops all of it (N12)."""

    queue: list[Sending] = field(default_factory=list[Sending])
    failures: int = 0
    failing_since: datetime | None = None
    retry_at: datetime | None = None


@dataclass
class Outbox:
    """All queues and all deliveries.

    Faults on request, each counting down: `duplicates` events are sent twice; `twins` actions that create something
    raise an update of the same time as well (N10); `swaps` times an event overtakes the one before it (N11); `bare`
    events come with null metadata (N15).
    """

    endpoints: dict[str, Endpoint] = field(default_factory=dict[str, Endpoint])
    log: dict[int, list[Sending]] = field(default_factory=dict[int, list[Sending]])
    duplicates: int = 0
    twins: int = 0
    swaps: int = 0
    bare: int = 0

    def put(self, url: str, sending: Sending) -> None:
        """Queue an event."""
        queue = self.endpoints.setdefault(url, Endpoint()).queue
        self.log.setdefault(sending.hook_id, []).append(sending)
        if self.swaps > 0 and queue and not queue[-1].attempts:
            self.swaps -= 1
            queue.insert(len(queue) - 1, sending)
            return
        queue.append(sending)

    def waiting(self) -> int:
        """Events that are not settled."""
        return sum(len(endpoint.queue) for endpoint in self.endpoints.values())

    def forget(self, hook_id: int) -> None:
        """The hook is gone, and what waited for it."""
        self.log.pop(hook_id, None)
        for endpoint in self.endpoints.values():
            endpoint.queue = [it for it in endpoint.queue if it.hook_id != hook_id]

    def move(self, hook_id: int, url: str) -> None:
        """The hook calls another address from now on."""
        moved: list[Sending] = []
        for endpoint in self.endpoints.values():
            moved += [it for it in endpoint.queue if it.hook_id == hook_id]
            endpoint.queue = [it for it in endpoint.queue if it.hook_id != hook_id]
        if moved:
            self.endpoints.setdefault(url, Endpoint()).queue += moved


def settle(endpoint: Endpoint, sending: Sending, attempt: Attempt) -> None:
    """What an attempt at the head of a queue means for it and for what stands behind it (N12)."""
    sending.attempts.append(attempt)
    if 200 <= attempt.status < 300:  # noqa: PLR2004 - success in HTTP
        sending.status = "delivered"
        endpoint.queue.remove(sending)
        endpoint.failures, endpoint.failing_since, endpoint.retry_at = 0, None, None
        return
    since = endpoint.failing_since = endpoint.failing_since or attempt.started
    endpoint.failures += 1
    if attempt.completed - since >= PATIENCE:
        for waiting in endpoint.queue:
            waiting.status = "discarded"
        endpoint.queue.clear()
        endpoint.failures, endpoint.failing_since, endpoint.retry_at = 0, None, None
        return
    sending.status = "retrying"
    doublings = min(endpoint.failures - 1, 16)
    endpoint.retry_at = attempt.completed + min(FIRST_WAIT * 2**doublings, LONGEST_WAIT)
