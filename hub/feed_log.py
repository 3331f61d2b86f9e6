"""The places that a connection's sources were read to, and what could not be read, as events of their own streams."""

from collections.abc import Sequence
from typing import Any, cast

from adapters.store import Ledger
from domain import events
from domain.record import Moment, Record
from domain.values import BUSINESS_CENTRAL, Json, System, digest, text
from hub.connection import E, Pair
from hub.records import Contents


class FeedLog:
    """Makes the events of feeds. One stream for each source set; versions come from the read model, not a re-read."""

    def __init__(self, ledger: Ledger, pair: Pair) -> None:
        self._ledger = ledger
        self._pair = pair
        self._known: dict[str, tuple[int, int]] = {}
        self._pending: dict[str, tuple[int, int]] = {}

    async def load(self) -> None:
        """Takes the places from the read model."""
        rows = await self._ledger.rows(
            "SELECT entity_set, read_to, version FROM feed WHERE connection = ?", (self._pair.name,)
        )
        self._known = {row[0]: (row[1], row[2]) for row in rows}
        self._pending = {}

    def knows(self, name: str) -> bool:
        """The set has a place, even if it is the very beginning."""
        return name in self._known

    def read_to(self, name: str) -> int:
        """Up to where a set was read, 0 for not yet."""
        return self._known.get(name, (0, 0))[0]

    def advanced(self, name: str, position: int, moment: Moment) -> events.Event:
        """The set is read up to here; to be stored with the rows that were read."""
        version = self._place(name)[1] + 1
        self._pending[name] = (position, version)
        return self._event(events.FeedAdvanced, name, version, moment, entity_set=name, position=position)

    def adopted(self, name: str, projects: Sequence[str], moment: Moment) -> events.Event:
        """The rows of these projects are read whole; to be stored with them."""
        place, version = self._place(name)
        self._pending[name] = (place, version + 1)
        return self._event(events.FeedAdopted, name, version + 1, moment, entity_set=name, projects=tuple(projects))

    def _place(self, name: str) -> tuple[int, int]:
        """Place and version, with what is on its way to the ledger."""
        return self._pending.get(name) or self._known.get(name, (0, 0))

    def stored(self) -> None:
        """What was made since is in the ledger."""
        self._known.update(self._pending)
        self._pending = {}

    async def append(self, new: Sequence[events.Event]) -> None:
        """Stores places that no rows came with."""
        await self._ledger.append(new)
        self.stored()

    async def dead_letter(
        self, entity_set: str, row: object, reason: str, moment: Moment, side: System = BUSINESS_CENTRAL
    ) -> bool:
        """Keeps what could not be read, once, raw; whether it is new."""
        id_ = Record.id_for(self._pair.name, "dead letter", f"{entity_set}/{digest(row)}")
        if (await self._ledger.load([id_]))[id_]:
            return False
        contents = Contents()
        source_id = text(cast("Json", row), "id") if isinstance(row, dict) else ""
        event = self._pair.event(
            events.DeadLettered,
            id_,
            1,
            moment,
            side=side,
            entity_set=entity_set,
            source_id=source_id[:100],
            reason=reason,
            content=contents.add_json(cast("object", row)),
        )
        await self._ledger.append([event], contents.new)
        return True

    def _event(self, kind: type[E], name: str, version: int, moment: Moment, /, **fields: Any) -> E:
        return self._pair.event(kind, Record.id_for(self._pair.name, "feed", name), version, moment, **fields)
