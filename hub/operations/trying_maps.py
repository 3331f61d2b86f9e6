"""`mappings test`: what a draft would change, found from the ledger by the code that decides, writing nothing."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from msgspec import Struct

from domain.flow import Flow
from domain.mapping import Mapping as Maps
from domain.mapping import unmapped
from domain.mapping_rules import parsed
from domain.record import Record
from domain.values import Json, canonical, chunks, read_json
from hub import mappings
from hub.app import Hub
from hub.operations.documents import differences as of_documents
from hub.operations.mappings import drafted
from hub.planning import trial
from hub.planning.trial import Change
from hub.records import Contents, Records
from hub.sight import seen
from hub.taking_maps import fields_moved, read_from, touched

USUAL = 50
MOST_TOLD = 1000
PAGE = 500
_CLOSED = ("synced", "excluded", "deleted")


class Reading(Struct, frozen=True, kw_only=True):
    """A record that the draft shows differently.

    Shape   `fields` are {"field", "before", "now"} by path; `unmapped` are the codes of it that would stand in no map,
            in words.
    """

    record: str
    entity_set: str
    number: str
    project: str
    fields: Sequence[Mapping[str, Any]]
    unmapped: Sequence[str]


class Impact(Struct, frozen=True, kw_only=True):
    """What a draft would change, among the records that were examined.

    changed   how many it shows differently; `readings` tells the first thousand of them
    outcomes  what would come of them: the first thousand
    reread    sets whose fields come from elsewhere: the next round reads them anew, as rows may count that nobody knows
    unread    lists of the systems that some decisions rest on; those records are undecided
    """

    draft: str
    connection: str
    base: int
    examined: int
    changed: int
    readings: Sequence[Reading]
    outcomes: Sequence[Change]
    reread: Sequence[str]
    unread: Sequence[str]


async def try_draft(hub: Hub, draft_id: str, *, last: int = USUAL) -> Impact:
    """Tries a draft on the last records of each set that it touches and on all open ones; with `last` 0 on every one.

    Raises  Unknown for a draft that there is not; Halted when the connection would not stand still.
    """
    draft = await drafted(hub, draft_id)
    stands = await mappings.standing(hub.ledger, draft.connection)
    before = await mappings.maps_of(hub.ledger, draft.connection, stands.newest)
    after = parsed(await mappings.content_of(hub.ledger, draft.content))[0]
    examined, changed, readings = 0, list[UUID](), list[Reading]()
    for flow in read_from(touched(before, after)):
        for ids in chunks(await _examined(hub, draft.connection, flow, last), PAGE):
            examined += len(ids)
            found = await _differing(hub, draft.connection, flow, ids, before, after)
            changed += [UUID(each.record) for each in found]
            readings += found[: MOST_TOLD - len(readings)]
    outcomes, unread = await _outcomes(hub, draft.connection, changed, before, after) if changed else ([], [])
    return Impact(
        draft=draft.draft,
        connection=draft.connection,
        base=draft.base,
        examined=examined,
        changed=len(changed),
        readings=readings,
        outcomes=outcomes,
        reread=sorted(fields_moved(before, after)),
        unread=unread,
    )


async def _examined(hub: Hub, connection: str, flow: Flow, last: int) -> list[UUID]:
    """The records of a kind that were seen to change last, and all that are open; or every one."""
    some = "" if not last else " ORDER BY position DESC LIMIT ?"
    rows = await hub.ledger.rows(
        f"SELECT record FROM record WHERE connection = ? AND kind = ? AND vanished = 0{some}",  # noqa: S608 - built from columns
        (connection, flow.kind, *([last] if last else [])),
    )
    if last:
        closed, parameter = hub.ledger.in_list("s.state", _CLOSED)
        rows += await hub.ledger.rows(
            "SELECT DISTINCT s.record FROM record_state s JOIN record r ON r.record = s.record"  # noqa: S608 - built from columns
            f" WHERE s.connection = ? AND s.kind = ? AND r.vanished = 0 AND NOT ({closed})",
            (connection, flow.kind, parameter),
        )
    return [UUID(id_) for id_ in sorted({row[0] for row in rows})]


async def _differing(
    hub: Hub, connection: str, flow: Flow, ids: Sequence[UUID], before: Maps, after: Maps
) -> list[Reading]:
    """Those of these records that the draft shows differently, by the comparison that decides it in a round."""
    records = Records(hub.ledger, connection)
    loaded = await records.load(ids)
    bodies = await records.bodies(loaded.values())
    pair, origin = hub.unreached(connection), flow.origin
    found: list[Reading] = []
    for id_, record in loaded.items():
        old, new = (maps.read(origin.entity_set, bodies[id_], origin.expand) for maps in (before, after))
        sights = [seen(pair, flow, each, record.source_id, Contents(), demanded=record.demanded) for each in (old, new)]
        if sights[0].digest != sights[1].digest:
            found.append(_reading(flow, record, old, new))
    return found


def _reading(flow: Flow, record: Record, old: Json, new: Json) -> Reading:
    fields = of_documents(*(read_json(canonical(flow.origin.relevant(each))) for each in (old, new)))
    return Reading(
        record=str(record.id),
        entity_set=flow.origin.entity_set,
        number=record.number,
        project=record.project,
        fields=fields,
        unmapped=[violation.message for violation in unmapped(new)],
    )


async def _outcomes(
    hub: Hub, connection: str, ids: Sequence[UUID], before: Maps, after: Maps
) -> tuple[list[Change], list[str]]:
    pair, pages = trial.still(hub.unreached(connection)), trial.these(connection, ids)
    found: list[Change] = []
    async with (
        hub.ledger.exclusive(trial.lock_of(connection)),
        trial.tried(hub, pair, before, pages, asks=False) as was,
        trial.tried(hub, pair, after, pages, asks=False) as now,
    ):
        async for change in trial.differences(was, now):
            found.append(change)
            if len(found) == MOST_TOLD:
                break
        return found, sorted({*was.troubles, *now.troubles})
