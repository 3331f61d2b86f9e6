"""A record as it stood at one version, so that a long story need not be read from its beginning every time."""

from uuid import UUID

import msgspec

from domain.memory import FlowMemory
from domain.record import Believed, Record

TOPIC = "record.snapshot.2"
"""Stored name and version of the shape. Another shape is another name; a snapshot of an unknown one is passed over."""

EVERY = 300
"""Events after which a snapshot pays: below that, reading the events is as fast (measured on both databases)."""


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that `Record.apply` assigns."""

    kind: str
    version: int
    believed: dict[str, Believed]
    entity_set: str
    source_id: str
    number: str
    title: str
    project: str
    facet: str
    marks: tuple[str, ...]
    member_of: str
    demanded: bool
    vanished: bool
    replaced_by: str
    flows: dict[str, FlowMemory]


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Snapshot).decode


def taken(record: Record) -> bytes:
    """The record as bytes."""
    fields = {name: getattr(record, name) for name in Snapshot.__struct_fields__}
    return _encode(Snapshot(**fields))


def restored(id_: UUID, connection: str, state: bytes, kinds: dict[str, type[Record]]) -> Record:
    """The record as it stood; events behind its version are still to be applied.

    Raises  msgspec.ValidationError when the bytes are of another shape.
    """
    snapshot = _decode(state)
    record = kinds.get(snapshot.kind, Record)(id_, connection)
    for name in Snapshot.__struct_fields__:
        setattr(record, name, getattr(snapshot, name))
    return record
