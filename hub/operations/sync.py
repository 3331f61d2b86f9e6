"""`sync`: one round of each connection, and what it leaves behind."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from adapters.store import Ledger, Locked
from domain.states import NEEDS_A_PERSON, QUIET, UNFINISHED, State
from domain.values import SYSTEMS
from hub.app import Hub, open_hub
from hub.due import Narrow
from hub.operations.audit import seal_and_sign
from hub.report import ExitStatus, Halted, Progress, Report, gravest
from hub.round import Outcome
from hub.settings import Settings
from hub.window import Window

if TYPE_CHECKING:
    from rich.console import Console

MOST_PROBLEMS = 10_000


async def sync(  # noqa: PLR0913 - one argument for each option of the command
    settings: Settings,
    *,
    connection: str | None,
    flow: str | None,
    project: str | None,
    since: datetime | None,
    until: datetime | None,
    full: bool,
    wait: timedelta,
    progress: Progress,
) -> Report:
    """One round: read what changed on both sides, work until nothing more can be done, report, stop."""
    names = [connection] if connection else list(settings.connections)
    async with open_hub(settings) as hub:
        reports = [
            await one(
                hub,
                name,
                progress,
                window=Window(full=full, since=since, until=until),
                narrow=Narrow(flow or "", project or ""),
                wait=wait,
            )
            for name in names
        ]
        await seal_and_sign(hub)
    if len(reports) == 1:
        return reports[0]
    document = {"connections": [report.document for report in reports]}

    def render(console: "Console") -> None:
        for report in reports:
            report.render(console)

    return Report(document, gravest(report.status for report in reports), render)


async def one(hub: Hub, name: str, progress: Progress, *, window: Window, narrow: Narrow, wait: timedelta) -> Report:
    """One round of one connection."""
    try:
        async with hub.pair(name) as pair:
            outcome = await hub.round(pair, progress, window=window, narrow=narrow, wait=wait)
    except Locked as error:
        raise Halted(str(error), ExitStatus.TRY_LATER) from error
    states = await counts(hub.ledger, name)
    problems = await unsettled(hub.ledger, name)
    status = _status(states, outcome)
    document = {
        "connection": name,
        "started": outcome.started.isoformat(),
        "finished": outcome.finished.isoformat(),
        "observed": outcome.observed,
        "delivered": dict(outcome.delivered),
        "calls": {system: {"read": outcome.reads[system], "write": outcome.writes[system]} for system in SYSTEMS},
        "states": states,
        "problems": problems,
        "troubles": outcome.troubles,
    }

    def render(console: "Console") -> None:
        _render(console, document)

    return Report(document, status, render)


async def counts(ledger: Ledger, connection: str) -> dict[str, dict[str, int]]:
    """Records for each flow and state, as they now are."""
    rows = await ledger.rows(
        "SELECT flow, state, COUNT(*) FROM record_state WHERE connection = ? GROUP BY flow, state ORDER BY flow, state",
        (connection,),
    )
    found: dict[str, dict[str, int]] = {}
    for flow, state, count in rows:
        found.setdefault(flow, {})[state] = count
    return found


async def unsettled(ledger: Ledger, connection: str) -> list[dict[str, Any]]:
    """Every record that is not synced, excluded, deleted or pending, with its reasons."""
    quiet = sorted(QUIET)
    condition, parameter = ledger.in_list("state", quiet)
    rows = await ledger.rows(
        "SELECT flow, record, number, state, reasons, waits_for FROM record_state"  # noqa: S608 - built from columns
        f" WHERE connection = ? AND NOT ({condition}) ORDER BY flow, number, record LIMIT ?",
        (connection, parameter, MOST_PROBLEMS),
    )
    return [
        {
            "flow": row[0],
            "record": row[1],
            "number": row[2],
            "state": row[3],
            "reasons": msgspec.json.decode(row[4]),
            "waits_for": msgspec.json.decode(row[5]),
        }
        for row in rows
    ]


def _status(states: Mapping[str, Mapping[str, int]], outcome: Outcome) -> ExitStatus:
    present: set[State] = {state for by_state in states.values() for state in by_state}  # type: ignore[misc]
    found = [ExitStatus.DONE]
    if present & UNFINISHED:
        found.append(ExitStatus.REMOTE if outcome.unreachable else ExitStatus.TRY_LATER)
    if outcome.cut_short:
        found.append(ExitStatus.REMOTE if outcome.unreachable else ExitStatus.TRY_LATER)
    if present & NEEDS_A_PERSON or outcome.unreadable:
        found.append(ExitStatus.NEEDS_PERSON)
    return gravest(found)


def _render(console: "Console", document: Mapping[str, Any]) -> None:
    calls = document["calls"]
    delivered = document["delivered"]
    console.print(
        f"[bold]{document['connection']}[/bold]: {document['observed']} changes read; "
        + "; ".join(
            f"{system.replace('_', ' ')}: {delivered[system]} delivered in {calls[system]['write']} calls, "
            f"{calls[system]['read']} reads"
            for system in SYSTEMS
        )
    )
    for flow, by_state in document["states"].items():
        console.print(f"  {flow}: " + ", ".join(f"{count} {state}" for state, count in by_state.items()))
    for trouble in document["troubles"]:
        console.print(f"  {trouble}", style="red", markup=False)  # a remote's words may hold brackets
    for problem in document["problems"][:20]:
        reasons = "; ".join(problem["reasons"])
        console.print(
            f"  {problem['state']}  {problem['flow']}  {problem['number']}: {reasons}", markup=False, soft_wrap=True
        )
    if len(document["problems"]) > 20:  # noqa: PLR2004 - a screenful
        console.print(f"  and {len(document['problems']) - 20} more; `siteledger status` counts them")
