"""The library's own `Application` and `Repository` on our recorders, for who wants aggregates by the library's ways."""

from typing import Any
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.persistence import EventStore, Mapper

from adapters.store.events import Registry, StructMapper

SQLITE = {"PERSISTENCE_MODULE": "adapters.store.sqlite_recorder:SqliteFactory"}
POSTGRES = {"PERSISTENCE_MODULE": "adapters.store.postgres_recorder:LedgerFactory"}


class LeanEventStore(EventStore[UUID]):
    """Stores events without making an object for each recording, which nobody here reads."""

    def put(self, domain_events: Any, **kwargs: Any) -> list[Any]:
        """Store events."""
        self.recorder.insert_events([self.mapper.to_stored_event(event) for event in domain_events], **kwargs)
        return []


class LedgerApplication(Application[UUID]):
    """The library's application over struct events; `env` holds `SQLITE` or `POSTGRES` and where the database is."""

    name = "ledger"

    def __init__(self, registry: Registry, env: dict[str, str]) -> None:
        self._registry = registry
        super().__init__(env)

    def construct_mapper(self) -> Mapper[UUID]:
        """Our mapper in the place of the library's transcoder."""
        return StructMapper(self._registry)

    def construct_event_store(self) -> EventStore[UUID]:
        """Our event store in the place of the library's."""
        return LeanEventStore(self.mapper, self.recorder)
