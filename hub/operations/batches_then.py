"""Batches as they were at a position: how far each was, and where its records stood then."""
# ruff: noqa: S608 - only names from our own constants stand in the SQL, every value is bound

from collections.abc import Collection, Sequence
from typing import Any

from domain.errors import Unknown
from hub.app import Hub
from hub.asof import position_at
from hub.cursors import cursor_of
from hub.operations.batches import NAMES, BatchView, Result, viewed
from hub.operations.failures import LIMIT, Page
from hub.queries.pages import Place, Query, place_of
from hub.queries.past import page_at
from projections.batch import BOTH


async def batches_then(
    hub: Hub, cursor: str, limit: int, asof: str, within: Collection[str] | None
) -> tuple[Page, int]:
    """Batches as `view` told them then, the newest first; and the position.

    Raises  WrongInput.
    """
    await hub.projector.catch_up()
    page = await page_at(
        hub.ledger,
        BOTH,
        NAMES,
        [name for name in hub.settings.connections if within is None or name in within],
        Query(),
        order=("created", "batch"),
        descending=True,
        cursor=cursor,
        limit=limit,
        asof=asof,
    )
    items = await _viewed(hub, [tuple(row.values()) for row in page.items], page.asof)
    return Page(items, page.next_cursor), page.asof


async def view_then(hub: Hub, batch: str, asof: str) -> tuple[BatchView, int]:
    """A batch as it stood; and the position.

    Raises  WrongInput; Unknown for one that nobody had made then.
    """
    await hub.projector.catch_up()
    at = await position_at(hub.ledger, asof)
    columns = ", ".join(NAMES)
    rows = await hub.ledger.rows(
        f"SELECT {columns} FROM batch WHERE batch = ? AND valid_from <= ? UNION ALL SELECT {columns} FROM batch_history"
        " WHERE batch = ? AND valid_from <= ? AND valid_until > ?",
        (batch, at, batch, at, at),
    )
    if not rows:
        raise was_not(batch, at)
    return (await _viewed(hub, rows, at))[0], at


def was_not(batch: str, position: int) -> Unknown:
    """What is said of a batch that nobody had made then."""
    return Unknown(f"There was no batch {batch} as of position {position}.")


async def results_then(
    hub: Hub, batch: str, result: str = "", cursor: str = "", limit: int = LIMIT, *, asof: str
) -> tuple[Page, int]:
    """What the batch had done to each member that had had its turn, and where that stood then; and the position.

    Raises  WrongInput.
    """
    await hub.projector.catch_up()
    place = place_of(cursor, ("record", "flow"))
    at = place.asof if place else await position_at(hub.ledger, asof)
    condition, values = " WHERE b.batch = ? AND b.position <= ?", [batch, at]
    if result:
        condition, values = f"{condition} AND b.result = ?", [*values, result]
    if place:
        condition, values = f"{condition} AND (b.record, b.flow) > (?, ?)", [*values, *place.after]
    rows = await hub.ledger.rows(
        _joined("b.record AS record, b.flow AS flow, t.number, b.result, b.why, t.state, t.cause", condition)
        + " ORDER BY record, flow LIMIT ?",
        (*values, at, *values, at, at, limit + 1),
    )
    items = [Result(**dict(zip(Result.__struct_fields__, row, strict=True))) for row in rows[:limit]]
    more = cursor_of(Place(at, (items[-1].record, items[-1].flow))) if len(rows) > limit else None
    return Page(items, more), at


async def _viewed(hub: Hub, rows: Sequence[tuple[Any, ...]], at: int) -> list[BatchView]:
    """Batches with the states in which their records were, by one query for all of them."""
    of, parameter = hub.ledger.in_list("b.batch", [row[NAMES.index("batch")] for row in rows])
    condition = f" WHERE {of} AND b.result = 'done' AND b.position <= ?"
    joined = _joined("b.batch AS batch, t.state AS state, t.cause AS cause", condition)
    found = await hub.ledger.rows(
        f"SELECT batch, state, cause, COUNT(*) FROM ({joined}) AS stood GROUP BY batch, state, cause",
        (parameter, at, at, parameter, at, at, at),
    )
    stood: dict[str, list[tuple[str, str, int]]] = {}
    for batch, state, cause, count in found:
        stood.setdefault(batch, []).append((state, cause, count))
    return [viewed(row, stood.get(row[NAMES.index("batch")], ())) for row in rows]


def _joined(columns: str, condition: str) -> str:
    """Members with the row of their state that was true at a position; `condition` is on the members."""
    on = " ON t.record = b.record AND t.flow = b.flow"
    return (
        f"SELECT {columns} FROM batch_record b JOIN record_state t{on}{condition} AND t.valid_from <= ?"
        f" UNION ALL SELECT {columns} FROM batch_record b JOIN state_history t{on}{condition}"
        " AND t.valid_from <= ? AND t.valid_until > ?"
    )
