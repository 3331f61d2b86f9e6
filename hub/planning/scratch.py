"""A ledger to try things out on: streams and contents of the real one show through, its read models are copied."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext

import anyio
import msgspec

from adapters.store import Ledger, Locked, Statement, open_overlay
from hub.app import Hub, lock_of
from hub.projector import Projector
from hub.report import ExitStatus, Halted
from projections.projection import Projection, Table
from projections.registry import PROJECTIONS

PAGE = 5000
TRIES = 5
"""Times that rows are copied again because somebody did something to the connection meanwhile."""
LOOKS, LOOK_AGAIN = 100, 0.3
"""Looks whether a round has ended, and seconds between them."""

_SKIPPED = frozenset({"event_log", "plan", "run", "pause", "job_cost", "direct_cost"})
"""Read by people only; the log is the largest of all."""
_PAST = frozenset({"record_history", "state_history", "link_history"})
"""A round never asks how things were."""
_ONLY = {"delivery": " AND state IN ('requested', 'attempted', 'delayed')"}
"""What is settled is never looked at again by a round."""

KEPT: tuple[Projection, ...] = tuple(each for each in PROJECTIONS if each.name not in _SKIPPED)


class _Of(msgspec.Struct):
    connection: str = ""


@asynccontextmanager
async def scratch(hub: Hub, connection: str, *, held: bool = False) -> AsyncGenerator[tuple[Ledger, Projector]]:
    """A ledger that holds what one connection knows, with read models, thrown away at the end.

    `held` says that the caller holds the connection's lock already.
    Raises  Halted when the connection would not stand still for a moment.
    """
    async with open_overlay(hub.ledger) as ledger:
        await Projector(ledger, KEPT).start()  # makes the tables
        position = await _copied(hub, ledger, connection, held=held)
        await ledger.starts_at(position)
        await ledger.change([Statement("UPDATE projection_checkpoint SET position = ?", ((position,),))])
        projector = Projector(ledger, KEPT)
        await projector.start()
        yield ledger, projector


async def _copied(hub: Hub, ledger: Ledger, connection: str, *, held: bool) -> int:
    """Copies the connection's rows; the position that they stand for.

    No lock is taken unless a round got in the way, and then only for as long as the copy takes.
    """
    tables = [
        table
        for projection in KEPT
        for table in projection.tables
        if "connection" in table.names and table.name not in _PAST
    ]
    for attempt in range(TRIES):
        async with _between_rounds(hub.ledger, connection) if attempt and not held else nullcontext():
            position = await hub.projector.catch_up()
            for table in tables:
                await ledger.change([Statement(f"DELETE FROM {table.name}")])  # noqa: S608 - named by our own projections
                await _copy(hub.ledger, ledger, table, connection)
            if await stood_still(hub.ledger, connection, position):
                return position
    raise Halted(f"too much happens to connection {connection} right now; try again later", ExitStatus.TRY_LATER)


@asynccontextmanager
async def _between_rounds(ledger: Ledger, connection: str) -> AsyncGenerator[None]:
    """Waits for the end of the round that is under way, and lets none begin; goes on without when it takes too long."""
    async with AsyncExitStack() as stack:
        for _ in range(LOOKS):
            try:
                await stack.enter_async_context(ledger.exclusive(lock_of(connection)))
                break
            except Locked:
                await anyio.sleep(LOOK_AGAIN)
        yield


async def _copy(below: Ledger, here: Ledger, table: Table, connection: str) -> None:
    """Copies page by page in the order of the key, so that memory holds one page however large the table is."""
    columns = [(column.name, "text" if column.type == "numeric" else column.type) for column in table.columns]
    names, key = ", ".join(table.names), ", ".join(table.key)
    places = [table.names.index(name) for name in table.key]
    after: Sequence[str | int] = ()
    while True:
        behind = f" AND ({key}) > ({', '.join('?' * len(after))})" if after else ""
        rows = await below.rows(
            f"SELECT {names} FROM {table.name} WHERE connection = ?{_ONLY.get(table.name, '')}{behind}"  # noqa: S608 - built from columns
            f" ORDER BY {key} LIMIT {PAGE}",
            (connection, *after),
        )
        if rows:
            await here.change([here.dialect.add(table.name, columns, rows)])
            after = [rows[-1][place] for place in places]
        if len(rows) < PAGE:
            return


async def stood_still(ledger: Ledger, connection: str, position: int) -> bool:
    """Nothing happened to the connection while its rows were copied; what happens to others is none of its business."""
    while rows := await ledger.read(position, PAGE):
        if any(msgspec.json.decode(state, type=_Of).connection == connection for *_, state in rows):
            return False
        position = rows[-1][0]
    return True
