"""Anything by whatever number or id somebody has: what is called exactly so, else what comes near."""
# ruff: noqa: S608 - only names from our own constants stand in the SQL, every value is bound

from collections.abc import Collection
from uuid import UUID

from msgspec import Struct

from adapters.store import Ledger
from hub.queries.pages import Query
from hub.queries.records import found, like

NEAR = 30
"""Near misses that are told."""
_DIGITS = 18


class Match(Struct, frozen=True, kw_only=True):
    """Something that is called so.

    Shape   `sort` is record, event, delivery, batch, run, letter or story; `id` names it, and `record` the record that
            it belongs to, empty for none. `position` counts for events alone.
    """

    sort: str
    id: str
    title: str
    text: str = ""
    record: str = ""
    position: int = 0


async def matches(ledger: Ledger, words: str, connections: Collection[str]) -> list[Match]:
    """What is called exactly so: records by any id or number of either system, and what only the hub numbers."""
    said = words.strip()
    hits = [
        Match(
            sort="record",
            id=row["record"],
            record=row["record"],
            title=f"{row['kind'].replace('_', ' ')} {row['number']}",
            text=row["title"],
        )
        for row in await found(ledger, said, connections)
    ]
    if said.isascii() and said.isdecimal() and len(said) <= _DIGITS:
        hits += await _events(ledger, "position = ?", int(said), connections)
    if (id_ := _uuid(said)) and not hits:
        hits += await _of_the_hub(ledger, id_, connections)
    return hits


async def near(ledger: Ledger, words: str, connections: Collection[str]) -> list[Match]:
    """Records whose number begins so, or whose title holds it, such as the number that a vendor gave an invoice."""
    said = like(words.strip().upper())
    query = Query()
    query.one_of(ledger, "connection", connections)
    query.where("(UPPER(number) LIKE ? ESCAPE '!' OR UPPER(title) LIKE ? ESCAPE '!')", f"{said}%", f"%{said}%")
    rows = await ledger.rows(
        f"SELECT record, kind, number, title FROM record WHERE {query.sql} ORDER BY kind, number, record LIMIT {NEAR}",
        query.values,
    )
    return [
        Match(sort="record", id=row[0], record=row[0], title=f"{row[1].replace('_', ' ')} {row[2]}", text=row[3])
        for row in rows
    ]


async def _of_the_hub(ledger: Ledger, id_: str, connections: Collection[str]) -> list[Match]:
    """What has an id that only the hub knows."""
    condition, names = ledger.in_list("connection", sorted(connections))
    for sort, sql in (
        ("delivery", "SELECT endpoint, part, record FROM delivery WHERE delivery = ?"),
        ("batch", "SELECT action, reason, '' FROM batch WHERE batch = ?"),
        ("run", "SELECT cause, finished, '' FROM run WHERE run = ?"),
        ("letter", "SELECT entity_set, reason, '' FROM dead_letter WHERE letter = ?"),
        ("story", "SELECT actor, at, '' FROM event_log WHERE correlation_id = ?"),
    ):
        rows = await ledger.rows(f"{sql} AND {condition} LIMIT 1", (id_, names))
        if rows:
            return [Match(sort=sort, id=id_, title=rows[0][0], text=rows[0][1], record=rows[0][2])]
    return await _events(ledger, "record = ?", id_, connections)


async def _events(ledger: Ledger, condition: str, value: str | int, connections: Collection[str]) -> list[Match]:
    of, names = ledger.in_list("l.connection", sorted(connections))
    rows = await ledger.rows(
        "SELECT l.position, l.record, l.summary, COALESCE(r.record, '') FROM event_log l"
        f" LEFT JOIN record r ON r.record = l.record WHERE l.{condition} AND {of} ORDER BY l.position LIMIT 1",
        (value, names),
    )
    return [
        Match(sort="event", id=row[1], title=f"event {row[0]}", text=row[2], record=row[3], position=row[0])
        for row in rows
    ]


def _uuid(words: str) -> str:
    try:
        return str(UUID(words))
    except ValueError:
        return ""
