"""`mappings`: which maps a connection works by, what others are proposed, and what two versions differ in.

A draft is data in the ledger. Published it is the newest version; the next round of the connection takes it.
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast
from uuid import uuid5

from msgspec import Struct

from domain import events
from domain.errors import Unknown, WrongInput
from domain.mapping_rules import parsed
from domain.values import Digest, Json
from hub import mappings
from hub.acting import moment_of
from hub.app import Hub
from hub.mappings import Standing
from hub.operations.failures import on_connections
from hub.records import Contents
from hub.report import ExitStatus, Halted

MOST = 1000
LONGEST_NOTE = 500
_VERSION = (
    "connection",
    "mapping",
    "source",
    "draft",
    "reverts_to",
    "note",
    "at",
    "actor",
    "position",
    "taken_at",
    "taken_from",
    "changed",
)
_DRAFT = ("draft", "connection", "content", "base", "note", "at", "actor", "published", "position")


class Version(Struct, frozen=True, kw_only=True):
    """A published version, as `mapping_version` holds it. Moments ISO 8601, UTC; `taken_from` 0 while not in force."""

    connection: str
    mapping: int
    source: str
    draft: str
    reverts_to: int
    note: str
    at: str
    actor: str
    position: int
    taken_at: str
    taken_from: int
    changed: int


class Versions(Struct, frozen=True):
    """Versions, the newest first; `next_cursor` is None on the last page."""

    items: Sequence[Version]
    next_cursor: str | None
    asof: int


class Draft(Struct, frozen=True, kw_only=True):
    """Proposed maps. `base` is the version that was the newest then; `published` the one that it became, 0 for none."""

    draft: str
    connection: str
    content: Digest
    base: int
    note: str
    at: str
    actor: str
    published: int
    position: int


class Shown(Struct, frozen=True, kw_only=True):
    """The maps of a connection: the newest version, the one in force, its maps, and the drafts that wait."""

    connection: str
    newest: int
    in_force: int
    maps: Json
    drafts: Sequence[Draft]


class Difference(Struct, frozen=True):
    """One entry of the maps that differs, by its path; None where a side has none."""

    path: str
    before: Any
    now: Any


async def shown(hub: Hub, connection: str) -> Shown:
    """The maps in force, or none, and what waits to be published."""
    await hub.projector.catch_up()
    stands = await mappings.standing(hub.ledger, connection)
    rows = await hub.ledger.rows(
        f"SELECT {', '.join(_DRAFT)} FROM mapping_draft WHERE connection = ? AND published = 0"  # noqa: S608 - built from columns
        " ORDER BY position DESC LIMIT ?",
        (connection, MOST),
    )
    return Shown(
        connection=connection,
        newest=stands.newest,
        in_force=stands.in_force,
        maps=await mappings.document_of(hub.ledger, connection, stands.in_force),
        drafts=[Draft(**dict(zip(_DRAFT, row, strict=True))) for row in rows],
    )


async def versions(
    hub: Hub,
    connection: str = "",
    *,
    cursor: int | None = None,
    limit: int = 100,
    within: tuple[str, ...] | None = None,
) -> Versions:
    """Published versions, the newest first."""
    await hub.projector.catch_up()
    asof = await hub.ledger.last_position()
    condition, values = on_connections(hub, connection, within)
    rows = await hub.ledger.rows(
        f"SELECT {', '.join(_VERSION)} FROM mapping_version WHERE position < ?{condition}"  # noqa: S608 - built from columns
        " ORDER BY position DESC LIMIT ?",
        (asof + 1 if cursor is None else cursor, *values, limit + 1),
    )
    items = [Version(**dict(zip(_VERSION, row, strict=True))) for row in rows[:limit]]
    return Versions(items, str(items[-1].position) if len(rows) > limit else None, asof)


async def version(hub: Hub, connection: str, number: int) -> Version:
    """One published version.

    Raises  Unknown.
    """
    await hub.projector.catch_up()
    rows = await hub.ledger.rows(
        f"SELECT {', '.join(_VERSION)} FROM mapping_version WHERE connection = ? AND mapping = ?",  # noqa: S608 - built from columns
        (connection, number),
    )
    if not rows:
        raise Unknown(f"the maps of {connection} have no version {number}")
    return Version(**dict(zip(_VERSION, rows[0], strict=True)))


async def drafted(hub: Hub, draft_id: str) -> Draft:
    """One draft, by its id or eight characters of it at least.

    Raises  Unknown.
    """
    await hub.projector.catch_up()
    rows = await hub.ledger.rows(
        f"SELECT {', '.join(_DRAFT)} FROM mapping_draft WHERE draft >= ? AND draft < ? LIMIT 2",  # noqa: S608 - built from columns
        (draft_id, f"{draft_id}~"),
    )
    if len(rows) != 1 or len(draft_id) < 8:  # noqa: PLR2004 - as short as people read it aloud
        raise Unknown(f"there is no draft {draft_id[:60]}")
    return Draft(**dict(zip(_DRAFT, rows[0], strict=True)))


async def draft(hub: Hub, connection: str, document: object, *, actor: str, note: str = "") -> Draft:
    """Keeps proposed maps; nothing works by them yet.

    Raises  WrongInput with every fault of the maps.
    """
    faults = parsed(document)[1]
    if faults:
        first = faults[0]
        more = f" And {mappings.told(faults[1:])}" if len(faults) > 1 else ""
        raise WrongInput(first.key, first.problem, f"{first.mend}{more}")
    stream, ids = mappings.stream_of(connection), list[str]()

    def make(stands: Standing, contents: Contents) -> Sequence[events.Event]:
        ids.append(str(uuid5(stream, str(stands.version + 1))))
        content = contents.add_json(document)
        return [
            events.MappingDrafted(
                **_signed(hub, connection, stands, actor),
                draft=ids[-1],
                content=content,
                note=note[:LONGEST_NOTE],
                base=stands.newest,
            )
        ]

    await mappings.said(hub.ledger, connection, hub.projector.catch_up, make)
    return await drafted(hub, ids[-1])


async def publish(hub: Hub, connection: str, draft_id: str, *, actor: str, note: str = "") -> Version:
    """Makes a draft the newest version; the next round takes it. A draft that is published already stays as it is.

    Raises  Unknown; Halted (7) when another version was published since the draft was made.
    """
    proposal = await drafted(hub, draft_id)
    if proposal.connection != connection:
        raise Unknown(f"connection {connection} has no draft {draft_id[:60]}")
    if proposal.published:
        return await version(hub, connection, proposal.published)

    def make(stands: Standing, _contents: Contents) -> Sequence[events.Event]:
        if stands.newest != proposal.base:
            words = f"version {stands.newest} was published since this draft was made on version {proposal.base}"
            raise Halted(f"{words}; draft again on top of it", ExitStatus.CHANGED)
        return [
            events.MappingPublished(
                **_signed(hub, connection, stands, actor),
                mapping=stands.newest + 1,
                content=proposal.content,
                source="draft",
                draft=proposal.draft,
                file="",
                note=(note or proposal.note)[:LONGEST_NOTE],
            )
        ]

    await mappings.said(hub.ledger, connection, hub.projector.catch_up, make)
    return await version(hub, connection, proposal.base + 1)


async def revert(hub: Hub, connection: str, to: int, *, actor: str, note: str = "") -> Version:
    """Publishes the maps of an earlier version once more, under a new number; 0 for none at all.

    Raises  Unknown; WrongInput when that is the newest version.
    """
    await hub.projector.catch_up()
    document = await _document(hub, connection, to)
    numbers: list[int] = []

    def make(stands: Standing, contents: Contents) -> Sequence[events.Event]:
        if stands.newest == to:
            raise WrongInput("version", f"version {to} is the newest already", "Name an earlier one.")
        numbers.append(stands.newest + 1)
        return [
            events.MappingReverted(
                **_signed(hub, connection, stands, actor),
                mapping=numbers[-1],
                content=contents.add_json(document),
                to=to,
                note=note[:LONGEST_NOTE],
            )
        ]

    await mappings.said(hub.ledger, connection, hub.projector.catch_up, make)
    return await version(hub, connection, numbers[-1])


async def diff(hub: Hub, connection: str, before: int, now: int) -> list[Difference]:
    """What two versions differ in, entry by entry; version 0 has none.

    Raises  Unknown.
    """
    await hub.projector.catch_up()
    return between(await _document(hub, connection, before), await _document(hub, connection, now))


def between(before: Json, now: Json) -> list[Difference]:
    """What two maps differ in, by path."""
    old, new = dict(_entries(before, "")), dict(_entries(now, ""))
    paths = sorted(old.keys() | new.keys())
    return [Difference(path, old.get(path), new.get(path)) for path in paths if old.get(path) != new.get(path)]


def _entries(value: Mapping[str, Any], path: str) -> list[tuple[str, Any]]:
    """The entries of maps: fields and codes stand three tables deep, whatever their values are made of."""
    found: list[tuple[str, Any]] = []
    for name, inner in value.items():
        place = f"{path}.{name}" if path else name
        table = cast("Json", inner) if isinstance(inner, dict) and place.count(".") < _deepest(place) else None
        found += [(place, inner)] if table is None else _entries(table, place)
    return found


def _deepest(place: str) -> int:
    return 3 if ".codes" in place else 2


async def _document(hub: Hub, connection: str, number: int) -> Json:
    try:
        return await mappings.document_of(hub.ledger, connection, number)
    except KeyError as error:
        raise Unknown(f"the maps of {connection} have no version {number}") from error


def _signed(hub: Hub, connection: str, stands: Standing, actor: str) -> dict[str, Any]:
    moment = moment_of(hub.clock, actor, connection)
    return {
        "originator_id": mappings.stream_of(connection),
        "originator_version": stands.version + 1,
        "at": moment.at,
        "connection": connection,
        "correlation_id": moment.cause.correlation_id,
        "causation_id": moment.cause.causation_id,
        "actor": moment.cause.actor,
    }
