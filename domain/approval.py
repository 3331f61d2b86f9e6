"""The accounting gate: what a person accepts is frozen, and nothing else is sent (C-28, ER-05 to ER-15, ER-29).

The frozen content holds the fields of the source that the flow uses, the settings, the records that it rests on, and
every part in the order in which it goes, as far as that can be told before the first one is sent. Ids that are still to
be made stand in it by name. Its hash is its name in the contents.
"""

import re
from collections import ChainMap
from collections.abc import Mapping, Sequence
from typing import Any, Literal, cast

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from domain import drift
from domain.delivery import Listing
from domain.endpoints import ENDPOINTS
from domain.events import LinkRow
from domain.flow import NOBODY, Context, Flow, Known, Part, Plan, Reference, Rows, Subject, stands
from domain.memory import FlowMemory, PartMemory
from domain.values import Digest, Json, canonical, digest, sha256_of

MOST_STAGES = 12
"""Stages that a plan is followed through; no flow has half as many."""
_FIRST_ID = 9_000_000_000_000_001
"""Ids that are still to be made are numbers that no system gives, because flows read ids of Procore as numbers."""
MOST_MADE = 1_000_000
"""Parts of one record whose ids are to be made; ids of other records are counted from behind them."""
_NOT_CONTENT = ("enabled", "approval", "four_eyes", "drift")
_NOW = "@now"
_UNMISTAKABLE = 20
"""Characters of an identity that stands for itself in any field: a GUID, or the moment of sending."""
_LONG_NUMBER = re.compile(r"\d{7,}")


class FrozenPart(Struct, frozen=True, kw_only=True):
    """One part as it will be sent. Ids of other records, and those to be made, stand as `@` and a name.

    `digest` is empty where the piece is to be removed.
    """

    name: str
    endpoint: str
    scope: Json
    key: str
    target_id: str
    body: Json
    digest: str


class Frozen(Struct, frozen=True, kw_only=True):
    """What a person accepts.

    Shape   numbers are text, in one spelling
    document  the fields of the source that the flow uses
    settings  those of the flow that say what is sent
    links     name of a record that it rests on -> its id in the target, empty while it is to be made
    made      parts whose ids are to be made
    whole     every part could be told; otherwise what else is sent follows from the document and the settings
    """

    flow: str
    document: Json
    settings: Json
    links: dict[str, str]
    made: tuple[str, ...]
    whole: bool
    parts: tuple[FrozenPart, ...]


class Told(Struct, frozen=True):
    """What a rehearsal showed: the frozen content, or the reason that there is none in `instead`."""

    frozen: Frozen | None = None
    missing: Sequence[Listing] = ()
    instead: Plan | None = None


def is_gated(context: Context) -> bool:
    """A person has to accept what this flow sends."""
    return context.settings.get("approval", "off") == "approver"


def goes_out(flow: Flow, part: Part) -> bool:
    """The part goes to the target; ids that are written back to the origin need nobody's word."""
    return ENDPOINTS[part.endpoint].system != flow.origin.system


def bytes_of(frozen: Frozen) -> bytes:
    """The one spelling of a frozen content; its SHA-256 is the hash that people accept."""
    return canonical(msgspec.to_builtins(frozen))


def hash_of(frozen: Frozen) -> Digest:
    """Name of a frozen content."""
    return sha256_of(bytes_of(frozen))


def read(data: bytes) -> Frozen:
    """A frozen content from its bytes.

    Raises  msgspec.DecodeError when the bytes are none.
    """
    return msgspec.json.decode(data, type=Frozen)


def permits(frozen: Frozen, flow: Flow, subject: Subject, parts: Sequence[Part]) -> bool:
    """These parts are what was accepted: the same source, settings and counterparts, and part by part the same row.

    Shape   the subject's references are those of this record alone
    """
    if digest(frozen.document) != digest(flow.origin.relevant(subject.source)):
        return False
    if digest(frozen.settings) != digest(_settings(subject.context)):
        return False
    for name, row in _linked(subject).items():
        accepted = frozen.links.get(name)
        if accepted is None or (accepted and accepted != row.procore_id):
            return False
    names = _names(subject, {name: subject.memory.target_id(name) for name in frozen.made})
    accepted_rows = {_identity(part) for part in frozen.parts}
    told = {part.name for part in frozen.parts}
    # A part that nobody could tell before follows from the document, the settings and the links, which are the same,
    # and from what the target made of the parts before it, such as a row that it has to be asked to process.
    checked = [part for part in parts if part.name in told]
    return all(_identity(_frozen_part(part, names)) in accepted_rows for part in checked)


def to_be_made(subject: Subject, references: Sequence[Reference]) -> Subject:
    """As if the records stood there that are brought forth only when the document is accepted."""
    known: dict[tuple[str, str], Known] = dict(subject.references)
    first = _FIRST_ID + MOST_MADE + sum(is_made_up(each.link.procore_id) for each in known.values() if each.link)
    for place, reference in enumerate(references):
        row = LinkRow("", reference.key, reference.key, reference.kind, str(first + place))
        known[reference.kind, reference.key] = Known("synced", row)
    return replace(subject, references=known)


def is_made_up(text: str) -> bool:
    """An id stands in the text that nobody made yet."""
    return any(int(found.group()) >= _FIRST_ID for found in _LONG_NUMBER.finditer(text))


def rehearse(flow: Flow, subject: Subject, *, to_origin: bool) -> Told:
    """Follows the plan to its end without sending anything.

    `to_origin` is false where nothing can be written back. The first step is the plan as it is; behind it the flow
    meets ids that nobody made yet, and where it can't go on, the rest can't be told.
    """
    now = replace(subject, memory=_scratch(subject.memory))
    made: dict[str, str] = {}
    told: list[Part] = []
    whole = False
    for step in range(MOST_STAGES):
        try:
            missing = [listing for listing in flow.listings(now) if listing not in now.facts]
            if missing and not any(_needs_made_up(listing) for listing in missing):
                return Told(missing=missing)
            plan = None if missing else drift.careful(flow.plan(now), now.memory)
            if plan is not None and (plan.waits or plan.violations or plan.conflict or plan.excluded):
                if step == 0:
                    return Told(instead=plan)
                plan = None
            if plan is None:
                break
            due = _due(flow, plan, now.memory, to_origin=to_origin)
            told += [part for part in due if goes_out(flow, part)]
            whole = not due
            if whole:
                break
            now = _taken(flow, now, due, made)
        except (LookupError, ValueError):
            if step == 0 and not any(is_made_up(row.procore_id) for row in _linked(subject).values()):
                raise  # nothing is made up here, so this is a fault of the flow
            break
    if whole and not told:
        return Told()
    names = _names(now, made)
    frozen = Frozen(
        flow=flow.name,
        document=_plain(flow.origin.relevant(subject.source)),
        settings=_plain(_settings(subject.context)),
        links={name: "" if is_made_up(row.procore_id) else row.procore_id for name, row in _linked(subject).items()},
        made=tuple(sorted(made)),
        whole=whole,
        parts=tuple(_frozen_part(part, names) for part in told),
    )
    return Told(frozen)


def _scratch(memory: FlowMemory) -> FlowMemory:
    """A memory to try things out on."""
    return replace(memory, parts=dict(memory.parts), links=dict(memory.links), kept=dict(memory.kept), refused={})


def _due(flow: Flow, plan: Plan, memory: FlowMemory, *, to_origin: bool) -> list[Part]:
    """The parts that go next; pairs are joined in the memory when it is time for them."""
    left = [part for part in plan.parts if not stands(memory, part) and (to_origin or goes_out(flow, part))]
    stage = min((part.stage for part in left), default=None)
    if plan.links is not None and (stage is None or stage > plan.link_stage):
        memory.links.update({f"{row.bc_set}/{row.bc_id}/{row.role}": row for row in plan.links(memory)})
    return [part for part in left if part.stage == stage]


def _taken(flow: Flow, now: Subject, due: Sequence[Part], made: dict[str, str]) -> Subject:
    """The target takes these parts, and shows them in its lists."""
    memory, changed = now.memory, dict[Listing, Sequence[Json]]()
    for part in due:
        known = memory.target_id(part.name) or part.target_id
        if not known and goes_out(flow, part):
            known = made.setdefault(part.name, str(_FIRST_ID + len(made)))
        memory.parts[part.name] = PartMemory(part.digest, "" if part.absent else known, "", 0)
        if part.again:
            memory.kept.pop(part.name, None)
        for listing in flow.listings(now):
            if listing.name in ENDPOINTS[part.endpoint].refreshes and listing in now.facts:
                rows = changed.get(listing, now.facts[listing])
                changed[listing] = Rows(_shown(rows, known, part))
    facts = now.facts if not changed else ChainMap(changed, cast("dict[Listing, Sequence[Json]]", now.facts))
    return replace(now, facts=facts)


def _shown(rows: Sequence[Json], id_: str, part: Part) -> list[Json]:
    if part.absent:
        return [row for row in rows if str(row.get("id")) != id_]
    return [{**row, **part.body} if str(row.get("id")) == id_ else row for row in rows]


def _settings(context: Context) -> Json:
    return {name: value for name, value in context.settings.items() if name not in _NOT_CONTENT}


def _linked(subject: Subject) -> dict[str, LinkRow]:
    """The counterparts of all records that it refers to, by name."""
    return {
        f"{kind} {key}": known.link
        for (kind, key), known in subject.references.items()
        if known is not NOBODY and known.link is not None
    }


def _names(subject: Subject, made: Mapping[str, str]) -> dict[str, str]:
    """Id -> what stands for it in a frozen content."""
    names = {id_: f"@{part}" for part, id_ in made.items() if id_}
    names[subject.context.now.strftime("%Y-%m-%dT%H:%M:%SZ")] = _NOW  # when it is sent is nothing that people accept
    for name, row in _linked(subject).items():
        names.setdefault(row.procore_id, f"@{name}")
    return names


def _frozen_part(part: Part, names: Mapping[str, str]) -> FrozenPart:
    meaning = part.body if part.meaning is None else part.meaning
    return FrozenPart(
        name=part.name,
        endpoint=part.endpoint,
        scope=_plain(_named(dict(part.scope), names, "")),
        key=_named(part.key, names, "_id"),
        target_id=_named(part.target_id, names, "_id"),
        body=_plain(_named(dict(part.body), names, "")),
        digest="" if part.absent else digest(_named(meaning, names, "")),
    )


def _identity(part: FrozenPart) -> tuple[str, ...]:
    """What makes two rows the same. The id of a row that is made meanwhile is no difference."""
    return (part.name, part.endpoint, part.key, digest(part.scope), part.digest)


def _named(value: Any, names: Mapping[str, str], field: str) -> Any:
    """A value with names for ids: in fields that hold ids, and wherever a long number stands in a text."""
    if isinstance(value, Mapping):
        inner = cast("Mapping[str, Any]", value)
        return {key: _named(item, names, str(key)) for key, item in inner.items()}
    if isinstance(value, list | tuple):
        return [_named(item, names, field) for item in cast("Sequence[Any]", value)]
    if isinstance(value, bool):
        return value
    if isinstance(value, int | str) and str(value) in names and (_holds_ids(field) or len(str(value)) >= _UNMISTAKABLE):
        return names[str(value)]
    if isinstance(value, int):
        return names.get(str(value), value) if value >= _FIRST_ID else value
    if isinstance(value, str):
        return _LONG_NUMBER.sub(lambda found: names.get(found.group(), found.group()), value)
    return value


def _holds_ids(field: str) -> bool:
    """Values without a field are those of a list that stands for what a row means."""
    return field in ("", "id") or field.endswith(("_id", "_ids", "Id", "Ids"))


def _needs_made_up(listing: Listing) -> bool:
    return any(is_made_up(text) for text in (listing.path, listing.scope, *(value for _, value in listing.query)))


def _plain(value: Any) -> Json:
    """A document as its one spelling reads."""
    return msgspec.json.decode(canonical(value))


Objection = Literal["", "unknown", "changed", "decided", "open", "own"]
"""Why something can't be done about a request: nothing is asked, the content is another one, it was decided on already,
it is not to be sent again, or the actor had a hand in it. Empty: it can be done."""

Deed = Literal["accept", "decline", "retrieve", "resend"]


def objection(memory: FlowMemory, deed: Deed, hash: str, actor: str, *, four_eyes: bool) -> Objection:
    """What speaks against it. An empty `hash` means whatever is asked now."""
    approval = memory.approval
    if approval is None:
        return "unknown"
    if hash and hash != approval.hash:
        return "changed"
    if approval.stage == "accepted":
        return "decided"
    if memory.status.state != "awaiting-approval":
        return "changed"  # the source moved, and what it says now was not asked yet
    if deed == "resend":
        return "" if approval.stage in ("declined", "retrieved") else "open"
    if approval.stage not in ("requested", "resent"):
        return "decided"
    if deed == "accept" and four_eyes and same_person(actor, (approval.by, memory.touched)):
        return "own"
    return ""


def same_person(actor: str, others: Sequence[str]) -> bool:
    """Whether the actor is one of these, whichever way they came in: `cli:ann` and `user:Ann` are one person."""
    return actor.partition(":")[2].casefold() in {other.partition(":")[2].casefold() for other in others} - {""}
