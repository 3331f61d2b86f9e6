"""Answers what people may accept, and what became of what they accepted: the latest request of each record."""

from domain import events
from domain.events import Event
from projections.history import FROM, past_of, replaced
from projections.projection import Column, Keys, Projection, Row, Rows, Table

APPROVAL = Table(
    name="approval",
    doc="The latest request of each record in each flow that people have to accept. The ledger keeps the earlier ones.",
    columns=(
        Column("record", "text", "UUID of the record"),
        Column("flow", "text", "name of the flow"),
        Column("connection", "text", "connection that it belongs to"),
        Column("kind", "text", "kind of business object"),
        Column("number", "text", "number in its source"),
        Column("title", "text", "name or description"),
        Column("project", "text", "number of its project"),
        Column("amount", "numeric", "what it comes to in its currency, empty where the kind has no amount"),
        Column("hash", "text", "SHA-256 of the content that is asked about; names it in the contents"),
        Column(
            "state",
            "text",
            "ready, waiting (retrieved), declined, resent, accepted, exported, failed, or withdrawn (no longer asked)",
        ),
        Column("why", "text", "why it is asked again, empty the first time"),
        Column("requested_at", "text", "when this content was first asked about, UTC"),
        Column("requested_by", "text", "who asked; whoever sent it again, once it was"),
        Column("decided_at", "text", "when it was accepted, declined or retrieved, UTC, else empty"),
        Column("decided_by", "text", "who did that"),
        Column("comment", "text", "what the last person said"),
        Column("error", "text", "the target's own text where it refused what was accepted"),
        Column("asked", "bigint", "position of the event that asked about this content first"),
        Column("position", "bigint", "position of the last event that changed the row"),
        FROM,
    ),
    key=("record", "flow"),
    indexes=(
        ("connection", "state", "asked"),
        ("connection", "flow", "state", "asked"),
        ("connection", "asked"),
        ("connection", "number"),
    ),
)

APPROVAL_HISTORY = past_of(
    APPROVAL,
    "approval_history",
    "How each request stood before; `approval` holds how it stands now.",
    ("connection", "valid_until", "valid_from"),
)
BOTH = (APPROVAL, APPROVAL_HISTORY)

_OPEN = frozenset({"ready", "resent", "declined", "waiting"})
_STANDING = {"requested": "ready", "resent": "resent", "declined": "declined", "retrieved": "waiting"}


def keys(event: Event) -> Keys:
    """Rows that an event may change."""
    match event:
        case events.Observed() | events.Vanished():
            for flow in event.flows:
                yield APPROVAL, (str(event.originator_id), flow)
        case events.FlowEvent():
            yield APPROVAL, (str(event.originator_id), event.flow)
        case _:
            return


def fold(rows: Rows, event: Event, position: int) -> None:
    """Assigns what an event says."""
    match event:
        case events.Observed() | events.Vanished():
            for flow in event.flows:
                _withdraw(rows, event, flow, position)
        case events.ApprovalRequested():
            _ask(rows, event, position)
        case events.ApprovalEvent():
            _answer(rows, event, position)
        case events.FlowEvent():
            _carry(rows, event, position)
        case _:
            return


def _ask(rows: Rows, event: events.ApprovalRequested, position: int) -> None:
    old = rows.get(APPROVAL, (str(event.originator_id), event.flow))
    same = old is not None and old["hash"] == event.hash
    if old is not None and same and (event.standing != "requested" or not old["decided_at"]):
        _change(rows, old, position, state=_STANDING[event.standing])  # its source moved and came back
        return
    replaced(
        rows,
        BOTH,
        old,
        {
            "record": str(event.originator_id),
            "flow": event.flow,
            "connection": event.connection,
            "kind": event.kind,
            "number": event.number,
            "title": event.title,
            "project": event.project,
            "amount": event.amount,
            "hash": event.hash,
            "state": _STANDING[event.standing],
            "why": event.why,
            "requested_at": event.at.isoformat(),
            "requested_by": event.actor,
            "decided_at": "",
            "decided_by": "",
            "comment": "",
            "error": "",
            "asked": position,
            "position": position,
        },
        position,
    )


def _answer(rows: Rows, event: events.ApprovalEvent, position: int) -> None:
    old = rows.get(APPROVAL, (str(event.originator_id), event.flow))
    if old is None:
        return
    at, by = event.at.isoformat(), event.actor
    decided = {"decided_at": at, "decided_by": by, "comment": event.comment}
    match event:
        case events.ApprovalAccepted():
            _change(rows, old, position, state="accepted", **decided)
        case events.ApprovalDeclined():
            _change(rows, old, position, state="declined", **decided)
        case events.ApprovalRetrieved():
            _change(rows, old, position, state="waiting", **decided)
        case _:
            _change(
                rows,
                old,
                position,
                state="resent",
                requested_at=at,
                requested_by=by,
                decided_at="",
                decided_by="",
                comment=event.comment,
            )


def _carry(rows: Rows, event: events.FlowEvent, position: int) -> None:
    """What becomes of the record otherwise: a request ends where it is decided differently."""
    old = rows.get(APPROVAL, (str(event.originator_id), event.flow))
    if old is None or old["state"] in ("exported", "withdrawn"):
        return
    accepted = old["state"] in ("accepted", "failed")
    match event:
        case events.Synced():
            _change(rows, old, position, state="exported" if accepted else "withdrawn", error="")
        case events.Excluded() | events.Tombstoned() | events.Adopted() | events.Unlinked() | events.Reset():
            _change(rows, old, position, state="withdrawn")
        case events.Parked() | events.Rejected() | events.Conflicted() if not accepted:
            _change(rows, old, position, state="withdrawn")
        case events.Refused() if accepted:
            _change(rows, old, position, state="failed", error=event.message)
        case events.Parked() | events.Retried() if accepted:
            _change(rows, old, position, state="accepted", error="")
        case _:
            return


def _withdraw(rows: Rows, event: Event, flow: str, position: int) -> None:
    """What the source says now was not asked yet."""
    old = rows.get(APPROVAL, (str(event.originator_id), flow))
    if old is not None and old["state"] in _OPEN:
        _change(rows, old, position, state="withdrawn")


def _change(rows: Rows, old: Row, position: int, **fields: str) -> None:
    replaced(rows, BOTH, old, {**old, **fields, "position": position}, position)


APPROVALS = Projection(
    name="approval",
    version=2,
    tables=BOTH,
    topics=tuple(
        event.TOPIC
        for event in (
            events.Observed,
            events.Vanished,
            events.ApprovalRequested,
            events.ApprovalAccepted,
            events.ApprovalDeclined,
            events.ApprovalRetrieved,
            events.ApprovalResent,
            events.Parked,
            events.Rejected,
            events.Excluded,
            events.Conflicted,
            events.Tombstoned,
            events.Adopted,
            events.Unlinked,
            events.Reset,
            events.Synced,
            events.Refused,
            events.Retried,
        )
    ),
    keys=keys,
    fold=fold,
)
