"""Answers who did what: everything that a person or a token did, with what it was before, and why."""

import msgspec

from domain import events
from domain.events import Event
from projections.event_log import summary
from projections.projection import Column, Keys, Projection, Rows, Table

SYSTEM = "system"
_encode = msgspec.json.Encoder(order="sorted").encode

ACT = Table(
    name="act",
    doc="Everything that somebody did who is not the hub itself, and everything that was refused.",
    columns=(
        Column("position", "bigint", "position in the ledger"),
        Column("at", "text", "when it happened, UTC"),
        Column("connection", "text", "connection that it belongs to, empty for the hub as a whole"),
        Column("actor", "text", "who did it: user, token or command line, by name"),
        Column("action", "text", "stored name and version of the event"),
        Column("object", "text", "what it was done to: user NAME, token NAME, record UUID and flow, batch, plan, keys"),
        Column("record", "text", "UUID of the record or of the stream that it belongs to"),
        Column("before", "text", "how the object stood after the act before, empty where none is known"),
        Column("after", "text", "how the object stands since, empty for what changes nothing"),
        Column("reason", "text", "why, in the words of whoever did it, or of the rule that refused it"),
        Column("summary", "text", "what happened, in one line"),
    ),
    key=("position",),
    indexes=(("connection", "position"), ("actor", "position"), ("object", "position"), ("action", "position")),
)

ACT_OBJECT = Table(
    name="act_object",
    doc="How each thing stands that somebody acted on: what the next act finds before it.",
    columns=(
        Column("object", "text", "what was acted on"),
        Column("after", "text", "how it stands"),
        Column("position", "bigint", "position of the act"),
    ),
    key=("object",),
)


def keys(event: Event) -> Keys:
    """How the object stood before."""
    if _counts(event):
        yield ACT_OBJECT, (_object(event),)


def fold(rows: Rows, event: Event, position: int) -> None:
    """One row for each act."""
    if not _counts(event):
        return
    object_, after = _object(event), _after(event)
    known = rows.get(ACT_OBJECT, (object_,))
    if after:
        rows.put(ACT_OBJECT, {"object": object_, "after": after, "position": position})
    if event.actor == SYSTEM:
        return
    rows.append(
        ACT,
        {
            "position": position,
            "at": event.at,
            "connection": event.connection,
            "actor": event.actor,
            "action": event.TOPIC,
            "object": object_,
            "record": str(event.originator_id),
            "before": known["after"] if known and after else "",
            "after": after,
            "reason": _reason(event),
            "summary": summary(event),
        },
    )


def _counts(event: Event) -> bool:
    """Of what the hub does by itself only what people answer counts, as what was there before them."""
    return event.actor != SYSTEM or isinstance(event, events.ApprovalRequested)


def _object(event: Event) -> str:  # noqa: C901, PLR0911, PLR0912 - as below
    match event:
        case events.UserPut() | events.UserRemoved():
            return f"user {event.name}"
        case events.SessionStarted() | events.SessionEnded() | events.SessionsEnded():
            return f"session of {event.name}"
        case events.SignInLinkMade() | events.SignInLinkUsed():
            return f"sign-in link of {event.name}"
        case events.TokenCreated() | events.TokenRevoked():
            return f"token {event.name}"
        case events.AccessRefused():
            return f"right to {event.action}"
        case events.PlanMade() | events.PlanStarted() | events.PlanEnded():
            return f"plan {event.plan[:12]}"
        case events.BatchFrozen() | events.BatchAdvanced() | events.BatchEnded():
            return f"batch {event.originator_id}"
        case events.ConnectionPaused() | events.ConnectionResumed():
            return f"connection {event.connection}"
        case events.CauseMuted() | events.CauseUnmuted():
            return f"cause {event.cause} of {event.connection}"
        case events.KeysRotated():
            return "keys of what is secret"
        case events.SigningKeyMade():
            return "key that signs heads"
        case events.FlowEvent():
            return f"record {event.originator_id} in {event.flow}"
        case _:
            return f"{event.TOPIC.partition('.')[0]} {event.originator_id}"


def _after(event: Event) -> str:  # noqa: C901, PLR0911, PLR0912 - one line for each kind of act reads best
    match event:
        case events.UserPut():
            return _encode({"roles": event.roles, "rights": event.rights}).decode()
        case events.UserRemoved():
            return "removed"
        case events.TokenCreated():
            wish = {"role": event.role, "connections": event.connections, "expires": event.expires_at}
            return _encode({**wish, "approve": event.approve}).decode()
        case events.TokenRevoked():
            return "revoked"
        case events.SessionStarted():
            return "signed in"
        case events.SessionEnded() | events.SessionsEnded():
            return "signed out"
        case events.SignInLinkMade():
            return f"made, until {event.ends_at.isoformat()}"
        case events.SignInLinkUsed():
            return "used"
        case events.ApprovalRequested():
            return event.standing
        case events.ApprovalAccepted():
            return "accepted"
        case events.ApprovalDeclined():
            return "declined"
        case events.ApprovalRetrieved():
            return "retrieved"
        case events.ApprovalResent():
            return "resent"
        case events.Adopted():
            return f"linked to {event.link.procore_resource} {event.link.procore_id}"
        case events.Unlinked():
            return "unlinked"
        case events.Reset():
            return "reset"
        case events.Skipped():
            return "skipped"
        case events.Retried():
            return "retried"
        case events.Replayed():
            return "replayed"
        case events.BatchFrozen():
            return f"{event.action} of {event.total}"
        case events.BatchEnded():
            return "cancelled" if event.cancelled else "done"
        case events.ConnectionPaused():
            return "paused"
        case events.ConnectionResumed():
            return "at work"
        case events.CauseMuted():
            return f"muted until {event.until.isoformat()}"
        case events.CauseUnmuted():
            return "not muted"
        case events.PlanMade():
            return "made"
        case events.PlanStarted():
            return "started"
        case events.PlanEnded():
            return event.result
        case events.KeysRotated() | events.SigningKeyMade():
            return event.key
        case _:
            return ""


def _reason(event: Event) -> str:
    match event:
        case events.ApprovalEvent():
            return event.comment
        case events.AccessRefused() | events.BatchFrozen():
            return event.reason
        case events.ConnectionPaused() | events.ConnectionResumed() | events.CauseMuted() | events.CauseUnmuted():
            return event.reason
        case events.Adopted() | events.Unlinked() | events.Reset():
            return event.reason
        case events.LinkageRefused():
            return event.message
        case events.Skipped():
            return event.rule
        case events.PlanEnded():
            return event.why
        case _:
            return ""


ACTS = Projection(
    name="act",
    version=1,
    tables=(ACT, ACT_OBJECT),
    topics=tuple(events.EVENTS),
    keys=keys,
    fold=fold,
)
