"""`Record`: one business object with its two sides, and the commands that every kind shares.

Commands decide which events happen; `apply` assigns and nothing more, so that a rebuild tells the same story.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, ClassVar, Literal
from uuid import UUID, uuid5

from msgspec import Struct

from domain import events, states
from domain.delivery import Scope
from domain.events import DriftField, Event, Left, LinkRow, Settlement, Violation, Wait
from domain.memory import FlowMemory, OpenDelivery, carries, link_key, remember, said
from domain.values import LEDGER, Cause, Digest, System

SKIPPABLE = frozenset({"dead", "rejected", "conflict", "parked", "failed", "pending"})
Choice = Literal["keep-source", "keep-target", "merge"]
RETRIED = "it is decided again"
SKIPPED = "it is left out"


class Moment(Struct, frozen=True):
    """When something happens and why: handed in by the hub with every command."""

    at: datetime
    cause: Cause


class Believed(Struct, frozen=True):
    """What one side holds, as far as we know."""

    digest: Digest
    content: Digest
    version: int


class Request(Struct, frozen=True, kw_only=True):
    """A delivery that a flow wants: one row for one endpoint. `digest` stands for what the row means.

    `shown` names what the target's lists showed when it was decided.
    """

    part: str
    endpoint: str
    system: System
    scope: Scope
    key: str
    body: Digest
    digest: Digest
    target_id: str = ""
    if_match: str = ""
    kept: tuple[str, ...] = ()
    shown: str = ""


class Record:
    """One business object and its two sides."""

    KIND: ClassVar[str] = ""

    def __init__(self, id: UUID, connection: str) -> None:
        self.id = id
        self.connection = connection
        self.version = 0
        self.believed: dict[str, Believed] = {}
        self.kind = self.KIND
        self.entity_set = ""
        self.source_id = ""
        self.number = ""
        self.title = ""
        self.project = ""
        self.facet = ""
        self.marks: tuple[str, ...] = ()
        self.member_of = ""
        self.demanded = False
        self.vanished = False
        self.replaced_by = ""
        self.flows: dict[str, FlowMemory] = {}
        self._new: list[Event] = []

    @staticmethod
    def id_for(connection: str, kind: str, origin_key: str) -> UUID:
        """The same object has the same stream, whoever saw it first and however often."""
        return uuid5(LEDGER, f"{connection}/{kind}/{origin_key}")

    def flow(self, name: str) -> FlowMemory:
        """What this record remembers of a flow; a new memory where there is none."""
        memory = self.flows.get(name)
        if memory is None:
            memory = self.flows[name] = FlowMemory()
        return memory

    def collect_events(self) -> Sequence[Event]:
        """What happened since the last time, for the ledger."""
        new, self._new = self._new, []
        return new

    def unheard(self, flow: str) -> bool:
        """Something happened to it that those who carry it together with others can't know yet."""
        memory = self.flow(flow)
        seen = max((side.version for side in self.believed.values()), default=0)
        # What was left out may have changed without anybody taking notice.
        return self.vanished or seen > memory.carried_at or memory.status.state == "excluded"

    @property
    def has_news(self) -> bool:
        """Something happened that the ledger does not have yet."""
        return bool(self._new)

    # -- commands ----------------------------------------------------------------------------------

    def observe(self, seen: "Seen", moment: Moment, *, released: bool = False) -> bool:
        """Records what a side holds, unless that is what we already believe it to hold.

        `released` says that the need which brought the record in has ended.
        """
        believed = self.believed.get(seen.side)
        same = believed is not None and believed.digest == seen.digest
        demanded = not released and (seen.demanded or self.demanded)
        if same and not self.vanished and demanded == self.demanded and self.number == seen.number:
            return False  # polls, notices and our own writes all come round again
        fields = {name: getattr(seen, name) for name in seen.__struct_fields__}
        # A flow that the record took part in must hear of the change, even if the record no longer counts there.
        flows = tuple(dict.fromkeys((*seen.flows, *self._taking_part())))
        self._happened(events.Observed, moment, **{**fields, "demanded": demanded, "flows": flows})
        return True

    def vanish(self, side: System, replaced_by: str, moment: Moment) -> bool:
        """Records that the source removed the record."""
        if self.vanished or side not in self.believed:
            return False
        self._happened(events.Vanished, moment, side=side, flows=self._taking_part(), replaced_by=replaced_by)
        return True

    def _taking_part(self) -> tuple[str, ...]:
        return tuple(name for name, memory in self.flows.items() if memory.known or memory.status.todo)

    def park(self, flow: str, waits: Sequence[Wait], moment: Moment) -> None:
        """Lets the record wait."""
        self._say(flow, events.Parked, moment, waits=tuple(waits))

    def reject(self, flow: str, violations: Sequence[Violation], moment: Moment) -> None:
        """Names every broken rule at once."""
        self._say(flow, events.Rejected, moment, violations=tuple(violations))

    def exclude(self, flow: str, rule: str, moment: Moment) -> None:
        """Leaves the record out, by a rule."""
        self._say(flow, events.Excluded, moment, rule=rule)

    def conflict(self, flow: str, reason: str, moment: Moment) -> None:
        """Puts the record before a person."""
        self._say(flow, events.Conflicted, moment, reason=reason)

    def tombstone(self, flow: str, moment: Moment, *, closed: bool = False) -> None:
        """Closes the record, the counterpart untouched; `closed` even if its source comes back."""
        self._say(flow, events.Tombstoned, moment, closed=closed)

    # -- the cross-reference by hand ---------------------------------------------------------------

    def adopt(self, flow: str, part: str, link: LinkRow, reason: str, moment: Moment) -> bool:
        """Joins the record with a counterpart that is there; not while anything of it is under way."""
        return self.adopt_all(flow, [(part, link)], reason, moment)

    def adopt_all(self, flow: str, pairs: Sequence[tuple[str, LinkRow]], reason: str, moment: Moment) -> bool:
        """Joins the record with all that stands for it, such as one contract for each project; each by its part."""
        memory = self.flow(flow)
        if memory.open or memory.parts or memory.links:
            return False
        for part, link in pairs:
            if memory.adopted.get(part) != link.procore_id or not part:
                self._happened(events.Adopted, moment, flow=flow, part=part, link=link, reason=reason)
        return True

    def unlink(self, flow: str, message: str, reason: str, moment: Moment) -> bool:
        """Cuts the record from its counterpart; not while anything of it is under way."""
        memory = self.flow(flow)
        if memory.open:
            return False
        links = tuple(memory.links.values())
        self._happened(events.Unlinked, moment, flow=flow, links=links, message=message, reason=reason)
        return True

    def reset(self, flow: str, left: Iterable[Left], warning: str, reason: str, moment: Moment) -> bool:
        """Forgets that the record was ever sent, and withdraws what was not; not while an outcome is unknown."""
        memory = self.flow(flow)
        if any(delivery.unknown for delivery in memory.open.values()):
            return False
        for delivery in list(memory.open.values()):
            self.close(flow, delivery.id, "the record was reset", moment)
        fields = {"links": tuple(memory.links.values()), "left": tuple(left), "warning": warning, "reason": reason}
        self._happened(events.Reset, moment, flow=flow, **fields)
        return True

    def refuse_linkage(self, flow: str, act: str, message: str, counterpart: str, reason: str, moment: Moment) -> None:
        """Keeps that a person was refused, and why."""
        fields = {"act": act, "message": message, "counterpart": counterpart, "reason": reason}
        self._happened(events.LinkageRefused, moment, flow=flow, **fields)

    # -- drift -------------------------------------------------------------------------------------

    def find_drift(
        self,
        flow: str,
        system: System,
        found: Sequence[DriftField],
        settled: Sequence[tuple[str, str]],
        moment: Moment,
    ) -> bool:
        """Keeps what the target holds otherwise than it was written, and what agrees again."""
        if settled:
            self._happened(events.DriftSettled, moment, flow=flow, fields=tuple(settled))
        if found:
            about = {"kind": self.kind, "number": self.number, "project": self.project, "system": system}
            self._happened(events.DriftFound, moment, flow=flow, fields=tuple(found), **about)
        return bool(found or settled)

    def resolve_drift(
        self, flow: str, choice: Choice, settlements: Sequence[Settlement], reason: str, moment: Moment
    ) -> bool:
        """Keeps what was said of these fields, and has the record decided again; not while anything is under way.

        A row that is to stay away took what stood under it along: then the whole record is forgotten, and left out
        until its source changes, so that a commitment never comes back without its lines.
        """
        memory = self.flow(flow)
        if memory.open or not settlements:
            return False
        bare = any(each.take == "target" and not each.field and carries(memory, each.part) for each in settlements)
        again = any(each.part for each in settlements)  # one whose source is gone stays as it is
        fields = {"choice": choice, "settlements": tuple(settlements), "reason": reason, "again": again}
        self._happened(events.DriftResolved, moment, flow=flow, **fields)
        if bare:
            self.reset(flow, (), "It is gone; it is made anew, whole, when its source changes.", reason, moment)
            self.skip(flow, moment.cause.actor, f"gone, and to stay so: {reason}", moment)
        return True

    def settle(self, flow: str, content: Digest, warnings: Sequence[str], moment: Moment) -> None:
        """Nothing is left to do."""
        self._say(flow, events.Synced, moment, content=content, warnings=tuple(warnings))

    def ask(self, flow: str, hash: Digest, moment: Moment, *, amount: str = "", why: str = "") -> bool:
        """Puts content before the approvers, unless it lies there; what was said of the very same content stands."""
        memory = self.flow(flow)
        known = memory.approval if memory.approval is not None and memory.approval.hash == hash else None
        if known is not None and not memory.status.todo and memory.status.state == "awaiting-approval":
            return False
        standing = known.stage if known is not None and known.stage != "accepted" else "requested"
        about = {"kind": self.kind, "number": self.number, "title": self.title, "project": self.project}
        fields = {**about, "hash": hash, "amount": amount, "why": why, "standing": standing}
        self._happened(events.ApprovalRequested, moment, flow=flow, **fields)
        return True

    def answer(self, flow: str, kind: type[events.ApprovalEvent], comment: str, moment: Moment) -> None:
        """Records what a person did about the request; whether it is allowed says `approval.objection`.

        Raises  ValueError where nothing was ever asked.
        """
        approval = self.flow(flow).approval
        if approval is None:
            raise ValueError(f"nothing is asked of {self.number} in {flow}")
        self._happened(kind, moment, flow=flow, hash=approval.hash, comment=comment)

    def retry(self, flow: str, moment: Moment) -> bool:
        """Lets a record be decided again that does not go by itself; any other is left alone.

        What certainly had no effect is withdrawn, and what may have had one is settled by looking first.
        """
        memory = self.flow(flow)
        state = memory.status.state
        tried = state == "parked" and memory.tried
        skipped = state == "excluded" and memory.skipped
        if state not in {"dead", "rejected", "conflict", "failed"} and not tried and not skipped:
            return False
        for known in tuple(memory.open.values()):
            if not self.close(flow, known.id, RETRIED, moment):
                self._replayed(flow, known, moment, reopened=False)
        self._happened(events.Retried, moment, flow=flow)
        return True

    def skip(self, flow: str, by: str, reason: str, moment: Moment) -> bool:
        """Leaves a record out that is not settled, until its source changes.

        Not while a call may have taken effect: that has to be settled by looking before anybody can say what stands.
        """
        memory = self.flow(flow)
        if not memory.known and not memory.status.todo:
            return False  # it takes no part
        if memory.status.state not in SKIPPABLE or any(known.unknown for known in memory.open.values()):
            return False
        for known in tuple(memory.open.values()):
            self.close(flow, known.id, SKIPPED, moment)
        self._happened(events.Skipped, moment, flow=flow, rule=f"skipped by {by}: {reason}")
        return True

    def replay(self, flow: str, moment: Moment) -> bool:
        """Settles the stored deliveries now that were refused or wait: by looking, then by the same rows again."""
        memory = self.flow(flow)
        if memory.status.state not in {"dead", "failed"} or memory.status.todo:
            return False
        waiting, refused = tuple(memory.open.values()), tuple(memory.given_up.values())
        for known in waiting:
            self._replayed(flow, known, moment, reopened=False)
        for known in refused:
            self._replayed(flow, known, moment, reopened=True)
        return bool(waiting or refused)

    def _replayed(self, flow: str, known: OpenDelivery, moment: Moment, *, reopened: bool) -> None:
        fields = {"delivery": known.id, "part": known.part, "digest": known.digest, "reopened": reopened}
        self._happened(events.Replayed, moment, flow=flow, **fields)

    def stir(self, flow: str, moment: Moment) -> None:
        """Has the record decided again, because one that it carries changed."""
        if not self.flow(flow).status.todo:
            self._happened(events.Stirred, moment, flow=flow)

    def link(self, flow: str, links: Iterable[LinkRow], moment: Moment) -> None:
        """Joins identities; what is joined already is not said again."""
        known = self.flow(flow).links
        new = tuple(link for link in links if known.get(link_key(link)) != link)
        if new:
            self._happened(events.Linked, moment, flow=flow, links=new)

    def request(self, flow: str, wanted: Request, moment: Moment) -> UUID | None:
        """Stores a delivery; while an equal one is open none is added."""
        memory = self.flow(flow)
        if wanted.part in memory.open:
            return None
        # From the event's place, not from the body: A, B and A again are three deliveries.
        id_ = uuid5(self.id, str(self.version + 1))
        fields = {name: getattr(wanted, name) for name in wanted.__struct_fields__}
        self._happened(events.Requested, moment, flow=flow, delivery=id_, **{**fields, "scope": dict(wanted.scope)})
        return id_

    def claim(self, flow: str, delivery: UUID, moment: Moment) -> bool:
        """Claims the next attempt, right before the call."""
        known = self._open(flow, delivery)
        if known is None:
            return False
        self._happened(
            events.Attempted, moment, flow=flow, delivery=delivery, part=known.part, attempt=known.attempts + 1
        )
        return True

    def confirm(self, flow: str, delivery: UUID, moment: Moment, **outcome: Any) -> bool:
        """Records success; a late or repeated result changes nothing."""
        known = self._open(flow, delivery)
        if known is None:
            return False
        self._happened(
            events.Confirmed,
            moment,
            **{"flow": flow, "delivery": delivery, "part": known.part, "digest": known.digest, **outcome},
        )
        return True

    def delay(self, flow: str, delivery: UUID, moment: Moment, **outcome: Any) -> bool:
        """Records that the delivery has to wait for its next attempt."""
        known = self._open(flow, delivery)
        if known is None:
            return False
        self._happened(
            events.Delayed,
            moment,
            **{"flow": flow, "delivery": delivery, "part": known.part, "attempt": known.attempts, **outcome},
        )
        return True

    def refuse(self, flow: str, delivery: UUID, moment: Moment, **outcome: Any) -> bool:
        """Records that the target will not take the delivery."""
        known = self._open(flow, delivery)
        if known is None:
            return False
        self._happened(
            events.Refused,
            moment,
            **{"flow": flow, "delivery": delivery, "part": known.part, "digest": known.digest, **outcome},
        )
        return True

    def close(self, flow: str, delivery: UUID, why: str, moment: Moment) -> bool:
        """Withdraws a delivery that certainly had no effect."""
        known = self._open(flow, delivery)
        if known is None or known.unknown:
            return False
        self._happened(events.Closed, moment, flow=flow, delivery=delivery, part=known.part, why=why)
        return True

    # -- state -------------------------------------------------------------------------------------

    def apply(self, event: Event) -> None:
        """Assigns what an event says."""
        match event:
            case events.Observed():
                self._apply_observed(event)
            case events.Vanished():
                self.vanished, self.replaced_by = True, event.replaced_by
                for memory in self.flows.values():
                    memory.status = states.after(memory.status, event)
                    memory.refused, memory.given_up, memory.skipped = {}, {}, ""
            case events.LinkageRefused():
                pass  # said to a person, and no news of the record
            case events.FlowEvent():
                remember(self.flow(event.flow), event)
            case _:
                raise ValueError(f"{type(event).__name__} does not happen to a record")
        self.version = event.originator_version

    def _apply_observed(self, event: events.Observed) -> None:
        before = self.believed.get(event.side)
        same = before is not None and before.digest == event.digest and not self.vanished
        self.believed[event.side] = Believed(event.digest, event.content, event.originator_version)
        self.kind, self.entity_set, self.source_id = event.kind, event.entity_set, event.source_id
        self.number, self.title, self.project = event.number, event.title, event.project
        self.facet, self.marks, self.member_of = event.facet, event.marks, event.member_of
        self.demanded, self.vanished, self.replaced_by = event.demanded, False, ""
        for name in event.flows:
            memory = self.flow(name)
            memory.status = states.after(memory.status, event)
            memory.refused, memory.tried, memory.given_up = {}, {}, {}
            if not same:
                memory.skipped = ""

    def _open(self, flow: str, delivery: UUID) -> OpenDelivery | None:
        for known in self.flow(flow).open.values():
            if known.id == delivery:
                return known
        return None

    def _say(self, flow: str, kind: type[events.FlowEvent], moment: Moment, /, **fields: Any) -> None:
        memory = self.flow(flow)
        event = self._event(kind, moment, flow=flow, **fields)
        if memory.status.todo or memory.said != said(event):
            self._record(event)

    def _happened(self, kind: type[Event], moment: Moment, /, **fields: Any) -> None:
        self._record(self._event(kind, moment, **fields))

    def _event(self, kind: type[Event], moment: Moment, /, **fields: Any) -> Event:
        return kind(
            originator_id=self.id,
            originator_version=self.version + 1,
            at=moment.at,
            connection=self.connection,
            correlation_id=moment.cause.correlation_id,
            causation_id=moment.cause.causation_id,
            actor=moment.cause.actor,
            **fields,
        )

    def _record(self, event: Event) -> None:
        self.apply(event)
        self._new.append(event)


class Seen(Struct, frozen=True, kw_only=True):
    """What a side holds now: the arguments of `Record.observe`."""

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
