"""The accounting gate as people use it: what waits, what exactly it is, and what people do about it.

From the ledger alone: no remote is asked. Who may do what is checked by whoever calls; four eyes are checked here.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
from msgspec import Struct

from domain import approval, events
from domain.approval import Deed, Objection
from domain.flows import BY_NAME
from domain.memory import FlowMemory
from domain.values import chunks
from hub.app import Hub
from hub.cursors import position_in
from hub.mappings import in_force
from hub.operations.documents import Document, differences, document_of, settled_document
from hub.operations.failures import on_connections
from hub.records import Records
from hub.report import ExitStatus, Halted
from projections.approval import APPROVAL

LIMIT = 100
MOST = 1000
"""Rows of one page at the most, and requests that one call decides on."""
OPEN = ("ready", "resent")
"""States in which an approver may accept or decline."""

DEEDS: tuple[Deed, ...] = ("accept", "decline", "retrieve", "resend")

State = Literal["ready", "waiting", "declined", "resent", "accepted", "exported", "failed", "withdrawn"]


class ApprovalFilter(Struct, frozen=True, kw_only=True):
    """Which requests are meant; empty for no limit. `not_by` leaves out what this actor asked for (waiting on me).

    `within` holds the connections that whoever asks may touch, None for every one.
    """

    connection: str = ""
    flow: str = ""
    kind: str = ""
    project: str = ""
    number: str = ""
    states: tuple[State, ...] = ()
    not_by: str = ""
    within: tuple[str, ...] | None = None


class Request(Struct, frozen=True, kw_only=True):
    """One request: a row of the table `approval`.

    Shape   `id` is the record's UUID and, after a stroke, the flow; `amount` is decimal text, empty for none
    Units   `age_seconds` since it was asked; moments UTC
    """

    id: str
    record: str
    flow: str
    connection: str
    kind: str
    number: str
    title: str
    project: str
    amount: str
    hash: str
    state: State
    why: str
    requested_at: str
    requested_by: str
    decided_at: str
    decided_by: str
    comment: str
    error: str
    age_seconds: int


class Page(Struct, frozen=True):
    """Rows of a list, the oldest first, and where the next page begins, None at the end."""

    items: list[Request]
    next_cursor: str | None = None


class Remark(Struct, frozen=True):
    """One step in the story of a request."""

    at: str
    actor: str
    deed: str
    comment: str
    hash: str


class Review(Struct, frozen=True, kw_only=True):
    """A request as whoever decides reads it.

    document     header, lines and total as they will be sent, from the frozen content that the hash names
    differences  against what the target is known to hold; empty before the first time
    parts        every row in the order in which it goes, ids of other records by name
    whole        all rows could be told; otherwise the rest follows from the document and the settings
    settings     the flow's settings that say what is sent
    story        everything that was said about this record before, the oldest first
    allowed      deed -> why this actor can't do it, empty where it can be done; violations there are none, as what
                 breaks a rule is never asked
    """

    request: Request
    document: Document
    differences: list[dict[str, Any]]
    parts: list[dict[str, Any]]
    whole: bool
    settings: dict[str, Any]
    story: list[Remark]
    allowed: dict[str, str]


async def listed(hub: Hub, wanted: ApprovalFilter, cursor: str = "", limit: int = LIMIT) -> Page:
    """Requests, the oldest first.

    Raises  Halted (wrong use) for a cursor that no page gave.
    """
    limit = max(1, min(limit, MOST))
    condition, values = condition_of(hub, wanted)
    rows = await hub.ledger.rows(
        f"SELECT {', '.join(APPROVAL.names)} FROM approval WHERE asked > ?{condition} ORDER BY asked LIMIT ?",  # noqa: S608 - built from columns
        (position_in(cursor) if cursor else 0, *values, limit + 1),
    )
    items = [request_of(row, hub.clock.now()) for row in rows[:limit]]
    following = str(rows[limit - 1][APPROVAL.names.index("asked")]) if len(rows) > limit else None
    return Page(items, following)


async def counted(
    hub: Hub, connection: str = "", *, within: tuple[str, ...] | None = None, not_by: str = ""
) -> dict[str, dict[str, int]]:
    """Flow -> state -> requests, for the tabs; `not_by` leaves out what this actor asked for."""
    condition, values = condition_of(hub, ApprovalFilter(connection=connection, within=within, not_by=not_by))
    rows = await hub.ledger.rows(
        f"SELECT flow, state, COUNT(*) FROM approval WHERE 1 = 1{condition} GROUP BY flow, state ORDER BY flow, state",  # noqa: S608 - built from columns
        values,
    )
    found: dict[str, dict[str, int]] = {}
    for flow, state, number in rows:
        found.setdefault(flow, {})[state] = number
    return found


async def of_records(hub: Hub, records: Collection[str], within: tuple[str, ...]) -> list[Request]:
    """The requests of these records, on these connections; for pages that follow what happens."""
    condition, values = on_connections(hub, "", within)
    these, parameter = hub.ledger.in_list("record", sorted(records))
    rows = await hub.ledger.rows(
        f"SELECT {', '.join(APPROVAL.names)} FROM approval WHERE {these}{condition} ORDER BY asked",  # noqa: S608 - built from columns
        (parameter, *values),
    )
    return [request_of(row, hub.clock.now()) for row in rows]


async def review(hub: Hub, id_: str, actor: str) -> Review:
    """One request, whole.

    Raises  Halted (wrong use) for an id that nothing has, or that several have.
    """
    request = await one(hub, id_)
    record_id = UUID(request.record)
    records = Records(hub.ledger, request.connection)
    record = (await records.load([record_id]))[record_id]
    flow = BY_NAME[request.flow]
    frozen = approval.read((await hub.ledger.contents([request.hash]))[request.hash])
    happened = (await hub.ledger.load([record_id]))[record_id]
    before = await settled_document(hub.ledger, flow, record, await in_force(hub.ledger, request.connection))
    memory = record.flow(request.flow)
    four_eyes = asks_four_eyes(hub, request.connection, request.flow)
    return Review(
        request=request,
        document=document_of(frozen, request.amount),
        differences=differences(before, frozen.document) if before is not None else [],
        parts=[msgspec.to_builtins(part) for part in frozen.parts],
        whole=frozen.whole,
        settings=frozen.settings,
        story=[
            Remark(
                event.at.isoformat(),
                event.actor,
                event.TOPIC.split(".")[1],
                event.why if isinstance(event, events.ApprovalRequested) else event.comment,
                event.hash,
            )
            for event in happened
            if isinstance(event, events.ApprovalRequested | events.ApprovalEvent) and event.flow == request.flow
        ],
        allowed={
            deed: in_words(approval.objection(memory, deed, request.hash, actor, four_eyes=four_eyes), memory, "")
            for deed in DEEDS
        },
    )


async def one(hub: Hub, id_: str) -> Request:
    """The request with this id, or the only one of the record with this UUID or number.

    Raises  Halted (wrong use) for none or several.
    """
    return (await named(hub, [id_]))[0]


async def named(hub: Hub, ids: Sequence[str]) -> list[Request]:
    """As `one`, for many ids in two queries.

    Raises  Halted (wrong use) for an id that names none or several.
    """
    split = {id_: _split(id_) for id_ in ids}
    found: list[Request] = []
    for column, place in (("record", 0), ("number", 2)):
        wanted = sorted({parts[place] for parts in split.values()} - {""})
        for names in chunks(wanted, MOST):
            condition, parameter = hub.ledger.in_list(column, names)
            rows = await hub.ledger.rows(
                f"SELECT {', '.join(APPROVAL.names)} FROM approval WHERE {condition} ORDER BY asked",  # noqa: S608 - built from columns
                (parameter,),
            )
            found += [request_of(row, hub.clock.now()) for row in rows]
    by_name: dict[str, dict[str, Request]] = {}
    for request in found:
        for name in (request.id, request.record, request.number):
            by_name.setdefault(name, {})[request.id] = request
    return [_only(id_, by_name.get(_name(split[id_]), {})) for id_ in ids]


def _split(id_: str) -> tuple[str, str, str]:
    """Record, flow and number of an id; what it does not say is empty."""
    record, _, flow = id_.strip().partition("/")
    try:
        return str(UUID(record)), flow, ""
    except ValueError:
        return "", "", id_.strip()


def _name(parts: tuple[str, str, str]) -> str:
    record, flow, number = parts
    return f"{record}/{flow}" if flow else record or number


def _only(id_: str, found: Mapping[str, Request]) -> Request:
    if not found:
        raise Halted(f"Nothing that was put before approvers is called {id_}.", ExitStatus.WRONG_USE)
    if len(found) > 1:
        raise Halted(f"{id_} names several requests; use one of {', '.join(found)}.", ExitStatus.WRONG_USE)
    return next(iter(found.values()))


def asks_four_eyes(hub: Hub, connection: str, flow: str) -> bool:
    """Whether the flow wants two people, by its settings; a connection that is configured no more wants nothing."""
    table = hub.settings.connections.get(connection)
    name = BY_NAME[flow].settings_of or flow
    return table is not None and bool(getattr(table.flows.named(name), "four_eyes", False))


def in_words(objection: Objection, memory: FlowMemory, done: str) -> str:
    """An objection for people; without one, what was done."""
    known = memory.approval
    match objection:
        case "":
            return done
        case "unknown":
            return "nothing is asked any more: it was carried, or left out"
        case "changed":
            return "it changed since it was reviewed; look at it again"
        case "decided":
            known = memory.approval
            return f"it was {known.stage} by {known.by} already" if known is not None else "it was decided already"
        case "open":
            return "it lies before the approvers already"
        case "own":
            return "four eyes: whoever sent it again or last acted on the record may not accept it"


def condition_of(hub: Hub, wanted: ApprovalFilter) -> tuple[str, list[Any]]:
    """The SQL condition on the table `approval`, and its parameters."""
    condition, values = on_connections(hub, wanted.connection, wanted.within)
    parts = [condition]
    for column in ("flow", "kind", "project", "number"):
        if getattr(wanted, column):
            parts.append(f" AND {column} = ?")
            values.append(getattr(wanted, column))
    if wanted.states:
        condition, parameter = hub.ledger.in_list("state", wanted.states)
        parts.append(f" AND {condition}")
        values.append(parameter)
    if wanted.not_by:
        parts.append(" AND requested_by <> ?")
        values.append(wanted.not_by)
    return "".join(parts), values


def request_of(row: Sequence[Any], now: datetime) -> Request:
    """A row of the table `approval`, as it is told at a moment."""
    fields = dict(zip(APPROVAL.names, row, strict=True))
    age = now - datetime.fromisoformat(fields["requested_at"])
    known = {name: fields[name] for name in Request.__struct_fields__ if name in fields}
    return Request(id=f"{fields['record']}/{fields['flow']}", age_seconds=max(int(age.total_seconds()), 0), **known)
