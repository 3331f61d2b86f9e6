"""What every event has, and the words that several of them use."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from msgspec import Struct

from domain.values import System


class Wait(Struct, frozen=True):
    """What a parked record waits for: another record by kind and key, or a fact, in words.

    `carrier` says that the other record carries this one, together with more.
    """

    kind: str
    key: str
    text: str
    carrier: bool = False


class Violation(Struct, frozen=True):
    """One broken rule: the requirement, the field as people of the source know it, and what to do."""

    rule: str
    field: str
    message: str
    line: int | None = None


class LinkRow(Struct, frozen=True):
    """One pair of identities: a row of the cross-reference."""

    bc_set: str
    bc_id: str
    bc_number: str
    procore_resource: str
    procore_id: str
    procore_parent_id: str = ""
    role: str = "primary"


class Left(Struct, frozen=True):
    """A record of the other system that a reset left standing. `parent` is the Procore project around it, if any."""

    system: System
    resource: str
    id: str
    parent: str = ""


class Event(Struct, frozen=True, kw_only=True):
    """What happened to one record, when, by whom and because of what."""

    TOPIC: ClassVar[str] = ""

    originator_id: UUID
    originator_version: int
    at: datetime
    connection: str
    correlation_id: str
    causation_id: str
    actor: str


class FlowEvent(Event, frozen=True, kw_only=True):
    """What happened to one record in one flow."""

    flow: str
