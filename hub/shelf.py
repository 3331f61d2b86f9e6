"""Records kept in memory between two steps of a round, so that their story is not read again for each of them."""

from collections import OrderedDict
from collections.abc import Iterable
from uuid import UUID
from weakref import WeakSet

from domain.record import Record

RECORD = 7
"""What a record weighs by itself, in parts: about three kilobytes, of which a part or a pair takes one seventh."""
CAPACITY = 40_000
"""Weight held at the most, less than twenty megabytes: some thousands of usual records, or a few dozen large orders.
More would hardly save time, as what made room is read again by the page."""


class Shelf:
    """The records used last. Right only while no other process writes to them, which the lock of a round ensures."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._weight = 0
        self._records: OrderedDict[UUID, tuple[Record, int]] = OrderedDict()
        self._lost: WeakSet[Record] = WeakSet()

    @property
    def held(self) -> int:
        """Weight of what is here."""
        return self._weight

    def take(self, ids: Iterable[UUID]) -> dict[UUID, Record]:
        """Those that are here. One with unsaved news was left behind by a step that failed, and is read afresh."""
        found: dict[UUID, Record] = {}
        for id_ in ids:
            held = self._records.get(id_)
            if held is None:
                continue
            if held[0].has_news:
                self._drop(id_)
                continue
            self._records.move_to_end(id_)
            found[id_] = held[0]
        return found

    def keep(self, records: Iterable[Record]) -> None:
        """Puts records here as they now are; the ones used longest ago make room."""
        for record in records:
            self._drop(record.id)
            weight = RECORD + sum(len(memory.parts) + len(memory.links) for memory in record.flows.values())
            self._records[record.id] = (record, weight)
            self._weight += weight
        while self._weight > self._capacity and self._records:
            self._drop(next(iter(self._records)))

    def lose(self, records: Iterable[Record]) -> None:
        """These could not be saved: whoever still holds them must not save on top of them."""
        for record in records:
            self._drop(record.id)
            self._lost.add(record)

    def is_lost(self, record: Record) -> bool:
        """The record is ahead of the ledger."""
        return record in self._lost

    def _drop(self, id_: UUID) -> None:
        held = self._records.pop(id_, None)
        if held is not None:
            self._weight -= held[1]
