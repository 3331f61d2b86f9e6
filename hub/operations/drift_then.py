"""Drift as it was known at a position: fields, how many there were of each sort, and the last looks until then."""
# ruff: noqa: S608 - only names from our own constants stand in the SQL, every value is bound

from collections.abc import Collection

import msgspec

from hub.app import Hub, open_hub
from hub.operations.drift import DriftFilter, DriftRow, Drifts, condition_of, told
from hub.queries.drift import Last, Sort
from hub.queries.pages import Query
from hub.queries.past import page_at
from hub.report import ExitStatus, Progress, Report
from hub.settings import Settings
from projections.drift import FIELDS

_ORDER = ("connection", "record", "flow", "part", "field")


async def drifts_then(hub: Hub, wanted: DriftFilter, cursor: str, limit: int, asof: str) -> Drifts:
    """The fields that fitted, in a lasting order.

    Raises  WrongInput.
    """
    await hub.projector.catch_up()
    query = Query()
    condition, values = condition_of(hub, wanted)
    query.where(f"1 = 1{condition}", *values)
    page = await page_at(
        hub.ledger,
        FIELDS,
        DriftRow.__struct_fields__,
        [name for name in hub.settings.connections if wanted.within is None or name in wanted.within],
        query,
        order=_ORDER,
        cursor=cursor,
        limit=limit,
        asof=asof,
        narrow=bool(wanted.record),
    )
    return Drifts(tuple(DriftRow(**row) for row in page.items), page.next_cursor, page.asof)


async def sorts_then(hub: Hub, wanted: DriftFilter, position: int) -> list[Sort]:
    """How much there was of each verdict, the most first; the verdict that is asked for does not narrow it."""
    condition, values = condition_of(hub, msgspec.structs.replace(wanted, verdict=""))
    rows = await hub.ledger.rows(
        "SELECT verdict, COUNT(*), COUNT(DISTINCT record) FROM ("
        f"SELECT verdict, record FROM drift_field WHERE valid_from <= ?{condition} UNION ALL"
        f" SELECT verdict, record FROM drift_field_history WHERE valid_from <= ? AND valid_until > ?{condition}"
        ") AS stood GROUP BY verdict ORDER BY COUNT(*) DESC, verdict",
        (position, *values, position, position, *values),
    )
    return [Sort(*row) for row in rows]


async def lasts_then(hub: Hub, connections: Collection[str], position: int) -> list[Last]:
    """When each connection had been looked over last. How often that was to happen, and who had asked, is not told."""
    condition, names = hub.ledger.in_list("connection", sorted(connections))
    columns = "connection, looked_at, compared, unread"
    rows = await hub.ledger.rows(
        f"SELECT {columns} FROM drift_look WHERE valid_from <= ? AND {condition} UNION ALL"
        f" SELECT {columns} FROM drift_look_history WHERE valid_from <= ? AND valid_until > ? AND {condition}",
        (position, names, position, position, names),
    )
    known = {row[0]: row[1:] for row in rows}
    found: list[Last] = []
    for name in sorted(connections):
        at, compared, unread = known.get(name, ("", 0, "[]"))
        read = msgspec.json.decode(unread, type=tuple[str, ...])
        found.append(Last(connection=name, every="", at=at, compared=compared, unread=read))
    return found


async def drift_as_of(
    settings: Settings,
    *,
    wanted: DriftFilter,
    asof: str,
    cursor: str,
    limit: int,
    progress: Progress,  # noqa: ARG001 - quick
) -> Report:
    """The command `drift` with `--asof`; what was open then asks for nobody now."""
    async with open_hub(settings) as hub:
        page = await drifts_then(hub, wanted, cursor, limit, asof)
    return told(page, {}, ExitStatus.DONE)
