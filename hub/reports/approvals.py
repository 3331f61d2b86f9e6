"""Reports about the accounting gate: what each person decided, and how long it takes from there to Procore."""
# ruff: noqa: S608 - only names from our own constants stand in the SQL, every value is bound

from collections.abc import Iterable, Iterator
from datetime import datetime

from adapters.store.statements import Dialect
from domain.events import ApprovalAccepted, ApprovalDeclined, ApprovalResent, ApprovalRetrieved, Synced
from hub.queries.pages import Query
from hub.reports.report import Asked, ReportOf, Row, Selected
from projections.projection import Column

_DEEDS = (
    ("accepted", ApprovalAccepted.TOPIC),
    ("declined", ApprovalDeclined.TOPIC),
    ("retrieved", ApprovalRetrieved.TOPIC),
    ("resent", ApprovalResent.TOPIC),
)


def _within(where: Query, asked: Asked) -> None:
    if asked.since:
        where.where("at >= ?", asked.since)
    if asked.until:
        where.where("at < ?", asked.until)


def _by_person(asked: Asked, where: Query, dialect: Dialect) -> Selected:
    condition, topics = dialect.in_list("event", [topic for _, topic in _DEEDS])
    where.where(condition, topics)
    _within(where, asked)
    counts = ", ".join(f"SUM(CASE WHEN event = '{topic}' THEN 1 ELSE 0 END)" for _, topic in _DEEDS)
    sql = (
        f"SELECT connection, actor, {counts}, MIN(at), MAX(at) FROM event_log WHERE {where.sql}"
        " GROUP BY connection, actor ORDER BY connection, actor"
    )
    return Selected(sql, where.values)


def _counted(rows: Iterable[Row], _asked: Asked) -> Iterator[Row]:
    for connection, actor, *counts, first, last in rows:
        yield connection, actor, *map(int, counts), first, last


BY_PERSON = ReportOf(
    name="approvals",
    about="What each person decided before accounting.",
    columns=(
        Column("connection", "text", "connection"),
        Column("person", "text", "who signed it"),
        *(Column(name, "bigint", f"requests {name}") for name, _ in _DEEDS),
        Column("first", "text", "moment of the first of these, UTC"),
        Column("last", "text", "moment of the last of these, UTC"),
    ),
    key=("connection", "person"),
    places=("connection", "actor"),
    select=_by_person,
    made=_counted,
    filters=("since", "until"),
)


def _times(asked: Asked, where: Query, _dialect: Dialect) -> Selected:
    """Accepted requests with the first moment after that at which nothing was left to do."""
    where.equal("event", ApprovalAccepted.TOPIC)
    _within(where, asked)
    sql = (
        "SELECT a.position, a.connection, a.flow, a.record, COALESCE(r.number, ''), COALESCE(r.title, ''),"
        " COALESCE(r.project, ''), a.actor, a.at, COALESCE((SELECT MIN(e.at) FROM event_log e WHERE e.record = a.record"
        " AND e.position > a.position AND e.flow = a.flow AND e.event = ?), '')"
        f" FROM (SELECT * FROM event_log WHERE {where.sql}) AS a LEFT JOIN record r ON r.record = a.record"
        " ORDER BY a.position"
    )
    return Selected(sql, (Synced.TOPIC, *where.values))


def _timed(rows: Iterable[Row], _asked: Asked) -> Iterator[Row]:
    for *told, accepted, posted in rows:
        took = datetime.fromisoformat(posted) - datetime.fromisoformat(accepted) if posted else None
        yield *told, accepted, posted, None if took is None else int(took.total_seconds())


TIMES = ReportOf(
    name="approval-times",
    about="How long it took from an approval until everything of it stood in Procore.",
    columns=(
        Column("position", "bigint", "position of the approval in the ledger"),
        Column("connection", "text", "connection"),
        Column("flow", "text", "flow"),
        Column("record", "text", "UUID of the record"),
        Column("number", "text", "number in its source"),
        Column("title", "text", "name or description"),
        Column("project", "text", "number of its project"),
        Column("person", "text", "who accepted it"),
        Column("accepted_at", "text", "UTC"),
        Column("posted_at", "text", "when nothing of it was left to do, UTC; empty as long as something is"),
        Column("seconds", "bigint", "between the two; nothing as long as it is under way"),
    ),
    key=("position",),
    select=_times,
    made=_timed,
    filters=("since", "until"),
)
