"""What a record remembers of one flow, and how each event changes it."""

from collections.abc import Mapping
from typing import Any, Literal
from uuid import UUID

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from domain import events, states
from domain.events import DriftField, Event, Left, LinkRow, Settlement
from domain.states import Status
from domain.values import Digest, digest, sha256_of

SYSTEM = "system"
"""Signs what the hub does by itself."""


class PartMemory(Struct, frozen=True):
    """What the target holds of one part, by our own confirmed write. An empty digest means: removed."""

    digest: str
    target_id: str
    etag: str
    version: int


class OpenDelivery(Struct, frozen=True):
    """A delivery without a final outcome."""

    id: UUID
    part: str
    digest: Digest
    attempts: int = 0
    unknown: bool = False


class Attempt(Struct, frozen=True):
    """What the target refused last of a part, and its words."""

    digest: str
    words: str


class Approval(Struct, frozen=True):
    """What people said of the content that waits to be sent; `by` asked for it, sent it again, or decided on it."""

    hash: Digest
    stage: Literal["requested", "resent", "accepted", "declined", "retrieved"]
    by: str


class Kept(Struct, frozen=True):
    """A field that people settled: as long as the source says what it said then, it is left alone, or `value` is sent.

    Shape   `source` and `target` are digests of what both sides held; `value` is JSON, empty for what the target has.
    """

    source: Digest
    target: Digest
    value: str = ""


class FlowMemory(Struct):
    """What a record remembers of one flow.

    `said` is the digest of the last decision, to say nothing twice; `carriers` are kind and key of the records that
    carry, or ever carried, this one together with others. `tried` outlives a wait, for plans that must not try the same
    again; a change of the source, a retry and a success clear it. `given_up` are the deliveries that stand refused, for
    a replay; `skipped` is the rule by which somebody left the record out until its source changes. `carried_at` is the
    version at which those who carry this record last took notice of it; `settled` is the content that last stood in the
    target whole. `adopted` are parts that a person joined with what was there, `left` is what a reset left standing;
    `closed` says that only a person brings the record back. `touched` is the person who last meddled with
    what is to be sent, other than by deciding on it. `drift` are the fields, by part, that the target holds otherwise
    and that nobody spoke about yet; `kept` are those that people settled.
    """

    status: Status = states.NEW
    parts: dict[str, PartMemory] = field(default_factory=dict[str, PartMemory])
    open: dict[str, OpenDelivery] = field(default_factory=dict[str, OpenDelivery])
    refused: dict[str, str] = field(default_factory=dict[str, str])
    tried: dict[str, Attempt] = field(default_factory=dict[str, Attempt])
    given_up: dict[str, OpenDelivery] = field(default_factory=dict[str, OpenDelivery])
    skipped: str = ""
    links: dict[str, LinkRow] = field(default_factory=dict[str, LinkRow])
    said: str = ""
    known: bool = False
    carriers: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    carried_at: int = 0
    settled: str = ""
    adopted: dict[str, str] = field(default_factory=dict[str, str])
    left: list[Left] = field(default_factory=list[Left])
    closed: bool = False
    approval: Approval | None = None
    touched: str = ""
    drift: dict[str, dict[str, DriftField]] = field(default_factory=dict[str, dict[str, DriftField]])
    kept: dict[str, dict[str, Kept]] = field(default_factory=dict[str, dict[str, Kept]])

    def target_id(self, part: str) -> str:
        """Id of a part in the target, empty while there is none."""
        memory = self.parts.get(part)
        if memory is None:
            return self.adopted.get(part, "")
        return memory.target_id if memory.digest else ""

    def kept_of(self, part: str, body: Mapping[str, Any]) -> dict[str, Kept]:
        """What people settled of these fields, as long as their source asks for what it asked for then."""
        known = self.kept.get(part, {})
        return {name: each for name, each in known.items() if name in body and digest(body[name]) == each.source}

    def is_adopting(self, part: str) -> bool:
        """A person joined the part with what was there, and nothing was written to it so far."""
        return part in self.adopted and part not in self.parts

    def holds(self, part: str, wanted: Digest) -> bool:
        """The target is known to hold exactly this."""
        memory = self.parts.get(part)
        return memory is not None and memory.digest == wanted


def remember(memory: FlowMemory, event: events.FlowEvent) -> None:  # noqa: C901 - one line for each kind reads best
    """Assigns what an event says about a flow."""
    memory.status = states.after(memory.status, event)
    memory.known = True
    if event.actor != SYSTEM and not isinstance(event, events.ApprovalAccepted | events.ApprovalDeclined):
        memory.touched = event.actor
    match event:
        case events.Adopted() | events.Unlinked() | events.Reset():
            memory.given_up, memory.skipped = {}, ""
            _apply_by_hand(memory, event)
        case events.ApprovalRequested() | events.ApprovalEvent():
            memory.approval, memory.said = _approval(memory.approval, event), ""
            memory.given_up = {}  # what was refused before is sent again only as part of what people accept
        case events.Requested() | events.Attempted() | events.DeliveryEvent() | events.Closed() | events.Replayed():
            _apply_delivery(memory, event)
        case events.Retried():
            memory.refused, memory.tried, memory.given_up, memory.skipped = {}, {}, {}, ""
        case events.Stirred():
            memory.refused, memory.tried, memory.given_up = {}, {}, {}
        case events.DriftFound() | events.DriftSettled() | events.DriftResolved():
            _apply_drift(memory, event)
        case events.Skipped():
            memory.skipped, memory.said = event.rule, ""
        case events.Linked():
            memory.links.update({link_key(link): link for link in event.links})
        case (
            events.Parked()
            | events.Rejected()
            | events.Excluded()
            | events.Conflicted()
            | events.Tombstoned()
            | events.Synced()
        ):
            _apply_decision(memory, event)
        case _:
            raise ValueError(f"{type(event).__name__} is not known to a record")


def _apply_by_hand(memory: FlowMemory, event: events.FlowEvent) -> None:
    memory.said, memory.refused, memory.tried = "", {}, {}
    memory.approval = None  # what was accepted rested on other pairs
    match event:
        case events.Adopted():
            memory.closed, memory.left = False, []
            if event.part:
                memory.adopted[event.part] = event.link.procore_id
            else:
                memory.links[link_key(event.link)] = event.link
        case events.Unlinked() | events.Reset():
            memory.parts, memory.links, memory.adopted, memory.settled = {}, {}, {}, ""
            memory.drift, memory.kept = {}, {}
            memory.left = list(event.left) if isinstance(event, events.Reset) else []
            memory.closed = isinstance(event, events.Unlinked)
        case _:
            raise ValueError(f"{type(event).__name__} is not known to a link by hand")


def _apply_drift(memory: FlowMemory, event: events.DriftFound | events.DriftSettled | events.DriftResolved) -> None:
    match event:
        case events.DriftFound():
            for found in event.fields:
                memory.drift.setdefault(found.part, {})[found.field] = found
        case events.DriftSettled():
            for part, name in event.fields:
                _drop(memory.drift, part, name)
                if not part:
                    _drop(memory.kept, part, name)
        case events.DriftResolved():
            if event.again:
                memory.said, memory.refused, memory.tried, memory.given_up = "", {}, {}, {}
            for each in event.settlements:
                _drop(memory.drift, each.part, each.field)
                _drop(memory.kept, each.part, each.field)
                _settle_field(memory, each)


REDONE = "redone"
"""Stands for a digest that no part has: what was written is to be written again."""


def carries(memory: FlowMemory, part: str) -> bool:
    """Whether other rows of the record stand under the row of a part, as the lines of a commitment do."""
    known = memory.parts.get(part)
    if known is None or not known.target_id:
        return False
    return any(link.procore_parent_id == known.target_id for link in memory.links.values())


def _settle_field(memory: FlowMemory, said: Settlement) -> None:
    known = memory.parts.get(said.part)
    if said.take != "source" and (said.field or not said.part or said.source):
        memory.kept.setdefault(said.part, {})[said.field] = Kept(said.source, said.target, said.value)
    if said.take == "target" and said.field:
        return
    if said.field:  # a row that the target made by itself was never written so far
        memory.parts[said.part] = replace(known or PartMemory("", "", "", 0), digest=REDONE)
    elif known is None:
        return
    elif said.take == "target":  # the row is gone, and is not made again before its source changes
        memory.parts[said.part] = replace(known, target_id="")
    else:
        # What stood under the row went with it, as the lines of a commitment do, and is made again with it.
        under = {link.procore_id for link in memory.links.values() if link.procore_parent_id == known.target_id}
        memory.parts = {
            name: part for name, part in memory.parts.items() if name != said.part and part.target_id not in under
        }
        memory.links = {key: link for key, link in memory.links.items() if link.procore_id != known.target_id}


def _forget_kept(memory: FlowMemory, event: events.Requested) -> None:
    """What the source changed since people settled it is the source's again."""
    for name in memory.kept.get(event.part, {}).keys() - set(event.kept):
        _drop(memory.kept, event.part, name)


def _drop(of: dict[str, dict[str, Any]], part: str, name: str) -> None:
    of.get(part, {}).pop(name, None)
    if not of.get(part, {0: 0}):
        del of[part]


def _apply_decision(memory: FlowMemory, event: events.FlowEvent) -> None:
    memory.said = said(event)
    if isinstance(event, events.Synced | events.Excluded | events.Tombstoned):
        memory.approval, memory.touched = None, ""
    if isinstance(event, events.Synced):
        memory.settled, memory.left = event.content, []
    if isinstance(event, events.Tombstoned):
        memory.closed = event.closed
    if isinstance(event, events.Parked):
        memory.refused, memory.given_up = {}, {}  # what was refused is worth another try once the wait is over
        carriers = [(wait.kind, wait.key) for wait in event.waits if wait.carrier]
        memory.carriers = list(dict.fromkeys((*memory.carriers, *carriers)))
        if carriers:
            memory.carried_at = event.originator_version


def _approval(old: Approval | None, event: events.ApprovalRequested | events.ApprovalEvent) -> Approval:
    match event:
        case events.ApprovalAccepted():
            return Approval(event.hash, "accepted", event.actor)
        case events.ApprovalDeclined():
            return Approval(event.hash, "declined", event.actor)
        case events.ApprovalRetrieved():
            return Approval(event.hash, "retrieved", event.actor)
        case events.ApprovalResent():
            return Approval(event.hash, "resent", event.actor)
        case events.ApprovalRequested():
            by = old.by if old is not None and old.hash == event.hash else event.actor
            return Approval(event.hash, event.standing, by)
        case _:
            raise ValueError(f"{type(event).__name__} is not known to an approval")


def _apply_delivery(memory: FlowMemory, event: events.FlowEvent) -> None:
    match event:
        case events.Requested():
            memory.open[event.part] = OpenDelivery(event.delivery, event.part, event.digest)
            memory.given_up.pop(event.part, None)
            _forget_kept(memory, event)
            memory.said, memory.left = "", []
        case events.Attempted():
            known = memory.open[event.part]
            memory.open[event.part] = OpenDelivery(known.id, known.part, known.digest, event.attempt, unknown=True)
        case events.Delayed():
            known = memory.open[event.part]
            memory.open[event.part] = OpenDelivery(known.id, known.part, known.digest, known.attempts, event.unknown)
        case events.Confirmed():
            memory.open.pop(event.part, None)
            memory.tried.pop(event.part, None)
            memory.parts[event.part] = PartMemory(event.digest, event.target_id, event.etag, event.originator_version)
        case events.Replayed():
            waits = memory.open.get(event.part)
            memory.given_up.pop(event.part, None)
            memory.refused.pop(event.part, None)
            memory.open[event.part] = OpenDelivery(
                event.delivery,
                event.part,
                event.digest,
                unknown=event.reopened or (waits is not None and waits.unknown),
            )
        case events.Refused():
            known = memory.open.pop(event.part, None)
            if not memory.status.todo:  # a source that changed meanwhile is worth another try
                memory.refused[event.part] = event.digest
                memory.tried[event.part] = Attempt(event.digest, event.message)
                if known is not None:
                    memory.given_up[event.part] = known
        case events.Closed():
            memory.open.pop(event.part, None)
        case _:
            raise ValueError(f"{type(event).__name__} is not known to a delivery")


_COMMON = frozenset(Event.__struct_fields__)


def said(event: Event) -> str:
    """What a decision says, without when and why: two equal ones are one."""
    fields = [getattr(event, name) for name in event.__struct_fields__ if name not in _COMMON]
    return sha256_of(msgspec.json.encode([event.TOPIC, *fields]))


def link_key(link: LinkRow) -> str:
    """A pair of identities within a flow: one row of Business Central in one role."""
    return f"{link.bc_set}/{link.bc_id}/{link.role}"
