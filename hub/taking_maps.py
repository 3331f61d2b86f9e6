"""The beginning of a round: takes the newest maps, and has those records decided anew that they read differently.

The bodies stand in the ledger, so nothing is asked of a system for that. Only where fields moved, rows may count now
that nobody knew: their set is read from its beginning once more.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from uuid import UUID

from domain import events
from domain.flow import Flow
from domain.flows import BY_KIND, FLOWS
from domain.mapping import Mapping as Maps
from domain.mapping import SetMap
from domain.record import Record
from domain.values import BUSINESS_CENTRAL
from hub import mappings
from hub.connection import Pair
from hub.feed_log import FeedLog
from hub.mappings import Standing
from hub.records import Contents, Records
from hub.sight import seen

PAGE = 500


async def take(pair: Pair, records: Records, catch_up: Callable[[], Awaitable[object]], *, only_known: bool) -> int:
    """Brings the file's maps in, takes the newest version, and reads known records anew; how many changed.

    `only_known` is for a round that reads a part of the past: it works by the maps in force, and takes none.
    Raises  Misconfigured when the file can't be used.
    """
    if pair.mapping_file is not None:
        await _bring_in(pair, pair.mapping_file, records, catch_up)
    stands = await mappings.standing(records.ledger, pair.name)
    if only_known or stands.newest == stands.in_force:
        pair.mapping = await mappings.in_force(records.ledger, pair.name)
        return 0
    before = await mappings.in_force(records.ledger, pair.name)
    pair.mapping = await mappings.maps_of(records.ledger, pair.name, stands.newest)
    changed = 0
    moved = touched(before, pair.mapping)
    for flow in read_from(moved):
        changed += await _read_all_anew(pair, records, flow, catch_up)
    await _taken(pair, records, stands, changed, fields_moved(before, pair.mapping), catch_up)
    return changed


def touched(before: Maps, after: Maps) -> set[str]:
    """Sets whose maps differ."""
    names = before.sets.keys() | after.sets.keys()
    return {name for name in names if _of(before, name) != _of(after, name)}


def fields_moved(before: Maps, after: Maps) -> set[str]:
    """Sets whose fields come from elsewhere now, so that rows may count that nobody knew."""
    return {name for name in touched(before, after) if _of(before, name).fields != _of(after, name).fields}


def _of(maps: Maps, name: str) -> SetMap:
    return maps.sets.get(name, SetMap())


def read_from(sets: set[str]) -> list[Flow]:
    """One flow of each kind whose records are read from one of these sets."""
    return [
        flow
        for flow in BY_KIND.values()
        if flow.origin.system == BUSINESS_CENTRAL and {flow.origin.entity_set, flow.origin.expand} & sets
    ]


async def _read_all_anew(pair: Pair, records: Records, flow: Flow, catch_up: Callable[[], Awaitable[object]]) -> int:
    """Every known record of a kind, from the body that it has; only those that differ hear of it."""
    changed, after = 0, ""
    while True:
        rows = await records.ledger.rows(
            "SELECT record FROM record WHERE connection = ? AND kind = ? AND vanished = 0 AND record > ?"
            " ORDER BY record LIMIT ?",
            (pair.name, flow.kind, after, PAGE),
        )
        ids = [UUID(row[0]) for row in rows]
        if not ids:
            await catch_up()
            return changed
        after = rows[-1][0]
        changed += await read_anew(pair, records, flow, ids)


async def read_anew(pair: Pair, records: Records, flow: Flow, ids: Sequence[UUID]) -> int:
    """These records of one kind, from the bodies that they have; how many differ through the pair's maps."""
    bodies = await records.bodies((await records.load(ids)).values())
    moment = pair.moment()

    def act(loaded: Mapping[UUID, Record], contents: Contents) -> Sequence[events.Event]:
        for id_, record in loaded.items():
            body = pair.mapping.read(flow.origin.entity_set, bodies[id_], flow.origin.expand)
            scratch = Contents()
            sight = seen(pair, flow, body, record.source_id, scratch, demanded=record.demanded)
            if record.observe(sight, moment):
                contents.new.update(scratch.new)
        return ()

    return await records.change(ids, act)


async def _taken(
    pair: Pair,
    records: Records,
    stands: Standing,
    changed: int,
    moved: set[str],
    catch_up: Callable[[], Awaitable[object]],
) -> None:
    """Says that the version is in force, and takes back the place of every set that has to be read anew."""
    moment = pair.moment()
    log = FeedLog(records.ledger, pair)
    await log.load()
    sets = {flow.origin.entity_set for flow in FLOWS if {flow.origin.entity_set, flow.origin.expand} & moved}
    places = [log.advanced(name, 0, moment) for name in sorted(sets - {""}) if log.read_to(name)]

    def make(now: Standing, _contents: Contents) -> Sequence[events.Event]:
        stream = mappings.stream_of(pair.name)
        fields = {"mapping": stands.newest, "changed": changed}
        return [pair.event(events.MappingTaken, stream, now.version + 1, moment, **fields), *places]

    await mappings.said(records.ledger, pair.name, catch_up, make)


async def _bring_in(pair: Pair, path: Path, records: Records, catch_up: Callable[[], Awaitable[object]]) -> None:
    """The file's maps become a version when they differ from what the file brought last."""
    document = await mappings.read_file(path)

    def make(stands: Standing, contents: Contents) -> Sequence[events.Event]:
        content = contents.add_json(document)
        if stands.file == content:
            return ()
        published = pair.event(
            events.MappingPublished,
            mappings.stream_of(pair.name),
            stands.version + 1,
            pair.moment(),
            mapping=stands.newest + 1,
            content=content,
            source="file",
            draft="",
            file=content,
            note="",
        )
        return [published]

    await mappings.said(records.ledger, pair.name, catch_up, make)
