"""`status`: counts, lag, what waits and what needs a person, from the ledger alone."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from domain.events import DeadLettered
from domain.states import NEEDS_A_PERSON
from hub.app import Hub, open_hub
from hub.mutes import records_muted
from hub.operations.sync import counts, unsettled
from hub.pauses import pause_of
from hub.report import ExitStatus, Progress, Report
from hub.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console


async def status(settings: Settings, *, connection: str | None, progress: Progress) -> Report:  # noqa: ARG001 - quick
    """How every connection stands. No remote is asked."""
    names = [connection] if connection else list(settings.connections)
    async with open_hub(settings) as hub:
        documents = [await _connection(hub, name) for name in names]
        quiet = await records_muted(hub.ledger, hub.clock.now())
    needs = any(_hands(item["states"]) > quiet.get(item["connection"], 0) for item in documents)
    found = ExitStatus.NEEDS_PERSON if needs else ExitStatus.DONE
    document = documents[0] if len(documents) == 1 else {"connections": documents}

    def render(console: "Console") -> None:
        for item in documents:
            _render(console, item)

    return Report(document, found, render)


def _hands(states: Mapping[str, Mapping[str, int]]) -> int:
    """Records that need a person."""
    return sum(count for by_state in states.values() for state, count in by_state.items() if state in NEEDS_A_PERSON)


async def _connection(hub: Hub, name: str) -> dict[str, Any]:
    rounds = await hub.ledger.rows(
        "SELECT started, finished, observed, delivered, calls FROM round WHERE connection = ?", (name,)
    )
    waiting = await hub.ledger.rows(
        "SELECT system, state, COUNT(*), MIN(requested_at), MIN(retry_at) FROM delivery"
        " WHERE connection = ? AND state IN ('requested', 'attempted', 'delayed') GROUP BY system, state ORDER BY 1, 2",
        (name,),
    )
    letters = await hub.ledger.rows(
        "SELECT at, summary FROM event_log WHERE connection = ? AND event = ? ORDER BY position DESC LIMIT 20",
        (name, DeadLettered.TOPIC),
    )
    problems = await unsettled(hub.ledger, name)
    pause = await pause_of(hub.ledger, name)
    return {
        "connection": name,
        "position": await hub.ledger.last_position(),
        "paused": {"since": pause.since, "actor": pause.actor, "reason": pause.reason} if pause.paused else None,
        "states": await counts(hub.ledger, name),
        "last_round": _round(rounds[0], hub.clock.now()) if rounds else None,
        "waiting": [
            {"system": row[0], "state": row[1], "count": row[2], "oldest": row[3], "next_attempt": row[4] or None}
            for row in waiting
        ],
        "needs_a_person": [problem for problem in problems if problem["state"] in NEEDS_A_PERSON],
        "dead_letters": [{"at": at, "reason": summary} for at, summary in letters],
        "awaiting_approval": [problem for problem in problems if problem["state"] == "awaiting-approval"],
        "parked": [problem for problem in problems if problem["state"] == "parked"],
    }


def _round(row: tuple[Any, ...], now: datetime) -> dict[str, Any]:
    age = now - datetime.fromisoformat(row[1])
    return {
        "started": row[0],
        "finished": row[1],
        "age_seconds": int(age.total_seconds()),
        "observed": row[2],
        "delivered": msgspec.json.decode(row[3]),
        "calls": msgspec.json.decode(row[4]),
    }


def _render(console: "Console", document: dict[str, Any]) -> None:
    console.print(f"[bold]{document['connection']}[/bold], {document['position']} events")
    if pause := document["paused"]:
        words = f"paused by {pause['actor']} at {pause['since'][:19]}: {pause['reason']}"
        console.print(f"  {words}", style="yellow", markup=False, soft_wrap=True)
    last = document["last_round"]
    console.print(f"  last round with changes: {last['finished']}" if last else "  no round yet")
    for flow, by_state in document["states"].items():
        console.print(f"  {flow}: " + ", ".join(f"{count} {state}" for state, count in by_state.items()))
    for item in document["waiting"]:
        console.print(f"  {item['count']} deliveries to {item['system']} {item['state']}, oldest {item['oldest']}")
    for letter in document["dead_letters"]:
        console.print(f"  {letter['at'][:19]}  {letter['reason']}", markup=False, soft_wrap=True)
    for problem in [*document["needs_a_person"], *document["awaiting_approval"], *document["parked"]][:30]:
        reasons = "; ".join(problem["reasons"])
        console.print(
            f"  {problem['state']}  {problem['flow']}  {problem['number']}: {reasons}", markup=False, soft_wrap=True
        )
