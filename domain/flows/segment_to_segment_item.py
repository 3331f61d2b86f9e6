"""Business Central segment -> item of a custom segment of the Procore company.

Why     A project can be made only when every segment that structures it exists in Procore (PP-02).
Owner   Business Central owns code and name.
Rules   PP-02 to PP-05, C-15, C-47: a blank type means sub job, and lives below its projects only.
Source  Connector API segments; Procore company segment items (no origin id: known by parent and code, W5).
"""

from collections.abc import Iterable

from domain import endpoints
from domain.delivery import Listing
from domain.events import LinkRow, Violation
from domain.flow import Context, Flow, Origin, Part, Plan, Reference, Subject
from domain.flows.common import excluded_by_setting, logged, only, required, written_back
from domain.values import Json, digest, text

NAME = "segment-to-segment-item"
LIVES_AS_SUB_JOB = "lives as sub job"
_ITEM = "item"


def references(source: Json, _context: Context) -> Iterable[Reference]:
    """The custom segment of its type, and its parent first (PP-04)."""
    kind = text(source, "segmentType")
    yield Reference(
        kind="segment_type",
        key=kind,
        text=f"waiting for segment type {kind} in Procore",
        content={"name": kind},
        optional=True,
    )
    parent = text(source, "parentCode")
    if parent:
        yield Reference(kind="segment", key=parent, text=f"waiting for parent segment {parent}", optional=True)


def listings(subject: Subject) -> Iterable[Listing]:
    """The items that are there, until ours is among them."""
    segment = subject.references["segment_type", text(subject.source, "segmentType")].link
    if segment is None or _stands(subject):
        return ()
    return (endpoints.company_segment_items(subject.context.procore_company, segment.procore_id),)


def plan(subject: Subject) -> Plan:
    """The item with the code below the parent; a new one where there is none; later changes by its id."""
    segment = subject.references["segment_type", text(subject.source, "segmentType")].link
    if segment is None:
        return Plan(excluded=f"{LIVES_AS_SUB_JOB}: Procore bars custom segments")
    memory, source = subject.memory, subject.source
    item_id = memory.target_id(_ITEM)
    parent_id = _parent_id(subject)
    if not item_id:
        item_id = _found(subject, segment.procore_id, parent_id)
    body = _body(source)
    if memory.target_id(_ITEM) and not _stands(subject) and _moved(subject, segment.procore_id, parent_id):
        words = f"segment {subject.number} has another parent in Procore, where items can't be moved"
        return Plan(conflict=f"{words}; move it back, or make a new code")
    part = Part(
        name=_ITEM,
        endpoint="company_segment_items.update" if item_id else "company_segment_items",
        stage=0,
        scope={"segment_id": segment.procore_id},
        key=text(source, "code"),
        target_id=item_id,
        body=body if item_id or parent_id is None else {**body, "parent_id": parent_id},
        meaning=_meaning(source),
    )
    parts = [part]
    made = memory.target_id(_ITEM)
    if made:
        parts += [
            written_back(subject, "segments", 1, procoreSegmentItemId=made),
            logged(subject, "segments", "segment_items", made, 1, [_ITEM]),
        ]
    return Plan(
        parts=parts,
        links=lambda known: [
            LinkRow(
                "segments",
                subject.source_id,
                subject.number,
                "segment_items",
                known.target_id(_ITEM),
                segment.procore_id,
            )
        ],
    )


def _body(source: Json) -> dict[str, object]:
    return {"code": text(source, "code"), "name": text(source, "description") or text(source, "code")}


def _meaning(source: Json) -> dict[str, object]:
    """The parent counts too, although it can be said only when the item is made."""
    return {**_body(source), "parent": text(source, "parentCode")}


def _stands(subject: Subject) -> bool:
    return subject.memory.holds(_ITEM, digest(_meaning(subject.source)))


def _moved(subject: Subject, segment_id: str, parent_id: int | None) -> bool:
    """Procore's item stands below another parent than the segment now does (PP-04); its update takes no parent."""
    rows = subject.facts[endpoints.company_segment_items(subject.context.procore_company, segment_id)]
    item_id = subject.memory.target_id(_ITEM)
    row = next((row for row in rows if str(row["id"]) == item_id), None)
    return row is not None and (row.get("parent_id") or None) != parent_id


def _parent_id(subject: Subject) -> int | None:
    parent = text(subject.source, "parentCode")
    link = subject.references["segment", parent].link if parent else None
    return int(link.procore_id) if link is not None else None


def _found(subject: Subject, segment_id: str, parent_id: int | None) -> str:
    code = text(subject.source, "code").upper()
    rows = subject.facts[endpoints.company_segment_items(subject.context.procore_company, segment_id)]
    for row in rows:
        if text(row, "code").upper() == code and (row.get("parent_id") or None) == parent_id:
            return str(row["id"])
    return ""


def _excludes(source: Json, context: Context) -> str:
    if source.get("blocked"):
        return "blocked"
    return excluded_by_setting(source, context) or ("" if text(source, "segmentType") else LIVES_AS_SUB_JOB)


def _own_parent(source: Json, _context: Context) -> Iterable[Violation]:
    if text(source, "parentCode") and text(source, "parentCode") == text(source, "code"):
        yield Violation("PP-04", "Parent Segment Code", f"segment {text(source, 'code')} is its own parent")


def _counts(source: Json, demanded: bool) -> bool:  # noqa: FBT001 - the registry's signature
    return bool(source.get("sendToProcore")) or demanded


FLOW = Flow(
    name=NAME,
    kind="segment",
    after=("segment-type-to-segment",),
    origin=Origin(
        entity_set="segments",
        reach="demand",
        number_field="code",
        number=lambda row: text(row, "code"),
        title=lambda row: text(row, "description"),
        project=lambda _row: "",
        relevant=lambda row: only(
            row, ("code", "description", "segmentType", "parentCode", "blocked", "sendToProcore")
        ),
    ),
    counts=_counts,
    excludes=_excludes,
    rules=(required("code", "Segment Code", "PP-03"), _own_parent),
    references=references,
    listings=listings,
    plan=plan,
    parent=lambda source: text(source, "parentCode"),
)
