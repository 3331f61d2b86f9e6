"""Answers where every record stands: one row for each, one for each in a flow, and what the parked wait for."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any
from uuid import UUID

import msgspec

from domain import events, states
from domain.causes import FailureCause, cause_of
from domain.events import Event
from domain.flows import BY_NAME
from domain.states import Status
from projections import failures, history
from projections.projection import Column, Keys, Projection, Row, Rows, Table

Get = Callable[[Table, Sequence[Any]], Row | None]

RECORD = Table(
    name="record",
    doc="What the hub knows of each record, as its source last showed it.",
    columns=(
        Column("record", "text", "UUID of the record; its stream in the ledger"),
        Column("connection", "text", "connection that it belongs to"),
        Column("kind", "text", "kind of business object"),
        Column("number", "text", "number or code by which people and other records know it; parts joined with |"),
        Column("title", "text", "name or description"),
        Column("project", "text", "number of its project, empty for company-wide records"),
        Column("facet", "text", "sort within its kind, such as the type of a project task"),
        Column("marks", "text", "its switches that other records depend on, each between blanks"),
        Column("member_of", "text", "group that it belongs to, such as the document of an entry"),
        Column("side", "text", "system of origin"),
        Column("entity_set", "text", "set of the origin, empty for derived records"),
        Column("source_id", "text", "immutable id in the origin"),
        Column("content", "text", "SHA-256 of what the origin held last"),
        Column("demanded", "bigint", "1 when another record's need brought it in"),
        Column("vanished", "bigint", "1 when the origin removed it"),
        Column("at", "text", "when it was last seen to change, UTC"),
        Column("position", "bigint", "position of that event in the ledger"),
    ),
    key=("record",),
    indexes=(
        ("connection", "kind", "number"),
        ("connection", "source_id"),
        ("connection", "number"),
        ("connection", "kind", "member_of"),
        ("connection", "kind", "project", "demanded"),
    ),
)

RECORD_STATE = Table(
    name="record_state",
    doc="Where each record stands in each flow that it takes part in.",
    columns=(
        Column("record", "text", "UUID of the record"),
        Column("flow", "text", "name of the flow"),
        Column("connection", "text", "connection that it belongs to"),
        Column("kind", "text", "kind of business object"),
        Column("number", "text", "number in its source"),
        Column("title", "text", "name or description"),
        Column("project", "text", "number of its project"),
        Column("state", "text", "one of the eleven states"),
        Column("reasons", "text", "JSON list of texts: why it is in this state"),
        Column("cause", "text", "cause of what went wrong last, empty when nothing did"),
        Column("waits_for", "text", "JSON list of {kind, key, text}: what a parked record waits for"),
        Column("retry_at", "text", "next attempt of a failed record, UTC, else empty"),
        Column("since", "text", "when it entered this state, UTC"),
        Column("open", "bigint", "deliveries without a final outcome"),
        Column("refused", "bigint", "deliveries refused since the source last changed"),
        Column("todo", "bigint", "1 when a decision is owed"),
        Column("joined", "bigint", "position at which it was last joined to a counterpart, 0 for never"),
        Column("position", "bigint", "position of its last event"),
        history.FROM,
    ),
    key=("record", "flow"),
    indexes=(
        ("connection", "todo", "position"),
        ("connection", "state", "flow"),
        ("connection", "valid_from", "state"),
        ("connection", "kind", "number"),
        ("connection", "project", "valid_from"),
    ),
)

WAIT = Table(
    name="wait",
    doc="What parked records wait for, a row for each thing.",
    columns=(
        Column("record", "text", "the parked record"),
        Column("flow", "text", "its flow"),
        Column("place", "bigint", "place in the list of what it waits for"),
        Column("connection", "text", "connection that it belongs to"),
        Column("on_kind", "text", "kind of the record waited for, or fact"),
        Column("on_key", "text", "its number, or the name of the fact"),
    ),
    key=("record", "flow", "place"),
    indexes=(("connection", "on_kind", "on_key"),),
)


def keys(event: Event) -> Keys:
    """Rows that an event may change."""
    record = str(event.originator_id)
    match event:
        case events.Observed() | events.Vanished():
            yield RECORD, (record,)
            for flow in event.flows:
                yield RECORD_STATE, (record, flow)
        case events.LinkageRefused() | events.DriftFound() | events.DriftSettled():
            return
        case events.FlowEvent():
            yield RECORD, (record,)
            yield RECORD_STATE, (record, event.flow)
        case _:
            return


def further(page: Sequence[Event], get: Get) -> Keys:
    """The groups of failures that records of this page may leave or join; an observation may move them to a project."""
    projects: dict[UUID, set[str]] = {}
    causes: dict[tuple[str, UUID, str], set[str]] = {}
    for event in page:
        match event:
            case events.Observed() | events.Vanished():
                if isinstance(event, events.Observed):
                    projects.setdefault(event.originator_id, set()).add(event.project)
                for flow in event.flows:
                    causes.setdefault((event.connection, event.originator_id, flow), set())
            case events.LinkageRefused() | events.DriftFound() | events.DriftSettled():
                continue  # nothing changed, so no row of its record was asked for
            case events.FlowEvent():
                found = cause_of(event)
                told = causes.setdefault((event.connection, event.originator_id, event.flow), set())
                told.update([found.code] if found else ())
            case _:
                continue
    for (connection, id_, flow), told in causes.items():
        old = get(RECORD_STATE, (str(id_), flow))
        if old is not None and old["cause"]:
            told.add(old["cause"])
        if told:
            known = get(RECORD, (str(id_),)) or {"project": ""}
            places = {known["project"], old["project"] if old is not None else "", "", *projects.get(id_, ())}
            yield from failures.groups(connection, told, places)


def fold(rows: Rows, event: Event, position: int) -> None:
    """Assigns what an event says."""
    match event:
        case events.Observed():
            _observed(rows, event, position)
        case events.Vanished():
            known = rows.get(RECORD, (str(event.originator_id),))
            if known is not None:
                history.over(rows, history.RECORD_HISTORY, known, position, "position")
                rows.put(RECORD, {**known, "vanished": 1, "at": event.at.isoformat(), "position": position})
            for flow in event.flows:
                _moved(rows, event, flow, position)
        case events.LinkageRefused() | events.DriftFound() | events.DriftSettled():
            return  # nothing changed
        case events.DriftResolved() if not event.again:
            return
        case events.FlowEvent():
            _moved(rows, event, event.flow, position)
        case _:
            return


def _observed(rows: Rows, event: events.Observed, position: int) -> None:
    record = str(event.originator_id)
    known = rows.get(RECORD, (record,))
    if known is not None:
        history.over(rows, history.RECORD_HISTORY, known, position, "position")
    rows.put(
        RECORD,
        {
            "record": record,
            "connection": event.connection,
            "kind": event.kind,
            "number": event.number,
            "title": event.title,
            "project": event.project,
            "facet": event.facet,
            "marks": "".join(f" {mark} " for mark in event.marks),
            "member_of": event.member_of,
            "side": event.side,
            "entity_set": event.entity_set,
            "source_id": event.source_id,
            "content": event.content,
            "demanded": int(event.demanded),
            "vanished": 0,
            "at": event.at.isoformat(),
            "position": position,
        },
    )
    for flow in event.flows:
        _moved(rows, event, flow, position)


def _moved(rows: Rows, event: Event, flow: str, position: int) -> None:
    record = str(event.originator_id)
    old = rows.get(RECORD_STATE, (record, flow))
    known = rows.get(RECORD, (record,)) or {}
    before = Status(old["state"], old["open"], old["refused"], bool(old["todo"])) if old is not None else states.NEW
    now = states.after(before, event)
    at = event.at.isoformat()
    reasons, retry_at = reasons_of(event, old)
    found = cause_of(event)
    row = {
        "record": record,
        "flow": flow,
        "connection": event.connection,
        "kind": BY_NAME[flow].kind if flow in BY_NAME else known.get("kind", ""),
        "number": known.get("number", ""),
        "title": known.get("title", ""),
        "project": known.get("project", ""),
        "state": now.state,
        "reasons": reasons,
        "cause": _cause(event, old, found),
        "waits_for": _waits(event, old, now),
        "retry_at": retry_at,
        "since": old["since"] if old is not None and old["state"] == now.state else at,
        "open": now.open,
        "refused": now.refused,
        "todo": int(now.todo),
        "joined": position if _joins(event) else (old["joined"] if old is not None else 0),
        "position": position,
    }
    row["valid_from"] = history.moved(rows, old, row, position)
    rows.put(RECORD_STATE, row)
    failures.moved(rows, event, old, row, found)
    if (old is not None and old["state"] == "parked") or now.state == "parked":
        _rewait(rows, event, record, flow, now)


def _joins(event: Event) -> bool:
    """Others may refer to the record's counterpart from here on."""
    return isinstance(event, events.Linked) or (isinstance(event, events.Adopted) and not event.part)


def _rewait(rows: Rows, event: Event, record: str, flow: str, now: Status) -> None:
    if now.state == "parked" and not isinstance(event, events.Parked):
        return
    rows.clear(WAIT, (record, flow))
    if isinstance(event, events.Parked):
        for place, wait in enumerate(event.waits):
            rows.put(
                WAIT,
                {
                    "record": record,
                    "flow": flow,
                    "place": place,
                    "connection": event.connection,
                    "on_kind": wait.kind,
                    "on_key": wait.key,
                },
            )


def _waits(event: Event, old: dict[str, str] | None, now: Status) -> str:
    if isinstance(event, events.Parked):
        return _json([{"kind": wait.kind, "key": wait.key, "text": wait.text} for wait in event.waits])
    return old["waits_for"] if old is not None and now.state == "parked" else "[]"


def reasons_of(event: Event, old: dict[str, Any] | None) -> tuple[str, str]:
    """Why the record is in its state, and when the next attempt is due."""
    match event:
        case events.Delayed():
            return _json(dict.fromkeys([*_refusals(old), event.reason])), event.retry_at.isoformat()
        case events.Refused():
            return _json([*_refusals(old), f"{event.part}: {event.message}"][-20:]), ""
        case events.Requested() | events.Attempted():
            return _json(_refusals(old)), ""
        case events.Confirmed() | events.Linked() | events.Closed():
            return (old["reasons"], old["retry_at"]) if old is not None else ("[]", "")
        case events.Observed() | events.Vanished() if old is not None and old["open"]:
            return old["reasons"], old["retry_at"]
        case _:
            return _json(_said(event)), ""


def _cause(event: Event, old: Row | None, found: FailureCause | None) -> str:
    """What stands in the way, as `reasons_of` tells it: a refusal counts until the source changes."""
    before = old["cause"] if old is not None else ""
    match event:
        case events.Delayed() | events.Refused() if found is not None:
            return before if old is not None and old["refused"] and before else found.code
        case events.Requested() | events.Attempted():
            return before if old is not None and old["refused"] else ""
        case events.Confirmed() | events.Linked() | events.Closed():
            return before
        case events.Observed() | events.Vanished() if old is not None and old["open"]:
            return before
        case _:
            return found.code if found is not None else ""


def _said(event: Event) -> Iterable[str]:  # noqa: PLR0911 - one line for each kind of decision reads best
    """What a decision gives as its reasons."""
    match event:
        case events.Parked():
            return [wait.text for wait in event.waits]
        case events.Rejected():
            return [violation.message for violation in event.violations]
        case events.Excluded() | events.Skipped():
            return [event.rule]
        case events.Conflicted():
            return [event.reason]
        case events.Synced():
            return event.warnings
        case events.Unlinked():
            return [f"unlinked by {event.actor}" + (f": {event.reason}" if event.reason else "")]
        case events.Tombstoned() if event.closed:
            return ["deleted; only a link or a reset brings it back"]
        case events.ApprovalRequested() | events.ApprovalEvent():
            return [approval_in_words(event)]
        case _:
            return ()


def approval_in_words(event: events.ApprovalRequested | events.ApprovalEvent) -> str:
    """What is asked of people, or what one of them did about it."""
    match event:
        case events.ApprovalRequested():
            asked = "waits for an accounting approver to accept it"
            standing = f"was {event.standing} before, and is the same" if event.standing != "requested" else asked
            return standing + (f": {event.why}" if event.why else "")
        case events.ApprovalEvent():
            deed = event.TOPIC.split(".")[1]
            return f"{deed} by {event.actor}" + (f": {event.comment}" if event.comment else "")


def _refusals(old: dict[str, Any] | None) -> list[str]:
    """What was refused since the source last changed: every refused part stays a reason until then."""
    return msgspec.json.decode(old["reasons"], type=list[str]) if old is not None and old["refused"] else []


def _json(value: Iterable[object]) -> str:
    return msgspec.json.encode(list(value)).decode()


RECORD_STATES = Projection(
    name="record_state",
    version=6,
    tables=(
        RECORD,
        RECORD_STATE,
        WAIT,
        history.RECORD_HISTORY,
        history.STATE_HISTORY,
        failures.FAILURE,
        failures.FAILURE_JOB,
        failures.FAILURE_GROUP,
    ),
    topics=tuple(
        event.TOPIC
        for event in events.EVENTS.values()
        if issubclass(event, events.Observed | events.Vanished | events.FlowEvent)
    ),
    keys=keys,
    further=further,
    fold=fold,
)
