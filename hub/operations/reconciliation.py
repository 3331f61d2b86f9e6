"""Runs of `reconcile` read again: lists of them, their lines, what became of the signed one, and the signature itself.

From the ledger alone: no remote is asked. Who may sign is checked by whoever calls.
"""

from collections.abc import AsyncIterator, Sequence
from typing import IO, Any

import msgspec
from msgspec import Struct

from adapters.store import StreamMoved
from domain import events
from domain.errors import Unknown, WrongInput
from domain.reconcile import KINDS
from domain.record import Record
from domain.values import Json, money, money_text
from hub.acting import moment_of
from hub.app import Hub
from hub.cursors import position_in
from hub.files import Format, Options, write_table
from hub.operations.failures import on_connections
from hub.reconciling.stored import (
    COLUMNS,
    LineFilter,
    LineRow,
    RunRow,
    Summary,
    lines_of,
    newest,
    row_of,
    run_row,
    summary_of,
)
from projections.projection import Column
from projections.reconciliation import RECONCILIATION_LINE

MOST = 1000
ATTEMPTS = 5
LINE_COLUMNS = (
    *(column for column in RECONCILIATION_LINE.columns if column.name not in {"run", "line", "connection", "kinds"}),
    Column("explained_by", "text", "what explains the difference: kind, amount, number and words of each"),
)
_LINE = tuple(column.name for column in LINE_COLUMNS[:-1])


class RunPage(Struct, frozen=True):
    """Runs, the newest first; `next_cursor` is None on the last page."""

    items: Sequence[RunRow]
    next_cursor: str | None


class LinePage(Struct, frozen=True):
    """Lines of a run, in order; `next_cursor` is None on the last page."""

    items: Sequence[LineRow]
    next_cursor: str | None


class Moved(Struct, frozen=True, kw_only=True):
    """How a measure moved since the run that was signed. Amounts are decimal text."""

    measure: str
    currency: str
    difference_then: str
    difference_now: str
    unexplained_then: str
    unexplained_now: str


class Told(Struct, frozen=True, kw_only=True):
    """A run with its summary, and how it compares with the one that was signed off last before it."""

    row: RunRow
    summary: Summary
    signed: RunRow | None
    moved: Sequence[Moved]


async def runs(
    hub: Hub,
    *,
    connection: str = "",
    cursor: str = "",
    limit: int = 100,
    within: tuple[str, ...] | None = None,
    position: int | None = None,
) -> RunPage:
    """Runs, the newest first, those of one connection or of all, as of a position. `cursor` as the page before gave it.

    Raises  WrongInput for a cursor that no page gave.
    """
    condition, values = on_connections(hub, connection, within)
    if cursor:
        condition, values = f"{condition} AND position < ?", [*values, position_in(cursor)]
    if position is not None:
        condition, values = f"{condition} AND position <= ?", [*values, position]
    sql = f"SELECT {COLUMNS} FROM reconciliation WHERE 1 = 1{condition} ORDER BY position DESC LIMIT ?"  # noqa: S608 - our own names
    rows = [row_of(row) for row in await hub.ledger.rows(sql, (*values, limit + 1))]
    return RunPage(rows[:limit], str(rows[limit - 1].position) if len(rows) > limit else None)


async def told(hub: Hub, run: str) -> Told:
    """One run whole, lines left out.

    Raises  Unknown, Halted (integrity).
    """
    row = await run_row(hub, run)
    summary = await summary_of(hub, row)
    signed = await run_row(hub, summary.signed) if summary.signed else None
    moved = [] if signed is None else _moved(await summary_of(hub, signed), summary)
    return Told(row=row, summary=summary, signed=signed, moved=moved)


async def run_as_of(hub: Hub, connection: str, position: int) -> RunRow:
    """The newest run of a whole connection as of a position.

    Raises  Unknown when there was none.
    """
    found = await newest(hub, connection, position=position)
    if found is None:
        raise Unknown(f"connection {connection} was not reconciled as of position {position}")
    return found


async def lines(hub: Hub, run: str, wanted: LineFilter, *, cursor: str = "", limit: int = 100) -> LinePage:
    """Lines of a run with what explains them. `cursor` as the page before gave it.

    Raises  Unknown, WrongInput, Halted (integrity).
    """
    _check_kind(wanted)
    summary = await summary_of(hub, await run_row(hub, run))
    found: list[LineRow] = []
    last = -1
    async for place, line in lines_of(hub, summary, wanted, position_in(cursor) if cursor else -1):
        if len(found) == limit:
            return LinePage(found, str(last))
        found.append(line)
        last = place
    return LinePage(found, None)


async def lines_file(
    hub: Hub, run: str, wanted: LineFilter, format: Format, out: IO[bytes], options: Options | None = None
) -> int:
    """All lines of a run that are wanted, into a file that is open for bytes; how many they are.

    Raises  as `lines`, and OSError.
    """
    _check_kind(wanted)
    summary = await summary_of(hub, await run_row(hub, run))

    async def rows() -> AsyncIterator[tuple[Any, ...]]:
        async for _, line in lines_of(hub, summary, wanted):
            yield (*(getattr(line, name) for name in _LINE), "; ".join(map(_in_words, line.explanations)))

    return await write_table(format, LINE_COLUMNS, rows(), out, options)


def _in_words(explanation: Json) -> str:
    parts = (explanation["kind"], explanation["amount"], explanation["number"], explanation["words"])
    return " ".join(str(part) for part in parts if part)


def _check_kind(wanted: LineFilter) -> None:
    if wanted.kind and wanted.kind != "unexplained" and wanted.kind not in KINDS:
        raise WrongInput("kind", f"{wanted.kind[:40]!r} is no kind", f"Give one of {', '.join(KINDS)}.")


async def sign_off(hub: Hub, run: str, *, actor: str, reason: str) -> RunRow:
    """Takes responsibility for a run as it was found; signing again by the same person changes nothing.

    What is unexplained is signed only by a reason that says its amount, so that nobody signs it unseen.
    Raises  Unknown, WrongInput.
    """
    for attempt in range(ATTEMPTS):
        await hub.projector.catch_up()
        row = await run_row(hub, run)
        if row.signed_by:
            if row.signed_by == actor:
                return row
            raise WrongInput("run", f"it was signed off by {row.signed_by} at {row.signed_at}", "Make a new run.")
        _check(row, reason)
        moment = moment_of(hub.clock, actor, row.connection)
        event = events.ReconciliationSignedOff(
            originator_id=Record.id_for(row.connection, "reconciliation", run),
            originator_version=row.version + 1,
            at=moment.at,
            connection=row.connection,
            correlation_id=moment.cause.correlation_id,
            causation_id=moment.cause.causation_id,
            actor=moment.cause.actor,
            run=run,
            reason=reason.strip(),
            unexplained=dict(row.unexplained),
        )
        try:
            await hub.ledger.append([event])
            break
        except StreamMoved:
            if attempt == ATTEMPTS - 1:
                raise
    await hub.projector.catch_up()
    return await run_row(hub, run)


def _check(row: RunRow, reason: str) -> None:
    if not reason.strip():
        raise WrongInput("reason", "it is empty", "Say why this may be signed off.")
    if row.result == "incomplete":
        raise WrongInput("run", "not all lists could be read", "Mend that, and make a new run.")
    missing = [f"{amount} {currency}".strip() for currency, amount in row.unexplained.items() if amount not in reason]
    if missing:
        raise WrongInput("reason", f"{' and '.join(missing)} is unexplained", "Say this amount and why it is accepted.")


def _moved(then: Summary, now: Summary) -> list[Moved]:
    before = {(each.measure, each.currency): each for each in then.totals if each.carried}
    found: list[Moved] = []
    for each in now.totals:
        old = before.get((each.measure, each.currency))
        if each.carried:
            found.append(
                Moved(
                    measure=each.measure,
                    currency=each.currency,
                    difference_then=old.difference if old is not None else money_text(money(0)),
                    difference_now=each.difference,
                    unexplained_then=old.unexplained if old is not None else money_text(money(0)),
                    unexplained_now=each.unexplained,
                )
            )
    return found


def document_of(found: Told) -> dict[str, Any]:
    """A run for programs."""
    row = {name: getattr(found.row, name) for name in found.row.__struct_fields__ if name not in _HIDDEN}
    return {
        **row,
        "totals": msgspec.to_builtins(found.summary.totals),
        "unread": list(found.summary.unread),
        "since_signed": None
        if found.signed is None
        else {
            "run": found.signed.run,
            "signed_at": found.signed.signed_at,
            "signed_by": found.signed.signed_by,
            "measures": msgspec.to_builtins(found.moved),
        },
    }


_HIDDEN = frozenset({"content", "version"})
