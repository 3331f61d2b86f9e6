"""`plan`: what a round would write now, for review. Writes nothing but the plan itself, which the ledger keeps."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
import orjson
from msgspec import Struct

from adapters.outbound.forecast import finish
from adapters.store import StreamMoved
from domain import events
from domain.record import Record
from domain.values import BUSINESS_CENTRAL, SYSTEMS, Digest, System
from hub.acting import moment_of
from hub.app import Hub, open_hub
from hub.cursors import position_in
from hub.due import Narrow
from hub.masking import REDACTED
from hub.operations.failures import on_connections
from hub.planning.making import make
from hub.planning.plan import Plan, Scope, shown
from hub.records import Contents
from hub.report import ExitStatus, Halted, Progress, Report, gravest
from hub.settings import Settings
from hub.window import Window

if TYPE_CHECKING:
    from rich.console import Console

    from adapters.target import Target

LIFETIME = timedelta(hours=24)
"""A plan that nobody applied for so long is made anew: it says too little about the world by then."""
MOST_SHOWN = 40
ATTEMPTS = 5


class Estimate(Struct, frozen=True, kw_only=True):
    """Calls of one system, and when the last of them will have its answer.

    `limit`, `remaining` and `reset` are what the system last said about its allowance, None where it said nothing.
    """

    read: int
    write: int
    limit: int | None
    remaining: int | None
    reset: datetime | None
    finish: datetime


class Made(Struct, frozen=True, kw_only=True):
    """A plan that was made and stored.

    Units   moments UTC. `forecast` by system; the systems are called one after the other, so the last one tells.
    """

    hash: Digest
    plan: Plan
    made: datetime
    expires: datetime
    forecast: Mapping[System, Estimate]
    unreachable: bool = False

    @property
    def document(self) -> dict[str, Any]:
        """The plan for programs; `plan --out` writes it, and `apply` takes it back."""
        plan = self.plan
        return {
            "hash": self.hash,
            "connection": plan.scope.connection,
            "made": self.made.isoformat(),
            "expires": self.expires.isoformat(),
            "scope": msgspec.to_builtins(plan.scope),
            "writes": shown(plan),
            "calls": {system: {"read": plan.reads[system], "write": plan.calls[system]} for system in SYSTEMS},
            "forecast": {system: msgspec.to_builtins(estimate) for system, estimate in self.forecast.items()},
            "later": dict(plan.later),
            "unknown": list(plan.unknown),
            "troubles": list(plan.troubles),
        }


class PlanRow(Struct, frozen=True, kw_only=True):
    """One stored plan, as lists show it. `state` is made, started, done, stopped or refused; moments ISO 8601, UTC."""

    hash: str
    connection: str
    made_at: str
    actor: str
    expires_at: str
    writes: int
    calls: dict[str, int]
    state: str
    sent: int
    why: str
    ended_at: str
    ended_by: str
    content: str
    version: int


class PlanPage(Struct, frozen=True):
    """Plans, the newest first; `next_cursor` is None on the last page."""

    items: Sequence[PlanRow]
    next_cursor: str | None


# -- on an open hub ------------------------------------------------------------------------------------


async def make_plan(
    hub: Hub, connection: str, *, actor: str, progress: Progress, window: Window, narrow: Narrow
) -> Made:
    """Makes a plan and stores it, so that it can be applied by its hash.

    Raises  Halted, Misconfigured.
    """
    scope = Scope.of(connection, window, narrow)
    async with hub.pair(connection) as pair:
        plan, outcome = await make(hub, pair, scope, progress)
        now = hub.clock.now()
        forecast = forecast_of(plan, pair.targets, now)
    made = Made(
        hash=plan.hash,
        plan=plan,
        made=now,
        expires=now + LIFETIME,
        forecast=forecast,
        unreachable=outcome.unreachable,
    )
    await _keep(hub, made, actor)
    return made


def forecast_of(plan: Plan, targets: "Mapping[System, Target]", now: datetime) -> dict[System, Estimate]:
    """The calls that `apply` makes, one after the other, against the allowance that each system last told."""
    found: dict[System, Estimate] = {}
    at = now
    for system in SYSTEMS:
        quota, read, write = targets[system].quota, plan.reads[system], plan.calls[system]
        at = finish(read + write, quota, at)
        found[system] = Estimate(
            read=read, write=write, limit=quota.limit, remaining=quota.remaining, reset=quota.reset, finish=at
        )
    return found


async def _keep(hub: Hub, made: Made, actor: str) -> None:
    contents = Contents()
    content = contents.add_json(made.plan)
    connection = made.plan.scope.connection
    id_ = stream_of(connection, made.hash)
    for attempt in range(ATTEMPTS):
        happened = (await hub.ledger.load([id_]))[id_]
        moment = moment_of(hub.clock, actor, connection)
        event = events.PlanMade(
            originator_id=id_,
            originator_version=len(happened) + 1,
            at=moment.at,
            connection=connection,
            correlation_id=moment.cause.correlation_id,
            causation_id=moment.cause.causation_id,
            actor=moment.cause.actor,
            plan=made.hash,
            content=content,
            expires=made.expires,
            writes=len(made.plan.writes),
            calls={str(system): count for system, count in made.plan.calls.items()},
        )
        try:
            await hub.ledger.append([event], contents.new)
            break
        except StreamMoved:
            if attempt == ATTEMPTS - 1:
                raise
    await hub.projector.catch_up()


def stream_of(connection: str, plan: str) -> UUID:
    """The stream of a plan."""
    return Record.id_for(connection, "plan", plan)


COLUMNS = (
    "plan, connection, made_at, actor, expires_at, writes, calls, state, sent, why, ended_at, ended_by, content,"
    " version"
)


async def plans(
    hub: Hub, *, connection: str = "", cursor: str = "", limit: int = 100, within: tuple[str, ...] | None = None
) -> PlanPage:
    """Stored plans, the newest first, those of one connection or of all. `cursor` as the page before gave it.

    `within` holds the connections that whoever asks may see, None for every one.

    Raises  WrongInput for a cursor that no page gave.
    """
    condition, values = on_connections(hub, connection, within)
    if cursor:
        condition, values = f"{condition} AND position < ?", [*values, position_in(cursor)]
    sql = f"SELECT {COLUMNS}, position FROM plan WHERE 1 = 1{condition} ORDER BY position DESC LIMIT ?"  # noqa: S608 - built from columns
    rows = await hub.ledger.rows(sql, (*values, limit + 1))
    more = str(rows[limit - 1][-1]) if len(rows) > limit else None
    return PlanPage([plan_of(row) for row in rows[:limit]], more)


async def plan_row(hub: Hub, plan: str) -> PlanRow:
    """One stored plan by its hash, or by the beginning of it, eight characters at least.

    Raises  Halted (wrong use) when there is none, or more than one.
    """
    if len(plan) < 8 or not set(plan) <= set("0123456789abcdef"):  # noqa: PLR2004 - as git asks for, too
        raise Halted(f"{plan!r} is neither a file nor the hash of a plan", ExitStatus.WRONG_USE)
    rows = await hub.ledger.rows(f"SELECT {COLUMNS} FROM plan WHERE plan LIKE ? LIMIT 2", (f"{plan}%",))  # noqa: S608 - built from columns
    if not rows:
        message = f"this ledger holds no plan {plan}; make one with `siteledger plan`"
        raise Halted(message, ExitStatus.WRONG_USE)
    if len(rows) > 1:
        raise Halted(f"more than one plan begins with {plan}; give more of its hash", ExitStatus.WRONG_USE)
    return plan_of(rows[0])


async def plan_content(hub: Hub, row: PlanRow, *, to_show: bool = False) -> Plan:
    """The whole of a stored plan; `to_show` also of one whose personal fields were redacted since.

    Raises  Halted (changed) when it was redacted, (integrity) when the ledger lacks it or it is not what its hash says.
    """
    raw = (await hub.ledger.contents([row.content])).get(row.content)
    found = None if raw is None else _decoder.decode(raw)
    if raw is not None and found is not None and found.hash != row.hash and REDACTED.encode() in raw:
        if to_show:
            return found
        message = f"personal fields of plan {row.hash[:12]} were redacted, so it can't be carried out; make it anew"
        raise Halted(message, ExitStatus.CHANGED)
    if found is None or found.hash != row.hash:
        message = f"plan {row.hash[:12]} is not in the ledger as it was made; restore a backup, or make it anew"
        raise Halted(message, ExitStatus.INTEGRITY)
    return found


def plan_of(row: Sequence[Any]) -> PlanRow:
    """A plan out of `COLUMNS` of its row, and what comes behind them."""
    names = ("hash", *COLUMNS.split(", ")[1:])
    fields = dict(zip(names, row, strict=False))
    fields["calls"] = msgspec.json.decode(fields["calls"])
    return PlanRow(**fields)


_decoder = msgspec.json.Decoder(Plan, float_hook=Decimal)


# -- for the command line ------------------------------------------------------------------------------


async def plan(  # noqa: PLR0913 - one argument for each option of the command
    settings: Settings,
    *,
    connection: str | None,
    flow: str | None,
    project: str | None,
    since: datetime | None,
    until: datetime | None,
    full: bool,
    out: Path | None,
    actor: str,
    progress: Progress,
) -> Report:
    """What `sync` would write now, without writing it."""
    name = connection or only_connection(settings)
    async with open_hub(settings) as hub:
        made = await make_plan(
            hub,
            name,
            actor=actor,
            progress=progress,
            window=Window(full=full, since=since, until=until),
            narrow=Narrow(flow or "", project or ""),
        )
    document = made.document
    if out is not None:
        _write(out, document)

    def render(console: "Console") -> None:
        _render(console, document, out)

    return Report(document, _status(made), render)


def only_connection(settings: Settings) -> str:
    """The one connection that there is.

    Raises  Halted (wrong use) when there are several.
    """
    names = list(settings.connections)
    if len(names) != 1:
        message = f"a plan is of one connection; name it with --connection: {', '.join(names)}"
        raise Halted(message, ExitStatus.WRONG_USE)
    return names[0]


def _status(made: Made) -> ExitStatus:
    """A plan that misses something is no reason to stop, but to look twice."""
    if not made.plan.troubles:
        return ExitStatus.DONE
    return gravest([ExitStatus.REMOTE if made.unreachable else ExitStatus.TRY_LATER])


def _write(out: Path, document: Mapping[str, Any]) -> None:
    try:
        out.write_bytes(orjson.dumps(document, default=str, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    except OSError as error:
        raise Halted(f"{out} can't be written: {error.strerror}", ExitStatus.WRONG_USE) from error


def _render(console: "Console", document: Mapping[str, Any], out: Path | None) -> None:
    writes = document["writes"]
    console.print(f"[bold]{document['connection']}[/bold]: {len(writes)} writes would go now", highlight=False)
    for write in writes[:MOST_SHOWN]:
        mark = "  after the ones before" if write["after_previous"] else ""
        console.print(
            f"{write['number']:>5}  {write['method']} {write['path']}  {write['flow']} {write['record_number']}:"
            f" {write['part']}{mark}",
            markup=False,
            soft_wrap=True,
            highlight=False,
        )
        for name, field in write["fields"].items():
            if field["before"] != field["after"]:
                console.print(
                    f"         {name}: {_short(field['before'])} -> {_short(field['after'])}",
                    markup=False,
                    soft_wrap=True,
                    highlight=False,
                )
    if len(writes) > MOST_SHOWN:
        console.print(f"  and {len(writes) - MOST_SHOWN} more; --out FILE or --json shows all")
    for system in SYSTEMS:
        calls, estimate = document["calls"][system], document["forecast"][system]
        left = (
            "" if estimate["remaining"] is None else f", {estimate['remaining']} of {estimate['limit']} calls left now"
        )
        name = "Business Central" if system == BUSINESS_CENTRAL else "Procore"
        console.print(
            f"  {name}: {calls['write']} calls write, {calls['read']} read{left}; done at about {estimate['finish']}",
            markup=False,
            highlight=False,
        )
    for flow, count in document["later"].items():
        console.print(f"  later, once these writes are made: {count} of {flow}", highlight=False)
    for trouble in document["troubles"]:
        console.print(f"  {trouble}", style="red", markup=False)
    console.print(f"  hash {document['hash']}", highlight=False)
    told = out if out is not None else document["hash"][:12]
    console.print(f"  carry it out with: siteledger apply {told}", markup=False, highlight=False)


def _short(value: object) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) <= 80 else f"{text[:77]}..."  # noqa: PLR2004 - a line of a terminal
