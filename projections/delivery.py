"""What was or is to be carried, and what became of it? The work list of the couriers."""

import msgspec

from domain import events
from domain.events import Event
from projections.projection import Column, Keys, Projection, Rows, Table

DELIVERY = Table(
    name="delivery",
    doc="Everything that was or is to be carried, and what became of it.",
    columns=(
        Column("delivery", "text", "UUID of the delivery"),
        Column("connection", "text", "connection that it belongs to"),
        Column("record", "text", "UUID of the record"),
        Column("flow", "text", "flow that asked for it"),
        Column("part", "text", "piece of the record that it carries"),
        Column("system", "text", "business_central or procore"),
        Column("endpoint", "text", "address of the system, by its name"),
        Column("scope", "text", "JSON object of the ids that the call is about"),
        Column("key", "text", "what identifies the row in the target"),
        Column("body", "text", "SHA-256 of the exact row"),
        Column("target_id", "text", "id in the target, empty before the first success"),
        Column("if_match", "text", "ETag that it was decided on, empty for none"),
        Column("state", "text", "requested, attempted, delayed, confirmed, refused or closed"),
        Column("unsettled", "bigint", "1 when a call was made whose outcome is not known"),
        Column("attempts", "bigint", "calls claimed so far, since the last replay"),
        Column("retry_at", "text", "next attempt, UTC, empty for at once"),
        Column("error", "text", "the remote's own text of the last failure"),
        Column("status", "bigint", "HTTP status of the last answer, 0 for none"),
        Column("request", "text", "SHA-256 of the request body"),
        Column("response", "text", "SHA-256 of the answer body"),
        Column("took_ms", "bigint", "duration of the last call in milliseconds"),
        Column("found", "bigint", "1 when a look, not an answer, showed that the row is there"),
        Column("requested_at", "text", "when it was stored, UTC"),
        Column("settled_at", "text", "when its outcome became final, UTC, else empty"),
        Column("correlation_id", "text", "the story that it belongs to"),
        Column("position", "bigint", "position of the event that stored it"),
    ),
    key=("delivery",),
    indexes=(("connection", "system", "state", "position"), ("record",)),
)


def keys(event: Event) -> Keys:
    """Rows that an event may change."""
    match event:
        case events.Attempted() | events.DeliveryEvent() | events.Closed() | events.Replayed():
            yield DELIVERY, (str(event.delivery),)
        case _:
            return


def fold(rows: Rows, event: Event, position: int) -> None:
    """Assigns what an event says."""
    match event:
        case events.Requested():
            rows.put(DELIVERY, _requested(event, position))
        case events.Attempted():
            _change(rows, event.delivery, state="attempted", unsettled=1, attempts=event.attempt, retry_at="")
        case events.Confirmed():
            _change(
                rows,
                event.delivery,
                state="confirmed",
                unsettled=0,
                target_id=event.target_id,
                found=int(event.found),
                settled_at=event.at.isoformat(),
                **_exchange(event),
            )
        case events.Delayed():
            _change(
                rows,
                event.delivery,
                state="delayed",
                unsettled=int(event.unknown),
                retry_at=event.retry_at.isoformat(),
                error=event.reason,
                **_exchange(event),
            )
        case events.Refused():
            _change(
                rows,
                event.delivery,
                state="refused",
                unsettled=0,
                error=event.message,
                settled_at=event.at.isoformat(),
                **_exchange(event),
            )
        case events.Replayed():
            # What was refused may have taken effect all the same: the next attempt looks before it sends.
            doubt = {"unsettled": 1} if event.reopened else {}
            at = event.at.isoformat()
            _change(rows, event.delivery, state="delayed", attempts=0, retry_at=at, settled_at="", **doubt)
        case events.Closed():
            _change(rows, event.delivery, state="closed", error=event.why, settled_at=event.at.isoformat())
        case _:
            return


def _requested(event: events.Requested, position: int) -> dict[str, str | int]:
    return {
        "delivery": str(event.delivery),
        "connection": event.connection,
        "record": str(event.originator_id),
        "flow": event.flow,
        "part": event.part,
        "system": event.system,
        "endpoint": event.endpoint,
        "scope": msgspec.json.encode(event.scope, order="sorted").decode(),
        "key": event.key,
        "body": event.body,
        "target_id": event.target_id,
        "if_match": event.if_match,
        "state": "requested",
        "unsettled": 0,
        "attempts": 0,
        "retry_at": "",
        "error": "",
        "status": 0,
        "request": "",
        "response": "",
        "took_ms": 0,
        "found": 0,
        "requested_at": event.at.isoformat(),
        "settled_at": "",
        "correlation_id": event.correlation_id,
        "position": position,
    }


def _exchange(event: events.DeliveryEvent) -> dict[str, str | int]:
    return {
        "status": event.status,
        "request": event.request,
        "response": event.response,
        "took_ms": event.took_ms,
    }


def _change(rows: Rows, delivery: object, **fields: str | int) -> None:
    old = rows.get(DELIVERY, (str(delivery),))
    if old is not None:
        rows.put(DELIVERY, {**old, **fields})


DELIVERIES = Projection(
    name="delivery",
    version=2,
    tables=(DELIVERY,),
    topics=(
        events.Requested.TOPIC,
        events.Attempted.TOPIC,
        events.Confirmed.TOPIC,
        events.Delayed.TOPIC,
        events.Refused.TOPIC,
        events.Closed.TOPIC,
        events.Replayed.TOPIC,
    ),
    keys=keys,
    fold=fold,
)
