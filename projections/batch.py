"""Answers what people did to many records at once, how far that is, and what came of each record."""

import msgspec

from domain import events
from domain.events import Event
from projections.history import FROM, past_of, replaced
from projections.projection import Column, Keys, Projection, Rows, Table

BATCH = Table(
    name="batch",
    doc="Sets of records that somebody retried, skipped, replayed, settled or took back, each frozen when it was made.",
    columns=(
        Column("batch", "text", "UUID of the batch; its stream in the ledger"),
        Column("connection", "text", "connection that it belongs to"),
        Column("action", "text", "retry, skip, replay, keep-source, keep-target or undo"),
        Column("state", "text", "frozen (not begun), running, ended or cancelled"),
        Column("actor", "text", "who made it"),
        Column("reason", "text", "why, in their words"),
        Column("filter", "text", "JSON object: how the records were chosen"),
        Column("causes", "text", "JSON object: cause -> records, when it was made"),
        Column("members", "text", "SHA-256 of the frozen set"),
        Column("total", "bigint", "members"),
        Column("through", "bigint", "members that had their turn"),
        Column("done", "bigint", "members to which it was done"),
        Column("fine", "bigint", "members that were fine already"),
        Column("barred", "bigint", "members to which it could not be done"),
        Column("created", "text", "when it was made, UTC"),
        Column("moved", "text", "when it went on last, UTC"),
        Column("ended", "text", "when it ended, UTC, else empty"),
        Column("version", "bigint", "events that its own stream holds"),
        FROM,
    ),
    key=("batch",),
    indexes=(("connection", "created"),),
)

BATCH_HISTORY = past_of(
    BATCH,
    "batch_history",
    "How far each batch was before; `batch` holds how far it is now.",
    ("connection", "valid_until", "valid_from"),
)
BOTH = (BATCH, BATCH_HISTORY)

BATCH_RECORD = Table(
    name="batch_record",
    doc="What a batch did to each of its members that had their turn.",
    columns=(
        Column("batch", "text", "UUID of the batch"),
        Column("record", "text", "UUID of the record"),
        Column("flow", "text", "name of the flow"),
        Column("result", "text", "done, fine (nothing was to be done) or barred"),
        Column("why", "text", "in words, empty when it was done"),
        Column("position", "bigint", "position of the event that did it"),
    ),
    key=("batch", "record", "flow"),
)


def keys(event: Event) -> Keys:
    """Rows that an event may change; what a batch does to a record belongs to the story of the batch."""
    match event:
        case events.BatchAdvanced() | events.BatchEnded():
            yield BATCH, (str(event.originator_id),)
        case events.Retried() | events.Skipped() | events.Replayed():
            yield BATCH, (event.correlation_id,)
        case _:
            return


def fold(rows: Rows, event: Event, position: int) -> None:
    """Assigns what an event says."""
    match event:
        case events.BatchFrozen():
            _frozen(rows, event, position)
        case events.BatchAdvanced():
            _advanced(rows, event, position)
        case events.BatchEnded():
            batch = rows.get(BATCH, (str(event.originator_id),))
            if batch is not None:
                at = event.at.isoformat()
                state = "cancelled" if event.cancelled else "ended"
                new = {**batch, "state": state, "ended": at, "version": event.originator_version}
                replaced(rows, BOTH, batch, new, position)
        case events.Retried() | events.Skipped() | events.Replayed():
            if rows.get(BATCH, (event.correlation_id,)) is not None:
                _result(rows, event.correlation_id, str(event.originator_id), event.flow, "done", "", position)
        case _:
            return


def _frozen(rows: Rows, event: events.BatchFrozen, position: int) -> None:
    at = event.at.isoformat()
    replaced(
        rows,
        BOTH,
        None,
        {
            "batch": str(event.originator_id),
            "connection": event.connection,
            "action": event.action,
            "state": "frozen",
            "actor": event.actor,
            "reason": event.reason,
            "filter": msgspec.json.encode(event.filter, order="sorted").decode(),
            "causes": msgspec.json.encode(event.causes, order="sorted").decode(),
            "members": event.members,
            "total": event.total,
            "through": 0,
            "done": 0,
            "fine": 0,
            "barred": 0,
            "created": at,
            "moved": at,
            "ended": "",
            "version": event.originator_version,
        },
        position,
    )


def _advanced(rows: Rows, event: events.BatchAdvanced, position: int) -> None:
    id_ = str(event.originator_id)
    batch = rows.get(BATCH, (id_,))
    if batch is None:
        return
    for left in event.left:
        _result(rows, id_, left.record, left.flow, left.result, left.why, position)
    fine = sum(left.result == "fine" for left in event.left)
    replaced(
        rows,
        BOTH,
        batch,
        {
            **batch,
            "state": "running",
            "through": event.through,
            "done": batch["done"] + event.done,
            "fine": batch["fine"] + fine,
            "barred": batch["barred"] + len(event.left) - fine,
            "moved": event.at.isoformat(),
            "version": event.originator_version,
        },
        position,
    )


def _result(rows: Rows, batch: str, record: str, flow: str, result: str, why: str, position: int) -> None:
    values = (batch, record, flow, result, why, position)
    rows.put(BATCH_RECORD, dict(zip(BATCH_RECORD.names, values, strict=True)))


BATCHES = Projection(
    name="batch",
    version=2,
    tables=(*BOTH, BATCH_RECORD),
    topics=(
        events.BatchFrozen.TOPIC,
        events.BatchAdvanced.TOPIC,
        events.BatchEnded.TOPIC,
        events.Retried.TOPIC,
        events.Skipped.TOPIC,
        events.Replayed.TOPIC,
    ),
    keys=keys,
    fold=fold,
)
