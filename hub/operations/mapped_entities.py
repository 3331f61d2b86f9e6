"""How a field gets from here to there: every entity set that is mapped, with its flows, fields, codes and a sample."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from msgspec import Struct

from domain.flow import Flow, Origin
from domain.flows import BY_KIND, OF_KIND
from domain.mapping import Mapping as Maps
from domain.mapping import raw_of, value_at
from domain.mapping_rules import CODED, mappable
from domain.values import Json, canonical, read_json
from hub import mappings
from hub.app import Hub
from hub.connection import Pair


class Field(Struct, frozen=True, kw_only=True):
    """One canonical field. `source` is the company's own name of it, empty for a constant.

    Shape   `codes` counts what its code map holds, None where it may have none; `raw` and `sample` are what the newest
            record holds, before and after the maps.
    """

    name: str
    source: str
    codes: int | None
    raw: Any
    sample: Any


class Entity(Struct, frozen=True, kw_only=True):
    """One entity set: which flows carry its records, which of its records count, and its fields.

    `flows` are {"name", "enabled", "after"}; `parent` names the set whose lines these are, empty for a set of its own.
    """

    entity_set: str
    parent: str
    kind: str
    system: str
    reach: str
    flag: str
    flows: Sequence[Mapping[str, Any]]
    fields: Sequence[Field]


async def entities(hub: Hub, connection: str) -> list[Entity]:
    """Every set that maps can be of, as it is read through the maps in force."""
    await hub.projector.catch_up()
    maps, pair = await mappings.current(hub, connection), hub.unreached(connection)
    found: dict[str, Entity] = {}
    for kind, flow in BY_KIND.items():
        origin = flow.origin
        if origin.entity_set not in mappable():
            continue
        document = await _newest(hub, connection, kind, maps, origin)
        found[origin.entity_set] = _entity(origin.entity_set, "", flow, pair, maps, document)
        if origin.child_set:
            lines = cast("Sequence[Json]", document.get(origin.expand) or [{}])
            raw = cast("Sequence[Json]", raw_of(document).get(origin.expand) or [{}])
            found[origin.child_set] = _entity(
                origin.child_set, origin.entity_set, flow, pair, maps, lines[0], before=raw[0]
            )
    return [found[name] for name in sorted(found)]


async def _newest(hub: Hub, connection: str, kind: str, maps: Maps, origin: Origin) -> Json:
    """The record that was last seen to change, through the maps; nothing where there is none."""
    rows = await hub.ledger.rows(
        "SELECT content FROM record WHERE connection = ? AND kind = ? AND vanished = 0 ORDER BY position DESC LIMIT 1",
        (connection, kind),
    )
    if not rows:
        return {}
    bodies = await hub.ledger.contents([rows[0][0]])
    return maps.read(origin.entity_set, read_json(bodies[rows[0][0]]), origin.expand)


def _entity(
    name: str, parent: str, flow: Flow, pair: Pair, maps: Maps, document: Json, before: Json | None = None
) -> Entity:
    raw = raw_of(document) if before is None else before
    return Entity(
        entity_set=name,
        parent=parent,
        kind=flow.kind,
        system=flow.origin.system,
        reach=flow.origin.reach,
        flag=flow.origin.flag,
        flows=[
            {"name": each.name, "enabled": pair.enabled(each), "after": list(each.after)} for each in OF_KIND[flow.kind]
        ],
        fields=[_field(name, field, maps, raw, document) for field in sorted(mappable()[name])],
    )


def _field(entity_set: str, name: str, maps: Maps, raw: Json, document: Json) -> Field:
    source, codes = maps.source_of(entity_set, name), None
    if name in CODED.get(entity_set, ()):
        codes = len(maps.sets[entity_set].codes.get(name, ())) if maps.touches(entity_set) else 0
    value = value_at(raw, source)
    return Field(name=name, source=source, codes=codes, raw=_plain(value), sample=_plain(document.get(name)))


def _plain(value: object) -> object:
    """As text, so that amounts stay exact wherever it is shown."""
    return read_json(canonical(value))
