"""Answers which costs of Business Central became direct costs of Procore, and which could not, and why.

Posted invoices stand here too: by setting they become direct costs or invoices of their commitment, and a report takes
them where the setting says so.
"""

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from domain import events, states
from domain.costs import lines_of
from domain.decide import FLAG_OFF
from domain.events import Event
from domain.states import Status
from domain.values import money_text, read_json
from projections.projection import Column, Keys, Projection, Row, Rows, Table
from projections.record_state import reasons_of

FLOWS = frozenset({"project-journal-to-direct-cost", "posted-invoice-to-commitment-invoice"})
KINDS = frozenset({"journal_entry", "posted_invoice"})
_ON_THE_WAY = frozenset({"synced", "deleted", "pending", "in-flight"})
"""States of what is in Procore, or is being carried, or is gone."""

_COST = (
    Column("record", "text", "UUID of the record"),
    Column("flow", "text", "name of the flow"),
    Column("connection", "text", "connection that it belongs to"),
    Column("kind", "text", "journal_entry or posted_invoice"),
    Column("number", "text", "entry number, or number of the posted invoice"),
    Column("title", "text", "description"),
    Column("project", "text", "number of the project"),
    Column("task", "text", "project task, empty where its lines have several"),
    Column("segment", "text", "segment, empty where its lines have several"),
    Column("cost_type", "text", "cost type, empty where its lines have several"),
    Column("day", "text", "posting date"),
    Column("amount", "numeric", "before tax, after discounts, in its currency"),
    Column("currency", "text", "code of the currency, empty for the local one"),
)
DIRECT_COST = Table(
    name="direct_cost",
    doc="Posted costs of Business Central that are meant for Procore, and where each of them stands.",
    columns=(
        *_COST,
        Column("state", "text", "one of the eleven states"),
        Column("reasons", "text", "JSON list of texts: why it is in this state"),
        Column("retry_at", "text", "next attempt of a failed record, UTC, else empty"),
        Column("since", "text", "when it entered this state, UTC"),
        Column("open", "bigint", "deliveries without a final outcome"),
        Column("refused", "bigint", "deliveries refused since the source last changed"),
        Column("todo", "bigint", "1 when a decision is owed"),
        Column("position", "bigint", "position of its last event"),
    ),
    key=("record", "flow"),
    indexes=(("connection", "state"), ("connection", "project", "day")),
)
UNSYNCABLE = Table(
    name="unsyncable_direct_cost",
    doc="Posted costs that are not in Procore, each once with its reasons; a row is gone as soon as it is carried.",
    columns=(
        *_COST,
        Column("state", "text", "parked, rejected, dead, conflict, failed, awaiting-approval or excluded"),
        Column("reason", "text", "why, in words"),
        Column("since", "text", "when it entered this state, UTC"),
        Column("position", "bigint", "position of the event that said so last"),
    ),
    key=("record", "flow"),
    indexes=(("connection", "project", "day"),),
)
_SHARED = tuple(column.name for column in _COST)


def keys(event: Event) -> Keys:
    """The rows of both tables."""
    for flow in _flows(event):
        yield DIRECT_COST, (str(event.originator_id), flow)


def bodies(event: Event) -> Iterable[str]:
    """The document, for its figures."""
    if isinstance(event, events.Observed) and _flows(event):
        yield event.content


def fold(rows: Rows, event: Event, position: int) -> None:
    """A transaction is seen, or goes on in its flow."""
    for flow in _flows(event):
        record = str(event.originator_id)
        old = rows.get(DIRECT_COST, (record, flow))
        if isinstance(event, events.Observed):
            told = {"record": record, "flow": flow, **_figures(rows, event)}
        elif old is not None:
            told = old
        else:
            continue  # nothing is known of it
        _moved(rows, event, told, old, position)


def _flows(event: Event) -> Iterable[str]:
    match event:
        case events.Observed():
            return [flow for flow in event.flows if flow in FLOWS] if event.kind in KINDS else ()
        case events.Vanished():
            return [flow for flow in event.flows if flow in FLOWS]
        case events.LinkageRefused():
            return ()
        case events.FlowEvent():
            return (event.flow,) if event.flow in FLOWS else ()
        case _:
            return ()


def _figures(rows: Rows, event: events.Observed) -> Row:
    """Of all its lines; a dimension in which they differ stays empty. One that is flagged no more keeps no figure."""
    lines = lines_of(event.kind, read_json(rows.body(event.content)), demanded=event.demanded)

    def common(name: str) -> str:
        found = {str(getattr(line, name)) for line in lines}
        return found.pop() if len(found) == 1 else ""

    return {
        "connection": event.connection,
        "kind": event.kind,
        "number": event.number,
        "title": event.title,
        "project": event.project,
        **{name: common(name) for name in ("task", "segment", "cost_type", "day", "currency")},
        "amount": money_text(sum((line.amount for line in lines), Decimal(0))),
    }


def _moved(rows: Rows, event: Event, told: Row, old: Row | None, position: int) -> None:
    before = Status(old["state"], old["open"], old["refused"], bool(old["todo"])) if old is not None else states.NEW
    now = states.after(before, event)
    reasons, retry_at = reasons_of(event, old)
    row = {
        **told,
        "state": now.state,
        "reasons": reasons,
        "retry_at": retry_at,
        "since": old["since"] if old is not None and old["state"] == now.state else event.at.isoformat(),
        "open": now.open,
        "refused": now.refused,
        "todo": int(now.todo),
        "position": position,
    }
    rows.put(DIRECT_COST, row)
    if _is_listed(row):
        shared = {name: row[name] for name in (*_SHARED, "state", "since", "position")}
        rows.put(UNSYNCABLE, {**shared, "reason": "; ".join(msgspec.json.decode(reasons)) or now.state})
    elif old is not None and _is_listed(old):
        rows.delete(UNSYNCABLE, (row["record"], row["flow"]))


def _is_listed(row: Row) -> bool:
    """It can not go, and not because its flag is off."""
    state = row["state"]
    return state not in _ON_THE_WAY and not (state == "excluded" and msgspec.json.decode(row["reasons"]) == [FLAG_OFF])


DIRECT_COSTS = Projection(
    name="direct_cost",
    version=1,
    tables=(DIRECT_COST, UNSYNCABLE),
    topics=tuple(
        event.TOPIC
        for event in events.EVENTS.values()
        if issubclass(event, events.Observed | events.Vanished | events.FlowEvent)
    ),
    mentions=tuple(sorted(FLOWS)),
    keys=keys,
    bodies=bodies,
    fold=fold,
    skippable=True,
)
