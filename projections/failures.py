"""Answers what the real problems behind many failures are: one row for each failure, and one for each cause.

Part of the projection `record_state`, which knows what state a record leaves and what state it enters.
"""

from collections.abc import Iterable

import msgspec

from domain.causes import FAILING, FailureCause
from domain.events import Event
from projections.projection import Column, Keys, Row, Rows, Table

FAILURE = Table(
    name="failure",
    doc="Records that do not go on, one row for each in a flow, gone as soon as it goes on.",
    columns=(
        Column("record", "text", "UUID of the record"),
        Column("flow", "text", "name of the flow"),
        Column("connection", "text", "connection that it belongs to"),
        Column("cause", "text", "stable code of the cause"),
        Column("state", "text", "dead, rejected, conflict, failed or parked"),
        Column("kind", "text", "kind of business object"),
        Column("number", "text", "number in its source"),
        Column("title", "text", "name or description"),
        Column("project", "text", "number of its project"),
        Column("text", "text", "the remote's own words, or the reasons"),
        Column("retry_at", "text", "next attempt by itself, UTC, else empty"),
        Column("since", "text", "when it entered its state, UTC"),
        Column("position", "bigint", "position of the event that said so last"),
    ),
    key=("record", "flow"),
    indexes=(
        # Holds all that the grouped view counts, so that it never looks at the rows themselves.
        ("connection", "cause", "flow", "project", "since", "record"),
        ("connection", "state", "record"),
    ),
)

FAILURE_JOB = Table(
    name="failure_job",
    doc="How many records of each project a cause hits.",
    columns=(
        Column("connection", "text", "connection"),
        Column("cause", "text", "stable code of the cause"),
        Column("project", "text", "number of the project, empty for records of the whole company"),
        Column("records", "bigint", "records in flows that it hits now"),
    ),
    key=("connection", "cause", "project"),
)

FAILURE_GROUP = Table(
    name="failure_group",
    doc="What goes wrong, one row for each cause; one that is over keeps its row with no records.",
    columns=(
        Column("connection", "text", "connection"),
        Column("cause", "text", "stable code of the cause"),
        Column("state", "text", "state in which it leaves records"),
        Column("title", "text", "what is wrong, in words"),
        Column("records", "bigint", "records in flows that it hits now"),
        Column("jobs", "bigint", "projects that it hits now, each once"),
        Column("first_seen", "text", "when it appeared, or came back after it had been over, UTC"),
        Column("last_seen", "text", "when it was said last, UTC"),
        Column("example", "text", "UUID of the record that it hit last"),
        Column("text", "text", "what was said of that record: the remote's own words, or the reasons"),
        Column("helps", "text", "whether a retry can help: transient, after_mend or never"),
        Column("next", "text", "what to do"),
        Column("acts", "text", "who does it"),
    ),
    key=("connection", "cause"),
)


def groups(connection: str, causes: Iterable[str], projects: Iterable[str]) -> Keys:
    """Rows that counting a record in or out may change."""
    places = tuple(projects)
    for cause in causes:
        yield FAILURE_GROUP, (connection, cause)
        for project in places:
            yield FAILURE_JOB, (connection, cause, project)


def moved(rows: Rows, event: Event, old: Row | None, new: Row, found: FailureCause | None) -> None:
    """A record went from one row of the read model of states to another one."""
    if found is not None:
        _describe(rows, event, new, found)
    left = old if old is not None and fails(old) else None
    entered = new if fails(new) else None
    if entered is None:
        if left is not None:
            rows.delete(FAILURE, (left["record"], left["flow"]))
            _count(rows, left, -1, event)
        return
    _put(rows, entered, found)
    if left is not None and (left["cause"], left["project"]) == (entered["cause"], entered["project"]):
        return
    if left is not None:
        _count(rows, left, -1, event)
    _count(rows, entered, 1, event)


def fails(state: Row) -> bool:
    """The record does not go on, and it is known why."""
    return state["state"] in FAILING and state["cause"] != ""


def _put(rows: Rows, row: Row, found: FailureCause | None) -> None:
    same = found is not None and found.code == row["cause"]
    text = found.text if found is not None and same else "; ".join(msgspec.json.decode(row["reasons"], type=list[str]))
    names = [name for name in FAILURE.names if name not in {"text", "position"}]
    rows.put(FAILURE, {**{name: row[name] for name in names}, "text": text, "position": row["position"]})


def _describe(rows: Rows, event: Event, row: Row, found: FailureCause) -> None:
    """What the cause is, in words, and what was said last; nobody is counted yet."""
    old = rows.get(FAILURE_GROUP, (row["connection"], found.code)) or {}
    at = event.at.isoformat()
    counted: Row = {"records": 0, "jobs": 0, "first_seen": at}
    if old.get("records"):
        counted = {name: old[name] for name in counted}
    rows.put(
        FAILURE_GROUP,
        {
            "connection": row["connection"],
            "cause": found.code,
            "state": row["state"],
            "title": found.title,
            **counted,
            "last_seen": at,
            "example": row["record"],
            "text": found.text,
            "helps": found.helps,
            "next": found.next,
            "acts": found.who,
        },
    )


def _count(rows: Rows, row: Row, by: int, event: Event) -> None:
    """Count a record in or out of its cause and of the projects that the cause hits."""
    group = rows.get(FAILURE_GROUP, (row["connection"], row["cause"]))
    if group is None:
        return
    key = (row["connection"], row["cause"], row["project"])
    known = rows.get(FAILURE_JOB, key)
    hits = (known["records"] if known is not None else 0) + by
    if hits:
        rows.put(FAILURE_JOB, dict(zip(FAILURE_JOB.names, (*key, hits), strict=True)))
    else:
        rows.delete(FAILURE_JOB, key)
    fresh = {"first_seen": event.at.isoformat()} if by > 0 and not group["records"] else {}
    state = {"state": row["state"]} if by > 0 else {}
    more = 0
    if row["project"]:
        more = int(hits == 1 and by > 0) - int(hits == 0)
    counted = {"records": group["records"] + by, "jobs": group["jobs"] + more}
    rows.put(FAILURE_GROUP, {**group, **counted, **fresh, **state})
