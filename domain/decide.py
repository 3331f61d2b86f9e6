"""The one decision procedure of all flows: pure, repeatable, and told entirely by what it is given."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from domain import approval, drift, left_behind
from domain.approval import Frozen
from domain.delivery import Listing
from domain.endpoints import ENDPOINTS
from domain.events import DriftField, LinkRow, Violation, Wait
from domain.flow import NOBODY, Context, Flow, Known, Part, Plan, Reference, References, Subject, stands
from domain.mapping import unmapped
from domain.memory import FlowMemory
from domain.record import Record
from domain.values import Json

PROJECT_FLAG_OFF = "project flag off"
PROJECT_DELETED = "project deleted"
FLAG_OFF = "flag off"


class Park(Struct, frozen=True):
    """Wait; `demands` are derived records that do not exist yet and are brought forth by being named."""

    waits: Sequence[Wait]
    demands: Sequence[Reference] = ()


class Reject(Struct, frozen=True):
    """Rules are broken."""

    violations: Sequence[Violation]


class Exclude(Struct, frozen=True):
    """Left out by a rule."""

    rule: str


class Clash(Struct, frozen=True):
    """Both sides claim the same thing; `fields` are those that it is about, where it is about fields."""

    reason: str
    fields: Sequence[DriftField] = ()


class Bury(Struct, frozen=True):
    """The source is gone; `closed` also if it comes back."""

    closed: bool = False


class Ignore(Struct, frozen=True):
    """The record takes no part and never did."""


class NeedsFacts(Struct, frozen=True):
    """These lists have to be read before the decision can be made."""

    listings: Sequence[Listing]


class NeedsKnown(Struct, frozen=True):
    """These records have to be looked up before the decision can be made."""

    references: Sequence[Reference]


class Send(Struct, frozen=True):
    """These parts go next; `links` are joined before they go."""

    parts: Sequence[Part]
    links: Sequence[LinkRow] = ()


class Settle(Struct, frozen=True):
    """The target holds everything."""

    links: Sequence[LinkRow] = ()
    warnings: Sequence[str] = ()


class Stuck(Struct, frozen=True):
    """A part stands refused, unchanged since; nothing can be sent until the source changes or a person acts."""


class Ask(Struct, frozen=True):
    """A person has to accept this content first; `amount` is decimal text, empty where the kind has none."""

    frozen: Frozen
    amount: str = ""


Decision = Park | Reject | Exclude | Clash | Bury | Ignore | NeedsFacts | NeedsKnown | Send | Settle | Stuck | Ask


def decide(
    flow: Flow,
    record: Record,
    source: Json,
    references: References,
    facts: Mapping[Listing, Sequence[Json]],
    context: Context,
    group: Sequence[Violation] = (),
    accepted: Frozen | None = None,
) -> Decision:
    """What to do next for one record in one flow.

    Shape   `source` is the document of the origin; `references` hold what is known of every reference of the flow;
            `facts` the lists read so far; `group` what is wrong with the others of its group, where all go or none;
            `accepted` what a person accepted of this record, where the flow asks people.
    """
    memory = record.flow(flow.name)
    if memory.skipped:
        return Exclude(memory.skipped)
    if record.vanished and record.replaced_by and flow.afterlife is not None:
        source = flow.afterlife(source)
    barred = _ended(flow, record, source, context, group)
    if barred is not None:
        return barred
    fresh = record.unheard(flow.name)
    asked = _each_once(flow.references(source, context))
    subject = _subject(flow, record, source, references, facts, context)
    return _go_on(flow, subject, asked, accepted, fresh=fresh, to_origin=not record.vanished)


def wished(
    flow: Flow,
    record: Record,
    source: Json,
    references: References,
    facts: Mapping[Listing, Sequence[Json]],
    context: Context,
) -> Plan | NeedsFacts | NeedsKnown | None:
    """The whole plan of a record as it stands, whatever people have to accept first; None where it can't be told.

    Raises  what `decide` raises.
    """
    asked = _each_once(flow.references(source, context))
    subject = _subject(flow, record, source, references, facts, context)
    _, supposed = _resting_on(asked, subject, fresh=False, gated=False)
    if supposed is None:
        return None
    further = _each_once(flow.further(supposed))
    unasked = [each for each in further if (each.kind, each.key) not in subject.references]
    if unasked:
        return NeedsKnown(unasked)
    _, supposed = _resting_on(further, supposed, fresh=False, gated=False)
    if supposed is None:
        return None
    missing = [listing for listing in flow.listings(supposed) if listing not in facts]
    if missing:
        return NeedsFacts(missing)
    plan = flow.plan(supposed)
    return plan if _obstacle(plan) is None else None


def _subject(
    flow: Flow,
    record: Record,
    source: Json,
    references: References,
    facts: Mapping[Listing, Sequence[Json]],
    context: Context,
) -> Subject:
    return Subject(
        source=source,
        source_id=record.source_id,
        number=record.number,
        demanded=record.demanded,
        references=references,
        facts=facts,
        memory=record.flow(flow.name),
        context=context,
        others={name: other for name, other in record.flows.items() if name != flow.name},
    )


def _go_on(
    flow: Flow, subject: Subject, asked: Sequence[Reference], accepted: Frozen | None, *, fresh: bool, to_origin: bool
) -> Decision:
    """What to do for a record that itself says nothing against being carried."""
    gated = approval.is_gated(subject.context) and not flow.carried
    held, supposed = _resting_on(asked, subject, fresh=fresh, gated=gated)
    if supposed is None:
        return held or Ignore()
    # Who is named by an id that nobody made yet is known to nobody.
    further = [each for each in _each_once(flow.further(supposed)) if not approval.is_made_up(each.key)]
    unasked = [each for each in further if (each.kind, each.key) not in subject.references]
    if unasked:
        return NeedsKnown(unasked)
    barred, supposed = _resting_on(further, supposed, fresh=fresh, gated=gated)
    if supposed is None:
        return barred or Ignore()
    wish = held or barred
    if wish is None:
        wanted = [*left_behind.listings(subject), *flow.listings(subject)]
        missing = [listing for listing in wanted if listing not in subject.facts]
        if missing:
            return NeedsFacts(missing)
        waits = left_behind.standing(subject)
        if waits:
            return Park(waits)
        wish = _carry_out(flow, subject, to_origin=to_origin)
    if not gated:
        return wish
    own = {(each.kind, each.key) for each in (*asked, *further)}
    known = {pair: each for pair, each in supposed.references.items() if pair in own}
    return _gate(flow, replace(supposed, references=known), wish, accepted, to_origin=to_origin)


def _resting_on(
    asked: Sequence[Reference], subject: Subject, *, fresh: bool, gated: bool
) -> tuple[Decision | None, Subject | None]:
    """What its references say against it, and the subject to go on with, None where there is nothing to go on with.

    What a person has to accept first is thought to its end as if the records stood there that it will bring forth.
    """
    held = _held_back(asked, subject.references, fresh=fresh)
    if held is None:
        return None, subject
    unlinked = _unlinked(asked, subject.references, fresh=fresh)
    if gated and isinstance(held, Park) and all(each.content is not None for each in unlinked):
        return held, approval.to_be_made(subject, unlinked)
    return held, None


def _gate(flow: Flow, subject: Subject, wish: Decision, accepted: Frozen | None, *, to_origin: bool) -> Decision:
    """The wish, where it sends nothing to the target, or just what was accepted; otherwise people are asked first."""
    match wish:
        case Send():
            parts = [part for part in wish.parts if approval.goes_out(flow, part)]
            if not parts:
                return wish
        case Park() if wish.demands:
            parts = []  # what exists only for this document is not brought forth before the document is accepted
        case _:
            return wish
    if accepted is not None and approval.permits(accepted, flow, subject, parts):
        return wish
    told = approval.rehearse(flow, subject, to_origin=to_origin)
    if told.missing:
        return NeedsFacts(told.missing)
    if told.instead is not None:
        return _obstacle(told.instead) or wish
    return wish if told.frozen is None else Ask(told.frozen, flow.amount(subject.source))


def _ended(flow: Flow, record: Record, source: Json, context: Context, group: Sequence[Violation]) -> Decision | None:
    """What its end, or the record itself, says against being carried."""
    memory = record.flow(flow.name)
    if memory.closed:
        return Bury(closed=True)  # what a person cut, or what was deleted, is not made again by itself (BX-12)
    if not record.vanished:
        return _barred(flow, record, source, context, group)
    if record.replaced_by and flow.afterlife is not None:
        barred = _barred(flow, record, source, context, group)
        lost = isinstance(barred, Reject)  # nobody can mend it any more
        return (Settle() if memory.parts else Bury()) if lost else barred
    carried = bool(memory.parts or memory.links)
    return Settle() if record.replaced_by and memory.parts else Bury(closed=flow.stays_deleted and carried)


def _barred(flow: Flow, record: Record, source: Json, context: Context, group: Sequence[Violation]) -> Decision | None:
    """What the record itself says against being carried."""
    memory = record.flow(flow.name)
    if not flow.counts(source, record.demanded) and not (flow.holds_on and memory.parts):
        return Exclude(FLAG_OFF) if memory.known or memory.status.todo else Ignore()
    rule = flow.excludes(source, context)
    if rule:
        return Exclude(rule)
    broken = [violation for check in flow.rules for violation in check(source, context)]
    violations = [*unmapped(source), *broken] or group
    return Reject(violations) if violations else None


def _held_back(asked: Sequence[Reference], references: References, *, fresh: bool) -> Decision | None:
    """What the records that it refers to say against it."""
    rule = _closed_project(asked, references)
    if rule:
        return Exclude(rule)
    violations = _wrong_sorts(asked, references)
    if violations:
        return Reject(violations)
    waits, demands = _unmet(asked, references, fresh=fresh)
    return Park(waits, demands) if waits else None


def _each_once(asked: Iterable[Reference]) -> list[Reference]:
    return list({(each.kind, each.key): each for each in asked}.values())


def _carry_out(flow: Flow, subject: Subject, *, to_origin: bool) -> Decision:
    """The parts that go next; nothing can be written back to a source that is gone."""
    memory = subject.memory
    plan = drift.careful(flow.plan(subject), memory)
    obstacle = _obstacle(plan)
    if obstacle is not None:
        return obstacle
    parts = [part for part in plan.parts if to_origin or approval.goes_out(flow, part)]
    left = [part for part in parts if not stands(memory, part)]
    next_stage = min((part.stage for part in left), default=None)
    joined = next_stage is None or next_stage > plan.link_stage
    links = list(plan.links(memory)) if plan.links is not None and joined else []
    if next_stage is None:
        return Settle(links, plan.warnings)
    due = [part for part in left if part.stage == next_stage]
    fresh = [_addressed(memory, part) for part in due if memory.refused.get(part.name) != part.digest]
    return Send(fresh, links) if fresh else Stuck()


def _obstacle(plan: Plan) -> Decision | None:
    """What a plan says against being carried out."""
    if plan.excluded:
        return Exclude(plan.excluded)
    if plan.violations:
        return Reject(plan.violations)
    if plan.conflict:
        return Clash(plan.conflict, plan.clashes)
    return Park(plan.waits) if plan.waits else None


def _addressed(memory: FlowMemory, part: Part) -> Part:
    """A row that stands is named by its id: by its key alone the target would make it again where somebody deleted it.

    Source  Procore guide 10: an unknown id is an error, an unknown origin id a new record.
    """
    known = memory.target_id(part.name)
    if part.target_id or not known or ENDPOINTS[part.endpoint].verb != "sync":
        return part
    return replace(part, target_id=known)


def _closed_project(asked: Sequence[Reference], references: References) -> str:
    """The rule by which the record's project keeps it out, empty where it does not."""
    for reference in asked:
        known = references.get((reference.kind, reference.key))
        if reference.kind == "project" and known is not None and known.state == "excluded":
            return PROJECT_FLAG_OFF
        if reference.kind == "project" and known is not None and known.state == "deleted":
            return PROJECT_DELETED
    return ""


def _wrong_sorts(asked: Sequence[Reference], references: References) -> list[Violation]:
    found: list[Violation] = []
    for reference in asked:
        known = references.get((reference.kind, reference.key))
        if reference.only and known not in (None, NOBODY) and known.facet not in reference.only:
            allowed = " or ".join(reference.only)
            number = reference.key.split("|")[-1]
            message = f"{reference.field} {number} is of type {known.facet}; only {allowed} can be used"
            found.append(Violation(reference.rule, reference.field, message))
    return found


def _unmet(asked: Sequence[Reference], references: References, *, fresh: bool) -> tuple[list[Wait], list[Reference]]:
    """What is still waited for. Derived records are brought forth only once everything else is there.

    `fresh` says that the record changed, and nobody who carries it can know its content yet.
    """
    known = {id(reference): references.get((reference.kind, reference.key), NOBODY) for reference in asked}
    unmet = [reference for reference in asked if not _is_met(reference, known[id(reference)], fresh=fresh)]
    plain = [reference for reference in unmet if reference.content is None]
    awaited = plain or unmet
    demands = [
        reference
        for reference in awaited
        if reference.if_facet or (reference.content is not None and known[id(reference)] is NOBODY)
    ]
    return [_wait(reference, known[id(reference)], fresh=fresh) for reference in awaited], demands


def _unlinked(asked: Sequence[Reference], references: References, *, fresh: bool) -> list[Reference]:
    return [each for each in asked if not _is_met(each, references.get((each.kind, each.key), NOBODY), fresh=fresh)]


def _wait(reference: Reference, known: Known, *, fresh: bool) -> Wait:
    """What is waited for, in words; of a carrier also what holds it up, as that holds up everything it carries."""
    words = reference.text
    if reference.carrier and known.why and not fresh:
        words = f"{words}: {'; '.join(known.why)}"
    return Wait(reference.kind, reference.key, words, reference.carrier)


def _is_met(reference: Reference, known: Known, *, fresh: bool) -> bool:
    if reference.loose or (reference.if_facet and known.facet not in reference.if_facet):
        return True
    if reference.carrier:
        return known.state == "synced" and known.link is not None and not fresh
    return known.link is not None or (reference.optional and known.state == "excluded")


def body_of(part: Part) -> dict[str, Any]:
    """The row of a part as it is stored and sent."""
    return dict(part.body)
