"""The tables of the read schema as views that can be exported: what each may be narrowed by, and the query for that.

A view knows the filters for which it has a column; one that it does not know is refused, because a file that holds
more than was asked for would be believed. A new table of the read schema is a view at once.
"""

from collections.abc import Collection

from msgspec import Struct

from adapters.store import Ledger
from domain.causes import UNSETTLED
from domain.errors import Unknown, WrongInput
from hub.asof import position_at
from hub.moments import moment_in
from hub.queries.pages import Query, moment_at
from hub.queries.records import like
from projections.projection import Table
from projections.registry import PROJECTIONS

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

_EQUAL = ("connection", "flow", "kind", "project", "cause", "role", "record", "number")
_MOMENTS = ("at", "since", "requested_at", "started", "made_at", "created")
"""What `since` and `until` bound: the first of these columns that a table has."""


class ViewFilter(Struct, frozen=True, kw_only=True):
    """What a view is narrowed to; empty for no limit.

    state   one, or several with commas between
    q       as in the list beside the view: what a number begins with or a title holds; of pairs, a whole id or number
    since   moments as RFC 3339 writes them, `until` left out; they bound the moment of a row
    asof    a position or a moment: rows that changed later are left out
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
    number: str = ""
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
    names = [name for name in (*_EQUAL, "state") if name in table.names]
    if _searched(table)[0]:
        names.append("q")
    if _moment_of(table):
        names += ["since", "until"]
    if _changed(table):
        names.append("asof")
    return tuple(names)


async def query_of(ledger: Ledger, table: Table, wanted: ViewFilter) -> Query:
    """The conditions of an export.

    Raises  WrongInput for a filter that the view does not know, or a value that none is.
    """
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
    if wanted.asof:
        at = await position_at(ledger, wanted.asof)
        column = _changed(table)
        query.where(f"{column} <= ?", at if column == "position" else await moment_at(ledger, at))
    return query


def _visible(query: Query, ledger: Ledger, table: Table, within: Collection[str], *, whole: bool) -> None:
    """Only rows of these connections; rows that name none count by their record or batch.

    Raises  Unknown for a view of no connection, where not all may be seen.
    """
    if "connection" in table.names:
        query.one_of(ledger, "connection", within)
        return
    condition, values = ledger.in_list("connection", sorted(within))
    for name in ("batch", "record"):
        if name in table.names:
            query.where(f"{name} IN (SELECT {name} FROM {name} WHERE {condition})", values)  # noqa: S608 - our own names
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


def _changed(table: Table) -> str:
    """The column that tells when a row changed last, where there is one; a pair that was joined stays as it is."""
    if "position" in table.names:
        return "position"
    return "since" if table.name == "cross_reference" else ""
