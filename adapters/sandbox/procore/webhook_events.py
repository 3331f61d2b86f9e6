"""From a changed row to events for the hooks that want them, and their bodies in each payload version (N9 to N17)."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, Literal

from adapters.sandbox.procore.directory import MEMBERS, VENDORS
from adapters.sandbox.procore.outbox import Sending
from adapters.sandbox.procore.state import Author, Deed, Row, State
from adapters.sandbox.procore.webhook_resources import (
    BY_NAME,
    PROJECT_VENDORS,
    Resource,
    actions_of,
    parent_of,
    resource_of,
)
from domain.values import Json

HOOKS = "webhook_hooks"
TRIGGERS = "webhook_triggers"
_FIRST_EVENT = 5_982_324_300_946_000_000  # beyond what a float holds exactly, as in the guide's sample
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass(frozen=True)
class _Event:
    """What happened, before it is known whom it is told."""

    resource: Resource
    resource_id: int
    deed: Deed
    project_id: int | None
    parent: dict[str, Any] | None
    author: Author


@dataclass
class Events:
    """Turns changes of rows into queued events.

    Within one action the changes of a record are told as one: created and filled is created.
    """

    state: State
    _made: int = 0
    _depth: int = 0
    _pending: dict[tuple[str, int], tuple[Row, Deed]] = field(default_factory=dict[tuple[str, int], tuple[Row, Deed]])

    def note(self, table: str, row: Row, deed: Deed) -> None:
        """A row changed."""
        if not self.state.tables.get(TRIGGERS):
            return
        if not self._depth:
            self._tell(table, row, deed)
            return
        key = (table, row["id"])
        before = self._pending.get(key)
        if before is None or deed == "delete":
            self._pending.pop(key, None)
            if not (before is not None and before[1] == "create"):  # made and removed in one action: nothing happened
                self._pending[key] = (row, deed)

    def action(self, step: Literal[1, -1]) -> None:
        """An action of many changes begins (1) or ends (-1)."""
        self._depth += step
        if not self._depth:
            pending, self._pending = self._pending, {}
            for (table, _), (row, deed) in pending.items():
                self._tell(table, row, deed)

    def _tell(self, table: str, row: Row, deed: Deed) -> None:
        state, author = self.state, self.state.author
        resource = resource_of(state, table, row)
        if resource is None:
            return
        record: int = row["vendor_id"] if table == MEMBERS else row["id"]
        project: int | None = row.get("project_id") if resource.scope == "project" else None
        event = _Event(resource, record, deed, project, parent_of(state, table, row), author)
        self._offer(event)
        if deed == "create" and self.state.outbox.twins > 0:
            self.state.outbox.twins -= 1
            self._offer(_Event(resource, record, "update", project, event.parent, author))
        if table == VENDORS and deed == "update":  # one edit, one event for each project that sees the vendor (N19)
            for member in state.rows(MEMBERS, vendor_id=record):
                self._offer(_Event(BY_NAME[PROJECT_VENDORS], record, "update", member["project_id"], None, author))

    def _offer(self, event: _Event) -> None:
        state = self.state
        if event.deed not in actions_of(event.resource, state.now()):
            return
        for hook in state.rows(HOOKS, project_id=event.project_id, status="active"):
            wanted = {"hook_id": hook["id"], "resource_name": event.resource.name, "event_type": event.deed}
            if state.find(TRIGGERS, **wanted) is not None:
                self._queue(hook, event)

    def _queue(self, hook: Row, event: _Event) -> None:
        self._made += 1
        at, number = self.state.now(), _FIRST_EVENT + self._made
        bare = self.state.outbox.bare > 0
        if bare:
            self.state.outbox.bare -= 1
        usual = self._body(event, number, at, bare=bare)
        payload = self._later_body(event, usual) if hook["payload_version"] == "v4.0" else dict(usual)
        if hook["payload_version"] == "v3.0":
            payload |= {"api_version": "v3.0", "related_resources": [event.parent] if event.parent else []}
        made = Sending(number, hook["id"], event.resource.name, event.deed, at, payload, usual)
        self.state.outbox.put(hook["destination_url"], made)

    def _body(self, event: _Event, number: int, at: datetime, *, bare: bool) -> Json:
        """v2.0, as the guide's sample has it."""
        author = event.author
        source = {
            "source_user_id": author.user_id,
            "source_company_id": self.state.company_id,
            "source_project_id": event.project_id,
            "source_application_id": author.application_id or None,
            "source_operation_id": None,
        }
        return {
            "id": number,
            "ulid": self._ulid(at),
            "timestamp": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "metadata": dict.fromkeys(source) if bare else source,
            "user_id": author.user_id,
            "company_id": self.state.company_id,
            "project_id": event.project_id,
            "api_version": "v2.0",
            "event_type": event.deed,
            "resource_name": event.resource.name,
            "resource_id": event.resource_id,
        }

    def _later_body(self, event: _Event, usual: Json) -> Json:
        """v4.0: other names, every id is text, no metadata (N15, N16)."""
        return {
            "id": usual["ulid"],
            "timestamp": usual["timestamp"],
            "reason": event.deed,
            "company_id": str(self.state.company_id),
            "project_id": "" if event.project_id is None else str(event.project_id),
            "user_id": str(event.author.user_id),
            "resource_type": event.resource.name,
            "resource_id": str(event.resource_id),
        }

    def _ulid(self, at: datetime) -> str:
        """48 bits of milliseconds and 80 bits that follow from the seed, in Crockford's base 32."""
        rest = blake2b(f"{self.state.seed}/ulid/{self._made}".encode(), digest_size=10).digest()
        number = (int(at.timestamp() * 1000) << 80) | int.from_bytes(rest, "big")
        return "".join(_CROCKFORD[(number >> shift) & 31] for shift in range(125, -1, -5))
