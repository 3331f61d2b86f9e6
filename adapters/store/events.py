"""Events as the store sees them: named by topic, encoded as JSON, upcast on read."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, ClassVar, Protocol, cast
from uuid import UUID

import msgspec
from eventsourcing.persistence import JSONTranscoder, Mapper, MapperDeserialisationError, StoredEvent

from adapters.store.errors import UnknownEvent

type_ = type
Fields = dict[str, Any]
Upcast = Callable[[Fields], Fields]


class Event(Protocol):
    """What the store asks of an event: a frozen struct with a place in a stream. The topic is its stored name."""

    TOPIC: ClassVar[str]

    @property
    def originator_id(self) -> UUID:
        """The stream."""
        ...

    @property
    def originator_version(self) -> int:
        """The place in the stream, from 1, without gaps."""
        ...


class Registry:
    """Which type reads which topic, and how an old shape becomes its successor.

    Shape   `types` maps topic to type; `upcasters` maps an old topic to its successor and a function over the fields.
    Raises  ValueError for an upcaster that leads nowhere or in a circle.
    """

    def __init__(
        self, types: Mapping[str, type[Any]], upcasters: Mapping[str, tuple[str, Upcast]] | None = None
    ) -> None:
        self._types = dict(types)
        self._upcasters = dict(upcasters or {})
        # An attribute and no method, as a call more for each event is felt in a first sync.
        self.encode: Callable[[Event], bytes] = msgspec.json.Encoder().encode
        """The event as JSON, with its place in the stream."""
        self._decoders: dict[tuple[str, type[Any]], Callable[[bytes], Any]] = {}
        self._current = {topic: self._follow(topic) for topic in (*self._types, *self._upcasters)}
        self._readers = {topic: self._reader(topic, self._types[now]) for topic, now in self._current.items()}

    def decode(self, topic: str, state: bytes) -> Any:
        """The event, in its present shape.

        Raises  UnknownEvent; msgspec.ValidationError when the stored fields do not fit the type.
        """
        reader = self._readers.get(topic)
        if reader is None:
            raise UnknownEvent(topic)
        return reader(state)

    def decoder(self, topic: str, view: type[Any]) -> Callable[[bytes], Any]:
        """A reader of a stored topic into a type of the caller's, which may name fewer fields and is then faster."""
        key = (topic, view)
        if key not in self._decoders:
            self._decoders[key] = self._reader(topic, view)
        return self._decoders[key]

    def type_of(self, topic: str) -> type_[Any]:
        """The type that reads a topic.

        Raises  UnknownEvent.
        """
        try:
            return self._types[self._current[topic]]
        except KeyError:
            raise UnknownEvent(topic) from None

    def topics(self) -> tuple[str, ...]:
        """All topics that have a type."""
        return tuple(self._types)

    def stored_topics(self, topics: Iterable[str]) -> Iterator[str]:
        """All topics in the ledger, old ones too, that are read as one of these."""
        wanted = {self._current.get(topic, topic) for topic in topics}
        return (topic for topic, now in self._current.items() if now in wanted)

    def current(self, topic: str) -> str:
        """The present topic of a stored one.

        Raises  UnknownEvent.
        """
        try:
            return self._current[topic]
        except KeyError:
            raise UnknownEvent(topic) from None

    def _follow(self, topic: str) -> str:
        seen = [topic]
        while seen[-1] in self._upcasters:
            successor = self._upcasters[seen[-1]][0]
            if successor in seen:
                message = f"the upcasters of {topic} run in a circle"
                raise ValueError(message)
            seen.append(successor)
        if seen[-1] not in self._types:
            message = f"{topic} becomes {seen[-1]}, which no type reads"
            raise ValueError(message)
        return seen[-1]

    def _reader(self, topic: str, view: type[Any]) -> Callable[[bytes], Any]:
        if topic not in self._upcasters:
            return msgspec.json.Decoder(view).decode
        return lambda state: msgspec.convert(self._upcast(topic, msgspec.json.decode(state)), view)

    def _upcast(self, topic: str, fields: Fields) -> Fields:
        while topic in self._upcasters:
            topic, upcast = self._upcasters[topic]
            fields = upcast(fields)
        return fields


class StructMapper(Mapper[UUID]):
    """The library's mapper over a registry: events are structs, and a remote's JSON is never taken for a typed value.

    The library's own JSON transcoder decodes any object with the keys `_type_` and `_data_` as a tagged type, so a
    document of a remote system could make a stream unreadable; it is set here because the base class asks for one,
    and never used.
    """

    def __init__(self, registry: Registry) -> None:
        super().__init__(transcoder=JSONTranscoder())
        self._registry = registry

    def to_stored_event(self, domain_event: Any) -> StoredEvent:
        """The event as a row."""
        event = cast("Event", domain_event)
        return StoredEvent(event.originator_id, event.originator_version, event.TOPIC, self._registry.encode(event))

    def to_domain_event(self, stored_event: StoredEvent) -> Any:
        """The row as an event.

        Raises  MapperDeserialisationError, UnknownEvent.
        """
        try:
            return self._registry.decode(stored_event.topic, stored_event.state)
        except msgspec.MsgspecError as error:
            message = (
                f"{stored_event.topic}, stream {stored_event.originator_id}, version"
                f" {stored_event.originator_version}: {error}"
            )
            raise MapperDeserialisationError(message) from error
