"""The tables of the read schema as views that can be exported: what each may be narrowed by, and the query for that.

A view knows the filters for which it has a column; one that it does not know is refused, because a file that holds
more than was asked for would be believed. A new table of the read schema is a view at once.
"""
# ruff: noqa: S608 - only names from our own constants stand in the SQL, every value is bound

from collections.abc import Collection, Sequence
from typing import Any

from msgspec import Struct

from adapters.store import Ledger
from domain.causes import UNSETTLED
from domain.errors import Unknown, WrongInput
from hub.asof import position_at
from hub.moments import moment_in
from hub.queries.pages import Query
from hub.queries.records import like
from projections.act import ACT
from projections.approval import APPROVAL, APPROVAL_HISTORY
from projections.batch import BATCH, BATCH_HISTORY
from projections.cross_reference import CROSS_REFERENCE
from projections.dead_letter import DEAD_LETTER
from projections.drift import DRIFT_FIELD, DRIFT_HISTORY
from projections.event_log import EVENT_LOG
from projections.history import LINK_HISTORY, RECORD_HISTORY, STATE_HISTORY
from projections.job_cost import JOB_COST, JOB_COST_HISTORY
from projections.plan import PLAN, PLAN_HISTORY
from projections.projection import Column, Table
from projections.record_state import RECORD, RECORD_STATE
from projections.registry import PROJECTIONS
from projections.run import RUN

VIEWS: dict[str, tuple[str, Table]] = {
    table.name: (projection.name, table) for projection in PROJECTIONS for table in projection.tables
}
"""View -> the projection that fills it, and its table."""

_BESIDE = {
    "records": "record_state",
    "cross-references": "cross_reference",
    "links": "cross_reference",
    "failures": "failure",
    "approvals": "approval",
    "batches": "batch",
    "dead-letters": "dead_letter",
    "events": "event_log",
    "runs": "run",
    "plans": "plan",
}
"""Lists of the API -> the view that stands beside each."""

_EQUAL = (
    *("connection", "flow", "kind", "project", "cause", "role", "record", "batch", "number"),
    *("actor", "object"),
)
_MOMENTS = ("at", "since", "requested_at", "started", "made_at", "created")
"""What `since` and `until` bound: the first of these columns that a table has."""


_PAST = {
    RECORD.name: RECORD_HISTORY,
    RECORD_STATE.name: STATE_HISTORY,
    CROSS_REFERENCE.name: LINK_HISTORY,
    JOB_COST.name: JOB_COST_HISTORY,
    APPROVAL.name: APPROVAL_HISTORY,
    PLAN.name: PLAN_HISTORY,
    BATCH.name: BATCH_HISTORY,
    DRIFT_FIELD.name: DRIFT_HISTORY,
}
"""Views -> the table that keeps how their rows were before."""
_GROWING = frozenset({EVENT_LOG.name, DEAD_LETTER.name, RUN.name, ACT.name})
"""Views that nothing leaves: what was known at a position is what it says up to there."""


class Selection(Struct, frozen=True):
    """One query for all rows of an export, in the order of the view's key."""

    columns: tuple[Column, ...]
    sql: str
    values: Sequence[Any]


class ViewFilter(Struct, frozen=True, kw_only=True):
    """What a view is narrowed to; empty for no limit.

    state   one, or several with commas between
    action  the whole name of an act, or its beginning
    q       as in the list beside the view: what a number begins with or a title holds; of pairs, a whole id or number
    since   moments as RFC 3339 writes them, `until` left out; they bound the moment of a row
    asof    a position or a moment: the rows as they were then
    within  connections that whoever asks may see, None for every one
    whole   these are all that there are, so that views of no connection may be seen too
    """

    connection: str = ""
    flow: str = ""
    state: str = ""
    kind: str = ""
    project: str = ""
    cause: str = ""
    role: str = ""
    record: str = ""
    batch: str = ""
    number: str = ""
    actor: str = ""
    action: str = ""
    object: str = ""
    q: str = ""
    since: str = ""
    until: str = ""
    asof: str = ""
    within: tuple[str, ...] | None = None
    whole: bool = False


def view_named(name: str) -> Table:
    """The table behind a view, by its own name or by the name of the list beside it.

    Raises  Unknown.
    """
    found = VIEWS.get(_BESIDE.get(name, name))
    if found is None:
        raise Unknown(f"There is no view '{name[:60]}'; there are: {', '.join(VIEWS)}.")
    return found[1]


def filters_of(table: Table) -> tuple[str, ...]:
    """The filters that a view knows."""
    names = [name for name in (*_EQUAL, "action", "state") if name in table.names]
    if _searched(table)[0]:
        names.append("q")
    if _moment_of(table):
        names += ["since", "until"]
    if table.name in _PAST or table.name in _GROWING:
        names.append("asof")
    return tuple(names)


async def selection_of(ledger: Ledger, table: Table, wanted: ViewFilter) -> Selection:
    """What an export reads. Of the past, only the columns that are kept of it.

    Raises  WrongInput for a filter that the view does not know, or a value that none is; Unknown.
    """
    query = _query_of(ledger, table, wanted)
    order = ", ".join(table.key)
    past = _PAST.get(table.name)
    if not wanted.asof or past is None:
        if wanted.asof:
            query.where("position <= ?", await position_at(ledger, wanted.asof))
        sql = f"SELECT {', '.join(table.names)} FROM {table.name} WHERE {query.sql} ORDER BY {order}"
        return Selection(table.columns, sql, query.values)
    at = await position_at(ledger, wanted.asof)
    columns = tuple(column for column in table.columns if column.name in past.names)
    picked = ", ".join(column.name for column in columns)
    sql = (
        f"SELECT {picked} FROM {table.name} WHERE valid_from <= ? AND {query.sql} UNION ALL"
        f" SELECT {picked} FROM {past.name} WHERE valid_from <= ? AND valid_until > ? AND {query.sql} ORDER BY {order}"
    )
    return Selection(columns, sql, (at, *query.values, at, at, *query.values))


def _query_of(ledger: Ledger, table: Table, wanted: ViewFilter) -> Query:
    known = filters_of(table)
    for name in wanted.__struct_fields__:
        if name not in {"within", "whole"} and getattr(wanted, name) and name not in known:
            mend = f"It knows {', '.join(known)}." if known else "It is exported whole."
            raise WrongInput(name, f"the view {table.name} can't be narrowed by it", mend)
    query = Query()
    if wanted.within is not None:
        _visible(query, ledger, table, wanted.within, whole=wanted.whole)
    for name in _EQUAL:
        query.equal(name, getattr(wanted, name))
    if wanted.action:
        query.where("action >= ? AND action < ?", wanted.action, f"{wanted.action}\U0010ffff")
    _states(query, ledger, table, wanted)
    if wanted.q:
        condition, values = _searched(table)
        words = {
            "whole": wanted.q,
            "lower": wanted.q.lower(),
            "upper": wanted.q.upper(),
            "like": like(wanted.q.upper()),
        }
        query.where(condition, *(value.format(**words) for value in values))
    for sign, name in ((">=", "since"), ("<", "until")):
        moment = moment_in(name, getattr(wanted, name))
        if moment is not None:
            query.where(f"{_moment_of(table)} {sign} ?", moment.isoformat())
    return query


def _visible(query: Query, ledger: Ledger, table: Table, within: Collection[str], *, whole: bool) -> None:
    """Only rows of these connections; rows that name none count by their record or batch.

    Raises  Unknown for a view of no connection, where not all may be seen.
    """
    if "connection" in table.names:
        query.one_of(ledger, "connection", [*within, *([""] if whole else [])])  # empty: of the hub as a whole
        return
    condition, values = ledger.in_list("connection", sorted(within))
    for name in ("batch", "record"):
        if name in table.names:
            query.where(f"{name} IN (SELECT {name} FROM {name} WHERE {condition})", values)
            return
    if not whole:
        raise Unknown(f"The view {table.name} is of no connection, and for those alone who may see all of them.")


def _states(query: Query, ledger: Ledger, table: Table, wanted: ViewFilter) -> None:
    if wanted.state:
        query.one_of(ledger, "state", wanted.state.split(","))
    elif table.name == "failure" and not wanted.cause:
        query.one_of(ledger, "state", UNSETTLED)  # as its list: not what is merely parked


def _searched(table: Table) -> tuple[str, tuple[str, ...]]:
    if table.name == "cross_reference":
        return "(bc_number = ? OR bc_id = ? OR procore_id = ?)", ("{upper}", "{lower}", "{whole}")
    if {"number", "title"} <= set(table.names):
        condition = "(UPPER(number) LIKE ? ESCAPE '!' OR UPPER(title) LIKE ? ESCAPE '!')"
        return condition, ("{like}%", "%{like}%")
    return "", ()


def _moment_of(table: Table) -> str:
    return next((name for name in _MOMENTS if name in table.names), "")
