"""Projects with their money in both systems, as the newest comparison of the whole connection found it."""
# ruff: noqa: S608 - only names from our own constants stand in the SQL, every value is bound

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any

from msgspec import Struct

from adapters.store import Ledger
from domain.errors import Unknown
from domain.reconcile import COLUMNS
from domain.states import STATES
from domain.values import money_text
from hub.app import Hub
from hub.cursors import cursor_of
from hub.queries.pages import Page, Place, Query, place_of
from hub.queries.records import like
from hub.reconciling.stored import RunRow, newest, summary_of, sums_of

_MEASURES: tuple[str, ...] = COLUMNS
_FLOW = "project-to-project"
_RESOURCE = "projects"
_KEY = ("number", "connection", "record")


class Figure(Struct, frozen=True, kw_only=True):
    """A measure of a project in one currency. Amounts are decimal text."""

    measure: str
    currency: str
    business_central: str
    procore: str
    difference: str
    unexplained: str


class Job(Struct, frozen=True, kw_only=True):
    """A project.

    Shape   `state` is that of the project itself in its flow, empty where it takes part in none; `procore_id` is empty
            as long as it is not linked; `failing` counts records of it that do not go on; `compared` says that the
            newest comparison holds it, without which `figures` say nothing
    """

    record: str
    connection: str
    number: str
    title: str
    state: str
    procore_id: str
    failing: int
    compared: bool
    figures: list[Figure]

    @property
    def differs(self) -> bool:
        """Both systems say something else somewhere."""
        return any(figure.difference != _NOTHING for figure in self.figures)

    @property
    def unexplained(self) -> bool:
        """Something of that is explained by nothing."""
        return any(figure.unexplained != _NOTHING for figure in self.figures)


class Sibling(Struct, frozen=True, kw_only=True):
    """A project of Business Central that shares a project of Procore; `role` is `derived` for one that joined it."""

    record: str
    number: str
    title: str
    role: str


class FlowLine(Struct, frozen=True, kw_only=True):
    """Records of a project in one flow; `synced_at` is when one of them was synced last, UTC, empty for never."""

    flow: str
    states: dict[str, int]
    synced_at: str


_NOTHING = money_text(Decimal(0))


async def compared(hub: Hub, connections: Collection[str], position: int | None = None) -> dict[str, RunRow]:
    """Connection -> the newest comparison of all of its projects, as of a position."""
    found = {name: await newest(hub, name, position=position) for name in sorted(connections)}
    return {name: run for name, run in found.items() if run is not None}


async def jobs(
    hub: Hub,
    connections: Collection[str],
    runs: Mapping[str, RunRow],
    *,
    q: str = "",
    cursor: str = "",
    limit: int = 50,
) -> Page:
    """Projects by number, with their money in the run of their connection.

    Raises  WrongInput for a cursor that no page gave, Halted (integrity).
    """
    place = place_of(cursor, _KEY)
    query = Query()
    query.one_of(hub.ledger, "r.connection", connections)
    query.where("r.kind = 'project' AND r.vanished = 0")
    if q:
        words = like(q.upper())
        query.where(
            "(UPPER(r.number) LIKE ? ESCAPE '!' OR UPPER(r.title) LIKE ? ESCAPE '!')", f"{words}%", f"%{words}%"
        )
    if place:
        query.where("(r.number, r.connection, r.record) > (?, ?, ?)", *place.after)
    found = await _rows(hub.ledger, query, limit + 1)
    items = await _with_money(hub, found[:limit], runs)
    asof = place.asof if place else await hub.ledger.last_position()
    after = tuple(found[limit - 1][name] for name in _KEY) if len(found) > limit else ()
    return Page([{"job": item} for item in items], cursor_of(Place(asof, after)) if after else None, asof)


async def job(hub: Hub, connections: Collection[str], number: str, runs: Mapping[str, RunRow]) -> Job:
    """One project of these connections by its number.

    Raises  Unknown, Halted (integrity).
    """
    query = Query()
    query.one_of(hub.ledger, "r.connection", connections)
    query.where("r.kind = 'project' AND r.number = ?", number)
    found = await _rows(hub.ledger, query, 1)
    if not found:
        raise Unknown(f"There is no project {number[:60]}.")
    return (await _with_money(hub, found, runs))[0]


async def siblings(ledger: Ledger, it: Job) -> list[Sibling]:
    """All projects of Business Central that stand in the same project of Procore, if there are others."""
    if not it.procore_id:
        return []
    rows = await ledger.rows(
        "SELECT DISTINCT x.record, x.bc_number, COALESCE(r.title, ''), x.role FROM cross_reference x"
        " LEFT JOIN record r ON r.record = x.record WHERE x.connection = ? AND x.procore_id = ?"
        " AND x.procore_resource = ? AND x.role IN ('primary', 'derived') ORDER BY x.bc_number",
        (it.connection, it.procore_id, _RESOURCE),
    )
    found = [Sibling(record=row[0], number=row[1], title=row[2], role=row[3]) for row in rows]
    return [each for each in found if each.number != it.number]


async def lines_of_flows(ledger: Ledger, it: Job) -> list[FlowLine]:
    """How far the records of a project are, flow by flow."""
    rows = await ledger.rows(
        "SELECT flow, state, COUNT(*), MAX(since) FROM record_state WHERE connection = ? AND project = ?"
        " GROUP BY flow, state ORDER BY flow",
        (it.connection, it.number),
    )
    counted: dict[str, dict[str, int]] = {}
    synced: dict[str, str] = {}
    for flow, state, count, since in rows:
        counted.setdefault(flow, {})[state] = int(count)
        if state == "synced":
            synced[flow] = since
    return [
        FlowLine(
            flow=flow,
            states={state: states[state] for state in STATES if state in states},
            synced_at=synced.get(flow, ""),
        )
        for flow, states in counted.items()
    ]


async def _rows(ledger: Ledger, query: Query, limit: int) -> list[dict[str, Any]]:
    names = ("record", "connection", "number", "title", "state")
    rows = await ledger.rows(
        "SELECT r.record, r.connection, r.number, r.title, COALESCE(s.state, '') FROM record r"
        f" LEFT JOIN record_state s ON s.record = r.record AND s.flow = '{_FLOW}'"
        f" WHERE {query.sql} ORDER BY r.number, r.connection, r.record LIMIT ?",
        (*query.values, limit),
    )
    return [dict(zip(names, row, strict=True)) for row in rows]


async def _with_money(hub: Hub, found: Sequence[Mapping[str, Any]], runs: Mapping[str, RunRow]) -> list[Job]:
    """Four queries for a page, and the contents of the runs that hold its projects."""
    ids = await _pairs(hub.ledger, [row["record"] for row in found])
    failing = await _failing(hub.ledger, found)
    sums: dict[tuple[str, str], list[Figure]] = {}
    for connection, run in runs.items():
        numbers = {row["number"] for row in found if row["connection"] == connection}
        if numbers:
            totals = await sums_of(hub, await summary_of(hub, run), numbers)
            for number, by_measure in totals.items():
                sums[connection, number] = [
                    Figure(
                        measure=measure,
                        currency=currency,
                        business_central=money_text(amounts[0]),
                        procore=money_text(amounts[1]),
                        difference=money_text(amounts[2]),
                        unexplained=money_text(amounts[3]),
                    )
                    for (measure, currency), amounts in sorted(
                        by_measure.items(), key=lambda it: (_MEASURES.index(it[0][0]), it[0][1])
                    )
                ]
    return [
        Job(
            **row,
            procore_id=ids.get(row["record"], ""),
            failing=failing.get((row["connection"], row["number"]), 0),
            compared=(row["connection"], row["number"]) in sums,
            figures=sums.get((row["connection"], row["number"]), []),
        )
        for row in found
    ]


async def _pairs(ledger: Ledger, records: Sequence[str]) -> dict[str, str]:
    query = Query()
    query.one_of(ledger, "record", records)
    query.where("procore_resource = ? AND role IN ('primary', 'derived')", _RESOURCE)
    return dict(await ledger.rows(f"SELECT record, procore_id FROM cross_reference WHERE {query.sql}", query.values))


async def _failing(ledger: Ledger, found: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str], int]:
    """Records that do not go on, those that merely wait left out."""
    query = Query()
    query.one_of(ledger, "j.connection", {row["connection"] for row in found})
    query.one_of(ledger, "j.project", {row["number"] for row in found})
    rows = await ledger.rows(
        "SELECT j.connection, j.project, SUM(j.records) FROM failure_job j JOIN failure_group g"
        " ON g.connection = j.connection AND g.cause = j.cause AND g.state <> 'parked'"
        f" WHERE {query.sql} GROUP BY j.connection, j.project",
        query.values,
    )
    return {(connection, project): int(count) for connection, project, count in rows}
