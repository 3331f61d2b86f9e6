"""`apply`: carries out exactly what a plan says, or nothing when the world moved since it was made."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import orjson
from msgspec import Struct

from adapters.store import Locked
from domain import events
from domain.record import Moment
from domain.values import SYSTEMS, System
from hub.acting import moment_of
from hub.app import Hub, lock_of, open_hub
from hub.connection import Pair
from hub.gate import Addresses
from hub.groups import single_error
from hub.operations.plan import PlanRow, plan_content, plan_row, stream_of
from hub.pauses import refuse_paused
from hub.planning.making import make
from hub.planning.moved import moved_since
from hub.planning.plan import Plan, shown
from hub.planning.script import Script
from hub.report import ExitStatus, Halted, Progress, Report
from hub.round import Outcome, Round
from hub.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console


class Applied(Struct, frozen=True, kw_only=True):
    """What became of a plan.

    result   `done`: all of it is written; `already`: it was done before, so nothing was sent; `refused`: the world
             moved, nothing was sent; `stopped`: something was not as planned, the rest was not sent
    writes   rows that it names, `sent` those that the systems took
    moved    what is not as it was, in words
    later    flow -> records that need another round
    """

    hash: str
    connection: str
    result: str
    writes: int
    sent: int
    calls: Mapping[System, int]
    why: str = ""
    moved: tuple[str, ...] = ()
    later: Mapping[str, int] = {}
    status: ExitStatus = ExitStatus.DONE

    @property
    def document(self) -> dict[str, Any]:
        """For programs."""
        found = {name: getattr(self, name) for name in self.__struct_fields__ if name != "status"}
        return {**found, "calls": dict(self.calls), "moved": list(self.moved), "later": dict(self.later)}


# -- on an open hub ------------------------------------------------------------------------------------


async def apply_plan(hub: Hub, plan: str, *, actor: str, progress: Progress) -> Applied:
    """Carries out a stored plan, named by its hash or the beginning of it, if the world is as it was.

    Raises  Halted: wrong use (no such plan), changed (too old), integrity, try later (a round is under way);
            Misconfigured.
    """
    row = await plan_row(hub, plan)
    if row.connection not in hub.settings.connections:
        message = f"plan {row.hash[:12]} is of connection {row.connection}, which is not configured any more"
        raise Halted(message, ExitStatus.WRONG_USE)
    if row.state == "done":
        return _applied(row, "already", sent=0, why=f"{row.ended_by} carried it out at {row.ended_at}")
    if hub.clock.now() >= datetime.fromisoformat(row.expires_at):
        message = f"plan {row.hash[:12]} was made at {row.made_at} and is too old now; make it anew and review it"
        raise Halted(message, ExitStatus.CHANGED)
    wanted = await plan_content(hub, row)
    try:
        async with hub.ledger.exclusive(lock_of(row.connection)), hub.pair(row.connection) as pair:
            await refuse_paused(hub.ledger, row.connection)
            return await _checked(hub, replace(pair, actor=actor), row, wanted, actor, progress)
    except Locked as error:
        raise Halted(str(error), ExitStatus.TRY_LATER) from error


async def _checked(hub: Hub, pair: Pair, row: PlanRow, wanted: Plan, actor: str, progress: Progress) -> Applied:
    """Plans once more; only what comes out the same is carried out."""
    now, _ = await make(hub, pair, wanted.scope, progress, held=True)
    if now.hash != row.hash:
        moved = moved_since(wanted, now)
        await _happened(hub, row, actor, events.PlanEnded, result="refused", sent=0, why="; ".join(moved[:3]))
        return _applied(
            row,
            "refused",
            sent=0,
            why="the world moved since it was reviewed",
            moved=tuple(moved),
            status=ExitStatus.CHANGED,
        )
    await _happened(hub, row, actor, events.PlanStarted)
    script = Script(wanted)
    outcome = await _carried(hub, pair, wanted, script, progress) if wanted.writes else None
    found = _ended(row, wanted, script, outcome)
    await _happened(hub, row, actor, events.PlanEnded, result=found.result, sent=found.sent, why=found.why)
    return found


async def _carried(hub: Hub, pair: Pair, plan: Plan, script: Script, progress: Progress) -> Outcome:
    connection = hub.settings.connections[pair.name]
    addresses = Addresses(connection.business_central.api_url, connection.procore.api_url)
    parts = (pair, addresses, hub.ledger, hub.projector, progress)
    scope = plan.scope
    with single_error():
        return await Round(*parts, window=scope.window, narrow=scope.narrow, wait=timedelta(), orders=script).run()


def _ended(row: PlanRow, plan: Plan, script: Script, outcome: Outcome | None) -> Applied:
    calls = outcome.writes if outcome is not None else dict.fromkeys(SYSTEMS, 0)
    if not script.left:
        return _applied(row, "done", sent=script.sent, calls=calls, later=plan.later)
    troubles = outcome.troubles if outcome is not None else []
    why = script.deviation or "; ".join(troubles[:3]) or f"{script.left} writes were not wanted any more"
    if outcome is not None and outcome.unreachable:
        status = ExitStatus.REMOTE
    elif script.busy:
        status = ExitStatus.TRY_LATER
    else:
        status = ExitStatus.CHANGED
    return _applied(row, "stopped", sent=script.sent, calls=calls, why=why, later=plan.later, status=status)


def _applied(row: PlanRow, result: str, **fields: Any) -> Applied:
    fields.setdefault("calls", dict.fromkeys(SYSTEMS, 0))
    return Applied(hash=row.hash, connection=row.connection, result=result, writes=row.writes, **fields)


async def _happened(hub: Hub, row: PlanRow, actor: str, kind: type[events.Event], /, **fields: Any) -> None:
    """One event of the plan's own stream; whoever applies holds the connection's lock, so nobody else adds to it."""
    id_ = stream_of(row.connection, row.hash)
    version = len((await hub.ledger.load([id_]))[id_]) + 1
    moment: Moment = moment_of(hub.clock, actor, row.connection)
    event = kind(
        originator_id=id_,
        originator_version=version,
        at=moment.at,
        connection=row.connection,
        correlation_id=moment.cause.correlation_id,
        causation_id=moment.cause.causation_id,
        actor=moment.cause.actor,
        **{"plan": row.hash, **fields},
    )
    await hub.ledger.append([event])
    await hub.projector.catch_up()


# -- for the command line ------------------------------------------------------------------------------


async def apply(settings: Settings, *, plan: str, actor: str, progress: Progress) -> Report:
    """Carries out a plan, named by its hash or by the file that `plan --out` wrote."""
    document = _file(plan)
    async with open_hub(settings) as hub:
        name = plan if document is None else str(document.get("hash"))
        if document is not None:
            await _same_as_stored(hub, name, document)
        applied = await apply_plan(hub, name, actor=actor, progress=progress)

    def render(console: "Console") -> None:
        _render(console, applied)

    return Report(applied.document, applied.status, render)


def _file(plan: str) -> dict[str, Any] | None:
    """The document of a file, None when there is no file of this name."""
    path = Path(plan)
    try:
        found: object = msgspec.json.decode(path.read_bytes()) if path.is_file() else None
    except OSError as error:
        raise Halted(f"{path} can't be read: {error.strerror}", ExitStatus.WRONG_USE) from error
    except msgspec.DecodeError as error:
        raise Halted(f"{path} is no plan: {error}", ExitStatus.WRONG_USE) from error
    if found is None:
        return None
    if not isinstance(found, dict) or "hash" not in found or "writes" not in found:
        raise Halted(f"{path} is no plan: it names no hash and no writes", ExitStatus.WRONG_USE)
    return msgspec.convert(found, dict[str, Any])


async def _same_as_stored(hub: Hub, name: str, document: Mapping[str, Any]) -> None:
    """A file that somebody edited is not carried out: what counts is what was reviewed."""
    stored = await plan_content(hub, await plan_row(hub, name))
    if orjson.loads(orjson.dumps(shown(stored), default=str)) != document["writes"]:
        message = f"the writes in this file are not those of plan {name[:12]}; the file was changed since it was made"
        raise Halted(message, ExitStatus.INTEGRITY)


def _render(console: "Console", applied: Applied) -> None:
    words = {
        "done": f"done: all {applied.sent} writes were made",
        "already": "nothing to do",
        "refused": "refused, nothing was written",
        "stopped": f"stopped after {applied.sent} of {applied.writes} writes",
    }
    console.print(
        f"[bold]{applied.connection}[/bold]: plan {applied.hash[:12]} {words[applied.result]}", highlight=False
    )
    if applied.why:
        console.print(f"  {applied.why}", markup=False, soft_wrap=True, highlight=False)
    for line in applied.moved:
        console.print(f"  {line}", markup=False, soft_wrap=True, highlight=False)
    for flow, count in applied.later.items():
        console.print(f"  {count} of {flow} go with the next plan or sync", highlight=False)
