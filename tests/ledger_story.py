"""Stories of records, told as given, when and then: what happened before, what is done now, what comes of it.

    Story().given(observed("v1")).when(observed("v2")).then(Observed)

`Passage` tells how a record passes through a flow: decided, carried, decided again, until nothing is left to do.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from uuid import UUID

from msgspec.structs import replace

from domain.approval import Frozen
from domain.decide import Decision, Send, decide
from domain.delivery import Listing
from domain.drift import settlement
from domain.endpoints import ENDPOINTS
from domain.events import (
    ApprovalAccepted,
    ApprovalDeclined,
    ApprovalEvent,
    ApprovalResent,
    ApprovalRetrieved,
    DriftField,
    Event,
    Left,
    LinkRow,
    Violation,
    Wait,
)
from domain.flow import Context, Flow, Known, Part
from domain.flows import RECORDS
from domain.record import Choice, Moment, Record, Request, Seen
from domain.states import State
from domain.values import BUSINESS_CENTRAL, PROCORE, Cause, Digest, Json, digest

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
CONNECTION = "main"
BC_COMPANY = "0F2A8C11-5D5E-4B57-9B4C-3D6A1B8E7F00"
PROCORE_COMPANY = "4711"
FLOW = "purchase-order-to-commitment"

Command = Callable[[Record, Moment], object]


def moment(minutes: int = 0) -> Moment:
    """A moment of a story; the clock stands still until it is told otherwise."""
    return Moment(START + timedelta(minutes=minutes), Cause("story", "step", "system"))


class Story:
    """What happens to one record."""

    def __init__(self, record: Record | None = None) -> None:
        self.record = Record(Record.id_for(CONNECTION, "commitment", "po-1"), CONNECTION) if record is None else record
        self.events: Sequence[Event] = ()
        self.answers: list[object] = []
        self._minutes = 0

    def given(self, *commands: Command) -> Self:
        """What was done before; its events are told already."""
        self._do(commands)
        self.record.collect_events()
        return self

    def when(self, *commands: Command) -> Self:
        """What is done now."""
        self.answers = self._do(commands)
        self.events = self.record.collect_events()
        return self

    def then(self, *kinds: type[Event]) -> Self:
        """Exactly these events come of it, in this order."""
        assert [type(event) for event in self.events] == list(kinds)
        return self

    def state(self, flow: str = FLOW) -> State:
        """Where the record stands."""
        return self.record.flow(flow).status.state

    def retold(self) -> Record:
        """The record as the events of `when` alone would tell it."""
        again = type(self.record)(self.record.id, self.record.connection)
        for event in self.events:
            again.apply(event)
        return again

    def _do(self, commands: Sequence[Command]) -> list[object]:
        answers: list[object] = []
        for command in commands:
            answers.append(command(self.record, moment(self._minutes)))
            self._minutes += 1
        return answers


def sight(
    content: str = "v1", *, demanded: bool = False, number: str = "PO-1", flows: tuple[str, ...] = (FLOW,)
) -> Seen:
    """An order as Business Central shows it."""
    return Seen(
        kind="commitment",
        side=BUSINESS_CENTRAL,
        entity_set="purchaseOrders",
        source_id="po-1",
        number=number,
        title="Concrete",
        project="J1",
        digest=digest(content),
        content=digest([content]),
        modified_at="2026-03-02T07:59:00Z",
        flows=flows,
        demanded=demanded,
    )


def observed(content: str = "v1", **more: Any) -> Command:
    """The source is seen."""
    return lambda record, when: record.observe(sight(content, **more), when)


def vanished(replaced_by: str = "") -> Command:
    """The source removed the record."""
    return lambda record, when: record.vanish(BUSINESS_CENTRAL, replaced_by, when)


def row(content: str = "a", part: str = "header") -> Request:
    """A row for the header of a commitment."""
    return Request(
        part=part,
        endpoint="purchase_order_contracts",
        system=PROCORE,
        scope={"project_id": "7"},
        key="bc:company:purchaseOrders:po-1",
        body=digest(["body", content]),
        digest=digest(content),
    )


def requested(content: str = "a", part: str = "header") -> Command:
    """A delivery is stored."""
    return lambda record, when: record.request(FLOW, row(content, part), when)


def open_delivery(record: Record, part: str = "header") -> UUID:
    """The delivery of a part that is under way."""
    return record.flow(FLOW).open[part].id


def claimed(part: str = "header") -> Command:
    """The next attempt begins."""
    return lambda record, when: record.claim(FLOW, open_delivery(record, part), when)


def confirmed(part: str = "header", target_id: str = "900") -> Command:
    """The target took the row."""
    return lambda record, when: record.confirm(FLOW, open_delivery(record, part), when, target_id=target_id)


def delayed(part: str = "header", *, unknown: bool = False) -> Command:
    """The target was busy."""
    return lambda record, when: record.delay(
        FLOW,
        open_delivery(record, part),
        when,
        retry_at=when.at + timedelta(minutes=5),
        reason="busy",
        unknown=unknown,
    )


def refused(part: str = "header", message: str = "no") -> Command:
    """The target will not take the row."""
    return lambda record, when: record.refuse(FLOW, open_delivery(record, part), when, message=message)


def closed(part: str = "header") -> Command:
    """The delivery is withdrawn."""
    return lambda record, when: record.close(FLOW, open_delivery(record, part), "changed", when)


def delivered(content: str = "a", part: str = "header", target_id: str = "900") -> tuple[Command, Command, Command]:
    """A row from request to success."""
    return requested(content, part), claimed(part), confirmed(part, target_id)


def parked(*keys: str) -> Command:
    """The record waits for vendors."""
    waits = [Wait("vendor", key, f"waiting for vendor {key}") for key in keys or ("V1",)]
    return lambda record, when: record.park(FLOW, waits, when)


def rejected(*fields: str) -> Command:
    """Rules are broken."""
    violations = [Violation("PP-24", field, f"{field} is missing") for field in fields or ("Job No.",)]
    return lambda record, when: record.reject(FLOW, violations, when)


def excluded(rule: str = "flag off") -> Command:
    """A rule leaves the record out."""
    return lambda record, when: record.exclude(FLOW, rule, when)


def conflicting(reason: str = "number belongs to another integration") -> Command:
    """Both sides claim the same."""
    return lambda record, when: record.conflict(FLOW, reason, when)


def tombstoned(*, closed: bool = False) -> Command:
    """The record is closed, for good if told so."""
    return lambda record, when: record.tombstone(FLOW, when, closed=closed)


CONTRACT = LinkRow("purchaseOrders", "po-1", "PO-1", "purchase_order_contracts", "900", "7")
LEFT = Left(PROCORE, "purchase_order_contracts", "900", "7")


def adopted(part: str = "header", procore_id: str = "900") -> Command:
    """A person joins the record with a contract that was there; without a part the pair stands at once."""
    link = replace(CONTRACT, procore_id=procore_id)
    return lambda record, when: record.adopt(FLOW, part, link, "same order", when)


def cut_off() -> Command:
    """A person cuts the record off."""
    return lambda record, when: record.unlink(FLOW, "Successful Unlinked", "wrong one", when)


def reset(*left: Left) -> Command:
    """A person has it forgotten that the record was sent."""
    return lambda record, when: record.reset(FLOW, left or (LEFT,), "remove it there", "wrong one", when)


def linkage_refused(message: str = "still there") -> Command:
    """A person is refused."""
    return lambda record, when: record.refuse_linkage(FLOW, "unlink", message, "900", "", when)


def settled(content: str = "v1") -> Command:
    """Nothing is left to do."""
    return lambda record, when: record.settle(FLOW, digest([content]), (), when)


def retried() -> Command:
    """A person asks to decide again."""
    return lambda record, when: record.retry(FLOW, when)


def skipped(by: str = "anna", reason: str = "not this year") -> Command:
    """A person leaves it out until its source changes."""
    return lambda record, when: record.skip(FLOW, by, reason, when)


def replayed() -> Command:
    """A person asks to settle what is stored, and to send it again if it had no effect."""
    return lambda record, when: record.replay(FLOW, when)


def stirred() -> Command:
    """A record that this one carries changed."""
    return lambda record, when: record.stir(FLOW, when)


def asked(content: str = "v1", **more: str) -> Command:
    """People are asked to accept this content."""
    return lambda record, when: record.ask(FLOW, digest([content]), when, **more)


def answered(kind: type[ApprovalEvent], comment: str = "", by: str = "user:ann") -> Command:
    """A person does something about the request."""
    return lambda record, when: record.answer(
        FLOW, kind, comment, Moment(when.at, Cause(when.cause.correlation_id, when.cause.causation_id, by))
    )


def accepted(by: str = "user:ann") -> Command:
    """A person accepts the content that is asked about."""
    return answered(ApprovalAccepted, by=by)


def declined(comment: str = "wrong cost type", by: str = "user:ann") -> Command:
    """A person declines it."""
    return answered(ApprovalDeclined, comment, by)


def retrieved(by: str = "user:bob") -> Command:
    """A person takes the request back."""
    return answered(ApprovalRetrieved, by=by)


def resent(comment: str = "", by: str = "user:bob") -> Command:
    """A person asks again for the same content."""
    return answered(ApprovalResent, comment, by)


CHANGED_THERE = DriftField(
    part="header",
    field="title",
    verdict="target",
    endpoint="purchase_order_contracts",
    target_id="900",
    base=digest("Concrete"),
    source=digest("Concrete"),
    target=digest("Cement"),
    was="Concrete",
    wanted="Concrete",
    there="Cement",
)
"""Somebody gave the contract another title in Procore."""


def drifted(*fields: DriftField) -> Command:
    """A look shows that somebody changed what was written."""
    return lambda record, when: record.find_drift(FLOW, PROCORE, fields or (CHANGED_THERE,), (), when)


def agreed(*fields: tuple[str, str]) -> Command:
    """A look shows that both sides agree again."""
    return lambda record, when: record.find_drift(FLOW, PROCORE, (), fields or (("header", "title"),), when)


def resolved(choice: Choice = "keep-source", *fields: DriftField, by: str = "user:ann") -> Command:
    """A person says what stands."""
    take = "target" if choice == "keep-target" else "source"
    said = [settlement(each, take) for each in fields or (CHANGED_THERE,)]
    return lambda record, when: record.resolve_drift(
        FLOW, choice, said, "as agreed", Moment(when.at, replace(when.cause, actor=by))
    )


def linked(procore_id: str = "900") -> Command:
    """Both identities are joined."""
    link = LinkRow("purchaseOrders", "po-1", "PO-1", "purchase_order_contracts", procore_id, "7")
    return lambda record, when: record.link(FLOW, [link], when)


class Lists(dict[Listing, Sequence[Json]]):
    """Lists of the target that are all read; one that a story does not name is empty."""

    def __contains__(self, _listing: object) -> bool:
        return True

    def __missing__(self, _listing: Listing) -> Sequence[Json]:
        return ()

    def get(self, key: Listing, _default: object = None, /) -> Sequence[Json]:  # type: ignore[override]
        """Unnamed lists are empty, whatever the default."""
        return self[key]


class Passage:
    """One record's way through one flow. What it sends is taken by the target, under ids that count from 9001."""

    def __init__(
        self,
        flow: Flow,
        source: Json,
        *,
        references: Mapping[tuple[str, str], Known] | None = None,
        lists: Mapping[Listing, Sequence[Json]] | None = None,
        settings: Mapping[str, Any] | None = None,
        demanded: bool = False,
        **context: Any,
    ) -> None:
        self.flow = flow
        self.source = source
        self.references = dict(references or {})
        self.lists: Mapping[Listing, Sequence[Json]] = Lists() if lists is None else lists
        self.accepted: Frozen | None = None
        self.context = Context(
            connection=CONNECTION,
            bc_company=BC_COMPANY,
            procore_company=PROCORE_COMPANY,
            now=START,
            settings=settings or {},
            **context,
        )
        id_ = Record.id_for(CONNECTION, flow.kind, str(source.get("id") or flow.origin.number(source)))
        self.record = RECORDS.get(flow.kind, Record)(id_, CONNECTION)
        self.decision: Decision | None = None
        self._next_id = 9000
        self.sees(source, demanded=demanded)

    def sees(self, source: Json, *, demanded: bool = False) -> Self:
        """The origin shows this document now."""
        origin, self.source = self.flow.origin, source
        takes_part = self.flow.counts(source, demanded)
        seen = Seen(
            kind=self.flow.kind,
            side=origin.system,
            entity_set=origin.entity_set,
            source_id=str(source.get("id") or origin.number(source)),
            number=origin.number(source),
            title=origin.title(source),
            project=origin.project(source),
            digest=digest(origin.relevant(source)),
            content=digest(source),
            modified_at="",
            flows=(self.flow.name,) if takes_part else (),
            facet=origin.facet(source),
            marks=origin.marks(source),
            member_of=origin.member_of(source),
            demanded=demanded,
        )
        self.record.observe(seen, moment())
        return self

    def decide(self) -> Decision:
        """What is to be done next."""
        told = (self.references, self.lists, self.context)
        self.decision = decide(self.flow, self.record, self.source, *told, accepted=self.accepted)
        return self.decision

    def sends(self) -> Sequence[Part]:
        """The parts that go next.

        Raises  AssertionError when the decision is another one.
        """
        decision = self.decide()
        assert isinstance(decision, Send), decision
        return decision.parts

    def carry(self, **ids: str) -> Sequence[Part]:
        """Sends what goes next, and the target takes it; `ids` names ids by part, with `_` for what is no letter."""
        decision = self.decide()
        assert isinstance(decision, Send), decision
        self.record.link(self.flow.name, decision.links, moment())
        for part in decision.parts:
            delivery = self._request(part)
            before = self.record.flow(self.flow.name).target_id(part.name)
            target_id = ids.get(part.name.translate(_PLAIN)) or part.target_id or before or self._fresh_id()
            self.record.claim(self.flow.name, delivery, moment())
            self.record.confirm(self.flow.name, delivery, moment(), target_id=target_id, etag=f'W/"{target_id}"')
        return decision.parts

    def refuse(self, message: str = "no", status: int = 422) -> Sequence[Part]:
        """Sends what goes next, and the target refuses all of it."""
        parts = self.sends()
        for part in parts:
            delivery = self._request(part)
            self.record.claim(self.flow.name, delivery, moment())
            self.record.refuse(self.flow.name, delivery, moment(), message=message, status=status)
        return parts

    def carry_all(self) -> list[list[str]]:
        """Carries until something else is decided; the names of the parts, round by round."""
        rounds: list[list[str]] = []
        while isinstance(self.decide(), Send):
            rounds.append([part.name for part in self.carry()])
            assert len(rounds) < 20, rounds
        return rounds

    @property
    def links(self) -> Sequence[LinkRow]:
        """Pairs that the last decision joins."""
        return getattr(self.decision, "links", ())

    def _request(self, part: Part) -> UUID:
        wanted = Request(
            part=part.name,
            endpoint=part.endpoint,
            system=ENDPOINTS[part.endpoint].system,
            scope=part.scope,
            key=part.key,
            body=digest(part.body),
            digest=part.digest,
            target_id=part.target_id,
            if_match=part.if_match,
            kept=part.kept,
        )
        delivery = self.record.request(self.flow.name, wanted, moment())
        assert delivery is not None
        return delivery

    def _fresh_id(self) -> str:
        self._next_id += 1
        return str(self._next_id)


_PLAIN = str.maketrans(dict.fromkeys(":-.", "_"))


def known(
    resource: str,
    procore_id: str,
    *,
    state: State = "synced",
    parent: str = "",
    facet: str = "",
    bc_set: str = "",
    bc_id: str = "id",
) -> Known:
    """A referred record that is linked."""
    return Known(state, LinkRow(bc_set, bc_id, "", resource, procore_id, parent), "record", facet)


def unlinked(state: State = "parked", facet: str = "") -> Known:
    """A referred record that has no counterpart so far."""
    return Known(state, None, "record", facet)


NOTHING = Digest("")
