"""Records in and out of the ledger, many at a time, with what their sides hold."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from uuid import UUID

import anyio
import msgspec

from adapters.store import Ledger, StreamMoved
from domain import events, snapshot
from domain.errors import SiteLedgerError
from domain.flows import BY_KIND, RECORDS
from domain.mapping import AS_IT_IS
from domain.mapping import Mapping as Maps
from domain.record import Record
from domain.values import Digest, Json, chunks, read_json, sha256_of
from hub.shelf import Shelf

RETRIES = 5
"""Times that a change is decided again because somebody else wrote first; more would hide a fault."""


STORIES = 250
"""Records whose events are read in one query."""


class Contents:
    """Bodies to be stored with the next events, each once, by its SHA-256."""

    def __init__(self) -> None:
        self.new: dict[str, bytes] = {}
        # A thousand rows of one call share its two bodies: the object is known again without hashing it again.
        self._named: dict[int, tuple[bytes, Digest]] = {}

    def add(self, data: bytes) -> Digest:
        """Keeps a body and gives its name."""
        if (known := self._named.get(id(data))) is not None:
            return known[1]
        name = sha256_of(data)
        self.new[name] = data
        self._named[id(data)] = (data, name)  # held, so that no other body can get its id
        return name

    def add_json(self, document: object) -> Digest:
        """Keeps a document in its one spelling."""
        return self.add(canonical_json(document))

    def add_body(self, body: object) -> Digest:
        """Keeps what will be sent. Its order stays: Business Central validates field by field (connector API)."""
        return self.add(_as_given.encode(body))


def canonical_json(document: object) -> bytes:
    """A document as it is stored: keys sorted, numbers exact, decimals as number literals."""
    return _encoder.encode(document)


_encoder = msgspec.json.Encoder(order="sorted", decimal_format="number")
_as_given = msgspec.json.Encoder(decimal_format="number")


class Records:
    """Loads and saves records of one connection; their sources are read through its maps."""

    def __init__(self, ledger: Ledger, connection: str, maps: Maps = AS_IT_IS) -> None:
        self.ledger = ledger
        self.connection = connection
        self.maps = maps
        self._changing = anyio.Lock()
        self._shelf = Shelf()

    async def load(self, ids: Iterable[UUID], kind: str = "") -> dict[UUID, Record]:
        """Records by id; one that nobody saw yet is a new one of this kind, at version 0."""
        wanted = list(dict.fromkeys(ids))
        held = self._shelf.take(wanted)
        read = await self._read([id_ for id_ in wanted if id_ not in held], kind)
        self._shelf.keep(record for record in read.values() if record.version)
        return {id_: held.get(id_) or read[id_] for id_ in wanted}

    async def refreshed(self, ids: Iterable[UUID]) -> bool:
        """Reads records anew; whether somebody else wrote to one of them since they were held in memory."""
        wanted = list(dict.fromkeys(ids))
        held = {id_: record.version for id_, record in self._shelf.take(wanted).items()}
        read = await self._read(wanted, "")
        self._shelf.keep(record for record in read.values() if record.version)
        return any(read[id_].version != version for id_, version in held.items())

    async def _read(self, wanted: Sequence[UUID], kind: str) -> dict[UUID, Record]:
        """Many stories are never held at once: each is much larger than the record that it leaves."""
        found = await self._snapshots(wanted)
        known = {id_: record.version for id_, record in found.items()}
        for some in chunks(wanted, STORIES):
            for id_, happened in (await self.ledger.load(some, known)).items():
                record = found.get(id_)
                if record is None:
                    found[id_] = rebuilt(id_, self.connection, happened, kind)
                    continue
                for event in happened:
                    record.apply(event)
        return found

    async def _snapshots(self, ids: Sequence[UUID]) -> dict[UUID, Record]:
        stored = await self.ledger.snapshots(ids)
        return {
            id_: snapshot.restored(id_, self.connection, state, RECORDS)
            for id_, (_, topic, state) in stored.items()
            if topic == snapshot.TOPIC
        }

    async def save(self, records: Iterable[Record], contents: Contents, extra: Sequence[events.Event] = ()) -> int:
        """Stores what happened to these records, and the bodies, in one transaction.

        Raises  StreamMoved: nothing was stored, load again and decide again.
        """
        changed = [record for record in records if record.has_news]
        if lost := [record.id for record in changed if self._shelf.is_lost(record)]:
            raise StreamMoved(lost)
        new: list[events.Event] = []
        long: list[Record] = []
        for record in changed:
            happened = record.collect_events()
            new.extend(happened)
            if record.version // snapshot.EVERY > (record.version - len(happened)) // snapshot.EVERY:
                long.append(record)
        new.extend(extra)
        try:
            if new or contents.new:
                await self.ledger.append(new, contents.new)
        except BaseException:
            self._shelf.lose(changed)
            raise
        self._shelf.keep(changed)
        for record in long:
            await self.ledger.save_snapshot(record.id, record.version, snapshot.TOPIC, snapshot.taken(record))
        return len(new)

    async def sources(self, records: Iterable[Record]) -> dict[UUID, Json]:
        """What the origin of each record holds, as it was last seen, as flows see it."""
        found = list(records)
        origins = {record.id: BY_KIND[record.kind].origin for record in found}
        return {
            id_: self.maps.read(origins[id_].entity_set, body, origins[id_].expand)
            for id_, body in (await self.bodies(found)).items()
        }

    async def bodies(self, records: Iterable[Record]) -> dict[UUID, Json]:
        """The same, as it came."""
        wanted = {
            record.id: record.believed[side].content
            for record in records
            if (side := BY_KIND[record.kind].origin.system) in record.believed
        }
        bodies = await self.ledger.contents(list(wanted.values()))
        missing = [name for name in wanted.values() if name not in bodies]
        if missing:
            raise SiteLedgerError(f"The ledger lacks the content {missing[0]}, which an event names; restore a backup.")
        return {id_: read_json(bodies[name]) for id_, name in wanted.items()}

    async def change(
        self,
        ids: Sequence[UUID],
        act: Callable[[Mapping[UUID, Record], Contents], Sequence[events.Event]],
        kind: str = "",
    ) -> int:
        """Loads, acts, saves; again from the start when another process wrote to one of the streams first.

        Changes of this process follow each other: rows of one document travel in several batches, whose claims and
        outcomes would otherwise forever overtake each other. `act` gives back further events, of feeds,
        that belong into the same transaction.
        """
        async with self._changing:
            for attempt in range(RETRIES):
                records = await self.load(ids, kind)
                contents = Contents()
                extra = act(records, contents)
                try:
                    return await self.save(records.values(), contents, extra)
                except StreamMoved:
                    if attempt == RETRIES - 1:
                        raise
        return 0


def rebuilt(id_: UUID, connection: str, happened: Sequence[events.Event], kind: str = "") -> Record:
    """A record as its events tell it; without events a new one."""
    first = happened[0] if happened else None
    known = first.kind if isinstance(first, events.Observed) else kind
    record = RECORDS.get(known, Record)(id_, connection)
    for event in happened:
        record.apply(event)
    return record
