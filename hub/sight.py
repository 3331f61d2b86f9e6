"""A document of a source as an observation: what flows use of it, and where the whole is kept."""

from domain.flow import Flow
from domain.mapping import UNMAPPED, as_named, raw_of
from domain.record import Record, Seen
from domain.values import Json, digest
from hub.connection import Pair
from hub.records import Contents


def seen(pair: Pair, flow: Flow, source: Json, source_id: str, contents: Contents, *, demanded: bool = False) -> Seen:
    """What a side holds now, for all flows that are on for records of this kind; `source` as flows see it."""
    origin = flow.origin
    used = origin.relevant(source)
    return Seen(
        kind=flow.kind,
        side=origin.system,
        entity_set=origin.entity_set,
        source_id=source_id,
        number=origin.number(as_named(source)),
        title=origin.title(source)[:200],
        project=origin.project(source),
        digest=digest({**used, UNMAPPED: source[UNMAPPED]} if UNMAPPED in source else used),
        content=contents.add_json(raw_of(source)),
        modified_at=str(source.get("lastModifiedDateTime") or source.get("updated_at") or ""),
        flows=tuple(each.name for each in pair.flows_of(flow.kind) if each.counts(source, demanded)),
        facet=origin.facet(source),
        demanded=demanded,
        marks=origin.marks(source),
        member_of=origin.member_of(source),
    )


def seen_again(pair: Pair, flow: Flow, record: Record, source: Json, *, demanded: bool) -> Seen:
    """The same sight of a known record once more, because its part in things changes."""
    believed = record.believed[flow.origin.system]
    return Seen(
        kind=record.kind,
        side=flow.origin.system,
        entity_set=record.entity_set,
        source_id=record.source_id,
        number=record.number,
        title=record.title,
        project=record.project,
        digest=believed.digest,
        content=believed.content,
        modified_at="",
        flows=tuple(each.name for each in pair.flows_of(flow.kind) if each.counts(source, demanded)),
        facet=record.facet,
        demanded=demanded,
        marks=record.marks,
        member_of=record.member_of,
    )
