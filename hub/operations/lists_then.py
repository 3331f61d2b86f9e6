"""Requests for approval and plans as they were at a position."""
# ruff: noqa: S608 - only names from our own constants stand in the SQL, every value is bound

from collections.abc import Collection
from datetime import datetime

from hub.app import Hub
from hub.operations import approvals
from hub.operations.approvals import ApprovalFilter, condition_of, request_of
from hub.operations.plan import COLUMNS, PlanPage, plan_of
from hub.queries.pages import Query, moment_at
from hub.queries.past import page_at
from projections import approval, plan


async def approvals_then(
    hub: Hub, wanted: ApprovalFilter, cursor: str, limit: int, asof: str
) -> tuple[approvals.Page, int]:
    """Requests as they stood, the oldest first, each as old as it was; and the position.

    Raises  WrongInput.
    """
    await hub.projector.catch_up()
    query = Query()
    condition, values = condition_of(hub, wanted)
    query.where(f"1 = 1{condition}", *values)
    page = await page_at(
        hub.ledger,
        approval.BOTH,
        [name for name in approval.APPROVAL.names if name != "valid_from"],
        _names(hub, wanted.within),
        query,
        order=("asked",),
        cursor=cursor,
        limit=limit,
        asof=asof,
    )
    told = await moment_at(hub.ledger, page.asof)
    now = datetime.fromisoformat(told) if told else hub.clock.now()
    items = [request_of((*row.values(), 0), now) for row in page.items]
    return approvals.Page(items, page.next_cursor), page.asof


async def approvals_counted_then(
    hub: Hub, within: tuple[str, ...], position: int, *, not_by: str = ""
) -> dict[str, dict[str, int]]:
    """Flow -> state -> requests, at a position; `not_by` leaves out what this actor asked for."""
    condition, values = condition_of(hub, ApprovalFilter(within=within, not_by=not_by))
    rows = await hub.ledger.rows(
        f"SELECT flow, state, COUNT(*) FROM (SELECT flow, state FROM approval WHERE valid_from <= ?{condition}"
        f" UNION ALL SELECT flow, state FROM approval_history WHERE valid_from <= ? AND valid_until > ?{condition})"
        " AS stood GROUP BY flow, state ORDER BY flow, state",
        (position, *values, position, position, *values),
    )
    found: dict[str, dict[str, int]] = {}
    for flow, state, number in rows:
        found.setdefault(flow, {})[state] = number
    return found


async def plans_then(hub: Hub, cursor: str, limit: int, asof: str, within: tuple[str, ...]) -> tuple[PlanPage, int]:
    """Plans as they stood, the newest first; and the position.

    Raises  WrongInput.
    """
    await hub.projector.catch_up()
    page = await page_at(
        hub.ledger,
        plan.BOTH,
        COLUMNS.split(", "),
        _names(hub, within),
        Query(),
        order=("position",),
        descending=True,
        cursor=cursor,
        limit=limit,
        asof=asof,
    )
    return PlanPage([plan_of([*row.values()]) for row in page.items], page.next_cursor), page.asof


def _names(hub: Hub, within: Collection[str] | None) -> list[str]:
    return [name for name in hub.settings.connections if within is None or name in within]
