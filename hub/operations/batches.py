"""Batches: retry, skip and replay on a frozen set of records, previewed by cause, resumable after any crash.

Works on the ledger alone; what is then right is decided and sent by the next round.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid5

import msgspec
import structlog

from adapters.store import Locked, StreamMoved, UnknownEvent
from domain import events
from domain.batch import BARRED, DONE, Batch
from domain.events import BatchLeft
from domain.record import Record
from domain.values import LEDGER
from hub.acting import moment_of
from hub.app import Hub
from hub.operations.choosing import ACTIONS, UNDO, Action, DriftAction, Member, Said, UndoAction
from hub.operations.failures import LIMIT, MOST, Page, on_connections
from hub.operations.reset import made_of
from hub.records import Contents, Records
from hub.report import ExitStatus, Halted, Progress, Quiet

log: structlog.stdlib.BoundLogger = structlog.get_logger()

PAGE = 500
"""Members of one transaction: flat in memory, and a crash repeats nothing and loses at most this much work."""
TRIES = 20
"""Times that a page may find somebody else's writes in its way before the batch is left for later."""

_decode_members = msgspec.json.Decoder(list[Member]).decode
_POISON = (ValueError, KeyError, TypeError, msgspec.MsgspecError, UnknownEvent)
"""What a record raises whose story can't be read: it is set aside, and its neighbours go on."""


class BatchView(msgspec.Struct, frozen=True, kw_only=True):
    """A batch and how far it is.

    Shape   `done`, `fine` (nothing was to be done), `barred` and `remaining` add up to `total`. Of those done,
            `succeeded`, `failed_again` and `under_way` say where they stand now; `again` counts the failed by cause.
    """

    batch: str
    connection: str
    action: str
    state: str
    actor: str
    reason: str
    filter: dict[str, str]
    causes: dict[str, int]
    total: int
    done: int
    fine: int
    barred: int
    remaining: int
    succeeded: int
    failed_again: int
    under_way: int
    again: dict[str, int]
    created: str
    moved: str
    ended: str


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What a batch did to one member, and where that stands now; `result` is done, fine or barred."""

    record: str
    flow: str
    number: str
    result: str
    why: str
    state: str
    cause: str


async def freeze(
    hub: Hub,
    action: Action | DriftAction | UndoAction,
    members: Sequence[Member],
    choice: Said,
    *,
    reason: str,
    actor: str,
) -> str:
    """Keep the members of one connection as a batch that has not begun; its UUID.

    Raises  Halted (wrong use) without a reason, without members, or for members of several connections.
    """
    connections = {member.connection for member in members}
    if action not in ACTIONS:
        message = f"A batch can {', '.join(ACTIONS)}; it can't {action}."
        raise Halted(message, ExitStatus.WRONG_USE)
    if not reason.strip():
        message = f"Say why: a batch is kept with its reason. Give a reason to {action} these records."
        raise Halted(message, ExitStatus.WRONG_USE)
    if len(connections) != 1:
        message = "A batch has members of exactly one connection; name the connection, and records that fail there."
        raise Halted(message, ExitStatus.WRONG_USE)
    (connection,) = connections
    moment = moment_of(hub.clock, actor, connection)
    id_ = uuid5(LEDGER, f"{connection}/batch/{moment.at.isoformat()}/{hub.rng.getrandbits(64)}")
    contents = Contents()
    causes: dict[str, int] = {}
    for member in members:
        causes[member.cause] = causes.get(member.cause, 0) + 1
    frozen = events.BatchFrozen(
        originator_id=id_,
        originator_version=1,
        at=moment.at,
        connection=connection,
        correlation_id=str(id_),
        causation_id=str(id_),
        actor=actor,
        action=action,
        reason=reason.strip(),
        filter=choice.said(),
        members=contents.add(msgspec.json.encode(members)),
        total=len(members),
        causes=causes,
    )
    await hub.ledger.append([frozen], contents.new)
    await hub.projector.catch_up()
    return str(id_)


async def run(hub: Hub, batch: str, *, actor: str, progress: Progress | None = None, page: int = PAGE) -> BatchView:
    """Work through a batch, or go on with it behind the last page that is stored; one that is over is left alone.

    Raises  Halted (wrong use) for an unknown batch; Halted (try later) while another process works on it, or while
            others write to its records all the time.
    """
    seen = progress or Quiet()
    known = await _loaded(hub, batch)
    try:
        async with hub.ledger.exclusive(f"batch {batch}"):
            await _run(hub, known, actor, seen, page)
    except Locked as error:
        raise Halted(f"Another process works on batch {batch}.", ExitStatus.TRY_LATER) from error
    await hub.projector.catch_up()
    return await view(hub, batch)


async def cancel(hub: Hub, batch: str, *, actor: str) -> BatchView:
    """Call off the members that had no turn yet.

    Raises  Halted (wrong use) for an unknown batch.
    """
    for attempt in range(TRIES):
        known = await _loaded(hub, batch)
        if known.over:
            break
        try:
            moment = moment_of(hub.clock, actor, known.connection)
            await hub.ledger.append([known.ended(moment, cancelled=not known.is_worked_through)])
            break
        except StreamMoved:
            if attempt == TRIES - 1:
                raise
    await hub.projector.catch_up()
    return await view(hub, batch)


async def view(hub: Hub, batch: str) -> BatchView:
    """A batch as it now stands.

    Raises  Halted (wrong use) for an unknown batch.
    """
    rows = await hub.ledger.rows(f"SELECT {_COLUMNS} FROM batch WHERE batch = ?", (batch,))  # noqa: S608 - built from columns
    if not rows:
        raise Halted(f"There is no batch {batch}; `siteledger batches` lists them.", ExitStatus.WRONG_USE)
    return (await _viewed_all(hub, rows))[0]


async def unfinished(hub: Hub) -> list[str]:
    """Batches that were begun, or are to begin, and are not over; the oldest first."""
    rows = await hub.ledger.rows("SELECT batch FROM batch WHERE state IN ('frozen', 'running') ORDER BY created, batch")
    return [row[0] for row in rows]


async def batches(
    hub: Hub, connection: str = "", cursor: str = "", limit: int = LIMIT, *, within: tuple[str, ...] | None = None
) -> Page:
    """Batches, the newest first, as `view` tells them; `cursor` is `next_cursor` of the page before.

    `within` holds the connections that whoever asks may see, None for every one.
    """
    if not 0 < limit <= MOST:
        raise Halted(f"limit is between 1 and {MOST}, not {limit}.", ExitStatus.WRONG_USE)
    condition, values = on_connections(hub, connection, within)
    created, _, id_ = cursor.partition("/")
    if cursor:
        condition += " AND (created < ? OR (created = ? AND batch < ?))"
        values += [created, created, id_]
    rows = await hub.ledger.rows(
        f"SELECT {_COLUMNS} FROM batch WHERE 1 = 1{condition} ORDER BY created DESC, batch DESC LIMIT ?",  # noqa: S608 - built from columns
        (*values, limit + 1),
    )
    items = await _viewed_all(hub, rows[:limit])
    return Page(items, f"{items[-1].created}/{items[-1].batch}" if len(rows) > limit else None)


async def results(hub: Hub, batch: str, result: str = "", cursor: str = "", limit: int = LIMIT) -> Page:
    """What the batch did to each member that had its turn, and where that stands now; of one result, or of all."""
    if not 0 < limit <= MOST:
        raise Halted(f"limit is between 1 and {MOST}, not {limit}.", ExitStatus.WRONG_USE)
    condition, values = (" AND b.result = ?", [result]) if result else ("", [])
    record, _, flow = cursor.partition("/")
    rows = await hub.ledger.rows(
        "SELECT b.record, b.flow, s.number, b.result, b.why, s.state, s.cause FROM batch_record b"  # noqa: S608 - built from columns
        " JOIN record_state s ON s.record = b.record AND s.flow = b.flow"
        f" WHERE b.batch = ? AND (b.record > ? OR (b.record = ? AND b.flow > ?)){condition}"
        " ORDER BY b.record, b.flow LIMIT ?",
        (batch, record, record, flow, *values, limit + 1),
    )
    items = [Result(**dict(zip(Result.__struct_fields__, row, strict=True))) for row in rows[:limit]]
    return Page(items, f"{items[-1].record}/{items[-1].flow}" if len(rows) > limit else None)


# -- working through -------------------------------------------------------------------------------


async def _loaded(hub: Hub, batch: str) -> Batch:
    try:
        id_ = UUID(batch)
    except ValueError:
        raise Halted(f"{batch} is no batch; `siteledger batches` lists them.", ExitStatus.WRONG_USE) from None
    known = Batch.rebuilt(id_, (await hub.ledger.load([id_]))[id_])
    if not known.version:
        raise Halted(f"There is no batch {batch}; `siteledger batches` lists them.", ExitStatus.WRONG_USE)
    return known


async def _run(hub: Hub, batch: Batch, actor: str, progress: Progress, page: int) -> None:
    records = Records(hub.ledger, batch.connection)
    members = _decode_members((await hub.ledger.contents([batch.members]))[batch.members])
    progress.start(batch.action, batch.total)
    progress.advance(batch.action, batch.through)
    size, tries = page, 0
    while not batch.over:
        before = batch.version, batch.through
        try:
            if batch.is_worked_through:
                await hub.ledger.append([batch.ended(moment_of(hub.clock, actor, batch.connection))])
            else:
                await _advance(hub, records, batch, members[batch.through : batch.through + size], actor)
            tries = 0
        except StreamMoved:
            # Somebody wrote to one of the records, or went on with this very batch: fewer at once meet fewer others.
            size, tries = max(size // 2, 1), tries + 1
        except _POISON as error:
            if size > 1:
                size = max(size // 2, 1)
                continue
            await _set_aside(hub, batch, members[batch.through], error, actor)
        batch = await _loaded(hub, str(batch.id))
        progress.advance(batch.action, batch.through - before[1])
        if batch.version != before[0] and size < page:
            size *= 2
        if tries >= TRIES:
            message = f"Others keep writing to the records of batch {batch.id}; go on with it later."
            raise Halted(message, ExitStatus.TRY_LATER)
    progress.finish(batch.action)


async def _advance(hub: Hub, records: Records, batch: Batch, page: Sequence[Member], actor: str) -> None:
    """One page: what happens to its members and the progress of the batch, all or nothing."""
    moment = moment_of(hub.clock, actor, batch.connection)
    ids = [UUID(member.record) for member in page]
    made = await made_of(hub.ledger, ids) if batch.action == UNDO else {}

    def act(found: Mapping[UUID, Record], _contents: Contents) -> list[events.Event]:
        done, left = 0, list[BatchLeft]()
        for member in page:
            id_ = UUID(member.record)
            result, why = batch.act(found[id_], member.flow, moment, member.cause, made.get((id_, member.flow), ()))
            if result == DONE:
                done += 1
            else:
                left.append(BatchLeft(member.record, member.flow, result, why))
        return [batch.advanced(batch.through + len(page), done, left, moment)]

    await records.change(ids, act)


async def _set_aside(hub: Hub, batch: Batch, member: Member, error: Exception, actor: str) -> None:
    """A record whose story can't be read has its turn without effect."""
    log.error("unreadable_record", batch=str(batch.id), record=member.record, error=type(error).__name__)
    why = f"its story could not be read: {type(error).__name__}"
    left = [BatchLeft(member.record, member.flow, BARRED, why)]
    await hub.ledger.append([batch.advanced(batch.through + 1, 0, left, moment_of(hub.clock, actor, batch.connection))])


NAMES = (
    "batch",
    "connection",
    "action",
    "state",
    "actor",
    "reason",
    "filter",
    "causes",
    "total",
    "done",
    "fine",
    "barred",
    "created",
    "moved",
    "ended",
    "through",
)
_COLUMNS = ", ".join(NAMES)
_WELL = frozenset({"synced", "excluded", "deleted"})
_ILL = frozenset({"dead", "rejected", "conflict"})


async def _viewed_all(hub: Hub, rows: Sequence[tuple[Any, ...]]) -> list[BatchView]:
    """Batches as they now stand, by one query for all of them."""
    condition, parameter = hub.ledger.in_list("b.batch", [row[0] for row in rows])
    found = await hub.ledger.rows(
        "SELECT b.batch, s.state, s.cause, COUNT(*) FROM batch_record b"  # noqa: S608 - built from columns
        " JOIN record_state s ON s.record = b.record AND s.flow = b.flow"
        f" WHERE {condition} AND b.result = 'done' GROUP BY b.batch, s.state, s.cause",
        (parameter,),
    )
    now: dict[str, list[tuple[str, str, int]]] = {}
    for batch, state, cause, count in found:
        now.setdefault(batch, []).append((state, cause, count))
    return [viewed(row, now.get(row[0], ())) for row in rows]


def viewed(row: Sequence[Any], now: Sequence[tuple[str, str, int]]) -> BatchView:
    """A batch out of `NAMES` of its row, and the states of the records to which it did it: state, cause and records."""
    fields = dict(zip(NAMES, row, strict=True))
    again = {cause: sum(n for state, its, n in now if state in _ILL and its == cause) for _, cause, _ in now}
    return BatchView(
        **{name: fields[name] for name in NAMES if name not in {"filter", "causes", "through"}},
        filter=msgspec.json.decode(fields["filter"], type=dict[str, str]),
        causes=msgspec.json.decode(fields["causes"], type=dict[str, int]),
        remaining=fields["total"] - fields["through"],
        succeeded=sum(count for state, _, count in now if state in _WELL),
        failed_again=sum(count for state, _, count in now if state in _ILL),
        under_way=sum(count for state, _, count in now if state not in _WELL | _ILL),
        again={cause: count for cause, count in again.items() if count},
    )
