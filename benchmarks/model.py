"""The same change order written twice: in the library's declarative way, and as struct events like those of SiteLedger.

An event is about 550 bytes, which is what an observation with its fields comes to.
"""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

from adapters.store import Registry

SPACE = uuid5(NAMESPACE_URL, "siteledger:bench")
CORRELATION = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
PAYLOAD = {
    "number": "CO-00042",
    "title": "Relocate electrical riser, level 4",
    "status": "pending_approval",
    "vendor": "ACME Electrical Ltd",
    "cost_code": "16-050",
    "currency": "USD",
    "due_date": "2026-12-01",
    "revision": 3,
}
NOW = datetime(2026, 1, 5, tzinfo=UTC)


class ChangeOrder(Aggregate):
    """As the library's own guide writes it."""

    @staticmethod
    def create_id(external_id: str) -> UUID:
        """The same object has the same id."""
        return uuid5(SPACE, external_id)

    @event("Opened")
    def __init__(self, external_id: str) -> None:
        self.external_id = external_id
        self.digest = ""
        self.amount = Decimal(0)
        self.payload: dict[str, Any] = {}

    @event("Observed")
    def observe(
        self,
        digest: str,
        amount: Decimal,
        payload: dict[str, Any],
        correlation_id: str,  # noqa: ARG002 - the signature is the stored shape
        causation_id: str,  # noqa: ARG002 - as above
    ) -> None:
        """Take over what was seen."""
        self.digest = digest
        self.amount = amount
        self.payload = payload


class Plain(Application[UUID]):
    """The library's application, unchanged."""

    name = "plain"


class BenchEvent(msgspec.Struct, frozen=True, kw_only=True):
    """What all events have."""

    TOPIC: ClassVar[str] = ""
    originator_id: UUID
    originator_version: int
    at: datetime = NOW
    correlation_id: str = CORRELATION
    causation_id: str = CORRELATION


class Observed(BenchEvent, frozen=True, kw_only=True):
    """A sight."""

    TOPIC: ClassVar[str] = "bench.observed.1"
    digest: str = DIGEST
    amount: str = "15300.25"
    payload: dict[str, Any] = msgspec.field(default_factory=lambda: PAYLOAD)


class Requested(BenchEvent, frozen=True, kw_only=True):
    """A delivery to make."""

    TOPIC: ClassVar[str] = "bench.requested.1"
    delivery: str
    body: dict[str, Any] = msgspec.field(default_factory=lambda: PAYLOAD)


class Confirmed(BenchEvent, frozen=True, kw_only=True):
    """A delivery that was made."""

    TOPIC: ClassVar[str] = "bench.confirmed.1"
    delivery: str
    etag: str = "W/1"


REGISTRY = Registry({kind.TOPIC: kind for kind in (Observed, Requested, Confirmed)})


def observations(count: int, per_stream: int = 10) -> list[Observed]:
    """Events of streams with a few events each, in order."""
    return [
        Observed(originator_id=uuid5(SPACE, str(number // per_stream)), originator_version=number % per_stream + 1)
        for number in range(count)
    ]


def plain_events(count: int, per_stream: int = 10) -> list[Any]:
    """The same in the library's way."""
    events: list[Any] = []
    for number in range(count // per_stream):
        order = ChangeOrder(external_id=str(number))
        for _ in range(per_stream - 1):
            order.observe(DIGEST, Decimal("15300.25"), PAYLOAD, CORRELATION, CORRELATION)
        events += order.collect_events()
    return events
