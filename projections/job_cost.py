"""Answers what a project costs: every amount of every document in Business Central, by what it is about.

One row for each line of a document, so that each figure of a report can be traced to what it comes from. What was
otherwise before is kept with the positions between which it was so, and a report can be of any position.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from domain import events
from domain.costs import KINDS, CostLine, lines_of
from domain.events import Event
from domain.values import money_text, read_json
from projections.projection import Column, Keys, Projection, Row, Rows, Table

_WHAT = (
    Column("connection", "text", "connection that it belongs to"),
    Column("kind", "text", "kind of document: planning_line, commitment, posted_invoice or journal_entry"),
    Column("document", "text", "number of the document in Business Central"),
    Column(
        "measure",
        "text",
        "original_estimate, approved_change, commitment, invoice or journal; the last two are job-to-date cost",
    ),
    Column("project", "text", "number of the project"),
    Column("task", "text", "project task, which is the cost code in Procore"),
    Column("segment", "text", "segment, which is the sub job in Procore"),
    Column("cost_type", "text", "cost type"),
    Column("amount", "numeric", "before tax, after discounts, in its currency"),
    Column("currency", "text", "code of the currency, empty for the local one"),
    Column("day", "text", "posting date, empty for what is not posted"),
)
_LINE = (
    Column("record", "text", "UUID of the record of the document"),
    Column("line", "text", "id of the line in Business Central"),
)
_NAMES = tuple(column.name for column in _WHAT)

JOB_COST = Table(
    name="job_cost",
    doc="Costs of projects as Business Central has them, one row for each line of a document that is meant for"
    " Procore.",
    columns=(*_LINE, *_WHAT, Column("valid_from", "bigint", "position of the event since which it reads so")),
    key=("record", "line"),
    indexes=(("connection", "project", "task", "segment", "cost_type"), ("connection", "day")),
)
JOB_COST_HISTORY = Table(
    name="job_cost_history",
    doc="Costs of projects that Business Central had otherwise before; `job_cost` holds what it has now.",
    columns=(
        *_LINE,
        Column("valid_from", "bigint", "position of the event since which it read so"),
        Column("valid_until", "bigint", "position of the event that ended it"),
        *_WHAT,
    ),
    key=("record", "line", "valid_from"),
    indexes=(("connection", "valid_until"), ("connection", "project", "valid_from")),
)
JOB_COST_DOCUMENT = Table(
    name="job_cost_document",
    doc="Which lines of a document stand in `job_cost` now.",
    columns=(
        Column("record", "text", "UUID of the record of the document"),
        Column("connection", "text", "connection that it belongs to"),
        Column("lines", "text", "JSON object: id of a line -> its row in `job_cost`"),
    ),
    key=("record",),
)


def keys(event: Event) -> Keys:
    """What of the document stood so far."""
    if _is_meant(event):
        yield JOB_COST_DOCUMENT, (str(event.originator_id),)


def bodies(event: Event) -> Iterable[str]:
    """The document itself."""
    if isinstance(event, events.Observed) and _is_meant(event):
        yield event.content


def fold(rows: Rows, event: Event, position: int) -> None:
    """A document says something else, or is gone; what took its place speaks for itself."""
    match event:
        case events.Observed() if _is_meant(event):
            document = read_json(rows.body(event.content))
            found = lines_of(event.kind, document, demanded=event.demanded)
            _stand(rows, event, position, {line.line: _row(event, line) for line in found})
        case events.Vanished():
            if not event.replaced_by:
                _stand(rows, event, position, {})
        case _:
            return


def _is_meant(event: Event) -> bool:
    return isinstance(event, events.Vanished) or (
        isinstance(event, events.Observed) and event.kind in KINDS and event.side == "business_central"
    )


def _row(event: events.Observed, line: CostLine) -> Row:
    """A line in the order in which it is kept as text: another one would be another text of the same amounts."""
    return {
        "measure": line.measure,
        "project": line.project,
        "task": line.task,
        "segment": line.segment,
        "cost_type": line.cost_type,
        "amount": money_text(line.amount),
        "currency": line.currency,
        "day": line.day,
        "connection": event.connection,
        "kind": event.kind,
        "document": event.number,
    }


def _stand(rows: Rows, event: Event, position: int, now: Mapping[str, Row]) -> None:
    """These lines stand from here on; the ones that differ end."""
    record = str(event.originator_id)
    known = rows.get(JOB_COST_DOCUMENT, (record,))
    before: dict[str, dict[str, Any]] = msgspec.json.decode(known["lines"]) if known is not None else {}
    if not before and not now:
        return
    after: dict[str, Row] = {}
    for line, old in before.items():
        told = now.get(line)
        if told is not None and all(told[name] == old[name] for name in _NAMES):
            after[line] = old
            continue
        rows.append(JOB_COST_HISTORY, {"record": record, "line": line, **old, "valid_until": position})
        if told is None:
            rows.delete(JOB_COST, (record, line))
    for line, told in now.items():
        if line not in after:
            after[line] = {**told, "valid_from": position}
            rows.put(JOB_COST, {"record": record, "line": line, **after[line]})
    lines = msgspec.json.encode(after).decode()
    rows.put(JOB_COST_DOCUMENT, {"record": record, "connection": event.connection, "lines": lines})


JOB_COSTS = Projection(
    name="job_cost",
    version=1,
    tables=(JOB_COST, JOB_COST_HISTORY, JOB_COST_DOCUMENT),
    topics=(events.Observed.TOPIC, events.Vanished.TOPIC),
    keys=keys,
    bodies=bodies,
    fold=fold,
    skippable=True,
)
