"""Events keep their stored name and shape for ever; what changed since is made up for on read."""

from typing import Any, ClassVar
from uuid import UUID

import msgspec
import pytest
from eventsourcing.persistence import MapperDeserialisationError, StoredEvent

from adapters.store import Registry, UnknownEvent
from adapters.store.events import StructMapper


class Paid(msgspec.Struct, frozen=True, kw_only=True):
    TOPIC: ClassVar[str] = "paid.3"
    originator_id: UUID
    originator_version: int
    amount: str
    currency: str = "USD"


class Amount(msgspec.Struct):
    amount: str


def renamed(fields: dict[str, Any]) -> dict[str, Any]:
    return {**{name: value for name, value in fields.items() if name != "sum"}, "amount": fields["sum"]}


def as_text(fields: dict[str, Any]) -> dict[str, Any]:
    return {**fields, "amount": str(fields["amount"])}


REGISTRY = Registry({"paid.3": Paid}, {"paid.1": ("paid.2", renamed), "paid.2": ("paid.3", as_text)})
OLD = b'{"originator_id":"00000000-0000-0000-0000-000000000001","originator_version":1,"sum":15}'
PAID = Paid(originator_id=UUID(int=1), originator_version=1, amount="15")


def test_an_event_comes_back_as_it_was_stored() -> None:
    assert REGISTRY.decode("paid.3", REGISTRY.encode(PAID)) == PAID


def test_an_event_two_shapes_old_becomes_the_present_one() -> None:
    assert REGISTRY.decode("paid.1", OLD) == PAID


def test_a_reader_may_name_only_the_fields_that_it_needs_of_old_and_new_events() -> None:
    assert REGISTRY.decoder("paid.1", Amount)(OLD) == Amount("15")
    assert REGISTRY.decoder("paid.3", Amount)(REGISTRY.encode(PAID)) == Amount("15")


def test_who_asks_for_a_topic_gets_its_old_names_too() -> None:
    assert set(REGISTRY.stored_topics(["paid.3"])) == {"paid.1", "paid.2", "paid.3"}
    assert REGISTRY.current("paid.1") == "paid.3"
    assert REGISTRY.type_of("paid.2") is Paid


def test_an_unknown_topic_is_named() -> None:
    with pytest.raises(UnknownEvent, match=r"refunded\.1"):
        REGISTRY.decode("refunded.1", b"{}")


@pytest.mark.parametrize(
    "upcasters",
    [{"a.1": ("a.2", as_text)}, {"a.1": ("a.2", as_text), "a.2": ("a.1", as_text)}],
    ids=["nowhere", "circle"],
)
def test_an_upcaster_must_lead_to_a_type(upcasters: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"a\."):
        Registry({}, upcasters)


def test_a_document_that_looks_like_a_typed_value_stays_text() -> None:
    mapper = StructMapper(REGISTRY)
    event = Paid(originator_id=UUID(int=1), originator_version=1, amount='{"_type_": "uuid_hex", "_data_": "x"}')

    assert mapper.to_domain_event(mapper.to_stored_event(event)) == event


def test_an_unreadable_event_is_named_with_its_place() -> None:
    with pytest.raises(MapperDeserialisationError, match=r"paid\.3, stream .*, version 7"):
        StructMapper(REGISTRY).to_domain_event(StoredEvent(UUID(int=1), 7, "paid.3", b"{}"))
