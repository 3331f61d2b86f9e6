"""The end of the event log, the newest first, narrowed."""
# ruff: noqa: S608 - only names from our own constants stand in the SQL, every value is bound

from collections.abc import Collection
from typing import Any

from msgspec import Struct

from adapters.store import Ledger
from hub.queries.pages import Query
from hub.queries.records import like
from hub.tail import COLUMNS, Happening

BACK = 200_000
"""Positions that a filter without an index looks back, so that a rare one does not read the whole log."""


class Narrowed(Struct, frozen=True, kw_only=True):
    """What the end of the log is narrowed to; empty for no limit.

    event   what the stored name of an event begins with, such as `delivery.`
    actor   whole, such as `user:anna@example.com`
    record  id of a record, a batch, or anything else that has a story of its own
    story   correlation id
    """

    flow: str = ""
    actor: str = ""
    event: str = ""
    record: str = ""
    story: str = ""

    def fits(self, item: Happening) -> bool:
        """Whether an event is meant."""
        return (
            self.flow in ("", item.flow)
            and self.actor in ("", item.actor)
            and item.event.startswith(self.event)
            and self.record in ("", item.record)
            and self.story in ("", item.correlation_id)
        )


async def latest(
    ledger: Ledger, connections: Collection[str], wanted: Narrowed, *, before: int, limit: int
) -> list[Happening]:
    """The newest events before a position, the newest first.

    A record and a story are told from their begin; any other filter looks back over `BACK` positions at the most.
    """
    query = Query()
    # Not by the index of connections: that would sort all that one of them ever had for a page of it.
    query.one_of(ledger, "connection" if wanted.record else "(connection || '')", connections)
    query.equal("flow", wanted.flow)
    query.equal("actor", wanted.actor)
    query.equal("record", wanted.record)
    query.equal("correlation_id", wanted.story)
    if wanted.event:
        query.where("event LIKE ? ESCAPE '!'", f"{like(wanted.event)}%")
    query.where("position < ?", before)
    if not (wanted.record or wanted.story):
        query.where("position >= ?", before - BACK)
    rows: list[tuple[Any, ...]] = await ledger.rows(
        f"SELECT {', '.join(COLUMNS)} FROM event_log WHERE {query.sql} ORDER BY position DESC LIMIT ?",
        (*query.values, limit),
    )
    return [Happening(*row) for row in rows]
