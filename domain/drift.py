"""Three-way drift, pure: what the hub wrote last, what the source says now, what stands in the target, field by field.

An echo is never drift: what the target shows is compared with what was confirmed last, whoever reads it and whenever.
What people have not settled yet is not overwritten: a field that was changed in the target alone is left out of what is
sent, and one that both sides changed stops the record before a person (BX-06).
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal, cast

from msgspec import Struct
from msgspec.structs import replace

from domain.delivery import Endpoint, Scope
from domain.events import DriftField, LinkRow, Settlement
from domain.events.drift import Sort
from domain.flow import Flow, Part, Plan, stands
from domain.memory import FlowMemory, Kept
from domain.shown import dig, found, same
from domain.values import PROCORE, Json, canonical, digest, plain_number, read_json

LONGEST = 500
"""Characters of a value that stand in an event."""
TOGETHER = frozenset({"quantity", "unit_cost", "amount", "total_amount"})
"""Figures of one line: where one was changed, none of the others can be sent alone."""

IDENTITY = frozenset({"id", "segment_items"})
"""What makes a row that row: it can't be changed, and shows in shapes of its own (Procore W13)."""

Standing = Literal["same", "source", "target", "alike", "conflict"]
"""How one field stands: `source` is work to do and no drift; `alike` was changed on both sides to the same value."""


class Written(Struct, frozen=True, kw_only=True):
    """One part as the hub wrote it: each field with the value that was confirmed last, and which row it is.

    version  of the event that confirmed it; of the record's last one for a row that is followed
    followed the target made the row by itself of what it was sent (`domain/followed.py`)
    """

    part: str
    endpoint: str
    scope: Scope
    key: str
    target_id: str
    body: Json
    version: int
    followed: bool = False


class Sight(Struct, frozen=True, kw_only=True):
    """What a look made of one part: the drift, and whether a field of it could be compared at all."""

    fields: tuple[DriftField, ...]
    compared: int


def standing(base: object, source: object, target: object) -> Standing:
    """How a field stands, by meaning: 10 and "10.00" are one value."""
    by_source, by_target = not same(source, base), not same(target, base)
    if not by_target:
        return "source" if by_source else "same"
    if not by_source:
        return "target"
    return "alike" if same(target, source) else "conflict"


def look(
    written: Written,
    row: Json | None,
    wished: Mapping[str, Any] | None,
    kept: Mapping[str, Kept],
    endpoint: Endpoint,
    *,
    theirs: Collection[str] = (),
    personal: Collection[str] = (),
) -> Sight:
    """Compares one part with the row of the target that it became.

    Shape   `row` None: no longer to be seen. `wished` is the body that the flow would send now, None where that is what
            it sent. `theirs` are fields that belong to the target once they are made.
    """
    if row is None:
        gone = DriftField(
            part=written.part, field="", verdict="gone", endpoint=written.endpoint, target_id=written.target_id
        )
        return Sight(fields=(gone,), compared=1)
    fields: list[DriftField] = []
    compared = 0
    for name, base in written.body.items():
        path = endpoint.shown.get(name, name)
        if name in IDENTITY or name in theirs or not path or not found(row, path):
            continue  # a short view shows less, which says nothing
        compared += 1
        there = dig(row, path)
        source = base if wished is None else wished.get(name)
        settled = kept.get(name)
        verdict = _standing(base, source, there, settled, planned=wished is not None)
        if verdict in ("target", "conflict"):
            masked = name in personal
            fields.append(
                DriftField(
                    part=written.part,
                    field=name,
                    verdict="target" if verdict == "target" else "conflict",
                    endpoint=written.endpoint,
                    target_id=written.target_id,
                    base=digest(base),
                    source=digest(source) if settled is None or wished is not None else settled.source,
                    target=digest(there),
                    was="" if masked else in_text(base),
                    wanted="" if masked else in_text(source),
                    there="" if masked else in_text(there),
                    masked=masked,
                    sort=_sort(base),
                )
            )
    return Sight(fields=tuple(fields), compared=compared)


def _standing(base: object, source: object, there: object, kept: Kept | None, *, planned: bool) -> Standing:
    """As `standing`; of a field that people settled, what they agreed on is what counts."""
    if kept is None:
        return standing(base, source, there)
    by_source = planned and digest(source) != kept.source
    if kept.value:  # it was written, and so is the base
        return standing(base, source if by_source else base, there)
    if digest(there) == kept.target or same(there, base):
        return "source" if by_source else "same"
    if not by_source:
        return "target"
    return "alike" if same(there, source) else "conflict"


def news(memory: FlowMemory, sights: Iterable[DriftField]) -> list[DriftField]:
    """What is not known yet, or stands otherwise than it is known."""
    return [each for each in sights if memory.drift.get(each.part, {}).get(each.field) != each]


def settled(memory: FlowMemory, looked: Collection[str], sights: Iterable[DriftField]) -> list[tuple[str, str]]:
    """Part and field of what was drift and agrees again; only of parts that were looked at."""
    still = {(each.part, each.field) for each in sights}
    known = [(part, name) for part, fields in memory.drift.items() for name in fields if part in looked]
    return [each for each in known if each not in still]


def outlived(flow: Flow, memory: FlowMemory) -> list[DriftField]:
    """What stands in the target although its source is gone; it is never deleted by itself (PP-20)."""
    role = "primary" if flow.follows is None else flow.follows.role
    links: list[LinkRow] = sorted(memory.links.values(), key=lambda link: link.role != role)
    if not links or "" in memory.drift or "" in memory.kept:
        return []
    there, id_ = links[0].procore_resource, links[0].procore_id
    if flow.origin.system == PROCORE:
        there, id_ = links[0].bc_set, links[0].bc_id
    return [DriftField(part="", field="", verdict="source-deleted", endpoint=there, target_id=id_)]


def returned(memory: FlowMemory) -> list[tuple[str, str]]:
    """What was said of a source that was gone, and is there again."""
    return [("", "")] if "" in memory.drift or "" in memory.kept else []


# -- what it means for what is sent ------------------------------------------------------------------


def careful(plan: Plan, memory: FlowMemory) -> Plan:
    """The plan without what would overwrite somebody's change that nobody settled; a clash where that can't be.

    The digest of a part stays that of what the flow wants, so that nothing is sent over and over.
    """
    if not memory.drift and not memory.kept:
        return plan
    clashes: list[DriftField] = []
    parts = [each for part in plan.parts if (each := _careful(part, memory, clashes)) is not None]
    if clashes and not (plan.waits or plan.conflict or plan.violations or plan.excluded):
        return replace(plan, conflict=in_words(clashes), clashes=clashes)
    return replace(plan, parts=parts)


def _careful(part: Part, memory: FlowMemory, clashes: list[DriftField]) -> Part | None:
    """The part as it may be sent, None where nothing of it is left to be sent. A row to be made is sent whole."""
    unsettled, kept = memory.drift.get(part.name, {}), memory.kept.get(part.name, {})
    if not (unsettled or kept) or not (part.target_id or memory.target_id(part.name)):
        return part
    body = dict(part.body)
    left = memory.kept_of(part.name, body)
    if stands(memory, part):
        if part.absent or left.keys() == kept.keys() & body.keys():
            return part
        # Nothing was sent since people settled it, and the source went back to what it said first: it speaks anew.
        part = replace(part, again=True)
    if part.absent:
        clashes += _clashes(part, unsettled)
        return part
    for name, each in left.items():
        if each.value:
            body[name] = read_json(each.value.encode())
        else:
            del body[name]
    clashes += _clashes(replace(part, body=body), unsettled)
    untouched = [name for name, each in unsettled.items() if name in body and digest(body[name]) == each.base]
    for name in untouched:
        del body[name]
    if part.body and not body:
        return None  # a call without a field says nothing
    meaning = part.body if part.meaning is None else part.meaning
    return replace(part, body=body, meaning=meaning, kept=tuple(dict.fromkeys((*part.kept, *left))))


def _clashes(part: Part, unsettled: Mapping[str, DriftField]) -> list[DriftField]:
    """The changes of the target that sending this part would overwrite, or that it can't be sent without."""
    if part.absent:
        return [replace(each, verdict="conflict", wanted="") for each in unsettled.values() if each.field]
    figures = TOGETHER & part.body.keys()
    found: list[DriftField] = []
    for name, each in unsettled.items():
        if each.verdict == "gone":
            found.append(each)
            continue
        alone = name not in TOGETHER or len(figures) == 1
        if name in part.body and _is_overwritten(part.body[name], each, alone=alone):
            source = part.body[name]
            wanted = "" if each.masked else in_text(source)
            found.append(replace(each, verdict="conflict", source=digest(source), wanted=wanted))
    return found


def _is_overwritten(wanted: object, known: DriftField, *, alone: bool) -> bool:
    now = digest(wanted)
    return now != known.target and (now != known.base or not alone)


def in_words(fields: Sequence[DriftField]) -> str:
    """The clash for people: each field with both values, at most five."""
    told: list[str] = []
    for each in fields[:5]:
        if each.verdict == "gone":
            told.append(f"{each.part} ({each.target_id}) is no longer to be seen in the target")
        elif each.masked:
            told.append(f"{each.field} was changed on both sides")
        else:
            here = each.wanted or "nothing"
            told.append(
                f"{each.field} was {each.was or 'empty'}, is {each.there or 'empty'} there, {here} in its source"
            )
    more = f" and {len(fields) - 5} more" if len(fields) > 5 else ""  # noqa: PLR2004
    return f"changed on both sides: {'; '.join(told)}{more}; siteledger drift settles it"


# -- what people say ---------------------------------------------------------------------------------


def refusal(flow: Flow, field: DriftField, choice: Literal["source", "target"]) -> str:
    """Why this can't be said of a field, in words that say what can be done instead; empty where it can."""
    if choice == "target":
        return ""
    if field.verdict == "source-deleted":
        return f"Its source is gone. Remove {field.target_id} by hand where it stands, or keep the target."
    follows = flow.follows
    return follows.lost if follows is not None and (field.verdict, field.part) == ("gone", follows.part) else ""


def settlement(field: DriftField, choice: Literal["source", "target"], value: str = "") -> Settlement:
    """What was said of one field; `value` is the JSON to be written instead of either."""
    take: Literal["source", "target", "value"] = "value" if value else choice
    source = field.source or field.base
    return Settlement(part=field.part, field=field.field, take=take, source=source, target=field.target, value=value)


def value_like(known: DriftField, typed: str) -> str:
    """What a person typed, as JSON of the sort that the field holds: a number stays a number, text stays text.

    Raises  ValueError, in words, when the field holds a number, a truth value or a structure, and the text is none.
    """
    plain = typed.strip()
    match known.sort:
        case "truth":
            if plain not in ("true", "false"):
                raise ValueError(f"{known.field} is true or false, not {typed!r}")
            return plain
        case "number":
            if not _NUMBER.fullmatch(plain):
                raise ValueError(f"{known.field} holds a number such as {known.was}, and {typed!r} is none")
            return plain
        case "structure":
            raise ValueError(f"{known.field} holds more than one value; keep the source or the target of it")
        case _:
            if _NUMBER.fullmatch(known.was) and not _NUMBER.fullmatch(plain):
                raise ValueError(f"{known.field} holds a number such as {known.was}, and {typed!r} is none")
            return canonical(plain).decode()


_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?")


def _sort(value: object) -> Sort:
    if isinstance(value, bool):
        return "truth"
    if isinstance(value, int | Decimal):
        return "number"
    return "structure" if isinstance(value, Mapping | list | tuple) else "text"


def in_text(value: object) -> str:
    """A value for people: text as it is, numbers without trailing zeros, whatever is nested as JSON; cut where long."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return plain_number(value)
    if isinstance(value, Mapping | list | tuple):
        return canonical(cast("object", value)).decode()[:LONGEST]
    return str(value)[:LONGEST]
