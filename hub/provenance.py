"""A decision made again as it was, and the fields of the row that came of it with everything that they rest on."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from adapters.store import Ledger
from domain import events
from domain.consulted import CALLED, Shown, read
from domain.fields import leaves
from domain.flow import Context, Flow, Subject
from domain.flows import BY_KIND, BY_NAME
from domain.otherwise import Lists
from domain.record import Record
from domain.sensitivity import Source, stored_row, traced
from domain.values import Json, read_json
from hub.app import Hub
from hub.link_book import LinkBook
from hub.mappings import maps_of, version_at
from hub.records import rebuilt
from hub.retelling import Placed

_ASKED = 12
"""Times that a plan may name further records."""
_OUTCOMES = (events.Confirmed, events.Refused, events.Delayed, events.Closed)


class Field(Struct, frozen=True, kw_only=True):
    """One field of a row that the hub wrote, and where it comes from.

    sources   what its value depends on, as `domain.sensitivity.Source` tells it
    conditions  what decides that the row is there at all
    source    the record: kind, number, system, set and id there, and the revision: event, digest and content of the
              observation that the decision rested on
    mapping   version of the maps in force at the event that stored the delivery, 0 for none
    requested the event that stored the delivery, before any call
    outcome   what came of it, None while it is open; `exchange` names request and answer in the contents
    approval  who accepted what was sent, None where nobody had to
    """

    flow: str
    part: str
    system: str
    endpoint: str
    target_id: str
    field: str
    value: Any
    sources: list[Source]
    conditions: list[Source]
    source: dict[str, Any]
    mapping: int
    requested: dict[str, Any]
    outcome: dict[str, Any] | None
    approval: dict[str, Any] | None


class Written(Struct, frozen=True, kw_only=True):
    """A delivery that wrote a row, and the fields of it that nothing wrote later."""

    place: int
    event: events.Requested
    body: Json
    fields: frozenset[str]

    @property
    def name(self) -> str:
        """What a cursor says of it."""
        return str(self.event.delivery)


async def written(ledger: Ledger, happened: Sequence[Placed], field: str, part: str) -> list[Written]:
    """The deliveries that wrote what the target holds, each with the fields that no later one wrote again."""
    asked = {
        event.delivery: (place, event)
        for place, (_, event) in enumerate(happened)
        if isinstance(event, events.Requested) and part in ("", event.part)
    }
    confirmed = [
        event.delivery for _, event in happened if isinstance(event, events.Confirmed) and event.delivery in asked
    ]
    raw = await ledger.contents([event.body for _, event in asked.values()])
    taken: dict[tuple[str, str], set[str]] = {}
    found: list[Written] = []
    for delivery in reversed(confirmed):
        place, event = asked[delivery]
        if not event.digest or event.body not in raw:
            continue  # what was removed has no fields
        body: Json = stored_row(read_json(raw[event.body]), event.scope, event.key)
        known = taken.setdefault((event.flow, event.part), set())
        names = [leaf.name for leaf in leaves(body)]
        wanted = frozenset(name for name in names if name not in known and _is_meant(name, field))
        known.update(names)
        if wanted:
            found.append(Written(place=place, event=event, body=body, fields=wanted))
    return sorted(found, key=lambda row: (row.event.flow, row.event.part, row.place))


def _is_meant(name: str, field: str) -> bool:
    return not field or name == field or name.rpartition(".")[2] == field


async def explained(hub: Hub, happened: Sequence[Placed], row: Written) -> list[Field]:
    """The fields of a row with their sources, the revision that they rest on, and what came of them."""
    event = row.event
    begin = _decision(happened, row.place)
    position = happened[begin][0]
    record = rebuilt(event.originator_id, event.connection, [each for _, each in happened[:begin]])
    version = await version_at(hub, event.connection, position)
    flow = BY_NAME.get(event.flow)
    subject = None
    conditions: list[Source] = []
    shown: Sequence[Shown] = ()
    if flow is not None:
        shown = await _shown(hub.ledger, event)
        subject = await _subject(hub, flow, record, event, position - 1, version, shown)
    if flow is None or subject is None:
        words = "its flow is no part of this version" if flow is None else "the document of its source is not kept"
        sources: Mapping[str, list[Source]] = {name: [Source("list", words, exact=False)] for name in row.fields}
    else:
        known, body, held = subject, row.body, await _held(hub.ledger, happened, begin, event.flow)
        found = await hub.ledger.reading(lambda _: traced(flow, known, event.part, body, held, shown))
        sources, conditions = found.fields, found.conditions
    about: dict[str, Any] = {
        "source": _revision(happened[:begin], record),
        "mapping": version,
        "requested": {
            "position": happened[row.place][0],
            "at": event.at.isoformat(),
            "actor": event.actor,
            "delivery": str(event.delivery),
            "body": event.body,
            "correlation_id": event.correlation_id,
        },
        "outcome": _outcome(happened, event.delivery),
        "approval": _approval(happened[: row.place], event.flow),
    }
    outcome: Json = about["outcome"] or {}
    target_id = str(outcome.get("target_id", ""))
    values = {leaf.name: leaf.value for leaf in leaves(row.body)}
    return [
        Field(
            flow=event.flow,
            part=event.part,
            system=event.system,
            endpoint=event.endpoint,
            target_id=target_id,
            field=name,
            value=value,
            sources=sources.get(name, []),
            conditions=conditions,
            **about,
        )
        for name, value in values.items()
        if name in row.fields
    ]


async def _held(ledger: Ledger, happened: Sequence[Placed], begin: int, flow: str) -> list[Json]:
    """What lists of the target may have shown of the record: rows that we wrote before, and its counterparts."""
    own = [event for _, event in happened if isinstance(event, events.FlowEvent) and event.flow == flow]
    asked = {event.delivery: event for event in own if isinstance(event, events.Requested)}
    raw = await ledger.contents([event.body for event in asked.values()])
    rows: dict[str, Json] = {}
    for event in own:
        for link in event.links if isinstance(event, events.Linked) else ():
            known = {"id": _id(link.procore_id), "is_active": True}
            rows[link.procore_id] = {**known, **dict.fromkeys(CALLED, link.bc_number)}
    for _, event in happened[:begin]:
        if isinstance(event, events.Confirmed) and event.delivery in asked:
            wish = asked[event.delivery]
            body: Json = read_json(raw[wish.body]) if wish.body in raw else {}
            before = rows.get(event.target_id, {})
            rows[event.target_id] = {**before, "origin_id": wish.key, **body, "id": _id(event.target_id)}
    return list(rows.values())


async def _shown(ledger: Ledger, event: events.Requested) -> list[Shown]:
    """What was kept of the lists that the decision looked at."""
    raw = await ledger.contents([event.shown]) if event.shown else {}
    return read(raw[event.shown]) if event.shown in raw else []


def _id(text: str) -> str | int:
    """An id as lists show it: Procore's are numbers."""
    return int(text) if text.isdecimal() else text


def _decision(happened: Sequence[Placed], place: int) -> int:
    """Where the events of the decision begin that stored a delivery: what it requested and linked at one moment."""
    last = happened[place][1]
    begin = place
    while (
        begin
        and (before := happened[begin - 1][1]).at == last.at
        and isinstance(before, events.Requested | events.Linked)
    ):
        begin -= 1
    return begin


async def _subject(
    hub: Hub,
    flow: Flow,
    record: Record,
    event: events.Requested,
    position: int,
    version: int,
    shown: Sequence[Shown],
) -> Subject | None:
    """What the flow looked at; of the lists of the target what was kept."""
    believed = record.believed.get(flow.origin.system)
    raw = await hub.ledger.contents([believed.content]) if believed is not None else {}
    if believed is None or believed.content not in raw:
        return None
    maps = await maps_of(hub.ledger, event.connection, version)
    source = maps.read(flow.origin.entity_set, read_json(raw[believed.content]), flow.origin.expand)
    if record.vanished and record.replaced_by and flow.afterlife is not None:
        source = flow.afterlife(source)
    context = await _context(hub, flow, event, position)
    book = LinkBook(hub.ledger, event.connection, position)
    subject = Subject(
        source=source,
        source_id=record.source_id,
        number=record.number,
        demanded=record.demanded,
        references=await book.known([(each.kind, each.key) for each in flow.references(source, context)]),
        facts=Lists(kept={each.listing: each for each in shown}) if shown else {},
        memory=record.flow(flow.name),
        context=context,
        others={name: other for name, other in record.flows.items() if name != flow.name},
    )
    for _ in range(_ASKED):
        further = [(each.kind, each.key) for each in flow.further(subject)]
        unknown = [pair for pair in dict.fromkeys(further) if pair not in subject.references]
        if not unknown:
            break
        subject = replace(subject, references={**subject.references, **await book.looked_up(unknown)})
    return subject


async def _context(hub: Hub, flow: Flow, event: events.Requested, position: int) -> Context:
    """The settings of then, as the round kept them."""
    pair = hub.unreached(event.connection)
    rows = await hub.ledger.rows(
        "SELECT record, version FROM event_log WHERE connection = ? AND event = ? AND position <= ?"
        " ORDER BY position DESC LIMIT 1",
        (event.connection, events.Configured.TOPIC, position),
    )
    told: Json = {}
    for record, version in rows:
        stream = (await hub.ledger.load([UUID(record)], {UUID(record): version - 1}))[UUID(record)]
        raw = await hub.ledger.contents([stream[0].content])
        told = read_json(raw[stream[0].content]) if raw else {}
    if not told:
        return pair.context(flow, event.at)
    return Context(
        connection=event.connection,
        bc_company=told["business_central_company"],
        procore_company=told["procore_company"],
        now=event.at,
        local_currency=told["local_currency"],
        settings=told["flows"].get(flow.settings_of or flow.name, {}),
        exclude_tags=tuple(told["exclude_tags"]),
        root_classes=tuple(told["root_classes"]),
    )


def _revision(happened: Sequence[Placed], record: Record) -> dict[str, Any]:
    """The record, and the observation that the decision rested on."""
    origin = BY_KIND[record.kind].origin
    about = {
        "record": str(record.id),
        "kind": record.kind,
        "number": record.number,
        "system": origin.system,
        "entity_set": record.entity_set,
        "source_id": record.source_id,
    }
    for position, event in reversed(happened):
        if isinstance(event, events.Observed) and event.side == origin.system:
            seen = {"position": position, "at": event.at.isoformat(), "version": event.originator_version}
            return {**about, **seen, "digest": event.digest, "content": event.content}
    return about


def _outcome(happened: Sequence[Placed], delivery: UUID) -> dict[str, Any] | None:
    for position, event in reversed(happened):
        if not isinstance(event, _OUTCOMES) or event.delivery != delivery:
            continue
        told: dict[str, Any] = {
            "position": position,
            "at": event.at.isoformat(),
            "event": event.TOPIC,
            "target_id": getattr(event, "target_id", ""),
        }
        if isinstance(event, events.DeliveryEvent):
            told["status"] = event.status
            told["exchange"] = {
                name: getattr(event, name) for name in ("method", "url", "request", "response", "took_ms")
            }
        return told
    return None


def _approval(happened: Sequence[Placed], flow: str) -> dict[str, Any] | None:
    """Who accepted what was sent, unless the record has been settled since."""
    for position, event in reversed(happened):
        if not isinstance(event, events.FlowEvent) or event.flow != flow:
            continue
        if isinstance(event, events.ApprovalAccepted):
            return {
                "position": position,
                "at": event.at.isoformat(),
                "by": event.actor,
                "hash": event.hash,
                "comment": event.comment,
            }
        if isinstance(event, events.Synced | events.Excluded | events.Tombstoned):
            return None
    return None
