"""The library's application, repository and snapshots of aggregates work on our recorders, on both databases."""

from collections.abc import Iterable
from typing import Any, ClassVar
from uuid import UUID

import msgspec
import pytest
from eventsourcing.persistence import IntegrityError
from psycopg.conninfo import conninfo_to_dict

from adapters.store import Registry
from adapters.store.library import POSTGRES, SQLITE, LedgerApplication


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    TOPIC: ClassVar[str] = "counted.1"
    originator_id: UUID
    originator_version: int


class Counter:
    def __init__(self, id: UUID) -> None:
        self.id = id
        self.version = 0
        self._new: list[Counted] = []

    def count(self) -> None:
        self.version += 1
        self._new.append(Counted(originator_id=self.id, originator_version=self.version))

    def collect_events(self) -> list[Counted]:
        new, self._new = self._new, []
        return new

    @staticmethod
    def project(counter: "Counter | None", events: Iterable[Counted]) -> "Counter | None":
        for event in events:
            counter = counter or Counter(event.originator_id)
            counter.version = event.originator_version
        return counter


def environment(url: str) -> dict[str, str]:
    if url.startswith("sqlite"):
        return {**SQLITE, "SQLITE_DBNAME": f"file://{url.removeprefix('sqlite:///')}"}
    parts = conninfo_to_dict(url)
    return {
        **POSTGRES,
        "POSTGRES_DBNAME": str(parts["dbname"]),
        "POSTGRES_HOST": str(parts["host"]),
        "POSTGRES_USER": str(parts["user"]),
        "POSTGRES_PASSWORD": "unused",
    }


@pytest.fixture
def application(store_url: str) -> Any:
    application = LedgerApplication(Registry({Counted.TOPIC: Counted}), environment(store_url))
    yield application
    application.close()


def test_the_repository_gives_back_what_was_saved(application: LedgerApplication) -> None:
    counter = Counter(UUID(int=1))
    for _ in range(3):
        counter.count()
    application.save(counter)
    found = application.repository.get(counter.id, projector_func=Counter.project)

    assert found.version == 3
    assert [item["id"] for item in (vars(n) for n in application.notification_log.select(1, 10))] == [1, 2, 3]


def test_who_saves_second_is_refused(application: LedgerApplication) -> None:
    first, second = Counter(UUID(int=1)), Counter(UUID(int=1))
    first.count()
    second.count()
    application.save(first)

    with pytest.raises(IntegrityError):
        application.save(second)
