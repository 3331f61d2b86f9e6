"""`provenance`: why does this field have this value, for everything that the hub wrote (BX-10).

The decision that led to a row is made again as it was: the record as its events told it until then, the document of its
source, the settings and the maps in force, what was known of other records, and the rows of the target's lists that
were kept with it. Then the flow itself is asked what each field depends on (`domain/sensitivity.py`).
"""

from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
from msgspec import Struct

from domain.errors import Unknown, WrongInput
from domain.sensitivity import Source
from hub.app import Hub, open_hub
from hub.asof import position_at
from hub.operations.explain import find
from hub.provenance import Field, explained, written
from hub.report import ExitStatus, Halted, Progress, Report
from hub.retelling import events_of
from hub.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console

MOST = 20
"""Rows of one answer: each takes some hundred plans of its flow."""


class Provenance(Struct, frozen=True):
    """Fields of one record's rows, row by row; the cursor names the delivery of the last row."""

    record: str
    items: list[Field]
    next_cursor: str | None
    asof: int


async def show_provenance(
    settings: Settings,
    *,
    identifier: str,
    field: str,
    part: str,
    asof: str,
    cursor: str | None,
    progress: Progress,  # noqa: ARG001 - one page is quick
) -> Report:
    """The command `provenance`."""
    async with open_hub(settings) as hub:
        found = await find(hub.ledger, identifier.strip())
        if not found:
            raise Halted(f"Nothing in the ledger is called {identifier}.", ExitStatus.WRONG_USE)
        pages = [await _or_nothing(hub, each, field, part, asof, cursor or "") for each in found]
    told = [page for page in pages if page is not None]
    if not told:
        words = (
            f"The hub wrote no field {field} for {identifier}." if field else f"The hub wrote nothing for {identifier}."
        )
        raise Halted(words, ExitStatus.WRONG_USE)
    documents = [msgspec.to_builtins(page) for page in told]

    def render(console: "Console") -> None:
        for page in told:
            for item in page.items:
                _render(console, item)
            if page.next_cursor:
                console.print(f"more: --cursor '{page.next_cursor}'", markup=False, soft_wrap=True)

    return Report(documents[0] if len(documents) == 1 else {"records": documents}, ExitStatus.DONE, render)


async def _or_nothing(hub: Hub, record: str, field: str, part: str, asof: str, cursor: str) -> Provenance | None:
    try:
        return await provenance(hub, record, field=field, part=part, asof=asof, cursor=cursor)
    except Unknown:
        return None


async def provenance(
    hub: Hub, record: str, *, field: str = "", part: str = "", asof: str | int = "", cursor: str = ""
) -> Provenance:
    """Where the fields come from that the hub wrote for a record, of all its rows or of one part.

    Shape   `field` is a path within a row, or its last name; empty for all fields.
    Raises  WrongInput; Unknown where nothing of the kind was written as of that position.
    """
    await hub.projector.catch_up()
    position = await position_at(hub.ledger, asof)
    happened = (await events_of(hub.ledger, [UUID(record)], position))[UUID(record)]
    rows = await written(hub.ledger, happened, field, part)
    if not rows:
        raise Unknown(f"As of position {position} the hub wrote no such field for the record {record}.")
    names = [row.name for row in rows]
    if cursor and cursor not in names:
        raise WrongInput("cursor", "it was not given out by this list", "Use next_cursor as it is, or leave it out.")
    begin = names.index(cursor) + 1 if cursor else 0
    page = rows[begin : begin + MOST]
    items: list[Field] = []
    for row in page:
        items += await explained(hub, happened, row)
    more = begin + MOST < len(rows)
    return Provenance(record, items, page[-1].name if more else None, position)


def _render(console: "Console", item: Field) -> None:
    def say(text: str, **more: Any) -> None:
        console.print(text, markup=False, soft_wrap=True, **more)

    say(f"{item.system} {item.endpoint} {item.target_id}: {item.field} = {item.value}", style="bold")
    for source in item.sources:
        same = "" if source.exact else " (has the same value)" if source.value is not None else ""
        value = f" = {source.value}" if source.value is not None and not source.read_at else ""
        say(f"    {_words(source)}{value}{same}")
    seen = item.source
    if "position" in seen:
        say(f"    of {seen['kind']} {seen['number']}, as {seen['system']} showed it at position {seen['position']}")
    if item.mapping:
        say(f"    read through version {item.mapping} of the maps")
    say(f"    stored at position {item.requested['position']} by {item.requested['actor']} as {item.part}")
    if item.approval is not None:
        say(f"    accepted at position {item.approval['position']} by {item.approval['by']}")
    if item.outcome is not None:
        say(f"    {item.outcome['event']} at position {item.outcome['position']}, {item.outcome['at'][:19]}")


def _words(source: Source) -> str:
    match source.sort:
        case "link":
            return f"counterpart of {source.name}"
        case "own id":
            return f"id of its own {source.name}"
        case "list" if source.read_at:
            return f"row of a list, read at {source.read_at[:19]}: {source.name}"
        case "list":
            return f"rests on a list that is not kept: {source.name}"
        case _:
            return f"{source.sort} {source.name}"
